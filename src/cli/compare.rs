//! `compare`: several saved runs side by side.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, say};
use crate::differential::{self, Entry, Selection};
use crate::outcome::Level;
use crate::report::{self, sheet::Sheet};

/// What to compare.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance compare moto.json ministack.json cognito-local.json
  cognito-conformance compare moto.json ministack.json --operation SignUp --level errors
  cognito-conformance compare *.json --common --format markdown > COMPARISON.md

Figures are those of the runs' own reports. Play the runs with the same flags and the same --seed:
where they differ it is said, and --common leaves what they have in common. A finding is the same
on two targets when its id is.

Exit codes: 0 compared, 2 a run cannot be read, or nothing is selected.")]
pub(super) struct CompareArgs {
    /// Files that `run --report-json` wrote.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Only this level (repeatable).
    #[arg(long)]
    level: Vec<Level>,
    /// Only cases that test this operation (repeatable), level by level.
    #[arg(long, value_name = "NAME")]
    operation: Vec<String>,
    /// Only cases that every run finished.
    #[arg(long)]
    common: bool,
    #[command(flatten)]
    form: Form,
}

/// How to print what was compared.
#[derive(Debug, Args)]
pub(super) struct Form {
    /// What to print.
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    /// Shows every finding, and the operations that pass everywhere.
    #[arg(long, short)]
    verbose: bool,
}

/// A format of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text that fits the terminal.
    Terminal,
    /// Markdown with tables.
    Markdown,
    /// All of it, for programs.
    Json,
}

impl Form {
    /// Prints a comparison.
    pub(super) fn print(
        &self,
        document: &impl serde::Serialize,
        sheet: impl FnOnce(bool) -> Sheet,
    ) -> Result<(), Failure> {
        let text = match self.format {
            Format::Terminal => {
                report::terminal::sheet(&sheet(self.verbose), super::play::style(self.verbose))
            }
            Format::Markdown => report::sheet::markdown(&sheet(self.verbose)),
            Format::Json => serde_json::to_string_pretty(document)?,
        };
        say(text.trim_end());
        Ok(())
    }
}

/// Reads a saved run for comparison.
pub(super) fn read(path: &Path) -> Result<Entry, Failure> {
    let run = report::json::read_brief(path)?;
    Ok(Entry { file: path.to_string_lossy().into_owned(), run })
}

/// Carries out `compare`.
pub(super) fn compare(args: &CompareArgs) -> Result<u8, Failure> {
    let entries = args.runs.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let bare = |name: &String| name.rsplit(':').next().unwrap_or_default().to_owned();
    let selection = Selection {
        levels: args.level.clone(),
        operations: args.operation.iter().map(bare).collect(),
        common: args.common,
    };
    let comparison = differential::compare(entries, &selection)?;
    args.form.print(&comparison, |all| report::compared::sheet(&comparison, all))?;
    Ok(0)
}
