//! What happened in a case: every exchange with the target, with what was expected of it.
//!
//! Plain data between the runner, which fills it, and the checks, which are pure functions over
//! it. Holds live secrets: it never leaves the process; reports get [`crate::canonical`] forms.

use std::borrow::Cow;

use serde_json::Value;

use crate::outcome::{Evidence, Level};
use crate::pattern::Pattern;
use crate::wire::{Request, Response, TransportError};

/// Every exchange of one case, in order.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Case id.
    pub case: String,
    /// Exchanges of set-up, steps and teardown.
    pub exchanges: Vec<Exchange>,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where in the case.
    pub place: Place,
    /// What was asked.
    pub call: Call,
    /// The request as it went out, as far as the transport tells.
    pub request: Request,
    /// The response, or why there is none.
    pub reply: Result<Response, TransportError>,
    /// What the official SDK made of the response; `None` where it was not asked.
    pub sdk: Option<SdkVerdict>,
    /// What the case expects of it, bindings filled in.
    pub expect: Option<Expectation>,
    /// The pages this exchange is the last of, where the step follows pages.
    pub pages: Option<Pages>,
    /// The target declined the operation as one it does not have.
    pub declined: bool,
    /// What the reference answers to the same step, where the case is played in lockstep.
    pub twin: Option<Twin>,
    /// The call was sent several times at once: this exchange is one of so many.
    pub together: Option<u64>,
    /// Time from the request's first byte to the response's last, in milliseconds.
    pub elapsed_ms: u64,
}

/// The pages of a list, followed to the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages {
    /// The last page's output, its list replaced by the items of all pages.
    pub output: Value,
    /// The items of all pages, in order.
    pub items: Vec<Value>,
    /// How many items each page held.
    pub sizes: Vec<usize>,
    /// The page size that was asked for.
    pub limit: Option<u64>,
    /// The last page gave no token.
    pub ended: bool,
}

/// A step as the embedded reference carries it out: same step, the reference's own ids and tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Twin {
    /// The input, filled in with the reference's values.
    pub input: Value,
    /// Its output (`{}` for a zero-length body), or how it refuses.
    pub answer: Result<Value, Refusal>,
    /// At most one thing is wrong with the call, so only one refusal can be meant.
    pub one_fault: bool,
    /// It comes in a state, or with a value, of which nobody says that it works.
    pub odd: bool,
}

/// How the reference refuses a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Error code.
    pub code: String,
    /// Message.
    pub message: String,
    /// Rule that promises it; `None` where the input breaks the model's own constraints.
    pub rule: Option<String>,
}

/// Where in a case an exchange belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Step (from 1) of a named set-up.
    SetUp(String, usize),
    /// Step (from 1) of the case itself.
    Step(usize),
    /// Clean-up after the case.
    Teardown,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SetUp(name, step) => write!(f, "set-up {name}, step {step}"),
            Self::Step(step) => write!(f, "step {step}"),
            Self::Teardown => f.write_str("teardown"),
        }
    }
}

/// Something to send.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// A call of an operation, well-formed on the wire whatever its input is.
    Api {
        /// Service id.
        service: String,
        /// Operation name.
        operation: String,
        /// Input as JSON.
        input: Value,
        /// Whether to sign it.
        signed: bool,
    },
    /// Any bytes: malformed requests, other paths.
    Raw {
        /// Service id whose endpoint it goes to.
        service: String,
        /// The request.
        request: Request,
        /// Whether to sign it as it stands.
        signed: bool,
    },
    /// A look at what a function of the case was told; nothing is sent to the target.
    Events {
        /// Name of the function within the case.
        function: String,
    },
}

impl Call {
    /// Returns the service id.
    pub fn service(&self) -> &str {
        match self {
            Self::Api { service, .. } | Self::Raw { service, .. } => service,
            Self::Events { .. } => "cognito-idp",
        }
    }

    /// Returns the operation name; empty for raw requests.
    pub fn operation(&self) -> &str {
        match self {
            Self::Api { operation, .. } => operation,
            Self::Raw { .. } | Self::Events { .. } => "",
        }
    }

