//! The report for a terminal or a CI log: figures first, then what failed, then why.
//!
//! Lines keep to the width asked for, with one exception: a reproduction stays pasteable.

mod app;
mod figures;
mod page;
mod sheet;

use std::collections::BTreeMap;

use crate::outcome::{
    CaseOutcome, Finding, KnownStanding, Level, NOT_SMALLER, Phase, Run, Tally, Verdict,
};
use crate::report::grades::Grades;
use crate::report::summary::{FindingGroup, Reason, Summary, gravest, left_out};
use crate::report::text::{counted, one_line, shorten, visible};
use page::{Page, TEXT_LIMIT, Tone};
pub use sheet::sheet;

/// How to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to use colour codes.
    pub colour: bool,
    /// Columns to keep to; less than 40 counts as 40.
    pub width: usize,
    /// Whether to show what passed, every note, and long texts at greater length.
    pub verbose: bool,
}

/// Returns the report of a run as text.
pub fn render(run: &Run, style: Style) -> String {
    let summary = Summary::of(run);
    let mut page = Page::new(style);
    header(&mut page, run, &summary);
    levels(&mut page, run, &summary);
    if let Some(generated) = &run.generated {
        figures::figures(&mut page, generated);
    }
    operations(&mut page, run);
    if let Some(grades) = Grades::of(&summary).line() {
        page.gap();
        page.line(Tone::Plain, &grades);
    }
    findings(&mut page, run, "Findings that fail", summary.failing());
    notes(&mut page, run, &summary);
    flaky(&mut page, &summary);
    reasons(&mut page, "Unsupported, by declined operation", &summary.unsupported);
    reasons(&mut page, "Skipped", &summary.skipped);
    reasons(&mut page, "Indeterminate", &summary.indeterminate);
    leaked(&mut page, &summary);
    known(&mut page, run, &summary);
    if let Some(view) = &run.app {
        app::app(&mut page, view, run);
    }
    page.gap();
    page.line(tone(run), &summary.conclusion(run));
    page.finish()
}

/// Returns the line that a log without a progress bar gets for each finished case.
pub fn line(outcome: &CaseOutcome) -> String {
    let (level, verdict) = gravest(outcome).unwrap_or((outcome.level, &Verdict::Pass));
    let case = one_line(&outcome.case);
    let mut text = format!("{:<13} {case} ({} ms)", verdict.name(), outcome.elapsed_ms);
    if level != outcome.level {
        text += &format!(", {level}");
    }
    match verdict {
        Verdict::Unsupported { operation } => text += &format!(": {}", one_line(operation)),
        Verdict::Skipped { reason }
        | Verdict::Known { reason }
        | Verdict::Indeterminate { reason } => {
            text += &format!(": {}", shorten(&one_line(reason), LINE_LIMIT));
        }
        Verdict::Fail | Verdict::Flaky => {
            let broken = outcome.findings.iter().find(|f| f.is_news() && f.level == level);
            if let Some(finding) = broken {
                let expected = shorten(&one_line(&finding.expected), LINE_LIMIT);
                let actual = shorten(&one_line(&finding.actual), LINE_LIMIT);
                text +=
                    &format!(": {}: expected {expected}; got {actual}", one_line(&finding.step));
            }
        }
        Verdict::Pass | Verdict::Note => {}
    }
    text
}

/// Longest text of a target in a one-line report, in characters.
const LINE_LIMIT: usize = 200;

/// Longest line of the request of a generated finding, in characters: its sequence can be played
/// again as it is, whatever its values are.
const LONGEST_REQUEST: usize = 600;

