//! From a played case to its outcome: findings of every check, one verdict per level.

use std::collections::{BTreeMap, BTreeSet};

use super::Session;
use super::play::{End, Played};
use crate::canonical::{self, Redactor};
use crate::check::{self, Breach};
use crate::outcome::{ByOperation, CaseOutcome, Finding, Level, Phase, Verdict};
use crate::property;
use crate::scenario::Scenario;
use crate::snapshot;
use crate::transcript::{Call, Exchange, Place};

/// Most findings one case reports; more would say the same again.
const MOST_FINDINGS: usize = 50;

/// Judges a played case.
pub(super) fn judge(session: &Session, case: &Scenario, played: &Played) -> CaseOutcome {
    let catalogue = &session.catalogue;
    let exchanges = &played.transcript.exchanges;
    let mut breaches = Vec::new();
    for exchange in exchanges {
        let found = check::examine(catalogue, exchange).into_iter();
        breaches.extend(found.map(|(check, breach)| (check.id, check.level, exchange, breach)));
    }
    for (property, broken) in property::examine(catalogue, &played.transcript) {
        if let Some(exchange) = exchanges.get(broken.exchange) {
            breaches.push((property.id, property.level, exchange, broken.breach));
        }
    }
    breaches.retain(|(check, level, exchange, breach)| {
        !is_consequence(check, breach.level.unwrap_or(*level), exchange, breach)
            && !is_told_elsewhere(case, check, exchange, breach)
    });
    // Reading a transcript for its secrets is dear, and most have nothing to report.
    let redactor = match breaches.is_empty() && !has_snapshot(session, case) {
        true => Redactor::new(catalogue),
        false => Redactor::over(catalogue, &played.transcript),
    };
    let mut findings = Vec::new();
    for (check, level, exchange, breach) in breaches {
        // What a case does not ask about in words counts towards its own question.
        let level = breach.level.unwrap_or(level);
        let level = if is_universal(level) || case.lockstep { level } else { case.level };
        findings.push(Finding {
            id: check::finding_id(check, &exchange.call.subject(), &breach),
            check: check.into(),
            level,
            operation: exchange.call.operation().into(),
            case: case.id.clone(),
            step: exchange.place.to_string(),
            pointer: breach.pointer.clone(),
            expected: redactor.text(&breach.expected),
            actual: redactor.text(&breach.actual),
            rule: breach.rule.clone(),
            evidence: breach.evidence,
            source: breach.source.clone(),
            fails: breach.evidence.fails(session.options.strict),
            curl: canonical::curl(catalogue, "$URL", exchange, &redactor),
            aws_cli: canonical::aws_cli("$URL", exchange, &redactor),
            scenario: None,
            exchange: canonical::record(exchange, &redactor),
        });
    }
    // A step that is repeated until it holds says the same every time.
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(key(finding)));
    findings.truncate(MOST_FINDINGS);
    findings.extend(drift(session, case, played, &redactor));
    let verdicts = verdicts(case, &played.end, &findings);
    CaseOutcome {
        verdicts,
        findings,
        requests: played.transcript.exchanges.len() as u64,
        leaked: played.leaked.clone(),
        answers: Phase::of(&case.id).map(|_| answers(exchanges)).unwrap_or_default(),
        ..without_playing(case, &Verdict::Pass)
    }
}

/// Tells whether a breach is about how the stage of a generated case was answered: the cases of
/// that operation tell it, and the others would all fail for it.
fn is_told_elsewhere(case: &Scenario, check: &str, exchange: &Exchange, breach: &Breach) -> bool {
    let staged = matches!(exchange.place, Place::Step(step) if step <= case.stage);
    let own = case.operations.first().is_some_and(|name| name == exchange.call.operation());
    case.lockstep && staged && !own && check == "lockstep" && breach.pointer.starts_with('/')
}

/// Tells whether a breach only shows what came of carrying out a call that had to be refused: a
/// list that is echoed where it was sent for a text, tokens of a pool that is not there. That it
/// was carried out is the finding; its answer has no right form.
fn is_consequence(check: &str, level: Level, exchange: &Exchange, breach: &Breach) -> bool {
    let refused = exchange.twin.as_ref().is_some_and(|twin| twin.answer.is_err());
    let of_content = breach.pointer.starts_with('/')
        && level != Level::Wire
        && !matches!(check, "lockstep" | "secret-echo");
    refused && of_content && exchange.success().is_some()
}

