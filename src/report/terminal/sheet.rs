//! Sheets for a terminal or a CI log.

use super::Style;
use super::page::{Page, Tone};
use crate::report::sheet::{Block, Mark, Sheet};
use crate::report::text::shorten;

/// Columns between two columns of a table.
const GAP: usize = 2;

/// Longest text of a finding, in characters, unless all is wanted.
const FINDING_LIMIT: usize = 400;

/// Returns a sheet as text that keeps to the width.
pub fn sheet(sheet: &Sheet, style: Style) -> String {
    let mut page = Page::new(style);
    // Paragraphs that follow each other belong together.
    let mut after_line = false;
    for block in &sheet.blocks {
        let is_line = matches!(block, Block::Line(..));
        let concludes = matches!(block, Block::Line(Mark::Good | Mark::Bad, _));
        let heads = matches!(block, Block::Title(_) | Block::Table { .. } | Block::Finding { .. });
        if heads || concludes || (is_line && !after_line) {
            page.gap();
        }
        after_line = is_line || matches!(block, Block::Title(_) | Block::Table { .. });
        match block {
            Block::Title(text) => page.line(Tone::Strong, text),
            Block::Line(mark, text) => page.line(tone(*mark), text),
            Block::Items(items) => items.iter().for_each(|item| page.item(item)),
            Block::Table { heads, rows } => table(&mut page, heads, rows),
            Block::Finding { fails, title, fields } => {
                page.line(if *fails { Tone::Bad } else { Tone::Strong }, title);
                let limit = if style.verbose { usize::MAX } else { FINDING_LIMIT };
                let fields: Vec<_> =
                    fields.iter().map(|(label, text)| (*label, shorten(text, limit))).collect();
                page.fields(&fields);
            }
        }
    }
    page.finish()
}

fn tone(mark: Mark) -> Tone {
    match mark {
        Mark::Plain => Tone::Plain,
        Mark::Aside => Tone::Dim,
        Mark::Good => Tone::Good,
        Mark::Unsure => Tone::Unsure,
        Mark::Bad => Tone::Bad,
    }
}

fn table(page: &mut Page, heads: &[String], rows: &[Vec<String>]) {
    let parts = parts(heads, rows, page.style().width);
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            page.gap();
        }
        let columns = || std::iter::once(0).chain(part.clone());
        let heads: Vec<_> = columns().map(|at| heads[at].as_str()).collect();
        let cells = |row: &Vec<String>| {
            columns().map(|at| (Tone::Plain, row.get(at).cloned().unwrap_or_default())).collect()
        };
        page.table(&heads, rows.iter().map(cells).collect(), GAP as u16);
    }
}

/// Returns which columns go together so that each part, with the first column before it, fits the
/// width; at least one to a part.
fn parts(heads: &[String], rows: &[Vec<String>], width: usize) -> Vec<std::ops::Range<usize>> {
    let cell = |row: &Vec<String>, at: usize| row.get(at).map_or(0, |text| text.chars().count());
    let column = |at: usize| {
        let widest = rows.iter().map(|row| cell(row, at)).max().unwrap_or_default();
        widest.max(heads[at].chars().count()) + GAP
    };
    if heads.is_empty() {
        return Vec::new();
    }
    let first = column(0);
    let mut parts = Vec::new();
    let (mut start, mut used) = (1, first);
    for at in 1..heads.len() {
        let more = column(at);
        if at > start && used + more > width {
            parts.push(start..at);
            (start, used) = (at, first);
        }
        used += more;
    }
    parts.push(start..heads.len());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(heads: &[&str], width: usize, expected: &[(usize, usize)]) {
        let heads: Vec<_> = heads.iter().map(|head| (*head).to_owned()).collect();
        let found = parts(&heads, &[], width).into_iter().map(|part| (part.start, part.end));
        let found: Vec<_> = found.collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn columns_that_do_not_fit_go_into_tables_of_their_own() {
        check(&["operation"], 40, &[(1, 1)]);
        check(&["operation", "moto", "kumo"], 40, &[(1, 3)]);
        check(&["operation", "a".repeat(20).as_str(), "b"], 40, &[(1, 3)]);
        check(
            &["operation", "a".repeat(20).as_str(), "b".repeat(20).as_str()],
            40,
            &[(1, 2), (2, 3)],
        );
        check(&["operation", "a".repeat(90).as_str(), "b"], 40, &[(1, 2), (2, 3)]);
    }

    #[test]
    fn lines_keep_to_the_width() {
        let mut made = Sheet::default();
        made.title("A title that is quite long, so that it has to be broken somewhere");
        let heads = ["operation", "cognito-local", "ministack", "cognitox", "moto"];
        let row = ["AdminCreateUser", "12.5% / 80.0%", "1.0% / 100.0%", "0.0% / 0.0%", "-"];
        let owned = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
        made.table(owned(heads), vec![owned(row)]);
        for width in [40, 60, 80, 120] {
            let text = sheet(&made, Style { colour: false, width, verbose: false });
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            assert!(text.contains("12.5% / 80.0%") && text.contains("moto"), "{text}");
        }
    }
}
