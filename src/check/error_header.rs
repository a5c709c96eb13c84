//! Error code and message also stand in `x-amzn-errortype` and `x-amzn-errormessage`.

use super::{Answered, Breach, Check, Promise, answered};
use crate::catalogue::{Catalogue, Fault};
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;
use crate::wire::bare_code;

pub(super) const CHECK: Check = Check {
    id: "error-header",
    level: Level::Wire,
    asks: "`x-amzn-errortype` is the code with a colon, `x-amzn-errormessage` the message",
    promises: &[SEEN, UNSEEN],
    examine,
};

const SEEN: Promise = Promise::new(
    Evidence::Observed,
    "aws-amplify/amplify-js issues 1906, 2443 and 5921 (header value ends with a colon)",
);
/// No recording shows the headers of an error that the framework in front raises, of a server
/// fault, or of a very long message.
const UNSEEN: Promise =
    Promise::new(Evidence::Inferred, "as for the service's own errors, which were observed");

/// Longest message whose header was seen, with room to spare; in bytes.
const LONGEST_SEEN: usize = 512;

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    if call.response.is_success() {
        return Vec::new();
    }
    // Without a code in the body there is nothing to compare with: `error-body` reports it.
    let Some(code) = body_code(&call) else { return Vec::new() };
    let known = call.service.errors.get(&code);
    let framework = known.is_some_and(|error| error.common || error.fault == Fault::Server);
    let promise = if framework { &UNSEEN } else { &SEEN };
    type_breach(&call, &code, promise).into_iter().chain(message_breach(&call, promise)).collect()
}

fn body_code(call: &Answered<'_>) -> Option<String> {
    let body = call.response.json().ok()??;
    let code = bare_code(body.get("__type").or_else(|| body.get("code"))?.as_str()?).to_owned();
    (!code.is_empty()).then_some(code)
}

fn type_breach(call: &Answered<'_>, code: &str, promise: &Promise) -> Option<Breach> {
    let expected = format!("{code}:");
    let value = call.response.header("x-amzn-errortype").map(str::trim);
    let differs = value != Some(expected.as_str());
    differs.then(|| promise.broken("header:x-amzn-errortype", expected, value.unwrap_or("absent")))
}

fn message_breach(call: &Answered<'_>, promise: &Promise) -> Option<Breach> {
    let message = call.response.error_message()?;
    let expected = message.trim();
    // Line feeds and letters outside ASCII cannot stand in a header as they are.
    let fits = expected.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if expected.is_empty() || !fits {
        return None;
    }
    let promise = if message.len() > LONGEST_SEEN { &UNSEEN } else { promise };
    let value = call.response.header("x-amzn-errormessage").map(str::trim);
    // Of a long message a header may hold the start.
    let cut = |value: &str| expected.len() > LONGEST_SEEN && expected.starts_with(value);
    let differs = value.is_none_or(|value| value != expected && !cut(value));
    let actual = value.unwrap_or("absent");
    let expected = || format!("the body's message: {expected}");
    differs.then(|| promise.broken("header:x-amzn-errormessage", expected(), actual))
}
