//! Takes secrets out of what reports show: by declared shape, then by value.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::classify::{each_leaf, is_refusal_code, rebuild};
use super::names::Names;
use crate::catalogue::{Catalogue, Operation, Schema, Service, Volatile};
use crate::outcome::ExchangeRecord;
use crate::transcript::{Call, Exchange, Transcript};
use crate::wire::{Request, Response};

/// Longest string kept in a record, in characters.
const LONGEST_TEXT: usize = 2_000;
/// Most list items kept in a record.
const MOST_ITEMS: usize = 40;
/// Largest request or response kept in a record, in bytes of JSON.
const LARGEST_BODY: usize = 32_000;
/// Response headers that the protocol gives a meaning.
const HEADERS: [&str; 4] =
    ["content-type", "x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage"];

/// Every secret sent or received in a case, each with the name that stands for it.
///
/// Names count per kind in order of first appearance (`<password#1>`, `<access-token#2>`); the
/// same secret has the same name everywhere. User names, addresses and ids stay readable, also
/// where a case sends one of them for a token: see [`Redactor::over`].
#[derive(Clone, Debug)]
pub struct Redactor<'a> {
    catalogue: &'a Catalogue,
    names: Names,
    /// What was sent for a token and is none.
    open: HashSet<String>,
    seen: Seen,
}

/// Where secrets were seen.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Sent where a token belongs.
    as_token: HashSet<String>,
    /// Given by the target, or sent for another kind of secret.
    as_secret: HashSet<String>,
}

impl<'a> Redactor<'a> {
    /// Returns a redactor that knows no secret yet.
    pub fn new(catalogue: &'a Catalogue) -> Self {
        let (names, open, seen) = Default::default();
        Self { catalogue, names, open, seen }
    }

    /// Returns a redactor that knows every secret of a case.
    ///
    /// A pool's id that is sent as a session is a handle of the wrong kind and no secret: what
    /// was sent for a token, is nowhere else a secret, and stands in another member as an id or a
    /// name, stays readable everywhere.
    pub fn over(catalogue: &'a Catalogue, transcript: &Transcript) -> Self {
        let learned = |open: HashSet<String>| {
            let mut redactor = Self { open, ..Self::new(catalogue) };
            transcript.exchanges.iter().for_each(|exchange| redactor.learn(exchange));
            (std::mem::take(&mut redactor.seen), redactor)
        };
        let (seen, redactor) = learned(HashSet::new());
        let doubtful: HashSet<&str> =
            seen.as_token.difference(&seen.as_secret).map(String::as_str).collect();
        let open = standing_openly(catalogue, transcript, &doubtful);
        if open.is_empty() { redactor } else { learned(open).1 }
    }

    /// Learns the secrets of one exchange, both ways.
    pub fn learn(&mut self, exchange: &Exchange) {
        let found = find(self.catalogue, exchange.call.service(), exchange.call.operation());
        match &exchange.call {
            Call::Api { input, .. } => drop(self.shape(found, Part::Input, input)),
            Call::Raw { request, .. } => return self.learn_raw(request, &exchange.reply),
            // The reply holds what functions alone are told, such as the right answers.
            Call::Events { .. } => {}
        }
        if let Ok(response) = &exchange.reply {
            self.learn_response(found, response);
        }
    }

    /// Returns an input of an operation with its secrets replaced.
    pub fn input(&self, service: &str, operation: &str, input: &Value) -> Value {
        let found = find(self.catalogue, service, operation);
        self.value(&self.clone().shape(found, Part::Input, input))
    }

    /// Returns an output of an operation with its secrets replaced.
    pub fn output(&self, service: &str, operation: &str, output: &Value) -> Value {
        let found = find(self.catalogue, service, operation);
        self.value(&self.clone().shape(found, Part::Output, output))
    }

    /// Returns the body of a refusal with its secrets replaced.
    fn refusal(&self, body: &Value) -> Value {
        self.value(&self.clone().shape(None, Part::Refusal, body))
    }

