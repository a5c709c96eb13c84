//! From a played case to its outcome: findings of every check, one verdict per level.

use std::collections::{BTreeMap, BTreeSet};

use super::Session;
use super::echoes::{Told, worth_telling};
use super::play::{End, Played};
use crate::canonical::{self, Redactor};
use crate::check::{self, Breach};
use crate::outcome::{
    ByOperation, CaseOutcome, Evidence, Finding, Level, MOST_FINDINGS, Phase, Verdict,
};
use crate::scenario::Scenario;
use crate::snapshot;
use crate::transcript::{Call, Exchange, Place};

/// Judges a played case.
pub(super) fn judge(session: &Session, case: &Scenario, played: &Played) -> CaseOutcome {
    let (catalogue, strict) = (&session.catalogue, session.options.strict);
    let exchanges = &played.transcript.exchanges;
    let mut told = worth_telling(&session.catalogue, case, played);
    // What a case does not ask about in words counts towards its own question.
    let asked = |level: Level| is_universal(level) || case.lockstep;
    for one in &mut told {
        one.level = if asked(one.level) { one.level } else { case.level };
    }
    // A step that is repeated until it holds says the same every time.
    let mut seen = BTreeSet::new();
    told.retain(|one| {
        let (pointer, operation) = (one.breach.pointer.clone(), one.exchange.call.operation());
        seen.insert((one.check, operation.to_owned(), pointer, one.exchange.place.to_string()))
    });
    // Reading a transcript for its secrets is dear, and most have nothing to report.
    let redactor = match told.is_empty() && !has_snapshot(session, case) {
        true => Redactor::new(catalogue),
        false => Redactor::over(catalogue, &played.transcript),
    };
    let drift = drift(session, case, played, &redactor);
    let failing = told.iter().map(|one| (one.level, one.breach.evidence.fails(strict)));
    let failing = failing.chain(drift.iter().map(|drift| (drift.level, drift.fails)));
    let verdicts = verdicts(case, &played.end, &failing.collect::<Vec<_>>());
    let ids: Vec<String> = { told.iter() }
        .map(|one| check::finding_id(one.check, &one.exchange.call.subject(), &one.breach))
        .collect();
    let kept = worth_reporting(&ids);
    let findings = told.into_iter().zip(ids).zip(kept).filter(|(_, kept)| *kept);
    let findings = findings.map(|((one, id), _)| finding(session, case, &redactor, one, id));
    CaseOutcome {
        verdicts,
        findings: findings.chain(drift).collect(),
        requests: played.transcript.exchanges.len() as u64,
        leaked: played.leaked.clone(),
        answers: Phase::of(&case.id).map(|_| answers(exchanges)).unwrap_or_default(),
        ..without_playing(case, &Verdict::Pass)
    }
}

/// Returns the promises that a played case breaks, each with the index of the exchange that shows
/// it and the check (or property) that says so.
pub(super) fn breaches(
    session: &Session,
    case: &Scenario,
    played: &Played,
) -> Vec<(usize, &'static str, Breach)> {
    let told = worth_telling(&session.catalogue, case, played).into_iter();
    told.map(|one| (one.at, one.check, one.breach)).collect()
}

/// Tells, id by id, which findings are reported where there are too many: the first of every
/// kind, then as many others as there is room for.
fn worth_reporting(ids: &[String]) -> Vec<bool> {
    let mut kinds = BTreeSet::new();
    let firsts: Vec<bool> = ids.iter().map(|id| kinds.insert(id)).collect();
    let mut room = MOST_FINDINGS.saturating_sub(kinds.len());
    let mut has_room = || {
        let some = room > 0;
        room = room.saturating_sub(1);
        some
    };
    firsts.into_iter().map(|first| first || has_room()).collect()
}

/// Writes out a broken promise.
fn finding(
    session: &Session,
    case: &Scenario,
    redactor: &Redactor<'_>,
    told: Told<'_>,
    id: String,
) -> Finding {
    let Told { check, level, exchange, breach, .. } = told;
    Finding {
        id,
        check: check.into(),
        level,
        operation: exchange.call.operation().into(),
        case: case.id.clone(),
        step: exchange.place.to_string(),
        pointer: redactor.text(&breach.pointer),
        expected: redactor.text(&breach.expected),
        actual: redactor.text(&breach.actual),
        rule: breach.rule,
        evidence: breach.evidence,
        source: breach.source,
        fails: breach.evidence.fails(session.options.strict),
        known: None,
        curl: canonical::curl(&session.catalogue, "$URL", exchange, redactor),
        aws_cli: canonical::aws_cli("$URL", exchange, redactor),
        scenario: None,
        exchange: canonical::record(exchange, redactor),
    }
}

/// Counts how each operation was answered, clean-up apart.
pub(super) fn answers(exchanges: &[Exchange]) -> ByOperation {
    let mut answers = ByOperation::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.place != Place::Teardown) {
        let Call::Api { service, operation, .. } = &exchange.call else { continue };
        let Ok(response) = &exchange.reply else { continue };
        let answers = answers.entry(format!("{service}:{operation}")).or_default();
        if response.is_success() {
            answers.accepted += 1;
        } else {
            answers.refused += 1;
            answers.codes.extend(response.error_code());
        }
    }
    answers
}

