//! Do the accepted transcripts still hold? `cognito-conformance record <case>` writes them anew,
//! `git diff snapshots` shows what changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use cognito_conformance::run::{Options, Session};
use cognito_conformance::snapshot::{Snapshots, Source, difference};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::Target;
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};

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
            let now = session.record(case).await.expect("the case can be played");
            if let Some((pointer, expected, actual)) = difference(&accepted.text, &now.text) {
                changed.push(format!("{}{pointer}: {expected}, now {actual}", case.id));
            }
        }
        target.shutdown().await;
        changed
    });
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn no_snapshot_is_left_without_its_case() {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let snapshots = Snapshots::load(&Source::Embedded).expect("the committed snapshots load");
    let cases: BTreeSet<&str> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    let orphans: Vec<_> = snapshots.cases().filter(|id| !cases.contains(id)).collect();
    assert_eq!(orphans, [""; 0]);
    assert!(snapshots.cases().count() > 0, "no snapshot at all");
}
