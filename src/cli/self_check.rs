//! `self-check`: how well the harness finds what is wrong.

use std::sync::Arc;

use clap::Args;
use comfy_table::{Table, presets};

use super::{Failure, Folders, complain, say};
use crate::hunt::{Caught, Hunter};
use crate::reference::faults;
use crate::scenario::recipes::Recipes;
use crate::suite::{Suite, SuiteError};

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance self-check                       every named fault against generated cases
  cognito-conformance self-check --fault disabled-user-keeps-tokens --print
  cognito-conformance self-check --budget 20000 --seed 7

Exit codes: 0 at least nine in ten faults were found, 1 fewer, 2 usage or harness error.")]
pub(super) struct SelfCheckArgs {
    /// Only this fault (repeatable); `serve --fault list` names them.
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Seed of everything that is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests after which a fault counts as not found.
    #[arg(long, default_value_t = 250_000, value_name = "N")]
    budget: u64,
    /// Requests that making one failure small may take.
    #[arg(long, default_value_t = 3000, value_name = "N")]
    shrink: u64,
    /// Plays only cases of the operations that a fault has to do with: quicker, and easier on
    /// the harness.
    #[arg(long)]
    focused: bool,
    /// Prints the smallest sequence of each fault too.
    #[arg(long)]
    print: bool,
}

/// Share of faults that must be found.
const WANTED: f64 = 0.9;

/// Carries out `self-check`.
pub(super) fn self_check(args: &SelfCheckArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let source = folders.sources().scenarios;
    let recipes = Recipes::load(&source, &suite.catalogue).map_err(SuiteError::Scenarios)?;
    let mut chosen = Vec::new();
    for name in &args.fault {
        chosen.push(faults::named(name).map_err(Failure)?);
    }
    if chosen.is_empty() {
        chosen = faults::all().collect();
    }
    let hunter = Hunter {
        catalogue: suite.catalogue.clone(),
        recipes: Arc::new(recipes),
        seed: args.seed,
        budget: args.budget,
        shrink: args.shrink,
        focused: args.focused,
    };
    let watch = |caught: &Caught| complain(&line(caught));
    let caught = super::runtime()?.block_on(hunter.hunt_all(&chosen, 2, &watch))?;
    say(&render(&caught));
    if args.print {
        for find in caught.iter().filter_map(|caught| caught.found.as_ref()) {
            say(&format!("\n{}", find.scenario.as_deref().unwrap_or("# could not be made small")));
        }
    }
    let found = caught.iter().filter(|caught| caught.found.is_some()).count();
    Ok(u8::from((found as f64) < WANTED * caught.len() as f64))
}

fn line(caught: &Caught) -> String {
    match &caught.found {
        Some(find) => format!(
            "found      {} by {} after {} requests",
            caught.fault.name, find.finding.check, caught.requests
        ),
        None => format!("not found  {} in {} requests", caught.fault.name, caught.requests),
    }
}

/// Returns the table of faults, then the figures.
fn render(caught: &[Caught]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["fault", "level", "caught by", "first of", "requests", "steps", "shortest"]);
    for caught in caught {
        let find = caught.found.as_ref();
        let checks = find.map_or_else(|| "-".into(), |find| find.checks.join(", "));
        let steps = find.and_then(|find| find.steps);
        table.add_row([
            caught.fault.name.to_owned(),
            caught.fault.level.to_string(),
            checks,
            caught.fault.caught_by.to_owned(),
            caught.requests.to_string(),
            steps.map_or_else(|| "-".into(), |steps| steps.to_string()),
            caught.fault.steps.to_string(),
        ]);
    }
    let all = caught.len();
    let count = |test: fn(&Caught) -> bool| caught.iter().filter(|caught| test(caught)).count();
    let found = count(|caught| caught.found.is_some());
    let minimal = count(Caught::is_minimal);
    let expected = count(|caught| {
        caught
            .found
            .as_ref()
            .is_some_and(|find| find.checks.iter().any(|c| c == caught.fault.caught_by))
    });
    format!(
        "{table}\n\n{found} of {all} faults found by generation alone; {expected} by the check that \
         speaks for them; {minimal} shrunk to at most one step more than the shortest known"
    )
}
