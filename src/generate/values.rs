//! Values that keep every constraint of a shape.
//!
//! A value follows from its shape, the name of the member it is for and the source of randomness
//! alone, not from what was made before: a sequence can be made again by itself.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use serde_json::{Map, Number, Value, json};

use super::dictionary::Dictionary;
use super::draw::{below, chance, one_in, one_of};
use super::text::Texts;
use crate::catalogue::{Kind, Schema, Service};
use crate::reference;

/// One value in so many is made up although the dictionary knows some.
const MADE_UP: usize = 4;

/// Most items of a list and entries of a map, where the shape does not ask for more.
const ITEMS: usize = 3;

/// Structures inside one another before optional members are left out, and before anything is:
/// shapes may hold themselves.
const DEEP: usize = 5;
const DEEPEST: usize = 12;

/// Where numbers without bounds end: the model's integers are 32 bits wide.
pub(super) const GREATEST: i64 = i32::MAX as i64;

/// Points in time lie between 2020 and 2030.
const TIMES: std::ops::Range<i64> = 1_577_836_800..1_893_456_000;

/// Makes values; deterministic for a seed. What a shape's values are drawn from is prepared once
/// and kept.
#[derive(Debug)]
pub struct Values {
    dictionary: Dictionary,
    /// By shape.
    texts: HashMap<u64, Texts>,
    /// What the dictionary knows that fits, by place: structure, member and shape.
    known: HashMap<u64, Arc<[Value]>>,
}

/// The place a value is made for: dictionaries go by it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// Structure or operation whose member it is; empty where it has no name.
    pub(super) owner: &'a str,
    /// Name of the member.
    pub(super) name: &'a str,
    /// Structures around it.
    pub(super) depth: usize,
    /// How likely an optional member is there.
    pub(super) optional: f64,
}

impl<'a> Place<'a> {
    /// Returns the place called `name` or `Owner.name`.
    pub(super) fn called(name: &'a str, optional: f64) -> Self {
        let (owner, name) = name.split_once('.').unwrap_or(("", name));
        Self { owner, name, depth: 0, optional }
    }
}

impl Values {
    /// Returns a maker of values that prefers those of `dictionary`.
    pub fn new(dictionary: Dictionary) -> Self {
        Self { dictionary, texts: HashMap::new(), known: HashMap::new() }
    }

    /// Returns a value that keeps every constraint of `schema`, a member of `service` called
    /// `name`: type, length, range, enum, pattern, of what is inside it too.
    ///
    /// `name` is what the dictionary goes by: `Username`, `SignUp.Username`, or the operation's
    /// own name for its whole input.
    ///
    /// Required members are there, optional ones with probability `optional`. Texts have at most
    /// 64 characters and lists three items unless the shape asks for more. No text holds `${`,
    /// with which scenarios begin an expression.
    pub fn fitting(
        &mut self,
        service: &Service,
        name: &str,
        schema: &Schema,
        optional: f64,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        self.make(service, schema, Place::called(name, optional), rng)
    }

    /// Returns a value for a place.
    pub(super) fn make(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let known = self.known(service, schema, place);
        if !one_in(rng, MADE_UP)
            && let Some(value) = one_of(rng, &known)
        {
            return value.clone();
        }
        let shape = schema.target().unwrap_or_default();
        let owner = schema.target().unwrap_or(place.name);
        let schema = service.resolve(schema);
        match schema.kind {
            Some(Kind::String) => self.text(service, shape, schema, rng).into(),
            Some(Kind::Boolean) => Value::from(one_in(rng, 2)),
            Some(Kind::Integer) => whole(schema, rng).into(),
            Some(Kind::Number) => time(rng),
            Some(Kind::Array) => self.list(service, schema, place, rng),
            Some(Kind::Object) if schema.is_map() => self.map(service, schema, place, rng),
            Some(Kind::Object) => self.structure(service, schema, Place { owner, ..place }, rng),
            None => document(rng),
        }
    }

    /// Returns a text of a named (or, with an empty name, inline) string shape.
    fn text(
        &mut self,
        service: &Service,
        name: &str,
        schema: &Schema,
        rng: &mut ChaCha8Rng,
    ) -> String {
        if let Some(set) = &schema.enumeration {
            return set.iter().nth(below(rng, set.len())).cloned().unwrap_or_default();
        }
        let key = match name {
            "" => hash((&schema.pattern, schema.min_length, schema.max_length)),
            name => hash((&service.info.id, name)),
        };
        let texts = self.texts.entry(key).or_insert_with(|| Texts::of(schema));
        texts.draw(schema, rng)
    }

    fn list(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let Some(item) = schema.items.as_deref() else { return json!([]) };
        let (least, most) = sizes(schema);
        let count = count(least, most, place, rng);
        let mut items: Vec<Value> = Vec::with_capacity(count);
        // The same attribute, scope or provider twice is rarely meant; where the shape has too
        // few different values, a list gets shorter rather than repeating itself.
        for _ in 0..count * 4 {
            let item = self.make(service, item, place, rng);
            if !items.iter().any(|there| alike(there, &item)) {
                items.push(item);
            }
            if items.len() == count {
                break;
            }
        }
        while items.len() < least {
            items.push(self.make(service, item, place, rng));
        }
        items.into()
    }

