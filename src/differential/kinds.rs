//! Findings with their repetition taken out, as the report of a run takes it out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::outcome::{CaseOutcome, Evidence, Finding, Level, Run};
use crate::report::{FindingGroup, roll_up};

use super::saying::is_steady;

/// A broken promise: a finding without what was exchanged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Promise {
    /// Id of the finding: what makes it the same in another run.
    pub id: String,
    /// Id of the check that found it.
    pub check: String,
    /// Level the promise belongs to.
    pub level: Level,
    /// Operation; empty for raw requests.
    pub operation: String,
    /// Place in the response.
    pub pointer: String,
    /// What was promised.
    pub expected: String,
    /// What came back, where it was seen first.
    pub actual: String,
    /// Rule that makes the promise.
    pub rule: Option<String>,
    /// How well it is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
    /// The first case it was seen in.
    pub case: String,
    /// Where in that case.
    pub step: String,
    /// Why it is on the list of known failures, where every case that shows it has it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

impl From<&Finding> for Promise {
    fn from(finding: &Finding) -> Self {
        Self {
            id: finding.id.clone(),
            check: finding.check.clone(),
            level: finding.level,
            operation: finding.operation.clone(),
            pointer: finding.pointer.clone(),
            expected: finding.expected.clone(),
            actual: finding.actual.clone(),
            rule: finding.rule.clone(),
            evidence: finding.evidence,
            source: finding.source.clone(),
            case: finding.case.clone(),
            step: finding.step.clone(),
            known: finding.known.clone(),
        }
    }
}

/// A finding that stands for all of its id, and the case it was seen in first.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The case.
    pub(super) case: &'a CaseOutcome,
    /// The finding.
    pub(super) finding: &'a Finding,
    /// In how many cases it was seen.
    pub(super) cases: usize,
}

/// Returns the positions of findings that a report shows as one, gravest first: by level, by
/// evidence, by number of cases.
pub(super) fn kinds(seen: &[Seen<'_>]) -> Vec<Vec<usize>> {
    let stage = |seen: &Seen<'_>| {
        let mut case = bare(seen.case);
        case.findings.push(seen.finding.clone());
        case
    };
    let run = Run { cases: seen.iter().map(stage).collect(), ..Run::default() };
    let of = |group: &FindingGroup<'_>| -> Vec<usize> {
        let member = |at: &usize| group.ids.contains(seen[*at].finding.id.as_str());
        (0..seen.len()).filter(member).collect()
    };
    let mut kinds: Vec<_> = roll_up(&run).iter().map(of).collect();
    kinds.sort_by_key(|kind| {
        let first = seen[kind[0]].finding;
        let cases: usize = kind.iter().map(|at| seen[*at].cases).sum();
        (Reverse(first.level), Reverse(first.evidence), Reverse(cases))
    });
    kinds
}

/// Where the findings of one id were seen in a run: ids of cases.
pub(super) struct Occurrences<'a> {
    /// Cases that fail for it.
    pub(super) steady: BTreeSet<&'a str>,
    /// Cases that showed it once and not again.
    pub(super) flaky: BTreeSet<&'a str>,
    /// Cases that note it.
    pub(super) noted: BTreeSet<&'a str>,
    case: &'a CaseOutcome,
    finding: &'a Finding,
}

impl<'a> Occurrences<'a> {
    /// Returns the finding to show: of those that fail for good, the first.
    pub(super) fn seen(&self) -> Seen<'a> {
        let cases = self.steady.len().max(1);
        Seen { case: self.case, finding: self.finding, cases }
    }
}

/// Returns where each finding of a run was seen, by id; `levels` empty takes all of them.
pub(super) fn occurrences<'a>(
    run: &'a Run,
    levels: &[Level],
) -> BTreeMap<&'a str, Occurrences<'a>> {
    let mut found = BTreeMap::<&str, Occurrences<'_>>::new();
    for case in &run.cases {
        for finding in &case.findings {
            if !levels.is_empty() && !levels.contains(&finding.level) {
                continue;
            }
            let here = found.entry(&finding.id).or_insert_with(|| Occurrences {
                steady: BTreeSet::new(),
                flaky: BTreeSet::new(),
                noted: BTreeSet::new(),
                case,
                finding,
            });
            let steady = is_steady(case, finding);
            let first = here.steady.is_empty() && (steady || finding.fails && !here.finding.fails);
            // One that is not on the list of known failures speaks for those that are.
            if first || (steady && finding.known.is_none() && here.finding.known.is_some()) {
                (here.case, here.finding) = (case, finding);
            }
            let cases = match (steady, finding.fails) {
                (true, _) => &mut here.steady,
                (false, true) => &mut here.flaky,
                (false, false) => &mut here.noted,
            };
            cases.insert(&case.case);
        }
    }
    found
}

/// Returns a case without its findings.
fn bare(case: &CaseOutcome) -> CaseOutcome {
    CaseOutcome {
        case: case.case.clone(),
        title: String::new(),
        level: case.level,
        operations: Vec::new(),
        verdicts: case.verdicts.clone(),
        findings: Vec::new(),
        elapsed_ms: 0,
        requests: 0,
        leaked: Vec::new(),
        answers: Default::default(),
    }
}
