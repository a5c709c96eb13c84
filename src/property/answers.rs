//! Compares an answer of the target with the reference's answer to the same step.
//!
//! Either has ids, tokens and times of its own. An id of the reference stands for the id that the
//! target shows in its place, from its first appearance on; of tokens, secrets and times only the
//! presence counts. Lists have no promised order: items are matched by what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::canonical::class_of;
use crate::catalogue::{Schema, Service, Volatile};
use crate::pointer;

/// A UUID, or the region and account of an ARN: what differs in texts without meaning anything.
static CHOSEN: LazyLock<Regex> = LazyLock::new(|| {
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    let place = "[a-z]{2}(?:-[a-z]+)+-[0-9]|local|[0-9]{12,}";
    Regex::new(&format!("{uuid}|{place}")).expect("a constant pattern compiles")
});

/// Texts shorter than this are not taken for ids inside other texts.
const SHORTEST_ID: usize = 8;

/// Members whose values a server draws although no shape says so: only their presence counts.
const DRAWN: [&str; 5] = [
    "CREDENTIAL_REQUEST_OPTIONS",
    "CSSVersion",
    "CloudFrontDistribution",
    "DeviceGroupKey",
    "challenge",
];

/// Members that tell the items of a list apart, best first.
const NAMES: [&str; 12] = [
    "Id",
    "Name",
    "Username",
    "GroupName",
    "ClientId",
    "ClientName",
    "ProviderName",
    "Identifier",
    "DeviceKey",
    "JobId",
    "Key",
    "IdentityId",
];

/// Which values of the target stand for which of the reference.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    targets: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// What was paired, in order, with whether the target's value was free before.
    journal: Vec<(String, bool)>,
}

/// A place where the target says something else than the reference.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// JSON pointer into the target's answer.
    pub(super) pointer: String,
    /// `<shape>/<member>` of the innermost structure; the operation's name for the output itself.
    pub(super) member: String,
    /// What the reference says; `absent`.
    pub(super) expected: String,
    /// What the target says; `absent`.
    pub(super) actual: String,
    /// Whether it is an item of a list that is missing.
    pub(super) item: bool,
}

impl Pairs {
    /// Learns which values differ between the inputs of one step.
    pub(super) fn learn(&mut self, ours: &Value, theirs: &Value) {
        match (ours, theirs) {
            (Value::Object(ours), Value::Object(theirs)) => {
                ours.iter().for_each(|(name, value)| {
                    if let Some(other) = theirs.get(name) {
                        self.learn(value, other);
                    }
                });
            }
            (Value::Array(ours), Value::Array(theirs)) => {
                ours.iter().zip(theirs).for_each(|(ours, theirs)| self.learn(ours, theirs));
            }
            (Value::String(ours), Value::String(theirs)) if ours != theirs => {
                self.pair(ours, theirs);
            }
            _ => {}
        }
    }

    /// Tells whether the two can stand for each other, and remembers it.
    fn pair(&mut self, ours: &str, theirs: &str) -> bool {
        if let Some(known) = self.targets.get(ours) {
            return known == theirs;
        }
        let free = ours == theirs || !self.taken.contains(theirs);
        if free {
            self.targets.insert(ours.to_owned(), theirs.to_owned());
            let fresh = self.taken.insert(theirs.to_owned());
            self.journal.push((ours.to_owned(), fresh));
        }
        free
    }

    /// Takes back all but the first `kept` pairs.
    fn take_back(&mut self, kept: usize) {
        for (ours, fresh) in self.journal.drain(kept..) {
            if let Some(theirs) = self.targets.remove(&ours).filter(|_| fresh) {
                self.taken.remove(&theirs);
            }
        }
    }

    /// Returns a text of the reference with its ids replaced by the target's.
    pub(super) fn translated(&self, ours: &str) -> String {
        if let Some(known) = self.targets.get(ours) {
            return known.clone();
        }
        let mut text = ours.to_owned();
        for (ours, theirs) in self.targets.iter().filter(|(ours, _)| ours.len() >= SHORTEST_ID) {
            if text.contains(ours.as_str()) {
                text = text.replace(ours.as_str(), theirs);
            }
        }
        text
    }
}

