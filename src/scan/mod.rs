//! Shows that nothing secret leaves: what a run sends and receives is looked for in what it is
//! about to show.
//!
//! [`crate::canonical`] takes secrets out by the shapes of the service and case by case. This
//! trusts none of that. It learns by the names of members alone, wherever they stand, keeps what
//! it has learned for the whole run, and reads finished text: whatever redaction has missed, a
//! secret of another case too, is withheld, counted, and fails the run.
//!
//! What a case itself spells out (`Password: Passw0rd!`) is no secret: whoever reads the case
//! knows it.

mod kind;
mod learn;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use kind::Kind;
pub use learn::literals;

use crate::canonical::personal::{self, ACCESS_KEY, ADDRESS, PHONE};
use crate::canonical::{forms, jwt};
use crate::target::http::Signing;
use crate::transcript::Transcript;

/// Shorter values are not looked for: they stand everywhere by chance.
const SHORTEST: usize = 6;
/// Values shorter than this count only where they stand as a word of their own.
const FREE_STANDING: usize = 10;
/// Of a longer value this much is looked for, from its middle: how it begins, others begin too.
const LONGEST: usize = 48;
/// Values of fewer different characters are fillers.
const FEWEST_CHARACTERS: usize = 3;

/// How many values of each kind were withheld, by the kind's name.
pub type Withheld = BTreeMap<String, u64>;

/// What a run has seen that no report may show. Shared by the cases that run at once.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// What is looked for.
    needles: Vec<(Box<str>, Kind)>,
    /// The needles that begin with these bytes.
    by_start: HashMap<[u8; SHORTEST], Vec<usize>>,
    /// Codes of some digits, by the case that saw them: any number may be one of another case.
    codes: HashMap<String, HashMap<String, Kind>>,
    /// Values that were learned, so that each is once.
    learned: HashSet<String>,
    /// What cases that are shown spell out.
    spelled_out: HashSet<String>,
    /// What was withheld so far.
    withheld: Withheld,
}

/// Something that must not be shown, in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hit {
    kind: Kind,
    /// Bytes from and to.
    at: (usize, usize),
}

impl Secrets {
    /// Learns what stands in the exchanges of a case, which spells out `literals` itself.
    pub fn learn(&self, transcript: &Transcript, literals: &HashSet<String>) {
        let found = learn::secrets_of(transcript);
        let mut known = self.known();
        for (text, kind) in found.into_iter().filter(|(text, _)| !literals.contains(text)) {
            if is_number(&text) {
                known.codes.entry(transcript.case.clone()).or_default().insert(text, kind);
            } else {
                known.add(text, kind);
            }
        }
    }

    /// Forgets the codes of a case of which nothing more is shown.
    pub fn forget_codes(&self, case: &str) {
        self.known().codes.remove(case);
    }

    /// Learns the credentials that requests are signed with.
    pub fn learn_credentials(&self, signing: &Signing) {
        let credentials = &signing.credentials;
        let mut known = self.known();
        known.add(credentials.secret_key.clone(), Kind::SecretKey);
        if let Some(token) = &credentials.session_token {
            known.add(token.clone(), Kind::SessionToken);
        }
    }

    /// Says that a value is no secret, whoever sends it: the code that a target always sends.
    pub fn make_public(&self, value: &str) {
        self.known().spelled_out.insert(value.to_owned());
    }

    /// Returns how many values of each kind were withheld so far.
    pub fn withheld(&self) -> Withheld {
        self.known().withheld.clone()
    }

    /// Takes out of a finished text what must not be shown; tells whether there was anything.
    pub fn withhold(&self, text: &mut String) -> bool {
        self.known().withhold(text, &Own::default())
    }

    /// Does the same to a text about one case, which must not show its codes either.
    pub fn withhold_about(&self, case: &str, text: &mut String) -> bool {
        self.known().withhold(text, &Own { case, literals: None })
    }

    /// Does the same to a text that is broken into lines, where an address may be cut: of what is
    /// nobody's, the half may look like somebody's.
    pub fn withhold_from_lines(&self, text: &mut String) -> bool {
        let mut known = self.known();
        let mut hits = known.known_values(text, &Own::default());
        hits.extend(known.tokens(text, &Own::default()));
        known.replace(text, hits)
    }

    /// Does the same to the text of a case, which spells out `literals` itself.
    pub fn withhold_from_case(&self, text: &mut String, literals: &HashSet<String>) -> bool {
        self.known().withhold(text, &Own { case: "", literals: Some(literals) })
    }

