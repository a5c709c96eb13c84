//! Realistic values: e-mail addresses, telephone numbers, passwords, URLs, ARNs.
//!
//! A dictionary lists values under a name, and the name says where they are used:
//! - a member (`Username`), or a member of one structure or operation (`AttributeType.Name`);
//! - a shape (`UsernameType`);
//! - the keys of a map (`AuthParameters.keys`);
//! - one of those keys, or an attribute (`USERNAME`, `email`): the value that belongs to it.
//!
//! What stands under several names of a place is used together. Users add theirs by file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use thiserror::Error;

use crate::catalogue::{Catalogue, Kind, Schema, Service};
use crate::reference;
use crate::scenario::node::{At, Node, NodeKind};

const OURS: &str = include_str!("dictionary.yaml");

/// Values by the name of the place they are for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    values: BTreeMap<String, Vec<Value>>,
}

/// Why a dictionary cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}{place}: {cause}")]
pub struct DictionaryError {
    /// Path of the file.
    pub file: String,
    /// `:line:column`; empty where unknown.
    pub place: String,
    /// What is wrong.
    pub cause: String,
}

impl Dictionary {
    /// Returns the values that come with the harness.
    pub fn ours() -> Self {
        let file = serde_saphyr::from_str::<Node>(OURS).unwrap_or_default();
        let mut dictionary = Self::default();
        for (name, values) in file.members() {
            let NodeKind::List(values) = &values.kind else { continue };
            dictionary.add(name, values.iter().map(Node::value));
        }
        dictionary
    }

    /// Returns the values that come with the harness and those of a user's file.
    ///
    /// # Errors
    /// The file cannot be read, is not a mapping of names to lists, names no place of the
    /// catalogue, or lists a value that no place of its name may hold. A value that fits some of
    /// them is used in those: members of one name have different shapes.
    pub fn load(path: &Path, catalogue: &Catalogue) -> Result<Self, DictionaryError> {
        let file = path.display().to_string();
        let unreadable = |error: std::io::Error| DictionaryError {
            file: file.clone(),
            place: String::new(),
            cause: error.to_string(),
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&file, &text, catalogue)
    }

    fn parse(file: &str, text: &str, catalogue: &Catalogue) -> Result<Self, DictionaryError> {
        let refused = |at: At, cause: String| DictionaryError {
            file: file.into(),
            place: format!(":{}:{}", at.line, at.column),
            cause,
        };
        let parsed: Node = serde_saphyr::from_str(text).map_err(|error| {
            let at = error.location().map(At::from).unwrap_or_default();
            refused(at, error.without_snippet().to_string())
        })?;
        let NodeKind::Members(members) = &parsed.kind else {
            return Err(refused(parsed.at, "a dictionary maps names to lists of values".into()));
        };
        let mut dictionary = Self::ours();
        let places = Places::of(catalogue);
        let mut free = dictionary.free_names();
        let listed = |node: &Node| match node.value() {
            Value::Array(values) => values,
            _ => Vec::new(),
        };
        for (_, values) in members.iter().filter(|(name, _)| names_entries(name)) {
            free.extend(listed(values).iter().filter_map(Value::as_str).map(str::to_owned));
        }
        for (name, node) in members {
            let NodeKind::List(values) = &node.kind else {
                return Err(refused(node.at, format!("`{name}` takes a list of values")));
            };
            let fitting = places.named(name);
            if fitting.is_empty() && !free.contains(name) {
                let cause = places.unknown(name, &free);
                return Err(refused(node.at, cause));
            }
            for value in values {
                let plain = value.value();
                if holds_expression(&plain) {
                    let cause = "`${` begins an expression in scenarios, so no value may hold it";
                    return Err(refused(value.at, cause.into()));
                }
                let fits = |(service, schema): &(&Service, &Schema)| {
                    reference::fits(service, schema, &plain)
                };
                if !fitting.is_empty() && !fitting.iter().any(fits) {
                    // The value is not shown: it may be a secret.
                    let cause = format!("no `{name}` of the model may hold this value");
                    return Err(refused(value.at, cause));
                }
            }
            dictionary.add(name, values.iter().map(Node::value));
        }
        Ok(dictionary)
    }

    fn add(&mut self, name: &str, values: impl Iterator<Item = Value>) {
        let there = self.values.entry(name.to_owned()).or_default();
        for value in values {
            if !there.contains(&value) {
                there.push(value);
            }
        }
    }

