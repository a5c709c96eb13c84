//! Reads botocore's `service-2.json` (plain or gzip) and the `paginators-1.json` beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::{ImportError, Model, prune, text, traits};
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
    let document = read_json(path)?;
    let pages = path.with_file_name("paginators-1.json");
    let pages = if pages.exists() { Some(read_json(&pages)?) } else { None };
    parse(path, &document, pages.as_ref(), revision)
}

/// Reads a JSON file, unpacking gzip by its magic bytes.
pub(crate) fn read_json(path: &Path) -> Result<Value, ImportError> {
    let fail = |cause: &dyn std::fmt::Display| ImportError::new(path, "", cause);
    let bytes = std::fs::read(path).map_err(|e| fail(&e))?;
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        let unpacked = flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut plain);
        unpacked.map_err(|e| fail(&format!("cannot unpack gzip: {e}")))?;
        plain
    } else {
        bytes
    };
    serde_json::from_slice(&bytes).map_err(|e| fail(&format!("not JSON: {e}")))
}

/// A place in the document, for errors.
struct Reader<'a> {
    file: &'a Path,
    shapes: &'a Map<String, Value>,
}

fn parse(
    file: &Path,
    document: &Value,
    pages: Option<&Value>,
    revision: &str,
) -> Result<Model, ImportError> {
    let object = |key: &str| {
        let found = document.get(key).and_then(Value::as_object);
        found.ok_or_else(|| ImportError::new(file, format!("/{key}"), "expected an object"))
    };
    let metadata = Value::Object(object("metadata")?.clone());
    let meta = |key: &str| {
        let found = text(&metadata, key).map(str::to_owned);
        let pointer = format!("/metadata/{key}");
        found.ok_or_else(|| ImportError::new(file, pointer, "expected a string"))
    };
    let reader = Reader { file, shapes: object("shapes")? };
    let mut model = Model {
        id: meta("endpointPrefix")?,
        api_version: meta("apiVersion")?,
        target_prefix: meta("targetPrefix")?,
        signing_name: text(&metadata, "signingName")
            .map_or_else(|| meta("endpointPrefix"), |n| Ok(n.into()))?,
        protocol: format!("aws{}1_1", if meta("protocol")? == "json" { "Json" } else { "Other" }),
        revision: revision.into(),
        operations: BTreeMap::new(),
        shapes: BTreeMap::new(),
        errors: BTreeMap::new(),
    };
    for (name, definition) in object("operations")? {
        let operation = reader.operation(name, definition, pages)?;
        model.operations.insert(name.clone(), operation);
    }
    for (name, definition) in reader.shapes {
        if definition.get("exception").is_some() {
            model.errors.insert(name.clone(), error(definition));
        } else {
            model.shapes.insert(name.clone(), reader.shape(name, definition)?);
        }
    }
    prune(&mut model);
    Ok(model)
}

/// Client faults are 400 and server faults 500, unless the model says otherwise.
fn error(definition: &Value) -> ErrorCode {
    let server = definition.get("fault").is_some();
    let stated = definition.pointer("/error/httpStatusCode").and_then(Value::as_u64);
    let fault = if server { Fault::Server } else { Fault::Client };
    let status =
        stated.and_then(|s| u16::try_from(s).ok()).unwrap_or(if server { 500 } else { 400 });
    ErrorCode { fault, status, common: false, evidence: Evidence::Modelled }
}

