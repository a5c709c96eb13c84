//! What the proxy keeps of what passed: counts, findings, the recording.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Upstream;
use super::personal::Personal;
use super::recording::{Entry, Recording, clock};
use crate::canonical::{self, Redactor};
use crate::catalogue::Catalogue;
use crate::check::{self, Breach, Check};
use crate::outcome::{ExchangeRecord, Finding};
use crate::report::text::{one_line, shorten};
use crate::scan::{Secrets, Withheld};
use crate::target::http::millis;
use crate::transcript::{Call, Exchange, Place, Transcript};
use crate::wire::{Request, Response, TransportError};

/// How many exchanges back a secret is known wherever it stands; where a shape or a name says that
/// something is a secret, it is known always.
const REMEMBERED: usize = 20;

/// Longest text of an endpoint in a line, in characters.
const LINE_LIMIT: usize = 200;

/// What findings name as their case.
pub(super) const CASE: &str = "proxy";

/// Request headers that are recorded: those that the protocol gives a meaning.
const RECORDED: [&str; 2] = ["content-type", "x-amz-target"];

/// What is recorded of a body that nobody can read.
const UNREADABLE: &str = "<unreadable>";

/// Tells somebody what is found, as it is.
type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// Judges what passes, and remembers what came of it.
pub struct Ledger {
    catalogue: Arc<Catalogue>,
    kept: Mutex<Kept>,
    secrets: Secrets,
    tell: Tell,
}

struct Kept {
    summary: Summary,
    /// The newest exchanges.
    newest: VecDeque<Exchange>,
    recording: Option<Recording>,
}

/// What passed, and what was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// How many exchanges passed.
    pub exchanges: u64,
    /// How often each operation was called.
    pub calls: BTreeMap<String, u64>,
    /// How many requests the endpoint gave no answer to.
    pub unanswered: u64,
    /// How often it declined an operation.
    pub declined: BTreeMap<String, u64>,
    /// The broken promises by id, each as it was first seen, with how often.
    pub findings: BTreeMap<String, (Finding, u64)>,
    /// Secrets that redaction had missed, and that were withheld: how many of each kind.
    pub withheld: Withheld,
    /// Why not everything was recorded.
    pub lost: Option<String>,
}

impl Summary {
    /// Returns the process exit code: 2 where a secret had to be withheld, 1 where something fails.
    pub fn exit_code(&self) -> u8 {
        if !self.withheld.is_empty() {
            return 2;
        }
        u8::from(self.findings.values().any(|(finding, _)| finding.fails))
    }
}

impl Ledger {
    /// Returns an empty ledger; `tell` gets a line for each finding when it is first seen.
    pub fn new(catalogue: Arc<Catalogue>, recording: Option<Recording>, tell: Tell) -> Self {
        let kept = Kept { summary: Summary::default(), newest: VecDeque::new(), recording };
        Self { catalogue, kept: Mutex::new(kept), secrets: Secrets::default(), tell }
    }

