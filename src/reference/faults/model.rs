//! Faults of agreement: views that differ, times and ids that change, strangers that are hit.

use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::alter::{edit_attribute, edit_members, edit_output, edit_page, is_refused, set};
use super::ask::{Ask, GROUP, USER};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "own-view-lacks-email",
        about: "GetUser leaves out the e-mail address",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 7,
        on: &["GetUser"],
        way: Way::Alters(|_, _, response| {
            edit_output(response, |output| {
                if let Some(Value::Array(attributes)) = output.get_mut("UserAttributes") {
                    attributes.retain(|attribute| attribute["Name"] != "email");
                }
            });
        }),
    },
    NamedFault {
        name: "user-list-is-stale",
        about: "ListUsers shows a user's attributes as it first listed them",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 6,
        on: &["ListUsers"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            edit_page(ask.operation, &mut response, |items, _| {
                for user in items {
                    let key = format!("{}\n{}", ask.text("UserPoolId"), user["Username"]);
                    match ask.noted(&key) {
                        Some(first) => set(user, "Attributes", first),
                        None => ask.note(key, user["Attributes"].clone()),
                    }
                }
            });
            response
        }),
    },
    NamedFault {
        name: "group-list-lacks-descriptions",
        about: "lists show groups without their description",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 4,
        on: &["ListGroups", "AdminListGroupsForUser"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| {
                let groups = items.iter_mut().filter_map(Value::as_object_mut);
                groups.for_each(|group| drop(group.remove("Description")));
            });
        }),
    },
    NamedFault {
        name: "client-list-shows-other-names",
        about: "ListUserPoolClients shows client ids for names",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 4,
        on: &["ListUserPoolClients"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| {
                items
                    .iter_mut()
                    .for_each(|client| set(client, "ClientName", client["ClientId"].clone()));
            });
        }),
    },
    NamedFault {
        name: "user-list-shows-everyone-enabled",
        about: "ListUsers shows every user as enabled",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 5,
        on: &["ListUsers"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| {
                items.iter_mut().for_each(|user| set(user, "Enabled", json!(true)));
            });
        }),
    },
    NamedFault {
        name: "groups-of-user-are-empty",
        about: "AdminListGroupsForUser lists nothing",
        level: Level::Model,
        caught_by: "membership-agrees",
        steps: 5,
        on: &["AdminListGroupsForUser"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| items.clear())
        }),
    },
    NamedFault {
        name: "removed-member-stays-listed",
        about: "ListUsersInGroup lists a user that was taken out of the group",
        level: Level::Model,
        caught_by: "membership-agrees",
        steps: 5,
        on: &["AdminRemoveUserFromGroup", "ListUsersInGroup"],
        way: Way::Answers(|ask| {
            let key = ask.key("removed", GROUP);
            let mut response = ask.go();
            if ask.operation == "ListUsersInGroup" {
                edit_page(ask.operation, &mut response, |items, token| {
                    items.extend(ask.noted(&key).filter(|_| token.is_null()));
                });
            } else if response.is_success() {
                let user = ask.look("AdminGetUser", &ask.picked(USER), "");
                ask.note(key, user.map(listed).unwrap_or_default());
            }
            response
        }),
    },
    NamedFault {
        name: "new-member-is-not-listed",
        about: "ListUsersInGroup leaves out its last member",
        level: Level::Model,
        caught_by: "membership-agrees",
        steps: 5,
        on: &["ListUsersInGroup"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| drop(items.pop()))
        }),
    },
    NamedFault {
        name: "modified-goes-back",
        about: "each time it is read, a group was modified a minute earlier",
        level: Level::Model,
        caught_by: "times-monotone",
        steps: 4,
        on: &["GetGroup"],
        way: Way::Answers(|ask| {
            let (mut response, times) = (ask.go(), ask.count(&ask.key("reads", GROUP)));
            move_time(&mut response, "LastModifiedDate", -60.0 * times as f64);
            response
        }),
    },
    NamedFault {
        name: "created-moves",
        about: "each time it is read, a user was created a minute later",
        level: Level::Model,
        caught_by: "times-monotone",
        steps: 4,
        on: &["AdminGetUser"],
        way: Way::Answers(|ask| {
            let (mut response, times) = (ask.go(), ask.count(&ask.key("reads", USER)));
            move_time(&mut response, "UserCreateDate", 60.0 * times as f64);
            response
        }),
    },
    NamedFault {
        name: "modified-before-created",
        about: "an app client was modified a day before it was created",
        level: Level::Model,
        caught_by: "times-monotone",
        steps: 3,
        on: &["DescribeUserPoolClient"],
        way: Way::Alters(|_, _, response| move_time(response, "LastModifiedDate", -86_400.0)),
    },
    NamedFault {
        name: "sub-changes-per-read",
        about: "AdminGetUser shows another sub each time",
        level: Level::Model,
        caught_by: "ids-steady",
        steps: 4,
        on: &["AdminGetUser"],
        way: Way::Answers(|ask| {
            let (mut response, times) = (ask.go(), ask.count(&ask.key("reads", USER)));
            edit_output(&mut response, |user| {
                edit_attribute(user.get_mut("UserAttributes"), "sub", |sub| other_id(sub, times));
            });
            response
        }),
    },
    NamedFault {
        name: "listed-sub-differs",
        about: "ListUsers shows another sub than everything else",
        level: Level::Model,
        caught_by: "ids-steady",
        steps: 3,
        on: &["ListUsers"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| {
                for user in items {
                    edit_attribute(user.get_mut("Attributes"), "sub", |sub| other_id(sub, 1));
                }
            });
        }),
    },
    NamedFault {
        name: "client-ids-are-reused",
        about: "each app client is said to have the id of its pool's first",
        level: Level::Model,
        caught_by: "ids-steady",
        steps: 3,
        on: &["CreateUserPoolClient"],
        way: Way::Answers(|ask| {
            let (mut response, key) = (ask.go(), ask.key("first", &["UserPoolId"]));
            edit_output(&mut response, |output| {
                let Some(id) = output.pointer_mut("/UserPoolClient/ClientId") else { return };
                match ask.noted(&key) {
                    Some(first) => *id = first,
                    None => ask.note(key, id.clone()),
                }
            });
            response
        }),
    },
    NamedFault {
        name: "disable-hits-another",
        about: "disabling a user disables another one too",
        level: Level::Model,
        caught_by: "unrelated-unchanged",
        steps: 5,
        on: &["AdminDisableUser"],
        way: Way::Answers(|ask| also(ask, "ListUsers", "/Users", "Username", json!({}))),
    },
    NamedFault {
        name: "group-update-hits-another",
        about: "changing a group changes another one too",
        level: Level::Model,
        caught_by: "unrelated-unchanged",
        steps: 5,
        on: &["UpdateGroup"],
        way: Way::Answers(|ask| {
            let given = ask.picked(&["Description", "Precedence"]);
            also(ask, "ListGroups", "/Groups", "GroupName", given)
        }),
    },
    NamedFault {
        name: "group-delete-hits-another",
        about: "deleting a group deletes another one too",
        level: Level::Model,
        caught_by: "unrelated-unchanged",
        steps: 5,
        on: &["DeleteGroup"],
        way: Way::Answers(|ask| also(ask, "ListGroups", "/Groups", "GroupName", json!({}))),
    },
    NamedFault {
        name: "password-change-hits-another",
        about: "setting a user's password sets another user's too",
        level: Level::Model,
        caught_by: "unrelated-unchanged",
        steps: 5,
        on: &["AdminSetUserPassword"],
        way: Way::Answers(|ask| {
            let given = ask.picked(&["Password", "Permanent"]);
            also(ask, "ListUsers", "/Users", "Username", given)
        }),
    },
    NamedFault {
        name: "concurrent-groups-both-win",
        about: "of identical creations of a group at the same time, each succeeds",
        level: Level::Model,
        caught_by: "one-winner",
        steps: 2,
        on: &["CreateGroup"],
        way: Way::Answers(|ask| race(ask, "GroupExistsException")),
    },
    NamedFault {
        name: "concurrent-users-both-win",
        about: "of identical creations of a user at the same time, each succeeds",
        level: Level::Model,
        caught_by: "one-winner",
        steps: 2,
        on: &["AdminCreateUser"],
        way: Way::Answers(|ask| race(ask, "UsernameExistsException")),
    },
];

