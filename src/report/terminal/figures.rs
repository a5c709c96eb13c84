//! The figures of generated cases: how many, and how much of the contract they have seen.

use crate::outcome::{Generated, Phase, Share};
use crate::report::text::{counted, one_line};

use super::page::{Page, Tone};

/// Writes a line per phase and, of a verbose report, what was not reached.
pub(super) fn figures(page: &mut Page, generated: &Generated) {
    let phases: Vec<Phase> = generated.phases.keys().copied().collect();
    let mut rows: Vec<_> =
        phases.iter().map(|phase| row(generated, phase.name(), &[*phase])).collect();
    if phases.len() > 1 {
        rows.push(row(generated, "together", &phases));
    }
    page.gap();
    let heads =
        ["generated", "cases", "exchanges", "operations carried out", "reachable errors seen"];
    page.table(&heads, rows, 2);
    if page.style().verbose {
        phases.iter().for_each(|phase| never(page, generated, *phase));
        missed(page, generated, &phases);
    }
}

fn row(generated: &Generated, name: &str, phases: &[Phase]) -> Vec<(Tone, String)> {
    let chosen = || phases.iter().filter_map(|phase| generated.phases.get(phase));
    let cases: u64 = chosen().map(|figures| figures.cases).sum();
    let exchanges: u64 = chosen().map(|figures| figures.exchanges).sum();
    let share = |share: Share| match generated.reachable.is_empty() {
        true => "-".to_owned(),
        false => format!("{} of {} ({:.1}%)", share.part, share.whole, share.percent()),
    };
    let cells = [
        name.to_owned(),
        cases.to_string(),
        exchanges.to_string(),
        share(generated.carried_out(phases)),
        share(generated.hit(phases)),
    ];
    cells.map(|text| (Tone::Plain, text)).into()
}

fn never(page: &mut Page, generated: &Generated, phase: Phase) {
    let never = generated.never(&[phase]);
    if never.is_empty() {
        return;
    }
    page.gap();
    let count = counted(never.len(), "operation");
    page.line(Tone::Strong, &format!("Never carried out in phase {}: {count}", phase.name()));
    page.item(&one_line(&never.join(", ")));
}

fn missed(page: &mut Page, generated: &Generated, phases: &[Phase]) {
    let missed = generated.missed(phases);
    if missed.is_empty() {
        return;
    }
    page.gap();
    let count = counted(missed.len(), "pair");
    page.line(Tone::Strong, &format!("Reachable errors that no generated case met: {count}"));
    let mut rest = missed.as_slice();
    while let Some((operation, _)) = rest.first() {
        let end = rest.iter().take_while(|(name, _)| name == operation).count();
        let codes: Vec<_> = rest[..end].iter().map(|(_, code)| *code).collect();
        page.item(&one_line(&format!("{operation}: {}", codes.join(", "))));
        rest = &rest[end..];
    }
}
