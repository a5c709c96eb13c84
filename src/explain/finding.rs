//! A finding of a report, or a saved failure: everything that is known about it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{Contract, Report, RulePage, advice, judge, rule};
use crate::canonical::quote;
use crate::failures::Saved;
use crate::known::Identity;
use crate::outcome::{Evidence, ExchangeRecord, Finding, Level, Verdict};
use crate::report::terminal::again;

/// Everything about a finding. What a saved failure alone does not tell is left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FindingPage {
    /// Its id.
    pub id: String,
    /// The report, or the saved failure, that it was found in.
    pub found_in: String,
    /// Check or property that found it.
    pub check: String,
    /// What that asks.
    pub asks: String,
    /// Level of the promise.
    pub level: Option<Level>,
    /// The operation; empty for raw requests.
    pub operation: String,
    /// Where in the answer.
    pub pointer: String,
    /// What was promised.
    pub expected: String,
    /// What came back.
    pub actual: String,
    /// Whether it fails the run, or is a note.
    pub fails: Option<bool>,
    /// How well the promise is supported.
    pub evidence: Option<Evidence>,
    /// Where it comes from.
    pub source: String,
    /// The rule that makes it.
    pub rule: Option<RulePage>,
    /// The target, with the version its profile states.
    pub target: String,
    /// Seed of the run.
    pub seed: Option<u64>,
    /// How often it was seen.
    pub occurrences: usize,
    /// How often it was gone when its case was played again.
    pub flaky: usize,
    /// Where it was seen.
    pub places: Vec<Place>,
    /// What was exchanged, of one occurrence.
    pub exchange: Option<ExchangeRecord>,
    /// The request, to paste into a shell.
    pub curl: String,
    /// The call as the AWS CLI makes it.
    pub aws_cli: String,
    /// The smallest sequence that shows it, as a scenario file.
    pub scenario: Option<String>,
    /// Commands that show it again.
    pub replay: Vec<String>,
    /// What an emulator's author should do.
    pub advice: Vec<String>,
    /// What tells it from others in a list of known failures.
    pub known_by: Option<Value>,
}

/// A case and the steps of it in which a finding was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Id of the case.
    pub case: String,
    /// Where in it.
    pub steps: BTreeSet<String>,
}

/// Returns everything about the finding with this id; `None` where neither the report nor the
/// saved failure has it.
pub(super) fn page(contract: &Contract<'_>, id: &str) -> Option<FindingPage> {
    let reported = contract.report.and_then(|report| of_report(contract, report, id));
    let saved = contract.saved.filter(|saved| saved.finding == id);
    reported.or_else(|| saved.map(|saved| of_saved(contract, saved)))
}

