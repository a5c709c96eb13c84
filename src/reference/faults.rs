//! Named faults: ways to make the reference wrong in exactly one respect.
//!
//! They measure the checks, not the reference: each says which check must catch it first. All
//! are mutators of responses, so they fit any server that answers in this protocol.

mod alter;

use std::sync::Arc;

use serde_json::{Value, json};

use self::alter::{
    add_member, code, edit, edit_error, edit_members, empty_list, message, password, refuse,
    set_header, twice,
};
use super::server::Mutate;
use crate::wire::{Request, Response};

/// A way to be wrong.
#[derive(Clone, Copy, Debug)]
pub struct NamedFault {
    /// Kebab-case name, as `serve --fault` takes it.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub about: &'static str,
    /// Id of the check that must catch it.
    pub caught_by: &'static str,
    alter: fn(&Request, &str, &mut Response),
}

impl NamedFault {
    /// Alters the response to a request, which called `operation` if it called any.
    pub fn apply(&self, request: &Request, operation: Option<&str>, response: &mut Response) {
        (self.alter)(request, operation.unwrap_or_default(), response);
        let length = response.body.len().to_string();
        for (name, value) in &mut response.headers {
            if name.eq_ignore_ascii_case("content-length") {
                value.clone_from(&length);
            }
        }
    }
}

