//! Faults of what begins and ends: deleted and still there, made or changed twice.

use serde_json::{Map, Value, json};

use super::alter::{edit_page, is_refused, refuse, says};
use super::ask::{Ask, CLIENT, GROUP, USER};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "group-delete-does-nothing",
        about: "DeleteGroup succeeds and the group stays",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["DeleteGroup"],
        way: Way::Answers(|ask| ask.pretend("GetGroup", GROUP, "")),
    },
    NamedFault {
        name: "client-delete-does-nothing",
        about: "DeleteUserPoolClient succeeds and the app client stays",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["DeleteUserPoolClient"],
        way: Way::Answers(|ask| ask.pretend("DescribeUserPoolClient", CLIENT, "")),
    },
    NamedFault {
        name: "resource-server-delete-does-nothing",
        about: "DeleteResourceServer succeeds and the resource server stays",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["DeleteResourceServer"],
        way: Way::Answers(|ask| {
            ask.pretend("DescribeResourceServer", &["UserPoolId", "Identifier"], "")
        }),
    },
    NamedFault {
        name: "deleted-group-is-listed",
        about: "ListGroups shows a group that was deleted",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["DeleteGroup", "ListGroups"],
        way: Way::Answers(|ask| {
            let key = ask.key("deleted", &["UserPoolId"]);
            if ask.operation == "DeleteGroup" {
                let group = ask.look("GetGroup", &ask.picked(GROUP), "/Group");
                let response = ask.go();
                if let Some(group) = group.filter(|_| response.is_success()) {
                    ask.note(key, group);
                }
                return response;
            }
            let mut response = ask.go();
            edit_page(ask.operation, &mut response, |items, token| {
                items.extend(ask.noted(&key).filter(|_| token.is_null()));
            });
            response
        }),
    },
    NamedFault {
        name: "deleted-user-is-answered",
        about: "AdminGetUser goes on answering for a user that was deleted",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["AdminGetUser", "AdminDeleteUser"],
        way: Way::Answers(|ask| {
            let key = ask.key("user", USER);
            if ask.operation == "AdminDeleteUser" {
                ask.keep(key, &ask.call("AdminGetUser", &ask.picked(USER)));
                return ask.go();
            }
            let response = ask.go();
            let gone = is_refused(&response, "UserNotFoundException");
            let before = ask.kept(&key).filter(|before| gone && before.is_success());
            before.unwrap_or(response)
        }),
    },
    NamedFault {
        name: "deleted-pool-is-described",
        about: "DescribeUserPool goes on answering for a pool that was deleted",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 3,
        on: &["DescribeUserPool", "DeleteUserPool"],
        way: Way::Answers(|ask| {
            let key = ask.key("pool", &["UserPoolId"]);
            if ask.operation == "DeleteUserPool" {
                ask.keep(key, &ask.call("DescribeUserPool", &ask.picked(&["UserPoolId"])));
                return ask.go();
            }
            let response = ask.go();
            let gone = is_refused(&response, "ResourceNotFoundException");
            let before = ask.kept(&key).filter(|before| gone && before.is_success());
            before.unwrap_or(response)
        }),
    },
    NamedFault {
        name: "deleted-identity-pool-is-listed",
        about: "ListIdentityPools shows an identity pool that was deleted",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 3,
        on: &["DeleteIdentityPool", "ListIdentityPools"],
        way: Way::Answers(|ask| {
            if ask.operation == "DeleteIdentityPool" {
                let name = ask.look(
                    "DescribeIdentityPool",
                    &ask.picked(&["IdentityPoolId"]),
                    "/IdentityPoolName",
                );
                let response = ask.go();
                if let Some(name) = name.filter(|_| response.is_success()) {
                    let id = ask.text("IdentityPoolId");
                    ask.note("deleted", json!({"IdentityPoolId": id, "IdentityPoolName": name}));
                }
                return response;
            }
            let mut response = ask.go();
            edit_page(ask.operation, &mut response, |items, token| {
                items.extend(ask.noted("deleted").filter(|_| token.is_null()));
            });
            response
        }),
    },
    NamedFault {
        name: "group-create-overwrites",
        about: "creating a group that exists changes it",
        level: Level::Behaviour,
        caught_by: "create-twice",
        steps: 3,
        on: &["CreateGroup"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            match is_refused(&response, "GroupExistsException") {
                true => ask.call("UpdateGroup", &Value::Object(ask.input.clone())),
                false => response,
            }
        }),
    },
    NamedFault {
        name: "user-created-twice",
        about: "creating a user that exists answers as it did the first time",
        level: Level::Behaviour,
        caught_by: "create-twice",
        steps: 3,
        on: &["AdminCreateUser"],
        way: Way::Answers(|ask| {
            let (key, response) = (ask.key("user", USER), ask.go());
            if response.is_success() {
                ask.keep(key, &response);
                return response;
            }
            let exists = is_refused(&response, "UsernameExistsException");
            ask.kept(&key).filter(|_| exists).unwrap_or(response)
        }),
    },
    NamedFault {
        name: "resource-server-created-twice",
        about: "creating a resource server that exists replaces it",
        level: Level::Behaviour,
        caught_by: "create-twice",
        steps: 3,
        on: &["CreateResourceServer"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            match says(&response, "already exists") {
                true => ask.call("UpdateResourceServer", &Value::Object(ask.input.clone())),
                false => response,
            }
        }),
    },
    NamedFault {
        name: "second-add-to-group-is-refused",
        about: "adding a user to a group a second time is refused",
        level: Level::Behaviour,
        caught_by: "idempotent",
        steps: 5,
        on: &["AdminAddUserToGroup"],
        way: Way::Answers(|ask| {
            let groups = ask.look("AdminListGroupsForUser", &ask.picked(USER), "/Groups");
            let groups = groups.and_then(|groups| groups.as_array().cloned()).unwrap_or_default();
            let member = groups.iter().any(|group| group["GroupName"] == ask.text("GroupName"));
            refused_when(ask, member, "User is already in the group.")
        }),
    },
    NamedFault {
        name: "second-disable-is-refused",
        about: "disabling a user that is disabled is refused",
        level: Level::Behaviour,
        caught_by: "idempotent",
        steps: 4,
        on: &["AdminDisableUser"],
        way: Way::Answers(|ask| {
            let enabled = ask.look("AdminGetUser", &ask.picked(USER), "/Enabled");
            refused_when(ask, enabled == Some(json!(false)), "User is already disabled.")
        }),
    },
    NamedFault {
        name: "second-tagging-is-refused",
        about: "giving a tag the value it has is refused",
        level: Level::Behaviour,
        caught_by: "idempotent",
        steps: 3,
        on: &["TagResource"],
        way: Way::Answers(|ask| {
            let tags = ask.look("ListTagsForResource", &ask.picked(&["ResourceArn"]), "/Tags");
            let tags = tags.unwrap_or_default();
            let given = ask.input.get("Tags").and_then(Value::as_object);
            let same = |given: &Map<String, Value>| {
                given.iter().any(|(name, tag)| tags.get(name) == Some(tag))
            };
            refused_when(ask, given.is_some_and(same), "The tag is already there.")
        }),
    },
];

fn refused_when(ask: &Ask<'_>, condition: bool, text: &str) -> Response {
    let mut response = ask.go();
    if condition && response.is_success() {
        refuse(&mut response, 400, "InvalidParameterException", text);
    }
    response
}
