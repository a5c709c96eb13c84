//! `pages-agree`: a list is the same however it is cut into pages.
//!
//! What one chain of pages shows by itself (repetitions, too long pages, no end) is the check
//! `paging`'s question.

use serde_json::Value;

use super::compare::{same, tidy};
use super::seen::{Heard, Seen};
use super::times_monotone::walk;
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "pages-agree",
    level: Level::Behaviour,
    asks: "a list holds the same items in the same order, whatever the size of its pages",
    promises: &[SAME, ORDER, LIMIT],
    examine,
};

const SAME: Promise = Promise::documented(
    "API reference, the list operations: the pages of a list, one after the other, are the list",
);
const ORDER: Promise =
    Promise::inferred("tokens that lead from page to page need an order that stays");
const LIMIT: Promise = Promise::documented(
    "API reference, the list operations: the maximum number of results of a response",
);

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let mut lists: Vec<usize> = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        found.extend(too_long(heard, index));
        let Some(owner) = heard.owner.as_deref() else { continue };
        if heard.reading().is_none() || heard.whole_list().is_none() {
            continue;
        }
        let place = lists.iter().position(|i| same_list(&seen.calls[*i], heard));
        if let Some(before) = place.map(|place| lists.swap_remove(place))
            && seen.untouched(before, index, owner)
        {
            found.extend(disagreement(seen, before, index));
        }
        lists.push(index);
    }
    found
}

/// A page by itself holds no more than was asked for.
fn too_long(heard: &Heard<'_>, index: usize) -> Option<Broken> {
    let pagination = heard.operation?.pagination.as_ref()?;
    let limit = heard.input.get(pagination.limit_key.as_ref()?)?.as_u64()?;
    let key = pagination.result_key.as_ref()?;
    let items = heard.answer().filter(|_| heard.exchange.pages.is_none())?.get(key)?.as_array()?;
    // A limit of zero is no limit everywhere.
    (limit > 0 && items.len() as u64 > limit).then(|| {
        let expected = format!("at most {limit} items a page");
        LIMIT.broken(index, format!("/{key}"), expected, format!("{} items", items.len()))
    })
}

/// Tells whether two calls ask for the same list, cut as they please.
fn same_list(one: &Heard<'_>, other: &Heard<'_>) -> bool {
    let Some(pagination) = other.operation.and_then(|o| o.pagination.as_ref()) else {
        return false;
    };
    let whole = |heard: &Heard<'_>| {
        let mut input = heard.input.clone();
        if let Some(members) = input.as_object_mut() {
            members.remove(&pagination.input_token);
            pagination.limit_key.as_ref().map(|key| members.remove(key));
        }
        input
    };
    one.name == other.name
        && one.exchange.call.service() == other.exchange.call.service()
        && whole(one) == whole(other)
}

/// A list that was shown from beginning to end.
struct Shown {
    index: usize,
    items: Vec<Value>,
}

impl Shown {
    fn has(&self, item: &Value) -> bool {
        self.items.iter().any(|other| same(item, other))
    }

    /// Returns an item of the other list that this one lacks.
    fn lacks<'v>(&self, other: &'v Self) -> Option<&'v Value> {
        other.items.iter().find(|item| !self.has(item))
    }
}

/// Returns how two showings of one list differ, told of the one that is wrong as far as that can
/// be seen.
fn disagreement(seen: &Seen<'_>, before: usize, after: usize) -> Option<Broken> {
    let key = seen.calls[after].operation?.pagination.as_ref()?.result_key.as_ref()?;
    let shown = |index: usize| -> Option<Shown> {
        let mut items = seen.calls[index].whole_list()?.clone();
        items.iter_mut().for_each(tidy);
        Some(Shown { index, items })
    };
    let (one, other) = (shown(before)?, shown(after)?);
    let at = format!("/{key}");
    let count = |list: &Shown| format!("{} items", list.items.len());
    let short = |list: &Shown, whole: &Shown, missing: &Value| {
        let expected = format!("{}, among them {}", count(whole), name(missing));
        let actual = format!("{}, without it", count(list));
        Some(SAME.broken(list.index, at.clone(), expected, actual))
    };
    match (other.lacks(&one), one.lacks(&other)) {
        (Some(missing), None) => return short(&other, &one, missing),
        (None, Some(missing)) => return short(&one, &other, missing),
        (Some(missing), Some(extra)) => {
            let longer = one.items.len() < other.items.len();
            let proven = !is_shown_beside(seen, &one, &other, missing)
                && is_shown_beside(seen, &one, &other, extra);
            let first_is_short = longer || (proven && one.items.len() == other.items.len());
            return match first_is_short {
                true => short(&one, &other, extra),
                false => short(&other, &one, missing),
            };
        }
        (None, None) => {}
    }
    // Of two lists with the same items the longer repeats some.
    if one.items.len() != other.items.len() {
        let (whole, repeats) =
            if one.items.len() < other.items.len() { (&one, &other) } else { (&other, &one) };
        return Some(SAME.broken(repeats.index, at, count(whole), count(repeats)));
    }
    let moved = one.items.iter().zip(&other.items).position(|(a, b)| !same(a, b))?;
    let (expected, actual) = (name(&one.items[moved]), name(&other.items[moved]));
    Some(ORDER.broken(after, format!("{at}/{moved}"), expected, actual))
}

/// Tells whether another answer in the same state shows an item, by its name.
fn is_shown_beside(seen: &Seen<'_>, one: &Shown, other: &Shown, item: &Value) -> bool {
    let Some((member, handle)) = handle(item) else { return false };
    let Some(owner) = seen.calls[other.index].owner.as_deref() else { return false };
    seen.calls.iter().enumerate().any(|(index, heard)| {
        let (from, to) = (index.min(one.index), index.max(one.index));
        let beside = index != one.index && index != other.index;
        let mut shows = false;
        if let Some(answer) = heard.reading().filter(|_| beside && heard.may_be_of(owner)) {
            walk(answer, &mut |_, object| {
                shows |= object.get(member).and_then(Value::as_str) == Some(handle);
            });
        }
        shows && seen.undisturbed(from, to, owner)
    })
}

/// Names an item of a list in a few words.
fn name(item: &Value) -> String {
    handle(item).map_or_else(|| crate::pattern::shorten(item), |(_, name)| name.to_owned())
}

/// Returns the member that names an item, with the name.
fn handle(item: &Value) -> Option<(&'static str, &str)> {
    let names = ["Username", "GroupName", "ClientId", "Identifier", "ProviderName", "TermsId"];
    names.into_iter().find_map(|name| Some((name, item.get(name)?.as_str()?)))
}