    /// Returns what passed so far.
    pub fn summary(&self) -> Summary {
        self.kept().summary.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an exchange.
    pub(super) fn take(
        &self,
        upstream: &Upstream,
        request: Request,
        reply: Result<Response, TransportError>,
        elapsed: Duration,
    ) {
        let call = called(&self.catalogue, &request);
        let declined = reply.as_ref().is_ok_and(|response| match &call {
            Call::Api { service, operation, .. } => upstream.declines(service, operation, response),
            _ => false,
        });
        let exchange = Exchange {
            place: Place::Step(0),
            call,
            request,
            reply,
            sdk: None,
            expect: None,
            pages: None,
            declined,
            twin: None,
            together: None,
            elapsed_ms: millis(elapsed),
        };
        let breaches = check::examine(&self.catalogue, &exchange);
        let mut kept = self.kept();
        kept.count(&exchange);
        let number = kept.summary.exchanges;
        let exchange = Exchange {
            place: Place::Step(usize::try_from(number).unwrap_or(usize::MAX)),
            ..exchange
        };
        if kept.newest.len() >= REMEMBERED {
            kept.newest.pop_front();
        }
        kept.newest.push_back(exchange.clone());
        let transcript =
            Transcript { case: CASE.into(), exchanges: kept.newest.iter().cloned().collect() };
        let redactor = Redactor::over(&self.catalogue, &transcript);
        self.secrets.learn(&transcript, &HashSet::new());
        let shown = Shown::of(&exchange, &redactor);
        for (check, breach) in breaches {
            let mut finding = self.finding(&exchange, check, breach, &shown, &redactor);
            if self.secrets.withhold_from(CASE, &mut finding).is_err() {
                continue;
            }
            if let Some((_, times)) = kept.summary.findings.get_mut(&finding.id) {
                *times += 1;
                continue;
            }
            (self.tell)(&line(&finding, number));
            kept.summary.findings.insert(finding.id.clone(), (finding, 1));
        }
        let entry = shown.entry(upstream, &exchange, &redactor);
        let lost = kept.recording.as_mut().map(|recording| recording.push(&entry, &self.secrets));
        self.secrets.forget_codes(CASE);
        kept.summary.withheld = self.secrets.withheld();
        if let Some(Err(error)) = lost
            && kept.summary.lost.is_none()
        {
            (self.tell)(&format!("warning: {error}"));
            kept.summary.lost = Some(error.to_string());
        }
    }

    fn finding(
        &self,
        exchange: &Exchange,
        check: &Check,
        breach: Breach,
        shown: &Shown,
        redactor: &Redactor<'_>,
    ) -> Finding {
        let text = |text: &str| shown.personal.text(&redactor.text(text));
        Finding {
            known: None,
            id: check::finding_id(check.id, &exchange.call.subject(), &breach),
            check: check.id.into(),
            level: breach.level.unwrap_or(check.level),
            operation: exchange.call.operation().into(),
            case: CASE.into(),
            step: exchange.place.to_string(),
            expected: text(&breach.expected),
            actual: text(&breach.actual),
            pointer: text(&breach.pointer),
            rule: breach.rule,
            evidence: breach.evidence,
            source: breach.source,
            fails: breach.evidence.fails(false),
            curl: String::new(),
            aws_cli: String::new(),
            scenario: None,
            exchange: shown.record.clone(),
        }
    }
}

impl Kept {
    fn count(&mut self, exchange: &Exchange) {
        let summary = &mut self.summary;
        summary.exchanges += 1;
        if exchange.reply.is_err() {
            summary.unanswered += 1;
        }
        if let Call::Api { operation, .. } = &exchange.call {
            *summary.calls.entry(operation.clone()).or_default() += 1;
            if exchange.declined {
                *summary.declined.entry(operation.clone()).or_default() += 1;
            }
        }
    }
}

/// An exchange as it may be shown: without secrets, and without who the users are.
struct Shown {
    record: ExchangeRecord,
    personal: Personal,
    /// The request is a call, JSON or a form.
    readable: bool,
}

impl Shown {
    fn of(exchange: &Exchange, redactor: &Redactor<'_>) -> Self {
        let mut personal = Personal::default();
        personal.learn(exchange.call.input());
        let readable = is_readable(&exchange.request);
        if let (Call::Raw { .. }, Ok(body)) =
            (&exchange.call, serde_json::from_slice::<Value>(&exchange.request.body))
        {
            personal.learn(&body);
        }
        if let Ok(response) = &exchange.reply
            && let Ok(Some(body)) = response.json()
        {
            personal.learn(&body);
        }
        let record = canonical::record(exchange, redactor);
        let headers = record.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), personal.text(value))).collect();
        // Where nobody can read what was sent, nobody can tell its secrets, or their echoes.
        let response = match &record.response {
            Value::String(text) if !readable && !text.is_empty() => UNREADABLE.into(),
            other => personal.value(other),
        };
        let request = personal.value(&record.request);
        let record = ExchangeRecord { request, response, headers, status: record.status };
        Self { record, personal, readable }
    }

    fn entry(&self, upstream: &Upstream, exchange: &Exchange, redactor: &Redactor<'_>) -> Entry {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let text = |text: &str| self.personal.text(&redactor.text(text));
        let request = &exchange.request;
        let headers = RECORDED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), text(request.header(name)?))));
        let body = match (&exchange.call, &self.record.request) {
            _ if !self.readable => UNREADABLE.to_owned(),
            (Call::Raw { .. }, Value::String(whole)) => {
                whole.split_once("\n\n").map_or("", |(_, body)| body).to_owned()
            }
            (_, Value::String(text)) => text.clone(),
            (_, input) => input.to_string(),
        };
        Entry {
            at_ms: millis(now).saturating_sub(exchange.elapsed_ms),
            elapsed_ms: exchange.elapsed_ms,
            method: request.method.clone(),
            url: format!("{}{}", upstream.url(), text(&request.path)),
            headers: headers.collect(),
            body,
            record: self.record.clone(),
        }
    }
}

/// Returns what a request calls; anything that is no well-formed call is a request like any other.
fn called(catalogue: &Catalogue, request: &Request) -> Call {
    let raw =
        || Call::Raw { service: "cognito-idp".into(), request: request.clone(), signed: false };
    let target = request.header("x-amz-target").and_then(|target| target.rsplit_once('.'));
    let Some((prefix, name)) = target.filter(|_| request.method == "POST") else { return raw() };
    let mut services = catalogue.services.values();
    let Some(service) = services.find(|service| service.info.target_prefix == prefix) else {
        return raw();
    };
    let input = serde_json::from_slice(&request.body).ok().filter(Value::is_object);
    match (service.operations.get(name), input) {
        (Some(operation), Some(input)) => Call::Api {
            service: service.info.id.clone(),
            operation: operation.name.clone(),
            input,
            signed: request.header("authorization").is_some(),
        },
        _ => raw(),
    }
}

/// Tells whether a body is empty, JSON or a form, so that its secrets can be told.
fn is_readable(request: &Request) -> bool {
    let kind = request.header("content-type").unwrap_or_default();
    request.body.is_empty()
        || kind.starts_with("application/x-www-form-urlencoded")
        || serde_json::from_slice::<serde::de::IgnoredAny>(&request.body).is_ok()
}

/// Says a finding in a line.
fn line(finding: &Finding, number: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let kind = if finding.fails { "FAIL" } else { "note" };
    let brief = |text: &str| shorten(&one_line(text), LINE_LIMIT);
    format!(
        "{} #{number} {kind} {} {} {} {}: expected {}; got {} ({})",
        clock(now),
        finding.operation,
        finding.level,
        finding.check,
        one_line(&finding.pointer),
        brief(&finding.expected),
        brief(&finding.actual),
        finding.id,
    )
}
