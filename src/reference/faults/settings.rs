//! Faults of what is kept: settings and attributes that are lost on the way, writes that do
//! nothing, refusals that leave something behind.

use serde_json::{Value, json};

use super::alter::{edit_attribute, edit_members, edit_output, edit_page, is_refused, set};
use super::ask::{Ask, USER};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

const STRONG: &str = "Strong-enough-for-anything-7";

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "custom-attributes-are-lost",
        about: "AdminCreateUser drops every custom attribute",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["AdminCreateUser"],
        way: Way::Answers(|ask| {
            let mut kept = ask.input.get("UserAttributes").cloned().unwrap_or_default();
            let custom = |attribute: &Value| {
                attribute["Name"].as_str().is_some_and(|name| name.starts_with("custom:"))
            };
            let Some(attributes) = kept.as_array_mut() else { return ask.go() };
            if !attributes.iter().any(custom) {
                return ask.go();
            }
            attributes.retain(|attribute| !custom(attribute));
            ask.with_members(&[("UserAttributes", kept)])
        }),
    },
    NamedFault {
        name: "group-precedence-is-lost",
        about: "CreateGroup drops the precedence",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["CreateGroup"],
        way: Way::Answers(|ask| lost(ask, "Precedence", |_| true)),
    },
    NamedFault {
        name: "group-precedence-zero-is-lost",
        about: "a precedence of 0 counts as none",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["CreateGroup", "UpdateGroup"],
        way: Way::Answers(|ask| lost(ask, "Precedence", |value| *value == json!(0))),
    },
    NamedFault {
        name: "token-revocation-cannot-be-turned-off",
        about: "EnableTokenRevocation counts as true where it is false",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 2,
        on: &["CreateUserPoolClient"],
        way: Way::Answers(|ask| lost(ask, "EnableTokenRevocation", |value| *value == json!(false))),
    },
    NamedFault {
        name: "client-secret-is-shown-once",
        about: "DescribeUserPoolClient leaves out the client's secret",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 3,
        on: &["DescribeUserPoolClient"],
        way: Way::Alters(|_, _, response| {
            edit_output(response, |output| {
                if let Some(Value::Object(client)) = output.get_mut("UserPoolClient") {
                    client.remove("ClientSecret");
                }
            });
        }),
    },
    NamedFault {
        name: "scopes-are-lost",
        about: "CreateResourceServer drops the scopes",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 3,
        on: &["CreateResourceServer"],
        way: Way::Answers(|ask| lost(ask, "Scopes", |_| true)),
    },
    NamedFault {
        name: "pool-tags-are-lost",
        about: "CreateUserPool drops the tags",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 1,
        on: &["CreateUserPool"],
        way: Way::Answers(|ask| lost(ask, "UserPoolTags", |_| true)),
    },
    NamedFault {
        name: "confirmation-does-nothing",
        about: "AdminConfirmSignUp succeeds and the user stays unconfirmed",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 5,
        on: &["AdminConfirmSignUp"],
        way: Way::Answers(|ask| ask.pretend("AdminGetUser", USER, "{}")),
    },
    NamedFault {
        name: "attribute-delete-does-nothing",
        about: "AdminDeleteUserAttributes succeeds and the attributes stay",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 4,
        on: &["AdminDeleteUserAttributes"],
        way: Way::Answers(|ask| ask.pretend("AdminGetUser", USER, "{}")),
    },
    NamedFault {
        name: "enable-does-nothing",
        about: "AdminEnableUser succeeds and the user stays disabled",
        level: Level::Behaviour,
        caught_by: "read-your-writes",
        steps: 5,
        on: &["AdminEnableUser"],
        way: Way::Answers(|ask| ask.pretend("AdminGetUser", USER, "{}")),
    },
    NamedFault {
        name: "provider-delete-does-nothing",
        about: "DeleteIdentityProvider succeeds and the provider stays",
        level: Level::Behaviour,
        caught_by: "deleted-is-gone",
        steps: 4,
        on: &["DeleteIdentityProvider"],
        way: Way::Answers(|ask| {
            ask.pretend("DescribeIdentityProvider", &["UserPoolId", "ProviderName"], "")
        }),
    },
    NamedFault {
        name: "refused-sign-up-creates",
        about: "a user whose password is refused at sign-up is there all the same",
        level: Level::Behaviour,
        caught_by: "no-trace",
        steps: 4,
        on: &["SignUp"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if is_refused(&response, "InvalidPasswordException") {
                ask.with_members(&[("Password", json!(STRONG))]);
            }
            response
        }),
    },
    NamedFault {
        name: "listed-status-is-confirmed",
        about: "ListUsers shows every user as CONFIRMED",
        level: Level::Model,
        caught_by: "views-agree",
        steps: 3,
        on: &["ListUsers"],
        way: Way::Alters(|_, operation, response| {
            edit_page(operation, response, |items, _| {
                items.iter_mut().for_each(|user| set(user, "UserStatus", json!("CONFIRMED")));
            });
        }),
    },
    NamedFault {
        name: "pool-was-just-created",
        about: "each time it is described, a user pool was created a minute later",
        level: Level::Model,
        caught_by: "times-monotone",
        steps: 3,
        on: &["DescribeUserPool"],
        way: Way::Answers(|ask| {
            let (mut response, times) = (ask.go(), ask.count(&ask.key("reads", &["UserPoolId"])));
            edit_members(&mut response, &|name, value| {
                if let Some(time) = value.as_f64().filter(|_| name == "CreationDate" && times > 0) {
                    *value = json!(time + 60.0 * times as f64);
                }
            });
            response
        }),
    },
    NamedFault {
        name: "equal-logins-get-new-identities",
        about: "GetId answers equal logins with another identity each time",
        level: Level::Model,
        caught_by: "ids-steady",
        steps: 9,
        on: &["GetId"],
        way: Way::Answers(|ask| {
            let logins = ask.input.get("Logins").map(Value::to_string).unwrap_or_default();
            let key = format!("{}\n{logins}", ask.text("IdentityPoolId"));
            let mut response = ask.go();
            if !logins.is_empty() && response.is_success() {
                let times = ask.count(&key);
                edit_output(&mut response, |output| {
                    if let Some(Value::String(id)) = output.get_mut("IdentityId")
                        && times > 0
                    {
                        let kept = id.len().saturating_sub(12);
                        id.truncate(if id.is_char_boundary(kept) { kept } else { 0 });
                        id.push_str(&format!("{times:012x}"));
                    }
                });
            }
            response
        }),
    },
    NamedFault {
        name: "email-is-verified-by-itself",
        about: "an e-mail address is verified as soon as an administrator sets it",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminGetUser"],
        way: Way::Alters(|_, _, response| {
            edit_output(response, |user| {
                let verified = |_: &str| "true".to_owned();
                edit_attribute(user.get_mut("UserAttributes"), "email_verified", verified);
            });
        }),
    },
];

/// Carries out a call without a member whose value is taken for none.
fn lost(ask: &Ask<'_>, member: &str, taken: fn(&Value) -> bool) -> Response {
    // What is refused is refused for what was sent.
    if !ask.input.get(member).is_some_and(taken) {
        return ask.go();
    }
    let mut input = ask.input.clone();
    input.remove(member);
    ask.with(&Value::Object(input))
}
