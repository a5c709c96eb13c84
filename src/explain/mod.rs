//! What is known about a name: of a rule, a check or property, an operation, a case, a finding.
//!
//! [`explain`] is a function from the contract, and a report if there is one, to plain data;
//! [`page`] makes text of it. Nothing here talks to a target or reads a clock.

mod advice;
mod case;
mod faulty;
mod finding;
mod judge;
mod operation;
pub mod page;
mod rule;
mod sighting;

use std::sync::Arc;

use serde::Serialize;

pub use case::{CasePage, StepPage, case_page};
pub use faulty::{FaultRef, How};
pub use finding::{FindingPage, Place};
pub use judge::{JudgePage, Support};
pub use operation::{Asked, OperationPage, RuleRef};
pub use rule::{GeneratedFrom, RulePage};
pub use sighting::Sighting;

use crate::check::CHECKS;
use crate::failures::Saved;
use crate::near;
use crate::outcome::Run;
use crate::property::PROPERTIES;
use crate::scenario::Scenario;
use crate::scenario::recipes::Recipes;
use crate::snapshot::Snapshots;
use crate::suite::Suite;

/// What explanations are made from.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'a> {
    /// The catalogue and the written cases.
    pub suite: &'a Suite,
    /// How operations are called, and what spoils that.
    pub recipes: &'a Arc<Recipes>,
    /// The accepted transcripts.
    pub snapshots: &'a Snapshots,
    /// A saved run to look into.
    pub report: Option<Report<'a>>,
    /// A saved failure that a name may be the finding of.
    pub saved: Option<&'a Saved>,
    /// Seed of generated cases.
    pub seed: u64,
    /// Most steps of a random sequence.
    pub max_steps: usize,
    /// Now, in seconds since the epoch: what ages are counted from.
    pub now: u64,
}

/// A saved run.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Path it was read from.
    pub path: &'a str,
    /// What it holds.
    pub run: &'a Run,
}

/// What is known about a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Explanation {
    /// A rule of the rulebook.
    Rule(Box<RulePage>),
    /// A judge of single exchanges.
    Check(Box<JudgePage>),
    /// A judge of whole transcripts.
    Property(Box<JudgePage>),
    /// A finding of a report, or a saved failure.
    Finding(Box<FindingPage>),
    /// A case, written or generated.
    Case(Box<CasePage>),
    /// An operation.
    Operation(Box<OperationPage>),
}

/// Id and title of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseRef {
    /// Its id.
    pub id: String,
    /// What it expects, in one line.
    pub title: String,
}

impl CaseRef {
    fn of(case: &Scenario) -> Self {
        Self { id: case.id.clone(), title: case.title.clone() }
    }
}

/// Returns what is known about a name, once for each thing that is called so.
///
/// Besides its full id a case is known by the end of it, from a `::` on.
///
/// # Errors
/// Nothing is called so; the text names what is, of any kind, and nearly called so.
pub fn explain(contract: &Contract<'_>, name: &str) -> Result<Vec<Explanation>, String> {
    let catalogue = &contract.suite.catalogue;
    let mut found = Vec::new();
    if let Some(rule) = catalogue.rules.get(name) {
        found.push(Explanation::Rule(Box::new(rule::page(contract, rule))));
    }
    found.extend(judge::explain(contract, name));
    let (service, bare) = name.split_once(':').unwrap_or(("", name));
    for (owner, operation) in catalogue.operations() {
        if operation.name == bare && (service.is_empty() || owner.info.id == service) {
            let page = operation::page(contract, owner, operation);
            found.push(Explanation::Operation(Box::new(page)));
        }
    }
    let page = |case: &Scenario| Explanation::Case(Box::new(case_page(contract, case)));
    found.extend(case::named(contract, name).map(page));
    found.extend(finding::page(contract, name).map(|page| Explanation::Finding(Box::new(page))));
    if !found.is_empty() {
        return Ok(found);
    }
    match case::generated(contract, name) {
        Some(case) => case.map(|case| vec![page(&case)]),
        None => Err(unknown(contract, name)),
    }
}

/// Says that nothing is called so, and what nearly is.
fn unknown(contract: &Contract<'_>, name: &str) -> String {
    let cases = || contract.suite.cases.iter().map(|case| case.id.as_str());
    let last = |id: &'_ str| id.rsplit("::").next().unwrap_or_default().to_owned();
    let short: Vec<String> = cases().map(last).collect();
    let catalogue = &contract.suite.catalogue;
    let mut near = Vec::new();
    let mut add = |kind: &str, found: Option<&str>| {
        near.extend(found.map(|found| format!("{kind} `{found}`")));
    };
    add("rule", near::nearest(name, catalogue.rules.ids()));
    add("check", near::nearest(name, CHECKS.iter().map(|check| check.id)));
    add("property", near::nearest(name, PROPERTIES.iter().map(|property| property.id)));
    let operations = catalogue.operations().map(|(_, operation)| operation.name.as_str());
    add("operation", near::nearest(name, operations));
    let full = near::nearest(name, cases());
    add("case", full.or_else(|| near::nearest(name, short.iter().map(String::as_str))));
    if let Some(report) = contract.report {
        add("finding", near::nearest(name, report.run.findings().map(|f| f.id.as_str())));
    }
    if !near.is_empty() {
        return format!("nothing is called `{name}`, did you mean {}?", near.join(" or "));
    }
    let text = name.to_lowercase();
    let holds = |id: &&str| !text.is_empty() && id.contains(&text);
    let mut inside: Vec<_> = catalogue.rules.ids().filter(holds).take(3).map(quoted).collect();
    inside.extend(cases().filter(holds).take(3).map(quoted));
    let is_finding = name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (inside.is_empty(), is_finding, contract.report) {
        (false, _, _) => {
            format!("nothing is called `{name}`; it is a part of {}", inside.join(", "))
        }
        (true, true, None) => format!(
            "no saved failure is of finding `{name}`; findings of a run take `--report FILE`"
        ),
        (true, true, Some(report)) => format!("no finding `{name}` in `{}`", report.path),
        _ => format!("no rule, check, property, operation, case or finding is called `{name}`"),
    }
}

fn quoted(id: &str) -> String {
    format!("`{id}`")
}

/// Returns the words that name the target in commands.
fn target(contract: &Contract<'_>) -> String {
    match contract.report {
        Some(report) => crate::canonical::quote(&report.run.target),
        None => "\"$TARGET\"".into(),
    }
}

/// Returns the command that plays these written cases; none for none.
fn run_cases(contract: &Contract<'_>, cases: &[CaseRef]) -> Option<String> {
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let target = target(contract);
    let words = ids.join(" ");
    (!ids.is_empty())
        .then(|| format!("cognito-conformance run --target {target} --phase scenarios {words}"))
}

#[cfg(test)]
mod tests;
