//! The binary as a user meets it: what it prints, and what it exits with.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::nulls::{Kind, NullServer};

fn cognito_conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
        .args(arguments)
        .env_remove("NO_COLOR")
        // What an earlier run saved in the project's folder is no part of these tests.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary runs")
}

/// Runs the binary and checks its exit code and a part of what it prints, on either stream.
#[track_caller]
fn check(arguments: &[&str], code: i32, part: &str) {
    let output = cognito_conformance(arguments);
    let text =
        [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(part), "{part:?} is not in:\n{text}");
}

#[test]
fn the_readme_case_passes_on_the_reference() {
    check(&["run", "readme"], 0, "conformant");
}

#[test]
fn misspelt_names_are_refused_with_the_near_match() {
    check(&["run", "--opration", "SignUp"], 2, "--operation");
    check(&["catalog"], 2, "catalogue");
    check(&["run", "--operation", "InitateAuth"], 2, "did you mean `InitiateAuth`?");
    check(&["run", "--level", "behavior"], 2, "did you mean `behaviour`?");
    check(&["run", "--area", "sign-pu"], 2, "did you mean `sign-up`?");
    check(&["run", "--target", "mota"], 2, "did you mean `moto`?");
    check(&["run", "--target", "http://127.0.0.1:1", "--as", "mota"], 2, "did you mean `moto`?");
    check(&["run", "--fault", "no-requestid", "readme"], 2, "did you mean `no-request-id`?");
    check(&["catalogue", "show", "InitateAuth"], 2, "did you mean `InitiateAuth`?");
    check(
        &["--specs", "no/such/folder", "catalogue", "stats"],
        2,
        "`no/such/folder` is not a folder",
    );
}

#[test]
fn nothing_selected_is_an_error() {
    check(&["run", "no such text anywhere"], 2, "nothing selected");
}

#[test]
fn listing_names_cases_and_starts_nothing() {
    check(&["run", "--list", "--target", "http://127.0.0.1:1"], 0, "readme");
}

#[test]
fn an_unreachable_target_is_indeterminate() {
    check(&["run", "--target", "http://127.0.0.1:1", "readme"], 3, "cannot be reached");
}

#[test]
fn a_fault_makes_the_run_diverge() {
    check(&["run", "--fault", "no-request-id", "readme"], 1, "request-id");
}

#[test]
fn a_null_server_makes_the_run_diverge() {
    let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
    let catalogue = Arc::new(catalogue);
    for kind in Kind::ALL {
        let server = NullServer::start(kind, catalogue.clone()).expect("a free port");
        check(&["run", "--target", &server.url(), "readme"], 1, "divergent");
    }
}

#[test]
fn the_catalogue_is_shown_counted_and_compared() {
    check(&["catalogue", "show", "InitiateAuth"], 0, "AuthFlow");
    check(&["catalogue", "stats"], 0, "141");
    let made = "UserPoolId = ${pool} of set-up user-pool, step 1 (CreateUserPool)";
    check(&["catalogue", "links", "AdminGetUser"], 0, made);
    check(&["catalogue", "links", "AdminGetUsr"], 2, "did you mean `AdminGetUser`?");
    let specs = concat!(env!("CARGO_MANIFEST_DIR"), "/specs");
    check(&["catalogue", "diff", specs, specs], 0, "");
}

#[test]
fn schemas_are_printed() {
    check(&["scenarios", "schema"], 0, "\"steps\"");
    check(&["report", "--schema"], 0, "\"cases\"");
}

#[test]
fn reports_are_written_and_rendered_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (json, junit, again) = (path("run.json"), path("junit.xml"), path("again.xml"));
    check(&["run", "readme", "--report-json", &json, "--report-junit", &junit], 0, "conformant");
    check(&["report", &json, "--junit", &again], 0, "conformant");
    let read = |path: &str| std::fs::read_to_string(path).expect("a report");
    assert!(read(&junit).contains("<testcase"));
    assert_eq!(read(&junit), read(&again));
    check(&["report", &path("none.json")], 2, "none.json");
    std::fs::write(&json, "{\"format\": 1").expect("writable");
    check(&["report", &json], 2, "line 1 column 12");
}

/// Writes files into a fresh folder and runs the binary with it.
#[track_caller]
fn check_folder(flag: &str, files: &[(&str, &str)], arguments: &[&str], part: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).expect("a folder");
        std::fs::write(path, text).expect("writable");
    }
    let root = folder.path().to_string_lossy().into_owned();
    check(&[&[flag, root.as_str()], arguments].concat(), 2, part);
}

