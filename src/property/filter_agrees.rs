//! `filter-agrees`: a filtered list of users is the whole list, filtered.
//!
//! Values are compared only where upper and lower case cannot decide: the documents say of some
//! attributes that it does, and of others that it does not.

use serde_json::Value;

use super::read_your_writes::value_of;
use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "filter-agrees",
    level: Level::Behaviour,
    asks: "ListUsers with a filter shows exactly the users of the whole list that match, on any page",
    promises: &[FILTER, BEFORE],
    examine,
};

const FILTER: Promise = Promise::documented(
    "API reference, ListUsers: Filter, with = for an exact match and ^= for a prefix",
);

/// Nobody says that a page is full before the next one begins.
const BEFORE: Promise =
    Promise::inferred("API reference, ListUsers: Limit, the maximum of users to be returned");

/// `attribute = "value"`, or with `^=`.
struct Filter {
    attribute: String,
    prefix: bool,
    value: String,
}

/// Whether a user fits a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fits {
    Yes,
    No,
    Unsure,
}

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let lists = seen.answers().filter(|(_, heard, _)| heard.name == "ListUsers");
    for (index, heard, answer) in lists {
        let Some(filter) = heard.text("Filter").and_then(parse) else { continue };
        let Some(items) = answer.get("Users").and_then(Value::as_array) else { continue };
        // Without the attribute nobody can tell.
        let shows_all = heard.input.get("AttributesToGet").is_none_or(|names| names.is_null());
        if !shows_all {
            continue;
        }
        let stray = items.iter().position(|user| filter.fits(user) == Fits::No);
        if let Some(place) = stray {
            let expected = format!("users that match {}", filter.describe());
            found.push(FILTER.broken(
                index,
                format!("/Users/{place}"),
                expected,
                username(&items[place]),
            ));
            continue;
        }
        found.extend(missing(seen, heard, index, &filter));
        found.extend(filtered_late(heard, index));
    }
    found
}

/// Returns a user of a whole list nearby that the filtered one should show.
fn missing(seen: &Seen<'_>, heard: &Heard<'_>, index: usize, filter: &Filter) -> Option<Broken> {
    let owner = heard.owner.as_deref()?;
    let items = heard.whole_list()?;
    let whole = seen.calls.iter().enumerate().find(|(other, whole)| {
        let (from, to) = (index.min(*other), index.max(*other));
        whole.name == "ListUsers"
            && whole.owner.as_deref() == Some(owner)
            && ["Filter", "AttributesToGet"].iter().all(|member| whole.input.get(member).is_none())
            && whole.whole_list().is_some()
            && seen.undisturbed(from, to, owner)
    });
    let (_, whole) = whole?;
    let shown = |user: &Value| items.iter().any(|item| username(item) == username(user));
    let users = whole.whole_list()?;
    let lost = users.iter().find(|user| filter.fits(user) == Fits::Yes && !shown(user))?;
    let expected = format!("{}, who matches {}", username(lost), filter.describe());
    Some(FILTER.broken(index, "/Users", expected, format!("{} others", items.len())))
}

/// A page with room left before one that holds users: the filter took away what was on it.
fn filtered_late(heard: &Heard<'_>, index: usize) -> Option<Broken> {
    let pages = heard.exchange.pages.as_ref()?;
    let limit = usize::try_from(pages.limit.filter(|limit| *limit > 0)?).ok()?;
    let short = pages.sizes.iter().position(|size| *size < limit)?;
    let more: usize = pages.sizes.iter().skip(short + 1).sum();
    (more > 0).then(|| {
        let expected = format!("{limit} users on page {}, for more follow", short + 1);
        BEFORE.broken(index, "/Users", expected, pages.sizes[short].to_string())
    })
}

fn username(user: &Value) -> String {
    user.get("Username").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Reads a filter; `None` of one that is out of the ordinary.
fn parse(text: &str) -> Option<Filter> {
    let (left, quoted) = text.split_once('"')?;
    let value = quoted.trim_end().strip_suffix('"')?;
    let left = left.trim_end().strip_suffix('=')?;
    let (attribute, prefix) = match left.strip_suffix('^') {
        Some(attribute) => (attribute, true),
        None => (left, false),
    };
    let attribute = attribute.trim();
    let attribute = attribute.strip_prefix('"').unwrap_or(attribute).to_owned();
    let plain = !value.contains(['"', '\\']) && !value.is_empty() && !attribute.is_empty();
    plain.then(|| Filter { attribute, prefix, value: value.to_owned() })
}

impl Filter {
    fn fits(&self, user: &Value) -> Fits {
        let own = |member: &str| user.get(member).and_then(Value::as_str);
        let attributes = user.get("Attributes").and_then(Value::as_array);
        let held = match self.attribute.as_str() {
            "username" => own("Username"),
            "cognito:user_status" => own("UserStatus"),
            "status" => match user.get("Enabled").and_then(Value::as_bool) {
                Some(true) => Some("Enabled"),
                Some(false) => Some("Disabled"),
                None => return Fits::Unsure,
            },
            name => attributes.and_then(|attributes| value_of(attributes, name)),
        };
        let Some(held) = held else { return Fits::No };
        let matches = |held: &str, value: &str| {
            if self.prefix { held.starts_with(value) } else { held == value }
        };
        if matches(held, &self.value) {
            return Fits::Yes;
        }
        let loosely = matches(&held.to_lowercase(), &self.value.to_lowercase());
        if loosely { Fits::Unsure } else { Fits::No }
    }

    fn describe(&self) -> String {
        let sign = if self.prefix { "^=" } else { "=" };
        format!("{} {sign} \"{}\"", self.attribute, self.value)
    }
}
