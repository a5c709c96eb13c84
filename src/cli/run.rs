//! `run`: plays the suite against a target.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, Folders, complain, say};
use crate::catalogue::Source;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::generate::plan::{Budget, Plan};
use crate::outcome::{CaseOutcome, Level, Run};
use crate::report::{self, terminal::Style};
use crate::run::{self, Options, Session};
use crate::scenario::recipes::Recipes;
use crate::suite::{Filter, Suite, SuiteError};
use crate::target::Target;
use crate::target::http::Limits;
use crate::target::open::{OpenOptions, TargetSpec, open};

/// Wall time for making failures small in a run whose cases have no time budget.
const SHRINK_TIME: Duration = Duration::from_secs(600);

/// What to run, where, and what to report.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance run                                     the whole suite on the reference
  cognito-conformance run --target moto --operation SignUp    one operation on a started emulator
  cognito-conformance run --target http://127.0.0.1:9229 --as moto --report-junit junit.xml
  cognito-conformance run --list --level security             what would be run
  cognito-conformance run --target moto --seed 42 cognito-idp::auth::disabled-user-is-refused

Exit codes: 0 conformant, 1 unexpected findings, 2 usage, configuration or harness error,
3 indeterminate.")]
pub(super) struct RunArgs {
    /// The target: `reference`, a URL, or the name of a profile.
    #[arg(long, default_value = "reference", value_name = "URL|PROFILE")]
    target: String,
    /// Takes the capabilities of this profile for a target given as a URL.
    #[arg(long = "as", value_name = "PROFILE")]
    as_profile: Option<String>,
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
    /// Seed of names and passwords; drawn, and printed, unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// Seconds one request may take.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Stops after the first case that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Promises that are only inferred fail too.
    #[arg(long)]
    strict: bool,
    /// Sends requests with a plain HTTP client instead of the official SDK.
    #[arg(long)]
    no_sdk: bool,
    /// Plays only this phase: scenarios, coverage or random (repeatable); all of them otherwise.
    #[arg(long, value_enum)]
    phase: Vec<Phase>,
    /// How many random sequences to play.
    #[arg(long, default_value_t = 200, value_name = "N")]
    cases: u64,
    /// Most steps of a random sequence, what sets its stage apart.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(5..=200))]
    max_steps: u16,
    /// Begins no generated case after this many seconds (or `2m`), and then takes as long again at
    /// most to make failures small.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    time_budget: Option<Duration>,
    /// Requests that making one generated failure small may take; 0: leave it as it is.
    #[arg(long, default_value_t = 1500, value_name = "N")]
    shrink: u64,
    /// Draws values from this file too: member or shape name to a list of values.
    #[arg(long, value_name = "FILE")]
    dictionary: Option<PathBuf>,
    /// Compares each answer of the written cases with the reference's too.
    #[arg(long)]
    lockstep: bool,
    /// Breaks one promise of the reference on purpose; `serve --fault list` names them.
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Writes the run as JSON to this file, case by case.
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Writes the run as JUnit XML to this file.
    #[arg(long, value_name = "FILE")]
    report_junit: Option<PathBuf>,
    /// Lists notes and passing operations too.
    #[arg(long, short)]
    verbose: bool,
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

    fn filter(&self) -> Filter {
        Filter {
            operations: self.operation.clone(),
            levels: self.level.clone(),
            areas: self.area.clone(),
            texts: self.text.clone(),
        }
    }

    /// Returns the cases to play: those written, and those that are generated.
    fn plan(&self, folders: &Folders, suite: &Suite, seed: u64) -> Result<Plan, Failure> {
        let filter = self.filter();
        let generates = self.plays(Phase::Coverage) || self.plays(Phase::Random);
        let written = match suite.select(&filter) {
            Ok(cases) if self.plays(Phase::Scenarios) => cases,
            Err(error @ SuiteError::Filter(_)) => return Err(error.into()),
            Err(error) if !generates => return Err(error.into()),
            _ => Vec::new(),
        };
        if !generates {
            return Ok(Plan::of(&written));
        }
        let source = folders.sources().scenarios;
        let recipes = Recipes::load(&source, &suite.catalogue).map_err(SuiteError::Scenarios)?;
        let dictionary = match &self.dictionary {
            Some(path) => Dictionary::load(path, &suite.catalogue)?,
            None => Dictionary::ours(),
        };
        let generator =
            Generator::new(suite.catalogue.clone(), Arc::new(recipes), dictionary, seed);
        let budget = Budget {
            coverage: self.plays(Phase::Coverage),
            cases: if self.plays(Phase::Random) { self.cases } else { 0 },
            max_steps: usize::from(self.max_steps),
            until: self.time_budget.map(|budget| Instant::now() + budget),
        };
        let plan = Plan::of(&written).generating(generator, budget, &filter);
        if plan.most() == 0 {
            return Err(suite.select(&filter).map_or_else(Failure::from, |_| {
                Failure("nothing to play: no phase has a case".into())
            }));
        }
        Ok(plan)
    }
}

/// Carries out `run`.
pub(super) fn run(args: &RunArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let seed = args.seed.unwrap_or_else(draw_seed);
    let plan = args.plan(folders, &suite, seed)?;
    if args.list {
        for case in plan {
            say(&format!("{:10} {}  {}", case.level, case.id, case.title));
        }
        return Ok(0);
    }
    super::runtime()?.block_on(play(args, folders, &suite, plan, seed))
}

