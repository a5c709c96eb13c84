//! Input that breaks constraints, made to keep them: how a target looks that enforces none.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

/// What a constraint demands of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    LengthMost(usize),
    LengthLeast(usize),
    ValueMost(i64),
    ValueLeast(i64),
    Enum,
    Pattern,
    Required,
}

/// How a refusal spells one broken constraint.
static VIOLATION: LazyLock<Regex> = LazyLock::new(|| {
    let demands = "have length less than or equal to|have length greater than or equal to|\
                   have value less than or equal to|have value greater than or equal to|\
                   satisfy enum value set|satisfy regular expression pattern|not be null";
    Regex::new(&format!(
        r"at '([\w.]+)' failed to satisfy constraint: Member must ({demands})(?: (-?\d+))?"
    ))
    .expect("a valid pattern")
});

/// Returns the input as it keeps every wanted demand that `message` says it breaks; `None` where
/// there is nothing to repair.
pub(super) fn repaired(
    input: &Map<String, Value>,
    message: &str,
    wanted: fn(&Demand) -> bool,
) -> Option<Map<String, Value>> {
    let mut whole = Value::Object(input.clone());
    let mut changed = false;
    for (path, demand) in violations(message).filter(|(_, demand)| wanted(demand)) {
        let parts: Vec<&str> = path.split('.').collect();
        if demand == Demand::Required {
            changed |= fill(&mut whole, &parts);
        } else if let Some(place) = find(&mut whole, &parts) {
            changed |= mend(place, demand);
        }
    }
    match whole {
        Value::Object(members) if changed => Some(members),
        _ => None,
    }
}

fn violations(message: &str) -> impl Iterator<Item = (&str, Demand)> {
    VIOLATION.captures_iter(message).filter_map(|found| {
        let (path, words) = (found.get(1)?.as_str(), found.get(2)?.as_str());
        let bound = found.get(3).and_then(|bound| bound.as_str().parse::<i64>().ok());
        let length = || usize::try_from(bound?).ok();
        let demand = match words {
            "have length less than or equal to" => Demand::LengthMost(length()?),
            "have length greater than or equal to" => Demand::LengthLeast(length()?),
            "have value less than or equal to" => Demand::ValueMost(bound?),
            "have value greater than or equal to" => Demand::ValueLeast(bound?),
            "satisfy enum value set" => Demand::Enum,
            "not be null" => Demand::Required,
            _ => Demand::Pattern,
        };
        Some((path, demand))
    })
}

/// Finds a member; messages spell names with a small first letter and count items from 1.
fn find<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    let Some((first, rest)) = path.split_first() else { return Some(value) };
    match value {
        Value::Array(items) => {
            let place: usize = first.parse().ok()?;
            let rest = rest.strip_prefix(&["member"]).unwrap_or(rest);
            find(items.get_mut(place.checked_sub(1)?)?, rest)
        }
        Value::Object(members) => {
            let name = members.keys().find(|name| name.eq_ignore_ascii_case(first))?.clone();
            let rest = rest.strip_prefix(&["member"]).unwrap_or(rest);
            find(members.get_mut(&name)?, rest)
        }
        _ => None,
    }
}

fn fill(whole: &mut Value, path: &[&str]) -> bool {
    let ([name], Value::Object(members)) = (path, whole) else { return false };
    let mut chars = name.chars();
    let Some(first) = chars.next() else { return false };
    members.insert(format!("{}{}", first.to_ascii_uppercase(), chars.as_str()), json!("unnamed"));
    true
}

fn mend(place: &mut Value, demand: Demand) -> bool {
    let mended = match (&*place, demand) {
        (Value::String(text), Demand::LengthMost(most)) => {
            json!(text.chars().take(most).collect::<String>())
        }
        (Value::Array(items), Demand::LengthMost(most)) => json!(items[..most.min(items.len())]),
        (Value::String(text), Demand::LengthLeast(least)) if least <= 256 => {
            json!(format!("{text:a<least$}"))
        }
        (_, Demand::ValueMost(bound) | Demand::ValueLeast(bound)) => json!(bound),
        (Value::String(text), Demand::Pattern) => {
            let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            json!(if plain.is_empty() { "a" } else { plain.as_str() })
        }
        (_, Demand::Enum | Demand::Pattern | Demand::LengthLeast(_)) => Value::Null,
        _ => return false,
    };
    *place = mended;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: Value, broken: &str, expected: Value) {
        let message = format!("2 validation errors detected: {broken}; Value 'x' at 'nothing'");
        let input = input.as_object().expect("an object");
        let repaired = repaired(input, &message, |_| true).map(Value::Object);
        assert_eq!(repaired.unwrap_or_default(), expected);
    }

    #[test]
    fn what_is_broken_is_mended_where_it_stands() {
        let says = |at: &str, demand: &str| {
            format!("Value 'x' at '{at}' failed to satisfy constraint: Member must {demand}")
        };
        let most = says("groupName", "have length less than or equal to 2");
        check(json!({"GroupName": "abc"}), &most, json!({"GroupName": "ab"}));
        let least = says("groupName", "have length greater than or equal to 2");
        check(json!({"GroupName": "a"}), &least, json!({"GroupName": "aa"}));
        let value = says("limit", "have value less than or equal to 60");
        check(json!({"Limit": 70}), &value, json!({"Limit": 60}));
        let item = says("schema.1.member.name", "have length less than or equal to 1");
        check(json!({"Schema": [{"Name": "ab"}]}), &item, json!({"Schema": [{"Name": "a"}]}));
        let lacking = says("clientName", "not be null");
        check(json!({}), &lacking, json!({"ClientName": "unnamed"}));
        let set = says("authFlow", "satisfy enum value set: [A, B]");
        check(json!({"AuthFlow": "C"}), &set, json!({"AuthFlow": null}));
        check(json!({"Other": 1}), &set, Value::Null);
    }
}
