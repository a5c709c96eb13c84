//! Runs with the names a reader tells them apart by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::outcome::Run;
use crate::report::Summary;

/// A run and the file it was read from.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file, as it was named.
    pub file: String,
    /// The run.
    pub run: Run,
}

/// What stands above the figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Heading {
    /// What the run is called beside the others: its target, with what tells them apart.
    pub label: String,
    /// The file it was read from.
    pub file: String,
    /// The target.
    pub target: String,
    /// Version of the target, where its profile states one.
    pub target_version: Option<String>,
    /// Version of the harness.
    pub harness: String,
    /// Revision of the service models, by service.
    pub models: BTreeMap<String, String>,
    /// Seed of everything that was chosen.
    pub seed: u64,
    /// Start, seconds since the epoch.
    pub started: u64,
    /// How many cases finished.
    pub cases: usize,
    /// How many were selected.
    pub planned: usize,
    /// `false` when the run was cut short.
    pub complete: bool,
    /// Whether divergence and coverage may be published: the run is complete and nothing is
    /// indeterminate.
    pub scored: bool,
    /// What the run comes to, in the words of its own report.
    pub conclusion: String,
}

impl Heading {
    /// Returns the heading of a run.
    pub(super) fn of(entry: &Entry, label: String) -> Self {
        let run = &entry.run;
        let summary = Summary::of(run);
        Self {
            label,
            file: entry.file.clone(),
            target: run.target.clone(),
            target_version: run.target_version.clone(),
            harness: run.harness.clone(),
            models: run.models.clone(),
            seed: run.seed,
            started: run.started,
            cases: run.cases.len(),
            planned: run.planned,
            complete: run.complete,
            scored: summary.scored,
            conclusion: summary.conclusion(run),
        }
    }
}

/// Returns a name for each run, all different: the target, with its version, the file or at last a
/// number where that is needed to tell two apart.
pub(super) fn labels(entries: &[Entry]) -> Vec<String> {
    let target = |entry: &Entry| entry.run.target.clone();
    let versioned = |entry: &Entry| match &entry.run.target_version {
        Some(version) => format!("{} {version}", entry.run.target),
        None => entry.run.target.clone(),
    };
    let stem = |entry: &Entry| {
        let stem = Path::new(&entry.file).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let file = |entry: &Entry| entry.file.clone();
    let ways: [&dyn Fn(&Entry) -> String; 4] = [&target, &versioned, &stem, &file];
    let distinct = ways.into_iter().find_map(|name| {
        let names: Vec<_> = entries.iter().map(name).collect();
        let all = names.iter().collect::<BTreeSet<_>>().len() == names.len();
        (all && names.iter().all(|name| !name.is_empty())).then_some(names)
    });
    let numbered = || (1..).zip(entries).map(|(n, entry)| format!("{} #{n}", target(entry)));
    distinct.unwrap_or_else(|| numbered().collect())
}
