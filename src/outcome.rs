//! What a run yields: plain, serialisable data that every report is a function of.

mod app;
mod generated;
mod known;
#[cfg(test)]
pub(crate) mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use app::{AppCall, AppFlow, AppView, Trust};
pub use generated::{Answers, ByOperation, Generated, Phase, PhaseFigures, Share};
pub use known::{KnownEntry, KnownFailures, KnownStanding};

/// How deep a promise lies: from the bytes of a response to what an attacker could exploit.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Status, headers, error body, timestamps: below what an SDK can see.
    Wire,
    /// A success body fits the operation's output shape, and the official SDK parses it.
    Schema,
    /// Invalid input is refused with the right code, status and message.
    Errors,
    /// Effects are real: reads see writes, refused writes leave no trace.
    Behaviour,
    /// Generated sequences: the target keeps agreeing with itself and with the reference.
    Model,
    /// Tokens, sign-out, isolation, hiding of users.
    Security,
}

impl Level {
    /// Every level, shallowest first.
    pub const ALL: [Self; 6] =
        [Self::Wire, Self::Schema, Self::Errors, Self::Behaviour, Self::Model, Self::Security];

    /// Returns the level's name as reports and flags spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Schema => "schema",
            Self::Errors => "errors",
            Self::Behaviour => "behaviour",
            Self::Model => "model",
            Self::Security => "security",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|level| level.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            crate::near::unknown("level", text, names.iter().copied())
        })
    }
}

/// How well a promise is supported. Decides whether breaking it fails a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Follows from sibling operations or the shared framework. Never fails a run by itself.
    Inferred,
    /// Stands in the published service model.
    Modelled,
    /// Stands in the API reference or the developer guide.
    Documented,
    /// Was seen on the real service.
    Observed,
}

impl Evidence {
    /// Every grade, weakest first.
    pub const ALL: [Self; 4] = [Self::Inferred, Self::Modelled, Self::Documented, Self::Observed];

    /// Returns the grade's name as files and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Modelled => "modelled",
            Self::Documented => "documented",
            Self::Observed => "observed",
        }
    }

    /// Tells whether a broken promise of this grade fails a run (`strict`: any grade does).
    pub fn fails(self, strict: bool) -> bool {
        strict || self > Self::Inferred
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The judgement on one level of one case. The kinds are never merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// Every promise was kept.
    Pass,
    /// Only promises of inferred grade were broken, or harmless oddities were seen.
    Note,
    /// A promise of fail-worthy grade was broken, twice in a row.
    Fail,
    /// Only promises were broken that the target's list of known failures names.
    Known {
        /// Why they are listed.
        reason: String,
    },
    /// Broken on the first run, kept on the confirming one.
    Flaky,
    /// The target declines an operation the case needs.
    Unsupported {
        /// The first operation it declined.
        operation: String,
    },
    /// The target lacks a capability the case needs.
    Skipped {
        /// Which one, and why.
        reason: String,
    },
    /// Time-out, throttling or transport trouble: nothing can be said.
    Indeterminate {
        /// What went wrong.
        reason: String,
    },
}

impl Verdict {
    /// Returns the verdict's name as reports spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "fail",
            Self::Known { .. } => "known",
            Self::Flaky => "flaky",
            Self::Unsupported { .. } => "unsupported",
            Self::Skipped { .. } => "skipped",
            Self::Indeterminate { .. } => "indeterminate",
        }
    }
}

