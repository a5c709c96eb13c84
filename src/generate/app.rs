//! What one application calls, as weights of random sequences: its flows first, then its operations
//! by how often it calls them, with the members that it uses.

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::draw::below;
use crate::app::{Scope, without};
use crate::catalogue::{Operation, Service};
use crate::scenario::recipes::{Recipe, Recipes};

/// How many times as often as the rarest call the most frequent one is drawn, at most.
const HEAVIEST: u64 = 20;

/// Two operations in a row.
pub(super) type Flow = (String, String);

/// Returns the flow that the sequence with this number plays: each of them once, most frequent
/// first.
pub(super) fn flow(app: &Scope, number: u64) -> Option<Flow> {
    let flows = app.trace().flows();
    let (before, after, _) = flows.get(usize::try_from(number).ok()?)?;
    Some((before.operation.clone(), after.operation.clone()))
}

/// Returns how an operation is called that the application calls: the second one of a flow, else
/// one by weight. `None` where no recipe knows any.
pub(super) fn focus(
    app: &Scope,
    recipes: &Recipes,
    flow: Option<&Flow>,
    rng: &mut ChaCha8Rng,
) -> Option<Recipe> {
    let mut lots: Vec<&Recipe> = Vec::new();
    for (name, called) in &app.trace().calls {
        let known = recipes.of(&name.service, &name.operation);
        if flow.is_some_and(|(_, after)| *after == name.operation)
            && let Some(first) = known.first()
        {
            return Some(first.clone());
        }
        for _ in 0..weight(app, called.times) {
            lots.extend(known.first());
        }
    }
    (!lots.is_empty()).then(|| lots[below(rng, lots.len())].clone())
}

/// Returns those of the operations that the application calls, each as often as it weighs.
pub(super) fn weighted<'c>(
    app: &Scope,
    service: &'c Service,
    able: &[&'c Operation],
) -> Vec<(&'c Service, &'c Operation)> {
    let mut lots = Vec::new();
    for operation in able {
        let called = app.called(&service.info.id, &operation.name);
        let times = called.map_or(0, |called| weight(app, called.times));
        lots.extend((0..times).map(|_| (service, *operation)));
    }
    lots
}

/// How many lots there are in so many calls.
fn weight(app: &Scope, times: u64) -> u64 {
    let most = app.trace().calls.values().map(|called| called.times).max().unwrap_or(1);
    (times * HEAVIEST / most.max(1)).clamp(1, HEAVIEST)
}

/// Tells whether the application uses a member of an operation's input.
pub(super) fn uses(app: &Scope, service: &Service, operation: &Operation, member: &str) -> bool {
    app.called(&service.info.id, &operation.name)
        .is_none_or(|called| called.unknown_input || called.members.contains(member))
}

/// Returns an input without what the application leaves out, nested members included.
pub(super) fn as_used(
    app: &Scope,
    service: &Service,
    operation: &Operation,
    input: Value,
) -> Value {
    match app.called(&service.info.id, &operation.name).filter(|called| !called.unknown_input) {
        Some(called) => without(service, &operation.input, input, &called.members),
        None => input,
    }
}