    /// Returns `value` with every known secret in any string (or member name) of it replaced.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(k, v)| (self.text(k), self.value(v))).collect()
            }
            scalar => scalar.clone(),
        }
    }

    /// Returns `text` with every known secret in it, and whatever looks like a token, replaced.
    pub fn text(&self, text: &str) -> String {
        self.names.text(text)
    }

    /// Returns a request's body with its secrets replaced; bytes that are no UTF-8 are `�`.
    pub(super) fn request_body(&self, request: &Request) -> String {
        let mut aware = self.clone();
        aware.learn_request(request);
        // The text itself is shown, not its parse: what is odd about it may be the point.
        aware.text(&String::from_utf8_lossy(&request.body))
    }

    fn learn_response(&mut self, found: Found<'a>, response: &Response) {
        if let Ok(Some(body)) = response.json() {
            let part = if response.is_success() { Part::Output } else { Part::Refusal };
            self.shape(found, part, &body);
        }
    }

    fn learn_raw(&mut self, request: &Request, reply: &Result<Response, impl Sized>) {
        self.learn_request(request);
        if let Ok(response) = reply {
            self.learn_response(self.addressed(request), response);
        }
    }

    /// Learns the secrets of a raw request: of its body, its query and its authorization.
    fn learn_request(&mut self, request: &Request) {
        let found = self.addressed(request);
        if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
            self.shape(found, Part::Input, &body);
        }
        let form = form(request);
        for pairs in [query_pairs(&request.path), pairs(&form)] {
            for (name, value) in &pairs {
                let decoded = decode(value);
                let leaf = Value::from(decoded.as_str());
                self.shape(found, Part::Input, &nested(&query_members(name, &pairs), leaf));
                self.names.alias(&decoded, value);
            }
        }
        if let Some(header) = request.header("authorization") {
            self.learn_authorization(header);
        }
    }

    /// Learns what proves who asks; a signature proves nothing anywhere else.
    fn learn_authorization(&mut self, header: &str) {
        let Some((scheme, proof)) = header.trim().split_once(' ') else { return };
        let proof = proof.trim();
        let label = match scheme.to_ascii_lowercase().as_str() {
            "basic" => "basic-credentials",
            "bearer" => "access-token",
            _ => return,
        };
        let mut learn = |secret: &str, label: &str| {
            if !secret.is_empty() {
                self.names.name(secret, label);
                self.seen.as_secret.insert(secret.to_owned());
            }
        };
        learn(proof, label);
        let decoded = STANDARD.decode(proof).ok().filter(|_| label == "basic-credentials");
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((_, secret)) = decoded.as_deref().and_then(|pair| pair.split_once(':')) {
            learn(secret, "client-secret");
            learn(&decode(secret), "client-secret");
        }
    }

    /// Finds the operation a raw request addresses by its `x-amz-target`, else by the `Action` of
    /// its query or form.
    fn addressed(&self, request: &Request) -> Found<'a> {
        let mut services = self.catalogue.services.values();
        let Some(target) = request.header("x-amz-target") else {
            let form = form(request);
            let mut pairs = query_pairs(&request.path).into_iter().chain(pairs(&form));
            let (_, action) = pairs.find(|(name, _)| *name == "Action")?;
            return services.find_map(|s| Some((s, s.operations.get(action)?)));
        };
        let (prefix, operation) = target.split_once('.')?;
        let service = { services }.find(|service| service.info.target_prefix == prefix)?;
        Some((service, service.operations.get(operation)?))
    }

    /// Replaces what the shape (or a member's name) says is secret, naming what has no name.
    fn shape(&mut self, found: Found<'a>, part: Part, value: &Value) -> Value {
        let schema = found.and_then(|(_, operation)| part.of(operation));
        let service = found.map(|(service, _)| service);
        rebuild(service, schema, value, &mut |at, class, leaf| {
            let class = class.filter(|class| class.is_secret())?;
            if part == Part::Refusal && is_refusal_code(at) {
                return None;
            }
            let text = match leaf {
                // What is blank is shown: it may be what is wrong.
                Value::String(text) if text.trim().is_empty() => return None,
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            if self.open.contains(&text) {
                return None;
            }
            let as_token = part == Part::Input && class.sort == Volatile::Token;
            let seen = match as_token {
                true => &mut self.seen.as_token,
                false => &mut self.seen.as_secret,
            };
            if !seen.contains(&text) {
                seen.insert(text.clone());
            }
            Some(Value::String(self.names.name(&text, &class.label())))
        })
    }
}

/// Returns which of `texts` stand somewhere as the whole of a member that holds no secret.
fn standing_openly(
    catalogue: &Catalogue,
    transcript: &Transcript,
    texts: &HashSet<&str>,
) -> HashSet<String> {
    let mut open = HashSet::new();
    if texts.is_empty() {
        return open;
    }
    for exchange in &transcript.exchanges {
        let Call::Api { service, operation, input, .. } = &exchange.call else { continue };
        let Some((service, operation)) = find(catalogue, service, operation) else { continue };
        let mut look = |schema: Option<&Schema>, value: &Value| {
            each_leaf(service, schema, value, &mut |_, class, leaf| {
                let text = leaf.as_str().filter(|text| texts.contains(text));
                if let Some(text) = text.filter(|_| class.is_none_or(|class| !class.is_secret())) {
                    open.insert(text.to_owned());
                }
            });
        };
        look(Some(&operation.input), input);
        if let Some(Ok(Some(output))) = exchange.success().map(Response::json) {
            look(operation.output.as_ref(), &output);
        }
    }
    open
}

type Found<'a> = Option<(&'a Service, &'a Operation)>;

fn find<'a>(catalogue: &'a Catalogue, service: &str, operation: &str) -> Found<'a> {
    let service = catalogue.services.get(service)?;
    Some((service, service.operations.get(operation)?))
}