fn has_snapshot(session: &Session, case: &Scenario) -> bool {
    session.options.snapshots.of(&case.id, session.target.name()).is_some()
}

/// Compares with the snapshot that was accepted for this target, if there is one.
fn drift(
    session: &Session,
    case: &Scenario,
    played: &Played,
    redactor: &Redactor<'_>,
) -> Option<Finding> {
    let accepted = session.options.snapshots.of(&case.id, session.target.name())?;
    let now = snapshot::text(&session.catalogue, &played.transcript, &played.own);
    let differences = snapshot::differences(&accepted.text, &now);
    let others = differences.len().saturating_sub(1);
    let snapshot::Difference { pointer, accepted: expected, now: actual } =
        differences.into_iter().next()?;
    let actual = match others {
        0 => actual,
        1 => format!("{actual} (and one more place)"),
        others => format!("{actual} (and {others} more places)"),
    };
    let evidence = accepted.origin.evidence;
    let index = pointer.split('/').nth(1).and_then(|index| index.parse::<usize>().ok());
    let exchange = index.and_then(|index| played.transcript.exchanges.get(index));
    Some(Finding {
        id: format!("snapshot-{}", case.id),
        check: "snapshot".into(),
        level: case.level,
        operation: exchange.map(|e| e.call.operation().to_owned()).unwrap_or_default(),
        case: case.id.clone(),
        step: exchange.map(|e| e.place.to_string()).unwrap_or_default(),
        pointer,
        expected: redactor.text(&expected),
        actual: redactor.text(&actual),
        rule: None,
        evidence,
        source: format!("snapshot recorded from {}", accepted.origin),
        fails: evidence.fails(session.options.strict),
        known: None,
        curl: exchange
            .map(|e| canonical::curl(&session.catalogue, "$URL", e, redactor))
            .unwrap_or_default(),
        aws_cli: exchange.map(|e| canonical::aws_cli("$URL", e, redactor)).unwrap_or_default(),
        scenario: None,
        exchange: exchange.map(|e| canonical::record(e, redactor)).unwrap_or_default(),
    })
}

/// Adds what came of a further part of the same case.
pub(super) fn add(outcome: &mut CaseOutcome, part: CaseOutcome) {
    outcome.requests += part.requests;
    outcome.leaked.extend(part.leaked);
    for (operation, answers) in part.answers {
        outcome.answers.entry(operation).or_default().merge(answers);
    }
    let known: BTreeSet<Key> = outcome.findings.iter().map(key).collect();
    outcome.findings.extend(part.findings.into_iter().filter(|f| !known.contains(&key(f))));
    for (level, verdict) in part.verdicts {
        graver(outcome, level, verdict);
    }
}

/// Keeps the graver of a verdict and the one there is on a level.
pub(super) fn graver(outcome: &mut CaseOutcome, level: Level, verdict: Verdict) {
    let slot = outcome.verdicts.entry(level).or_insert(Verdict::Pass);
    if weight(&verdict) > weight(slot) {
        *slot = verdict;
    }
}

/// Which of two verdicts on parts of a case speaks for the whole.
fn weight(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Note => 1,
        Verdict::Skipped { .. } => 2,
        Verdict::Unsupported { .. } => 3,
        Verdict::Indeterminate { .. } => 4,
        Verdict::Flaky => 5,
        Verdict::Known { .. } | Verdict::Fail => 6,
    }
}

/// Returns the outcome of a case that was not played, for the reason `verdict` gives.
pub(super) fn without_playing(case: &Scenario, verdict: &Verdict) -> CaseOutcome {
    CaseOutcome {
        case: case.id.clone(),
        title: case.title.clone(),
        level: case.level,
        operations: case.operations.clone(),
        verdicts: levels(case).into_iter().map(|level| (level, verdict.clone())).collect(),
        findings: Vec::new(),
        elapsed_ms: 0,
        requests: 0,
        leaked: Vec::new(),
        answers: ByOperation::new(),
    }
}

/// Keeps of the first outcome what the confirming run shows again; what it does not is flaky.
pub(super) fn confirmed(mut first: CaseOutcome, second: &CaseOutcome) -> CaseOutcome {
    first.requests += second.requests;
    first.leaked.extend(second.leaked.clone());
    let again: BTreeSet<Key> = second.findings.iter().filter(|f| f.fails).map(key).collect();
    let shown = |finding: &Finding| is_proof(finding) || again.contains(&key(finding));
    for (level, verdict) in &mut first.verdicts {
        let mut failing = first.findings.iter().filter(|f| f.fails && f.level == *level);
        if *verdict == Verdict::Fail && !failing.any(shown) {
            *verdict = match second.verdicts.get(level) {
                Some(Verdict::Indeterminate { reason }) => {
                    Verdict::Indeterminate { reason: reason.clone() }
                }
                _ => Verdict::Flaky,
            };
        }
    }
    let steady = |finding: &Finding| {
        !finding.fails
            || shown(finding)
            || first.verdicts.get(&finding.level) == Some(&Verdict::Flaky)
    };
    first.findings.retain(steady);
    first
}

