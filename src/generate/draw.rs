//! Small decisions drawn from a source of randomness.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;

/// Returns a number below `count`; zero when there is none.
pub(crate) fn below(rng: &mut ChaCha8Rng, count: usize) -> usize {
    let count = u64::try_from(count).unwrap_or(u64::MAX).max(1);
    usize::try_from(rng.next_u64() % count).unwrap_or_default()
}

/// Says yes once in `count` times.
pub(crate) fn one_in(rng: &mut ChaCha8Rng, count: usize) -> bool {
    below(rng, count) == 0
}

/// Says yes with this probability: 0 is never, 1 always.
pub(crate) fn chance(rng: &mut ChaCha8Rng, probability: f64) -> bool {
    // 53 bits are what the fraction of an `f64` holds.
    let drawn = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    drawn < probability
}

/// Returns one of `items`.
pub(crate) fn one_of<'a, T>(rng: &mut ChaCha8Rng, items: &'a [T]) -> Option<&'a T> {
    items.get(below(rng, items.len()))
}
