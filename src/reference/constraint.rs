//! The constraints of one shape, and how the service words them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::java_pattern;
use crate::catalogue::Schema;

/// Returns what `value` breaks of its own shape's constraints, not looking inside.
pub(crate) fn broken(schema: &Schema, value: &Value) -> Vec<String> {
    let size = match value {
        // The service counts UTF-16 units.
        Value::String(text) => Some(text.encode_utf16().count() as u64),
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(members) => Some(members.len() as u64),
        _ => None,
    };
    let text = value.as_str();
    let number = value.as_i64();
    let (least, most) = size_limits(schema);
    let keeps = |demand: &Demand<'_>| match *demand {
        Demand::AtMost(_) => size <= most.or(size),
        Demand::AtLeast(_) => size >= least,
        Demand::Pattern => schema
            .pattern
            .as_deref()
            .is_none_or(|p| text.is_none_or(|text| java_pattern::matches(p, text))),
        Demand::Enum(set) => text.is_none_or(|text| set.contains(text)),
        Demand::ValueAtMost(limit) => number.is_none_or(|number| number <= limit),
        Demand::ValueAtLeast(limit) => number.is_none_or(|number| number >= limit),
        Demand::Present => !value.is_null(),
    };
    let all = all_demands(schema).into_iter();
    all.filter(|demand| !keeps(demand)).map(|demand| demand.text(schema)).collect()
}

/// Returns every constraint of a shape in one line, as lists and maps are reported.
pub(super) fn demands(schema: &Schema) -> String {
    let texts: Vec<_> = all_demands(schema)
        .iter()
        .filter(|demand| !matches!(demand, Demand::Present))
        .map(|demand| demand.text(schema))
        .collect();
    if texts.is_empty() { "Member must not be null".into() } else { texts.join(", ") }
}

enum Demand<'a> {
    AtMost(u64),
    AtLeast(u64),
    ValueAtMost(i64),
    ValueAtLeast(i64),
    Pattern,
    Enum(&'a BTreeSet<String>),
    Present,
}

impl Demand<'_> {
    fn text(&self, schema: &Schema) -> String {
        match self {
            Self::AtMost(n) => format!("Member must have length less than or equal to {n}"),
            Self::AtLeast(n) => format!("Member must have length greater than or equal to {n}"),
            Self::ValueAtMost(n) => format!("Member must have value less than or equal to {n}"),
            Self::ValueAtLeast(n) => format!("Member must have value greater than or equal to {n}"),
            Self::Pattern => format!(
                "Member must satisfy regular expression pattern: {}",
                schema.model_pattern().unwrap_or_default()
            ),
            Self::Enum(set) => {
                let values = set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                format!("Member must satisfy enum value set: [{values}]")
            }
            Self::Present => "Member must not be null".into(),
        }
    }
}

fn size_limits(schema: &Schema) -> (Option<u64>, Option<u64>) {
    let least = schema.min_length.or(schema.min_items).or(schema.min_properties);
    (least, schema.max_length.or(schema.max_items).or(schema.max_properties))
}

fn all_demands(schema: &Schema) -> Vec<Demand<'_>> {
    let (least, most) = size_limits(schema);
    let mut demands = Vec::new();
    demands.extend(most.map(Demand::AtMost));
    demands.extend(least.map(Demand::AtLeast));
    demands.extend(schema.pattern.as_ref().map(|_| Demand::Pattern));
    demands.extend(schema.enumeration.as_ref().map(Demand::Enum));
    demands.extend(schema.maximum.map(Demand::ValueAtMost));
    demands.extend(schema.minimum.map(Demand::ValueAtLeast));
    demands.push(Demand::Present);
    demands
}
