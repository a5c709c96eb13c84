//! Where the time of a session goes: a counter for each part of the work, always on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A part of the work on cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Making cases.
    Generate,
    /// Filling in what is sent and expected.
    Prepare,
    /// The reference's answer to the same step; mostly while the target works on its own.
    Twin,
    /// Waiting for responses, from the request's making on, with what is done meanwhile.
    Send,
    /// Checks and properties.
    Judge,
}

impl Part {
    /// Every part, in the order a case goes through them.
    pub const ALL: [Self; 5] = [Self::Generate, Self::Prepare, Self::Twin, Self::Send, Self::Judge];
}

/// Wall time by part, summed over the cases that run at once.
#[derive(Debug, Default)]
pub(super) struct Meter([AtomicU64; Part::ALL.len()]);

impl Meter {
    /// Adds the time since `begun` to a part.
    pub(super) fn add(&self, part: Part, begun: Instant) {
        let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.0[part as usize].fetch_add(nanos, Ordering::Relaxed);
    }

    /// Returns the time of a part so far.
    pub(super) fn of(&self, part: Part) -> Duration {
        Duration::from_nanos(self.0[part as usize].load(Ordering::Relaxed))
    }
}
