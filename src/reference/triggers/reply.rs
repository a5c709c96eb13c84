//! The answer of a function: which of the service's errors it is, or the members it sets.

use serde_json::{Map, Value};

use super::FunctionAnswer;
use crate::reference::Fault;

/// How deep an answer may be nested. Ours: deeper ones are refused before anything walks them.
const DEEPEST: usize = 32;

/// The members that a function answered.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::reference) struct Reply {
    response: Map<String, Value>,
}

/// The function answered something that is no event.
fn unrecognizable() -> Fault {
    Fault::rule("trigger-output-unrecognizable")
}

impl Reply {
    /// Reads what came of calling the function of a trigger.
    ///
    /// # Errors
    /// There is no answer, or it is no event.
    pub(super) fn read(trigger: &'static str, answer: &FunctionAnswer) -> Result<Self, Fault> {
        let failed = |id| Fault::rule(id).with("trigger", trigger);
        let event = match answer {
            FunctionAnswer::Returned(event) => event,
            FunctionAnswer::Garbled => return Err(Fault::rule("trigger-output-no-json")),
            FunctionAnswer::Threw(message) => {
                return Err(failed("trigger-failed").with("message", message.as_str()));
            }
            FunctionAnswer::Denied => return Err(failed("trigger-denied")),
            FunctionAnswer::TimedOut => return Err(failed("trigger-timed-out")),
            FunctionAnswer::Unreachable => return Err(failed("trigger-configuration")),
        };
        if !is_shallow(event, DEEPEST) {
            return Err(unrecognizable());
        }
        match event.get("response") {
            Some(Value::Object(response)) => Ok(Self { response: response.clone() }),
            Some(Value::Null) => Ok(Self { response: Map::new() }),
            _ => Err(unrecognizable()),
        }
    }

    /// Returns a member; `None` where it is missing or null.
    fn get(&self, name: &str) -> Option<&Value> {
        self.response.get(name).filter(|value| !value.is_null())
    }

    /// Returns a yes or no; no where it is missing.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            // Functions in languages without a plain boolean send words.
            Some(Value::String(word)) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(Value::String(word)) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(unrecognizable()),
        }
    }

    /// Returns a text, if there is one.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Fault> {
        self.get(name).map(|value| value.as_str().ok_or_else(unrecognizable)).transpose()
    }

    /// Returns a structure as a reply of its own; one without members where it is missing.
    pub(super) fn inner(&self, name: &str) -> Result<Self, Fault> {
        match self.get(name) {
            None => Ok(Self { response: Map::new() }),
            Some(Value::Object(response)) => Ok(Self { response: response.clone() }),
            Some(_) => Err(unrecognizable()),
        }
    }

    /// Tells whether a member is there, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.response.contains_key(name)
    }

    /// Returns a map of any values.
    pub(super) fn map(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        Ok(self.inner(name)?.response)
    }

    /// Returns a map of texts; numbers and booleans count as the text they are written as.
    pub(super) fn texts(&self, name: &str) -> Result<Map<String, Value>, Fault> {
        let text = |(name, value): (String, Value)| match value {
            Value::Object(_) | Value::Array(_) => Err(unrecognizable()),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string().into())),
            Value::Null | Value::String(_) => Ok((name, value)),
        };
        self.map(name)?.into_iter().map(text).collect()
    }

    /// Returns a list of texts; none where it is missing.
    pub(super) fn list(&self, name: &str) -> Result<Vec<String>, Fault> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(unrecognizable)?;
        let text = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(unrecognizable);
        items.iter().map(text).collect()
    }
}

fn is_shallow(value: &Value, left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return false };
    match value {
        Value::Array(items) => items.iter().all(|item| is_shallow(item, left)),
        Value::Object(members) => members.values().all(|member| is_shallow(member, left)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(answer: FunctionAnswer, rule: &str) {
        match Reply::read("PreSignUp", &answer) {
            Err(Fault::Rule { id, .. }) => assert_eq!(id, rule),
            other => panic!("{answer:?} should raise {rule}: {other:?}"),
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let unrecognizable = "trigger-output-unrecognizable";
        let values = [json!(null), json!(1), json!("x"), json!([]), json!({})];
        let responses = [json!({"response": 1}), json!({"response": []}), json!({"reponse": {}})];
        for value in values.into_iter().chain(responses) {
            check(FunctionAnswer::Returned(value), unrecognizable);
        }
        let mut deep = json!({});
        for _ in 0..1000 {
            deep = json!({"response": deep});
        }
        check(FunctionAnswer::Returned(deep), unrecognizable);
        check(FunctionAnswer::Garbled, "trigger-output-no-json");
        check(FunctionAnswer::Threw("x".into()), "trigger-failed");
        check(FunctionAnswer::Denied, "trigger-denied");
        check(FunctionAnswer::TimedOut, "trigger-timed-out");
        check(FunctionAnswer::Unreachable, "trigger-configuration");
    }

    #[test]
    fn members_of_the_wrong_type_are_refused() {
        let response = json!({"flag": 1, "text": {}, "map": [], "list": [1], "texts": {"a": []}});
        let answer = FunctionAnswer::Returned(json!({"response": response}));
        let reply = Reply::read("PreSignUp", &answer).expect("an event");
        assert!(reply.flag("flag").is_err());
        assert!(reply.text("text").is_err());
        assert!(reply.map("map").is_err());
        assert!(reply.list("list").is_err());
        assert!(reply.texts("texts").is_err());
        assert_eq!(reply.flag("absent"), Ok(false));
        assert_eq!(reply.text("absent"), Ok(None));
    }
}
