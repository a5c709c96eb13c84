//! Reads botocore's `service-2.json` (plain or gzip) and the `paginators-1.json` beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::node::Node;
use super::{ImportError, Model, anchored, finish, source, traits};
use crate::catalogue::{Auth, ErrorCode, Fault, Kind, Operation, Pagination, Schema};
use crate::outcome::Evidence;

/// Reads the model at `path`; `revision` is what `service.json` will call it.
///
/// Pagination is taken from `paginators-1.json` in the same folder, when there is one.
///
/// # Errors
/// The file cannot be read or unpacked, is not JSON, or is not a botocore model: each with the
/// JSON pointer of the first offending place.
pub fn read(path: &Path, revision: &str) -> Result<Model, ImportError> {
    parse(path, &source::read(path)?, revision)
}

/// Reads an already parsed model; `path` names it in errors and finds the paginators.
pub(super) fn parse(path: &Path, document: &Value, revision: &str) -> Result<Model, ImportError> {
    let pages_path = path.with_file_name("paginators-1.json");
    let pages = if pages_path.exists() { Some(source::read(&pages_path)?) } else { None };
    let pages = pages.as_ref().map(|value| Node::root(&pages_path, value));

    let root = Node::root(path, document);
    let metadata = root.need("metadata")?;
    let endpoint = metadata.need_text("endpointPrefix")?;
    let shapes = root.need("shapes")?;
    shapes.object()?;
    let reader = Reader { shapes };
    let mut model = Model {
        id: endpoint.into(),
        api_version: metadata.need_text("apiVersion")?.into(),
        target_prefix: metadata.need_text("targetPrefix")?.into(),
        signing_name: metadata.opt_text("signingName")?.unwrap_or(endpoint).into(),
        protocol: protocol(&metadata)?,
        revision: revision.into(),
        operations: BTreeMap::new(),
        shapes: BTreeMap::new(),
        errors: BTreeMap::new(),
    };
    for (name, definition) in root.need("operations")?.object()? {
        let operation = reader.operation(name, &definition, pages.as_ref())?;
        model.operations.insert(name.into(), operation);
    }
    for (name, definition) in reader.shapes.object()? {
        if definition.opt_flag("exception")? {
            model.errors.insert(name.into(), error(&definition)?);
        }
        model.shapes.insert(name.into(), reader.shape(name, &definition)?);
    }
    finish(&mut model, |shape| {
        reader.shapes.get(shape).map_or_else(|| root.fail(""), |n| n.fail(""))
    })?;
    Ok(model)
}

fn protocol(metadata: &Node<'_>) -> Result<String, ImportError> {
    let protocol = metadata.need("protocol")?;
    match protocol.text()? {
        "json" => {
            let version = metadata.opt_text("jsonVersion")?.unwrap_or("1.0");
            Ok(format!("awsJson{}", version.replace('.', "_")))
        }
        other => Err(protocol.fail(format!("protocol `{other}` is not supported, only `json`"))),
    }
}

/// Client faults are 400 and server faults 500, unless the model says otherwise.
fn error(definition: &Node<'_>) -> Result<ErrorCode, ImportError> {
    let server = definition.opt_flag("fault")?;
    let mut status = None;
    if let Some(error) = definition.get("error") {
        error.object()?;
        status = error.get("httpStatusCode").map(|node| super::status(&node)).transpose()?;
    }
    let (fault, usual) = if server { (Fault::Server, 500) } else { (Fault::Client, 400) };
    let status = status.unwrap_or(usual);
    Ok(ErrorCode { fault, status, common: false, evidence: Evidence::Modelled })
}

struct Reader<'a> {
    shapes: Node<'a>,
}

