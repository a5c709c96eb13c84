//! Makes a failing sequence small: first fewer steps, then simpler values, as long as the same
//! finding shows and the reference, asked by itself, answers as the steps expect. Every attempt
//! starts from fresh state, under names of its own.

use serde_json::Value;

use super::play::{self, Attempt};
use super::shadow::{self, Alone};
use super::{Session, called};
use crate::generate::neighbours::never;
use crate::outcome::{CaseOutcome, Finding, NOT_SMALLER};
use crate::scenario::node::{Node, NodeKind};
use crate::scenario::write;
use crate::scenario::{Action, Expect, Scenario, Step};
use crate::transcript::{Place, Twin};

/// Steps of a case in which any two are tried to be left out together.
const MOST_PAIRED: usize = 12;

/// A shrunk case, and what it took.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest case that was seen to show the finding.
    pub case: Scenario,
    /// The finding as it showed there.
    pub finding: Finding,
    /// Requests that were sent on the way.
    pub requests: u64,
    /// Whether anything could be left out before they, or the time, were spent.
    pub smaller: bool,
}

impl Shrunk {
    /// Returns the case as a scenario file that says what it shows. Comments before it say what
    /// its steps do not.
    pub fn text(&self) -> String {
        let Finding { check, operation, expected, source, evidence, .. } = &self.finding;
        let case = Scenario {
            title: format!("{operation}: {check}"),
            why: format!("Expected: {expected}"),
            source: source.clone(),
            evidence: *evidence,
            ..self.case.clone()
        };
        let mut text = String::new();
        if !self.smaller {
            text += &format!("{NOT_SMALLER}: {} requests were spent.\n", self.requests);
        }
        if is_of_clean_up(&self.finding) {
            text += &format!("# It shows in the clean-up after the last step: {operation}.\n");
        }
        text + &write::scenario(&case)
    }
}

/// Returns the number of the step that a finding was seen in, where it was one of the case's own.
fn step_of(finding: &Finding) -> Option<usize> {
    finding.step.strip_prefix("step ")?.parse().ok()
}

fn is_of_clean_up(finding: &Finding) -> bool {
    finding.step == Place::Teardown.to_string()
}

impl Session {
    /// Returns a smaller case that shows `finding`, found with `budget` requests at most; `None`
    /// where the finding does not show again.
    ///
    /// Whatever the case expects of its steps, a reference without faults answers so: who plays it
    /// there sees no finding.
    pub async fn shrink(&self, case: &Scenario, finding: &Finding, budget: u64) -> Option<Shrunk> {
        let mut shrinker =
            Shrinker { session: self, wanted: finding, spent: 0, budget, attempts: 0 };
        let (mut best, mut smaller) = shrinker.start(case).await?;
        let before = size(&best.0);
        best.0.stage = 0;
        shrinker.keep_last(&mut best, case.stage).await;
        shrinker.drop_steps(&mut best).await;
        loop {
            shrinker.simplify(&mut best).await;
            let steps = best.0.steps.len();
            // What simpler calls no longer use can go.
            shrinker.drop_steps(&mut best).await;
            if best.0.steps.len() == steps && !shrinker.drop_pair(&mut best).await {
                break;
            }
        }
        smaller |= size(&best.0) < before || !shrinker.is_over();
        let (mut case, finding) = best;
        forget_unused(&mut case.steps, &finding);
        Some(Shrunk { case, finding, requests: shrinker.spent, smaller })
    }
}

