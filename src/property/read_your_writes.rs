//! `read-your-writes`: what a successful call wrote is what the next read of the resource shows.
//!
//! Members of an input are joined with members of an output by name and shape. What was written
//! counts until something may have altered it; what the call did not say is never compared.

use serde_json::{Map, Value};

use super::answers;
use super::compare::{is_void, same};
use super::relation::{Thing, thing, touches, written};
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::catalogue::{Kind, Schema, Service};
use crate::outcome::Level;
use crate::pattern::shorten;

pub(super) const PROPERTY: Property = Property {
    id: "read-your-writes",
    level: Level::Behaviour,
    asks: "what a successful call wrote is what it answers, and what the next read shows",
    promises: &[SHOWN, LISTED_USER],
    examine,
};

const SHOWN: Promise =
    Promise::documented("API reference, the members of the writing and of the reading operation");
/// Lists of users lag by design.
const LISTED_USER: Promise =
    Promise::inferred("API reference, ListUsers: eventually consistent, so a note at most");

/// Members that are not read as they were written.
const NORMALISED: &[&str] = &[
    "AnalyticsConfiguration", // completed with what the application id stands for
    "Assets",                 // stored elsewhere
    "EmailVerificationMessage", // kept in step with VerificationMessageTemplate
    "EmailVerificationSubject", // the same
    "ImageFile",              // shown as an address
    "KeyConfiguration",       // completed
    "MFAOptions",             // only text messages to a phone number were ever kept
    "LambdaConfig", // PreTokenGeneration and PreTokenGenerationConfig stand for each other
    "PrincipalTags", // without effect beside UseDefaults
    "ProviderDetails", // completed from the provider's own documents, secrets hidden
    "SmsVerificationMessage", // kept in step with VerificationMessageTemplate
    "UnusedAccountValidityDays", // replaced by the policy's TemporaryPasswordValidityDays
    "VerificationMessageTemplate",
];

/// Operations that answer with other things than what they wrote: with the address of a custom
/// domain, and for a prefix domain with nothing.
///
/// Source: API reference, CreateUserPoolDomain, "this operation returns a blank response".
const SILENT: &[&str] = &["CreateUserPoolDomain", "UpdateUserPoolDomain"];

/// Reads that move by themselves, but not in what was written: a domain's status does.
const SETTLED: &[&str] = &["DescribeUserPoolDomain"];

/// Attributes that a target derives from others, or writes in a form of its own.
const DERIVED: &[&str] = &["sub", "identities", "updated_at"];

/// What some calls leave without naming it: operation, member of AdminGetUser, value.
const EFFECTS: &[(&str, &str, &str)] = &[
    ("AdminConfirmSignUp", "UserStatus", "CONFIRMED"),
    ("AdminDisableUser", "Enabled", "false"),
    ("AdminEnableUser", "Enabled", "true"),
    ("AdminResetUserPassword", "UserStatus", "RESET_REQUIRED"),
];

/// What a call wrote, as long as it must be read.
struct Written<'a> {
    thing: Thing<'a>,
    index: usize,
    made: bool,
}

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut pending: Vec<Written<'_>> = Vec::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        if heard.may_change() {
            pending.retain(|written| !touches(heard, &written.thing));
            // An invitation that is sent again writes nothing of what it names.
            let resent = heard.text("MessageAction") == Some("RESEND");
            if let Some(answer) = heard.answer().filter(|_| !resent) {
                // What a sign-in names twice are questions and answers.
                if written(heard).next().is_some() && !SILENT.contains(&heard.name) {
                    echo(heard, index, answer, &mut found);
                }
                for (kind, resource) in written(heard) {
                    let deletes = resource.delete.iter().any(|name| name == heard.name);
                    let Some(thing) = thing(heard, kind, resource).filter(|_| !deletes) else {
                        continue;
                    };
                    let made = resource.create.iter().any(|c| c.operation == heard.name);
                    pending.push(Written { thing, index, made });
                }
            }
        } else if heard.reads && !pending.is_empty() {
            read(seen, heard, index, &pending, &mut found);
        }
    }
    found
}

