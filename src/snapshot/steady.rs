//! Takes out of a canonical transcript what still differs from one playing to the next.
//!
//! The canonical form names ids, tokens and times where a shape says what they are. Texts hold more
//! of them: keys of maps, masks of addresses, times inside messages. Lists have no promised order.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// What is drawn or counted inside texts, with what stands for it.
static DRAWN_TEXTS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
    let texts = [
        // Seconds or milliseconds since the epoch, and the form in which SRP claims state a time.
        (r"\b1[0-9]{9}(?:[0-9]{3})?\b".to_owned(), "<time>"),
        (format!(r"\b{day} [A-Z][a-z]{{2}} [0-9]{{1,2}} [0-9:]{{8}} UTC [0-9]{{4}}\b"), "<time>"),
        // Where a local endpoint happens to listen.
        (r"http://127\.0\.0\.1:[0-9]+".to_owned(), "<endpoint>"),
        (r"\S\*\*\*@\S\*\*\*|\+\*+[0-9]{4}".to_owned(), "<mask>"),
        (r"\b[a-z]{2}(?:-[a-z]+)+-[0-9]_[0-9A-Za-z]{9}\b".to_owned(), "<user-pool-id>"),
        (r"\b[0-9a-z]{26}\b".to_owned(), "<client-id>"),
        ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".to_owned(), "<uuid>"),
        // The same in base64, as passkeys name their user.
        (r"\b[0-9A-Za-z]{48}\b".to_owned(), "<uuid>"),
    ];
    let compiled = |(pattern, name): (String, &'static str)| {
        (Regex::new(&pattern).expect("a constant pattern compiles"), name)
    };
    texts.into_iter().map(compiled).collect()
});

/// Members whose values a server draws although no shape says so.
const DRAWN: [&str; 8] = [
    "CREDENTIAL_REQUEST_OPTIONS",
    "CSSVersion",
    "Certificate",
    "CloudFrontDistribution",
    "DeviceGroupKey",
    "challenge",
    "kid",
    "n",
];

/// Members that tell that there is more of a list.
const TOKENS: [&str; 2] = ["NextToken", "PaginationToken"];

/// Longer texts, in characters, are cut.
const LONGEST: usize = 2_000;

/// A name that the canonical form gave: sort and number.
pub(super) static NAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("<([a-z-]+)#([0-9]+)>").expect("a constant pattern compiles"));

