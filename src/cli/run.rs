//! `run`: plays the suite against a target.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::play::{PlayArgs, Playing, play};
use super::{Failure, Folders, complain, say};
use crate::app::Scope;
use crate::failures::{DEFAULT_FOLDER, Failures};
use crate::generate::plan::{Budget, Plan};
use crate::outcome::{Level, Run};
use crate::reachability::Matrix;
use crate::scenario::Scenario;
use crate::suite::{Filter, Suite, SuiteError};

/// Wall time for making failures small in a run whose cases have no time budget.
pub(super) const SHRINK_TIME: Duration = Duration::from_secs(600);

/// What to run, where, and what to report.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance run                                     the whole suite on the reference
  cognito-conformance run --target moto --operation SignUp    one operation on a started emulator
  cognito-conformance run --target http://127.0.0.1:9229 --as moto --report-junit junit.xml
  cognito-conformance run --list --level security             what would be run
  cognito-conformance run --phase coverage --operation AdminGetUser    generated cases alone
  cognito-conformance run --phase random --cases 5000 --time-budget 5m --seed 7
  cognito-conformance run --target moto --against http://127.0.0.1:9229    where two endpoints differ
  cognito-conformance run --target moto --only-operations-of app.har       can my calls be trusted there?

Exit codes: 0 conformant, 1 unexpected findings, 2 usage, configuration or harness error,
3 indeterminate.")]
pub(super) struct RunArgs {
    /// Only cases that test this operation (repeatable).
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Only cases of this level: wire, schema, errors, behaviour or security (repeatable).
    #[arg(long)]
    level: Vec<Level>,
    /// Only cases of this area, such as sign-up (repeatable).
    #[arg(long)]
    area: Vec<String>,
    /// Only cases whose id or title contains this text.
    text: Vec<String>,
    /// Lists the cases instead of running them.
    #[arg(long)]
    list: bool,
    /// How many cases at once; what the profile says, else 4.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Stops after the first case that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Plays only this phase: scenarios, coverage or random (repeatable); all of them otherwise.
    #[arg(long, value_enum)]
    phase: Vec<Phase>,
    /// How many random sequences to play.
    #[arg(long, default_value_t = 200, value_name = "N")]
    cases: u64,
    /// Begins no generated case after this many seconds (or `2m`), and then takes as long again at
    /// most to make failures small. What it leaves out is told; the exit code goes by what was
    /// played.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    time_budget: Option<Duration>,
    /// Folder of saved failures: each generated failure that was made small is written there, and
    /// those in it are played first; `none` does neither.
    #[arg(long, value_name = "DIR|none", default_value = DEFAULT_FOLDER)]
    failures: String,
    #[command(flatten)]
    play: PlayArgs,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Phase {
    /// The written cases.
    Scenarios,
    /// Each operation's boundaries, violations, handles and situations.
    Coverage,
    /// Random sequences.
    Random,
}

/// Reads `90`, `90s`, `2m` or `1h`.
fn seconds(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((end, _)) => text.split_at(end),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("`{unit}` is no unit; `90s`, `2m` and `1h` are times")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no time, such as `2m`"))?;
    Ok(Duration::from_secs(number.saturating_mul(factor)))
}

impl RunArgs {
    fn plays(&self, phase: Phase) -> bool {
        self.phase.is_empty() || self.phase.contains(&phase)
    }

    fn filter(&self, app: Option<Arc<Scope>>) -> Filter {
        Filter {
            app,
            operations: self.operation.clone(),
            levels: self.level.clone(),
            areas: self.area.clone(),
            texts: self.text.clone(),
        }
    }

    /// Returns the folder of saved failures, if any is to be used.
    fn failures(&self) -> Option<Failures> {
        (self.failures != "none").then(|| Failures::in_folder(&self.failures))
    }

    /// Returns the cases to play: those saved, those written, and those that are generated.
    fn plan(
        &self,
        folders: &Folders,
        suite: &Suite,
        saved: Vec<Scenario>,
        seed: u64,
        filter: &Filter,
    ) -> Result<Plan, Failure> {
        let generates = self.plays(Phase::Coverage) || self.plays(Phase::Random);
        let written = match suite.select(filter) {
            Ok(cases) if self.plays(Phase::Scenarios) => cases,
            Err(error @ SuiteError::Filter(_)) => return Err(error.into()),
            Err(error) if !generates => return Err(error.into()),
            _ => Vec::new(),
        };
        let saved = saved.into_iter().filter(|case| filter.takes(case)).map(Arc::new);
        let ready: Vec<_> = saved.chain(written).collect();
        if !generates {
            return Ok(Plan::of(&ready).noting(filter));
        }
        let generator = self.play.generator(folders, suite, seed)?.around(filter.app.clone());
        let budget = Budget {
            coverage: self.plays(Phase::Coverage),
            cases: if self.plays(Phase::Random) { self.cases } else { 0 },
            max_steps: usize::from(self.play.max_steps),
            until: self.time_budget.map(|budget| Instant::now() + budget),
        };
        let mut plan = Plan::of(&ready).generating(generator, budget, filter);
        if plan.is_empty() {
            return Err(suite.select(filter).map_or_else(Failure::from, |_| {
                Failure("nothing to play: no phase has a case".into())
            }));
        }
        Ok(plan)
    }

    /// Returns the errors that generated cases can reach, of the operations they are made for.
    fn reachable(&self, suite: &Suite, filter: &Filter) -> BTreeMap<String, BTreeSet<String>> {
        let mut reachable = Matrix::of(suite).reachable();
        reachable.retain(|name, _| {
            filter.takes_operation(name.split_once(':').map_or(name, |(_, operation)| operation))
        });
        reachable
    }
}

/// Carries out `run`.
pub(super) fn run(args: &RunArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let seed = args.play.seed();
    let mut failures = args.failures();
    let saved = match &mut failures {
        Some(failures) => failures
            .load(&folders.sources().scenarios, &suite.catalogue)
            .map_err(SuiteError::Scenarios)?,
        None => Vec::new(),
    };
    let app = args.play.scope(&suite)?;
    let filter = args.filter(app.clone());
    let plan = args.plan(folders, &suite, saved, seed, &filter)?;
    if args.list {
        for case in plan {
            say(&format!("{:10} {}  {}", case.level, case.id, case.title));
        }
        return Ok(0);
    }
    let playing = Playing {
        args: &args.play,
        folders,
        suite: &suite,
        seed,
        jobs: args.jobs,
        fail_fast: args.fail_fast,
        // As long again as the cases may take.
        shrink_time: args.time_budget.unwrap_or(SHRINK_TIME),
        app,
        reachable: args.reachable(&suite, &filter),
    };
    let (run, code) = play(&playing, plan)?;
    // A difference between two endpoints is no failure that one of them shows by itself.
    let failures = failures.filter(|_| args.play.against.is_none());
    if let (Some(run), Some(failures)) = (run, failures) {
        tell(&failures, &suite, &run);
    }
    Ok(code)
}

/// Tells which saved failures are gone, and saves the new ones.
fn tell(failures: &Failures, suite: &Suite, run: &Run) {
    for fixed in failures.fixed(run) {
        complain(&format!("fixed: {}; delete {}", fixed.title, fixed.case));
    }
    for (path, written) in failures.save(run, &suite.catalogue) {
        match written {
            Ok(()) => complain(&format!("saved: {}", path.display())),
            Err(cause) => complain(&format!("error: cannot save `{}`: {cause}", path.display())),
        }
    }
}
