//! What a sequence has in stock: the handles its steps have made or used, by the shape that carries
//! them. Nothing is known of their values: a handle is the expression that inserts it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::case::reads;
use crate::catalogue::links::Links;
use crate::catalogue::{Catalogue, Operation, Schema, Service};
use crate::scenario::{Action, Caller, Step};

/// A handle: an id, a name or a token that other calls ask for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Handle {
    /// Shape that carries it.
    pub(super) shape: String,
    /// What inserts it, such as `${pool}`.
    pub(super) expression: Value,
    /// The pool it belongs to, as far as its step says.
    pub(super) pool: Option<Value>,
    /// A step deletes it.
    pub(super) deleted: bool,
}

/// The handles of a sequence, in the order they came up.
#[derive(Clone, Debug, Default)]
pub(super) struct Stock {
    handles: Vec<Handle>,
}

/// Producers and consumers of handles, by service.
#[derive(Debug)]
pub(super) struct AllLinks(BTreeMap<String, Linked>);

/// The links of one service.
#[derive(Debug)]
struct Linked {
    links: Links,
    /// Members that take a handle, with its shape, by operation.
    members: BTreeMap<String, Vec<(String, String)>>,
    /// Operations that only read a resource, sorted.
    reads: Vec<String>,
}

impl Linked {
    fn of(service: &Service) -> Self {
        let links = Links::of(service);
        let members = |operation: &Operation| {
            let links = links.for_operation(operation).into_iter();
            links.map(|link| (link.member, link.shape)).collect()
        };
        let operations = service.operations.iter();
        let members = operations.map(|(name, known)| (name.clone(), members(known))).collect();
        let reads = reads(service).into_iter().map(|operation| operation.name.clone()).collect();
        Self { links, members, reads }
    }
}

impl AllLinks {
    /// Joins the operations of every service.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let links = |(id, service): (&String, &Service)| (id.clone(), Linked::of(service));
        Self(catalogue.services.iter().map(links).collect())
    }

    /// Returns the members of an operation's input that take a handle, with its shape.
    pub(super) fn members(&self, service: &str, operation: &Operation) -> &[(String, String)] {
        let known = self.0.get(service).and_then(|linked| linked.members.get(&operation.name));
        known.map_or(&[], Vec::as_slice)
    }

    /// Returns the operations of a service that only read a resource, sorted by name.
    pub(super) fn reads<'c>(&'c self, service: &'c Service) -> impl Iterator<Item = &'c Operation> {
        let names = self.0.get(&service.info.id).into_iter().flat_map(|linked| &linked.reads);
        names.filter_map(|name| service.operations.get(name))
    }

    fn shape(&self, service: &str, member: &str, schema: &Schema) -> Option<String> {
        self.0.get(service)?.links.handle(member, schema)
    }
}

impl Stock {
    /// Takes in what a step names and what it saves.
    pub(super) fn absorb(&mut self, catalogue: &Catalogue, links: &AllLinks, step: &Step) {
        let Action::Call { service: id, operation, with, caller, .. } = &step.action else {
            return;
        };
        let Some(service) = catalogue.services.get(id) else { return };
        let Some(operation) = service.operations.get(operation) else { return };
        let input = with.value();
        let pool =
            ["UserPoolId", "IdentityPoolId"].iter().find_map(|name| input.get(name)).cloned();
        for (member, shape) in links.members(id, operation) {
            let held = match caller {
                Caller::Holder(token) if member == "AccessToken" => Some(token.value()),
                _ => input.get(member).cloned(),
            };
            if let Some(expression) = held.filter(Value::is_string) {
                self.add(shape.clone(), expression, pool.clone());
            }
        }
        for (name, pointer) in &step.save {
            let Some((member, schema)) =
                operation.output.as_ref().and_then(|output| at(service, output, pointer))
            else {
                continue;
            };
            if let Some(shape) = links.shape(id, member, schema) {
                self.add(shape, Value::from(format!("${{{name}}}")), pool.clone());
            }
        }
        let deletes = |name: &String| *name == operation.name;
        if service.resources.values().any(|resource| resource.delete.iter().any(deletes)) {
            self.delete(service, &operation.name, &input);
        }
    }

    fn add(&mut self, shape: String, expression: Value, pool: Option<Value>) {
        let same = |h: &&mut Handle| h.shape == shape && h.expression == expression;
        match self.handles.iter_mut().find(same) {
            Some(known) => known.pool = known.pool.take().or(pool),
            None => self.handles.push(Handle { shape, expression, pool, deleted: false }),
        }
    }

    fn delete(&mut self, service: &Service, operation: &str, input: &Value) {
        let resources = service.resources.values();
        for resource in resources.filter(|r| r.delete.iter().any(|name| name == operation)) {
            for handle in self.handles.iter_mut().filter(|h| resource.handles.contains(&h.shape)) {
                let mut members = input.as_object().into_iter().flatten();
                handle.deleted |= members.any(|(_, value)| *value == handle.expression);
            }
        }
    }

    /// Returns the handles that a shape carries.
    pub(super) fn of<'a>(&'a self, shape: &'a str) -> impl Iterator<Item = &'a Handle> {
        self.handles.iter().filter(move |handle| handle.shape == shape)
    }

    /// Returns every handle.
    pub(super) fn all(&self) -> &[Handle] {
        &self.handles
    }
}

/// Returns the schema at a JSON pointer into an output, with the name of its member.
fn at<'a>(
    service: &'a Service,
    output: &'a Schema,
    pointer: &'a str,
) -> Option<(&'a str, &'a Schema)> {
    let mut schema = output;
    let mut name = "";
    for part in pointer.split('/').skip(1) {
        let resolved = service.resolve(schema);
        schema = match resolved.items.as_deref() {
            Some(item) => item,
            None => {
                name = part;
                resolved.member(part).or(resolved.additional_properties.as_deref())?
            }
        };
    }
    Some((name, schema))
}
