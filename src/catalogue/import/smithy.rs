//! Reads a Smithy JSON AST (version 1.0 or 2.0) that holds one service.
//!
//! Smithy writes anchors into its patterns that botocore, and the service's own messages, leave
//! out; one pair is taken off. Source: Smithy 2.0 specification, "JSON AST".

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::node::Node;
use super::{ImportError, Model, anchored, finish, source, traits};
use crate::catalogue::{Auth, ErrorCode, Fault, Kind, Operation, Pagination, Schema};
use crate::outcome::Evidence;

const UNIT: &str = "smithy.api#Unit";

/// Reads the model at `path`; `revision` is what `service.json` will call it.
///
/// # Errors
/// The file cannot be read or unpacked, is not JSON, or is not a Smithy AST with one service:
/// each with the JSON pointer of the first offending place.
pub fn read(path: &Path, revision: &str) -> Result<Model, ImportError> {
    parse(path, &source::read(path)?, revision)
}

/// Reads an already parsed model; `path` names it in errors.
pub(super) fn parse(path: &Path, document: &Value, revision: &str) -> Result<Model, ImportError> {
    let root = Node::root(path, document);
    let version = root.need("smithy")?;
    if !["1", "1.0", "2", "2.0"].contains(&version.text()?) {
        return Err(version.fail("unknown Smithy version, expected `1.0` or `2.0`"));
    }
    let reader = Reader { shapes: root.need("shapes")? };
    let (service_id, service) = reader.service()?;
    let facts = service.need("traits")?;
    let endpoint = facts.need("aws.api#service")?.need_text("endpointPrefix")?;
    let signing = facts.get("aws.auth#sigv4");
    let signing = signing.map(|sigv4| sigv4.need_text("name")).transpose()?;
    let mut model = Model {
        id: endpoint.into(),
        api_version: service.need_text("version")?.into(),
        target_prefix: local(service_id).into(),
        signing_name: signing.unwrap_or(endpoint).into(),
        protocol: protocol(&facts)?,
        revision: revision.into(),
        operations: BTreeMap::new(),
        shapes: BTreeMap::new(),
        errors: BTreeMap::new(),
    };
    let common = reader.error_codes(&service)?;
    for target in reader.operations(&service)? {
        let mut operation = reader.operation(&target, &facts)?;
        operation.errors.extend(common.iter().cloned());
        model.operations.insert(operation.name.clone(), operation);
    }
    let mut places = BTreeMap::new();
    for (id, definition) in reader.shapes.object()? {
        let kind = definition.need("type")?;
        if ["service", "operation", "resource"].contains(&kind.text()?) {
            continue;
        }
        if let Some((other, _)) = places.insert(local(id).to_owned(), (id, definition.clone())) {
            return Err(definition.fail(format!("same name as `{other}`")));
        }
        if let Some(error) = error(&definition)? {
            model.errors.insert(local(id).into(), error);
        }
        model.shapes.insert(local(id).into(), reader.shape(id, &definition)?);
    }
    finish(&mut model, |shape| {
        places.get(shape).map_or_else(|| root.fail(""), |(_, place)| place.fail(""))
    })?;
    Ok(model)
}

fn protocol(facts: &Node<'_>) -> Result<String, ImportError> {
    let named = facts.object()?.into_iter().find_map(|(id, _)| id.strip_prefix("aws.protocols#"));
    match named {
        Some(name @ ("awsJson1_0" | "awsJson1_1")) => Ok(name.into()),
        Some(other) => Err(facts.fail(format!("protocol `{other}` is not supported"))),
        None => Err(facts.fail("no protocol trait")),
    }
}

/// Status and fault of a shape with the error trait.
fn error(definition: &Node<'_>) -> Result<Option<ErrorCode>, ImportError> {
    let Some(facts) = definition.get("traits") else { return Ok(None) };
    let Some(kind) = facts.get("smithy.api#error") else { return Ok(None) };
    let (fault, usual) = match kind.text()? {
        "client" => (Fault::Client, 400),
        "server" => (Fault::Server, 500),
        _ => return Err(kind.fail("expected `client` or `server`")),
    };
    let stated = facts.get("smithy.api#httpError").map(|node| super::status(&node)).transpose()?;
    let status = stated.unwrap_or(usual);
    Ok(Some(ErrorCode { fault, status, common: false, evidence: Evidence::Modelled }))
}

/// What stands behind the `#` of an absolute shape id.
fn local(id: &str) -> &str {
    id.rsplit('#').next().unwrap_or(id)
}

fn has(definition: &Node<'_>, name: &str) -> bool {
    definition.get("traits").is_some_and(|facts| facts.get(name).is_some())
}

struct Reader<'a> {
    shapes: Node<'a>,
}

