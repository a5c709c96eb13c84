//! `unrelated-unchanged`: what is written of one resource does not show in another.

use super::compare::{Times, difference};
use super::relation::{described, touches};
use super::seen::Seen;
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "unrelated-unchanged",
    level: Level::Behaviour,
    asks: "identical reads around writes that name only other resources agree",
    promises: &[APART],
    examine,
};

const APART: Promise = Promise::documented(
    "API reference, the writing operations: each changes the user, group, client or pool it names",
);

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut last: Vec<usize> = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        let Some(owner) = heard.owner.as_deref() else { continue };
        if heard.reading().is_none() {
            continue;
        }
        let place = last.iter().position(|i| seen.calls[*i].asks_the_same(heard));
        if let Some(before) = place.map(|place| last.swap_remove(place)) {
            let thing = described(heard);
            let mut writes =
                seen.between(before, index).filter(|other| other.may_change()).peekable();
            let name = writes.peek().map(|other| other.name);
            let mut apart = writes.all(|other| match &thing {
                Some(thing) => !touches(other, thing),
                None => !other.may_be_of(owner),
            });
            apart &= !seen.restless(index, owner);
            if let Some(name) = name.filter(|_| apart)
                && let Some(differs) = difference(&seen.calls[before], heard, Times::Compared)
            {
                let expected = format!("{} as before {name} of another resource", differs.before);
                found.push(APART.broken(index, differs.pointer, expected, differs.after));
            }
        }
        last.push(index);
    }
    found
}