#[test]
fn a_scenario_with_a_mistake_is_refused_with_its_place() {
    let text = "title: t\nwhy: w\nevidence: inferred\nsource: s\nsteps:\n  - call: SingUp\n";
    let part = "scenarios/a/b.yaml:6:11: unknown operation `SingUp`, did you mean `SignUp`?";
    check_folder("--scenarios", &[("a/b.yaml", text)], &["run"], part);
}

#[test]
fn a_profile_with_a_mistake_is_refused_with_its_place() {
    let part = "did you mean `name`?";
    check_folder("--targets", &[("mine.yaml", "nmae: mine\n")], &["run", "--target", "mine"], part);
}

#[test]
fn a_catalogue_with_a_mistake_is_refused_with_its_place() {
    let files = [("x/service.json", "{"), ("x/shapes.json", "{}")];
    check_folder("--specs", &files, &["catalogue", "stats"], "x/service.json:1:1");
    check_folder("--specs", &[], &["catalogue", "stats"], "no service.json");
}

#[test]
fn a_model_with_a_mistake_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = folder.path().join("service-2.json");
    std::fs::write(&model, r#"{"metadata": {}, "operations": [], "shapes": {}}"#)
        .expect("writable");
    let out = folder.path().join("specs").to_string_lossy().into_owned();
    let model = model.to_string_lossy().into_owned();
    check(&["catalogue", "import", &model, "--out", &out], 2, "service-2.json#/");
}

#[test]
fn an_altered_snapshot_is_a_note_and_fails_a_strict_run() {
    let accepted = include_str!("../snapshots/readme.snap");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let altered = accepted.replace("FORCE_CHANGE_PASSWORD", "CONFIRMED");
    assert_ne!(accepted, altered);
    std::fs::write(folder.path().join("readme.snap"), altered).expect("writable");
    let root = folder.path().to_string_lossy().into_owned();
    let place = "/1/output/User/UserStatus";
    check(&["--snapshots", &root, "run", "readme", "--strict"], 1, place);
    check(&["--snapshots", &root, "run", "readme"], 0, "1 note");
    check(&["run", "readme", "--strict"], 0, "conformant");
}

#[test]
fn a_pattern_that_is_none_is_refused_with_its_place() {
    let service = concat!(
        r#"{"id":"x","apiVersion":"1","targetPrefix":"X","signingName":"x","#,
        r#""protocol":"awsJson1_1","modelRevision":"m","checksums":{}}"#
    );
    let shapes = r#"{"$defs":{"A":{"type":"string","pattern":"^(?:((()$"}}}"#;
    let files = [("x/service.json", service), ("x/shapes.json", shapes), ("x/errors.json", "{}")];
    check_folder("--specs", &files, &["catalogue", "stats"], "x/shapes.json#/$defs/A/pattern");
}

#[test]
fn a_target_that_fails_as_it_declines_is_not_excused() {
    let arguments = ["run", "--fault", "html-500", "user-is-created", "unknown-user"];
    check(&arguments, 1, "server-fault");
}

/// A small run that finds something: the coverage of one operation on a broken reference.
const BROKEN: [&str; 8] = [
    "run",
    "--phase=coverage",
    "--operation=AdminGetUser",
    "--fault=enabled-is-always-true",
    "--seed=7",
    "--no-sdk",
    "--jobs=2",
    "when-user-disabled",
];

#[test]
fn flags_of_generated_cases_are_checked() {
    check(&["run", "--phase", "covrage"], 2, "coverage");
    check(&["run", "--time-budget", "2x", "readme"], 2, "`x` is no unit; `90s`, `2m` and `1h`");
    check(&["run", "--time-budget", "m", "readme"], 2, "no time, such as `2m`");
    check(&["run", "--cases", "many"], 2, "--cases");
    check(&["run", "--max-steps", "4"], 2, "--max-steps");
    check(&["run", "--dictionary", "no/such.yaml", "--phase", "random"], 2, "no/such.yaml");
    check(&["run", "--phase", "scenarios", "no such text"], 2, "nothing selected");
    let random = ["run", "--phase", "random", "--cases", "3", "--seed", "7", "--no-sdk"];
    check(&random, 0, "random         3");
    check(&[&random[..], &["--list"]].concat(), 0, "random::0000002");
}

