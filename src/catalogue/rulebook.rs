//! The rulebook: every promise the catalogue's shapes cannot express, one entry each.
//!
//! The reference raises errors by rule id, scenarios expect by rule id, findings and reports
//! speak by rule id. A message text stands here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::outcome::{Evidence, Level};

/// One promise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable name, kebab-case, unique over all services.
    pub id: String,
    /// Operations the promise is about; `*` is every operation of the service.
    pub operations: BTreeSet<String>,
    /// One sentence: the state and the one property of the request that matters.
    pub when: String,
    /// Error code that is raised.
    #[serde(default)]
    pub error: Option<String>,
    /// Message text; `{name}` stands for a value that varies.
    #[serde(default)]
    pub message: Option<String>,
    /// How the message is compared.
    #[serde(default, rename = "match")]
    pub matching: Matching,
    /// Grade of the message's wording, when it is weaker than that of the code.
    #[serde(default)]
    pub message_evidence: Option<Evidence>,
    /// Operations that the sources show the message of, where they do not show it of all.
    #[serde(default)]
    pub message_seen: BTreeSet<String>,
    /// What changes, where the promise is an effect and not an error.
    #[serde(default)]
    pub effect: Option<String>,
    /// Level the promise belongs to.
    #[serde(default = "errors")]
    pub level: Level,
    /// Rules that win when both faults are present.
    #[serde(default)]
    pub after: BTreeSet<String>,
    /// How well the promise is supported.
    pub evidence: Evidence,
    /// Where it comes from: repository and path, issue, or document and section.
    pub source: String,
    /// Date of the observation, as exact as known.
    #[serde(default)]
    pub seen: Option<String>,
    /// Limits, contradictions, spelling traps.
    #[serde(default)]
    pub note: Option<String>,
    /// Error codes that are as good: sources show the text but not the code, or disagree.
    #[serde(default)]
    pub or_error: BTreeSet<String>,
    /// Where the reference cannot raise it: why (a fault of the service, a quota, a Lambda).
    #[serde(default)]
    pub unreachable: Option<String>,
    /// Service the rule was loaded for; set by the loader.
    #[serde(skip)]
    pub service: String,
}

/// How a message is compared with the rule's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// Letter for letter, placeholders aside.
    #[default]
    Exact,
    /// The message starts with the text.
    Prefix,
    /// The message contains the text.
    Contains,
}

fn errors() -> Level {
    Level::Errors
}

