//! Lists of known failures and frozen requirement sets as a user meets them, on the reference with
//! and without a fault.

use std::path::PathBuf;
use std::process::{Command, Output};

use cognito_conformance::outcome::{KnownEntry, KnownStanding};
use cognito_conformance::report::json;
use tempfile::TempDir;

/// A small run that finds something: the coverage of one operation on a broken reference.
const BROKEN: [&str; 9] = [
    "run",
    "--phase=coverage",
    "--operation=AdminGetUser",
    "--fault=enabled-is-always-true",
    "--seed=7",
    "--no-sdk",
    "--jobs=2",
    "--failures=none",
    "when-user-disabled",
];

/// The same run on the reference as it should be.
fn sound() -> Vec<&'static str> {
    BROKEN.into_iter().filter(|word| !word.starts_with("--fault")).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writable");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    /// Runs the binary in the folder.
    fn output(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
            .args(arguments)
            .env_remove("NO_COLOR")
            .current_dir(self.0.path())
            .output()
            .expect("the binary runs")
    }

    /// Runs the binary in the folder and checks its exit code and parts of what it prints, on
    /// either stream, white space aside.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, parts: &[&str]) -> String {
        let output = self.output(arguments);
        let text = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        let text = text.concat();
        assert_eq!(output.status.code(), Some(code), "{text}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(words(&text).contains(&words(part)), "{part:?} is not in:\n{text}");
        }
        text
    }

    /// A folder in which `list.yaml` lists what the broken run finds; its report is `broken.json`.
    fn listed() -> Self {
        let folder = Self::new();
        folder.check(&with(&BROKEN, &["--report-json=broken.json"]), 1, &["divergent"]);
        let update = ["known", "update", "--from=broken.json", "--out=list.yaml"];
        folder.check(&update, 0, &["2 added", "list.yaml is written"]);
        folder
    }
}

fn with<'a>(run: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [run, more].concat()
}

/// The broken run, held against the list.
fn held() -> Vec<&'static str> {
    with(&BROKEN, &["--known=list.yaml"])
}

/// Returns a list without the entry of a check.
fn without(list: &str, check: &str) -> String {
    let (head, entries) = list.split_once("known:\n").expect("a list");
    let kept: Vec<_> = entries
        .split("\n\n")
        .filter(|entry| !entry.contains(&format!("check: {check}\n")))
        .map(str::trim_end)
        .collect();
    format!("{head}known:\n{}\n", kept.join("\n\n"))
}

/// Returns the number of the first line that contains a text, from 1.
fn line_of(text: &str, part: &str) -> usize {
    1 + text.lines().position(|line| line.contains(part)).expect("a line")
}

#[test]
fn listed_failures_are_told_apart_and_fail_nothing() {
    let folder = Folder::listed();
    let files = ["--report-json=known.json", "--report-junit=junit.xml", "-v"];
    let parts = [
        "Known failures, of list.yaml: 2 in 2 cases",
        "read-your-writes: AdminGetUser, /Enabled: taken from a report of",
        "as expected: 2 findings of the list of known failures, no other fails",
        "model 0 0 0 2",
    ];
    let text = folder.check(&with(&held(), &files), 0, &parts);
    assert!(!text.contains("Findings that fail"), "{text}");
    let junit = folder.read("junit.xml");
    assert!(junit.contains("failures=\"0\" errors=\"0\""), "{junit}");
    assert!(junit.contains("<skipped message=\"known failure: taken from"), "{junit}");
    let run = json::read(&folder.path("known.json")).expect("a run");
    let list = run.known.as_ref().expect("what it says about the list");
    let fails = |entry: &KnownEntry| entry.standing == KnownStanding::Fails { cases: 2 };
    assert!(list.entries.len() == 2 && list.entries.iter().all(fails), "{list:?}");
    assert!(run.findings().filter(|f| f.fails).all(|f| f.known.is_some()));
    // A report of it says the same.
    folder.check(&["report", "known.json"], 0, &["as expected"]);
    folder.check(&with(&BROKEN, &["--no-known"]), 1, &["Findings that fail: 2"]);
}

#[test]
fn a_line_that_is_removed_makes_its_failure_new() {
    let folder = Folder::listed();
    folder.write("list.yaml", &without(&folder.read("list.yaml"), "read-your-writes"));
    let parts = [
        "1. read-your-writes: AdminGetUser, /Enabled",
        "Known failures, of list.yaml: 1 in 2 cases",
        "divergent: 1 finding in 2 failed cases",
    ];
    folder.check(&with(&held(), &["--report-junit=junit.xml"]), 1, &parts);
    assert!(folder.read("junit.xml").contains("<failure message=\"step"));
}

