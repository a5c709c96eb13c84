//! What explanations say, over the embedded contract.

use std::sync::LazyLock;

use super::*;
use crate::outcome::{
    CaseOutcome, Evidence, ExchangeRecord, Finding, Level, RUN_FORMAT, Verdict, samples,
};
use crate::snapshot::Source as SnapshotSource;
use crate::suite::Sources;

struct Loaded {
    suite: Suite,
    recipes: Arc<Recipes>,
    snapshots: Snapshots,
}

static LOADED: LazyLock<Loaded> = LazyLock::new(|| {
    let sources = Sources::default();
    let suite = Suite::load(&sources).expect("the embedded suite loads");
    let recipes = Recipes::load(&sources.scenarios, &suite.catalogue).expect("sound recipes");
    let snapshots = Snapshots::load(&SnapshotSource::Embedded).expect("sound snapshots");
    Loaded { suite, recipes: Arc::new(recipes), snapshots }
});

fn contract<'a>(run: Option<&'a Run>, saved: Option<&'a Saved>) -> Contract<'a> {
    let Loaded { suite, recipes, snapshots } = &*LOADED;
    let report = run.map(|run| Report { path: "run.json", run });
    let now = 1_795_694_400;
    Contract { suite, recipes, snapshots, report, saved, seed: 1, max_steps: 20, now }
}

/// Holds the text of an explanation against the parts that it must have.
#[track_caller]
fn check(contract: &Contract<'_>, name: &str, parts: &[&str]) {
    let explained = explain(contract, name).unwrap_or_else(|cause| panic!("{cause}"));
    let text: String = explained.iter().map(|one| page::render(one, 1000, true)).collect();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let json = serde_json::to_value(&explained).expect("plain data serialises");
    assert!(json[0]["kind"].is_string());
}

#[track_caller]
fn refused(contract: &Contract<'_>, name: &str, expected: &str) {
    assert_eq!(explain(contract, name).expect_err("a name of nothing"), expected);
}

#[test]
fn a_rule_tells_its_promise_its_tests_and_its_faults() {
    check(
        &contract(None, None),
        "group-not-found",
        &[
            "rule group-not-found (cognito-idp)",
            "the call is refused with ResourceNotFoundException, with the text \"Group not found.\"",
            "group-not-found-in-other-words: ",
            "DeleteGroup: 1 recipe",
            "cognito-conformance run --target \"$TARGET\" --phase scenarios cognito-idp::",
            "`__type` ResourceNotFoundException",
        ],
    );
    check(
        &contract(None, None),
        "attribute-not-verifiable",
        &["seen         2026-07-28, 4 months ago", "evidence     observed, fails a run"],
    );
    check(&contract(None, None), "access-token-password-reset", &["inferred, a note"]);
}

#[test]
fn judges_tell_what_they_ask_and_what_supports_it() {
    let parts = [
        "check status",
        "observed: ",
        "self-check --generated --fault status-404-on-not-found",
        "what to do",
    ];
    check(&contract(None, None), "status", &parts);
    check(&contract(None, None), "lockstep", &["property lockstep", "a finding names it"]);
    check(&contract(None, None), "snapshot", &["written cases", "inferred: what the target"]);
    for id in CHECKS.iter().map(|check| check.id).chain(PROPERTIES.iter().map(|p| p.id)) {
        check(&contract(None, None), id, &["broken by"]);
    }
}

#[test]
fn a_case_tells_its_steps_and_an_operation_its_promises() {
    let parts =
        ["case cognito-idp::", "NotAuthorizedException by rule user-disabled", "observed, "];
    check(&contract(None, None), "auth::disabled-user-is-refused", &parts);
    check(&contract(None, None), "readme", &["snapshot     inferred, recorded from reference"]);
    let parts = ["case cognito-idp::GetGroup::effects", "(stage)", "replay cognito-idp::GetGroup"];
    check(&contract(None, None), "cognito-idp::GetGroup::effects", &parts);
    let parts = ["operation cognito-idp:SignUp", "SignUp/UserConfirmed: observed", "coverage case"];
    check(&contract(None, None), "SignUp", &parts);
    check(
        &contract(None, None),
        "TagResource",
        &["operation cognito-idp:TagResource", "operation cognito-identity:TagResource"],
    );
}

