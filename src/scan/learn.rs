//! What in a transcript is secret, told by the names of members alone.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Kind;
use crate::scenario::node::{Node, NodeKind};
use crate::scenario::{Scenario, Step};
use crate::transcript::{Call, Transcript};
use crate::wire::Request;

/// Returns every text that a case spells out itself, in its steps and those of its set-ups.
pub fn literals(case: &Scenario) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut nodes: Vec<&Node> = case.setup.iter().map(|(_, overlay)| overlay).collect();
    let set_ups = case.setup.iter().flat_map(|(set_up, _)| &set_up.steps);
    nodes.extend(set_ups.chain(&case.steps).flat_map(Step::nodes));
    for node in nodes {
        node.walk(&mut |node| match &node.kind {
            NodeKind::Scalar(Value::String(text)) => drop(found.insert(text.clone())),
            NodeKind::Scalar(scalar) => drop(found.insert(scalar.to_string())),
            _ => {}
        });
    }
    found
}

/// Returns the secrets that were sent or received, each with its kind.
pub(super) fn secrets_of(transcript: &Transcript) -> HashMap<String, Kind> {
    let mut found = Found::default();
    for exchange in &transcript.exchanges {
        match &exchange.call {
            Call::Api { input, .. } => found.walk(input, None, true),
            Call::Raw { request, .. } => found.raw(request),
            Call::Events { .. } => {}
        }
        if let Some(twin) = &exchange.twin {
            found.walk(&twin.input, None, true);
            twin.answer.iter().for_each(|output| found.walk(output, None, false));
        }
        let Ok(response) = &exchange.reply else { continue };
        if let Ok(Some(body)) = response.json() {
            let refusal = !response.is_success();
            match &*body {
                // What a refusal is called stands in `code` too.
                Value::Object(members) if refusal => {
                    for (name, member) in members {
                        if !name.eq_ignore_ascii_case("code") {
                            found.member(name, member, None, false);
                        }
                    }
                }
                other => found.walk(other, None, false),
            }
        }
    }
    found.settled()
}

#[derive(Default)]
struct Found {
    /// What was sent where a secret belongs.
    sent: HashMap<String, Kind>,
    /// What came back where a secret belongs.
    received: HashMap<String, Kind>,
    /// What was sent elsewhere.
    sent_openly: HashSet<String>,
    /// What came back elsewhere.
    received_openly: HashSet<String>,
}

impl Found {
    fn walk(&mut self, value: &Value, kind: Option<Kind>, sent: bool) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| self.member(name, member, kind, sent));
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, kind, sent)),
            Value::String(text) => self.text(text, kind, sent),
            Value::Number(number) if kind.is_some() => self.text(&number.to_string(), kind, sent),
            _ => {}
        }
    }

    fn member(&mut self, name: &str, member: &Value, kind: Option<Kind>, sent: bool) {
        // Providers stand with their tokens in `Logins`, and without them in lists of that name.
        let logins = (name == "Logins" && member.is_object()).then_some(Kind::Token);
        self.walk(member, kind.or(logins).or_else(|| Kind::of_member(name)), sent);
    }

    fn text(&mut self, text: &str, kind: Option<Kind>, sent: bool) {
        if text.len() < super::SHORTEST {
            return;
        }
        match (kind, sent) {
            (Some(kind), true) => drop(self.sent.insert(text.to_owned(), kind)),
            (Some(kind), false) => drop(self.received.insert(text.to_owned(), kind)),
            (None, true) => drop(self.sent_openly.insert(text.to_owned())),
            (None, false) => drop(self.received_openly.insert(text.to_owned())),
        }
    }

    fn raw(&mut self, request: &Request) {
        if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
            self.walk(&body, None, true);
        }
        let body = String::from_utf8_lossy(&request.body);
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        for form in [query, &*body] {
            let pairs: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            for (name, value) in &pairs {
                let name = name.rsplit('.').next().unwrap_or_default();
                self.text(value, Kind::of_member(name), true);
            }
        }
        let Some(header) = request.header("authorization") else { return };
        let Some((scheme, proof)) = header.trim().split_once(' ') else { return };
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.text(proof.trim(), Some(Kind::Token), true),
            "basic" => {
                self.text(proof.trim(), Some(Kind::BasicCredentials), true);
                let pair = STANDARD.decode(proof.trim()).unwrap_or_default();
                let pair = String::from_utf8_lossy(&pair);
                let secret = pair.split_once(':').map_or("", |(_, secret)| secret);
                self.text(secret, Some(Kind::ClientSecret), true);
            }
            _ => {}
        }
    }

    /// Leaves out what stands where everybody may see it: a name that was sent for a password, an
    /// id that was sent for a token.
    fn settled(mut self) -> HashMap<String, Kind> {
        let (openly, shown) = (&self.sent_openly, &self.received_openly);
        let received = &self.received;
        self.sent.retain(|text, kind| {
            let only_sent = !received.contains_key(text);
            !(only_sent && (openly.contains(text) || (!kind.is_ours() && shown.contains(text))))
        });
        self.sent.extend(self.received);
        self.sent
    }
}
