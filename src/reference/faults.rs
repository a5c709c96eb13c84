//! Named faults: ways to make the reference wrong in exactly one respect.
//!
//! They measure the checks and the properties, not the reference: each says which of them must
//! catch it first. All are middleware, so they fit any server that answers in this protocol: they
//! rewrite requests and responses, ask for other things by the way, and remember what they saw.
//! One file per level; beside `errors` stands `constraints`, beside `behaviour` `writes`, `lives`
//! and `settings`, beside `model` `lists`, beside `security` `tokens` and `sign_in`.

mod alter;
mod ask;
mod behaviour;
mod constraints;
mod errors;
mod lists;
mod lives;
mod model;
mod repair;
pub mod rules;
mod schema;
mod security;
mod settings;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;
mod wire;
mod writes;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use self::ask::{Ask, Memory};
use super::middleware::{Middleware, Next, Stack};
use crate::catalogue::Catalogue;
use crate::outcome::Level;
use crate::wire::{Request, Response};

/// A way to be wrong.
#[derive(Clone, Copy)]
pub struct NamedFault {
    /// Kebab-case name, as `serve --fault` takes it.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub about: &'static str,
    /// Level of the promise it breaks.
    pub level: Level,
    /// Id of the check or property that must catch it first.
    pub caught_by: &'static str,
    /// Calls in the shortest story known in which that check or property can catch it, those that
    /// make what the others need included.
    pub steps: usize,
    /// The operations it has to do with; none listed: all.
    pub on: &'static [&'static str],
    way: Way,
}

/// How a fault works.
#[derive(Clone, Copy)]
enum Way {
    /// It alters responses, whatever they answer: request, operation (empty for none), response.
    Alters(fn(&Request, &str, &mut Response)),
    /// It answers calls of its operations.
    Answers(fn(&Ask<'_>) -> Response),
}

/// The operations of a fault that has to do with all.
const EVERYTHING: &[&str] = &[];

impl fmt::Debug for NamedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NamedFault").field(&self.name).finish()
    }
}

impl NamedFault {
    /// Returns what puts the fault into one server, its memory empty.
    pub fn middleware(&'static self) -> Arc<dyn Middleware> {
        Arc::new(Faulty { fault: self, memory: Mutex::default() })
    }
}

/// A fault at work in one server.
struct Faulty {
    fault: &'static NamedFault,
    memory: Mutex<Memory>,
}

impl Middleware for Faulty {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        let called = operation.unwrap_or_default();
        let concerned = self.fault.on.is_empty() || self.fault.on.contains(&called);
        let mut response = match self.fault.way {
            Way::Alters(alter) if concerned => {
                let mut response = next(request);
                alter(request, called, &mut response);
                response
            }
            // The query binding and what is no call keep their own body.
            Way::Answers(answer) if concerned && request.header("x-amz-target").is_some() => {
                let Some(ask) = self.ask(request, called, next) else { return next(request) };
                answer(&ask)
            }
            _ => return next(request),
        };
        let length = response.body.len().to_string();
        for (name, value) in &mut response.headers {
            if name.eq_ignore_ascii_case("content-length") {
                value.clone_from(&length);
            }
        }
        response
    }

    fn reset(&self) {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Memory::default();
    }
}

impl Faulty {
    /// Returns the call as the fault sees it; `None` where none is called with a JSON object.
    fn ask<'a>(
        &'a self,
        request: &'a Request,
        operation: &'a str,
        next: &'a Next<'a>,
    ) -> Option<Ask<'a>> {
        let Ok(Value::Object(input)) = serde_json::from_slice(&request.body) else { return None };
        let called = !operation.is_empty();
        called.then_some(Ask { request, operation, input, next, memory: &self.memory })
    }
}

/// Returns every named fault, shallowest level first.
pub fn all() -> impl Iterator<Item = &'static NamedFault> {
    let levels = [
        wire::FAULTS,
        schema::FAULTS,
        errors::FAULTS,
        constraints::FAULTS,
        behaviour::FAULTS,
        writes::FAULTS,
        lives::FAULTS,
        settings::FAULTS,
        model::FAULTS,
        lists::FAULTS,
        security::FAULTS,
        tokens::FAULTS,
        sign_in::FAULTS,
    ];
    levels.into_iter().flatten()
}

/// Returns the fault called `name`.
///
/// # Errors
/// There is none: words with the near match.
pub fn named(name: &str) -> Result<&'static NamedFault, String> {
    let found = all().find(|fault| fault.name == name);
    found.ok_or_else(|| crate::near::unknown("fault", name, all().map(|fault| fault.name)))
}

/// Returns what makes the faults show, all of them: named ones, and those made from a rule
/// (`rule:user-not-found`, see [`rules`]).
///
/// # Errors
/// A name is no fault's: words with the near match.
pub fn middleware(names: &[String], catalogue: &Arc<Catalogue>) -> Result<Stack, String> {
    let one = |name: &String| match name.strip_prefix(rules::PREFIX) {
        Some(rule) => rules::named(rule, catalogue).map(|fault| fault.middleware()),
        None => named(name).map(NamedFault::middleware),
    };
    names.iter().map(one).collect::<Result<_, _>>().map(Stack)
}
