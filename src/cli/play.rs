//! Plays cases against a target, for `run` and for `replay`: the flags they share, progress,
//! reports.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, Folders, complain, say};
use crate::app::{self, Scope};
use crate::canonical::quote;
use crate::catalogue::Source;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::generate::plan::Plan;
use crate::known::Known;
use crate::outcome::{CaseOutcome, Run};
use crate::report::{self, terminal::Style};
use crate::run::{self, Options, Session};
use crate::scan::Secrets;
use crate::scenario::recipes::Recipes;
use crate::suite::{Suite, SuiteError};
use crate::target::Target;
use crate::target::http::Limits;
use crate::target::open::{OpenOptions, Opened, TargetSpec, open};

/// Target that is played against unless said otherwise.
const REFERENCE: &str = "reference";

/// Seconds that one request may take unless said otherwise.
const TIMEOUT: u64 = 10;

/// Which target to play against, how, and what to report.
#[derive(Clone, Debug, Args)]
pub(super) struct PlayArgs {
    /// The target: `reference` (unless said otherwise), a URL, or the name of a profile.
    #[arg(long, value_name = "URL|PROFILE")]
    pub(super) target: Option<String>,
    /// Only what an application calls, as this file shows it: a HAR recording, or a list with an
    /// operation (or a JSON object with `operation` and `input`) a line. Tells which of its calls
    /// can be trusted.
    #[arg(long, value_name = "FILE")]
    pub(super) only_operations_of: Option<PathBuf>,
    /// Judges nobody: plays every case on this endpoint too, and tells where the target answers
    /// differently.
    #[arg(long, value_name = "URL|PROFILE", conflicts_with_all = ["lockstep", "strict"])]
    pub(super) against: Option<String>,
    /// Takes the capabilities of this profile for a target given as a URL.
    #[arg(long = "as", value_name = "PROFILE")]
    pub(super) as_profile: Option<String>,
    /// Seed of names, passwords and generated cases; drawn, and printed, unless given.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Seconds one request may take.
    #[arg(long, default_value_t = TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Promises that are only inferred fail too.
    #[arg(long)]
    strict: bool,
    /// Sends requests with a plain HTTP client instead of the official SDK.
    #[arg(long)]
    no_sdk: bool,
    /// Most steps of a random sequence, what sets its stage apart.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u16).range(5..=200))]
    pub(super) max_steps: u16,
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
    pub(super) fault: Vec<String>,
    /// Writes the run as JSON to this file, case by case.
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Writes the run as JUnit XML to this file.
    #[arg(long, value_name = "FILE")]
    report_junit: Option<PathBuf>,
    /// Lists notes and passing operations too, and what generated cases did not reach.
    #[arg(long, short)]
    verbose: bool,
    /// Prints what the run comes to in a line.
    #[arg(skip)]
    brief: bool,
}

/// What is decided for a run before the first case.
pub(super) struct Playing<'a> {
    /// Flags of target and reports.
    pub(super) args: &'a PlayArgs,
    /// Folders to read from.
    pub(super) folders: &'a Folders,
    /// The contract and its cases.
    pub(super) suite: &'a Suite,
    /// Seed of everything that is chosen.
    pub(super) seed: u64,
    /// How many cases at once; what the profile says, else 4.
    pub(super) jobs: Option<u16>,
    /// Stops after the first case that fails.
    pub(super) fail_fast: bool,
    /// Wall time that making failures small may take, in all.
    pub(super) shrink_time: Duration,
    /// What an application calls, where the run is restricted to that.
    pub(super) app: Option<Arc<Scope>>,
    /// Declared errors that generated cases can reach, by operation; none to be counted if empty.
    pub(super) reachable: std::collections::BTreeMap<String, std::collections::BTreeSet<String>>,
    /// Flags that leave cases out; `None` where it is not the suite that is played.
    pub(super) selection: Option<Vec<String>>,
    /// Failures that are expected of the target.
    pub(super) known: Option<Known>,
}

impl PlayArgs {
    /// Tells whether they say where to play, or where to report.
    pub(super) fn is_bound(&self) -> bool {
        let reports = [&self.report_json, &self.report_junit];
        self.target.is_some() || self.as_profile.is_some() || reports.iter().any(|r| r.is_some())
    }

    /// Has them play against a target among others: a report in `file`, and a line to read.
    pub(super) fn surveys(&mut self, target: &str, file: &Path) {
        self.target = Some(target.to_owned());
        self.report_json = Some(file.to_owned());
        self.brief = true;
    }

