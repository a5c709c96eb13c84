//! Does a generated case that is written down read back as the same case?

use std::collections::BTreeMap;
use std::sync::Arc;

use cognito_conformance::generate::Generator;
use cognito_conformance::generate::dictionary::Dictionary;
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::scenario::{
    Action, Caller, Expect, Files, RawBody, Scenario, Source, Step, read, write,
};
use cognito_conformance::suite::{Sources, Suite};
use serde_json::{Value, json};

fn generator(suite: &Suite) -> Generator {
    let recipes = Recipes::load(&Source::Embedded, &suite.catalogue).expect("sound recipes");
    Generator::new(suite.catalogue.clone(), Arc::new(recipes), Dictionary::ours(), 7)
}

/// Returns what a step does and expects, without where it stands.
fn essence(step: &Step) -> Value {
    let does = match &step.action {
        Action::Call { service, operation, with, caller, pages, together } => {
            let caller = match caller {
                Caller::Holder(token) => token.value(),
                other => json!(format!("{other:?}")),
            };
            json!([service, operation, with.value(), caller, pages, together])
        }
        Action::Raw { service, operation, method, path, headers, body, signed } => {
            let body = match body {
                RawBody::Value(node) => node.value(),
                RawBody::Bytes(bytes) => json!(bytes),
            };
            json!([service, operation, method, path.value(), headers.value(), body, signed])
        }
        Action::Mail { pool, username, save, save_body, save_subject } => {
            json!([pool.value(), username.value(), save, save_body, save_subject])
        }
        Action::Clock(seconds) => json!(["clock", seconds.value()]),
        Action::Wait(ms) => json!(["wait", ms]),
        Action::Invoked { function } => json!(["invoked", function]),
        Action::Let(bindings) => {
            json!(
                bindings.iter().map(|(name, node)| json!([name, node.value()])).collect::<Vec<_>>()
            )
        }
    };
    let asks = matches!(step.action, Action::Call { .. } | Action::Raw { .. });
    let expects = match &step.expect {
        _ if !asks => Value::Null,
        Expect::Output(node) => json!(["output", node.value()]),
        Expect::Error(rules, node) => json!(["error", rules, node.value()]),
        Expect::Raw { .. } => json!("raw"),
        Expect::Anything => json!("anything"),
    };
    json!([does, expects, step.save, step.eventually, step.one_fault])
}

/// Writes cases down and reads them again.
#[track_caller]
fn check<'a>(suite: &Suite, cases: impl Iterator<Item = &'a Scenario>) {
    let cases: BTreeMap<String, &Scenario> =
        cases.map(|case| (format!("{}.yaml", case.id), case)).collect();
    assert!(!cases.is_empty());
    let files: Files =
        cases.iter().map(|(path, case)| (path.clone(), write::scenario(case))).collect();
    let again = read(&files, &Source::Embedded, &suite.catalogue);
    let again = again.unwrap_or_else(|errors| panic!("{}", errors[0]));
    assert_eq!(again.len(), cases.len());
    let essences = |case: &Scenario| case.steps.iter().map(essence).collect::<Vec<_>>();
    for again in &again {
        let case = cases[&again.id];
        let (wrote, read) = (essences(case), essences(again));
        for (index, (wrote, read)) in wrote.iter().zip(&read).enumerate() {
            assert_eq!(wrote, read, "{}, step {}", case.id, index + 1);
        }
        assert_eq!(wrote.len(), read.len(), "{}", case.id);
        assert_eq!(again.needs, case.needs, "{}", case.id);
        assert_eq!(write::scenario(again), files[&again.id], "{}", case.id);
    }
}

#[test]
fn coverage_cases_read_back_as_the_same() {
    let suite = Suite::load(&Sources::default()).expect("the suite loads");
    let mut generator = generator(&suite);
    let operations = [
        ("cognito-idp", "AdminCreateUser"),
        ("cognito-idp", "CreateUserPool"),
        ("cognito-idp", "UpdateUserPoolClient"),
        ("cognito-idp", "ConfirmForgotPassword"),
        ("cognito-idp", "RespondToAuthChallenge"),
        ("cognito-idp", "ListUsers"),
        ("cognito-identity", "TagResource"),
    ];
    for (service, operation) in operations {
        check(&suite, generator.coverage(service, operation).iter());
    }
}

#[test]
fn random_sequences_read_back_as_the_same() {
    let suite = Suite::load(&Sources::default()).expect("the suite loads");
    let mut generator = generator(&suite);
    let sequences = (0..300).filter_map(|number| generator.random(number, 20));
    check(&suite, sequences.collect::<Vec<_>>().iter());
}

#[test]
fn written_cases_read_back_as_the_same() {
    let suite = Suite::load(&Sources::default()).expect("the suite loads");
    check(&suite, suite.cases.iter().map(AsRef::as_ref));
}

#[test]
fn a_step_whose_binding_is_gone_is_left_out() {
    let suite = Suite::load(&Sources::default()).expect("the suite loads");
    let mut cases = generator(&suite).coverage("cognito-idp", "AdminGetUser");
    let mut case = cases.swap_remove(0);
    let makes_the_pool = |step: &Step| matches!(&step.action, Action::Call { operation, .. } if operation == "CreateUserPool");
    let whole = case.steps.len();
    let first = case.steps.iter().position(makes_the_pool).expect("a pool is made");
    case.steps.remove(first);
    let files = Files::from([("saved.yaml".to_owned(), write::scenario(&case))]);
    // What is left may be nothing at all, which is no scenario.
    if let Ok(again) = read(&files, &Source::Embedded, &suite.catalogue) {
        assert!(again[0].steps.len() < whole - 1);
    }
}
