//! Finds shapes that no finite value can have.
//!
//! A shape may contain itself through an optional member or through the items of a list that a
//! structure holds: such values end. A structure that requires itself never ends, and a list of
//! nothing but itself says nothing; both are mistakes of the model.

use std::collections::BTreeMap;

use crate::catalogue::{Kind, Schema};

/// Returns the shapes of one illegal cycle, the first repeated at the end; `None` if there is none.
pub(super) fn find(shapes: &BTreeMap<String, Schema>) -> Option<Vec<String>> {
    let mut open: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, schema) in shapes {
        open.insert(name, forced(schema, shapes));
    }
    // What forces nothing that is still open can end; taking those away leaves only the cycles
    // and what leads into them. Iterative, so that no chain of shapes can exhaust the stack.
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, targets) in &open {
        targets.iter().for_each(|target| users.entry(target).or_default().push(name));
    }
    let mut left: BTreeMap<&str, usize> = open.iter().map(|(n, t)| (*n, t.len())).collect();
    let mut ended: Vec<&str> = left.iter().filter(|(_, n)| **n == 0).map(|(n, _)| *n).collect();
    while let Some(name) = ended.pop() {
        left.remove(name);
        for user in users.get(name).into_iter().flatten() {
            if let Some(count) = left.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    ended.push(user);
                }
            }
        }
    }
    let mut path: Vec<&str> = vec![left.keys().next()?];
    loop {
        let next = open[path[path.len() - 1]].iter().find(|target| left.contains_key(**target))?;
        if let Some(start) = path.iter().position(|seen| seen == next) {
            path.push(next);
            return Some(path[start..].iter().map(|name| (*name).to_owned()).collect());
        }
        path.push(next);
    }
}

/// Shapes a value of this one cannot do without.
fn forced<'a>(schema: &'a Schema, shapes: &BTreeMap<String, Schema>) -> Vec<&'a str> {
    let is_structure = |name: &&str| shapes.get(*name).is_some_and(Schema::is_structure);
    let is_collection =
        |name: &&str| shapes.get(*name).is_some_and(|s| s.kind == Some(Kind::Array) || s.is_map());
    if schema.is_structure() {
        let members = schema.required.iter().filter_map(|name| schema.member(name)?.target());
        members.filter(is_structure).collect()
    } else {
        let parts = [&schema.items, &schema.additional_properties];
        let targets = parts.into_iter().flatten().filter_map(|part| part.target());
        targets.filter(is_collection).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `A!B` requires, `A?B` has optionally, `A*B` lists.
    #[track_caller]
    fn check(edges: &[&str], expected: Option<&str>) {
        let mut shapes: BTreeMap<String, Schema> = BTreeMap::new();
        for edge in edges {
            let (name, target) = (&edge[..1], &edge[2..]);
            let shape = shapes.entry(name.into()).or_default();
            if edge.contains('*') {
                shape.kind = Some(Kind::Array);
                shape.items = Some(Box::new(Schema::named(target)));
                continue;
            }
            shape.kind = Some(Kind::Object);
            let members = shape.properties.get_or_insert_default();
            members.insert(target.into(), Schema::named(target));
            if edge.contains('!') {
                shape.required.insert(target.into());
            }
        }
        assert_eq!(find(&shapes).map(|path| path.join(" ")).as_deref(), expected);
    }

    #[test]
    fn only_values_without_an_end_are_refused() {
        check(&["A!B", "B?A"], None);
        check(&["A!B", "B*A"], None);
        check(&["A!A"], Some("A A"));
        check(&["A!B", "B!C", "C!B"], Some("B C B"));
        check(&["A*B", "B*A"], Some("A B A"));
    }
}