impl Reader<'_> {
    fn operation(
        &self,
        name: &str,
        definition: &Node<'_>,
        pages: Option<&Node<'_>>,
    ) -> Result<Operation, ImportError> {
        definition.object()?;
        let side = |key: &str| -> Result<Option<Schema>, ImportError> {
            let Some(part) = definition.get(key) else { return Ok(None) };
            let at = part.need("shape")?;
            let shape = self.shape(at.text()?, &self.target(&at)?)?;
            let fits = shape.is_structure();
            if fits { Ok(Some(shape)) } else { Err(at.fail("not a structure")) }
        };
        let mut errors = BTreeSet::new();
        for declared in definition.opt_list("errors")? {
            let at = declared.need("shape")?;
            if !self.target(&at)?.opt_flag("exception")? {
                return Err(at.fail("not an exception"));
            }
            errors.insert(at.text()?.to_owned());
        }
        let unsigned = definition.opt_text("authtype")? == Some("none");
        let page = pages.and_then(|pages| pages.get("pagination")?.get(name));
        Ok(Operation {
            name: name.into(),
            auth: if unsigned { Auth::None } else { Auth::Sigv4 },
            input: side("input")?.unwrap_or_else(super::empty_structure),
            output: side("output")?,
            errors,
            pagination: page.map(|page| pagination(&page)).transpose()?,
            readonly: definition.opt_flag("readonly")?,
        })
    }

    /// Returns the shape that the text at `name` names, which must exist.
    fn target(&self, name: &Node<'_>) -> Result<Node<'_>, ImportError> {
        let shape = name.text()?;
        self.shapes.get(shape).ok_or_else(|| {
            let none = Map::new();
            let known = self.shapes.value().as_object().unwrap_or(&none);
            name.fail(crate::near::unknown("shape", shape, known.keys().map(String::as_str)))
        })
    }

    fn shape(&self, name: &str, definition: &Node<'_>) -> Result<Schema, ImportError> {
        let kind = definition.need("type")?;
        let sensitive = definition.opt_flag("sensitive")?;
        let mut schema = Schema { sensitive, ..Schema::default() };
        match kind.text()? {
            "structure" => self.structure(definition, &mut schema)?,
            "list" => {
                schema.kind = Some(Kind::Array);
                schema.items = Some(Box::new(self.reference(&definition.need("member")?)?));
                schema.min_items = definition.opt_whole("min")?;
                schema.max_items = definition.opt_whole("max")?;
            }
            "map" => {
                schema.kind = Some(Kind::Object);
                schema.property_names = Some(Box::new(self.reference(&definition.need("key")?)?));
                schema.additional_properties =
                    Some(Box::new(self.reference(&definition.need("value")?)?));
                schema.min_properties = definition.opt_whole("min")?;
                schema.max_properties = definition.opt_whole("max")?;
            }
            "string" => string(definition, &mut schema)?,
            "blob" => {
                schema.kind = Some(Kind::String);
                schema.content_encoding = Some("base64".into());
                schema.min_length = definition.opt_whole("min")?;
                schema.max_length = definition.opt_whole("max")?;
            }
            "integer" | "long" => {
                schema.kind = Some(Kind::Integer);
                schema.minimum = definition.opt_integer("min")?;
                schema.maximum = definition.opt_integer("max")?;
            }
            "float" | "double" => schema.kind = Some(Kind::Number),
            "boolean" => schema.kind = Some(Kind::Boolean),
            "timestamp" => {
                schema.kind = Some(Kind::Number);
                schema.timestamp = Some("epoch-seconds".into());
            }
            other => return Err(kind.fail(super::unknown_type(other))),
        }
        schema.volatile = traits::volatile(name, schema.timestamp.is_some());
        Ok(schema)
    }

    fn structure(&self, definition: &Node<'_>, schema: &mut Schema) -> Result<(), ImportError> {
        if definition.opt_flag("document")? {
            return Ok(()); // any JSON value
        }
        schema.kind = Some(Kind::Object);
        let mut properties = BTreeMap::new();
        for (name, member) in definition.need("members")?.object()? {
            let mut property = self.reference(&member)?;
            property.deprecated = member.opt_flag("deprecated")?;
            properties.insert(name.to_owned(), property);
        }
        for required in definition.opt_list("required")? {
            let name = required.text()?;
            if !properties.contains_key(name) {
                let known = properties.keys().map(String::as_str);
                return Err(required.fail(crate::near::unknown("member", name, known)));
            }
            schema.required.insert(name.to_owned());
        }
        schema.properties = Some(properties);
        Ok(())
    }

    /// Returns a reference to the shape that `part` names.
    fn reference(&self, part: &Node<'_>) -> Result<Schema, ImportError> {
        let name = part.need("shape")?;
        self.target(&name)?;
        Ok(Schema::named(name.text()?))
    }
}

fn string(definition: &Node<'_>, schema: &mut Schema) -> Result<(), ImportError> {
    schema.kind = Some(Kind::String);
    schema.min_length = definition.opt_whole("min")?;
    schema.max_length = definition.opt_whole("max")?;
    if let Some(pattern) = definition.get("pattern") {
        schema.pattern = Some(anchored(&pattern, pattern.text()?)?);
    }
    if let Some(values) = definition.get("enum") {
        let values = values.list()?.into_iter().map(|value| value.text().map(str::to_owned));
        schema.enumeration = Some(values.collect::<Result<_, _>>()?);
    }
    Ok(())
}

fn pagination(page: &Node<'_>) -> Result<Pagination, ImportError> {
    Ok(Pagination {
        input_token: page.need_text("input_token")?.into(),
        output_token: page.need_text("output_token")?.into(),
        limit_key: page.opt_text("limit_key")?.map(str::to_owned),
        result_key: page.opt_text("result_key")?.map(str::to_owned),
    })
}
