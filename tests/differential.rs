//! `compare` and `diff` as a user meets them: what they print, and what they exit with.

#[path = "support/sample_run.rs"]
mod sample_run;

use std::path::PathBuf;
use std::process::Command;

use cognito_conformance::outcome::{Level, Run, Verdict};
use cognito_conformance::report::{json, terminal};
use sample_run::{clean, filled_with, sample};
use tempfile::TempDir;

/// Saved runs in a folder of their own.
struct Saved {
    folder: TempDir,
}

impl Saved {
    fn new(runs: &[(&str, &Run)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, run) in runs {
            json::write(&folder.path().join(name), run).expect("writable");
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary in the folder; returns its exit code and what it prints.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
            .args(arguments)
            .env_remove("NO_COLOR")
            .current_dir(self.folder.path())
            .output()
            .expect("the binary runs");
        let text = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        (output.status.code(), text.concat())
    }

    /// Runs the binary and checks its exit code and parts of what it prints, on either stream.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, parts: &[&str]) -> String {
        let (found, text) = self.run(arguments);
        assert_eq!(found, Some(code), "{text}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(words(&text).contains(&words(part)), "{part:?} is not in:\n{text}");
        }
        text
    }
}

/// Returns the sample, changed.
fn but(change: impl FnOnce(&mut Run)) -> Run {
    let mut run = sample();
    change(&mut run);
    run
}

/// Leaves a case of the sample without findings, as one that passes.
fn mend(run: &mut Run, case: &str) {
    let case = run.cases.iter_mut().find(|one| one.case.ends_with(case)).expect("a case");
    case.findings.clear();
    case.verdicts.values_mut().for_each(|verdict| *verdict = Verdict::Pass);
}

const GETS: &str = "unknown-user-is-refused-by-AdminGetUser";

#[test]
fn nothing_changed() {
    let saved = Saved::new(&[("base.json", &sample()), ("new.json", &sample())]);
    let parts = ["not worse: 0 new failures, 0 fixed, 2 unchanged (exit code 0)"];
    let text = saved.check(&["diff", "base.json", "new.json"], 0, &parts);
    assert!(!text.contains("Newly"), "{text}");
}

