//! Runs made by hand, for tests of what is done with a run.

use std::collections::{BTreeMap, BTreeSet};

use cognito_conformance::outcome::{
    CaseOutcome, Evidence, ExchangeRecord, Finding, Generated, Level, Phase, PhaseFigures,
    RUN_FORMAT, Run, Verdict,
};
use serde_json::json;

/// Returns a run that holds `text` wherever a text may stand.
pub(crate) fn filled_with(text: &str) -> Run {
    let owned = || text.to_owned();
    let verdicts = [
        Verdict::Fail,
        Verdict::Flaky,
        Verdict::Note,
        Verdict::Unsupported { operation: owned() },
        Verdict::Skipped { reason: owned() },
        Verdict::Indeterminate { reason: owned() },
    ];
    let case = |verdict: Verdict| CaseOutcome {
        case: owned(),
        title: owned(),
        level: Level::Errors,
        operations: vec![owned()],
        findings: [true, false]
            .map(|fails| Finding {
                id: format!("{text}{fails}"),
                check: owned(),
                level: Level::Errors,
                operation: owned(),
                case: owned(),
                step: owned(),
                pointer: owned(),
                expected: owned(),
                actual: owned(),
                rule: Some(owned()),
                evidence: Evidence::Observed,
                source: owned(),
                fails,
                known: None,
                curl: owned(),
                aws_cli: owned(),
                scenario: Some(owned()),
                exchange: ExchangeRecord {
                    request: json!({ text: text }),
                    status: 0,
                    headers: BTreeMap::from([(owned(), owned())]),
                    response: json!(text),
                },
            })
            .into(),
        verdicts: BTreeMap::from([(Level::Errors, verdict)]),
        elapsed_ms: u64::MAX,
        requests: 1,
        leaked: vec![owned()],
        answers: Default::default(),
    };
    Run {
        format: RUN_FORMAT,
        harness: owned(),
        target: owned(),
        target_version: Some(owned()),
        against: Some(owned()),
        models: BTreeMap::from([(owned(), owned())]),
        seed: u64::MAX,
        started: 0,
        elapsed_ms: u64::MAX,
        complete: true,
        planned: verdicts.len(),
        not_played: BTreeMap::from([(Phase::Random, u64::MAX)]),
        selection: None,
        known: None,
        flags: vec![owned()],
        generated: Some(Generated {
            phases: BTreeMap::from([(Phase::Random, PhaseFigures::default())]),
            reachable: BTreeMap::from([(owned(), BTreeSet::from([owned()]))]),
        }),
        app: None,
        withheld: BTreeMap::new(),
        cases: verdicts.map(case).into(),
    }
}

/// Returns a run with one case that passes.
pub(crate) fn clean() -> Run {
    let case = outcome("sign-up::new-user-is-unconfirmed", Level::Behaviour, &["SignUp"]);
    let verdicts = [Level::Wire, Level::Schema, Level::Behaviour].map(|l| (l, Verdict::Pass));
    Run { cases: vec![CaseOutcome { verdicts: verdicts.into(), ..case }], planned: 1, ..sample() }
}