/// Compares the answer of a writing call with its own input.
fn echo(heard: &Heard<'_>, index: usize, answer: &Value, found: &mut Vec<Broken>) {
    let Some((service, operation)) = heard.service.zip(heard.operation) else { return };
    let Some(output) = &operation.output else { return };
    let (at, body, shape) = body_of(service, output, answer);
    compare(heard, at, body, shape, service, &mut |pointer, wrote, reads| {
        let expected = format!("{wrote} as the call says");
        found.push(SHOWN.broken(index, pointer, expected, reads));
    });
}

/// Compares a read with what was written of the same resource.
fn read(
    seen: &Seen<'_>,
    heard: &Heard<'_>,
    index: usize,
    pending: &[Written<'_>],
    found: &mut Vec<Broken>,
) {
    let Some((service, operation)) = heard.service.zip(heard.operation) else { return };
    let steady = heard.kinds(|r| &r.moves).next().is_none();
    for (kind, resource) in heard.kinds(|r| &r.read) {
        let Some(asked) = thing(heard, kind, resource) else { continue };
        for written in pending.iter().filter(|written| written.thing == asked) {
            let by = &seen.calls[written.index];
            if let Some(code) = heard.refusal() {
                let lost =
                    written.made && code.contains("NotFound") && describes(heard, &resource.read);
                if lost && !kind.ends_with("-pool") && !heard.is_to_be_refused() {
                    let expected = format!("what {} made", by.name);
                    found.push(SHOWN.broken(index, "", expected, format!("`{code}`")));
                }
                continue;
            }
            let settled = SETTLED.contains(&heard.name);
            let shown = heard.reading().or_else(|| heard.answer().filter(|_| settled));
            let Some((answer, output)) = shown.zip(operation.output.as_ref()) else { continue };
            let (at, body, shape) = body_of(service, output, answer);
            let mut tell = |pointer: String, wrote: String, reads: String| {
                let expected = format!("{wrote} as {} wrote", by.name);
                found.push(SHOWN.broken(index, pointer, expected, reads));
            };
            compare(by, at, body, shape, service, &mut tell);
            effects(by, heard, answer, &mut tell);
            without_attributes(by, answer, &mut tell);
        }
    }
    if steady && heard.text("Filter").is_none() {
        listed(seen, heard, index, pending, found);
    }
}

/// Tells whether a read shows the resource itself: the first of its kind's reads.
fn describes(heard: &Heard<'_>, reads: &[String]) -> bool {
    reads.first().is_some_and(|name| name == heard.name)
}

/// A complete list shows what was made.
fn listed(
    seen: &Seen<'_>,
    heard: &Heard<'_>,
    index: usize,
    pending: &[Written<'_>],
    found: &mut Vec<Broken>,
) {
    let Some((items, owner)) = heard.whole_list().zip(heard.owner.as_ref()) else { return };
    if heard.is_to_be_refused() {
        return;
    }
    // The list of the whole pool; those of a group or a user show some.
    let of_pool = |members: &Value| {
        ["Username", "GroupName", "ClientId", "ClientType"]
            .iter()
            .all(|member| members.get(member).is_none())
    };
    let some = ["AccessToken", "HideDisabled"].iter().any(|m| heard.input.get(m).is_some());
    if !of_pool(heard.input) || some {
        return;
    }
    for (kind, _) in heard.kinds(|r| &r.list) {
        let made =
            pending.iter().filter(|w| w.made && w.thing.kind == kind && w.thing.owner == *owner);
        for written in made.filter(|w| !w.thing.member.is_empty()) {
            let Thing { member, handle, .. } = &written.thing;
            let shows = |item: &Value| item.get(*member).and_then(Value::as_str) == Some(handle);
            if items.iter().any(shows) {
                continue;
            }
            let promise = if kind == "user" { &LISTED_USER } else { &SHOWN };
            let by = seen.calls[written.index].name;
            let expected = format!("{member} {handle}, which {by} made");
            found.push(promise.broken(index, "", expected, format!("{} others", items.len())));
        }
    }
}

/// Returns what an output shows of one resource: its only structure, or all of it.
fn body_of<'v>(
    service: &'v Service,
    output: &'v Schema,
    answer: &'v Value,
) -> (String, &'v Value, &'v Schema) {
    let mut members = output.properties.iter().flatten();
    if let Some((name, schema)) = members.next().filter(|_| members.next().is_none())
        && let shape = service.resolve(schema)
        && shape.is_structure()
        && let Some(body) = answer.get(name)
    {
        return (format!("/{name}"), body, shape);
    }
    (String::new(), answer, output)
}

/// Compares the members that both sides have.
fn compare(
    by: &Heard<'_>,
    at: String,
    body: &Value,
    shape: &Schema,
    service: &Service,
    tell: &mut dyn FnMut(String, String, String),
) {
    let Some((operation, wrote)) = by.operation.zip(by.input.as_object()) else { return };
    for (name, value) in wrote {
        let Some(schema) = operation.input.member(name) else { continue };
        if name == "UserAttributes" {
            attributes(by, &at, body, value, tell);
            continue;
        }
        let Some(shown) = shape.member(name).filter(|shown| shown.target() == schema.target())
        else {
            continue;
        };
        // The service's own mapping stands in for the caller's.
        if name == "PrincipalTags" && body.get("UseDefaults") == Some(&Value::Bool(true)) {
            continue;
        }
        let resolved = service.resolve(schema);
        if resolved.kind != service.resolve(shown).kind || is_secret(resolved) {
            continue;
        }
        let reads = body.get(name).unwrap_or(&Value::Null);
        differing(service, resolved, &format!("{at}/{name}"), name, value, reads, tell);
    }
}

fn is_secret(schema: &Schema) -> bool {
    schema.sensitive || schema.volatile.is_some() || schema.timestamp.is_some()
}

/// Reports where `reads` lacks something of `wrote`; what it has besides are defaults.
fn differing(
    service: &Service,
    schema: &Schema,
    at: &str,
    name: &str,
    wrote: &Value,
    reads: &Value,
    tell: &mut dyn FnMut(String, String, String),
) {
    // Zero, like an absent value, asks for the default; a fraction is cut off.
    let fraction = schema.kind == Some(Kind::Integer) && wrote.is_f64();
    let asks_default = is_void(wrote) || wrote.as_f64() == Some(0.0) || fraction;
    if asks_default || NORMALISED.contains(&name) || schema.kind.is_none() || is_secret(schema) {
        return;
    }
    let agrees = match (wrote, reads) {
        (Value::Object(members), Value::Object(shown)) => {
            for (name, value) in members {
                let inner = schema.member(name).or(schema.additional_properties.as_deref());
                let Some(inner) = inner.map(|inner| service.resolve(inner)) else { continue };
                let reads = shown.get(name).unwrap_or(&Value::Null);
                // Keys of a map are the caller's: they would make a kind of finding each.
                let at = if schema.is_map() { at.to_owned() } else { format!("{at}/{name}") };
                differing(service, inner, &at, name, value, reads, tell);
            }
            return;
        }
        (Value::Array(items), Value::Array(shown)) => {
            let structured = |item: &Value| item.is_object() || item.is_array();
            items.iter().any(structured) // completed with defaults
                || (items.iter().all(|item| shown.contains(item))
                    && shown.iter().all(|item| items.contains(item)))
        }
        // What is off may as well not be there.
        _ if answers::is_void(wrote) && answers::is_void(reads) => true,
        _ => same(wrote, reads) || schema.kind == Some(Kind::Object),
    };
    if !agrees {
        let text = if reads.is_null() { "absent".into() } else { shorten(reads) };
        tell(at.to_owned(), shorten(wrote), text);
    }
}

/// Compares user attributes by name.
fn attributes(
    by: &Heard<'_>,
    at: &str,
    body: &Value,
    wrote: &Value,
    tell: &mut dyn FnMut(String, String, String),
) {
    let list =
        ["UserAttributes", "Attributes"].iter().find_map(|name| Some((name, body.get(name)?)));
    let Some((member, Value::Array(shown))) = list else { return };
    for attribute in wrote.as_array().into_iter().flatten() {
        let text = |member: &str| attribute.get(member).and_then(Value::as_str).unwrap_or_default();
        let (name, value) = (text("Name"), text("Value"));
        let again = wrote.as_array().into_iter().flatten();
        let once = again.filter(|other| other.get("Name") == attribute.get("Name")).count() == 1;
        if !once || value.is_empty() || DERIVED.contains(&name) || name.starts_with("cognito:") {
            continue;
        }
        // The old address may stay until the new one is verified; one that is the name of a new
        // user wins over one beside it.
        let named =
            by.text("Username").is_some_and(|name| name.contains('@') || name.starts_with('+'));
        let address = matches!(name, "email" | "phone_number");
        let waits = address && (named || by.name.contains("Update"));
        let reads = value_of(shown, name);
        let agrees = reads.is_none_or(|reads| reads.eq_ignore_ascii_case(value)) || waits;
        if !agrees {
            let pointer = format!("{at}/{member}");
            tell(pointer, format!("{name} {value}"), reads.unwrap_or("absent").to_owned());
        }
        // A user sees what the client may read, the administrator everything.
        if reads.is_none()
            && !waits
            && by.text("UserPoolId").is_some()
            && body.get("UserStatus").is_some()
        {
            tell(format!("{at}/{member}"), format!("{name} {value}"), "absent".into());
        }
    }
}

/// Attributes that were deleted are gone.
fn without_attributes(
    by: &Heard<'_>,
    answer: &Value,
    tell: &mut dyn FnMut(String, String, String),
) {
    if !by.name.ends_with("DeleteUserAttributes") {
        return;
    }
    let names = by.input.get("UserAttributeNames").and_then(Value::as_array);
    let Some(shown) = answer.get("UserAttributes").and_then(Value::as_array) else { return };
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        if let Some(value) = value_of(shown, name).filter(|value| !value.is_empty()) {
            tell("/UserAttributes".into(), format!("no {name}"), value.to_owned());
        }
    }
}

