//! `deleted-is-gone`: what was deleted can be neither read nor used, and no list shows it.

use serde_json::Value;

use super::relation::{Thing, thing};
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;
use crate::pattern::decode_jwt;

pub(super) const PROPERTY: Property = Property {
    id: "deleted-is-gone",
    level: Level::Behaviour,
    asks: "what was deleted is refused when read or used, and stands in no list",
    promises: &[GONE, LISTED, LISTED_USER, TOKEN],
    examine,
};

const GONE: Promise = Promise::documented(
    "API reference, the deleting operations, and the ResourceNotFoundException or UserNotFoundException of the others",
);
const LISTED: Promise =
    Promise::documented("API reference, the deleting and the listing operation");
const LISTED_USER: Promise =
    Promise::inferred("API reference, ListUsers: eventually consistent, so a note at most");
const TOKEN: Promise =
    Promise::documented("API reference, GetUser: NotAuthorizedException, UserNotFoundException");

/// Kinds that are one thing with one handle, refused once they are gone.
const LASTING: &[&str] = &[
    "group",
    "identity-pool",
    "identity-provider",
    "managed-login-branding",
    "resource-server",
    "terms",
    "user",
    "user-pool",
    "user-pool-client",
];

/// Calls that are answered for users who do not exist, where a client hides who does.
const SIMULATED: &[&str] = &["ForgotPassword", "ResendConfirmationCode"];

/// Something that was deleted, at one exchange.
struct Deleted<'a> {
    thing: Thing<'a>,
    by: &'a str,
    /// The user's name for tokens.
    index: usize,
}

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut gone: Vec<Deleted<'_>> = Vec::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        if gone.is_empty() && heard.name.is_empty() {
            continue;
        }
        found.extend(gone.iter().filter_map(|deleted| shown(heard, index, deleted)));
        gone.retain(|deleted| !may_revive(heard, deleted));
        if heard.answer().is_none() {
            continue;
        }
        for (kind, resource) in heard.kinds(|r| &r.delete).filter(|(k, _)| LASTING.contains(k)) {
            let is_pool = kind.ends_with("-pool");
            if let Some(thing) = thing(heard, kind, resource) {
                let handle = if is_pool { String::new() } else { thing.handle };
                gone.push(Deleted { thing: Thing { handle, ..thing }, by: heard.name, index });
            }
        }
    }
    found
}

/// Tells whether a call may have made the deleted thing again.
fn may_revive(heard: &Heard<'_>, deleted: &Deleted<'_>) -> bool {
    let Thing { kind, owner, .. } = &deleted.thing;
    if !heard.may_change() || kind.ends_with("-pool") || !heard.may_be_of(owner) {
        return false;
    }
    let creates = heard.service.and_then(|service| service.resources.get(*kind));
    let creates = creates.is_some_and(|r| r.create.iter().any(|c| c.operation == heard.name));
    // A user's name may become another user's alias, or be signed up on a provider's word.
    let by_user = *kind == "user" && !heard.name.contains("Delete");
    creates || by_user || heard.name.is_empty()
}

/// Returns how a call shows something that was deleted.
fn shown(heard: &Heard<'_>, index: usize, deleted: &Deleted<'_>) -> Option<Broken> {
    let answer = heard.answer()?;
    let Thing { kind, owner, member, handle } = &deleted.thing;
    if heard.owner.as_deref() != Some(owner) || index == deleted.index {
        return None;
    }
    let expected = format!("a refusal after {}", deleted.by);
    if let Some(token) = heard.text("AccessToken") {
        let (_, claims) = decode_jwt(token)?;
        let own = claims.get("username").and_then(Value::as_str) == Some(handle.as_str());
        let dead = *kind == "user-pool" || (*kind == "user" && own);
        return dead.then(|| TOKEN.broken(index, "", expected, "an answer"));
    }
    if kind.ends_with("-pool") {
        let named = heard.text("UserPoolId").or(heard.text("IdentityPoolId"));
        // A pool may have taken what it held along, and what clears up need not be told.
        let uses = named == Some(owner.as_str()) && !heard.name.contains("Delete");
        return uses.then(|| GONE.broken(index, "", expected, "an answer"));
    }
    let service = heard.service?;
    let (own, resource) = service.resources.get_key_value(*kind)?;
    let uses = resource.read.iter().chain(&resource.change).any(|name| name == heard.name)
        && !SIMULATED.contains(&heard.name);
    if uses {
        // The answer may be about another who bears the name now.
        let asked = if *kind == "user" {
            heard.user.clone()
        } else {
            Some(thing(heard, own, resource)?.handle)
        };
        let same = asked.as_deref() == Some(handle.as_str());
        return same.then(|| GONE.broken(index, "", expected, "an answer"));
    }
    if resource.list.iter().any(|name| name == heard.name) {
        let operation = heard.operation?.pagination.as_ref()?.result_key.as_ref()?;
        let items = answer.get(operation)?.as_array()?;
        let shows = |item: &Value| item.get(*member).and_then(Value::as_str) == Some(handle);
        let place = items.iter().position(shows)?;
        let promise = if *kind == "user" { &LISTED_USER } else { &LISTED };
        let expected = format!("no {member} {handle} after {}", deleted.by);
        return Some(promise.broken(index, format!("/{operation}/{place}"), expected, "listed"));
    }
    None
}
