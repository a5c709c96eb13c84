//! A step went as its case expects: output, refusal by a rule, or raw response.

use std::borrow::Cow;

use serde_json::Value;

use super::{Breach, Check, message, preview, summary, throttled};
use crate::catalogue::{Catalogue, Rule};
use crate::outcome::{Evidence, Level};
use crate::pattern::{Mismatch, Pattern};
use crate::transcript::{Call, Exchange, Expectation, Expected};
use crate::wire::Response;

pub(super) const CHECK: Check = Check {
    id: "expectation",
    // Each breach carries the level of what is expected.
    level: Level::Behaviour,
    asks: "a step goes as its case expects",
    promises: &[],
    examine,
};

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    if exchange.declined {
        return Vec::new();
    }
    let (Some(expect), Ok(response)) = (&exchange.expect, &exchange.reply) else {
        return Vec::new();
    };
    let found = compare(catalogue, expect, exchange, response);
    if throttled(exchange) { Vec::new() } else { found }
}

/// Tells whether the exchange went as expected, whatever the grade of what is expected.
///
/// A message's wording decides nothing here: the next step builds on the code.
pub(super) fn holds(catalogue: &Catalogue, exchange: &Exchange) -> bool {
    match (&exchange.expect, &exchange.reply) {
        (None, _) => true,
        (Some(expect), Ok(response)) if !exchange.declined => {
            let anything = expect.outcome == Expected::Anything;
            let found = compare(catalogue, expect, exchange, response);
            let wording = |breach: &Breach| breach.rule.is_some() && breach.pointer == "/message";
            found.iter().all(wording) && !(anything && throttled(exchange))
        }
        _ => false,
    }
}

fn compare(
    catalogue: &Catalogue,
    expect: &Expectation,
    exchange: &Exchange,
    response: &Response,
) -> Vec<Breach> {
    match &expect.outcome {
        Expected::Anything => Vec::new(),
        Expected::Output(pattern) => output(expect, pattern, exchange, response),
        Expected::Error { rules, arguments } => {
            let rules: Vec<&Rule> = rules.iter().filter_map(|id| catalogue.rules.get(id)).collect();
            refusal(expect, &rules, arguments, exchange.call.operation(), response)
        }
        Expected::Raw { status, headers, body } => {
            // What a function was told is no body of the target's.
            let events = matches!(exchange.call, Call::Events { .. });
            let root = if events { ("events", "events") } else { ("body", "") };
            raw(expect, status.as_ref(), headers, body.as_ref().map(|body| (body, root)), response)
        }
    }
}

fn output(
    expect: &Expectation,
    pattern: &Pattern,
    exchange: &Exchange,
    response: &Response,
) -> Vec<Breach> {
    if !response.is_success() {
        return vec![breach(expect, "status", "success", summary(response))];
    }
    match exchange.output() {
        Some(body) => {
            let found = once_per_absence(pattern.mismatches(&body), &body);
            found.into_iter().map(|m| mismatch(expect, "body", "", m)).collect()
        }
        None => vec![breach(expect, "body", pattern.describe(), preview(response))],
    }
}

/// Keeps one of the mismatches that the same absent structure causes: the one nearest to it.
fn once_per_absence(mismatches: Vec<Mismatch>, body: &Value) -> Vec<Mismatch> {
    let mut kept: Vec<(Option<usize>, Mismatch)> = Vec::new();
    for found in mismatches {
        let absent = { Some(&found.pointer) }.filter(|_| found.actual == "absent");
        let absent = absent.and_then(|pointer| first_absent(pointer, body));
        let same = kept.iter_mut().find(|(end, other)| {
            let both = absent.zip(*end).filter(|(one, other)| one == other);
            both.is_some_and(|(end, _)| found.pointer[..end] == other.pointer[..end])
        });
        match same {
            Some((_, other)) if found.pointer.len() < other.pointer.len() => *other = found,
            Some(_) => {}
            None => kept.push((absent, found)),
        }
    }
    kept.into_iter().map(|(_, found)| found).collect()
}

/// Returns how much of `pointer` leads to the first member that is not there (or `null`).
fn first_absent(pointer: &str, body: &Value) -> Option<usize> {
    let mut at = body;
    let mut end = 0;
    for part in pointer.split('/').skip(1) {
        end += 1 + part.len();
        let name = part.replace("~1", "/").replace("~0", "~");
        let inner = match at {
            Value::Object(members) => members.get(&name),
            Value::Array(items) => Some(items.get(name.parse::<usize>().ok()?)?),
            _ => return None,
        };
        match inner {
            None | Some(Value::Null) => return Some(end),
            Some(inner) => at = inner,
        }
    }
    None
}

