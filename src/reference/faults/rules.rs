//! Faults made from the rulebook: each rule that a refusal follows, broken in three ways.
//!
//! Nobody writes them down one by one. They are called `rule:<id>` (what the rule refuses is
//! answered as a success), `rule:<id>/code` (refused, with another code) and `rule:<id>/words`
//! (refused, with another text), and touch no refusal that follows another rule. They measure the
//! cases: a rule whose faults nothing notices is a rule that nothing asks about.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::alter::{code, message, refuse, succeed};
use crate::catalogue::{Catalogue, Rule};
use crate::reference::middleware::{BY_SHAPE, Middleware, Next, RULE_HEADER};
use crate::wire::{Request, Response};

/// How the names of these faults begin.
pub const PREFIX: &str = "rule:";

/// How the ids begin, or go on, of rules about what shapes refuse.
const SHAPE_RULES: [&str; 2] = ["constraint-", "serialization-"];

/// The text of a refusal whose words are wrong.
const OTHER_WORDS: &str = "The request was refused.";

/// Codes that stand for another one, the first that fits.
const OTHER_CODES: [&str; 6] = [
    "InvalidParameterException",
    "NotAuthorizedException",
    "ResourceNotFoundException",
    "UserNotFoundException",
    "ResourceConflictException",
    "ValidationException",
];

/// How a rule is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// What had to be refused succeeds, and does nothing.
    Accepted,
    /// It is refused with another code that the operation declares, and the same text.
    Code,
    /// It is refused with the right code and another text.
    Words,
}

impl Way {
    /// Every way, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Code, Self::Words];

    /// Returns its name as reports and names of faults spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Code => "code",
            Self::Words => "words",
        }
    }
}

/// A rule that is broken in one way.
#[derive(Clone, Debug)]
pub struct RuleFault {
    catalogue: Arc<Catalogue>,
    rule: Arc<Rule>,
    way: Way,
}

/// Tells whether a rule can be broken so: it refuses something, and in the words' case has any.
pub fn breakable(rule: &Rule, way: Way) -> bool {
    rule.error.is_some() && (way != Way::Words || rule.message.is_some())
}

/// Tells whether a refusal, as middleware gets it, follows `rule`.
pub fn follows(rule: &Rule, operation: &str, response: &Response) -> bool {
    let Some(by) = header(response) else { return false };
    if by != BY_SHAPE {
        return by == rule.id;
    }
    SHAPE_RULES.iter().any(|part| rule.id.contains(part))
        && rule.covers(operation)
        && code(response) == rule.error
        && rule.message_matches(&message(response).unwrap_or_default())
}

fn header(response: &Response) -> Option<&str> {
    let found = response.headers.iter().find(|(name, _)| name == RULE_HEADER);
    found.map(|(_, value)| value.as_str())
}

/// Returns the ids of the rules that a refusal, as middleware gets it, follows.
pub fn behind<'c>(catalogue: &'c Catalogue, operation: &str, response: &Response) -> Vec<&'c str> {
    match header(response) {
        None => Vec::new(),
        Some(BY_SHAPE) => {
            let rules = catalogue.rules.iter();
            let rules = rules.filter(|rule| follows(rule, operation, response));
            rules.map(|rule| rule.id.as_str()).collect()
        }
        Some(id) => catalogue.rules.get(id).map(|rule| rule.id.as_str()).into_iter().collect(),
    }
}

/// Returns the fault of `<id>`, `<id>/code` or `<id>/words`.
///
/// # Errors
/// There is none: words with the near match.
pub fn named(name: &str, catalogue: &Arc<Catalogue>) -> Result<RuleFault, String> {
    let (id, way) = match name.split_once('/') {
        None => (name, Way::Accepted),
        Some((id, way)) => {
            let found = Way::ALL.into_iter().find(|known| known.name() == way);
            let names = Way::ALL.map(Way::name);
            let unknown = || crate::near::unknown("way to break a rule", way, names);
            (id, found.ok_or_else(unknown)?)
        }
    };
    let rule = catalogue.rules.get(id);
    let rule = rule.ok_or_else(|| crate::near::unknown("rule", id, catalogue.rules.ids()))?;
    if !breakable(rule, way) {
        let lacks = if rule.error.is_none() { "refuses nothing" } else { "has no text" };
        return Err(format!("the rule `{id}` {lacks}: no fault can be made from it"));
    }
    Ok(RuleFault { catalogue: catalogue.clone(), rule: Arc::new(rule.clone()), way })
}

impl RuleFault {
    /// Returns what puts the fault into one server.
    pub fn middleware(self) -> Arc<dyn Middleware> {
        Arc::new(self)
    }

