//! `paging`: the pages of a list hold every item once, none more than asked, and come to an end.
//!
//! A page may be shorter than the limit and still be followed by another, and an empty page with
//! a token is legal: neither is a breach.

use std::collections::BTreeSet;

use super::{Breach, Check, Promise};
use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "paging",
    level: Level::Behaviour,
    asks: "pages repeat no item, hold no more than was asked for, and end without a token",
    promises: &[PROMISED],
    examine,
};

const PROMISED: Promise = Promise::new(
    Evidence::Documented,
    "API reference, the list operations' page tokens and limits",
);

fn examine(_: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(pages) = &exchange.pages else { return Vec::new() };
    let breach = |pointer: &str, expected: String, actual: String| {
        PROMISED.broken(pointer, expected, actual)
    };
    let mut found = Vec::new();
    let distinct: BTreeSet<String> = pages.items.iter().map(ToString::to_string).collect();
    if distinct.len() < pages.items.len() {
        let actual = format!("{} items, {} of them different", pages.items.len(), distinct.len());
        found.push(breach("", "no item stands on two pages".into(), actual));
    }
    if let Some(limit) = pages.limit
        && let Some(size) = pages.sizes.iter().find(|size| **size as u64 > limit)
    {
        found.push(breach("", format!("at most {limit} items a page"), format!("{size} items")));
    }
    if !pages.ended {
        let actual = format!("a token after {} pages", pages.sizes.len());
        found.push(breach("", "the last page gives no token".into(), actual));
    }
    found
}
