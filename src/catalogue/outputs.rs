//! What answers are promised to say beyond their shapes: `specs/<service>/outputs.yaml`.
//!
//! The reference fills in every member of an answer; how far a target must agree with it is another
//! question. A member that is listed here is promised at the grade its entry states; any other
//! that differs is worth a note only.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Schema, Service};
use crate::near;
use crate::outcome::Evidence;

/// Members whose values are promised.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outputs {
    /// `<shape>/<member>`; for the output of an operation itself, `<operation>/<member>`.
    pub members: Vec<String>,
    /// Whose answers show them so; those of any operation where this is empty. What a pool shows
    /// once it is made is better known than what is left of it after an update.
    #[serde(default)]
    pub operations: Vec<String>,
    /// How well the promise is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
}

/// The entry for each listed member, by `<shape>/<member>`; with the operation in front, and a
/// space, where the entry is about some operations only.
pub type OutputIndex = BTreeMap<String, (Evidence, String)>;

/// Holds entries against the shapes they speak of, and indexes them.
///
/// # Errors
/// A member that no shape or operation has, or one that is listed twice.
pub(super) fn index(service: &Service, entries: &[Outputs]) -> Result<OutputIndex, String> {
    let mut index = OutputIndex::new();
    for entry in entries {
        for operation in &entry.operations {
            if !service.operations.contains_key(operation) {
                let known = service.operations.keys().map(String::as_str);
                return Err(near::unknown("operation", operation, known));
            }
        }
        for name in &entry.members {
            check(service, name)?;
            let keys: Vec<String> = match entry.operations.is_empty() {
                true => vec![name.clone()],
                false => entry.operations.iter().map(|own| format!("{own} {name}")).collect(),
            };
            for key in keys {
                let promise = (entry.evidence, entry.source.clone());
                if index.insert(key.clone(), promise).is_some() {
                    return Err(format!("`{key}` is listed twice"));
                }
            }
        }
    }
    Ok(index)
}

fn check(service: &Service, name: &str) -> Result<(), String> {
    let (owner, member) =
        name.split_once('/').ok_or_else(|| format!("`{name}` is not <shape>/<member>"))?;
    let output = service.operations.get(owner).and_then(|operation| operation.output.as_ref());
    let schema: &Schema = output.or_else(|| service.shapes.get(owner)).ok_or_else(|| {
        let known = service.shapes.keys().chain(service.operations.keys());
        near::unknown("shape", owner, known.map(String::as_str))
    })?;
    let members = || schema.properties.iter().flatten().map(|(name, _)| name.as_str());
    match schema.member(member) {
        Some(_) => Ok(()),
        None => Err(near::unknown("member", member, members())),
    }
}
