//! A plain list of calls: one name a line, or one JSON object with `operation` and `input`.

use serde_json::Value;

use super::read::Reader;
use super::{Name, by_target, endpoint, known, members};
use crate::catalogue::Catalogue;
use crate::near;

/// Takes in one line; says what is wrong with it, never what stands there.
pub(super) fn line(reader: &mut Reader<'_>, text: &str) -> Result<(), String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(());
    }
    if !text.starts_with('{') {
        let name = named(reader.catalogue, text)?;
        reader.call(name, None);
        return Ok(());
    }
    let read: Value = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => "no JSON object".to_owned(),
        false => format!("no JSON: {error}"),
    })?;
    let operation = read.get("operation").and_then(Value::as_str);
    let name = named(reader.catalogue, operation.ok_or("`operation` is missing, or is no text")?)?;
    let used = match read.get("input") {
        None | Some(Value::Null) => None,
        Some(input @ Value::Object(_)) => {
            let service = reader.catalogue.services.get(&name.service);
            let found = service.and_then(|s| Some((s, s.operations.get(&name.operation)?)));
            found.map(|(service, operation)| members(service, &operation.input, input))
        }
        Some(_) => return Err("`input` is no JSON object".into()),
    };
    reader.call(name, used);
    Ok(())
}

/// Reads `SignUp`, `cognito-idp.SignUp`, `cognito-idp:SignUp`, a target header's value, or
/// `POST /oauth2/token`.
fn named(catalogue: &Catalogue, text: &str) -> Result<Name, String> {
    if let Some(name) = by_target(catalogue, text) {
        return Ok(name);
    }
    if let Some((method, path)) = text.split_once(' ') {
        let unknown = "unknown endpoint: `POST /oauth2/token` and its like are known";
        return endpoint(method, path.trim()).ok_or_else(|| unknown.into());
    }
    let (service, operation) = match text.split_once(['.', ':', '/']) {
        Some((service, operation)) => (Some(service), operation),
        None => (None, text),
    };
    let found = match service {
        Some(service) => known(catalogue, service, operation),
        None => catalogue.operation(operation).map(|(service, operation)| Name {
            service: service.info.id.clone(),
            operation: operation.name.clone(),
        }),
    };
    found.ok_or_else(|| {
        // What stands there may be a secret of the wrong file: only the near match is told.
        let names = catalogue.operations().map(|(_, known)| known.name.as_str());
        match near::nearest(operation, names) {
            Some(near) => format!("unknown operation, did you mean `{near}`?"),
            None => "unknown operation".into(),
        }
    })
}
