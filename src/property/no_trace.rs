//! `no-trace`: what was refused, and what only reads, shows in no later answer.

use std::collections::HashMap;

use super::compare::{Times, difference};
use super::seen::Seen;
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "no-trace",
    level: Level::Behaviour,
    asks: "two identical reads with only refused calls and reads in between answer the same",
    promises: &[REFUSED],
    examine,
};

const REFUSED: Promise = Promise::documented(
    "API reference, Common Errors and the operations' errors: a call that fails is not carried out",
);

/// Operations that answer by a token of limited life: a refusal says that its time is over.
const BY_TOKEN: &str = "AccessToken";

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut last: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        let Some(owner) = heard.owner.as_deref().filter(|_| heard.reads) else { continue };
        if heard.kinds(|r| &r.moves).next().is_some() || heard.fragment {
            continue;
        }
        let refused = heard.refusal().filter(|_| heard.text(BY_TOKEN).is_none());
        if heard.answer().is_none() && refused.is_none() {
            continue;
        }
        let earlier = last.entry(heard.name).or_default();
        let same = earlier.iter().position(|i| seen.calls[*i].asks_the_same(heard));
        if let Some(place) = same {
            let before = earlier.swap_remove(place);
            // Writes elsewhere are another property's question.
            let written = seen.between(before, index).any(|heard| heard.may_change());
            if !written && !seen.restless(index, owner) {
                found.extend(trace(seen, before, index));
            }
        }
        earlier.push(index);
    }
    found
}

/// Returns what differs between two identical reads.
fn trace(seen: &Seen<'_>, before: usize, after: usize) -> Option<Broken> {
    let (one, other) = (&seen.calls[before], &seen.calls[after]);
    let between = seen.between(before, after).find(|heard| heard.refusal().is_some());
    let since = match between {
        Some(refused) if !refused.name.is_empty() => format!("refused {}", refused.name),
        _ => "reads".into(),
    };
    match (one.answer(), other.answer()) {
        (Some(_), Some(_)) => {
            let differs = difference(one, other, Times::Compared)?;
            let expected = format!("{} as before the {since}", differs.before);
            Some(REFUSED.broken(after, differs.pointer, expected, differs.after))
        }
        (Some(_), None) => {
            let code = other.refusal()?;
            let expected = format!("an answer as before the {since}");
            Some(REFUSED.broken(after, "", expected, format!("`{code}`")))
        }
        (None, Some(_)) => {
            let code = one.refusal()?;
            let expected = format!("`{code}` as before the {since}");
            Some(REFUSED.broken(after, "", expected, "an answer"))
        }
        (None, None) => None,
    }
}
