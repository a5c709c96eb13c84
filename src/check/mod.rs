//! Judges: pure functions over an exchange, one file per check.
//!
//! The universal ones look at every exchange anybody makes, set-up and teardown included. A
//! check says what was promised, what came back and how well the promise is evidenced; it never
//! talks to a target. Adding one is adding a file and a line in [`CHECKS`].
//!
//! No check speaks about transport errors, about operations the target declines, or about
//! throttling: those are other verdicts, not broken promises.

mod content_type;
mod error_body;
mod error_declared;
mod error_header;
mod expectation;
mod message;
mod paging;
mod request_id;
mod schema;
mod sdk;
mod secret_echo;
mod server_fault;
mod status;
mod timestamp;
mod void_body;

use std::borrow::Cow;

use ring::digest;
use serde_json::Value;

use crate::catalogue::{Catalogue, Operation, Service};
use crate::outcome::{Evidence, Level};
use crate::transcript::{Call, Exchange};
use crate::wire::Response;

/// A named judge.
#[derive(Debug)]
pub struct Check {
    /// Kebab-case, stable: reports, known-failure lists and `explain` speak of it.
    pub id: &'static str,
    /// Level of what it finds.
    pub level: Level,
    /// What it asks, in one sentence.
    pub asks: &'static str,
    /// What it holds a target to; none where the step or its rule says what is promised.
    pub promises: &'static [Promise],
    /// Returns the promises the exchange breaks.
    pub examine: fn(&Catalogue, &Exchange) -> Vec<Breach>,
}

/// A broken promise, before it is told apart by case and step.
#[derive(Clone, Debug, PartialEq)]
pub struct Breach {
    /// JSON pointer into the response body, or `header:<name>`, `status`, `body`.
    pub pointer: String,
    /// What was promised.
    pub expected: String,
    /// What came back; may hold secrets, which the finding replaces.
    pub actual: String,
    /// Rule that makes the promise.
    pub rule: Option<String>,
    /// Level, where it is another than the check's own.
    pub level: Option<Level>,
    /// How well the promise is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
}

/// Every check, in the order findings are listed.
pub const CHECKS: &[Check] = &[
    status::CHECK,
    content_type::CHECK,
    request_id::CHECK,
    error_body::CHECK,
    error_header::CHECK,
    void_body::CHECK,
    timestamp::CHECK,
    schema::CHECK,
    sdk::CHECK,
    error_declared::CHECK,
    server_fault::CHECK,
    secret_echo::CHECK,
    paging::CHECK,
    expectation::CHECK,
];

/// Returns every promise an exchange breaks, in the order of [`CHECKS`].
pub fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<(&'static Check, Breach)> {
    let judge = |check: &'static Check| {
        let breaches = (check.examine)(catalogue, exchange);
        breaches.into_iter().map(move |breach| (check, breach))
    };
    CHECKS.iter().flat_map(judge).collect()
}

/// Tells whether an exchange went as its step expects; `true` where nothing is expected.
///
/// A promise of any grade counts, for the next step builds on it. `false` without a response,
/// for a declined operation, and for throttling that was not expected.
pub fn expectation_holds(catalogue: &Catalogue, exchange: &Exchange) -> bool {
    exchange.expect.is_none() || expectation::holds(catalogue, exchange)
}

/// Tells whether the target asks to come back later: never a failure of the contract.
///
/// `LimitExceededException` is also the code of honest quotas, so its text decides.
///
/// Source: observed, "Attempt limit exceeded, please try after some time."
pub fn throttled(exchange: &Exchange) -> bool {
    let Some(response) = exchange.reply.as_ref().ok().filter(|r| !r.is_success()) else {
        return false;
    };
    match response.error_code().as_deref() {
        Some("TooManyRequestsException" | "ThrottlingException") => true,
        Some("LimitExceededException") => response.error_message().is_some_and(|message| {
            message.contains("try after some time") || message.contains("daily email limit")
        }),
        _ => response.status == 429,
    }
}