#[test]
fn one_case_is_played_again_by_its_id() {
    let seed = ["--seed", "7", "--no-sdk"];
    let again = |id: &'static str| [&["replay", id], &seed[..]].concat();
    check(&again("readme"), 0, "conformant");
    check(&again("cognito-idp::AdminGetUser::handles"), 0, "coverage       1");
    check(&again("random::0000002"), 0, "random         1");
    check(&again("redme"), 2, "did you mean `readme`?");
    let near = "did you mean `cognito-idp::AdminGetUser::handles`?";
    check(&again("cognito-idp::AdminGetUser::handels"), 2, near);
    check(&again("cognito-idp::AdminGetUsr::handles"), 2, "`cognito-idp::AdminGetUser`?");
    check(&again("random::first"), 2, "sequences are `random::<number>`");
    check(&again("0123456789"), 2, "takes `--report FILE`");
    check(&again("no/such/file.yaml"), 2, "cannot read `no/such/file.yaml`");
}

#[test]
fn a_generated_failure_is_saved_played_first_and_told_fixed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let failures = folder.path().join("failures");
    let named = failures.to_string_lossy().into_owned();
    let run = |arguments: &[&str], code: i32, part: &str| {
        check(&[arguments, &["--failures", named.as_str()]].concat(), code, part);
    };
    let sound: Vec<&str> = BROKEN.into_iter().filter(|word| !word.contains("fault")).collect();

    run(&sound, 0, "conformant");
    assert!(!failures.exists(), "nothing is created unless something fails");
    check(&[&BROKEN[..], &["--failures", "none"]].concat(), 1, "smallest sequence:");
    run(&BROKEN, 1, "saved: ");
    let saved = cognito_conformance(&["run", "--list", "--phase=scenarios", "--failures", &named]);
    let listed = String::from_utf8_lossy(&saved.stdout).into_owned();
    let files = listed.lines().filter_map(|line| line.split_whitespace().nth(1));
    let mut first = files.take_while(|file| file.starts_with(&named));
    let file = first.find(|file| file.contains("/AdminGetUser-read-your-writes-"));
    let file = file.expect("saved failures come first").to_owned();
    assert!(file.ends_with(".yaml"), "{file}");
    let text = std::fs::read_to_string(&file).expect("the saved failure");

    // What a file shows is shown again, from the file alone.
    let broken = "--fault=enabled-is-always-true";
    check(&["replay", &file, broken, "--no-sdk"], 1, "read-your-writes");
    check(&["replay", &file, "--no-sdk"], 0, "conformant");
    // A file that still fails stays as it is; one that does not is told of.
    let edited = format!("# mine\n{text}");
    std::fs::write(&file, &edited).expect("writable");
    let all = [&BROKEN[..7], &["enabled", "when-user-disabled", "AdminGetUser"]].concat();
    run(&all, 1, "read-your-writes");
    assert_eq!(std::fs::read_to_string(&file).expect("the saved failure"), edited);
    let all = [&sound[..6], &["AdminGetUser"]].concat();
    run(&all, 0, "; delete ");
    // One that cannot be read is an error with its place.
    std::fs::write(&file, text.replace("call: AdminGetUser", "call: AdminGetUsr"))
        .expect("writable");
    run(&sound, 2, "unknown operation `AdminGetUsr`, did you mean `AdminGetUser`?");
    let place = format!("error: {file}:");
    run(&sound, 2, &place);
}

#[test]
fn a_finding_is_played_again_from_its_report() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("run.json").to_string_lossy().into_owned();
    let run = [&BROKEN[..], &["--failures=none", "--report-json", &report]].concat();
    check(&run, 1, "cognito-conformance replay --target reference --seed 7");
    let text = std::fs::read_to_string(&report).expect("the report");
    let run: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let findings = run["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|case| case["findings"].as_array().cloned().unwrap_or_default());
    let failing: Vec<_> = findings.filter(|finding| finding["fails"] == true).collect();
    let id = failing[0]["id"].as_str().expect("an id").to_owned();
    check(&["replay", &id, "--report", &report, "--no-sdk"], 1, "read-your-writes");
    check(&["replay", &format!("{report}#{id}"), "--no-sdk"], 1, "read-your-writes");
    let other = format!("{}x", &id[..9]);
    check(&["replay", &other, "--report", &report], 2, &format!("did you mean `{id}`?"));
    check(&["replay", &id, "--report", "no/such.json"], 2, "no/such.json");
    // The reference as it should be does not show it.
    let sound = ["replay", &id, "--report", &report, "--target", "reference", "--no-sdk"];
    check(&sound, 0, "conformant");
}

#[test]
fn what_generated_cases_did_not_reach_is_listed() {
    let random = ["run", "--phase", "random", "--cases", "2", "--seed", "7", "--no-sdk", "-v"];
    check(&random, 0, "Never carried out in phase random:");
    check(&random, 0, "Reachable errors that no generated case met:");
}
