//! `run`: plays the suite against a target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Command, FromArgMatches};

use super::play::{PlayArgs, Playing, play};
use super::{Failure, Folders, complain, say};
use crate::age;
use crate::app::Scope;
use crate::canonical::quote;
use crate::failures::{DEFAULT_FOLDER, Failures};
use crate::generate::plan::{Budget, Plan};
use crate::known::Known;
use crate::outcome::{Level, Run};
use crate::reachability::Matrix;
use crate::requirements::RequirementSet;
use crate::scenario::Scenario;
use crate::suite::{Filter, Suite, SuiteError};
use crate::target::sign;

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
  cognito-conformance run --target moto --seed 1                 known failures are expected
  cognito-conformance run --profile 2026-11 --target moto        exactly the cases of a frozen set
  cognito-conformance run --target moto --against http://127.0.0.1:9229    where two endpoints differ
  cognito-conformance run --target moto --only-operations-of app.har       can my calls be trusted there?

Failures listed in targets/<profile>.known.yaml (or --known FILE) are told apart and fail nothing;
one that is listed and passes is fixed, and fails the run until its line is removed.

Exit codes: 0 conformant, 1 unexpected findings, or listed ones that are fixed, 2 usage, configuration or
harness error, a list of known failures that is wrong among them, 3 indeterminate.")]
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
    /// Plays exactly the cases of this frozen requirement set, such as 2026-11, or of a file that
    /// `requirements freeze` wrote. (Targets have profiles of another kind: `--target`, `--as`.)
    #[arg(long, value_name = "NAME|FILE", conflicts_with_all = [
        "operation", "level", "area", "text", "phase", "cases", "time_budget", "dictionary",
        "max_steps",
    ])]
    profile: Option<String>,
    #[command(flatten)]
    listed: Listed,
    #[command(flatten)]
    pub(super) play: PlayArgs,
}

/// Which failures are expected.
#[derive(Debug, Args)]
struct Listed {
    /// Holds the run against this list of known failures instead of that of the target's profile,
    /// `targets/<name>.known.yaml`.
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// Holds it against none.
    #[arg(long, conflicts_with = "known")]
    no_known: bool,
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

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Scenarios => "scenarios",
            Self::Coverage => "coverage",
            Self::Random => "random",
        }
    }
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
    /// Reads flags as `run` takes them.
    ///
    /// # Errors
    /// They are none of `run`, or name a target or a report, which is the caller's to do.
    pub(super) fn of_flags(flags: &[String]) -> Result<Self, Failure> {
        let command = Self::augment_args(Command::new("run").no_binary_name(true));
        let matches = command.try_get_matches_from(flags).map_err(|error| {
            let text = error.to_string();
            Failure(text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned())
        })?;
        let args = Self::from_arg_matches(&matches).map_err(|e| Failure(e.to_string()))?;
        match args.list || args.play.is_bound() {
            true => {
                Err(Failure("--list, --target, --as and reports are not for every target".into()))
            }
            false => Ok(args),
        }
    }

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

    /// Returns the folder of saved failures, if any is to be used. A requirement set has none.
    fn failures(&self) -> Option<Failures> {
        let used = self.failures != "none" && self.profile.is_none();
        used.then(|| Failures::in_folder(&self.failures))
    }

    /// Returns the flags that leave cases out, each one word.
    fn selection(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut flag = |name: &str, value: &str| words.push(format!("--{name}={}", quote(value)));
        self.profile.iter().for_each(|name| flag("profile", name));
        self.operation.iter().for_each(|name| flag("operation", name));
        self.level.iter().for_each(|level| flag("level", level.name()));
        self.area.iter().for_each(|area| flag("area", area));
        for phase in [Phase::Scenarios, Phase::Coverage, Phase::Random] {
            if !self.phase.is_empty() && self.phase.contains(&phase) {
                flag("phase", phase.name());
            }
        }
        words.extend(self.text.iter().map(|text| quote(text)));
        words.sort();
        words.dedup();
        words
    }

    /// Returns the failures that are expected of the target, checked against the contract.
    fn known(&self, folders: &Folders, suite: &Suite) -> Result<Option<Known>, Failure> {
        if self.listed.no_known {
            return Ok(None);
        }
        let known = match &self.listed.known {
            Some(path) => Some(Known::load(path)?),
            None => match self.play.profile() {
                Some(name) => Known::of_target(&super::play::profiles(folders), name)?,
                None => None,
            },
        };
        if let Some(known) = &known {
            known.verify(suite, &age::date(sign::now()))?;
        }
        Ok(known)
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
        if let Some(name) = &self.profile {
            let set = RequirementSet::load(name)?;
            set.other_models(suite).iter().for_each(|warning| complain(warning));
            let files = folders.sources().scenarios.files()?;
            return Ok(Plan::of(&set.choose(suite, &files)?));
        }
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
    let known = args.known(folders, &suite)?;
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
        selection: Some(args.selection()),
        known,
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
