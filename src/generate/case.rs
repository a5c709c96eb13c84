//! The parts of a generated case: steps, looks at what there is, the case itself.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::stock::{AllLinks, Stock};
use crate::catalogue::{Auth, Catalogue, Operation, Service};
use crate::outcome::{Evidence, Level};
use crate::scenario::node::{At, Node, NodeKind};
use crate::scenario::{Action, Caller, Expect, RawBody, Scenario, Step};
use crate::target::Capability;

/// Returns a step that calls an operation; any answer will do, the reference's tells more.
pub(super) fn call(service: &str, operation: &str, input: &Value) -> Step {
    step(Action::Call {
        service: service.into(),
        operation: operation.into(),
        with: folded(Node::from(input)),
        caller: Caller::Default,
        pages: None,
        together: None,
    })
}

/// Returns a step that sends a body as it is under the headers of an operation.
pub(super) fn raw(service: &str, operation: &Operation, body: &str) -> Step {
    step(Action::Raw {
        service: service.into(),
        operation: Some(operation.name.clone()),
        method: "POST".into(),
        path: Node::from(&Value::from("/")),
        headers: Node::default(),
        body: RawBody::Value(Node::from(&Value::from(body))),
        signed: operation.auth == Auth::Sigv4,
    })
}

/// Characters that a run in a text must have to be written as an expression.
const LONG_RUN: usize = 200;

/// Returns a value in which texts that end in a long run of one character say so in a few words:
/// a text at its limit is a hundred thousand characters long.
fn folded(node: Node) -> Node {
    let at = node.at;
    let kind = match node.kind {
        NodeKind::Scalar(Value::String(text)) => NodeKind::Scalar(fold(text).into()),
        NodeKind::List(items) => NodeKind::List(items.into_iter().map(folded).collect()),
        NodeKind::Members(members) => NodeKind::Members(
            members.into_iter().map(|(name, value)| (name, folded(value))).collect(),
        ),
        scalar => scalar,
    };
    Node { at, kind }
}

fn fold(text: String) -> String {
    let Some(last) = text.chars().next_back().filter(char::is_ascii_alphanumeric) else {
        return text;
    };
    let start = text.trim_end_matches(last);
    let run = text.len() - start.len();
    if run < LONG_RUN || start.contains("${") {
        return text;
    }
    format!("{start}${{repeat('{last}', {run})}}")
}

/// Returns a step that moves the target's clock forward.
pub(super) fn clock(seconds: u64) -> Step {
    step(Action::Clock(Node::from(&Value::from(seconds))))
}

fn step(action: Action) -> Step {
    Step {
        at: At::default(),
        action,
        expect: Expect::Anything,
        save: Default::default(),
        eventually: None,
        level: None,
        evidence: None,
        source: None,
        configurable: false,
        one_fault: false,
        odd: false,
    }
}

/// Returns the step with a list followed page by page.
pub(super) fn in_pages(mut step: Step, limit: Option<u64>) -> Step {
    if let Action::Call { pages, .. } = &mut step.action {
        *pages = Some((limit, 50));
    }
    step
}

/// Returns the input of a call, its token included.
pub(super) fn input_of(step: &Step) -> Option<Value> {
    let Action::Call { with, caller, .. } = &step.action else { return None };
    let mut input = with.value();
    if let (Caller::Holder(token), Some(members)) = (caller, input.as_object_mut()) {
        members.insert("AccessToken".into(), token.value());
    }
    Some(input)
}

/// A case as it is put together.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Steps that set the stage.
    pub(super) stage: Vec<Step>,
    /// The steps after it.
    pub(super) steps: Vec<Step>,
    /// What the target must be able to do.
    pub(super) needs: BTreeSet<Capability>,
}

