//! `ids-steady`: an id belongs to one thing, and a thing keeps its ids.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::read_your_writes::value_of;
use super::seen::{Heard, Seen};
use super::times_monotone::walk;
use super::{Broken, Promise, Property};
use crate::outcome::Level;
use crate::pattern::decode_jwt;

pub(super) const PROPERTY: Property = Property {
    id: "ids-steady",
    level: Level::Behaviour,
    asks: "ids that are given out are unique, a user's sub and a pool's ARN are the same everywhere, and equal logins have one identity",
    promises: &[UNIQUE, STEADY, RETRIEVED],
    examine,
};

const UNIQUE: Promise =
    Promise::documented("API reference, the creating operations: the id of what was created");
const STEADY: Promise = Promise::documented(
    "developer guide, user attributes: sub is unique and does not change; API reference, Arn",
);

const RETRIEVED: Promise = Promise::documented(
    "API reference, GetId: generates or retrieves an identity id; GetOpenIdTokenForDeveloperIdentity: registers or retrieves one",
);

/// Calls that answer with the identity of whoever logs in, a new one where there is none.
const LOG_INS: &[&str] = &["GetId", "GetOpenIdTokenForDeveloperIdentity"];

/// The identity of some logins in a pool, as a call told it.
struct Known<'a> {
    pool: &'a str,
    by: &'a str,
    logins: &'a Map<String, Value>,
    id: String,
}

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = ids(seen);
    found.extend(identities(seen));
    found
}

/// Compares the identities that the same logins are given.
fn identities(seen: &Seen<'_>) -> Vec<Broken> {
    let mut known: Vec<Known<'_>> = Vec::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        let logins = heard.input.get("Logins").and_then(Value::as_object);
        let logs_in = LOG_INS.contains(&heard.name) && heard.text("IdentityId").is_none();
        // Several logins at once become one's, and take their identities along.
        let single = logs_in && logins.is_none_or(|logins| logins.len() <= 1);
        if heard.may_change() && !single {
            known.retain(|known| !heard.may_be_of(known.pool));
        }
        let alone = heard.exchange.together.is_none() && logs_in;
        let id = heard.answer().and_then(|answer| answer.get("IdentityId")?.as_str());
        let logins = logins.filter(|logins| alone && !logins.is_empty());
        let Some(((pool, logins), id)) = heard.text("IdentityPoolId").zip(logins).zip(id) else {
            continue;
        };
        let same =
            |known: &&Known<'_>| (known.pool, known.by, known.logins) == (pool, heard.name, logins);
        match known.iter().find(same) {
            Some(first) if first.id != id => {
                let expected = format!("{}, as the same logins were given before", first.id);
                found.push(RETRIEVED.broken(index, "/IdentityId", expected, id));
            }
            Some(_) => {}
            None => known.push(Known { pool, by: heard.name, logins, id: id.to_owned() }),
        }
    }
    found
}

fn ids(seen: &Seen<'_>) -> Vec<Broken> {
    let mut given: HashMap<(&str, String), usize> = HashMap::new();
    let mut ids: HashMap<(String, String), (String, &str)> = HashMap::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        let deletes = heard.name.is_empty() || heard.name.contains("Delete");
        if deletes && heard.may_change() {
            ids.retain(|(owner, _), _| !heard.may_be_of(owner));
        }
        let Some(answer) = heard.answer() else { continue };
        for (at, id) in made(heard, answer) {
            if let Some(first) = given.insert((heard.name, id.clone()), index) {
                let expected =
                    format!("an id of its own, not that of {}", seen.calls[first].exchange.place);
                found.push(UNIQUE.broken(index, at, expected, id));
            }
        }
        for Told { at, thing, id } in told(answer) {
            let Some(owner) = heard.owner.clone() else { continue };
            match ids.get(&(owner.clone(), thing.clone())) {
                Some((before, by)) if *before != id => {
                    let expected = format!("{before} as {by} told");
                    found.push(STEADY.broken(index, at, expected, id));
                }
                Some(_) => {}
                None => {
                    ids.insert((owner, thing), (id, heard.name));
                }
            }
        }
    }
    found
}

/// Returns the ids that a creation was given, each with its pointer.
fn made(heard: &Heard<'_>, answer: &Value) -> Vec<(String, String)> {
    // GetId and its like answer with the identity that is there already.
    if !heard.name.starts_with("Create") && !heard.name.starts_with("Add") && heard.name != "SignUp"
    {
        return Vec::new();
    }
    let id = |at: &str| Some((at.to_owned(), answer.pointer(at)?.as_str()?.to_owned()));
    if heard.name == "SignUp" {
        return id("/UserSub").into_iter().collect();
    }
    let resources = heard.service.into_iter().flat_map(|service| service.resources.values());
    let creators = resources.flat_map(|r| &r.create).filter(|c| c.operation == heard.name);
    let sources = creators
        .flat_map(|c| c.handle.iter())
        .filter(|(member, source)| *member != "UserPoolId" || source.ends_with("/UserPool/Id"));
    sources.filter_map(|(_, source)| id(source.strip_prefix("output:")?)).collect()
}

/// An id of something, as an answer tells it.
struct Told {
    at: String,
    thing: String,
    id: String,
}

/// Returns what an answer tells of subs and ARNs.
fn told(answer: &Value) -> Vec<Told> {
    let mut told = Vec::new();
    walk(answer, &mut |at, object| {
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        for list in ["UserAttributes", "Attributes"] {
            let Some(attributes) = object.get(list).and_then(Value::as_array) else { continue };
            if let Some((username, sub)) = text("Username").zip(value_of(attributes, "sub")) {
                let (at, thing) = (format!("{at}/{list}"), format!("sub of {username}"));
                told.push(Told { at, thing, id: sub.to_owned() });
            }
        }
        if let Some((id, arn)) = text("Id").zip(text("Arn")) {
            let (at, thing) = (format!("{at}/Arn"), format!("ARN of {id}"));
            told.push(Told { at, thing, id: arn.to_owned() });
        }
        if let Some((_, claims)) = text("AccessToken").and_then(decode_jwt) {
            let claim = |name: &str| claims.get(name).and_then(Value::as_str);
            if let Some((username, sub)) = claim("username").zip(claim("sub")) {
                let (at, thing) = (format!("{at}/AccessToken"), format!("sub of {username}"));
                told.push(Told { at, thing, id: sub.to_owned() });
            }
        }
    });
    told
}