    fn alter(&self, operation: &str, response: &mut Response) {
        match self.way {
            Way::Accepted => {
                let service = self.catalogue.services.get(&self.rule.service);
                let called = service.and_then(|service| service.operations.get(operation));
                let answers = called.is_some_and(|operation| operation.output.is_some());
                succeed(response, if answers { "{}" } else { "" });
            }
            Way::Code => {
                let text = message(response);
                let other = self.other_code(operation);
                refuse(response, 400, other, text.as_deref().unwrap_or_default());
                if text.is_none() {
                    response.body = json!({"__type": other}).to_string().into();
                }
            }
            Way::Words => {
                let right = code(response).unwrap_or_default();
                refuse(response, response.status, &right, OTHER_WORDS);
            }
        }
    }

    /// Returns a code that the operation declares, if it does any, and that would not be as good.
    fn other_code(&self, operation: &str) -> &'static str {
        let service = self.catalogue.services.get(&self.rule.service);
        let declared = service.and_then(|service| service.operations.get(operation));
        let good = |code: &str| {
            self.rule.error.as_deref() == Some(code) || self.rule.or_error.contains(code)
        };
        let mut others = OTHER_CODES.into_iter().filter(|code| !good(code));
        let first = others.clone().next().unwrap_or("InvalidParameterException");
        others.find(|code| declared.is_some_and(|o| o.errors.contains(*code))).unwrap_or(first)
    }
}

impl Middleware for RuleFault {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        let mut response = next(request);
        let called = operation.unwrap_or_default();
        if follows(&self.rule, called, &response) {
            self.alter(called, &mut response);
            let length = response.body.len().to_string();
            for (name, value) in &mut response.headers {
                if name.eq_ignore_ascii_case("content-length") {
                    value.clone_from(&length);
                }
            }
        }
        response
    }
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}/{}", self.rule.id, self.way.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::Reference;
    use crate::reference::server::ServeOptions;
    use crate::reference::shell::Shell;
    use crate::reference::tests::catalogue;
    use serde_json::Value;

    /// Calls an operation under a fault; says status, code and text.
    fn told(fault: &str, operation: &str, input: &Value) -> String {
        let faults = super::super::middleware(&[fault.to_owned()], &catalogue());
        let middleware = faults.expect("a fault").some();
        let options = ServeOptions { middleware, ..ServeOptions::default() };
        let shell = Shell::new(Reference::new(catalogue(), 1), options);
        let mut request = Request::call("AWSCognitoIdentityProviderService", operation, input);
        let signature = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";
        request.headers.push(("authorization".into(), signature.into()));
        let response = shell.respond(&request);
        assert!(response.header(RULE_HEADER).is_none(), "callers see it");
        let length = response.header("content-length").map(str::to_owned);
        assert_eq!(length, Some(response.body.len().to_string()));
        format!("{} {}", response.status, String::from_utf8_lossy(&response.body))
    }

    #[test]
    fn one_rule_is_broken_and_no_other() {
        #[track_caller]
        fn check(fault: &str, input: Value, expected: &str) {
            assert_eq!(told(fault, "DescribeUserPool", &input), expected);
        }
        let gone = || json!({"UserPoolId": "a_b"});
        check("rule:user-pool-not-found", gone(), "200 {}");
        check(
            "rule:user-pool-not-found/code",
            gone(),
            r#"400 {"__type":"InvalidParameterException","message":"User pool a_b does not exist."}"#,
        );
        check(
            "rule:user-pool-not-found/words",
            gone(),
            r#"400 {"__type":"ResourceNotFoundException","message":"The request was refused."}"#,
        );
        let right = r#"400 {"__type":"ResourceNotFoundException","message":"User pool a_b does not exist."}"#;
        check("rule:user-not-found", gone(), right);
        check("rule:constraint-required", gone(), right);
        check("rule:constraint-required", json!({}), "200 {}");
        check("rule:serialization-wrong-type", json!({"UserPoolId": true}), "200 {}");
    }

    #[test]
    fn an_operation_without_an_output_succeeds_with_nothing() {
        let gone = json!({"UserPoolId": "a_b"});
        assert_eq!(told("rule:user-pool-not-found", "DeleteUserPool", &gone), "200 ");
    }

    #[test]
    fn slips_in_names_are_recognised() {
        #[track_caller]
        fn check(name: &str, expected: &str) {
            assert_eq!(
                named(name, &catalogue()).map(|fault| fault.to_string()).unwrap_err(),
                expected
            );
        }
        check(
            "user-pool-not-fund",
            "unknown rule `user-pool-not-fund`, did you mean `user-pool-not-found`?",
        );
        check("user-not-found/word", "unknown way to break a rule `word`, did you mean `words`?");
        check(
            "serialization-wrong-type/words",
            "the rule `serialization-wrong-type` has no text: no fault can be made from it",
        );
        let fine = named("user-not-found/words", &catalogue());
        assert_eq!(fine.map(|fault| fault.to_string()), Ok("rule:user-not-found/words".into()));
    }
}
