//! What a run keeps of what was exchanged: all of it for the first few findings of a kind, the
//! others are told without. A report that repeats them all reaches hundreds of megabytes.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{CaseOutcome, Finding, Verdict};

/// How many findings of a kind keep their exchanges.
const KEPT: usize = 3;

/// What keeps its own count: findings of one id that fail, or that are notes.
type Kind = (String, bool);

fn kind(finding: &Finding) -> Kind {
    (finding.id.clone(), finding.fails)
}

/// Drops exchanges while outcomes come in, in any order: those of the first cases, by id, stay.
#[derive(Debug, Default)]
pub(super) struct Trimmer {
    /// For each kind, the findings that keep theirs: case, and place among its findings.
    kept: BTreeMap<Kind, BTreeSet<(String, usize)>>,
    /// Where the outcomes of cases stand.
    places: BTreeMap<String, usize>,
}

impl Trimmer {
    /// Takes in an outcome that is about to be added to the others.
    pub(super) fn take(&mut self, outcome: &mut CaseOutcome, others: &mut [CaseOutcome]) {
        // Such a case may be played once more: what it shows then counts.
        if matches!(outcome.verdict(), Verdict::Unsupported { .. }) {
            return;
        }
        self.places.insert(outcome.case.clone(), others.len());
        for index in 0..outcome.findings.len() {
            let kept = self.kept.entry(kind(&outcome.findings[index])).or_default();
            kept.insert((outcome.case.clone(), index));
            let Some((case, index)) = (kept.len() > KEPT).then(|| kept.pop_last()).flatten() else {
                continue;
            };
            let loser = match case == outcome.case {
                true => Some(&mut *outcome),
                false => self.places.get(&case).and_then(|place| others.get_mut(*place)),
            };
            if let Some(finding) = loser.and_then(|loser| loser.findings.get_mut(index)) {
                finding.forget_exchange();
            }
        }
    }
}

/// Drops what is too much among all outcomes, sorted by id.
pub(super) fn trim(outcomes: &mut [CaseOutcome]) {
    let mut seen: BTreeMap<Kind, usize> = BTreeMap::new();
    for finding in outcomes.iter_mut().flat_map(|outcome| &mut outcome.findings) {
        let seen = seen.entry(kind(finding)).or_default();
        *seen += 1;
        if *seen > KEPT {
            finding.forget_exchange();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{ExchangeRecord, Level, samples};

    fn outcome(case: usize, ids: &[&str]) -> CaseOutcome {
        let finding = |id: &&str| Finding {
            id: (*id).to_owned(),
            case: format!("case-{case}"),
            curl: "curl".into(),
            aws_cli: "aws".into(),
            exchange: ExchangeRecord { status: 200, ..ExchangeRecord::default() },
            ..samples::finding()
        };
        let findings = ids.iter().map(finding).collect();
        let case = format!("case-{case}");
        CaseOutcome { case, ..samples::outcome(Level::Errors, Verdict::Fail, findings) }
    }

    /// Takes outcomes in as they come; returns which findings keep their exchanges.
    #[track_caller]
    fn check(order: [usize; 5], expected: &[(&str, &str)]) {
        let mut trimmer = Trimmer::default();
        let mut outcomes = Vec::new();
        for case in order {
            let ids: &[&str] = if case == 2 { &["x", "x", "y"] } else { &["x"] };
            let mut outcome = outcome(case, ids);
            trimmer.take(&mut outcome, &mut outcomes);
            outcomes.push(outcome);
        }
        outcomes.sort_by(|a, b| a.case.cmp(&b.case));
        let before = outcomes.clone();
        trim(&mut outcomes);
        assert_eq!(outcomes, before, "nothing was left to trim");
        let whole = outcomes.iter().flat_map(|outcome| &outcome.findings);
        let whole: Vec<_> = whole
            .filter(|finding| !finding.exchange.is_absent() && !finding.curl.is_empty())
            .map(|finding| (finding.case.as_str(), finding.id.as_str()))
            .collect();
        assert_eq!(whole, expected);
    }

    #[test]
    fn the_first_cases_keep_their_exchanges_whatever_comes_first() {
        let kept = [("case-1", "x"), ("case-2", "x"), ("case-2", "x"), ("case-2", "y")];
        check([1, 2, 3, 4, 5], &kept);
        check([5, 4, 3, 2, 1], &kept);
        check([3, 5, 2, 1, 4], &kept);
    }
}