/// Returns the stable id of a breach: the same in every run, whatever the values in it are.
///
/// A digest of the id of the check (or property), what is called ([`Call::subject`]), pointer class (list indexes count as one), rule and kind
/// (something missing, something extra, a refusal with which code, or a difference).
pub fn finding_id(check: &str, subject: &str, breach: &Breach) -> String {
    let pointer = pointer_class(&breach.pointer);
    let kind = kind(&breach.expected, &breach.actual).unwrap_or("differs");
    let rule = breach.rule.as_deref().unwrap_or_default();
    let text = [check, subject, &pointer, rule, kind].join("\n");
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref()[..5].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a pointer without its list indices: `/Users/0/Enabled` is `/Users/*/Enabled`.
pub(crate) fn pointer_class(pointer: &str) -> String {
    let is_index = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let parts = pointer.split('/').map(|part| if is_index(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Returns what came instead of what was promised: `absent`, `extra`, or the code of a refusal;
/// `None` of any other difference.
pub(crate) fn kind<'a>(expected: &str, actual: &'a str) -> Option<&'a str> {
    match actual {
        "absent" => Some("absent"),
        _ if expected == "absent" => Some("extra"),
        actual => refusal_code(actual),
    }
}

/// Returns the code of an `actual` that [`refusal`] wrote.
fn refusal_code(actual: &str) -> Option<&str> {
    let (code, _) = actual.strip_prefix('`')?.split_once('`')?;
    Some(code)
}

/// A promise of the protocol: how well it is supported, and by what.
#[derive(Debug)]
pub struct Promise {
    /// How well it is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: &'static str,
}

impl Promise {
    const fn new(evidence: Evidence, source: &'static str) -> Self {
        Self { evidence, source }
    }

    fn broken(
        &self,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Breach {
        Breach {
            pointer: pointer.into(),
            expected: expected.into(),
            actual: actual.into(),
            rule: None,
            level: None,
            evidence: self.evidence,
            source: self.source.into(),
        }
    }
}

/// A call of a known operation and the response to it: what the universal checks judge.
struct Answered<'a> {
    service: &'a Service,
    operation: &'a Operation,
    input: &'a Value,
    response: &'a Response,
}

/// Returns what there is to judge; `None` where no promise was made.
fn answered<'a>(catalogue: &'a Catalogue, exchange: &'a Exchange) -> Option<Answered<'a>> {
    let Call::Api { service, operation, input, .. } = &exchange.call else { return None };
    let service = catalogue.services.get(service)?;
    let operation = service.operations.get(operation)?;
    let response = exchange.reply.as_ref().ok()?;
    let judged = !exchange.declined && !throttled(exchange);
    judged.then_some(Answered { service, operation, input, response })
}

impl Answered<'_> {
    /// The error code, when the call was refused with one.
    fn refusal(&self) -> Option<String> {
        (!self.response.is_success()).then(|| self.response.error_code())?
    }

    /// The output of a successful call, when it is JSON and there is any.
    fn output(&self) -> Option<Cow<'_, Value>> {
        self.response.is_success().then(|| self.response.json().ok()?)?
    }
}

/// Says in a line what came back instead of what was expected.
pub(crate) fn summary(response: &Response) -> String {
    let code = (!response.is_success()).then(|| response.error_code()).flatten();
    match (code, response.error_message()) {
        (Some(code), Some(message)) => format!("`{code}`: {message}"),
        (Some(code), None) => format!("`{code}` without a message"),
        (None, _) => format!("status {} with {}", response.status, preview(response)),
    }
}

/// Returns the start of a body, as text.
fn preview(response: &Response) -> String {
    if response.body.is_empty() {
        return "an empty body".into();
    }
    let text = String::from_utf8_lossy(&response.body);
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.into_owned(),
    }
}
