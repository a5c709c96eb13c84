//! Which calls of one application can be trusted on the target.

use super::page::{Page, Tone};
use super::{LINE_LIMIT, cell};
use crate::outcome::{AppCall, AppView, Level, Run, Trust};
use crate::report::summary::promise;
use crate::report::text::{counted, one_line, shorten};

/// Most findings of one call that are told.
const MOST_TOLD: usize = 5;

/// Most flows that are shown unless all is wanted.
const MOST_FLOWS: usize = 20;

/// Writes what a run says about the calls of an application.
pub(super) fn app(page: &mut Page, view: &AppView, run: &Run) {
    let of = |trust: Trust| view.calls.iter().filter(|call| call.trust == trust).count();
    page.gap();
    page.line(Tone::Strong, &one_line(&format!("Calls of {}", view.trace)));
    page.gap();
    calls(page, view);
    members(page, view);
    view.calls.iter().for_each(|call| findings(page, call, run));
    flows(page, view);
    if !view.remarks.is_empty() {
        page.gap();
        page.line(Tone::Unsure, "What could not be read:");
        view.remarks.iter().for_each(|remark| page.item(&one_line(remark)));
    }
    let all = [Trust::Trusted, Trust::Differs, Trust::Unsupported, Trust::Untested];
    let told: Vec<_> = all
        .iter()
        .filter(|trust| of(**trust) > 0)
        .map(|trust| format!("{} {}", of(*trust), trust.name()))
        .collect();
    page.gap();
    let sum = format!("Of {}: {}.", counted(view.calls.len(), "call"), told.join(", "));
    let tone = if of(Trust::Trusted) == view.calls.len() { Tone::Good } else { Tone::Unsure };
    page.line(tone, &sum);
}

fn calls(page: &mut Page, view: &AppView) {
    let present: Vec<Level> = Level::ALL
        .into_iter()
        .filter(|level| view.calls.iter().any(|call| call.levels.contains_key(level)))
        .collect();
    let mut heads = vec!["call", "times", "trust"];
    heads.extend(present.iter().map(|level| level.name()));
    let rows = view.calls.iter().map(|call| {
        let mut row = vec![
            (Tone::Plain, one_line(&call.operation)),
            (Tone::Plain, call.times.to_string()),
            (tone(call.trust), call.trust.name().to_owned()),
        ];
        row.extend(present.iter().map(|level| cell(call.levels.get(level))));
        row
    });
    page.table(&heads, rows.collect(), 2);
}

fn tone(trust: Trust) -> Tone {
    match trust {
        Trust::Trusted => Tone::Good,
        Trust::Untested => Tone::Unsure,
        Trust::Unsupported | Trust::Differs => Tone::Bad,
    }
}

fn members(page: &mut Page, view: &AppView) {
    let used: Vec<_> = view.calls.iter().filter(|call| !call.members.is_empty()).collect();
    if used.is_empty() {
        return;
    }
    page.gap();
    page.line(Tone::Plain, "Members used (cases with these, or fewer, count):");
    for call in used {
        let members: Vec<_> = call.members.iter().map(|member| one_line(member)).collect();
        page.item(&format!("{}: {}", one_line(&call.operation), members.join(", ")));
    }
}

fn findings(page: &mut Page, call: &AppCall, run: &Run) {
    if call.findings.is_empty() && call.beyond == 0 {
        return;
    }
    page.gap();
    let title = match call.findings.len() {
        0 => one_line(&call.operation),
        count => format!("{}: {}", one_line(&call.operation), counted(count, "finding")),
    };
    page.line(tone(call.trust), &title);
    for id in call.findings.iter().take(MOST_TOLD) {
        let Some(finding) = run.findings().find(|finding| finding.id == *id) else { continue };
        let text = format!(
            "{id} {} {} {}: expected {}; got {}",
            finding.level,
            finding.check,
            finding.pointer,
            promise(finding),
            finding.actual
        );
        page.item(&shorten(&one_line(&text), LINE_LIMIT * 2));
    }
    if call.findings.len() > MOST_TOLD {
        page.item(&format!("and {} more", call.findings.len() - MOST_TOLD));
    }
    if call.beyond > 0 {
        let more = counted(call.beyond, "more finding");
        page.item(&format!("{more} with members that the application does not use"));
    }
}

fn flows(page: &mut Page, view: &AppView) {
    if view.flows.is_empty() {
        return;
    }
    let most = if page.style().verbose { usize::MAX } else { MOST_FLOWS };
    page.gap();
    let rows = view.flows.iter().take(most).map(|flow| {
        vec![
            (Tone::Plain, one_line(&flow.operations.join(" > "))),
            (Tone::Plain, flow.times.to_string()),
            (tone(flow.trust), flow.trust.name().to_owned()),
        ]
    });
    page.table(&["flow", "times", "trust"], rows.collect(), 2);
    if view.flows.len() > most {
        page.line(Tone::Dim, &format!("and {}", counted(view.flows.len() - most, "more flow")));
    }
}
