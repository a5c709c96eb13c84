//! Lays a [`Model`] out as the generated files of `specs/<service>/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::{Value, json};

use super::{ImportError, Model};
use crate::catalogue::{ErrorCode, ServiceInfo};

/// Writes `<root>/<service>/{service,shapes,errors}.json` and `operations/<Op>.json`.
///
/// Hand-written files beside them are left alone; operation files of operations that are gone
/// are removed. Codes of `errors.json` that are common to all operations are kept: they come
/// from evidence, not from the model. Returns how many files were written.
///
/// # Errors
/// A folder or file cannot be created, read or removed; a name cannot be that of a file; a
/// partial model would replace a complete one.
pub fn write(model: &Model, root: &Path) -> Result<usize, ImportError> {
    for name in std::iter::once(&model.id).chain(model.operations.keys()) {
        check_file_name(root, name)?;
    }
    let folder = root.join(&model.id);
    keep_complete(model, &folder.join("service.json"))?;
    let operations = folder.join("operations");
    let io = |path: &Path, cause: std::io::Error| ImportError::new(path, "", cause);
    std::fs::create_dir_all(&operations).map_err(|e| io(&operations, e))?;

    let mut checksums = BTreeMap::new();
    let mut expected = BTreeSet::new();
    for (name, operation) in &model.operations {
        let file = format!("{name}.json");
        let text = pretty(operation);
        checksums.insert(name.clone(), sha256(&text));
        std::fs::write(operations.join(&file), text).map_err(|e| io(&operations, e))?;
        expected.insert(file);
    }
    for entry in std::fs::read_dir(&operations).map_err(|e| io(&operations, e))? {
        let path = entry.map_err(|e| io(&operations, e))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !expected.contains(&name) {
            std::fs::remove_file(&path).map_err(|e| io(&path, e))?;
        }
    }

    let info = ServiceInfo {
        id: model.id.clone(),
        api_version: model.api_version.clone(),
        target_prefix: model.target_prefix.clone(),
        signing_name: model.signing_name.clone(),
        protocol: model.protocol.clone(),
        model_revision: model.revision.clone(),
        checksums,
    };
    let shapes = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": &model.shapes,
    });
    let errors_path = folder.join("errors.json");
    let mut errors = common_errors(&errors_path)?;
    errors.extend(model.errors.clone());
    for (path, text) in [
        (folder.join("service.json"), pretty(&info)),
        (folder.join("shapes.json"), pretty(&shapes)),
        (errors_path, pretty(&errors)),
    ] {
        std::fs::write(&path, text).map_err(|e| io(&path, e))?;
    }
    Ok(model.operations.len() + 3)
}

/// Names become file names: a model must not write outside its folder.
fn check_file_name(root: &Path, name: &str) -> Result<(), ImportError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(());
    }
    Err(ImportError::new(root, "", format!("`{name}` cannot be the name of a file")))
}

/// A Swagger document must not take the place of what a service model said.
fn keep_complete(model: &Model, service: &Path) -> Result<(), ImportError> {
    let Ok(text) = std::fs::read_to_string(service) else { return Ok(()) };
    let there: ServiceInfo =
        serde_json::from_str(&text).map_err(|e| ImportError::new(service, "", e))?;
    if model.is_partial() && there.protocol != super::PARTIAL_PROTOCOL {
        let cause = "holds a complete catalogue, which a partial model cannot replace";
        return Err(ImportError::new(service, "", cause));
    }
    Ok(())
}

fn common_errors(path: &Path) -> Result<BTreeMap<String, ErrorCode>, ImportError> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(BTreeMap::new()) };
    let all: BTreeMap<String, ErrorCode> =
        serde_json::from_str(&text).map_err(|e| ImportError::new(path, "", e))?;
    Ok(all.into_iter().filter(|(_, error)| error.common).collect())
}

/// Two-space JSON with sorted keys and a final newline.
fn pretty(value: &impl Serialize) -> String {
    let value: Value = serde_json::to_value(value).unwrap_or_default();
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
