//! Where two canonical transcripts differ.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

/// A place where two transcripts differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// JSON pointer into the transcript: `/<exchange>/output/…`.
    pub pointer: String,
    /// What was accepted; `absent`.
    pub accepted: String,
    /// What it is now; `absent`.
    pub now: String,
}

/// Returns every place where two canonical texts differ, in order.
///
/// A text that is no JSON differs as a whole.
pub fn differences(accepted: &str, now: &str) -> Vec<Difference> {
    if accepted == now {
        return Vec::new();
    }
    let read =
        |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::from(text));
    let mut found = Vec::new();
    walk(Some(&read(accepted)), Some(&read(now)), "", &mut found);
    found
}

fn walk(accepted: Option<&Value>, now: Option<&Value>, at: &str, found: &mut Vec<Difference>) {
    match (accepted, now) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let escaped = crate::pointer::escaped(key);
                walk(a.get(key), b.get(key), &format!("{at}/{escaped}"), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for index in 0..a.len().max(b.len()) {
                walk(a.get(index), b.get(index), &format!("{at}/{index}"), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => {
            let show =
                |v: Option<&Value>| v.map_or_else(|| "absent".into(), crate::pattern::shorten);
            found.push(Difference { pointer: at.to_owned(), accepted: show(a), now: show(b) });
        }
    }
}

/// Returns the changed lines of two texts with a few lines around them, as `diff -u` does.
pub fn side_by_side(accepted: &str, now: &str) -> String {
    let diff = TextDiff::from_lines(accepted, now);
    let mut text = String::new();
    for (number, group) in diff.grouped_ops(2).iter().enumerate() {
        if number > 0 {
            text.push_str("  …\n");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            text.push_str(&format!("{sign} {}\n", change.value().trim_end_matches('\n')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accepted: &str, now: &str, expected: &[(&str, &str, &str)]) {
        let found = differences(accepted, now);
        let found: Vec<_> = { found.iter() }
            .map(|d| (d.pointer.as_str(), d.accepted.as_str(), d.now.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_difference_is_named_by_its_pointer() {
        check(r#"[{"a": 1}]"#, r#"[{"a": 1}]"#, &[]);
        check(r#"[{"a": 1}]"#, r#"[{"a": 2}]"#, &[("/0/a", "1", "2")]);
        check(
            r#"[{"a": 1, "b/c": 2}]"#,
            "[{}]",
            &[("/0/a", "1", "absent"), ("/0/b~1c", "2", "absent")],
        );
        check("[]", "[3]", &[("/0", "absent", "3")]);
        check("[1, 2]", "[2, 2]", &[("/0", "1", "2")]);
        check("[1]", "odd", &[("", "[1]", "\"odd\"")]);
    }

    #[test]
    fn changed_lines_stand_among_their_neighbours() {
        let text = side_by_side("a\nb\nc\nd\ne\nf\n", "a\nb\nC\nd\ne\nf\n");
        assert_eq!(text, "  a\n  b\n- c\n+ C\n  d\n  e\n");
    }
}
