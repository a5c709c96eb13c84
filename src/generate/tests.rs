//! Sweeps over every shape and operation: what is made fits, and what is broken is refused as
//! expected. The judge is the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

use super::broken::{Applied, Expected, Violation, ViolationKind, apply_all, pairs, violations};
use super::dictionary::Dictionary;
use super::values::Values;
use crate::catalogue::{Catalogue, Schema, Source};
use crate::reference::{self, Call, Fault, Reference};

const NOW: u64 = 1_750_000_000_000;

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads"))
}

/// Fails where a value holds what begins an expression.
#[track_caller]
fn assert_no_expression(value: &Value) {
    assert!(!value.to_string().contains("${"), "{value}");
}

#[test]
fn every_shape_has_values_that_fit() {
    let catalogue = catalogue();
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for service in catalogue.services.values() {
        for name in service.shapes.keys() {
            let schema = Schema::named(name);
            for optional in [0.0, 0.3, 0.6, 1.0].repeat(5) {
                let value = values.fitting(service, name, &schema, optional, &mut rng);
                assert!(reference::fits(service, &schema, &value), "{name}: {value}");
                assert_no_expression(&value);
            }
        }
    }
}

#[test]
fn every_input_is_accepted() {
    let catalogue = catalogue();
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (service, operation) in catalogue.operations() {
        let mut reference = Reference::new(catalogue.clone(), 3);
        for optional in [0.0, 0.3, 0.6, 1.0].repeat(5) {
            let input =
                values.fitting(service, &operation.name, &operation.input, optional, &mut rng);
            assert_no_expression(&input);
            let call = Call {
                service: &service.info.id,
                operation: &operation.name,
                input: &input,
                signed: true,
            };
            let answer = reference.call(&call, NOW);
            let refused = matches!(
                answer,
                Err(Fault::Constraints(_) | Fault::Serialization(_) | Fault::Pending)
            );
            assert!(!refused, "{}: {input}\n{answer:?}", operation.name);
        }
    }
}

#[test]
fn every_edge_fits_and_the_edges_are_there() {
    let catalogue = catalogue();
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for service in catalogue.services.values() {
        for (name, shape) in &service.shapes {
            let schema = Schema::named(name);
            let edges = values.boundaries(service, name, &schema, &mut rng);
            assert!(!edges.is_empty(), "{name}");
            for (edge, value) in &edges {
                let shown: String = value.to_string().chars().take(200).collect();
                assert!(reference::fits(service, &schema, value), "{name} {edge}: {shown}");
                assert_no_expression(value);
            }
            let named = |edge: &str| edges.iter().find(|(name, _)| name == edge);
            if shape.maximum.is_some() {
                let greatest = named("greatest").map(|(_, value)| value.as_i64());
                assert_eq!(greatest, Some(shape.maximum), "{name}");
            }
            if let Some(set) = &shape.enumeration {
                assert_eq!(edges.len(), set.len(), "{name}");
            }
        }
    }
}

#[test]
fn a_value_follows_from_the_seed_and_not_from_what_was_made_before() {
    let catalogue = catalogue();
    let (service, operation) = catalogue.operation("CreateUserPool").expect("an operation");
    let made = |before: usize| {
        let mut values = Values::new(Dictionary::ours());
        let mut other = ChaCha8Rng::seed_from_u64(5);
        for _ in 0..before {
            values.fitting(service, &operation.name, &operation.input, 1.0, &mut other);
        }
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        values.fitting(service, &operation.name, &operation.input, 1.0, &mut rng)
    };
    assert_eq!(made(0), made(9));
}

