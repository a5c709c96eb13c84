//! `explain` as a user meets it; and does everything that promises something say who says so?

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use cognito_conformance::age;
use cognito_conformance::explain::{Contract, case_page};
use cognito_conformance::outcome::Evidence;
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::snapshot::{Snapshots, Source};
use cognito_conformance::suite::{Sources, Suite};

fn cognito_conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the binary runs")
}

/// Runs `explain` and checks its exit code and a part of what it prints, on either stream.
#[track_caller]
fn check(arguments: &[&str], code: i32, part: &str) -> String {
    let output = cognito_conformance(&[&["explain"], arguments].concat());
    let text =
        [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(part), "{part:?} is not in:\n{text}");
    text
}

#[test]
fn names_of_every_kind_are_explained() {
    check(&["user-disabled"], 0, "rule user-disabled");
    check(&["schema"], 0, "check schema");
    check(&["no-trace"], 0, "property no-trace");
    check(&["AdminGetUser"], 0, "operation cognito-idp:AdminGetUser");
    check(&["readme"], 0, "case readme");
    check(&["cognito-idp::GetGroup::handles", "--seed", "7"], 0, "--seed 7");
    check(&["random::0000012"], 0, "--max-steps 20");
    check(&["--help"], 0, "Examples:");
}

#[test]
fn unknown_names_and_files_are_refused() {
    check(&["user-disabeld"], 2, "did you mean rule `user-disabled`");
    check(&["AdminGetUsr"], 2, "operation `AdminGetUser`");
    check(&["0123456789"], 2, "--report FILE");
    check(&["no-such-file.yaml"], 2, "cannot read `no-such-file.yaml`");
    check(&["status", "--report", "none.json"], 2, "none.json");
    check(&["status", "--format", "xml"], 2, "possible values");
    check(&[], 2, "<NAME>");
}

#[test]
fn json_is_a_list_with_an_entry_for_each_thing() {
    let text = check(&["TagResource", "--format", "json"], 0, "\"kind\": \"operation\"");
    let list: serde_json::Value = serde_json::from_str(&text).expect("JSON alone");
    assert_eq!(list.as_array().map(Vec::len), Some(2));
}

#[test]
fn a_finding_is_explained_from_a_report_and_from_a_saved_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (report, failures) = (path("run.json"), path("failures"));
    let run = [
        "run",
        "--fault",
        "missing-user-is-a-missing-resource",
        "--operation",
        "AdminGetUser",
        "--phase",
        "coverage",
        "--seed",
        "1",
        "--report-json",
        &report,
        "--failures",
        &failures,
    ];
    let output = cognito_conformance(&run);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("by evidence: "), "{shown}");
    let document = std::fs::read_to_string(&report).expect("a report");
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    let mut findings = document["cases"].as_array().into_iter().flatten();
    let failing = findings.find_map(|case| {
        case["findings"].as_array()?.iter().find(|finding| finding["fails"] == true)
    });
    let id = failing.and_then(|finding| finding["id"].as_str()).expect("a failing finding");
    let text = check(&[id, "--report", &report], 0, "rule user-not-found");
    let replay = format!("cognito-conformance replay {id} --report ");
    for part in [replay.as_str(), "smallest sequence:", "curl -sS", "it fails the run"] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    check(&["user-not-found", "--report", &report], 0, "of them failing");
    let text = check(&[id, "--failures", &failures], 0, "cognito-conformance replay ");
    assert!(text.contains("steps:"), "{text}");
    let saved = std::fs::read_dir(Path::new(&failures).join("cognito-idp")).expect("a folder");
    let file = saved.filter_map(Result::ok).next().expect("a saved failure").path();
    check(&[&file.to_string_lossy()], 0, "AdminGetUser");
}

#[test]
fn everything_that_promises_something_says_how_well_and_who_says_so() {
    let sources = Sources::default();
    let suite = Suite::load(&sources).expect("the committed suite loads");
    let recipes = Recipes::load(&sources.scenarios, &suite.catalogue).expect("sound recipes");
    let snapshots = Snapshots::load(&Source::Embedded).expect("the committed snapshots load");
    let contract = Contract {
        suite: &suite,
        recipes: &Arc::new(recipes),
        snapshots: &snapshots,
        report: None,
        saved: None,
        seed: 1,
        max_steps: 20,
        now: 4_000_000_000,
    };
    let mut silent = Vec::new();
    let mut says = |source: &str, place: String| {
        // A word that refers to nothing is no source.
        if source.trim().len() < 8 {
            silent.push(place);
        }
    };
    for rule in suite.catalogue.rules.iter() {
        says(&rule.source, format!("rule {}", rule.id));
        let age = rule.seen.as_deref().map(|seen| age::age(seen, contract.now));
        assert!(age != Some(None), "rule {} was seen on no date: {:?}", rule.id, rule.seen);
    }
    for service in suite.catalogue.services.values() {
        for (member, (_, source)) in &service.outputs {
            says(source, format!("output {member}"));
        }
        service.corrections.iter().for_each(|c| says(&c.source, format!("correction {}", c.at)));
    }
    let mut expectations = 0;
    for case in &suite.cases {
        says(&case.source, format!("case {}", case.id));
        for (number, step) in (1..).zip(case_page(&contract, case).steps) {
            let Some(expects) = step.expects.filter(|expects| expects != "any answer") else {
                continue;
            };
            expectations += 1;
            let place = format!("case {}, step {number}: {expects}", case.id);
            assert!(step.evidence.is_some(), "{place}");
            says(step.source.as_deref().unwrap_or_default(), place);
        }
    }
    for id in snapshots.cases() {
        let snapshot = snapshots.get(id).expect("it was listed");
        let origin = &snapshot.origin;
        let text = origin.to_string();
        assert!(text.contains(&origin.recorded_from) && text.contains(&origin.date));
        assert!(age::age(&origin.date, contract.now).is_some(), "{id}");
        let ours = origin.recorded_from == "reference";
        assert!(!ours || origin.evidence == Evidence::Inferred, "{id}");
        says(&text, format!("snapshot {id}"));
    }
    assert_eq!(silent, [""; 0]);
    assert!(expectations > 1000, "{expectations}");
}
