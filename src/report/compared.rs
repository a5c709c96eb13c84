//! Several runs side by side, laid out.

use std::collections::BTreeSet;

use crate::age::date;
use crate::differential::{
    Compared, Comparison, Figures, Heading, LevelRow, OperationRow, Reach, Standing,
};
use crate::report::promise::{count, difference, fields, heading, percent, title};
use crate::report::sheet::{Block, Mark, Sheet};
use crate::report::text::{counted, one_line};

/// Most findings that a section shows unless all are wanted.
const MOST_FINDINGS: usize = 10;

/// Returns a comparison as a sheet; `all` shows every finding, and the operations that pass.
pub fn sheet(comparison: &Comparison, all: bool) -> Sheet {
    let mut sheet = Sheet::default();
    let labels: Vec<String> = comparison.runs.iter().map(|run| one_line(&run.label)).collect();
    sheet.title(counted(labels.len(), "run"));
    sheet.items(comparison.runs.iter().map(heading).collect());
    differences(&mut sheet, comparison);
    levels(&mut sheet, comparison, &labels);
    operations(&mut sheet, comparison, &labels, all);
    cases(&mut sheet, comparison, &labels);
    findings(&mut sheet, comparison, &labels, all);
    on_none(&mut sheet, comparison);
    sheet
}

/// Returns the figures by level alone, with what was compared and when.
pub fn figures(comparison: &Comparison) -> Sheet {
    let mut sheet = Sheet::default();
    let labels: Vec<String> = comparison.runs.iter().map(|run| one_line(&run.label)).collect();
    let days: BTreeSet<String> = comparison.runs.iter().map(|run| date(run.started)).collect();
    let days: Vec<_> = days.into_iter().collect();
    sheet.title(format!("{}, {}", counted(labels.len(), "target"), days.join(" and ")));
    sheet.items(comparison.runs.iter().map(surveyed).collect());
    differences(&mut sheet, comparison);
    levels(&mut sheet, comparison, &labels);
    sheet
}

/// Says which target was played with what, and what it came to.
fn surveyed(run: &Heading) -> String {
    let version = run.target_version.as_deref().unwrap_or("of no stated version");
    one_line(&format!(
        "{} {version}: seed {}, {} of {}; {}",
        run.target,
        run.seed,
        run.cases,
        counted(run.planned, "case"),
        run.conclusion
    ))
}

fn differences(sheet: &mut Sheet, comparison: &Comparison) {
    let labels: Vec<&str> = comparison.runs.iter().map(|run| run.label.as_str()).collect();
    let (hinder, rest): (Vec<_>, Vec<_>) =
        comparison.differences.iter().partition(|difference| difference.hinders);
    let lines = |which: &[&_]| which.iter().map(|one| difference(one, &labels)).collect();
    if !hinder.is_empty() {
        sheet.title("The runs differ: their figures cannot be compared as they stand");
        sheet.items(lines(&hinder));
        if !comparison.selection.common && comparison.common > 0 {
            let hint = "--common takes only the cases that every run finished.";
            sheet.line(Mark::Aside, hint);
        }
    }
    if !rest.is_empty() {
        sheet.title("The runs differ too in");
        sheet.items(lines(&rest));
    }
}

