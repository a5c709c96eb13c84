//! The coverage phase: for one operation, each boundary, enum value, optional member, single
//! violation, pair of violations, handle in each of its states, situation, and what its effects
//! look like from outside. The same cases every time.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use super::Generator;
use super::broken::{self, Applied, Violation};
use super::case::{Draft, call, clock, in_pages, input_of, looks, raw};
use super::stock::Stock;
use crate::catalogue::{Auth, Operation, Service};
use crate::outcome::Evidence;
use crate::scenario::node::Node;
use crate::scenario::recipes::Recipe;
use crate::scenario::{Action, Caller, Expect, Scenario, Step};
use crate::target::Capability;

/// Most steps of one case, its stage apart.
const MOST_STEPS: usize = 40;

/// Seconds after which access tokens of ordinary clients have expired, with room to spare.
const TOKENS_LAST: u64 = 90_000;

/// How many of an operation that can be carried out only once on a stage are tried.
const MOST_STAGES: usize = 6;

/// Everything about one operation, while its cases are made.
struct Coverage<'g> {
    generator: &'g mut Generator,
    service: &'g Service,
    operation: &'g Operation,
    recipe: Recipe,
    /// Input of the plain call.
    base: Value,
    rng: ChaCha8Rng,
    cases: Vec<Scenario>,
}

/// Returns the coverage cases of an operation; none where nobody knows how to call it.
pub(super) fn cases(
    generator: &mut Generator,
    service: &Service,
    operation: &Operation,
) -> Vec<Scenario> {
    let recipes = generator.recipes.of(&service.info.id, &operation.name).to_vec();
    let mut cases = Vec::new();
    for (index, recipe) in recipes.into_iter().enumerate() {
        let Some(base) = input_of(&recipe.call) else { continue };
        let rng = generator.rng(&format!("{}/{}", operation.name, recipe.name));
        let mut coverage =
            Coverage { generator, service, operation, recipe, base, rng, cases: Vec::new() };
        // The most telling first: a run may be cut short.
        coverage.effects();
        if index == 0 {
            coverage.handles();
            coverage.pages();
            coverage.filters();
            coverage.together();
            coverage.callers();
        }
        coverage.spoiled();
        if index == 0 {
            coverage.violations();
            coverage.optional();
            coverage.boundaries();
        }
        coverage.situations();
        cases.append(&mut coverage.cases);
    }
    cases
}

