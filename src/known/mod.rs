//! Known failures: what a target is expected to break, and why, as a list that is held against
//! every run.
//!
//! `targets/<name>.known.yaml` names findings by what makes them the same in another run: the
//! operation or the case, the check, the place in the answer, the rule, and what comes instead.
//! All of it counts, so an entry covers nothing that its reason does not speak of: the same call
//! refused with another code is another failure. [`Known::mark`] tells a case what of it was
//! expected, [`Known::held_against`] tells a list what a run says about it, [`update`] writes the
//! list anew from a run. Nothing here plays, prints or reads a clock.

mod file;
mod mark;
mod standing;
pub mod update;
mod verify;
mod version;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::catalogue::Source;
use crate::check;
use crate::outcome::{Finding, Run};
pub use version::Condition;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/targets");

/// A list of known failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The file, as it was named.
    pub file: String,
    /// The run that the list was made from; none of one that is written by hand alone.
    pub origin: Option<Origin>,
    /// The entries, one for each operation or case that the file names, in file order.
    pub items: Vec<Item>,
    /// The entries that are in force, by what they name.
    index: BTreeMap<Identity, Vec<usize>>,
}

/// The run that a list was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Its day, as `2026-11-26`, in UTC.
    pub date: String,
    /// Version of the harness.
    pub harness: String,
    /// Seed of its generated cases.
    pub seed: u64,
    /// Its flags that decide what is generated.
    pub flags: Vec<String>,
    /// Its flags that left cases out.
    pub selection: Vec<String>,
}

/// What makes a finding the same wherever it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The check or property.
    pub check: String,
    /// Place in the answer, list indices as stars.
    pub pointer: String,
    /// The rule that is broken, where one is.
    pub rule: Option<String>,
    /// What comes instead: `absent`, `extra`, or an error code; none of any other difference.
    pub came: Option<String>,
}

/// An entry, for one operation or case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Line of the file that names the operation or case; 0 of an entry that stands in none.
    pub line: u64,
    /// The operation, as findings spell it.
    pub operation: Option<String>,
    /// The case, where the entry is about one alone.
    pub case: Option<String>,
    /// A case that shows it, of an entry that is about no case alone.
    pub seen: Option<String>,
    /// What it names.
    pub identity: Identity,
    /// It comes and goes: that it does not show says nothing.
    pub flaky: bool,
    /// Why it is listed, and for how long.
    pub remark: Remark,
    /// The target's version is one that it is about.
    pub in_force: bool,
}

/// Why something is listed, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Why.
    pub reason: String,
    /// Where it is followed up.
    pub issue: Option<String>,
    /// The versions of the target that it is about; all of them unless said.
    pub version: Option<Condition>,
    /// The last day on which it holds, as `2027-03-01`.
    pub expires: Option<String>,
}

/// A mistake in a list of known failures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {cause}")]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, with the near match where there is one.
    pub cause: String,
}

/// A list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownError {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The list has mistakes; all of them are told.
    #[error("{}", lines(.0))]
    Mistakes(Vec<Mistake>),
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Identity {
    /// Returns what makes a finding the same in another run, operation and case apart.
    pub fn of(finding: &Finding) -> Self {
        let came = check::kind(&finding.expected, &finding.actual);
        Self {
            check: finding.check.clone(),
            pointer: match finding.check.as_str() {
                // A transcript has one snapshot, and a finding shows its first difference.
                "snapshot" => String::new(),
                _ => check::pointer_class(&finding.pointer),
            },
            rule: finding.rule.clone(),
            came: came.filter(|_| finding.check != "snapshot").map(str::to_owned),
        }
    }
}

impl Item {
    /// Tells whether the entry is about a finding of this identity.
    fn covers(&self, finding: &Finding) -> bool {
        self.operation.as_ref().is_none_or(|operation| *operation == finding.operation)
            && self.case.as_ref().is_none_or(|case| *case == finding.case)
    }

    /// What orders entries that cover the same: wider ones first, then as they stand in the file.
    fn rank(&self) -> impl Ord + use<> {
        (self.case.is_some(), self.operation.is_some(), self.line)
    }

    /// Tells whether it covers everything that `other`, of the same identity, does.
    fn includes(&self, other: &Self) -> bool {
        let wider = |mine: &Option<String>, theirs: &Option<String>| {
            mine.is_none() || mine.as_ref() == theirs.as_ref()
        };
        self.identity == other.identity
            && wider(&self.operation, &other.operation)
            && wider(&self.case, &other.case)
    }
}

