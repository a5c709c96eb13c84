//! Accepted transcripts in canonical form, one per scenario, in insta's file format.
//!
//! A snapshot says how one target answered when somebody looked and accepted it. One of the
//! reference is compared with the reference only, as a note: it is an inference wherever rules and
//! schemas say nothing. One of the service itself is an observation, and holds for every target.

mod differ;
mod pairing;
mod steady;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical;
use crate::catalogue::Catalogue;
use crate::outcome::Evidence;
use crate::transcript::Transcript;
pub use differ::{Difference, differences, side_by_side};
pub use pairing::Pairing;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/snapshots");

/// Where snapshots are read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The copy inside the binary.
    #[default]
    Embedded,
    /// A folder laid out like `snapshots/`.
    Folder(PathBuf),
}

/// Accepted transcripts by case id.
#[derive(Clone, Debug, Default)]
pub struct Snapshots(BTreeMap<String, Snapshot>);

/// One accepted transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where and when it was recorded.
    pub origin: Origin,
    /// The canonical transcript.
    pub text: String,
}

/// Where and when a snapshot was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Name of the target; `aws` is the service itself.
    pub recorded_from: String,
    /// The target's version, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Region, of the service itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Day, as `2026-11-26`, in UTC.
    pub date: String,
    /// Revisions of the service models of the catalogue at that time, by service.
    pub models: BTreeMap<String, String>,
    /// What it is worth: `observed` on the service, `inferred` from any other target.
    pub evidence: Evidence,
}

/// A snapshot file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("snapshots/{path}: {cause}")]
pub struct SnapshotError {
    path: String,
    cause: String,
}

/// What insta keeps about a snapshot, as far as it is ours. Reviewing may add more.
#[derive(Serialize, Deserialize)]
struct Head {
    /// Scenario file.
    source: String,
    /// Title of the case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    info: Origin,
}

impl Snapshots {
    /// Reads every `.snap` file.
    ///
    /// # Errors
    /// A file cannot be read, or its head does not say where it comes from.
    pub fn load(source: &Source) -> Result<Self, SnapshotError> {
        let mut files = BTreeMap::new();
        match source {
            Source::Embedded => embedded(&EMBEDDED, &mut files),
            Source::Folder(root) => folder(root, root, &mut files)?,
        }
        let parsed = files.into_iter().map(|(path, text)| {
            let id = path.trim_end_matches(".snap").replace('/', "::");
            let fail = |cause: String| SnapshotError { path: path.clone(), cause };
            Ok((id, Snapshot::parse(&text).map_err(fail)?))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the snapshot of a case that speaks about this target: its own, or the service's.
    pub fn of(&self, case: &str, target: &str) -> Option<&Snapshot> {
        let speaks = |origin: &Origin| {
            origin.recorded_from == target || origin.evidence == Evidence::Observed
        };
        self.0.get(case).filter(|snapshot| speaks(&snapshot.origin))
    }

    /// Returns the snapshot of a case, whatever it was recorded from.
    pub fn get(&self, case: &str) -> Option<&Snapshot> {
        self.0.get(case)
    }

    /// Returns the ids of the cases that have one, sorted.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.recorded_from)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        if let Some(region) = &self.region {
            write!(f, " in {region}")?;
        }
        write!(f, " on {}", self.date)
    }
}

impl Snapshot {
    /// Reads insta's format: a YAML head between two `---` lines, then the text.
    fn parse(file: &str) -> Result<Self, String> {
        let (head, text) = file
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .ok_or("no head between two `---` lines")?;
        let head: Head = serde_saphyr::from_str(head)
            .map_err(|e| format!("the head does not say where it comes from: {e}"))?;
        Ok(Self { origin: head.info, text: text.trim_end().to_owned() })
    }