/// Returns the text of one case for a test runner: its verdicts, then every finding that fails.
pub fn case(outcome: &CaseOutcome) -> String {
    let mut page = Page::new(Style { colour: false, width: 100, verbose: false });
    page.line(Tone::Plain, &outcome.title);
    for (level, verdict) in &outcome.verdicts {
        let reason = match verdict {
            Verdict::Unsupported { operation } => format!(": {operation}"),
            Verdict::Skipped { reason }
            | Verdict::Known { reason }
            | Verdict::Indeterminate { reason } => {
                format!(": {reason}")
            }
            _ => String::new(),
        };
        page.line(Tone::Plain, &one_line(&format!("{level}: {}{reason}", verdict.name())));
    }
    let run = Run { cases: vec![outcome.clone()], ..Run::default() };
    findings(&mut page, &run, "Findings that fail", Summary::of(&run).failing());
    page.finish()
}

fn header(page: &mut Page, run: &Run, summary: &Summary<'_>) {
    let version = run.target_version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
    let models: Vec<_> = run.models.iter().map(|(id, date)| format!("{id} {date}")).collect();
    let against = run.against.as_deref().map(|other| format!(" against {other}"));
    let first = format!("target {}{version}{}", run.target, against.unwrap_or_default());
    page.line(Tone::Strong, &one_line(&first));
    let rest =
        format!("harness {}, models {}, seed {}", run.harness, models.join(" and "), run.seed);
    page.line(Tone::Plain, &one_line(&rest));
    if let Some(words) = run.selection.as_ref().filter(|words| !words.is_empty()) {
        page.line(Tone::Plain, &one_line(&format!("selected with {}", words.join(" "))));
    }
    let cases = match run.complete {
        true => counted(run.cases.len(), "case"),
        false => format!("{} of {}", run.cases.len(), counted(run.planned, "case")),
    };
    let seconds = run.elapsed_ms as f64 / 1000.0;
    page.line(Tone::Plain, &format!("{cases}, {} requests, {seconds:.1} s", summary.requests));
    if let Some(left_out) = left_out(run) {
        page.line(Tone::Unsure, &format!("incomplete: {left_out}"));
    }
}

fn levels(page: &mut Page, run: &Run, summary: &Summary<'_>) {
    let mut heads = vec![
        "level", "pass", "note", "fail", "flaky", "unsupp.", "skipped", "indet.", "total",
        "diverg.", "cover.",
    ];
    let listed = run.by_level().values().any(|tally| tally.known > 0);
    if listed {
        heads.insert(4, "known");
    }
    let rows = run.by_level().into_iter().map(|(level, tally)| {
        let share = |part: Option<f64>| match part {
            Some(part) if summary.scored => format!("{:.1}%", part * 100.0),
            _ => "-".to_owned(),
        };
        let mut row = vec![(Tone::Plain, level.name().to_owned())];
        let shown = kinds(&tally).filter(|kind| listed || kind.letter != 'k');
        row.extend(shown.map(|kind| (kind.tone(), kind.count.to_string())));
        row.push((Tone::Plain, tally.total().to_string()));
        row.push((Tone::Plain, share(tally.divergence())));
        row.push((Tone::Plain, share(tally.coverage())));
        row
    });
    page.gap();
    page.table(&heads, rows.collect(), 1);
    if !summary.scored {
        page.line(Tone::Dim, "No score: the run is incomplete or has indeterminate cases.");
    }
}

fn operations(page: &mut Page, run: &Run) {
    let table = run.by_operation();
    let all_pass = |tally: &Tally| tally.pass == tally.total();
    let shown: BTreeMap<_, _> = table
        .iter()
        .filter(|(_, levels)| page.style().verbose || !levels.values().all(all_pass))
        .collect();
    let hidden = table.len() - shown.len();
    page.gap();
    if shown.is_empty() {
        page.line(
            Tone::Plain,
            &format!("{}: every case passes on its own level.", counted(hidden, "operation")),
        );
        return;
    }
    let present: Vec<Level> = Level::ALL
        .into_iter()
        .filter(|level| shown.values().any(|levels| levels.contains_key(level)))
        .collect();
    let mut heads = vec!["operation"];
    heads.extend(present.iter().map(|level| level.name()));
    let rows = shown.into_iter().map(|(operation, levels)| {
        let mut row = vec![(Tone::Plain, one_line(operation))];
        row.extend(present.iter().map(|level| cell(levels.get(level))));
        row
    });
    page.table(&heads, rows.collect(), 2);
    let known = table.values().flat_map(|levels| levels.values()).any(|tally| tally.known > 0);
    let known = if known { "k known, " } else { "" };
    let legend = format!(
        "p pass, n note, f fail, {known}y flaky, u unsupported, s skipped, i indeterminate"
    );
    page.line(Tone::Dim, &legend);
    if hidden > 0 {
        page.line(
            Tone::Dim,
            &format!("{}: every case passes on its own level.", counted(hidden, "more operation")),
        );
    }
}

