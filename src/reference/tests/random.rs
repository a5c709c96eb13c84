//! Calls at random, valid and not: nothing panics, every answer is one the model declares, and a
//! refused call leaves no trace.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Millis, NOW, Reference, assert_declared, catalogue, without_counters};
use crate::catalogue::{Kind, Schema, Service};
use crate::reference::constraint;

/// Calls of one sequence; a debug build makes fewer sequences.
const CALLS: usize = 400;
const SEQUENCES: u32 = if cfg!(debug_assertions) { 10 } else { 250 };

/// One call in this many is checked for traces: that costs a copy of the state.
const TRACED: u64 = 8;

/// Texts that satisfy some shape or other.
const FITTING: [&str; 22] = [
    "ann",
    "bob",
    "ann@example.com",
    "+4912345678901",
    "Passw0rd!Passw0rd!",
    "123456",
    "email",
    "custom:tier",
    "name",
    "https://a.example/callback",
    "a-prefix",
    "accounts.google.com",
    "arn:aws:iam::123456789012:role/r",
    "arn:aws:lambda:us-east-1:123456789012:function:f",
    "us-east-1_unknown00",
    "us-east-1:00000000-0000-4000-8000-000000000000",
    "eu-west-1",
    "openid",
    "Your code is {####}",
    "email = \"ann@example.com\"",
    "0",
    "A",
];

/// Texts that satisfy hardly any.
const HOSTILE: [&str; 10] = [
    "",
    " ",
    "\u{0}",
    "\u{202e}ünï",
    "a.b.c",
    "eyJhbGciOiJSUzI1NiJ9.e30.e30",
    "../../etc/passwd",
    "{####",
    "\"unclosed ^= \\",
    "💥",
];

