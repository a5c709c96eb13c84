//! In what runs differ beside their target, so that their figures cannot be held side by side.

use std::collections::BTreeSet;

use serde::Serialize;

use super::saying::{Cases, Key, flag_name, is_generated};
use crate::outcome::Run;
use crate::report::text::counted;

/// What runs may differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Version of the harness.
    Harness,
    /// Revision of the service models.
    Models,
    /// Flags that decide what is asked, and what fails.
    Questions,
    /// Flags that decide how the target is played.
    Playing,
    /// Seed of what is chosen.
    Seed,
    /// Whether a run played all it had selected.
    Completeness,
    /// The cases that finished.
    Cases,
}

impl Aspect {
    /// Returns the aspect's name as reports show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Models => "models",
            Self::Questions => "flags",
            Self::Playing => "played with",
            Self::Seed => "seed",
            Self::Completeness => "completeness",
            Self::Cases => "cases",
        }
    }
}

/// One aspect that is not the same in all runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs.
    pub aspect: Aspect,
    /// Its value in each run.
    pub values: Vec<String>,
    /// Whether figures cannot be compared because of it.
    pub hinders: bool,
    /// What follows from it.
    pub meaning: String,
}

/// Returns in what the runs differ, their targets apart; a run that was cut short is told even
/// where all were.
pub fn differences(runs: &[&Run]) -> Vec<Difference> {
    let generated = runs.iter().flat_map(|run| &run.cases).any(is_generated);
    let seeds = match generated {
        true => (true, "generated cases of another seed are other cases"),
        false => (false, "names and passwords are others, the cases are the same"),
    };
    let models = |run: &Run| {
        let models: Vec<_> = run.models.iter().map(|(id, date)| format!("{id} {date}")).collect();
        models.join(" and ")
    };
    let mut found = Vec::new();
    let mut add = |aspect, value: &dyn Fn(&Run) -> String, (hinders, meaning): (bool, &str)| {
        let values: Vec<_> = runs.iter().map(|run| value(run)).collect();
        if values.windows(2).any(|pair| pair[0] != pair[1]) {
            found.push(Difference { aspect, values, hinders, meaning: meaning.into() });
        }
    };
    add(
        Aspect::Harness,
        &|run| run.harness.clone(),
        (true, "cases, rules and checks may be others"),
    );
    add(Aspect::Models, &models, (true, "the contract may be another"));
    add(Aspect::Questions, &|run| flags(run, true), (true, "other questions were asked"));
    add(Aspect::Playing, &|run| flags(run, false), (false, "the target was played in another way"));
    add(Aspect::Seed, &|run| run.seed.to_string(), seeds);
    found.extend(completeness(runs));
    found.extend(cases(runs));
    found
}

/// Flags that decide how the target is played, not what it is asked.
const OF_PLAYING: [&str; 5] = ["--as", "--fault", "--targets", "--timeout", "--no-sdk"];

fn flags(run: &Run, asking: bool) -> String {
    let chosen = |flag: &&String| OF_PLAYING.contains(&flag_name(flag)) != asking;
    let flags: Vec<_> = run.flags.iter().filter(chosen).map(String::as_str).collect();
    if flags.is_empty() { "none".into() } else { flags.join(" ") }
}

fn completeness(runs: &[&Run]) -> Option<Difference> {
    let value = |run: &&Run| match run.complete {
        true => "complete".to_owned(),
        false => format!("{} of {}", run.cases.len(), counted(run.planned, "case")),
    };
    runs.iter().any(|run| !run.complete).then(|| Difference {
        aspect: Aspect::Completeness,
        values: runs.iter().map(value).collect(),
        hinders: true,
        meaning: "a run that was cut short has no score".into(),
    })
}

fn cases(runs: &[&Run]) -> Option<Difference> {
    let common = common(runs).len();
    runs.iter().any(|run| run.cases.len() != common).then(|| Difference {
        aspect: Aspect::Cases,
        values: runs.iter().map(|run| counted(run.cases.len(), "case")).collect(),
        hinders: true,
        meaning: format!("{} in every run", counted(common, "case")),
    })
}

/// Returns the cases that every run finished.
pub(super) fn common<'a>(runs: &[&'a Run]) -> BTreeSet<Key<'a>> {
    let mut sets = runs.iter().map(|run| {
        let keys: BTreeSet<_> = Cases::of(run).keys().cloned().collect();
        keys
    });
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |common, keys| common.intersection(&keys).cloned().collect())
}
