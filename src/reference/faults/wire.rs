//! Faults below what an SDK sees: status, headers, the form of bodies and times.

use serde_json::json;

use super::alter::{code, edit_error, edit_members, refuse, set_header};
use super::{EVERYTHING, NamedFault, Way};
use crate::outcome::Level;
use crate::wire::Body;

pub(super) const FAULTS: &[NamedFault] = &[
    NamedFault {
        name: "status-404-on-not-found",
        about: "what is not found is answered with status 404",
        level: Level::Wire,
        caught_by: "status",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if code(response).is_some_and(|code| code.contains("NotFound")) {
                response.status = 404;
            }
        }),
    },
    NamedFault {
        name: "status-201-on-create",
        about: "a creation is answered with status 201",
        level: Level::Wire,
        caught_by: "status",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, operation, response| {
            if response.is_success() && operation.contains("Create") {
                response.status = 201;
            }
        }),
    },
    NamedFault {
        name: "json-content-type",
        about: "the content type is application/json",
        level: Level::Wire,
        caught_by: "content-type",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            set_header(response, "content-type", Some("application/json"))
        }),
    },
    NamedFault {
        name: "no-request-id",
        about: "no answer has an x-amzn-requestid",
        level: Level::Wire,
        caught_by: "request-id",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| set_header(response, "x-amzn-requestid", None)),
    },
    NamedFault {
        name: "namespaced-type",
        about: "`__type` carries the model's namespace",
        level: Level::Wire,
        caught_by: "error-body",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_error(response, |body, code| {
                let named = format!("com.amazonaws.cognito.identity.idp.model#{code}");
                body.insert("__type".into(), named.into());
            });
        }),
    },
    NamedFault {
        name: "capital-message",
        about: "the text of an error stands under `Message`",
        level: Level::Wire,
        caught_by: "error-body",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_error(response, |body, _| {
                if let Some(text) = body.remove("message") {
                    body.insert("Message".into(), text);
                }
            });
        }),
    },
    NamedFault {
        name: "code-only-body",
        about: "an error body names the error `code` instead of `__type`",
        level: Level::Wire,
        caught_by: "error-body",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_error(response, |body, code| {
                body.remove("__type");
                body.insert("code".into(), code.into());
            });
        }),
    },
    NamedFault {
        name: "no-error-header",
        about: "an error stands in the body only, not in x-amzn-errortype",
        level: Level::Wire,
        caught_by: "error-header",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            set_header(response, "x-amzn-errortype", None);
            set_header(response, "x-amzn-errormessage", None);
        }),
    },
    NamedFault {
        name: "error-header-without-colon",
        about: "x-amzn-errortype is the bare code",
        level: Level::Wire,
        caught_by: "error-header",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if let Some(code) = code(response) {
                set_header(response, "x-amzn-errortype", Some(&code));
            }
        }),
    },
    NamedFault {
        name: "braces-for-void",
        about: "operations without an output answer with `{}`",
        level: Level::Wire,
        caught_by: "void-body",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if response.is_success() && response.body.is_empty() {
                response.body = "{}".into();
            }
        }),
    },
    NamedFault {
        name: "empty-for-struct",
        about: "operations with an empty output structure answer with a zero-length body",
        level: Level::Wire,
        caught_by: "void-body",
        steps: 2,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if response.is_success() && *response.body == *b"{}" {
                response.body = Body::default();
            }
        }),
    },
    NamedFault {
        name: "string-timestamps",
        about: "timestamps are ISO 8601 strings",
        level: Level::Wire,
        caught_by: "timestamp",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if name.ends_with("Date") && value.is_number() {
                    *value = json!("2026-01-01T00:00:00Z");
                }
            })
        }),
    },
    NamedFault {
        name: "millisecond-timestamps",
        about: "timestamps are milliseconds since the epoch",
        level: Level::Wire,
        caught_by: "timestamp",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            edit_members(response, &|name, value| {
                if let Some(seconds) = value.as_f64().filter(|_| name.ends_with("Date")) {
                    *value = json!((seconds * 1000.0) as u64);
                }
            })
        }),
    },
    NamedFault {
        name: "html-500",
        about: "an error is a page in HTML, status 500",
        level: Level::Wire,
        caught_by: "server-fault",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if !response.is_success() {
                response.status = 500;
                set_header(response, "content-type", Some("text/html"));
                set_header(response, "x-amzn-errortype", None);
                set_header(response, "x-amzn-errormessage", None);
                response.body = "<html><body><h1>Internal Server Error</h1></body></html>".into();
            }
        }),
    },
    NamedFault {
        name: "internal-error",
        about: "what should be refused makes the service fail",
        level: Level::Wire,
        caught_by: "server-fault",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if !response.is_success() {
                refuse(response, 500, "InternalErrorException", "Something went wrong");
            }
        }),
    },
    NamedFault {
        name: "errors-are-text",
        about: "the content type of an error is text/plain",
        level: Level::Wire,
        caught_by: "content-type",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if !response.is_success() {
                set_header(response, "content-type", Some("text/plain"));
            }
        }),
    },
    NamedFault {
        name: "error-header-names-another",
        about: "x-amzn-errortype names another error than the body",
        level: Level::Wire,
        caught_by: "error-header",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| {
            if !response.is_success() {
                set_header(response, "x-amzn-errortype", Some("ValidationException:"));
            }
        }),
    },
    NamedFault {
        name: "errors-have-status-200",
        about: "an error has its body and headers, and status 200",
        level: Level::Wire,
        caught_by: "expectation",
        steps: 1,
        on: EVERYTHING,
        way: Way::Alters(|_, _, response| response.status = 200),
    },
];
