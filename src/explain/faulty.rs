//! Which named faults of the reference break what a rule promises.
//!
//! Of a refusal that is tried out: the fault gets the refusal as the rule words it, and whatever
//! comes out with another status, code or text is broken. A fault that has to alter the request,
//! or what is read afterwards, cannot be seen so; it is named where it is about the operations.

use serde::Serialize;
use serde_json::json;

use crate::catalogue::{Catalogue, Rule, Service};
use crate::outcome::Level;
use crate::reference::faults::{self, NamedFault};
use crate::wire::{Request, Response};

/// A named fault of the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultRef {
    /// Its name, as `--fault` takes it.
    pub name: &'static str,
    /// What is wrong with it.
    pub about: &'static str,
    /// The check or property that must see it first.
    pub caught_by: &'static str,
    /// How it concerns what is explained.
    pub how: How,
}

/// How a fault concerns a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It was seen to break it.
    Breaks,
    /// It is a fault of the same operations.
    SameOperations,
}

impl FaultRef {
    pub(super) fn of(fault: &'static NamedFault, how: How) -> Self {
        let NamedFault { name, about, caught_by, .. } = *fault;
        Self { name, about, caught_by, how }
    }
}

/// Returns the faults that break a rule, those of a few operations first, then those of the same
/// operations.
pub(super) fn of_rule(catalogue: &Catalogue, rule: &Rule) -> Vec<FaultRef> {
    let Some(service) = catalogue.services.get(&rule.service) else { return Vec::new() };
    let refusal = refusal(service, rule);
    let breaks = |fault: &&'static NamedFault| {
        refusal.as_ref().is_some_and(|refusal| alters(service, rule, fault, refusal))
    };
    let (mut broken, others): (Vec<&'static NamedFault>, Vec<&'static NamedFault>) =
        faults::all().partition(breaks);
    broken.sort_by_key(|fault| fault.on.is_empty());
    let deep = |level: Level| !matches!(level, Level::Wire | Level::Schema);
    let near = others.into_iter().filter(|fault| {
        deep(fault.level) && fault.on.iter().any(|name| rule.operations.contains(*name))
    });
    let broken = broken.into_iter().map(|fault| FaultRef::of(fault, How::Breaks));
    broken.chain(near.map(|fault| FaultRef::of(fault, How::SameOperations))).collect()
}

/// Returns the refusal that a rule promises; `None` where it promises an effect.
fn refusal(service: &Service, rule: &Rule) -> Option<Response> {
    let code = rule.error.as_deref()?;
    let text: String = rule.message.as_deref().unwrap_or_default().replace(['{', '}'], "");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Some(Response {
        status: service.errors.get(code).map_or(400, |error| error.status),
        headers: vec![
            header("content-type", "application/x-amz-json-1.1"),
            header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000"),
            header("x-amzn-errortype", &format!("{code}:")),
            header("x-amzn-errormessage", &text),
        ],
        body: json!({"__type": code, "message": text}).to_string().into(),
    })
}

fn alters(service: &Service, rule: &Rule, fault: &'static NamedFault, refusal: &Response) -> bool {
    let concerns = |name: &&String| fault.on.is_empty() || fault.on.contains(&name.as_str());
    let told =
        |response: &Response| (response.status, response.error_code(), response.error_message());
    let mut operations = service.operations.keys().filter(|name| rule.covers(name));
    let Some(operation) = operations.find(concerns) else { return false };
    let request = Request::call(&service.info.target_prefix, operation, &json!({}));
    let answer = fault.middleware().answer(&request, Some(operation), &|_| refusal.clone());
    told(&answer) != told(refusal)
}
