//! A target held against another endpoint, as a user meets it.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::faults;
use cognito_conformance::reference::server::{ServeOptions, Server};

fn cognito_conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary runs")
}

/// Runs the binary, checks its exit code and returns what it prints, on either stream.
#[track_caller]
fn printed(arguments: &[&str], code: i32) -> String {
    let output = cognito_conformance(arguments);
    let text =
        [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

/// A reference that other endpoints can be held against, wrong in these ways.
fn endpoint(wrong: &[&str]) -> Server {
    let catalogue =
        Arc::new(Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads"));
    let wrong: Vec<String> = wrong.iter().map(|name| (*name).to_owned()).collect();
    let middleware = faults::middleware(&wrong, &catalogue).expect("known faults").some();
    let options = ServeOptions { seed: 99, middleware, ..ServeOptions::default() };
    Server::on_loopback(Reference::new(catalogue, 99), options).expect("a free port")
}

/// Holds the reference with `faults` against one that is faultless, and looks for these parts.
#[track_caller]
fn check(arguments: &[&str], faults: &[&str], code: i32, parts: &[&str]) {
    let other = endpoint(&[]);
    let url = other.url();
    let mut all = vec!["run", "--against", &url, "--seed", "5", "--failures", "none"];
    faults.iter().for_each(|fault| all.extend(["--fault", fault]));
    all.extend(arguments);
    let text = printed(&all, code);
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn two_of_a_kind_differ_nowhere() {
    check(&["--phase", "scenarios", "--area", "auth"], &[], 0, &["conformant", " against http"]);
    check(&["--phase", "random", "--cases", "25"], &[], 0, &["conformant"]);
    let coverage = ["--phase", "coverage", "--operation", "AdminCreateUser"];
    check(&coverage, &[], 0, &["conformant"]);
}

#[test]
fn a_difference_names_both_answers_and_who_breaks_what() {
    check(
        &["--phase", "scenarios", "auth::wrong-password"],
        &["wrong-password-signs-in"],
        1,
        &[
            "against: InitiateAuth, status",
            "breaks rule incorrect-credentials",
            "came back  success",
        ],
    );
}

#[test]
fn the_other_endpoint_may_be_the_one_that_is_wrong() {
    let other = endpoint(&["wrong-password-signs-in"]);
    let text = printed(
        &["run", "--against", &other.url(), "--failures", "none", "auth::wrong-password"],
        1,
    );
    let blame = format!("{} breaks rule incorrect-credentials", other.url());
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&blame), "{text}");
}

#[test]
fn reports_tell_what_the_target_was_held_against() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (json, junit, good) = (path("run.json"), path("junit.xml"), path("good.json"));
    let other = endpoint(&[]);
    let url = other.url();
    let plain =
        ["run", "--against", &url, "--seed", "3", "--failures", "none", "auth::wrong-password"];
    printed(&[&plain[..], &["--report-json", &good]].concat(), 0);
    let faulty = ["--fault", "wrong-password-signs-in", "--report-json", &json];
    printed(&[&plain[..], &faulty, &["--report-junit", &junit]].concat(), 1);
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).expect("a report");
    let run: serde_json::Value = serde_json::from_str(&read(&json)).expect("JSON");
    assert_eq!(run["against"], url);
    let findings = run["cases"].as_array().into_iter().flatten();
    let findings: Vec<_> =
        findings.filter_map(|case| case["findings"].as_array()).flatten().collect();
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|finding| finding["check"] == "against"));
    assert!(read(&junit).contains("name=\"against\""), "{}", read(&junit));
    let told = printed(&["diff", &good, &json], 1);
    assert!(told.contains("against"), "{told}");
    let id = findings[0]["id"].as_str().expect("an id");
    printed(&["replay", id, "--report", &json], 1);
    let told = printed(&["explain", id, "--report", &json], 0);
    assert!(told.contains("the endpoint that it is held against"), "{told}");
}

#[test]
fn an_endpoint_that_is_not_there_leaves_nothing_to_say() {
    let text = printed(&["run", "--against", "http://127.0.0.1:1", "readme"], 3);
    assert!(text.contains("http://127.0.0.1:1"), "{text}");
    let text = printed(&["run", "--against", "mota", "readme"], 2);
    assert!(text.contains("did you mean `moto`?"), "{text}");
}
