//! What generated cases came to: how many, and how much of the contract they have seen.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phase of generation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Each operation's boundaries, violations, handles and situations.
    Coverage,
    /// Random sequences.
    Random,
}

impl Phase {
    /// Returns the phase that makes the case with this id; `None` of a case that was written.
    ///
    /// Sequences are called `random::<number>`, coverage cases `<service>::<Operation>::<name>`;
    /// the areas of written cases begin with a small letter.
    pub fn of(case: &str) -> Option<Self> {
        let (first, rest) = case.split_once("::")?;
        if first == "random" {
            return Some(Self::Random);
        }
        rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(Self::Coverage)
    }

    /// Returns the phase's name as flags and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Random => "random",
        }
    }
}

/// How an operation was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answers {
    /// How often it was carried out.
    pub accepted: u64,
    /// How often it was refused.
    pub refused: u64,
    /// The error codes it was refused with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub codes: BTreeSet<String>,
}

/// Answers by operation, each as `cognito-idp:SignUp`.
pub type ByOperation = BTreeMap<String, Answers>;

/// What the cases of one phase came to; what was played to confirm or to shrink is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseFigures {
    /// How many cases were played.
    pub cases: u64,
    /// How many calls of operations were made, teardown apart.
    pub exchanges: u64,
    /// How each operation was answered.
    pub operations: ByOperation,
}

/// What generated cases came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Generated {
    /// Figures by phase.
    pub phases: BTreeMap<Phase, PhaseFigures>,
    /// The operations that were to be generated for, each with the declared errors that can be
    /// reached; empty where nobody said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reachable: BTreeMap<String, BTreeSet<String>>,
}

/// A part of a whole, both counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many of them.
    pub part: usize,
    /// How many there are.
    pub whole: usize,
}

impl Share {
    /// Returns the share in percent; all of nothing is 100.
    pub fn percent(self) -> f64 {
        if self.whole == 0 { 100.0 } else { 100.0 * self.part as f64 / self.whole as f64 }
    }
}

impl Generated {
    /// Counts a case of a phase.
    pub fn add(&mut self, phase: Phase, answers: ByOperation) {
        let figures = self.phases.entry(phase).or_default();
        figures.cases += 1;
        for (operation, more) in answers {
            figures.exchanges += more.accepted + more.refused;
            figures.operations.entry(operation).or_default().merge(more);
        }
    }

    /// Returns the answers of these phases together.
    pub fn together(&self, phases: &[Phase]) -> ByOperation {
        let mut all = ByOperation::new();
        let chosen = self.phases.iter().filter(|(phase, _)| phases.contains(phase));
        for (operation, answers) in chosen.flat_map(|(_, figures)| &figures.operations) {
            all.entry(operation.clone()).or_default().merge(answers.clone());
        }
        all
    }

    /// Returns the operations that were never carried out in these phases.
    pub fn never(&self, phases: &[Phase]) -> Vec<&str> {
        let all = self.together(phases);
        let carried_out = |name: &String| all.get(name).is_some_and(|a| a.accepted > 0);
        self.reachable.keys().filter(|name| !carried_out(name)).map(String::as_str).collect()
    }

    /// Returns the reachable errors that never came in these phases, as operation and code.
    pub fn missed(&self, phases: &[Phase]) -> Vec<(&str, &str)> {
        let all = self.together(phases);
        let came =
            |name: &String, code: &String| all.get(name).is_some_and(|a| a.codes.contains(code));
        let pairs = self.reachable.iter().flat_map(|(name, codes)| {
            codes
                .iter()
                .filter(move |code| !came(name, code))
                .map(|code| (name.as_str(), code.as_str()))
        });
        pairs.collect()
    }

    /// Returns how many of the operations were carried out in these phases.
    pub fn carried_out(&self, phases: &[Phase]) -> Share {
        let whole = self.reachable.len();
        Share { part: whole - self.never(phases).len(), whole }
    }

    /// Returns how many of the reachable errors came in these phases.
    pub fn hit(&self, phases: &[Phase]) -> Share {
        let whole = self.reachable.values().map(BTreeSet::len).sum();
        Share { part: whole - self.missed(phases).len(), whole }
    }
}

impl Answers {
    /// Adds what else came.
    pub fn merge(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.refused += more.refused;
        self.codes.extend(more.codes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(case: &str, expected: Option<Phase>) {
        assert_eq!(Phase::of(case), expected);
    }

    #[test]
    fn a_case_tells_by_its_id_where_it_comes_from() {
        check("random::0000012", Some(Phase::Random));
        check("cognito-idp::AdminGetUser::handles", Some(Phase::Coverage));
        check("cognito-idp::auth::disabled-user-is-refused", None);
        check("readme", None);
        check("failures/cognito-idp/AdminGetUser-lockstep-1.yaml", None);
    }

    #[test]
    fn figures_add_up_over_phases() {
        let answers = |accepted, codes: &[&str]| Answers {
            accepted,
            refused: codes.len() as u64,
            codes: codes.iter().map(|&code| code.to_owned()).collect(),
        };
        let mut generated = Generated::default();
        generated.add(Phase::Coverage, [("a:X".to_owned(), answers(0, &["E", "F"]))].into());
        generated.add(Phase::Random, [("a:X".to_owned(), answers(2, &["E"]))].into());
        let errors = ["E", "F", "G"].map(str::to_owned);
        generated.reachable =
            [("a:X".to_owned(), errors.into()), ("a:Y".to_owned(), [].into())].into();
        let both = [Phase::Coverage, Phase::Random];
        assert_eq!(generated.carried_out(&[Phase::Coverage]), Share { part: 0, whole: 2 });
        assert_eq!(generated.carried_out(&both), Share { part: 1, whole: 2 });
        assert_eq!(generated.never(&both), ["a:Y"]);
        assert_eq!(generated.hit(&both), Share { part: 2, whole: 3 });
        assert_eq!(generated.missed(&[Phase::Random]), [("a:X", "F"), ("a:X", "G")]);
        assert_eq!(generated.phases[&Phase::Random].exchanges, 3);
    }
}