/// Returns a run that holds every kind of verdict, finding and remark.
pub(crate) fn sample() -> Run {
    let mut cases: Vec<_> = ["AdminDeleteUser", "AdminGetUser", "AdminSetUserPassword"]
        .into_iter()
        .map(|operation| {
            let id = format!("admin::unknown-user-is-refused-by-{operation}");
            let mut case = outcome(&id, Level::Errors, &[operation]);
            case.findings = vec![wrong_code(operation, &case.case)];
            judge(&mut case, Level::Errors, Verdict::Fail);
            case
        })
        .collect();

    let mut pools = outcome("pools::dates-are-numbers", Level::Schema, &["DescribeUserPool"]);
    pools.findings = vec![Finding {
        id: "schema-5d41".into(),
        check: "schema".into(),
        level: Level::Schema,
        operation: "DescribeUserPool".into(),
        pointer: "/UserPool/CreationDate".into(),
        expected: "a number: epoch seconds".into(),
        actual: "the string \"2024-05-01T10:00:00Z\"".into(),
        rule: None,
        evidence: Evidence::Modelled,
        source: "model of cognito-idp, shape DateType".into(),
        exchange: ExchangeRecord {
            request: json!({"UserPoolId": "<user-pool-id#1>"}),
            status: 200,
            headers: BTreeMap::new(),
            response: json!({"UserPool": {"CreationDate": "2024-05-01T10:00:00Z"}}),
        },
        ..wrong_code("DescribeUserPool", &pools.case)
    }];
    judge(&mut pools, Level::Schema, Verdict::Fail);
    pools.leaked = vec!["user pool us-east-1_Ab9: delete answered 500".into()];

    let mut flaky = outcome("sign-up::second-sign-up-is-refused", Level::Behaviour, &["SignUp"]);
    flaky.findings = vec![Finding {
        id: "expectation-77aa".into(),
        check: "expectation".into(),
        level: Level::Behaviour,
        evidence: Evidence::Documented,
        expected: "UsernameExistsException".into(),
        actual: "success".into(),
        rule: None,
        exchange: ExchangeRecord {
            request: json!({"ClientId": "<client-id#1>", "Username": "ann"}),
            status: 200,
            headers: BTreeMap::new(),
            response: json!({"UserConfirmed": false, "UserSub": "<user-sub#2>"}),
        },
        ..wrong_code("SignUp", &flaky.case)
    }];
    judge(&mut flaky, Level::Behaviour, Verdict::Flaky);

    let mut list = outcome("users::pages-are-complete", Level::Behaviour, &["ListUsers"]);
    list.findings = vec![Finding {
        id: "schema-0001".into(),
        check: "schema".into(),
        level: Level::Schema,
        pointer: "/Users/0/Extra".into(),
        expected: "declared members only".into(),
        actual: "the undeclared member `Extra`".into(),
        evidence: Evidence::Inferred,
        rule: None,
        fails: false,
        ..wrong_code("ListUsers", &list.case)
    }];
    judge(&mut list, Level::Schema, Verdict::Note);

    let mut mfa = outcome("mfa::code-is-taken-once", Level::Security, &["VerifySoftwareToken"]);
    let reason = "needs clock: the target's time cannot be moved".to_owned();
    judge(&mut mfa, Level::Security, Verdict::Skipped { reason });

    let mut terms = outcome("terms::created-terms-are-listed", Level::Behaviour, &["CreateTerms"]);
    let declined = Verdict::Unsupported { operation: "CreateTerms".into() };
    judge(&mut terms, Level::Behaviour, declined);

    let mut slow = outcome("auth::srp-signs-in", Level::Behaviour, &["InitiateAuth"]);
    let reason = "step 3: no complete response within 5000 ms".to_owned();
    judge(&mut slow, Level::Behaviour, Verdict::Indeterminate { reason });

    cases.extend([pools, flaky, list, mfa, terms, slow]);
    cases.sort_by(|a, b| a.case.cmp(&b.case));
    Run {
        format: RUN_FORMAT,
        harness: "0.1.0".into(),
        target: "moto".into(),
        target_version: Some("5.2.5".into()),
        against: None,
        models: BTreeMap::from([
            ("cognito-idp".into(), "2016-04-18".into()),
            ("cognito-identity".into(), "2014-06-30".into()),
        ]),
        seed: 42,
        started: 1_700_000_000,
        elapsed_ms: 12_345,
        complete: true,
        planned: cases.len(),
        not_played: BTreeMap::new(),
        selection: None,
        known: None,
        flags: Vec::new(),
        generated: None,
        app: None,
        withheld: BTreeMap::new(),
        cases,
    }
}

fn outcome(id: &str, level: Level, operations: &[&str]) -> CaseOutcome {
    CaseOutcome {
        case: format!("cognito-idp::{id}"),
        title: "what the case expects".into(),
        level,
        operations: operations.iter().map(|&operation| operation.to_owned()).collect(),
        verdicts: [Level::Wire, Level::Schema, level].map(|l| (l, Verdict::Pass)).into(),
        findings: Vec::new(),
        elapsed_ms: 34,
        requests: 5,
        leaked: Vec::new(),
        answers: Default::default(),
    }
}

fn judge(case: &mut CaseOutcome, level: Level, verdict: Verdict) {
    case.verdicts.insert(level, verdict);
}

fn wrong_code(operation: &str, case: &str) -> Finding {
    let request = json!({"UserPoolId": "<user-pool-id#1>", "Username": "nobody"});
    Finding {
        id: format!("error-contract-{operation}"),
        check: "error-contract".into(),
        level: Level::Errors,
        operation: operation.into(),
        case: case.into(),
        step: "step 2".into(),
        pointer: "/__type".into(),
        expected: "UserNotFoundException \"User does not exist.\"".into(),
        actual: format!("ResourceNotFoundException from {operation}"),
        rule: Some("user-not-found".into()),
        evidence: Evidence::Observed,
        source: "an issue of 2023".into(),
        fails: true,
        known: None,
        curl: format!(
            "curl -sS http://127.0.0.1:5000/ -H 'x-amz-target: \
             AWSCognitoIdentityProviderService.{operation}' -H 'content-type: \
             application/x-amz-json-1.1' --data '{request}'"
        ),
        aws_cli: String::new(),
        scenario: None,
        exchange: ExchangeRecord {
            request,
            status: 400,
            headers: BTreeMap::new(),
            response: json!({"__type": "ResourceNotFoundException", "message": "User not found"}),
        },
    }
}
