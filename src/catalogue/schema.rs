//! Shapes of the API as the subset of JSON Schema 2020-12 that the catalogue's files use.
//!
//! One type mirrors the files word for word, so that what is committed is what is loaded.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A shape, or a reference to a named one. Unset constraints are absent from the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Schema {
    /// `shapes.json#/$defs/<Name>`: the shape is the named one.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// JSON type of a value; unset for references and documents (any JSON).
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Members of a structure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, Schema>>,
    /// Members that must be there.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub required: BTreeSet<String>,
    /// Shape of a list's items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
    /// Shape of a map's values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Box<Schema>>,
    /// Shape of a map's keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property_names: Option<Box<Schema>>,
    /// Fewest characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Fewest items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// Most items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// Fewest map entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_properties: Option<u64>,
    /// Most map entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_properties: Option<u64>,
    /// Least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// Greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// Anchored pattern: `^(?:` + the model's own text + `)$`. See [`Schema::model_pattern`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Allowed values, sorted.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub enumeration: Option<BTreeSet<String>>,
    /// `base64` for blobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// The model marks the member as deprecated.
    #[serde(skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// The model marks the shape as sensitive: never echoed in a validation message.
    #[serde(rename = "x-sensitive", skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// How a timestamp is written: always `epoch-seconds` in this protocol.
    #[serde(rename = "x-timestamp", skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// The server chooses the value. Drives canonical form and redaction.
    #[serde(rename = "x-volatile", skip_serializing_if = "Option::is_none")]
    pub volatile: Option<Volatile>,
}

/// JSON type of a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A structure (has `properties`) or a map (has `additionalProperties`).
    Object,
    /// A list.
    Array,
    /// A string, or a blob in base64.
    String,
    /// A whole number.
    Integer,
    /// A number, or a timestamp.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// What kind of server-chosen (or secret) value a shape holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volatile {
    /// An identifier: opaque, stable, harmless to show.
    Id,
    /// A bearer token, session string or pagination token: never shown.
    Token,
    /// A password, secret, hash or code: never shown.
    Secret,
    /// A point in time.
    Time,
}

const REF_PREFIX: &str = "shapes.json#/$defs/";

impl Schema {
    /// Returns a reference to the shape called `name`.
    pub fn named(name: &str) -> Self {
        Self { reference: Some(format!("{REF_PREFIX}{name}")), ..Self::default() }
    }

    /// Returns the name of the shape this one refers to.
    pub fn target(&self) -> Option<&str> {
        let reference = self.reference.as_deref()?;
        reference.strip_prefix(REF_PREFIX).or_else(|| reference.strip_prefix("#/$defs/"))
    }

    /// Tells whether a value is a point in time.
    pub(crate) fn is_time(&self) -> bool {
        self.timestamp.is_some() || self.volatile == Some(Volatile::Time)
    }

    /// Returns the pattern as the model (and the service's messages) print it.
    pub fn model_pattern(&self) -> Option<&str> {
        self.pattern.as_deref()?.strip_prefix("^(?:")?.strip_suffix(")$")
    }

    /// Tells whether the shape is a structure rather than a map.
    pub fn is_structure(&self) -> bool {
        self.kind == Some(Kind::Object) && self.properties.is_some()
    }

    /// Tells whether the shape is a map.
    pub fn is_map(&self) -> bool {
        self.kind == Some(Kind::Object) && self.additional_properties.is_some()
    }

    /// Returns the schema of member `name` of a structure.
    pub fn member(&self, name: &str) -> Option<&Schema> {
        self.properties.as_ref()?.get(name)
    }

    /// Calls `visit` for this schema and every schema inside it, with a JSON pointer to each.
    pub fn walk<'a>(&'a self, pointer: &str, visit: &mut dyn FnMut(&str, &'a Schema)) {
        visit(pointer, self);
        for (name, member) in self.properties.iter().flatten() {
            member.walk(&format!("{pointer}/properties/{name}"), visit);
        }
        let parts = [
            ("items", &self.items),
            ("additionalProperties", &self.additional_properties),
            ("propertyNames", &self.property_names),
        ];
        for (key, part) in parts {
            if let Some(part) = part {
                part.walk(&format!("{pointer}/{key}"), visit);
            }
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
