//! Same seed, same bytes: two whole runs on the reference, its clock frozen, exchange the same.

use std::sync::{Arc, Mutex, PoisonError};

use cognito_conformance::reference::Reference;
use cognito_conformance::reference::middleware::Mutate;
use cognito_conformance::reference::server::{Clock, ServeOptions, Server};
use cognito_conformance::run::{self, Options, Session};
use cognito_conformance::scenario::{Action, Scenario, Step};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};
use cognito_conformance::wire::{Request, Response};

/// Seconds since the epoch at which the clock stands.
const FROZEN_AT: u64 = 1_790_000_000;

/// What was exchanged, one text per exchange.
type Tape = Arc<Mutex<Vec<String>>>;

fn note(tape: &Tape) -> Mutate {
    let tape = tape.clone();
    Arc::new(move |request: &Request, operation, response: &mut Response| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = format!(
            "{} {} {} {}\n-> {} {:?} {}",
            request.method,
            request.path,
            operation.unwrap_or("-"),
            text(&request.body),
            response.status,
            response.headers,
            text(&response.body),
        );
        tape.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    })
}

/// Returns the cases that wait for nothing and let no passkey sign: how often a target is asked
/// until time has passed is chance, and so is the nonce of a signature on an elliptic curve.
fn timeless(suite: &Suite) -> Vec<Arc<Scenario>> {
    let waits = |step: &Step| {
        step.eventually.is_some()
            || matches!(step.action, Action::Wait(_))
            || format!("{:?}", step.action).contains("webauthn_assert")
    };
    let timeless = |case: &&Arc<Scenario>| {
        let set_ups = case.setup.iter().flat_map(|(set_up, _)| &set_up.steps);
        !case.steps.iter().chain(set_ups).any(waits)
    };
    suite.cases.iter().filter(timeless).cloned().collect()
}

async fn tape_of_a_run(suite: &Suite, seed: u64) -> Vec<String> {
    let tape = Tape::default();
    let clock = Clock::Virtual(FROZEN_AT * 1000);
    let serving = ServeOptions {
        clock,
        seed,
        middleware: Some(Arc::new(note(&tape))),
        ..ServeOptions::default()
    };
    let reference = Reference::new(suite.catalogue.clone(), seed);
    let server = Server::on_loopback(reference, serving).expect("a free port");
    let opening = OpenOptions {
        capabilities_of: Some("reference".into()),
        plain_http: true,
        seed,
        ..OpenOptions::new(suite.catalogue.clone())
    };
    let target = open(&TargetSpec::Url(server.url()), &opening).await.expect("it is up");
    let options = Options { jobs: 1, seed, frozen_at: Some(FROZEN_AT), ..Options::default() };
    let session = Arc::new(Session::new(suite.catalogue.clone(), Arc::new(target), options));
    let run = run::run(&session, &timeless(suite), &|_| {}).await;
    assert!(run.complete);
    // Import jobs answer with the address they are served at, and the port is the machine's.
    let url = server.url();
    server.shutdown();
    let tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
    tape.iter().map(|exchange| exchange.replace(&url, "http://reference")).collect()
}

#[test]
fn two_runs_with_one_seed_exchange_the_same_bytes() {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (one, two, other) = runtime.block_on(async {
        let (one, two) = (tape_of_a_run(&suite, 5).await, tape_of_a_run(&suite, 5).await);
        (one, two, tape_of_a_run(&suite, 6).await)
    });
    assert!(timeless(&suite).len() > 1000, "too few cases wait for nothing");
    assert!(one.len() > suite.cases.len(), "only {} exchanges", one.len());
    let differing = one.iter().zip(&two).find(|(one, two)| one != two);
    if let Some((one, two)) = differing {
        panic!("the same seed gave\n{one}\nand\n{two}");
    }
    assert_eq!(one.len(), two.len());
    assert_ne!(one, other, "another seed gives the same bytes");
}