/// Steadies one value; `own` are the words that are the case's own, with what stands for them.
pub(super) fn steady(value: &mut Value, own: &[(String, String)]) {
    match value {
        Value::String(text) => *text = plain(text, own),
        Value::Array(items) => {
            items.iter_mut().for_each(|item| steady(item, own));
            if items.iter().all(Value::is_object) {
                // Of items that say the same, numbers tell who came first.
                items.sort_by_cached_key(|item| {
                    let text = item.to_string();
                    (unnumbered(&text), text)
                });
            }
        }
        Value::Object(members) => {
            let drawn = |name: &str, value: &Value| DRAWN.contains(&name) && value.is_string();
            let steadied = std::mem::take(members).into_iter().map(|(name, mut value)| {
                if drawn(&name, &value) {
                    value = Value::from("<drawn>");
                } else {
                    steady(&mut value, own);
                }
                (plain(&name, own), value)
            });
            *members = steadied.collect::<Map<_, _>>();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts the pages of one list together: which item stands on which page is nobody's promise. How
/// long each was stays, as `pages`.
pub(super) fn join_pages(entries: &mut Vec<Value>) {
    let mut joined: Vec<Value> = Vec::with_capacity(entries.len());
    for entry in std::mem::take(entries) {
        let continues = joined.last().is_some_and(|last| {
            let lists = |entry: &Value| {
                let call = entry["call"].as_str().unwrap_or_default();
                let lists = call.starts_with("List") || call.starts_with("AdminList");
                lists && entry["output"].is_object()
            };
            lists(last)
                && lists(&entry)
                && last["place"] == entry["place"]
                && last["call"] == entry["call"]
        });
        match joined.last_mut().filter(|_| continues) {
            Some(last) => join(last, entry),
            None => joined.push(entry),
        }
    }
    *entries = joined;
}

/// Of pages with others before or behind them, keeps the length: which items came first is
/// nobody's promise.
pub(super) fn shut_pages(entries: &mut [Value]) {
    let goes_on = |side: Option<&Value>| {
        TOKENS.iter().any(|token| side.is_some_and(|side| side.get(*token).is_some()))
    };
    for entry in entries {
        if !goes_on(entry.get("input")) && !goes_on(entry.get("output")) {
            continue;
        }
        let Some(output) = entry.get_mut("output").and_then(Value::as_object_mut) else { continue };
        for items in output.values_mut().filter(|value| value.is_array()) {
            let length = items.as_array().map_or(0, Vec::len);
            *items = Value::from(format!("<{length} items>"));
        }
    }
}

fn join(first: &mut Value, mut page: Value) {
    let length = |output: &Value| {
        let lists = output.as_object().into_iter().flatten().filter_map(|(_, v)| v.as_array());
        lists.map(Vec::len).sum::<usize>()
    };
    let pages = match first["pages"].as_array() {
        Some(pages) => pages.iter().cloned().chain([length(&page["output"]).into()]).collect(),
        None => vec![Value::from(length(&first["output"])), length(&page["output"]).into()],
    };
    if let Some(output) = first["output"].as_object_mut() {
        output.retain(|name, _| !TOKENS.contains(&name.as_str()));
    }
    let more = page["output"].as_object_mut().map(std::mem::take).unwrap_or_default();
    for (name, value) in more {
        match (&mut first["output"][&name], value) {
            (Value::Array(items), Value::Array(more)) => items.extend(more),
            (slot, value) => *slot = value,
        }
    }
    first["pages"] = pages.into();
}

fn plain(text: &str, own: &[(String, String)]) -> String {
    let mut text = text.to_owned();
    for (word, name) in own {
        text = text.replace(word.as_str(), name);
        // Some cases ask whether case counts.
        text = text.replace(&word.to_uppercase(), &name.to_uppercase());
    }
    for (pattern, name) in DRAWN_TEXTS.iter() {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text,
    }
}

/// Returns a text with the numbers taken out of its names.
pub(super) fn unnumbered(text: &str) -> String {
    NAME.replace_all(text, "<$1>").into_owned()
}

/// Numbers the names of a text anew, in order of appearance: sorting lists has moved them.
pub(super) fn renumbered(text: &str) -> String {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut last: HashMap<String, usize> = HashMap::new();
    let number = |found: &Captures<'_>| {
        let sort = &found[1];
        let number = *known.entry(found[0].to_owned()).or_insert_with(|| {
            let next = last.entry(sort.to_owned()).or_default();
            *next += 1;
            *next
        });
        format!("<{sort}#{number}>")
    };
    NAME.replace_all(text, number).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(mut value: Value, expected: Value) {
        steady(&mut value, &[("anna7x".into(), "<unique>".into())]);
        let text = renumbered(&value.to_string());
        assert_eq!(text, expected.to_string());
    }

    #[test]
    fn what_is_drawn_has_one_name() {
        check(json!("expired: 1795719234 >= 1795719134"), json!("expired: <time> >= <time>"));
        check(json!("Sat Nov 28 20:34:10 UTC 2026"), json!("<time>"));
        check(json!(["y***@e***", "+*******7357"]), json!(["<mask>", "<mask>"]));
        check(json!({"idp/us-east-1_UZnXhJViC": 1}), json!({"idp/<user-pool-id>": 1}));
        check(json!("ANNA7X and anna7x"), json!("<UNIQUE> and <unique>"));
        check(json!({"kid": "yEFm", "n": 3}), json!({"kid": "<drawn>", "n": 3}));
        check(json!("a code of 123456"), json!("a code of 123456"));
    }

    #[test]
    fn lists_have_one_order_and_names_follow_it() {
        let one =
            json!([{"Id": "<client-id#2>", "Name": "a"}, {"Id": "<client-id#1>", "Name": "b"}]);
        let two =
            json!([{"Id": "<client-id#1>", "Name": "b"}, {"Id": "<client-id#2>", "Name": "a"}]);
        let expected =
            json!([{"Id": "<client-id#1>", "Name": "a"}, {"Id": "<client-id#2>", "Name": "b"}]);
        check(one, expected.clone());
        check(two, expected);
        // Of plain values the order may be the point.
        check(json!(["b", "a"]), json!(["b", "a"]));
    }

    #[test]
    fn of_a_page_with_another_behind_it_the_length_is_kept() {
        let mut entries = vec![
            json!({"output": {"Groups": ["a", "b"], "NextToken": "<next-token#1>"}}),
            json!({"output": {"Groups": ["a", "b"]}}),
            json!({"error": "x"}),
            json!({"input": {"NextToken": "<next-token#1>"}, "output": {"Groups": ["c"]}}),
        ];
        let whole = entries[1..3].to_vec();
        shut_pages(&mut entries);
        assert_eq!(entries[0]["output"]["Groups"], "<2 items>");
        assert_eq!(entries[1..3], whole);
        assert_eq!(entries[3]["output"]["Groups"], "<1 items>");
    }

    #[test]
    fn long_texts_are_cut() {
        let mut value = json!("ü".repeat(3_000));
        steady(&mut value, &[]);
        assert!(value.as_str().is_some_and(|text| text.ends_with("… (3000 characters)")));
    }
}
