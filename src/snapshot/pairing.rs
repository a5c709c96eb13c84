//! Two canonical values side by side: what is a name in both is paired, not compared.
//!
//! The canonical form numbers ids in order of appearance, so that one id more would give every
//! later one another number. Here `<user-pool-id#2>` of the one stands for whatever name stands in
//! its place in the other, from the first time on.

use std::collections::HashMap;

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::differ::Difference;
use super::steady::{NAME, unnumbered};

/// Which names of two transcripts stand for each other so far.
#[derive(Clone, Debug, Default)]
pub struct Pairing {
    there: HashMap<String, String>,
    here: HashMap<String, String>,
}

impl Pairing {
    /// Returns where two values differ, with pointers into them; pairs the names they show first.
    ///
    /// In a [`Difference`], `accepted` is of the value `there`, `now` of the one `here`. Lists of
    /// objects are held together by their items that say the same.
    pub fn differences(&mut self, there: &Value, here: &Value) -> Vec<Difference> {
        let mut found = Vec::new();
        self.walk(Some(there), Some(here), "", &mut found);
        found
    }

    fn walk(
        &mut self,
        there: Option<&Value>,
        here: Option<&Value>,
        at: &str,
        found: &mut Vec<Difference>,
    ) {
        match (there, here) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                    let escaped = crate::pointer::escaped(key);
                    self.walk(a.get(key), b.get(key), &format!("{at}/{escaped}"), found);
                }
            }
            (Some(Value::Array(a)), Some(Value::Array(b))) => {
                for (index, (a, b)) in together(a, b).into_iter().enumerate() {
                    self.walk(a, b, &format!("{at}/{index}"), found);
                }
            }
            (Some(Value::String(a)), Some(Value::String(b))) if self.same(a, b) => {}
            (a, b) if a == b && !a.is_some_and(Value::is_string) => {}
            (a, b) => {
                let show =
                    |v: Option<&Value>| v.map_or_else(|| "absent".into(), crate::pattern::shorten);
                let (mut accepted, now) = (show(a), show(b));
                if accepted == now {
                    accepted = format!("{accepted}, another one");
                }
                found.push(Difference { pointer: at.to_owned(), accepted, now });
            }
        }
    }

    /// Tells whether two texts say the same, names paired.
    fn same(&mut self, there: &str, here: &str) -> bool {
        if unnumbered(there) != unnumbered(here) {
            return false;
        }
        let names = |text| NAME.find_iter(text).map(|found| found.as_str().to_owned());
        let pairs: Vec<_> = names(there).zip(names(here)).collect();
        pairs.into_iter().all(|(a, b)| self.pair(a, b))
    }

    fn pair(&mut self, there: String, here: String) -> bool {
        match (self.here.get(&there), self.there.get(&here)) {
            (Some(known), _) => *known == here,
            (None, Some(_)) => false,
            (None, None) => {
                self.here.insert(there.clone(), here.clone());
                self.there.insert(here, there);
                true
            }
        }
    }
}

/// Returns the items of two lists in pairs: in order where they are as long, else those that say
/// the same first, so that one item more does not move all others.
fn together<'v>(a: &'v [Value], b: &'v [Value]) -> Vec<(Option<&'v Value>, Option<&'v Value>)> {
    let long = a.len().max(b.len());
    if a.len() == b.len() {
        return (0..long).map(|index| (a.get(index), b.get(index))).collect();
    }
    let texts = |items: &[Value]| -> Vec<String> {
        items.iter().map(|item| unnumbered(&item.to_string())).collect()
    };
    let mut pairs = Vec::with_capacity(long);
    for op in capture_diff_slices(Algorithm::Myers, &texts(a), &texts(b)) {
        let (one, other) = match op {
            DiffOp::Equal { old_index, new_index, len } => {
                (old_index..old_index + len, new_index..new_index + len)
            }
            DiffOp::Delete { old_index, old_len, .. } => (old_index..old_index + old_len, 0..0),
            DiffOp::Insert { new_index, new_len, .. } => (0..0, new_index..new_index + new_len),
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                (old_index..old_index + old_len, new_index..new_index + new_len)
            }
        };
        let (mut one, mut other) = (a[one].iter(), b[other].iter());
        loop {
            match (one.next(), other.next()) {
                (None, None) => break,
                pair => pairs.push(pair),
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(there: Value, here: Value, expected: &[(&str, &str, &str)]) {
        let found = Pairing::default().differences(&there, &here);
        let found: Vec<_> = { found.iter() }
            .map(|d| (d.pointer.as_str(), d.accepted.as_str(), d.now.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_id_more_changes_no_other() {
        check(
            json!([{"Id": "<id#1>"}, {"Id": "<id#2>", "Of": "<id#1>"}]),
            json!([{"Id": "<id#4>"}, {"Id": "<id#7>", "Of": "<id#4>", "More": "<id#5>"}]),
            &[("/1/More", "absent", "\"<id#5>\"")],
        );
    }

    #[test]
    fn the_same_id_stays_the_same() {
        let there = json!(["<id#1>", "<id#1>"]);
        check(there.clone(), json!(["<id#3>", "<id#3>"]), &[]);
        check(there, json!(["<id#3>", "<id#4>"]), &[("/1", "\"<id#1>\"", "\"<id#4>\"")]);
        let two = json!(["<id#1>", "<id#2>"]);
        check(two, json!(["<id#1>", "<id#1>"]), &[("/1", "\"<id#2>\"", "\"<id#1>\"")]);
        check(json!("<id#1>"), json!("<sub#1>"), &[("", "\"<id#1>\"", "\"<sub#1>\"")]);
    }

    #[test]
    fn names_inside_texts_count_too() {
        check(json!("no <id#1> there"), json!("no <id#9> there"), &[]);
        check(
            json!("no <id#1> there"),
            json!("no <id#9> here"),
            &[("", "\"no <id#1> there\"", "\"no <id#9> here\"")],
        );
    }

    #[test]
    fn one_item_less_moves_no_other() {
        let item = |name: &str| json!({"Name": name});
        check(
            json!([item("a"), item("b"), item("c")]),
            json!([item("a"), item("c")]),
            &[("/1", "{\"Name\":\"b\"}", "absent")],
        );
        check(json!([1, 2]), json!([2, 2]), &[("/0", "1", "2")]);
        check(json!({"a": null}), json!({"a": 1}), &[("/a", "null", "1")]);
    }
}