#[test]
fn a_users_values_are_preferred_where_they_belong() {
    let catalogue = catalogue();
    let (service, operation) = catalogue.operation("SignUp").expect("an operation");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "SignUp.Username: [only-here]\n").expect("written");
    let dictionary = Dictionary::load(file.path(), &catalogue).expect("a sound dictionary");
    let mut values = Values::new(dictionary);
    let mut count = |name: &str, schema: &Schema, pointer: &str| {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut made = || values.fitting(service, name, schema, 1.0, &mut rng);
        (0..100).filter(|_| made().pointer(pointer) == Some(&json!("only-here"))).count()
    };
    assert!(count("SignUp", &operation.input, "/Username") > 3);
    let username = Schema::named("UsernameType");
    assert!(count("SignUp.Username", &username, "") > 3);
    assert_eq!(count("Username", &username, ""), 0);
}

#[test]
fn attributes_have_values_of_their_kind() {
    let catalogue = catalogue();
    let (service, _) = catalogue.operation("SignUp").expect("an operation");
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let schema = Schema::named("AttributeType");
    let mut numbers = 0;
    for _ in 0..400 {
        let pair = values.fitting(service, "UserAttributes", &schema, 1.0, &mut rng);
        if pair["Name"] == "phone_number" {
            numbers += 1;
            let number = pair["Value"].as_str().expect("a text");
            assert!(number.trim_start_matches('+').chars().all(|c| c.is_ascii_digit()));
        }
    }
    assert!(numbers > 5);
}

fn found(catalogue: &Catalogue, operation: &str, base: &Value) -> Vec<Violation> {
    let (service, operation) = catalogue.operation(operation).expect("a known operation");
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    violations(service, operation, base, &mut values, &mut rng)
}

/// Answers as the reference's server would.
fn answer(
    reference: &mut Reference,
    service: &str,
    operation: &str,
    sent: &Applied,
) -> Option<Fault> {
    let input = match sent {
        Applied::Input(input) => Ok(input.clone()),
        Applied::Body(text) => serde_json::from_str(text),
    };
    let Ok(input) = input else { return Some(Fault::Serialization(String::new())) };
    let call = Call { service, operation, input: &input, signed: true };
    reference.call(&call, NOW).err()
}

#[test]
fn the_reference_answers_every_violation_as_expected() {
    let catalogue = catalogue();
    let mut values = Values::new(Dictionary::ours());
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut several = BTreeSet::new();
    let mut counts: BTreeMap<ViolationKind, usize> = BTreeMap::new();
    for (service, operation) in catalogue.operations() {
        let (service_id, name) = (&service.info.id, &operation.name);
        for optional in [0.4, 1.0] {
            let base = values.fitting(service, name, &operation.input, optional, &mut rng);
            let mut reference = Reference::new(catalogue.clone(), 3);
            for violation in violations(service, operation, &base, &mut values, &mut rng) {
                *counts.entry(violation.kind).or_default() += 1;
                let sent = violation.apply(&base);
                let fault = answer(&mut reference, service_id, name, &sent);
                let as_expected = match (violation.expected, &fault) {
                    (Expected::Constraint(rule), Some(Fault::Constraints(texts))) => {
                        if texts.len() > 1 {
                            several.insert(violation.kind);
                        }
                        let code = violation.expected.code(service_id);
                        let error = fault.as_ref().map(|f| f.render(&catalogue, service_id));
                        let error = error.expect("a fault");
                        let rule = rule.map(|id| catalogue.rules.get(id).expect("a rule"));
                        !texts.is_empty()
                            && code == Some(&*error.code)
                            && rule.is_none_or(|rule| {
                                texts.len() > 1 || rule.message_matches(&error.message)
                            })
                    }
                    // `null` in a list is refused by a rule of its own.
                    (Expected::Constraint(None), Some(Fault::Rule { id, .. })) => {
                        violation.kind == ViolationKind::Null
                            && id.ends_with("constraint-null-item")
                    }
                    (Expected::Wrapped(rule), Some(Fault::Constraints(texts))) => {
                        texts.len() == 1 && catalogue.rules.get(rule).is_some()
                    }
                    (Expected::Serialization(rule), Some(Fault::Serialization(text))) => {
                        catalogue.rules.get(rule).expect("a rule").message_matches(text)
                    }
                    (Expected::Harmless(rule), fault) => {
                        rule.is_none_or(|id| catalogue.rules.get(id).is_some())
                            && !matches!(
                                fault,
                                Some(Fault::Constraints(_) | Fault::Serialization(_))
                            )
                    }
                    (Expected::Open, _) => true,
                    _ => false,
                };
                let shown: String = format!("{:?}", violation.value).chars().take(200).collect();
                assert!(
                    as_expected,
                    "{name}: {violation} ({shown}), expected {:?}, got {fault:?}",
                    violation.expected
                );
            }
        }
    }
    let missing: Vec<_> = ViolationKind::ALL.iter().filter(|k| !counts.contains_key(k)).collect();
    assert_eq!(missing, Vec::<&ViolationKind>::new());
    // The empty text breaks most patterns too, and not every pattern lets a text get long.
    assert_eq!(
        several.into_iter().collect::<Vec<_>>(),
        [ViolationKind::TooShort, ViolationKind::TooLong]
    );
}