impl Rule {
    /// Returns the message with each `{name}` replaced by its value in `arguments`.
    ///
    /// A placeholder without a value stays as it is. Empty when the rule has no message.
    pub fn render(&self, arguments: &[(&str, String)]) -> String {
        let mut text = self.message.clone().unwrap_or_default();
        for (name, value) in arguments {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// Tells whether `message` is what the rule promises; `true` when it promises no text.
    ///
    /// White space at the end counts for nothing: nobody sees it.
    pub fn message_matches(&self, message: &str) -> bool {
        let Some(template) = &self.message else { return true };
        let parts = literals(template.trim_end());
        let (first, others) = parts.split_first().expect("a text has a first part");
        let message = message.trim_end();
        let rest = match self.matching {
            Matching::Contains => message.find(first).map(|at| &message[at + first.len()..]),
            Matching::Exact | Matching::Prefix => message.strip_prefix(first),
        };
        let Some(mut rest) = rest else { return false };
        let Some((last, middle)) = others.split_last() else {
            return self.matching != Matching::Exact || rest.is_empty();
        };
        // Whatever stands between two parts is as short as can be: if a later place would do for
        // a part, the earlier one does.
        for part in middle {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        match self.matching {
            Matching::Exact => rest.ends_with(last),
            Matching::Prefix | Matching::Contains => rest.contains(last),
        }
    }

    /// Grade of the message's wording in the answers of `operation`.
    ///
    /// The same condition has different words in different operations: where the sources name
    /// those that were seen, the text is inferred for the others.
    pub fn message_grade(&self, operation: &str) -> Evidence {
        if !self.message_seen.is_empty() && !self.message_seen.contains(operation) {
            return Evidence::Inferred;
        }
        self.best_message_grade()
    }

    /// Grade of the message's wording where it was seen, if the sources name operations.
    pub fn best_message_grade(&self) -> Evidence {
        self.message_evidence.unwrap_or(self.evidence)
    }

    /// Tells whether the rule speaks about `operation`.
    pub fn covers(&self, operation: &str) -> bool {
        self.operations.contains("*") || self.operations.contains(operation)
    }
}

/// Returns what stands before, between and after the placeholders of a text.
fn literals(template: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = placeholder(rest) {
        parts.push(before);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Returns what stands before and after the first `{name}`; other braces (`{####}`) are text.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find('{')?;
        let close = open + text[open..].find('}')?;
        let name = &text[open + 1..close];
        if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Some((&text[..open], &text[close + 1..]));
        }
        from = open + 1;
    }
}

/// Every rule, by id.
#[derive(Clone, Debug, Default)]
pub struct Rulebook {
    rules: BTreeMap<String, Rule>,
}

impl Rulebook {
    /// Adds a rule; returns it when its id is taken already.
    pub(super) fn insert(&mut self, rule: Rule) -> Option<Rule> {
        if self.rules.contains_key(&rule.id) {
            return Some(rule);
        }
        self.rules.insert(rule.id.clone(), rule);
        None
    }

    /// Returns the rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// Returns every rule, sorted by id.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Returns the ids of every rule, sorted.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.keys().map(String::as_str)
    }

    /// Returns the rules that speak about an operation, sorted by id.
    pub fn about<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
    ) -> impl Iterator<Item = &'a Rule> {
        self.iter().filter(move |rule| rule.service == service && rule.covers(operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(message: &str, matching: Matching) -> Rule {
        Rule {
            id: "x".into(),
            operations: BTreeSet::from(["*".into()]),
            when: String::new(),
            error: None,
            message: Some(message.into()),
            matching,
            message_evidence: None,
            message_seen: BTreeSet::new(),
            effect: None,
            level: Level::Errors,
            after: BTreeSet::new(),
            evidence: Evidence::Observed,
            source: String::new(),
            seen: None,
            note: None,
            or_error: BTreeSet::new(),
            unreachable: None,
            service: String::new(),
        }
    }

    #[test]
    fn wording_is_inferred_where_it_was_not_seen() {
        #[track_caller]
        fn check(seen: &[&str], weaker: Option<Evidence>, expected: Evidence) {
            let mut rule = rule("User is disabled.", Matching::Exact);
            rule.message_seen = seen.iter().map(|name| (*name).to_owned()).collect();
            rule.message_evidence = weaker;
            assert_eq!(rule.message_grade("InitiateAuth"), expected);
        }
        check(&[], None, Evidence::Observed);
        check(&[], Some(Evidence::Documented), Evidence::Documented);
        check(&["InitiateAuth"], None, Evidence::Observed);
        check(&["SignUp"], None, Evidence::Inferred);
        check(&["SignUp"], Some(Evidence::Documented), Evidence::Inferred);
    }

    #[track_caller]
    fn check(template: &str, matching: Matching, message: &str, expected: bool) {
        assert_eq!(rule(template, matching).message_matches(message), expected);
    }

    #[test]
    fn templates_match_whole_messages_and_keep_odd_braces() {
        let gone = "User pool {id} does not exist.";
        check(gone, Matching::Exact, "User pool us-east-1_a does not exist.", true);
        check(gone, Matching::Exact, "User pool us-east-1_a does not exist", false);
        check(r"pattern: \{####\} {x}", Matching::Exact, r"pattern: \{####\} y", true);
        check("CIDR", Matching::Contains, "Incorrect CIDR format", true);
        check("Incorrect", Matching::Prefix, "Incorrect CIDR", true);
        check("CIDR", Matching::Prefix, "Incorrect CIDR", false);
        let between = "{a} is not {b}, {c}.";
        check(between, Matching::Exact, "x is not y, not z, but w.", true);
        check(between, Matching::Exact, "x is not y.", false);
        check("a{b}a", Matching::Exact, "a", false);
        check("a{b} c", Matching::Contains, "xa-y cz", true);
        check("a{b} c", Matching::Prefix, "a-y cz", true);
        check("Attribute does not exist\n", Matching::Exact, "Attribute does not exist", true);
    }
}
