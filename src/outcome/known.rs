//! What a run says about the list of known failures that it was held against.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A list of known failures, with what a run says about each entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownFailures {
    /// The file, as it was named.
    pub file: String,
    /// The entries, one for each operation or case that the file names, in file order.
    pub entries: Vec<KnownEntry>,
}

/// An entry of a list of known failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KnownEntry {
    /// Line of the file.
    pub line: u64,
    /// The operation; empty where the entry names a case alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// The case; empty where the entry holds wherever the operation is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
    /// The check or property.
    pub check: String,
    /// Place in the answer, list indices as stars.
    pub pointer: String,
    /// The rule that is broken, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What comes instead: `absent`, `extra`, or an error code; empty of any other difference.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub came: String,
    /// Why it is listed.
    pub reason: String,
    /// Where it is followed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// What this run says about it.
    #[serde(flatten)]
    pub standing: KnownStanding,
}

/// What a run says about an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum KnownStanding {
    /// It fails, as the list says.
    Fails {
        /// In so many cases.
        cases: usize,
    },
    /// It is seen and fails nothing: a note.
    Note,
    /// What would show it was played to its end, and it does not show: the line has to go.
    Fixed,
    /// The entry is wrong: nothing can correspond to it, or only something that differs.
    Unmatched {
        /// What there is instead.
        why: String,
    },
    /// Another entry covers all that shows of it.
    Redundant {
        /// Line of the other.
        covered_by: u64,
    },
    /// It does not show, but this run cannot tell that it never does.
    Unsaid {
        /// Why.
        why: String,
    },
    /// The entry is about other versions of the target.
    OtherVersion,
}

impl KnownEntry {
    /// Returns what the entry is about, in a line.
    pub fn what(&self) -> String {
        let Self { operation, case, check, pointer, .. } = self;
        let place = [operation, case].map(String::as_str);
        let place: Vec<_> = place.into_iter().filter(|part| !part.is_empty()).collect();
        let pointer = if pointer.is_empty() { "" } else { &format!(" at {pointer}") };
        let rule = self.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
        let came = if self.came.is_empty() { "" } else { &format!(", came {}", self.came) };
        format!("{check} of {}{pointer}{rule}{came}", place.join(" in "))
    }
}

impl KnownFailures {
    /// Returns the entries that fail no more: their lines have to go.
    pub fn fixed(&self) -> impl Iterator<Item = &KnownEntry> {
        self.entries.iter().filter(|entry| entry.standing == KnownStanding::Fixed)
    }

    /// Returns the entries that are wrong, each with the word for it and the reason.
    pub fn wrong(&self) -> impl Iterator<Item = (&KnownEntry, &'static str, String)> {
        self.entries.iter().filter_map(|entry| match &entry.standing {
            KnownStanding::Unmatched { why } => Some((entry, "unmatched", why.clone())),
            KnownStanding::Redundant { covered_by } => {
                let why = format!("line {covered_by} covers all that shows of it");
                Some((entry, "redundant", why))
            }
            _ => None,
        })
    }

    /// Returns what is wrong with the list, a line each: place, entry, what to do.
    pub fn complaints(&self) -> Vec<String> {
        let at = |entry: &KnownEntry| format!("{}:{}", self.file, entry.line);
        let fixed = self.fixed().map(|entry| {
            let remove = "it fails no more: remove the line";
            format!("{}: fixed: {}: {remove}", at(entry), entry.what())
        });
        let wrong = self
            .wrong()
            .map(|(entry, word, why)| format!("{}: {word}: {}: {why}", at(entry), entry.what()));
        wrong.chain(fixed).collect()
    }
}
