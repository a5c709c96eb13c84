//! Promises that need no expected answer: judges over a whole transcript, one file each.
//!
//! A property looks at what a target said in several exchanges, and tells where it contradicts
//! itself, or the reference that was asked the same. Like a check it is a pure function: it never
//! talks to a target, and speaks of nothing that was declined, throttled or lost on the way.
//! Properties judge every transcript, written cases and generated ones alike. Adding one is adding
//! a file and a line in [`PROPERTIES`].

mod answers;
mod lockstep;

use crate::catalogue::Catalogue;
use crate::check::Breach;
use crate::outcome::Level;
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
    /// Returns the promises that the transcript breaks.
    pub examine: fn(&Catalogue, &Transcript) -> Vec<Broken>,
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
pub const PROPERTIES: &[Property] = &[lockstep::PROPERTY];

/// Returns every promise a transcript breaks, in the order of [`PROPERTIES`].
pub fn examine(catalogue: &Catalogue, transcript: &Transcript) -> Vec<(&'static Property, Broken)> {
    let judge = |property: &'static Property| {
        let broken = (property.examine)(catalogue, transcript);
        broken.into_iter().map(move |broken| (property, broken))
    };
    PROPERTIES.iter().flat_map(judge).collect()
}
