//! The command line: one file per subcommand. The only place that prints.

mod catalogue;
mod compare;
mod diff;
mod explain;
mod hunt;
mod known;
mod play;
mod proxy;
mod record;
mod replay;
mod report;
mod requirements;
mod run;
mod scenarios;
mod self_check;
mod serve;
mod survey;
mod targets;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::catalogue::Source as SpecSource;
use crate::scenario::Source as ScenarioSource;
use crate::snapshot::{Snapshots, Source as SnapshotSource};
use crate::suite::Sources;

/// Exit code of usage, configuration and harness errors.
pub const EXIT_ERROR: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  cognito-conformance run                              the whole suite on the embedded reference
  cognito-conformance run --target http://127.0.0.1:4566 --report-junit junit.xml
  cognito-conformance run --target moto --operation SignUp --operation ConfirmSignUp
  cognito-conformance run --list --level security      what would be run
  cognito-conformance replay random::0000123 --seed 7  one case again
  cognito-conformance diff base.json new.json          what fails that did not before
  cognito-conformance catalogue show InitiateAuth      what the contract says
  cognito-conformance explain user-disabled            a promise: who says so, what tests it, what to do
  cognito-conformance serve --port 9229                the reference as a server

Exit codes: 0 conformant · 1 unexpected findings · 2 usage, configuration or harness error ·
3 indeterminate (target unreachable, run cut short)";

/// Contract conformance test harness for Amazon Cognito.
#[derive(Debug, Parser)]
#[command(name = "cognito-conformance", version, about, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    folders: Folders,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays the suite against a target and reports what it breaks.
    Run(Box<run::RunArgs>),
    /// Plays one case again: by its id, from a file, or as a report shows it.
    Replay(Box<replay::ReplayArgs>),
    /// Shows saved runs side by side: targets by level and operation, and what fails where.
    Compare(compare::CompareArgs),
    /// Tells what changed from one saved run to the next: new failures, fixed, unchanged.
    Diff(diff::DiffArgs),
    /// Keeps the list of known failures of a target.
    #[command(subcommand)]
    Known(known::KnownCommand),
    /// Writes down how a target answers, as snapshots to review.
    Record(record::RecordArgs),
    /// Stands between an application and its endpoint: checks and records what passes.
    Proxy(proxy::ProxyArgs),
    /// Freezes and checks requirement sets: cases that stay as they are.
    #[command(subcommand)]
    Requirements(requirements::RequirementsCommand),
    /// Serves the reference over HTTP.
    Serve(serve::ServeArgs),
    /// Shows, imports and compares the contract.
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
    /// Describes scenarios and their file format.
    #[command(subcommand)]
    Scenarios(scenarios::ScenariosCommand),
    /// Tells what is known of a rule, check, property, operation, case or finding.
    Explain(explain::ExplainArgs),
    /// Measures the harness: what it sees of faults, of null servers, of nothing at all.
    SelfCheck(self_check::SelfCheckArgs),
    /// Plays the suite on every target that is installed and compares them.
    Survey(survey::SurveyArgs),
    /// Lists the targets that have a profile.
    Targets,
    /// Renders a saved run again, or prints the schema of the JSON report.
    Report(report::ReportArgs),
}

/// Folders to use instead of what is embedded in the binary.
#[derive(Debug, Args)]
struct Folders {
    /// Reads the catalogue from this folder instead of the embedded one.
    #[arg(long, global = true, value_name = "DIR")]
    specs: Option<PathBuf>,
    /// Reads scenarios from this folder instead of the embedded ones.
    #[arg(long, global = true, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Reads snapshots from this folder instead of the embedded ones.
    #[arg(long, global = true, value_name = "DIR")]
    snapshots: Option<PathBuf>,
    /// Reads target profiles from this folder instead of the embedded ones.
    #[arg(long, global = true, value_name = "DIR")]
    targets: Option<PathBuf>,
}

impl Folders {
    fn sources(&self) -> Sources {
        Sources {
            specs: self.specs.clone().map_or(SpecSource::Embedded, SpecSource::Folder),
            scenarios: self
                .scenarios
                .clone()
                .map_or(ScenarioSource::Embedded, ScenarioSource::Folder),
        }
    }

    fn snapshots(&self) -> Result<Snapshots, Failure> {
        let source =
            self.snapshots.clone().map_or(SnapshotSource::Embedded, SnapshotSource::Folder);
        Ok(Snapshots::load(&source)?)
    }

    /// Refuses folders that do not exist: a misspelt one would silently test nothing.
    fn check(&self) -> Result<(), Failure> {
        let named = [&self.specs, &self.scenarios, &self.snapshots, &self.targets];
        match named.into_iter().flatten().find(|folder| !folder.is_dir()) {
            Some(missing) => Err(Failure(format!("`{}` is not a folder", missing.display()))),
            None => Ok(()),
        }
    }
}

/// Why the harness could not do its job; printed after "error: ", exit code 2.
#[derive(Debug)]
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let inner_text = inner.to_string();
            if !text.contains(&inner_text) {
                text = format!("{text}: {inner_text}");
            }
            cause = inner.source();
        }
        Self(text)
    }
}

/// Parses the process's arguments, carries out the command, returns the exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { EXIT_ERROR } else { 0 };
        }
    };
    let outcome = cli.folders.check().and_then(|()| carry_out(&cli));
    outcome.unwrap_or_else(|Failure(text)| {
        complain(&format!("error: {text}"));
        EXIT_ERROR
    })
}

fn carry_out(cli: &Cli) -> Result<u8, Failure> {
    match &cli.command {
        Command::Run(args) => run::run(args, &cli.folders),
        Command::Replay(args) => replay::replay(args, &cli.folders),
        Command::Compare(args) => compare::compare(args),
        Command::Diff(args) => diff::diff(args),
        Command::Known(command) => known::known(command, &cli.folders),
        Command::Requirements(command) => requirements::requirements(command, &cli.folders),
        Command::Record(args) => record::record(args, &cli.folders),
        Command::Proxy(args) => proxy::proxy(args, &cli.folders),
        Command::Serve(args) => serve::serve(args, &cli.folders),
        Command::Catalogue(command) => catalogue::catalogue(command, &cli.folders),
        Command::Scenarios(command) => scenarios::scenarios(command, &cli.folders),
        Command::Explain(args) => explain::explain(args, &cli.folders),
        Command::SelfCheck(args) => self_check::self_check(args, &cli.folders),
        Command::Survey(args) => survey::survey(args, &cli.folders),
        Command::Targets => targets::targets(&cli.folders),
        Command::Report(args) => report::report(args),
    }
}

/// Prints to standard output; a closed pipe (`| head`) is no error.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints to standard error.
fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Returns the async runtime commands run on.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
