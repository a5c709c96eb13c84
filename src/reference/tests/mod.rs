//! The reference as a whole: a bench to call it on, the rulebook, random calls.

mod pools;
mod resources;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Fault, Millis, Reference};
use crate::catalogue::{Catalogue, Operation, Service, Source};

const NOW: Millis = 1_700_000_000_123;

pub(super) fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: std::sync::OnceLock<Arc<Catalogue>> = std::sync::OnceLock::new();
    let load = || Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
    CATALOGUE.get_or_init(|| Arc::new(load())).clone()
}

/// A reference with a user pool, an app client and a user.
pub(super) struct Bench {
    reference: Reference,
    pool: String,
    client: String,
}

impl Bench {
    #[track_caller]
    pub(super) fn new(pool: Value) -> Self {
        let reference = Reference::new(catalogue(), 7);
        let mut bench = Self { reference, pool: String::new(), client: String::new() };
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
        let call = Call { service: &service.info.id, operation, input: &input, signed: true };
        let before = self.reference.state.clone();
        let answer = self.reference.call(&call, NOW);
        match &answer {
            Ok(output) => assert_declared(service, shape, output.as_ref()),
            Err(fault) => {
                let code = fault.render(&catalogue, &service.info.id).code;
                let common = service.errors.get(&code).is_some_and(|error| error.common);
                assert!(common || shape.errors.contains(&code), "{operation} raises {code}");
                assert!(self.reference.state == before, "{operation} was refused, left a trace");
            }
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

/// Asserts that an answer has the members and types of the output shape, and nothing else.
#[track_caller]
fn assert_declared(service: &Service, operation: &Operation, output: Option<&Value>) {
    assert_eq!(output.is_some(), operation.output.is_some(), "body of {}", operation.name);
    let (Some(output), Some(shape)) = (output, &operation.output) else { return };
    let typed = super::validate::typed(service, shape, output).expect("the modelled types");
    assert_eq!(&typed, output, "{} answers members that the model lacks", operation.name);
}

fn bench() -> Bench {
    Bench::new(json!({}))
}

/// Rule ids that the source files raise.
fn raised() -> BTreeMap<String, Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/reference");
    let mut raised = BTreeMap::new();
    scan(std::path::Path::new(folder), &mut raised);
    raised
}

fn scan(folder: &std::path::Path, raised: &mut BTreeMap<String, Vec<String>>) {
    let pattern = regex::Regex::new(r#"Fault::rule\(\s*"([^"]+)""#).expect("a valid pattern");
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("tests") {
                scan(&path, raised);
            }
            continue;
        }
        if path.extension().is_none_or(|ext| ext != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for found in pattern.captures_iter(&text) {
            raised.entry(found[1].to_owned()).or_default().push(file.clone());
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
    let raised = raised();
    let unknown: Vec<_> =
        raised.iter().filter(|(id, _)| catalogue.rules.get(id).is_none()).collect();
    assert!(unknown.is_empty(), "raised, not in the rulebook: {unknown:?}");
    let errors = catalogue.rules.iter().filter(|rule| rule.error.is_some());
    let silent: BTreeSet<_> = errors
        .filter(|rule| rule.unreachable.is_none() && !is_validation(&rule.id))
        .filter(|rule| !raised.contains_key(&rule.id))
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(silent.is_empty(), "in the rulebook, raised nowhere: {silent:?}");
}

#[test]
fn random_calls_never_panic_and_refusals_leave_no_trace() {
    let mut bench = bench();
    bench.ok("AdminCreateUser", json!({"Username": "ann"}));
    let catalogue = catalogue();
    let mut seed: u64 = 42;
    let mut draw = move |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let values = [
        json!(null),
        json!(""),
        json!("ann"),
        json!("a@b.c"),
        json!("+4912345678"),
        json!(0),
        json!(61),
        json!(true),
        json!([]),
        json!(["email"]),
        json!({}),
        json!([{"Name": "email", "Value": "ä"}]),
        json!({"a": "b"}),
        json!([null]),
        json!(1.5),
        json!(-1),
        json!("us-east-1_unknown"),
    ];
    let operations: Vec<_> =
        catalogue.operations().map(|(s, op)| (s.info.id.as_str(), op)).collect();
    for _ in 0..4000 {
        let (service, operation) = operations[draw(operations.len())];
        let mut input = json!({});
        for name in operation.input.properties.iter().flatten().map(|(name, _)| name) {
            let value = match name.as_str() {
                "UserPoolId" if draw(8) > 0 => json!(bench.pool),
                "ClientId" if draw(8) > 0 => json!(bench.client),
                "Username" | "GroupName" if draw(4) > 0 => json!("ann"),
                _ if operation.input.required.contains(name) || draw(3) == 0 => {
                    values[draw(values.len())].clone()
                }
                _ => continue,
            };
            input[name] = value;
        }
        if operation.name == "DeleteUserPool" || operation.name == "UpdateUserPool" {
            continue;
        }
        let call = Call { service, operation: &operation.name, input: &input, signed: true };
        // Some refusals are remembered: a wrong password counts.
        let _ = bench.reference.call(&call, NOW);
    }
}
