//! What a report shows of something.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Contract;
use crate::outcome::Finding;

/// How often something shows in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sighting {
    /// Path of the report.
    pub report: String,
    /// The target of its run.
    pub target: String,
    /// How many findings.
    pub findings: usize,
    /// How many of them fail.
    pub failing: usize,
    /// How often each finding came, by id.
    pub ids: BTreeMap<String, usize>,
    /// Ids of the cases they came in.
    pub cases: BTreeSet<String>,
}

/// Returns what the report shows of the findings that `concerns` takes; `None` without a report.
pub(super) fn of(contract: &Contract<'_>, concerns: impl Fn(&Finding) -> bool) -> Option<Sighting> {
    let report = contract.report?;
    let mut sighting = Sighting {
        report: report.path.into(),
        target: report.run.target.clone(),
        findings: 0,
        failing: 0,
        ids: BTreeMap::new(),
        cases: BTreeSet::new(),
    };
    for finding in report.run.findings().filter(|finding| concerns(finding)) {
        sighting.findings += 1;
        sighting.failing += usize::from(finding.fails);
        *sighting.ids.entry(finding.id.clone()).or_default() += 1;
        sighting.cases.insert(finding.case.clone());
    }
    Some(sighting)
}
