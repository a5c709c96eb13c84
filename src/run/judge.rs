//! From a played case to its outcome: findings of every check, one verdict per level.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Session;
use super::play::{End, Played};
use crate::canonical::{self, Redactor};
use crate::check::{self, Breach};
use crate::outcome::{
    ByOperation, CaseOutcome, Evidence, Finding, Level, MOST_FINDINGS, Phase, Verdict,
};
use crate::property;
use crate::scenario::Scenario;
use crate::snapshot;
use crate::transcript::{Call, Exchange, Place};

/// A broken promise, before it is written out as a finding.
struct Told<'t> {
    check: &'static str,
    /// Level that the check gives it.
    level: Level,
    /// Index of the exchange that shows it.
    at: usize,
    exchange: &'t Exchange,
    breach: Breach,
}

/// Judges a played case.
pub(super) fn judge(session: &Session, case: &Scenario, played: &Played) -> CaseOutcome {
    let (catalogue, strict) = (&session.catalogue, session.options.strict);
    let exchanges = &played.transcript.exchanges;
    let mut told = worth_telling(session, case, played);
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

/// Returns the promises that a played case breaks, without what only repeats others.
fn worth_telling<'t>(session: &Session, case: &Scenario, played: &'t Played) -> Vec<Told<'t>> {
    let mut told = broken_promises(session, played);
    let parted = told.iter().filter(|one| is_of_state(case, one)).map(|one| one.at).min();
    told.retain(|one| {
        let of_parted = parted.is_some_and(|at| one.check == "lockstep" && one.at > at);
        let shown = parted == Some(one.at) || !is_told_elsewhere(case, one);
        !is_consequence(one) && shown && !of_parted
    });
    let exchanges = &played.transcript.exchanges;
    // The official client fails at such a list as a whole.
    let mut foreign = BTreeSet::new();
    told.retain(|one| {
        let other = one.check == "schema" && is_of_another_case(session, exchanges, one);
        if other {
            foreign.insert(one.at);
        }
        !other
    });
    told.retain(|one| one.check != "sdk" || !foreign.contains(&one.at));
    without_echoes(&mut told, exchanges);
    told
}

/// Returns the promises that a played case breaks, each with the index of the exchange that shows
/// it and the check (or property) that says so.
pub(super) fn breaches(
    session: &Session,
    case: &Scenario,
    played: &Played,
) -> Vec<(usize, &'static str, Breach)> {
    let told = worth_telling(session, case, played).into_iter();
    told.map(|one| (one.at, one.check, one.breach)).collect()
}

/// Returns what every check and every property has to say.
fn broken_promises<'t>(session: &Session, played: &'t Played) -> Vec<Told<'t>> {
    let catalogue = &session.catalogue;
    let exchanges = &played.transcript.exchanges;
    let mut told = Vec::new();
    let mut tell = |check, level: Level, at: usize, breach: Breach| {
        let Some(exchange) = exchanges.get(at) else { return };
        let level = breach.level.unwrap_or(level);
        told.push(Told { check, level, at, exchange, breach });
    };
    for (at, exchange) in exchanges.iter().enumerate() {
        for (check, breach) in check::examine(catalogue, exchange) {
            tell(check.id, check.level, at, breach);
        }
    }
    for (property, broken) in property::examine(catalogue, &played.transcript) {
        tell(property.id, property.level, broken.exchange, broken.breach);
    }
    told
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

/// Tells whether a breach is about how the stage of a generated case was answered: the cases of
/// that operation tell it, and the others would all fail for it.
fn is_told_elsewhere(case: &Scenario, told: &Told<'_>) -> bool {
    let Told { check, exchange, breach, .. } = told;
    let staged = matches!(exchange.place, Place::Step(step) if step <= case.stage);
    let own = case.operations.first().is_some_and(|name| name == exchange.call.operation());
    case.lockstep && staged && !own && *check == "lockstep" && breach.pointer.starts_with('/')
}

/// Tells whether a breach shows that the stage of a generated case left a user in another state
/// than the reference's: what is asked of that user afterwards cannot be compared.
fn is_of_state(case: &Scenario, told: &Told<'_>) -> bool {
    let Told { check, exchange, breach, .. } = told;
    let staged = matches!(exchange.place, Place::Step(step) if step <= case.stage);
    let state = breach.pointer.ends_with("/UserStatus") || breach.pointer.ends_with("/Enabled");
    case.lockstep && staged && *check == "lockstep" && state && breach.evidence.fails(false)
}