impl<'a> Reader<'a> {
    fn service(&self) -> Result<(&'a str, Node<'a>), ImportError> {
        let mut found = None;
        for (id, shape) in self.shapes.object()? {
            if shape.need_text("type")? == "service" && found.replace((id, shape)).is_some() {
                return Err(self.shapes.fail("more than one service"));
            }
        }
        found.ok_or_else(|| self.shapes.fail("no service"))
    }

    /// Collects the places that name an operation: the service's own and those of its resources.
    fn operations(&self, service: &Node<'a>) -> Result<Vec<Node<'a>>, ImportError> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut queue = vec![service.clone()];
        while let Some(owner) = queue.pop() {
            for list in ["operations", "collectionOperations"] {
                for entry in owner.opt_list(list)? {
                    found.push(entry.need("target")?);
                }
            }
            for cycle in ["put", "create", "read", "update", "delete", "list"] {
                if let Some(entry) = owner.get(cycle) {
                    found.push(entry.need("target")?);
                }
            }
            for entry in owner.opt_list("resources")? {
                let target = entry.need("target")?;
                if seen.insert(target.text()?) {
                    queue.push(self.target(&target)?);
                }
            }
        }
        Ok(found)
    }

    fn operation(&self, target: &Node<'a>, service: &Node<'a>) -> Result<Operation, ImportError> {
        let definition = self.target(target)?;
        if definition.need_text("type")? != "operation" {
            return Err(target.fail("not an operation"));
        }
        let side = |key: &str| -> Result<Option<Schema>, ImportError> {
            let Some(part) = definition.get(key) else { return Ok(None) };
            let at = part.need("target")?;
            if at.text()? == UNIT {
                return Ok(None);
            }
            let shape = self.shape(at.text()?, &self.target(&at)?)?;
            if shape.is_structure() { Ok(Some(shape)) } else { Err(at.fail("not a structure")) }
        };
        let facts = definition.get("traits");
        let fact = |name: &str| facts.as_ref().and_then(|facts| facts.get(name));
        let unsigned = has(&definition, "smithy.api#optionalAuth")
            || match fact("smithy.api#auth") {
                Some(schemes) => {
                    let schemes = schemes.list()?;
                    schemes.iter().all(|scheme| scheme.value() == "smithy.api#noAuth")
                }
                None => false,
            };
        let page = fact("smithy.api#paginated");
        let page = page.map(|page| pagination(&page, service.get("smithy.api#paginated").as_ref()));
        Ok(Operation {
            name: local(target.text()?).into(),
            auth: if unsigned { Auth::None } else { Auth::Sigv4 },
            input: side("input")?.unwrap_or_else(super::empty_structure),
            output: side("output")?,
            errors: self.error_codes(&definition)?,
            pagination: page.transpose()?,
            readonly: fact("smithy.api#readonly").is_some(),
        })
    }

    fn error_codes(&self, owner: &Node<'a>) -> Result<BTreeSet<String>, ImportError> {
        let mut codes = BTreeSet::new();
        for entry in owner.opt_list("errors")? {
            let at = entry.need("target")?;
            if error(&self.target(&at)?)?.is_none() {
                return Err(at.fail("not an error"));
            }
            codes.insert(local(at.text()?).to_owned());
        }
        Ok(codes)
    }

