//! `tokens-honest`: tokens say whose they are, and those that were revoked, altered or meant for
//! something else open nothing.

mod claims;

use std::collections::HashMap;

use serde_json::Value;

use self::claims::Issued;
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;
use crate::pattern::decode_jwt;

pub(super) const PROPERTY: Property = Property {
    id: "tokens-honest",
    level: Level::Security,
    asks: "tokens fit the call that gave them, and are refused once revoked, altered or misused",
    promises: &[REVOKED, DISABLED, FORGED, claims::CLAIMS, claims::KEYS],
    examine,
};

const REVOKED: Promise = Promise::documented(
    "developer guide, ending user sessions with token revocation; API reference, GlobalSignOut, AdminUserGlobalSignOut, RevokeToken",
);
const DISABLED: Promise =
    Promise::documented("API reference, AdminDisableUser: revokes all access tokens of the user");
const FORGED: Promise = Promise::documented(
    "developer guide, verifying JSON web tokens; API reference, AccessToken: a valid access token of the user",
);

/// Why tokens are void.
#[derive(Clone)]
struct Void {
    by: String,
    /// The user may be let in again.
    disabled: bool,
}

/// The tokens of a transcript, by their text.
#[derive(Default)]
struct Ledger {
    /// Access tokens: pool and username, and the refresh token they come from.
    access: HashMap<String, (Holder, Option<String>)>,
    refresh: HashMap<String, Holder>,
    void: HashMap<String, Void>,
}

/// Pool and username.
type Holder = (String, String);

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = claims::examine(seen);
    let mut ledger = Ledger::default();
    for (index, heard, answer) in seen.answers() {
        found.extend(misuse(heard, index, &ledger));
        ledger.revoke(heard);
        ledger.learn(heard, answer);
    }
    found
}

/// Returns what opened something it should not.
fn misuse(heard: &Heard<'_>, index: usize, ledger: &Ledger) -> Option<Broken> {
    let token = heard.text("AccessToken").or_else(|| refresh_token(heard))?;
    if let Some(void) = ledger.void.get(token) {
        let promise = if void.disabled { &DISABLED } else { &REVOKED };
        let expected = format!("a refusal, for {} made the token void", void.by);
        return Some(promise.broken(index, "", expected, "an answer"));
    }
    let token = heard.text("AccessToken")?;
    let (_, claims) = decode_jwt(token)?;
    if claims.get("token_use").and_then(Value::as_str) == Some("id") {
        let expected = "a refusal of an id token in place of an access token";
        return Some(FORGED.broken(index, "", expected, "an answer"));
    }
    let signed = token.rsplit_once('.')?.0;
    let altered = !ledger.access.contains_key(token)
        && ledger.access.keys().any(|known| {
            // The last character holds bits that no byte takes.
            let same_text = known.rsplit_once('.').is_some_and(|(text, _)| text == signed);
            same_text && known.get(..known.len() - 1) != token.get(..token.len() - 1)
        });
    altered.then(|| FORGED.broken(index, "", "a refusal of an altered signature", "an answer"))
}

/// Returns the refresh token that a call wants new tokens for.
fn refresh_token<'a>(heard: &Heard<'a>) -> Option<&'a str> {
    match heard.name {
        "GetTokensFromRefreshToken" => heard.text("RefreshToken"),
        "InitiateAuth" | "AdminInitiateAuth" => {
            let flow = heard.text("AuthFlow")?;
            let refreshes = matches!(flow, "REFRESH_TOKEN" | "REFRESH_TOKEN_AUTH");
            heard.input.pointer("/AuthParameters/REFRESH_TOKEN").filter(|_| refreshes)?.as_str()
        }
        _ => None,
    }
}

impl Ledger {
    /// Makes void what a call revokes.
    fn revoke(&mut self, heard: &Heard<'_>) {
        let holder = || Some((heard.owner.clone()?, heard.user.clone()?));
        match heard.name {
            "GlobalSignOut" | "AdminUserGlobalSignOut" => {
                self.void_all(holder(), heard.name, false)
            }
            "AdminDisableUser" => self.void_all(holder(), heard.name, true),
            // What enabling gives back is not documented.
            "AdminEnableUser" => self.void.retain(|_, void| !void.disabled),
            "RevokeToken" => {
                let Some(token) = heard.text("Token").filter(|t| self.refresh.contains_key(*t))
                else {
                    return;
                };
                let void = Void { by: heard.name.to_owned(), disabled: false };
                let family =
                    self.access.iter().filter(|(_, (_, from))| from.as_deref() == Some(token));
                let mut gone: Vec<String> = family.map(|(text, _)| text.clone()).collect();
                gone.push(token.to_owned());
                self.void.extend(gone.into_iter().map(|text| (text, void.clone())));
            }
            _ => {}
        }
    }

    fn void_all(&mut self, holder: Option<Holder>, by: &str, disabled: bool) {
        let Some(holder) = holder else { return };
        let access = self.access.iter().filter(|(_, (whose, _))| *whose == holder);
        let refresh = self.refresh.iter().filter(|(_, whose)| **whose == holder);
        let texts = access.map(|(text, _)| text).chain(refresh.map(|(text, _)| text));
        let texts: Vec<String> = texts.cloned().collect();
        for text in texts {
            let void = Void { by: by.to_owned(), disabled };
            let known = self.void.entry(text).or_insert_with(|| void.clone());
            // What a sign-out took, no enabling gives back.
            if known.disabled && !disabled {
                *known = void;
            }
        }
    }

    /// Keeps the tokens that a call gives.
    fn learn(&mut self, heard: &Heard<'_>, answer: &Value) {
        let Some(owner) = heard.owner.clone() else { return };
        let Some(issued) = Issued::of(answer) else { return };
        let given = issued.refresh.map(str::to_owned);
        let from = given.clone().or_else(|| refresh_token(heard).map(str::to_owned));
        let Some((access, claims)) = issued.access else { return };
        let Some(username) = claims.get("username").and_then(Value::as_str) else { return };
        let holder = (owner, username.to_owned());
        if let Some(refresh) = given {
            self.refresh.insert(refresh, holder.clone());
        }
        self.access.insert(access.to_owned(), (holder, from));
    }
}