/// Returns one cell of the table of operations: each kind of verdict with its count.
fn cell(tally: Option<&Tally>) -> (Tone, String) {
    let Some(tally) = tally else { return (Tone::Plain, String::new()) };
    let present: Vec<_> = kinds(tally).filter(|kind| kind.count > 0).collect();
    let words: Vec<_> =
        present.iter().map(|kind| format!("{}{}", kind.count, kind.letter)).collect();
    let tone = present.iter().map(Kind::tone).max().unwrap_or(Tone::Plain);
    (tone, words.join(" "))
}

/// One kind of verdict in a tally.
struct Kind {
    count: usize,
    letter: char,
}

impl Kind {
    fn tone(&self) -> Tone {
        match self.letter {
            'f' | 'y' if self.count > 0 => Tone::Bad,
            'i' if self.count > 0 => Tone::Unsure,
            _ => Tone::Plain,
        }
    }
}

fn kinds(tally: &Tally) -> impl Iterator<Item = Kind> {
    let kinds = [
        (tally.pass, 'p'),
        (tally.note, 'n'),
        (tally.fail, 'f'),
        (tally.known, 'k'),
        (tally.flaky, 'y'),
        (tally.unsupported, 'u'),
        (tally.skipped, 's'),
        (tally.indeterminate, 'i'),
    ];
    kinds.into_iter().map(|(count, letter)| Kind { count, letter })
}

fn findings<'a, 'b: 'a>(
    page: &mut Page,
    run: &Run,
    title: &str,
    groups: impl Iterator<Item = &'a FindingGroup<'b>>,
) {
    let groups: Vec<_> = groups.collect();
    if groups.is_empty() {
        return;
    }
    page.gap();
    page.line(Tone::Strong, &format!("{title}: {}", groups.len()));
    for (number, group) in (1..).zip(groups) {
        finding(page, number, group);
        let first = group.first;
        match &first.scenario {
            Some(scenario) => {
                let small = !scenario.starts_with(NOT_SMALLER);
                page.verbatim(
                    if small { "smallest sequence:" } else { "sequence:" },
                    steps(scenario, page.style().verbose).into_iter(),
                );
                let request = first.curl.lines().chain(first.aws_cli.lines());
                let request = request.map(|line| shorten(line, LONGEST_REQUEST));
                page.verbatim("reproduce:", [again(run, first)].into_iter().chain(request));
            }
            None => {
                let lines = [again(run, first), first.curl.clone()];
                page.verbatim("reproduce:", lines.into_iter().filter(|line| !line.is_empty()));
            }
        }
    }
}

fn notes(page: &mut Page, run: &Run, summary: &Summary<'_>) {
    let count = summary.notes().count();
    if page.style().verbose {
        findings(page, run, "Notes", summary.notes());
    } else if count > 0 {
        page.gap();
        page.line(Tone::Dim, &format!("{} not shown (verbose shows them)", counted(count, "note")));
    }
}

