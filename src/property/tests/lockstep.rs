//! A target beside the reference.

use super::*;
use crate::transcript::{Refusal, Twin};

/// Id of the reference's pool.
const OURS: &str = "us-east-1_rR1rR2rR3";

/// A step as both answer it: the target's line, and what the reference makes of its own input.
type Step = (Line, Value, Result<Value, Refusal>);

/// How the reference refuses by a rule, or for the model's constraints.
fn refused(code: &str, message: &str, rule: &str) -> Result<Value, Refusal> {
    let rule = (!rule.is_empty()).then(|| rule.to_owned());
    Err(Refusal { code: code.into(), message: message.into(), rule })
}

fn findings(steps: &[Step]) -> Vec<Broken> {
    let lines: Vec<Line> = steps.iter().map(|(line, ..)| line.clone()).collect();
    let mut transcript = transcript(&lines);
    for (exchange, (_, input, answer)) in transcript.exchanges.iter_mut().zip(steps) {
        let (input, answer) = (input.clone(), answer.clone());
        exchange.twin = Some(Twin { input, answer, one_fault: true, odd: false });
    }
    let found = examine(catalogue(), &transcript).into_iter();
    found.filter(|(property, _)| property.id == "lockstep").map(|(_, broken)| broken).collect()
}

/// What lockstep finds, as `step pointer`, notes with a `~`; each must be listed.
#[track_caller]
fn check(steps: &[Step], expected: &[&str]) {
    let found = findings(steps);
    let shown: Vec<String> = { found.iter() }
        .map(|Broken { exchange, breach }| {
            let note = if breach.evidence.fails(false) { "" } else { "~" };
            format!("{note}{} {}", exchange + 1, breach.pointer)
        })
        .collect();
    assert_eq!(shown, expected, "{found:#?}");
}

/// The same call at both, each in its own pool.
fn step(operation: &'static str, more: Value, said: Value, ours: Result<Value, Refusal>) -> Step {
    ((operation, of(POOL, more.clone()), said), of(OURS, more), ours)
}

fn broken(message: &str) -> Result<Value, Refusal> {
    refused("InvalidParameterException", message, "")
}

#[test]
fn a_constraint_is_broken_by_what_the_target_was_sent() {
    let long = "us-east-1_aVeryLongPoolIdThatNoPatternOfTheModelAllowsForItIsLongerThan55";
    let ours = of(long, json!({}));
    let message =
        format!("1 validation {} detected: Value '{long}' at 'userPoolId' failed", "error");
    let sound = ("DescribeUserPool", of(POOL, json!({})), json!({"UserPool": {}}));
    check(&[(sound, ours.clone(), broken(&message))], &[]);
    let other = format!("{long}-too");
    let theirs = ("DescribeUserPool", of(&other, json!({})), json!({"UserPool": {}}));
    let found = findings(&[(theirs, ours, broken(&message))]);
    let [Broken { breach, .. }] = &found[..] else { panic!("{found:#?}") };
    assert_eq!(breach.pointer, "status");
    // The promise quotes what the target was sent.
    assert!(breach.expected.contains(&other), "{}", breach.expected);
}

#[test]
fn several_violations_stand_in_one_message() {
    let bad = json!({"PoolName": "", "MfaConfiguration": "X"});
    let one =
        json!({"__type": "InvalidParameterException", "message": "1 validation error detected: x"});
    let two = broken("2 validation errors detected: x; y");
    let mut steps =
        vec![(("CreateUserPool", bad.clone(), json!("!InvalidParameterException")), bad, two)];
    check(&steps, &[]);
    let evidence = |steps: &[Step]| {
        let lines: Vec<Line> = steps.iter().map(|(line, ..)| line.clone()).collect();
        let mut transcript = transcript(&lines);
        let exchange = &mut transcript.exchanges[0];
        let (_, input, answer) = steps[0].clone();
        exchange.twin = Some(Twin { input, answer, one_fault: true, odd: false });
        exchange.reply.as_mut().expect("a reply").body = one.to_string().into();
        let found = examine(catalogue(), &transcript);
        found.into_iter().map(|(_, broken)| broken.breach.evidence).collect::<Vec<_>>()
    };
    assert_eq!(evidence(&steps), [Evidence::Observed]);
    let bad = json!({"IdentityPoolName": "", "AllowUnauthenticatedIdentities": true, "DeveloperProviderName": ""});
    let refused = json!("!InvalidParameterException");
    steps[0].0 = ("CreateIdentityPool", bad.clone(), refused);
    steps[0].1 = bad;
    assert_eq!(evidence(&steps), [Evidence::Inferred]);
}

