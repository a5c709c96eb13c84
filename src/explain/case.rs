//! A case: its steps, what each promises, and how well that is supported.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{CaseRef, rule};
use super::{Contract, Sighting, run_cases, sighting, target};
use crate::age;
use crate::catalogue::Catalogue;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::outcome::{Evidence, Level, Phase};
use crate::pattern::shorten;
use crate::scenario::node::Node;
use crate::scenario::{Action, Expect, Scenario, Step, write};

/// Everything about a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CasePage {
    /// Its id.
    pub id: String,
    /// Its file below the scenarios' folder; empty for one that was generated.
    pub path: String,
    /// What it expects, in one line.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// What it asks about.
    pub level: Level,
    /// How well its expectations are supported, where no rule or step says so.
    pub evidence: Evidence,
    /// Where they come from.
    pub source: String,
    /// What a target must be able to do beyond the API; what lacks it skips the case.
    pub needs: BTreeSet<String>,
    /// Set-ups that are played first.
    pub setup: Vec<String>,
    /// How many of its steps only set the stage.
    pub stage: usize,
    /// Its steps.
    pub steps: Vec<StepPage>,
    /// Promises of the rules that it expects, by id.
    pub rules: Vec<(String, String)>,
    /// Its snapshot: where and when it was recorded.
    pub snapshot: Option<String>,
    /// The case as a scenario file.
    pub scenario: String,
    /// What a report shows of it.
    pub report: Option<Sighting>,
    /// Commands that play it.
    pub run: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepPage {
    /// What it does.
    pub does: String,
    /// What must come back; none where nothing is compared.
    pub expects: Option<String>,
    /// Level of that promise.
    pub level: Level,
    /// How well it is supported; none where nothing in particular is expected.
    pub evidence: Option<Evidence>,
    /// Where it comes from.
    pub source: Option<String>,
}

/// Returns the written cases of this id, or whose id ends with it.
pub(super) fn named<'a>(
    contract: &Contract<'a>,
    name: &str,
) -> impl Iterator<Item = &'a Scenario> + use<'a> {
    let end = format!("::{name}");
    let is_word = !name.is_empty() && !name.starts_with(':');
    let name = name.to_owned();
    let fits = move |case: &&Scenario| is_word && (case.id == name || case.id.ends_with(&end));
    contract.suite.cases.iter().map(|case| case.as_ref()).filter(fits)
}

/// Returns the generated case of this id, or why there is none; `None` where the id is of no such
/// case.
pub(super) fn generated(contract: &Contract<'_>, id: &str) -> Option<Result<Scenario, String>> {
    Phase::of(id)?;
    let (catalogue, recipes) = (contract.suite.catalogue.clone(), contract.recipes.clone());
    let mut generator = Generator::new(catalogue, recipes, Dictionary::ours(), contract.seed);
    Some(generator.named(id, contract.max_steps))
}

/// Returns everything about a case.
pub fn case_page(contract: &Contract<'_>, case: &Scenario) -> CasePage {
    let catalogue = &contract.suite.catalogue;
    let written = contract.suite.cases.iter().any(|known| known.id == case.id);
    let run = match written {
        true => run_cases(contract, &[CaseRef::of(case)]),
        false => {
            let (target, seed) = (target(contract), contract.seed);
            let most = match Phase::of(&case.id) {
                Some(Phase::Random) => format!(" --max-steps {}", contract.max_steps),
                _ => String::new(),
            };
            let id = crate::canonical::quote(&case.id);
            Some(format!("cognito-conformance replay {id} --target {target} --seed {seed}{most}"))
        }
    };
    let snapshot = contract.snapshots.get(&case.id).map(|snapshot| {
        let age = age::age(&snapshot.origin.date, contract.now);
        let age = age.map(|age| format!(", {age}")).unwrap_or_default();
        format!("{}, recorded from {}{age}", snapshot.origin.evidence, snapshot.origin)
    });
    let promised = |id: &String| Some((id.clone(), rule::promise_of(catalogue, id)?));
    CasePage {
        id: case.id.clone(),
        path: if written { case.path.clone() } else { String::new() },
        title: case.title.clone(),
        why: case.why.clone(),
        level: case.level,
        evidence: case.evidence,
        source: case.source.clone(),
        needs: case.needs.iter().map(ToString::to_string).collect(),
        setup: case.setup.iter().map(|(set_up, _)| set_up.name.clone()).collect(),
        stage: case.stage,
        steps: case.steps.iter().map(|step| step_page(catalogue, case, step)).collect(),
        rules: case.rules.iter().filter_map(promised).collect(),
        snapshot,
        scenario: write::scenario(case),
        report: sighting::of(contract, |finding| finding.case == case.id),
        run: run.into_iter().collect(),
    }
}

