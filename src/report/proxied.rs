//! What passed a proxy, laid out for reading.

use super::sheet::{Block, Mark, Sheet};
use super::text::{counted, one_line};
use crate::proxy::Summary;

/// Returns what a proxy has to say at its end.
pub fn sheet(summary: &Summary, target: &str, recording: Option<&str>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.title(format!("What passed to {}", one_line(target)));
    let calls: u64 = summary.calls.values().sum();
    let count =
        |number: u64, noun: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
    sheet.line(
        Mark::Plain,
        format!("{}, of which {}", count(summary.exchanges, "exchange"), count(calls, "call")),
    );
    let rows = summary.calls.iter().map(|(operation, times)| {
        let findings = summary.findings.values().filter(|(f, _)| f.operation == *operation);
        let (fail, note): (Vec<_>, Vec<_>) = findings.partition(|(finding, _)| finding.fails);
        let declined = summary.declined.get(operation).copied().unwrap_or_default();
        let figures = [*times, fail.len() as u64, note.len() as u64, declined];
        std::iter::once(operation.clone()).chain(figures.map(|n| n.to_string())).collect()
    });
    let heads = ["call", "times", "failing", "notes", "declined"];
    sheet.table(heads.map(str::to_owned).to_vec(), rows.collect());
    for (finding, times) in summary.findings.values() {
        let operation =
            if finding.operation.is_empty() { "a request" } else { finding.operation.as_str() };
        let title =
            format!("{}: {operation}, {} ({})", finding.check, finding.pointer, finding.level);
        sheet.blocks.push(Block::Finding {
            fails: finding.fails,
            title: one_line(&title),
            fields: vec![
                ("seen", format!("{}, first at {}", count(*times, "time"), finding.step)),
                ("promise", one_line(&finding.expected)),
                ("evidence", one_line(&format!("{}: {}", finding.evidence, finding.source))),
                ("came back", one_line(&finding.actual)),
                ("more", format!("cognito-conformance explain {}", finding.check)),
            ],
        });
    }
    if summary.unanswered > 0 {
        let text = format!("{} without an answer", count(summary.unanswered, "request"));
        sheet.line(Mark::Unsure, text);
    }
    if let Some(lost) = &summary.lost {
        sheet.line(Mark::Unsure, one_line(&format!("the recording is not complete: {lost}")));
    }
    if let Some(path) = recording {
        let path = one_line(path);
        let next = format!("cognito-conformance run --only-operations-of {path}");
        sheet.line(Mark::Plain, format!("recorded in {path}; {next}"));
    }
    if !summary.withheld.is_empty() {
        let kinds = summary.withheld.iter().map(|(kind, times)| format!("{times} {kind}"));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        sheet.line(Mark::Bad, format!("secrets that redaction had missed were withheld: {kinds}"));
    }
    let failing = summary.findings.values().filter(|(finding, _)| finding.fails).count();
    let code = summary.exit_code();
    match failing {
        0 => sheet.line(Mark::Good, format!("nothing fails (exit code {code})")),
        some => {
            sheet.line(
                Mark::Bad,
                format!("{} (exit code {code})", counted(some, "failing finding")),
            );
        }
    }
    sheet
}
