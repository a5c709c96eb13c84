//! The kill matrix: which check sees which fault, and what nothing sees.
//!
//! The harness is measured as targets are. The default suite, written cases and generated ones, is
//! played against null servers, against the reference as it is, against the reference with each
//! [named fault](crate::reference::faults), and with each rule of the rulebook
//! [broken](crate::reference::faults::rules). [`Matrix`] is what came of it: plain data, which
//! [`crate::report::killed`] lays out. [`Prober`] plays.

mod clean;
mod named;
mod order;
mod probe;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use clean::{Raised, promises_nothing, whole};
pub use probe::{Prober, Progress, Settings, Until};

use crate::check::CHECKS;
use crate::nulls;
use crate::outcome::{CaseOutcome, Evidence, Finding, Level, Tally, Verdict};
use crate::property::PROPERTIES;
use crate::reference::faults::rules::Way;

/// What the harness is worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// Version of the harness.
    pub harness: String,
    /// Seed of everything that was chosen.
    pub seed: u64,
    /// How many cases the suite has.
    pub cases: usize,
    /// Wall time of all of it.
    pub elapsed_ms: u64,
    /// Whether everything was played that was to be.
    pub complete: bool,
    /// The reference as it is, by seed.
    pub faultless: Vec<Faultless>,
    /// The null servers.
    pub nulls: Vec<Null>,
    /// The named faults, in their own order.
    pub faults: Vec<Kill>,
    /// The rules that refuse something, by id.
    pub rules: Vec<RuleKills>,
    /// Ids of the rules that promise an effect: no fault is made from those.
    pub effects: Vec<String>,
}

/// What came of the reference as it is: nothing should.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faultless {
    /// Seed of the cases.
    pub seed: u64,
    /// How many cases were played.
    pub cases: usize,
    /// How many requests they took.
    pub requests: u64,
    /// Wall time.
    pub elapsed_ms: u64,
    /// What failed or was flaky: false alarms, each in a line.
    pub alarms: Vec<String>,
    /// Cases of which nothing could be said, each in a line.
    pub indeterminate: Vec<String>,
}

/// What came of a null server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Null {
    /// Which one.
    pub server: nulls::Kind,
    /// The cases of each level, by what they come to as a whole.
    pub levels: BTreeMap<Level, Tally>,
    /// Cases that passed although they ask about errors, behaviour, the model or security.
    pub passed: Vec<String>,
    /// How many others passed: whatever a target answers to their calls, nobody promises anything
    /// else.
    pub idle: usize,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// What became of a named fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kill {
    /// Its name.
    pub fault: String,
    /// What is wrong.
    pub about: String,
    /// Level of the promise it breaks; `None` in nothing that was played.
    pub level: Option<Level>,
    /// The check or property that speaks for it.
    pub speaks: String,
    /// The first finding that showed it.
    pub first: Option<Shot>,
    /// The first finding of the check that speaks for it.
    pub spoken: Option<Shot>,
    /// Checks and properties that saw it, as far as it was played, with in how many cases.
    pub checks: BTreeMap<String, u64>,
    /// Those whose finding was the first of a case.
    pub leads: BTreeSet<String>,
    /// How many cases were played.
    pub cases: usize,
    /// How many requests they took.
    pub requests: u64,
    /// Wall time.
    pub elapsed_ms: u64,
    /// Everything was played, or all that was asked about is known.
    pub settled: bool,
}

/// A finding that showed a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// Check or property.
    pub check: String,
    /// The case.
    pub case: String,
    /// Where in the case.
    pub step: String,
    /// Operation that was called.
    pub operation: String,
    /// Whether it fails a run, or is a note.
    pub fails: bool,
    /// Requests that were sent until then.
    pub requests: u64,
}

/// What became of the faults that are made from a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleKills {
    /// Id of the rule.
    pub rule: String,
    /// How well its code is supported.
    pub evidence: Evidence,
    /// How many cases make the reference refuse by this rule; all, where that was not found out.
    pub raised: usize,
    /// Why the reference cannot, if the rulebook says so.
    pub unreachable: Option<String>,
    /// What became of each way to break it.
    pub ways: BTreeMap<Way, Fate>,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// What became of a rule that was broken in one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "fate")]
pub enum Fate {
    /// A run fails.
    Killed {
        /// Check or property.
        check: String,
        /// The case.
        case: String,
    },
    /// A run notes it: what is broken is only inferred.
    Noted {
        /// Check or property.
        check: String,
        /// The case.
        case: String,
    },
    /// Cases meet it, and none says anything.
    Survived,
    /// No case meets it.
    Unmet,
    /// It was not played to the end.
    Unknown,
}

impl Fate {
    /// Tells whether something is said about it.
    pub fn is_seen(&self) -> bool {
        matches!(self, Self::Killed { .. } | Self::Noted { .. })
    }
}

impl RuleKills {
    /// Tells whether each way to break the rule is seen.
    pub fn is_tested(&self) -> bool {
        self.ways.values().all(Fate::is_seen)
    }
}

