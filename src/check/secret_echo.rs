//! A password or secret that was sent does not come back.

use serde_json::Value;

use super::{Answered, Breach, Check, Promise, answered};
use crate::canonical::each_leaf;
use crate::catalogue::{Catalogue, Volatile};
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "secret-echo",
    level: Level::Security,
    asks: "a password, secret hash or client secret that was sent does not come back",
    promises: &[SENSITIVE, NAMED],
    examine,
};

const SENSITIVE: Promise = Promise::new(
    Evidence::Modelled,
    "service model: the member's shape is sensitive; observed in validation messages, aws-amplify/amplify-js issue 869",
);

const NAMED: Promise = Promise::new(
    Evidence::Inferred,
    "the member's name says that it holds a secret; the model does not",
);

/// Shorter values may stand in an answer by chance.
const SHORTEST: usize = 8;

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let secrets = sent(&call);
    if secrets.is_empty() {
        return Vec::new();
    }
    let leak = |text: &str| secrets.iter().find(|secret| text.contains(&secret.value));
    let breach = |pointer: &str, secret: &Secret, text: &str| {
        let promise = if secret.declared { &SENSITIVE } else { &NAMED };
        promise.broken(pointer, format!("no {} of the request", secret.label), text)
    };
    let mut found = Vec::new();
    let mut report = |pointer: &str, secret: &Secret, text: &str| {
        found.push(breach(pointer, secret, text));
    };
    match call.response.json() {
        Ok(Some(body)) => {
            let success = call.response.is_success();
            let shape = call.operation.output.as_ref().filter(|_| success);
            each_leaf(call.service, shape, &body, &mut |at, class, leaf| {
                let declared = success && class.is_some_and(|class| class.is_secret());
                if let Some((text, secret)) = leaf.as_str().and_then(|t| Some((t, leak(t)?)))
                    && !declared
                {
                    report(at, secret, text);
                }
            });
        }
        _ => {
            let text = String::from_utf8_lossy(&call.response.body);
            if let Some(secret) = leak(&text) {
                report("body", secret, &text);
            }
        }
    }
    if found.is_empty()
        && let Some(text) = call.response.header("x-amzn-errormessage")
        && let Some(secret) = leak(text)
    {
        found.push(breach("header:x-amzn-errormessage", secret, text));
    }
    found
}

/// A value that was sent and must not come back.
struct Secret {
    value: String,
    /// What it is, in kebab case.
    label: String,
    /// A shape says so; otherwise only the member's name does.
    declared: bool,
}

/// Returns the secrets in the input.
///
/// Words (letters only) are left out, and so are values that also stand where they are not
/// secret: they may come back for reasons of their own.
fn sent(call: &Answered<'_>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut others = Vec::new();
    each_leaf(call.service, Some(&call.operation.input), call.input, &mut |_, class, leaf| {
        let Value::String(text) = leaf else { return };
        match class {
            Some(class) if class.sort == Volatile::Secret && lasting(&class.label()) => {
                let (value, label) = (text.clone(), class.label());
                secrets.push(Secret { value, label, declared: class.declared });
            }
            _ => others.push(text.clone()),
        }
    });
    secrets.retain(|Secret { value, .. }| {
        value.chars().count() >= SHORTEST
            && !value.chars().all(char::is_alphabetic)
            && !others.iter().any(|other| other.contains(value.as_str()))
    });
    secrets
}

/// Tells passwords, hashes and client secrets from codes and SRP values.
fn lasting(label: &str) -> bool {
    label.ends_with("password") || matches!(label, "secret-hash" | "client-secret")
}
