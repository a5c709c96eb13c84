//! The random phase: sequences of calls drawn from a swarm of operations, on a stage that one
//! operation's recipe sets. The same for a seed and a number.
//!
//! Every sequence has an operation in focus, in turn, so that each is carried out now and then;
//! the others are a random few of those that the stage has handles for. Most calls are sound;
//! some name what was deleted, what is another pool's or what was never there, and some are broken.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use serde_json::{Map, Value};

use super::broken::{self, Applied};
use super::case::{Draft, call, each_look, in_pages, raw};
use super::coverage::created_names;
use super::draw::{below, one_in, one_of};
use super::neighbours::{beside, never};
use super::stock::Stock;
use super::{Generator, app};
use crate::catalogue::{Operation, Service, Volatile};
use crate::scenario::recipes::Recipe;
use crate::scenario::{Expect, Scenario, Step};

/// Fewest steps of a sequence, its stage apart.
const FEWEST_STEPS: usize = 5;

/// Most operations of a swarm, the one in focus apart.
const SWARM: usize = 10;

/// Returns the sequence with this number; at most `most_steps` steps follow its stage.
pub(super) fn sequence(
    generator: &mut Generator,
    number: u64,
    most_steps: usize,
) -> Option<Scenario> {
    let mut rng = generator.rng(&format!("random/{number}"));
    let recipes = generator.recipes.iter().count();
    let flow = generator.app.as_ref().and_then(|app| app::flow(app, number));
    let wanted = match &generator.app {
        Some(app) => app::focus(app, &generator.recipes, flow.as_ref(), &mut rng),
        None => None,
    };
    let focus = usize::try_from(number).unwrap_or_default() % recipes.max(1);
    let focus = match wanted {
        Some(wanted) => wanted,
        None => generator.recipes.iter().nth(focus)?.clone(),
    };
    let catalogue = generator.catalogue.clone();
    let service = catalogue.services.get(&focus.service)?;
    let mut stage = focus.flatten();
    let mut stock = Stock::default();
    stage.iter().for_each(|step| generator.absorb(&mut stock, step));
    if one_in(&mut rng, 2) {
        stage.extend(beside(&stock));
        stock = Stock::default();
        stage.iter().for_each(|step| generator.absorb(&mut stock, step));
    }
    let mut swarm = swarm(generator, service, &stock, &mut rng);
    if swarm.is_empty() {
        swarm.push((service, service.operations.get(&focus.operation)?));
    }
    let span = most_steps.saturating_sub(FEWEST_STEPS) + 1;
    let length = (FEWEST_STEPS + below(&mut rng, span)).min(most_steps.max(1));
    // The call in focus comes early: it is what the stage is for.
    let place = below(&mut rng, length.min(3));
    let mut drawing = Drawing { generator, stock, rng, counter: 0 };
    let mut steps = Vec::new();
    while steps.len() < length {
        if steps.len() == place {
            let before = flow.as_ref().and_then(|(before, _)| service.operations.get(before));
            if let Some(before) = before {
                let input = drawing.input(service, before, 0);
                steps.push(drawing.saving(service, before, &input));
            }
            steps.push(Step { expect: Expect::Anything, one_fault: true, ..focus.call.clone() });
        } else {
            let (service, operation) = swarm[below(&mut drawing.rng, swarm.len())];
            steps.extend(drawing.step(service, operation, &focus));
        }
        // What a flow puts before the call in focus is taken in with it.
        let taken = if steps.len() == place + 2 && flow.is_some() { 2 } else { 1 };
        for step in steps.iter().rev().take(taken).rev() {
            drawing.generator.absorb(&mut drawing.stock, step);
        }
    }
    let id = format!("random::{number:07}");
    let title = format!("sequence {number} around {}", focus.operation);
    let draft = Draft { stage, steps, needs: focus.needs.clone() };
    Some(draft.case(id, title, &focus.operation))
}

