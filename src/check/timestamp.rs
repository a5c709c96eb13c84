//! Timestamps are JSON numbers: seconds since the epoch, fractions allowed.

use serde_json::Value;

use super::{Breach, Check, Promise, answered};
use crate::catalogue::{Catalogue, Schema, Service};
use crate::outcome::{Evidence, Level};
use crate::pattern::shorten;
use crate::pointer;
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "timestamp",
    level: Level::Wire,
    asks: "timestamps are JSON numbers of seconds since the epoch",
    promises: &[DOCUMENTED],
    examine,
};

const DOCUMENTED: Promise = Promise::new(
    Evidence::Documented,
    "aws/aws-cli awscli/examples/cognito-idp/admin-create-user.rst (1548099495.428)",
);

/// Seconds up to the year 5138; milliseconds since 1973 are beyond.
const LATEST: f64 = 1e11;

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let Some(output) = call.output() else { return Vec::new() };
    let mut found = Vec::new();
    let shape = call.operation.output.as_ref();
    walk(call.service, shape, &output, &mut String::new(), &mut found);
    found
}

/// Looks where the shape leads: nothing else is a timestamp.
fn walk(
    service: &Service,
    schema: Option<&Schema>,
    value: &Value,
    at: &mut String,
    found: &mut Vec<Breach>,
) {
    let Some(schema) = schema else { return };
    if schema.target().is_some_and(|shape| !service.holds_times(shape)) {
        return;
    }
    let schema = service.resolve(schema);
    let above = at.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let inner = schema.member(name).or(schema.additional_properties.as_deref());
                pointer::push(at, name);
                walk(service, inner, member, at, found);
                at.truncate(above);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                walk(service, schema.items.as_deref(), item, at, found);
                at.truncate(above);
            }
        }
        leaf => {
            let seconds = match leaf {
                Value::Number(number) => number.as_f64().is_some_and(|seconds| seconds < LATEST),
                // Other types are the schema check's.
                other => !other.is_string(),
            };
            if schema.is_time() && !seconds {
                let expected = "a number of seconds since the epoch";
                found.push(DOCUMENTED.broken(at.as_str(), expected, shorten(leaf)));
            }
        }
    }
}
