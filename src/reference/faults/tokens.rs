//! Faults of tokens: they outlive their end, or are not looked at.

use serde_json::Value;

use super::alter::{edit_output, says};
use super::ask::{Ask, USER, output, text};
use super::{NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Response;

const SIGN_INS: &[&str] =
    &["AdminInitiateAuth", "AdminRespondToAuthChallenge", "InitiateAuth", "RespondToAuthChallenge"];

const SIGN_INS_AND_GET_USER: &[&str] = &[
    "AdminInitiateAuth",
    "AdminRespondToAuthChallenge",
    "GetUser",
    "InitiateAuth",
    "RespondToAuthChallenge",
];

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "sign-out-keeps-tokens",
        about: "GlobalSignOut succeeds and every token stays good",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 7,
        on: &["GlobalSignOut"],
        way: Way::Answers(|ask| ask.pretend("GetUser", &["AccessToken"], "{}")),
    },
    NamedFault {
        name: "admin-sign-out-keeps-tokens",
        about: "AdminUserGlobalSignOut succeeds and every token stays good",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 7,
        on: &["AdminUserGlobalSignOut"],
        way: Way::Answers(|ask| ask.pretend("AdminGetUser", USER, "{}")),
    },
    NamedFault {
        name: "disabled-user-keeps-tokens",
        about: "the access tokens of a disabled user stay good for GetUser",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 8,
        on: &["AdminDisableUser", "GetUser"],
        way: Way::Answers(|ask| outlives(ask, "AdminDisableUser")),
    },
    NamedFault {
        name: "deleted-user-keeps-tokens",
        about: "the access tokens of a deleted user stay good for GetUser",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 8,
        on: &["AdminDeleteUser", "GetUser"],
        way: Way::Answers(|ask| outlives(ask, "AdminDeleteUser")),
    },
    NamedFault {
        name: "revoked-refresh-token-refreshes",
        about: "a refresh token that was revoked gives the tokens it came with",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 7,
        on: SIGN_INS,
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            let given = ask.deep_text("AuthParameters", "REFRESH_TOKEN");
            if says(&response, "revoked")
                && let Some(mut before) = ask.kept(given)
            {
                edit_output(&mut before, |output| {
                    if let Some(Value::Object(result)) = output.get_mut("AuthenticationResult") {
                        result.remove("RefreshToken");
                    }
                });
                response = before;
            } else if let Some(token) = issued(&response, "RefreshToken") {
                ask.keep(token, &response);
            }
            response
        }),
    },
    NamedFault {
        name: "expired-access-token-is-accepted",
        about: "GetUser accepts an access token that has expired",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 7,
        on: &["GetUser"],
        way: Way::Answers(|ask| {
            let (response, token) = (ask.go(), ask.text("AccessToken"));
            if response.is_success() {
                ask.keep(token, &response);
                return response;
            }
            ask.kept(token).filter(|_| says(&response, "has expired")).unwrap_or(response)
        }),
    },
    NamedFault {
        name: "signature-is-not-checked",
        about: "GetUser accepts an access token whose signature is wrong",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 6,
        on: SIGN_INS_AND_GET_USER,
        way: Way::Answers(|ask| {
            let response = ask.go();
            if let Some(token) = issued(&response, "AccessToken") {
                ask.note(claims(&token), token.clone());
            }
            let good = ask.noted(claims(ask.text("AccessToken")));
            match good.filter(|_| ask.operation == "GetUser" && !response.is_success()) {
                Some(good) => ask.with_members(&[("AccessToken", good)]),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "id-token-is-accepted",
        about: "GetUser accepts an ID token",
        level: Level::Security,
        caught_by: "tokens-honest",
        steps: 6,
        on: SIGN_INS_AND_GET_USER,
        way: Way::Answers(|ask| {
            let response = ask.go();
            if let Some((id, access)) =
                issued(&response, "IdToken").zip(issued(&response, "AccessToken"))
            {
                ask.note(id, access);
            }
            let access = ask.noted(ask.text("AccessToken"));
            match access.filter(|_| ask.operation == "GetUser") {
                Some(access) => ask.with_members(&[("AccessToken", access)]),
                None => response,
            }
        }),
    },
    NamedFault {
        name: "refresh-token-of-another-client-is-accepted",
        about: "a refresh token can be used through another app client",
        level: Level::Security,
        caught_by: "lockstep",
        steps: 6,
        on: &["InitiateAuth"],
        way: Way::Answers(|ask| {
            let (response, client) = (ask.go(), ask.text("ClientId"));
            if let Some(token) = issued(&response, "RefreshToken") {
                ask.note(token, client);
            }
            let owner = ask.noted(ask.deep_text("AuthParameters", "REFRESH_TOKEN"));
            match owner.filter(|owner| !response.is_success() && owner != client) {
                Some(owner) => ask.with_members(&[("ClientId", owner)]),
                None => response,
            }
        }),
    },
];

/// Returns a token that a sign-in gave.
fn issued(response: &Response, name: &str) -> Option<String> {
    let token = output(response)?.get("AuthenticationResult")?.get(name)?.as_str()?.to_owned();
    Some(token)
}

/// Returns a token without its signature.
fn claims(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(claims, _)| claims)
}

/// Lets `GetUser` repeat its last answer for a token after `ended` was called for its user.
fn outlives(ask: &Ask<'_>, ended: &str) -> Response {
    let mut response = ask.go();
    if ask.operation == ended {
        if response.is_success() {
            ask.note(format!("ended\n{}", ask.text("Username")), true);
        }
        return response;
    }
    let token = ask.text("AccessToken");
    if response.is_success() {
        ask.keep(token, &response);
    } else if let Some(before) = ask.kept(token) {
        let user = output(&before).map(|user| text(&user, "Username")).unwrap_or_default();
        if ask.noted(&format!("ended\n{user}")).is_some() {
            response = before;
        }
    }
    response
}