/// How much there is to read in a case.
fn size(case: &Scenario) -> usize {
    let inputs = case.steps.iter().filter_map(input);
    case.steps.len() + inputs.map(|with| with.value().to_string().len()).sum::<usize>()
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
    /// Returns the first of these that shows the finding, and whether it is smaller than what was
    /// played: the case up to the step of the finding without the calls that read, the case up to
    /// there, all of it.
    async fn start(&mut self, case: &Scenario) -> Option<(Best, bool)> {
        let last = step_of(self.wanted).unwrap_or(usize::MAX).min(case.steps.len());
        let mut whole = case.clone();
        whole.steps.truncate(last);
        let mut without_reads = whole.clone();
        let mut index = 0;
        without_reads.steps.retain(|step| {
            index += 1;
            index <= case.stage || index == last || !self.only_reads(step)
        });
        let mut tried = usize::MAX;
        for candidate in [without_reads, whole, case.clone()] {
            let steps = candidate.steps.len();
            if steps == tried {
                continue;
            }
            tried = steps;
            let Some(candidate) = self.opened(candidate) else { continue };
            if let Some(finding) = self.shows(&candidate).await {
                return Some(((candidate, finding), steps < last));
            }
        }
        None
    }

    fn only_reads(&self, step: &Step) -> bool {
        let service = |name| self.session.catalogue.services.get(name);
        called(step).is_some_and(|(name, operation)| {
            service(name).is_some_and(|service| service.only_reads(operation))
        })
    }

    fn next_attempt(&self) -> Attempt {
        Attempt::Numbered(self.attempts + 1)
    }

    /// What a reference without faults makes of the steps of a case, all by itself.
    fn alone(&self, case: &Scenario) -> Vec<Alone> {
        let bindings = play::bindings(self.session, case, &self.next_attempt());
        shadow::alone(self.session, case, bindings)
    }

    /// Returns the case with any answer allowed where the reference does not answer as a step
    /// expects; `None` where that is the very expectation that was not met.
    fn opened(&self, mut case: Scenario) -> Option<Scenario> {
        let alone = self.alone(&case);
        // The step of the finding comes last, but for a case that is played whole.
        let own = step_of(self.wanted).map(|own| own.min(case.steps.len()));
        for (index, (step, alone)) in case.steps.iter_mut().zip(alone).enumerate() {
            if !alone.holds {
                if self.wanted.check == "expectation" && Some(index + 1) == own {
                    return None;
                }
                step.expect = Expect::Anything;
            }
        }
        Some(case)
    }

    /// Tells whether the reference answers every step as it expects.
    fn stands(&self, case: &Scenario) -> bool {
        self.alone(case).iter().all(|alone| alone.holds)
    }

    fn is_over(&self) -> bool {
        self.spent >= self.budget || self.session.stops_shrinking()
    }

    /// Plays a candidate; returns the finding where it shows.
    async fn shows(&mut self, case: &Scenario) -> Option<Finding> {
        if self.is_over() || !self.stands(case) {
            return None;
        }
        let attempt = self.next_attempt();
        self.attempts += 1;
        let outcome: CaseOutcome = self.session.play_once(case, attempt).await;
        self.spent += outcome.requests;
        let wanted = self.wanted;
        // One id stands for all constraints of an operation.
        let same = |finding: &Finding| {
            finding.id == wanted.id
                && finding.fails >= wanted.fails
                && finding.constraints() == wanted.constraints()
        };
        outcome.findings.into_iter().find(same)
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
                if self.is_over() {
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

    /// Leaves out two steps that cannot go alone: what makes something, and what takes it away
    /// again. Returns whether any two could go. Of long cases there are too many pairs.
    async fn drop_pair(&mut self, best: &mut Best) -> bool {
        let steps = best.0.steps.len();
        if steps > MOST_PAIRED {
            return false;
        }
        for first in (0..steps).rev() {
            for second in (first + 1..steps).rev() {
                if self.is_over() {
                    return false;
                }
                let mut candidate = best.0.clone();
                candidate.steps.remove(second);
                candidate.steps.remove(first);
                if !candidate.steps.is_empty() && self.improves(best, candidate).await {
                    return true;
                }
            }
        }
        false
    }

    /// Takes members away and makes values short, one at a time, the last step's first; steps that
    /// nobody uses any more go at once.
    async fn simplify(&mut self, best: &mut Best) {
        let mut from_end = 1;
        let mut place = 0;
        while let Some(index) = best.0.steps.len().checked_sub(from_end) {
            if self.is_over() {
                return;
            }
            let mut forms = Vec::new();
            if from_end == 1 {
                forms.extend(self.without_handles(&best.0.steps[index]));
            }
            forms.extend(input(&best.0.steps[index]).map(simpler_forms).unwrap_or_default());
            if from_end == 1 && self.wanted.check == "server-fault" {
                // What lacks a member may crash elsewhere: another fault of the same look.
                forms.retain(|form| self.is_as_complete(&best.0.steps[index], form));
            }
            let Some(simpler) = forms.into_iter().nth(place) else {
                (from_end, place) = (from_end + 1, 0);
                continue;
            };
            let mut candidate = best.0.clone();
            if let Action::Call { with, .. } = &mut candidate.steps[index].action {
                *with = simpler;
            }
            self.keep_honest(&mut candidate, index);
            let unused = unused(&best.0.steps);
            // What was simplified has fewer forms left: the same place is the next one.
            if !self.improves(best, candidate).await {
                place += 1;
            } else if self::unused(&best.0.steps) > unused {
                self.drop_steps(best).await;
            }
        }
    }

    /// Returns the input of a step with handles that name nothing in the place of what earlier
    /// steps have made: of all, then of one at a time.
    fn without_handles(&self, step: &Step) -> Vec<Node> {
        let (Some((service, operation)), Some(with)) = (called(step), input(step)) else {
            return Vec::new();
        };
        let properties = &self.session.catalogue.services[service].operations[operation].input;
        let nothing = |name: &str, node: &Node| {
            let text = node.as_str().filter(|text| text.contains("${"))?;
            let shape = properties.member(name)?.target()?;
            let value = match shape {
                "TokenModelType" => Value::from("a"),
                other => never(other, &Value::from(text))?,
            };
            let other = value.as_str() != Some(text) && !text.starts_with("${unknown_");
            other.then_some(Node { at: node.at, kind: NodeKind::Scalar(value) })
        };
        let members = with.members();
        let replaced: Vec<Option<Node>> =
            members.iter().map(|(name, node)| nothing(name, node)).collect();
        let form = |wanted: &dyn Fn(usize) -> bool| {
            let members = members.iter().zip(&replaced).enumerate();
            let members = members.map(|(index, ((name, node), other))| {
                let other = other.as_ref().filter(|_| wanted(index));
                (name.clone(), other.unwrap_or(node).clone())
            });
            Node { at: with.at, kind: NodeKind::Members(members.collect()) }
        };
        let places: Vec<usize> =
            (0..members.len()).filter(|index| replaced[*index].is_some()).collect();
        let mut forms = Vec::new();
        if places.len() > 1 {
            forms.push(form(&|_| true));
        }
        forms.extend(places.iter().map(|place| form(&|index| index == *place)));
        forms
    }

    /// Tells whether a simpler input has all the required members that the step's own has.
    fn is_as_complete(&self, step: &Step, simpler: &Node) -> bool {
        let Some((service, operation)) = called(step) else { return true };
        let operation = &self.session.catalogue.services[service].operations[operation];
        let has = |node: &Node, name: &str| node.get(name).is_some();
        let had = |name: &str| input(step).is_some_and(|own| has(own, name));
        operation.input.required.iter().all(|name| has(simpler, name) || !had(name))
    }

    /// Takes back that a step has one fault at most, where it is refused: with what was taken away,
    /// it may have two.
    fn keep_honest(&self, case: &mut Scenario, index: usize) {
        if case.steps[index].one_fault {
            let refused = |twin: &Twin| twin.answer.is_err();
            let alone = self.alone(case);
            let twin = alone.get(index).and_then(|alone| alone.twin.as_ref());
            case.steps[index].one_fault = !twin.is_some_and(refused);
        }
    }
}

/// Counts the steps that save something of which no later step makes use.
fn unused(steps: &[Step]) -> usize {
    let idle = |index: &usize| {
        let (step, later) = (&steps[*index], &steps[index + 1..]);
        let used = |name: &String| later.iter().any(|later| later.uses(name));
        !step.save.is_empty() && !step.save.keys().any(used)
    };
    (0..steps.len()).filter(idle).count()
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

/// Removes what no later step uses from what steps save, and expectations of set-ups. What the
/// step of the finding was expected to answer stays, where that is the finding.
fn forget_unused(steps: &mut [Step], finding: &Finding) {
    let own = Some(finding).filter(|finding| finding.check == "expectation");
    let own = own.and_then(step_of);
    for index in 0..steps.len() {
        let (here, later) = steps.split_at_mut(index + 1);
        let Some(step) = here.last_mut().filter(|_| own != Some(index + 1)) else { continue };
        step.save.retain(|name, _| later.iter().any(|later| later.uses(name)));
        if matches!(step.expect, Expect::Output(_)) {
            step.expect = Expect::Output(Node::default());
        }
    }
}