/// Counts how each operation was answered, clean-up apart.
fn answers(exchanges: &[Exchange]) -> ByOperation {
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
    let (pointer, expected, actual) = snapshot::difference(&accepted.text, &now)?;
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
        evidence: accepted.evidence,
        source: format!("snapshot: {}", accepted.origin()),
        fails: accepted.evidence.fails(session.options.strict),
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
        let slot = outcome.verdicts.entry(level).or_insert(Verdict::Pass);
        if weight(&verdict) > weight(slot) {
            *slot = verdict;
        }
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
        Verdict::Fail => 6,
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
    for (level, verdict) in &mut first.verdicts {
        let mut failing = first.findings.iter().filter(|f| f.fails && f.level == *level);
        if *verdict == Verdict::Fail && !failing.any(|finding| again.contains(&key(finding))) {
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
            || again.contains(&key(finding))
            || first.verdicts.get(&finding.level) == Some(&Verdict::Flaky)
    };
    first.findings.retain(steady);
    first
}

/// Withdraws what fails: the run was cut short before it could be seen to come again.
pub(super) fn unconfirmed(mut first: CaseOutcome) -> CaseOutcome {
    first.findings.retain(|finding| !finding.fails);
    for verdict in first.verdicts.values_mut().filter(|verdict| **verdict == Verdict::Fail) {
        let reason = "the run was cut short before a failure was confirmed".into();
        *verdict = Verdict::Indeterminate { reason };
    }
    first
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

fn verdicts(case: &Scenario, end: &End, findings: &[Finding]) -> BTreeMap<Level, Verdict> {
    let verdict = |level: Level| {
        let mut here = findings.iter().filter(|finding| finding.level == level).peekable();
        let noted = here.peek().is_some();
        if here.any(|finding| finding.fails) {
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
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::outcome::Evidence;
    use crate::transcript::{Call, Place, Refusal, Twin};
    use crate::wire::{Request, Response};

    /// Holds a breach at `pointer`, told by `check_id`, of an answer that the reference refuses or
    /// gives, against whether it counts as a mere consequence.
    #[track_caller]
    fn check(refused: bool, check_id: &str, pointer: &str, level: Level, expected: bool) {
        let refusal =
            Refusal { code: "InvalidParameterException".into(), message: "no".into(), rule: None };
        let answer = if refused { Err(refusal) } else { Ok(json!({})) };
        let call = Call::Api {
            service: "cognito-idp".into(),
            operation: "CreateGroup".into(),
            input: json!({}),
            signed: true,
        };
        let request = Request {
            method: "POST".into(),
            path: "/".into(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let exchange = Exchange {
            place: Place::Step(1),
            call,
            request,
            reply: Ok(Response { status: 200, headers: Vec::new(), body: b"{}".into() }),
            sdk: None,
            expect: None,
            pages: None,
            declined: false,
            twin: Some(Twin { input: json!({}), answer, one_fault: true, odd: false }),
            together: None,
            elapsed_ms: 1,
        };
        let breach = Breach {
            pointer: pointer.into(),
            expected: "type string".into(),
            actual: "[1]".into(),
            rule: None,
            level: None,
            evidence: Evidence::Modelled,
            source: "service model".into(),
        };
        assert_eq!(is_consequence(check_id, level, &exchange, &breach), expected);
    }

    #[test]
    fn what_an_answer_says_that_had_to_be_a_refusal_is_a_consequence() {
        check(true, "schema", "/Group/GroupName", Level::Schema, true);
        check(true, "tokens-honest", "/AuthenticationResult/IdToken", Level::Security, true);
        // That it was carried out at all is the finding.
        check(true, "create-twice", "", Level::Behaviour, false);
        check(true, "lockstep", "/__type", Level::Errors, false);
        check(true, "secret-echo", "/Password", Level::Security, false);
        check(true, "error-body", "/message", Level::Wire, false);
        check(false, "schema", "/Group/GroupName", Level::Schema, false);
    }

    #[test]
    fn a_failure_that_was_not_confirmed_is_not_reported() {
        let verdicts =
            BTreeMap::from([(Level::Wire, Verdict::Pass), (Level::Errors, Verdict::Fail)]);
        let first = CaseOutcome {
            case: "a".into(),
            title: "a".into(),
            level: Level::Errors,
            operations: Vec::new(),
            verdicts,
            findings: Vec::new(),
            elapsed_ms: 0,
            requests: 1,
            leaked: Vec::new(),
            answers: ByOperation::new(),
        };
        let outcome = unconfirmed(first);
        assert!(matches!(outcome.verdict(), Verdict::Indeterminate { .. }));
        assert_eq!(outcome.verdicts[&Level::Wire], Verdict::Pass);
    }
}
