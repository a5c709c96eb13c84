//! Runs made by hand, and what their comparison has to say.

mod compared;
mod differing;
mod fates;

use std::collections::BTreeMap;

use super::Entry;
use crate::outcome::{CaseOutcome, Finding, Level, RUN_FORMAT, Run, Verdict, samples};

/// Returns a case of level `errors` that tests `SignUp`, with a verdict and the findings of these
/// ids; a name that ends in `?` is a note, one that begins with `expectation` ends the case.
fn case(id: &str, verdict: Verdict, findings: &[&str]) -> CaseOutcome {
    let findings = findings.iter().map(|name| finding(name, id)).collect();
    CaseOutcome {
        case: id.into(),
        operations: vec!["SignUp".into()],
        verdicts: BTreeMap::from([(Level::Wire, Verdict::Pass), (Level::Errors, verdict.clone())]),
        ..samples::outcome(Level::Errors, verdict, findings)
    }
}

fn finding(name: &str, case: &str) -> Finding {
    let id = name.trim_end_matches('?');
    let check = if id.starts_with("expectation") { "expectation" } else { "status" };
    Finding {
        id: id.into(),
        check: check.into(),
        case: case.into(),
        pointer: format!("/{id}"),
        expected: "400".into(),
        actual: "200".into(),
        source: "a test".into(),
        fails: !name.ends_with('?'),
        ..samples::finding()
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
