use super::*;
use crate::differential::{Changes, Fate, Saying, diff};
use crate::outcome::MOST_FINDINGS;

fn changes(base: &[CaseOutcome], new: &[CaseOutcome]) -> Changes {
    diff(&entry("moto", base), &entry("moto", new))
}

#[track_caller]
fn check(base: &[CaseOutcome], new: &[CaseOutcome], expected: &[(&str, Fate)]) {
    let changes = changes(base, new);
    let mut fates: Vec<_> =
        changes.findings.iter().map(|change| (change.promise.id.as_str(), change.fate)).collect();
    fates.sort_unstable();
    assert_eq!(fates, expected);
}

#[test]
fn what_fails_now_only_is_new_whatever_was_said_before() {
    let now = [failing("a", &["x"])];
    check(&[passing("a")], &now, &[("x", Fate::New)]);
    check(&[unsupported("a")], &now, &[("x", Fate::New)]);
    check(&[], &now, &[("x", Fate::New)]);
    check(&[case("a", Verdict::Note, &["x?"])], &now, &[("x", Fate::New)]);
    check(&[case("a", Verdict::Flaky, &["x"])], &now, &[("x", Fate::New)]);
    assert_eq!(changes(&[passing("a")], &now).exit_code(), 1);
    let before = &changes(&[unsupported("a")], &now).findings[0].cases.joined[0].other;
    assert_eq!(*before, Saying::Unsupported { operation: "SignUp".into() });
}

#[test]
fn only_what_was_played_and_did_not_show_is_fixed() {
    let was = [failing("a", &["x"])];
    check(&was, &[passing("a")], &[("x", Fate::Fixed)]);
    // Something else breaks the same level: the finding is gone nevertheless.
    check(&was, &[failing("a", &["y"])], &[("x", Fate::Fixed), ("y", Fate::New)]);
    check(&was, &[], &[("x", Fate::Unsaid)]);
    check(&was, &[unsupported("a")], &[("x", Fate::Unsaid)]);
    check(&was, &[indeterminate("a")], &[("x", Fate::Unsaid)]);
    let skipped = case("a", Verdict::Skipped { reason: "no clock".into() }, &[]);
    check(&was, &[skipped], &[("x", Fate::Unsaid)]);
    let flaky = case("a", Verdict::Flaky, &["y"]);
    check(&was, &[flaky], &[("x", Fate::Unsaid), ("y", Fate::Flaky)]);
    check(&was, &[case("a", Verdict::Flaky, &["x"])], &[("x", Fate::Flaky)]);
    check(&was, &[case("a", Verdict::Note, &["x?"])], &[("x", Fate::Note)]);
    assert_eq!(changes(&was, &[unsupported("a")]).exit_code(), 0);
}

#[test]
fn a_case_that_ended_at_another_finding_fixes_nothing() {
    let was = [failing("a", &["x"])];
    let ends = [failing("a", &["expectation-1"])];
    check(&was, &ends, &[("expectation-1", Fate::New), ("x", Fate::Unsaid)]);
    // It had ended there before, so what came after it is not the reason.
    let both = [failing("a", &["expectation-1", "x"])];
    check(&both, &ends, &[("expectation-1", Fate::Unchanged), ("x", Fate::Fixed)]);
    let many: Vec<String> = (0..MOST_FINDINGS).map(|n| format!("y{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let changes = changes(&was, &[failing("a", &many)]);
    assert_eq!(changes.with_fate(Fate::Unsaid).count(), 1);
}

#[test]
fn every_case_of_a_finding_has_to_be_gone() {
    let was = [failing("a", &["x"]), failing("b", &["x"])];
    check(&was, &[passing("a"), passing("b")], &[("x", Fate::Fixed)]);
    check(&was, &[passing("a")], &[("x", Fate::Unsaid)]);
    check(&was, &[passing("a"), failing("b", &["x"])], &[("x", Fate::Unchanged)]);
}

#[test]
fn cases_that_join_a_known_finding_count_where_they_had_passed() {
    let was = failing("a", &["x"]);
    let now = [was.clone(), failing("b", &["x"])];
    check(&[was.clone(), passing("b")], &now, &[("x", Fate::Spread)]);
    check(&[was.clone(), unsupported("b")], &now, &[("x", Fate::Unchanged)]);
    check(
        &[was.clone(), failing("b", &["y"])],
        &now,
        &[("x", Fate::Unchanged), ("y", Fate::Fixed)],
    );
    check(std::slice::from_ref(&was), &now, &[("x", Fate::Unchanged)]);
    let changes = changes(&[was, passing("b")], &now);
    let cases = &changes.findings[0].cases;
    assert_eq!((cases.stayed, cases.joined.len(), cases.left.len()), (1, 1, 0));
    assert_eq!(changes.exit_code(), 1);
}

#[test]
fn what_was_never_steady_is_told_once() {
    let flaky = [case("a", Verdict::Flaky, &["x"])];
    check(&flaky, &flaky, &[]);
    check(&flaky, &[passing("a")], &[]);
    check(&[passing("a")], &flaky, &[("x", Fate::Flaky)]);
    check(&[case("a", Verdict::Note, &["x?"])], &[passing("a")], &[]);
}

#[test]
fn a_generated_case_of_another_seed_is_another_case() {
    let id = "random::0000001";
    let base = entry("moto", &[failing(id, &["x", "y"])]);
    let mut new = entry("moto", &[failing(id, &["x"])]);
    new.run.seed = 2;
    let changes = diff(&base, &new);
    let fate = |name: &str| changes.findings.iter().find(|c| c.promise.id == name).map(|c| c.fate);
    assert_eq!(fate("x"), Some(Fate::Unchanged));
    assert_eq!(fate("y"), Some(Fate::Unsaid));
    assert!(changes.hindrances().count() > 0);
    assert_eq!(changes.findings[0].cases.left[0].other, Saying::NotPlayed);
}

#[test]
fn verdicts_that_fell_silent_are_told_apart_and_so_are_those_that_speak_again() {
    let base = [passing("a"), passing("b"), unsupported("c"), indeterminate("d"), passing("e")];
    let new = [unsupported("a"), indeterminate("b"), passing("c"), unsupported("d"), passing("f")];
    let changes = changes(&base, &new);
    let told = |turns: &[crate::differential::Turn]| -> Vec<String> {
        let line = |turn: &crate::differential::Turn| {
            let cases: Vec<_> = turn.cases.iter().map(String::as_str).collect();
            format!("{} {}: {}", turn.verdict, turn.reason, cases.join(" "))
        };
        turns.iter().map(line).collect()
    };
    assert_eq!(
        told(&changes.lost),
        ["indeterminate time-out: b", "not played : e", "unsupported SignUp: a d"]
    );
    assert_eq!(told(&changes.gained), ["unsupported SignUp: c"]);
}

#[test]
fn figures_stand_before_and_after() {
    let base = [passing("a"), failing("b", &["x"])];
    let changes = changes(&base, &[passing("a"), indeterminate("b")]);
    let errors = changes.levels.iter().find(|row| row.level == Level::Errors).expect("a row");
    assert_eq!((errors.base.divergence, errors.base.coverage), (Some(0.5), Some(1.0)));
    // A run with indeterminate cases publishes no score.
    assert_eq!((errors.new.tally.indeterminate, errors.new.divergence), (1, None));
}
