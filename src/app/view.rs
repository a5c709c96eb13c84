//! From a trace, the cases that were played and the run to what can be trusted.

use std::collections::{BTreeMap, BTreeSet};

use super::{Called, CaseCalls, Name, Trace};
use crate::outcome::{AppCall, AppFlow, AppView, CaseOutcome, Finding, Run, Tally, Trust, Verdict};

/// Returns what a run says about the calls of an application; `cases` is what the steps of its
/// cases call.
///
/// A case speaks about a call where it makes it with the members that the application uses, or
/// fewer. A failure counts against what it was seen in, not against everything that the case calls.
pub fn view(trace: &Trace, cases: &BTreeMap<String, CaseCalls>, run: &Run) -> AppView {
    let mut calls: Vec<AppCall> =
        trace.calls.iter().map(|(name, called)| call(name, called, cases, run)).collect();
    let trust: BTreeMap<_, _> =
        trace.calls.keys().zip(&calls).map(|(name, call)| (name, call.trust)).collect();
    let flows = trace.flows().into_iter().map(|(before, after, times)| {
        let of = |name: &Name| trust.get(name).copied().unwrap_or(Trust::Untested);
        let together = match in_a_row(trace, cases, run, before, after) {
            true => Trust::Trusted,
            false => Trust::Untested,
        };
        AppFlow {
            operations: vec![before.operation.clone(), after.operation.clone()],
            times,
            trust: of(before).max(of(after)).max(together),
        }
    });
    let flows = flows.collect();
    calls.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.operation.cmp(&b.operation)));
    AppView { trace: trace.file.clone(), calls, flows, remarks: trace.remarks.clone() }
}

fn call(name: &Name, called: &Called, cases: &BTreeMap<String, CaseCalls>, run: &Run) -> AppCall {
    let mut levels = BTreeMap::<_, Tally>::new();
    let (mut findings, mut beyond) = (BTreeSet::new(), BTreeSet::new());
    let mut flaky = false;
    for outcome in &run.cases {
        let Some(steps) = cases.get(&outcome.case) else { continue };
        let made = || steps.iter().filter(|(_, (made, _))| made == name);
        let within: BTreeSet<&str> = made()
            .filter(|(_, (_, members))| called.covers(members))
            .map(|(place, _)| place.as_str())
            .collect();
        let about = |finding: &&Finding| is_about(finding, name, steps);
        for finding in outcome.findings.iter().filter(|f| f.fails).filter(about) {
            let own = within.contains(finding.step.as_str()) || !steps.contains_key(&finding.step);
            let list = if own && !within.is_empty() { &mut findings } else { &mut beyond };
            list.insert(finding.id.clone());
        }
        if !within.iter().any(|place| place.starts_with("step ")) {
            continue;
        }
        for (level, verdict) in &outcome.verdicts {
            let shown = |fails: bool| {
                let mut here = outcome.findings.iter().filter(|f| f.level == *level);
                here.any(|f| f.fails == fails && within.contains(f.step.as_str()))
            };
            if let Some(verdict) = spoken(verdict, name, &shown) {
                flaky |= verdict == Verdict::Flaky;
                levels.entry(*level).or_default().add(&verdict);
            }
        }
    }
    let beyond = beyond.difference(&findings).count();
    let total = |count: fn(&Tally) -> usize| levels.values().map(count).sum::<usize>();
    let trust = if !findings.is_empty() || flaky {
        Trust::Differs
    } else if total(|t| t.unsupported) > 0 {
        Trust::Unsupported
    } else if total(|t| t.pass + t.note) > 0 {
        Trust::Trusted
    } else {
        Trust::Untested
    };
    AppCall {
        service: name.service.clone(),
        operation: name.operation.clone(),
        times: called.times,
        members: called.members.clone(),
        levels,
        trust,
        findings,
        beyond,
    }
}

/// Tells whether a finding was seen in a call of this name.
fn is_about(finding: &Finding, name: &Name, steps: &CaseCalls) -> bool {
    match steps.get(&finding.step) {
        Some((made, _)) => made == name,
        None => finding.operation == name.operation,
    }
}

/// Returns what a verdict on a case says about one of its calls; `None` where it says nothing.
fn spoken(verdict: &Verdict, name: &Name, shown: &dyn Fn(bool) -> bool) -> Option<Verdict> {
    match verdict {
        Verdict::Fail | Verdict::Flaky => shown(true).then(|| verdict.clone()),
        Verdict::Note if !shown(false) => Some(Verdict::Pass),
        Verdict::Unsupported { operation } => {
            (*operation == name.operation).then(|| verdict.clone())
        }
        other => Some(other.clone()),
    }
}

