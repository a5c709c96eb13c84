//! What a recording of a real application must not hold beside secrets: who its users are.

use serde_json::{Map, Value};

use crate::canonical::personal::{ADDRESS, ADDRESS_NAME, PHONE, PHONE_NAME};

/// Members that name a user, folded to lower case without separators.
const NAMES: [&str; 5] = ["preferredusername", "srpuserid", "useridforsrp", "username", "usersub"];

/// Shorter names are not looked for inside other texts: they would garble them.
const SHORTEST: usize = 4;

/// Personal values of one exchange, with what stands for them.
#[derive(Debug, Default)]
pub(super) struct Personal(Vec<(String, &'static str)>);

impl Personal {
    /// Learns who is named in a body.
    pub(super) fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                let attribute = is_attribute(members);
                for (name, member) in members {
                    let stands = match member {
                        Value::String(_) if attribute && name == "Value" => Some("<value>"),
                        Value::String(_) if is_name(name) => Some("<username>"),
                        _ => None,
                    };
                    match (stands, member.as_str().filter(|text| !text.is_empty())) {
                        (Some(stands), Some(text)) => self.0.push((text.to_owned(), stands)),
                        _ => self.learn(member),
                    }
                }
                self.0.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    /// Returns a body without what is personal.
    pub(super) fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(members) => {
                let attribute = is_attribute(members);
                let shown = members.iter().map(|(name, member)| {
                    let shown = match member {
                        Value::String(_) if attribute && name == "Value" => "<value>".into(),
                        Value::String(_) if is_name(name) => "<username>".into(),
                        other => self.value(other),
                    };
                    (self.text(name), shown)
                });
                shown.collect()
            }
            scalar => scalar.clone(),
        }
    }

    /// Returns a text without what is personal.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, stands) in self.0.iter().filter(|(value, _)| value.len() >= SHORTEST) {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), stands);
            }
        }
        let text = ADDRESS.replace_all(&text, ADDRESS_NAME);
        PHONE.replace_all(&text, PHONE_NAME).into_owned()
    }
}

/// Tells whether an object is an attribute of a user: a name and its value.
fn is_attribute(members: &Map<String, Value>) -> bool {
    members.len() <= 2 && members.contains_key("Name") && members.contains_key("Value")
}

fn is_name(member: &str) -> bool {
    let plain = member.bytes().filter(u8::is_ascii_alphanumeric);
    let folded: String = plain.map(|b| char::from(b.to_ascii_lowercase())).collect();
    NAMES.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: Value, expected: Value) {
        let mut personal = Personal::default();
        personal.learn(&value);
        assert_eq!(personal.value(&value), expected);
    }

    #[test]
    fn users_are_not_named() {
        check(
            json!({"Username": "anna", "note": "anna is here", "AuthParameters": {"USERNAME": "al"}}),
            json!({
                "Username": "<username>",
                "note": "<username> is here",
                "AuthParameters": {"USERNAME": "<username>"},
            }),
        );
        check(
            json!({"UserAttributes": [{"Name": "family_name", "Value": "Lee"}], "GroupName": "g"}),
            json!({"UserAttributes": [{"Name": "family_name", "Value": "<value>"}], "GroupName": "g"}),
        );
    }

    #[test]
    fn addresses_and_numbers_go_wherever_they_stand() {
        check(
            json!({"message": "no anna.lee+1@mail.example.com or +1 206-555 0100 here"}),
            json!({"message": "no <e-mail> or <phone-number> here"}),
        );
        check(json!({"Destination": "a***@e***"}), json!({"Destination": "a***@e***"}));
        check(json!({"n": 5, "t": "1 + 2"}), json!({"n": 5, "t": "1 + 2"}));
    }
}
