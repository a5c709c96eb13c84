//! Operations without an output answer with nothing, those with an empty one with `{}`.

use super::{Breach, Check, Promise, answered, preview};
use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "void-body",
    level: Level::Wire,
    asks: "no output shape means a zero-length body, an empty structure means `{}`",
    promises: &[SEEN, MODELLED],
    examine,
};

const SEEN: Promise = Promise::new(
    Evidence::Observed,
    "recordings, cloud-custodian/cloud-custodian tests/data/placebo (DeleteUserPool_1.json, DeleteIdentityPool_1.json)",
);
const MODELLED: Promise = Promise::new(Evidence::Modelled, "service model, output shape");

/// The operations whose zero-length body was recorded.
const RECORDED: [&str; 2] = ["DeleteUserPool", "DeleteIdentityPool"];

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    if !call.response.is_success() {
        return Vec::new();
    }
    let empty = call.response.body.is_empty();
    match &call.operation.output {
        None if !empty => {
            let seen = RECORDED.contains(&call.operation.name.as_str());
            let promise = if seen { SEEN } else { MODELLED };
            vec![promise.broken("body", "a zero-length body", preview(call.response))]
        }
        Some(shape) if empty && shape.properties.iter().all(|members| members.is_empty()) => {
            vec![MODELLED.broken("body", "{}", "an empty body")]
        }
        _ => Vec::new(),
    }
}
