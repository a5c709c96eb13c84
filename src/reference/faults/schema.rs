//! Faults of outputs: members that lack, that are of the wrong kind, or that nobody declared.

use serde_json::{Value, json};

use super::alter::{add_member, edit, edit_members};
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "missing-required-member",
        about: "the output lacks `Username`, `UserSub` and `IdentityPoolName`",
        level: Level::Schema,
        caught_by: "schema",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if response.is_success() {
                edit(response, |body| {
                    body.retain(|name, _| {
                        !["Username", "UserSub", "IdentityPoolName"].contains(&name.as_str())
                    });
                });
            }
        }),
    },
    NamedFault {
        name: "wrong-member-type",
        about: "booleans are strings",
        level: Level::Schema,
        caught_by: "schema",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|_, value| {
                if let Value::Bool(flag) = value {
                    *value = json!(flag.to_string());
                }
            })
        }),
    },
    NamedFault {
        name: "enum-outside-set",
        about: "a user's status is a word of the target's own",
        level: Level::Schema,
        caught_by: "schema",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name == "UserStatus" {
                    *value = json!("ENROLLED");
                }
            })
        }),
    },
    NamedFault {
        name: "undeclared-member",
        about: "every output has a member of the target's own",
        level: Level::Schema,
        caught_by: "schema",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            add_member(response, "ResponseMetadata", json!({"RetryAttempts": 0}))
        }),
    },
    NamedFault {
        name: "null-members",
        about: "an output spells an absent member as null",
        level: Level::Schema,
        caught_by: "schema",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| add_member(response, "ChallengeName", Value::Null)),
    },
    NamedFault {
        name: "number-beyond-its-type",
        about: "a count is larger than the 32 bits clients read it into",
        level: Level::Schema,
        caught_by: "sdk",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name == "EstimatedNumberOfUsers" {
                    *value = json!(1_u64 << 40);
                }
            })
        }),
    },
    NamedFault {
        name: "numbers-are-strings",
        about: "whole numbers are strings",
        level: Level::Schema,
        caught_by: "schema",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|_, value| {
                if let Some(number) = value.as_i64() {
                    *value = json!(number.to_string());
                }
            })
        }),
    },
    NamedFault {
        name: "attributes-are-a-map",
        about: "a user's attributes are a map from name to value",
        level: Level::Schema,
        caught_by: "schema",
        steps: 3,
        on: &["AdminGetUser", "GetUser"],
        way: Way::Alters(|_, _, response| {
            edit(response, |body| {
                if let Some(Value::Array(list)) = body.get("UserAttributes") {
                    let named = list.iter().filter_map(|attribute| {
                        Some((
                            attribute.get("Name")?.as_str()?.to_owned(),
                            attribute["Value"].clone(),
                        ))
                    });
                    let map = Value::Object(named.collect());
                    body.insert("UserAttributes".into(), map);
                }
            });
        }),
    },
];
