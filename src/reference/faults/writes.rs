//! Faults of writes: what succeeds and is lost, what is refused and leaves a trace.

use serde_json::{Value, json};

use super::alter::{edit_output, is_refused};
use super::ask::{Ask, CLIENT, GROUP, USER};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "group-update-is-lost",
        about: "UpdateGroup answers with the new settings and keeps the old ones",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["UpdateGroup"],
        way: Way::Answers(lost_group_update),
    },
    NamedFault {
        name: "client-update-is-lost",
        about: "UpdateUserPoolClient answers with the new settings and keeps the old ones",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["UpdateUserPoolClient"],
        way: Way::Answers(|ask| {
            undone(ask, "DescribeUserPoolClient", CLIENT, "/UserPoolClient", &[])
        }),
    },
    NamedFault {
        name: "client-update-takes-the-name-only",
        about: "of an update of an app client only the name takes effect",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["UpdateUserPoolClient"],
        way: Way::Answers(|ask| {
            undone(ask, "DescribeUserPoolClient", CLIENT, "/UserPoolClient", &["ClientName"])
        }),
    },
    NamedFault {
        name: "resource-server-update-is-lost",
        about: "UpdateResourceServer answers with the new settings and keeps the old ones",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["UpdateResourceServer"],
        way: Way::Answers(|ask| {
            let members = &["UserPoolId", "Identifier"];
            undone(ask, "DescribeResourceServer", members, "/ResourceServer", &[])
        }),
    },
    NamedFault {
        name: "identity-pool-update-is-lost",
        about: "UpdateIdentityPool answers with the new settings and keeps the old ones",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["UpdateIdentityPool"],
        way: Way::Answers(|ask| undone(ask, "DescribeIdentityPool", &["IdentityPoolId"], "", &[])),
    },
    NamedFault {
        name: "identity-pool-roles-are-lost",
        about: "SetIdentityPoolRoles succeeds and keeps the old roles",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["SetIdentityPoolRoles"],
        way: Way::Answers(|ask| undone(ask, "GetIdentityPoolRoles", &["IdentityPoolId"], "", &[])),
    },
    NamedFault {
        name: "attribute-update-is-lost",
        about: "AdminUpdateUserAttributes succeeds and keeps the old values",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["AdminUpdateUserAttributes"],
        way: Way::Answers(lost_attributes),
    },
    NamedFault {
        name: "mfa-preference-is-lost",
        about: "SetUserPoolMfaConfig answers with the new configuration and keeps the old one",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["SetUserPoolMfaConfig"],
        way: Way::Answers(|ask| undone(ask, "GetUserPoolMfaConfig", &["UserPoolId"], "", &[])),
    },
    NamedFault {
        name: "disable-does-nothing",
        about: "AdminDisableUser succeeds and the user stays enabled",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["AdminDisableUser"],
        way: Way::Answers(|ask| ask.pretend("AdminGetUser", USER, "{}")),
    },
    NamedFault {
        name: "group-reads-are-stale",
        about: "GetGroup repeats its first answer about a group",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 5,
        on: &["GetGroup", "CreateGroup", "DeleteGroup"],
        way: Way::Answers(|ask| {
            let (key, response) = (ask.key("group", GROUP), ask.go());
            match ask.operation {
                "GetGroup" if response.is_success() => ask.kept(&key).unwrap_or_else(|| {
                    ask.keep(key, &response);
                    response
                }),
                "CreateGroup" | "DeleteGroup" if response.is_success() => {
                    ask.forget(&key);
                    response
                }
                _ => response,
            }
        }),
    },
    NamedFault {
        name: "refused-group-update-applies",
        about: "an update of a group that is refused for one member changes another",
        level: Level::Behaviour,
        caught_by: "no-trace",
        steps: 4,
        on: &["UpdateGroup"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if !response.is_success() && ask.input.len() > 2 {
                // Whatever is sound by itself takes effect.
                for name in ["Description", "Precedence"] {
                    ask.call("UpdateGroup", &ask.picked(&["UserPoolId", "GroupName", name]));
                }
            }
            response
        }),
    },
    NamedFault {
        name: "refused-user-creation-creates",
        about: "a user whose temporary password is refused is there all the same",
        level: Level::Behaviour,
        caught_by: "no-trace",
        steps: 3,
        on: &["AdminCreateUser"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if is_refused(&response, "InvalidPasswordException") {
                ask.with_members(&[
                    ("TemporaryPassword", Value::Null),
                    ("MessageAction", json!("SUPPRESS")),
                ]);
            }
            response
        }),
    },
    NamedFault {
        name: "refused-group-creation-creates",
        about: "a group that is refused is there all the same, without its settings",
        level: Level::Behaviour,
        caught_by: "no-trace",
        steps: 3,
        on: &["CreateGroup"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if !response.is_success() {
                ask.call("CreateGroup", &ask.picked(GROUP));
            }
            response
        }),
    },
    NamedFault {
        name: "refused-client-update-resets",
        about: "an update of an app client that is refused sets it back to the defaults",
        level: Level::Behaviour,
        caught_by: "no-trace",
        steps: 4,
        on: &["UpdateUserPoolClient"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if !response.is_success() {
                ask.call("UpdateUserPoolClient", &ask.picked(CLIENT));
            }
            response
        }),
    },
];

