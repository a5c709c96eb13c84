//! Judges: pure functions over an exchange, one file per check.
//!
//! The universal ones look at every exchange anybody makes, set-up and teardown included. A
//! check says what was promised, what came back and how well the promise is evidenced; it never
//! talks to a target. Adding one is adding a file and a line in [`CHECKS`].

use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

/// A named judge.
pub struct Check {
    /// Kebab-case, stable: reports, known-failure lists and `explain` speak of it.
    pub id: &'static str,
    /// Level of what it finds.
    pub level: Level,
    /// What it asks, in one sentence.
    pub asks: &'static str,
    /// Returns the promises the exchange breaks.
    pub examine: fn(&Catalogue, &Exchange) -> Vec<Breach>,
}

/// A broken promise, before it is told apart by case and step.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// JSON pointer into the response body, or `header:<name>`, `status`, `body`.
    pub pointer: String,
    /// What was promised.
    pub expected: String,
    /// What came back; may hold secrets, which the finding replaces.
    pub actual: String,
    /// Rule that makes the promise.
    pub rule: Option<String>,
    /// Level, where it is another than the check's own.
    pub level: Option<Level>,
    /// How well the promise is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
}

/// Every check, in the order findings are listed.
pub const CHECKS: &[Check] = &[];