/// Returns what an outcome says about a fault: confirmed failures, and notes of the check that
/// speaks for it, for some promises are worth no more than that.
pub fn telling<'o>(outcome: &'o CaseOutcome, speaks: &str) -> Vec<&'o Finding> {
    let confirmed =
        |finding: &Finding| outcome.verdicts.get(&finding.level) == Some(&Verdict::Fail);
    let tells = |finding: &&Finding| match finding.fails {
        true => confirmed(finding),
        false => finding.check == speaks,
    };
    outcome.findings.iter().filter(tells).collect()
}

impl Kill {
    /// Takes in what a case came to.
    pub fn take(&mut self, outcome: &CaseOutcome) {
        self.cases += 1;
        self.requests += outcome.requests;
        let seen = telling(outcome, &self.speaks);
        let shot = |finding: &Finding| Shot {
            check: finding.check.clone(),
            case: finding.case.clone(),
            step: finding.step.clone(),
            operation: finding.operation.clone(),
            fails: finding.fails,
            requests: self.requests,
        };
        if let Some(first) = seen.first() {
            self.leads.insert(first.check.clone());
        }
        if self.first.is_none() {
            self.first = seen.first().map(|finding| shot(finding));
        }
        if self.spoken.is_none() {
            let spoken = seen.iter().find(|finding| finding.check == self.speaks);
            self.spoken = spoken.map(|finding| shot(finding));
        }
        let checks: BTreeSet<&str> = seen.iter().map(|finding| finding.check.as_str()).collect();
        for check in checks {
            *self.checks.entry(check.to_owned()).or_default() += 1;
        }
    }

    /// Tells whether anything showed it.
    pub fn is_caught(&self) -> bool {
        self.first.is_some()
    }

    /// Tells whether all that showed it are notes, which fail no run.
    pub fn is_only_noted(&self) -> bool {
        let shots = [&self.first, &self.spoken];
        self.is_caught() && shots.into_iter().flatten().all(|shot| !shot.fails)
    }
}

/// The figures of a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Named faults that were settled.
    pub faults: usize,
    /// Those that were caught.
    pub caught: usize,
    /// Of these, those that only notes show.
    pub noted: usize,
    /// Of these, those that the check saw that speaks for them.
    pub spoken: usize,
    /// Faults made from rules that some case meets.
    pub broken: usize,
    /// Of these, those that fail a run.
    pub killed: usize,
    /// Of these, those that a run notes.
    pub rules_noted: usize,
    /// Cases of null servers that passed although they ask for more than form.
    pub null_passes: usize,
    /// Findings on the reference as it is.
    pub alarms: usize,
}

/// Share of named faults that must be caught, in hundredths.
pub const WANTED: usize = 95;

impl Matrix {
    /// Counts.
    pub fn figures(&self) -> Figures {
        let settled = || self.faults.iter().filter(|kill| kill.settled || kill.is_caught());
        let fates = || self.rules.iter().flat_map(|rule| rule.ways.values());
        let met = |fate: &&Fate| !matches!(fate, Fate::Unmet | Fate::Unknown);
        Figures {
            faults: settled().count(),
            caught: settled().filter(|kill| kill.is_caught()).count(),
            noted: settled().filter(|kill| kill.is_only_noted()).count(),
            spoken: settled().filter(|kill| kill.spoken.is_some()).count(),
            broken: fates().filter(met).count(),
            killed: fates().filter(|fate| matches!(fate, Fate::Killed { .. })).count(),
            rules_noted: fates().filter(|fate| matches!(fate, Fate::Noted { .. })).count(),
            null_passes: self.nulls.iter().map(|null| null.passed.len()).sum(),
            alarms: self.faultless.iter().map(|clean| clean.alarms.len()).sum(),
        }
    }

    /// Tells whether the figures are as they have to be.
    pub fn is_good(&self) -> bool {
        let figures = self.figures();
        figures.caught * 100 >= figures.faults * WANTED
            && figures.null_passes == 0
            && figures.alarms == 0
    }

    /// Returns the named faults that nothing saw.
    pub fn survivors(&self) -> impl Iterator<Item = &Kill> {
        self.faults.iter().filter(|kill| kill.settled && !kill.is_caught())
    }

    /// Returns the checks and properties whose finding was never the first of a case.
    pub fn untested_checks(&self) -> Vec<&'static str> {
        let known = CHECKS.iter().map(|check| check.id);
        let known = known.chain(PROPERTIES.iter().map(|property| property.id));
        let leads = |check: &&str| self.faults.iter().any(|kill| kill.leads.contains(*check));
        known.filter(|check| !leads(check)).collect()
    }

    /// Returns the rules that some case meets, and that can be broken in some way without anybody
    /// noticing.
    pub fn weak_rules(&self) -> impl Iterator<Item = &RuleKills> {
        self.rules.iter().filter(|rule| rule.ways.values().any(|fate| *fate == Fate::Survived))
    }

    /// Returns the rules that no case meets, and that nobody calls unreachable.
    pub fn unmet_rules(&self) -> impl Iterator<Item = &RuleKills> {
        let unmet = |rule: &&RuleKills| rule.ways.values().any(|fate| *fate == Fate::Unmet);
        self.rules.iter().filter(|rule| rule.unreachable.is_none()).filter(unmet)
    }
}

#[cfg(test)]
mod tests;