    /// Does the same to every text in a document, which is about one `case`, or about none (empty).
    ///
    /// # Errors
    /// It is no document after that: something else than a text was one of its secrets. Nothing
    /// of it may be shown then.
    pub fn withhold_from<T: Serialize + DeserializeOwned>(
        &self,
        case: &str,
        document: &mut T,
    ) -> serde_json::Result<bool> {
        let own = Own { case, literals: None };
        // Hardly anything has a hit, and a text is read faster than a tree.
        let text = serde_json::to_string(document)?;
        if self.known().hits(&text, &own).is_empty() {
            return Ok(false);
        }
        let mut tree = serde_json::to_value(&*document)?;
        self.known().withhold_from_tree(&mut tree, &own);
        *document = serde_json::from_value(tree)?;
        Ok(true)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whose text is read.
#[derive(Clone, Copy, Default)]
struct Own<'a> {
    /// The case, whose codes are looked for too; empty where there is none.
    case: &'a str,
    /// What the case spells out.
    literals: Option<&'a HashSet<String>>,
}

impl Own<'_> {
    fn spells_out(&self, value: &str) -> bool {
        self.literals.is_some_and(|all| all.iter().any(|literal| literal.contains(value)))
    }
}

impl Known {
    fn add(&mut self, text: String, kind: Kind) {
        if !is_telling(middle(&text)) || self.learned.contains(&text) {
            return;
        }
        for form in forms(&text) {
            let needle = middle(&form);
            let Some(start) = needle.as_bytes().first_chunk::<SHORTEST>() else { continue };
            self.by_start.entry(*start).or_default().push(self.needles.len());
            self.needles.push((needle.into(), kind));
        }
        self.learned.insert(text);
    }

    fn withhold(&mut self, text: &mut String, own: &Own<'_>) -> bool {
        let hits = self.hits(text, own);
        self.replace(text, hits)
    }

    fn replace(&mut self, text: &mut String, hits: Vec<Hit>) -> bool {
        let hits = apart(hits);
        for hit in hits.iter().rev() {
            // Plain in JSON, XML, YAML and on command lines.
            text.replace_range(hit.at.0..hit.at.1, &format!("withheld-{}", hit.kind.name()));
            *self.withheld.entry(hit.kind.name().to_owned()).or_default() += 1;
        }
        !hits.is_empty()
    }

    fn withhold_from_tree(&mut self, tree: &mut Value, own: &Own<'_>) {
        match tree {
            Value::String(text) => drop(self.withhold(text, own)),
            Value::Array(items) => {
                items.iter_mut().for_each(|item| self.withhold_from_tree(item, own));
            }
            Value::Object(members) => {
                let taken = std::mem::take(members);
                for (mut name, mut member) in taken {
                    self.withhold(&mut name, own);
                    self.withhold_from_tree(&mut member, own);
                    members.insert(name, member);
                }
            }
            _ => {}
        }
    }

    /// Returns what must not be shown of a text.
    fn hits(&mut self, text: &str, own: &Own<'_>) -> Vec<Hit> {
        let mut hits = self.known_values(text, own);
        hits.extend(self.codes_in(text, own));
        hits.extend(self.tokens(text, own));
        hits.extend(self.personal(text, own));
        hits
    }

    fn codes_in(&self, text: &str, own: &Own<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        for (code, kind) in self.codes.get(own.case).into_iter().flatten() {
            if self.spelled_out.contains(code) {
                continue;
            }
            let places = text.match_indices(code.as_str()).map(|(at, _)| at);
            let alone = places.filter(|at| stands_alone(text, *at, code.len()));
            hits.extend(alone.map(|at| Hit { kind: *kind, at: (at, at + code.len()) }));
        }
        hits
    }

    fn known_values(&mut self, text: &str, own: &Own<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(start) = bytes.get(at..).and_then(|rest| rest.first_chunk::<SHORTEST>()) {
            let there = |needle: &str| {
                bytes[at..].starts_with(needle.as_bytes())
                    && (needle.len() >= FREE_STANDING || stands_alone(text, at, needle.len()))
            };
            let needles = self.by_start.get(start).into_iter().flatten();
            let longest = { needles }
                .map(|index| &self.needles[*index])
                .filter(|(needle, _)| there(needle))
                .max_by_key(|(needle, _)| needle.len());
            let Some((needle, kind)) = longest else {
                at += 1;
                continue;
            };
            let end = at + needle.len();
            if own.spells_out(needle) {
                self.spelled_out.insert(needle.to_string());
            } else if !self.spelled_out.contains(&**needle) {
                hits.push(Hit { kind: *kind, at: whole(text, at, end) });
            }
            at = end;
        }
        hits
    }