/// Compares outputs of `operation`; `schema` is its output shape.
pub(super) fn outputs(
    service: &Service,
    operation: &str,
    schema: Option<&Schema>,
    ours: &Value,
    theirs: &Value,
    pairs: &mut Pairs,
) -> Vec<Difference> {
    let mut walk = Walk { service, pairs, pointer: String::new(), found: Vec::new() };
    let at = At { owner: operation, name: "", member: None };
    walk.value(schema, at, ours, theirs);
    let Walk { found, pairs, .. } = walk;
    let told = |difference: Difference| match difference.expected.as_str() {
        "absent" => difference,
        ours => Difference { expected: pairs.translated(ours), ..difference },
    };
    found.into_iter().map(told).collect()
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct At<'a> {
    /// Innermost named structure, or the operation.
    owner: &'a str,
    /// Name of the member or map key.
    name: &'a str,
    /// Structure and name of the innermost member of a structure: a map's entries have its.
    member: Option<(&'a str, &'a str)>,
}

struct Walk<'a, 'p> {
    service: &'a Service,
    pairs: &'p mut Pairs,
    /// JSON pointer to where the walk is.
    pointer: String,
    found: Vec<Difference>,
}

impl<'a> At<'a> {
    /// Returns the place of a member, or of an entry of a map.
    fn below<'n>(self, name: &'n str, map: bool) -> At<'n>
    where
        'a: 'n,
    {
        At {
            owner: self.owner,
            name,
            member: if map { self.member } else { Some((self.owner, name)) },
        }
    }
}