/// Returns a user as lists show it.
fn listed(mut user: Value) -> Value {
    if let Some(members) = user.as_object_mut()
        && let Some(attributes) = members.remove("UserAttributes")
    {
        members.insert("Attributes".into(), attributes);
    }
    user
}

fn move_time(response: &mut Response, name: &str, seconds: f64) {
    edit_members(response, &|member, value| {
        if let Some(time) = value.as_f64().filter(|_| member == name && seconds != 0.0) {
            *value = json!(time + seconds);
        }
    });
}

/// Returns an id of the same form; the same one at the zeroth time.
fn other_id(id: &str, times: u64) -> String {
    let mut digits = id.to_owned();
    if times > 0 && digits.is_char_boundary(8) && digits.len() > 8 {
        digits.replace_range(..8, &format!("{:08x}", times & 0xffff_ffff));
    }
    digits
}

/// Carries out a call, and again for the first other item of a list.
fn also(ask: &Ask<'_>, list: &str, pointer: &str, name: &str, rest: Value) -> Response {
    let response = ask.go();
    let items = ask.look(list, &ask.picked(&["UserPoolId"]), pointer);
    let items = items.and_then(|items| items.as_array().cloned()).unwrap_or_default();
    let other = items.iter().filter_map(|item| item.get(name)).find(|n| **n != ask.text(name));
    if let Some(other) = other.filter(|_| response.is_success()) {
        let mut input = rest;
        input["UserPoolId"] = ask.text("UserPoolId").into();
        input[name] = other.clone();
        ask.call(ask.operation, &input);
    }
    response
}

/// How long a creation counts as being under way: identical ones meanwhile succeed too.
const UNDER_WAY: Duration = Duration::from_millis(40);

/// How often, meanwhile, the loser looks whether the winner has said that it won.
const LOOKS: u32 = 8;

fn race(ask: &Ask<'_>, exists: &str) -> Response {
    let key = Value::Object(ask.input.clone()).to_string();
    let response = ask.go();
    if response.is_success() {
        ask.keep(&key, &response);
        pause(UNDER_WAY);
        ask.forget(&key);
    } else if is_refused(&response, exists) {
        for _ in 0..LOOKS {
            if let Some(won) = ask.kept(&key) {
                return won;
            }
            pause(UNDER_WAY / LOOKS);
        }
    }
    response
}

/// Waits without keeping the server from its other calls: of two that come at once, the second
/// may stand in line behind the first on the same thread.
fn pause(time: Duration) {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    if flavor.is_ok_and(|flavor| flavor == RuntimeFlavor::MultiThread) {
        tokio::task::block_in_place(|| sleep(time));
    } else {
        sleep(time);
    }
}