#[test]
fn a_line_that_is_fixed_has_to_go() {
    let folder = Folder::listed();
    let list = folder.read("list.yaml");
    let held = with(&sound(), &["--known=list.yaml"]);
    let at = line_of(&list, "check: read-your-writes");
    let at = at + line_of(&list[list.find("check: read-your").expect("it")..], "AdminGetUser:") - 1;
    let place = format!("list.yaml:{at}: fixed: read-your-writes of AdminGetUser at /Enabled: it");
    let parts = [place.as_str(), "divergent: 2 known failures no more (exit code 1)"];
    folder.check(&with(&held, &["--report-junit=junit.xml"]), 1, &parts);
    let junit = folder.read("junit.xml");
    assert!(junit.contains("testsuite name=\"known failures\" tests=\"2\""), "{junit}");
    assert!(junit.contains("failures=\"2\""), "{junit}");
    folder.write("list.yaml", "known: []\n");
    folder.check(&held, 0, &["conformant"]);
}

#[test]
fn a_run_of_other_cases_says_nothing_about_a_list() {
    let folder = Folder::listed();
    let list = "--known=list.yaml";
    folder.check(&["run", "readme", "--no-sdk", list], 0, &["2 listed places about which"]);
    let other: Vec<_> = sound()
        .into_iter()
        .map(|word| if word == "--seed=7" { "--seed=8" } else { word })
        .collect();
    let parts = ["was generated for seed 7, and is another case for seed 8"];
    folder.check(&with(&other, &[list, "-v"]), 0, &parts);
}

/// Adds an entry to the list and holds the broken run against it.
#[track_caller]
fn wrong(folder: &Folder, entry: &str, cause: &str) {
    let list = folder.read("list.yaml");
    let added = format!("{list}\n  - {{{entry}}}\n");
    folder.write("wrong.yaml", &added);
    let place = format!("wrong.yaml:{}: ", line_of(&added, entry));
    let run = with(&BROKEN, &["--known=wrong.yaml"]);
    let text = folder.check(&run, 2, &[cause]);
    assert!(text.contains(&place), "{place} is not in:\n{text}");
}

#[test]
fn an_entry_that_is_wrong_is_an_error_with_its_line() {
    let folder = Folder::listed();
    let wrong = |entry: &str, cause: &str| wrong(&folder, entry, cause);
    let of = |rest: &str| format!("reason: r, check: lockstep, {rest}");
    wrong(&of("operation: AdminGetUsr"), "unknown operation `AdminGetUsr`, did you mean `Admin");
    wrong(&of("case: redme"), "unknown case `redme`, did you mean `readme`?");
    wrong(&of("operation: SignUp, pointer: /UserSbu"), "did you mean `UserSub`?");
    wrong(&of("operation: SignUp, rule: user-disabledd"), "did you mean `user-disabled`?");
    wrong("reason: r, check: lockstepp, operation: SignUp", "did you mean `lockstep`?");
    wrong("reson: r, check: lockstep, operation: SignUp", "did you mean `reason`?");
    wrong(
        &of("operation: SignUp, expires: 2020-02-29"),
        "expired: the entry held until 2020-02-29",
    );
    wrong(&of("operation: AdminGetUser, pointer: /Enabled"), "redundant: line");
    let case = "case: \"cognito-idp::AdminGetUser::when-user-disabled\"";
    wrong(&of(&format!("{case}, pointer: /Enabled")), "covers all that shows of it");
    folder.check(&with(&BROKEN, &["--known=none.yaml"]), 2, &["cannot read `none.yaml`"]);
}

#[test]
fn an_entry_to_which_nothing_corresponds_is_an_error_with_its_line() {
    let folder = Folder::listed();
    let list = folder.read("list.yaml").replace("pointer: /Enabled", "pointer: /UserStatus");
    folder.write("list.yaml", &list);
    let parts = [
        "unmatched: read-your-writes of AdminGetUser at /UserStatus: what shows, in cognito-idp::",
        "is not listed: its `pointer` is `/Enabled`",
        "the list of known failures is wrong in 2 entries; 2 cases with failures",
    ];
    folder.check(&with(&held(), &["--report-junit=junit.xml"]), 2, &parts);
    assert!(folder.read("junit.xml").contains("<error message=\"list.yaml:"));
    let case = "cognito-idp::AdminGetUser::when-usr-disabled";
    let entry = format!("known:\n  - {{reason: r, check: lockstep, case: \"{case}\"}}\n");
    folder.write("list.yaml", &entry);
    folder.check(&held(), 1, &["1 listed place about which this run says nothing"]);
}