impl Coverage<'_> {
    /// Adds cases of at most [`MOST_STEPS`] steps each.
    fn add(&mut self, name: &str, title: &str, stage: &[Step], steps: Vec<Step>) {
        let most = if self.consumes() { MOST_STEPS.min(steps.len().max(1)) } else { MOST_STEPS };
        for (part, steps) in steps.chunks(most).enumerate() {
            let number = if part == 0 { String::new() } else { format!("-{}", part + 1) };
            self.one(&format!("{name}{number}"), title, stage, steps.to_vec());
        }
    }

    fn one(&mut self, name: &str, title: &str, stage: &[Step], steps: Vec<Step>) {
        let (service, operation) = (&self.service.info.id, &self.operation.name);
        let variant = match self.recipe.name.as_str() {
            crate::scenario::recipes::PLAIN => String::new(),
            name => format!("{name}-"),
        };
        let id = format!("{service}::{operation}::{variant}{name}");
        let needs = self.recipe.needs.clone();
        let draft = Draft { stage: stage.to_vec(), steps, needs };
        self.cases.push(draft.case(id, format!("{operation}: {title}"), operation));
    }

    fn stage(&self) -> Vec<Step> {
        self.recipe.flatten()
    }

    /// Returns the call with another input.
    fn with(&self, input: &Value) -> Step {
        let plain = call(&self.service.info.id, &self.operation.name, input);
        Step { save: Default::default(), ..plain }
    }

    /// Returns the recipe's call: it succeeds, as the recipe says.
    fn plain(&self) -> Step {
        let mut step = self.recipe.call.clone();
        step.expect = Expect::Output(Node::default());
        step.evidence = step.evidence.or(Some(Evidence::Documented));
        let source = || format!("API reference, {}", self.operation.name);
        step.source = step.source.or_else(|| Some(source()));
        step.one_fault = true;
        step
    }

    /// Tells whether the call uses up what the stage made: a second one finds another state.
    fn consumes(&self) -> bool {
        let name = &self.operation.name;
        let spends = ["Confirm", "Respond", "Verify", "Complete", "Delete", "SignOut", "Revoke"];
        spends.iter().any(|word| name.contains(word)) || name == "ChangePassword"
    }

    fn stock(&self, stage: &[Step]) -> Stock {
        let mut stock = Stock::default();
        stage.iter().for_each(|step| self.generator.absorb(&mut stock, step));
        stock
    }

    /// The call, twice, with looks around it, beside neighbours it must not touch.
    fn effects(&mut self) {
        let mut stage = self.stage();
        let stock = self.stock(&stage);
        stage.extend(super::neighbours::beside(&stock));
        let mut stock = self.stock(&stage);
        let before = looks(&self.generator.catalogue, &self.generator.links, &stock);
        let call = self.plain();
        self.generator.absorb(&mut stock, &call);
        let mut after = looks(&self.generator.catalogue, &self.generator.links, &stock);
        // What is gone is asked for too.
        after.extend(before.iter().filter(|look| !same(look, &after)).cloned().collect::<Vec<_>>());
        // What exists now may be in its way more than once: a domain is taken, and the pool has one.
        let again = Step {
            expect: Expect::Anything,
            save: Default::default(),
            one_fault: false,
            odd: true,
            ..call.clone()
        };
        let steps: Vec<Step> = before
            .into_iter()
            .chain([call])
            .chain(after.clone())
            .chain([again])
            .chain(after)
            .collect();
        self.one("effects", "what it changes, and what it leaves", &stage, steps);
    }

    /// Each input that the recipe knows to be refused.
    fn spoiled(&mut self) {
        let stage = self.stage();
        let spoiled = self.recipe.spoiled.clone();
        let steps: Vec<Step> = spoiled
            .into_iter()
            .map(|(_, step)| Step { expect: Expect::Anything, one_fault: true, ..step })
            .collect();
        self.add("spoiled", "inputs that are refused", &stage, steps);
    }

    /// The call in each situation that concerns what it relies on.
    fn situations(&mut self) {
        let all = self.generator.recipes.situations().iter();
        let situations: Vec<_> = all.filter(|s| s.applies_to(&self.recipe)).cloned().collect();
        for situation in situations {
            let mut stage = self.stage();
            // Whether a situation can come about here, nobody promises.
            let open = |step: &Step| Step { expect: Expect::Anything, ..step.clone() };
            stage.extend(situation.steps.iter().map(open));
            let call = Step {
                expect: Expect::Anything,
                one_fault: true,
                odd: true,
                ..self.recipe.call.clone()
            };
            let name = format!("when-{}", situation.name);
            self.one(&name, &situation.title, &stage, vec![call]);
            if let Some(case) = self.cases.last_mut() {
                case.needs.extend(situation.needs.iter().copied());
            }
        }
    }

    /// Each single violation, and pairs of them, between two looks.
    fn violations(&mut self) {
        let stage = self.stage();
        let stock = self.stock(&stage);
        let looks = looks(&self.generator.catalogue, &self.generator.links, &stock);
        let found = broken::violations(
            self.service,
            self.operation,
            &self.base,
            &mut self.generator.values,
            &mut self.rng,
        );
        let (refused, harmless): (Vec<_>, Vec<_>) =
            found.iter().partition(|violation| violation.expected.refused());
        // `null`, a fraction, half a character: who stumbles over them may say so in its own way.
        let odd = |violation: &&Violation| {
            let step = self.broken(&violation.apply(&self.base), false)?;
            Some(Step { odd: true, ..step })
        };
        let single = |violation: &&Violation| self.broken(&violation.apply(&self.base), true);
        let refused: Vec<Step> = refused.iter().filter_map(single).collect();
        let harmless: Vec<Step> = harmless.iter().filter_map(odd).collect();
        let pairs = broken::pairs(&found);
        let pair = |(one, other): &(usize, usize)| {
            self.broken(&broken::apply_all(&[&found[*one], &found[*other]], &self.base), false)
        };
        let pairs: Vec<Step> = pairs.iter().filter_map(pair).collect();
        let between = |steps: Vec<Step>| -> Vec<Step> {
            looks.iter().cloned().chain(steps).chain(looks.iter().cloned()).collect()
        };
        for (part, steps) in refused.chunks(MOST_STEPS).enumerate() {
            let name =
                if part == 0 { "violations".into() } else { format!("violations-{}", part + 1) };
            self.one(&name, "each single violation", &stage, between(steps.to_vec()));
        }
        self.add("pairs", "two violations at once", &stage, pairs);
        self.add("oddities", "what is odd, and harmless", &stage, self.limited(harmless));
    }

    fn broken(&self, applied: &Applied, one_fault: bool) -> Option<Step> {
        let (service, name) = (&self.service.info.id, &self.operation.name);
        let step = match applied {
            Applied::Input(input) => call(service, name, input),
            Applied::Body(body) => raw(service, self.operation, body),
        };
        Some(Step { one_fault, ..step })
    }

    /// Returns as many steps as are worth it where each spoils the stage for the next.
    fn limited(&self, mut steps: Vec<Step>) -> Vec<Step> {
        if self.consumes() {
            steps.truncate(MOST_STAGES);
        }
        steps
    }

    /// Tells whether the call makes something that is called by what it says in `member`.
    fn gives(&self, member: &str) -> bool {
        let resources = self.service.resources.values();
        let mut creators = resources.flat_map(|resource| &resource.create);
        let source = format!("input:/{member}");
        creators.any(|creator| {
            creator.operation == self.operation.name
                && creator.handle.get(member) == Some(&source)
                && !member.ends_with("PoolId")
        })
    }

    /// Each handle of the call in its states: never there, of another pool, of the wrong kind.
    fn handles(&mut self) {
        let links = self.generator.links.clone();
        let members = links.members(&self.service.info.id, self.operation);
        let mut stage = self.stage();
        let stock = self.stock(&stage);
        stage.extend(super::neighbours::beside(&stock));
        let stock = self.stock(&stage);
        let mut steps = Vec::new();
        for (member, shape) in members.iter().filter(|(member, _)| self.base.get(member).is_some())
        {
            let mine = &self.base[member];
            // A name that the call gives is none it looks up, and each step leaves one more.
            let one_fault = !self.gives(member);
            let mut values = vec![super::neighbours::never(shape, mine)];
            let others =
                stock.of(shape).filter(|handle| handle.expression != *mine && !handle.deleted);
            values.extend(others.take(2).map(|handle| Some(handle.expression.clone())));
            let wrong = stock.all().iter().find(|handle| handle.shape != *shape);
            values.push(wrong.map(|handle| handle.expression.clone()));
            for value in values.into_iter().flatten() {
                let mut input = self.base.clone();
                input[member] = value;
                steps.push(Step { one_fault, ..self.with(&input) });
            }
        }
        self.add("handles", "handles of what is not there, or another's", &stage, steps);
    }

    /// Each member at its edges.
    fn boundaries(&mut self) {
        let links = self.generator.links.clone();
        let handles = links.members(&self.service.info.id, self.operation);
        let mut steps = Vec::new();
        for (member, schema) in self.operation.input.properties.iter().flatten() {
            if self.is_pinned(member) || handles.iter().any(|(name, _)| name == member) {
                continue;
            }
            let values = &mut self.generator.values;
            for (_, value) in values.boundaries(self.service, member, schema, &mut self.rng) {
                steps.push(self.varied(steps.len(), member, value));
            }
        }
        let stage = self.stage();
        self.add("boundaries", "each member at its edges", &stage, self.limited(steps));
    }

    /// Each optional member, then all of them.
    fn optional(&mut self) {
        let mut steps = Vec::new();
        let mut full = self.base.clone();
        for (member, schema) in self.operation.input.properties.iter().flatten() {
            if self.base.get(member).is_some() || self.operation.input.required.contains(member) {
                continue;
            }
            let values = &mut self.generator.values;
            let value = values.fitting(self.service, member, schema, 0.6, &mut self.rng);
            full[member] = value.clone();
            steps.push(self.varied(steps.len(), member, value));
        }
        if steps.len() > 1 {
            steps.push(self.with(&self.renamed(&full, steps.len())));
        }
        let mut stage = self.stage();
        let stock = self.stock(&stage);
        let looks = looks(&self.generator.catalogue, &self.generator.links, &stock);
        // What was written is read at once.
        let reads = looks.into_iter().take(4).collect::<Vec<_>>();
        let steps = self.limited(steps).into_iter().flat_map(|step| {
            std::iter::once(step).chain(reads.iter().cloned()).collect::<Vec<_>>()
        });
        let steps = steps.collect();
        stage.truncate(stage.len());
        self.add("optional", "optional members, one by one and together", &stage, steps);
    }

    /// Tells whether a member's value is one that the account or another case depends on.
    fn is_pinned(&self, member: &str) -> bool {
        let base = self.base.get(member).and_then(Value::as_str);
        base.is_some_and(|text| text.starts_with("${") && text.ends_with('}'))
    }

    /// Returns the call with one member changed; what it creates has a name of its own.
    fn varied(&self, index: usize, member: &str, value: Value) -> Step {
        let mut input = self.renamed(&self.base, index);
        input[member] = value;
        self.with(&input)
    }

    /// Returns an input in which the names of what is to be created are new.
    fn renamed(&self, input: &Value, index: usize) -> Value {
        let mut renamed = input.clone();
        for member in created_names(self.service, &self.operation.name) {
            let text = renamed.get(&member).and_then(Value::as_str).map(str::to_owned);
            if let Some(text) = text.filter(|_| index > 0) {
                renamed[&member] = Value::from(format!("{text}-{index}"));
            }
        }
        renamed
    }

    /// The call by somebody who may not make it: unsigned, or with a token that has expired.
    fn callers(&mut self) {
        let stage = self.stage();
        if self.operation.auth == Auth::Sigv4 {
            let mut unsigned = self.with(&self.base);
            if let Action::Call { caller, .. } = &mut unsigned.action {
                *caller = Caller::Anonymous;
            }
            unsigned.one_fault = true;
            self.one("unsigned", "without a signature", &stage, vec![unsigned]);
        } else if self.base.get("AccessToken").is_some() {
            let later = clock(TOKENS_LAST);
            let call = Step { one_fault: true, ..self.with(&self.base) };
            self.one("expired", "with a token that has expired", &stage, vec![later, call]);
            if let Some(case) = self.cases.last_mut() {
                case.needs.insert(Capability::Clock);
            }
        }
    }

    /// Identical creates at once: one of them wins.
    fn together(&mut self) {
        if created_names(self.service, &self.operation.name).is_empty() {
            return;
        }
        let stage = self.stage();
        let mut step = self.with(&self.base);
        if let Action::Call { together, .. } = &mut step.action {
            *together = Some(4);
        }
        let mut stock = self.stock(&stage);
        self.generator.absorb(&mut stock, &step);
        let mut steps = vec![step];
        steps.extend(looks(&self.generator.catalogue, &self.generator.links, &stock));
        self.one("together", "the same at the same time", &stage, steps);
    }

    /// A list of several items in pages of every size.
    fn pages(&mut self) {
        let Some(paging) = &self.operation.pagination else { return };
        let sizes = match paging.limit_key {
            Some(_) => vec![None, Some(1), Some(2), Some(60)],
            None => vec![None],
        };
        let (mut stage, steps) = (self.stage(), self.filled());
        let plain = self.with(&self.base);
        stage.extend(steps);
        let paged = sizes.into_iter().map(|limit| in_pages(plain.clone(), limit)).collect();
        self.one("pages", "pages of any size", &stage, paged);
    }

    /// Returns steps that put three more items on the list.
    fn filled(&self) -> Vec<Step> {
        let lists = |list: &[String]| list.contains(&self.operation.name);
        let mut resources = self.service.resources.values();
        let resource = resources.find(|r| lists(&r.list) && !r.create.is_empty());
        let creator = resource.and_then(|r| {
            let creators = r.create.iter().map(|creator| creator.operation.as_str());
            creators
                .filter_map(|name| self.generator.recipes.of(&self.service.info.id, name).first())
                .next()
        });
        let Some(creator) = creator else { return Vec::new() };
        let mut steps = Vec::new();
        let known: BTreeSet<String> = self.stage().iter().map(told).collect();
        for step in creator.flatten().into_iter().filter(|step| !known.contains(&told(step))) {
            steps.push(step);
        }
        for index in 1..=3 {
            let Some(mut input) = input_of(&creator.call) else { break };
            for member in created_names(self.service, &creator.operation) {
                if let Some(text) = input.get(&member).and_then(Value::as_str).map(str::to_owned) {
                    input[&member] = Value::from(format!("{text}-{index}"));
                }
            }
            steps.push(call(&self.service.info.id, &creator.operation, &input));
        }
        steps
    }

    /// Filters of users, with and without a limit, beside the whole list.
    fn filters(&mut self) {
        let takes = self.operation.name == "ListUsers";
        if !takes {
            return;
        }
        let (mut stage, more) = (self.stage(), self.filled());
        stage.extend(more);
        let wanted = [
            ("username", "${username}"),
            ("username", "${username}-2"),
            ("email", "${email}"),
            ("status", "Enabled"),
            ("status", "Disabled"),
            ("cognito:user_status", "FORCE_CHANGE_PASSWORD"),
            ("name", "nobody"),
        ];
        let mut steps = vec![in_pages(self.with(&self.base), None)];
        for (attribute, value) in wanted {
            for operator in ["=", "^="] {
                let filter = json!(format!("{attribute} {operator} \"{value}\""));
                let mut input: Map<String, Value> =
                    self.base.as_object().cloned().unwrap_or_default();
                input.insert("Filter".into(), filter);
                let step = self.with(&Value::Object(input));
                steps.push(in_pages(step.clone(), None));
                steps.push(in_pages(step, Some(1)));
            }
        }
        self.one("filters", "filters, applied before the limit", &stage, steps);
    }
}

/// Returns the members that name what an operation creates, where the caller chooses the name.
pub(super) fn created_names(service: &Service, operation: &str) -> Vec<String> {
    let creators = service.resources.values().flat_map(|resource| &resource.create);
    let handles = creators.filter(|creator| creator.operation == operation);
    let mut names: Vec<String> = Vec::new();
    for place in handles.flat_map(|creator| creator.handle.values()) {
        let Some(member) = place.strip_prefix("input:/") else { continue };
        let pool = ["UserPoolId", "ClientId", "IdentityPoolId", "RegionName", "AccessToken"];
        if !member.contains('/') && !pool.contains(&member) && !names.iter().any(|n| n == member) {
            names.push(member.to_owned());
        }
    }
    // Users are named by what their creator says, whatever the handle comes from.
    if operation == "AdminCreateUser" {
        names.push("Username".into());
    }
    names
}

/// Returns what a step does as text, wherever it stands.
fn told(step: &Step) -> String {
    match &step.action {
        Action::Call { operation, with, .. } => format!("{operation} {}", with.value()),
        other => format!("{other:?}"),
    }
}

fn same(step: &Step, steps: &[Step]) -> bool {
    steps.iter().any(|other| told(other) == told(step))
}
