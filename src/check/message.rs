//! Compares an error message with a rule's text.

use std::collections::BTreeSet;

use crate::catalogue::Rule;

/// Tells whether `message` is what the rule promises, with these placeholder values.
///
/// Placeholders without a value match anything. Enum sets and the violations of one message come
/// in no stable order: both are compared as sets.
pub(super) fn fits(rule: &Rule, arguments: &[(String, String)], message: &str) -> bool {
    let given: Vec<(&str, String)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let with = |text: String| Rule { message: Some(text), ..rule.clone() };
    if rule.message.is_none() {
        return true;
    }
    let text = rule.render(&given);
    with(text.clone()).message_matches(message)
        || with(settle(&text)).message_matches(&settle(message))
}

/// Returns what the rule promises, for people.
pub(super) fn promised(rule: &Rule, arguments: &[(String, String)]) -> String {
    let given: Vec<(&str, String)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    rule.render(&given)
}

/// Puts whatever has no order into one.
fn settle(text: &str) -> String {
    let text = settle_sets(text);
    let counted = text.split_once(" detected: ").filter(|(count, _)| {
        count.ends_with("validation error") || count.ends_with("validation errors")
    });
    match counted {
        Some((count, violations)) => {
            let violations: BTreeSet<&str> = violations.split("; ").collect();
            let violations: Vec<&str> = violations.into_iter().collect();
            format!("{count} detected: {}", violations.join("; "))
        }
        None => text,
    }
}

/// Sorts what stands, separated by `, `, between square brackets.
fn settle_sets(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let Some(length) = rest[open..].find(']') else { break };
        let mut values: Vec<&str> = rest[open + 1..open + length].split(", ").collect();
        values.sort_unstable();
        out.push_str(&rest[..=open]);
        out.push_str(&values.join(", "));
        rest = &rest[open + length..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: &str, other: &str, same: bool) {
        assert_eq!(settle(one) == settle(other), same);
    }

    #[test]
    fn sets_and_violations_have_no_order() {
        check("enum value set: [A, B, C]", "enum value set: [C, A, B]", true);
        check("enum value set: [A, B]", "enum value set: [A, C]", false);
        check(
            "2 validation errors detected: Value at 'a' failed; Value at 'b' failed",
            "2 validation errors detected: Value at 'b' failed; Value at 'a' failed",
            true,
        );
        check("a; b", "b; a", false);
        check(r"pattern: [\w-]+_[0-9a-zA-Z]+", r"pattern: [\w-]+_[0-9a-zA-Z]", false);
        check("[odd", "[odd", true);
    }
}