impl<'a> Walk<'a, '_> {
    fn value(&mut self, schema: Option<&'a Schema>, at: At<'_>, ours: &Value, theirs: &Value) {
        let shape = schema.and_then(Schema::target);
        // Equal values differ in nothing; only ids in them are to be remembered.
        if shape.is_some_and(|shape| !self.service.holds_ids(shape)) && ours == theirs {
            return;
        }
        let schema = schema.map(|schema| self.service.resolve(schema));
        let owner = shape.unwrap_or(at.owner);
        match (ours, theirs) {
            (Value::Object(ours), Value::Object(theirs)) => {
                self.members(schema, At { owner, ..at }, ours, theirs);
            }
            (Value::Array(ours), Value::Array(theirs)) => {
                self.items(schema, At { owner, ..at }, ours, theirs);
            }
            _ if ours == theirs => {
                if let Value::String(text) = ours
                    && class_of(schema, shape, at.name, ours)
                        .is_some_and(|class| class.sort == Volatile::Id)
                {
                    self.pairs.pair(text, text);
                }
            }
            _ => self.scalar(schema, shape, at, ours, theirs),
        }
    }

    fn scalar(
        &mut self,
        schema: Option<&Schema>,
        shape: Option<&str>,
        at: At<'_>,
        ours: &Value,
        theirs: &Value,
    ) {
        let class = class_of(schema, shape, at.name, ours);
        let same = match (class.map(|class| class.sort), ours, theirs) {
            (Some(Volatile::Token | Volatile::Secret), Value::String(_), Value::String(_))
            | (Some(Volatile::Time), Value::Number(_), Value::Number(_)) => true,
            (Some(Volatile::Id), Value::String(ours), Value::String(theirs)) => {
                self.pairs.pair(ours, theirs)
            }
            (None, Value::String(ours), Value::String(theirs)) => {
                DRAWN.contains(&at.name) || self.same_text(ours, theirs)
            }
            (_, Value::Number(ours), Value::Number(theirs)) => ours.as_f64() == theirs.as_f64(),
            _ => false,
        };
        if !same {
            self.differ(at, shown(ours), shown(theirs), false);
        }
    }

    /// Tells whether two texts say the same, ids and what else a server chooses aside.
    fn same_text(&self, ours: &str, theirs: &str) -> bool {
        let ours = self.pairs.translated(ours);
        let plain = |text: &str| CHOSEN.replace_all(text, "<chosen>").into_owned();
        ours == theirs
            || plain(&ours) == plain(theirs)
            || (is_opaque(&ours) && is_opaque(theirs))
            // Where an address is simulated, its mask is drawn.
            || (ours.contains("***") && theirs.contains("***"))
    }

    fn members(
        &mut self,
        schema: Option<&'a Schema>,
        at: At<'_>,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) {
        let map = schema.is_some_and(Schema::is_map);
        let inner =
            |name: &str| schema.and_then(|s| s.member(name).or(s.additional_properties.as_deref()));
        // Ids come first: other members, such as ARNs, are made of them.
        let is_id = |name: &str, value: &Value| {
            let schema = inner(name).map(|schema| (self.service.resolve(schema), schema.target()));
            let class = class_of(schema.map(|s| s.0), schema.and_then(|s| s.1), name, value);
            class.is_some_and(|class| class.sort == Volatile::Id) && !name.ends_with("Arn")
        };
        let (first, rest): (Vec<_>, Vec<_>) =
            ours.iter().partition(|(name, value)| value.is_string() && is_id(name, value));
        for (name, value) in first.into_iter().chain(rest) {
            let other = match map {
                true => theirs.get(&self.pairs.translated(name)),
                false => theirs.get(name),
            };
            if is_void(value) && other.is_none_or(is_void) {
                continue;
            }
            let above = self.step_into(name);
            let at = at.below(name, map);
            match other {
                Some(other) if !is_void(other) || is_void(value) => {
                    self.value(inner(name), at, value, other);
                }
                _ => self.differ(at, shown(value), "absent".into(), false),
            }
            self.pointer.truncate(above);
        }
        let known: BTreeSet<String> = match map {
            true => ours.keys().map(|name| self.pairs.translated(name)).collect(),
            false => BTreeSet::new(),
        };
        for (name, value) in theirs {
            let declared = schema.is_none_or(|s| s.member(name).is_some() || map);
            let known = if map { known.contains(name) } else { ours.contains_key(name) };
            if !known && declared && !is_void(value) {
                let above = self.step_into(name);
                self.differ(at.below(name, map), "absent".into(), shown(value), false);
                self.pointer.truncate(above);
            }
        }
    }

    /// Lengthens the pointer by a name; returns how long it was.
    fn step_into(&mut self, name: &str) -> usize {
        let above = self.pointer.len();
        pointer::push(&mut self.pointer, name);
        above
    }

    /// Matches items: first those that say the same, then those of the same name, then the rest.
    fn items(&mut self, schema: Option<&'a Schema>, at: At<'_>, ours: &[Value], theirs: &[Value]) {
        let item = schema.and_then(|schema| schema.items.as_deref());
        let mut left: Vec<usize> = (0..theirs.len()).collect();
        let mut lacking = Vec::new();
        for value in ours {
            let same = left.iter().position(|index| self.alike(item, at, value, &theirs[*index]));
            match same {
                // What matched is compared once more, to pair the ids in it.
                Some(place) => {
                    let index = left.remove(place);
                    self.item(item, at, index, value, theirs);
                }
                None => lacking.push(value),
            }
        }
        for value in lacking {
            let name = |value: &Value| name_of(value).map(|name| self.pairs.translated(&name));
            let wanted = name(value);
            let place = left.iter().position(|index| {
                let other = name_of(&theirs[*index]);
                wanted.is_none() || other.is_none() || wanted == other
            });
            match place {
                Some(place) => {
                    let index = left.remove(place);
                    self.item(item, at, index, value, theirs);
                }
                None => self.differ(at, shown(value), "absent".into(), true),
            }
        }
        for index in left {
            let above = self.step_into(&index.to_string());
            self.differ(at, "absent".into(), shown(&theirs[index]), true);
            self.pointer.truncate(above);
        }
    }

    fn item(
        &mut self,
        schema: Option<&'a Schema>,
        at: At<'_>,
        index: usize,
        ours: &Value,
        theirs: &[Value],
    ) {
        let above = self.step_into(&index.to_string());
        self.value(schema, at, ours, &theirs[index]);
        self.pointer.truncate(above);
    }

    /// Tells whether two items say the same, without pairing any id for good.
    fn alike(
        &mut self,
        schema: Option<&'a Schema>,
        at: At<'_>,
        ours: &Value,
        theirs: &Value,
    ) -> bool {
        let kept = self.pairs.journal.len();
        let (pointer, found) = (String::new(), Vec::new());
        let mut walk = Walk { service: self.service, pairs: self.pairs, pointer, found };
        walk.value(schema, at, ours, theirs);
        let alike = walk.found.is_empty();
        self.pairs.take_back(kept);
        alike
    }

    fn differ(&mut self, at: At<'_>, expected: String, actual: String, item: bool) {
        let pointer = self.pointer.clone();
        let member = at.member.map_or_else(String::new, |(owner, name)| format!("{owner}/{name}"));
        self.found.push(Difference { pointer, member, expected, actual, item });
    }
}

/// Tells whether clients cannot tell a value from an absent one.
pub(super) fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_void),
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
    }
}

/// Tells whether a text is of no meaning to a reader: a token, a hash, a URL with a signature.
fn is_opaque(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || "-_+/=.".contains(c);
    text.len() >= 40 && text.chars().all(word) && text.chars().any(|c| c.is_ascii_digit())
}

fn name_of(value: &Value) -> Option<String> {
    let found = NAMES.iter().find_map(|name| value.get(name)?.as_str());
    found.map(str::to_owned)
}

/// Returns a value as a line: short, for a reader.
fn shown(value: &Value) -> String {
    crate::pattern::shorten(value)
}