/// Tells whether a breach is about a resource in a list of the whole account that this case has
/// not made: what another case has brought about is told there.
fn is_of_another_case(session: &Session, exchanges: &[Exchange], told: &Told<'_>) -> bool {
    let Told { exchange, breach, .. } = told;
    let Some(service) = session.catalogue.services.get(exchange.call.service()) else {
        return false;
    };
    let operation = exchange.call.operation();
    let mut resources = service.resources.values();
    let Some(listed) =
        resources.find(|r| r.within.is_none() && r.list.iter().any(|name| name == operation))
    else {
        return false;
    };
    let mut parts = breach.pointer.split('/').skip(1);
    let (Some(list), Some(index)) = (parts.next(), parts.next()) else { return false };
    let output = exchange.output().unwrap_or_default();
    let item = output.pointer(&format!("/{list}/{index}")).and_then(Value::as_object);
    let ids = item.into_iter().flatten().filter(|(name, _)| name.ends_with("Id"));
    let ids: Vec<&Value> = ids.map(|(_, id)| id).collect();
    let makes = |name: &str| listed.create.iter().any(|create| create.operation == name);
    let mut made = exchanges.iter().filter(|e| makes(e.call.operation()));
    !ids.is_empty()
        && !made.any(|e| e.output().is_some_and(|made| ids.iter().any(|id| holds(&made, id))))
}

/// Tells whether a value is, or holds, another.
fn holds(value: &Value, wanted: &Value) -> bool {
    value == wanted
        || match value {
            Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
            Value::Object(members) => members.values().any(|member| holds(member, wanted)),
            _ => false,
        }
}

/// Tells whether a breach only shows what came of carrying out a call that had to be refused: a
/// list that is echoed where it was sent for a text, tokens of a pool that is not there. That it
/// was carried out is the finding; its answer has no right form.
fn is_consequence(told: &Told<'_>) -> bool {
    let Told { check, level, exchange, breach, .. } = told;
    let refused = exchange.twin.as_ref().is_some_and(|twin| twin.answer.is_err());
    let of_content = breach.pointer.starts_with('/')
        && *level != Level::Wire
        && !matches!(*check, "lockstep" | "secret-echo");
    let of_form = matches!(*check, "schema" | "sdk" | "void-body");
    refused && (of_content || of_form) && exchange.success().is_some()
}

/// Drops what says once more what another finding about the same exchange says.
fn without_echoes(told: &mut Vec<Told<'_>>, exchanges: &[Exchange]) {
    let all: &[Told<'_>] = told;
    let echoes: Vec<bool> = all.iter().map(|one| is_echo(one, all, exchanges)).collect();
    let mut echoes = echoes.into_iter();
    told.retain(|_| !echoes.next().unwrap_or(false));
}

fn is_echo(one: &Told<'_>, told: &[Told<'_>], exchanges: &[Exchange]) -> bool {
    let fires = |check: &str, at: usize| told.iter().any(|o| o.at == at && o.check == check);
    let mut beside = told.iter().filter(|other| other.at == one.at);
    match one.check {
        // Behind a fault of the server stands no code that anybody chose.
        "error-declared" | "error-header" | "lockstep" | "sdk" if fires("server-fault", one.at) => {
            true
        }
        // A value that a refused call has left is told as that.
        "schema" | "sdk" if fires("no-trace", one.at) => true,
        // The page of a crash comes from elsewhere; other answers tell what the target is like.
        "content-type" | "request-id" if fires("server-fault", one.at) => {
            let same = |other: &Told<'_>| {
                other.check == one.check && other.breach.source == one.breach.source
            };
            let breaks = |at: usize| told.iter().any(|other| other.at == at && same(other));
            exchanges.iter().enumerate().any(|(at, exchange)| {
                is_answer(exchange) && !fires("server-fault", at) && !breaks(at)
            })
        }
        // A list that ends too early lacks what the filter takes, too.
        "filter-agrees" => beside.any(|other| {
            other.check == "pages-agree"
                && other.breach.pointer == one.breach.pointer
                && other.breach.evidence >= one.breach.evidence
        }),
        "lockstep" => beside.any(|other| match other.check {
            "tokens-honest" => is_about_token(one, other),
            "error-declared" => {
                one.breach.pointer == "/__type" && one.breach.evidence < other.breach.evidence
            }
            _ => false,
        }),
        // That the reference has another code says what was expected, too.
        "error-declared" => beside.any(|other| {
            other.check == "lockstep"
                && other.breach.pointer == "/__type"
                && other.breach.evidence >= one.breach.evidence
        }),
        _ => false,
    }
}

/// Tells whether a difference from the reference is the one that `honest` found in a token: that
/// it is accepted, or what it says.
fn is_about_token(differs: &Told<'_>, honest: &Told<'_>) -> bool {
    match honest.breach.pointer.as_str() {
        "" => differs.breach.pointer == "status",
        at => differs.breach.pointer.starts_with(at),
    }
}