/// Carries out an update and puts back what was there before, some members excepted.
///
/// What `read` shows at `pointer` must do as input of the update.
fn undone(
    ask: &Ask<'_>,
    read: &str,
    members: &[&str],
    pointer: &str,
    excepted: &[&str],
) -> Response {
    let before = ask.look(read, &ask.picked(members), pointer);
    let response = ask.go();
    if let Some(Value::Object(mut before)) = before.filter(|_| response.is_success()) {
        before.extend(members.iter().filter_map(|name| ask.input.get_key_value(*name)).map(own));
        before.extend(excepted.iter().filter_map(|name| ask.input.get_key_value(*name)).map(own));
        // A required map that was empty is not shown.
        if ask.input.contains_key("Roles") {
            before.entry("Roles").or_insert_with(|| json!({}));
        }
        ask.call(ask.operation, &Value::Object(before));
    }
    response
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// An update keeps what it does not name, so one cannot put back what was absent: a group that is
/// made for the purpose and thrown away tells whether the settings are sound.
fn lost_group_update(ask: &Ask<'_>) -> Response {
    let trial = format!("trial-{}", ask.count("trials"));
    let mut input = ask.input.clone();
    input.insert("GroupName".into(), json!(trial));
    let trial = json!({"UserPoolId": ask.text("UserPoolId"), "GroupName": trial});
    let sound = ask.call("CreateGroup", &Value::Object(input)).is_success();
    ask.call("DeleteGroup", &trial);
    let mut response = if sound { ask.with(&ask.picked(GROUP)) } else { ask.go() };
    edit_output(&mut response, |output| {
        if let Some(group) = output.get_mut("Group").and_then(Value::as_object_mut) {
            group.extend(ask.input.iter().map(own));
        }
    });
    response
}

fn lost_attributes(ask: &Ask<'_>) -> Response {
    let before = ask.look("AdminGetUser", &ask.picked(USER), "/UserAttributes");
    let response = ask.go();
    let Some(Value::Array(before)) = before.filter(|_| response.is_success()) else {
        return response;
    };
    let given = ask.input.get("UserAttributes").and_then(Value::as_array);
    let names: Vec<&Value> = given.into_iter().flatten().filter_map(|a| a.get("Name")).collect();
    let verified = |name: &Value| {
        names.iter().any(|n| *name == json!(format!("{}_verified", n.as_str().unwrap_or_default())))
    };
    let old = before.iter().filter(|a| names.contains(&&a["Name"]) || verified(&a["Name"]));
    let old: Vec<&Value> = old.collect();
    let new: Vec<_> =
        names.iter().filter(|name| before.iter().all(|a| a["Name"] != ***name)).collect();
    let mut input = ask.picked(USER);
    if !new.is_empty() {
        input["UserAttributeNames"] = json!(new);
        ask.call("AdminDeleteUserAttributes", &input);
    }
    if !old.is_empty() {
        input["UserAttributes"] = json!(old);
        ask.call("AdminUpdateUserAttributes", &input);
    }
    response
}
