//! Saved failures: the smallest sequences that showed a generated finding, one scenario file each,
//! in a folder beside the project under test.
//!
//! A run plays what is in the folder first, says what no longer fails, and adds what is new. A file
//! that still fails is left as it is, so nobody's edits are lost.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalogue::Catalogue;
use crate::outcome::{CaseOutcome, Finding, Run, Verdict};
use crate::report;
use crate::report::text::one_line;
use crate::scenario::{self, Files, ParseError, Scenario, Source};

/// The folder that is used unless another is named.
pub const DEFAULT_FOLDER: &str = ".cognito-conformance/failures";

/// How the first line of a saved failure begins; the target's name follows in backticks.
const SEEN_ON: &str = "# Seen on `";

/// A folder of saved failures.
#[derive(Clone, Debug)]
pub struct Failures {
    folder: PathBuf,
    /// The files that were loaded: path to the target it was seen on, where the file says so.
    loaded: BTreeMap<String, Option<String>>,
}

/// A saved failure, as its file shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Path of the file.
    pub path: String,
    /// Id of the finding.
    pub finding: String,
    /// Operation that it is about, as the name of the file has it.
    pub operation: String,
    /// Check or property that found it, as the name of the file has it.
    pub check: String,
    /// Target it was seen on, where the file says so.
    pub target: Option<String>,
    /// Id of the case it was seen in.
    pub case: Option<String>,
    /// Seed of that run.
    pub seed: Option<u64>,
    /// The smallest sequence that shows it.
    pub scenario: String,
}

/// Returns the saved failure of a finding, the newest where there are several; `None` where the
/// folder holds none, or is not there.
///
/// # Errors
/// A folder or the file cannot be read; the path stands in the error.
pub fn newest(folder: &Path, finding: &str) -> io::Result<Option<Saved>> {
    let end = format!("-{finding}.yaml");
    let named =
        |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().ends_with(&end));
    let mut paths = Vec::new();
    files(folder, &mut paths)?;
    paths.retain(named);
    paths.sort();
    let changed = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let Some(path) = paths.into_iter().max_by_key(changed) else { return Ok(None) };
    let text = fs::read_to_string(&path).map_err(|cause| at(&path, &cause))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(&end).unwrap_or_default();
    let (operation, check) = name.split_once('-').unwrap_or((name, ""));
    let (head, scenario) = text.split_once('\n').unwrap_or(("", &text));
    let (head, scenario) =
        if head.starts_with(SEEN_ON) { (head, scenario) } else { ("", text.as_str()) };
    let rest = head.split_once("`, in case ").map(|(_, rest)| rest.trim_end_matches('.'));
    let (case, seed) = rest.and_then(|rest| rest.rsplit_once(", seed ")).unzip();
    Ok(Some(Saved {
        path: path.to_string_lossy().into_owned(),
        finding: finding.into(),
        operation: operation.into(),
        check: check.into(),
        target: seen_on(head).map(str::to_owned),
        case: case.map(str::to_owned),
        seed: seed.and_then(|seed| seed.parse().ok()),
        scenario: scenario.into(),
    }))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(|cause| at(folder, &cause))? {
        let path = entry?.path();
        if path.is_dir() { files(&path, found)? } else { found.push(path) }
    }
    Ok(())
}

fn at(path: &Path, cause: &io::Error) -> io::Error {
    io::Error::new(cause.kind(), format!("cannot read `{}`: {cause}", path.display()))
}

impl Failures {
    /// Returns the failures in `folder`, none of them loaded yet; it need not exist.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), loaded: BTreeMap::new() }
    }

    /// Reads every file in the folder; each is called by its path. None where there is no folder.
    ///
    /// # Errors
    /// A file cannot be read or has a mistake; all mistakes are returned together.
    pub fn load(
        &mut self,
        set_ups: &Source,
        catalogue: &Catalogue,
    ) -> Result<Vec<Scenario>, Vec<ParseError>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let found = Source::Folder(self.folder.clone()).files().map_err(|error| vec![error])?;
        let path = |name: String| self.folder.join(name).to_string_lossy().into_owned();
        let files: Files = found.into_iter().map(|(name, text)| (path(name), text)).collect();
        let cases = scenario::read(&files, set_ups, catalogue)?;
        let seen = files.into_iter().map(|(path, text)| {
            let target = seen_on(&text).map(str::to_owned);
            (path, target)
        });
        self.loaded = seen.collect();
        Ok(cases)
    }

    /// Returns the outcomes of the loaded failures that are gone: nothing about them fails now on
    /// the target that each was seen on.
    pub fn fixed<'a>(&self, run: &'a Run) -> Vec<&'a CaseOutcome> {
        let concerns = |case: &&CaseOutcome| {
            let seen = self.loaded.get(&case.case);
            seen.is_some_and(|target| target.as_ref().is_none_or(|target| *target == run.target))
        };
        let passes = |case: &&CaseOutcome| {
            case.verdicts.values().all(|v| matches!(v, Verdict::Pass | Verdict::Note))
        };
        run.cases.iter().filter(concerns).filter(passes).collect()
    }

    /// Writes each failure of the run that was made small and is not in the folder yet; returns
    /// the paths, each with whether it could be written.
    ///
    /// A file that is there is replaced only where this run has shown that it fails no more.
    pub fn save(&self, run: &Run, catalogue: &Catalogue) -> Vec<(PathBuf, io::Result<()>)> {
        let fixed: Vec<&str> = self.fixed(run).iter().map(|case| case.case.as_str()).collect();
        let mut new = BTreeMap::new();
        for case in &run.cases {
            for finding in case.findings.iter().filter(|finding| finding.fails) {
                let Some(scenario) = &finding.scenario else { continue };
                let path = self.folder.join(path_of(case, finding, catalogue));
                if !path.exists() || fixed.contains(&path.to_string_lossy().as_ref()) {
                    new.entry(path).or_insert_with(|| text(run, case, scenario));
                }
            }
        }
        let written = new.into_iter().map(|(path, text)| {
            let result = report::json::write_bytes(&path, text.as_bytes());
            (path, result.map_err(io::Error::other))
        });
        written.collect()
    }
}

/// Returns the path of a finding's file below the folder.
fn path_of(case: &CaseOutcome, finding: &Finding, catalogue: &Catalogue) -> PathBuf {
    let operation = match finding.operation.as_str() {
        "" => case.operations.first().map(String::as_str).unwrap_or_default(),
        operation => operation,
    };
    // Where two services have an operation of the name, the case tells which is meant.
    let named = case.case.split(['/', ':']).find(|part| {
        catalogue.services.get(*part).is_some_and(|s| s.operations.contains_key(operation))
    });
    let modelled = || catalogue.operation(operation).map(|(s, _)| s.info.id.as_str());
    let service = named.or_else(modelled).unwrap_or("other");
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name = format!("{operation}-{}-{}", finding.check, finding.id);
    let name: String = name.chars().map(plain).collect();
    Path::new(service).join(format!("{name}.yaml"))
}

fn text(run: &Run, case: &CaseOutcome, scenario: &str) -> String {
    let (target, case) = (one_line(&run.target), one_line(&case.case));
    format!("{SEEN_ON}{target}`, in case {case}, seed {}.\n{scenario}", run.seed)
}

fn seen_on(text: &str) -> Option<&str> {
    text.strip_prefix(SEEN_ON)?.split('`').next()
}
