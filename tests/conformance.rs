//! One trial per case. The target is `COGNITO_CONFORMANCE_TARGET` (a URL or a profile), by
//! default the embedded reference; `COGNITO_CONFORMANCE_AS` gives a URL a profile's capabilities.
//! Listing trials touches no network and starts nothing.

use std::sync::{Arc, OnceLock};

use cognito_conformance::outcome::{CaseOutcome, Verdict};
use cognito_conformance::run::{Options, Session};
use cognito_conformance::scenario::Scenario;
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::http::HttpError;
use cognito_conformance::target::open::{OpenOptions, Opened, TargetSpec, open};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let suite = match Suite::load(&Sources::default()) {
        Ok(suite) => Arc::new(suite),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2);
        }
    };
    let arena = Arc::new(Arena { suite: suite.clone(), opened: OnceLock::new() });
    let trials = suite.cases.iter().map(|case| {
        let (arena, case) = (arena.clone(), case.clone());
        Trial::test(case.id.clone(), move || arena.play(&case))
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    arena.close();
    conclusion.exit();
}

/// The target, opened by the first trial that runs and shared by all.
struct Arena {
    suite: Arc<Suite>,
    opened: OnceLock<Result<Open, String>>,
}

struct Open {
    runtime: tokio::runtime::Runtime,
    target: Arc<Opened>,
    session: Session,
}

impl Arena {
    fn play(&self, case: &Scenario) -> Result<(), Failed> {
        let open = self.opened.get_or_init(|| self.open()).as_ref().map_err(Failed::from)?;
        judge(&open.runtime.block_on(open.session.run_case(case)))
    }

    fn open(&self) -> Result<Open, String> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let target = variable("COGNITO_CONFORMANCE_TARGET").unwrap_or_else(|| "reference".into());
        let spec: TargetSpec = target.parse().map_err(|e: HttpError| e.to_string())?;
        let seed = u64::from(std::process::id());
        let catalogue = self.suite.catalogue.clone();
        let options = OpenOptions {
            capabilities_of: variable("COGNITO_CONFORMANCE_AS"),
            seed,
            ..OpenOptions::new(catalogue.clone())
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|e| e.to_string())?;
        let target = runtime.block_on(open(&spec, &options)).map_err(|e| e.to_string())?;
        let target = Arc::new(target);
        let session =
            Session::new(catalogue, target.clone(), Options { seed, ..Options::default() });
        Ok(Open { runtime, target, session })
    }

    fn close(&self) {
        if let Some(Ok(open)) = self.opened.get() {
            for leaked in open.runtime.block_on(open.session.close()) {
                eprintln!("left behind: {leaked}");
            }
            open.runtime.block_on(open.target.shutdown());
        }
    }
}

/// A trial passes unless a level failed, is flaky or could not be judged.
fn judge(outcome: &CaseOutcome) -> Result<(), Failed> {
    let good = |verdict: &Verdict| {
        !matches!(verdict, Verdict::Fail | Verdict::Flaky | Verdict::Indeterminate { .. })
    };
    if outcome.verdicts.values().all(good) {
        return Ok(());
    }
    Err(cognito_conformance::report::terminal::case(outcome).into())
}
