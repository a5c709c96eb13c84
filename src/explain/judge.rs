//! A check or property: what it asks, what supports it, what shows that it works.

use serde::Serialize;

use super::faulty::{FaultRef, How};
use super::{Contract, Explanation, Sighting, advice, sighting, target};
use crate::check::{self, CHECKS};
use crate::outcome::{Evidence, Level};
use crate::property::{self, PROPERTIES};
use crate::reference::faults;

/// Id of what compares with accepted transcripts: no check, for it knows one target's answers only.
pub(super) const SNAPSHOT: &str = "snapshot";

/// Id of what finds where two endpoints differ; not a check either.
pub(super) const AGAINST: &str = "against";

/// Everything about a check or property.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgePage {
    /// Its id.
    pub id: String,
    /// Level of what it finds; a step's own level may stand in its place.
    pub level: Level,
    /// What it asks, in a sentence.
    pub asks: String,
    /// What it looks at.
    pub looks_at: String,
    /// What supports it; none where the rule, the case or the model says it, and each finding
    /// names which.
    pub supports: Vec<Support>,
    /// Named faults that it must be the first to see.
    pub faults: Vec<FaultRef>,
    /// How many written cases it looks at.
    pub cases: usize,
    /// What a report shows of it.
    pub report: Option<Sighting>,
    /// Commands that show it at work.
    pub run: Vec<String>,
    /// What an emulator's author should do about its findings.
    pub advice: Vec<String>,
}

/// A promise: how well it is supported, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Support {
    /// Its grade.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
}

/// Returns what is known about the check or property with this id, if there is one.
pub(super) fn explain(contract: &Contract<'_>, id: &str) -> Option<Explanation> {
    let check = CHECKS.iter().find(|check| check.id == id);
    let property = PROPERTIES.iter().find(|property| property.id == id);
    match (check, property) {
        (Some(check), _) => Some(Explanation::Check(Box::new(of_check(contract, check)))),
        (_, Some(found)) => Some(Explanation::Property(Box::new(of_property(contract, found)))),
        _ if id == AGAINST => Some(Explanation::Check(Box::new(of_two_endpoints(contract)))),
        _ if id == SNAPSHOT => Some(Explanation::Check(Box::new(of_snapshots(contract)))),
        _ => None,
    }
}

/// Returns what the check or property with this id asks, and its level.
pub(super) fn asks(id: &str) -> Option<(&'static str, Level)> {
    let checks = CHECKS.iter().map(|check| (check.id, check.asks, check.level));
    let all = checks.chain(PROPERTIES.iter().map(|p| (p.id, p.asks, p.level)));
    let snapshot = [
        (SNAPSHOT, ASKS_OF_SNAPSHOTS, Level::Behaviour),
        (AGAINST, ASKS_OF_TWO_ENDPOINTS, Level::Behaviour),
    ];
    let found = all.chain(snapshot).find(|(known, ..)| *known == id);
    found.map(|(_, asks, level)| (asks, level))
}

const ASKS_OF_SNAPSHOTS: &str = "a target answers as it did when its snapshot was accepted";

const ASKS_OF_TWO_ENDPOINTS: &str = "a target answers as the endpoint that it is held against";

fn of_two_endpoints(contract: &Contract<'_>) -> JudgePage {
    let supports = vec![support(Evidence::Inferred, "what the other endpoint answers meanwhile")];
    let looks_at = "the canonical transcripts of each case on both, of a run with `--against`";
    let asked = (AGAINST, ASKS_OF_TWO_ENDPOINTS, Level::Behaviour);
    let mut page = page(contract, asked, looks_at, supports);
    let target = target(contract);
    page.run = vec![format!("cognito-conformance run --target {target} --against URL")];
    page
}

fn of_check(contract: &Contract<'_>, check: &check::Check) -> JudgePage {
    let supports = check.promises.iter().map(|p| support(p.evidence, p.source)).collect();
    let looks_at = match check.id {
        "expectation" => "every step of a case that expects something",
        _ => {
            "every exchange anybody makes: set-ups, steps and teardown of written and generated cases"
        }
    };
    page(contract, (check.id, check.asks, check.level), looks_at, supports)
}

fn of_property(contract: &Contract<'_>, property: &property::Property) -> JudgePage {
    let supports = property.promises.iter().map(|p| support(p.evidence, p.source)).collect();
    let looks_at = match property.id {
        "lockstep" => {
            "each step of generated cases, of written ones under `--lockstep` or with `lockstep: true`"
        }
        _ => "the whole transcript of every case, written or generated",
    };
    page(contract, (property.id, property.asks, property.level), looks_at, supports)
}

fn of_snapshots(contract: &Contract<'_>) -> JudgePage {
    let supports = vec![support(Evidence::Inferred, "what the target itself answered before")];
    let looks_at = "the canonical transcript of each case that has a snapshot of this target";
    let cases = contract.snapshots.cases().count();
    let asked = (SNAPSHOT, ASKS_OF_SNAPSHOTS, Level::Behaviour);
    let mut page = JudgePage { cases, ..page(contract, asked, looks_at, supports) };
    page.run = vec!["cognito-conformance record readme && git diff snapshots".into()];
    page
}

fn support(evidence: Evidence, source: &str) -> Support {
    Support { evidence, source: source.into() }
}

fn page(
    contract: &Contract<'_>,
    (id, asks, level): (&str, &str, Level),
    looks_at: &str,
    supports: Vec<Support>,
) -> JudgePage {
    let faults: Vec<FaultRef> = faults::all()
        .filter(|fault| fault.caught_by == id)
        .map(|fault| FaultRef::of(fault, How::Breaks))
        .collect();
    let mut run = vec![format!("cognito-conformance run --target {}", target(contract))];
    let show = |fault: &FaultRef| {
        format!("cognito-conformance self-check --generated --fault {} --print", fault.name)
    };
    run.extend(faults.first().map(show));
    JudgePage {
        id: id.into(),
        level,
        asks: asks.into(),
        looks_at: looks_at.into(),
        supports,
        faults,
        cases: contract.suite.cases.len(),
        report: sighting::of(contract, |finding| finding.check == id),
        run,
        advice: advice::of_judge(id).map(str::to_owned).into_iter().collect(),
    }
}
