//! A success body fits the operation's output shape: types, required members, enum values.
//!
//! Lengths, ranges and patterns of answers are not checked: the service itself breaks them (its
//! attribute name `phone_number_verified` is longer than the model allows).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind};
use serde_json::{Map, Value, json};

use super::{Breach, Check, Promise, answered, preview};
use crate::catalogue::{Catalogue, Kind, Operation, Schema, Service};
use crate::outcome::{Evidence, Level};
use crate::pattern::shorten;
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "schema",
    level: Level::Schema,
    asks: "a success body fits the operation's output shape",
    promises: &[MODELLED, SHARED, NOT_IN_MODEL, NULL],
    examine,
};

const MODELLED: Promise = Promise::new(Evidence::Modelled, "service model, output shape");
/// Where a shape is also sent, `required` binds the sender: the service answers `"CustomDomainConfig":
/// {}` for a domain of its own, although the shape requires `CertificateArn`.
const SHARED: Promise = Promise::new(
    Evidence::Inferred,
    "service model, a shape that requests share (aws/aws-cli awscli/examples/cognito-idp/describe-user-pool-domain.rst leaves out a required member of one)",
);
/// The service grows values and members before the published model does.
const NOT_IN_MODEL: Promise = Promise::new(
    Evidence::Inferred,
    "not in the service model of this catalogue; harmless to clients unless they rely on it",
);
const NULL: Promise = Promise::new(
    Evidence::Inferred,
    "recorded answers leave absent members out; clients cannot tell",
);

/// Most breaches reported of one answer.
const MOST: usize = 20;

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let Some(shape) = call.operation.output.as_ref().filter(|_| call.response.is_success()) else {
        return Vec::new();
    };
    let body = match call.response.json() {
        Ok(Some(body)) => body,
        // `{}` where nothing is declared is `void-body`'s.
        Ok(None) if shape.properties.iter().all(BTreeMap::is_empty) => return Vec::new(),
        _ => return vec![MODELLED.broken("body", "a JSON object", preview(call.response))],
    };
    let mut found = Vec::new();
    let body = match has_nulls(&body) {
        true => {
            let mut body = body.into_owned();
            drop_nulls(&mut body, "", &mut found);
            Cow::Owned(body)
        }
        false => body,
    };
    let validator = validator(call.service, call.operation, shape);
    found.extend(validator.iter_errors(&body).flat_map(|error| breaches(call.service, error)));
    once_each(found)
}

fn has_nulls(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().any(|v| v.is_null() || has_nulls(v)),
        Value::Array(items) => items.iter().any(has_nulls),
        _ => false,
    }
}

/// Takes `null` members out, noting each: to every client they are absent.
fn drop_nulls(value: &mut Value, at: &str, found: &mut Vec<Breach>) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| {
                if member.is_null() {
                    let pointer = format!("{at}/{}", crate::pointer::escaped(name));
                    found.push(NULL.broken(pointer, "absent", "null"));
                }
                !member.is_null()
            });
            for (name, member) in members {
                drop_nulls(member, &format!("{at}/{}", crate::pointer::escaped(name)), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                drop_nulls(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn breaches(service: &Service, error: ValidationError<'_>) -> Vec<Breach> {
    let at = error.instance_path().as_str();
    let actual = || shorten(error.instance());
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let expected = format!("required member {name}");
            let promise = if is_shared(service, &error) { SHARED } else { MODELLED };
            vec![promise.broken(
                format!("{at}/{}", crate::pointer::escaped(name)),
                expected,
                "absent",
            )]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let extra = |name: &String| {
                let value = error.instance().get(name).map_or_else(String::new, shorten);
                NOT_IN_MODEL.broken(
                    format!("{at}/{}", crate::pointer::escaped(name)),
                    "absent",
                    value,
                )
            };
            unexpected.iter().map(extra).collect()
        }
        ValidationErrorKind::Enum { options } => {
            vec![NOT_IN_MODEL.broken(at, format!("one of {}", shorten(options)), actual())]
        }
        ValidationErrorKind::Type { kind } => vec![MODELLED.broken(at, types(kind), actual())],
        other => vec![MODELLED.broken(at, other.keyword(), actual())],
    }
}

/// Tells whether the shape that an answer breaks is also one that callers send.
fn is_shared(service: &Service, error: &ValidationError<'_>) -> bool {
    let path = error.schema_path().as_str();
    let Some(name) = path.strip_prefix("/$defs/").and_then(|rest| rest.split('/').next()) else {
        return false;
    };
    let mut sent = BTreeMap::new();
    for operation in service.operations.values() {
        collect(service, &operation.input, &mut sent);
    }
    sent.contains_key(name)
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => format!("type {one}"),
        TypeKind::Multiple(several) => {
            let names: Vec<_> = several.iter().map(|one| one.to_string()).collect();
            format!("type {}", names.join(" or "))
        }
    }
}

