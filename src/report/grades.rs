//! How well the promises are supported that a run shows broken.

use std::collections::BTreeMap;

use super::summary::Summary;
use crate::outcome::Evidence;
use crate::report::text::counted;

/// How many broken promises there are of each grade, repetition taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grades {
    /// Those that fail the run.
    pub failing: BTreeMap<Evidence, usize>,
    /// Those that are noted.
    pub notes: BTreeMap<Evidence, usize>,
}

impl Grades {
    /// Counts the findings of a summary.
    pub fn of(summary: &Summary<'_>) -> Self {
        let mut grades = Self::default();
        for group in &summary.findings {
            let first = group.first;
            let counts = if first.fails { &mut grades.failing } else { &mut grades.notes };
            *counts.entry(first.evidence).or_default() += 1;
        }
        grades
    }
}

impl std::fmt::Display for Grades {
    /// Writes one line, best supported first: `observed 3, documented 1; notes: inferred 7`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = |counts: &BTreeMap<Evidence, usize>| {
            let words = counts.iter().rev().map(|(grade, count)| format!("{grade} {count}"));
            words.collect::<Vec<_>>().join(", ")
        };
        let failing = counted(self.failing.values().sum(), "finding");
        match self.failing.is_empty() {
            true => write!(f, "{failing}")?,
            false => write!(f, "{failing} by evidence: {}", words(&self.failing))?,
        }
        if !self.notes.is_empty() {
            write!(f, "; notes: {}", words(&self.notes))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failing: &[(Evidence, usize)], notes: &[(Evidence, usize)], expected: &str) {
        let counts = |pairs: &[(Evidence, usize)]| pairs.iter().copied().collect();
        let grades = Grades { failing: counts(failing), notes: counts(notes) };
        assert_eq!(grades.to_string(), expected);
    }

    #[test]
    fn grades_are_told_in_a_line() {
        use Evidence::{Documented, Inferred, Modelled, Observed};
        check(&[], &[], "0 findings");
        check(&[(Modelled, 1)], &[], "1 finding by evidence: modelled 1");
        check(
            &[(Documented, 2), (Observed, 3)],
            &[(Inferred, 7)],
            "5 findings by evidence: observed 3, documented 2; notes: inferred 7",
        );
        check(&[], &[(Inferred, 7)], "0 findings; notes: inferred 7");
    }
}