    /// Returns the seed given, or one drawn from the clock.
    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(draw_seed)
    }

    /// Returns the name of the profile of the target, or of the one that it is taken for.
    pub(super) fn profile(&self) -> Option<&str> {
        let target = self.target.as_deref().unwrap_or(REFERENCE);
        let named = !target.contains([':', '/']);
        self.as_profile.as_deref().or(named.then_some(target))
    }

    /// Returns what makes cases, from the recipes among the scenarios.
    pub(super) fn generator(
        &self,
        folders: &Folders,
        suite: &Suite,
        seed: u64,
    ) -> Result<Generator, Failure> {
        let source = folders.sources().scenarios;
        let recipes = Recipes::load(&source, &suite.catalogue).map_err(SuiteError::Scenarios)?;
        let dictionary = match &self.dictionary {
            Some(path) => Dictionary::load(path, &suite.catalogue)?,
            None => Dictionary::ours(),
        };
        let app = self.scope(suite)?;
        let generator =
            Generator::new(suite.catalogue.clone(), Arc::new(recipes), dictionary, seed);
        Ok(generator.around(app))
    }

    /// Returns what the application calls to which the run is restricted, if it is.
    pub(super) fn scope(&self, suite: &Suite) -> Result<Option<Arc<Scope>>, Failure> {
        let Some(path) = &self.only_operations_of else { return Ok(None) };
        let trace = app::read(path, &suite.catalogue)?;
        Ok(Some(Arc::new(Scope::new(Arc::new(trace), suite.catalogue.clone()))))
    }

    /// Returns the flags that repeat what these cause, target and seed apart, each one word.
    fn flags(&self, folders: &Folders) -> Vec<String> {
        let mut flags = Vec::new();
        let mut flag = |name: &str, value: &str| flags.push(format!("--{name}={}", quote(value)));
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        if let Some(profile) = &self.as_profile {
            flag("as", profile);
        }
        if let Some(against) = &self.against {
            flag("against", against);
        }
        self.fault.iter().for_each(|fault| flag("fault", fault));
        let read_from = [
            ("specs", &folders.specs),
            ("scenarios", &folders.scenarios),
            ("targets", &folders.targets),
            ("dictionary", &self.dictionary),
            ("only-operations-of", &self.only_operations_of),
        ];
        for (name, folder) in read_from {
            folder.iter().for_each(|folder| flag(name, &path(folder)));
        }
        flag("max-steps", &self.max_steps.to_string());
        if self.timeout != TIMEOUT {
            flag("timeout", &self.timeout.to_string());
        }
        let switches =
            [("strict", self.strict), ("no-sdk", self.no_sdk), ("lockstep", self.lockstep)];
        flags.extend(switches.iter().filter(|(_, on)| *on).map(|(name, _)| format!("--{name}")));
        flags
    }
}

/// Plays a plan and prints what came of it; returns the run with its exit code. No run where the
/// target could not be reached.
pub(super) fn play(playing: &Playing<'_>, plan: Plan) -> Result<(Option<Run>, u8), Failure> {
    super::runtime()?.block_on(opened(playing, plan))
}

async fn opened(playing: &Playing<'_>, plan: Plan) -> Result<(Option<Run>, u8), Failure> {
    let Playing { args, folders, suite, seed, .. } = *playing;
    let plain = OpenOptions {
        profiles: profiles(folders),
        limits: Limits { total: Duration::from_secs(args.timeout), ..Limits::default() },
        plain_http: args.no_sdk,
        seed,
        ..OpenOptions::new(suite.catalogue.clone())
    };
    let options = OpenOptions {
        capabilities_of: args.as_profile.clone(),
        faults: args.fault.clone(),
        ..plain.clone()
    };
    let Some(opened) = up(args.target.as_deref().unwrap_or(REFERENCE), &options).await? else {
        return Ok((None, 3));
    };
    let known = playing.known.clone().map(|list| list.for_version(opened.version()));
    let known = match known.transpose() {
        Ok(known) => known.map(Arc::new),
        Err(error) => {
            opened.shutdown().await;
            return Err(error.into());
        }
    };
    let against = match &args.against {
        Some(name) => match up(name, &plain).await {
            Ok(Some(against)) => Some(against),
            other => {
                opened.shutdown().await;
                return other.map(|_| (None, 3));
            }
        },
        None => None,
    };
    let bounds = [Some(&opened), against.as_ref()].map(|side| side.and_then(|side| side.jobs()));
    let jobs = playing.jobs.map(usize::from).or(bounds.into_iter().flatten().min());
    let options = Options {
        jobs: jobs.unwrap_or(4),
        seed,
        case_timeout: Duration::from_secs(args.timeout * 6),
        fail_fast: playing.fail_fast,
        strict: args.strict,
        snapshots: Arc::new(folders.snapshots()?),
        frozen_at: None,
        lockstep: args.lockstep,
        // A sequence that is small on one of two endpoints says nothing about both.
        shrink_requests: if against.is_some() { 0 } else { args.shrink },
        shrink_time: playing.shrink_time,
        known: known.clone().unwrap_or_default(),
    };
    let session = |target: &Arc<Opened>| {
        Session::new(suite.catalogue.clone(), target.clone(), options.clone())
    };
    let session = match &against {
        Some(against) => session(&opened).against(Arc::new(session(against))),
        None => session(&opened),
    };
    let session = Arc::new(session);
    session.secrets().learn_credentials(opened.http().signing());
    let outcome = watched(playing, &session, plan, known.as_deref()).await;
    opened.shutdown().await;
    if let Some(against) = against {
        against.shutdown().await;
    }
    let run = outcome?;
    let code = finish(args, &run, session.secrets())?;
    Ok((Some(run), code))
}

