//! What changed between two catalogues: the review of a model update.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::catalogue::{Catalogue, ErrorCode, Operation, Schema, Service};

/// Every difference, in the order of service, place and part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The differences.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// Service it is in.
    pub service: String,
    /// Where: `operations/SignUp/input/Password`, `shapes/PasswordType`, `errors/X`.
    pub at: String,
    /// What kind of thing differs.
    pub part: Part,
    /// The name of it, such as the member or the keyword.
    pub name: String,
    /// On which side it is.
    pub side: Side,
}

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// A whole service.
    Service,
    /// An operation, or something about it as a whole.
    Operation,
    /// A named shape.
    Shape,
    /// A member of a structure.
    Member,
    /// A type, length, range, pattern or other keyword.
    Constraint,
    /// A value of an enum.
    EnumValue,
    /// An error code, or an operation's declaration of it.
    Error,
}

/// On which side a thing is, with its value where it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Only in the new catalogue.
    Added,
    /// Only in the old catalogue.
    Removed,
    /// In both, with another value.
    Changed {
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
}

/// Compares two catalogues: operations, members, constraints, errors, enum values.
///
/// Rules, resources and corrections are hand-written and left to a text diff; corrections show as
/// far as they change shapes. Patterns are compared without outer anchors and a least length of
/// zero is none: published models differ in these without meaning anything.
pub fn diff(old: &Catalogue, new: &Catalogue) -> Diff {
    let mut diff = Diff::default();
    for (id, before, after) in pair(&old.services, &new.services) {
        let mut log = Log { service: id.to_owned(), changes: &mut diff.changes };
        match (before, after) {
            (Some(before), Some(after)) => services(&mut log, before, after),
            (before, _) => log.only("", Part::Service, id, before.is_some()),
        }
    }
    diff.changes.sort();
    diff
}

struct Log<'a> {
    service: String,
    changes: &'a mut Vec<Change>,
}

impl Log<'_> {
    fn push(&mut self, at: &str, part: Part, name: &str, side: Side) {
        let (at, name) = (at.to_owned(), name.to_owned());
        self.changes.push(Change { service: self.service.clone(), at, part, name, side });
    }

    fn only(&mut self, at: &str, part: Part, name: &str, in_old: bool) {
        self.push(at, part, name, if in_old { Side::Removed } else { Side::Added });
    }

    fn values(&mut self, at: &str, part: Part, name: &str, old: String, new: String) {
        if old != new {
            self.push(at, part, name, Side::Changed { from: old, to: new });
        }
    }

    fn sets(&mut self, at: &str, part: Part, old: &BTreeSet<String>, new: &BTreeSet<String>) {
        for name in old.symmetric_difference(new) {
            self.only(at, part, name, old.contains(name));
        }
    }
}

fn services(log: &mut Log<'_>, old: &Service, new: &Service) {
    for (name, before, after) in pair(&old.operations, &new.operations) {
        match (before, after) {
            (Some(before), Some(after)) => {
                operations(log, &format!("operations/{name}"), before, after);
            }
            (before, _) => log.only("operations", Part::Operation, name, before.is_some()),
        }
    }
    for (name, before, after) in pair(&old.shapes, &new.shapes) {
        match (before, after) {
            (Some(before), Some(after)) => schemas(log, &format!("shapes/{name}"), before, after),
            (before, _) => log.only("shapes", Part::Shape, name, before.is_some()),
        }
    }
    for (name, before, after) in pair(&old.errors, &new.errors) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let text = |error: &ErrorCode| format!("{} {:?}", error.status, error.fault);
                log.values("errors", Part::Error, name, text(before), text(after));
            }
            (before, _) => log.only("errors", Part::Error, name, before.is_some()),
        }
    }
}

fn operations(log: &mut Log<'_>, at: &str, old: &Operation, new: &Operation) {
    let about = |operation: &Operation| {
        let page = operation.pagination.as_ref();
        let page = page.map(|page| {
            let part = |key: &Option<String>| key.clone().unwrap_or_default();
            let (limit, items) = (part(&page.limit_key), part(&page.result_key));
            format!("{} {} {limit} {items}", page.input_token, page.output_token)
        });
        [
            ("auth", format!("{:?}", operation.auth)),
            ("read-only", operation.readonly.to_string()),
            ("pagination", page.unwrap_or_else(|| "none".into())),
            ("output", if operation.output.is_some() { "structure" } else { "none" }.into()),
        ]
    };
    for ((name, before), (_, after)) in about(old).into_iter().zip(about(new)) {
        log.values(at, Part::Operation, name, before, after);
    }
    log.sets(at, Part::Error, &old.errors, &new.errors);
    schemas(log, &format!("{at}/input"), &old.input, &new.input);
    if let (Some(before), Some(after)) = (&old.output, &new.output) {
        schemas(log, &format!("{at}/output"), before, after);
    }
}

