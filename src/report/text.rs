//! Text that a target may have had a hand in, made safe and short enough to show.

/// Returns `text` with everything escaped that a terminal or an XML reader would not take as
/// plain text; line feeds stay.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && acts(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// Returns `text` on one line: like [`visible`], line feeds escaped too.
pub(crate) fn one_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// Returns at most `limit` characters of `text`, and how many are left out.
pub(crate) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => {
            let rest = text[end..].chars().count();
            format!("{}… ({rest} more characters)", &text[..end])
        }
    }
}

/// Returns `count` with its noun, in the plural where that is due.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Tells characters that do something other than stand there: controls, invisible direction
/// marks (which let one text look like another), and what XML 1.0 forbids.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(one_line(text), expected);
    }

    #[test]
    fn what_acts_is_escaped_and_what_is_text_stays() {
        check("plain, ünï, 漢字, שלום", "plain, ünï, 漢字, שלום");
        check("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}");
        check("a\tb\r\nc", "a\\tb\\r\\nc");
        check("user\u{202e}nimda", "user\\u{202e}nimda");
        check("\u{ffff}", "\\u{ffff}");
    }

    #[test]
    fn shortening_counts_characters_and_says_how_many_are_missing() {
        assert_eq!(shorten("漢字漢字", 4), "漢字漢字");
        assert_eq!(shorten("漢字漢字", 1), "漢… (3 more characters)");
    }
}
