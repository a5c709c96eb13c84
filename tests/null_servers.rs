//! A target that gives one answer to everything must fail, and pass no case that asks about
//! behaviour, errors or security: a suite that such a server passes tests nothing.

#[path = "support/null_server.rs"]
mod null_server;

use std::sync::Arc;
use std::time::Duration;

use cognito_conformance::outcome::{Conclusion, Level, Run, Verdict};
use cognito_conformance::run::{Options, Session, run};
use cognito_conformance::suite::{Filter, Sources, Suite};
use cognito_conformance::target::http::Limits;
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};
use null_server::NullServer;

/// Plays the whole suite against a server that lacks no capability a URL can have.
fn play(server: &NullServer) -> Run {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let cases = suite.select(&Filter::default()).expect("cases");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = OpenOptions {
            limits: Limits { total: Duration::from_secs(5), ..Limits::default() },
            plain_http: true,
            capabilities_of: Some("reference".into()),
            ..OpenOptions::new(suite.catalogue.clone())
        };
        let target = open(&TargetSpec::Url(server.url()), &options).await.expect("it answers");
        let options =
            Options { jobs: 8, case_timeout: Duration::from_secs(20), ..Options::default() };
        let session = Arc::new(Session::new(suite.catalogue.clone(), Arc::new(target), options));
        run(&session, &cases, &|_| {}).await
    })
}

#[track_caller]
fn check(server: &NullServer) {
    let run = play(server);
    assert_eq!(run.conclusion(), Conclusion::Divergent);
    let asks = |level| matches!(level, Level::Behaviour | Level::Errors | Level::Security);
    let passed: Vec<&str> = run
        .cases
        .iter()
        .filter(|case| asks(case.level) && *case.verdict() == Verdict::Pass)
        .map(|case| case.case.as_str())
        .collect();
    assert!(passed.is_empty(), "passed by a null server: {passed:#?}");
}

#[test]
fn a_teapot_passes_no_case() {
    check(&NullServer::teapot());
}

#[test]
fn an_empty_success_passes_no_case() {
    check(&NullServer::empty());
}

#[test]
fn a_constant_refusal_passes_no_case() {
    check(&NullServer::refusing());
}
