//! Two answers held against each other: what differs, tokens and estimates apart.

use std::cmp::Ordering;

use serde_json::Value;

use super::answers;
use super::seen::Heard;
use crate::canonical::rebuild;
use crate::catalogue::Volatile;
use crate::pattern::shorten;

/// Members whose values are promised to nobody: addresses that are signed anew, estimates.
const UNPROMISED: &[&str] = &["EstimatedNumberOfUsers", "PreSignedUrl"];

/// Which values count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    /// Points in time too.
    Compared,
    /// All but points in time.
    Ignored,
}

/// A place where two answers differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// JSON pointer; to the list, where items differ.
    pub(super) pointer: String,
    pub(super) before: String,
    pub(super) after: String,
}

/// Returns the first difference between two answers of one operation; lists in any order.
pub(super) fn difference(
    before: &Heard<'_>,
    after: &Heard<'_>,
    times: Times,
) -> Option<Difference> {
    let (one, other) = (before.answer()?, after.answer()?);
    if one == other {
        return None;
    }
    first_difference("", &plain(before, one, times), &plain(after, other, times))
}

/// Returns an answer without what is promised to nobody, its lists sorted.
fn plain(heard: &Heard<'_>, answer: &Value, times: Times) -> Value {
    let shape = heard.operation.and_then(|operation| operation.output.as_ref());
    let mut plain = rebuild(heard.service, shape, answer, &mut |_, class, _| {
        let sort = class?.sort;
        let ignored =
            sort == Volatile::Token || (sort == Volatile::Time && times == Times::Ignored);
        ignored.then_some(Value::Null)
    });
    tidy(&mut plain);
    plain
}

/// Sorts lists, and drops members that are null, empty or promised to nobody.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, member| !UNPROMISED.contains(&name.as_str()) && !is_void(member));
            members.values_mut().for_each(tidy);
        }
        Value::Array(items) => {
            items.iter_mut().for_each(tidy);
            items.sort_by_cached_key(Value::to_string);
        }
        _ => {}
    }
}

/// Tells whether a value says no more than an absent one.
pub(super) fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_void),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the first place where two tidied values differ. A member that is not there is as good
/// as one that is `false` or zero.
pub(super) fn first_difference(at: &str, before: &Value, after: &Value) -> Option<Difference> {
    if let (Value::Object(one), Value::Object(other)) = (before, after) {
        let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
        names.sort();
        names.dedup();
        let inner = names.into_iter().find_map(|name| {
            let pointer = format!("{at}/{}", crate::pointer::escaped(name));
            match (one.get(name), other.get(name)) {
                (Some(before), Some(after)) => first_difference(&pointer, before, after),
                (Some(alone), None) | (None, Some(alone)) if answers::is_void(alone) => None,
                (before, after) => {
                    let text = |v: Option<&Value>| v.map_or_else(|| "absent".into(), shorten);
                    Some(Difference { pointer, before: text(before), after: text(after) })
                }
            }
        });
        return inner;
    }
    let differs = !same(before, after);
    let pointer = at.to_owned();
    differs.then(|| Difference { pointer, before: shorten(before), after: shorten(after) })
}

/// Tells whether two values are the same to a client: `1` and `1.0`, and what is `false` or not
/// there.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let order = one.as_f64().partial_cmp(&other.as_f64());
            order == Some(Ordering::Equal)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            let alike = |(name, a): (&String, &Value)| {
                other.get(name).map_or_else(|| answers::is_void(a), |b| same(a, b))
            };
            let lacks =
                |(name, b): (&String, &Value)| one.contains_key(name) || answers::is_void(b);
            one.iter().all(alike) && other.iter().all(lacks)
        }
        _ => one == other,
    }
}