fn finding(page: &mut Page, number: usize, group: &FindingGroup<'_>) {
    let first = group.first;
    let limit = if page.style().verbose { TEXT_LIMIT } else { 400 };
    let text = |text: &str| shorten(&visible(text), limit);
    let json = |value: &serde_json::Value| shorten(&one_line(&value.to_string()), limit);
    let operation = match (first.operation.as_str(), group.operations.len()) {
        ("", _) if first.pointer.starts_with("events") => "a function".to_owned(),
        ("", _) => "a raw request".to_owned(),
        (operation, 0 | 1) => operation.to_owned(),
        (operation, count) => format!("{operation} and {} more", count - 1),
    };
    // What a case expects is told by its name; what holds for every exchange, by the check's. All
    // that a generated case expects is that a sound call succeeds.
    let name = match first.check.as_str() {
        "expectation" if first.scenario.is_some() || Phase::of(&first.case).is_some() => {
            let success = (200..300).contains(&first.exchange.status);
            match success {
                true if first.actual == "absent" => "a sound call's answer lacks a promised member",
                true => "a sound call's answer is not the promised one",
                false => "a sound call is refused",
            }
        }
        "expectation" => first.case.rsplit("::").next().unwrap_or_default(),
        check => check,
    };
    let place = if first.pointer.is_empty() { "" } else { ", " };
    let title = format!("{number}. {name}: {operation}{place}{}", first.pointer);
    let flaky = if group.flaky { " (flaky)" } else { "" };
    let tone = if first.fails { Tone::Bad } else { Tone::Strong };
    page.gap();
    page.line(tone, &(one_line(&title) + flaky));
    let mut rows = Vec::new();
    if group.operations.len() > 1 {
        rows.push(("operations", several(page, &group.operations)));
    }
    let others = match group.cases.len() {
        0 | 1 => String::new(),
        cases => format!(", and {}", counted(cases - 1, "more case")),
    };
    rows.push(("case", one_line(&format!("{}, {}{others}", first.case, first.step))));
    rows.push(("promise", text(&group.promise())));
    let rule = first.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    rows.push(("evidence", text(&format!("{}: {}{rule}", group.evidence(), first.source))));
    rows.push(("came back", text(&group.came_back())));
    if !first.exchange.is_absent() {
        let exchange = &first.exchange;
        rows.push(("request", json(&exchange.request)));
        rows.push(("response", format!("{} {}", exchange.status, json(&exchange.response))));
    }
    page.fields(&rows);
}

/// Returns the command that plays a finding's case again; empty where no target is known.
pub(crate) fn again(run: &Run, finding: &Finding) -> String {
    if run.target.is_empty() {
        return String::new();
    }
    let phase = Phase::of(&finding.case);
    // The ids of written cases are words; what came from a file is called by its path.
    let replayed = phase.is_some() || finding.case.contains(['/', '.', '#']);
    let command = if replayed { "replay" } else { "run" };
    let (target, seed) = (one_line(&run.target), run.seed);
    let mut words = vec![format!("cognito-conformance {command} --target {target} --seed {seed}")];
    let matters = |flag: &&String| match flag.split('=').next() {
        Some("--max-steps") => phase == Some(Phase::Random),
        Some("--dictionary") => phase.is_some(),
        Some("--only-operations-of") => phase == Some(Phase::Random),
        _ => true,
    };
    words.extend(run.flags.iter().filter(matters).map(|flag| one_line(flag)));
    words.push(quoted(&finding.case));
    words.join(" ")
}

