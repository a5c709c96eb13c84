//! A target held against another endpoint: the same case on both, under names of its own on each.
//!
//! What counts is what both of two playings show. What differs within the other endpoint's own two
//! is its whim and is never told. Nobody is judged; which of the two breaks a promise that the
//! contract knows is told beside each difference.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::contrast::{Contrast, Contrasted, Side, contrast, is_about};
use super::play::{Attempt, End, Played, play};
use super::{MOST_PARTS, Part, Session, judge};
use crate::canonical::{self, Redactor};
use crate::check::{self, Breach};
use crate::outcome::{CaseOutcome, Evidence, Finding, MOST_FINDINGS, Phase, Verdict};
use crate::scan;
use crate::scenario::Scenario;
use crate::target::Capability;
use crate::transcript::{Place, Transcript};

/// Id of what finds where two endpoints differ.
const AGAINST: &str = "against";

/// One case on both endpoints.
struct Pair {
    here: Played,
    there: Played,
}

impl Session {
    /// Plays a case on the target and on `other`, and once more where they differ; returns where
    /// they do.
    pub(super) async fn hold_against(&self, other: &Arc<Self>, case: &Scenario) -> CaseOutcome {
        if let Some(verdict) = self.cannot_compare(other, case) {
            return judge::without_playing(case, &verdict);
        }
        if case.needs.contains(&Capability::Clock) {
            let _alone = (self.clock.write().await, other.clock.write().await);
            self.compare(other, case).await
        } else {
            let _shared = (self.clock.read().await, other.clock.read().await);
            self.compare(other, case).await
        }
    }

    /// Says why a case cannot be played on one of the two, if it cannot.
    fn cannot_compare(&self, other: &Self, case: &Scenario) -> Option<Verdict> {
        let named = |side: &Self, what: &str| Verdict::Skipped {
            reason: format!("{}: {what}", side.target.name()),
        };
        if let Some(reason) = self.lacks(case) {
            return Some(named(self, &reason));
        }
        if let Some(operation) = self.declared_unsupported(case) {
            return Some(Verdict::Unsupported { operation });
        }
        if let Some(reason) = other.lacks(case) {
            return Some(named(other, &reason));
        }
        let declined = other.declared_unsupported(case)?;
        Some(named(other, &format!("the target declines {declined}")))
    }

    async fn compare(&self, other: &Self, case: &Scenario) -> CaseOutcome {
        let mut outcome = judge::without_playing(case, &Verdict::Pass);
        outcome.verdicts = [(case.level, Verdict::Pass)].into();
        let mut from = case.stage;
        for part in 0..MOST_PARTS {
            let label = |attempt: Attempt| match part {
                0 => attempt,
                part => Attempt::Part(Box::new(attempt), part),
            };
            let pair = self.play_pair(other, case, label(Attempt::First), from).await;
            let found = self.contrasted(case, &pair.here, &pair.there);
            let mut verdict = self.verdict(other, &pair);
            self.count(&mut outcome, case, &pair);
            if !found.contrasts.is_empty() {
                let steady = match self.is_cancelled() {
                    true => Vec::new(),
                    false => {
                        let again =
                            self.play_pair(other, case, label(Attempt::Confirming), from).await;
                        self.count(&mut outcome, case, &again);
                        self.steady(case, &found, &pair, &again)
                    }
                };
                if self.is_cancelled() && steady.is_empty() {
                    let reason = "the run was cut short before a difference was confirmed".into();
                    verdict = Verdict::Indeterminate { reason };
                }
                if !steady.is_empty() {
                    verdict = Verdict::Fail;
                    let findings = self.findings(other, case, &pair, &steady);
                    outcome.findings.extend(findings);
                }
            }
            judge::graver(&mut outcome, case.level, verdict);
            match next_part(case, &pair, &found) {
                Some(next) if next > from && !self.is_cancelled() => from = next,
                _ => break,
            }
        }
        outcome.findings.truncate(MOST_FINDINGS);
        outcome
    }

    async fn play_pair(
        &self,
        other: &Self,
        case: &Scenario,
        attempt: Attempt,
        from: usize,
    ) -> Pair {
        let beside = Attempt::Beside(Box::new(attempt.clone()));
        let there = async {
            let _slot = other.slots.acquire().await.expect("nobody closes it");
            play(other, case, beside, from).await
        };
        let (here, there) = futures_util::future::join(self.play(case, attempt, from), there).await;
        Pair { here, there }
    }

