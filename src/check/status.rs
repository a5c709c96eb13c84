//! Every client error is HTTP 400, every server fault 500, every success 200.

use super::{Breach, Check, Promise, answered};
use crate::catalogue::{Catalogue, Fault};
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "status",
    level: Level::Wire,
    asks: "success is 200, a client's error 400, a fault of the service 500",
    promises: &[SUCCESS, CLIENT, SERVER, UNKNOWN],
    examine,
};

const SUCCESS: Promise = Promise::new(
    Evidence::Observed,
    "recordings, cloud-custodian/cloud-custodian tests/data/placebo/test_cognito-user-pool",
);
/// One published model says 401, 403, 404 and 429; no recording does.
const CLIENT: Promise = Promise::new(
    Evidence::Observed,
    "every recorded error: aws-amplify/amplify-js issues 1906 and 2443, ellaisys/aws-cognito issue 94",
);
const SERVER: Promise = Promise::new(Evidence::Modelled, "service model, `httpStatusCode` 500");
const UNKNOWN: Promise =
    Promise::new(Evidence::Inferred, "AWS JSON 1.1: client errors are 400, server faults 500");

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let status = call.response.status;
    let code = call.refusal();
    let known = code.as_ref().and_then(|code| call.service.errors.get(code));
    let (promise, expected) = match (status, known) {
        (200..300, _) => (SUCCESS, 200),
        (_, Some(error)) if error.fault == Fault::Server => (SERVER, error.status),
        (_, Some(error)) => (CLIENT, error.status),
        (400..500, None) => (UNKNOWN, 400),
        (500..600, None) => (UNKNOWN, 500),
        _ => (CLIENT, 400),
    };
    if status == expected {
        return Vec::new();
    }
    let of = code.map_or_else(String::new, |code| format!(" for `{code}`"));
    vec![promise.broken("status", format!("{expected}{of}"), status.to_string())]
}
