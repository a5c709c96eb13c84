//! Writes a list of known failures as YAML: sorted, the same for the same entries, entries that
//! share everything but their place as one.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Identity, Known, Origin, Remark};

/// Columns that a reason is folded to.
const WIDTH: usize = 96;

/// What entries share that stand together.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group<'a> {
    identity: &'a Identity,
    kind: Kind<'a>,
    flaky: bool,
    remark: &'a Remark,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind<'a> {
    /// Operations, each with a case that shows it.
    Seen,
    /// Operations alone.
    Operations,
    /// Cases, of one operation if any.
    Cases(Option<&'a str>),
}

/// Returns the list as a file of a target.
pub(super) fn text(list: &Known, target: &str) -> String {
    let mut text = head(target);
    if let Some(origin) = &list.origin {
        made_from(&mut text, origin);
    }
    let mut groups = BTreeMap::<Group<'_>, BTreeMap<&str, Option<&str>>>::new();
    for item in &list.items {
        let (kind, place) = match (&item.case, &item.operation) {
            (Some(case), operation) => (Kind::Cases(operation.as_deref()), (case.as_str(), None)),
            (None, operation) => {
                let kind = if item.seen.is_some() { Kind::Seen } else { Kind::Operations };
                (kind, (operation.as_deref().unwrap_or_default(), item.seen.as_deref()))
            }
        };
        let (identity, remark, flaky) = (&item.identity, &item.remark, item.flaky);
        groups.entry(Group { identity, kind, flaky, remark }).or_default().insert(place.0, place.1);
    }
    text += if groups.is_empty() { "known: []\n" } else { "known:\n" };
    for (at, (group, places)) in groups.iter().enumerate() {
        text.push_str(if at > 0 { "\n" } else { "" });
        entry(&mut text, group, places);
    }
    text
}

fn head(target: &str) -> String {
    format!(
        "# Known failures of {target}: what it is expected to break, and why. `run` tells them \
         apart from\n\
         # what is new, and demands that a line goes when it fails no more.\n\
         #\n\
         # `cognito-conformance known update --from report.json` rewrites this file: `reason`, \
         `issue`,\n\
         # `version` (such as \"<5.3\") and `expires` (such as 2027-03-01) stay with their entry; \
         comments,\n\
         # order and blank lines do not.\n\
         #\n\
         # An entry holds wherever one of its operations is called, or in its cases alone. `rule` \
         and `came`\n\
         # (`absent`, `extra`, or the error code that came) count like `check` and `pointer`: \
         without them\n\
         # it is about what breaks no rule, or differs in another way. Behind an operation stands a \
         case\n\
         # that shows it: `cognito-conformance replay CASE --target {target}`.\n"
    )
}

fn made_from(text: &mut String, origin: &Origin) {
    let Origin { date, harness, seed, flags, selection } = origin;
    text.push_str("made_from:\n");
    line(text, 2, "date", date);
    line(text, 2, "harness", harness);
    let _ = writeln!(text, "  seed: {seed}");
    for (key, words) in [("flags", flags), ("selection", selection)] {
        if !words.is_empty() {
            let _ = writeln!(text, "  {key}:");
            for word in words {
                let _ = writeln!(text, "    - {}", scalar(word));
            }
        }
    }
}

fn entry(text: &mut String, group: &Group<'_>, places: &BTreeMap<&str, Option<&str>>) {
    let Group { identity, kind, flaky, remark } = group;
    let _ = writeln!(text, "  - check: {}", scalar(&identity.check));
    if !identity.pointer.is_empty() {
        line(text, 4, "pointer", &identity.pointer);
    }
    let mut optional = |key: &str, value: Option<&str>| {
        value.into_iter().for_each(|value| line(text, 4, key, value));
    };
    optional("rule", identity.rule.as_deref());
    optional("came", identity.came.as_deref());
    if *flaky {
        text.push_str("    flaky: true\n");
    }
    reason(text, &remark.reason);
    let version = remark.version.as_ref().map(ToString::to_string);
    let mut optional = |key: &str, value: Option<&str>| {
        value.into_iter().for_each(|value| line(text, 4, key, value));
    };
    optional("issue", remark.issue.as_deref());
    optional("version", version.as_deref());
    optional("expires", remark.expires.as_deref());
    match kind {
        Kind::Seen => {
            text.push_str("    operations:\n");
            for (operation, seen) in places {
                line(text, 6, operation, seen.unwrap_or_default());
            }
        }
        Kind::Operations => listed(text, "operations", places),
        Kind::Cases(operation) => {
            operation.iter().for_each(|operation| line(text, 4, "operation", operation));
            listed(text, "cases", places);
        }
    }
}

fn listed(text: &mut String, key: &str, places: &BTreeMap<&str, Option<&str>>) {
    let _ = writeln!(text, "    {key}:");
    for place in places.keys() {
        let _ = writeln!(text, "      - {}", scalar(place));
    }
}

fn line(text: &mut String, indent: usize, key: &str, value: &str) {
    let _ = writeln!(text, "{:indent$}{key}: {}", "", scalar(value));
}

/// Writes a reason, a long one folded.
fn reason(text: &mut String, reason: &str) {
    let words: Vec<&str> = reason.split_whitespace().collect();
    let plain = words.join(" ");
    if plain.chars().count() <= WIDTH - 12 || plain.chars().any(char::is_control) {
        return line(text, 4, "reason", &plain);
    }
    text.push_str("    reason: >-\n");
    let mut column = WIDTH;
    for (at, word) in words.iter().enumerate() {
        let length = word.chars().count();
        let fits = at > 0 && column + 1 + length <= WIDTH;
        match (at, fits) {
            (_, true) => text.push(' '),
            (0, _) => text.push_str("      "),
            _ => text.push_str("\n      "),
        }
        column = if fits { column + 1 + length } else { 6 + length };
        text.push_str(word);
    }
    text.push('\n');
}

/// Returns a text as a YAML scalar: in quotes where it could be taken for something else.
fn scalar(text: &str) -> String {
    let inner = |c: char| c.is_alphanumeric() || " _-./:*,()=+@{}".contains(c);
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '_')
        || (text.starts_with("--") && text.len() > 3)
        || is_date(text);
    let means = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    let plain = starts
        && text.chars().all(inner)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !means.contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.split('-').all(|part| part.bytes().all(|b| b.is_ascii_digit()))
        && text.matches('-').count() == 2
}
