//! Faults of lists: pages that skip, repeat or never end, filters that find something else.

use serde_json::Value;

use super::alter::{edit_page, token_member};
use super::ask::{Ask, output};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

/// Operations that list in pages.
const LISTS: &[&str] = &[
    "AdminListGroupsForUser",
    "ListGroups",
    "ListIdentities",
    "ListIdentityPools",
    "ListIdentityProviders",
    "ListResourceServers",
    "ListUserPoolClients",
    "ListUserPools",
    "ListUsers",
    "ListUsersInGroup",
];

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "list-skips-between-pages",
        about: "the last item of a page is left out where another page follows",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 4,
        on: LISTS,
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, token| {
                if !token.is_null() {
                    items.pop();
                }
            });
        }),
    },
    NamedFault {
        name: "list-repeats-between-pages",
        about: "a page begins with the last item of the page before",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 4,
        on: LISTS,
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            let before = ask.noted(&format!(
                "last
{}",
                ask.text(token_member(ask.operation))
            ));
            let mut last = None;
            edit_page(ask.operation, &mut response, |items, token| {
                last = items.last().cloned().zip(token.as_str().map(str::to_owned));
                if let Some(before) = before {
                    items.insert(0, before);
                }
            });
            if let Some((item, token)) = last {
                ask.note(
                    format!(
                        "last
{token}"
                    ),
                    item,
                );
            }
            response
        }),
    },
    NamedFault {
        name: "list-order-changes",
        about: "every other time a list comes in the opposite order",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 5,
        on: LISTS,
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            if ask.count(&ask.key(ask.operation, &["UserPoolId"])) % 2 == 1 {
                edit_page(ask.operation, &mut response, |items, _| items.reverse());
            }
            response
        }),
    },
    NamedFault {
        name: "token-never-ends",
        about: "the last page gives the token it was asked for with",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 4,
        on: LISTS,
        way: Way::Answers(|ask| {
            let (mut response, given) = (ask.go(), ask.text(token_member(ask.operation)));
            edit_page(ask.operation, &mut response, |_, token| {
                if token.is_null() && !given.is_empty() {
                    *token = given.into();
                }
            });
            response
        }),
    },
    NamedFault {
        name: "no-token-though-more",
        about: "no page gives a token, whatever follows",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 4,
        on: LISTS,
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |_, token| *token = Value::Null);
        }),
    },
    NamedFault {
        name: "limit-is-ignored",
        about: "a page holds whatever there is, however few were asked for",
        level: Level::Model,
        caught_by: "pages-agree",
        steps: 4,
        on: &["ListGroups", "ListUsers", "ListUsersInGroup", "AdminListGroupsForUser"],
        way: Way::Answers(|ask| unlimited(ask, ask.go())),
    },
    NamedFault {
        name: "filter-is-ignored",
        about: "ListUsers lists every user, whatever the filter",
        level: Level::Model,
        caught_by: "filter-agrees",
        steps: 4,
        on: &["ListUsers"],
        way: Way::Answers(|ask| unfiltered(ask, ask.go())),
    },
    NamedFault {
        name: "filter-after-limit",
        about: "ListUsers takes a page first, and filters what is on it",
        level: Level::Model,
        caught_by: "filter-agrees",
        steps: 5,
        on: &["ListUsers"],
        way: Way::Answers(|ask| {
            let filtered =
                ask.with_members(&[("Limit", Value::Null), ("PaginationToken", Value::Null)]);
            let wanted = output(&filtered).and_then(|body| body["Users"].as_array().cloned());
            let mut response = unfiltered(ask, ask.go());
            if let Some(wanted) = wanted {
                edit_page(ask.operation, &mut response, |items, _| {
                    items.retain(|user| wanted.iter().any(|w| w["Username"] == user["Username"]));
                });
            }
            response
        }),
    },
    NamedFault {
        name: "prefix-filter-is-equality",
        about: "a filter with `^=` finds only what is equal",
        level: Level::Model,
        caught_by: "filter-agrees",
        steps: 4,
        on: &["ListUsers"],
        way: Way::Answers(|ask| refiltered(ask, &|filter| filter.replacen("^=", "=", 1))),
    },
    NamedFault {
        name: "equality-filter-is-prefix",
        about: "a filter with `=` finds what begins alike",
        level: Level::Model,
        caught_by: "filter-agrees",
        steps: 4,
        on: &["ListUsers"],
        way: Way::Answers(|ask| {
            refiltered(ask, &|filter| match filter.contains("^=") {
                true => filter.to_owned(),
                false => filter.replacen('=', "^=", 1),
            })
        }),
    },
];

/// Carries out a list without its limit, where it is sound with it.
fn unlimited(ask: &Ask<'_>, sound: Response) -> Response {
    match sound.is_success() {
        true => ask.with_members(&[("Limit", Value::Null)]),
        false => sound,
    }
}

/// Carries out a list without its filter, where it is sound with it.
fn unfiltered(ask: &Ask<'_>, sound: Response) -> Response {
    match sound.is_success() {
        true => ask.with_members(&[("Filter", Value::Null)]),
        false => sound,
    }
}

/// Carries out a list with another filter, where it is sound with its own.
fn refiltered(ask: &Ask<'_>, other: &dyn Fn(&str) -> String) -> Response {
    let response = ask.go();
    match response.is_success() && !ask.text("Filter").is_empty() {
        true => ask.with_members(&[("Filter", other(ask.text("Filter")).into())]),
        false => response,
    }
}
