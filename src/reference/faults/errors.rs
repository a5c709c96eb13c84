//! Faults of refusals: another code, other words, or none at all.

use super::alter::{code, edit_error, is_refused, message, refuse, says, set_header, succeed};
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "undeclared-code",
        about: "every error has a code that no operation declares",
        level: Level::Errors,
        caught_by: "error-declared",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if let Some(text) = message(response) {
                refuse(response, 400, "InvalidRequestException", &text);
            }
        }),
    },
    NamedFault {
        name: "wrong-code",
        about: "every error is a NotAuthorizedException, with the right text",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if let Some(text) = message(response) {
                refuse(response, 400, "NotAuthorizedException", &text);
            }
        }),
    },
    NamedFault {
        name: "wrong-message",
        about: "every error has the right code and one text",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if let Some(code) = code(response) {
                refuse(response, response.status, &code, "The request was refused.");
            }
        }),
    },
    NamedFault {
        name: "accepts-everything",
        about: "what should be refused is answered with 200 and `{}`",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if !response.is_success() {
                response.status = 200;
                response.body = "{}".into();
                set_header(response, "x-amzn-errortype", None);
                set_header(response, "x-amzn-errormessage", None);
            }
        }),
    },
    NamedFault {
        name: "refuses-everything",
        about: "every call of an existing operation is refused with one declared error",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if response.is_success() {
                refuse(response, 400, "InvalidParameterException", "Invalid request.");
            }
        }),
    },
    NamedFault {
        name: "unknown-pool-not-authorized",
        about: "a user pool that does not exist is answered with NotAuthorizedException",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if is_refused(response, "ResourceNotFoundException")
                && says(response, "User pool ")
                && !says(response, "client")
            {
                refuse(
                    response,
                    400,
                    "NotAuthorizedException",
                    "Access to the user pool is denied.",
                );
            }
        }),
    },
    NamedFault {
        name: "missing-user-is-a-missing-resource",
        about: "AdminGetUser answers ResourceNotFoundException for a user that does not exist",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["AdminGetUser"],
        way: Way::Alters(|_, _, response| {
            if is_refused(response, "UserNotFoundException") {
                refuse(response, 400, "ResourceNotFoundException", "User does not exist.");
            }
        }),
    },
    NamedFault {
        name: "group-exists-as-parameter",
        about: "a group that exists is refused with InvalidParameterException",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 3,
        on: &["CreateGroup"],
        way: Way::Alters(|_, _, response| {
            if let Some(text) =
                message(response).filter(|_| is_refused(response, "GroupExistsException"))
            {
                refuse(response, 400, "InvalidParameterException", &text);
            }
        }),
    },
    NamedFault {
        name: "wrong-code-as-expired",
        about: "a wrong confirmation code is answered as an expired one",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 4,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if is_refused(response, "CodeMismatchException") {
                let text = "Invalid code provided, please request a code again.";
                refuse(response, 400, "ExpiredCodeException", text);
            }
        }),
    },
    NamedFault {
        name: "malformed-token-as-unknown-user",
        about: "an access token that is none is answered with UserNotFoundException",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: &["GetUser", "ChangePassword", "UpdateUserAttributes"],
        way: Way::Alters(|_, _, response| {
            if says(response, "Invalid Access Token") {
                refuse(response, 400, "UserNotFoundException", "User does not exist.");
            }
        }),
    },
    NamedFault {
        name: "unsigned-calls-are-accepted",
        about: "operations of administrators need no signature",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| ask.signed()),
    },
    NamedFault {
        name: "group-not-found-in-other-words",
        about: "a group that does not exist is refused with the right code and other words",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if says(response, "Group not found.") {
                refuse(response, 400, "ResourceNotFoundException", "No such group.");
            }
        }),
    },
    NamedFault {
        name: "username-exists-in-other-words",
        about: "a username that is taken is refused in the words of SignUp",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 3,
        on: &["AdminCreateUser"],
        way: Way::Alters(|_, _, response| {
            if says(response, "User account already exists") {
                refuse(response, 400, "UsernameExistsException", "User already exists");
            }
        }),
    },
    NamedFault {
        name: "missing-members-crash",
        about: "a call that lacks a required member makes the service fail",
        level: Level::Errors,
        caught_by: "server-fault",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if says(response, "Member must not be null") {
                refuse(response, 500, "InternalErrorException", "an internal error");
            }
        }),
    },
    NamedFault {
        name: "errors-have-no-text",
        about: "an error is its code alone",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if code(response).is_some() {
                edit_error(response, |body, _| body.retain(|name, _| name == "__type"));
                set_header(response, "x-amzn-errormessage", None);
            }
        }),
    },
    NamedFault {
        name: "unknown-domain-is-deleted",
        about: "DeleteUserPoolDomain succeeds for a domain or a pool that is not there",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: &["DeleteUserPoolDomain"],
        way: Way::Alters(|_, _, response| {
            if says(response, "No such domain") || says(response, "does not exist") {
                succeed(response, "{}");
            }
        }),
    },
    NamedFault {
        name: "unknown-client-is-not-authorized",
        about: "a sign-in through an app client that does not exist is a NotAuthorizedException",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: &["InitiateAuth", "SignUp"],
        way: Way::Alters(|_, _, response| {
            if let Some(text) =
                message(response).filter(|_| is_refused(response, "ResourceNotFoundException"))
            {
                refuse(response, 400, "NotAuthorizedException", &text);
            }
        }),
    },
    NamedFault {
        name: "username-exists-as-alias",
        about: "SignUp answers AliasExistsException for a username that is taken",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 4,
        on: &["SignUp"],
        way: Way::Alters(|_, _, response| {
            if let Some(text) =
                message(response).filter(|_| is_refused(response, "UsernameExistsException"))
            {
                refuse(response, 400, "AliasExistsException", &text);
            }
        }),
    },
    NamedFault {
        name: "password-policy-is-not-explained",
        about: "a password that breaks the policy is refused without saying how",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["AdminCreateUser", "AdminSetUserPassword", "ChangePassword", "SignUp"],
        way: Way::Alters(|_, _, response| {
            if is_refused(response, "InvalidPasswordException") {
                refuse(response, 400, "InvalidPasswordException", "Invalid password.");
            }
        }),
    },
];
