//! Puts violations into an input, and chooses which of them go together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::broken::{Applied, Broken, Violation};

/// Returns `base` with several violations in it, none inside another's place.
pub fn apply_all(violations: &[&Violation], base: &Value) -> Applied {
    let mut input = base.clone();
    let mut texts = Vec::new();
    for (count, violation) in violations.iter().enumerate() {
        let stand_in = Value::from(format!("\u{f8ff}{count}\u{f8ff}"));
        let name = unescaped(violation.pointer.rsplit('/').next().unwrap_or_default());
        match &violation.value {
            Broken::Absent => drop(put(&mut input, &violation.pointer, None)),
            Broken::Value(value) => drop(put(&mut input, &violation.pointer, Some(value.clone()))),
            Broken::Text(text) => {
                if put(&mut input, &violation.pointer, Some(stand_in.clone())).is_some() {
                    texts.push((stand_in.to_string(), text.clone()));
                }
            }
            Broken::Twice => {
                let there = input.pointer(&violation.pointer).cloned();
                if let Some(there) = there
                    && put(&mut input, &violation.pointer, Some(stand_in.clone())).is_some()
                {
                    let twice = format!("{there},{}:{there}", Value::from(name));
                    texts.push((stand_in.to_string(), twice));
                }
            }
        }
    }
    if texts.is_empty() {
        return Applied::Input(input);
    }
    let body = input.to_string();
    Applied::Body(texts.iter().fold(body, |body, (from, to)| body.replacen(from, to, 1)))
}

/// Puts a value at a place, or removes what is there; `None` where there is no such place.
fn put(input: &mut Value, pointer: &str, value: Option<Value>) -> Option<()> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = unescaped(name);
    match input.pointer_mut(parent)? {
        Value::Object(members) => match value {
            Some(value) => drop(members.insert(name, value)),
            None => drop(members.remove(&name)),
        },
        Value::Array(items) => *items.get_mut(name.parse::<usize>().ok()?)? = value?,
        _ => return None,
    }
    Some(())
}

/// Returns a part of a JSON pointer as the name it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Most pairs of one input.
const PAIRS: usize = 48;

/// Returns pairs of violations at different places that must both be refused: which of them the
/// answer speaks of, or that it speaks of both, is what they are for.
///
/// Each two kinds meet once as far as the places allow, and the choice is the same each time.
pub fn pairs(violations: &[Violation]) -> Vec<(usize, usize)> {
    let mut met = BTreeSet::new();
    let mut pairs = Vec::new();
    let refused: Vec<usize> =
        (0..violations.len()).filter(|at| violations[*at].expected.refused()).collect();
    for (nth, &one) in refused.iter().enumerate() {
        for &other in &refused[nth + 1..] {
            let (a, b) = (&violations[one], &violations[other]);
            let kinds = (a.kind.min(b.kind), a.kind.max(b.kind));
            if apart(&a.pointer, &b.pointer) && met.insert(kinds) {
                pairs.push((one, other));
                if pairs.len() == PAIRS {
                    return pairs;
                }
            }
        }
    }
    pairs
}

/// Tells whether neither place lies in the other.
fn apart(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !within(one, other) && !within(other, one)
}
