//! Lays the corrections over a service as its model describes it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Correction, Fault, Service};
use crate::near;

/// Applies one correction to the shape, member, operation or error code it points at.
///
/// # Errors
/// It points nowhere, or what it sets does not fit there.
pub(super) fn apply(service: &mut Service, correction: &Correction) -> Result<(), String> {
    let mut parts = correction.at.split('/');
    let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let rest: Vec<&str> = parts.collect();
    for code in &correction.errors {
        if !service.errors.contains_key(code) {
            return Err(near::unknown("error code", code, keys(&service.errors)));
        }
    }
    match (kind, rest.as_slice()) {
        ("shapes", path) => {
            let shapes = &mut service.shapes;
            match shapes.get_mut(name) {
                Some(shape) => overwrite(shape, path, correction),
                None => Err(near::unknown("shape", name, keys(shapes))),
            }
        }
        ("errors", []) => correct_errors(service, name, correction),
        ("operations", path) => {
            let operations = &mut service.operations;
            let Some(operation) = operations.get_mut(name) else {
                return Err(near::unknown("operation", name, keys(operations)));
            };
            operation.errors.extend(correction.errors.iter().cloned());
            match path {
                [] => overwrite(operation, &[], correction),
                ["input", path @ ..] => overwrite(&mut operation.input, path, correction),
                ["output", path @ ..] => {
                    let output = operation.output.as_mut();
                    overwrite(output.ok_or("the operation has no output")?, path, correction)
                }
                _ => Err(format!("`{}` names neither input nor output", correction.at)),
            }
        }
        _ => Err(format!("`{}` starts with none of shapes/, operations/, errors/", correction.at)),
    }
}

fn correct_errors(
    service: &mut Service,
    name: &str,
    correction: &Correction,
) -> Result<(), String> {
    if name != "*" {
        return match service.errors.get_mut(name) {
            Some(error) => overwrite(error, &[], correction),
            None => Err(near::unknown("error code", name, keys(&service.errors))),
        };
    }
    let client = service.errors.values_mut().filter(|error| error.fault == Fault::Client);
    client.into_iter().try_for_each(|error| overwrite(error, &[], correction))
}

/// Overwrites the members `correction` sets in the part of `target` at `path`.
fn overwrite<T: Serialize + DeserializeOwned>(
    target: &mut T,
    path: &[&str],
    correction: &Correction,
) -> Result<(), String> {
    let pointer: String = path.iter().map(|part| format!("/{part}")).collect();
    let fail = |e: serde_json::Error| format!("`{}`: {e}", correction.at);
    let mut value = serde_json::to_value(&*target).map_err(fail)?;
    let place = value.pointer_mut(&pointer).and_then(Value::as_object_mut);
    let place = place.ok_or_else(|| format!("`{}` points nowhere", correction.at))?;
    merge(place, &correction.set);
    *target = serde_json::from_value(value).map_err(fail)?;
    Ok(())
}

fn merge(place: &mut Map<String, Value>, set: &Map<String, Value>) {
    for (key, new) in set {
        if new.is_null() {
            place.remove(key);
        } else {
            place.insert(key.clone(), new.clone());
        }
    }
}

fn keys<T>(map: &std::collections::BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    map.keys().map(String::as_str)
}