    fn map(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let (least, most) = sizes(schema);
        let count = count(least, most, place, rng);
        let keys_of = format!("{}.keys", place.name);
        let free = Schema { kind: Some(Kind::String), max_length: Some(32), ..Schema::default() };
        let key_shape = schema.property_names.as_deref().unwrap_or(&free);
        let mut entries = Map::new();
        for _ in 0..count * 8 {
            if entries.len() == count {
                break;
            }
            let key = self.make(service, key_shape, Place { name: &keys_of, ..place }, rng);
            let (Value::String(key), Some(entry)) = (key, schema.additional_properties.as_deref())
            else {
                break;
            };
            // Values go by their key only where the dictionary knows it: keys are without number.
            let name = if self.dictionary.knows(&key) { key.as_str() } else { place.name };
            let place = Place { name, depth: place.depth + 1, ..place };
            let value = self.make(service, entry, place, rng);
            entries.insert(key, value);
        }
        entries.into()
    }

    fn structure(
        &mut self,
        service: &Service,
        schema: &Schema,
        place: Place<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Value {
        let mut members = Map::new();
        for (name, member) in schema.properties.iter().flatten() {
            let required = schema.required.contains(name);
            let wanted = place.depth < DEEP && chance(rng, place.optional);
            if place.depth < DEEPEST && (required || wanted) {
                let place = Place { name, depth: place.depth + 1, ..place };
                members.insert(name.clone(), self.make(service, member, place, rng));
            }
        }
        self.agree(service, schema, &mut members, rng);
        members.into()
    }

    /// Gives an attribute a value of its kind: what stands under `Name` says what `Value` holds.
    fn agree(
        &mut self,
        service: &Service,
        schema: &Schema,
        members: &mut Map<String, Value>,
        rng: &mut ChaCha8Rng,
    ) {
        let name = members.get("Name").and_then(Value::as_str);
        let Some((name, shape)) = name.zip(schema.member("Value")) else { return };
        if !members.contains_key("Value") || !self.dictionary.knows(name) {
            return;
        }
        let place = Place { owner: "", name, depth: 0, optional: 0.0 };
        let known = self.known(service, shape, place);
        if let Some(value) = one_of(rng, &known) {
            members.insert("Value".into(), value.clone());
        }
    }

    /// Returns what the dictionary knows for a place and its shape allows.
    fn known(&mut self, service: &Service, schema: &Schema, place: Place<'_>) -> Arc<[Value]> {
        let shape = schema.target().unwrap_or_default();
        // An inline shape is its member's own.
        let key =
            hash((&service.info.id, place.owner, place.name, shape, schema.kind.map(|k| k as u8)));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let values = self.dictionary.values(place.owner, place.name, shape);
        let fitting = values.filter(|value| reference::fits(service, schema, value));
        let known: Arc<[Value]> = fitting.cloned().collect();
        self.known.insert(key, known.clone());
        known
    }
}

/// Returns a key of the maker's own tables.
fn hash(told: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    told.hash(&mut hasher);
    hasher.finish()
}

/// Returns the fewest and most items of a list or entries of a map.
pub(super) fn sizes(schema: &Schema) -> (usize, usize) {
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    let least = schema.min_items.or(schema.min_properties);
    let most = schema.max_items.or(schema.max_properties);
    (least.map_or(0, size), most.map_or(usize::MAX, size))
}

fn count(least: usize, most: usize, place: Place<'_>, rng: &mut ChaCha8Rng) -> usize {
    let most = if place.depth >= DEEP { least } else { most.min(ITEMS.max(least)) };
    // A list that is there mostly holds something.
    let least_wanted = if one_in(rng, 8) { least } else { least.max(1).min(most) };
    least_wanted + below(rng, most.saturating_sub(least_wanted) + 1)
}

/// Tells whether two items say the same, or say something about the same name.
fn alike(one: &Value, other: &Value) -> bool {
    let named = |name: &str| one.get(name).is_some_and(|value| other.get(name) == Some(value));
    one == other || named("Name") || named("ScopeName")
}

/// Returns the least and greatest number of a shape, those of 32 bits where it has none.
pub(super) fn range(schema: &Schema) -> (i64, i64) {
    let least = schema.minimum.unwrap_or(0);
    (least, schema.maximum.unwrap_or(GREATEST).max(least))
}

/// Returns a whole number; small ones where the shape does not say how great they get.
fn whole(schema: &Schema, rng: &mut ChaCha8Rng) -> i64 {
    let (least, most) = range(schema);
    let most = if schema.maximum.is_none() { most.min(least.saturating_add(100)) } else { most };
    let width = u64::try_from(most.saturating_sub(least)).unwrap_or_default().saturating_add(1);
    least.saturating_add(i64::try_from(rng.next_u64() % width).unwrap_or_default())
}

fn time(rng: &mut ChaCha8Rng) -> Value {
    let width = u64::try_from(TIMES.end - TIMES.start).unwrap_or(1);
    let seconds = TIMES.start + i64::try_from(rng.next_u64() % width).unwrap_or_default();
    match one_in(rng, 4) {
        true => Number::from_f64(seconds as f64 + 0.25).map_or(Value::Null, Value::Number),
        false => seconds.into(),
    }
}

/// Returns any JSON, as the settings of a login page are.
fn document(rng: &mut ChaCha8Rng) -> Value {
    let documents = [json!({}), json!({"a": 1}), json!({"a": {"b": [true, "c", 0.5]}})];
    one_of(rng, &documents).cloned().unwrap_or_default()
}