    fn contrasted(&self, case: &Scenario, here: &Played, there: &Played) -> Contrasted {
        let begun = Instant::now();
        let found = contrast(&self.catalogue, case, side(here), side(there));
        self.meter.add(Part::Judge, begun);
        found
    }

    /// Keeps what shows in both playings and is no whim of the other endpoint.
    fn steady(
        &self,
        case: &Scenario,
        found: &Contrasted,
        first: &Pair,
        again: &Pair,
    ) -> Vec<Contrast> {
        let shown = keys(&self.contrasted(case, &again.here, &again.there));
        let whims = keys(&self.contrasted(case, &first.there, &again.there));
        let steady = found.contrasts.iter().filter(|contrast| {
            let key = key(contrast);
            shown.contains(&key) && !whims.contains(&key)
        });
        steady.cloned().collect()
    }

    /// Returns what can be said of a pair in which nothing differs.
    fn verdict(&self, other: &Self, pair: &Pair) -> Verdict {
        let here = match &pair.here.end {
            End::Unsupported(operation) => Verdict::Unsupported { operation: operation.clone() },
            end => said(self, end),
        };
        match (&here, said(other, &pair.there.end)) {
            (Verdict::Pass, there) => there,
            _ => here,
        }
    }

    fn count(&self, outcome: &mut CaseOutcome, case: &Scenario, pair: &Pair) {
        for played in [&pair.here, &pair.there] {
            outcome.requests += played.transcript.exchanges.len() as u64;
            outcome.leaked.extend(played.leaked.clone());
        }
        if Phase::of(&case.id).is_some() {
            for (operation, answers) in judge::answers(&pair.here.transcript.exchanges) {
                outcome.answers.entry(operation).or_default().merge(answers);
            }
        }
    }

