//! `requirements`: freezes and checks requirement sets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Failure, Folders, complain, say};
use crate::age;
use crate::report;
use crate::report::text::counted;
use crate::requirements::{self, RequirementSet};
use crate::suite::Suite;
use crate::target::sign;

/// What to do with requirement sets.
#[derive(Debug, Subcommand)]
pub(super) enum RequirementsCommand {
    /// Writes a set of all written cases as they are now.
    Freeze(FreezeArgs),
    /// Tells whether the cases are still those of a set.
    Check(CheckArgs),
}

/// What to freeze.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance requirements freeze 2026-12
  cognito-conformance run --profile requirements/2026-12.yaml --target moto

A set names the written cases, each with a digest of what it asks: its steps, its set-ups, and what
the rules promise that it expects; titles, reasons and comments may change. Cases that are added
later are not in it. Generated cases are in none: they change with what they are generated from.

Exit codes: 0 written, 2 usage or harness error (the set is there already).")]
pub(super) struct FreezeArgs {
    /// Name of the set, such as 2026-12.
    name: String,
    /// Folder to write to.
    #[arg(long, default_value = "requirements", value_name = "DIR")]
    out: PathBuf,
    /// Freezes a set anew that is there: only before anybody has made a claim about it.
    #[arg(long)]
    replace: bool,
}

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every set holds, 1 a case is gone or asks something else, 2 usage or harness error.")]
pub(super) struct CheckArgs {
    /// Sets, or files of sets; every set there is without one.
    sets: Vec<String>,
}

/// Carries out `requirements`.
pub(super) fn requirements(
    command: &RequirementsCommand,
    folders: &Folders,
) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let files = folders.sources().scenarios.files()?;
    match command {
        RequirementsCommand::Freeze(args) => {
            let path = requirements::path(&args.out, &args.name)?;
            let name = path.to_string_lossy().into_owned();
            let before = match path.exists() {
                true if !args.replace => {
                    return Err(Failure(format!(
                        "`{name}` is there: a set that is frozen stays as it is (`--replace` \
                         freezes it anew)"
                    )));
                }
                true => Some(RequirementSet::load(&name)?),
                false => None,
            };
            let today = age::date(sign::now());
            let set = RequirementSet::freeze(&args.name, &suite, &files, &today, before.as_ref());
            report::json::write_bytes(&path, set.text().as_bytes())?;
            say(&format!("{name}: {} frozen", counted(set.cases.len(), "case")));
            Ok(0)
        }
        RequirementsCommand::Check(args) => {
            let names = match args.sets.is_empty() {
                true => requirements::names(),
                false => args.sets.clone(),
            };
            let mut code = 0;
            for name in names {
                let set = RequirementSet::load(&name)?;
                set.other_models(&suite).iter().for_each(|warning| complain(warning));
                match set.choose(&suite, &files) {
                    Ok(cases) => {
                        let withdrawn = match set.withdrawn.len() {
                            0 => String::new(),
                            count => format!(", {count} withdrawn"),
                        };
                        let cases = counted(cases.len(), "case");
                        say(&format!("{}: {cases} as they were{withdrawn}", set.name));
                    }
                    Err(error) => {
                        say(&error.to_string());
                        code = 1;
                    }
                }
            }
            Ok(code)
        }
    }
}
