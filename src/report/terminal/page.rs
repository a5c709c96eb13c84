//! A page of text: lines, tables and labelled fields that keep to a width.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Row, Table};

use super::Style;
use crate::report::text::{shorten, visible};

/// What a piece of text is like; graver ones order later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tone {
    Plain,
    Dim,
    Strong,
    Good,
    Unsure,
    Bad,
}

/// The text so far.
pub(super) struct Page {
    text: String,
    style: Style,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        let width = style.width.clamp(40, 1000);
        Self { text: String::new(), style: Style { width, ..style } }
    }

    pub(super) fn style(&self) -> Style {
        self.style
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Leaves one line empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// Writes a paragraph.
    pub(super) fn line(&mut self, tone: Tone, text: &str) {
        self.block(vec![Row::from(vec![bounded(text)])], 0, tone);
    }

    /// Writes an indented paragraph.
    pub(super) fn item(&mut self, text: &str) {
        self.block(vec![Row::from(vec![bounded(text)])], 2, Tone::Plain);
    }

    /// Writes labels with their texts, indented.
    pub(super) fn fields(&mut self, rows: &[(&str, String)]) {
        let rows = rows
            .iter()
            .map(|(label, text)| Row::from(vec![Cell::new(format!("{label:<10}")), bounded(text)]));
        self.block(rows.collect(), 3, Tone::Plain);
    }

    /// Writes a table: the first column is text, the others are figures.
    pub(super) fn table(&mut self, heads: &[&str], rows: Vec<Vec<(Tone, String)>>, gap: u16) {
        let mut table = self.bare(self.style.width);
        table.set_header(heads.iter().map(|head| self.cell(Tone::Dim, head)));
        for row in rows {
            table.add_row(row.iter().map(|(tone, text)| self.cell(*tone, text)));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self.push(table, gap, 0, Tone::Plain);
    }

    /// Writes shell commands, or steps, under their label, their own lines kept so that they can be
    /// pasted: the one thing that may exceed the width.
    pub(super) fn verbatim(&mut self, label: &str, texts: impl Iterator<Item = String>) {
        self.text.push_str(&format!("   {label}\n"));
        for line in texts.flat_map(|text| text.lines().map(visible).collect::<Vec<_>>()) {
            self.text.push_str(&format!("   {line}\n"));
        }
    }

    fn block(&mut self, rows: Vec<Row>, indent: usize, tone: Tone) {
        let mut table = self.bare(self.style.width - indent);
        table.add_rows(rows);
        self.push(table, 1, indent, tone);
    }

    fn bare(&self, width: usize) -> Table {
        let mut table = Table::new();
        // The page decides on width and colour, not the place it is printed at.
        table.force_no_tty();
        if self.style.colour {
            table.enforce_styling();
            table.style_text_only();
        }
        table.load_preset(NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table
    }

    fn cell(&self, tone: Tone, text: &str) -> Cell {
        let cell = bounded(text);
        match tone {
            _ if !self.style.colour => cell,
            Tone::Bad => cell.fg(Color::Red),
            Tone::Unsure => cell.fg(Color::Yellow),
            Tone::Good => cell.fg(Color::Green),
            Tone::Dim => cell.fg(Color::DarkGrey),
            Tone::Plain | Tone::Strong => cell,
        }
    }

    fn push(&mut self, mut table: Table, gap: u16, indent: usize, tone: Tone) {
        for column in table.column_iter_mut() {
            column.set_padding((0, gap));
        }
        let code = match tone {
            _ if !self.style.colour => None,
            Tone::Plain => None,
            Tone::Dim => Some("2"),
            Tone::Strong => Some("1"),
            Tone::Good => Some("1;32"),
            Tone::Unsure => Some("1;33"),
            Tone::Bad => Some("1;31"),
        };
        for line in table.lines() {
            let line = line.trim_end();
            self.text.push_str(&" ".repeat(if line.is_empty() { 0 } else { indent }));
            match code {
                Some(code) => self.text.push_str(&format!("\u{1b}[{code}m{line}\u{1b}[0m")),
                None => self.text.push_str(line),
            }
            self.text.push('\n');
        }
    }
}

/// Returns a cell that no text makes dear to lay out.
fn bounded(text: &str) -> Cell {
    Cell::new(shorten(text, TEXT_LIMIT))
}

/// Longest text of a paragraph or cell, in characters.
pub(super) const TEXT_LIMIT: usize = 3000;
