//! The values at the edges of a shape: shortest and longest, least and greatest, fewest and most.

use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::text::{fits, limits, shrunk, stretched};
use super::values::{Place, Values, range, sizes};
use crate::catalogue::{Kind, Schema, Service};
use crate::reference;

/// Longest text that is made: a megabyte in a request tells more about front ends than about the
/// contract.
const LONGEST: usize = 131_072;

/// Most items of a list that is filled up.
const MOST: usize = 200;

impl Values {
    /// Returns each value at an edge of `schema`, a member called `name`, named for reports:
    /// `shortest`, `longest`, `least`, `greatest`, `fewest`, `most`, `bare` (required members
    /// only), `full`, `true`, and each value of an enum as it is.
    ///
    /// Every one keeps the shape's constraints. Edges nobody can send (a list without a limit, a
    /// text of a megabyte) are left out, and so is an edge that no text of the pattern reaches.
    pub fn boundaries(
        &mut self,
        service: &Service,
        name: &str,
        schema: &Schema,
        rng: &mut ChaCha8Rng,
    ) -> Vec<(String, Value)> {
        let place = Place::called(name, 0.5);
        let resolved = service.resolve(schema);
        let mut edges: Vec<(String, Value)> = Vec::new();
        let mut add = |name: &str, value: Value| edges.push((name.to_owned(), value));
        match resolved.kind {
            Some(Kind::String) => match &resolved.enumeration {
                Some(set) => set.iter().for_each(|value| add(value, value.as_str().into())),
                None => {
                    let text = self.make(service, schema, place, rng);
                    for (name, text) in text_edges(resolved, text.as_str().unwrap_or_default()) {
                        add(name, text.into());
                    }
                }
            },
            Some(Kind::Integer) => {
                let (least, greatest) = range(resolved);
                add("least", least.into());
                add("greatest", greatest.into());
            }
            Some(Kind::Number) => {
                add("least", json!(0));
                add("fraction", json!(1_700_000_000.125));
            }
            Some(Kind::Boolean) => {
                add("true", json!(true));
                add("false", json!(false));
            }
            Some(Kind::Array) => {
                let (least, most) = sizes(resolved);
                add("fewest", self.list_of(service, schema, place, least, rng));
                if most <= MOST {
                    add("most", self.list_of(service, schema, place, most, rng));
                }
            }
            Some(Kind::Object) if resolved.is_map() => {
                let (least, most) = sizes(resolved);
                add("fewest", self.map_of(service, schema, place, least, rng));
                if most <= MOST {
                    add("most", self.map_of(service, schema, place, most, rng));
                }
            }
            Some(Kind::Object) => {
                add("bare", self.make(service, schema, Place { optional: 0.0, ..place }, rng));
                add("full", self.make(service, schema, Place { optional: 1.0, ..place }, rng));
            }
            None => add("empty", json!({})),
        }
        edges.retain(|(_, value)| reference::fits(service, schema, value));
        let mut seen: Vec<Value> = Vec::new();
        edges.retain(|(_, value)| {
            let new = !seen.contains(value);
            seen.push(value.clone());
            new
        });
        edges
    }

    /// Returns a list of exactly `count` items, as different from one another as they get.
    pub(super) fn list_of(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let Some(item) = service.resolve(schema).items.as_deref() else { return json!([]) };
        let mut items: Vec<Value> = Vec::with_capacity(count);
        let mut tries = count * 8;
        while items.len() < count {
            let item = self.make(service, item, place, rng);
            tries = tries.saturating_sub(1);
            if tries == 0 || !items.contains(&item) {
                items.push(item);
            }
        }
        items.into()
    }

    /// Returns a map of `count` entries; of fewer where its keys have too few values.
    pub(super) fn map_of(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        count: usize,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let mut entries = serde_json::Map::new();
        for _ in 0..count * 40 {
            let Value::Object(more) = self.make(service, schema, place, rng) else { break };
            let wanted = count.saturating_sub(entries.len());
            entries.extend(more.into_iter().take(wanted));
            if entries.len() >= count {
                break;
            }
        }
        entries.into()
    }
}

/// Returns the shortest and longest text that `text` can be made, its pattern kept.
fn text_edges(schema: &Schema, text: &str) -> Vec<(&'static str, String)> {
    let (least, most) = limits(schema);
    let mut edges = Vec::new();
    let short = shrunk(schema, text, least);
    if fits(schema, &short) {
        edges.push(("shortest", short));
    }
    if most <= LONGEST {
        edges.extend(stretched(schema, text, most).map(|long| ("longest", long)));
    }
    edges
}
