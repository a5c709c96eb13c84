//! Several runs side by side: figures by level and by operation, and which run shows which finding.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::comparability::{Difference, common, differences};
use super::heading::{Entry, Heading, labels};
use super::saying::Cases;
use super::standing::{Compared, findings};
use crate::near;
use crate::outcome::{Level, Run, Tally, Verdict};
use crate::report::Summary;

/// What of the runs to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Only these levels; all of them if empty.
    pub levels: Vec<Level>,
    /// Only cases that test one of these operations, as `run --operation` chooses them; all cases
    /// if empty.
    pub operations: Vec<String>,
    /// Only cases that every run finished.
    pub common: bool,
}

/// A selection that selects nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// No case of any run tests the operation; the text has the near match.
    #[error("{0}; no case of these runs tests it")]
    Operation(String),
    /// No run has a verdict of these levels.
    #[error("nothing selected: no run has a verdict of level {0}")]
    Levels(String),
    /// The runs have no case in common.
    #[error("nothing selected: the runs have no case in common")]
    NothingInCommon,
    /// No run has a case.
    #[error("nothing to compare: no run has a case")]
    NoCases,
}

/// Runs side by side; lists with one item per run are in the order of `runs`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Version of this document's format.
    pub format: u32,
    /// The runs.
    pub runs: Vec<Heading>,
    /// What was selected of them.
    pub selection: Selection,
    /// In what they differ beside their target.
    pub differences: Vec<Difference>,
    /// How many of the selected cases every run finished.
    pub common: usize,
    /// Figures by level.
    pub levels: Vec<LevelRow>,
    /// Figures by operation, over the cases that test it, each judged on its own level.
    pub operations: Vec<OperationRow>,
    /// Of the cases that every run finished, how many fail where.
    pub cases: Vec<CaseSpread>,
    /// What fails in at least one run: those that fail in all first, then in several, then in one.
    pub findings: Vec<Compared>,
}

/// Verdicts with the two figures that are made of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// How many verdicts of each kind.
    pub tally: Tally,
    /// Failures of all, 0 to 1; none of nothing, or where the run has no score.
    pub divergence: Option<f64>,
    /// Verdicts that say something of all, 0 to 1; none like `divergence`.
    pub coverage: Option<f64>,
}

impl Figures {
    /// Returns the figures of a tally; `scored` is whether they may be published.
    pub(super) fn of(tally: Tally, scored: bool) -> Self {
        let published = |figure: Option<f64>| figure.filter(|_| scored);
        Self {
            tally,
            divergence: published(tally.divergence()),
            coverage: published(tally.coverage()),
        }
    }
}

/// Figures of one level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelRow {
    /// The level.
    pub level: Level,
    /// One per run.
    pub figures: Vec<Figures>,
}

/// Figures of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationRow {
    /// The operation.
    pub operation: String,
    /// All selected levels together, one per run.
    pub figures: Vec<Figures>,
    /// By level.
    pub levels: Vec<LevelRow>,
}

/// On how many targets the cases fail, of one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseSpread {
    /// The level.
    pub level: Level,
    /// Cases that fail in every run.
    pub all: usize,
    /// Cases that fail in more than one.
    pub several: usize,
    /// Cases that fail in this run alone, one count per run.
    pub one: Vec<usize>,
    /// Cases that fail in none.
    pub none: usize,
    /// Of these, cases that pass or are noted in every run.
    pub kept: usize,
}

/// Compares runs.
///
/// The figures are those of the reports of the runs, over the cases that `selection` leaves.
///
/// # Errors
/// The selection names an operation that no run tests, or leaves nothing.
pub fn compare(
    mut entries: Vec<Entry>,
    selection: &Selection,
) -> Result<Comparison, SelectionError> {
    let runs = entries.iter().zip(labels(&entries)).map(|(entry, label)| Heading::of(entry, label));
    let runs = runs.collect();
    select(&mut entries, selection)?;
    let chosen: Vec<&Run> = entries.iter().map(|entry| &entry.run).collect();
    let levels = levels(&chosen, selection);
    if levels.is_empty() {
        let names: Vec<_> = selection.levels.iter().map(|level| level.name()).collect();
        return Err(SelectionError::Levels(names.join(" or ")));
    }
    Ok(Comparison {
        format: super::FORMAT,
        runs,
        selection: selection.clone(),
        differences: differences(&chosen),
        common: common(&chosen).len(),
        levels,
        operations: operations(&chosen, selection),
        cases: spread(&chosen, selection),
        findings: findings(&chosen, &selection.levels),
    })
}

