//! Reads a model file: gzip or plain, JSON or YAML, never more than fits.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::ImportError;

/// Most bytes a model may have once unpacked, several times what the largest published ones have.
const LIMIT_BYTES: u64 = 32 * 1024 * 1024;

/// Reads a JSON or YAML file, unpacking gzip by its magic bytes.
///
/// # Errors
/// The file cannot be read or unpacked, exceeds the limit, or is neither JSON nor YAML.
pub(super) fn read(path: &Path) -> Result<Value, ImportError> {
    let fail = |cause: &dyn std::fmt::Display| ImportError::new(path, "", cause);
    let file = std::fs::File::open(path).map_err(|e| fail(&e))?;
    let packed = bounded(path, file)?;
    let bytes = if packed.starts_with(&[0x1f, 0x8b]) {
        bounded(path, flate2::read::MultiGzDecoder::new(&packed[..]))
            .map_err(|e| fail(&format!("cannot unpack gzip: {}", e.cause)))?
    } else {
        packed
    };
    let text = std::str::from_utf8(&bytes).map_err(|e| fail(&format!("not UTF-8: {e}")))?;
    parse(text).map_err(|cause| fail(&cause))
}

fn bounded(path: &Path, reader: impl Read) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    reader
        .take(LIMIT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| ImportError::new(path, "", e))?;
    if bytes.len() as u64 > LIMIT_BYTES {
        return Err(ImportError::new(path, "", format!("larger than {LIMIT_BYTES} bytes")));
    }
    Ok(bytes)
}

/// A document that opens with a brace or bracket is JSON; anything else is YAML.
fn parse(text: &str) -> Result<Value, String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.is_empty() {
        return Err("the file is empty".into());
    }
    if start.starts_with(['{', '[']) {
        serde_json::from_str(start).map_err(|e| format!("not JSON: {e}"))
    } else {
        yaml(text)
    }
}

/// Reads the one document of a YAML stream; an empty one after it, as some exports end, is none.
fn yaml(text: &str) -> Result<Value, String> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|e| format!("neither JSON nor YAML: {e}"))?;
    let mut filled = documents.into_iter().filter(|document| !document.is_null());
    match (filled.next(), filled.next()) {
        (Some(document), None) => Ok(document),
        (None, _) => Err("the file is empty".into()),
        (Some(_), Some(_)) => Err("more than one YAML document".into()),
    }
}