/// Compares with the rules, any of which will do; the best supported one speaks for them.
fn refusal(
    expect: &Expectation,
    rules: &[&Rule],
    arguments: &[(String, String)],
    operation: &str,
    response: &Response,
) -> Vec<Breach> {
    let Some(best) = rules.iter().rev().max_by_key(|rule| rule.evidence) else {
        let refused = !response.is_success();
        let broken = || breach(expect, "status", "an error", summary(response));
        return if refused { Vec::new() } else { vec![broken()] };
    };
    let codes = |rule: &Rule| rule.error.iter().chain(&rule.or_error).cloned().collect::<Vec<_>>();
    let mut wanted: Vec<String> = Vec::new();
    for code in rules.iter().flat_map(|rule| codes(rule)) {
        if !wanted.contains(&code) {
            wanted.push(code);
        }
    }
    let expected = format!("{} ({})", wanted.join(" or "), best.when);
    if response.is_success() {
        return vec![by_rule(best, expect, "status", expected, summary(response))];
    }
    let code = response.error_code();
    let meant: Vec<&Rule> = { rules.iter().copied() }
        .filter(|rule| code.as_ref().is_some_and(|code| codes(rule).contains(code)))
        .collect();
    let Some(first) = meant.iter().min_by_key(|rule| rule.message_grade(operation)) else {
        return vec![by_rule(best, expect, "/__type", expected, summary(response))];
    };
    let text = response.error_message().unwrap_or_default();
    if meant.iter().any(|rule| message::fits(rule, arguments, &text)) {
        return Vec::new();
    }
    let promised = message::promised(first, arguments);
    let mut wording = by_rule(first, expect, "/message", promised, text);
    wording.evidence = first.message_grade(operation).min(wording.evidence);
    vec![wording]
}

fn raw(
    expect: &Expectation,
    status: Option<&Pattern>,
    headers: &[(String, Pattern)],
    body: Option<(&Pattern, (&str, &str))>,
    response: &Response,
) -> Vec<Breach> {
    let mut found = Vec::new();
    if let Some(pattern) = status {
        let mismatches = pattern.mismatches(&response.status.into());
        found.extend(mismatches.into_iter().map(|m| mismatch(expect, "status", "status", m)));
    }
    for (name, pattern) in headers {
        let pointer = format!("header:{name}");
        let value = response.header(name).map_or(Value::Null, Value::from);
        let mismatches = pattern.mismatches(&value).into_iter();
        found.extend(mismatches.map(|mut m| {
            if value.is_null() {
                m.actual = "absent".into();
            }
            mismatch(expect, &pointer, &pointer, m)
        }));
    }
    if let Some((pattern, (root, prefix))) = body {
        let text = || String::from_utf8_lossy(&response.body).into_owned();
        let value = response.json().ok().flatten();
        let value = value.unwrap_or_else(|| Cow::Owned(Value::from(text())));
        let mismatches = pattern.mismatches(&value).into_iter();
        found.extend(mismatches.map(|m| mismatch(expect, root, prefix, m)));
    }
    found
}

fn mismatch(expect: &Expectation, root: &str, prefix: &str, found: Mismatch) -> Breach {
    let pointer = format!("{prefix}{}", found.pointer);
    let pointer = if found.pointer.is_empty() { root.to_owned() } else { pointer };
    breach(expect, pointer, found.expected, found.actual)
}

fn breach(
    expect: &Expectation,
    pointer: impl Into<String>,
    expected: impl Into<String>,
    actual: impl Into<String>,
) -> Breach {
    Breach {
        pointer: pointer.into(),
        expected: expected.into(),
        actual: actual.into(),
        rule: None,
        level: Some(expect.level),
        evidence: expect.evidence,
        source: expect.source.clone(),
    }
}

/// The rule says how well the refusal is supported, unless the case is an inference from it.
fn by_rule(
    rule: &Rule,
    expect: &Expectation,
    pointer: &str,
    expected: String,
    actual: String,
) -> Breach {
    let breach =
        Breach { rule: Some(rule.id.clone()), ..breach(expect, pointer, expected, actual) };
    match expect.evidence {
        Evidence::Inferred => breach,
        // A case may lean on a rule further than its observation goes: the weaker grade holds.
        stated => {
            Breach { evidence: rule.evidence.min(stated), source: rule.source.clone(), ..breach }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(body: Value, asked: &[&str], expected: &[&str]) {
        let present = |pointer: &&str| Pattern::Present((*pointer).to_owned());
        let pattern = Pattern::All(asked.iter().map(present).collect());
        let found = once_per_absence(pattern.mismatches(&body), &body);
        let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
        assert_eq!(pointers, expected);
    }

    #[test]
    fn what_stands_in_an_absent_structure_is_missed_once() {
        check(json!({}), &["/A/B", "/A/C", "/D"], &["/A/B", "/D"]);
        check(json!({"A": null}), &["/A/B", "/A", "/A/C"], &["/A"]);
        check(json!({"A": {}}), &["/A/B", "/A/C"], &["/A/B", "/A/C"]);
        check(json!({"A": [{}]}), &["/A/0/B/C", "/A/0/B/D"], &["/A/0/B/C"]);
        // The claims of a token are members of no structure.
        check(json!({"A": "t"}), &["/A/claims/x", "/A/claims/y"], &["/A/claims/x", "/A/claims/y"]);
    }
}
