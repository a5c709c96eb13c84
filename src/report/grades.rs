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

    /// Returns the counts as one line, best supported first, such as `4 findings by evidence:
    /// observed 3, documented 1; notes: inferred 7`; `None` where nothing is broken.
    pub fn line(&self) -> Option<String> {
        let words = |counts: &BTreeMap<Evidence, usize>| {
            let words = counts.iter().rev().map(|(grade, count)| format!("{grade} {count}"));
            words.collect::<Vec<_>>().join(", ")
        };
        let failing = (!self.failing.is_empty()).then(|| {
            let count = counted(self.failing.values().sum(), "finding");
            format!("{count} by evidence: {}", words(&self.failing))
        });
        let notes = (!self.notes.is_empty()).then(|| format!("notes: {}", words(&self.notes)));
        let parts: Vec<String> = failing.into_iter().chain(notes).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failing: &[(Evidence, usize)], notes: &[(Evidence, usize)], expected: Option<&str>) {
        let counts = |pairs: &[(Evidence, usize)]| pairs.iter().copied().collect();
        let grades = Grades { failing: counts(failing), notes: counts(notes) };
        assert_eq!(grades.line().as_deref(), expected);
    }

    #[test]
    fn grades_are_told_in_a_line() {
        use Evidence::{Documented, Inferred, Modelled, Observed};
        check(&[], &[], None);
        check(&[(Modelled, 1)], &[], Some("1 finding by evidence: modelled 1"));
        check(
            &[(Documented, 2), (Observed, 3)],
            &[(Inferred, 7)],
            Some("5 findings by evidence: observed 3, documented 2; notes: inferred 7"),
        );
        check(&[], &[(Inferred, 7)], Some("notes: inferred 7"));
    }
}