async fn play(
    args: &RunArgs,
    folders: &Folders,
    suite: &Suite,
    plan: Plan,
    seed: u64,
) -> Result<u8, Failure> {
    let options = OpenOptions {
        profiles: profiles(folders),
        capabilities_of: args.as_profile.clone(),
        limits: Limits { total: Duration::from_secs(args.timeout), ..Limits::default() },
        plain_http: args.no_sdk,
        seed,
        faults: args.fault.clone(),
        ..OpenOptions::new(suite.catalogue.clone())
    };
    let spec: TargetSpec = args.target.parse()?;
    let opened = tokio::select! {
        opened = open(&spec, &options) => opened.map(Arc::new),
        () = interrupted() => {
            complain("indeterminate: interrupted while the target was starting");
            return Ok(3);
        }
    };
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) if error.is_indeterminate() => {
            let Failure(text) = error.into();
            complain(&format!("indeterminate: {text}"));
            return Ok(3);
        }
        Err(error) => return Err(error.into()),
    };
    let jobs = args.jobs.map(usize::from).or(opened.jobs()).unwrap_or(4);
    let session = Arc::new(Session::new(
        suite.catalogue.clone(),
        opened.clone(),
        Options {
            jobs,
            seed,
            case_timeout: Duration::from_secs(args.timeout * 6),
            fail_fast: args.fail_fast,
            strict: args.strict,
            snapshots: Arc::new(folders.snapshots()?),
            frozen_at: None,
            lockstep: args.lockstep,
            shrink_requests: args.shrink,
            // As long again as the cases may take.
            shrink_time: args.time_budget.unwrap_or(SHRINK_TIME),
        },
    ));
    let outcome = watched(args, &session, plan).await;
    opened.shutdown().await;
    finish(args, &outcome?)
}

/// Runs the cases with progress on the terminal and a growing JSON report; Ctrl-C winds down.
async fn watched(args: &RunArgs, session: &Arc<Session>, plan: Plan) -> Result<Run, Failure> {
    let started = Instant::now();
    let planned = plan.most();
    let header = run::header(session, planned);
    if let Some(path) = &args.report_junit {
        // A path that cannot be written is better known before the run, and a run that is killed
        // leaves a report that says it was cut short.
        report::json::write_bytes(path, report::junit::render(&header).as_bytes())?;
    }
    let stream = args.report_json.as_deref().map(|path| report::json::Stream::start(path, &header));
    let stream = Mutex::new(stream.transpose()?);
    let progress = progress_bar(planned);
    let plain = !std::io::stderr().is_terminal();
    let watch = |outcome: &CaseOutcome| {
        progress.inc(1);
        if plain || outcome.failed() {
            progress.suspend(|| complain(&report::terminal::line(outcome)));
        }
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let pushed = stream.as_mut().map(|stream| stream.push(outcome, elapsed_ms(started)));
        if let Some(Err(error)) = pushed {
            progress.suspend(|| complain(&format!("warning: {error}")));
        }
    };
    let run =
        until_interrupted(session, run::run_plan(session, plan, &watch), &progress, planned).await;
    progress.finish_and_clear();
    if let Some(stream) = stream.into_inner().unwrap_or_else(PoisonError::into_inner) {
        // A run given up has nothing to add to what was written case by case.
        if run.complete || !run.cases.is_empty() {
            stream.finish(&run)?;
        }
    }
    Ok(run)
}

/// Waits for the run; an interrupt winds it down, a second one gives up.
async fn until_interrupted(
    session: &Session,
    running: impl Future<Output = Run>,
    progress: &ProgressBar,
    planned: usize,
) -> Run {
    tokio::pin!(running);
    tokio::select! {
        run = &mut running => return run,
        () = interrupted() => {}
    }
    let notice = "interrupted: deleting what was created (again to stop at once)";
    progress.suspend(|| complain(notice));
    session.cancel();
    tokio::select! {
        run = &mut running => run,
        () = interrupted() => {
            complain("interrupted twice: resources may be left behind");
            run::header(session, planned)
        }
    }
}

fn finish(args: &RunArgs, run: &Run) -> Result<u8, Failure> {
    if let Some(path) = &args.report_junit {
        report::json::write_bytes(path, report::junit::render(run).as_bytes())?;
    }
    say(&report::terminal::render(run, style(args.verbose)));
    Ok(run.conclusion().exit_code())
}

fn progress_bar(cases: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = "{bar:40} {pos}/{len} cases  {per_sec}  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(cases as u64).with_style(style)
}

/// How reports to the terminal look: colour only where one reads them and NO_COLOR is unset.
pub(super) fn style(verbose: bool) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = if terminal { usize::from(indicatif_width()) } else { 100 };
    Style { colour: terminal && !no_colour, width, verbose }
}

fn indicatif_width() -> u16 {
    comfy_table::Table::new().width().unwrap_or(100)
}

/// Where profiles are read from.
pub(super) fn profiles(folders: &Folders) -> Source {
    folders.targets.clone().map_or(Source::Embedded, Source::Folder)
}

/// Returns when the process is asked to end, by Ctrl-C or SIGTERM.
pub(super) async fn interrupted() {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
    let terminated = async {
        match &mut terminate {
            Some(signal) => drop(signal.recv().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Draws a seed from the clock: runs differ, and the report names it.
fn draw_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos() % 1_000_000_007).unwrap_or(1)
}
