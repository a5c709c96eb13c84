//! The binary as a user meets it: what it prints, and what it exits with.

#[path = "support/null_server.rs"]
mod null_server;

use std::path::Path;
use std::process::{Command, Output};

use null_server::NullServer;

fn cognito_conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
        .args(arguments)
        .env_remove("NO_COLOR")
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
    for server in [NullServer::teapot(), NullServer::empty(), NullServer::refusing()] {
        check(&["run", "--target", &server.url(), "readme"], 1, "divergent");
    }
}

#[test]
fn the_catalogue_is_shown_counted_and_compared() {
    check(&["catalogue", "show", "InitiateAuth"], 0, "AuthFlow");
    check(&["catalogue", "stats"], 0, "141");
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
    let altered = accepted.replace("\"MinimumLength\": 8", "\"MinimumLength\": 9");
    assert_ne!(accepted, altered);
    std::fs::write(folder.path().join("readme.snap"), altered).expect("writable");
    let root = folder.path().to_string_lossy().into_owned();
    let place = "/0/output/UserPool/Policies/PasswordPolicy/MinimumLength";
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