#[test]
fn a_plain_call_leaves_nothing_out() {
    let refused = |operation, more: Value| {
        step(operation, more, json!("!InvalidParameterException"), Ok(json!({})))
    };
    let settings = |options: Value| {
        refused("AdminSetUserSettings", json!({"Username": "ann", "MFAOptions": options}))
    };
    let whole = json!([{"AttributeName": "phone_number", "DeliveryMedium": "SMS"}]);
    check(&[settings(whole)], &["1 status"]);
    check(&[settings(json!([{}]))], &["~1 status"]);
    let attribute = json!({"CustomAttributes": [{"AttributeDataType": "String"}]});
    check(&[refused("AddCustomAttributes", attribute)], &["~1 status"]);
}

#[test]
fn what_the_target_refused_to_make_may_be_there_nevertheless() {
    let ann = || json!({"Username": "ann"});
    let create = |said: Value| step("AdminCreateUser", ann(), said, Ok(json!({})));
    let refusal = refused("UserNotFoundException", "User does not exist.", "user-not-found");
    let read = step("AdminGetUser", ann(), json!({"Username": "ann"}), refusal);
    check(std::slice::from_ref(&read), &["1 status"]);
    check(&[create(json!("!InvalidParameterException")), read.clone()], &["1 status"]);
    let delete = step("AdminDeleteUser", ann(), json!({}), Ok(json!({})));
    let no = create(json!("!InvalidParameterException"));
    check(&[no, delete, read], &["1 status", "3 status"]);
}

#[test]
fn who_refuses_everything_is_told_so_once() {
    let no = json!("!InvalidParameterException");
    let plain = step("AdminGetUser", json!({"Username": "ann"}), no.clone(), Ok(json!({})));
    let refusal = refused("UserNotFoundException", "User does not exist.", "user-not-found");
    let variant = step("AdminGetUser", json!({"Username": "bob"}), no, refusal);
    check(std::slice::from_ref(&variant), &["1 /__type"]);
    check(&[plain.clone(), variant.clone()], &["1 status"]);
    check(&[variant, plain], &["2 status"]);
}

#[test]
fn a_limit_is_that_which_was_asked_for_whatever_its_rate() {
    let limit = |category: &str, rate: u64| {
        let definition =
            json!({"LimitClass": "API_CATEGORY", "Attributes": {"Category": category}});
        json!({"Limit": {
            "LimitDefinition": definition, "FreeLimitValue": rate, "ProvisionedLimitValue": rate,
        }})
    };
    let asked = json!({"LimitDefinition": limit("UserRead", 0)["Limit"]["LimitDefinition"]});
    let read = |said| step("GetProvisionedLimit", asked.clone(), said, Ok(limit("UserRead", 120)));
    check(&[read(limit("UserRead", 500))], &[]);
    check(&[read(limit("UserToken", 120))], &["1 /Limit/LimitDefinition/Attributes/Category"]);
}

#[test]
fn a_read_that_has_to_be_refused_loses_nothing() {
    let group = json!({"GroupName": "g"});
    let made = json!({"Group": {"GroupName": "g", "UserPoolId": POOL}});
    let create = step("CreateGroup", group.clone(), made, Ok(json!({})));
    let lost = json!("!ResourceNotFoundException");
    let lost_by = |ours: Result<Value, Refusal>| {
        let mut steps = transcript(&[
            create.0.clone(),
            step("GetGroup", group.clone(), lost.clone(), ours.clone()).0,
        ]);
        steps.exchanges[1].twin = Some(Twin {
            input: of(OURS, group.clone()),
            answer: ours,
            one_fault: true,
            odd: false,
        });
        let found = examine(catalogue(), &steps).into_iter();
        found.filter(|(property, _)| property.id == "read-your-writes").count()
    };
    assert_eq!(lost_by(Ok(json!({"Group": {"GroupName": "g"}}))), 1);
    assert_eq!(lost_by(broken("1 validation error detected")), 0);
}