/// A user's state, and tags that were taken off: what a call leaves without naming the member.
fn effects(
    by: &Heard<'_>,
    heard: &Heard<'_>,
    answer: &Value,
    tell: &mut dyn FnMut(String, String, String),
) {
    if heard.name == "AdminGetUser" {
        for (_, member, value) in EFFECTS.iter().filter(|(name, _, _)| *name == by.name) {
            let reads = answer
                .get(*member)
                .map(|shown| shown.as_str().map_or(shown.to_string(), str::to_owned));
            if let Some(reads) = reads.filter(|reads| reads != value) {
                tell(format!("/{member}"), (*value).to_owned(), reads);
            }
        }
    }
    if heard.name == "ListTagsForResource" {
        let none = Map::new();
        let shown = answer.get("Tags").and_then(Value::as_object).unwrap_or(&none);
        let keys = by.input.get("TagKeys").filter(|_| by.name == "UntagResource");
        for key in keys.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if let Some(value) = shown.get(key) {
                tell("/Tags".into(), format!("no {key}"), shorten(value));
            }
        }
    }
}

/// Returns the value of an attribute in a list of them.
pub(super) fn value_of<'v>(attributes: &'v [Value], name: &str) -> Option<&'v str> {
    let found = attributes.iter().find(|a| a.get("Name").and_then(Value::as_str) == Some(name));
    found?.get("Value")?.as_str()
}