    /// Returns the shape that the text at `id` names, which must exist.
    fn target(&self, id: &Node<'a>) -> Result<Node<'a>, ImportError> {
        let name = id.text()?;
        self.shapes.get(name).ok_or_else(|| {
            let none = Map::new();
            let known = self.shapes.value().as_object().unwrap_or(&none);
            id.fail(crate::near::unknown("shape", name, known.keys().map(String::as_str)))
        })
    }

    fn shape(&self, id: &str, definition: &Node<'a>) -> Result<Schema, ImportError> {
        if let Some(mixins) = definition.get("mixins") {
            return Err(mixins.fail("mixins are not supported: flatten the model first"));
        }
        let kind = definition.need("type")?;
        let mut schema = match kind.text()? {
            "structure" | "union" => self.structure(definition)?,
            "list" | "set" => {
                let items = self.member(&definition.need("member")?)?;
                Schema { items: Some(Box::new(items)), ..of(Kind::Array) }
            }
            "map" => Schema {
                property_names: Some(Box::new(self.member(&definition.need("key")?)?)),
                additional_properties: Some(Box::new(self.member(&definition.need("value")?)?)),
                ..of(Kind::Object)
            },
            "enum" => Schema { enumeration: Some(enum_values(definition)?), ..of(Kind::String) },
            simple => self.simple(simple).ok_or_else(|| kind.fail(super::unknown_type(simple)))?,
        };
        constrain(&mut schema, definition)?;
        schema.volatile = traits::volatile(local(id), schema.timestamp.is_some());
        Ok(schema)
    }

    fn structure(&self, definition: &Node<'a>) -> Result<Schema, ImportError> {
        let mut schema = super::empty_structure();
        let members = definition.get("members").map_or_else(|| Ok(Vec::new()), |m| m.object())?;
        let properties = schema.properties.get_or_insert_default();
        for (name, member) in members {
            properties.insert(name.to_owned(), self.member(&member)?);
            if has(&member, "smithy.api#required") {
                schema.required.insert(name.to_owned());
            }
        }
        Ok(schema)
    }

    /// Returns a reference to a member's target, with what the member's own traits add.
    fn member(&self, member: &Node<'a>) -> Result<Schema, ImportError> {
        let target = member.need("target")?;
        let prelude = target.text()?.strip_prefix("smithy.api#");
        let mut schema = match prelude {
            Some("Unit") => super::empty_structure(),
            Some(name) => {
                let simple = name.strip_prefix("Primitive").unwrap_or(name);
                let found = self.simple(&first_lower(simple));
                found.ok_or_else(|| target.fail(format!("unknown prelude shape `{name}`")))?
            }
            None => {
                let shape = self.target(&target)?.need_text("type")?;
                if ["service", "operation", "resource"].contains(&shape) {
                    return Err(target.fail(format!("{shape} shapes cannot be members")));
                }
                Schema::named(local(target.text()?))
            }
        };
        constrain(&mut schema, member)?;
        schema.deprecated = has(member, "smithy.api#deprecated");
        Ok(schema)
    }

    fn simple(&self, kind: &str) -> Option<Schema> {
        Some(match kind {
            "string" => of(Kind::String),
            "blob" => Schema { content_encoding: Some("base64".into()), ..of(Kind::String) },
            "byte" | "short" | "integer" | "long" | "bigInteger" | "intEnum" => of(Kind::Integer),
            "float" | "double" | "bigDecimal" => of(Kind::Number),
            "boolean" => of(Kind::Boolean),
            "timestamp" => Schema { timestamp: Some("epoch-seconds".into()), ..of(Kind::Number) },
            "document" => Schema::default(),
            _ => return None,
        })
    }
}

fn of(kind: Kind) -> Schema {
    Schema { kind: Some(kind), ..Schema::default() }
}

fn first_lower(name: &str) -> String {
    crate::catalogue::lower_camel(name)
}

/// Applies the constraint traits that stand at `definition`, a shape or a member.
fn constrain(schema: &mut Schema, definition: &Node<'_>) -> Result<(), ImportError> {
    let Some(facts) = definition.get("traits") else { return Ok(()) };
    facts.object()?;
    schema.sensitive = facts.get("smithy.api#sensitive").is_some();
    if let Some(length) = facts.get("smithy.api#length") {
        let (least, most) = (length.opt_whole("min")?, length.opt_whole("max")?);
        match schema.kind {
            Some(Kind::Array) => (schema.min_items, schema.max_items) = (least, most),
            Some(Kind::Object) => (schema.min_properties, schema.max_properties) = (least, most),
            _ => (schema.min_length, schema.max_length) = (least, most),
        }
    }
    if let Some(range) = facts.get("smithy.api#range") {
        schema.minimum = range.opt_integer("min")?;
        schema.maximum = range.opt_integer("max")?;
    }
    if let Some(pattern) = facts.get("smithy.api#pattern") {
        schema.pattern = Some(anchored(&pattern, without_anchors(pattern.text()?))?);
    }
    if let Some(values) = facts.get("smithy.api#enum") {
        let values = values.list()?.into_iter().map(|v| v.need_text("value").map(str::to_owned));
        schema.enumeration = Some(values.collect::<Result<_, _>>()?);
    }
    Ok(())
}

/// Takes one pair of anchors off, where they hold the whole pattern.
fn without_anchors(pattern: &str) -> &str {
    let inner = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    inner.filter(|rest| !rest.ends_with('\\')).unwrap_or(pattern)
}

fn enum_values(definition: &Node<'_>) -> Result<BTreeSet<String>, ImportError> {
    let mut values = BTreeSet::new();
    for (name, member) in definition.need("members")?.object()? {
        let stated = member.get("traits").and_then(|facts| facts.get("smithy.api#enumValue"));
        let value = stated.map(|node| node.text()).transpose()?.unwrap_or(name);
        values.insert(value.to_owned());
    }
    Ok(values)
}

/// What an operation leaves open stands at the service.
fn pagination(page: &Node<'_>, service: Option<&Node<'_>>) -> Result<Pagination, ImportError> {
    let part = |key: &str| -> Result<Option<String>, ImportError> {
        let own = page.opt_text(key)?;
        let shared = service.map(|node| node.opt_text(key)).transpose()?.flatten();
        Ok(own.or(shared).map(str::to_owned))
    };
    let need = |key: &str| {
        part(key)?.ok_or_else(|| page.fail(format!("`{key}` is missing here and at the service")))
    };
    Ok(Pagination {
        input_token: need("inputToken")?,
        output_token: need("outputToken")?,
        limit_key: part("pageSize")?,
        result_key: part("items")?,
    })
}
