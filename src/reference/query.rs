//! The query binding: `GET /?Action=Op&Member=value`, as the Swagger documents describe it.
//!
//! The service itself speaks JSON only; the binding lets a client made from those documents call
//! the reference. Every parameter is text: its member's shape says what it means.

use serde_json::{Map, Value};

use crate::catalogue::{Kind, Operation, Schema, Service};

/// Returns the decoded `name=value` pairs of a query or form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let parts = text.split('&').filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(name), decode(value))
    };
    parts.map(pair).collect()
}

/// Returns the input structure that the parameters spell.
///
/// Lists come as JSON text, with commas, or as `Name.member.1`; maps as JSON text or as
/// `Name.entry.1.key` and `.value`; members of structures as `Name.Member` or JSON text.
pub(super) fn input(
    service: &Service,
    operation: &Operation,
    parameters: &[(String, String)],
) -> Value {
    let mut root = Node::default();
    // No input is nested as deep, and a tree without end would overflow the stack.
    for (name, value) in parameters.iter().filter(|(name, _)| name.split('.').count() <= DEEPEST) {
        root.insert(name.split('.'), value);
    }
    root.structure(service, &operation.input)
}

/// Most dotted parts of a name. Ours.
const DEEPEST: usize = 16;

/// Parameters by the dotted parts of their names.
#[derive(Default)]
struct Node {
    text: Option<String>,
    parts: Vec<(String, Node)>,
}

impl Node {
    fn insert<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, value: &str) {
        let Some(part) = path.next() else {
            self.text = Some(value.to_owned());
            return;
        };
        let known = self.parts.iter().position(|(name, _)| name == part);
        let place = known.unwrap_or_else(|| {
            self.parts.push((part.to_owned(), Self::default()));
            self.parts.len() - 1
        });
        self.parts[place].1.insert(path, value);
    }

    fn part(&self, name: &str) -> Option<&Self> {
        self.parts.iter().find(|(part, _)| part == name).map(|(_, node)| node)
    }

    fn structure(&self, service: &Service, schema: &Schema) -> Value {
        let member = |(name, node): &(String, Self)| {
            let member = schema.member(name)?;
            Some((name.clone(), node.value(service, member)))
        };
        Value::Object(self.parts.iter().filter_map(member).collect())
    }

    fn value(&self, service: &Service, schema: &Schema) -> Value {
        let schema = service.resolve(schema);
        if let Some(text) = &self.text {
            return read(service, schema, text);
        }
        match schema.kind {
            Some(Kind::Array) => {
                let items = self.part("member").unwrap_or(self);
                let item = schema.items.as_deref().unwrap_or(schema);
                items.parts.iter().map(|(_, node)| node.value(service, item)).collect()
            }
            Some(Kind::Object) if schema.is_map() => {
                let entries = self.part("entry").map(|entries| &entries.parts);
                let entry = |(_, node): &(String, Self)| {
                    let key = node.part("key")?.text.clone()?;
                    Some((key, node.part("value")?.text.clone().into()))
                };
                Value::Object(entries.into_iter().flatten().filter_map(entry).collect())
            }
            _ => self.structure(service, schema),
        }
    }
}

/// Reads a parameter's text as a value of its shape; what does not parse stays text.
fn read(service: &Service, schema: &Schema, text: &str) -> Value {
    let json = || serde_json::from_str::<Value>(text).ok();
    let unread = || Value::from(text);
    match schema.kind {
        Some(Kind::Integer | Kind::Number) => {
            json().filter(Value::is_number).unwrap_or_else(unread)
        }
        Some(Kind::Boolean) => match text.to_ascii_lowercase().as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => unread(),
        },
        Some(Kind::Array) => json().filter(Value::is_array).unwrap_or_else(|| {
            let item = schema.items.as_deref().map_or(schema, |item| service.resolve(item));
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(|text| read(service, item, text)).collect()
        }),
        Some(Kind::Object) => json().filter(Value::is_object).unwrap_or_else(unread),
        Some(Kind::String) => unread(),
        None => json().unwrap_or_else(|| Value::Object(Map::new())),
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let raw = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let hex = raw.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.filter(|_| byte == b'%').and_then(|h| u8::from_str_radix(h, 16).ok());
        at += if escaped.is_some() { 3 } else { 1 };
        bytes.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::{Catalogue, Source};

    #[track_caller]
    fn check(operation: &str, query: &str, expected: Value) {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let (service, operation) = catalogue.operation(operation).expect("a known operation");
        assert_eq!(input(service, operation, &pairs(query)), expected);
    }

    #[test]
    fn names_without_end_are_no_parameters() {
        let name = vec!["a"; 500_000].join(".");
        check("ListUserPools", &format!("MaxResults=5&{name}=1"), json!({"MaxResults": 5}));
    }

    #[test]
    fn parameters_take_the_type_of_their_member() {
        check("ListUserPools", "Action=ListUserPools&MaxResults=5", json!({"MaxResults": 5}));
        check("ListUsers", "Filter=email+%3D+%22a%40b%22", json!({"Filter": "email = \"a@b\""}));
        check(
            "AdminCreateUser",
            "ForceAliasCreation=TRUE&DesiredDeliveryMediums=EMAIL,SMS",
            json!({"ForceAliasCreation": true, "DesiredDeliveryMediums": ["EMAIL", "SMS"]}),
        );
        let attributes = json!({"UserAttributes": [{"Name": "email", "Value": "a@b"}]});
        check(
            "SignUp",
            "UserAttributes.member.1.Name=email&UserAttributes.member.1.Value=a@b",
            attributes.clone(),
        );
        check("SignUp", "UserAttributes=[{\"Name\":\"email\",\"Value\":\"a@b\"}]", attributes);
        check(
            "InitiateAuth",
            "AuthParameters.entry.1.key=USERNAME&AuthParameters.entry.1.value=u",
            json!({"AuthParameters": {"USERNAME": "u"}}),
        );
        check(
            "CreateUserPool",
            "Policies.PasswordPolicy.MinimumLength=9",
            json!({"Policies": {"PasswordPolicy": {"MinimumLength": 9}}}),
        );
        check("ListUserPools", "MaxResults=x", json!({"MaxResults": "x"}));
    }
}