#[test]
fn unknown_names_are_answered_with_near_ones_of_any_kind() {
    let contract = contract(None, None);
    refused(&contract, "shcema", "nothing is called `shcema`, did you mean check `schema`?");
    refused(&contract, "SingUp", "nothing is called `SingUp`, did you mean operation `SignUp`?");
    refused(
        &contract,
        "cognito-idp::GetGroup::efects",
        "unknown case `cognito-idp::GetGroup::efects`, did you mean `cognito-idp::GetGroup::effects`?",
    );
    refused(
        &contract,
        "0123456789",
        "no saved failure is of finding `0123456789`; findings of a run take `--report FILE`",
    );
    for name in ["", ":", "::", "x::", "\u{0}", "漢字", "random::", "random::x", "a:b"] {
        assert!(explain(&contract, name).is_err(), "{name:?}");
    }
}

fn finding(step: &str, shows: bool) -> Finding {
    let exchange = ExchangeRecord { status: 418, ..ExchangeRecord::default() };
    Finding {
        id: "0a1b2c3d4e".into(),
        operation: "GetGroup".into(),
        case: "cognito-idp::GetGroup::handles".into(),
        step: step.into(),
        pointer: "/__type".into(),
        expected: "ResourceNotFoundException".into(),
        actual: "`Teapot`".into(),
        rule: Some("group-not-found".into()),
        evidence: Evidence::Observed,
        source: "an issue".into(),
        curl: if shows { "curl -sS" } else { "" }.into(),
        exchange: if shows { exchange } else { ExchangeRecord::default() },
        ..samples::finding()
    }
}

fn run() -> Run {
    let findings = vec![finding("step 3", false), finding("step 4", true)];
    let case = CaseOutcome {
        case: "cognito-idp::GetGroup::handles".into(),
        operations: vec!["GetGroup".into()],
        ..samples::outcome(Level::Errors, Verdict::Fail, findings)
    };
    Run {
        format: RUN_FORMAT,
        target: "moto".into(),
        seed: 7,
        complete: true,
        cases: vec![case],
        ..Run::default()
    }
}

#[test]
fn a_finding_tells_everything_of_it_even_where_exchanges_were_dropped() {
    let run = run();
    let contract = contract(Some(&run), None);
    check(
        &contract,
        "0a1b2c3d4e",
        &[
            "finding 0a1b2c3d4e: lockstep, GetGroup",
            "evidence     observed; it fails the run",
            "rule group-not-found",
            "seen         2× in 1 case",
            "cognito-idp::GetGroup::handles, step 3, step 4",
            "response     418",
            "cognito-conformance replay 0a1b2c3d4e --report run.json",
            "cognito-conformance replay --target moto --seed 7 cognito-idp::GetGroup::handles",
            "curl -sS",
            "operation: \"GetGroup\"",
        ],
    );
    let parts = ["seen on      moto: 2 findings, 2 of them failing, in 1 case", "0a1b2c3d4e (2×)"];
    check(&contract, "group-not-found", &parts);
    check(&contract, "status", &["seen on      moto: nothing, in run.json"]);
    refused(
        &contract,
        "0a1b2c3d4f",
        "nothing is called `0a1b2c3d4f`, did you mean finding `0a1b2c3d4e`?",
    );
}

#[test]
fn a_saved_failure_tells_what_its_file_does() {
    let saved = Saved {
        path: ".cognito-conformance/failures/x.yaml".into(),
        finding: "0a1b2c3d4e".into(),
        operation: "GetGroup".into(),
        check: "no-trace".into(),
        target: Some("moto".into()),
        case: Some("random::0000001".into()),
        seed: Some(3),
        scenario: "title: t\n".into(),
    };
    let replay = "replay .cognito-conformance/failures/x.yaml --target moto --seed 3";
    let parts = ["no-trace, GetGroup", replay, "title: t", "random::0000001"];
    check(&contract(None, Some(&saved)), "0a1b2c3d4e", &parts);
}
