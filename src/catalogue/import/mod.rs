//! Turns published service models into the catalogue's own files.
//!
//! Every reader yields a [`Model`]; [`write()`] lays it out under `specs/<service>/`, sorted and
//! without the source's prose, so that importing twice gives no diff. Only facts are kept: names,
//! types, constraints, errors, pagination, who may call.

pub mod botocore;
mod cycles;
mod node;
pub mod smithy;
mod source;
pub mod swagger;
mod traits;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{
    Catalogue, ErrorCode, Holds, Kind, Operation, OutputIndex, Schema, Serial, Service, ServiceInfo,
};
use node::Node;
pub use write::write;

/// Service a document without a service id is taken for: the Swagger ones name none.
pub const DEFAULT_SERVICE: &str = "cognito-idp";

/// What a partial model calls its protocol: members in a query, nothing about answers.
const PARTIAL_PROTOCOL: &str = "query";

/// Reads the model at `path`, whatever its format; `revision` is what `service.json` will call it.
///
/// The format is recognised from the content: botocore `service-2.json`, Smithy JSON AST,
/// Swagger 2.0 (JSON or YAML); each plain or gzip. A Swagger document is read as one of
/// [`DEFAULT_SERVICE`]; see [`read_for`].
///
/// # Errors
/// The file cannot be read or unpacked, is of none of these formats, or breaks its format: with
/// the JSON pointer of the first offending place.
pub fn read(path: &Path, revision: &str) -> Result<Model, ImportError> {
    read_for(path, revision, DEFAULT_SERVICE)
}

/// Reads the model at `path` as [`read`] does; a document without a service id is of `service`.
///
/// # Errors
/// As [`read`].
pub fn read_for(path: &Path, revision: &str, service: &str) -> Result<Model, ImportError> {
    let document = source::read(path)?;
    let has = |key: &str| document.get(key).is_some();
    if has("smithy") {
        smithy::parse(path, &document, revision)
    } else if has("swagger") {
        swagger::parse(path, &document, revision, service)
    } else if has("metadata") || has("shapes") || has("operations") {
        botocore::parse(path, &document, revision)
    } else {
        let cause = "neither a botocore service model, a Smithy JSON AST nor a Swagger document";
        Err(ImportError::new(path, "", cause))
    }
}

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

impl Model {
    /// Tells whether the model lacks outputs, errors and constraints: Swagger documents name none.
    pub fn is_partial(&self) -> bool {
        self.protocol == PARTIAL_PROTOCOL
    }

    /// Returns a catalogue of this model alone: no rules, resources or corrections.
    ///
    /// For comparing a model with a catalogue, or with another model, before importing it.
    pub fn into_catalogue(self) -> Catalogue {
        let service = Service {
            info: ServiceInfo {
                id: self.id.clone(),
                api_version: self.api_version,
                target_prefix: self.target_prefix,
                signing_name: self.signing_name,
                protocol: self.protocol,
                model_revision: self.revision,
                checksums: BTreeMap::new(),
            },
            operations: self.operations,
            shapes: self.shapes,
            errors: self.errors,
            resources: BTreeMap::new(),
            corrections: Vec::new(),
            unreached: Vec::new(),
            outputs: OutputIndex::new(),
            serial: Serial::default(),
            holds: Holds::default(),
        };
        Catalogue { services: BTreeMap::from([(self.id, service)]), ..Catalogue::default() }
    }
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

/// Checks and tidies what a reader collected: references resolve, values can end, and shapes that
/// no operation reaches are dropped (model authors leave some behind).
///
/// `place` turns a shape's name into an error there, whose cause is filled in here.
fn finish(model: &mut Model, place: impl Fn(&str) -> ImportError) -> Result<(), ImportError> {
    if let Some(cycle) = cycles::find(&model.shapes) {
        let cause = format!("no value can end: {}", cycle.join(" requires "));
        return Err(ImportError { cause, ..place(&cycle[0]) });
    }
    prune(model);
    Ok(())
}

fn prune(model: &mut Model) {
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

/// Returns the model's pattern as the catalogue anchors it, if it is a pattern at all.
fn anchored(at: &Node<'_>, pattern: &str) -> Result<String, ImportError> {
    fancy_regex::Regex::new(pattern).map_err(|e| at.fail(format!("not a pattern: {e}")))?;
    Ok(format!("^(?:{pattern})$"))
}

fn status(at: &Node<'_>) -> Result<u16, ImportError> {
    let code = u16::try_from(at.whole()?).ok().filter(|code| (400..600).contains(code));
    code.ok_or_else(|| at.fail("not the status of an error: expected 400 to 599"))
}

fn unknown_type(name: &str) -> String {
    format!("unknown shape type `{name}`")
}

fn empty_structure() -> Schema {
    Schema { kind: Some(Kind::Object), properties: Some(BTreeMap::new()), ..Schema::default() }
}
