//! Every recipe succeeds here, what spoils one is refused, and together with the situations they
//! raise most of what the operations declare.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::{Value, json};

use super::{Call, Millis, NOW, Reference, catalogue};
use crate::catalogue::Auth;
use crate::reachability::{Cell, Matrix};
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::recipes::{Recipe, Recipes};
use crate::scenario::{Action, Caller, Expect, RawBody, Source, Step};
use crate::suite::{Sources, Suite};

/// At least this share of what the written cases raise is raised by recipes, in percent.
const SHARE: usize = 78;

fn recipes() -> &'static Recipes {
    static RECIPES: OnceLock<Recipes> = OnceLock::new();
    let load = || Recipes::load(&Source::Embedded, &catalogue());
    RECIPES.get_or_init(|| match load() {
        Ok(recipes) => recipes,
        Err(errors) => {
            let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", texts.join("\n\n"))
        }
    })
}

/// What came of a call: success, or the code of its error.
type Outcome = Result<(), String>;

/// Plays steps on a reference of its own, without any transport.
#[derive(Clone)]
struct Player {
    reference: Reference,
    bindings: Bindings,
    now: Millis,
}

impl Player {
    fn new() -> Self {
        let bindings = Bindings::new("recipe22", 7, NOW / 1000);
        Self { reference: Reference::new(catalogue(), 7), bindings, now: NOW }
    }

    /// Returns a player at the place where the recipe's call comes next.
    fn at(recipe: &Recipe) -> Result<Self, String> {
        let mut player = Self::new();
        player.all(&recipe.flatten())?;
        Ok(player)
    }

    /// Plays steps; each must do what it expects.
    fn all(&mut self, steps: &[Step]) -> Result<(), String> {
        for (index, step) in steps.iter().enumerate() {
            let outcome =
                self.step(step).map_err(|cause| format!("step {}: {cause}", index + 1))?;
            let good = matches!(step.expect, Expect::Anything) || outcome.is_ok();
            if !good {
                return Err(format!("step {} {:?}: {outcome:?}", index + 1, name(step)));
            }
        }
        Ok(())
    }

    fn fill(&self, node: &Node) -> Result<Value, String> {
        self.bindings.fill(node)
    }

    fn text(&self, node: &Node) -> Result<String, String> {
        self.fill(node).map(|value| value.as_str().unwrap_or_default().to_owned())
    }

    fn step(&mut self, step: &Step) -> Result<Outcome, String> {
        match &step.action {
            Action::Call { service, operation, with, caller, .. } => {
                let mut input = self.fill(with)?;
                let modelled = &catalogue().services[service].operations[operation];
                let signed = match caller {
                    Caller::Signed => true,
                    Caller::Default => modelled.auth == Auth::Sigv4,
                    Caller::Anonymous => false,
                    Caller::Holder(token) => {
                        input["AccessToken"] = self.fill(token)?;
                        false
                    }
                };
                let call = Call { service, operation, input: &input, signed };
                let output = match self.reference.call(&call, self.now) {
                    Ok(output) => output.unwrap_or_default(),
                    Err(fault) => {
                        let error = fault.render(&catalogue(), service);
                        // Who reads a failure wants the message too.
                        return Ok(Err(format!("{}\n{}", error.code, error.message)));
                    }
                };
                for (name, pointer) in &step.save {
                    let found = output.pointer(pointer).ok_or(format!("no {pointer}"))?;
                    self.bindings.set(name, found.clone());
                }
            }
            Action::Let(bindings) => {
                for (name, node) in bindings {
                    let value = self.fill(node)?;
                    self.bindings.set(name, value);
                }
            }
            Action::Mail { pool, username, save, save_subject, .. } => {
                let (pool, username) = (self.text(pool)?, self.text(username)?);
                let mut newest = self.reference.state.outbox.iter().rev();
                let message = newest
                    .find(|m| m.user_pool_id == pool && m.username == username)
                    .ok_or("no message")?;
                self.bindings.set(save, json!(message.code));
                if let Some(name) = save_subject {
                    self.bindings.set(name, json!(message.subject));
                }
            }
            Action::Raw { path, body: RawBody::Value(body), .. } => {
                let (path, body) = (self.text(path)?, self.text(body)?);
                let mut parts = path.split('/').rev();
                let job = parts.next().unwrap_or_default();
                let pool = parts.next().unwrap_or_default();
                let taken = self.reference.upload(pool, job, body.as_bytes(), self.now);
                taken.map_err(|error| format!("{error:?}"))?;
            }
            // Key documents are no part of the state.
            Action::Raw { operation: None, method, .. } if method == "GET" => {}
            other => return Err(format!("not played here: {other:?}")),
        }
        Ok(Ok(()))
    }

