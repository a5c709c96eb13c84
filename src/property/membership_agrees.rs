//! `membership-agrees`: the groups of a user and the users of a group tell the same.

use serde_json::Value;

use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "membership-agrees",
    level: Level::Behaviour,
    asks: "a user is in a group exactly when the group lists the user",
    promises: &[SIDES],
    examine,
};

const SIDES: Promise = Promise::documented(
    "API reference, AdminListGroupsForUser and ListUsersInGroup: one membership, seen from both sides",
);

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut found = Vec::new();
    let lists = |name: &'static str| {
        let calls = seen.calls.iter().enumerate();
        calls.filter(move |(_, heard)| heard.name == name && heard.whole_list().is_some())
    };
    for (one, of_user) in lists("AdminListGroupsForUser") {
        let Some((user, owner)) = of_user.user.as_deref().zip(of_user.owner.as_deref()) else {
            continue;
        };
        for (other, of_group) in lists("ListUsersInGroup") {
            let (from, to) = (one.min(other), one.max(other));
            let Some(group) = of_group.text("GroupName") else { continue };
            if of_group.owner.as_deref() != Some(owner) || !seen.undisturbed(from, to, owner) {
                continue;
            }
            let listed = lists_name(of_group, "Username", user);
            let member = lists_name(of_user, "GroupName", group);
            if listed == member {
                continue;
            }
            let says = |yes: bool| if yes { "in" } else { "not in" };
            let first_said = if one < other { member } else { listed };
            let pointer = if one < other { "/Users" } else { "/Groups" };
            let expected = format!("{user} {} {group}, as the other side says", says(first_said));
            let actual = says(!first_said);
            found.push(SIDES.broken(to, pointer, expected, actual));
        }
    }
    found
}

fn lists_name(heard: &Heard<'_>, member: &str, name: &str) -> bool {
    let mut items = heard.whole_list().into_iter().flatten();
    items.any(|item| item.get(member).and_then(Value::as_str) == Some(name))
}
