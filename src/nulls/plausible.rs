//! Answers that fit the shapes, and mean nothing.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex::Regex;
use serde_json::{Map, Value, json};

use super::response;
use crate::catalogue::{Catalogue, Kind, Schema, Service};
use crate::wire::{CONTENT_TYPE, Request, Response};

/// Structures inside one another before optional members are left out.
const DEEP: usize = 5;

/// Some point in time, in seconds since the epoch.
const TIME: u64 = 1_790_000_000;

/// Texts of the forms that ids, ARNs and tokens have; the first that fits stands for all.
const TEXTS: [&str; 9] = [
    "text",
    "us-east-1_AAAAAAAAA",
    "us-east-1:00000000-0000-4000-8000-000000000000",
    "arn:aws:iam::123456789012:role/name",
    "name@example.com",
    "https://example.com",
    "00000000-0000-4000-8000-000000000000",
    "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
    "123456",
];

/// Answers a call of a known operation with an output of its shape; anything else is refused.
pub(super) fn answer(catalogue: &Catalogue, request: &Request) -> Response {
    let called = request.header("x-amz-target").and_then(|target| target.rsplit_once('.'));
    let found = called.and_then(|(prefix, name)| {
        let mut services = catalogue.services.values();
        let service = services.find(|service| service.info.target_prefix == prefix)?;
        Some((service, service.operations.get(name)?))
    });
    let Some((service, operation)) = found else {
        let code = "UnknownOperationException";
        let mut refusal = response(400, CONTENT_TYPE, json!({"__type": code}).to_string());
        refusal.headers.push(("x-amzn-errortype".into(), format!("{code}:")));
        return with_id(refusal);
    };
    let body = operation.output.as_ref().map(|output| {
        let mut body = value(service, output, 0);
        // Every page is the last: one that never ends would be known by that alone.
        if let (Value::Object(members), Some(pages)) = (&mut body, &operation.pagination) {
            members.remove(&pages.output_token);
        }
        body.to_string()
    });
    let body = body.unwrap_or_default();
    with_id(response(200, CONTENT_TYPE, body))
}

fn with_id(mut response: Response) -> Response {
    let id = "00000000-0000-4000-8000-000000000000";
    response.headers.push(("x-amzn-requestid".into(), id.into()));
    response
}

/// Returns the same value of a shape each time: every member, one item a list.
fn value(service: &Service, schema: &Schema, depth: usize) -> Value {
    let schema = service.resolve(schema);
    match schema.kind {
        Some(Kind::String) => text(schema).into(),
        Some(Kind::Boolean) => true.into(),
        Some(Kind::Integer) => schema.minimum.unwrap_or(1).max(1).into(),
        Some(Kind::Number) => TIME.into(),
        Some(Kind::Array) => {
            let item = schema.items.as_deref().filter(|_| depth < DEEP);
            item.map(|item| value(service, item, depth + 1)).into_iter().collect()
        }
        Some(Kind::Object) => {
            let members = schema.properties.iter().flatten();
            let wanted = |name: &String| depth < DEEP || schema.required.contains(name);
            let members = members.filter(|(name, _)| wanted(name));
            let filled =
                members.map(|(name, member)| (name.clone(), value(service, member, depth + 1)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
        None => json!({}),
    }
}

fn text(schema: &Schema) -> String {
    if let Some(first) = schema.enumeration.iter().flatten().next() {
        return first.clone();
    }
    let pattern = schema.pattern.as_deref().and_then(compiled);
    let fits = |text: &&&str| {
        let length = text.len() as u64;
        schema.min_length.is_none_or(|least| length >= least)
            && schema.max_length.is_none_or(|most| length <= most)
            && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
    };
    TEXTS.iter().find(fits).map_or_else(|| TEXTS[0].to_owned(), |text| (*text).to_owned())
}

/// Compiles each pattern once: those of the models take longer than all else here.
fn compiled(pattern: &str) -> Option<Regex> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Option<Regex>>>> =
        LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok()).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Source;
    use crate::check;
    use crate::transcript::{Call, Exchange, Place};

    #[test]
    fn every_output_fits_its_shape() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        for (service, operation) in catalogue.operations() {
            let request = Request::call(&service.info.target_prefix, &operation.name, &json!({}));
            let exchange = Exchange {
                place: Place::Step(1),
                call: Call::Api {
                    service: service.info.id.clone(),
                    operation: operation.name.clone(),
                    input: json!({}),
                    signed: true,
                },
                reply: Ok(answer(&catalogue, &request)),
                request,
                sdk: None,
                expect: None,
                declined: false,
                twin: None,
                together: None,
                pages: None,
                elapsed_ms: 1,
            };
            let broken = check::examine(&catalogue, &exchange);
            assert!(broken.is_empty(), "{}: {broken:#?}", operation.name);
        }
    }
}
