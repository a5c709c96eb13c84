//! `views-agree`: two views of one resource show the same where they show the same members.

use serde_json::Value;

use super::compare::{first_difference, is_void, tidy};
use super::read_your_writes::value_of;
use super::relation::thing;
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;
use crate::pattern::shorten;

pub(super) const PROPERTY: Property = Property {
    id: "views-agree",
    level: Level::Behaviour,
    asks: "the administrator's and the user's view, a description and an entry of a list agree",
    promises: &[VIEWS, LAGGING],
    examine,
};

const VIEWS: Promise = Promise::documented(
    "API reference, the reading operations: members of one name describe one thing",
);
const LAGGING: Promise =
    Promise::inferred("API reference, ListUsers: eventually consistent, so a note at most");

/// One look at one resource.
struct View<'v> {
    index: usize,
    name: &'v str,
    owner: &'v str,
    kind: &'v str,
    handle: &'v str,
    at: String,
    body: &'v Value,
}

/// Operations that show a user, in part.
const OF_USERS: &[&str] =
    &["AdminGetUser", "AdminGetUserAuthFactors", "GetUser", "GetUserAuthFactors"];

/// Members that views show in part, or not as they are.
const PARTIAL: &[&str] = &["UserAttributes", "Attributes", "MFAOptions"];

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut last: Vec<View<'_>> = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        if heard.reading().is_none() {
            continue;
        }
        for view in views(heard, index) {
            let same = |other: &View<'_>| {
                (other.kind, other.owner, other.handle) == (view.kind, view.owner, view.handle)
            };
            let earlier = last.iter().filter(|other| same(other) && other.name != view.name);
            let earlier = earlier.filter(|other| seen.undisturbed(other.index, index, view.owner));
            found.extend(earlier.filter_map(|other| disagreement(other, &view)));
            last.retain(|other| !(same(other) && other.name == view.name));
            last.push(view);
        }
    }
    found
}

/// Returns the resources that an answer shows.
fn views<'v>(heard: &'v Heard<'_>, index: usize) -> Vec<View<'v>> {
    let Some((answer, owner)) = heard.answer().zip(heard.owner.as_deref()) else {
        return Vec::new();
    };
    let (name, text) = (heard.name, Value::as_str);
    if OF_USERS.contains(&name) {
        let handle = answer.get("Username").and_then(text);
        let view = handle.map(|handle| View {
            index,
            name,
            owner,
            kind: "user",
            handle,
            at: String::new(),
            body: answer,
        });
        return view.into_iter().collect();
    }
    let mut views = Vec::new();
    let key = heard.operation.and_then(|o| o.pagination.as_ref()?.result_key.as_deref());
    if let Some((key, items)) = key.and_then(|key| Some((key, answer.get(key)?.as_array()?))) {
        let kinds = ["Username", "GroupName", "ClientId", "Identifier", "ProviderName", "TermsId"];
        for (place, body) in items.iter().enumerate() {
            let of = kinds.iter().find_map(|kind| Some((*kind, body.get(kind).and_then(text)?)));
            let Some((kind, handle)) = of else { continue };
            let kind = if kind == "Username" { "user" } else { kind };
            views.push(View {
                index,
                name,
                owner,
                kind,
                handle,
                at: format!("/{key}/{place}"),
                body,
            });
        }
        return views;
    }
    // A description of one resource that its input names.
    let Some((kind, resource)) = heard.kinds(|r| &r.read).next() else { return views };
    let Some(thing) = thing(heard, kind, resource).filter(|thing| !thing.member.is_empty()) else {
        return views;
    };
    for (key, body) in answer.as_object().into_iter().flatten() {
        if let Some(handle) = body.get(thing.member).and_then(text) {
            let kind = heard.service.and_then(|service| {
                let (_, resource) = service.resources.get_key_value(thing.kind)?;
                resource.create.first()?.handle.get_key_value(thing.member).map(|(k, _)| k.as_str())
            });
            let Some(kind) = kind else { continue };
            views.push(View { index, name, owner, kind, handle, at: format!("/{key}"), body });
        }
    }
    views
}

/// Returns where the second view contradicts the first.
fn disagreement(first: &View<'_>, second: &View<'_>) -> Option<Broken> {
    let lists = |view: &View<'_>| view.kind == "user" && view.name.starts_with("List");
    let promise = if lists(first) || lists(second) { &LAGGING } else { &VIEWS };
    let (one, other) = (first.body.as_object()?, second.body.as_object()?);
    for (name, before) in one {
        let Some(after) = other.get(name).filter(|_| !PARTIAL.contains(&name.as_str())) else {
            continue;
        };
        // Seconds here, milliseconds there.
        let close = before.as_f64().zip(after.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= 1.0);
        if is_void(before) || is_void(after) || close {
            continue;
        }
        let (mut before, mut after) = (before.clone(), after.clone());
        tidy(&mut before);
        tidy(&mut after);
        let pointer = format!("{}/{name}", second.at);
        // A list names in short what a description spells out.
        if before.is_object() != after.is_object()
            || (before.is_object() && first.name != second.name)
        {
            continue;
        }
        if let Some(differs) = first_difference(&pointer, &before, &after) {
            let expected = format!("{} as {} shows", differs.before, first.name);
            return Some(promise.broken(second.index, differs.pointer, expected, differs.after));
        }
    }
    let attributes = |view: &View<'_>| -> Option<Vec<Value>> {
        let list = view.body.get("UserAttributes").or(view.body.get("Attributes"))?;
        Some(list.as_array()?.clone())
    };
    let (one, other) = (attributes(first)?, attributes(second)?);
    for attribute in &one {
        let Some(name) = attribute.get("Name").and_then(Value::as_str) else { continue };
        let (before, after) = (value_of(&one, name)?, value_of(&other, name));
        let lacks = after.is_none() && first.name == "GetUser" && second.name == "AdminGetUser";
        if lacks || after.is_some_and(|after| after != before) {
            let expected = format!("{name} {before} as {} shows", first.name);
            let actual = after.map_or_else(|| "absent".into(), |text| shorten(&text.into()));
            let member = if second.body.get("UserAttributes").is_some() {
                "UserAttributes"
            } else {
                "Attributes"
            };
            return Some(promise.broken(
                second.index,
                format!("{}/{member}", second.at),
                expected,
                actual,
            ));
        }
    }
    None
}
