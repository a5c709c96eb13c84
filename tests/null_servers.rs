//! A server that does nothing must fail, and pass no case that asks for more than form: a suite that
//! such a server passes tests nothing.
//!
//! A share of the cases is played; `self-check` plays them all.

use std::sync::Arc;
use std::time::Duration;

use cognito_conformance::generate::Generator;
use cognito_conformance::generate::dictionary::Dictionary;
use cognito_conformance::generate::plan::{Budget, Plan};
use cognito_conformance::kills::{promises_nothing, whole};
use cognito_conformance::nulls::{Kind, NullServer};
use cognito_conformance::outcome::{Conclusion, Level, Phase, Run, Verdict};
use cognito_conformance::run::{Options, Session, run};
use cognito_conformance::scenario::Scenario;
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::suite::{Filter, Sources, Suite};
use cognito_conformance::target::http::Limits;
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};

/// Of so many coverage cases, one is played; of so many written ones.
const SHARE: usize = 20;
const SHARE_WRITTEN: usize = 5;

/// Returns some of the cases, written and generated.
fn cases(suite: &Suite, sources: &Sources) -> Vec<Arc<Scenario>> {
    let recipes = Recipes::load(&sources.scenarios, &suite.catalogue).expect("the recipes load");
    let (catalogue, dictionary) = (suite.catalogue.clone(), Dictionary::ours());
    let generator = Generator::new(catalogue, Arc::new(recipes), dictionary, 1);
    let budget = Budget { coverage: true, cases: 40, max_steps: 20, until: None };
    let plan = Plan::of(&suite.cases).generating(generator, budget, &Filter::default());
    let taken = |(at, case): &(usize, Arc<Scenario>)| {
        let share = match Phase::of(&case.id) {
            Some(Phase::Coverage) => SHARE,
            Some(Phase::Random) => 1,
            None => SHARE_WRITTEN,
        };
        at.is_multiple_of(share)
    };
    let cases = plan.enumerate().filter(taken).map(|(_, case)| case);
    cases.filter(|case| !promises_nothing(case)).collect()
}

/// Plays the suite against a server that lacks no capability a URL can have.
fn play(kind: Kind) -> Run {
    let sources = Sources::default();
    let suite = Suite::load(&sources).expect("the committed suite loads");
    let cases = cases(&suite, &sources);
    let server = NullServer::start(kind, suite.catalogue.clone()).expect("a free port");
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
        let options = Options {
            jobs: 32,
            case_timeout: Duration::from_secs(20),
            shrink_requests: 0,
            ..Options::default()
        };
        let session = Arc::new(Session::new(suite.catalogue.clone(), Arc::new(target), options));
        run(&session, &cases, &|_| {}).await
    })
}

#[track_caller]
fn check(kind: Kind) {
    let run = play(kind);
    assert_eq!(run.conclusion(), Conclusion::Divergent);
    let asks = |level| !matches!(level, Level::Wire | Level::Schema);
    let passed: Vec<&str> = run
        .cases
        .iter()
        .filter(|case| asks(case.level) && whole(case) == Verdict::Pass)
        .map(|case| case.case.as_str())
        .collect();
    assert!(passed.is_empty(), "passed by a null server: {passed:#?}");
}

#[test]
fn a_teapot_passes_no_case() {
    check(Kind::Teapot);
}

#[test]
fn a_constant_refusal_passes_no_case() {
    check(Kind::Refusing);
}

#[test]
fn an_empty_success_passes_no_case() {
    check(Kind::Empty);
}

#[test]
fn an_echo_passes_no_case() {
    check(Kind::Echo);
}

#[test]
fn plausible_answers_pass_no_case() {
    check(Kind::Plausible);
}
