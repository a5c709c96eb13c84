//! `idempotent`: a call that may be repeated succeeds again, and changes nothing more.

use super::compare::{Times, difference};
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "idempotent",
    level: Level::Behaviour,
    asks: "an idempotent call that succeeded succeeds again, and reads around the repetition agree",
    promises: &[AGAIN],
    examine,
};

const AGAIN: Promise = Promise::inferred(
    "API reference, the operation and its errors: none of them is about a state that already holds",
);

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        if heard.kinds(|r| &r.idempotent).next().is_none() {
            continue;
        }
        let Some(owner) = heard.owner.as_deref() else { continue };
        // A user who is called by an address may have another one now.
        let called = heard.text("Username");
        if called.is_some()
            && heard.input.get("UserAttributes").is_some()
            && called != heard.user.as_deref()
        {
            continue;
        }
        let Some(first) = first_time(seen, index, owner) else { continue };
        if let Some(code) = heard.refusal() {
            let expected = format!("success, as at {}", seen.calls[first].exchange.place);
            found.push(AGAIN.broken(index, "", expected, format!("`{code}`")));
        } else if heard.answer().is_some() {
            found.extend(reads_around(seen, first, index, owner));
        }
    }
    found
}

/// Returns the exchange that a call repeats, when nothing was written since.
fn first_time(seen: &Seen<'_>, index: usize, owner: &str) -> Option<usize> {
    let heard = &seen.calls[index];
    let last = (0..index).rev().find(|i| {
        let earlier: &Heard<'_> = &seen.calls[*i];
        earlier.may_change() && earlier.may_be_of(owner)
    })?;
    let earlier = &seen.calls[last];
    let repeats = earlier.answer().is_some() && earlier.asks_the_same(heard);
    (repeats && !seen.restless(index, owner)).then_some(last)
}

/// Compares identical reads before and after a repetition, points in time apart.
fn reads_around(seen: &Seen<'_>, first: usize, again: usize, owner: &str) -> Vec<Broken> {
    let next = seen.calls.iter().skip(again + 1);
    let quiet = next.take_while(|heard| !(heard.may_change() && heard.may_be_of(owner))).count();
    let mut found = Vec::new();
    for after in again + 1..=again + quiet {
        let heard = &seen.calls[after];
        if heard.reading().is_none() || heard.owner.as_deref() != Some(owner) {
            continue;
        }
        let before = (first + 1..again).find(|i| {
            let earlier = &seen.calls[*i];
            earlier.reading().is_some() && earlier.asks_the_same(heard)
        });
        let differs = before.and_then(|i| difference(&seen.calls[i], heard, Times::Ignored));
        if let Some(differs) = differs {
            let expected =
                format!("{} as before {} was repeated", differs.before, seen.calls[again].name);
            found.push(AGAIN.broken(after, differs.pointer, expected, differs.after));
        }
    }
    found
}