impl Known {
    /// Loads the list of a target: `<target>.known.yaml` among its profiles; `None` where there
    /// is none.
    ///
    /// # Errors
    /// The file cannot be read, or is no list.
    pub fn of_target(profiles: &Source, target: &str) -> Result<Option<Self>, KnownError> {
        let name = file_name(target);
        let (path, text) = match profiles {
            Source::Embedded => {
                let found = EMBEDDED.get_file(&name).and_then(|file| file.contents_utf8());
                let Some(text) = found else { return Ok(None) };
                (Path::new("targets").join(&name), text.to_owned())
            }
            Source::Folder(folder) => {
                let path = folder.join(&name);
                if !path.exists() {
                    return Ok(None);
                }
                let text = read(&path)?;
                (path, text)
            }
        };
        Self::parse(&path.to_string_lossy(), &text).map(Some)
    }

    /// Loads a list from a file.
    ///
    /// # Errors
    /// The file cannot be read, or is no list.
    pub fn load(path: &Path) -> Result<Self, KnownError> {
        Self::parse(&path.to_string_lossy(), &read(path)?)
    }

    /// Reads a list from YAML; `file` is what messages call it.
    ///
    /// # Errors
    /// The text is no list: every mistake, with its line and the near match.
    pub fn parse(file: &str, text: &str) -> Result<Self, KnownError> {
        let (origin, items) = file::parse(file, text).map_err(KnownError::Mistakes)?;
        Ok(Self::new(file.into(), origin, items))
    }

    /// Returns a list of these entries, all of them in force.
    pub fn new(file: String, origin: Option<Origin>, items: Vec<Item>) -> Self {
        let mut list = Self { file, origin, items, index: BTreeMap::new() };
        list.items.iter_mut().for_each(|item| item.in_force = true);
        list.index();
        list
    }

    /// Leaves those entries in force that are about this version of the target.
    ///
    /// # Errors
    /// An entry has a condition, and the version is not known or is none; or two entries that are
    /// both in force name the same.
    pub fn for_version(mut self, version: Option<&str>) -> Result<Self, KnownError> {
        let mut mistakes = Vec::new();
        for item in &mut self.items {
            let Some(condition) = &item.remark.version else { continue };
            match condition.holds(version) {
                Ok(holds) => item.in_force = holds,
                Err(cause) => {
                    let told = mistakes.iter().any(|mistake: &Mistake| mistake.cause == cause);
                    if !told {
                        mistakes.push(Mistake { file: self.file.clone(), line: item.line, cause });
                    }
                }
            }
        }
        mistakes.extend(verify::redundant(&self));
        self.index();
        if mistakes.is_empty() { Ok(self) } else { Err(KnownError::Mistakes(mistakes)) }
    }

    fn index(&mut self) {
        self.index.clear();
        for (at, item) in self.items.iter().enumerate().filter(|(_, item)| item.in_force) {
            self.index.entry(item.identity.clone()).or_default().push(at);
        }
    }

    /// Returns the entries in force that are about a finding.
    fn entries_of<'a>(&'a self, finding: &'a Finding) -> impl Iterator<Item = usize> + 'a {
        let named = self.index.get(&Identity::of(finding));
        named.into_iter().flatten().copied().filter(|at| self.items[*at].covers(finding))
    }

    /// Returns the entry in force that a finding gets its reason from, if there is one.
    fn entry_of(&self, finding: &Finding) -> Option<usize> {
        self.entries_of(finding).min_by_key(|at| self.items[*at].rank())
    }

    /// Returns the list as YAML.
    pub fn text(&self, target: &str) -> String {
        write::text(self, target)
    }
}

/// Returns the name of the file that lists the known failures of a target.
pub fn file_name(target: &str) -> String {
    format!("{target}.known.yaml")
}

/// Returns the flags of a run that decide what is generated.
fn of_generation(run: &Run) -> Vec<String> {
    let decides = |flag: &&String| {
        let name = flag.split('=').next().unwrap_or_default();
        ["--specs", "--scenarios", "--dictionary", "--max-steps"].contains(&name)
    };
    run.flags.iter().filter(decides).cloned().collect()
}

fn read(path: &Path) -> Result<String, KnownError> {
    let path_text = PathBuf::from(path).to_string_lossy().into_owned();
    std::fs::read_to_string(path).map_err(|cause| KnownError::Unreadable { path: path_text, cause })
}
