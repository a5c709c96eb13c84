//! `no-trace`: what was refused, and what only reads, shows in no later answer.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::compare::{Times, difference};
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "no-trace",
    level: Level::Behaviour,
    asks: "two identical reads with only refused calls and reads in between answer the same, and what was refused is not there",
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
    let mut shown: HashSet<(&str, String, &str)> = HashSet::new();
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
        let told = found.last().is_some_and(|broken: &Broken| broken.exchange == index);
        if let Some(Left { by, name }) = left(seen, index).filter(|_| !told)
            && shown.insert((heard.name, owner.to_owned(), name))
        {
            let expected = format!("no {name}, for {by} was refused");
            found.push(REFUSED.broken(index, "", expected, format!("a refused {by} left it")));
        }
    }
    found
}

/// What a refused call left behind.
struct Left<'a> {
    by: &'a str,
    name: &'a str,
}

/// Returns what a read shows although the only call that could have made it was refused.
///
/// Speaks only of pools that the transcript made: others may have held it before.
fn left<'a>(seen: &Seen<'a>, index: usize) -> Option<Left<'a>> {
    let heard = &seen.calls[index];
    let (answer, owner) = heard.answer().zip(heard.owner.as_deref())?;
    let (kind, resource) = heard
        .kinds(|r| &r.read)
        .find(|(_, r)| r.read.first().is_some_and(|name| name == heard.name))?;
    let handles = resource.create.first()?.handle.keys();
    let mut own = handles.filter(|member| *member != "UserPoolId");
    let member = own.next().filter(|_| own.next().is_none())?;
    let name = heard.text(member)?;
    let shows = |value: &Value| value.get(member).and_then(Value::as_str) == Some(name);
    let is_shown = shows(answer) || answer.as_object()?.values().any(shows);
    let made = seen.calls[..index].iter().position(|earlier| {
        let makes = matches!(earlier.name, "CreateUserPool" | "CreateIdentityPool");
        makes && earlier.answer().is_some() && earlier.owner.as_deref() == Some(owner)
    })?;
    let creates = |call: &Heard<'_>| resource.create.iter().any(|c| c.operation == call.name);
    let refused = seen.between(made, index).find(|call| {
        creates(call)
            && call.owner.as_deref() == Some(owner)
            && call.text(member) == Some(name)
            && call.text("MessageAction") != Some("RESEND")
            && call.refusal().is_some_and(undoes)
    })?;
    let may_have_made = |call: &Heard<'_>| {
        let named = call.text(member).is_none_or(|other| other.eq_ignore_ascii_case(name));
        call.may_change()
            && call.may_be_of(owner)
            && (call.name.is_empty()
                || (creates(call) && named)
                || (kind == "user" && (MAKES_USERS.contains(&call.name) || call.runs_functions())))
    };
    let otherwise = seen.calls[..index].iter().any(may_have_made);
    (is_shown && !otherwise).then_some(Left { by: refused.name, name })
}

/// Calls that make users without being a user's creation.
const MAKES_USERS: &[&str] = &["AdminLinkProviderForUser", "StartUserImportJob"];

/// Tells whether a refusal leaves nothing: one that says the thing is there makes no promise, and
/// one about a role that may not send comes, as others of delivery, after the deed.
fn undoes(code: &str) -> bool {
    !["Exists", "Duplicate"].iter().any(|part| code.contains(part))
        && !code.starts_with("InvalidSmsRole")
        && !code.starts_with("InvalidEmailRole")
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