#[test]
fn versions_decide_what_is_in_force() {
    let folder = Folder::listed();
    let list = folder.read("list.yaml");
    let versioned = |condition: &str| {
        let more = format!("    version: \"{condition}\"\n    operations:");
        folder.write("list.yaml", &list.replace("    operations:", &more));
    };
    versioned("<99");
    folder.check(&held(), 0, &["as expected"]);
    versioned("<0.0.1");
    folder.check(&held(), 1, &["Findings that fail: 2"]);
    versioned("recent");
    folder.check(&held(), 2, &["`recent` is no condition, such as `<5.3` or `=5.2.5`"]);
}

#[test]
fn the_list_of_a_profile_is_its_neighbour() {
    let folder = Folder::listed();
    let profile = include_str!("../targets/reference.yaml");
    std::fs::create_dir(folder.path("targets")).expect("a folder");
    folder.write("targets/reference.yaml", profile);
    folder.check(&with(&BROKEN, &["--targets=targets"]), 1, &["divergent"]);
    let update = ["known", "update", "--from=broken.json", "--targets=targets"];
    folder.check(&update, 0, &["targets/reference.known.yaml is written"]);
    let known = ["Known failures, of targets/reference.known.yaml: 2 in 2 cases"];
    folder.check(&with(&BROKEN, &["--targets=targets"]), 0, &known);
    folder.check(&with(&BROKEN, &["--targets=targets", "--no-known"]), 1, &["divergent"]);
    folder.check(&["targets", "--targets=targets"], 0, &["reference"]);
}

#[test]
fn an_update_keeps_reasons_and_drops_what_is_fixed() {
    let folder = Folder::listed();
    let written = folder.read("list.yaml");
    let from = |report: &'static str| ["known", "update", report, "--out=list.yaml"];
    let check = |report: &'static str| with(&from(report), &["--check"]);
    folder.check(&check("--from=broken.json"), 0, &["0 added, 0 dropped, 2 kept", "as it should"]);
    assert_eq!(folder.read("list.yaml"), written);
    // What somebody wrote stays.
    let place = line_of(&written, "reason:");
    let mut lines: Vec<&str> = written.lines().collect();
    lines[place - 1] = "    reason: It knows no state.\n    issue: https://example.org/7";
    folder.write("list.yaml", &format!("{}\n", lines.join("\n")));
    folder.check(&from("--from=broken.json"), 0, &["0 added, 0 dropped, 2 kept"]);
    assert!(folder.read("list.yaml").contains("reason: It knows no state.\n    issue: https"));
    // What is new comes in, and what is fixed goes.
    folder.write("list.yaml", &without(&folder.read("list.yaml"), "read-your-writes"));
    let added = ["added read-your-writes of AdminGetUser at /Enabled", "would change"];
    folder.check(&check("--from=broken.json"), 1, &added);
    folder.check(&from("--from=broken.json"), 0, &["1 added, 0 dropped, 1 kept"]);
    folder.check(&with(&sound(), &["--report-json=sound.json"]), 0, &["conformant"]);
    let gone = ["dropped lockstep of AdminGetUser at /Enabled: it fails no more", "2 dropped"];
    folder.check(&from("--from=sound.json"), 0, &gone);
    assert!(folder.read("list.yaml").ends_with("known: []\n"));
    folder.check(&from("--from=none.json"), 2, &["none.json: cannot be read"]);
    folder.check(&["known", "update"], 2, &["--from"]);
}

#[test]
fn what_is_listed_is_no_news_to_a_comparison_either() {
    let folder = Folder::listed();
    folder.check(&with(&sound(), &["--report-json=sound.json"]), 0, &["conformant"]);
    folder.check(&with(&held(), &["--report-json=known.json"]), 0, &["as expected"]);
    folder.check(&["diff", "sound.json", "broken.json"], 1, &["worse: 2 new failures"]);
    let listed = ["not worse", "2 new failures", "listed"];
    folder.check(&["diff", "sound.json", "known.json"], 0, &listed);
    folder.check(&["diff", "broken.json", "known.json"], 0, &["0 new failures, 0 fixed, 2 unch"]);
    folder.check(&["diff", "known.json", "sound.json"], 0, &["0 new failures, 2 fixed"]);
    let compared = ["AdminGetUser 100.0% / 100.0% 100.0% / 100.0%", "model 2 0 0 0 0 0"];
    folder.check(&["compare", "broken.json", "known.json", "--level=model"], 0, &compared);
}