fn of_report(contract: &Contract<'_>, report: Report<'_>, id: &str) -> Option<FindingPage> {
    let run = report.run;
    let all: Vec<&Finding> = run.findings().filter(|finding| finding.id == id).collect();
    // One that fails speaks before a note, one that shows its exchange before one that does not.
    let telling = |finding: &&&Finding| {
        (!finding.fails, finding.exchange == ExchangeRecord::default(), finding.scenario.is_none())
    };
    let first = *all.iter().min_by_key(telling)?;
    let scenarios = all.iter().filter_map(|finding| finding.scenario.as_ref());
    let scenario = scenarios.min_by_key(|text| text.len()).cloned();
    let mut places = Vec::<Place>::new();
    let mut flaky = 0;
    for case in &run.cases {
        let here: Vec<&Finding> = case.findings.iter().filter(|f| f.id == id).collect();
        let wavers = |f: &&&Finding| matches!(case.verdicts.get(&f.level), Some(Verdict::Flaky));
        flaky += here.iter().filter(wavers).count();
        let steps: BTreeSet<String> = here.iter().map(|finding| finding.step.clone()).collect();
        if !here.is_empty() {
            places.push(Place { case: case.case.clone(), steps });
        }
    }
    let rule = rule_page(contract, first.rule.as_deref());
    let mut replay =
        vec![format!("cognito-conformance replay {id} --report {}", quote(report.path))];
    replay.extend(Some(again(run, first)).filter(|command| !command.is_empty()));
    let version = run.target_version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
    Some(FindingPage {
        id: id.into(),
        found_in: report.path.into(),
        check: first.check.clone(),
        asks: judge::asks(&first.check).map(|(asks, _)| asks.to_owned()).unwrap_or_default(),
        level: Some(first.level),
        operation: first.operation.clone(),
        pointer: first.pointer.clone(),
        expected: first.expected.clone(),
        actual: first.actual.clone(),
        fails: Some(first.fails),
        evidence: Some(first.evidence),
        source: first.source.clone(),
        advice: what_to_do(&first.check, rule.as_ref()),
        rule,
        target: format!("{}{version}", run.target),
        seed: Some(run.seed),
        occurrences: all.len(),
        flaky,
        places,
        exchange: Some(first.exchange.clone()).filter(|e| *e != ExchangeRecord::default()),
        curl: first.curl.clone(),
        aws_cli: first.aws_cli.clone(),
        scenario,
        replay,
        known_by: Some(known_by(first)),
    })
}

/// A saved failure tells by its name and its first line what it is about, and shows the sequence.
fn of_saved(contract: &Contract<'_>, saved: &Saved) -> FindingPage {
    let asked = judge::asks(&saved.check);
    let target = saved.target.clone().unwrap_or_default();
    let place = |case: &String| Place { case: case.clone(), steps: BTreeSet::new() };
    let mut replay = format!("cognito-conformance replay {}", quote(&saved.path));
    if !target.is_empty() {
        replay += &format!(" --target {}", quote(&target));
    }
    if let Some(seed) = saved.seed {
        replay += &format!(" --seed {seed}");
    }
    let operation = contract.suite.catalogue.operation(&saved.operation);
    FindingPage {
        id: saved.finding.clone(),
        found_in: saved.path.clone(),
        check: saved.check.clone(),
        asks: asked.map(|(asks, _)| asks.to_owned()).unwrap_or_default(),
        level: asked.map(|(_, level)| level),
        operation: operation.map(|(_, o)| o.name.clone()).unwrap_or_default(),
        pointer: String::new(),
        expected: String::new(),
        actual: String::new(),
        fails: None,
        evidence: None,
        source: String::new(),
        rule: None,
        target,
        seed: saved.seed,
        occurrences: 1,
        flaky: 0,
        places: saved.case.iter().map(place).collect(),
        exchange: None,
        curl: String::new(),
        aws_cli: String::new(),
        scenario: Some(saved.scenario.clone()),
        replay: vec![replay],
        advice: what_to_do(&saved.check, None),
        known_by: None,
    }
}

fn rule_page(contract: &Contract<'_>, id: Option<&str>) -> Option<RulePage> {
    let rule = contract.suite.catalogue.rules.get(id?)?;
    Some(rule::page(contract, rule))
}

/// The rule knows best; without one, the judge does.
fn what_to_do(check: &str, rule: Option<&RulePage>) -> Vec<String> {
    match rule {
        Some(rule) => rule.advice.clone(),
        None => advice::of_judge(check).map(str::to_owned).into_iter().collect(),
    }
}

fn known_by(finding: &Finding) -> Value {
    let Identity { check, pointer, rule, came } = Identity::of(finding);
    let Finding { operation, case, .. } = finding;
    let mut names = match operation.as_str() {
        "" => serde_json::json!({"case": case, "check": check, "pointer": pointer}),
        _ => serde_json::json!({"operation": operation, "check": check, "pointer": pointer}),
    };
    for (key, value) in [("rule", rule), ("came", came)] {
        value.into_iter().for_each(|value| names[key] = value.into());
    }
    names
}
