//! `pages-agree`: a list is the same however it is cut into pages.
//!
//! What one chain of pages shows by itself (repetitions, too long pages, no end) is the check
//! `paging`'s question.

use serde_json::Value;

use super::compare::{same, tidy};
use super::seen::{Heard, Seen};
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
            && seen.undisturbed(before, index, owner)
        {
            found.extend(disagreement(&seen.calls[before], heard, index));
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

fn disagreement(before: &Heard<'_>, after: &Heard<'_>, index: usize) -> Option<Broken> {
    let key = after.operation?.pagination.as_ref()?.result_key.as_ref()?;
    let tidied = |heard: &Heard<'_>| -> Option<Vec<Value>> {
        let mut items = heard.whole_list()?.clone();
        items.iter_mut().for_each(tidy);
        Some(items)
    };
    let (one, other) = (tidied(before)?, tidied(after)?);
    let at = format!("/{key}");
    let has = |list: &[Value], item: &Value| list.iter().any(|other| same(item, other));
    if let Some(missing) = one.iter().find(|item| !has(&other, item)) {
        let expected = format!("{} items, among them {}", one.len(), name(missing));
        return Some(SAME.broken(index, at, expected, format!("{} items", other.len())));
    }
    if let Some(extra) = other.iter().find(|item| !has(&one, item)) {
        let actual = format!("{} items, among them {}", other.len(), name(extra));
        return Some(SAME.broken(index, at, format!("{} items", one.len()), actual));
    }
    if one.len() != other.len() {
        let (expected, actual) = (format!("{} items", one.len()), format!("{} items", other.len()));
        return Some(SAME.broken(index, at, expected, actual));
    }
    let moved = one.iter().zip(&other).position(|(a, b)| !same(a, b))?;
    let (expected, actual) = (name(&one[moved]), name(&other[moved]));
    Some(ORDER.broken(index, format!("{at}/{moved}"), expected, actual))
}

/// Names an item of a list in a few words.
fn name(item: &Value) -> String {
    let names = ["Username", "GroupName", "ClientId", "Identifier", "ProviderName", "TermsId"];
    let named = names.iter().find_map(|name| item.get(name)?.as_str());
    named.map_or_else(|| crate::pattern::shorten(item), str::to_owned)
}
