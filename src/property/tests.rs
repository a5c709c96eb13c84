//! Small transcripts by hand, and what properties say of them.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::catalogue::Source;
use crate::transcript::{Call, Exchange, Pages, Place};
use crate::wire::{Request, Response, TransportError};

mod lists;
mod lockstep;
mod random;
mod tokens;
mod views;
mod writes;

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| Catalogue::load(&Source::Embedded).expect("the embedded one loads"))
}

/// One exchange: operation, input, and the output, or the refusal as a text.
pub(super) type Line = (&'static str, Value, Value);

const POOL: &str = "us-east-1_aB3dE5fG7";
const OTHER: &str = "us-east-1_zZ9yY8xX7";

/// Returns the exchange that a line describes: `"!Code"` is a refusal, `"!"` no reply at all,
/// `{"$pages": [..], "limit": n, ..}` the end of a chain of pages.
fn exchange(index: usize, (operation, input, said): &Line) -> Exchange {
    let (name, together) = operation.split_once(" x").unwrap_or((operation, ""));
    let service = match catalogue().operation(name) {
        Some((service, _)) => service.info.id.clone(),
        None => "cognito-idp".to_owned(),
    };
    let mut pages = None;
    let mut said = said.clone();
    if let Some(sizes) = said.as_object_mut().and_then(|members| members.remove("$pages")) {
        let items = said.as_object().and_then(|members| members.values().next().cloned());
        pages = Some(Pages {
            output: said.clone(),
            items: items.and_then(|items| items.as_array().cloned()).unwrap_or_default(),
            sizes: sizes
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|n| Some(n.as_u64()? as usize))
                .collect(),
            limit: input.get("Limit").and_then(Value::as_u64),
            ended: true,
        });
    }
    let reply = match said.as_str().and_then(|text| text.strip_prefix('!')) {
        Some("") => Err(TransportError::Timeout(1000)),
        Some(code) => Ok(Response {
            status: 400,
            headers: Vec::new(),
            body: json!({"__type": code, "message": "no"}).to_string().into(),
        }),
        None => Ok(Response { status: 200, headers: Vec::new(), body: said.to_string().into() }),
    };
    let request =
        Request { method: "POST".into(), path: "/".into(), headers: Vec::new(), body: Vec::new() };
    Exchange {
        place: Place::Step(index + 1),
        call: Call::Api { service, operation: name.to_owned(), input: input.clone(), signed: true },
        request,
        reply,
        sdk: None,
        expect: None,
        pages,
        declined: said == json!("!Declined"),
        twin: None,
        together: together.parse().ok(),
        elapsed_ms: 1,
    }
}

fn transcript(lines: &[Line]) -> Transcript {
    let exchanges = lines.iter().enumerate().map(|(index, line)| exchange(index, line)).collect();
    Transcript { case: "hand-made".into(), exchanges }
}

/// Every property's findings over a transcript, as `id step pointer`; each must be listed.
#[track_caller]
fn check(lines: &[Line], expected: &[&str]) {
    let transcript = transcript(lines);
    let found = examine(catalogue(), &transcript);
    let shown: Vec<String> = found
        .iter()
        .map(|(property, Broken { exchange, breach })| {
            format!("{} {} {}", property.id, exchange + 1, breach.pointer).trim_end().to_owned()
        })
        .collect();
    assert_eq!(shown, expected, "{found:#?}");
}

/// A token with these claims besides those every token has.
fn token(kind: &str, username: &str, serial: &str, more: Value) -> String {
    let mut claims = json!({
        "iss": format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}"),
        "sub": format!("sub-{username}"),
        "token_use": kind,
        "iat": 1000,
        "exp": 4600,
        "jti": serial,
    });
    let names =
        if kind == "access" { ["username", "client_id"] } else { ["cognito:username", "aud"] };
    claims[names[0]] = username.into();
    claims[names[1]] = "client1".into();
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256", "kid": "k"})), part(&claims))
}

/// Input of a call about something in the pool.
fn of(pool: &str, more: Value) -> Value {
    let mut input = json!({"UserPoolId": pool});
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

#[test]
fn ids_are_unique() {
    let mut ids: Vec<&str> = PROPERTIES.iter().map(|property| property.id).collect();
    ids.extend(crate::check::CHECKS.iter().map(|check| check.id));
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
