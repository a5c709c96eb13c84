//! Faults of validation: constraints that are not enforced, or are reported in another way.

use serde_json::{Value, json};

use super::alter::{code, is_refused, message, refuse, says};
use super::repair::Demand;
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "too-long-is-cut",
        about: "what is longer than its constraint allows is cut and accepted",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| ask.repaired(|demand| matches!(demand, Demand::LengthMost(_)))),
    },
    NamedFault {
        name: "too-short-is-padded",
        about: "what is shorter than its constraint demands is accepted",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| ask.repaired(|demand| matches!(demand, Demand::LengthLeast(_)))),
    },
    NamedFault {
        name: "numbers-are-clamped",
        about: "a number out of range counts as the nearest in it",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| {
            ask.repaired(|demand| matches!(demand, Demand::ValueMost(_) | Demand::ValueLeast(_)))
        }),
    },
    NamedFault {
        name: "unknown-word-is-ignored",
        about: "a word outside its set counts as not given",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| ask.repaired(|demand| matches!(demand, Demand::Enum))),
    },
    NamedFault {
        name: "patterns-are-not-enforced",
        about: "what does not match its pattern is accepted",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| ask.repaired(|demand| matches!(demand, Demand::Pattern))),
    },
    NamedFault {
        name: "client-name-is-not-required",
        about: "an app client is created without a name",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["CreateUserPoolClient"],
        way: Way::Answers(|ask| ask.repaired(|demand| *demand == Demand::Required)),
    },
    NamedFault {
        name: "group-name-is-not-required",
        about: "a group is created without a name",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["CreateGroup"],
        way: Way::Answers(|ask| ask.repaired(|demand| *demand == Demand::Required)),
    },
    NamedFault {
        name: "first-violation-only",
        about: "of several broken constraints only the first is reported",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            let text = message(response).unwrap_or_default();
            let Some((counted, violations)) = text.split_once(" validation errors detected: ")
            else {
                return;
            };
            if let (Ok(2..), Some(code)) = (counted.parse::<u32>(), code(response)) {
                let first = violations.split("; ").next().unwrap_or_default();
                let text = format!("1 validation error detected: {first}");
                refuse(response, 400, &code, &text);
            }
        }),
    },
    NamedFault {
        name: "constraints-as-validation-exception",
        about: "in user pools too, a broken constraint is a ValidationException",
        level: Level::Errors,
        caught_by: "error-declared",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if let Some(text) = message(response).filter(|text| text.contains("failed to satisfy"))
            {
                refuse(response, 400, "ValidationException", &text);
            }
        }),
    },
    NamedFault {
        name: "pool-before-constraints",
        about: "a user pool that does not exist is reported before a broken constraint",
        level: Level::Errors,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| {
            let response = ask.go();
            if says(&response, "failed to satisfy") && ask.input.contains_key("UserPoolId") {
                let looked = ask.call("DescribeUserPool", &ask.picked(&["UserPoolId"]));
                if is_refused(&looked, "ResourceNotFoundException") {
                    return looked;
                }
            }
            response
        }),
    },
    NamedFault {
        name: "null-is-refused",
        about: "a member that is spelled as null is refused",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 1,
        on: EVERYTHING,
        way: Way::Answers(|ask| {
            let mut response = ask.go();
            if response.is_success() && ask.input.values().any(Value::is_null) {
                refuse(&mut response, 400, "SerializationException", "NULL_VALUE cannot be read");
            }
            response
        }),
    },
    NamedFault {
        name: "unknown-members-are-refused",
        about: "a group's operations refuse members that the model lacks",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["CreateGroup", "GetGroup"],
        way: Way::Answers(|ask| {
            let known = ["UserPoolId", "GroupName", "Description", "Precedence", "RoleArn"];
            let mut response = ask.go();
            if response.is_success() && ask.input.keys().any(|name| !known.contains(&name.as_str()))
            {
                refuse(&mut response, 400, "InvalidParameterException", "Unknown parameter");
            }
            response
        }),
    },
    NamedFault {
        name: "password-minimum-off-by-one",
        about: "a password may be one character shorter than the policy says",
        level: Level::Errors,
        caught_by: "lockstep",
        steps: 2,
        on: &["AdminCreateUser", "AdminSetUserPassword", "SignUp"],
        way: Way::Answers(|ask| {
            let response = ask.go();
            let name =
                if ask.operation == "AdminCreateUser" { "TemporaryPassword" } else { "Password" };
            if !says(&response, "not long enough") {
                return response;
            }
            let longer = ask.with_members(&[(name, json!(format!("{}a", ask.text(name))))]);
            if longer.is_success() { longer } else { response }
        }),
    },
];
