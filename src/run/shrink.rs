//! Makes a failing sequence small: first fewer steps, then simpler values, as long as the same
//! finding shows. Every attempt starts from fresh state, under names of its own.

use serde_json::Value;

use super::Session;
use super::play::Attempt;
use crate::outcome::{CaseOutcome, Finding};
use crate::scenario::node::{Node, NodeKind};
use crate::scenario::write;
use crate::scenario::{Action, Expect, Scenario, Step};

/// A shrunk case, and what it took.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest case that was seen to show the finding.
    pub case: Scenario,
    /// The finding as it showed there.
    pub finding: Finding,
    /// Requests that were sent on the way.
    pub requests: u64,
}

impl Shrunk {
    /// Returns the case as a scenario file that says what it shows.
    pub fn text(&self) -> String {
        let Finding { check, operation, expected, source, evidence, .. } = &self.finding;
        let case = Scenario {
            title: format!("{operation}: {check}"),
            why: format!("Expected: {expected}"),
            source: source.clone(),
            evidence: *evidence,
            ..self.case.clone()
        };
        write::scenario(&case)
    }
}

impl Session {
    /// Returns a smaller case that shows `finding`, found with `budget` requests at most; `None`
    /// where the finding does not show again.
    pub async fn shrink(&self, case: &Scenario, finding: &Finding, budget: u64) -> Option<Shrunk> {
        let mut shrinker =
            Shrinker { session: self, wanted: finding, spent: 0, budget, attempts: 0 };
        let last = finding.step.strip_prefix("step ").and_then(|step| step.parse::<usize>().ok());
        let mut whole = case.clone();
        whole.steps.truncate(last.unwrap_or(usize::MAX));
        let mut shown = shrinker.shows(&whole).await;
        if shown.is_none() {
            whole = case.clone();
            shown = shrinker.shows(&whole).await;
        }
        let mut best = (Scenario { stage: 0, ..whole }, shown?);
        shrinker.keep_last(&mut best, case.stage).await;
        shrinker.drop_steps(&mut best).await;
        loop {
            shrinker.simplify(&mut best).await;
            let steps = best.0.steps.len();
            // What simpler calls no longer use can go.
            shrinker.drop_steps(&mut best).await;
            if best.0.steps.len() == steps {
                break;
            }
        }
        let (mut case, finding) = best;
        forget_unused(&mut case.steps);
        Some(Shrunk { case, finding, requests: shrinker.spent })
    }
}

struct Shrinker<'a> {
    session: &'a Session,
    wanted: &'a Finding,
    spent: u64,
    budget: u64,
    attempts: u64,
}

type Best = (Scenario, Finding);

impl Shrinker<'_> {
    /// Plays a candidate; returns the finding where it shows.
    async fn shows(&mut self, case: &Scenario) -> Option<Finding> {
        if self.spent >= self.budget || self.session.stops_shrinking() {
            return None;
        }
        self.attempts += 1;
        let outcome: CaseOutcome =
            self.session.play_once(case, Attempt::Numbered(self.attempts)).await;
        self.spent += outcome.requests;
        outcome.findings.into_iter().find(|finding| finding.id == self.wanted.id)
    }

    async fn improves(&mut self, best: &mut Best, candidate: Scenario) -> bool {
        match self.shows(&candidate).await {
            Some(finding) => {
                *best = (candidate, finding);
                true
            }
            None => false,
        }
    }

    /// Leaves out everything between the stage and the last few steps: most failures need no more.
    /// Where earlier steps part the target from the reference, none of them can go by itself.
    async fn keep_last(&mut self, best: &mut Best, stage: usize) {
        let all = best.0.steps.len();
        for kept in [1, 2, 4] {
            if stage + kept >= all {
                return;
            }
            let mut candidate = best.0.clone();
            candidate.steps.drain(stage..all - kept);
            if self.improves(best, candidate).await {
                return;
            }
        }
    }

    /// Leaves out runs of steps, long ones first, until no single step can go.
    async fn drop_steps(&mut self, best: &mut Best) {
        let mut length = best.0.steps.len().div_ceil(2).max(1);
        loop {
            let mut dropped = false;
            let mut end = best.0.steps.len();
            while end > 0 {
                let begin = end.saturating_sub(length);
                let mut candidate = best.0.clone();
                candidate.steps.drain(begin..end);
                if self.session.stops_shrinking() {
                    return;
                }
                if !candidate.steps.is_empty() && self.improves(best, candidate).await {
                    dropped = true;
                }
                end = begin;
            }
            if length == 1 && !dropped {
                return;
            }
            length = if length == 1 { 1 } else { length.div_ceil(2) };
        }
    }

    /// Takes members away and makes values short, one at a time.
    async fn simplify(&mut self, best: &mut Best) {
        for index in (0..best.0.steps.len()).rev() {
            let mut place = 0;
            loop {
                let Some(with) = input(&best.0.steps[index]) else { break };
                let Some(simpler) = simpler_forms(with).into_iter().nth(place) else { break };
                let mut candidate = best.0.clone();
                if let Action::Call { with, .. } = &mut candidate.steps[index].action {
                    *with = simpler;
                }
                // What was simplified has fewer forms left: the same place is the next one.
                if !self.improves(best, candidate).await {
                    place += 1;
                }
                if self.spent >= self.budget || self.session.stops_shrinking() {
                    return;
                }
            }
        }
    }
}

fn input(step: &Step) -> Option<&Node> {
    match &step.action {
        Action::Call { with, .. } => Some(with),
        _ => None,
    }
}

/// Returns every form of a value that is simpler in one place, greatest gain first.
fn simpler_forms(node: &Node) -> Vec<Node> {
    let at = node.at;
    let mut forms = Vec::new();
    match &node.kind {
        NodeKind::Members(members) => {
            for index in 0..members.len() {
                let mut fewer = members.clone();
                fewer.remove(index);
                forms.push(Node { at, kind: NodeKind::Members(fewer) });
            }
            for (index, (_, inner)) in members.iter().enumerate() {
                for simpler in simpler_forms(inner) {
                    let mut changed = members.clone();
                    changed[index].1 = simpler;
                    forms.push(Node { at, kind: NodeKind::Members(changed) });
                }
            }
        }
        NodeKind::List(items) => {
            for index in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(index);
                forms.push(Node { at, kind: NodeKind::List(fewer) });
            }
            for (index, inner) in items.iter().enumerate() {
                for simpler in simpler_forms(inner) {
                    let mut changed = items.clone();
                    changed[index] = simpler;
                    forms.push(Node { at, kind: NodeKind::List(changed) });
                }
            }
        }
        NodeKind::Scalar(Value::String(text)) if text.len() > 1 && !text.contains("${") => {
            forms.push(Node { at, kind: NodeKind::Scalar(Value::from("a")) });
        }
        NodeKind::Scalar(_) => {}
    }
    forms
}

/// Removes what no later step uses from what steps save, and expectations of set-ups.
fn forget_unused(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let (here, later) = steps.split_at_mut(index + 1);
        let Some(step) = here.last_mut() else { continue };
        step.save.retain(|name, _| later.iter().any(|later| later.uses(name)));
        if matches!(step.expect, Expect::Output(_)) {
            step.expect = Expect::Output(Node::default());
        }
    }
}