    /// Tokens by how they are written, whoever made them.
    fn tokens(&mut self, text: &str, own: &Own<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("eyJ") {
            let start = at + found;
            match jwt(&text[start..], false) {
                Some(token) => {
                    if !self.may_show(token, own) {
                        hits.push(Hit { kind: Kind::Token, at: (start, start + token.len()) });
                    }
                    at = start + token.len();
                }
                None => at = start + 3,
            }
        }
        hits
    }

    /// What may be somebody's address, number or access key.
    fn personal(&mut self, text: &str, own: &Own<'_>) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut look = |mark: &str, pattern: &regex::Regex, counts: fn(&str) -> bool, kind| {
            if !text.contains(mark) {
                return;
            }
            for found in pattern.find_iter(text).filter(|found| counts(found.as_str())) {
                // Cut off after redaction: it was nobody's.
                let cut = text[found.end()..].starts_with('…');
                if !cut && !self.may_show(found.as_str(), own) {
                    hits.push(Hit { kind, at: (found.start(), found.end()) });
                }
            }
        };
        look("@", &ADDRESS, personal::is_somebodys, Kind::EMail);
        look("+", &PHONE, personal::may_ring, Kind::PhoneNumber);
        look("IA", &ACCESS_KEY, personal::may_sign, Kind::AccessKeyId);
        hits
    }

    /// Tells whether a value is no secret since a case spells it out, and remembers that.
    fn may_show(&mut self, value: &str, own: &Own<'_>) -> bool {
        if own.spells_out(value) {
            self.spelled_out.insert(value.to_owned());
        }
        self.spelled_out.contains(value)
    }
}

/// Returns hits in order, those left out that begin inside another.
fn apart(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| hit.at);
    let mut end = 0;
    hits.retain(|hit| {
        let apart = hit.at.0 >= end;
        end = end.max(hit.at.1);
        apart
    });
    hits
}

/// Tells whether a value says what it is when it is met again: neither short nor a word, filler or
/// handle.
fn is_telling(text: &str) -> bool {
    let mut different = [false; 256];
    text.bytes().for_each(|byte| different[usize::from(byte)] = true);
    let different = different.iter().filter(|there| **there).count();
    // `repeat` makes long values of few characters.
    let enough = match text.len() {
        ..20 => FEWEST_CHARACTERS,
        20..LONGEST => 2 * FEWEST_CHARACTERS,
        _ => 3 * FEWEST_CHARACTERS,
    };
    let word = text.chars().all(|c| c.is_alphabetic() || c == '_');
    text.len() >= SHORTEST && different >= enough && !word && !is_handle(text)
}

/// Tells whether a value is written as ids and addresses are, which servers without anything behind
/// them give for all and everything.
fn is_handle(text: &str) -> bool {
    let region = text.split_once(['_', ':']).is_some_and(|(region, _)| {
        let parts: Vec<&str> = region.split('-').collect();
        let lower = |part: &&str| part.bytes().all(|byte| byte.is_ascii_lowercase());
        parts.len() == 3 && parts[..2].iter().all(lower) && parts[2].len() == 1
    });
    region || ["arn:", "http://", "https://"].iter().any(|start| text.starts_with(start))
}

/// Tells whether a value is a number of so few digits that others are equal by chance.
fn is_number(text: &str) -> bool {
    text.len() < FREE_STANDING && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the middle of a long text, at most [`LONGEST`] bytes of it.
fn middle(text: &str) -> &str {
    if text.len() <= LONGEST {
        return text;
    }
    let start = text.floor_char_boundary((text.len() - LONGEST) / 2);
    &text[start..text.floor_char_boundary(start + LONGEST)]
}

/// Widens a hit to all that may belong to the same value.
fn whole(text: &str, start: usize, end: usize) -> (usize, usize) {
    if end - start < LONGEST - 4 {
        return (start, end);
    }
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-_.=+/~".contains(c);
    let before = text[..start].trim_end_matches(belongs).len();
    let after = text[end..].trim_start_matches(belongs).len();
    (before, text.len() - after)
}

fn stands_alone(text: &str, at: usize, length: usize) -> bool {
    let word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    let bytes = text.as_bytes();
    !word(at.checked_sub(1).and_then(|before| bytes.get(before))) && !word(bytes.get(at + length))
}

#[cfg(test)]
mod tests;
