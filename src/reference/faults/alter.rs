//! What faults do to a response: headers, members, whole refusals.

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
    response.body = json!({"__type": code, "message": message}).to_string().into_bytes();
    set_header(response, "x-amzn-errortype", Some(&format!("{code}:")));
    // A header holds one line of printable ASCII.
    let fits = message.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    set_header(response, "x-amzn-errormessage", Some(message).filter(|_| fits));
}

pub(super) fn set_header(response: &mut Response, name: &str, value: Option<&str>) {
    response.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    response.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

/// Alters the body's members, if it is an object.
pub(super) fn edit(response: &mut Response, change: impl FnOnce(&mut Map<String, Value>)) {
    if let Ok(Some(Value::Object(mut body))) = response.json() {
        change(&mut body);
        response.body = Value::Object(body).to_string().into_bytes();
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
    if response.is_success() && response.body != b"{}" {
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

/// The password a request sends.
pub(super) fn password(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let places =
        ["/Password", "/ProposedPassword", "/TemporaryPassword", "/AuthParameters/PASSWORD"];
    let found = places.into_iter().find_map(|place| body.pointer(place)?.as_str());
    found.map(str::to_owned)
}
