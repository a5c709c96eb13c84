//! Names for values: the first of a kind is `<kind#1>`, the same value has the same name.

use std::collections::{BTreeMap, HashMap};

use super::personal;

/// Values shorter than this are never replaced inside other text: they would garble it.
const SHORTEST: usize = 4;

/// Values shorter than this are replaced only where they stand as a word of their own.
const FREE_STANDING: usize = 8;

/// What stands where a text was cut short.
const CUT: char = '…';

/// Values with their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    by_value: HashMap<String, String>,
    counts: BTreeMap<String, usize>,
    /// What to look for in text, by first byte, longest first.
    needles: HashMap<u8, Vec<(String, String)>>,
}

impl Names {
    /// Returns the value's name, giving it the next one of its kind when it has none.
    pub(super) fn name(&mut self, value: &str, label: &str) -> String {
        if let Some(name) = self.by_value.get(value) {
            return name.clone();
        }
        let count = self.counts.entry(label.to_owned()).or_default();
        *count += 1;
        let name = format!("<{label}#{count}>");
        self.by_value.insert(value.to_owned(), name.clone());
        if value.chars().count() >= SHORTEST {
            for form in forms(value) {
                self.seek(form, name.clone());
            }
        }
        name
    }

    /// Gives another spelling of a named value the same name.
    pub(super) fn alias(&mut self, value: &str, spelling: &str) {
        if let Some(name) = self.by_value.get(value).cloned()
            && spelling.chars().count() >= SHORTEST
        {
            self.seek(spelling.to_owned(), name);
        }
    }

    /// Returns the name the value already has.
    pub(super) fn known(&self, value: &str) -> Option<&str> {
        self.by_value.get(value).map(String::as_str)
    }

    /// Returns `text` with every named value in it, and everything that looks like a JSON Web
    /// Token, or like the address, number or access key of somebody, replaced.
    pub(super) fn text(&self, text: &str) -> String {
        if let Some(name) = self.known(text) {
            return name.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        // What was cut may end in the first half of a secret.
        while let Some(cut) = rest.find(CUT) {
            out.push_str(&self.without_tail(&self.whole(&rest[..cut], true)));
            out.push(CUT);
            rest = &rest[cut + CUT.len_utf8()..];
        }
        out.push_str(&self.whole(rest, false));
        personal::without(out)
    }

    /// Replaces the named values and tokens in a text; `cut` says that it goes on.
    fn whole(&self, text: &str, cut: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            if let Some((needle, name)) = self.found(text, at) {
                out.push_str(name);
                at += needle.len();
            } else if let Some(token) = jwt(rest, cut) {
                out.push_str(self.known(token).unwrap_or("<jwt>"));
                at += token.len();
            } else {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                out.push_str(&rest[..next]);
                at += next;
            }
        }
        out
    }

    /// Replaces the first part of a named value that the text ends in.
    fn without_tail(&self, text: &str) -> String {
        let needles = self.needles.values().flatten();
        let tails = needles.filter_map(|(needle, name)| {
            let starts = needle.char_indices().map(|(end, _)| end).skip(SHORTEST);
            let longest = starts.filter(|end| text.ends_with(&needle[..*end])).last()?;
            Some((longest, name))
        });
        match tails.max() {
            Some((length, name)) => format!("{}{name}", &text[..text.len() - length]),
            None => text.to_owned(),
        }
    }

    fn seek(&mut self, needle: String, name: String) {
        let Some(first) = needle.bytes().next() else { return };
        let bucket = self.needles.entry(first).or_default();
        let place = bucket.partition_point(|(other, _)| other.len() >= needle.len());
        bucket.insert(place, (needle, name));
    }

    fn found(&self, text: &str, at: usize) -> Option<(&str, &str)> {
        let bucket = self.needles.get(text.as_bytes().get(at)?)?;
        let hit = bucket.iter().find(|(needle, _)| {
            text[at..].starts_with(needle.as_str())
                && (needle.len() >= FREE_STANDING || stands_alone(text, at, needle.len()))
        });
        hit.map(|(needle, name)| (needle.as_str(), name.as_str()))
    }
}

/// How a value may be written: as it is, inside JSON text, inside XML, percent-encoded.
pub(crate) fn forms(value: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(value).to_string();
    let escaped = quoted[1..quoted.len() - 1].to_owned();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let encoded: String = value
        .bytes()
        .map(|b| if plain(b) { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect();
    let marked = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = marked.replace('"', "&quot;").replace('\'', "&apos;");
    let mut forms = vec![value.to_owned(), escaped, marked, quoted, encoded];
    forms.sort();
    forms.dedup();
    forms
}

fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !word(text[..at].chars().next_back()) && !word(text[at + length..].chars().next())
}

/// Returns the JSON Web Token (signed or encrypted) that `text` starts with, or its first part
/// where the text was `cut` there.
pub(crate) fn jwt(text: &str, cut: bool) -> Option<&str> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let part = |c: char| c.is_ascii_alphanumeric() || "-_=.".contains(c);
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let token = text[..end].trim_end_matches('.');
    let complete = token.matches('.').count() >= 2 || (cut && end == text.len());
    (token.len() >= 20 && complete).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(secrets: &[&str], text: &str, expected: &str) {
        let mut names = Names::default();
        for secret in secrets {
            names.name(secret, "secret");
        }
        assert_eq!(names.text(text), expected);
    }

    #[test]
    fn values_are_replaced_wherever_and_however_they_are_written() {
        check(&["Passw0rd!"], "got Passw0rd!x", "got <secret#1>x");
        check(&["a\"bcdefgh"], r#"{"p":"a\"bcdefgh"}"#, r#"{"p":"<secret#1>"}"#);
        check(&["a+b/cdefg="], "/?x=a%2Bb%2Fcdefg%3D", "/?x=<secret#1>");
        check(&["abcdefgh", "abcdefghij"], "abcdefghij", "<secret#2>");
        check(&["secret"], "<secret>", "<<secret#1>>");
    }

    #[test]
    fn short_values_do_not_garble_other_text() {
        check(
            &["123456"],
            "code 123456, account 123456789012",
            "code <secret#1>, account 123456789012",
        );
        check(&["a", ""], "a banana", "a banana");
        check(&["a"], "a", "<secret#1>");
    }

    #[test]
    fn tokens_go_even_when_nobody_named_them() {
        check(&[], "t=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln.", "t=<jwt>.");
        check(&[], "eyJ is no token, é", "eyJ is no token, é");
    }

    #[test]
    fn what_was_cut_hides_the_first_half_too() {
        check(&["Hunter2-Hunter2"], "got Hunter2-Hun… (99 bytes)", "got <secret#1>… (99 bytes)");
        check(&[], "t=eyJhbGciOiJSUzI1NiJ9.eyJz… (99 bytes)", "t=<jwt>… (99 bytes)");
        check(&["Hunter2-Hunter2"], "a hunt… Hunter2-Hunter2", "a hunt… <secret#1>");
    }
}
