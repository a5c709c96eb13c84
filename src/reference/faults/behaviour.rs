//! Faults of effects: answers and states that are other than promised.

use serde_json::{Value, json};

use super::alter::{edit, edit_members, empty_list, refuse, twice};
use super::ask::Ask;
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "repeats-items",
        about: "a page holds each of its items twice",
        level: Level::Behaviour,
        caught_by: "paging",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, operation, response| {
            if response.is_success() && operation.contains("List") {
                edit(response, |body| body.values_mut().for_each(twice));
            }
        }),
    },
    NamedFault {
        name: "loses-writes",
        about: "reads find nothing of what was written",
        level: Level::Behaviour,
        caught_by: "expectation",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, operation, response| {
            let bare = operation.strip_prefix("Admin").unwrap_or(operation);
            if !response.is_success() {
                return;
            }
            if bare.starts_with("List") {
                edit(response, |body| body.values_mut().for_each(empty_list));
            } else if bare == "GetUser" {
                refuse(response, 400, "UserNotFoundException", "User does not exist.");
            } else if bare.starts_with("Describe") || bare.starts_with("Get") {
                refuse(response, 400, "ResourceNotFoundException", "Resource not found.");
            }
        }),
    },
    NamedFault {
        name: "tags-replace-tags",
        about: "TagResource takes away the tags that it does not name",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 3,
        on: &["TagResource"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            let tags = ask.look("ListTagsForResource", &ask.picked(&["ResourceArn"]), "/Tags");
            untag(ask, tags.filter(|_| response.is_success()), |name| {
                ask.input.get("Tags").is_none_or(|tags| tags.get(name).is_none())
            });
            response
        }),
    },
    NamedFault {
        name: "untag-takes-all-tags",
        about: "UntagResource takes away every tag",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 3,
        on: &["UntagResource"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            let tags = ask.look("ListTagsForResource", &ask.picked(&["ResourceArn"]), "/Tags");
            untag(ask, tags.filter(|_| response.is_success()), |_| true);
            response
        }),
    },
    NamedFault {
        name: "permanent-password-is-temporary",
        about: "a password that is set for good has to be changed at the next sign-in",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminSetUserPassword"],
        way: Way::Answers(|ask| match ask.input.get("Permanent") == Some(&json!(true)) {
            true => ask.with_members(&[("Permanent", json!(false))]),
            false => ask.go(),
        }),
    },
    NamedFault {
        name: "new-user-is-confirmed",
        about: "a user that an administrator creates is CONFIRMED in the answer",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 2,
        on: &["AdminCreateUser"],
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name == "UserStatus" {
                    *value = json!("CONFIRMED");
                }
            });
        }),
    },
    NamedFault {
        name: "client-defaults-differ",
        about: "an app client's refresh tokens last a year where it is not said how long",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 2,
        on: &["CreateUserPoolClient", "DescribeUserPoolClient"],
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name == "RefreshTokenValidity" && *value == json!(30) {
                    *value = json!(365);
                }
            });
        }),
    },
    NamedFault {
        name: "enabled-is-always-true",
        about: "AdminGetUser shows every user as enabled",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminGetUser"],
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name == "Enabled" {
                    *value = json!(true);
                }
            });
        }),
    },
];

fn untag(ask: &Ask<'_>, tags: Option<Value>, goes: impl Fn(&str) -> bool) {
    let names = tags.as_ref().and_then(Value::as_object).into_iter().flatten();
    let names: Vec<&String> = names.map(|(name, _)| name).filter(|name| goes(name)).collect();
    let mut input = ask.picked(&["ResourceArn"]);
    input["TagKeys"] = json!(names);
    ask.call("UntagResource", &input);
}
