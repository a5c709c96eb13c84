//! Reads a catalogue from the binary or from a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::outputs::{self, OutputIndex, Outputs};
use super::{
    Catalogue, Correction, Holds, Operation, Resource, Rule, Schema, Serial, Service, ServiceInfo,
};
use super::{Unreached, corrections, resources, unreached};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/specs");

/// Where the catalogue's files are read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The copy inside the binary.
    #[default]
    Embedded,
    /// A folder laid out like `specs/`.
    Folder(PathBuf),
}

/// A catalogue file that cannot be used: where and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}{pointer}: {cause}")]
pub struct LoadError {
    /// The file, relative to the catalogue's root.
    pub file: String,
    /// `:line:column`, or `#/json/pointer`, or empty.
    pub pointer: String,
    /// What is wrong, with the near match where there is one.
    pub cause: String,
}

impl LoadError {
    fn new(file: &str, cause: impl ToString) -> Self {
        Self { file: file.into(), pointer: String::new(), cause: cause.to_string() }
    }

    fn at(file: &str, pointer: impl Into<String>, cause: impl ToString) -> Self {
        Self { file: file.into(), pointer: pointer.into(), cause: cause.to_string() }
    }
}

impl Catalogue {
    /// Loads the catalogue of every service, corrections applied, references checked.
    ///
    /// # Errors
    /// A file cannot be read or parsed, a reference dangles, a rule names an unknown operation
    /// or error, a correction points nowhere; in a folder also: a pattern is none.
    pub fn load(source: &Source) -> Result<Self, LoadError> {
        let files = Files::read(source)?;
        let mut catalogue = Self::default();
        for id in files.services() {
            let service = load_service(&files, &id)?;
            if *source != Source::Embedded {
                check_patterns(&service)?; // a test does it for the embedded ones
            }
            load_rules(&files, &service, &mut catalogue)?;
            catalogue.services.insert(id, service);
        }
        if catalogue.services.is_empty() {
            return Err(LoadError::new("specs", "no service.json in any folder"));
        }
        Ok(catalogue)
    }
}

/// Text files by path relative to the root, `/` between names.
struct Files(BTreeMap<String, String>);

impl Files {
    fn read(source: &Source) -> Result<Self, LoadError> {
        let mut files = BTreeMap::new();
        match source {
            Source::Embedded => embedded(&EMBEDDED, &mut files),
            Source::Folder(root) => folder(root, root, &mut files)?,
        }
        Ok(Self(files))
    }

    fn services(&self) -> Vec<String> {
        let ids = self.0.keys().filter_map(|path| path.strip_suffix("/service.json"));
        ids.map(str::to_owned).collect()
    }

    fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a String)> {
        self.0.range(prefix.to_owned()..).take_while(move |(path, _)| path.starts_with(prefix))
    }

    fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, LoadError> {
        let text = self.0.get(path).ok_or_else(|| LoadError::new(path, "missing"))?;
        json(path, text)
    }

    fn yaml<T: DeserializeOwned + Default>(&self, path: &str) -> Result<T, LoadError> {
        self.0.get(path).map_or_else(|| Ok(T::default()), |text| yaml(path, text))
    }
}

fn embedded(dir: &Dir<'static>, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            files.insert(file.path().to_string_lossy().replace('\\', "/"), text.to_owned());
        }
    }
    dir.dirs().for_each(|sub| embedded(sub, files));
}

