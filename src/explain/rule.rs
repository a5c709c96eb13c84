//! A rule: its promise, who says so, what tests it, what breaks it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::faulty::{self, FaultRef};
use super::{CaseRef, Contract, Sighting, advice, run_cases, sighting, target};
use crate::age;
use crate::catalogue::{Catalogue, Matching, Rule};
use crate::outcome::{Evidence, Level};

/// Everything about a rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulePage {
    /// Its id.
    pub id: String,
    /// Service it speaks of.
    pub service: String,
    /// What is promised, in a sentence.
    pub promise: String,
    /// Operations it is about; `*` is every operation of the service.
    pub operations: BTreeSet<String>,
    /// When it applies.
    pub when: String,
    /// The code that comes, where it is a refusal.
    pub error: Option<String>,
    /// Codes that are as good.
    pub or_error: BTreeSet<String>,
    /// The text that comes with it.
    pub message: Option<String>,
    /// What changes, where it is an effect.
    pub effect: Option<String>,
    /// Level of the promise.
    pub level: Level,
    /// How well it is supported.
    pub evidence: Evidence,
    /// How well the wording is supported; none where there is no text.
    pub message_evidence: Option<Evidence>,
    /// Where it comes from.
    pub source: String,
    /// When it was seen, as exact as known.
    pub seen: Option<String>,
    /// How long ago that was.
    pub age: Option<String>,
    /// Limits and contradictions.
    pub note: Option<String>,
    /// Rules that win where both apply.
    pub after: BTreeSet<String>,
    /// Rules that it wins over.
    pub before: BTreeSet<String>,
    /// Why the reference cannot raise it.
    pub unreachable: Option<String>,
    /// Written cases that expect it.
    pub cases: Vec<CaseRef>,
    /// What generated cases are made from, of its operations; empty for a rule about all.
    pub generated: Vec<GeneratedFrom>,
    /// Named faults that break it, or that are about its operations.
    pub faults: Vec<FaultRef>,
    /// What a report shows of it.
    pub report: Option<Sighting>,
    /// Commands that play its cases.
    pub run: Vec<String>,
    /// What an emulator's author should do.
    pub advice: Vec<String>,
}

/// What the generated cases of an operation are made from. Which of them raise a rule is written
/// nowhere: the reference decides, step by step, when they are played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GeneratedFrom {
    /// The operation.
    pub operation: String,
    /// Its recipes.
    pub recipes: Vec<String>,
    /// Inputs of the recipes that are refused.
    pub spoiled: BTreeSet<String>,
    /// Situations that it is called in.
    pub situations: BTreeSet<String>,
}

impl GeneratedFrom {
    /// Returns what the cases of an operation are made from; `None` without a recipe.
    pub(super) fn of(contract: &Contract<'_>, service: &str, operation: &str) -> Option<Self> {
        let recipes = contract.recipes.of(service, operation);
        let situations = contract.recipes.situations().iter();
        let applies = situations.filter(|s| recipes.iter().any(|recipe| s.applies_to(recipe)));
        (!recipes.is_empty()).then(|| Self {
            operation: operation.into(),
            recipes: recipes.iter().map(|recipe| recipe.name.clone()).collect(),
            spoiled: recipes
                .iter()
                .flat_map(|recipe| recipe.spoiled.iter().map(|(name, _)| name.clone()))
                .collect(),
            situations: applies.map(|situation| situation.name.clone()).collect(),
        })
    }
}

/// Returns everything about a rule.
pub(super) fn page(contract: &Contract<'_>, rule: &Rule) -> RulePage {
    let suite = contract.suite;
    let cases = suite.cases.iter().filter(|case| case.rules.contains(&rule.id));
    let cases: Vec<CaseRef> = cases.map(|case| CaseRef::of(case)).collect();
    let generated: Vec<_> = rule
        .operations
        .iter()
        .filter_map(|name| GeneratedFrom::of(contract, &rule.service, name))
        .collect();
    let mut run: Vec<String> = run_cases(contract, &cases).into_iter().collect();
    if !generated.is_empty() {
        let flags = generated.iter().map(|from| format!(" --operation {}", from.operation));
        let flags: String = flags.collect();
        let target = target(contract);
        run.push(format!("cognito-conformance run --target {target} --phase coverage{flags}"));
    }
    let others = suite.catalogue.rules.iter();
    RulePage {
        id: rule.id.clone(),
        service: rule.service.clone(),
        promise: promise(rule),
        operations: rule.operations.clone(),
        when: rule.when.clone(),
        error: rule.error.clone(),
        or_error: rule.or_error.clone(),
        message: rule.message.clone(),
        effect: rule.effect.clone(),
        level: rule.level,
        evidence: rule.evidence,
        message_evidence: rule.message.as_ref().map(|_| rule.best_message_grade()),
        source: rule.source.clone(),
        seen: rule.seen.clone(),
        age: rule.seen.as_deref().and_then(|seen| age::age(seen, contract.now)),
        note: rule.note.clone(),
        after: rule.after.clone(),
        before: others.filter(|o| o.after.contains(&rule.id)).map(|o| o.id.clone()).collect(),
        unreachable: rule.unreachable.clone(),
        cases,
        generated,
        faults: faulty::of_rule(&suite.catalogue, rule),
        report: sighting::of(contract, |finding| finding.rule.as_ref() == Some(&rule.id)),
        run,
        advice: advice::of_rule(&suite.catalogue, rule),
    }
}

/// Returns what a rule promises, in a sentence.
pub(super) fn promise(rule: &Rule) -> String {
    let when = &rule.when;
    let Some(error) = &rule.error else {
        let effect = rule.effect.as_deref().unwrap_or("the call is refused");
        return format!("When {when}: {effect}.");
    };
    let codes: Vec<&str> = [error].into_iter().chain(&rule.or_error).map(String::as_str).collect();
    let text = match (&rule.message, rule.matching) {
        (None, _) => String::new(),
        (Some(text), Matching::Exact) => format!(", with the text \"{}\"", text.trim_end()),
        (Some(text), Matching::Prefix) => format!(", with a text that begins \"{text}\""),
        (Some(text), Matching::Contains) => format!(", with a text that contains \"{text}\""),
    };
    format!("When {when}: the call is refused with {}{text}.", codes.join(" or "))
}

/// Returns the promise of the rule with this id.
pub(super) fn promise_of(catalogue: &Catalogue, id: &str) -> Option<String> {
    catalogue.rules.get(id).map(promise)
}