    /// Returns the file that [`Snapshots::load`] reads, for the scenario at this path, with its
    /// title.
    pub fn file(&self, scenario: &str, title: &str) -> String {
        let head = Head {
            source: format!("scenarios/{scenario}"),
            description: title.to_owned(),
            info: self.origin.clone(),
        };
        let head = serde_saphyr::to_string(&head).unwrap_or_default();
        format!("---\n{}\n---\n{}\n", head.trim_end(), self.text)
    }
}

/// Returns a transcript's canonical form as text; `own` are the words that are the case's own,
/// with what stands for them.
///
/// Of what a case stands on only the calls are kept: how they are answered is told in the
/// snapshots of those operations' own cases.
pub fn text(catalogue: &Catalogue, transcript: &Transcript, own: &[(String, String)]) -> String {
    let form = steady_form(catalogue, transcript, own);
    steady::renumbered(&serde_json::to_string_pretty(&form).unwrap_or_default())
}

/// Returns what [`text`] writes down, names numbered in the order they were given: a list with one
/// entry per exchange, as [`canonical::canonical`] describes it, the pages of a list as one.
pub(crate) fn steady_form(
    catalogue: &Catalogue,
    transcript: &Transcript,
    own: &[(String, String)],
) -> Value {
    let mut form = canonical::canonical(catalogue, transcript);
    for entry in form.as_array_mut().into_iter().flatten() {
        let staged = entry["place"].as_str().is_some_and(|place| place.starts_with("set-up "));
        // Lists of the whole account show what other cases made.
        let call = entry["call"].as_str().unwrap_or_default();
        if matches!(call, "ListUserPools" | "ListIdentityPools") && entry["status"] == 200 {
            entry["output"] = Value::from("<list of the account>");
        }
        if let (Some(entry), true) = (entry.as_object_mut(), staged) {
            entry.retain(|name, _| !matches!(name.as_str(), "input" | "output"));
        }
    }
    if let Some(entries) = form.as_array_mut() {
        steady::join_pages(entries);
        steady::shut_pages(entries);
    }
    // Exchanges keep their order; what is in them is steadied.
    for entry in form.as_array_mut().into_iter().flatten() {
        steady::steady(entry, own);
    }
    form
}

fn embedded(dir: &Dir<'static>, files: &mut BTreeMap<String, String>) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if let (true, Some(text)) = (path.ends_with(".snap"), file.contents_utf8()) {
            files.insert(path, text.to_owned());
        }
    }
    dir.dirs().for_each(|sub| embedded(sub, files));
}

fn folder(
    root: &Path,
    dir: &Path,
    files: &mut BTreeMap<String, String>,
) -> Result<(), SnapshotError> {
    let fail = |path: &Path, cause: std::io::Error| SnapshotError {
        path: path.to_string_lossy().into_owned(),
        cause: cause.to_string(),
    };
    for entry in std::fs::read_dir(dir).map_err(|e| fail(dir, e))? {
        let path = entry.map_err(|e| fail(dir, e))?.path();
        if path.is_dir() {
            folder(root, &path, files)?;
        } else if path.extension().is_some_and(|ext| ext == "snap") {
            let text = std::fs::read_to_string(&path).map_err(|e| fail(&path, e))?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            files.insert(name.to_string_lossy().replace('\\', "/"), text);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(date: &str) -> Origin {
        Origin {
            recorded_from: "reference".into(),
            version: None,
            region: None,
            date: date.into(),
            models: BTreeMap::from([("cognito-idp".into(), "2026-11-01".into())]),
            evidence: Evidence::Inferred,
        }
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        let region = Some("eu-west-1".to_owned());
        let of_aws = Origin { region, recorded_from: "aws".into(), ..origin("2026-11-26") };
        for origin in [origin("2026-11-26"), of_aws] {
            let snapshot = Snapshot { origin, text: "[\n  1\n]".into() };
            let file = snapshot.file("a/b.yaml", "a title: with \"signs\"");
            assert_eq!(Snapshot::parse(&file).as_ref(), Ok(&snapshot), "{file}");
        }
        assert!(Snapshot::parse("[]").is_err());
        assert!(Snapshot::parse("---\nsource: x\n---\n[]").is_err());
    }

    #[test]
    fn what_the_service_answered_holds_for_every_target() {
        let mut observed = origin("2026-11-26");
        observed.recorded_from = "aws".into();
        observed.evidence = Evidence::Observed;
        let of = |origin: Origin| Snapshot { origin, text: String::new() };
        let snapshots = Snapshots(BTreeMap::from([
            ("a".into(), of(observed)),
            ("b".into(), of(origin("2026-11-26"))),
        ]));
        assert!(snapshots.of("a", "moto").is_some());
        assert!(snapshots.of("b", "moto").is_none());
        assert!(snapshots.of("b", "reference").is_some());
    }
}
