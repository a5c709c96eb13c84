//! `one-winner`: of identical creations sent at once exactly one succeeds.

use super::create_twice::chosen;
use super::seen::{Said, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "one-winner",
    level: Level::Behaviour,
    asks: "of identical creations sent at once under one handle exactly one succeeds",
    promises: &[ONE, SOME],
    examine,
};

const ONE: Promise = Promise::documented(
    "API reference, GroupExistsException, UsernameExistsException and the like: a handle is taken once",
);
/// That one of them succeeds rests on sense alone.
const SOME: Promise = Promise::inferred("no refusal applies to the first of several creations");

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < seen.calls.len() {
        let Some(count) = seen.calls[at].exchange.together else {
            at += 1;
            continue;
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX).max(1);
        let end = at.saturating_add(count).min(seen.calls.len());
        let group = &seen.calls[at..end];
        let first = &group[0];
        let user = matches!(first.name, "AdminCreateUser" | "SignUp");
        let named =
            chosen(first).is_some() || (user && first.text("MessageAction") != Some("RESEND"));
        let alike = group.iter().all(|heard| heard.exchange.call == first.exchange.call);
        let heard_all = group.iter().all(|heard| !matches!(heard.said, Said::Nothing));
        if named && alike && heard_all && group.len() == count && count > 1 {
            let winners: Vec<usize> =
                (at..end).filter(|index| seen.calls[*index].answer().is_some()).collect();
            if let [_, second, ..] = winners[..] {
                let actual = format!("{} of {count} succeed", winners.len());
                found.push(ONE.broken(second, "", "one success, the others refused", actual));
            } else if winners.is_empty() && lost_to_themselves(seen, at, end) {
                let actual = format!("all {count} are refused");
                found.push(SOME.broken(end - 1, "", "one success, the others refused", actual));
            }
        }
        at = end;
    }
    found
}

/// Tells whether calls were refused because the handle was taken, though nobody took it before.
fn lost_to_themselves(seen: &Seen<'_>, at: usize, end: usize) -> bool {
    let first = &seen.calls[at];
    let taken = |code: &str| code.contains("Exists") || code.contains("Duplicate");
    let asked_before = seen.calls[..at].iter().any(|heard| {
        heard.may_change() && {
            heard.name == first.name || heard.name.is_empty() || heard.name.contains("Update")
        }
    });
    !asked_before && seen.calls[at..end].iter().all(|heard| heard.refusal().is_some_and(taken))
}
