//! What a case's function answers: the event it is told with some members changed, or something
//! that no well-behaved function answers.

use serde_json::Value;

use super::node::{At, Node, NodeKind};

/// One answer of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionReply {
    /// The event, with this merged over it.
    Event(Value),
    /// `$throw`: it fails with this message.
    Throw(String),
    /// `$raw`: this value, instead of the event.
    Raw(Value),
    /// `$text`: these bytes, JSON or not.
    Text(String),
    /// `$deny`: the service may not invoke it.
    Deny,
}

/// The `$`-keys of an answer, and what each takes.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("$throw", "the message of an error"),
    ("$raw", "any value, answered instead of the event"),
    ("$text", "a text, answered as it is"),
    ("$deny", "true"),
];

/// Members of every event.
const EVENT: [&str; 8] = [
    "callerContext",
    "region",
    "request",
    "response",
    "triggerSource",
    "userName",
    "userPoolId",
    "version",
];

/// Members that the events of the different triggers ask for.
///
/// Source: developer guide, the response parameters of each trigger.
const RESPONSE: [&str; 21] = [
    "answerCorrect",
    "autoConfirmUser",
    "autoVerifyEmail",
    "autoVerifyPhone",
    "challengeMetadata",
    "challengeName",
    "claimsAndScopeOverrideDetails",
    "claimsOverrideDetails",
    "desiredDeliveryMediums",
    "emailMessage",
    "emailSubject",
    "enableSMSMFA",
    "failAuthentication",
    "finalUserStatus",
    "forceAliasCreation",
    "issueTokens",
    "messageAction",
    "privateChallengeParameters",
    "publicChallengeParameters",
    "smsMessage",
    "userAttributes",
];

impl FunctionReply {
    /// Reads an answer, its expressions filled in.
    ///
    /// # Errors
    /// An unknown `$`-key, or one with an unfit argument.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else {
            return Err("an answer is a mapping; `$raw` answers anything".into());
        };
        let mut entries = members.iter();
        let (Some((key, argument)), None) = (entries.next(), entries.next()) else {
            return Ok(Self::Event(value.clone()));
        };
        let text = || argument.as_str().map(str::to_owned);
        match key.as_str() {
            "$throw" => text().map(Self::Throw).ok_or_else(|| "`$throw` takes a text".into()),
            "$raw" => Ok(Self::Raw(argument.clone())),
            "$text" => text().map(Self::Text).ok_or_else(|| "`$text` takes a text".into()),
            "$deny" if *argument == Value::Bool(true) => Ok(Self::Deny),
            "$deny" => Err("`$deny` takes true".into()),
            key if key.starts_with('$') => {
                Err(crate::near::unknown("answer", key, KEYS.iter().map(|(key, _)| *key)))
            }
            _ => Ok(Self::Event(value.clone())),
        }
    }
}

/// Returns what is wrong with an answer as it is written, and where: a misspelt member would make
/// the function answer nothing.
pub(super) fn mistake(node: &Node) -> Option<(At, String)> {
    if let Err(cause) = FunctionReply::parse(&node.value()) {
        return Some((node.at, cause));
    }
    let NodeKind::Members(members) = &node.kind else { return None };
    if members.first().is_some_and(|(key, _)| key.starts_with('$')) {
        return None;
    }
    let stray = |members: &[(String, Node)], known: &[&'static str]| {
        let stray = members.iter().find(|(name, _)| !known.contains(&name.as_str()));
        stray.map(|(name, node)| {
            let cause = crate::near::unknown("member", name, known.iter().copied());
            (node.at, format!("{cause}; `$raw` answers anything"))
        })
    };
    let response = node.get("response").map(Node::members).unwrap_or_default();
    stray(members, &EVENT).or_else(|| stray(response, &RESPONSE))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expected: Result<FunctionReply, &str>) {
        assert_eq!(FunctionReply::parse(&value), expected.map_err(str::to_owned));
    }

    #[test]
    fn answers_are_events_or_something_else_on_purpose() {
        check(json!({}), Ok(FunctionReply::Event(json!({}))));
        let event = json!({"response": {"autoConfirmUser": true}});
        check(event.clone(), Ok(FunctionReply::Event(event)));
        check(json!({"$throw": "no"}), Ok(FunctionReply::Throw("no".into())));
        check(json!({"$raw": null}), Ok(FunctionReply::Raw(Value::Null)));
        check(json!({"$text": "<a/>"}), Ok(FunctionReply::Text("<a/>".into())));
        check(json!({"$deny": true}), Ok(FunctionReply::Deny));
    }

    #[test]
    fn mistakes_are_named() {
        check(json!({"$trow": "no"}), Err("unknown answer `$trow`, did you mean `$throw`?"));
        check(json!({"$throw": 1}), Err("`$throw` takes a text"));
        check(json!({"$deny": 1}), Err("`$deny` takes true"));
        check(json!(null), Err("an answer is a mapping; `$raw` answers anything"));
    }
}
