//! One trial per written case, and one per operation for what is generated: its coverage cases,
//! as far as a small budget goes, with a fixed seed (`cognito-idp::AdminCreateUser::generated`).
//!
//! The target is `COGNITO_CONFORMANCE_TARGET` (a URL or a profile), by default the embedded
//! reference; `COGNITO_CONFORMANCE_AS` gives a URL a profile's capabilities. Listing trials touches
//! no network and starts nothing.

use std::sync::{Arc, OnceLock};

use cognito_conformance::generate::Generator;
use cognito_conformance::generate::dictionary::Dictionary;
use cognito_conformance::outcome::{CaseOutcome, Verdict};
use cognito_conformance::run::{Options, Session};
use cognito_conformance::scenario::Scenario;
use cognito_conformance::scenario::recipes::Recipes;
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
    let arena =
        Arc::new(Arena { suite: suite.clone(), opened: OnceLock::new(), recipes: OnceLock::new() });
    let written = suite.cases.iter().map(|case| {
        let (arena, case) = (arena.clone(), case.clone());
        Trial::test(case.id.clone(), move || arena.play(&case))
    });
    let generated = suite.catalogue.operations().map(|(service, operation)| {
        let arena = arena.clone();
        let (service, operation) = (service.info.id.clone(), operation.name.clone());
        let name = format!("{service}::{operation}::generated");
        Trial::test(name, move || arena.generate(&service, &operation))
    });
    let conclusion = libtest_mimic::run(&arguments, written.chain(generated).collect());
    arena.close();
    conclusion.exit();
}

/// The target, opened by the first trial that runs and shared by all.
struct Arena {
    suite: Arc<Suite>,
    opened: OnceLock<Result<Open, String>>,
    recipes: OnceLock<Result<Arc<Recipes>, String>>,
}

/// Seed of generated cases: a failure here is the same failure everywhere.
const SEED: u64 = 1;

/// Requests that the generated cases of one operation may take, and those that making a failure
/// small may take. A debug build, and a target that is slow, have as many.
const REQUESTS: u64 = 400;
const SHRINK: u64 = 600;

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

    /// Plays generated cases of one operation until the budget is spent or one fails; a failure
    /// prints the smallest sequence that shows it.
    fn generate(&self, service: &str, operation: &str) -> Result<(), Failed> {
        let open = self.opened.get_or_init(|| self.open()).as_ref().map_err(Failed::from)?;
        let recipes = self.recipes.get_or_init(|| self.load()).as_ref().map_err(Failed::from)?;
        let catalogue = self.suite.catalogue.clone();
        let mut generator = Generator::new(catalogue, recipes.clone(), Dictionary::ours(), SEED);
        let mut requests = 0;
        for case in generator.coverage(service, operation) {
            let outcome = open.runtime.block_on(open.session.run_case(&case));
            if let Err(failed) = judge(&outcome) {
                let Some(finding) = outcome.findings.iter().find(|finding| finding.fails) else {
                    return Err(failed);
                };
                let small = open.session.shrink(&case, finding, SHRINK);
                let small = open.runtime.block_on(small).map(|small| small.text());
                let small = small.unwrap_or_else(|| "(it could not be made small)".into());
                let text = failed.message().unwrap_or_default();
                return Err(
                    format!("{text}\nthe smallest sequence that shows it:\n\n{small}").into()
                );
            }
            requests += outcome.requests;
            if requests >= REQUESTS {
                break;
            }
        }
        Ok(())
    }

    fn load(&self) -> Result<Arc<Recipes>, String> {
        let recipes = Recipes::load(&Sources::default().scenarios, &self.suite.catalogue);
        recipes.map(Arc::new).map_err(|errors| errors[0].to_string())
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
