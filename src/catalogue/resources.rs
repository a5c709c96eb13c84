//! Holds `resources.yaml` against the operations it speaks of.

use super::{Operation, Resource, Schema, Service};
use crate::near;

/// Checks every kind of resource: its operations, shapes and handles exist and fit each other.
///
/// # Errors
/// The kind, and what is wrong with it.
pub(super) fn check(service: &Service) -> Result<(), (String, String)> {
    for (kind, resource) in &service.resources {
        check_kind(service, resource).map_err(|cause| (kind.clone(), cause))?;
    }
    Ok(())
}

fn check_kind(service: &Service, resource: &Resource) -> Result<(), String> {
    if let Some(owner) = &resource.within
        && !service.resources.contains_key(owner)
    {
        return Err(near::unknown("resource", owner, keys(&service.resources)));
    }
    for shape in &resource.handles {
        if !service.shapes.contains_key(shape) {
            return Err(near::unknown("shape", shape, keys(&service.shapes)));
        }
    }
    let lists = [&resource.read, &resource.list, &resource.change, &resource.delete];
    for name in lists.into_iter().flatten() {
        operation(service, name)?;
    }
    let reads = resource.read.iter().chain(&resource.list).map(String::as_str);
    within("moves", &resource.moves, reads)?;
    within("idempotent", &resource.idempotent, resource.change.iter().map(String::as_str))?;
    let delete = resource.delete.first().map(|name| operation(service, name)).transpose()?;
    for creator in &resource.create {
        let create = operation(service, &creator.operation)?;
        for (member, from) in &creator.handle {
            let delete = delete.ok_or("a handle, but no operation that deletes")?;
            let top = member.split('/').next().unwrap_or_default();
            if delete.input.member(top).is_none() {
                return Err(format!("`{}` has no input member `{member}`", delete.name));
            }
            check_source(service, create, from)?;
        }
        if let Some(delete) = delete.filter(|_| resource.within.is_none()) {
            let missing = delete.input.required.iter().find(|m| !creator.handle.contains_key(*m));
            if let Some(member) = missing {
                let create = &creator.operation;
                return Err(format!("the handle of `{create}` lacks `{member}`"));
            }
        }
    }
    for call in &resource.before_delete {
        let call_to = operation(service, &call.operation)?;
        if let Some(member) = call.with.keys().find(|m| call_to.input.member(m).is_none()) {
            return Err(format!("`{}` has no input member `{member}`", call.operation));
        }
    }
    Ok(())
}

/// What `member` names is listed elsewhere in the kind.
fn within<'a>(
    member: &str,
    named: &[String],
    listed: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), String> {
    let stray = named.iter().find(|name| listed.clone().all(|other| other != name.as_str()));
    stray
        .map_or(Ok(()), |name| Err(format!("`{member}`: {}", near::unknown("entry", name, listed))))
}

fn operation<'a>(service: &'a Service, name: &str) -> Result<&'a Operation, String> {
    let found = service.operations.get(name);
    found.ok_or_else(|| near::unknown("operation", name, keys(&service.operations)))
}

/// A handle's source is `input:` or `output:` and a pointer to a member of that side.
fn check_source(service: &Service, create: &Operation, from: &str) -> Result<(), String> {
    let (side, pointer) = match from.split_once(':') {
        Some(("input", pointer)) => (Some(&create.input), pointer),
        Some(("output", pointer)) => (create.output.as_ref(), pointer),
        _ => return Err(format!("`{from}` starts with neither input: nor output:")),
    };
    let mut schema: Option<&Schema> = side;
    for part in pointer.split('/').skip(1) {
        schema = schema.and_then(|s| service.resolve(s).member(part));
    }
    let fits = pointer.starts_with('/') && schema.is_some();
    if fits { Ok(()) } else { Err(format!("`{from}` is no member of `{}`", create.name)) }
}

fn keys<T>(map: &std::collections::BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    map.keys().map(String::as_str)
}