/// Returns the operations of a sequence: what can be called with what is in stock, a random few.
fn swarm<'c>(
    generator: &Generator,
    service: &'c Service,
    stock: &Stock,
    rng: &mut ChaCha8Rng,
) -> Vec<(&'c Service, &'c Operation)> {
    let callable = |operation: &&Operation| {
        let members = generator.links.members(&service.info.id, operation);
        let mut required = members.iter().filter(|(m, _)| operation.input.required.contains(m));
        !belongs_to_the_account(&operation.name)
            && required.all(|(member, shape)| {
                stock.of(shape).next().is_some()
                    || created_names(service, &operation.name).contains(member)
            })
    };
    let mut able: Vec<&Operation> = service.operations.values().filter(callable).collect();
    if let Some(app) = &generator.app {
        return app::weighted(app, service, &able);
    }
    let mut swarm = Vec::new();
    while swarm.len() < SWARM && !able.is_empty() {
        swarm.push((service, able.swap_remove(below(rng, able.len()))));
    }
    swarm
}

/// Tells whether an operation changes what other cases see.
fn belongs_to_the_account(operation: &str) -> bool {
    operation.ends_with("ProvisionedLimit") || operation == "DeleteIdentities"
}

struct Drawing<'g> {
    generator: &'g mut Generator,
    stock: Stock,
    rng: ChaCha8Rng,
    /// Tells the names of what is created apart.
    counter: usize,
}

