//! The file of a user import job: a header line and one user a line.
//!
//! Source: developer guide, creating the user import CSV file: UTF-8 without byte order mark, all
//! columns in any order, a comma inside a value behind a backslash. Values in quotation marks are
//! read as CSV usually has them, which the guide neither promises nor forbids.

use std::collections::{BTreeSet, VecDeque};

use super::state::ImportLine;

/// Characters a line may have (developer guide).
const LONGEST_LINE: usize = 16_000;

/// Reads a file for a pool whose header has these columns; `None` when it cannot be read at all.
pub(super) fn read(file: &[u8], columns: &[&str]) -> Option<VecDeque<ImportLine>> {
    let text = std::str::from_utf8(file).ok().filter(|text| !text.starts_with('\u{feff}'))?;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let header = values(&records.next()?.ok()?);
    let found: BTreeSet<&str> = header.iter().map(String::as_str).collect();
    let expected: BTreeSet<&str> = columns.iter().copied().collect();
    if found != expected || header.len() != columns.len() {
        return None;
    }
    Some(records.map(|record| line(&header, &record.ok()?)).collect())
}

fn line(header: &[String], record: &csv::StringRecord) -> ImportLine {
    let values = values(record);
    let length: usize = values.iter().map(|value| value.chars().count() + 1).sum();
    if values.len() != header.len() || length > LONGEST_LINE {
        return None;
    }
    let given = header.iter().cloned().zip(values).filter(|(_, value)| !value.is_empty());
    Some(given.collect())
}

/// Returns the values of a line, those that a backslash kept together joined again.
fn values(record: &csv::StringRecord) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut open = false;
    for part in record {
        let (text, continues) = match part.strip_suffix('\\') {
            Some(text) => (text, true),
            None => (part, false),
        };
        match values.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(',');
                last.push_str(text);
            }
            None => values.push(text.to_owned()),
        }
        open = continues;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the `name` of every line; `-` stands for a line that does not fit.
    #[track_caller]
    fn check(file: &[u8], expected: Option<&[&str]>) {
        let lines = read(file, &["name", "email"]);
        let name = |line: &ImportLine| match line {
            Some(values) => values.get("name").cloned().unwrap_or_default(),
            None => "-".into(),
        };
        let names = lines.map(|lines| lines.iter().map(name).collect::<Vec<_>>());
        let expected = expected.map(|names| names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(names, expected, "{}", String::from_utf8_lossy(file));
    }

    #[test]
    fn files_are_read_line_by_line() {
        check(b"name,email\nann,a@b.c\nbob,\n", Some(&["ann", "bob"]));
        check(b"email,name\r\na@b.c,ann\r\n", Some(&["ann"]));
        check(b"name,email", Some(&[]));
        check(b"name,email\nBerg\\, Ann,a@b.c\n", Some(&["Berg, Ann"]));
        check(b"name,email\n\"Berg, Ann\",a@b.c\n", Some(&["Berg, Ann"]));
        check("name,email\nänn,a@b.c\n".as_bytes(), Some(&["änn"]));
        check(b"name,email\nann\nann,b,c\nbob,x\n", Some(&["-", "-", "bob"]));
        check(b"name,email\n\"ann,a@b.c\nbob,x\n", Some(&["-"]));
        check(b"name,email\n,\n", Some(&[""]));
        let long = format!("name,email\n{},x\n", "a".repeat(16_001));
        check(long.as_bytes(), Some(&["-"]));
    }

    #[test]
    fn other_files_are_not_read() {
        for file in [&b""[..], b"\n", b"name\nann\n", b"name,email,name\n", b"name,phone\n"] {
            check(file, None);
        }
        check(b"\xef\xbb\xbfname,email\nann,x\n", None);
        check(b"name,email\n\xff,x\n", None);
        check(b"\0\0\0", None);
    }
}
