//! `explain`: what is known about a name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::{Failure, Folders, say};
use crate::explain::{self, Contract, Explanation, Report, page};
use crate::failures::{self, DEFAULT_FOLDER};
use crate::outcome::Run;
use crate::report;
use crate::scenario::recipes::Recipes;
use crate::scenario::{self, Files, Scenario};
use crate::suite::{Suite, SuiteError};

/// What to explain.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance explain user-disabled                      a rule
  cognito-conformance explain read-your-writes                   a check or property
  cognito-conformance explain AdminGetUser                       what is promised of an operation
  cognito-conformance explain disabled-user-is-refused           a case, by the end of its id
  cognito-conformance explain cognito-idp::AdminGetUser::handles --seed 7    a generated case
  cognito-conformance explain 0a1b2c3d4e --report run.json       a finding, and what to do about it
  cognito-conformance explain user-disabled --report run.json    a rule, and how a target keeps it
  cognito-conformance explain schema --format json

Exit codes: 0 explained, 2 usage or harness error (nothing is called so).")]
pub(super) struct ExplainArgs {
    /// The id of a rule, check, property, finding or case, the name of an operation, or a
    /// scenario file.
    #[arg(value_name = "NAME")]
    what: String,
    /// Looks into this report that `run --report-json` wrote; without it, a finding is looked for
    /// among the saved failures.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Folder of saved failures, of which the newest of a finding is explained.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    failures: PathBuf,
    /// Seed of generated cases; that of the report, else 1.
    #[arg(long)]
    seed: Option<u64>,
    /// How to print: text, or json, a list with one entry for each thing that is called so.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Lists everything, however long the lists are.
    #[arg(long)]
    all: bool,
}

/// How explanations are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Carries out `explain`.
pub(super) fn explain(args: &ExplainArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let source = folders.sources().scenarios;
    let recipes = Recipes::load(&source, &suite.catalogue).map_err(SuiteError::Scenarios)?;
    let run = args.report.as_deref().map(report::json::read).transpose()?;
    let path = args.report.as_deref().map(|path| path.to_string_lossy()).unwrap_or_default();
    let is_id = args.what.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let saved = match run.is_none() && is_id {
        true => failures::newest(&args.failures, &args.what)?,
        false => None,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let contract = Contract {
        suite: &suite,
        recipes: &Arc::new(recipes),
        snapshots: &folders.snapshots()?,
        report: run.as_ref().map(|run| Report { path: &path, run }),
        saved: saved.as_ref(),
        seed: args.seed.or(run.as_ref().map(|run| run.seed)).unwrap_or(1),
        max_steps: max_steps(run.as_ref()),
        now,
    };
    let explanations = match is_file(&args.what) {
        true => {
            let case = read(&args.what, folders, &suite)?;
            vec![Explanation::Case(Box::new(explain::case_page(&contract, &case)))]
        }
        false => explain::explain(&contract, &args.what).map_err(Failure)?,
    };
    match args.format {
        Format::Json => say(&serde_json::to_string_pretty(&explanations)?),
        Format::Text => {
            let width = super::play::style(false).width;
            let pages = explanations.iter().map(|one| page::render(one, width, args.all));
            say(pages.collect::<Vec<_>>().join("\n").trim_end());
        }
    }
    Ok(0)
}

/// Returns the most steps of the random sequences of a run: what its flags say, else the default.
fn max_steps(run: Option<&Run>) -> usize {
    let flags = run.into_iter().flat_map(|run| &run.flags);
    let mut said = flags.filter_map(|flag| flag.strip_prefix("--max-steps=")?.parse().ok());
    said.next().filter(|steps| (5..=200).contains(steps)).unwrap_or(20)
}

fn is_file(what: &str) -> bool {
    what.ends_with(".yaml") || Path::new(what).is_file()
}

/// Returns the case that stands in a file.
fn read(path: &str, folders: &Folders, suite: &Suite) -> Result<Scenario, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|cause| Failure(format!("cannot read `{path}`: {cause}")))?;
    let files = Files::from([(path.to_owned(), text)]);
    let cases = scenario::read(&files, &folders.sources().scenarios, &suite.catalogue);
    let mut cases = cases.map_err(SuiteError::Scenarios)?;
    cases.pop().ok_or_else(|| Failure(format!("`{path}` holds no scenario")))
}