impl Drawing<'_> {
    /// Returns a call of the operation, or a look at everything.
    fn step(&mut self, service: &Service, operation: &Operation, focus: &Recipe) -> Vec<Step> {
        match below(&mut self.rng, 20) {
            0..=2 => self.looks(),
            3 | 4 => vec![self.broken(service, operation)],
            // Of a whole account nobody knows how long its lists are.
            5 if operation.pagination.is_some() && self.names_something(service, operation) => {
                let limit = 1 + u64::from(self.rng.next_u32() % 3);
                let input = self.input(service, operation, 0);
                let step = call(&service.info.id, &operation.name, &input);
                vec![in_pages(step, Some(limit))]
            }
            // Deleting what everything lives in ends a sequence early.
            _ if ends_all(&operation.name) && !one_in(&mut self.rng, 8) => self.looks(),
            6 | 7 if operation.name == focus.operation => {
                vec![Step {
                    expect: Expect::Anything,
                    save: Default::default(),
                    ..focus.call.clone()
                }]
            }
            draw => {
                let stale = if draw > 16 { 3 } else { 12 };
                let input = self.input(service, operation, stale);
                vec![self.saving(service, operation, &input)]
            }
        }
    }

    /// Tells whether an operation is about something that the case may own.
    fn names_something(&self, service: &Service, operation: &Operation) -> bool {
        !self.generator.links.members(&service.info.id, operation).is_empty()
    }

    /// A few looks at what there is, the same ones in the same order each time.
    fn looks(&mut self) -> Vec<Step> {
        each_look(&self.generator.catalogue, &self.generator.links, &self.stock).take(4).collect()
    }

    fn broken(&mut self, service: &Service, operation: &Operation) -> Step {
        let base = self.input(service, operation, 0);
        let values = &mut self.generator.values;
        let found = broken::violations_of_one(service, operation, &base, values, &mut self.rng);
        let applied = one_of(&mut self.rng, &found).map(|violation| violation.apply(&base));
        match applied {
            Some(Applied::Body(body)) => raw(&service.info.id, operation, &body),
            Some(Applied::Input(input)) => call(&service.info.id, &operation.name, &input),
            None => call(&service.info.id, &operation.name, &base),
        }
    }

    /// Returns a sound input; one handle in `stale` (0: none) is not what it should be.
    fn input(&mut self, service: &Service, operation: &Operation, stale: usize) -> Value {
        let links = self.generator.links.clone();
        let members = links.members(&service.info.id, operation);
        let creates = created_names(service, &operation.name);
        let mut input = Map::new();
        let pool = self.pool(members);
        for (member, schema) in operation.input.properties.iter().flatten() {
            let required = operation.input.required.contains(member);
            let app = self.generator.app.as_ref();
            if !required && app.is_some_and(|app| !app::uses(app, service, operation, member)) {
                continue;
            }
            if !required && !one_in(&mut self.rng, 3) {
                continue;
            }
            let shape = members.iter().find(|(name, _)| name == member).map(|(_, shape)| shape);
            let value = match shape {
                _ if creates.contains(member) && !one_in(&mut self.rng, 4) => {
                    Some(self.fresh(member))
                }
                Some(shape) => self.handle(shape, pool.as_ref(), stale),
                None => None,
            };
            if shape.is_some() && value.is_none() && !required {
                continue;
            }
            let value = value.unwrap_or_else(|| {
                let values = &mut self.generator.values;
                values.fitting(service, member, schema, 0.3, &mut self.rng)
            });
            input.insert(member.clone(), self.without_secrets(service, member, schema, value));
        }
        let input = Value::Object(input);
        match &self.generator.app {
            Some(app) => app::as_used(app, service, operation, input),
            None => input,
        }
    }

    /// Returns the pool that a call is about.
    fn pool(&mut self, members: &[(String, String)]) -> Option<Value> {
        let shape = members.iter().find(|(name, _)| name.ends_with("PoolId"))?.1.clone();
        self.handle(&shape, None, 0)
    }

    fn fresh(&mut self, member: &str) -> Value {
        self.counter += 1;
        let prefix = member.to_lowercase();
        Value::from(format!("{prefix}-{}-${{unique}}", self.counter))
    }

    fn handle(&mut self, shape: &str, pool: Option<&Value>, stale: usize) -> Option<Value> {
        let known: Vec<_> = self.stock.of(shape).cloned().collect();
        let odd = stale > 0 && one_in(&mut self.rng, stale);
        if odd && let Some(mine) = one_of(&mut self.rng, &known).map(|h| h.expression.clone()) {
            if one_in(&mut self.rng, 2)
                && let Some(value) = never(shape, &mine)
            {
                return Some(value);
            }
            let gone: Vec<_> =
                known.iter().filter(|h| h.deleted || h.pool.as_ref() != pool).collect();
            if let Some(other) = one_of(&mut self.rng, &gone) {
                return Some(other.expression.clone());
            }
        }
        if let Some(pool) =
            pool.filter(|_| shape.ends_with("PoolIdType") || shape == "IdentityPoolId")
        {
            return Some(pool.clone());
        }
        let fits = |h: &&super::stock::Handle| {
            !h.deleted && (pool.is_none() || h.pool.is_none() || h.pool.as_ref() == pool)
        };
        let live: Vec<_> = known.iter().filter(fits).collect();
        let chosen = one_of(&mut self.rng, &live).map(|handle| handle.expression.clone());
        chosen.or_else(|| one_of(&mut self.rng, &known).map(|handle| handle.expression.clone()))
    }

    /// Puts the case's own passwords where a secret would be made up: what is made up would
    /// stand in reports.
    fn without_secrets(
        &mut self,
        service: &Service,
        member: &str,
        schema: &crate::catalogue::Schema,
        value: Value,
    ) -> Value {
        let shape = schema.target();
        let resolved = service.resolve(schema);
        let class = crate::canonical::class_of(Some(resolved), shape, member, &value);
        let secret = class.is_some_and(|class| class.sort == Volatile::Secret);
        if secret && value.is_string() && member.contains("Password") {
            return Value::from(if one_in(&mut self.rng, 3) {
                "${new_password}"
            } else {
                "${password}"
            });
        }
        if shape == Some("DomainType") {
            return self.fresh("d");
        }
        value
    }

    /// Returns the call; what it creates is saved.
    fn saving(&mut self, service: &Service, operation: &Operation, input: &Value) -> Step {
        let mut step = call(&service.info.id, &operation.name, input);
        let creators = service.resources.values().flat_map(|resource| &resource.create);
        let mine = creators.filter(|creator| creator.operation == operation.name);
        let mut pointers: BTreeSet<&str> = BTreeSet::new();
        for place in mine.flat_map(|creator| creator.handle.values()) {
            pointers.extend(place.strip_prefix("output:"));
        }
        for pointer in pointers {
            self.counter += 1;
            step.save.insert(format!("made_{}", self.counter), pointer.to_owned());
        }
        step
    }
}

/// Tells whether an operation takes away what the rest of a sequence stands on.
fn ends_all(operation: &str) -> bool {
    matches!(
        operation,
        "DeleteUserPool"
            | "DeleteIdentityPool"
            | "DeleteUserPoolClient"
            | "DeleteUser"
            | "GlobalSignOut"
            | "AdminUserGlobalSignOut"
            | "AdminDeleteUser"
            | "RevokeToken"
    )
}