/// Fails unless breaking `base` of `operation` gives exactly one such violation, and returns it.
#[track_caller]
fn check(operation: &str, base: &Value, pointer: &str, kind: ViolationKind, expected: Applied) {
    let all = found(&catalogue(), operation, base);
    let at = |v: &&Violation| v.pointer == pointer && v.kind == kind;
    let applied: Vec<_> = all.iter().filter(at).map(|violation| violation.apply(base)).collect();
    assert!(applied.contains(&expected), "{applied:?}");
}

#[test]
fn one_place_changes_and_expressions_stay() {
    let base = json!({"UserPoolId": "${pool}", "Limit": 5});
    let id = "/UserPoolId";
    let users = |input: Value| Applied::Input(input);
    check("ListUsers", &base, id, ViolationKind::Missing, users(json!({"Limit": 5})));
    check(
        "ListUsers",
        &base,
        "/Limit",
        ViolationKind::AboveRange,
        users(json!({"UserPoolId": "${pool}", "Limit": 61})),
    );
    check(
        "ListUsers",
        &base,
        "/Limit",
        ViolationKind::Fraction,
        users(json!({"UserPoolId": "${pool}", "Limit": 5.5})),
    );
    let huge = Applied::Body(r#"{"Limit":1e400,"UserPoolId":"${pool}"}"#.into());
    check("ListUsers", &base, "/Limit", ViolationKind::HugeNumber, huge);
    let twice = Applied::Body(r#"{"Limit":5,"Limit":5,"UserPoolId":"${pool}"}"#.into());
    check("ListUsers", &base, "/Limit", ViolationKind::DuplicateKey, twice);
    let null = users(json!({"UserPoolId": "${pool}", "Limit": 5, "Filter": null}));
    check("ListUsers", &base, "/Filter", ViolationKind::Null, null);
}

#[test]
fn pairs_lie_apart_and_are_few() {
    let base = json!({"ClientId": "c", "Username": "u", "Password": "Passw0rd!",
        "UserAttributes": [{"Name": "email", "Value": "a@b.c"}]});
    let all = found(&catalogue(), "SignUp", &base);
    let pairs = pairs(&all);
    assert!((10..=48).contains(&pairs.len()), "{} pairs", pairs.len());
    for (one, other) in pairs {
        let (one, other) = (&all[one], &all[other]);
        let (both, mirrored) = (apply_all(&[one, other], &base), apply_all(&[other, one], &base));
        assert_eq!(both, mirrored, "{one}, {other}: neither place lies in the other");
        assert_ne!(both, one.apply(&base));
    }
}

#[test]
fn the_same_input_is_broken_in_the_same_ways() {
    let base = json!({"PoolName": "p", "Policies": {"PasswordPolicy": {"MinimumLength": 8}}});
    let catalogue = catalogue();
    assert_eq!(
        found(&catalogue, "CreateUserPool", &base),
        found(&catalogue, "CreateUserPool", &base)
    );
}
