//! Checks that every name a step uses is bound before it.

use std::collections::BTreeSet;

use super::bind::{BUILT_IN, Expression, expressions};
use super::error::{ParseError, ParseErrorKind};
use super::node::{Node, NodeKind};
use super::{Action, Caller, Expect, Function, RawBody, Scenario, Step};

/// Checks that every binding a scenario uses is made before, by a set-up or an earlier step.
///
/// # Errors
/// An expression uses a name nobody binds.
pub(super) fn check_bindings(
    path: &str,
    text: &str,
    scenario: &Scenario,
) -> Result<(), ParseError> {
    let arns: Vec<String> = scenario.functions.iter().map(Function::binding).collect();
    let mut known = bound_before(scenario, &arns);
    for step in &scenario.steps {
        let mut defined = scenario.functions.iter().map(|function| function.name.as_str());
        if let Action::Invoked { function } = &step.action
            && !defined.clone().any(|name| name == function)
        {
            let cause = crate::near::unknown("function", function, &mut defined);
            return Err(ParseError::new(path, text, step.at, ParseErrorKind::Unknown(cause)));
        }
        check_step(path, text, step, &mut known)?;
    }
    Ok(())
}

/// Returns the names that are bound before a scenario's own steps.
fn bound_before<'a>(scenario: &'a Scenario, arns: &'a [String]) -> BTreeSet<&'a str> {
    let mut known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    known.extend(arns.iter().map(String::as_str));
    for (set_up, _) in &scenario.setup {
        set_up.steps.iter().for_each(|step| known.extend(made_by(step)));
    }
    known
}

/// Returns a scenario's steps without those that use what nothing before them binds: they cannot
/// be filled in, so they are never sent.
pub(super) fn fillable(scenario: &Scenario) -> Vec<&Step> {
    let arns: Vec<String> = scenario.functions.iter().map(Function::binding).collect();
    let mut known = bound_before(scenario, &arns);
    let mut steps = Vec::new();
    for step in &scenario.steps {
        let mut readable = true;
        for node in step.nodes() {
            node.walk(&mut |node| {
                readable &= node.as_str().is_none_or(|text| expressions(text).is_ok());
            });
        }
        if readable && used_by(step).iter().all(|name| known.contains(name.as_str())) {
            known.extend(made_by(step));
            steps.push(step);
        }
    }
    steps
}

/// Checks that a step uses names of `known` only, and adds those that it makes.
///
/// # Errors
/// An expression uses another name.
pub(super) fn check_step<'a>(
    path: &str,
    text: &str,
    step: &'a Step,
    known: &mut BTreeSet<&'a str>,
) -> Result<(), ParseError> {
    let mut wrong = None;
    for node in step.nodes() {
        node.walk(&mut |node| {
            let names = names_in(node);
            let stray = names.into_iter().find(|name| !known.contains(name.as_str()));
            if let (Some(name), None) = (stray, &wrong) {
                let cause = crate::near::unknown("binding", &name, known.iter().copied());
                wrong = Some(ParseError::new(path, text, node.at, ParseErrorKind::Unknown(cause)));
            }
        });
    }
    known.extend(made_by(step));
    wrong.map_or(Ok(()), Err)
}

/// Returns the names that a step uses.
pub(super) fn used_by(step: &Step) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for node in step.nodes() {
        node.walk(&mut |node| names.extend(names_in(node)));
    }
    names
}

impl Step {
    /// Tells whether an expression of the step uses the binding `name`.
    pub(crate) fn uses(&self, name: &str) -> bool {
        used_by(self).contains(name)
    }
}

/// Returns the names that a value uses, however deep.
pub(super) fn names_inside(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    node.walk(&mut |node| names.extend(names_in(node)));
    names
}

fn names_in(node: &Node) -> Vec<String> {
    match &node.kind {
        NodeKind::Members(members) => members.iter().flat_map(|(key, _)| used_in(key)).collect(),
        _ => node.as_str().map(used_in).unwrap_or_default(),
    }
}

/// Returns the names that a step makes.
pub(super) fn made_by(step: &Step) -> Vec<&str> {
    let mut names: Vec<&str> = step.save.keys().map(String::as_str).collect();
    match &step.action {
        Action::Mail { save, save_body, save_subject, .. } => {
            let others = save_body.iter().chain(save_subject).map(String::as_str);
            names.extend(others.chain([save.as_str()]));
        }
        Action::Let(bindings) => names.extend(bindings.iter().map(|(name, _)| name.as_str())),
        _ => {}
    }
    names
}

fn used_in(text: &str) -> Vec<String> {
    fn collect(expression: &Expression, names: &mut Vec<String>) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Path(name, _) => names.push(name.clone()),
            Expression::Call(_, arguments) => arguments.iter().for_each(|a| collect(a, names)),
        }
    }
    let mut names = Vec::new();
    expressions(text).unwrap_or_default().iter().for_each(|e| collect(e, &mut names));
    names
}

impl Step {
    /// Returns every value of the step that may hold expressions.
    pub(crate) fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        match &self.action {
            Action::Call { with, caller, .. } => {
                nodes.push(with);
                if let Caller::Holder(token) = caller {
                    nodes.push(token);
                }
            }
            Action::Raw { path, headers, body, .. } => {
                nodes.extend([path, headers]);
                if let RawBody::Value(body) = body {
                    nodes.push(body);
                }
            }
            Action::Mail { pool, username, .. } => nodes.extend([pool, username]),
            Action::Clock(seconds) => nodes.push(seconds),
            Action::Let(bindings) => nodes.extend(bindings.iter().map(|(_, node)| node)),
            Action::Wait(_) | Action::Invoked { .. } => {}
        }
        match &self.expect {
            Expect::Output(node) | Expect::Error(_, node) => nodes.push(node),
            Expect::Raw { status, headers, body } => {
                nodes.extend(status.iter().chain([headers]).chain(body));
            }
            Expect::Anything => {}
        }
        nodes
    }
}