/// Opens an endpoint; says why nothing can be said where it cannot be reached, and returns none.
async fn up(name: &str, options: &OpenOptions) -> Result<Option<Arc<Opened>>, Failure> {
    let spec: TargetSpec = name.parse()?;
    let opened = tokio::select! {
        opened = open(&spec, options) => opened,
        () = interrupted() => {
            complain("indeterminate: interrupted while the target was starting");
            return Ok(None);
        }
    };
    match opened {
        Ok(opened) => Ok(Some(Arc::new(opened))),
        Err(error) if error.is_indeterminate() => {
            let Failure(text) = error.into();
            complain(&format!("indeterminate: {text}"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Runs the cases with progress on the terminal and a growing JSON report; Ctrl-C winds down.
async fn watched(
    playing: &Playing<'_>,
    session: &Arc<Session>,
    plan: Plan,
    known: Option<&Known>,
) -> Result<Run, Failure> {
    let args = playing.args;
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
    let mut run =
        until_interrupted(session, run::run_plan(session, plan, &watch), &progress, planned).await;
    progress.finish_and_clear();
    run.flags = args.flags(playing.folders);
    run.selection = playing.selection.clone();
    run.known = known.map(|known| known.held_against(&run));
    if let Some(generated) = &mut run.generated {
        generated.reachable = playing.reachable.clone();
    }
    run.app = playing.app.as_ref().map(|app| app::view(app.trace(), &app.taken(), &run));
    if session.secrets().withhold_from("", &mut run).is_err() {
        return Err(Failure("the run holds a secret where none can be withheld".into()));
    }
    run.withheld = session.secrets().withheld();
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
    session: &Arc<Session>,
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

/// Writes what shows a finished run; each is read once more for secrets as it is to be shown.
fn finish(args: &PlayArgs, run: &Run, secrets: &Secrets) -> Result<u8, Failure> {
    let mut missed = false;
    if let Some(path) = &args.report_junit {
        let mut text = report::junit::render(run);
        missed |= secrets.withhold(&mut text);
        report::json::write_bytes(path, text.as_bytes())?;
    }
    if args.brief {
        complain(&format!("{}: {}", run.target, report::Summary::of(run).conclusion(run)));
    } else {
        let mut text = report::terminal::render(run, style(args.verbose));
        missed |= secrets.withhold_from_lines(&mut text);
        say(&text);
    }
    match missed {
        true => Err(Failure("a report held something secret, which was withheld".into())),
        false => Ok(run.conclusion().exit_code()),
    }
}

pub(super) fn progress_bar(cases: usize) -> ProgressBar {
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

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Tells whether the process was asked to end.
pub(super) fn was_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Listens, from this call on, to whoever asks the process to end, by Ctrl-C or SIGTERM; what is
/// returned is done once somebody has. To be called within a runtime, before the process says that
/// it is ready: a signal that comes sooner ends it there and then.
pub(super) fn interrupted() -> impl Future<Output = ()> {
    let [mut interrupt, mut terminate] =
        [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    async move {
        tokio::select! {
            () = heard(&mut interrupt) => {}
            () = heard(&mut terminate) => {}
        }
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
}

/// Returns when a signal has come; never where there is no listening to it.
async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
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
