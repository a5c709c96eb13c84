//! Do the accepted transcripts still hold? `cognito-conformance record` writes what differs beside
//! them, for `cargo insta review`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use cognito_conformance::run::{Options, Session};
use cognito_conformance::snapshot::{Snapshots, Source, differences};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::Target;
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};

/// Under another seed than the one they were recorded with: what is chosen makes no difference.
#[test]
fn the_reference_answers_as_was_accepted() {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let snapshots = Snapshots::load(&Source::Embedded).expect("the committed snapshots load");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let changed: Vec<String> = runtime.block_on(async {
        let options = OpenOptions { seed: 7, ..OpenOptions::new(suite.catalogue.clone()) };
        let target = Arc::new(open(&TargetSpec::Reference, &options).await.expect("it starts"));
        let options = Options { seed: 7, ..Options::default() };
        let session = Session::new(suite.catalogue.clone(), target.clone(), options);
        let mut changed = Vec::new();
        for case in &suite.cases {
            let Some(accepted) = snapshots.of(&case.id, target.name()) else { continue };
            let now = session.record(case, false).await.expect("the case can be played");
            for place in differences(&accepted.text, &now).into_iter().take(3) {
                let (pointer, accepted, now) = (place.pointer, place.accepted, place.now);
                changed.push(format!("{}{pointer}: {accepted}, now {now}", case.id));
            }
        }
        target.shutdown().await;
        changed
    });
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn every_case_has_a_snapshot_and_every_snapshot_a_case() {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let snapshots = Snapshots::load(&Source::Embedded).expect("the committed snapshots load");
    let cases: BTreeSet<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    let known: BTreeSet<&str> = snapshots.cases().collect();
    let orphans: Vec<_> = known.difference(&cases).collect();
    assert!(orphans.is_empty(), "snapshots without a case, delete them: {orphans:?}");
    let missing: Vec<_> = cases.difference(&known).collect();
    assert!(missing.is_empty(), "cases without a snapshot, `record` them: {missing:?}");
}

/// Reviewing is insta's: it must understand each file.
#[test]
fn insta_reads_the_files() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/readme.snap");
    let snapshot = insta::Snapshot::from_file(&file).expect("insta reads it");
    assert_eq!(snapshot.metadata().source(), Some("scenarios/readme.yaml"));
    assert!(snapshot.metadata().description().is_some_and(|title| !title.is_empty()));
}

fn record(out: &Path, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"));
    command.args(["record", "cognito-idp::groups", "--out"]).arg(out).args(more);
    let output = command.output().expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_differs_waits_for_a_review() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path();
    let (code, text) = record(out, &["--accept"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = record(out, &["--seed", "5"]);
    assert_eq!(code, Some(0), "the second time something differs: {text}");
    assert!(text.contains(" 0 changed, 0 new, 0 not recorded"), "{text}");

    let groups = out.join("cognito-idp/groups");
    let files = std::fs::read_dir(&groups).expect("a folder of snapshots");
    let file = files.flatten().map(|file| file.path()).min().expect("a snapshot");
    let edited = std::fs::read_to_string(&file).expect("text");
    std::fs::write(&file, edited.replacen("\"status\": 200", "\"status\": 201", 1)).expect("kept");
    let (code, text) = record(out, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("/status: 201, now 200"), "{text}");
    assert!(text.contains("-     \"status\": 201"), "{text}");
    let pending = file.with_extension("snap.new");
    assert!(insta::Snapshot::from_file(&pending).is_ok(), "insta reviews what waits");

    // Once it is as it was, nothing waits any more.
    std::fs::write(&file, edited).expect("kept");
    let (code, text) = record(out, &[]);
    assert_eq!((code, pending.exists()), (Some(0), false), "{text}");
    let (code, text) = record(out, &["--status"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("inferred from reference "), "{text}");
}

#[test]
fn a_hand_edited_snapshot_is_noted_by_a_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, text) = record(folder.path(), &["--accept"]);
    assert_eq!(code, Some(0), "{text}");
    let groups = folder.path().join("cognito-idp/groups");
    for file in std::fs::read_dir(&groups).expect("a folder of snapshots").flatten() {
        let text = std::fs::read_to_string(file.path()).expect("text");
        std::fs::write(file.path(), text.replace("\"status\": 200", "\"status\": 202"))
            .expect("kept");
    }
    let run = |strict: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"));
        command.args(["run", "cognito-idp::groups", "--phase", "scenarios", "--snapshots"]);
        command.arg(folder.path()).args(strict).output().expect("the binary runs")
    };
    // An inference of ours fails nobody, unless asked for.
    let (plain, strict) = (run(&[]), run(&["--strict"]));
    assert_eq!((plain.status.code(), strict.status.code()), (Some(0), Some(1)));
    let text = String::from_utf8_lossy(&strict.stdout).into_owned();
    assert!(text.contains("snapshot") && text.contains("/status"), "{text}");
}