fn step_page(catalogue: &Catalogue, case: &Scenario, step: &Step) -> StepPage {
    let asks =
        matches!(step.action, Action::Call { .. } | Action::Raw { .. } | Action::Invoked { .. });
    let (evidence, source) = support(catalogue, case, step).filter(|_| asks).unzip();
    StepPage {
        does: does(&step.action),
        expects: asks.then(|| expects(catalogue, &step.expect)),
        level: step.level.unwrap_or(case.level),
        evidence,
        source,
    }
}

/// Returns how well what a step expects is supported, and by what, as findings will say it.
fn support(catalogue: &Catalogue, case: &Scenario, step: &Step) -> Option<(Evidence, String)> {
    let stated = step.evidence.unwrap_or(case.evidence);
    let own = || (stated, step.source.clone().unwrap_or_else(|| case.source.clone()));
    match &step.expect {
        Expect::Anything => None,
        Expect::Error(ids, _) if stated > Evidence::Inferred => {
            let rules = ids.iter().rev().filter_map(|id| catalogue.rules.get(id));
            let best = rules.max_by_key(|rule| rule.evidence);
            Some(best.map_or_else(own, |best| (best.evidence.min(stated), best.source.clone())))
        }
        _ => Some(own()),
    }
}

fn does(action: &Action) -> String {
    match action {
        Action::Call { service, operation, with, pages, together, .. } => {
            let service = if service == "cognito-idp" { "" } else { &format!("{service}:") };
            let pages = if pages.is_some() { ", all pages" } else { "" };
            let together = together.map(|n| format!(", {n} at once")).unwrap_or_default();
            format!("{service}{operation}{}{pages}{together}", json(" ", with))
        }
        Action::Raw { method, path, operation, .. } => {
            let named = operation.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("sends {method}{}{named}", json(" ", path))
        }
        Action::Mail { .. } => "reads a code that was sent".into(),
        Action::Clock(seconds) => format!("moves the clock by{} s", json(" ", seconds)),
        Action::Wait(ms) => format!("waits {ms} ms"),
        Action::Invoked { function } => format!("looks at what function `{function}` was told"),
        Action::Let(bindings) => {
            let names: Vec<_> = bindings.iter().map(|(name, _)| name.as_str()).collect();
            format!("computes {}", names.join(", "))
        }
    }
}

fn expects(catalogue: &Catalogue, expect: &Expect) -> String {
    match expect {
        Expect::Anything => "any answer".into(),
        Expect::Output(pattern) => format!("success{}", json(" with ", pattern)),
        Expect::Error(ids, arguments) => {
            let code = |id: &String| catalogue.rules.get(id)?.error.clone();
            let codes: BTreeSet<String> = ids.iter().filter_map(code).collect();
            let codes: Vec<String> = codes.into_iter().collect();
            let given = json(" where ", arguments);
            format!("{} by rule {}{given}", codes.join(" or "), ids.join(" or "))
        }
        Expect::Raw { status, headers, body } => {
            let part = |name: &str, node: &Option<Node>| {
                node.as_ref().map(|node| format!("{name} {}", shorten(&node.value())))
            };
            let headers = (!headers.members().is_empty()).then(|| headers.clone());
            let parts = [part("status", status), part("headers", &headers), part("body", body)];
            parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    }
}

/// Returns a value with what stands before it; nothing for an empty one.
fn json(before: &str, node: &Node) -> String {
    let value = node.value();
    let empty = value.is_null() || value.as_object().is_some_and(|members| members.is_empty());
    if empty { String::new() } else { format!("{before}{}", shorten(&value)) }
}