fn levels(sheet: &mut Sheet, comparison: &Comparison, labels: &[String]) {
    let pass = |figures: &Figures| format!("{}/{}", figures.tally.pass, figures.tally.total());
    let figures: [(&str, Figure<'_>); 3] = [
        ("pass", &pass),
        ("divergence", &|figures| percent(figures.divergence)),
        ("coverage", &|figures| percent(figures.coverage)),
    ];
    for (name, figure) in figures {
        let mut heads = vec![name.to_owned()];
        heads.extend(comparison.levels.iter().map(|row| row.level.to_string()));
        let row = |(at, label): (usize, &String)| {
            let cells = comparison.levels.iter().map(|row| cell(row, at, figure));
            std::iter::once(label.clone()).chain(cells).collect()
        };
        sheet.table(heads, labels.iter().enumerate().map(row).collect());
    }
    let unscored = |at: &usize| {
        comparison
            .levels
            .iter()
            .all(|row| row.figures.get(*at).is_none_or(|figures| figures.divergence.is_none()))
    };
    let unscored: Vec<&str> =
        (0..labels.len()).filter(unscored).map(|at| labels[at].as_str()).collect();
    if !unscored.is_empty() {
        let names = unscored.join(", ");
        let text = format!("No score: incomplete, or with indeterminate cases: {names}.");
        sheet.line(Mark::Aside, text);
    }
    sheet.line(Mark::Aside, "Divergence is fail / total, coverage (pass + note + fail) / total.");
}

/// How a figure is shown.
type Figure<'a> = &'a dyn Fn(&Figures) -> String;

fn cell(row: &LevelRow, at: usize, figure: Figure<'_>) -> String {
    let figures = row.figures.get(at).filter(|figures| figures.tally.total() > 0);
    figures.map(figure).unwrap_or_default()
}

fn operations(sheet: &mut Sheet, comparison: &Comparison, labels: &[String], all: bool) {
    let asked = !comparison.selection.operations.is_empty();
    let (hidden, shown): (Vec<_>, Vec<_>) =
        comparison.operations.iter().partition(|row| !all && !asked && all_pass(row));
    let figures = |row: &[Figures]| -> Vec<String> {
        let cell = |figures: &Figures| match figures.tally.total() {
            0 => String::new(),
            _ => format!("{} / {}", percent(figures.divergence), percent(figures.coverage)),
        };
        row.iter().map(cell).collect()
    };
    let mut rows = Vec::new();
    for row in shown {
        let name = one_line(&row.operation);
        if !asked {
            rows.push([vec![name], figures(&row.figures)].concat());
            continue;
        }
        for level in &row.levels {
            let name = format!("{name}, {}", level.level);
            rows.push([vec![name], figures(&level.figures)].concat());
        }
    }
    let heads = [vec!["operation".to_owned()], labels.to_vec()].concat();
    let any = !rows.is_empty();
    sheet.table(heads, rows);
    if any {
        let legend = "Divergence / coverage of the cases that test the operation, each on its own \
                      level.";
        sheet.line(Mark::Aside, legend);
    }
    if !hidden.is_empty() {
        let more = if any { "more operation" } else { "operation" };
        let text = format!("{}: every case passes on every target.", counted(hidden.len(), more));
        sheet.line(Mark::Aside, text);
    }
}

fn all_pass(row: &OperationRow) -> bool {
    let passes = |figures: &Figures| figures.tally.pass == figures.tally.total();
    row.figures.iter().all(|figures| passes(figures) && figures.tally.total() > 0)
}

fn cases(sheet: &mut Sheet, comparison: &Comparison, labels: &[String]) {
    if comparison.cases.is_empty() {
        return;
    }
    let count = counted(comparison.common, "case");
    sheet.title(format!("Where the {count} fail that every run finished"));
    let mut heads = ["level", "on all", "on several"].map(str::to_owned).to_vec();
    heads.extend(labels.iter().map(|label| format!("only {label}")));
    heads.extend(["on none", "all pass"].map(str::to_owned));
    let rows = comparison.cases.iter().map(|row| {
        let mut cells = vec![row.level.to_string()];
        let counts = [row.all, row.several].into_iter().chain(row.one.iter().copied());
        cells.extend(counts.chain([row.none, row.kept]).map(|count| count.to_string()));
        cells
    });
    sheet.table(heads, rows.collect());
    let legend = "All pass: pass or note in every run; the others that fail on none were declined, \
                  skipped, flaky or indeterminate somewhere.";
    sheet.line(Mark::Aside, legend);
}

fn findings(sheet: &mut Sheet, comparison: &Comparison, labels: &[String], all: bool) {
    let mut number = 0;
    for of_reach in comparison.findings.chunk_by(|a, b| a.reach == b.reach) {
        let kinds: Vec<_> = of_reach.chunk_by(|a, b| a.kind == b.kind).collect();
        let reach = of_reach.first().map_or(Reach::All, |first| first.reach);
        let words = match reach {
            Reach::All => format!("Fails on all {}", counted(labels.len(), "target")),
            Reach::Several => "Fails on several".into(),
            Reach::One(at) => {
                format!("Fails on {} only", labels.get(at).map_or("one", String::as_str))
            }
        };
        sheet.title(format!("{words}: {}", count(kinds.len(), of_reach.len())));
        let shown = if all { kinds.len() } else { MOST_FINDINGS };
        for kind in kinds.iter().take(shown) {
            number += 1;
            sheet.blocks.push(finding(number, kind, labels));
        }
        if kinds.len() > shown {
            let more = counted(kinds.len() - shown, "more finding");
            sheet.line(Mark::Aside, format!("{more} not shown (verbose shows them)"));
        }
    }
}

fn finding(number: usize, kind: &[Compared], labels: &[String]) -> Block {
    let promises: Vec<_> = kind.iter().map(|one| &one.promise).collect();
    let mut fields = fields(&promises);
    let one = kind.len() == 1;
    let standings = kind.first().map(|first| first.standings.as_slice()).unwrap_or_default();
    let words = standings.iter().zip(labels).map(|(standing, label)| match standing {
        // Other ids of the kind have other counts.
        Standing::Fails { .. } if !one => format!("{label} fails"),
        Standing::Fails { .. } => format!("{label} {}", standing.words()),
        _ => format!("{label}: {}", standing.words()),
    });
    fields.push(("targets", words.collect::<Vec<_>>().join("; ")));
    Block::Finding { fails: true, title: format!("{number}. {}", title(&promises)), fields }
}

fn on_none(sheet: &mut Sheet, comparison: &Comparison) {
    // A case is counted on its own level; what else it shows is told by findings.
    let broken: BTreeSet<&str> =
        comparison.findings.iter().map(|one| one.promise.operation.as_str()).collect();
    let fails = |row: &&OperationRow| {
        let failed =
            |figures: &Figures| figures.tally.fail + figures.tally.known + figures.tally.flaky > 0;
        broken.contains(row.operation.as_str()) || row.figures.iter().any(failed)
    };
    let kept = |row: &&OperationRow| {
        row.figures.iter().all(|figures| {
            let tally = figures.tally;
            tally.total() > 0 && tally.pass + tally.note == tally.total()
        })
    };
    let calm: Vec<_> = comparison.operations.iter().filter(|row| !fails(row)).collect();
    let (kept, rest): (Vec<_>, Vec<_>) = calm.into_iter().partition(kept);
    let list = |rows: &[&OperationRow]| {
        let names: Vec<_> = rows.iter().map(|row| one_line(&row.operation)).collect();
        names.join(", ")
    };
    if kept.is_empty() && rest.is_empty() {
        return;
    }
    sheet.title(format!("Fails on none: {}", counted(kept.len() + rest.len(), "operation")));
    let mut items = Vec::new();
    if !kept.is_empty() {
        items.push(format!("every case passes or is noted everywhere: {}", list(&kept)));
    }
    if !rest.is_empty() {
        items.push(format!("but not every case was answered everywhere: {}", list(&rest)));
    }
    sheet.items(items);
}