#[test]
fn what_was_mended_is_fixed_and_what_broke_is_new() {
    let mended = but(|run| mend(run, GETS));
    let saved = Saved::new(&[("base.json", &sample()), ("new.json", &mended)]);
    let fixed = ["Fixed: 1 finding", "error-contract: AdminGetUser, /__type", "1 fixed"];
    saved.check(&["diff", "base.json", "new.json"], 0, &fixed);
    let broke = ["New failures: 1 finding", "before pass in 1 case", "exit code 1"];
    saved.check(&["diff", "new.json", "base.json"], 1, &broke);
    let markdown =
        ["## New failures: 1 finding", "- **1. error-contract: AdminGetUser", "| level |"];
    saved.check(&["diff", "new.json", "base.json", "--format", "markdown"], 1, &markdown);
    let (code, text) = saved.run(&["diff", "new.json", "base.json", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
    let fates: Vec<_> = document["findings"].as_array().expect("a list").iter().collect();
    let new = fates.iter().filter(|one| one["fate"] == "new").count();
    assert_eq!((code, new, &document["format"]), (Some(1), 1, &1.into()));
}

#[test]
fn what_was_not_played_is_not_fixed() {
    let declined = but(|run| {
        let case = run.cases.iter_mut().find(|case| case.case.ends_with(GETS)).expect("a case");
        case.findings.clear();
        let declined = || Verdict::Unsupported { operation: "AdminGetUser".into() };
        case.verdicts.values_mut().for_each(|verdict| *verdict = declined());
    });
    let saved = Saved::new(&[("base.json", &sample()), ("new.json", &declined)]);
    let parts = [
        "Gone, but not every case that showed it says so: 1 finding",
        "Newly unsupported: 1 case",
        "0 fixed",
        "1 gone but unsaid",
    ];
    saved.check(&["diff", "base.json", "new.json"], 0, &parts);
}

#[test]
fn runs_that_were_not_asked_the_same_are_refused() {
    let fewer = but(|run| drop(run.cases.pop()));
    let other = but(|run| run.harness = "9.9.9".into());
    let short = but(|run| run.complete = false);
    let saved = Saved::new(&[
        ("base.json", &sample()),
        ("fewer.json", &fewer),
        ("other.json", &other),
        ("short.json", &short),
    ]);
    let refused = ["cannot be compared", "1 case of BASE not in NEW", "--allow-different"];
    saved.check(&["diff", "base.json", "fewer.json"], 2, &refused);
    saved.check(&["diff", "fewer.json", "base.json"], 0, &["not worse", "1 case in NEW only"]);
    saved.check(&["diff", "base.json", "other.json"], 2, &["harness: 0.1.0 (BASE), 9.9.9 (NEW)"]);
    saved.check(&["diff", "base.json", "short.json"], 2, &["completeness"]);
    let allowed = ["diff", "base.json", "other.json", "--allow-different"];
    saved.check(&allowed, 0, &["The runs differ in", "9.9.9 (NEW)"]);
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let saved = Saved::new(&[("run.json", &sample())]);
    let write = |name: &str, text: &str| std::fs::write(saved.path(name), text).expect("writable");
    write("cut.json", "{\"format\": 1");
    write("list.json", "[]");
    write("later.json", "{\"format\": 99}");
    write("bare.json", "{\"format\": 1, \"cases\": []}");
    write("case.json", "{\"format\": 1, \"cases\": [{}]}");
    for (name, part) in [
        ("cut.json", "cut.json: no run document: EOF while parsing an object at line 1 column 12"),
        ("list.json", "list.json: no run document"),
        ("later.json", "later.json: format `99` is not the one this version reads"),
        ("bare.json", "bare.json: no run document: missing field `harness`"),
        ("case.json", "case.json: no run document: missing field `case` at line 1 column"),
        ("none.json", "none.json: cannot be read"),
    ] {
        saved.check(&["diff", "run.json", name], 2, &[part]);
        saved.check(&["compare", name, "run.json"], 2, &[part]);
    }
    saved.check(&["compare", "run.json"], 2, &["2 values required"]);
    saved.check(
        &["compare", "run.json", "run.json", "--level", "wires"],
        2,
        &["did you mean `wire`?"],
    );
    let misspelt = ["compare", "run.json", "run.json", "--operation", "SingUp"];
    saved.check(&misspelt, 2, &["unknown operation `SingUp`, did you mean `SignUp`?"]);
    let absent = ["compare", "run.json", "run.json", "--level", "model"];
    saved.check(&absent, 2, &["nothing selected"]);
}

#[test]
fn targets_stand_side_by_side() {
    let other = but(|run| {
        run.target = "kumo".into();
        mend(run, GETS);
    });
    let saved = Saved::new(&[("moto.json", &sample()), ("kumo.json", &other)]);
    let parts = [
        "Fails on all 2 targets: 2 findings (3 ids)",
        "Fails on moto only: 1 finding",
        "targets moto fails in 1 case; kumo: not seen",
        "No score: incomplete, or with indeterminate cases: moto, kumo.",
        "Fails on none: 4 operations",
    ];
    saved.check(&["compare", "moto.json", "kumo.json"], 0, &parts);
    let one = ["compare", "moto.json", "kumo.json", "--operation", "AdminGetUser"];
    let parts = ["AdminGetUser, errors 100.0% / 100.0% 0.0% / 100.0%", "pass wire schema errors"];
    saved.check(&one, 0, &parts);
    let markdown = [&one[..], &["--format", "markdown"]].concat();
    saved.check(&markdown, 0, &["| divergence | wire | schema | errors |", "| moto | 0.0% |"]);
}

#[test]
fn figures_are_those_of_the_runs_own_reports() {
    let run = but(|run| run.cases.retain(|case| !case.case.contains("srp-signs-in")));
    let saved = Saved::new(&[("a.json", &run), ("b.json", &run)]);
    let (_, text) = saved.run(&["compare", "a.json", "b.json", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&text).expect("a document");
    let style = terminal::Style { colour: false, width: 200, verbose: false };
    let report = terminal::render(&run, style);
    let conclusion = document["runs"][0]["conclusion"].as_str().expect("a text");
    assert!(report.contains(conclusion), "{conclusion} is not in:\n{report}");
    for (level, tally) in run.by_level() {
        let rows = document["levels"].as_array().expect("a list");
        let row = rows.iter().find(|row| row["level"] == level.name()).expect("a row");
        assert_eq!(row["figures"][0]["tally"]["fail"], tally.fail, "{level}");
        let share = row["figures"][1]["divergence"].as_f64().map(|d| format!("{:.1}%", d * 100.0));
        let line = report.lines().find(|line| line.starts_with(level.name())).expect("a line");
        assert!(share.is_some_and(|share| line.contains(&share)), "{line}");
    }
}

#[test]
fn lines_keep_to_a_hundred_columns_where_nobody_looks_on() {
    let names = ["moto", "kumo", "ministack", "cognito-local", "cognitox", "floci", "localstack"];
    let runs: Vec<_> = names.map(|name| but(|run| run.target = name.into())).into();
    let files: Vec<String> = names.map(|name| format!("{name}.json")).into();
    let saved: Vec<_> = files.iter().map(String::as_str).zip(&runs).collect();
    let saved = Saved::new(&saved);
    let arguments: Vec<&str> =
        std::iter::once("compare").chain(files.iter().map(String::as_str)).collect();
    let text = saved.check(&arguments, 0, &["Fails on all 7 targets"]);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|width| width <= 100), "{widest:?}:\n{text}");
}

#[test]
fn texts_of_a_target_are_shown_and_not_obeyed() {
    let hostile = filled_with("\u{1b}[31mred\n| x | <script>");
    let saved = Saved::new(&[("a.json", &hostile), ("b.json", &clean()), ("c.json", &hostile)]);
    for format in ["terminal", "markdown", "json"] {
        for arguments in [
            vec!["compare", "a.json", "b.json", "c.json", "-v", "--format", format],
            vec!["diff", "b.json", "a.json", "-v", "--allow-different", "--format", format],
            vec!["diff", "a.json", "b.json", "-v", "--allow-different", "--format", format],
        ] {
            let (code, text) = saved.run(&arguments);
            assert!(code.is_some_and(|code| code < 2), "{text}");
            assert!(!text.contains('\u{1b}'), "{format}: {text}");
            assert!(format != "markdown" || !text.contains("<script>"), "{text}");
        }
    }
}

#[test]
fn a_brief_reading_forgets_what_was_exchanged_and_nothing_else() {
    let saved = Saved::new(&[("run.json", &sample())]);
    let brief = json::read_brief(&saved.path("run.json")).expect("a run");
    let mut whole = json::read(&saved.path("run.json")).expect("a run");
    assert!(whole.findings().any(|finding| finding.exchange.status > 0));
    for finding in whole.cases.iter_mut().flat_map(|case| &mut case.findings) {
        finding.curl.clear();
        finding.aws_cli.clear();
        finding.exchange = Default::default();
    }
    assert_eq!(brief, whole);
    assert!(brief.by_level().contains_key(&Level::Wire));
}
