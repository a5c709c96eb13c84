//! The reference as a whole: a bench to call it on, and the rulebook.

mod account;
mod branding;
mod changed_users;
mod client_secrets;
mod devices;
mod factors;
mod garbage;
mod identity_pools;
mod imports;
mod lambda;
mod oauth;
mod passkeys;
mod passwords;
mod pool_extras;
mod pools;
mod providers;
pub(crate) mod random;
mod recipes;
mod resources;
mod sign_in;
mod sign_up;
mod threat_protection;
mod tokens;
mod user_sessions;
mod users;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Answer, Call, Fault, Millis, Reference, State};
use crate::catalogue::{Catalogue, Operation, Service, Source};

const NOW: Millis = 1_700_000_000_123;

pub(super) fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: std::sync::OnceLock<Arc<Catalogue>> = std::sync::OnceLock::new();
    let load = || Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
    CATALOGUE.get_or_init(|| Arc::new(load())).clone()
}

/// A reference with a user pool, an app client and a user.
pub(super) struct Bench {
    pub(super) reference: Reference,
    pub(super) pool: String,
    client: String,
    now: Millis,
}

impl Bench {
    #[track_caller]
    pub(super) fn new(pool: Value) -> Self {
        let reference = Reference::new(catalogue(), 7);
        let mut bench = Self { reference, pool: String::new(), client: String::new(), now: NOW };
        let mut input = json!({"PoolName": "p"});
        input
            .as_object_mut()
            .expect("an object")
            .extend(pool.as_object().cloned().expect("members"));
        let created = bench.ok("CreateUserPool", input);
        bench.pool = created["UserPool"]["Id"].as_str().expect("an id").into();
        let created = bench.ok("CreateUserPoolClient", json!({"ClientName": "c"}));
        bench.client = created["UserPoolClient"]["ClientId"].as_str().expect("an id").into();
        bench
    }

    /// Calls an operation; `UserPoolId` and `ClientId` are filled in where the shape has them.
    fn call(&mut self, operation: &str, mut input: Value) -> Result<Value, Fault> {
        let catalogue = catalogue();
        let (service, shape) = catalogue.operation(operation).expect("a known operation");
        for (name, value) in [("UserPoolId", &self.pool), ("ClientId", &self.client)] {
            if shape.input.member(name).is_some() && input.get(name).is_none() {
                input[name] = json!(value);
            }
        }
        let operation = &shape.name;
        let call = Call { service: &service.info.id, operation, input: &input, signed: true };
        let before = self.reference.state.clone();
        let answer = self.reference.call(&call, self.now);
        assert_declared(service, shape, &answer);
        if answer.is_err() {
            let after = without_counters(self.reference.state.clone());
            assert!(after == without_counters(before), "{operation} was refused, left a trace");
        }
        Ok(answer?.unwrap_or(Value::Null))
    }

    #[track_caller]
    pub(super) fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap_or_else(|fault| {
            panic!("{operation}: {:?}", fault.render(&catalogue(), "cognito-idp"))
        })
    }

    /// Asserts that a call is refused by a rule.
    #[track_caller]
    pub(super) fn refused(&mut self, operation: &str, input: Value, rule: &str) {
        match self.call(operation, input) {
            Err(Fault::Rule { id, .. }) => assert_eq!(id, rule, "{operation}"),
            other => panic!("{operation} should raise {rule}: {other:?}"),
        }
    }

    /// Asserts what a call answers at JSON pointers; `null` stands for an absent member.
    #[track_caller]
    pub(super) fn check(&mut self, operation: &str, input: Value, expected: &[(&str, Value)]) {
        let answer = self.ok(operation, input);
        for (pointer, value) in expected {
            let found = answer.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(found, *value, "{operation}{pointer} of {answer}");
        }
    }
}

/// Returns a state without what refusals leave by design: attempts, lock-outs, used challenges,
/// the history of sign-ins.
fn without_counters(mut state: State) -> State {
    for pool in state.pools.values_mut() {
        let pool = Arc::make_mut(pool);
        pool.challenges.clear();
        for user in pool.users.values_mut() {
            (user.failures, user.locked_until) = (0, None);
            user.attempts.clear();
            user.srp_salt.clear();
            user.auth_events.clear();
        }
    }
    state
}

/// Asserts that an answer has the members and types of the output shape and nothing else, or that
/// the operation declares its error.
#[track_caller]
fn assert_declared(service: &Service, operation: &Operation, answer: &Answer) {
    let name = &operation.name;
    let output = match answer {
        Ok(output) => output,
        Err(fault) => {
            if let Fault::Rule { id, .. } = fault {
                let covers = catalogue().rules.get(id).is_some_and(|rule| rule.covers(name));
                assert!(covers, "{name} raises {id}, which does not speak about it");
            }
            let code = fault.render(&catalogue(), &service.info.id).code;
            let common = service.errors.get(&code).is_some_and(|error| error.common);
            assert!(common || operation.errors.contains(&code), "{name} raises {code}: {fault:?}");
            return;
        }
    };
    assert_eq!(output.is_some(), operation.output.is_some(), "body of {name}");
    let (Some(output), Some(shape)) = (output, &operation.output) else { return };
    let typed = super::validate::typed(service, shape, output).expect("the modelled types");
    assert_eq!(&typed, output, "{name} answers members that the model lacks");
}

fn bench() -> Bench {
    Bench::new(json!({}))
}

/// The text of every source file of the reference, tests apart.
fn sources() -> String {
    let mut text = String::new();
    scan(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/reference"), &mut text);
    text
}

fn scan(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") {
            scan(&path, text);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            *text += &std::fs::read_to_string(&path).expect("a readable file");
        }
    }
}

/// Rules that validation raises without naming them.
fn is_validation(id: &str) -> bool {
    ["constraint-", "serialization-", "identity-constraint"].iter().any(|p| id.starts_with(p))
}

#[test]
fn the_reference_and_the_rulebook_are_in_step() {
    let catalogue = catalogue();
    let sources = sources();
    let raised = regex::Regex::new(r#"Fault::rule\(\s*"([^"]+)""#).expect("a valid pattern");
    let raised = raised.captures_iter(&sources).map(|found| found[1].to_owned());
    let unknown: BTreeSet<_> = raised.filter(|id| catalogue.rules.get(id).is_none()).collect();
    assert!(unknown.is_empty(), "raised, not in the rulebook: {unknown:?}");
    let errors = catalogue.rules.iter().filter(|rule| rule.error.is_some());
    let silent: BTreeSet<_> = errors
        .filter(|rule| rule.unreachable.is_none() && !is_validation(&rule.id))
        .filter(|rule| !sources.contains(&format!("\"{}\"", rule.id)))
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(silent.is_empty(), "in the rulebook, raised nowhere: {silent:?}");
}

#[test]
fn rules_speak_of_declared_errors() {
    let catalogue = catalogue();
    let mut undeclared = Vec::new();
    for rule in catalogue.rules.iter() {
        let service = &catalogue.services[&rule.service];
        let operations = rule.operations.iter().filter_map(|name| service.operations.get(name));
        for code in rule.error.iter().filter(|code| !service.errors[*code].common) {
            let lacking = operations.clone().filter(|operation| !operation.errors.contains(code));
            undeclared.extend(lacking.map(|operation| (&rule.id, code, &operation.name)));
        }
    }
    assert!(undeclared.is_empty(), "{undeclared:?}");
}