/// Tells whether the universal checks judge what came back.
fn is_answer(exchange: &Exchange) -> bool {
    let api = matches!(exchange.call, Call::Api { .. });
    api && exchange.reply.is_ok() && !exchange.declined && !check::throttled(exchange)
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

/// Drops from the cases of a run that a refusal has another code than promised, where the target
/// refuses the operation so, word for word, even when it has to carry it out: that is told there.
/// Within a case the property itself does so.
pub(super) fn without_refused_anyway(cases: &mut [CaseOutcome]) {
    let key = |f: &Finding| (f.operation.clone(), f.actual.clone());
    let of = |f: &Finding, pointer: &str| f.check == "lockstep" && f.pointer == pointer;
    let anyway: BTreeSet<(String, String)> = { cases.iter() }
        .flat_map(|case| &case.findings)
        .filter(|f| of(f, "status") && f.expected == property::SUCCESS)
        .map(key)
        .collect();
    for case in cases {
        let before = case.findings.len();
        case.findings.retain(|f| !(of(f, "/__type") && anyway.contains(&key(f))));
        if case.findings.len() < before {
            let CaseOutcome { findings, verdicts, .. } = case;
            for (level, verdict) in verdicts {
                let failed = matches!(verdict, Verdict::Fail | Verdict::Known { .. });
                let mut left = findings.iter().filter(|f| f.level == *level).peekable();
                let some = left.peek().is_some();
                if failed && !left.any(|f| f.fails) {
                    *verdict = if some { Verdict::Note } else { Verdict::Pass };
                }
            }
        }
    }
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
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::outcome::Evidence;
    use crate::transcript::{Call, Place, Refusal, Twin};
    use crate::wire::{Request, Response};

    const IDP: &str = "cognito-idp";

    /// An answer to a call, as the target and, if it was asked, the reference give it.
    fn exchange(status: u16, body: &str, twin: Option<Result<Value, Refusal>>) -> Exchange {
        let call = Call::Api {
            service: IDP.into(),
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
        let twin =
            twin.map(|answer| Twin { input: json!({}), answer, one_fault: true, odd: false });
        Exchange {
            place: Place::Step(1),
            call,
            request,
            reply: Ok(Response { status, headers: Vec::new(), body: body.into() }),
            sdk: None,
            expect: None,
            pages: None,
            declined: false,
            twin,
            together: None,
            elapsed_ms: 1,
        }
    }

    fn told<'t>(
        check: &'static str,
        pointer: &str,
        level: Level,
        (at, exchange): (usize, &'t Exchange),
        evidence: Evidence,
    ) -> Told<'t> {
        let breach = Breach {
            pointer: pointer.into(),
            expected: "type string".into(),
            actual: "[1]".into(),
            rule: None,
            level: None,
            evidence,
            source: "service model".into(),
        };
        Told { check, level, at, exchange, breach }
    }

    /// Holds a breach at `pointer`, told by `check_id`, of an answer that the reference refuses or
    /// gives, against whether it counts as a mere consequence.
    #[track_caller]
    fn check(refused: bool, check_id: &'static str, pointer: &str, level: Level, expected: bool) {
        let refusal =
            Refusal { code: "InvalidParameterException".into(), message: "no".into(), rule: None };
        let answer = if refused { Err(refusal) } else { Ok(json!({})) };
        let exchange = exchange(200, "{}", Some(answer));
        let told = told(check_id, pointer, level, (0, &exchange), Evidence::Modelled);
        assert_eq!(is_consequence(&told), expected);
    }

    #[test]
    fn what_an_answer_says_that_had_to_be_a_refusal_is_a_consequence() {
        check(true, "schema", "/Group/GroupName", Level::Schema, true);
        check(true, "tokens-honest", "/AuthenticationResult/IdToken", Level::Security, true);
        check(true, "sdk", "body", Level::Schema, true);
        check(true, "void-body", "body", Level::Wire, true);
        check(true, "schema", "body", Level::Schema, true);
        // That it was carried out at all is the finding.
        check(true, "create-twice", "", Level::Behaviour, false);
        check(true, "lockstep", "/__type", Level::Errors, false);
        check(true, "secret-echo", "/Password", Level::Security, false);
        check(true, "error-body", "/message", Level::Wire, false);
        check(false, "schema", "/Group/GroupName", Level::Schema, false);
        check(false, "sdk", "body", Level::Schema, false);
    }

    /// Holds what is left of these breaches, each an exchange, a check and a pointer; those of
    /// `lockstep` are of the grade given.
    #[track_caller]
    fn left(grade: Evidence, breaches: &[(usize, &'static str, &str)], expected: &[&str]) {
        let breaches: Vec<_> = breaches.iter().map(|breach| (*breach, "service model")).collect();
        left_of(grade, &breaches, expected);
    }

    /// The same, of breaches that each have a source.
    #[track_caller]
    fn left_of(
        grade: Evidence,
        breaches: &[((usize, &'static str, &str), &str)],
        expected: &[&str],
    ) {
        let exchanges = [exchange(500, "<html>", None), exchange(200, "{}", None)];
        let tell = |((at, check, pointer), source): &((usize, &'static str, &str), &str)| {
            let evidence = if *check == "lockstep" { grade } else { Evidence::Modelled };
            let mut told = told(check, pointer, Level::Errors, (*at, &exchanges[*at]), evidence);
            told.breach.source = (*source).into();
            told
        };
        let mut all: Vec<Told<'_>> = breaches.iter().map(tell).collect();
        without_echoes(&mut all, &exchanges);
        let shown: Vec<_> = all.iter().map(|one| format!("{} {}", one.at, one.check)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_crash_is_told_once() {
        let crash = (0, "server-fault", "status");
        let echoes = ["error-declared", "error-header", "lockstep", "sdk", "content-type"];
        let mut all = vec![crash];
        all.extend(echoes.iter().map(|check| (0, *check, "status")));
        left(Evidence::Observed, &all, &["0 server-fault"]);
        // Without a fault of the server each speaks for itself.
        left(Evidence::Observed, &[(0, "sdk", "body")], &["0 sdk"]);
        let kept = (0, "expectation", "status");
        left(Evidence::Observed, &[crash, kept], &["0 server-fault", "0 expectation"]);
        // One that another answer has, though in a strange form, is.
        let id = (0, "request-id", "header:x-amzn-requestid");
        let strange = (1, "request-id", "header:x-amzn-requestid");
        left_of(
            Evidence::Observed,
            &[(crash, "service model"), (id, "seen"), (strange, "another source")],
            &["0 server-fault", "1 request-id"],
        );
        // A header that lacks everywhere is no matter of the crash.
        let header = |at| (at, "content-type", "header:content-type");
        let everywhere = ["0 server-fault", "0 content-type", "1 content-type"];
        left(Evidence::Observed, &[crash, header(0), header(1)], &everywhere);
    }

    #[test]
    fn a_list_that_ends_too_early_is_no_matter_of_the_filter() {
        let (pages, filter) = ((1, "pages-agree", "/Users"), (1, "filter-agrees", "/Users"));
        left(Evidence::Observed, &[pages, filter], &["1 pages-agree"]);
        left(Evidence::Observed, &[filter], &["1 filter-agrees"]);
    }

    #[test]
    fn one_fault_is_told_by_one() {
        let (declared, differs) = ((1, "error-declared", "/__type"), (1, "lockstep", "/__type"));
        left(Evidence::Modelled, &[declared, differs], &["1 lockstep"]);
        // A note speaks for no failure.
        left(Evidence::Inferred, &[declared, differs], &["1 error-declared"]);
        let elsewhere = (0, "lockstep", "/__type");
        left(Evidence::Modelled, &[declared, elsewhere], &["1 error-declared", "0 lockstep"]);
        let taken = [(1, "tokens-honest", ""), (1, "lockstep", "status")];
        left(Evidence::Observed, &taken, &["1 tokens-honest"]);
        let id = "/AuthenticationResult/IdToken";
        let other = (1, "lockstep", "/AuthenticationResult/ExpiresIn");
        left(
            Evidence::Observed,
            &[(1, "tokens-honest", id), (1, "lockstep", id), other],
            &["1 tokens-honest", "1 lockstep"],
        );
    }

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
        let finding = Finding {
            id: "x".into(),
            check: check.into(),
            level: Level::Behaviour,
            operation: "CreateGroup".into(),
            case: "a".into(),
            step: "step 1".into(),
            pointer: String::new(),
            expected: String::new(),
            actual: String::new(),
            rule: None,
            evidence: Evidence::Documented,
            source: String::new(),
            fails: true,
            known: None,
            curl: String::new(),
            aws_cli: String::new(),
            scenario: None,
            exchange: Default::default(),
        };
        CaseOutcome {
            case: "a".into(),
            title: "a".into(),
            level: Level::Behaviour,
            operations: Vec::new(),
            verdicts: BTreeMap::from([(Level::Behaviour, Verdict::Fail)]),
            findings: vec![finding],
            elapsed_ms: 0,
            requests: 1,
            leaked: Vec::new(),
            answers: ByOperation::new(),
        }
    }

    #[test]
    fn a_race_with_two_winners_needs_no_second_showing() {
        let verdict = |first: CaseOutcome| {
            let clean = CaseOutcome { findings: Vec::new(), ..first.clone() };
            confirmed(first, &clean).verdicts.remove(&Level::Behaviour)
        };
        assert_eq!(verdict(outcome("one-winner")), Some(Verdict::Fail));
        assert_eq!(verdict(outcome("no-trace")), Some(Verdict::Flaky));
        assert_eq!(unconfirmed(outcome("one-winner")).findings.len(), 1);
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
