//! `report`: renders a saved run again.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, say};
use crate::report;

/// What to render.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A file that `run --report-json` wrote.
    #[arg(required_unless_present = "schema")]
    run: Option<PathBuf>,
    /// Prints the JSON Schema of the report instead.
    #[arg(long)]
    schema: bool,
    /// Writes JUnit XML to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Lists notes and passing operations too.
    #[arg(long, short)]
    verbose: bool,
}

/// Carries out `report`; the exit code is that of the run.
pub(super) fn report(args: &ReportArgs) -> Result<u8, Failure> {
    if args.schema {
        say(report::json::SCHEMA.trim_end());
        return Ok(0);
    }
    let path = args.run.as_deref().unwrap_or_else(|| std::path::Path::new(""));
    let run = report::json::read(path)?;
    if let Some(junit) = &args.junit {
        std::fs::write(junit, report::junit::render(&run))
            .map_err(|e| Failure(format!("cannot write `{}`: {e}", junit.display())))?;
    }
    say(&report::terminal::render(&run, super::play::style(args.verbose)));
    Ok(run.conclusion().exit_code())
}