/// What a value is of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Input,
    Output,
    Refusal,
}

impl Part {
    fn of(self, operation: &Operation) -> Option<&Schema> {
        match self {
            Self::Input => Some(&operation.input),
            Self::Output => operation.output.as_ref(),
            Self::Refusal => None,
        }
    }
}

/// Returns the parameters of a path's query as they were sent.
fn query_pairs(path: &str) -> Vec<(&str, &str)> {
    pairs(path.split_once('?').map_or("", |(_, query)| query))
}

/// Returns the parameters of a query or form as they were sent.
fn pairs(form: &str) -> Vec<(&str, &str)> {
    form.split('&').filter_map(|pair| pair.split_once('=')).collect()
}

/// Returns the body as a form, whatever it says it is; empty where it is JSON.
fn form(request: &Request) -> Cow<'_, str> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(&request.body) {
        Ok(_) => Cow::Borrowed(""),
        Err(_) => String::from_utf8_lossy(&request.body),
    }
}

/// Returns the members that a parameter's name leads through: `AuthParameters.entry.2.value` is
/// the member that `AuthParameters.entry.2.key` names, and positions in lists are left out.
fn query_members(name: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let (name, key) = match name.strip_suffix(".value") {
        Some(entry) => {
            let named = format!("{entry}.key");
            let key = pairs.iter().find(|(name, _)| *name == named).map(|(_, key)| decode(key));
            (if key.is_some() { entry } else { name }, key)
        }
        None => (name, None),
    };
    let step = |part: &&str| {
        !matches!(*part, "entry" | "member") && !part.bytes().all(|b| b.is_ascii_digit())
    };
    name.split('.').filter(step).map(decode).chain(key).collect()
}

/// Returns `leaf` inside one object for each of the members.
fn nested(members: &[String], leaf: Value) -> Value {
    members
        .iter()
        .rev()
        .fold(leaf, |inner, member| Value::Object([(member.clone(), inner)].into_iter().collect()))
}

/// Undoes percent-encoding; what is not well-formed stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(if *first == b'+' { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns an operation's input with its secrets replaced.
pub fn redact_input(catalogue: &Catalogue, service: &str, operation: &str, input: &Value) -> Value {
    Redactor::new(catalogue).input(service, operation, input)
}

/// Returns an operation's output with its secrets replaced.
pub fn redact_output(
    catalogue: &Catalogue,
    service: &str,
    operation: &str,
    output: &Value,
) -> Value {
    Redactor::new(catalogue).output(service, operation, output)
}

/// Returns an exchange as reports may show it: secrets replaced, size bounded.
pub fn record(exchange: &Exchange, redactor: &Redactor<'_>) -> ExchangeRecord {
    let call = &exchange.call;
    let request = match call {
        Call::Api { service, operation, input, .. } => redactor.input(service, operation, input),
        Call::Events { function } => Value::String(format!("the events of {function}")),
        Call::Raw { request, .. } => {
            let line = format!("{} {}", request.method, redactor.text(&request.path));
            Value::String(format!("{line}\n\n{}", redactor.request_body(request)))
        }
    };
    let mut record = ExchangeRecord { request: bound(request), ..ExchangeRecord::default() };
    match &exchange.reply {
        Ok(response) => {
            record.status = response.status;
            record.headers = headers(response, redactor);
            record.response = bound(match response.json() {
                Ok(None) => Value::String(String::new()),
                Ok(Some(body)) if response.is_success() => {
                    redactor.output(call.service(), call.operation(), &body)
                }
                Ok(Some(body)) => redactor.refusal(&body),
                Err(_) => redactor.text(&String::from_utf8_lossy(&response.body)).into(),
            });
        }
        Err(error) => record.response = redactor.text(&error.to_string()).into(),
    }
    record
}

fn headers(response: &Response, redactor: &Redactor<'_>) -> BTreeMap<String, String> {
    let shown = |name: &str| Some((name.to_owned(), cut(&redactor.text(response.header(name)?))));
    HEADERS.into_iter().filter_map(shown).collect()
}

fn bound(value: Value) -> Value {
    let value = shorten(&value);
    let text = value.to_string();
    if text.len() <= LARGEST_BODY {
        return value;
    }
    let end = text.floor_char_boundary(LARGEST_BODY);
    Value::String(format!("{}… ({} bytes)", &text[..end], text.len()))
}

fn shorten(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(cut(text)),
        Value::Array(items) => {
            let more = items.len().saturating_sub(MOST_ITEMS);
            let note = (more > 0).then(|| Value::String(format!("… {more} more")));
            items.iter().take(MOST_ITEMS).map(shorten).chain(note).collect()
        }
        Value::Object(members) => {
            members.iter().map(|(name, member)| (cut(name), shorten(member))).collect()
        }
        scalar => scalar.clone(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
