//! `diff`: what changed from one saved run to the next.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use super::compare::{Form, read};
use crate::differential::{self, Changes};
use crate::report;

/// Which runs to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance run --target moto --seed 1 --report-json new.json
  cognito-conformance diff base.json new.json
  cognito-conformance diff base.json new.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"

A finding is known by its id. It is fixed where every case that showed it was played again and does
not show it; what was declined, skipped, flaky or not played is told apart. Runs whose questions
differ are refused: play both with the same --seed, flags and version of the harness.

Exit codes: 0 nothing fails that did not before, 1 new failures, 2 a run cannot be read, or the two
cannot be compared.")]
pub(super) struct DiffArgs {
    /// The earlier run: a file that `run --report-json` wrote.
    base: PathBuf,
    /// The later run.
    new: PathBuf,
    /// Compares runs all the same that differ in what was asked, or were cut short.
    #[arg(long)]
    allow_different: bool,
    #[command(flatten)]
    form: Form,
}

/// Carries out `diff`.
pub(super) fn diff(args: &DiffArgs) -> Result<u8, Failure> {
    let (base, new) = (read(&args.base)?, read(&args.new)?);
    let changes = differential::diff(&base, &new);
    if !args.allow_different {
        comparable(&changes)?;
    }
    args.form.print(&changes, |all| report::changed::sheet(&changes, all))?;
    Ok(changes.exit_code())
}

/// Refuses runs that were not asked the same.
fn comparable(changes: &Changes) -> Result<(), Failure> {
    let reasons: Vec<_> = changes.hindrances().map(report::changed::hindrance).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Failure(format!(
        "the runs cannot be compared (`--allow-different` does all the same)\n  {}",
        reasons.join("\n  ")
    )))
}
