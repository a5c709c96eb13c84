//! `replay`: plays one case again, by its id, from a file, or from the report that it was found in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::play::{PlayArgs, Playing, play};
use super::{Failure, Folders};
use crate::generate::plan::Plan;
use crate::near;
use crate::outcome::{Phase, Run};
use crate::report;
use crate::scenario::{self, Files, Scenario};
use crate::suite::{Suite, SuiteError};

/// What to play again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance replay .cognito-conformance/failures/cognito-idp/GetGroup-schema-1f.yaml
  cognito-conformance replay cognito-idp::AdminGetUser::handles --seed 7 --target moto
  cognito-conformance replay random::0000123 --seed 7 --max-steps 20
  cognito-conformance replay 0a1b2c3d4e --report run.json       what was found, as it was found

Exit codes are those of `run`.")]
pub(super) struct ReplayArgs {
    /// A scenario file, the id of a case, or (with --report) the id of a finding.
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// Takes the finding from this report that `run --report-json` wrote: its smallest sequence,
    /// and its target and seed unless others are given.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    play: PlayArgs,
}

/// Carries out `replay`.
pub(super) fn replay(args: &ReplayArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let mut flags = args.play.clone();
    // Reports name what was replayed from another report as `<report>#<finding>`.
    let (what, report) = match (&args.report, args.what.rsplit_once('#')) {
        (Some(report), _) => (args.what.as_str(), Some(report.clone())),
        (None, Some((report, id))) => (id, Some(PathBuf::from(report))),
        (None, None) => (args.what.as_str(), None),
    };
    let found = match &report {
        Some(path) => {
            let run = report::json::read(path)?;
            as_in(&run, &mut flags);
            Some(found(&run, what, path)?)
        }
        None => None,
    };
    let seed = flags.seed();
    let case = match found {
        Some(Found { scenario: Some(text), name, .. }) => read(&name, text, folders, &suite)?,
        Some(Found { case, .. }) => named(&case, &flags, folders, &suite, seed)?,
        None => named(what, &flags, folders, &suite, seed)?,
    };
    let playing = Playing {
        args: &flags,
        folders,
        suite: &suite,
        seed,
        jobs: Some(1),
        fail_fast: false,
        shrink_time: super::run::SHRINK_TIME,
        app: None,
        reachable: Default::default(),
        selection: None,
        known: None,
    };
    Ok(play(&playing, Plan::of(&[Arc::new(case)]))?.1)
}

/// Takes target and seed of a run, unless others are given.
fn as_in(run: &Run, flags: &mut PlayArgs) {
    flags.seed.get_or_insert(run.seed);
    for flag in &run.flags {
        match flag.split_once('=') {
            Some(("--fault", name)) if flags.target.is_none() => flags.fault.push(name.into()),
            Some(("--as", name)) if flags.target.is_none() => {
                flags.as_profile.get_or_insert(name.into());
            }
            Some(("--only-operations-of", file)) => {
                flags.only_operations_of.get_or_insert(file.trim_matches('\'').into());
            }
            Some(("--against", name)) if flags.target.is_none() => {
                flags.against.get_or_insert(name.into());
            }
            Some(("--max-steps", most)) => {
                flags.max_steps = most.parse().unwrap_or(flags.max_steps);
            }
            _ => {}
        }
    }
    flags.target.get_or_insert(run.target.clone());
}

/// A finding of a report.
struct Found {
    /// `<report>#<finding>`.
    name: String,
    /// The smallest sequence that showed it.
    scenario: Option<String>,
    /// Id of the case it was seen in.
    case: String,
}

/// Returns the finding with this id; one that was made small goes before others of its kind.
fn found(run: &Run, id: &str, report: &Path) -> Result<Found, Failure> {
    let all = || run.findings().filter(|finding| finding.id == id);
    let small = all().find(|finding| finding.scenario.is_some());
    let Some(finding) = small.or_else(|| all().next()) else {
        let ids = run.findings().map(|finding| finding.id.as_str());
        return Err(Failure(near::unknown("finding", id, ids)));
    };
    Ok(Found {
        name: format!("{}#{id}", report.display()),
        scenario: finding.scenario.clone(),
        case: finding.case.clone(),
    })
}

/// Returns the case that stands in a text.
fn read(path: &str, text: String, folders: &Folders, suite: &Suite) -> Result<Scenario, Failure> {
    let files = Files::from([(path.to_owned(), text)]);
    let cases = scenario::read(&files, &folders.sources().scenarios, &suite.catalogue);
    let mut cases = cases.map_err(SuiteError::Scenarios)?;
    cases.pop().ok_or_else(|| Failure(format!("`{path}` holds no scenario")))
}

/// Returns the case with this id: of a file, one that was written, or one that is generated.
fn named(
    what: &str,
    flags: &PlayArgs,
    folders: &Folders,
    suite: &Suite,
    seed: u64,
) -> Result<Scenario, Failure> {
    if what.ends_with(".yaml") || Path::new(what).is_file() {
        let text = std::fs::read_to_string(what)
            .map_err(|cause| Failure(format!("cannot read `{what}`: {cause}")))?;
        return read(what, text, folders, suite);
    }
    if let Some(case) = suite.cases.iter().find(|case| case.id == what) {
        return Ok(Scenario::clone(case));
    }
    if Phase::of(what).is_some() {
        let mut generator = flags.generator(folders, suite, seed)?;
        return generator.named(what, usize::from(flags.max_steps)).map_err(Failure);
    }
    let unknown = near::unknown("case", what, suite.cases.iter().map(|case| case.id.as_str()));
    let is_finding = what.len() == 10 && what.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hint = if is_finding { "; the id of a finding takes `--report FILE`" } else { "" };
    Err(Failure(unknown + hint))
}