/// Withdraws what fails: the run was cut short before it could be seen to come again.
pub(super) fn unconfirmed(mut first: CaseOutcome) -> CaseOutcome {
    first.findings.retain(|finding| !finding.fails || is_proof(finding));
    let proven: BTreeSet<Level> =
        first.findings.iter().filter(|f| f.fails).map(|f| f.level).collect();
    for (level, verdict) in &mut first.verdicts {
        if *verdict == Verdict::Fail && !proven.contains(level) {
            let reason = "the run was cut short before a failure was confirmed".into();
            *verdict = Verdict::Indeterminate { reason };
        }
    }
    first
}

/// Tells whether a failure needs no second showing: of a race that two have won the record is
/// the proof, and it is seldom lost twice in the same way.
fn is_proof(finding: &Finding) -> bool {
    finding.check == "one-winner" && finding.evidence > Evidence::Inferred
}

/// What one confirmation stands for: the same promise broken in the same way. What a case
/// expects in its own words, by no rule, is confirmed in that case.
pub(super) fn kind(finding: &Finding) -> String {
    let own = finding.check == "expectation" && finding.rule.is_none();
    let case = if own { finding.case.as_str() } else { "" };
    format!("{} {case}", finding.id)
}

/// What makes two findings of one case the same.
type Key = (String, String, String, String);

fn key(finding: &Finding) -> Key {
    let Finding { check, operation, pointer, step, .. } = finding;
    (check.clone(), operation.clone(), pointer.clone(), step.clone())
}

/// The levels every case says something about, whatever it asks.
fn is_universal(level: Level) -> bool {
    matches!(level, Level::Wire | Level::Schema)
}

/// A case in lockstep asks everything that can be asked of its calls.
fn levels(case: &Scenario) -> BTreeSet<Level> {
    if case.lockstep {
        return Level::ALL.into();
    }
    BTreeSet::from([Level::Wire, Level::Schema, case.level])
}

/// Returns the verdicts on a case, from the level of each finding and whether it fails.
fn verdicts(case: &Scenario, end: &End, found: &[(Level, bool)]) -> BTreeMap<Level, Verdict> {
    let verdict = |level: Level| {
        let mut here = found.iter().filter(|(of, _)| *of == level).peekable();
        let noted = here.peek().is_some();
        if here.any(|(_, fails)| *fails) {
            return Verdict::Fail;
        }
        match end {
            End::Unsupported(operation) => Verdict::Unsupported { operation: operation.clone() },
            End::Skipped(reason) => Verdict::Skipped { reason: reason.clone() },
            End::Indeterminate(reason) | End::Unfilled(reason) => {
                Verdict::Indeterminate { reason: reason.clone() }
            }
            End::Finished | End::Broken | End::Diverged(_) if noted => Verdict::Note,
            End::Broken if level == case.level => {
                Verdict::Indeterminate { reason: "a step could not be played".into() }
            }
            End::Finished | End::Broken | End::Diverged(_) => Verdict::Pass,
        }
    };
    levels(case).into_iter().map(|level| (level, verdict(level))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::samples;

    #[test]
    fn the_first_of_every_kind_is_reported() {
        let mut ids = vec!["a".to_owned(); 80];
        ids.push("b".into());
        let kept = worth_reporting(&ids);
        assert_eq!(kept.iter().filter(|kept| **kept).count(), MOST_FINDINGS);
        assert!(kept[0] && kept[48] && !kept[49] && kept[80]);
        let all: Vec<String> = (0..60).map(|n| n.to_string()).collect();
        assert!(worth_reporting(&all).into_iter().all(|kept| kept));
    }

    fn outcome(check: &str) -> CaseOutcome {
        let finding = Finding { check: check.into(), ..samples::finding() };
        samples::outcome(Level::Errors, Verdict::Fail, vec![finding])
    }

    #[test]
    fn a_race_with_two_winners_needs_no_second_showing() {
        let verdict = |first: CaseOutcome| {
            let clean = CaseOutcome { findings: Vec::new(), ..first.clone() };
            confirmed(first, &clean).verdicts.remove(&Level::Errors)
        };
        assert_eq!(verdict(outcome("one-winner")), Some(Verdict::Fail));
        assert_eq!(verdict(outcome("no-trace")), Some(Verdict::Flaky));
        assert_eq!(unconfirmed(outcome("one-winner")).findings.len(), 1);
    }

    #[test]
    fn a_failure_that_was_not_confirmed_is_not_reported() {
        let verdicts =
            BTreeMap::from([(Level::Wire, Verdict::Pass), (Level::Errors, Verdict::Fail)]);
        let first =
            CaseOutcome { verdicts, ..samples::outcome(Level::Errors, Verdict::Fail, Vec::new()) };
        let outcome = unconfirmed(first);
        assert!(matches!(outcome.verdict(), Verdict::Indeterminate { .. }));
        assert_eq!(outcome.verdicts[&Level::Wire], Verdict::Pass);
    }
}