/// Keeps the first breach of each kind: two hundred users with one flaw are one finding.
fn once_each(found: Vec<Breach>) -> Vec<Breach> {
    let mut seen = BTreeSet::new();
    let first = found.into_iter().filter(|breach| {
        seen.insert((super::finding_id(CHECK.id, "", breach), breach.expected.clone()))
    });
    first.take(MOST).collect()
}

/// Compiled output shapes, by the service's serial number and the operation.
type Cache = Mutex<HashMap<u64, HashMap<String, Arc<Validator>>>>;
static COMPILED: LazyLock<Cache> = LazyLock::new(Mutex::default);

/// Returns the validator of an output shape, compiled on first use.
fn validator(service: &Service, operation: &Operation, output: &Schema) -> Arc<Validator> {
    let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = cache.entry(service.serial.get()).or_default();
    if let Some(hit) = known.get(&operation.name) {
        return hit.clone();
    }
    let mut shapes = BTreeMap::new();
    collect(service, output, &mut shapes);
    let mut document = strip(output);
    let defs: Map<_, _> = shapes.iter().map(|(n, s)| ((*n).to_owned(), strip(s))).collect();
    document["$defs"] = Value::Object(defs);
    let built = jsonschema::draft202012::new(&document);
    let validator = Arc::new(built.expect("types, members and enums make a valid schema"));
    known.insert(operation.name.clone(), validator.clone());
    validator
}

/// Collects the named shapes that `schema` reaches.
fn collect<'a>(
    service: &'a Service,
    schema: &'a Schema,
    shapes: &mut BTreeMap<&'a str, &'a Schema>,
) {
    let mut next = Vec::new();
    schema.walk("", &mut |_, part| next.extend(part.target()));
    for name in next {
        if let Some(shape) = service.shapes.get(name)
            && shapes.insert(name, shape).is_none()
        {
            collect(service, shape, shapes);
        }
    }
}

/// Returns the part of a shape that answers are held to, as JSON Schema.
fn strip(schema: &Schema) -> Value {
    let mut out = Map::new();
    if let Some(name) = schema.target() {
        return json!({"$ref": format!("#/$defs/{name}")});
    }
    if schema.timestamp.is_some() {
        // Strings are the timestamp check's.
        return json!({"type": ["number", "string"]});
    }
    if let Some(kind) = schema.kind {
        out.insert("type".into(), json!(name_of(kind)));
    }
    if let Some(members) = &schema.properties {
        let members: Map<_, _> = members.iter().map(|(n, s)| (n.clone(), strip(s))).collect();
        out.insert("properties".into(), Value::Object(members));
        out.insert("additionalProperties".into(), Value::Bool(false));
    }
    if !schema.required.is_empty() {
        out.insert("required".into(), json!(schema.required));
    }
    if let Some(items) = &schema.items {
        out.insert("items".into(), strip(items));
    }
    if let Some(values) = &schema.additional_properties {
        out.insert("additionalProperties".into(), strip(values));
    }
    if let Some(values) = &schema.enumeration {
        out.insert("enum".into(), json!(values));
    }
    Value::Object(out)
}

fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "object",
        Kind::Array => "array",
        Kind::String => "string",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::Boolean => "boolean",
    }
}
