//! Broken promises as comparisons show them: what is the same but for operation or place once.

use std::collections::BTreeSet;

use crate::differential::{Difference, Heading, Promise};
use crate::outcome::Phase;
use crate::report::text::{counted, one_line};

/// Most names that are listed before the rest is counted.
const MOST_NAMES: usize = 5;

/// Returns what findings of one kind are called: what speaks for them, the operations, the place.
pub(super) fn title(kind: &[&Promise]) -> String {
    let Some(first) = kind.first() else { return String::new() };
    let name = match first.check.as_str() {
        "expectation" if Phase::of(&first.case).is_some() => "a sound call is not answered so",
        "expectation" => first.case.rsplit("::").next().unwrap_or_default(),
        check => check,
    };
    let operations: BTreeSet<&str> = kind.iter().map(|one| one.operation.as_str()).collect();
    let others = operations.len() - 1;
    let operation = match first.operation.as_str() {
        "" => "a raw request",
        operation => operation,
    };
    let operations = match others {
        0 => operation.to_owned(),
        _ => format!("{operation} and {others} more"),
    };
    let place = if first.pointer.is_empty() { "" } else { ", " };
    one_line(&format!("{name}: {operations}{place}{}", first.pointer))
}

/// Returns what was promised, how well, and what came back.
pub(super) fn fields(kind: &[&Promise]) -> Vec<(&'static str, String)> {
    let Some(first) = kind.first() else { return Vec::new() };
    let rule = first.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    let mut fields = vec![
        ("level", first.level.to_string()),
        ("promise", one_line(&first.expected)),
        ("evidence", one_line(&format!("{}: {}{rule}", first.evidence, first.source))),
        ("came back", one_line(&first.actual)),
        ("finding", names(&kind.iter().map(|one| one.id.as_str()).collect::<Vec<_>>())),
    ];
    if let Some(reason) = &first.known {
        fields.push(("listed", one_line(&format!("a known failure: {reason}"))));
    }
    fields
}

/// Lists names, a few of them.
pub(super) fn names(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(MOST_NAMES).map(|name| one_line(name)).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Counts kinds and ids: `3 findings (7 ids)`.
pub(super) fn count(kinds: usize, ids: usize) -> String {
    let findings = counted(kinds, "finding");
    if ids == kinds { findings } else { format!("{findings} ({})", counted(ids, "id")) }
}

/// Returns the line that says what a run is.
pub(super) fn heading(heading: &Heading) -> String {
    let target = match &heading.target_version {
        Some(version) => format!("{} {version}", heading.target),
        None => heading.target.clone(),
    };
    let named = match [&heading.target, &target].contains(&&heading.label) {
        true => target,
        false => format!("{}: {target}", heading.label),
    };
    let models: Vec<_> = heading.models.iter().map(|(id, date)| format!("{id} {date}")).collect();
    let cases = match heading.complete {
        true => counted(heading.cases, "case"),
        false => format!("{} of {}", heading.cases, counted(heading.planned, "case")),
    };
    one_line(&format!(
        "{named} ({}): harness {}, models {}, seed {}, {cases}; {}",
        heading.file,
        heading.harness,
        models.join(" and "),
        heading.seed,
        heading.conclusion
    ))
}

/// Returns the line that says in what runs differ: each value with the runs that have it.
pub(super) fn difference(difference: &Difference, labels: &[&str]) -> String {
    let mut values: Vec<(&str, Vec<&str>)> = Vec::new();
    for (value, label) in difference.values.iter().zip(labels) {
        match values.iter_mut().find(|(known, _)| known == value) {
            Some((_, runs)) => runs.push(label),
            None => values.push((value, vec![label])),
        }
    }
    let values: Vec<_> =
        values.iter().map(|(value, runs)| format!("{value} ({})", runs.join(", "))).collect();
    let Difference { aspect, meaning, .. } = difference;
    one_line(&format!("{}: {}: {meaning}", aspect.name(), values.join(", ")))
}

/// Returns a share in percent, or a dash where there is none to publish.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), |share| format!("{:.1}%", share * 100.0))
}