/// One promise that the target broke. Data only; collected, many per run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable over runs: a digest of check, operation, pointer class, rule and kind.
    pub id: String,
    /// Id of the check that found it, kebab-case.
    pub check: String,
    /// Level the promise belongs to.
    pub level: Level,
    /// Operation of the exchange, as the API spells it; empty for raw requests.
    pub operation: String,
    /// Id of the case it was seen in.
    pub case: String,
    /// Where in the case: `step 3`, `set-up user-pool, step 1`, `teardown`.
    pub step: String,
    /// JSON pointer into the response body, or `header:<name>`, `status`, `body`.
    pub pointer: String,
    /// What was promised, in words a reader can act on.
    pub expected: String,
    /// What came back. Never holds a secret.
    pub actual: String,
    /// Rule id, when a rule of the rulebook makes the promise.
    pub rule: Option<String>,
    /// How well the promise is supported.
    pub evidence: Evidence,
    /// Where the promise comes from.
    pub source: String,
    /// Whether this finding fails the run, or is a note.
    pub fails: bool,
    /// Why it is listed among the known failures of the target, where it is: it fails all the
    /// same, and is no news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// The request, ready to paste into a shell, secrets replaced; a run keeps it of the first few
    /// findings of an id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub curl: String,
    /// The call as the AWS CLI makes it, secrets replaced; empty for what is no call. Kept like
    /// `curl`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub aws_cli: String,
    /// The shortest sequence that was seen to show it, as a scenario file; generated cases only.
    /// Comments at its start say what its steps do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The request's input and the response, secrets replaced. Kept like `curl`.
    #[serde(default, skip_serializing_if = "ExchangeRecord::is_absent")]
    pub exchange: ExchangeRecord,
}

/// How a sequence begins that could not be made smaller before requests or time were spent.
pub(crate) const NOT_SMALLER: &str = "# Not made smaller";

impl Finding {
    /// Forgets what was exchanged: other findings of this id show the like.
    pub fn forget_exchange(&mut self) {
        self.curl = String::new();
        self.aws_cli = String::new();
        self.exchange = ExchangeRecord::default();
    }

    /// Tells whether it fails and no list of known failures names it.
    pub fn is_news(&self) -> bool {
        self.fails && self.known.is_none()
    }

    /// Returns the constraints of the model that the promise names as broken, each as
    /// `member: demand`, values left out and list indices as stars; none where it names none.
    pub fn constraints(&self) -> BTreeSet<String> {
        // The end of a sentence that stands in the rulebook.
        const VERDICT: &str = "to satisfy constraint: ";
        let mut parts = self.expected.split(VERDICT);
        let mut before = parts.next().unwrap_or_default();
        let mut found = BTreeSet::new();
        for part in parts {
            let demand = part.split("; Value ").next().unwrap_or_default();
            let member = before.rsplit("at '").next().unwrap_or_default();
            let member = member.split('\'').next().unwrap_or_default();
            let is_index = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
            let member = member.split('.').map(|part| if is_index(part) { "*" } else { part });
            found.insert(format!("{}: {demand}", member.collect::<Vec<_>>().join(".")));
            before = part;
        }
        found
    }
}

/// An exchange as reports may show it: secrets replaced, size bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeRecord {
    /// The request's input, or its raw body as a string.
    pub request: Value,
    /// HTTP status; 0 when no response came.
    pub status: u16,
    /// Response headers that the protocol gives a meaning.
    pub headers: BTreeMap<String, String>,
    /// The response body as JSON, or as a string where it is none.
    pub response: Value,
}

impl ExchangeRecord {
    /// Tells whether nothing is recorded: a run keeps the exchanges of the first findings of an id.
    pub fn is_absent(&self) -> bool {
        *self == Self::default()
    }
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseOutcome {
    /// Case id, such as `cognito-idp::sign-up::wrong-code-is-refused`.
    pub case: String,
    /// One line that says what the case expects.
    pub title: String,
    /// The level the case itself asks about.
    pub level: Level,
    /// The operations under test (set-up excluded).
    pub operations: Vec<String>,
    /// One verdict per level that the case says something about: its own, `wire` and `schema`.
    pub verdicts: BTreeMap<Level, Verdict>,
    /// The broken promises, in order of appearance.
    pub findings: Vec<Finding>,
    /// Wall time in milliseconds, confirmation included.
    pub elapsed_ms: u64,
    /// How many requests were sent, confirmation and teardown included.
    pub requests: u64,
    /// Resources that teardown could not delete, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaked: Vec<String>,
    /// How the operations were answered, generated cases only; a run adds them up.
    #[serde(skip)]
    pub answers: ByOperation,
}

impl CaseOutcome {
    /// Returns the verdict on the case's own level.
    pub fn verdict(&self) -> &Verdict {
        self.verdicts.get(&self.level).unwrap_or(&Verdict::Pass)
    }

    /// Tells whether any level of the case failed for what no list of known failures names.
    pub fn failed(&self) -> bool {
        self.verdicts.values().any(|verdict| matches!(verdict, Verdict::Fail))
    }

