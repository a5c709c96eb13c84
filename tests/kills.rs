//! Is each named fault still caught by the default suite, and by what it was?
//!
//! `tests/kills.txt` holds, for each fault, the check whose finding is the first to show it. Where
//! cases or checks have changed: `UPDATE_KILLS=1 cargo test --release --test kills`, and read the
//! diff. Unless `KILLS=all` is set, a share of the faults is played: all of them take minutes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use cognito_conformance::kills::{Kill, Prober, Settings, Until};
use cognito_conformance::nulls::Kind;
use cognito_conformance::reference::faults::{self, NamedFault};
use cognito_conformance::report;
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::suite::{Sources, Suite};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kills.txt");

/// One fault of so many is played.
const SHARE: usize = 8;

/// Faults that show by chance: of calls at the same time.
const RACES: [&str; 2] = ["concurrent-groups-both-win", "concurrent-users-both-win"];

fn prober() -> Prober {
    let sources = Sources::default();
    let suite = Suite::load(&sources).expect("the committed suite loads");
    let recipes = Recipes::load(&sources.scenarios, &suite.catalogue).expect("the recipes load");
    let settings = Settings {
        seed: 1,
        jobs: 4,
        random: 200,
        max_steps: 20,
        until: Until::Caught,
        plain_http: true,
    };
    Prober::new(&suite, Arc::new(recipes), settings)
}

fn caught(prober: &Prober, faults: &[&'static NamedFault]) -> Vec<Kill> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let kills = prober.faults(faults, &|_| {});
    runtime.expect("a runtime starts").block_on(kills).expect("references start")
}

fn first(kill: &Kill) -> &str {
    kill.first.as_ref().map_or("nothing", |shot| shot.check.as_str())
}

#[test]
fn each_fault_is_caught_by_what_caught_it_before() {
    let updates = std::env::var_os("UPDATE_KILLS").is_some();
    let all = updates || std::env::var("KILLS").is_ok_and(|kills| kills == "all");
    let share = if all { 1 } else { SHARE };
    // The official client's verdict is not asked for here.
    let faults = faults::all().filter(|fault| fault.caught_by != "sdk").step_by(share);
    let kills = caught(&prober(), &faults.collect::<Vec<_>>());
    let now: BTreeMap<&str, &str> =
        kills.iter().map(|kill| (kill.fault.as_str(), first(kill))).collect();
    if updates {
        let lines: String = kills.iter().map(|k| format!("{} {}\n", k.fault, first(k))).collect();
        std::fs::write(FILE, lines).expect("the file can be written");
    }
    let text = std::fs::read_to_string(Path::new(FILE)).expect("tests/kills.txt");
    let mut known: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once(' ')).collect();
    assert_eq!(known.len(), faults::all().count() - 1, "each fault has its line");
    known.retain(|fault, _| now.contains_key(fault));
    for race in RACES.iter().filter(|race| now.get(**race).is_some_and(|c| *c != "nothing")) {
        known.insert(race, now[race]);
    }
    assert_eq!(now, known, "UPDATE_KILLS=1 cargo test --release --test kills");
}

#[test]
fn at_least_a_hundred_and_fifty_faults_are_known_and_nearly_all_caught() {
    let text = std::fs::read_to_string(Path::new(FILE)).expect("tests/kills.txt");
    let missed = text.lines().filter(|line| line.ends_with(" nothing")).count();
    let all = faults::all().count();
    assert!(all >= 150, "{all}");
    assert!(missed * 100 <= all * 5, "{missed} of {all} are caught by nothing");
}

fn self_check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
        .arg("self-check")
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary runs")
}

#[track_caller]
fn check(arguments: &[&str], code: i32, said: &str) {
    let output = self_check(arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "no `{said}` in:\n{text}");
}

#[test]
fn slips_are_usage_errors() {
    check(&["--fault", "html500"], 2, "did you mean `html-500`?");
    check(&["--fault", "rule:user-not-fond"], 2, "did you mean `user-not-found`?");
    check(&["--budget", "5"], 2, "--generated");
    check(&["--quick", "--all"], 2, "cannot be used with");
    check(&["--part", "everything"], 2, "possible values");
    check(&["--generated", "--fault", "rule:user-not-found"], 2, "hunts named faults");
}

#[test]
fn one_fault_and_one_rule_make_a_small_matrix() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (json, markdown) = (path("kills.json"), path("kills.md"));
    let reports = ["--report-json", &json, "--report-markdown", &markdown];
    let chosen = ["--fault", "no-request-id", "--fault", "rule:user-not-found", "--cases", "0"];
    check(&[&chosen[..], &reports[..]].concat(), 0, "1 of 1 named faults caught");
    let read = |path: &str| std::fs::read_to_string(path).expect("a report");
    let matrix: cognito_conformance::kills::Matrix =
        serde_json::from_str(&read(&json)).expect("a matrix");
    assert!(matrix.rules[0].is_tested(), "{:?}", matrix.rules);
    assert_eq!(matrix.faults[0].spoken.as_ref().map(|s| s.check.as_str()), Some("request-id"));
    assert_eq!(read(&markdown), report::sheet::markdown(&report::killed::sheet(&matrix, true)));
    assert!(matrix.nulls.is_empty() && Kind::ALL.len() == 5);
}
