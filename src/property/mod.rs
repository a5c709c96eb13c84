//! Promises that need no expected answer: judges over a whole transcript, one file each.
//!
//! A property looks at what a target said in several exchanges, and tells where it contradicts
//! itself, or the reference that was asked the same. Like a check it is a pure function: it never
//! talks to a target, and speaks of nothing that was declined, throttled or lost on the way.
//! Properties judge every transcript, written cases and generated ones alike. Adding one is adding
//! a file and a line in [`PROPERTIES`].
//!
//! They all look at the same [`Seen`]: each exchange read once, with the pool and the user it is
//! about, and whether it may have changed anything. Where that cannot be told, they stay silent.

mod answers;
mod compare;
mod create_twice;
mod deleted_is_gone;
mod filter_agrees;
mod idempotent;
mod ids_steady;
mod lockstep;
mod membership_agrees;
mod no_trace;
mod one_winner;
mod pages_agree;
mod read_your_writes;
mod relation;
mod seen;
mod times_monotone;
mod tokens_honest;
mod unrelated_unchanged;
mod views_agree;

#[cfg(test)]
mod tests;

pub(crate) use lockstep::SUCCESS;
pub use seen::Seen;

use crate::catalogue::Catalogue;
use crate::check::Breach;
use crate::outcome::{Evidence, Level};
use crate::transcript::Transcript;

/// A named judge over a transcript.
#[derive(Debug)]
pub struct Property {
    /// Kebab-case, stable: reports, known-failure lists and `explain` speak of it.
    pub id: &'static str,
    /// Level of what it finds.
    pub level: Level,
    /// What it asks, in one sentence.
    pub asks: &'static str,
    /// What it holds a target to; none where the rule, the model or the reference says it.
    pub promises: &'static [Promise],
    /// Returns the promises that the transcript breaks.
    pub examine: fn(&Seen<'_>) -> Vec<Broken>,
}

/// A promise broken at one exchange of a transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// Index of the exchange that shows it.
    pub exchange: usize,
    /// The promise, and what came instead.
    pub breach: Breach,
}

/// Every property, most telling first: the first to see a fault speaks for it.
pub const PROPERTIES: &[Property] = &[
    read_your_writes::PROPERTY,
    no_trace::PROPERTY,
    deleted_is_gone::PROPERTY,
    create_twice::PROPERTY,
    idempotent::PROPERTY,
    pages_agree::PROPERTY,
    filter_agrees::PROPERTY,
    views_agree::PROPERTY,
    membership_agrees::PROPERTY,
    times_monotone::PROPERTY,
    ids_steady::PROPERTY,
    unrelated_unchanged::PROPERTY,
    one_winner::PROPERTY,
    tokens_honest::PROPERTY,
    lockstep::PROPERTY,
];

/// Returns every promise a transcript breaks, in the order of [`PROPERTIES`].
pub fn examine(catalogue: &Catalogue, transcript: &Transcript) -> Vec<(&'static Property, Broken)> {
    let seen = Seen::new(catalogue, transcript);
    let judge = |property: &'static Property| {
        let broken = (property.examine)(&seen);
        broken.into_iter().map(move |broken| (property, broken))
    };
    PROPERTIES.iter().flat_map(judge).collect()
}

/// A promise: how well it is supported, and by what.
#[derive(Debug)]
pub struct Promise {
    /// How well it is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: &'static str,
}

impl Promise {
    const fn documented(source: &'static str) -> Self {
        Self { evidence: Evidence::Documented, source }
    }

    const fn inferred(source: &'static str) -> Self {
        Self { evidence: Evidence::Inferred, source }
    }

    fn broken(
        &self,
        exchange: usize,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Broken {
        let breach = Breach {
            pointer: pointer.into(),
            expected: expected.into(),
            actual: actual.into(),
            rule: None,
            level: None,
            evidence: self.evidence,
            source: self.source.into(),
        };
        Broken { exchange, breach }
    }
}