    /// Tells whether values stand under `name`.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Returns the values for member `name` of `owner`, which has the shape `shape`: the ones
    /// under the most specific name first.
    pub fn values<'a>(
        &'a self,
        owner: &str,
        name: &str,
        shape: &str,
    ) -> impl Iterator<Item = &'a Value> {
        let names = [format!("{owner}.{name}"), name.to_owned(), shape.to_owned()];
        names.into_iter().filter_map(|name| self.values.get(&name)).flatten()
    }

    /// Returns the names that the model does not know: keys of maps and attributes.
    fn free_names(&self) -> BTreeSet<String> {
        let lists = self.values.iter().filter(|(name, _)| names_entries(name));
        lists.flat_map(|(_, keys)| keys).filter_map(Value::as_str).map(str::to_owned).collect()
    }
}

/// Tells whether the values under a name are names themselves.
fn names_entries(name: &str) -> bool {
    name.ends_with(".keys") || name == "AttributeType.Name"
}

fn holds_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(holds_expression),
        Value::Object(members) => {
            members.iter().any(|(name, value)| name.contains("${") || holds_expression(value))
        }
        _ => false,
    }
}

/// The places of the catalogue's inputs, by each name that a dictionary may give them.
#[derive(Default)]
struct Places<'a> {
    by_name: BTreeMap<String, Vec<(&'a Service, &'a Schema)>>,
    seen: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Places<'a> {
    fn of(catalogue: &'a Catalogue) -> Self {
        let mut places = Self::default();
        for (service, operation) in catalogue.operations() {
            places.members(service, &operation.name, &operation.input);
        }
        places
    }

    fn members(&mut self, service: &'a Service, owner: &str, schema: &'a Schema) {
        for (name, member) in schema.properties.iter().flatten() {
            self.member(service, owner, name, member);
        }
    }

    /// Notes a member under its names, its items too: they go by the same.
    fn member(&mut self, service: &'a Service, owner: &str, name: &str, schema: &'a Schema) {
        let shape = schema.target().unwrap_or_default();
        for name in [&format!("{owner}.{name}"), name, shape] {
            if !name.is_empty() {
                self.by_name.entry(name.to_owned()).or_default().push((service, schema));
            }
        }
        let resolved = service.resolve(schema);
        if let Some(item) = resolved.items.as_deref() {
            self.member(service, owner, name, item);
        }
        if let Some(key) = resolved.property_names.as_deref() {
            self.member(service, owner, &format!("{name}.keys"), key);
        }
        if let Some(entry) = resolved.additional_properties.as_deref() {
            self.member(service, owner, name, entry);
        }
        // Shapes may hold themselves.
        if resolved.kind == Some(Kind::Object)
            && let Some(shape) = schema.target()
            && self.seen.insert((&service.info.id, shape))
        {
            self.members(service, shape, resolved);
        }
    }

    fn named(&self, name: &str) -> &[(&'a Service, &'a Schema)] {
        self.by_name.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Says that a name is none of these, and which of them, or of the free ones, is near it.
    fn unknown(&self, name: &str, free: &BTreeSet<String>) -> String {
        let names = || self.by_name.keys().map(String::as_str);
        let kind = "member or shape";
        match crate::near::nearest(name, names()) {
            Some(_) => crate::near::unknown(kind, name, names()),
            None => crate::near::unknown(kind, name, free.iter().map(String::as_str)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Source;

    fn catalogue() -> Catalogue {
        Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads")
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Dictionary::parse("d.yaml", text, &catalogue()).expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn ours_keeps_the_rules_it_makes_for_others() {
        let ours = Dictionary::parse("dictionary.yaml", OURS, &catalogue());
        assert_eq!(ours.map_err(|error| error.to_string()), Ok(Dictionary::ours()));
        assert!(Dictionary::ours().values.len() > 50);
    }

    #[test]
    fn what_users_add_stands_beside_ours() {
        let text = "Username: [hans, grete]\nUSERNAME: [hans]\n";
        let both = Dictionary::parse("d.yaml", text, &catalogue()).expect("a sound dictionary");
        let names: Vec<_> = both.values("SignUp", "Username", "").collect();
        assert_eq!(names, ["hans", "grete"]);
        assert!(both.values.len() > Dictionary::ours().values.len());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        refused(
            "UserNme: [a]\n",
            "d.yaml:1:10: unknown member or shape `UserNme`, did you mean `Username`?",
        );
        refused("Username: a\n", "d.yaml:1:11: `Username` takes a list of values");
        refused("[a]\n", "d.yaml:1:1: a dictionary maps names to lists of values");
        refused(
            "Username:\n  - sound\n  - 'has space'\n",
            "d.yaml:3:5: no `Username` of the model may hold this value",
        );
        refused(
            "Description: ['a ${b}']\n",
            "d.yaml:1:15: `${` begins an expression in scenarios, so no value may hold it",
        );
    }
}