    /// Returns what is called: the operation, after its service where that is not the user pools';
    /// of a raw request its method and path, without the query and with a star for each part that a
    /// target chose; of a look at a function its name.
    pub fn subject(&self) -> String {
        let request = match self {
            Self::Api { service, operation, .. } if service == "cognito-idp" => {
                return operation.clone();
            }
            Self::Api { service, operation, .. } => return format!("{service}:{operation}"),
            Self::Events { function } => return format!("function {function}"),
            Self::Raw { request, .. } => request,
        };
        let path = request.path.split('?').next().unwrap_or_default();
        let has_digit = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit());
        let chosen = |part: &str| part.contains('_') || (part.len() > 12 && has_digit(part));
        let parts = path.split('/').map(|part| if chosen(part) { "*" } else { part });
        format!("{} {}", request.method, parts.collect::<Vec<_>>().join("/"))
    }

    /// Returns the input; `null` for raw requests.
    pub fn input(&self) -> &Value {
        match self {
            Self::Api { input, .. } => input,
            Self::Raw { .. } | Self::Events { .. } => &Value::Null,
        }
    }
}

/// What the official SDK made of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdkVerdict {
    /// It returned the operation's output.
    Output,
    /// It returned a service error.
    Error {
        /// The code it read.
        code: Option<String>,
        /// The message it read.
        message: Option<String>,
        /// It knows the code as one of the operation's own error variants.
        modelled: bool,
    },
    /// It could not make sense of the response.
    Unparsable {
        /// Its words.
        detail: String,
    },
}

/// What a step expects, bindings filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The expected outcome.
    pub outcome: Expected,
    /// Level of the promise.
    pub level: Level,
    /// How well it is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
}

/// The expected outcome of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Success; the output matches.
    Output(Pattern),
    /// A refusal by one of these rules.
    Error {
        /// Rule ids; any of them will do.
        rules: Vec<String>,
        /// Values the message's placeholders must have, by name.
        arguments: Vec<(String, String)>,
    },
    /// A raw response: each part given must match.
    Raw {
        /// HTTP status.
        status: Option<Pattern>,
        /// Headers by lower-case name.
        headers: Vec<(String, Pattern)>,
        /// JSON body, or a string where it is none.
        body: Option<Pattern>,
    },
    /// Any answer at all.
    Anything,
}

impl Exchange {
    /// Returns the response when one came with a 2xx status.
    pub fn success(&self) -> Option<&Response> {
        self.reply.as_ref().ok().filter(|response| response.is_success())
    }

    /// Returns the output of a successful call as JSON; `{}` for a zero-length body. Of the last
    /// of several pages: with the items of all.
    pub fn output(&self) -> Option<Cow<'_, Value>> {
        if let Some(pages) = &self.pages {
            return Some(Cow::Borrowed(&pages.output));
        }
        let body = self.success()?.json().ok()?;
        Some(body.unwrap_or_else(|| Cow::Owned(Value::Object(serde_json::Map::new()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, expected: &str) {
        let request = Request {
            method: method.into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let call = Call::Raw { service: "cognito-idp".into(), request, signed: false };
        assert_eq!(call.subject(), expected);
    }

    #[test]
    fn operations_of_one_name_are_told_apart_by_their_service() {
        let call = |service: &str| Call::Api {
            service: service.into(),
            operation: "TagResource".into(),
            input: Value::Null,
            signed: true,
        };
        assert_eq!(call("cognito-idp").subject(), "TagResource");
        assert_eq!(call("cognito-identity").subject(), "cognito-identity:TagResource");
    }

    #[test]
    fn raw_requests_are_told_apart_by_what_is_not_the_targets() {
        check("POST", "/oauth2/token", "POST /oauth2/token");
        check("GET", "/?Action=ListUsers", "GET /");
        let keys = "/us-east-1_aB3dE5fG7/.well-known/jwks.json";
        check("GET", keys, "GET /*/.well-known/jwks.json");
        check("PUT", "/imports/import-0123456789", "PUT /imports/*");
    }
}
