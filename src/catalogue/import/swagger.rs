//! Reads Swagger 2.0 documents whose paths are `/?Action=<Operation>`.
//!
//! Such a document knows names only: every member is a string in the query, outputs and errors
//! are not described. The [`Model`] is partial accordingly; it serves to see which operations and
//! members a document asks for, not to replace a catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::node::Node;
use super::{ImportError, Model, source};
use crate::catalogue::{Auth, Kind, Operation, Schema};

const METHODS: &[&str] = &["get", "put", "post", "delete", "options", "head", "patch"];

/// Reads the document at `path` as one of `service`; `revision` is what `service.json` calls it.
///
/// # Errors
/// The file cannot be read or unpacked, is neither JSON nor YAML, is not Swagger 2.0, or has a
/// path without an action: each with the JSON pointer of the first offending place.
pub fn read(path: &Path, revision: &str, service: &str) -> Result<Model, ImportError> {
    parse(path, &source::read(path)?, revision, service)
}

/// Reads an already parsed document; `path` names it in errors.
pub(super) fn parse(
    path: &Path,
    document: &Value,
    revision: &str,
    service: &str,
) -> Result<Model, ImportError> {
    let root = Node::root(path, document);
    let version = root.need("swagger")?;
    let is_two = version.value() == "2.0" || version.value().as_f64() == Some(2.0);
    if !is_two {
        return Err(version.fail("unknown Swagger version, expected `2.0`"));
    }
    let mut operations = BTreeMap::new();
    for (at, methods) in root.need("paths")?.object()? {
        let name = action(at).ok_or_else(|| methods.fail("the path names no `Action`"))?;
        let operation = operation(name, &methods)?;
        if operations.insert(name.to_owned(), operation).is_some() {
            return Err(methods.fail(format!("`{name}` stands in another path already")));
        }
    }
    let info = root.need("info")?;
    info.object()?;
    let api_version = info.opt_text("version")?.unwrap_or_default();
    Ok(Model {
        id: service.into(),
        api_version: api_version.into(),
        target_prefix: String::new(),
        signing_name: service.into(),
        protocol: super::PARTIAL_PROTOCOL.into(),
        revision: revision.into(),
        operations,
        shapes: BTreeMap::new(),
        errors: BTreeMap::new(),
    })
}

/// Returns `ListUsers` of `/?Action=ListUsers&Version=…`.
fn action(path: &str) -> Option<&str> {
    let query = path.split_once('?')?.1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("Action="))?;
    (!value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric())).then_some(value)
}

fn operation(name: &str, methods: &Node<'_>) -> Result<Operation, ImportError> {
    let mut input = super::empty_structure();
    let mut parameters = methods.opt_list("parameters")?;
    for (method, definition) in methods.object()? {
        if METHODS.contains(&method) {
            parameters.extend(definition.opt_list("parameters")?);
            definition.need("responses")?.object()?;
        }
    }
    let properties = input.properties.get_or_insert_default();
    for parameter in parameters {
        let member = parameter.need_text("name")?;
        let place = parameter.need("in")?;
        match place.text()? {
            "query" | "formData" => {}
            "header" | "path" | "body" => continue,
            _ => return Err(place.fail("unknown place of a parameter")),
        }
        let kind = parameter.need("type")?;
        let kind = match kind.text()? {
            "string" => Kind::String,
            "integer" => Kind::Integer,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "array" => Kind::Array,
            other => return Err(kind.fail(super::unknown_type(other))),
        };
        properties.insert(member.to_owned(), Schema { kind: Some(kind), ..Schema::default() });
        if parameter.opt_flag("required")? {
            input.required.insert(member.to_owned());
        }
    }
    Ok(Operation {
        name: name.into(),
        auth: Auth::Sigv4,
        input,
        output: None,
        errors: BTreeSet::new(),
        pagination: None,
        readonly: false,
    })
}
