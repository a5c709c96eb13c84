//! Accepted transcripts in canonical form, one per scenario, in insta's file format.
//!
//! A snapshot says how one target answered when somebody looked and accepted it. It is compared
//! with answers of that same target only; a difference is a note, for no rule makes it a promise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use serde_json::Value;

use crate::age;
use crate::canonical;
use crate::catalogue::Catalogue;
use crate::outcome::Evidence;
use crate::transcript::Transcript;

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
    /// Name of the target it was recorded from.
    pub recorded_from: String,
    /// Date of the recording, such as `2026-11-26`: what is older is worth less.
    pub recorded_on: String,
    /// Revisions of the models that it was recorded with.
    pub models: String,
    /// How well it is supported: what is not recorded from the service is inferred.
    pub evidence: Evidence,
    /// The canonical transcript.
    pub text: String,
}

/// A snapshot file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("snapshots/{path}: {cause}")]
pub struct SnapshotError {
    path: String,
    cause: String,
}

impl Snapshots {
    /// Reads every `.snap` file.
    ///
    /// # Errors
    /// A file cannot be read, or lacks the head that names its target.
    pub fn load(source: &Source) -> Result<Self, SnapshotError> {
        let mut files = BTreeMap::new();
        match source {
            Source::Embedded => embedded(&EMBEDDED, &mut files),
            Source::Folder(root) => folder(root, root, &mut files)?,
        }
        let parsed = files.into_iter().map(|(path, text)| {
            let id = path.trim_end_matches(".snap").replace('/', "::");
            let fail = |cause: &str| SnapshotError { path: path.clone(), cause: cause.into() };
            Ok((id, Snapshot::parse(&text).map_err(fail)?))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the snapshot of a case, if it was recorded from this target.
    pub fn of(&self, case: &str, target: &str) -> Option<&Snapshot> {
        self.0.get(case).filter(|snapshot| snapshot.recorded_from == target)
    }

    /// Returns the snapshot of a case, whatever target it was recorded from.
    pub fn get(&self, case: &str) -> Option<&Snapshot> {
        self.0.get(case)
    }

    /// Returns the ids of the cases that have one, sorted.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Snapshot {
    /// Reads insta's format: a YAML head between two `---` lines, then the text.
    fn parse(file: &str) -> Result<Self, &'static str> {
        let head = "no head between two `---` lines";
        let (head, text) =
            file.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).ok_or(head)?;
        let member = |name: &str, missing: &'static str| {
            let value = |line: &str| line.trim().strip_prefix(name).map(|v| v.trim().to_owned());
            head.lines().find_map(value).filter(|value| !value.is_empty()).ok_or(missing)
        };
        let grade = member("evidence:", "the head has no `evidence`")?;
        let recorded_on = member("recorded_on:", "the head has no `recorded_on`")?;
        if age::age(&recorded_on, u64::MAX).is_none() {
            return Err("`recorded_on` is no date such as 2026-11-26");
        }
        Ok(Self {
            recorded_from: member("recorded_from:", "the head has no `recorded_from`")?,
            recorded_on,
            models: member("models:", "the head has no `models`")?,
            evidence: { Evidence::ALL.into_iter() }
                .find(|known| known.name() == grade)
                .ok_or("`evidence` is none of inferred, modelled, documented, observed")?,
            text: text.trim_end().to_owned(),
        })
    }

    /// Returns what a target answered just now, in seconds since the epoch, as a snapshot.
    pub fn taken(catalogue: &Catalogue, target: &str, unix_secs: u64, text: String) -> Self {
        let revisions = catalogue.services.values().map(|s| s.info.model_revision.as_str());
        let revisions: BTreeSet<&str> = revisions.collect();
        Self {
            recorded_from: target.to_owned(),
            recorded_on: age::date(unix_secs),
            models: revisions.into_iter().collect::<Vec<_>>().join(", "),
            evidence: Evidence::Inferred,
            text,
        }
    }

    /// Returns the snapshot to write in place of an accepted one: where nothing but the date
    /// differs the accepted one stays, so that recording twice changes no file.
    pub fn over(self, accepted: Option<&Self>) -> Self {
        let recorded_on = accepted.map_or(&self.recorded_on, |accepted| &accepted.recorded_on);
        let dated = Self { recorded_on: recorded_on.clone(), ..self.clone() };
        if accepted == Some(&dated) { dated } else { self }
    }