/// Tells whether a case made the two calls one right after the other, and nothing failed in it.
fn in_a_row(
    trace: &Trace,
    cases: &BTreeMap<String, CaseCalls>,
    run: &Run,
    before: &Name,
    after: &Name,
) -> bool {
    let kept = |outcome: &&CaseOutcome| {
        outcome.verdicts.values().all(|v| matches!(v, Verdict::Pass | Verdict::Note))
    };
    let covers = |(name, members): &(Name, BTreeSet<String>)| {
        trace.calls.get(name).is_some_and(|called| called.covers(members))
    };
    run.cases.iter().filter(kept).filter_map(|outcome| cases.get(&outcome.case)).any(|steps| {
        let mut ordered: Vec<_> = steps.iter().collect();
        ordered.sort_by_key(|(place, _)| order(place));
        let calls: Vec<_> = ordered.into_iter().map(|(_, call)| call).collect();
        calls.windows(2).any(|pair| {
            pair[0].0 == *before && pair[1].0 == *after && pair.iter().all(|call| covers(call))
        })
    })
}

/// Puts places in the order they are played in: set-ups, then steps by number.
fn order(place: &str) -> (bool, usize) {
    let number = place.rsplit(' ').next().and_then(|number| number.parse().ok());
    (place.starts_with("step "), number.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Level, samples};

    fn name(operation: &str) -> Name {
        Name { service: "cognito-idp".into(), operation: operation.into() }
    }

    fn finding(operation: &str, step: &str) -> Finding {
        let id = format!("{operation}-{step}");
        Finding { id, operation: operation.into(), step: step.into(), ..samples::finding() }
    }

    /// Plays one case of SignUp (step 1), SignUp with ValidationData (step 2) and ConfirmSignUp
    /// (step 3), judged so, and holds the trust in the application's calls, then in its flows.
    #[track_caller]
    fn check(verdict: Verdict, findings: &[(&str, &str)], calls: &[&str], flows: &[&str]) {
        let mut trace = Trace::default();
        let members: BTreeSet<String> = ["Username".to_owned()].into();
        trace.add(name("SignUp"), Some(members.clone()));
        trace.add(name("ConfirmSignUp"), Some(members.clone()));
        trace.add(name("GetUser"), Some(BTreeSet::new()));
        trace.follow(name("SignUp"), name("ConfirmSignUp"));
        trace.follow(name("ConfirmSignUp"), name("GetUser"));
        let more: BTreeSet<String> = ["ValidationData".to_owned()].into();
        let steps = CaseCalls::from([
            ("step 1".into(), (name("SignUp"), more)),
            ("step 2".into(), (name("SignUp"), members.clone())),
            ("step 3".into(), (name("ConfirmSignUp"), members)),
        ]);
        let findings = findings.iter().map(|(name, step)| finding(name, step));
        let outcome = samples::outcome(Level::Errors, verdict, findings.collect());
        let run = Run { cases: vec![outcome], ..Run::default() };
        let seen = view(&trace, &BTreeMap::from([("a".to_owned(), steps)]), &run);
        let told: Vec<_> = { seen.calls.iter() }
            .map(|c| format!("{} {} +{}", c.operation, c.trust.name(), c.beyond))
            .collect();
        assert_eq!(told, calls);
        let told: Vec<_> = { seen.flows.iter() }
            .map(|f| format!("{} {}", f.operations.join(">"), f.trust.name()))
            .collect();
        assert_eq!(told, flows);
    }

    #[test]
    fn what_passes_as_the_application_calls_it_can_be_trusted() {
        check(
            Verdict::Pass,
            &[],
            &["ConfirmSignUp trusted +0", "GetUser untested +0", "SignUp trusted +0"],
            &["ConfirmSignUp>GetUser untested", "SignUp>ConfirmSignUp trusted"],
        );
    }

    #[test]
    fn a_failure_counts_where_it_was_seen() {
        check(
            Verdict::Fail,
            &[("SignUp", "step 2")],
            &["ConfirmSignUp untested +0", "GetUser untested +0", "SignUp differs +0"],
            &["ConfirmSignUp>GetUser untested", "SignUp>ConfirmSignUp differs"],
        );
        // With a member that the application does not use.
        check(
            Verdict::Fail,
            &[("SignUp", "step 1")],
            &["ConfirmSignUp untested +0", "GetUser untested +0", "SignUp untested +1"],
            &["ConfirmSignUp>GetUser untested", "SignUp>ConfirmSignUp untested"],
        );
    }

    #[test]
    fn what_is_declined_is_told_of_the_operation_that_is() {
        check(
            Verdict::Unsupported { operation: "ConfirmSignUp".into() },
            &[],
            &["ConfirmSignUp unsupported +0", "GetUser untested +0", "SignUp untested +0"],
            &["ConfirmSignUp>GetUser unsupported", "SignUp>ConfirmSignUp unsupported"],
        );
    }
}
