//! How an operation of the reference fails: by rule id, never by a message of its own.

use crate::catalogue::{Catalogue, Rule};

/// A refused call.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A rule of the rulebook, with the values of its message's placeholders.
    Rule {
        /// Rule id.
        id: &'static str,
        /// Placeholder names and values.
        arguments: Vec<(&'static str, String)>,
    },
    /// The input breaks the shape's constraints: one text per violation, in the service's words.
    Constraints(Vec<String>),
    /// A member has another JSON type than modelled.
    Serialization(String),
    /// None: the call waits for a function's answer, and nobody ever sees it refused.
    Pending,
}

impl Fault {
    /// Returns the fault of a rule without placeholders.
    pub fn rule(id: &'static str) -> Self {
        Self::Rule { id, arguments: Vec::new() }
    }

    /// Adds the value of a placeholder.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Rule { arguments, .. } = &mut self {
            arguments.push((name, value.into()));
        }
        self
    }
}

/// A fault as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// Error code without namespace.
    pub code: String,
    /// Message; empty where the service sends none.
    pub message: String,
    /// HTTP status.
    pub status: u16,
}

impl Fault {
    /// Returns the code, message and status that `service` answers with.
    ///
    /// A rule id that the rulebook lacks becomes an `InternalErrorException` that names it: a
    /// test keeps the reference and the rulebook in step.
    pub fn render(&self, catalogue: &Catalogue, service: &str) -> ErrorBody {
        let status = |code: &str| {
            let known = catalogue.services.get(service).and_then(|s| s.errors.get(code));
            known.map_or(400, |error| error.status)
        };
        let (code, message) = match self {
            Self::Rule { id, arguments } => match catalogue.rules.get(id) {
                Some(rule) => (code_of(rule), rule.render(arguments)),
                None => {
                    ("InternalErrorException".into(), format!("rule `{id}` is not in the rulebook"))
                }
            },
            Self::Constraints(violations) => {
                (constraint_code(service).into(), constraints(violations))
            }
            Self::Serialization(message) => ("SerializationException".into(), message.clone()),
            Self::Pending => ("InternalErrorException".into(), String::new()),
        };
        ErrorBody { status: status(&code), code, message }
    }
}

fn code_of(rule: &Rule) -> String {
    rule.error.clone().unwrap_or_else(|| "InternalErrorException".into())
}

/// Constraint violations are `InvalidParameterException` in cognito-idp and
/// `ValidationException` in cognito-identity.
///
/// Source: observed, aws/aws-sdk-js features/cognitoidentity and many reports for cognito-idp.
pub(crate) fn constraint_code(service: &str) -> &'static str {
    if service == "cognito-identity" { "ValidationException" } else { "InvalidParameterException" }
}

/// Joins violations in the service's words: counted in front, `; ` between.
pub(super) fn constraints(violations: &[String]) -> String {
    let noun = if violations.len() == 1 { "error" } else { "errors" };
    format!("{} validation {noun} detected: {}", violations.len(), violations.join("; "))
}
