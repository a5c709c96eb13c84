//! YAML values that remember where they stand.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Line and column in a scenario file, both from 1; 0 where unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct At {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

impl From<serde_saphyr::Location> for At {
    fn from(location: serde_saphyr::Location) -> Self {
        Self { line: location.line(), column: location.column() }
    }
}

/// A YAML value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub kind: NodeKind,
}

/// The kinds of YAML values; scalars are JSON's.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// Null, boolean, number or string.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in file order.
    Members(Vec<(String, Node)>),
}

impl Default for Node {
    fn default() -> Self {
        Self { at: At::default(), kind: NodeKind::Members(Vec::new()) }
    }
}

impl Node {
    /// Returns the value without its places.
    pub fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::List(items) => items.iter().map(Self::value).collect(),
            NodeKind::Members(members) => {
                let plain = members.iter().map(|(name, node)| (name.clone(), node.value()));
                Value::Object(plain.collect::<Map<_, _>>())
            }
        }
    }

    /// Returns the member called `name` of a mapping.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(key, _)| key == name).map(|(_, node)| node)
    }

    /// Returns the members of a mapping; none of anything else.
    pub fn members(&self) -> &[(String, Self)] {
        if let NodeKind::Members(members) = &self.kind { members } else { &[] }
    }

    /// Returns the string a scalar holds.
    pub fn as_str(&self) -> Option<&str> {
        if let NodeKind::Scalar(Value::String(text)) = &self.kind { Some(text) } else { None }
    }

    /// Calls `visit` for this node and every node inside it, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            NodeKind::Scalar(_) => {}
            NodeKind::List(items) => items.iter().for_each(|item| item.walk(visit)),
            NodeKind::Members(members) => members.iter().for_each(|(_, node)| node.walk(visit)),
        }
    }

    /// Returns this node overlaid with `other`: mappings merge member by member, all else is
    /// replaced; a null in `other` removes the member.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        let (NodeKind::Members(mine), NodeKind::Members(theirs)) = (&self.kind, &other.kind) else {
            return other.clone();
        };
        let mut members = mine.clone();
        for (name, node) in theirs {
            let place = members.iter().position(|(key, _)| key == name);
            let removes = node.kind == NodeKind::Scalar(Value::Null);
            match place {
                Some(index) if removes => drop(members.remove(index)),
                Some(index) => members[index].1 = members[index].1.merged(node),
                None if removes => {}
                None => members.push((name.clone(), node.clone())),
            }
        }
        Self { at: self.at, kind: NodeKind::Members(members) }
    }
}

impl From<&Value> for Node {
    /// A value that stands in no file.
    fn from(value: &Value) -> Self {
        let kind = match value {
            Value::Array(items) => NodeKind::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => NodeKind::Members(
                members.iter().map(|(name, value)| (name.clone(), Self::from(value))).collect(),
            ),
            scalar => NodeKind::Scalar(scalar.clone()),
        };
        Self { at: At::default(), kind }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeKind>::deserialize(deserializer)?;
        Ok(Self { at: spanned.referenced.into(), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for NodeKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyKind)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = NodeKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_bool<E>(self, value: bool) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::Number(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<NodeKind, E> {
        Ok(NodeKind::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<NodeKind, D::Error> {
        NodeKind::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NodeKind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(NodeKind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeKind, A::Error> {
        let mut members = Vec::new();
        while let Some((name, node)) = map.next_entry::<String, Node>()? {
            members.push((name, node));
        }
        Ok(NodeKind::Members(members))
    }
}

impl JsonSchema for Node {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "description": "Any value; `${name}` inserts a binding, `${fn(a, b)}` a computed value."
        })
    }
}
