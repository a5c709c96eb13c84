//! Faults of secrets and access: passwords and hashes that do not matter, users that are shown.

use serde_json::json;

use super::alter::{code, edit_page, is_refused, message, password, refuse, says, set, succeed};
use super::ask::{Ask, output, text};
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;
use crate::reference::app::secret_hash;
use crate::wire::Response;

const PASSWORDS: &[&str] =
    &["AdminCreateUser", "AdminInitiateAuth", "AdminSetUserPassword", "InitiateAuth", "SignUp"];

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "echoes-password",
        about: "an error message quotes the password that was sent",
        level: Level::Security,
        caught_by: "secret-echo",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|request, _, response| {
            let found = (code(response), message(response), password(request));
            if let (Some(code), Some(text), Some(password)) = found {
                refuse(response, response.status, &code, &format!("{text} ({password})"));
            }
        }),
    },
    NamedFault {
        name: "secret-hash-is-not-checked",
        about: "a wrong or missing secret hash is accepted",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 3,
        on: &["CreateUserPoolClient", "InitiateAuth", "SignUp"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if let Some(client) =
                output(&response).and_then(|output| output.get("UserPoolClient").cloned())
            {
                ask.note(text(&client, "ClientId"), text(&client, "ClientSecret"));
            }
            let (id, username) = (ask.text("ClientId"), ask.text("Username"));
            let secret = ask.noted_text(id);
            let broken = says(&response, "SECRET_HASH") || says(&response, "secret hash");
            if secret.is_empty() || !broken {
                return response;
            }
            if ask.operation == "SignUp" {
                return ask
                    .with_members(&[("SecretHash", secret_hash(&secret, username, id).into())]);
            }
            let username = ask.deep_text("AuthParameters", "USERNAME");
            with_parameter(ask, "SECRET_HASH", &secret_hash(&secret, username, id))
        }),
    },
    NamedFault {
        name: "wrong-password-signs-in",
        about: "any password signs a user in",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 4,
        on: PASSWORDS,
        way: Way::Answers(|ask| {
            let response = ask.go();
            let known = known_password(ask, &response);
            match known.filter(|_| says(&response, "Incorrect username or password")) {
                Some(known) if ask.input.contains_key("AuthParameters") => {
                    with_parameter(ask, "PASSWORD", &known)
                }
                _ => response,
            }
        }),
    },
    NamedFault {
        name: "old-password-signs-in",
        about: "a user can sign in with a password that was changed",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 5,
        on: PASSWORDS,
        way: Way::Answers(|ask| {
            let response = ask.go();
            let given = ask.deep_text("AuthParameters", "PASSWORD");
            let former = known_password(ask, &response).filter(|_| ask.noted(given).is_some());
            match former.filter(|_| says(&response, "Incorrect username or password")) {
                Some(known) => with_parameter(ask, "PASSWORD", &known),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "reveals-users",
        about: "a sign-in says that there is no such user, also where that is to be hidden",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 3,
        on: &["CreateUserPoolClient", "InitiateAuth"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            note_pool(ask, &response);
            if says(&response, "Incorrect username or password") {
                let (pool, user) = (
                    ask.noted_text(ask.text("ClientId")),
                    ask.deep_text("AuthParameters", "USERNAME"),
                );
                let known =
                    ask.call("AdminGetUser", &json!({"UserPoolId": pool, "Username": user}));
                if is_refused(&known, "UserNotFoundException") {
                    refuse(&mut response, 400, "UserNotFoundException", "User does not exist.");
                }
            }
            response
        }),
    },
    NamedFault {
        name: "user-of-another-pool-is-shown",
        about: "AdminGetUser shows a user of another pool where its own has none of the name",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminCreateUser", "AdminGetUser"],
        way: Way::Answers(|ask| {
            let (response, name) = (ask.go(), ask.text("Username"));
            if ask.operation == "AdminCreateUser" {
                if response.is_success() {
                    ask.note(name, ask.text("UserPoolId"));
                }
                return response;
            }
            let elsewhere =
                ask.noted(name).filter(|_| is_refused(&response, "UserNotFoundException"));
            match elsewhere.map(|pool| ask.with_members(&[("UserPoolId", pool)])) {
                Some(found) if found.is_success() => found,
                _ => response,
            }
        }),
    },
    NamedFault {
        name: "any-code-confirms",
        about: "any confirmation code confirms a user",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 4,
        on: &["CreateUserPoolClient", "ConfirmSignUp"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            note_pool(ask, &response);
            if is_refused(&response, "CodeMismatchException") {
                let (pool, user) = (ask.noted_text(ask.text("ClientId")), ask.text("Username"));
                let input = json!({"UserPoolId": pool, "Username": user});
                if ask.call("AdminConfirmSignUp", &input).is_success() {
                    succeed(&mut response, "{}");
                }
            }
            response
        }),
    },
    NamedFault {
        name: "password-policy-is-not-enforced",
        about: "an administrator may set a password that breaks the policy",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 2,
        on: &["AdminCreateUser", "AdminSetUserPassword"],
        way: Way::Answers(|ask| {
            let (response, strong) = (ask.go(), json!("Strong-enough-for-anything-7"));
            let name =
                if ask.operation == "AdminCreateUser" { "TemporaryPassword" } else { "Password" };
            match is_refused(&response, "InvalidPasswordException") {
                true => ask.with_members(&[(name, strong)]),
                false => response,
            }
        }),
    },
    NamedFault {
        name: "client-list-shows-secrets",
        about: "ListUserPoolClients shows the secret of each app client",
        level: Level::Security,
        caught_by: "schema",
        steps: 3,
        on: &["ListUserPoolClients"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            edit_page(ask.operation, &mut response, |items, _| {
                for client in items {
                    let input = json!({"UserPoolId": ask.text("UserPoolId"), "ClientId": client["ClientId"]});
                    let pointer = "/UserPoolClient/ClientSecret";
                    if let Some(secret) = ask.look("DescribeUserPoolClient", &input, pointer) {
                        set(client, "ClientSecret", secret);
                    }
                }
            });
            response
        }),
    },
];

pub(super) fn with_parameter(ask: &Ask<'_>, name: &str, value: &str) -> Response {
    let mut parameters = ask.input.get("AuthParameters").cloned().unwrap_or_default();
    if let Some(parameters) = parameters.as_object_mut() {
        parameters.insert(name.into(), value.into());
    }
    ask.with_members(&[("AuthParameters", parameters)])
}

/// Returns the password that a user has, as far as it was seen to be set; notes each one.
pub(super) fn known_password(ask: &Ask<'_>, response: &Response) -> Option<String> {
    let user = match ask.text("Username") {
        "" => ask.deep_text("AuthParameters", "USERNAME"),
        name => name,
    };
    let key = format!("password of\n{user}");
    if let Some(password) = password(ask.request).filter(|_| response.is_success()) {
        ask.note(password.as_str(), true);
        ask.note(&key, password);
    }
    ask.noted(&key).and_then(|known| Some(known.as_str()?.to_owned()))
}

/// Notes the pool of an app client that was made.
pub(super) fn note_pool(ask: &Ask<'_>, response: &Response) {
    let client = output(response).and_then(|output| output.get("UserPoolClient").cloned());
    if let Some(client) = client {
        ask.note(text(&client, "ClientId"), text(&client, "UserPoolId"));
    }
}
