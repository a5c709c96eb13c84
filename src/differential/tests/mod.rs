//! Runs made by hand, and what their comparison has to say.

mod compared;
mod differing;
mod fates;

use std::collections::BTreeMap;

use super::Entry;
use crate::outcome::{
    CaseOutcome, Evidence, ExchangeRecord, Finding, Level, RUN_FORMAT, Run, Verdict,
};

/// Returns a case of level `errors` that tests `SignUp`, with a verdict and the findings of these
/// ids; a name that ends in `?` is a note, one that begins with `expectation` ends the case.
fn case(id: &str, verdict: Verdict, findings: &[&str]) -> CaseOutcome {
    CaseOutcome {
        case: id.into(),
        title: String::new(),
        level: Level::Errors,
        operations: vec!["SignUp".into()],
        verdicts: BTreeMap::from([(Level::Wire, Verdict::Pass), (Level::Errors, verdict)]),
        findings: findings.iter().map(|name| finding(name, id)).collect(),
        elapsed_ms: 1,
        requests: 1,
        leaked: Vec::new(),
        answers: Default::default(),
    }
}

fn finding(name: &str, case: &str) -> Finding {
    let id = name.trim_end_matches('?');
    let check = if id.starts_with("expectation") { "expectation" } else { "status" };
    Finding {
        id: id.into(),
        check: check.into(),
        level: Level::Errors,
        operation: "SignUp".into(),
        case: case.into(),
        step: "step 1".into(),
        pointer: format!("/{id}"),
        expected: "400".into(),
        actual: "200".into(),
        rule: None,
        evidence: Evidence::Documented,
        source: "a test".into(),
        fails: !name.ends_with('?'),
        known: None,
        curl: String::new(),
        aws_cli: String::new(),
        scenario: None,
        exchange: ExchangeRecord::default(),
    }
}

fn failing(id: &str, findings: &[&str]) -> CaseOutcome {
    case(id, Verdict::Fail, findings)
}

fn passing(id: &str) -> CaseOutcome {
    case(id, Verdict::Pass, &[])
}

fn unsupported(id: &str) -> CaseOutcome {
    case(id, Verdict::Unsupported { operation: "SignUp".into() }, &[])
}

fn indeterminate(id: &str) -> CaseOutcome {
    case(id, Verdict::Indeterminate { reason: "time-out".into() }, &[])
}

/// Returns a complete run of these cases against a target, read from `<target>.json`.
fn entry(target: &str, cases: &[CaseOutcome]) -> Entry {
    let run = Run {
        format: RUN_FORMAT,
        harness: "0.1.0".into(),
        target: target.into(),
        seed: 1,
        complete: true,
        planned: cases.len(),
        cases: cases.to_vec(),
        ..Run::default()
    };
    Entry { file: format!("{target}.json"), run }
}
