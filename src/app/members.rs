//! Which declared members an input uses. Names come from the shapes, never from the input.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::catalogue::{Schema, Service};

/// Returns the declared members that an input uses, nested ones as `UserAttributes[].Name`.
///
/// Keys of maps are values of whoever calls, and are left out like every other value.
pub fn members(service: &Service, schema: &Schema, input: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(service, schema, input, "", &mut found);
    found
}

fn walk(service: &Service, schema: &Schema, value: &Value, at: &str, found: &mut BTreeSet<String>) {
    let schema = service.resolve(schema);
    match value {
        Value::Object(given) => {
            for (name, member) in schema.properties.iter().flatten() {
                let Some(value) = given.get(name).filter(|value| !value.is_null()) else {
                    continue;
                };
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                walk(service, member, value, &at, found);
                found.insert(at);
            }
        }
        Value::Array(items) => {
            let Some(inner) = schema.items.as_deref() else { return };
            let at = format!("{at}[]");
            items.iter().for_each(|item| walk(service, inner, item, &at, found));
        }
        _ => {}
    }
}

/// Returns an input without the optional members that `used` does not name.
pub fn without(service: &Service, schema: &Schema, input: Value, used: &BTreeSet<String>) -> Value {
    prune(service, schema, input, "", used)
}

fn prune(
    service: &Service,
    schema: &Schema,
    value: Value,
    at: &str,
    used: &BTreeSet<String>,
) -> Value {
    let schema = service.resolve(schema);
    match value {
        Value::Object(given) if schema.is_structure() => {
            let kept = given.into_iter().filter_map(|(name, value)| {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let Some(member) = schema.member(&name) else { return Some((name, value)) };
                let wanted = schema.required.contains(&name) || used.contains(&at);
                wanted.then(|| (name, prune(service, member, value, &at, used)))
            });
            kept.collect()
        }
        Value::Array(items) => match schema.items.as_deref() {
            Some(inner) => {
                let at = format!("{at}[]");
                items.into_iter().map(|item| prune(service, inner, item, &at, used)).collect()
            }
            None => Value::Array(items),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::{Catalogue, Source};

    #[track_caller]
    fn check(operation: &str, input: Value, expected: &[&str]) {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the catalogue loads");
        let (service, operation) = catalogue.operation(operation).expect("a known operation");
        let found = members(service, &operation.input, &input);
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        // What uses nothing else is left as it is.
        assert_eq!(without(service, &operation.input, input.clone(), &found), input);
    }

    #[test]
    fn declared_members_are_named_and_nothing_else() {
        let input = json!({
            "ClientId": "c",
            "Username": "secret-one",
            "Password": "secret-two",
            "ClientMetadata": {"secret-three": "secret-four"},
            "UserAttributes": [{"Name": "email", "Value": "secret-five"}, {"Name": "x"}, 7],
            "SecretSix": 1,
            "ValidationData": null,
        });
        let mut clean = input.clone();
        clean.as_object_mut().map(|members| members.remove("ValidationData"));
        let names = [
            "ClientId",
            "ClientMetadata",
            "Password",
            "UserAttributes",
            "UserAttributes[].Name",
            "UserAttributes[].Value",
            "Username",
        ];
        check("SignUp", clean, &names);
        check("SignUp", json!([1, "x"]), &[]);
        check("SignUp", json!({"Username": {"Deep": 1}}), &["Username"]);
    }
}
