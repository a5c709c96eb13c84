//! An error body is a JSON object with `__type` and `message`.

use serde_json::Value;

use super::{Answered, Breach, Check, Promise, answered, preview};
use crate::catalogue::{Catalogue, Fault};
use crate::outcome::{Evidence, Level};
use crate::pattern::shorten;
use crate::transcript::Exchange;
use crate::wire::bare_code;

pub(super) const CHECK: Check = Check {
    id: "error-body",
    level: Level::Wire,
    asks: "an error is a JSON object with a bare `__type` and a `message`",
    promises: &[SEEN, TOO_LARGE],
    examine,
};

const SEEN: Promise = Promise::new(
    Evidence::Observed,
    "ellaisys/aws-cognito issue 94; aws-amplify/amplify-js issue 1906",
);
/// No recording shows what refuses a request for its size: it need not be the service itself.
const TOO_LARGE: Promise =
    Promise::new(Evidence::Inferred, "as for the service's own errors, which were observed");

/// Codes raised in front of the service: seen with the text under `Message`.
///
/// Source: aws-samples/resource-control-policy-examples issue 18 (policy engine); the protocol
/// layer's refusal of a body it cannot parse.
const CAPITAL_MESSAGE: [&str; 2] = ["AccessDeniedException", "SerializationException"];
/// Codes of the protocol layer, seen without any text.
///
/// Source: amazon-archives/amazon-cognito-identity-js issue 485.
const WITHOUT_MESSAGE: [&str; 2] = ["SerializationException", "UnknownOperationException"];

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    // What a fault of the server looks like was never recorded; `server-fault` tells of it.
    if call.response.is_success() || call.response.status >= 500 {
        return Vec::new();
    }
    let promise = if call.response.status == 413 { &TOO_LARGE } else { &SEEN };
    match call.response.json() {
        Ok(Some(body)) if body.is_object() => {
            let message = message_breach(&call, &body, promise);
            type_breach(&body, promise).into_iter().chain(message).collect()
        }
        _ => {
            let expected = "a JSON object with `__type` and `message`";
            vec![promise.broken("body", expected, preview(call.response))]
        }
    }
}

fn type_breach(body: &Value, promise: &Promise) -> Option<Breach> {
    let expected = "the bare error code under `__type`";
    match body.get("__type") {
        None => Some(promise.broken("/__type", expected, "absent")),
        Some(Value::String(code)) if !code.is_empty() && bare_code(code) == code => None,
        Some(other) => Some(promise.broken("/__type", expected, shorten(other))),
    }
}

fn message_breach(call: &Answered<'_>, body: &Value, promise: &Promise) -> Option<Breach> {
    let code = call.response.error_code().unwrap_or_default();
    let exempt = |codes: &[&str]| codes.contains(&code.as_str());
    let known = call.service.errors.get(&code);
    let server = known.is_some_and(|error| error.fault == Fault::Server);
    let expected = "the error's text under `message`";
    match (body.get("message"), body.get("Message")) {
        (Some(Value::String(_)), _) => None,
        (Some(Value::Null) | None, None | Some(Value::Null)) => {
            let silent = server || exempt(&WITHOUT_MESSAGE);
            (!silent).then(|| promise.broken("/message", expected, "absent"))
        }
        (None, Some(Value::String(_))) if exempt(&CAPITAL_MESSAGE) => None,
        (None, Some(_)) => Some(promise.broken("/message", expected, "it stands under `Message`")),
        (Some(other), _) => Some(promise.broken("/message", expected, shorten(other))),
    }
}