/// Leaves the selected cases of every run.
fn select(entries: &mut [Entry], selection: &Selection) -> Result<(), SelectionError> {
    let tested: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| &entry.run.cases)
        .flat_map(|case| case.operations.iter().map(String::as_str))
        .collect();
    for name in &selection.operations {
        if !tested.contains(name.as_str()) {
            let cause = near::unknown("operation", name, tested.iter().copied());
            return Err(SelectionError::Operation(cause));
        }
    }
    for entry in entries.iter_mut() {
        entry.run.cases.retain(|case| {
            let asked = |name: &String| selection.operations.contains(name);
            selection.operations.is_empty() || case.operations.iter().any(asked)
        });
    }
    if entries.iter().all(|entry| entry.run.cases.is_empty()) {
        return Err(SelectionError::NoCases);
    }
    if !selection.common {
        return Ok(());
    }
    let runs: Vec<&Run> = entries.iter().map(|entry| &entry.run).collect();
    let common: BTreeSet<String> = common(&runs).iter().map(|key| key.id().to_owned()).collect();
    entries.iter_mut().for_each(|entry| entry.run.cases.retain(|c| common.contains(&c.case)));
    if common.is_empty() { Err(SelectionError::NothingInCommon) } else { Ok(()) }
}

fn is_chosen(selection: &Selection, level: Level) -> bool {
    selection.levels.is_empty() || selection.levels.contains(&level)
}

fn levels(runs: &[&Run], selection: &Selection) -> Vec<LevelRow> {
    let scored: Vec<bool> = runs.iter().map(|run| Summary::of(run).scored).collect();
    let tallies: Vec<_> = runs.iter().map(|run| run.by_level()).collect();
    let present = Level::ALL.into_iter().filter(|level| {
        is_chosen(selection, *level) && tallies.iter().any(|run| run.contains_key(level))
    });
    let row = |level: Level| {
        let figures = tallies.iter().zip(&scored).map(|(run, scored)| {
            Figures::of(run.get(&level).copied().unwrap_or_default(), *scored)
        });
        LevelRow { level, figures: figures.collect() }
    };
    present.map(row).collect()
}

fn operations(runs: &[&Run], selection: &Selection) -> Vec<OperationRow> {
    let tables: Vec<_> = runs.iter().map(|run| run.by_operation()).collect();
    let names: BTreeSet<&String> = tables.iter().flat_map(BTreeMap::keys).collect();
    let asked =
        |name: &&&String| selection.operations.is_empty() || selection.operations.contains(**name);
    // What an operation comes to is published as a run of its cases alone would publish it.
    let figures = |run: &Run, tally: Tally, all: Tally| {
        Figures::of(tally, run.complete && all.indeterminate == 0)
    };
    let row = |name: &String| {
        let here: Vec<BTreeMap<Level, Tally>> = tables
            .iter()
            .map(|table| table.get(name).cloned().unwrap_or_default())
            .map(|mut levels| {
                levels.retain(|level, _| is_chosen(selection, *level));
                levels
            })
            .collect();
        let total = |levels: &BTreeMap<Level, Tally>| levels.values().fold(Tally::default(), sum);
        let all: Vec<_> =
            here.iter().zip(runs).map(|(l, run)| figures(run, total(l), total(l))).collect();
        let of_level = |level: Level| LevelRow {
            level,
            figures: here
                .iter()
                .zip(runs)
                .map(|(l, run)| figures(run, l.get(&level).copied().unwrap_or_default(), total(l)))
                .collect(),
        };
        let present: BTreeSet<Level> = here.iter().flat_map(BTreeMap::keys).copied().collect();
        OperationRow {
            operation: name.clone(),
            figures: all,
            levels: present.into_iter().map(of_level).collect(),
        }
    };
    names.iter().filter(asked).map(|name| row(name)).filter(|row| !row.levels.is_empty()).collect()
}

fn sum(a: Tally, b: &Tally) -> Tally {
    Tally {
        pass: a.pass + b.pass,
        note: a.note + b.note,
        fail: a.fail + b.fail,
        known: a.known + b.known,
        flaky: a.flaky + b.flaky,
        unsupported: a.unsupported + b.unsupported,
        skipped: a.skipped + b.skipped,
        indeterminate: a.indeterminate + b.indeterminate,
    }
}

fn spread(runs: &[&Run], selection: &Selection) -> Vec<CaseSpread> {
    let cases: Vec<_> = runs.iter().map(|run| Cases::of(run)).collect();
    let mut rows = BTreeMap::<Level, CaseSpread>::new();
    for key in common(runs) {
        for level in Level::ALL.into_iter().filter(|level| is_chosen(selection, *level)) {
            let verdicts: Vec<Option<&Verdict>> = cases
                .iter()
                .map(|cases| cases.get(&key).and_then(|case| case.verdicts.get(&level)))
                .collect();
            if verdicts.iter().all(Option::is_none) {
                continue;
            }
            let row = rows.entry(level).or_insert_with(|| CaseSpread {
                level,
                all: 0,
                several: 0,
                one: vec![0; runs.len()],
                none: 0,
                kept: 0,
            });
            let fails =
                |at: &usize| matches!(verdicts[*at], Some(Verdict::Fail | Verdict::Known { .. }));
            let failing: Vec<usize> = (0..runs.len()).filter(fails).collect();
            match failing.as_slice() {
                [] => row.none += 1,
                all if all.len() == runs.len() => row.all += 1,
                [one] => row.one[*one] += 1,
                _ => row.several += 1,
            }
            let kept = |v: &Option<&Verdict>| matches!(v, Some(Verdict::Pass | Verdict::Note));
            row.kept += usize::from(verdicts.iter().all(kept));
        }
    }
    rows.into_values().collect()
}