    /// Says where and when it was recorded, and how well that is supported.
    pub fn origin(&self) -> String {
        let Self { recorded_from, recorded_on, models, evidence, .. } = self;
        format!("{evidence}, recorded from {recorded_from} on {recorded_on} with models {models}")
    }

    /// Returns the file that [`Snapshots::load`] reads.
    pub fn file(&self, scenario: &str) -> String {
        let Self { recorded_from, recorded_on, models, evidence, text } = self;
        let info = format!(
            "  recorded_from: {recorded_from}\n  recorded_on: {recorded_on}\n  models: {models}\n  \
             evidence: {evidence}"
        );
        format!("---\nsource: scenarios/{scenario}\ninfo:\n{info}\n---\n{text}\n")
    }
}

/// Returns a transcript's canonical form as text; `own` are the words that are the case's own,
/// with what stands for them.
pub fn text(catalogue: &Catalogue, transcript: &Transcript, own: &[(String, String)]) -> String {
    let form = canonical::canonical(catalogue, transcript);
    let mut text = serde_json::to_string_pretty(&form).unwrap_or_default();
    for (word, name) in own {
        text = text.replace(word.as_str(), name);
    }
    text
}

/// Returns the first place where two canonical texts differ: JSON pointer, accepted, now.
pub fn difference(accepted: &str, now: &str) -> Option<(String, String, String)> {
    if accepted == now {
        return None;
    }
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    Some(differ(&read(accepted), &read(now), ""))
}

fn differ(accepted: &Value, now: &Value, at: &str) -> (String, String, String) {
    let inner = match (accepted, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.map(|key| (key.clone(), a.get(key), b.get(key))).find(|(_, a, b)| a != b)
        }
        (Value::Array(a), Value::Array(b)) => (0..a.len().max(b.len()))
            .map(|index| (index.to_string(), a.get(index), b.get(index)))
            .find(|(_, a, b)| a != b),
        _ => None,
    };
    let show =
        |value: Option<&Value>| value.map_or_else(|| "absent".into(), crate::pattern::shorten);
    match inner {
        Some((key, Some(a), Some(b))) => differ(a, b, &format!("{at}/{key}")),
        Some((key, a, b)) => (format!("{at}/{key}"), show(a), show(b)),
        None => (at.to_owned(), show(Some(accepted)), show(Some(now))),
    }
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

    #[track_caller]
    fn check(accepted: &str, now: &str, expected: Option<(&str, &str, &str)>) {
        let found = difference(accepted, now);
        let expected = expected.map(|(at, a, b)| (at.to_owned(), a.to_owned(), b.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_difference_is_named_by_its_pointer() {
        check(r#"[{"a": 1}]"#, r#"[{"a": 1}]"#, None);
        check(r#"[{"a": 1}]"#, r#"[{"a": 2}]"#, Some(("/0/a", "1", "2")));
        check(r#"[{"a": 1}]"#, r#"[{}]"#, Some(("/0/a", "1", "absent")));
        check("[]", "[3]", Some(("/0", "absent", "3")));
    }

    fn snapshot(date: &str) -> Snapshot {
        Snapshot {
            recorded_from: "reference".into(),
            recorded_on: date.into(),
            models: "botocore 1.44.5".into(),
            evidence: Evidence::Inferred,
            text: "[\n  1\n]".into(),
        }
    }

    #[test]
    fn recording_the_same_again_keeps_the_date() {
        let (old, new) = (snapshot("2026-11-01"), snapshot("2026-11-26"));
        assert_eq!(new.clone().over(Some(&old)), old);
        assert_eq!(new.clone().over(None), new);
        let other = Snapshot { text: "[]".into(), ..new };
        assert_eq!(other.clone().over(Some(&old)), other);
    }

    #[test]
    fn files_are_read_as_they_are_written() {
        assert!(Snapshot::parse(&snapshot("yesterday").file("a/b.yaml")).is_err());
        let snapshot = snapshot("2026-11-26");
        assert_eq!(Snapshot::parse(&snapshot.file("a/b.yaml")), Ok(snapshot));
        assert!(Snapshot::parse("[]").is_err());
        assert!(Snapshot::parse("---\nsource: x\n---\n[]").is_err());
    }
}