fn schemas(log: &mut Log<'_>, at: &str, old: &Schema, new: &Schema) {
    for ((name, before), (_, after)) in keywords(old).into_iter().zip(keywords(new)) {
        log.values(at, Part::Constraint, name, before, after);
    }
    match (&old.enumeration, &new.enumeration) {
        (None, None) => {}
        (Some(before), Some(after)) => log.sets(at, Part::EnumValue, before, after),
        (before, _) => log.only(at, Part::Constraint, "enum", before.is_some()),
    }
    let none = BTreeMap::new();
    let members =
        (old.properties.as_ref().unwrap_or(&none), new.properties.as_ref().unwrap_or(&none));
    for (name, before, after) in pair(members.0, members.1) {
        match (before, after) {
            (Some(before), Some(after)) => {
                let at = format!("{at}/{name}");
                let required = [old, new].map(|s| s.required.contains(name).to_string());
                let [was, is] = required;
                log.values(&at, Part::Constraint, "required", was, is);
                schemas(log, &at, before, after);
            }
            (before, _) => log.only(at, Part::Member, name, before.is_some()),
        }
    }
    let parts = [
        ("items", &old.items, &new.items),
        ("keys", &old.property_names, &new.property_names),
        ("values", &old.additional_properties, &new.additional_properties),
    ];
    for (name, before, after) in parts {
        match (before, after) {
            (None, None) => {}
            (Some(before), Some(after)) => schemas(log, &format!("{at}/{name}"), before, after),
            (before, _) => log.only(at, Part::Constraint, name, before.is_some()),
        }
    }
}

/// Every keyword with one value, `none` where it is absent.
fn keywords(schema: &Schema) -> [(&'static str, String); 15] {
    fn text<T: fmt::Display>(value: Option<T>) -> String {
        value.map_or_else(|| "none".into(), |value| value.to_string())
    }
    let positive = |value: Option<u64>| text(value.filter(|least| *least > 0));
    let pattern = schema.model_pattern().or(schema.pattern.as_deref());
    let bare = pattern.map(|pattern| {
        let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
        inner.unwrap_or(pattern)
    });
    [
        ("shape", text(schema.target())),
        ("type", text(schema.kind.map(|kind| format!("{kind:?}").to_lowercase()))),
        ("minLength", positive(schema.min_length)),
        ("maxLength", text(schema.max_length)),
        ("minItems", positive(schema.min_items)),
        ("maxItems", text(schema.max_items)),
        ("minProperties", positive(schema.min_properties)),
        ("maxProperties", text(schema.max_properties)),
        ("minimum", text(schema.minimum)),
        ("maximum", text(schema.maximum)),
        ("pattern", text(bare)),
        ("encoding", text(schema.content_encoding.as_deref().or(schema.timestamp.as_deref()))),
        ("deprecated", schema.deprecated.to_string()),
        ("sensitive", schema.sensitive.to_string()),
        ("volatile", text(schema.volatile.map(|v| format!("{v:?}").to_lowercase()))),
    ]
}

/// Joins two maps by key, sorted.
fn pair<'a, T>(
    old: &'a BTreeMap<String, T>,
    new: &'a BTreeMap<String, T>,
) -> Vec<(&'a str, Option<&'a T>, Option<&'a T>)> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().map(|name| (name.as_str(), old.get(name), new.get(name))).collect()
}

impl Diff {
    /// Tells whether the catalogues are the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no differences");
        }
        let mut place = None;
        for change in &self.changes {
            let at = (&change.service, &change.at);
            if place.replace(at) != Some(at) {
                let separator = if change.at.is_empty() { "" } else { " " };
                writeln!(f, "{}{separator}{}", change.service, change.at)?;
            }
            let what = match change.part {
                Part::Service => "service ",
                Part::Operation => "operation ",
                Part::Shape => "shape ",
                Part::Member => "member ",
                Part::Constraint => "",
                Part::EnumValue => "value ",
                Part::Error => "error ",
            };
            let name = &change.name;
            match &change.side {
                Side::Added => writeln!(f, "  + {what}{name}")?,
                Side::Removed => writeln!(f, "  - {what}{name}")?,
                Side::Changed { from, to } => writeln!(f, "  ~ {what}{name}: {from} -> {to}")?,
            }
        }
        let count = |wanted: fn(&Side) -> bool| {
            self.changes.iter().filter(|change| wanted(&change.side)).count()
        };
        let added = count(|side| *side == Side::Added);
        let removed = count(|side| *side == Side::Removed);
        let changed = self.changes.len() - added - removed;
        writeln!(f, "{added} added, {removed} removed, {changed} changed")
    }
}
