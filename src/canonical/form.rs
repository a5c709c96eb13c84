//! The canonical form of a transcript: equal for two runs of the same behaviour.
//!
//! What the server chose is named in order of first appearance, times become `<time>`, members
//! that are `null` are left out (clients cannot tell them from absent ones). What the caller
//! chose stays as it is, secrets aside.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::classify::{is_refusal_code, rebuild};
use super::names::Names;
use crate::catalogue::{Catalogue, Operation, Service, Volatile};
use crate::transcript::{Call, Exchange, Transcript};

static UUID: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"));

/// Partition, service, region and account of an ARN.
static ARN: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\barn:([a-z-]+):([a-z0-9-]+):([a-z0-9-]*):([0-9]*):"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern compiles")
}

/// Returns the canonical form: a list with one entry per exchange.
///
/// An entry holds `place`, `call`, `input`, `status`, `error` (code) and `output`.
pub fn canonical(catalogue: &Catalogue, transcript: &Transcript) -> Value {
    let mut former = Former::default();
    transcript.exchanges.iter().map(|exchange| former.entry(catalogue, exchange)).collect()
}

#[derive(Default)]
struct Former {
    names: Names,
    /// Ids that the caller made up: they stay.
    literals: HashSet<String>,
}

impl Former {
    fn entry(&mut self, catalogue: &Catalogue, exchange: &Exchange) -> Value {
        let call = &exchange.call;
        let service = catalogue.services.get(call.service());
        let operation = service.and_then(|service| service.operations.get(call.operation()));
        let mut entry = json!({"place": exchange.place.to_string()});
        match call {
            Call::Api { operation: name, input, .. } => {
                entry["call"] = json!(name);
                entry["input"] = self.input(service, operation, input);
            }
            Call::Events { function } => {
                entry["call"] = json!(format!("events of {function}"));
            }
            Call::Raw { request, .. } => {
                let line = format!("{} {}", request.method, request.path);
                entry["call"] = json!(self.names.text(&line));
                let body = String::from_utf8_lossy(&request.body);
                entry["input"] = json!(self.names.text(&body));
            }
        }
        match &exchange.reply {
            Ok(response) => {
                entry["status"] = json!(response.status);
                let refused = !response.is_success();
                if refused {
                    entry["error"] = json!(response.error_code());
                }
                let operation = operation.filter(|_| !refused);
                entry["output"] = match response.json() {
                    Ok(Some(body)) => self.output(service, operation, refused, &body),
                    Ok(None) => json!(""),
                    Err(_) => json!(self.plain(&String::from_utf8_lossy(&response.body))),
                };
            }
            Err(error) => entry["error"] = json!(error.to_string()),
        }
        entry
    }

    fn input(
        &mut self,
        service: Option<&Service>,
        operation: Option<&Operation>,
        value: &Value,
    ) -> Value {
        let schema = operation.map(|operation| &operation.input);
        rebuild(service, schema, value, &mut |_, class, leaf| {
            let text = leaf.as_str().filter(|text| !text.is_empty())?;
            match class {
                Some(class) if class.is_secret() => {
                    Some(json!(self.names.name(text, &class.label())))
                }
                Some(class) if class.sort == Volatile::Id && self.names.known(text).is_none() => {
                    self.literals.insert(text.to_owned());
                    None
                }
                _ => {
                    let named = self.names.text(text);
                    let own = UUID.find_iter(&named).map(|found| found.as_str().to_owned());
                    self.literals.extend(own);
                    Some(json!(named))
                }
            }
        })
    }

    fn output(
        &mut self,
        service: Option<&Service>,
        operation: Option<&Operation>,
        refused: bool,
        value: &Value,
    ) -> Value {
        let schema = operation.and_then(|operation| operation.output.as_ref());
        // First what is declared, so that an ARN shows the id that stands after it.
        let named = rebuild(service, schema, value, &mut |at, class, leaf| match (class?, leaf) {
            _ if refused && is_refusal_code(at) => None,
            (class, Value::Number(_) | Value::String(_)) if class.sort == Volatile::Time => {
                Some(json!("<time>"))
            }
            (class, Value::String(text)) if !text.is_empty() => {
                let kept = !class.is_secret() && self.literals.contains(text);
                (!kept).then(|| json!(self.names.name(text, &class.label())))
            }
            _ => None,
        });
        let plain = rebuild(service, schema, &named, &mut |_, class, leaf| {
            leaf.as_str().filter(|_| class.is_none()).map(|text| json!(self.plain(text)))
        });
        without_nulls(plain)
    }

    /// Names what is embedded in a text of the server: known values, UUIDs, an ARN's place.
    fn plain(&mut self, text: &str) -> String {
        let text = self.names.text(text);
        let text = ARN.replace_all(&text, |arn: &Captures<'_>| {
            let region = if arn[3].is_empty() { "" } else { "<region>" };
            let account = if arn[4].is_empty() { "" } else { "<account>" };
            format!("arn:{}:{}:{region}:{account}:", &arn[1], &arn[2])
        });
        let uuid = |found: &Captures<'_>| {
            let value = &found[0];
            let literal = self.literals.contains(value);
            if literal { value.to_owned() } else { self.names.name(value, "uuid") }
        };
        UUID.replace_all(&text, uuid).into_owned()
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, member)| !member.is_null());
            kept.map(|(name, member)| (name, without_nulls(member))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}
