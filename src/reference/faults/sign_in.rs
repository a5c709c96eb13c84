//! Faults of sign-in: who gets in, by which password, code or session, and what it shows.

use serde_json::{Value, json};

use super::alter::{edit_output, is_refused, refuse, says, succeed};
use super::ask::{Ask, output, text};
use super::security::{known_password, note_pool, with_parameter};
use super::{NamedFault, Way};
use crate::outcome::Level;

const STARTS: &[&str] = &["AdminInitiateAuth", "InitiateAuth"];

const SIGN_INS: &[&str] =
    &["AdminInitiateAuth", "AdminRespondToAuthChallenge", "InitiateAuth", "RespondToAuthChallenge"];

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "any-password-for-a-temporary-one",
        about: "a user that has to change the password signs in with any",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminCreateUser", "AdminInitiateAuth", "AdminSetUserPassword", "InitiateAuth"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            let known = known_password(ask, &response);
            if ask.operation == "AdminCreateUser" || ask.operation == "AdminSetUserPassword" {
                let lasting = ask.input.get("Permanent") == Some(&json!(true));
                ask.note(format!("lasting\n{}", ask.text("Username")), lasting);
                return response;
            }
            let user = ask.deep_text("AuthParameters", "USERNAME");
            let temporary = ask.noted(&format!("lasting\n{user}")) == Some(json!(false));
            match known.filter(|_| temporary && says(&response, "Incorrect username or password")) {
                Some(known) => with_parameter(ask, "PASSWORD", &known),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "client-of-another-pool-signs-in",
        about: "AdminInitiateAuth signs users in through the app clients of other pools",
        level: Level::Security,
        caught_by: "expectation",
        steps: 5,
        on: &["AdminInitiateAuth", "CreateUserPoolClient"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            note_pool(ask, &response);
            let (pool, owner) = (ask.text("UserPoolId"), ask.noted_text(ask.text("ClientId")));
            let strange = !owner.is_empty() && owner != pool;
            if ask.operation != "AdminInitiateAuth" || response.is_success() || !strange {
                return response;
            }
            let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
            let input =
                json!({"UserPoolId": pool, "ClientName": "any", "ExplicitAuthFlows": flows});
            let pointer = "/UserPoolClient/ClientId";
            let Some(id) = ask.look("CreateUserPoolClient", &input, pointer) else {
                return response;
            };
            let answer = ask.with_members(&[("ClientId", id.clone())]);
            ask.call("DeleteUserPoolClient", &json!({"UserPoolId": pool, "ClientId": id}));
            if answer.is_success() { answer } else { response }
        }),
    },
    NamedFault {
        name: "any-session-is-taken",
        about: "a challenge can be answered with a session that was never given",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 5,
        on: SIGN_INS,
        way: Way::Answers(|ask| {
            let response = ask.go();
            let map = if ask.input.contains_key("ChallengeName") {
                "ChallengeResponses"
            } else {
                "AuthParameters"
            };
            let key = format!("session of\n{}", ask.deep_text(map, "USERNAME"));
            let last = ask.noted(&key);
            if let Some(session) = output(&response).and_then(|o| o.get("Session").cloned()) {
                ask.note(&key, session);
            }
            let known =
                last.filter(|last| map == "ChallengeResponses" && last != ask.text("Session"));
            match known.filter(|_| says(&response, "Invalid session")) {
                Some(last) => ask.with_members(&[("Session", last)]),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "session-can-be-used-twice",
        about: "a challenge that was answered can be answered again with the same session",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 6,
        on: &["AdminRespondToAuthChallenge", "RespondToAuthChallenge"],
        way: Way::Answers(|ask| {
            let (response, session) = (ask.go(), ask.text("Session"));
            if response.is_success() {
                ask.keep(session, &response);
                return response;
            }
            ask.kept(session).filter(|_| says(&response, "session")).unwrap_or(response)
        }),
    },
    NamedFault {
        name: "unconfirmed-user-signs-in",
        about: "a user signs in whose sign-up was never confirmed",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 4,
        on: &["AdminInitiateAuth", "CreateUserPoolClient", "InitiateAuth"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            note_pool(ask, &response);
            if is_refused(&response, "UserNotConfirmedException") {
                let user = ask.deep_text("AuthParameters", "USERNAME");
                let input = json!({"UserPoolId": pool_of(ask), "Username": user});
                if ask.call("AdminConfirmSignUp", &input).is_success() {
                    return ask.go();
                }
            }
            response
        }),
    },
    NamedFault {
        name: "disabled-user-signs-in",
        about: "a user signs in who is disabled",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 5,
        on: &["AdminInitiateAuth", "CreateUserPoolClient", "InitiateAuth"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            note_pool(ask, &response);
            if STARTS.contains(&ask.operation) && says(&response, "User is disabled") {
                let user = ask.deep_text("AuthParameters", "USERNAME");
                let input = json!({"UserPoolId": pool_of(ask), "Username": user});
                if ask.call("AdminEnableUser", &input).is_success() {
                    let answer = ask.go();
                    ask.call("AdminDisableUser", &input);
                    return answer;
                }
            }
            response
        }),
    },
    NamedFault {
        name: "previous-password-is-not-checked",
        about: "ChangePassword takes any previous password",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 6,
        on: &["AdminCreateUser", "AdminSetUserPassword", "ChangePassword", "SignUp"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            if ask.operation != "ChangePassword" {
                known_password(ask, &response);
                return response;
            }
            let access = json!({"AccessToken": ask.text("AccessToken")});
            let user = ask.look("GetUser", &access, "/Username").unwrap_or_default();
            let key = format!("password of\n{}", user.as_str().unwrap_or_default());
            let known =
                ask.noted(&key).filter(|_| says(&response, "Incorrect username or password"));
            let answer = match known {
                Some(known) => ask.with_members(&[("PreviousPassword", known)]),
                None => response,
            };
            if answer.is_success() {
                ask.note(&key, ask.text("ProposedPassword"));
            }
            answer
        }),
    },
    NamedFault {
        name: "any-totp-code-is-taken",
        about: "VerifySoftwareToken takes any code",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 7,
        on: &["VerifySoftwareToken"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            if is_refused(&response, "EnableSoftwareTokenMFAException")
                || is_refused(&response, "CodeMismatchException")
            {
                succeed(&mut response, r#"{"Status":"SUCCESS"}"#);
            }
            response
        }),
    },
    NamedFault {
        name: "expired-code-confirms",
        about: "ConfirmSignUp takes a code that has expired",
        level: Level::Security,
        caught_by: "expectation",
        steps: 4,
        on: &["ConfirmSignUp", "CreateUserPoolClient"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            note_pool(ask, &response);
            if is_refused(&response, "ExpiredCodeException") {
                let input = json!({"UserPoolId": pool_of(ask), "Username": ask.text("Username")});
                if ask.call("AdminConfirmSignUp", &input).is_success() {
                    succeed(&mut response, "{}");
                }
            }
            response
        }),
    },
    NamedFault {
        name: "reset-code-works-twice",
        about: "ConfirmForgotPassword takes a code a second time",
        level: Level::Security,
        caught_by: "expectation",
        steps: 7,
        on: &["ConfirmForgotPassword", "CreateUserPoolClient"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            note_pool(ask, &response);
            let key = ask.key("used", &["Username", "ConfirmationCode"]);
            if ask.operation == "ConfirmForgotPassword" && response.is_success() {
                ask.note(key, true);
            } else if ask.noted(&key).is_some() {
                let input = json!({"UserPoolId": pool_of(ask), "Username": ask.text("Username"),
                    "Password": ask.text("Password"), "Permanent": true});
                if ask.call("AdminSetUserPassword", &input).is_success() {
                    succeed(&mut response, "{}");
                }
            }
            response
        }),
    },
    NamedFault {
        name: "new-user-shows-the-password",
        about: "AdminCreateUser answers with the temporary password it was given",
        level: Level::Security,
        caught_by: "schema",
        steps: 2,
        on: &["AdminCreateUser"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            if let Some(password) = ask.input.get("TemporaryPassword") {
                edit_output(&mut response, |output| {
                    if let Some(Value::Object(user)) = output.get_mut("User") {
                        user.insert("TemporaryPassword".into(), password.clone());
                    }
                });
            }
            response
        }),
    },
    NamedFault {
        name: "reset-reveals-users",
        about: "ForgotPassword says that there is no such user, also where that is to be hidden",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 3,
        on: &["CreateUserPoolClient", "ForgotPassword"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            note_pool(ask, &response);
            if ask.operation == "ForgotPassword" && response.is_success() {
                let input = json!({"UserPoolId": pool_of(ask), "Username": ask.text("Username")});
                if is_refused(&ask.call("AdminGetUser", &input), "UserNotFoundException") {
                    refuse(&mut response, 400, "UserNotFoundException", "User does not exist.");
                }
            }
            response
        }),
    },
    NamedFault {
        name: "guests-are-let-in",
        about: "GetId gives identities to guests where the pool has none",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 2,
        on: &["GetId"],
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            if says(&response, "Unauthenticated access is not supported") {
                let id = "us-east-1:00000000-0000-4000-8000-00000000feed";
                succeed(&mut response, &json!({"IdentityId": id}).to_string());
            }
            response
        }),
    },
    NamedFault {
        name: "id-tokens-are-not-signed",
        about: "the signature of ID tokens is one that no key has made",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 5,
        on: SIGN_INS,
        way: Way::Alters(|_, _, response| {
            edit_output(response, |output| {
                if let Some(Value::String(token)) =
                    output.pointer_mut("/AuthenticationResult/IdToken")
                    && let Some((signed, signature)) = token.rsplit_once('.')
                {
                    *token = format!("{signed}.{}", "A".repeat(signature.len()));
                }
            });
        }),
    },
    NamedFault {
        name: "forged-token-changes-attributes",
        about: "UpdateUserAttributes accepts an access token whose signature is wrong",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 6,
        on: &[
            "AdminInitiateAuth",
            "AdminRespondToAuthChallenge",
            "InitiateAuth",
            "RespondToAuthChallenge",
            "UpdateUserAttributes",
        ],
        way: Way::Answers(|ask| {
            let response = ask.go();
            let result = output(&response).and_then(|o| o.get("AuthenticationResult").cloned());
            let issued = result.map(|result| text(&result, "AccessToken")).unwrap_or_default();
            if !issued.is_empty() {
                ask.note(unsigned(&issued), issued.as_str());
            }
            let good = ask.noted(unsigned(ask.text("AccessToken")));
            let forged = ask.operation == "UpdateUserAttributes" && !response.is_success();
            match good.filter(|good| forged && good != ask.text("AccessToken")) {
                Some(good) => ask.with_members(&[("AccessToken", good)]),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "tokens-do-not-say-how-long-they-last",
        about: "the result of a sign-in lacks ExpiresIn",
        level: Level::Behaviour,
        caught_by: "lockstep",
        steps: 5,
        on: SIGN_INS,
        way: Way::Alters(|_, _, response| {
            edit_output(response, |output| {
                if let Some(Value::Object(result)) = output.get_mut("AuthenticationResult") {
                    result.remove("ExpiresIn");
                }
            });
        }),
    },
];

fn unsigned(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(claims, _)| claims)
}

/// Returns the pool a call is about: named, or that of the app client, as far as it was seen.
fn pool_of(ask: &Ask<'_>) -> String {
    match ask.text("UserPoolId") {
        "" => ask.noted_text(ask.text("ClientId")),
        pool => pool.to_owned(),
    }
}