/// A folder of scenarios with a case and the set-ups, and a set that is frozen from it.
fn frozen() -> Folder {
    let folder = Folder::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    std::fs::create_dir_all(folder.path("scenarios/setup")).expect("a folder");
    std::fs::create_dir_all(folder.path("scenarios/recipes")).expect("a folder");
    for part in ["setup", "recipes"] {
        for entry in std::fs::read_dir(format!("{root}/{part}")).expect("a folder").flatten() {
            let to = folder.path("scenarios").join(part).join(entry.file_name());
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
    folder.write("scenarios/readme.yaml", include_str!("../scenarios/readme.yaml"));
    folder.write("scenarios/second.yaml", CASE);
    let freeze = ["--scenarios=scenarios", "requirements", "freeze", "then", "--out=sets"];
    folder.check(&freeze, 0, &["sets/then.yaml: 2 cases frozen"]);
    folder
}

const CASE: &str = "title: t\nwhy: w\nevidence: documented\nsource: s\nsetup: [client]\nsteps:\n  \
                    - call: ListUsers\n    with: { UserPoolId: \"${pool}\" }\n    \
                    expect: { output: { Users: [] } }\n";

const PLAY: [&str; 4] = ["--scenarios=scenarios", "run", "--profile=sets/then.yaml", "--no-sdk"];

#[test]
fn a_frozen_set_plays_its_cases_whatever_is_added() {
    let folder = frozen();
    folder.check(&PLAY, 0, &["selected with --profile=sets/then.yaml", "2 cases,", "conformant"]);
    folder.write("scenarios/third.yaml", &CASE.replace("[]", "[{ Username: nobody }]"));
    folder.check(
        &["--scenarios=scenarios", "run", "--phase=scenarios", "--no-sdk"],
        1,
        &["3 cases"],
    );
    folder.check(&PLAY, 0, &["2 cases,", "conformant"]);
    let refused = [&PLAY[..], &["--operation=ListUsers"]].concat();
    folder.check(&refused, 2, &["cannot be used with"]);
}

#[test]
fn a_case_that_asks_something_else_is_an_error_unless_it_is_withdrawn() {
    let folder = frozen();
    // Words for readers may change.
    folder.write("scenarios/second.yaml", &CASE.replace("title: t", "# mine\ntitle: better"));
    folder.check(&PLAY, 0, &["conformant"]);
    let set = folder.read("sets/then.yaml");
    let place = format!("sets/then.yaml:{}: case `second`", line_of(&set, "  second:"));
    folder.write("scenarios/second.yaml", &CASE.replace("[]", "[{ Username: x }]"));
    folder.check(&PLAY, 2, &[&place, "asks something else than when it was frozen"]);
    let check = ["--scenarios=scenarios", "requirements", "check", "sets/then.yaml"];
    folder.check(&check, 1, &[&place]);
    std::fs::remove_file(folder.path("scenarios/second.yaml")).expect("removed");
    folder.check(&PLAY, 2, &[&place, "is gone"]);
    let line = set.lines().find(|line| line.starts_with("  second:")).expect("a line");
    let withdrawn = set.replace(&format!("{line}\n"), "withdrawn:\n  second: it was wrong\n");
    folder.write("sets/then.yaml", &withdrawn);
    folder.check(&PLAY, 0, &["1 case,", "conformant"]);
    folder.check(&check, 0, &["then: 1 case as they were, 1 withdrawn"]);
    // What a set-up does is part of what is asked.
    let user_pool = folder.read("scenarios/setup/user-pool.yaml");
    folder.write("scenarios/setup/user-pool.yaml", &user_pool.replace("conformance-", "x-"));
    folder.check(&PLAY, 2, &["case `readme` asks something else"]);
}

#[test]
fn sets_are_named_and_never_overwritten() {
    let folder = frozen();
    folder.check(&["run", "--profile=2026-1", "--list"], 2, &["did you mean `2026-11`?"]);
    folder.check(&["run", "--profile=none.yaml"], 2, &["cannot read `none.yaml`"]);
    let freeze = ["--scenarios=scenarios", "requirements", "freeze", "then", "--out=sets"];
    folder.check(&freeze, 2, &["is there: a set that is frozen stays as it is"]);
    folder.check(&[&freeze[..], &["--replace"]].concat(), 0, &["2 cases frozen"]);
    let elsewhere = ["requirements", "freeze", "../x"];
    folder.check(&elsewhere, 2, &["`../x` is no name of a requirement set"]);
    let set = folder.read("sets/then.yaml");
    folder.write("sets/other.yaml", &set);
    folder.check(&["run", "--profile=sets/other.yaml"], 2, &["the set is called `then`"]);
    folder.write("sets/then.yaml", &set.replace("cases:", "csaes:"));
    folder.check(&PLAY, 2, &["sets/then.yaml:", "unknown key `csaes`, did you mean `cases`?"]);
}

/// After a case of the set has turned out wrong, name it under `withdrawn` with the reason; new
/// cases are for the next set.
#[test]
fn the_committed_sets_still_hold() {
    let folder = Folder::new();
    folder.check(&["requirements", "check"], 0, &["2026-11:", "cases as they were"]);
}
