//! The run as JSON: the document every other report can be made from, published as
//! `run.schema.json`.
//!
//! A run is streamed: [`Stream`] keeps a valid document on disk from the first moment on, so a
//! run that is killed leaves the cases that had finished.

mod brief;

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::outcome::{CaseOutcome, RUN_FORMAT, Run};

/// The published JSON Schema of the document.
pub const SCHEMA: &str = include_str!("run.schema.json");

/// Returns the JSON Schema of the document as the types of this build have it.
///
/// The same text as [`SCHEMA`], which a test makes sure of.
pub fn schema() -> String {
    pretty(&schemars::schema_for!(Run))
}

/// Returns the document of a run.
pub fn render(run: &Run) -> String {
    pretty(run)
}

/// A report that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct ReportError {
    path: PathBuf,
    kind: ReportErrorKind,
}

/// What is wrong with a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportErrorKind {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The file cannot be written.
    #[error("cannot be written: {0}")]
    Unwritable(#[source] io::Error),
    /// The file is no run document; the cause names line and column.
    #[error("no run document: {0}")]
    Malformed(#[source] serde_json::Error),
    /// The document was written by another version of the harness.
    #[error("format `{found}` is not the one this version reads, `{RUN_FORMAT}`")]
    OtherFormat {
        /// The format the document states.
        found: u32,
    },
}

impl ReportError {
    fn at(path: &Path) -> impl Fn(ReportErrorKind) -> Self {
        move |kind| Self { path: path.to_owned(), kind }
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> &ReportErrorKind {
        &self.kind
    }
}

/// Reads the document of a run, a partial one included; cases come out sorted by id.
///
/// # Errors
/// The file cannot be read, is no run document (with line and column), or has another format.
pub fn read(path: &Path) -> Result<Run, ReportError> {
    parse(path).map(sorted)
}

/// Reads a run like [`read`], without what was exchanged: `curl`, `aws_cli` and `exchange` of its
/// findings are empty, and so is `scenario` where there is one. Takes a fraction of the memory.
///
/// # Errors
/// Those of [`read`].
pub fn read_brief(path: &Path) -> Result<Run, ReportError> {
    parse(path).map(|brief::Brief(run)| sorted(run))
}

fn sorted(mut run: Run) -> Run {
    run.cases.sort_by(|a, b| a.case.cmp(&b.case));
    run
}

fn parse<T: DeserializeOwned>(path: &Path) -> Result<T, ReportError> {
    /// The one member that every version of the document has.
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    let error = ReportError::at(path);
    let bytes = fs::read(path).map_err(|e| error(ReportErrorKind::Unreadable(e)))?;
    let malformed = |e| error(ReportErrorKind::Malformed(e));
    let Versioned { format } = serde_json::from_slice(&bytes).map_err(malformed)?;
    if format != RUN_FORMAT {
        return Err(error(ReportErrorKind::OtherFormat { found: format }));
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}

/// Writes the document of a run: whole or not at all, where the path is a regular file.
///
/// Folders on the way are made.
///
/// # Errors
/// The file or a folder on the way cannot be written.
pub fn write(path: &Path, run: &Run) -> Result<(), ReportError> {
    write_bytes(path, render(run).as_bytes())
}

/// Writes any finished report: whole or not at all, where the path is a regular file.
///
/// Folders on the way are made.
///
/// # Errors
/// The file or a folder on the way cannot be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let error = |e| ReportError::at(path)(ReportErrorKind::Unwritable(e));
    make_folder(path).map_err(error)?;
    // A link is followed, and a pipe or terminal is written to rather than replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|meta| !meta.is_file()) {
        return File::create(&path).and_then(|mut file| file.write_all(bytes)).map_err(error);
    }
    let mut beside = path.clone().into_os_string();
    beside.push(".partial");
    fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &path)).map_err(error)
}

/// Writes a run while it goes on.
///
/// After every call the file is a valid document with `complete: false`, its cases in the order
/// they finished in; each call is one write that replaces the document's tail. Pipes and
/// terminals, which have no tail to replace, get the finished document only.
#[derive(Debug)]
pub struct Stream {
    path: PathBuf,
    /// The open file and where its tail starts; `None` where the path is no regular file.
    file: Option<(File, u64)>,
    cases: usize,
}

impl Stream {
    /// Opens the file and writes a document without cases; `run` gives everything else.
    ///
    /// Folders on the way are made.
    ///
    /// # Errors
    /// The file or a folder on the way cannot be written.
    pub fn start(path: &Path, run: &Run) -> Result<Self, ReportError> {
        let error = |e| ReportError::at(path)(ReportErrorKind::Unwritable(e));
        make_folder(path).map_err(error)?;
        let mut file = File::create(path).map_err(error)?;
        let mut stream = Self { path: path.to_owned(), file: None, cases: 0 };
        if file.metadata().map_err(error)?.is_file() {
            let head = head(run);
            let text = format!("{head}{}", tail(run.elapsed_ms));
            file.write_all(text.as_bytes()).map_err(error)?;
            stream.file = Some((file, head.len() as u64));
        }
        Ok(stream)
    }

    /// Adds a finished case. `elapsed_ms` is the time since the start of the run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, outcome: &CaseOutcome, elapsed_ms: u64) -> Result<(), ReportError> {
        let Some((file, end)) = &mut self.file else { return Ok(()) };
        let separator = if self.cases == 0 { "\n" } else { ",\n" };
        let case = format!("{separator}{}", indented(outcome));
        let text = format!("{case}\n  {}", tail(elapsed_ms));
        file.seek(SeekFrom::Start(*end))
            .and_then(|_| file.write_all(text.as_bytes()))
            .map_err(|e| ReportError::at(&self.path)(ReportErrorKind::Unwritable(e)))?;
        *end += case.len() as u64;
        self.cases += 1;
        Ok(())
    }

    /// Replaces the document by the one of the finished run, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self, run: &Run) -> Result<(), ReportError> {
        write(&self.path, run)
    }
}

/// Returns the start of the document, up to and with the `[` of the cases.
fn head(run: &Run) -> String {
    let Run { format, harness, target, target_version, against, .. } = run;
    let Run { models, seed, started, planned, .. } = run;
    /// The members that are known from the start.
    #[derive(Serialize)]
    struct Head<'a> {
        format: &'a u32,
        harness: &'a str,
        target: &'a str,
        target_version: &'a Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        against: &'a Option<String>,
        models: &'a std::collections::BTreeMap<String, String>,
        seed: &'a u64,
        started: &'a u64,
        planned: &'a usize,
    }
    let head =
        Head { format, harness, target, target_version, against, models, seed, started, planned };
    let text = pretty(&head);
    let open = text.trim_end().trim_end_matches('}').trim_end();
    format!("{open},\n  \"cases\": [")
}

/// Returns the end of the document: the `]` of the cases and the members that change.
fn tail(elapsed_ms: u64) -> String {
    format!("],\n  \"elapsed_ms\": {elapsed_ms},\n  \"complete\": false\n}}\n")
}

/// Returns a case as it stands in the list of cases.
fn indented(outcome: &CaseOutcome) -> String {
    pretty(outcome)
        .trim_end()
        .lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn pretty(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value)
        .expect("plain data with string keys always serialises to JSON");
    text + "\n"
}

fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::create_dir_all(folder),
        _ => Ok(()),
    }
}