    /// Tells whether a level failed, or was flaky, for what no list of known failures names.
    pub fn has_news(&self) -> bool {
        self.verdicts.iter().any(|(level, verdict)| match verdict {
            Verdict::Fail => true,
            Verdict::Flaky => {
                let mut here = self.findings.iter().filter(|f| f.fails && f.level == *level);
                let listed = here.clone().next().is_some() && here.all(|f| f.known.is_some());
                !listed
            }
            _ => false,
        })
    }
}

/// A complete run: what was asked of which target, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Version of this document's format.
    pub format: u32,
    /// Version of the harness.
    pub harness: String,
    /// The target: profile name or URL.
    pub target: String,
    /// Version the target's profile states, when it does.
    pub target_version: Option<String>,
    /// The endpoint that the target was held against, where it was not judged by the contract: its
    /// findings are then where the two answer differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Revision of the service models the catalogue was made from, by service.
    pub models: BTreeMap<String, String>,
    /// Seed of everything that was chosen at random.
    pub seed: u64,
    /// What was selected: the flags that leave cases out, each one word; none where everything
    /// was to be played. Absent where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Vec<String>>,
    /// The list of known failures the run was held against, with what it says about each entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownFailures>,
    /// Flags that a command needs beside target and seed to repeat what was seen, each one word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Start, seconds since the epoch.
    pub started: u64,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
    /// `false` when the run was cut short; the cases are then those that finished.
    pub complete: bool,
    /// How many cases were selected.
    pub planned: usize,
    /// How many generated cases the time budget left out, by phase.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_played: BTreeMap<Phase, u64>,
    /// What generated cases came to, where there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<Generated>,
    /// What it says about the calls of one application, where it was restricted to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppView>,
    /// Secrets that redaction had missed and that were withheld at the last moment: how many of
    /// each kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld: BTreeMap<String, u64>,
    /// One entry per finished case, sorted by id.
    pub cases: Vec<CaseOutcome>,
}

/// Version of the `Run` document's format.
pub const RUN_FORMAT: u32 = 1;

/// Most findings one playing of a case reports; more would say the same again.
pub const MOST_FINDINGS: usize = 50;

/// How many verdicts of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    /// Promises kept.
    pub pass: usize,
    /// Broken promises of inferred grade only.
    pub note: usize,
    /// Broken promises.
    pub fail: usize,
    /// Broken promises, each of them on the list of known failures.
    #[serde(default)]
    pub known: usize,
    /// Not the same twice.
    pub flaky: usize,
    /// Operation declined.
    pub unsupported: usize,
    /// Capability missing.
    pub skipped: usize,
    /// Nothing can be said.
    pub indeterminate: usize,
}

impl Tally {
    /// Counts one verdict.
    pub fn add(&mut self, verdict: &Verdict) {
        let slot = match verdict {
            Verdict::Pass => &mut self.pass,
            Verdict::Note => &mut self.note,
            Verdict::Fail => &mut self.fail,
            Verdict::Known { .. } => &mut self.known,
            Verdict::Flaky => &mut self.flaky,
            Verdict::Unsupported { .. } => &mut self.unsupported,
            Verdict::Skipped { .. } => &mut self.skipped,
            Verdict::Indeterminate { .. } => &mut self.indeterminate,
        };
        *slot += 1;
    }

    /// How many verdicts were counted: the fixed total of both figures.
    pub fn total(&self) -> usize {
        self.pass
            + self.note
            + self.fail
            + self.known
            + self.flaky
            + self.unsupported
            + self.skipped
            + self.indeterminate
    }

    /// Share of all verdicts that are failures, known ones too, 0 to 1; `None` of nothing.
    pub fn divergence(&self) -> Option<f64> {
        ratio(self.fail + self.known, self.total())
    }

