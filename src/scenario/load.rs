//! Finds scenario files, in the binary or in a folder, and links them with their set-ups.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::check::check_bindings;
use super::error::{ParseError, ParseErrorKind};
use super::node::Node;
use super::parse::{parse_scenario, parse_set_up};
use super::{Scenario, SetUp};
use crate::catalogue::Catalogue;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// Where scenario files are read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The copy inside the binary.
    #[default]
    Embedded,
    /// A folder laid out like `scenarios/`.
    Folder(PathBuf),
}

/// Scenario texts by path below the root, `/` between names.
pub type Files = BTreeMap<String, String>;

impl Source {
    /// Reads every scenario file.
    ///
    /// # Errors
    /// A folder or file cannot be read.
    pub fn files(&self) -> Result<Files, ParseError> {
        let mut files = Files::new();
        match self {
            Self::Embedded => embedded(&EMBEDDED, &mut files),
            Self::Folder(root) => folder(root, root, &mut files)?,
        }
        Ok(files)
    }
}

/// Loads every scenario, sorted by id; all mistakes of all files are returned together.
///
/// # Errors
/// A file cannot be read, is not of the format, names something unknown, or uses a set-up that
/// is missing or needs itself.
pub fn load(source: &Source, catalogue: &Catalogue) -> Result<Vec<Scenario>, Vec<ParseError>> {
    link(&source.files().map_err(|error| vec![error])?, catalogue)
}

/// Reads scenarios that stand outside the suite, from their texts by path; each is called by its
/// path, and its set-ups are those of `source`. All mistakes are returned together.
///
/// # Errors
/// As [`load`]; the paths are those given.
pub fn read(
    files: &Files,
    source: &Source,
    catalogue: &Catalogue,
) -> Result<Vec<Scenario>, Vec<ParseError>> {
    // Under a name of their own, no path of theirs is taken for that of a set-up.
    let inner = |index: usize| format!("outside/{index}.yaml");
    let mut all = source.files().map_err(|error| vec![error])?;
    all.retain(|path, _| path.starts_with("setup/"));
    let paths: BTreeMap<String, &String> =
        files.keys().enumerate().map(|(index, path)| (inner(index), path)).collect();
    all.extend(files.values().enumerate().map(|(index, text)| (inner(index), text.clone())));
    let found = link(&all, catalogue).map_err(|mut errors| {
        for error in &mut errors {
            if let Some(path) = paths.get(&error.path) {
                (error.root, error.path) = (String::new(), (*path).clone());
            }
        }
        errors
    })?;
    let named = found.into_iter().map(|mut scenario| {
        if let Some(path) = paths.get(&scenario.path) {
            (scenario.id, scenario.path) = ((*path).clone(), (*path).clone());
        }
        scenario
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(named)
}

fn link(files: &Files, catalogue: &Catalogue) -> Result<Vec<Scenario>, Vec<ParseError>> {
    let mut errors = Vec::new();
    let set_ups = set_ups(files, catalogue, &mut errors);
    let mut scenarios = Vec::new();
    let is_scenario = |path: &str| !["setup/", "recipes/"].iter().any(|f| path.starts_with(f));
    for (path, text) in files.iter().filter(|(path, _)| is_scenario(path)) {
        let parsed = parse_scenario(path, text, catalogue).and_then(|(mut scenario, wanted)| {
            scenario.setup = resolve(path, text, &wanted, &set_ups)?;
            for (set_up, _) in &scenario.setup {
                scenario.needs.extend(&set_up.needs);
            }
            check_bindings(path, text, &scenario)?;
            Ok(scenario)
        });
        match parsed {
            Ok(scenario) => scenarios.push(scenario),
            Err(error) => errors.push(error),
        }
    }
    scenarios.sort_by(|a, b| a.id.cmp(&b.id));
    if errors.is_empty() { Ok(scenarios) } else { Err(errors) }
}

/// Reads every set-up, by name.
pub(super) fn set_ups(
    files: &Files,
    catalogue: &Catalogue,
    errors: &mut Vec<ParseError>,
) -> BTreeMap<String, SetUp> {
    let mut set_ups = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("setup/")) {
        match parse_set_up(path, text, catalogue) {
            Ok(set_up) => drop(set_ups.insert(set_up.name.clone(), set_up)),
            Err(error) => errors.push(error),
        }
    }
    set_ups
}

/// Lists the wanted set-ups and what they build on, each once, in the order they must be played.
pub(super) fn resolve(
    path: &str,
    text: &str,
    wanted: &[(String, Node)],
    known: &BTreeMap<String, SetUp>,
) -> Result<Vec<(SetUp, Node)>, ParseError> {
    let mut order: Vec<(SetUp, Node)> = Vec::new();
    let mut open = BTreeSet::new();
    let at = |node: &Node, kind| ParseError::new(path, text, node.at, kind);
    fn add(
        (name, overlay): &(String, Node),
        known: &BTreeMap<String, SetUp>,
        open: &mut BTreeSet<String>,
        order: &mut Vec<(SetUp, Node)>,
    ) -> Result<(), ParseErrorKind> {
        if let Some((_, present)) = order.iter_mut().find(|(set_up, _)| set_up.name == *name) {
            *present = present.merged(overlay);
            return Ok(());
        }
        let set_up = known.get(name).ok_or_else(|| {
            ParseErrorKind::Unknown(crate::near::unknown(
                "set-up",
                name,
                known.keys().map(String::as_str),
            ))
        })?;
        if !open.insert(name.clone()) {
            return Err(ParseErrorKind::SetUpCycle { name: name.clone() });
        }
        for base in &set_up.setup {
            add(base, known, open, order)?;
        }
        open.remove(name);
        order.push((set_up.clone(), overlay.clone()));
        Ok(())
    }
    for entry in wanted {
        add(entry, known, &mut open, &mut order).map_err(|kind| at(&entry.1, kind))?;
    }
    Ok(order)
}

fn embedded(dir: &Dir<'static>, files: &mut Files) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let (true, Some(text)) = (path.ends_with(".yaml"), file.contents_utf8()) {
            files.insert(path, text.to_owned());
        }
    }
    dir.dirs().for_each(|sub| embedded(sub, files));
}

fn folder(root: &Path, dir: &Path, files: &mut Files) -> Result<(), ParseError> {
    let fail = |path: &Path, cause: std::io::Error| {
        let kind = ParseErrorKind::Unreadable(cause.to_string());
        let error = ParseError::new(&path.to_string_lossy(), "", Default::default(), kind);
        ParseError { root: String::new(), ..error }
    };
    for entry in std::fs::read_dir(dir).map_err(|e| fail(dir, e))? {
        let path = entry.map_err(|e| fail(dir, e))?.path();
        if path.is_dir() {
            folder(root, &path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yaml") {
            let text = std::fs::read_to_string(&path).map_err(|e| fail(&path, e))?;
            let name =
                path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.insert(name, text);
        }
    }
    Ok(())
}
