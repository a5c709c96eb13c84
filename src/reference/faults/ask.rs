//! A call as a fault sees it: what is asked, the way on to the reference, and the fault's memory.

use std::borrow::Cow;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::alter::{message, succeed};
use super::repair::{Demand, repaired};
use crate::reference::middleware::Next;
use crate::wire::{Request, Response};

/// A signature of the right form: the reference verifies none.
const SIGNATURE: &str = "AWS4-HMAC-SHA256 Credential=fault/20260101/us-east-1/cognito-idp/aws4_request, \
     SignedHeaders=host, Signature=0";

/// Entries of each kind a fault remembers, so that no run grows without end.
const MOST: usize = 20_000;

/// Members that name a group.
pub(super) const GROUP: &[&str] = &["UserPoolId", "GroupName"];

/// Members that name a user.
pub(super) const USER: &[&str] = &["UserPoolId", "Username"];

/// Members that name an app client.
pub(super) const CLIENT: &[&str] = &["UserPoolId", "ClientId"];

/// What a fault remembers of one server.
#[derive(Debug, Default)]
pub(super) struct Memory {
    notes: HashMap<String, Value>,
    answers: HashMap<String, Response>,
}

/// A call on its way to the reference.
pub(super) struct Ask<'a> {
    pub(super) request: &'a Request,
    pub(super) operation: &'a str,
    /// The input, as far as it is a JSON object.
    pub(super) input: Map<String, Value>,
    pub(super) next: &'a Next<'a>,
    pub(super) memory: &'a Mutex<Memory>,
}

impl Ask<'_> {
    /// Carries out the call as it came.
    pub(super) fn go(&self) -> Response {
        (self.next)(self.request)
    }

    /// Carries out the call with another input.
    pub(super) fn with(&self, input: &Value) -> Response {
        let request = Request { body: input.to_string().into_bytes(), ..self.request.clone() };
        (self.next)(&request)
    }

    /// Carries out the call with some members of its input given another value; `null` drops one.
    pub(super) fn with_members(&self, members: &[(&str, Value)]) -> Response {
        let mut input = self.input.clone();
        input.extend(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.with(&Value::Object(input))
    }

    /// Carries out the call as if it were signed.
    pub(super) fn signed(&self) -> Response {
        (self.next)(&with_signature(self.request.clone()))
    }

    /// Calls another operation of the same service by the way.
    pub(super) fn call(&self, operation: &str, input: &Value) -> Response {
        let mut request = Request { body: input.to_string().into_bytes(), ..self.request.clone() };
        for (name, value) in &mut request.headers {
            if name.eq_ignore_ascii_case("x-amz-target")
                && let Some((prefix, _)) = value.rsplit_once('.')
            {
                *value = format!("{prefix}.{operation}");
            }
        }
        (self.next)(&with_signature(request))
    }

    /// Returns what stands at `pointer` in the answer of another operation, if it succeeds.
    pub(super) fn look(&self, operation: &str, input: &Value, pointer: &str) -> Option<Value> {
        output(&self.call(operation, input))?.pointer(pointer).cloned()
    }

    /// Answers success and does nothing, where the operation `read` finds what the call is about;
    /// `body` is the answer's.
    pub(super) fn pretend(&self, read: &str, members: &[&str], body: &str) -> Response {
        let mut found = self.call(read, &self.picked(members));
        if !found.is_success() {
            return self.go();
        }
        succeed(&mut found, body);
        found
    }

    /// Repairs the input where it breaks constraints of one kind, and carries it out.
    pub(super) fn repaired(&self, wanted: fn(&Demand) -> bool) -> Response {
        let refused = self.go();
        let broken = message(&refused).filter(|text| text.contains("failed to satisfy constraint"));
        let input = broken.and_then(|text| repaired(&self.input, &text, wanted));
        let Some(input) = input else { return refused };
        let answer = self.with(&Value::Object(input));
        let still = message(&answer).is_some_and(|text| text.contains("failed to satisfy"));
        if still { refused } else { answer }
    }

    /// Returns a string member; the empty string where there is none.
    pub(super) fn text(&self, member: &str) -> &str {
        self.input.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns a string at a pointer into the input; the empty string where there is none.
    pub(super) fn deep_text(&self, map: &str, entry: &str) -> &str {
        let found = self.input.get(map).and_then(|map| map.get(entry)?.as_str());
        found.unwrap_or_default()
    }

    /// Returns the input with these members only.
    pub(super) fn picked(&self, members: &[&str]) -> Value {
        let kept = self.input.iter().filter(|(name, _)| members.contains(&name.as_str()));
        Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Returns a name for what the call is about, by these members.
    pub(super) fn key(&self, label: &str, members: &[&str]) -> String {
        let parts = members.iter().map(|member| self.text(member));
        parts.fold(label.to_owned(), |key, part| format!("{key}\n{part}"))
    }

    /// Remembers a value.
    pub(super) fn note(&self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, mut memory) = (key.into(), self.memory());
        if memory.notes.len() < MOST || memory.notes.contains_key(&key) {
            memory.notes.insert(key, value.into());
        }
    }

    /// Returns a remembered value.
    pub(super) fn noted(&self, key: &str) -> Option<Value> {
        self.memory().notes.get(key).cloned()
    }

    /// Returns a remembered string; the empty string where there is none.
    pub(super) fn noted_text(&self, key: &str) -> String {
        self.noted(key).and_then(|note| Some(note.as_str()?.to_owned())).unwrap_or_default()
    }

    /// Remembers an answer.
    pub(super) fn keep(&self, key: impl Into<String>, response: &Response) {
        let (key, mut memory) = (key.into(), self.memory());
        if memory.answers.len() < MOST || memory.answers.contains_key(&key) {
            memory.answers.insert(key, response.clone());
        }
    }

    /// Returns a remembered answer.
    pub(super) fn kept(&self, key: &str) -> Option<Response> {
        self.memory().answers.get(key).cloned()
    }

    /// Forgets a value and an answer.
    pub(super) fn forget(&self, key: &str) {
        let mut memory = self.memory();
        memory.notes.remove(key);
        memory.answers.remove(key);
    }

    /// Returns how often this was counted before.
    pub(super) fn count(&self, key: &str) -> u64 {
        let mut memory = self.memory();
        let count = memory.notes.get(key).and_then(Value::as_u64).unwrap_or_default();
        if memory.notes.len() < MOST || count > 0 {
            memory.notes.insert(key.to_owned(), Value::from(count + 1));
        }
        count
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_signature(mut request: Request) -> Request {
    if request.header("authorization").is_none() {
        request.headers.push(("authorization".into(), SIGNATURE.into()));
    }
    request
}

/// Returns the output of a success.
pub(super) fn output(response: &Response) -> Option<Value> {
    response.json().ok()?.filter(|_| response.is_success()).map(Cow::into_owned)
}

/// Returns a string member; the empty string where there is none.
pub(super) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