    /// Returns what comes of a call, the state left as it is.
    fn asked(&self, call: &Step) -> Result<Outcome, String> {
        self.clone().step(call)
    }
}

fn name(step: &Step) -> &str {
    if let Action::Call { operation, .. } = &step.action { operation } else { "" }
}

fn title(recipe: &Recipe) -> String {
    format!("{}:{} ({})", recipe.service, recipe.operation, recipe.name)
}

fn code(outcome: &Outcome) -> Option<String> {
    outcome.as_ref().err().and_then(|text| text.lines().next().map(str::to_owned))
}

#[test]
fn every_operation_has_a_recipe() {
    let catalogue = catalogue();
    let missing: Vec<_> = catalogue
        .operations()
        .filter(|(service, operation)| recipes().of(&service.info.id, &operation.name).is_empty())
        .map(|(service, operation)| format!("{}:{}", service.info.id, operation.name))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn every_recipe_succeeds_and_every_spoiled_input_is_refused() {
    let mut wrong = Vec::new();
    for recipe in recipes().iter() {
        let title = title(recipe);
        let player = match Player::at(recipe) {
            Ok(player) => player,
            Err(cause) => {
                wrong.push(format!("{title}: {cause}"));
                continue;
            }
        };
        match player.asked(&recipe.call) {
            Ok(Ok(())) => {}
            other => wrong.push(format!("{title}: {other:?}")),
        }
        for (name, call) in &recipe.spoiled {
            match player.asked(call) {
                Ok(Err(_)) => {}
                other => wrong.push(format!("{title}, {name}: {other:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every pair of operation and error code that a written case raises.
fn reachable() -> BTreeSet<(String, String)> {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let mut pairs = BTreeSet::new();
    for row in Matrix::of(&suite).rows {
        let operation = format!("{}:{}", row.service, row.operation);
        let reached = row.cells.iter().filter(|(_, cell)| matches!(cell, Cell::Reached { .. }));
        pairs.extend(reached.map(|(code, _)| (operation.clone(), code.clone())));
    }
    pairs
}

#[test]
#[expect(clippy::print_stdout, reason = "what recipes do not raise is worth reading")]
fn situations_can_be_made_and_raise_most_errors() {
    let mut wrong = Vec::new();
    let mut unused: BTreeSet<&str> =
        recipes().situations().iter().map(|s| s.name.as_str()).collect();
    let mut idle = unused.clone();
    let mut raised: BTreeMap<(String, String), String> = BTreeMap::new();
    for recipe in recipes().iter() {
        let operation = format!("{}:{}", recipe.service, recipe.operation);
        let Ok(player) = Player::at(recipe) else { continue };
        let mut note = |outcome: &Outcome, how: &str| {
            let Some(code) = code(outcome) else { return };
            raised.entry((operation.clone(), code)).or_insert_with(|| how.to_owned());
        };
        for (name, call) in &recipe.spoiled {
            player.asked(call).iter().for_each(|outcome| note(outcome, name));
        }
        let mut twice = player.clone();
        let _ = twice.step(&recipe.call);
        twice.asked(&recipe.call).iter().for_each(|outcome| note(outcome, "twice"));
        for situation in recipes().situations().iter().filter(|s| s.applies_to(recipe)) {
            unused.remove(situation.name.as_str());
            let mut there = player.clone();
            if let Err(cause) = there.all(&situation.steps) {
                wrong.push(format!("{} before {}: {cause}", situation.name, title(recipe)));
                continue;
            }
            let calls = [("", &recipe.call)].into_iter();
            let spoiled = recipe.spoiled.iter().map(|(name, call)| (name.as_str(), call));
            for (name, call) in calls.chain(spoiled) {
                let outcome = there.asked(call).unwrap_or(Ok(()));
                if name.is_empty() && outcome.is_err() {
                    idle.remove(situation.name.as_str());
                }
                note(&outcome, &format!("{} {name}", situation.name));
            }
        }
    }
    let reachable = reachable();
    let missed: Vec<_> = reachable.iter().filter(|pair| !raised.contains_key(*pair)).collect();
    let share = (reachable.len() - missed.len()) * 100 / reachable.len().max(1);
    println!("{share} % of {} pairs; not raised:", reachable.len());
    missed.iter().for_each(|(operation, code)| println!("  {operation} {code}"));
    println!("situations that lead to no refusal: {idle:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unused, BTreeSet::new(), "situations that apply to no recipe");
    assert!(share >= SHARE, "{share} %");
}
