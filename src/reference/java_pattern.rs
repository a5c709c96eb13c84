//! The model's patterns, matched as the service's regular expressions match them.
//!
//! `\w`, `\d` and `\s` mean ASCII there; the whole value must match. Each is compiled once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Tells whether the whole of `text` matches a shape's (anchored) pattern.
///
/// A pattern that cannot be compiled matches everything: a test keeps the catalogue free of them.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    match compiled(pattern).as_ref() {
        Some(Compiled::Plain(regex)) => regex.is_match(text),
        Some(Compiled::Fancy(regex)) => regex.is_match(text).unwrap_or(true),
        None => true,
    }
}

enum Compiled {
    Plain(regex::Regex),
    /// Looks around, which the plain engine cannot.
    Fancy(fancy_regex::Regex),
}

fn compiled(pattern: &str) -> Arc<Option<Compiled>> {
    type Cache = Mutex<HashMap<String, Arc<Option<Compiled>>>>;
    static CACHE: OnceLock<Cache> = OnceLock::new();
    let mut cache =
        CACHE.get_or_init(Cache::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = cache.get(pattern) {
        return known.clone();
    }
    let compiled = Arc::new(compile(pattern));
    cache.insert(pattern.to_owned(), compiled.clone());
    compiled
}

fn compile(pattern: &str) -> Option<Compiled> {
    let ascii = in_ascii(pattern);
    let plain = regex::Regex::new(&ascii).ok().map(Compiled::Plain);
    plain.or_else(|| fancy_regex::Regex::new(&ascii).ok().map(Compiled::Fancy))
}

/// Spells out the classes that other engines would read as Unicode ones.
fn in_ascii(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('w') => out.push_str("[0-9A-Za-z_]"),
            Some('W') => out.push_str("[^0-9A-Za-z_]"),
            Some('d') => out.push_str("[0-9]"),
            Some('D') => out.push_str("[^0-9]"),
            Some('s') => out.push_str(r"[ \t\n\x0B\x0C\r]"),
            Some('S') => out.push_str(r"[^ \t\n\x0B\x0C\r]"),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Source};

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} on {text:?}");
    }

    #[test]
    fn classes_are_ascii_and_the_whole_value_counts() {
        check(r"^(?:[\w-]+_[0-9a-zA-Z]+)$", "us-east-1_Ab1", true);
        check(r"^(?:[\w-]+_[0-9a-zA-Z]+)$", " us-east-1_Ab1", false);
        check(r"^(?:[\w-]+_[0-9a-zA-Z]+)$", "us-east-1_Ab1\n", false);
        check(r"^(?:[\w\s+=,.@-]+)$", "a b", true);
        check(r"^(?:[\w\s+=,.@-]+)$", "käse", false);
        check(r"^(?:[\S]+)$", "a b", false);
        check(r"^(?:^[0-9A-Za-z\.\-_]*(?<!\.)$)$", "a.", false);
        check(r"^(?:^[0-9A-Za-z\.\-_]*(?<!\.)$)$", "a.b", true);
    }

    #[test]
    fn every_pattern_of_the_catalogue_compiles() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let mut broken = Vec::new();
        for (_, shape) in catalogue.services.values().flat_map(|service| &service.shapes) {
            shape.walk("", &mut |_, schema| {
                broken.extend(schema.pattern.iter().filter(|p| compile(p).is_none()).cloned());
            });
        }
        assert_eq!(broken, Vec::<String>::new());
    }
}