/// A reference, and the values it was given and gave, by member name.
pub(crate) struct World {
    reference: Reference,
    now: Millis,
    learned: BTreeMap<String, Vec<Value>>,
    noise: u64,
    /// What was called and answered, in order: service, operation, input, whether
    /// it was signed, answer.
    pub(crate) told: Vec<(String, String, Value, bool, Answer)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let reference = Reference::new(catalogue(), 11);
        Self { reference, now: NOW, learned: BTreeMap::new(), noise: 0, told: Vec::new() }
    }

    /// Returns a number below `n`, drawn from the call's own noise.
    fn draw(&mut self, n: usize) -> usize {
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.noise >> 33) as usize % n.max(1)
    }

    fn learn(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, v)| self.learn(name, v)),
            Value::Array(items) => items.iter().for_each(|item| self.learn(name, item)),
            Value::String(_) => {
                let known = self.learned.entry(name.to_owned()).or_default();
                if known.len() < 12 {
                    known.push(value.clone());
                } else {
                    let index = self.draw(12);
                    if let Some(slot) = self.learned.get_mut(name).and_then(|k| k.get_mut(index)) {
                        *slot = value.clone();
                    }
                }
            }
            _ => {}
        }
    }

    fn structure(&mut self, service: &Service, schema: &Schema, depth: usize) -> Value {
        let mut members = Map::new();
        for (name, member) in schema.properties.iter().flatten() {
            let wanted = schema.required.contains(name) && self.draw(40) > 0;
            if wanted || self.draw(4 + depth * 2) == 0 {
                members.insert(name.clone(), self.value(service, name, member, depth + 1));
            }
        }
        Value::Object(members)
    }

    fn value(&mut self, service: &Service, name: &str, schema: &Schema, depth: usize) -> Value {
        let schema = service.resolve(schema);
        if self.draw(60) == 0 || depth > 6 {
            return self.odd();
        }
        match schema.kind {
            Some(Kind::Object) if schema.properties.is_some() => {
                self.structure(service, schema, depth)
            }
            Some(Kind::Object) => {
                let values = schema.additional_properties.as_deref();
                let mut map = Map::new();
                for _ in 0..self.draw(3) {
                    let key = self.text(name, schema.property_names.as_deref());
                    let value =
                        values.map_or(json!("x"), |v| self.value(service, name, v, depth + 1));
                    map.insert(key.as_str().unwrap_or("key").to_owned(), value);
                }
                Value::Object(map)
            }
            Some(Kind::Array) => {
                let item = schema.items.as_deref();
                let count = self.draw(3);
                let mut item =
                    || item.map_or(json!("x"), |i| self.value(service, name, i, depth + 1));
                (0..count).map(|_| item()).collect()
            }
            Some(Kind::Boolean) => json!(self.draw(2) == 0),
            Some(Kind::Integer | Kind::Number) => {
                let numbers = [0, 1, 2, 5, 8, 60, 3600, -1, i64::MAX, 1_000_000];
                json!(numbers[self.draw(numbers.len())])
            }
            _ => self.text(name, Some(schema)),
        }
    }

    /// Returns a text that was seen under this name, or one that fits, or one that hardly does.
    fn text(&mut self, name: &str, schema: Option<&Schema>) -> Value {
        let die = self.draw(20);
        if let Some(set) = schema.and_then(|schema| schema.enumeration.as_ref())
            && die > 0
        {
            return json!(set.iter().nth(self.draw(set.len())));
        }
        if die > 4
            && let Some(known) = self.learned.get(name).map(Vec::len).filter(|count| *count > 0)
        {
            let index = self.draw(known);
            return self.learned[name][index].clone();
        }
        if die == 1 {
            return json!(HOSTILE[self.draw(HOSTILE.len())]);
        }
        let first = self.draw(FITTING.len());
        let candidates = FITTING.iter().cycle().skip(first).take(FITTING.len());
        let mut candidates = candidates.map(|text| json!(text));
        let fits = |value: &Value| schema.is_none_or(|s| constraint::broken(s, value).is_empty());
        candidates.find(fits).unwrap_or_else(|| json!(HOSTILE[first % HOSTILE.len()]))
    }

    fn odd(&mut self) -> Value {
        let odd = [json!(null), json!(0), json!(1.5), json!(true), json!([null]), json!({"a": []})];
        odd[self.draw(odd.len())].clone()
    }

    /// Makes one call; everything about it follows from `operation` and `noise`.
    pub(crate) fn call(&mut self, operation: usize, noise: u64) {
        self.noise = noise;
        let catalogue = catalogue();
        let operations: Vec<_> = catalogue.operations().collect();
        let (service, operation) = operations[operation % operations.len()];
        // Pools go seldom, or nothing would ever live in one.
        if operation.name.starts_with("DeleteUserPool") && self.draw(8) > 0 {
            return;
        }
        let input = self.structure(service, &operation.input, 0);
        let signed = self.draw(50) > 0;
        self.now += [0, 1, 1000, 60_000, 3_600_000][self.draw(5)];
        let (service_id, name) = (&service.info.id, &operation.name);
        let call = Call { service: service_id, operation: name, input: &input, signed };
        let before = noise.is_multiple_of(TRACED).then(|| self.reference.state.clone());
        let answer = self.reference.call(&call, self.now);
        assert_declared(service, operation, &answer);
        match (&answer, before) {
            (Ok(output), _) => {
                self.learn("", &input);
                self.learn("", output.as_ref().unwrap_or(&Value::Null));
            }
            (Err(_), Some(before)) => {
                let after = without_counters(self.reference.state.clone());
                assert!(after == without_counters(before), "{name} was refused, left a trace");
            }
            _ => {}
        }
        self.told.push((service_id.clone(), name.clone(), input, signed, answer));
        if let Some(message) = self.reference.state.outbox.back() {
            let code = json!(message.code);
            self.learn("ConfirmationCode", &code);
            self.learn("Code", &code);
        }
    }
}

#[test]
fn random_calls_are_answered_as_declared_and_leave_no_trace_when_refused() {
    let config = Config {
        cases: SEQUENCES,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let sequences = prop::collection::vec((any::<usize>(), any::<u64>()), CALLS);
    let run = runner.run(&sequences, |calls| {
        let mut world = World::new();
        calls.into_iter().for_each(|(operation, noise)| world.call(operation, noise));
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
}
