//! What changed from one run to the next, laid out.

use std::collections::BTreeMap;

use crate::differential::{CaseTurn, Change, Changes, Difference, Fate, LevelChange, Turn};
use crate::report::promise::{count, difference, fields, heading, names, percent, title};
use crate::report::sheet::{Block, Mark, Sheet};
use crate::report::text::{counted, one_line, shorten};

/// Most lines of a list unless all are wanted.
const MOST_LINES: usize = 20;

/// Longest reason, in characters.
const REASON_LIMIT: usize = 200;

/// Returns changes as a sheet; `all` shows every finding.
pub fn sheet(changes: &Changes, all: bool) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.items(vec![heading(&changes.base), heading(&changes.new)]);
    if !changes.differences.is_empty() {
        sheet.title("The runs differ in");
        sheet.items(changes.differences.iter().map(hindrance).collect());
    }
    levels(&mut sheet, changes);
    let told = [
        (Fate::New, "New failures"),
        (Fate::Spread, "New failures in cases that had passed, of findings that are known"),
        (Fate::Flaky, "Newly flaky"),
    ];
    let mut number = 0;
    for (fate, words) in told {
        let kinds = section(&mut sheet, changes, fate, words);
        for kind in kinds {
            number += 1;
            sheet.blocks.push(finding(number, kind));
        }
    }
    let listed = [
        (Fate::Fixed, "Fixed"),
        (Fate::Note, "Only a note now"),
        (Fate::Unsaid, "Gone, but not every case that showed it says so"),
    ];
    for (fate, words) in listed {
        let kinds = section(&mut sheet, changes, fate, words);
        list(&mut sheet, kinds.into_iter().map(line).collect(), all);
    }
    unchanged(&mut sheet, changes, all);
    turns(&mut sheet, "Newly", &changes.lost, all);
    turns(&mut sheet, "No longer", &changes.gained, all);
    let mark = if changes.is_worse() { Mark::Bad } else { Mark::Good };
    sheet.line(mark, conclusion(changes));
    sheet
}

/// Says in one sentence what changed and which exit code follows.
pub fn conclusion(changes: &Changes) -> String {
    let kinds = |fates: &[Fate]| {
        let ids: Vec<_> = changes.findings.iter().filter(|c| fates.contains(&c.fate)).collect();
        ids.chunk_by(|a, b| a.kind == b.kind).count()
    };
    let mut parts = vec![counted(kinds(&[Fate::New, Fate::Spread]), "new failure")];
    let fates: [(&[Fate], &str); 5] = [
        (&[Fate::Fixed], "fixed"),
        (&[Fate::Unchanged, Fate::Spread], "unchanged"),
        (&[Fate::Note], "only a note now"),
        (&[Fate::Flaky], "newly flaky"),
        (&[Fate::Unsaid], "gone but unsaid"),
    ];
    for (at, (fates, words)) in fates.into_iter().enumerate() {
        let count = kinds(fates);
        if count > 0 || at < 2 {
            parts.push(format!("{count} {words}"));
        }
    }
    let worse = if changes.is_worse() { "worse" } else { "not worse" };
    format!("{worse}: {} (exit code {})", parts.join(", "), changes.exit_code())
}

/// Says in a line in what the two runs differ.
pub fn hindrance(one: &Difference) -> String {
    difference(one, &["BASE", "NEW"])
}

fn levels(sheet: &mut Sheet, changes: &Changes) {
    let heads = ["level", "fail before", "now", "diverg. before", "now", "cover. before", "now"];
    let row = |change: &LevelChange| {
        let (base, new) = (&change.base, &change.new);
        vec![
            change.level.to_string(),
            (base.tally.fail + base.tally.known).to_string(),
            (new.tally.fail + new.tally.known).to_string(),
            percent(base.divergence),
            percent(new.divergence),
            percent(base.coverage),
            percent(new.coverage),
        ]
    };
    let heads = heads.map(str::to_owned).to_vec();
    sheet.table(heads, changes.levels.iter().map(row).collect());
    if !(changes.base.scored && changes.new.scored) {
        let text = "No score where a run is incomplete or has indeterminate cases.";
        sheet.line(Mark::Aside, text);
    }
}

/// Writes the title of a section, unless it is empty, and returns its kinds.
fn section<'a>(
    sheet: &mut Sheet,
    changes: &'a Changes,
    fate: Fate,
    words: &str,
) -> Vec<&'a [Change]> {
    let with_fate = |part: &&[Change]| part.first().is_some_and(|first| first.fate == fate);
    let kinds: Vec<_> =
        changes.findings.chunk_by(|a, b| a.kind == b.kind).filter(with_fate).collect();
    let ids = kinds.iter().map(|kind| kind.len()).sum();
    if !kinds.is_empty() {
        sheet.title(format!("{words}: {}", count(kinds.len(), ids)));
    }
    kinds
}

