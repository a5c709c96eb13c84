//! A report laid out once, for every format that is read by people.
//!
//! What stands in a sheet is safe to show: whoever fills it in has made it so.

/// Blocks of text and figures, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The blocks.
    pub blocks: Vec<Block>,
}

/// A part of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// What follows is about this.
    Title(String),
    /// A paragraph.
    Line(Mark, String),
    /// A list, an item a line.
    Items(Vec<String>),
    /// Figures. Where they do not fit the width, further columns go into tables of their own, each
    /// with the first column again.
    Table {
        /// What each column holds.
        heads: Vec<String>,
        /// The rows, as long as `heads`.
        rows: Vec<Vec<String>>,
    },
    /// A finding: its title, and what is to be said about it under labels.
    Finding {
        /// Whether it fails, or is only told.
        fails: bool,
        /// What it is.
        title: String,
        /// Labels with their texts.
        fields: Vec<(&'static str, String)>,
    },
}

/// What a paragraph is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Plain text.
    Plain,
    /// A remark.
    Aside,
    /// All is well.
    Good,
    /// Something is uncertain.
    Unsure,
    /// Something is worse.
    Bad,
}

impl Sheet {
    /// Adds a title.
    pub(super) fn title(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Title(text.into()));
    }

    /// Adds a paragraph.
    pub(super) fn line(&mut self, mark: Mark, text: impl Into<String>) {
        self.blocks.push(Block::Line(mark, text.into()));
    }

    /// Adds a list, unless it is empty.
    pub(super) fn items(&mut self, items: Vec<String>) {
        if !items.is_empty() {
            self.blocks.push(Block::Items(items));
        }
    }

    /// Adds a table, unless it has no rows.
    pub(super) fn table(&mut self, heads: Vec<String>, rows: Vec<Vec<String>>) {
        if !rows.is_empty() {
            self.blocks.push(Block::Table { heads, rows });
        }
    }
}

/// Returns a sheet as Markdown with tables, as code hosts show it.
pub fn markdown(sheet: &Sheet) -> String {
    let mut text = String::new();
    for block in &sheet.blocks {
        if !text.is_empty() {
            text.push('\n');
        }
        match block {
            Block::Title(title) => text += &format!("## {}\n", plain(title)),
            Block::Line(Mark::Plain | Mark::Aside, line) => text += &format!("{}\n", plain(line)),
            Block::Line(_, line) => text += &format!("**{}**\n", plain(line)),
            Block::Items(items) => {
                items.iter().for_each(|item| text += &format!("- {}\n", plain(item)));
            }
            Block::Table { heads, rows } => {
                text += &row(heads);
                let rules = (0..heads.len()).map(|at| if at == 0 { "---" } else { "---:" });
                text += &format!("| {} |\n", rules.collect::<Vec<_>>().join(" | "));
                rows.iter().for_each(|cells| text += &row(cells));
            }
            Block::Finding { title, fields, .. } => {
                text += &format!("- **{}**\n", plain(title));
                for (label, field) in fields {
                    text += &format!("  - {label}: {}\n", plain(field));
                }
            }
        }
    }
    text
}

fn row(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| plain(cell)).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Returns text that Markdown takes for nothing but text, on one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => plain.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '!' => {
                plain.extend(['\\', c]);
            }
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn text_stays_text_in_markdown() {
        check("12 of 34 cases, 1.5%", "12 of 34 cases, 1.5%");
        check("a | b\n<img src=x>", "a \\| b \\<img src=x\\>");
        check("`code` *bold* [link](x)", "\\`code\\` \\*bold\\* \\[link\\](x)");
    }

    #[test]
    fn every_kind_of_block_has_its_markdown() {
        let mut sheet = Sheet::default();
        sheet.title("Figures");
        sheet.line(Mark::Bad, "worse");
        sheet.items(vec!["one".into()]);
        sheet.items(Vec::new());
        sheet.table(vec!["level".into(), "fail".into()], vec![vec!["wire".into(), "3".into()]]);
        sheet.blocks.push(Block::Finding {
            fails: true,
            title: "1. status: SignUp".into(),
            fields: vec![("promise", "400".into())],
        });
        let expected = "## Figures\n\n**worse**\n\n- one\n\n| level | fail |\n| --- | ---: |\n\
                        | wire | 3 |\n\n- **1. status: SignUp**\n  - promise: 400\n";
        assert_eq!(markdown(&sheet), expected);
    }
}
