//! `scenarios`: the file format, and the rules and cases that go together.

use clap::Subcommand;

use super::{Failure, Folders, say};
use crate::scenario;
use crate::suite::Suite;

/// What to do with scenarios.
#[derive(Debug, Subcommand)]
pub(super) enum ScenariosCommand {
    /// Prints the JSON Schema of scenario files, for editors.
    Schema,
    /// Checks every scenario file and says how many there are.
    Check,
}

/// Carries out `scenarios`.
pub(super) fn scenarios(command: &ScenariosCommand, folders: &Folders) -> Result<u8, Failure> {
    match command {
        ScenariosCommand::Schema => {
            say(&serde_json::to_string_pretty(&scenario::json_schema())?);
        }
        ScenariosCommand::Check => {
            let suite = Suite::load(&folders.sources())?;
            say(&format!("{} scenarios in {} areas", suite.cases.len(), suite.areas().len()));
        }
    }
    Ok(0)
}
