//! An operation: what is promised of it, how well, and what tests it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::faulty::{FaultRef, How};
use super::rule::GeneratedFrom;
use super::{CaseRef, Contract, Sighting, Support, run_cases, sighting, target};
use crate::catalogue::{Operation, Schema, Service};
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::outcome::{Evidence, Level};
use crate::reachability::{Cell, Counts, Matrix};
use crate::reference::faults;

/// Everything that is promised of an operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperationPage {
    /// Its name.
    pub name: String,
    /// Service that has it.
    pub service: String,
    /// Rules about it, best supported first.
    pub rules: Vec<RuleRef>,
    /// How many of them have each grade.
    pub rules_by_grade: BTreeMap<Evidence, usize>,
    /// Members of its answers whose values are promised, by `<shape>/<member>`.
    pub outputs: BTreeMap<String, Support>,
    /// How many of those have each grade.
    pub outputs_by_grade: BTreeMap<Evidence, usize>,
    /// Declared errors: the rule and case that reach each, or why none does.
    pub errors: BTreeMap<String, Cell>,
    /// How many of them are reached, reasoned, empty.
    pub error_counts: Counts,
    /// Written cases that test it.
    pub cases: Vec<Asked>,
    /// What its generated cases are made from.
    pub generated: Option<GeneratedFrom>,
    /// Ids of its generated coverage cases.
    pub coverage: Vec<String>,
    /// Named faults that are about it.
    pub faults: Vec<FaultRef>,
    /// What a report shows of it.
    pub report: Option<Sighting>,
    /// Commands that play its cases.
    pub run: Vec<String>,
}

/// A rule in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleRef {
    /// Its id.
    pub id: String,
    /// The code that comes, or what changes.
    pub what: String,
    /// When.
    pub when: String,
    /// Level of the promise.
    pub level: Level,
    /// How well it is supported.
    pub evidence: Evidence,
    /// It speaks of every operation of the service.
    pub of_all: bool,
}

/// A written case in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Id and title.
    #[serde(flatten)]
    pub case: CaseRef,
    /// What it asks about.
    pub level: Level,
    /// How well that is supported.
    pub evidence: Evidence,
}

/// Returns everything that is promised of an operation.
pub(super) fn page(
    contract: &Contract<'_>,
    service: &Service,
    operation: &Operation,
) -> OperationPage {
    let (id, name) = (service.info.id.as_str(), operation.name.as_str());
    let suite = contract.suite;
    let mut rules: Vec<RuleRef> = suite.catalogue.rules.about(id, name).map(rule).collect();
    rules.sort_by_key(|rule| (rule.of_all, std::cmp::Reverse(rule.evidence), rule.id.clone()));
    let cases: Vec<Asked> = suite
        .cases
        .iter()
        .filter(|case| case.operations.iter().any(|own| own == name))
        .map(|case| Asked { case: CaseRef::of(case), level: case.level, evidence: case.evidence })
        .collect();
    let outputs = outputs(service, operation);
    let (catalogue, recipes) = (suite.catalogue.clone(), contract.recipes.clone());
    let mut generator = Generator::new(catalogue, recipes, Dictionary::ours(), contract.seed);
    let coverage = generator.coverage(id, name).into_iter().map(|case| case.id).collect();
    let matrix = Matrix::of(suite);
    let row = matrix.rows.iter().find(|row| row.service == id && row.operation == name);
    let about = faults::all().filter(|fault| fault.on.contains(&name));
    let target = target(contract);
    let written: Vec<CaseRef> = cases.iter().map(|asked| asked.case.clone()).collect();
    let by_operation = format!("cognito-conformance run --target {target} --operation {name}");
    let run = run_cases(contract, &written).map(|_| format!("{by_operation} --phase scenarios"));
    OperationPage {
        name: name.into(),
        service: id.into(),
        rules_by_grade: count(rules.iter().map(|rule| rule.evidence)),
        rules,
        outputs_by_grade: count(outputs.values().map(|support| support.evidence)),
        outputs,
        errors: row.map(|row| row.cells.clone()).unwrap_or_default(),
        error_counts: row.map(|row| row.counts()).unwrap_or_default(),
        cases,
        generated: GeneratedFrom::of(contract, id, name),
        coverage,
        faults: about.map(|fault| FaultRef::of(fault, How::SameOperations)).collect(),
        report: sighting::of(contract, |finding| finding.operation == name),
        run: run.into_iter().chain([format!("{by_operation} --phase coverage")]).collect(),
    }
}

fn rule(rule: &crate::catalogue::Rule) -> RuleRef {
    RuleRef {
        id: rule.id.clone(),
        what: rule.error.clone().or_else(|| rule.effect.clone()).unwrap_or_default(),
        when: rule.when.clone(),
        level: rule.level,
        evidence: rule.evidence,
        of_all: rule.operations.contains("*"),
    }
}

fn count(grades: impl Iterator<Item = Evidence>) -> BTreeMap<Evidence, usize> {
    let mut counts = BTreeMap::new();
    grades.for_each(|grade| *counts.entry(grade).or_default() += 1);
    counts
}

/// Returns the members of an operation's answers whose values are promised.
fn outputs(service: &Service, operation: &Operation) -> BTreeMap<String, Support> {
    let mut shapes = BTreeSet::from([operation.name.as_str()]);
    if let Some(output) = &operation.output {
        reach(service, output, &mut shapes);
    }
    let speaks = |key: &&String| {
        let (own, member) = key.split_once(' ').unwrap_or((&operation.name, key));
        let shape = member.split('/').next().unwrap_or_default();
        own == operation.name && shapes.contains(shape)
    };
    let promised = service.outputs.iter().filter(|(key, _)| speaks(key));
    let entry = |(key, (evidence, source)): (&String, &(Evidence, String))| {
        let member = key.split_once(' ').map_or(key.as_str(), |(_, member)| member);
        (member.to_owned(), Support { evidence: *evidence, source: source.clone() })
    };
    promised.map(entry).collect()
}

/// Collects the named shapes that a schema holds.
fn reach<'a>(service: &'a Service, schema: &'a Schema, found: &mut BTreeSet<&'a str>) {
    if schema.target().is_some_and(|name| !found.insert(name)) {
        return;
    }
    let schema = service.resolve(schema);
    let members = schema.properties.iter().flat_map(|members| members.values());
    members.for_each(|member| reach(service, member, found));
    let parts = [schema.items.as_deref(), schema.additional_properties.as_deref()];
    parts.into_iter().flatten().for_each(|part| reach(service, part, found));
}
