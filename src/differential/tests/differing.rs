use super::*;
use crate::differential::{Aspect, diff, differences};

/// Changes a run and checks in what it then differs from what it was, and whether that hinders.
#[track_caller]
fn check(case: &str, change: impl FnOnce(&mut Run), expected: &[(Aspect, bool)]) {
    let before = entry("moto", &[passing(case), passing("b")]).run;
    let mut after = before.clone();
    change(&mut after);
    let found = differences(&[&before, &after]);
    let found: Vec<_> = found.iter().map(|one| (one.aspect, one.hinders)).collect();
    assert_eq!(found, expected);
}

#[test]
fn runs_differ_in_what_was_asked() {
    check("a", |_| {}, &[]);
    check("a", |run| run.harness = "0.2.0".into(), &[(Aspect::Harness, true)]);
    let models = |run: &mut Run| drop(run.models.insert("cognito-idp".into(), "new".into()));
    check("a", models, &[(Aspect::Models, true)]);
    check("a", |run| run.flags = vec!["--strict".into()], &[(Aspect::Questions, true)]);
    check("a", |run| run.flags = vec!["--fault=x".into()], &[(Aspect::Playing, false)]);
    check("a", |run| run.complete = false, &[(Aspect::Completeness, true)]);
    check("a", |run| run.cases.truncate(1), &[(Aspect::Cases, true)]);
}

#[test]
fn a_seed_matters_to_generated_cases() {
    check("a", |run| run.seed = 2, &[(Aspect::Seed, false)]);
    let generated = "cognito-idp::SignUp::handles";
    check(generated, |run| run.seed = 2, &[(Aspect::Seed, true), (Aspect::Cases, true)]);
}

#[test]
fn cases_that_were_added_stand_against_nothing() {
    let hindrances = |base: &[CaseOutcome], new: &[CaseOutcome]| {
        diff(&entry("moto", base), &entry("moto", new)).hindrances().count()
    };
    let (few, more) = ([passing("a")], [passing("a"), passing("b")]);
    assert_eq!(hindrances(&few, &more), 0);
    assert_eq!(hindrances(&more, &few), 1);
}