fn finding(number: usize, kind: &[Change]) -> Block {
    let promises: Vec<_> = kind.iter().map(|change| &change.promise).collect();
    let mut fields = fields(&promises);
    let joined: Vec<_> = kind.iter().flat_map(|change| &change.cases.joined).collect();
    let cases: Vec<&str> = joined.iter().map(|turn| turn.case.as_str()).collect();
    if !cases.is_empty() {
        fields.push(("cases", names(&distinct(cases))));
    }
    let stayed: usize = kind.iter().map(|change| change.cases.stayed).sum();
    let known = if stayed > 0 {
        format!("fail in {}; ", counted(stayed, "other case"))
    } else {
        String::new()
    };
    let before = format!("{known}{}", sayings(&joined));
    if !before.is_empty() {
        fields.push(("before", before));
    }
    Block::Finding { fails: true, title: format!("{number}. {}", title(&promises)), fields }
}

/// Returns findings of one kind in a line.
fn line(kind: &[Change]) -> String {
    let promises: Vec<_> = kind.iter().map(|change| &change.promise).collect();
    let ids: Vec<&str> = promises.iter().map(|one| one.id.as_str()).collect();
    let mut parts = vec![names(&ids)];
    let changed = |verb: &str, pick: &dyn Fn(&Change) -> &Vec<CaseTurn>| {
        let turns: Vec<_> = kind.iter().flat_map(pick).collect();
        let cases = distinct(turns.iter().map(|turn| turn.case.as_str()).collect());
        (!cases.is_empty()).then(|| {
            let count = counted(cases.len(), "case");
            format!("{count} {verb} ({}): {}", sayings(&turns), names(&cases))
        })
    };
    parts.extend(changed("joined", &|change| &change.cases.joined));
    parts.extend(changed("left", &|change| &change.cases.left));
    format!("{} [{}]", title(&promises), parts.join("; "))
}

fn distinct(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_unstable();
    names.dedup();
    names
}

/// Counts what another run says about cases.
fn sayings(turns: &[&CaseTurn]) -> String {
    let mut counts = BTreeMap::<String, Vec<&str>>::new();
    for turn in turns {
        counts.entry(turn.other.to_string()).or_default().push(&turn.case);
    }
    let words = counts
        .into_iter()
        .map(|(saying, cases)| format!("{saying} in {}", counted(distinct(cases).len(), "case")));
    words.collect::<Vec<_>>().join(", ")
}

fn unchanged(sheet: &mut Sheet, changes: &Changes, all: bool) {
    let kinds = section(sheet, changes, Fate::Unchanged, "Unchanged");
    let moved = |kind: &&[Change]| {
        let moved =
            |change: &Change| !change.cases.joined.is_empty() || !change.cases.left.is_empty();
        all || kind.iter().any(moved)
    };
    let lines: Vec<_> = kinds.into_iter().filter(moved).map(line).collect();
    if !lines.is_empty() && !all {
        sheet.line(Mark::Aside, "Of these, in other cases than before:");
    }
    list(sheet, lines, all);
}

fn turns(sheet: &mut Sheet, words: &str, turns: &[Turn], all: bool) {
    for alike in turns.chunk_by(|a, b| a.verdict == b.verdict) {
        let Some(first) = alike.first() else { continue };
        let cases: Vec<&str> =
            alike.iter().flat_map(|turn| turn.cases.iter().map(String::as_str)).collect();
        let cases = distinct(cases);
        sheet.title(format!("{words} {}: {}", first.verdict, counted(cases.len(), "case")));
        let line = |turn: &Turn| {
            let cases: Vec<&str> = turn.cases.iter().map(String::as_str).collect();
            let reason = shorten(&one_line(&turn.reason), REASON_LIMIT);
            match reason.is_empty() {
                true => names(&cases),
                false => format!("{reason}: {}: {}", counted(cases.len(), "case"), names(&cases)),
            }
        };
        list(sheet, alike.iter().map(line).collect(), all);
    }
}

/// Writes a list, as much of it as is wanted.
fn list(sheet: &mut Sheet, mut lines: Vec<String>, all: bool) {
    let more = lines.len().saturating_sub(if all { lines.len() } else { MOST_LINES });
    lines.truncate(lines.len() - more);
    sheet.items(lines);
    if more > 0 {
        sheet.line(
            Mark::Aside,
            format!("{} not shown (verbose shows them)", counted(more, "more line")),
        );
    }
}
