//! Refuses names that nothing has: members, rules, matchers, functions.

use serde_json::Value;

use super::bind::{Expression, expressions};
use super::error::ParseErrorKind;
use super::node::{Node, NodeKind};
use super::parse::{Parsed, Reader};
use crate::catalogue::Service;
use crate::pattern::{KEYS, Pattern};

impl Reader<'_> {
    /// Refuses members that the model lacks: a misspelt one would make the case test nothing.
    pub(super) fn members(
        &self,
        service: &Service,
        schema: &crate::catalogue::Schema,
        node: &Node,
    ) -> Parsed<()> {
        let schema = service.resolve(schema);
        match &node.kind {
            NodeKind::Members(members) if schema.is_structure() => {
                for (name, inner) in members {
                    let known = schema.properties.iter().flatten().map(|(name, _)| name.as_str());
                    let member = schema.member(name).ok_or_else(|| {
                        let cause = crate::near::unknown("member", name, known);
                        let hint = "; `unmodelled: true` sends it all the same";
                        self.fail(inner.at, ParseErrorKind::Unknown(format!("{cause}{hint}")))
                    })?;
                    self.members(service, member, inner)?;
                }
                Ok(())
            }
            NodeKind::List(items) => {
                let Some(item) = &schema.items else { return Ok(()) };
                items.iter().try_for_each(|node| self.members(service, item, node))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn rules(
        &self,
        node: &Node,
        operation: Option<(&str, &str)>,
    ) -> Parsed<Vec<String>> {
        let nodes: Vec<&Node> = match &node.kind {
            NodeKind::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut ids = Vec::new();
        for node in nodes {
            let id = node.as_str().unwrap_or_default();
            let rule = self.catalogue.rules.get(id).ok_or_else(|| {
                let cause = crate::near::unknown("rule", id, self.catalogue.rules.ids());
                self.fail(node.at, ParseErrorKind::Unknown(cause))
            })?;
            if rule.error.is_none() {
                return Err(self.misfit(node.at, format!("rule `{id}` promises no error")));
            }
            if let Some((service, name)) = operation
                && (rule.service != service || !rule.covers(name))
            {
                return Err(
                    self.misfit(node.at, format!("rule `{id}` says nothing about `{name}`"))
                );
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    /// Refuses misspelt `<words>` and `$keys` of a pattern.
    pub(super) fn patterns(&self, node: &Node) -> Parsed<()> {
        let mut wrong = None;
        node.walk(&mut |node| {
            let cause = match &node.kind {
                NodeKind::Scalar(value @ Value::String(_)) => Pattern::parse(value).err(),
                NodeKind::Members(members) => {
                    let key = members
                        .first()
                        .map(|(key, _)| key.as_str())
                        .filter(|k| k.starts_with('$') && !k.starts_with("${"));
                    let stray = key.filter(|key| !KEYS.iter().any(|(known, _)| known == key));
                    stray.map(|key| {
                        crate::near::unknown("matcher", key, KEYS.iter().map(|(k, _)| *k))
                    })
                }
                _ => None,
            };
            if let (Some(cause), None) = (cause, &wrong) {
                wrong = Some(self.fail(node.at, ParseErrorKind::Unknown(cause)));
            }
        });
        wrong.map_or(Ok(()), Err)
    }

    /// Refuses malformed `${…}` and unknown functions.
    pub(super) fn expressions(&self, node: &Node) -> Parsed<()> {
        fn unknown_function(expression: &Expression) -> Option<String> {
            let Expression::Call(name, arguments) = expression else { return None };
            let mut known = super::functions::FUNCTIONS.iter().map(|(name, _)| *name);
            if !known.clone().any(|function| function == name) {
                return Some(crate::near::unknown("function", name, &mut known));
            }
            arguments.iter().find_map(unknown_function)
        }
        let mut wrong = None;
        node.walk(&mut |node| {
            let cause = node.as_str().and_then(|text| match expressions(text) {
                Ok(found) => found.iter().find_map(unknown_function),
                Err(cause) => Some(cause),
            });
            if let (Some(cause), None) = (cause, &wrong) {
                wrong = Some(self.fail(node.at, ParseErrorKind::Unknown(cause)));
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}