fn folder(root: &Path, dir: &Path, files: &mut BTreeMap<String, String>) -> Result<(), LoadError> {
    let fail = |path: &Path, cause: std::io::Error| LoadError::new(&path.to_string_lossy(), cause);
    for entry in std::fs::read_dir(dir).map_err(|e| fail(dir, e))? {
        let path = entry.map_err(|e| fail(dir, e))?.path();
        if path.is_dir() {
            folder(root, &path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "json" || ext == "yaml") {
            let text = std::fs::read_to_string(&path).map_err(|e| fail(&path, e))?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(())
}

fn json<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, LoadError> {
    serde_json::from_str(text)
        .map_err(|e| LoadError::at(path, format!(":{}:{}", e.line(), e.column()), e))
}

fn yaml<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, LoadError> {
    serde_saphyr::from_str(text).map_err(|e| LoadError::new(path, e))
}

fn check_patterns(service: &Service) -> Result<(), LoadError> {
    for (name, shape) in &service.shapes {
        let Some(pattern) = shape.pattern.as_deref() else { continue };
        if let Err(cause) = fancy_regex::Regex::new(pattern) {
            let file = format!("{}/shapes.json", service.info.id);
            let cause = format!("not a pattern: {cause}");
            return Err(LoadError::at(&file, format!("#/$defs/{name}/pattern"), cause));
        }
    }
    Ok(())
}

#[derive(serde::Deserialize)]
struct ShapesFile {
    #[serde(rename = "$defs")]
    defs: BTreeMap<String, Schema>,
}

fn load_service(files: &Files, id: &str) -> Result<Service, LoadError> {
    let info: ServiceInfo = files.json(&format!("{id}/service.json"))?;
    let shapes: ShapesFile = files.json(&format!("{id}/shapes.json"))?;
    let mut operations = BTreeMap::new();
    let folder = format!("{id}/operations/");
    for (path, text) in files.under(&folder) {
        let operation: Operation = json(path, text)?;
        operations.insert(operation.name.clone(), operation);
    }
    let corrections: Vec<Correction> = files.yaml(&format!("{id}/corrections.yaml"))?;
    let resources: BTreeMap<String, Resource> = files.yaml(&format!("{id}/resources.yaml"))?;
    let mut service = Service {
        info,
        operations,
        shapes: shapes.defs,
        errors: files.json(&format!("{id}/errors.json"))?,
        resources,
        corrections: Vec::new(),
        unreached: Vec::new(),
        outputs: OutputIndex::new(),
        serial: Serial::default(),
        holds: Holds::default(),
    };
    check_references(&service)?;
    for correction in &corrections {
        corrections::apply(&mut service, correction)
            .map_err(|cause| LoadError::new(&format!("{id}/corrections.yaml"), cause))?;
    }
    service.corrections = corrections;
    resources::check(&service).map_err(|(kind, cause)| {
        LoadError::at(&format!("{id}/resources.yaml"), format!("#/{kind}"), cause)
    })?;
    service.unreached = load_unreached(files, &service)?;
    for (path, text) in files.under(&format!("{id}/outputs.yaml")) {
        let entries: Vec<Outputs> = yaml(path, text)?;
        let index = outputs::index(&service, &entries);
        service.outputs = index.map_err(|cause| LoadError::new(path, cause))?;
    }
    Ok(service)
}

fn load_unreached(files: &Files, service: &Service) -> Result<Vec<Unreached>, LoadError> {
    let folder = format!("{}/unreached/", service.info.id);
    let mut all = Vec::new();
    for (path, text) in files.under(&folder) {
        let entries: Vec<Unreached> = yaml(path, text)?;
        for (index, entry) in entries.iter().enumerate() {
            let fail = |cause| LoadError::at(path, format!("#/{index}"), cause);
            unreached::check(service, entry).map_err(fail)?;
        }
        all.extend(entries);
    }
    Ok(all)
}

fn check_references(service: &Service) -> Result<(), LoadError> {
    let id = &service.info.id;
    let mut dangling = None;
    let mut visit = |file: String, pointer: &str, schema: &Schema| {
        if let Some(reference) = &schema.reference {
            let known = schema.target().is_some_and(|name| service.shapes.contains_key(name));
            if !known && dangling.is_none() {
                let name = schema.target().unwrap_or(reference);
                let cause =
                    crate::near::unknown("shape", name, service.shapes.keys().map(String::as_str));
                dangling = Some(LoadError::at(&file, format!("#{pointer}"), cause));
            }
        }
    };
    for operation in service.operations.values() {
        let file = format!("{id}/operations/{}.json", operation.name);
        operation.input.walk("/input", &mut |p, s| visit(file.clone(), p, s));
        if let Some(output) = &operation.output {
            output.walk("/output", &mut |p, s| visit(file.clone(), p, s));
        }
    }
    for (name, shape) in &service.shapes {
        shape.walk(&format!("/$defs/{name}"), &mut |p, s| visit(format!("{id}/shapes.json"), p, s));
    }
    dangling.map_or(Ok(()), Err)
}

fn load_rules(
    files: &Files,
    service: &Service,
    catalogue: &mut Catalogue,
) -> Result<(), LoadError> {
    let folder = format!("{}/rules/", service.info.id);
    for (path, text) in files.under(&folder) {
        let rules: Vec<Rule> = yaml(path, text)?;
        for mut rule in rules {
            let pointer = format!("#{}", rule.id);
            let fail = |cause: String| LoadError::at(path, pointer.clone(), cause);
            check_rule(service, &rule).map_err(fail)?;
            rule.service = service.info.id.clone();
            if catalogue.rules.insert(rule).is_some() {
                return Err(fail("the id is taken by another rule".into()));
            }
        }
    }
    Ok(())
}

fn check_rule(service: &Service, rule: &Rule) -> Result<(), String> {
    for name in rule.operations.iter().filter(|name| *name != "*") {
        if !service.operations.contains_key(name) {
            let known = service.operations.keys().map(String::as_str);
            return Err(crate::near::unknown("operation", name, known));
        }
    }
    if let Some(name) = rule.message_seen.iter().find(|name| !rule.covers(name)) {
        return Err(format!("the message was seen of `{name}`, about which it does not speak"));
    }
    for code in rule.error.iter().chain(&rule.or_error) {
        if !service.errors.contains_key(code) {
            let known = service.errors.keys().map(String::as_str);
            return Err(crate::near::unknown("error code", code, known));
        }
    }
    match (&rule.error, &rule.effect) {
        (None, None) => Err("neither `error` nor `effect`".into()),
        _ => Ok(()),
    }
}
