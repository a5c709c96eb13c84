//! What each run says about a finding that fails in one of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::kinds::{Occurrences, Promise, Seen, kinds, occurrences};
use super::saying::{Cases, Key, Saying};
use crate::outcome::{Level, Run};

/// In how many runs a finding fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// In all of them.
    All,
    /// In more than one.
    Several,
    /// In this one alone, counted from 0.
    One(usize),
}

/// A finding with what each run says about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Findings with the same number are the same but for operation or place.
    pub kind: usize,
    /// In how many runs it fails.
    pub reach: Reach,
    /// What was broken.
    pub promise: Promise,
    /// One per run.
    pub standings: Vec<Standing>,
}

/// What a run says about a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// It fails.
    Fails {
        /// In so many cases.
        cases: usize,
    },
    /// It was seen once and not again.
    Flaky,
    /// It is a note.
    Note,
    /// It was not seen, in at least one case that shows it elsewhere.
    NotSeen,
    /// The target declined every case that shows it elsewhere.
    Unsupported,
    /// The target lacks a capability that the cases need.
    Skipped,
    /// Nothing can be said.
    Indeterminate,
    /// No case that shows it elsewhere was played.
    NotPlayed,
}

impl Standing {
    /// Returns the standing in words, as they stand behind the name of a run.
    pub fn words(&self) -> String {
        match self {
            Self::Fails { cases: 1 } => "fails in 1 case".into(),
            Self::Fails { cases } => format!("fails in {cases} cases"),
            Self::Flaky => "flaky".into(),
            Self::Note => "a note".into(),
            Self::NotSeen => "not seen".into(),
            Self::Unsupported => "unsupported".into(),
            Self::Skipped => "skipped".into(),
            Self::Indeterminate => "indeterminate".into(),
            Self::NotPlayed => "not played".into(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Fails { .. } => 0,
            Self::Flaky => 1,
            Self::Note => 2,
            Self::NotSeen => 3,
            Self::Unsupported => 4,
            Self::Skipped => 5,
            Self::Indeterminate => 6,
            Self::NotPlayed => 7,
        }
    }
}

/// Returns the findings that fail somewhere: in all runs first, then in several, then in one;
/// `levels` empty takes those of all levels.
pub(super) fn findings(runs: &[&Run], levels: &[Level]) -> Vec<Compared> {
    let cases: Vec<_> = runs.iter().map(|run| Cases::of(run)).collect();
    let found: Vec<_> = runs.iter().map(|run| occurrences(run, levels)).collect();
    let ids: BTreeSet<&str> = found
        .iter()
        .flat_map(|run| run.iter().filter(|(_, here)| !here.steady.is_empty()).map(|(id, _)| *id))
        .collect();
    // Only findings with which every run stands alike are shown as one.
    let mut alike = BTreeMap::<(Reach, Vec<u8>), Vec<(Seen<'_>, Vec<Standing>)>>::new();
    for id in ids {
        let here: Vec<_> = found.iter().map(|run| run.get(id)).collect();
        let standings = standings(&cases, &here);
        let fails = |at: &usize| matches!(standings[*at], Standing::Fails { .. });
        let failing: Vec<usize> = (0..runs.len()).filter(fails).collect();
        let Some(seen) = failing.first().and_then(|at| here[*at]).map(Occurrences::seen) else {
            continue;
        };
        let reach = match failing.as_slice() {
            all if all.len() == runs.len() => Reach::All,
            [one] => Reach::One(*one),
            _ => Reach::Several,
        };
        let pattern = standings.iter().map(Standing::rank).collect();
        alike.entry((reach, pattern)).or_default().push((seen, standings));
    }
    let mut compared = Vec::new();
    let mut number = 0;
    for ((reach, _), members) in alike {
        let seen: Vec<_> = members.iter().map(|(seen, _)| *seen).collect();
        for kind in kinds(&seen) {
            number += 1;
            compared.extend(kind.into_iter().map(|at| Compared {
                kind: number,
                reach,
                promise: Promise::from(seen[at].finding),
                standings: members[at].1.clone(),
            }));
        }
    }
    compared
}

/// Returns what each run says about one id.
fn standings<'a>(cases: &[Cases<'a>], here: &[Option<&Occurrences<'a>>]) -> Vec<Standing> {
    let shown: BTreeSet<Key<'a>> = cases
        .iter()
        .zip(here)
        .flat_map(|(cases, here)| {
            here.iter().flat_map(|here| here.steady.iter().map(|case| cases.key(case)))
        })
        .collect();
    let level = here.iter().flatten().map(|here| here.seen().finding.level).next();
    let absent = |cases: &Cases<'a>| {
        let said = shown.iter().filter_map(|key| {
            let saying = Saying::of(cases.get(key), level?);
            Some(match saying {
                Saying::Passed | Saying::FailedOtherwise => Standing::NotSeen,
                Saying::Unsupported { .. } => Standing::Unsupported,
                Saying::Skipped { .. } => Standing::Skipped,
                Saying::Flaky | Saying::Indeterminate { .. } | Saying::CutOff => {
                    Standing::Indeterminate
                }
                Saying::NotPlayed => Standing::NotPlayed,
            })
        });
        said.min().unwrap_or(Standing::NotPlayed)
    };
    let standing = |(cases, here): (&Cases<'a>, &Option<&Occurrences<'a>>)| match here {
        Some(here) if !here.steady.is_empty() => Standing::Fails { cases: here.steady.len() },
        Some(here) if !here.flaky.is_empty() => Standing::Flaky,
        Some(_) => Standing::Note,
        None => absent(cases),
    };
    cases.iter().zip(here).map(standing).collect()
}
