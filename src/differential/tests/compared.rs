use super::*;
use crate::differential::{Comparison, Reach, Selection, SelectionError, Standing, compare};

fn compared(runs: &[Entry], selection: &Selection) -> Comparison {
    compare(runs.to_vec(), selection).expect("something is selected")
}

/// Compares runs of two targets with one of `moto` that fails `a` for `x`.
#[track_caller]
fn check(second: CaseOutcome, third: CaseOutcome, reach: Reach, expected: [Standing; 2]) {
    let runs = [
        entry("moto", &[failing("a", &["x"])]),
        entry("ministack", &[second]),
        entry("cognitox", &[third]),
    ];
    let comparison = compared(&runs, &Selection::default());
    let finding = comparison.findings.iter().find(|one| one.promise.id == "x").expect("it fails");
    assert_eq!(finding.reach, reach);
    assert_eq!(finding.standings[1..], expected);
}

#[test]
fn a_target_that_was_not_asked_keeps_no_promise() {
    use Standing::*;
    let fails = || failing("a", &["x"]);
    check(fails(), fails(), Reach::All, [Fails { cases: 1 }, Fails { cases: 1 }]);
    check(fails(), passing("a"), Reach::Several, [Fails { cases: 1 }, NotSeen]);
    check(failing("a", &["y"]), unsupported("a"), Reach::One(0), [NotSeen, Unsupported]);
    check(passing("b"), indeterminate("a"), Reach::One(0), [NotPlayed, Indeterminate]);
    let note = case("a", Verdict::Note, &["x?"]);
    check(note, case("a", Verdict::Flaky, &["x"]), Reach::One(0), [Note, Flaky]);
}

#[test]
fn figures_are_those_of_the_runs() {
    let moto = entry("moto", &[passing("a"), failing("b", &["x"]), unsupported("c")]);
    let unsure = entry("ministack", &[passing("a"), indeterminate("b"), passing("c")]);
    let comparison = compared(&[moto.clone(), unsure], &Selection::default());
    let tallies = moto.run.by_level();
    for row in &comparison.levels {
        assert_eq!(row.figures[0].tally, tallies[&row.level]);
        assert_eq!(row.figures[0].divergence, tallies[&row.level].divergence());
        assert_eq!(row.figures[1].divergence, None, "a run with indeterminate cases has no score");
    }
    let row = &comparison.operations[0];
    assert_eq!((row.operation.as_str(), row.figures[0].tally.total()), ("SignUp", 3));
    let errors = &comparison.cases.iter().find(|row| row.level == Level::Errors).expect("a row");
    assert_eq!((errors.all, &errors.one, errors.none, errors.kept), (0, &vec![1, 0], 2, 1));
}

#[test]
fn a_selection_leaves_what_it_names() {
    let mut other = passing("b");
    other.operations = vec!["ListUsers".into()];
    let runs = [entry("moto", &[failing("a", &["x"]), other]), entry("kumo", &[passing("a")])];
    let operations = Selection { operations: vec!["ListUsers".into()], ..Selection::default() };
    let comparison = compared(&runs, &operations);
    assert_eq!((comparison.operations.len(), comparison.findings.len()), (1, 0));
    let common = Selection { common: true, ..Selection::default() };
    let comparison = compared(&runs, &common);
    assert_eq!((comparison.common, comparison.differences.len()), (1, 0));
    let levels = Selection { levels: vec![Level::Wire], ..Selection::default() };
    let comparison = compared(&runs, &levels);
    assert_eq!((comparison.levels.len(), comparison.findings.len()), (1, 0));
    let none = |selection: Selection| compare(runs.to_vec(), &selection).expect_err("nothing");
    let misspelt = Selection { operations: vec!["SingUp".into()], ..Selection::default() };
    assert!(none(misspelt).to_string().contains("did you mean `SignUp`?"));
    let absent = Selection { levels: vec![Level::Model], ..Selection::default() };
    assert_eq!(none(absent), SelectionError::Levels("model".into()));
}

#[test]
fn runs_of_one_target_are_told_apart() {
    let mut old = entry("moto", &[passing("a")]);
    let mut new = old.clone();
    let names = |runs: [&Entry; 2]| -> Vec<String> {
        let comparison = compared(&runs.map(Entry::clone), &Selection::default());
        comparison.runs.into_iter().map(|run| run.label).collect()
    };
    assert_eq!(names([&old, &entry("kumo", &[passing("a")])]), ["moto", "kumo"]);
    assert_eq!(names([&old, &new]), ["moto #1", "moto #2"]);
    new.file = "new/moto.json".into();
    assert_eq!(names([&old, &new]), ["moto.json", "new/moto.json"]);
    old.run.target_version = Some("5.1".into());
    assert_eq!(names([&old, &new]), ["moto 5.1", "moto"]);
}