    /// Writes out differences, each with who breaks what.
    fn findings(
        &self,
        other: &Self,
        case: &Scenario,
        pair: &Pair,
        contrasts: &[Contrast],
    ) -> Vec<Finding> {
        let here = judge::breaches(self, case, &pair.here);
        let there = judge::breaches(other, case, &pair.there);
        // The same secret may stand in an answer of either.
        let both = Transcript {
            case: case.id.clone(),
            exchanges: [&pair.here, &pair.there]
                .iter()
                .flat_map(|played| played.transcript.exchanges.clone())
                .collect(),
        };
        let redactor = Redactor::over(&self.catalogue, &both);
        self.secrets.learn(&both, &scan::literals(case));
        let one = |contrast: &Contrast| {
            let broken = |all: &[(usize, &'static str, Breach)], at: usize| {
                let about = |(shown, _, breach): &&(usize, _, Breach)| {
                    *shown == at && is_about(breach, contrast)
                };
                all.iter().filter(about).max_by_key(|(_, _, b)| b.evidence).cloned()
            };
            let broken = (broken(&here, contrast.here), broken(&there, contrast.there));
            self.finding(other, case, pair, contrast, broken, &redactor)
        };
        contrasts.iter().map(one).collect()
    }

    fn finding(
        &self,
        other: &Self,
        case: &Scenario,
        pair: &Pair,
        contrast: &Contrast,
        (mine, theirs): (Option<Told>, Option<Told>),
        redactor: &Redactor<'_>,
    ) -> Finding {
        let exchange = &pair.here.transcript.exchanges[contrast.here];
        let (name, against) = (self.target.name(), other.target.name());
        let said = |who: &str, (_, check, breach): &Told| {
            let rule = breach.rule.as_ref().map(|rule| format!("rule {rule}"));
            let what = rule.unwrap_or_else(|| format!("what `{check}` asks"));
            format!("{who} breaks {what} ({}; {})", breach.expected, breach.source)
        };
        let source = match (&mine, &theirs) {
            (Some(mine), Some(theirs)) => {
                format!("{}; {}", said(name, mine), said(against, theirs))
            }
            (Some(mine), None) => said(name, mine),
            (None, Some(theirs)) => said(against, theirs),
            (None, None) => "neither breaks a promise that the catalogue knows: unspecified".into(),
        };
        let blamed = mine.as_ref().or(theirs.as_ref());
        let evidence = match is_service(against) {
            true => Evidence::Observed,
            false => blamed.map_or(Evidence::Inferred, |(_, _, breach)| breach.evidence),
        };
        Finding {
            known: None,
            id: id(&exchange.call.subject(), contrast),
            check: AGAINST.into(),
            level: case.level,
            operation: exchange.call.operation().into(),
            case: case.id.clone(),
            step: contrast.place.clone(),
            pointer: contrast.pointer.clone(),
            expected: redactor.text(&format!("{} (as {against} answers)", contrast.other)),
            actual: redactor.text(&contrast.answer),
            rule: blamed.and_then(|(_, _, breach)| breach.rule.clone()),
            evidence,
            source: redactor.text(&source),
            fails: true,
            curl: canonical::curl(&self.catalogue, "$URL", exchange, redactor),
            aws_cli: canonical::aws_cli("$URL", exchange, redactor),
            scenario: None,
            exchange: canonical::record(exchange, redactor),
        }
    }
}

/// A promise that one of the two breaks: exchange, check, breach.
type Told = (usize, &'static str, Breach);

fn side(played: &Played) -> Side<'_> {
    Side { transcript: &played.transcript, own: &played.own }
}

/// What makes a contrast the same in two playings.
fn key(contrast: &Contrast) -> (String, String) {
    (contrast.place.clone(), contrast.pointer.clone())
}

fn keys(found: &Contrasted) -> BTreeSet<(String, String)> {
    found.contrasts.iter().map(key).collect()
}

/// Tells whether an endpoint is the service itself.
fn is_service(name: &str) -> bool {
    name == "aws" || name.trim_end_matches('/').ends_with(".amazonaws.com")
}

/// Returns the stable id of a difference: who breaks what is no part of it, the two answers are.
fn id(subject: &str, contrast: &Contrast) -> String {
    let code = contrast.other.strip_prefix('`').and_then(|text| text.split('`').next());
    let breach = Breach {
        pointer: contrast.pointer.clone(),
        expected: contrast.other.clone(),
        actual: contrast.answer.clone(),
        rule: None,
        level: None,
        evidence: Evidence::Inferred,
        source: String::new(),
    };
    check::finding_id(AGAINST, &format!("{subject}\n{}", code.unwrap_or_default()), &breach)
}

/// Returns what an end of one side leaves to say.
fn said(side: &Session, end: &End) -> Verdict {
    let name = side.target.name();
    match end {
        End::Finished | End::Broken | End::Diverged(_) | End::Unfilled(_) => Verdict::Pass,
        End::Unsupported(operation) => {
            Verdict::Skipped { reason: format!("{name} declines {operation}") }
        }
        End::Skipped(reason) => Verdict::Skipped { reason: format!("{name}: {reason}") },
        End::Indeterminate(reason) => {
            Verdict::Indeterminate { reason: format!("{name}: {reason}") }
        }
    }
}

/// Returns the step with which a generated case begins anew, where the two, or one of them and the
/// reference beside it, have no state in common any more.
fn next_part(case: &Scenario, pair: &Pair, found: &Contrasted) -> Option<usize> {
    let diverged = |played: &Played| match played.end {
        End::Diverged(step) => Some(step),
        _ => None,
    };
    let parted = match found.parted {
        Some(Place::Step(step)) => Some(step - 1),
        _ => None,
    };
    let ends = [diverged(&pair.here), diverged(&pair.there), parted];
    let step = ends.into_iter().flatten().min()?;
    (case.lockstep && step >= case.stage && step + 1 < case.steps.len()).then_some(step + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(one: (&str, &str), other: (&str, &str), same: bool) {
        let contrast = |(answer, other): (&str, &str)| Contrast {
            here: 0,
            there: 0,
            place: "step 1".into(),
            pointer: "/__type".into(),
            answer: answer.into(),
            other: other.into(),
        };
        let ids = [one, other].map(|pair| id("InitiateAuth", &contrast(pair)));
        assert_eq!(ids[0] == ids[1], same);
    }

    #[test]
    fn ids_tell_answers_apart_and_leave_words_out() {
        check(("`A`: x", "`B`: y"), ("`A`: 1", "`B`: 2"), true);
        check(("`A`: x", "`B`: y"), ("`A`: x", "`C`: y"), false);
        check(("`A`: x", "`B`: y"), ("`D`: x", "`B`: y"), false);
        check(("absent", "3"), ("4", "3"), false);
        check(("absent", "3"), ("absent", "5"), true);
    }

    #[test]
    fn the_service_is_known_by_its_address() {
        assert!(is_service("https://cognito-idp.eu-west-1.amazonaws.com"));
        assert!(is_service("aws") && !is_service("http://127.0.0.1:9229"));
        assert!(!is_service("https://amazonaws.com.example.org"));
    }
}