/// Every named fault, in the order of the checks that catch them.
pub const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "status-404-on-not-found",
        about: "what is not found is answered with status 404",
        caught_by: "status",
        alter: |_, _, response| {
            if code(response).is_some_and(|code| code.contains("NotFound")) {
                response.status = 404;
            }
        },
    },
    NamedFault {
        name: "status-201-on-create",
        about: "a creation is answered with status 201",
        caught_by: "status",
        alter: |_, operation, response| {
            if response.is_success() && operation.contains("Create") {
                response.status = 201;
            }
        },
    },
    NamedFault {
        name: "json-content-type",
        about: "the content type is application/json",
        caught_by: "content-type",
        alter: |_, _, response| set_header(response, "content-type", Some("application/json")),
    },
    NamedFault {
        name: "no-request-id",
        about: "no answer has an x-amzn-requestid",
        caught_by: "request-id",
        alter: |_, _, response| set_header(response, "x-amzn-requestid", None),
    },
    NamedFault {
        name: "namespaced-type",
        about: "`__type` carries the model's namespace",
        caught_by: "error-body",
        alter: |_, _, response| {
            edit_error(response, |body, code| {
                let named = format!("com.amazonaws.cognito.identity.idp.model#{code}");
                body.insert("__type".into(), named.into());
            });
        },
    },
    NamedFault {
        name: "capital-message",
        about: "the text of an error stands under `Message`",
        caught_by: "error-body",
        alter: |_, _, response| {
            edit_error(response, |body, _| {
                if let Some(text) = body.remove("message") {
                    body.insert("Message".into(), text);
                }
            });
        },
    },
    NamedFault {
        name: "code-only-body",
        about: "an error body names the error `code` instead of `__type`",
        caught_by: "error-body",
        alter: |_, _, response| {
            edit_error(response, |body, code| {
                body.remove("__type");
                body.insert("code".into(), code.into());
            });
        },
    },
    NamedFault {
        name: "no-error-header",
        about: "an error stands in the body only, not in x-amzn-errortype",
        caught_by: "error-header",
        alter: |_, _, response| {
            set_header(response, "x-amzn-errortype", None);
            set_header(response, "x-amzn-errormessage", None);
        },
    },
    NamedFault {
        name: "error-header-without-colon",
        about: "x-amzn-errortype is the bare code",
        caught_by: "error-header",
        alter: |_, _, response| {
            if let Some(code) = code(response) {
                set_header(response, "x-amzn-errortype", Some(&code));
            }
        },
    },
    NamedFault {
        name: "braces-for-void",
        about: "operations without an output answer with `{}`",
        caught_by: "void-body",
        alter: |_, _, response| {
            if response.is_success() && response.body.is_empty() {
                response.body = b"{}".to_vec();
            }
        },
    },
    NamedFault {
        name: "empty-for-struct",
        about: "operations with an empty output structure answer with a zero-length body",
        caught_by: "void-body",
        alter: |_, _, response| {
            if response.is_success() && response.body == b"{}" {
                response.body.clear();
            }
        },
    },
    NamedFault {
        name: "string-timestamps",
        about: "timestamps are ISO 8601 strings",
        caught_by: "timestamp",
        alter: |_, _, response| {
            edit_members(response, &|name, value| {
                if name.ends_with("Date") && value.is_number() {
                    *value = json!("2026-01-01T00:00:00Z");
                }
            })
        },
    },
    NamedFault {
        name: "millisecond-timestamps",
        about: "timestamps are milliseconds since the epoch",
        caught_by: "timestamp",
        alter: |_, _, response| {
            edit_members(response, &|name, value| {
                if let Some(seconds) = value.as_f64().filter(|_| name.ends_with("Date")) {
                    *value = json!((seconds * 1000.0) as u64);
                }
            })
        },
    },
    NamedFault {
        name: "missing-required-member",
        about: "the output lacks `Username`, `UserSub` and `IdentityPoolName`",
        caught_by: "schema",
        alter: |_, _, response| {
            if response.is_success() {
                edit(response, |body| {
                    body.retain(|name, _| {
                        !["Username", "UserSub", "IdentityPoolName"].contains(&name.as_str())
                    });
                });
            }
        },
    },
    NamedFault {
        name: "wrong-member-type",
        about: "booleans are strings",
        caught_by: "schema",
        alter: |_, _, response| {
            edit_members(response, &|_, value| {
                if let Value::Bool(flag) = value {
                    *value = json!(flag.to_string());
                }
            })
        },
    },
    NamedFault {
        name: "enum-outside-set",
        about: "a user's status is a word of the target's own",
        caught_by: "schema",
        alter: |_, _, response| {
            edit_members(response, &|name, value| {
                if name == "UserStatus" {
                    *value = json!("ENROLLED");
                }
            })
        },
    },
    NamedFault {
        name: "undeclared-member",
        about: "every output has a member of the target's own",
        caught_by: "schema",
        alter: |_, _, response| {
            add_member(response, "ResponseMetadata", json!({"RetryAttempts": 0}))
        },
    },
    NamedFault {
        name: "null-members",
        about: "an output spells an absent member as null",
        caught_by: "schema",
        alter: |_, _, response| add_member(response, "ChallengeName", Value::Null),
    },
    NamedFault {
        name: "number-beyond-its-type",
        about: "a count is larger than the 32 bits clients read it into",
        caught_by: "sdk",
        alter: |_, _, response| {
            edit_members(response, &|name, value| {
                if name == "EstimatedNumberOfUsers" {
                    *value = json!(1_u64 << 40);
                }
            })
        },
    },
    NamedFault {
        name: "undeclared-code",
        about: "every error has a code that no operation declares",
        caught_by: "error-declared",
        alter: |_, _, response| {
            if let Some(text) = message(response) {
                refuse(response, 400, "InvalidRequestException", &text);
            }
        },
    },
    NamedFault {
        name: "html-500",
        about: "an error is a page in HTML, status 500",
        caught_by: "server-fault",
        alter: |_, _, response| {
            if !response.is_success() {
                response.status = 500;
                set_header(response, "content-type", Some("text/html"));
                set_header(response, "x-amzn-errortype", None);
                set_header(response, "x-amzn-errormessage", None);
                response.body =
                    b"<html><body><h1>Internal Server Error</h1></body></html>".to_vec();
            }
        },
    },
    NamedFault {
        name: "internal-error",
        about: "what should be refused makes the service fail",
        caught_by: "server-fault",
        alter: |_, _, response| {
            if !response.is_success() {
                refuse(response, 500, "InternalErrorException", "Something went wrong");
            }
        },
    },
    NamedFault {
        name: "echoes-password",
        about: "an error message quotes the password that was sent",
        caught_by: "secret-echo",
        alter: |request, _, response| {
            let found = (code(response), message(response), password(request));
            if let (Some(code), Some(text), Some(password)) = found {
                refuse(response, response.status, &code, &format!("{text} ({password})"));
            }
        },
    },
    NamedFault {
        name: "repeats-items",
        about: "a page holds each of its items twice",
        caught_by: "paging",
        alter: |_, operation, response| {
            if response.is_success() && operation.contains("List") {
                edit(response, |body| body.values_mut().for_each(twice));
            }
        },
    },
    NamedFault {
        name: "wrong-code",
        about: "every error is a NotAuthorizedException, with the right text",
        caught_by: "expectation",
        alter: |_, _, response| {
            if let Some(text) = message(response) {
                refuse(response, 400, "NotAuthorizedException", &text);
            }
        },
    },
    NamedFault {
        name: "wrong-message",
        about: "every error has the right code and one text",
        caught_by: "expectation",
        alter: |_, _, response| {
            if let Some(code) = code(response) {
                refuse(response, response.status, &code, "The request was refused.");
            }
        },
    },
    NamedFault {
        name: "accepts-everything",
        about: "what should be refused is answered with 200 and `{}`",
        caught_by: "expectation",
        alter: |_, _, response| {
            if !response.is_success() {
                response.status = 200;
                response.body = b"{}".to_vec();
                set_header(response, "x-amzn-errortype", None);
                set_header(response, "x-amzn-errormessage", None);
            }
        },
    },
    NamedFault {
        name: "refuses-everything",
        about: "every call of an existing operation is refused with one declared error",
        caught_by: "expectation",
        alter: |_, _, response| {
            if response.is_success() {
                refuse(response, 400, "InvalidParameterException", "Invalid request.");
            }
        },
    },
    NamedFault {
        name: "loses-writes",
        about: "reads find nothing of what was written",
        caught_by: "expectation",
        alter: |_, operation, response| {
            let bare = operation.strip_prefix("Admin").unwrap_or(operation);
            if !response.is_success() {
                return;
            }
            if bare.starts_with("List") {
                edit(response, |body| body.values_mut().for_each(empty_list));
            } else if bare == "GetUser" {
                refuse(response, 400, "UserNotFoundException", "User does not exist.");
            } else if bare.starts_with("Describe") || bare.starts_with("Get") {
                refuse(response, 400, "ResourceNotFoundException", "Resource not found.");
            }
        },
    },
];

/// Returns the fault called `name`.
///
/// # Errors
/// There is none: words with the near match.
pub fn named(name: &str) -> Result<&'static NamedFault, String> {
    let found = FAULTS.iter().find(|fault| fault.name == name);
    found.ok_or_else(|| crate::near::unknown("fault", name, FAULTS.iter().map(|fault| fault.name)))
}

/// Returns what alters every response so that the named faults show; `None` without a name.
///
/// # Errors
/// A name is no fault's: words with the near match.
pub fn mutation(names: &[String]) -> Result<Option<Mutate>, String> {
    let faults: Vec<_> = names.iter().map(|name| named(name)).collect::<Result<_, _>>()?;
    if faults.is_empty() {
        return Ok(None);
    }
    Ok(Some(Arc::new(move |request, operation, response| {
        for fault in &faults {
            fault.apply(request, operation, response);
        }
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_slips_are_recognised() {
        let mut names: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAULTS.len());
        assert_eq!(
            named("html500").map(|fault| fault.name).unwrap_err(),
            "unknown fault `html500`, did you mean `html-500`?"
        );
    }
}
