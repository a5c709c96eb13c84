//! Turns published service models into the catalogue's own files.
//!
//! Every reader yields a [`Model`]; [`write`] lays it out under `specs/<service>/`, sorted and
//! without the source's prose, so that importing twice gives no diff. Only facts are kept: names,
//! types, constraints, errors, pagination, who may call.

pub mod botocore;
mod traits;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{ErrorCode, Operation, Schema};
pub use write::write;

/// What an importer read: one service, in the catalogue's own terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Service id: `cognito-idp`.
    pub id: String,
    /// API version, a date.
    pub api_version: String,
    /// What stands before the dot in `x-amz-target`.
    pub target_prefix: String,
    /// Service name in a SigV4 scope.
    pub signing_name: String,
    /// Wire protocol: `awsJson1_1`.
    pub protocol: String,
    /// Which model this is, for the reader of a diff.
    pub revision: String,
    /// Operations by name.
    pub operations: BTreeMap<String, Operation>,
    /// Named shapes that operations refer to.
    pub shapes: BTreeMap<String, Schema>,
    /// Declared error codes.
    pub errors: BTreeMap<String, ErrorCode>,
}

/// A model that cannot be imported: which file, where in it, and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}#{pointer}: {cause}")]
pub struct ImportError {
    /// The file as it was named by the caller.
    pub file: String,
    /// JSON pointer to the offending place; empty for the whole file.
    pub pointer: String,
    /// What is wrong.
    pub cause: String,
}

impl ImportError {
    pub(crate) fn new(file: &Path, pointer: impl Into<String>, cause: impl ToString) -> Self {
        Self { file: file.display().to_string(), pointer: pointer.into(), cause: cause.to_string() }
    }
}

/// Drops the shapes that no operation reaches; model authors leave some behind.
pub(crate) fn prune(model: &mut Model) {
    let mut reached = BTreeSet::new();
    let mut queue: Vec<String> = Vec::new();
    for operation in model.operations.values() {
        for schema in std::iter::once(&operation.input).chain(&operation.output) {
            schema.walk("", &mut |_, s| queue.extend(s.target().map(str::to_owned)));
        }
    }
    while let Some(name) = queue.pop() {
        if reached.insert(name.clone())
            && let Some(shape) = model.shapes.get(&name)
        {
            shape.walk("", &mut |_, s| queue.extend(s.target().map(str::to_owned)));
        }
    }
    model.shapes.retain(|name, _| reached.contains(name));
}

/// Returns the member `key` of `value` as a string.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}
