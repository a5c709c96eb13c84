//! Which cases of two runs are the same, and what a run says about one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::outcome::{CaseOutcome, Finding, Level, MOST_FINDINGS, Phase, Run, Verdict};

/// What a run says about one level of a case, one finding left out of account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "says")]
pub enum Saying {
    /// Nothing was broken, or only what is inferred.
    Passed,
    /// Something else was broken.
    FailedOtherwise,
    /// Not the same twice.
    Flaky,
    /// The target declined this operation.
    Unsupported {
        /// The operation.
        operation: String,
    },
    /// The target lacks a capability.
    Skipped {
        /// Which one, and why.
        reason: String,
    },
    /// Nothing can be said.
    Indeterminate {
        /// What went wrong.
        reason: String,
    },
    /// The case has so many findings that some may have been left out, or it ended at another one.
    CutOff,
    /// The case was not played, or does not ask about this level.
    NotPlayed,
}

impl Saying {
    /// Returns what `case` says about `level`; `None` is a case that was not played.
    pub fn of(case: Option<&CaseOutcome>, level: Level) -> Self {
        let Some(case) = case else { return Self::NotPlayed };
        match case.verdicts.get(&level) {
            None => Self::NotPlayed,
            Some(Verdict::Flaky) => Self::Flaky,
            Some(Verdict::Unsupported { operation }) => {
                Self::Unsupported { operation: operation.clone() }
            }
            Some(Verdict::Skipped { reason }) => Self::Skipped { reason: reason.clone() },
            Some(Verdict::Indeterminate { reason }) => {
                Self::Indeterminate { reason: reason.clone() }
            }
            Some(_) if case.findings.len() >= MOST_FINDINGS => Self::CutOff,
            Some(Verdict::Fail | Verdict::Known { .. }) => Self::FailedOtherwise,
            Some(Verdict::Pass | Verdict::Note) => Self::Passed,
        }
    }

    /// Tells whether a finding that is not there would have been told.
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Passed | Self::FailedOtherwise)
    }
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passed => "pass",
            Self::FailedOtherwise => "fail for something else",
            Self::Flaky => "flaky",
            Self::Unsupported { .. } => "unsupported",
            Self::Skipped { .. } => "skipped",
            Self::Indeterminate { .. } => "indeterminate",
            Self::CutOff => "cut off by other findings",
            Self::NotPlayed => "not played",
        })
    }
}

/// What makes a case the same case in another run: its id, and of a generated one what it was
/// generated from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'a> {
    id: &'a str,
    made_from: Option<Arc<str>>,
}

impl<'a> Key<'a> {
    /// Returns the id of the case.
    pub(super) fn id(&self) -> &'a str {
        self.id
    }
}

/// The cases of a run by what makes them the same.
pub(super) struct Cases<'a> {
    by_key: BTreeMap<Key<'a>, &'a CaseOutcome>,
    made_from: Arc<str>,
}

impl<'a> Cases<'a> {
    /// Returns the cases of a run.
    pub(super) fn of(run: &'a Run) -> Self {
        let made_from: Arc<str> = made_from(run).into();
        let key = |case: &'a CaseOutcome| Key {
            id: &case.case,
            made_from: is_generated(case).then(|| made_from.clone()),
        };
        let by_key = run.cases.iter().map(|case| (key(case), case)).collect();
        Self { by_key, made_from }
    }

    /// Returns what became of a case.
    pub(super) fn get(&self, key: &Key<'a>) -> Option<&'a CaseOutcome> {
        self.by_key.get(key).copied()
    }

    /// Returns the key of a case of this run.
    pub(super) fn key(&self, case: &'a str) -> Key<'a> {
        Key { id: case, made_from: Phase::of(case).map(|_| self.made_from.clone()) }
    }

    /// Returns the keys of all cases, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key<'a>> {
        self.by_key.keys()
    }
}

/// Tells whether a case was drawn from a seed.
pub(super) fn is_generated(case: &CaseOutcome) -> bool {
    Phase::of(&case.case).is_some()
}

/// Tells whether a finding fails for good: its case showed it twice.
pub(super) fn is_steady(case: &CaseOutcome, finding: &Finding) -> bool {
    finding.fails && !matches!(case.verdicts.get(&finding.level), Some(Verdict::Flaky))
}

/// Flags that decide what is generated.
const OF_GENERATION: [&str; 4] = ["--specs", "--scenarios", "--dictionary", "--max-steps"];

/// Returns the name of a flag that was written down as one word.
pub(super) fn flag_name(flag: &str) -> &str {
    flag.split('=').next().unwrap_or(flag)
}

fn made_from(run: &Run) -> String {
    let flags: Vec<_> =
        run.flags.iter().filter(|flag| OF_GENERATION.contains(&flag_name(flag))).collect();
    format!("{} {:?} {} {flags:?}", run.harness, run.models, run.seed)
}
