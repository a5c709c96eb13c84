//! What tokens say of themselves, held against the call that gave them.

use std::collections::HashMap;

use serde_json::Value;

use crate::pattern::{decode_jwt, verify_jwt};
use crate::property::seen::{Heard, Seen};
use crate::property::{Broken, Promise};
use crate::transcript::Call;

pub(super) const CLAIMS: Promise = Promise::documented(
    "developer guide, understanding user pool JSON web tokens: claims of access and id tokens",
);
pub(super) const KEYS: Promise = Promise::documented("developer guide, verifying JSON web tokens");

/// The tokens of one answer; those that are JSON Web Tokens with their claims.
pub(super) struct Issued<'v> {
    pub(super) access: Option<(&'v str, Value)>,
    pub(super) id: Option<(&'v str, Value)>,
    pub(super) refresh: Option<&'v str>,
}

impl<'v> Issued<'v> {
    /// Returns the tokens that a sign-in gives.
    pub(super) fn of(answer: &'v Value) -> Option<Self> {
        let result = answer.get("AuthenticationResult")?;
        let text = |name: &str| result.get(name).and_then(Value::as_str);
        let read = |name: &str| {
            let token = text(name)?;
            decode_jwt(token).map(|(_, claims)| (token, claims))
        };
        let (access, id) = (read("AccessToken"), read("IdToken"));
        Some(Self { access, id, refresh: text("RefreshToken") })
    }
}

pub(super) fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut serials: HashMap<String, usize> = HashMap::new();
    let keys = published(seen);
    for (index, heard, answer) in seen.answers() {
        let Some(issued) = Issued::of(answer) else { continue };
        let tokens = [("AccessToken", "access", &issued.access), ("IdToken", "id", &issued.id)];
        for (member, kind, token) in tokens {
            let Some((text, claims)) = token else { continue };
            let at = format!("/AuthenticationResult/{member}");
            let mut tell = |expected: String, actual: String| {
                found.push(CLAIMS.broken(index, at.clone(), expected, actual));
            };
            fitting(heard, kind, claims, &mut tell);
            let serial = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
            if !serial.is_empty()
                && let Some(first) = serials.insert(serial.to_owned(), index)
            {
                let place = &seen.calls[first].exchange.place;
                tell(format!("a jti of its own, not that of {place}"), serial.to_owned());
            }
            let jwks = heard.owner.as_ref().and_then(|owner| keys.get(owner.as_str()));
            let signed = jwks
                .zip(decode_jwt(text))
                .is_none_or(|(jwks, (head, _))| verify_jwt(text, &head, jwks));
            if !signed {
                let expected = "a signature by a key of the pool's jwks.json";
                found.push(KEYS.broken(index, at, expected, "no key verifies it"));
            }
        }
        if let (Some((_, access)), Some((_, id))) = (&issued.access, &issued.id) {
            let pairs = [("sub", "sub"), ("username", "cognito:username")];
            for (one, other) in pairs {
                if let (Some(own), Some(its)) = (access.get(one), id.get(other))
                    && own != its
                {
                    let expected = format!("{other} {own}, as the access token says");
                    let at = "/AuthenticationResult/IdToken";
                    found.push(CLAIMS.broken(index, at, expected, its.to_string()));
                }
            }
        }
    }
    found
}

/// Compares the claims of one token with the call.
fn fitting(heard: &Heard<'_>, kind: &str, claims: &Value, tell: &mut dyn FnMut(String, String)) {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or("absent");
    if text("token_use") != kind {
        tell(format!("token_use {kind}"), text("token_use").to_owned());
    }
    let audience = if kind == "access" { "client_id" } else { "aud" };
    if let Some(client) = heard.text("ClientId").filter(|client| text(audience) != *client) {
        tell(format!("{audience} {client}"), text(audience).to_owned());
    }
    if let Some(owner) = heard.owner.as_deref().filter(|owner| !text("iss").ends_with(*owner)) {
        tell(format!("iss ends in {owner}"), text("iss").to_owned());
    }
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    match time("exp").zip(time("iat")) {
        Some((exp, iat)) if exp > iat => {}
        Some((exp, iat)) => tell(format!("exp after iat {iat}"), exp.to_string()),
        None => tell("exp and iat, as numbers".into(), "absent".into()),
    }
}

/// Returns the key sets that the transcript fetched, by pool.
fn published<'a>(seen: &'a Seen<'_>) -> HashMap<&'a str, Value> {
    let mut keys = HashMap::new();
    for heard in &seen.calls {
        let Call::Raw { request, .. } = &heard.exchange.call else { continue };
        let Some(pool) = request.path.strip_suffix("/.well-known/jwks.json") else { continue };
        let body = heard.exchange.success().and_then(|response| response.json().ok()?);
        if let Some(body) = body.filter(|body| body.get("keys").is_some()) {
            keys.insert(pool.rsplit('/').next().unwrap_or_default(), body.into_owned());
        }
    }
    keys
}
