//! The run as JUnit XML, for CI services.
//!
//! A suite is an area (`cognito-idp::sign-up`), a test case is a case. A finding that fails is a
//! `<failure>`, as is a flaky verdict, and an entry of the list of known failures that is fixed; what
//! leaves a case without a judgement is an `<error>`, as is an entry to which nothing corresponds;
//! known, unsupported and skipped cases are `<skipped>` with the reason; notes are in `<system-out>`.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::outcome::{
    AppCall, CaseOutcome, Conclusion, Finding, KnownEntry, KnownFailures, NOT_SMALLER, Run, Trust,
    Verdict,
};
use crate::report::summary::{Summary, gravest, left_out, promise};
use crate::report::terminal::again;
use crate::report::text::{one_line, shorten, visible};

/// Returns the run as a JUnit XML document.
pub fn render(run: &Run) -> String {
    let mut areas = BTreeMap::<&str, Vec<TestCase>>::new();
    for outcome in &run.cases {
        let (area, behaviour) = outcome.case.rsplit_once("::").unwrap_or(("", &outcome.case));
        areas.entry(area).or_default().push(test_case(run, outcome, area, behaviour));
    }
    let mut report = Report::new("cognito-conformance");
    report.set_time(Duration::from_millis(run.elapsed_ms));
    for (area, cases) in areas {
        report.add_test_suite(suite(run, area, cases));
    }
    if let Some(list) = &run.known {
        let cases = listed(list);
        if !cases.is_empty() {
            report.add_test_suite(suite(run, "known failures", cases));
        }
    }
    if let Some(view) = &run.app {
        report.add_test_suite(suite(run, "application", view.calls.iter().map(app_call).collect()));
    }
    // CI judges by the cases alone: a conclusion that none of them shows gets one of its own.
    let shown = report.failures + report.errors > 0;
    let withheld = !run.withheld.is_empty();
    if run.was_interrupted() || withheld || (!shown && run.conclusion() != Conclusion::Conformant) {
        report.add_test_suite(suite(run, "run", vec![conclusion(run)]));
    }
    report.to_string().expect("an XML document in memory can be written, its text being UTF-8")
}

/// Longest text of one member of a finding, in characters.
const TEXT_LIMIT: usize = 10_000;

fn suite(run: &Run, name: &str, cases: Vec<TestCase>) -> TestSuite {
    let mut suite = TestSuite::new(one_line(name));
    let mut property = |name: &str, value: &str| {
        suite.add_property(Property::new(name, one_line(value)));
    };
    property("target", &run.target);
    if let Some(version) = &run.target_version {
        property("target-version", version);
    }
    if let Some(against) = &run.against {
        property("against", against);
    }
    property("harness", &run.harness);
    property("seed", &run.seed.to_string());
    if let Some(left_out) = left_out(run) {
        property("incomplete", &left_out);
    }
    suite.set_time(cases.iter().filter_map(|case| case.time).sum());
    suite.add_test_cases(cases);
    suite
}

fn test_case(run: &Run, outcome: &CaseOutcome, area: &str, behaviour: &str) -> TestCase {
    let mut case = TestCase::new(one_line(behaviour), status(run, outcome));
    case.set_classname(one_line(area));
    case.set_time(Duration::from_millis(outcome.elapsed_ms));
    let out = aside(outcome);
    if !out.is_empty() {
        case.set_system_out(out);
    }
    case
}

fn status(run: &Run, outcome: &CaseOutcome) -> TestCaseStatus {
    let Some((level, verdict)) = gravest(outcome) else { return TestCaseStatus::success() };
    match verdict {
        Verdict::Pass | Verdict::Note => TestCaseStatus::success(),
        Verdict::Flaky if !outcome.has_news() => {
            skipped("known", "known failure, which came once and not again")
        }
        Verdict::Fail | Verdict::Flaky => failure(run, outcome, verdict),
        Verdict::Indeterminate { reason } => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("indeterminate").set_message(brief(&format!("{level}: {reason}")));
            status
        }
        Verdict::Unsupported { operation } => {
            skipped("unsupported", &format!("the target declines {operation}"))
        }
        Verdict::Skipped { reason } => skipped("skipped", reason),
        Verdict::Known { reason } => skipped("known", &format!("known failure: {reason}")),
    }
}

/// Returns the one failure of a case: the first finding names it, all of them are its text.
fn failure(run: &Run, outcome: &CaseOutcome, verdict: &Verdict) -> TestCaseStatus {
    let failing: Vec<_> = outcome.findings.iter().filter(|finding| finding.is_news()).collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    let (kind, message) = match failing.first() {
        Some(first) => (first.check.as_str(), title(first)),
        None => (verdict.name(), outcome.title.clone()),
    };
    let flaky = if matches!(verdict, Verdict::Flaky) { "flaky: " } else { "" };
    status.set_type(one_line(kind)).set_message(brief(&format!("{flaky}{message}")));
    let text: Vec<_> = failing.iter().map(|finding| details(run, finding)).collect();
    status.set_description(text.join("\n\n"));
    status
}

