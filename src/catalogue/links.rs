//! Which operations yield the ids and tokens that another operation asks for.
//!
//! An input member whose shape carries a handle (a resource's `handles`, or a shape that is
//! `x-volatile: id` or `token`) is joined with every operation whose output holds that shape, and
//! with the operations that create the resource under a name the caller chose. Pagination tokens
//! are left out: only the operation itself yields them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Operation, Schema, Service, Volatile};

/// One input member that takes a handle, and who yields it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The input member.
    pub member: String,
    /// The shape that carries the handle.
    pub shape: String,
    /// The call is refused without it.
    pub required: bool,
    /// Operations that create the resource, sorted; the others only show existing ones.
    pub created_by: BTreeSet<String>,
    /// Operations whose output holds the handle, sorted, creators left out.
    pub shown_by: BTreeSet<String>,
}

/// Producers of every handle of one service, computed once.
#[derive(Clone, Debug, Default)]
pub struct Links {
    creators: BTreeMap<String, BTreeSet<String>>,
    outputs: BTreeMap<String, BTreeSet<String>>,
    handles: BTreeSet<String>,
    /// Lists of handles, by their own shape.
    lists: BTreeMap<String, String>,
}

impl Links {
    /// Joins the operations of `service` by the shapes they yield.
    pub fn of(service: &Service) -> Self {
        let mut links = Self::default();
        for resource in service.resources.values() {
            links.handles.extend(resource.handles.iter().cloned());
            for shape in &resource.handles {
                let creators = links.creators.entry(shape.clone()).or_default();
                creators.extend(resource.create.iter().map(|creator| creator.operation.clone()));
            }
        }
        let volatile = |s: &Schema| matches!(s.volatile, Some(Volatile::Id | Volatile::Token));
        let shapes = service.shapes.iter().filter(|(_, schema)| volatile(schema));
        links.handles.extend(shapes.map(|(name, _)| name.clone()));
        for (name, schema) in &service.shapes {
            let item = schema.items.as_ref().and_then(|items| items.target());
            if let Some(item) = item.filter(|item| links.handles.contains(*item)) {
                links.lists.insert(name.clone(), item.to_owned());
            }
        }
        for operation in service.operations.values() {
            for handle in yielded(service, operation, &links.handles) {
                links.outputs.entry(handle).or_default().insert(operation.name.clone());
            }
        }
        links
    }

    /// Returns the handles `operation` takes, required ones first, then by name.
    pub fn for_operation(&self, operation: &Operation) -> Vec<Link> {
        let paging = operation.pagination.as_ref().map(|p| p.input_token.as_str());
        let mut found = Vec::new();
        for (member, schema) in operation.input.properties.iter().flatten() {
            let shape = self.handle(member, schema).filter(|_| paging != Some(member));
            let Some(shape) = shape else { continue };
            let creators = self.creators.get(&shape).cloned().unwrap_or_default();
            let others = self.outputs.get(&shape).into_iter().flatten();
            found.push(Link {
                member: member.clone(),
                required: operation.input.required.contains(member),
                shown_by: others.filter(|name| !creators.contains(*name)).cloned().collect(),
                created_by: creators,
                shape,
            });
        }
        found.sort_by_key(|link| !link.required);
        found
    }

    /// Returns the shape that carries the member's handle.
    ///
    /// A member marked volatile by a correction has a general shape (`StringType`); it is taken
    /// for the shape its own name speaks of (`UserPoolId` for `UserPoolIdType`), else for itself.
    pub(crate) fn handle(&self, member: &str, schema: &Schema) -> Option<String> {
        if let Some(target) = schema.target().filter(|target| self.handles.contains(*target)) {
            return Some(target.to_owned());
        }
        if let Some(item) = schema.target().and_then(|target| self.lists.get(target)) {
            return Some(item.clone());
        }
        if schema.volatile != Some(Volatile::Id) {
            return None;
        }
        Some(spoken_of(member, &self.handles))
    }
}

/// Returns the handle shape a member's own name speaks of, else that name.
fn spoken_of(member: &str, handles: &BTreeSet<String>) -> String {
    let named = format!("{member}Type");
    if handles.contains(&named) { named } else { member.to_owned() }
}

/// Handles in the output of `operation`: shapes, and names of members that are volatile themselves.
fn yielded(
    service: &Service,
    operation: &Operation,
    handles: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut queue: Vec<&Schema> = operation.output.iter().collect();
    while let Some(schema) = queue.pop() {
        for (member, inner) in schema.properties.iter().flatten() {
            if inner.volatile == Some(Volatile::Id) {
                found.insert(spoken_of(member, handles));
            }
        }
        schema.walk("", &mut |_, part| {
            let Some(target) = part.target() else { return };
            if handles.contains(target) {
                found.insert(target.to_owned());
            }
            if seen.insert(target)
                && let Some(shape) = service.shapes.get(target)
            {
                queue.push(shape);
            }
        });
    }
    found
}