impl Draft {
    /// Returns the case; `id` names the operation that it is about first of all.
    pub(super) fn case(self, id: String, title: String, operation: &str) -> Scenario {
        let stage = self.stage.len();
        let steps: Vec<Step> = self.stage.into_iter().chain(self.steps).collect();
        let mut operations = vec![operation.to_owned()];
        for step in &steps[stage..] {
            if let Action::Call { operation, .. } = &step.action
                && !operations.contains(operation)
            {
                operations.push(operation.clone());
            }
        }
        Scenario {
            path: format!("{}.yaml", id.replace("::", "/")),
            id,
            title,
            why: "Generated: nobody wrote down what is to come of it.".into(),
            evidence: Evidence::Inferred,
            source: "the embedded reference".into(),
            level: Level::Model,
            lockstep: true,
            stage,
            needs: self.needs,
            functions: Vec::new(),
            setup: Vec::new(),
            steps,
            operations,
            rules: BTreeSet::new(),
        }
    }
}

/// Returns calls that read what there is in stock: every describe and list that can be filled in
/// from it with live handles, once each.
pub(super) fn looks(catalogue: &Catalogue, links: &AllLinks, stock: &Stock) -> Vec<Step> {
    each_look(catalogue, links, stock).collect()
}

/// Makes the same calls one by one, as they are asked for.
pub(super) fn each_look<'a>(
    catalogue: &'a Catalogue,
    links: &'a AllLinks,
    stock: &'a Stock,
) -> impl Iterator<Item = Step> + 'a {
    catalogue.services.values().flat_map(move |service| {
        links.reads(service).flat_map(move |operation| {
            let members = links.members(&service.info.id, operation);
            let inputs = inputs(operation, members, stock).into_iter();
            inputs.map(move |input| call(&service.info.id, &operation.name, &input))
        })
    })
}

/// Returns the operations that only read a resource, sorted by name.
pub(super) fn reads(service: &Service) -> Vec<&Operation> {
    let names = service.resources.values().flat_map(|r| r.read.iter().chain(&r.list));
    let looks = |name: &&String| service.only_reads(name) && !NO_LOOK.contains(&name.as_str());
    let names: BTreeSet<&String> = names.filter(looks).collect();
    names.into_iter().filter_map(|name| service.operations.get(name)).collect()
}

/// Reads that show nothing a call could have changed.
const NO_LOOK: [&str; 2] = ["GetCSVHeader", "GetSigningCertificate"];

/// Most looks of one operation: one resource and its neighbours.
const MOST_LOOKS: usize = 3;

/// Returns inputs with the required members alone, one for each live handle of the last kind.
fn inputs(operation: &Operation, members: &[(String, String)], stock: &Stock) -> Vec<Value> {
    let required = &operation.input.required;
    let mut inputs = vec![Map::new()];
    for (member, shape) in members.iter().filter(|(member, _)| required.contains(member)) {
        let mut wider = Vec::new();
        for input in &inputs {
            let pool = input.get("UserPoolId").or(input.get("IdentityPoolId"));
            let live = stock.of(shape).filter(|handle| {
                !handle.deleted
                    && (pool.is_none() || handle.pool.is_none() || handle.pool.as_ref() == pool)
            });
            for handle in live.take(MOST_LOOKS) {
                let mut input: Map<String, Value> = input.clone();
                input.insert(member.clone(), handle.expression.clone());
                wider.push(input);
            }
        }
        inputs = wider;
    }
    let limits = ["MaxResults", "Limit"];
    let known =
        |name: &String| members.iter().any(|(m, _)| m == name) || limits.contains(&name.as_str());
    if !required.iter().all(known) || required.is_empty() {
        return Vec::new();
    }
    inputs.truncate(MOST_LOOKS);
    for input in &mut inputs {
        for limit in limits.iter().filter(|limit| required.contains(**limit)) {
            input.insert((*limit).to_owned(), 60.into());
        }
    }
    inputs.into_iter().filter(|input| !input.is_empty()).map(Value::Object).collect()
}
