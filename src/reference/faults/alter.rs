//! What faults do to a response: headers, members, whole refusals.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::wire::{Request, Response};

/// The code of a refusal.
pub(super) fn code(response: &Response) -> Option<String> {
    response.error_code().filter(|_| !response.is_success())
}

/// The text of a refusal.
pub(super) fn message(response: &Response) -> Option<String> {
    response.error_message().filter(|_| !response.is_success())
}

/// Turns the response into a refusal that is right in everything else.
pub(super) fn refuse(response: &mut Response, status: u16, code: &str, message: &str) {
    response.status = status;
    response.body = json!({"__type": code, "message": message}).to_string().into();
    set_header(response, "x-amzn-errortype", Some(&format!("{code}:")));
    // A header holds one line of printable ASCII.
    let fits = message.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    set_header(response, "x-amzn-errormessage", Some(message).filter(|_| fits));
}

/// Turns the response into a success with this body.
pub(super) fn succeed(response: &mut Response, body: &str) {
    response.status = 200;
    response.body = body.into();
    set_header(response, "x-amzn-errortype", None);
    set_header(response, "x-amzn-errormessage", None);
}

/// Tells whether the response is a refusal with this code.
pub(super) fn is_refused(response: &Response, code_wanted: &str) -> bool {
    code(response).is_some_and(|code| code == code_wanted)
}

/// Tells whether the response is a refusal whose text contains these words.
pub(super) fn says(response: &Response, words: &str) -> bool {
    message(response).is_some_and(|text| text.contains(words))
}

pub(super) fn set_header(response: &mut Response, name: &str, value: Option<&str>) {
    response.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    response.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

/// Alters the body's members, if it is an object.
pub(super) fn edit(response: &mut Response, change: impl FnOnce(&mut Map<String, Value>)) {
    let body = response.json().ok().flatten().map(Cow::into_owned);
    if let Some(Value::Object(mut body)) = body {
        change(&mut body);
        response.body = Value::Object(body).to_string().into();
    }
}

/// Alters the body of a refusal.
pub(super) fn edit_error(
    response: &mut Response,
    change: impl FnOnce(&mut Map<String, Value>, &str),
) {
    if let Some(code) = code(response) {
        edit(response, |body| change(body, &code));
    }
}

/// Alters each member of a success body, at any depth.
pub(super) fn edit_members(response: &mut Response, change: &dyn Fn(&str, &mut Value)) {
    fn each(value: &mut Value, change: &dyn Fn(&str, &mut Value)) {
        match value {
            Value::Object(members) => members.iter_mut().for_each(|(name, member)| {
                change(name, member);
                each(member, change);
            }),
            Value::Array(items) => items.iter_mut().for_each(|item| each(item, change)),
            _ => {}
        }
    }
    if response.is_success() {
        edit(response, |body| {
            let mut whole = Value::Object(std::mem::take(body));
            each(&mut whole, change);
            if let Value::Object(altered) = whole {
                *body = altered;
            }
        });
    }
}

/// Adds a member to every output that declares any.
pub(super) fn add_member(response: &mut Response, name: &str, value: Value) {
    if response.is_success() && *response.body != *b"{}" {
        edit(response, |body| {
            body.insert(name.into(), value);
        });
    }
}

pub(super) fn twice(value: &mut Value) {
    if let Value::Array(items) = value {
        items.extend(items.clone());
    }
}

pub(super) fn empty_list(value: &mut Value) {
    if value.is_array() {
        *value = json!([]);
    }
}

/// Alters the output of a success.
pub(super) fn edit_output(response: &mut Response, change: impl FnOnce(&mut Value)) {
    if response.is_success() {
        edit(response, |body| {
            let mut whole = Value::Object(std::mem::take(body));
            change(&mut whole);
            if let Value::Object(altered) = whole {
                *body = altered;
            }
        });
    }
}

/// Returns the member that carries the token of the next page.
pub(super) fn token_member(operation: &str) -> &'static str {
    if operation == "ListUsers" { "PaginationToken" } else { "NextToken" }
}

/// Alters a page of a list operation: its items, and the token of the next page (`null` for none).
pub(super) fn edit_page(
    operation: &str,
    response: &mut Response,
    change: impl FnOnce(&mut Vec<Value>, &mut Value),
) {
    if !response.is_success() {
        return;
    }
    edit(response, |body| {
        let name = token_member(operation);
        let mut token = body.remove(name).unwrap_or_default();
        if let Some(Value::Array(items)) = body.values_mut().find(|value| value.is_array()) {
            change(items, &mut token);
        }
        if !token.is_null() {
            body.insert(name.into(), token);
        }
    });
}

/// Alters the value of an attribute in a list of `Name` and `Value`.
pub(super) fn edit_attribute(
    attributes: Option<&mut Value>,
    name: &str,
    change: impl FnOnce(&str) -> String,
) {
    let items = attributes.and_then(Value::as_array_mut).into_iter().flatten();
    let mut named = items.filter(|item| item.get("Name").is_some_and(|other| other == name));
    if let Some(Value::String(value)) = named.next().and_then(|item| item.get_mut("Value")) {
        *value = change(value);
    }
}

/// Gives a member another value, where there are members at all.
pub(super) fn set(value: &mut Value, name: &str, member: Value) {
    if let Value::Object(members) = value {
        members.insert(name.into(), member);
    }
}

/// The password a request sends.
pub(super) fn password(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let places =
        ["/Password", "/ProposedPassword", "/TemporaryPassword", "/AuthParameters/PASSWORD"];
    let found = places.into_iter().find_map(|place| body.pointer(place)?.as_str());
    found.map(str::to_owned)
}
