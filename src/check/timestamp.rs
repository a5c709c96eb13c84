//! Timestamps are JSON numbers: seconds since the epoch, fractions allowed.

use serde_json::Value;

use super::{Breach, Check, Promise, answered};
use crate::canonical::each_leaf;
use crate::catalogue::{Catalogue, Volatile};
use crate::outcome::{Evidence, Level};
use crate::pattern::shorten;
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
    each_leaf(call.service, call.operation.output.as_ref(), &output, &mut |at, class, leaf| {
        let seconds = match leaf {
            Value::Number(number) => number.as_f64().is_some_and(|seconds| seconds < LATEST),
            // Other types are the schema check's.
            other => !other.is_string(),
        };
        if class.is_some_and(|class| class.sort == Volatile::Time) && !seconds {
            let expected = "a number of seconds since the epoch";
            found.push(DOCUMENTED.broken(at, expected, shorten(leaf)));
        }
    });
    found
}