    /// Share of all verdicts that say something (pass, note, fail or known), 0 to 1; `None` of
    /// nothing.
    pub fn coverage(&self) -> Option<f64> {
        ratio(self.pass + self.note + self.fail + self.known, self.total())
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What a run comes to, and the process exit code that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Nothing unexpected: exit code 0.
    Conformant,
    /// Unexpected findings, or known failures that fail no more: exit code 1.
    Divergent,
    /// The list of known failures has entries to which nothing corresponds: exit code 2.
    WrongList,
    /// Something secret would have stood in a report: exit code 2.
    Withheld,
    /// Target unreachable or run cut short: exit code 3.
    Indeterminate,
}

impl Run {
    /// Counts the verdicts per level.
    pub fn by_level(&self) -> BTreeMap<Level, Tally> {
        let mut tallies = BTreeMap::<Level, Tally>::new();
        for (level, verdict) in self.cases.iter().flat_map(|case| &case.verdicts) {
            tallies.entry(*level).or_default().add(verdict);
        }
        tallies
    }

    /// Counts, per operation under test and level, the verdicts of the cases that test it.
    pub fn by_operation(&self) -> BTreeMap<String, BTreeMap<Level, Tally>> {
        let mut table = BTreeMap::<String, BTreeMap<Level, Tally>>::new();
        for case in &self.cases {
            for operation in &case.operations {
                let row = table.entry(operation.clone()).or_default();
                row.entry(case.level).or_default().add(case.verdict());
            }
        }
        table
    }

    /// Returns every finding of the run, case by case.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.cases.iter().flat_map(|case| &case.findings)
    }

    /// Tells whether the run ended before it had played what it meant to play. What a time budget
    /// left out was not meant to be.
    pub fn was_interrupted(&self) -> bool {
        let left_out = self.not_played.values().sum::<u64>();
        let known = (self.cases.len() as u64).saturating_add(left_out);
        !self.complete && (left_out == 0 || known < self.planned as u64)
    }

    /// Returns what the run comes to; of a run with a time budget, as far as it went.
    ///
    /// What is on the list of known failures is expected, and an entry that shows no more is not.
    /// A failure outweighs what is indeterminate; a target that kept no promise at all diverges,
    /// however politely it declined.
    pub fn conclusion(&self) -> Conclusion {
        let verdicts = || self.cases.iter().flat_map(|case| case.verdicts.values());
        let list = self.known.as_ref();
        if !self.withheld.is_empty() {
            return Conclusion::Withheld;
        }
        if list.is_some_and(|list| list.wrong().next().is_some()) {
            return Conclusion::WrongList;
        }
        let fixed = list.is_some_and(|list| list.fixed().next().is_some());
        if fixed || self.cases.iter().any(CaseOutcome::has_news) {
            return Conclusion::Divergent;
        }
        let unsure = verdicts().any(|v| matches!(v, Verdict::Indeterminate { .. }));
        if self.was_interrupted() || unsure {
            return Conclusion::Indeterminate;
        }
        // What only asks how nonsense is refused (no operation under test) keeps no promise of the
        // API: a web server that refuses everything would pass it.
        let asked = || self.cases.iter().filter(|case| !case.operations.is_empty());
        let any =
            |wanted: fn(&Verdict) -> bool| asked().flat_map(|c| c.verdicts.values()).any(wanted);
        let kept = any(|v| matches!(v, Verdict::Pass | Verdict::Note));
        let tried = any(|v| !matches!(v, Verdict::Skipped { .. }));
        if tried && !kept { Conclusion::Divergent } else { Conclusion::Conformant }
    }
}

impl Conclusion {
    /// Returns the process exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Divergent => 1,
            Self::WrongList | Self::Withheld => 2,
            Self::Indeterminate => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: &str, constraints: &[&str]) {
        let finding =
            Finding { pointer: "status".into(), expected: expected.into(), ..samples::finding() };
        let found: Vec<_> = finding.constraints().into_iter().collect();
        assert_eq!(found, constraints);
    }

    #[test]
    fn a_promise_names_the_constraints_that_are_broken() {
        check("\"Bearer\"", &[]);
        check(
            "InvalidParameterException: 2 validation errors detected: Value 'at 'x'; Value' at \
             'userAttributes.1.member.name' failed to satisfy constraint: Member must have length \
             less than or equal to 32; Value null at 'poolName' failed to satisfy constraint: \
             Member must not be null",
            &[
                "poolName: Member must not be null",
                "userAttributes.*.member.name: Member must have length less than or equal to 32",
            ],
        );
    }
}