/// Returns a word of a shell command, in quotes where it needs them.
fn quoted(word: &str) -> String {
    let word = one_line(word);
    let plain = |c: char| c.is_alphanumeric() || "-_./:#".contains(c);
    if word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Returns the lines of a sequence; unless all is wanted, what its steps do and expect, long lines
/// shortened: the finding above has said what the rest says, and a file with all of it is saved.
fn steps(scenario: &str, all: bool) -> Vec<String> {
    if all {
        return scenario.lines().map(str::to_owned).collect();
    }
    let aside = ["unmodelled: ", "one_fault: ", "evidence: ", "source: ", "level: "];
    let is_aside = |line: &&str| aside.iter().any(|key| line.trim_start().starts_with(key));
    let start = scenario.find("steps:\n").unwrap_or_default();
    // What the steps do not show is said before the file.
    let remarks = scenario.lines().take_while(|line| line.starts_with('#'));
    let lines = remarks.chain(scenario[start..].lines().filter(|line| !is_aside(line)));
    lines.map(|line| shorten(line, LINE_LIMIT)).collect()
}

/// Lists operations, a few of them unless everything is wanted.
fn several(page: &Page, operations: &std::collections::BTreeSet<&str>) -> String {
    let limit = if page.style().verbose { operations.len() } else { 8 };
    let mut text = operations.iter().take(limit).copied().collect::<Vec<_>>().join(", ");
    if operations.len() > limit {
        text += &format!(" and {} more", operations.len() - limit);
    }
    one_line(&text)
}

fn flaky(page: &mut Page, summary: &Summary<'_>) {
    if summary.flaky.is_empty() {
        return;
    }
    page.gap();
    page.line(Tone::Strong, "Flaky: broken at first, kept when run again");
    for (case, level) in &summary.flaky {
        page.item(&one_line(&format!("{case}, {level}")));
    }
}

fn reasons(page: &mut Page, title: &str, reasons: &[Reason<'_>]) {
    if reasons.is_empty() {
        return;
    }
    page.gap();
    page.line(Tone::Strong, title);
    for reason in reasons {
        let text = shorten(&one_line(reason.text), LINE_LIMIT);
        page.item(&format!("{}: {text}", counted(reason.cases.len(), "case")));
    }
}

fn leaked(page: &mut Page, summary: &Summary<'_>) {
    if summary.leaked.is_empty() {
        return;
    }
    page.gap();
    page.line(Tone::Strong, "Left behind on the target");
    for (case, resource) in &summary.leaked {
        page.item(&one_line(&format!("{resource} ({case})")));
    }
}

/// Lists what the list of known failures names, in short, and what is wrong with that list.
fn known(page: &mut Page, run: &Run, summary: &Summary<'_>) {
    let Some(list) = &run.known else { return };
    let groups: Vec<_> = summary.known().collect();
    let cases: std::collections::BTreeSet<_> = groups.iter().flat_map(|g| &g.cases).collect();
    let (file, cases) = (one_line(&list.file), counted(cases.len(), "case"));
    page.gap();
    let title = format!("Known failures, of {file}: {} in {cases}", groups.len());
    page.line(Tone::Strong, &title);
    if page.style().verbose {
        for group in groups {
            let Finding { check, pointer, known, .. } = group.first;
            let operations = several(page, &group.operations);
            let reason = known.as_deref().unwrap_or_default();
            let text = format!("{check}: {operations}, {pointer}: {reason}");
            page.item(&shorten(&one_line(&text), TEXT_LIMIT));
        }
    }
    let unsaid = list.entries.iter().filter_map(|entry| match &entry.standing {
        KnownStanding::Unsaid { why } => Some((entry, why)),
        _ => None,
    });
    let unsaid: Vec<_> = unsaid.collect();
    if !unsaid.is_empty() {
        let count = counted(unsaid.len(), "listed place");
        let verbose = page.style().verbose;
        let hint = if verbose { "" } else { " (verbose shows them)" };
        page.line(Tone::Dim, &format!("{count} about which this run says nothing{hint}"));
        for (entry, why) in unsaid.iter().filter(|_| verbose) {
            page.item(&one_line(&format!("{file}:{}: {}: {why}", entry.line, entry.what())));
        }
    }
    for complaint in list.complaints() {
        page.line(Tone::Bad, &one_line(&complaint));
    }
}

fn tone(run: &Run) -> Tone {
    match run.conclusion().exit_code() {
        0 => Tone::Good,
        1 | 2 => Tone::Bad,
        _ => Tone::Unsure,
    }
}
