//! `self-check --generated`: how well generated cases alone find what is wrong.

use comfy_table::{Table, presets};

use super::{Failure, complain, say};
use crate::hunt::{Caught, Hunter};
use crate::reference::faults::NamedFault;

/// What to hunt.
pub(super) struct Hunt<'a> {
    /// The faults.
    pub(super) faults: Vec<&'static NamedFault>,
    /// How.
    pub(super) hunter: &'a Hunter,
    /// How many at once.
    pub(super) jobs: usize,
    /// Prints the smallest sequence of each fault too.
    pub(super) print: bool,
}

/// Share of faults that must be found.
const WANTED: f64 = 0.9;

/// Carries out `self-check --generated`.
pub(super) fn hunt(hunt: &Hunt<'_>) -> Result<u8, Failure> {
    let watch = |caught: &Caught| complain(&line(caught));
    let hunts = hunt.hunter.hunt_all(&hunt.faults, hunt.jobs, &watch);
    let caught = super::runtime()?.block_on(hunts)?;
    say(&render(&caught));
    if hunt.print {
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
