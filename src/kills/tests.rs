//! What figures and lists say of made-up matrices.

use super::*;
use crate::outcome::samples;

fn finding(check: &str, level: Level, fails: bool) -> Finding {
    Finding { check: check.into(), level, fails, ..samples::finding() }
}

fn outcome(findings: Vec<Finding>, verdicts: &[(Level, Verdict)]) -> CaseOutcome {
    let verdicts = verdicts.iter().cloned().collect();
    CaseOutcome {
        verdicts,
        requests: 10,
        ..samples::outcome(Level::Behaviour, Verdict::Pass, findings)
    }
}

fn kill(speaks: &str, outcomes: &[CaseOutcome]) -> Kill {
    let mut kill = Kill { speaks: speaks.into(), settled: true, ..Kill::default() };
    outcomes.iter().for_each(|outcome| kill.take(outcome));
    kill
}

#[test]
fn only_confirmed_failures_and_notes_of_the_speaker_count() {
    #[track_caller]
    fn check(check: &str, fails: bool, verdict: Verdict, caught: bool, noted: bool) {
        let found = finding(check, Level::Errors, fails);
        let kill = kill("schema", &[outcome(vec![found], &[(Level::Errors, verdict)])]);
        assert_eq!((kill.is_caught(), kill.is_only_noted()), (caught, noted));
    }
    check("expectation", true, Verdict::Fail, true, false);
    check("expectation", true, Verdict::Flaky, false, false);
    check("expectation", false, Verdict::Note, false, false);
    check("schema", false, Verdict::Note, true, true);
}

#[test]
fn the_first_and_the_speaker_are_kept_apart() {
    let fail = [(Level::Errors, Verdict::Fail)];
    let one = |check| outcome(vec![finding(check, Level::Errors, true)], &fail);
    let both = outcome(
        vec![finding("status", Level::Errors, true), finding("lockstep", Level::Errors, true)],
        &fail,
    );
    let kill = kill("lockstep", &[outcome(Vec::new(), &[]), one("expectation"), both]);
    let first = kill.first.as_ref().expect("caught");
    assert_eq!((first.check.as_str(), first.requests), ("expectation", 20));
    assert_eq!(kill.spoken.as_ref().map(|shot| shot.requests), Some(30));
    let leads: Vec<_> = kill.leads.iter().map(String::as_str).collect();
    assert_eq!(leads, ["expectation", "status"]);
    assert_eq!((kill.cases, kill.requests, kill.checks["lockstep"]), (3, 30, 1));
}

fn rule(id: &str, fates: &[(Way, Fate)]) -> RuleKills {
    RuleKills {
        rule: id.into(),
        evidence: Evidence::Observed,
        raised: 1,
        unreachable: None,
        ways: fates.iter().cloned().collect(),
        elapsed_ms: 0,
    }
}

fn killed() -> Fate {
    Fate::Killed { check: "expectation".into(), case: "a::b::c".into() }
}

#[test]
fn figures_count_what_was_settled() {
    let caught = kill("schema", &[outcome(vec![finding("schema", Level::Schema, false)], &[])]);
    let missed = kill("schema", &[]);
    let cut = Kill { settled: false, ..missed.clone() };
    let matrix = Matrix {
        faults: vec![caught, missed, cut],
        rules: vec![
            rule("fine", &[(Way::Accepted, killed()), (Way::Words, killed())]),
            rule("weak", &[(Way::Accepted, killed()), (Way::Code, Fate::Survived)]),
            rule("unmet", &[(Way::Accepted, Fate::Unmet)]),
        ],
        ..Matrix::default()
    };
    let figures = matrix.figures();
    assert_eq!((figures.faults, figures.caught, figures.noted), (2, 1, 1));
    assert_eq!((figures.broken, figures.killed), (4, 3));
    assert!(!matrix.is_good(), "half is not enough");
    let names = |rules: Vec<&RuleKills>| rules.iter().map(|r| r.rule.clone()).collect::<Vec<_>>();
    assert_eq!(names(matrix.weak_rules().collect()), ["weak"]);
    assert_eq!(names(matrix.unmet_rules().collect()), ["unmet"]);
    assert!(!matrix.untested_checks().contains(&"schema"));
    assert!(matrix.untested_checks().contains(&"lockstep"));
}

#[test]
fn false_alarms_and_null_passes_are_not_good() {
    #[track_caller]
    fn check(matrix: Matrix, good: bool) {
        assert_eq!(matrix.is_good(), good);
    }
    check(Matrix::default(), true);
    let alarms = vec!["a".to_owned()];
    let clean = Faultless { alarms, ..Faultless::default() };
    check(Matrix { faultless: vec![clean], ..Matrix::default() }, false);
    let server = nulls::Kind::Echo;
    let passed = vec!["a".to_owned()];
    let null = Null { server, levels: BTreeMap::new(), passed, idle: 0, elapsed_ms: 0 };
    check(Matrix { nulls: vec![null], ..Matrix::default() }, false);
}

#[test]
fn a_matrix_reads_back_as_it_was_written() {
    let matrix = Matrix {
        faults: vec![kill("schema", &[])],
        rules: vec![rule("r", &[(Way::Words, killed()), (Way::Code, Fate::Survived)])],
        ..Matrix::default()
    };
    let text = serde_json::to_string(&matrix).expect("plain data");
    assert_eq!(serde_json::from_str::<Matrix>(&text).expect("the same"), matrix);
}