impl Reader<'_> {
    fn fail(&self, pointer: impl Into<String>, cause: impl ToString) -> ImportError {
        ImportError::new(self.file, pointer, cause)
    }

    fn operation(
        &self,
        name: &str,
        definition: &Value,
        pages: Option<&Value>,
    ) -> Result<Operation, ImportError> {
        let at = format!("/operations/{name}");
        let side = |key: &str| -> Result<Option<Schema>, ImportError> {
            let Some(part) = definition.get(key) else { return Ok(None) };
            let pointer = format!("{at}/{key}/shape");
            let shape =
                text(part, "shape").ok_or_else(|| self.fail(&pointer, "expected a string"))?;
            let found = self.shapes.get(shape);
            let found = found.ok_or_else(|| self.fail(&pointer, self.unknown(shape)))?;
            let schema = self.shape(shape, found)?;
            if !schema.is_structure() {
                return Err(self.fail(&pointer, format!("`{shape}` is not a structure")));
            }
            Ok(Some(schema))
        };
        let mut errors = BTreeSet::new();
        let declared = definition.get("errors").and_then(Value::as_array);
        for (index, error) in declared.into_iter().flatten().enumerate() {
            let pointer = format!("{at}/errors/{index}/shape");
            let code =
                text(error, "shape").ok_or_else(|| self.fail(&pointer, "expected a string"))?;
            if !self.shapes.contains_key(code) {
                return Err(self.fail(&pointer, self.unknown(code)));
            }
            errors.insert(code.to_owned());
        }
        let unsigned = text(definition, "authtype") == Some("none");
        Ok(Operation {
            name: name.into(),
            auth: if unsigned { Auth::None } else { Auth::Sigv4 },
            input: side("input")?.unwrap_or_else(empty_structure),
            output: side("output")?,
            errors,
            pagination: pages.and_then(|p| pagination(p.pointer(&format!("/pagination/{name}"))?)),
            readonly: definition.get("readonly") == Some(&Value::Bool(true)),
        })
    }

    fn unknown(&self, shape: &str) -> String {
        crate::near::unknown("shape", shape, self.shapes.keys().map(String::as_str))
    }

    fn shape(&self, name: &str, definition: &Value) -> Result<Schema, ImportError> {
        let at = format!("/shapes/{name}");
        let kind = text(definition, "type")
            .ok_or_else(|| self.fail(format!("{at}/type"), "expected a string"))?;
        let mut schema = Schema { sensitive: flag(definition, "sensitive"), ..Schema::default() };
        match kind {
            "structure" => self.structure(&at, definition, &mut schema)?,
            "list" => {
                schema.kind = Some(Kind::Array);
                schema.items = Some(Box::new(
                    self.reference(&format!("{at}/member"), definition.get("member"))?,
                ));
                schema.min_items = self.whole(&at, definition, "min")?;
                schema.max_items = self.whole(&at, definition, "max")?;
            }
            "map" => {
                schema.kind = Some(Kind::Object);
                schema.property_names =
                    Some(Box::new(self.reference(&format!("{at}/key"), definition.get("key"))?));
                schema.additional_properties = Some(Box::new(
                    self.reference(&format!("{at}/value"), definition.get("value"))?,
                ));
                schema.min_properties = self.whole(&at, definition, "min")?;
                schema.max_properties = self.whole(&at, definition, "max")?;
            }
            "string" => self.string(&at, definition, &mut schema)?,
            "blob" => {
                schema.kind = Some(Kind::String);
                schema.content_encoding = Some("base64".into());
                schema.min_length = self.whole(&at, definition, "min")?;
                schema.max_length = self.whole(&at, definition, "max")?;
            }
            "integer" | "long" => {
                schema.kind = Some(Kind::Integer);
                schema.minimum = self.number(&at, definition, "min")?;
                schema.maximum = self.number(&at, definition, "max")?;
            }
            "float" | "double" => schema.kind = Some(Kind::Number),
            "boolean" => schema.kind = Some(Kind::Boolean),
            "timestamp" => {
                schema.kind = Some(Kind::Number);
                schema.timestamp = Some("epoch-seconds".into());
            }
            other => {
                return Err(
                    self.fail(format!("{at}/type"), format!("unknown shape type `{other}`"))
                );
            }
        }
        schema.volatile = traits::volatile(name, schema.timestamp.is_some());
        Ok(schema)
    }

    fn structure(
        &self,
        at: &str,
        definition: &Value,
        schema: &mut Schema,
    ) -> Result<(), ImportError> {
        if flag(definition, "document") {
            return Ok(()); // any JSON value
        }
        schema.kind = Some(Kind::Object);
        let members = definition.get("members").and_then(Value::as_object);
        let members =
            members.ok_or_else(|| self.fail(format!("{at}/members"), "expected an object"))?;
        let mut properties = BTreeMap::new();
        for (name, member) in members {
            let mut property = self.reference(&format!("{at}/members/{name}"), Some(member))?;
            property.deprecated = flag(member, "deprecated");
            properties.insert(name.clone(), property);
        }
        for (index, name) in
            definition.get("required").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let name = name.as_str().filter(|name| properties.contains_key(*name));
            let name =
                name.ok_or_else(|| self.fail(format!("{at}/required/{index}"), "names no member"))?;
            schema.required.insert(name.to_owned());
        }
        schema.properties = Some(properties);
        Ok(())
    }

    fn string(&self, at: &str, definition: &Value, schema: &mut Schema) -> Result<(), ImportError> {
        schema.kind = Some(Kind::String);
        schema.min_length = self.whole(at, definition, "min")?;
        schema.max_length = self.whole(at, definition, "max")?;
        if let Some(pattern) = text(definition, "pattern") {
            fancy_regex::Regex::new(pattern)
                .map_err(|e| self.fail(format!("{at}/pattern"), format!("not a pattern: {e}")))?;
            schema.pattern = Some(format!("^(?:{pattern})$"));
        }
        if let Some(values) = definition.get("enum") {
            let values = values
                .as_array()
                .ok_or_else(|| self.fail(format!("{at}/enum"), "expected a list"))?;
            schema.enumeration =
                Some(values.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect());
        }
        Ok(())
    }

    /// Returns a reference to the shape that `part` names, which must exist.
    fn reference(&self, at: &str, part: Option<&Value>) -> Result<Schema, ImportError> {
        let pointer = format!("{at}/shape");
        let name = part.and_then(|part| text(part, "shape"));
        let name = name.ok_or_else(|| self.fail(&pointer, "expected a string"))?;
        let known = self.shapes.contains_key(name);
        if known { Ok(Schema::named(name)) } else { Err(self.fail(&pointer, self.unknown(name))) }
    }

    fn whole(&self, at: &str, definition: &Value, key: &str) -> Result<Option<u64>, ImportError> {
        let Some(value) = definition.get(key) else { return Ok(None) };
        let number = value.as_u64();
        number.map(Some).ok_or_else(|| self.fail(format!("{at}/{key}"), "expected a whole number"))
    }

    fn number(&self, at: &str, definition: &Value, key: &str) -> Result<Option<i64>, ImportError> {
        let Some(value) = definition.get(key) else { return Ok(None) };
        let number = value.as_i64();
        number.map(Some).ok_or_else(|| self.fail(format!("{at}/{key}"), "expected a whole number"))
    }
}

fn flag(definition: &Value, key: &str) -> bool {
    definition.get(key) == Some(&Value::Bool(true))
}

fn empty_structure() -> Schema {
    Schema { kind: Some(Kind::Object), properties: Some(BTreeMap::new()), ..Schema::default() }
}

fn pagination(page: &Value) -> Option<Pagination> {
    Some(Pagination {
        input_token: text(page, "input_token")?.into(),
        output_token: text(page, "output_token")?.into(),
        limit_key: text(page, "limit_key").map(str::to_owned),
        result_key: text(page, "result_key").map(str::to_owned),
    })
}
