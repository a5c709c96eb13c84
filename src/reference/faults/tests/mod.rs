//! Each named fault shows, and touches nothing that it has nothing to do with.

mod story;

use std::cell::{Cell, RefCell};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::check::CHECKS;

/// Properties that faults are made for.
const PROPERTIES: [&str; 15] = [
    "read-your-writes",
    "no-trace",
    "deleted-is-gone",
    "create-twice",
    "idempotent",
    "pages-agree",
    "filter-agrees",
    "views-agree",
    "membership-agrees",
    "times-monotone",
    "ids-steady",
    "unrelated-unchanged",
    "one-winner",
    "tokens-honest",
    "lockstep",
];

#[test]
fn names_are_unique_and_slips_are_recognised() {
    let mut names: Vec<_> = all().map(|fault| fault.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count());
    let kebab =
        |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b"-0123456789".contains(&b));
    assert!(names.iter().all(kebab), "{names:?}");
    assert_eq!(
        named("html500").map(|fault| fault.name).unwrap_err(),
        "unknown fault `html500`, did you mean `html-500`?"
    );
}

#[test]
fn every_level_and_every_judge_has_its_faults() {
    for level in Level::ALL {
        let faults = all().filter(|fault| fault.level == level).count();
        assert!(faults >= 6, "{level}: {faults}");
    }
    let judges: Vec<_> = CHECKS.iter().map(|check| check.id).chain(PROPERTIES).collect();
    for judge in &judges {
        assert!(all().any(|fault| fault.caught_by == *judge), "{judge} has no fault");
    }
    assert!(all().all(|fault| (1..=10).contains(&fault.steps)));
    let strange: Vec<_> = all().filter(|fault| !judges.contains(&fault.caught_by)).collect();
    assert!(strange.is_empty(), "caught by nobody: {strange:?}");
}

#[test]
fn operations_of_faults_exist() {
    let catalogue = crate::reference::tests::catalogue();
    for fault in all() {
        for operation in fault.on {
            let found = catalogue.operation(operation);
            assert!(
                found.is_some_and(|(_, o)| o.name == *operation),
                "{}: {operation}",
                fault.name
            );
        }
    }
}

fn request(operation: &str, input: &Value) -> Request {
    Request::call("AWSCognitoIdentityProviderService", operation, input)
}

fn success(body: &Value) -> Response {
    Response { status: 200, headers: Vec::new(), body: body.to_string().into() }
}

#[test]
fn what_a_fault_has_nothing_to_do_with_passes_once_and_as_it_is() {
    let operation = "GetSigningCertificate";
    for fault in all().filter(|fault| !fault.on.is_empty()) {
        let middleware = fault.middleware();
        for answer in
            [success(&json!({"Users": [1, 2]})), Response { status: 400, ..success(&json!({})) }]
        {
            let (asked, passed) =
                (request(operation, &json!({"Limit": null})), RefCell::new(Vec::new()));
            let response = middleware.answer(&asked, Some(operation), &|request| {
                passed.borrow_mut().push(request.clone());
                answer.clone()
            });
            assert_eq!(*passed.borrow(), [asked], "{}", fault.name);
            assert_eq!(response, answer, "{}", fault.name);
        }
    }
}

/// A fault of refusals has no say in what is sound and succeeds.
#[test]
fn sound_calls_succeed_under_faults_of_refusals() {
    let answer = success(&json!({"Group": {"GroupName": "g"}}));
    let sound = request("GetGroup", &json!({"UserPoolId": "a_b", "GroupName": "g"}));
    let tolerant =
        |fault: &&NamedFault| fault.level == Level::Errors && fault.name != "refuses-everything";
    for fault in all().filter(tolerant) {
        let response = fault.middleware().answer(&sound, Some("GetGroup"), &|_| answer.clone());
        assert_eq!(response, answer, "{}", fault.name);
    }
}

/// Names that faults look for, at any place and with any value.
const WORDS: [&str; 24] = [
    "UserPoolId",
    "Username",
    "GroupName",
    "ClientId",
    "Users",
    "Groups",
    "NextToken",
    "PaginationToken",
    "Limit",
    "Filter",
    "AuthParameters",
    "USERNAME",
    "PASSWORD",
    "REFRESH_TOKEN",
    "AuthenticationResult",
    "AccessToken",
    "RefreshToken",
    "IdToken",
    "UserAttributes",
    "Name",
    "Value",
    "UserPoolClient",
    "Tags",
    "Group",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => ".{0,12}",
        1 => Just("at 'groupName' failed to satisfy constraint: Member must have length less than \
                   or equal to 99999999999999999999".to_owned()),
        1 => Just("2 validation errors detected: Value at 'userAttributes.0.member' failed to \
                   satisfy constraint: Member must have length greater than or equal to 3".to_owned()),
        1 => Just("Incorrect username or password. SECRET_HASH revoked has expired".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((text(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn answer() -> impl Strategy<Value = Response> {
    let code = proptest::sample::select(
        &["UserNotFoundException", "GroupExistsException", "InvalidPasswordException", "", "ä"][..],
    );
    (any::<bool>(), value(), code, text()).prop_map(|(fine, body, code, message)| {
        let refusal = json!({"__type": code, "message": message});
        let (status, body) = if fine { (200, body) } else { (400, refusal) };
        Response { status, ..success(&body) }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn garbage_makes_no_fault_panic(
        inputs in proptest::collection::vec(value(), 3),
        answers in proptest::collection::vec(answer(), 7),
        choice in any::<prop::sample::Index>(),
    ) {
        for fault in all() {
            let middleware = fault.middleware();
            let operation = match fault.on {
                [] => "ListUsers",
                some => some[choice.index(some.len())],
            };
            let turn = Cell::new(0);
            for input in &inputs {
                middleware.answer(&request(operation, input), Some(operation), &|_| {
                    turn.set(turn.get() + 1);
                    answers[turn.get() % answers.len()].clone()
                });
            }
            middleware.reset();
        }
    }
}