fn skipped(kind: &str, reason: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_type(kind).set_message(brief(reason));
    status
}

fn brief(text: &str) -> String {
    shorten(&one_line(text), 500)
}

fn title(finding: &Finding) -> String {
    let Finding { operation, step, expected, actual, .. } = finding;
    let operation = if operation.is_empty() { "raw request" } else { operation };
    format!("{step}, {operation}: expected {expected}; got {actual}")
}

fn details(run: &Run, finding: &Finding) -> String {
    let rule = finding.rule.as_deref().map(|rule| format!(", rule {rule}")).unwrap_or_default();
    let exchange = &finding.exchange;
    let places = [&finding.step, &finding.operation, &finding.pointer];
    let places: Vec<_> = places.into_iter().filter(|place| !place.is_empty()).cloned().collect();
    let mut members = vec![
        ("finding", format!("{} ({}, {})", finding.check, finding.level, finding.id)),
        ("where", places.join(", ")),
        ("promise", promise(finding)),
        ("evidence", format!("{}: {}{rule}", finding.evidence, finding.source)),
        ("came back", finding.actual.clone()),
    ];
    if !exchange.is_absent() {
        members.push(("request", exchange.request.to_string()));
        members.push(("response", format!("{} {}", exchange.status, exchange.response)));
    }
    if !finding.curl.is_empty() {
        members.push(("reproduce", finding.curl.clone()));
    }
    if let Some(scenario) = &finding.scenario {
        members.push(("again", again(run, finding)));
        let small = !scenario.starts_with(NOT_SMALLER);
        let label = if small { "smallest sequence" } else { "sequence" };
        members.push((label, format!("\n{scenario}")));
    }
    let lines = members
        .into_iter()
        .map(|(label, text)| format!("{label}: {}", shorten(&visible(&text), TEXT_LIMIT)));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns a test case for one call of an application: whether it can be trusted.
fn app_call(call: &AppCall) -> TestCase {
    let status = match call.trust {
        Trust::Trusted => TestCaseStatus::success(),
        Trust::Untested => skipped("untested", "no case that calls it so came to a verdict"),
        Trust::Unsupported => skipped("unsupported", "the target declines it"),
        Trust::Differs => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let ids: Vec<_> = call.findings.iter().map(String::as_str).collect();
            status.set_type("differs").set_message(brief(&format!("findings {}", ids.join(" "))));
            status
        }
    };
    let mut case = TestCase::new(one_line(&call.operation), status);
    case.set_classname("application");
    case
}

/// Returns what is worth reading beside the status: other verdicts, notes, what was left behind.
fn aside(outcome: &CaseOutcome) -> String {
    let mut lines = Vec::new();
    let worst = gravest(outcome).map(|(level, _)| level);
    for (level, verdict) in &outcome.verdicts {
        if Some(*level) != worst && !matches!(verdict, Verdict::Pass) {
            lines.push(format!("{level}: {}", verdict.name()));
        }
    }
    for known in outcome.findings.iter().filter(|finding| finding.fails) {
        if let Some(reason) = &known.known {
            let (check, title) = (one_line(&known.check), brief(&title(known)));
            lines.push(format!("known: {check}: {title}; listed: {}", brief(reason)));
        }
    }
    for note in outcome.findings.iter().filter(|finding| !finding.fails) {
        lines.push(format!("note: {}: {}", one_line(&note.check), brief(&title(note))));
    }
    lines.extend(outcome.leaked.iter().map(|what| format!("left behind: {}", brief(what))));
    lines.join("\n")
}

/// Returns a test case for each entry of the list of known failures that has to go or is wrong.
fn listed(list: &KnownFailures) -> Vec<TestCase> {
    let case = |entry: &KnownEntry, kind, word: &str, message: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        let at = format!("{}:{}", list.file, entry.line);
        status.set_type(word).set_message(brief(&format!("{at}: {word}: {message}")));
        let mut case = TestCase::new(one_line(&entry.what()), status);
        case.set_classname("known failures");
        case
    };
    let fixed = list.fixed().map(|entry| {
        let message = "it fails no more: remove the line";
        case(entry, NonSuccessKind::Failure, "fixed", message)
    });
    let wrong =
        list.wrong().map(|(entry, word, why)| case(entry, NonSuccessKind::Error, word, &why));
    fixed.chain(wrong).collect()
}

/// Returns a test case that stands for the run itself.
fn conclusion(run: &Run) -> TestCase {
    let kind = match run.conclusion() {
        Conclusion::Divergent if !run.was_interrupted() => NonSuccessKind::Failure,
        _ => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type("run").set_message(brief(&Summary::of(run).conclusion(run)));
    let mut case = TestCase::new("conclusion", status);
    case.set_classname("run");
    case
}
