use std::collections::BTreeMap;

use super::update::{UpdateError, update};
use super::*;
use crate::outcome::{CaseOutcome, Conclusion, KnownStanding, Level, Verdict, samples};
use crate::suite::{Sources, Suite};

const TODAY: &str = "2026-11-26";

/// A written case, a generated one and a random one.
const WRITTEN: &str = "cognito-idp::auth::disabled-user-is-refused";
const GENERATED: &str = "cognito-idp::AdminGetUser::handles";
const RANDOM: &str = "random::0000003";

fn finding(case: &str, check: &str, pointer: &str) -> Finding {
    Finding {
        id: format!("{check}{pointer}"),
        check: check.into(),
        operation: "AdminGetUser".into(),
        case: case.into(),
        pointer: pointer.into(),
        expected: "one".into(),
        actual: "another".into(),
        ..samples::finding()
    }
}

fn case(id: &str, verdict: Verdict, findings: Vec<Finding>) -> CaseOutcome {
    let verdicts = [(Level::Errors, verdict.clone()), (Level::Wire, Verdict::Pass)].into();
    let operations = vec!["AdminGetUser".into()];
    let case = id.into();
    CaseOutcome { case, operations, verdicts, ..samples::outcome(Level::Errors, verdict, findings) }
}

fn failing(id: &str, findings: &[(&str, &str)]) -> CaseOutcome {
    let findings = findings.iter().map(|(check, pointer)| finding(id, check, pointer));
    case(id, Verdict::Fail, findings.collect())
}

fn passing(id: &str) -> CaseOutcome {
    case(id, Verdict::Pass, Vec::new())
}

fn whole(cases: Vec<CaseOutcome>) -> Run {
    Run {
        harness: "0.1.0".into(),
        target: "moto".into(),
        seed: 1,
        // 26 November 2026, noon.
        started: 1_795_694_400,
        complete: true,
        planned: cases.len(),
        selection: Some(Vec::new()),
        cases,
        ..Run::default()
    }
}

fn list(text: &str) -> Known {
    Known::parse("x.known.yaml", text).expect("a list")
}

/// Holds a run against a list; returns its conclusion and what it says about the entries.
fn held(list: &Known, run: &Run) -> (Conclusion, Vec<KnownStanding>, Run) {
    let mut run = run.clone();
    run.cases.iter_mut().for_each(|case| list.mark(case));
    let says = list.held_against(&run);
    let standings = says.entries.iter().map(|entry| entry.standing.clone()).collect();
    run.known = Some(says);
    (run.conclusion(), standings, run)
}

const MADE_FROM: &str = "made_from: {date: 2026-11-01, harness: \"0.1.0\", seed: 1}\n";

/// An entry about an operation, and one about a case.
const OPERATION: &str =
    "  - {check: lockstep, pointer: /Enabled, operation: AdminGetUser, reason: r}";
const CASE: &str = "  - {check: lockstep, pointer: /Enabled, case: \
                    \"cognito-idp::auth::disabled-user-is-refused\", reason: r}";

#[track_caller]
fn mistake(text: &str, place: &str, part: &str) {
    let error = Known::parse("x.yaml", text).expect_err("a mistake").to_string();
    assert!(error.starts_with(&format!("x.yaml:{place}: ")), "{error}");
    assert!(error.contains(part), "{error}");
}

#[test]
fn mistakes_are_told_with_their_line() {
    mistake("konwn: []", "1", "did you mean `known`?");
    mistake("[", "1", "");
    mistake("- a", "1", "`known:` with a list");
    mistake("known:\n  a: b", "2", "a list of entries");
    mistake("known:\n  - a", "2", "has members");
    mistake("known:\n  - reason: r\n    opration: X\n", "3", "did you mean `operation`?");
    mistake("known:\n  - reason: r\n    check: schema\n", "2", "without `operation` or `case`");
    mistake("known:\n  - check: schema\n    operation: X\n", "2", "without `reason`");
    mistake("known:\n  - reason: r\n    operation: X\n", "2", "without `check`");
    let with = |more: &str| {
        format!("known:\n  - reason: r\n    check: schema\n    operation: X\n    {more}\n")
    };
    mistake(&with("expires: soon"), "5", "`soon` is no date, such as `2027-03-01`");
    mistake(&with("expires: 2027-13-01"), "5", "no date");
    mistake(&with("version: new"), "5", "no condition, such as `<5.3`");
    mistake(&with("flaky: often"), "5", "`true` or `false`");
    mistake(&with("pointer: [a]"), "5", "takes a text");
    mistake(&with("operations: [Y]"), "2", "not several of these");
    mistake(&with("cases: []"), "5", "names nothing");
    mistake(&with("cases: {a: b}"), "5", "list of names");
    mistake("known:\n  - a\n  - b", "2", "x.yaml:3: ");
}

#[test]
fn nothing_listed_is_a_list() {
    for text in ["", "# none yet\n", "known:\n", "known: []\n"] {
        assert!(list(text).items.is_empty());
    }
}

#[track_caller]
fn misspelt(entry: &str, part: &str) {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let list = list(&format!("known:\n  - {{reason: r, {entry}}}"));
    let told = list.verify(&suite, TODAY).map_err(|error| error.to_string());
    match part {
        "" => assert_eq!(told, Ok(())),
        part => {
            let error = told.expect_err("a mistake");
            assert!(error.starts_with("x.known.yaml:2: "), "{error}");
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn names_that_do_not_exist_are_told_with_the_near_match() {
    misspelt("operation: AdminGetUsr, check: lockstep", "did you mean `AdminGetUser`?");
    misspelt("operation: AdminGetUser, check: lockstop", "did you mean `lockstep`?");
    misspelt("operation: AdminGetUser, check: lockstep, rule: usr-not-found", "unknown rule");
    misspelt("case: redme, check: expectation", "did you mean `readme`?");
    misspelt(
        "case: \"cognito-idp::AdminGetUsr::handles\", check: lockstep",
        "did you mean `AdminGetUser`?",
    );
    misspelt("case: \"cognito-ipd::AdminGetUser::x\", check: lockstep", "`cognito-idp`?");
    misspelt("case: \"random::first\", check: lockstep", "`random::<number>`");
    let at =
        |pointer: &str| format!("operation: AdminGetUser, check: lockstep, pointer: {pointer}");
    misspelt(&at("/Enabeld"), "unknown member of AdminGetUser's answer `Enabeld`, did you mean");
    misspelt(&at("stauts"), "unknown pointer `stauts`, did you mean `status`?");
    misspelt(&at("/UserAttributes/0/Value"), "");
    misspelt(&at("/__type"), "");
    misspelt(&at("\"header:x-amzn-requestid\""), "");
    misspelt(&format!("{}, came: extra", at("/Surprise")), "");
    misspelt("operation: AdminGetUser, check: lockstep, expires: 2026-11-25", "expired");
    misspelt("operation: AdminGetUser, check: lockstep, expires: 2026-11-26", "");
}

#[track_caller]
fn redundant(entries: &[&str], version: &str, expected: Option<&str>) {
    let entries = entries.iter().map(|entry| format!("  - {{reason: r, check: schema, {entry}}}"));
    let text = format!("known:\n{}", entries.collect::<Vec<_>>().join("\n"));
    let told = list(&text).for_version(Some(version)).map_err(|error| error.to_string());
    assert_eq!(told.err().as_deref(), expected);
}

#[test]
fn an_entry_that_another_covers_is_redundant() {
    let by_2 = |line: u64| {
        format!("x.known.yaml:{line}: redundant: line 2 covers it; remove one of the two")
    };
    redundant(&["operation: SignUp", "operation: SignUp"], "1", Some(&by_2(3)));
    redundant(&["operation: SignUp", "operation: SignUp, case: readme"], "1", Some(&by_2(3)));
    redundant(&["case: readme", "operation: SignUp, case: readme"], "1", Some(&by_2(3)));
    let of_3 = "x.known.yaml:2: redundant: line 3 covers it; remove one of the two";
    redundant(&["operation: SignUp, case: readme", "operation: SignUp"], "1", Some(of_3));
    redundant(&["operation: SignUp", "operation: SignUp, came: absent"], "1", None);
    redundant(&["operation: SignUp", "operation: SignUp, pointer: /UserSub"], "1", None);
    redundant(&["operation: SignUp", "case: readme"], "1", None);
    let versions = ["operation: SignUp, version: <2", "operation: SignUp, version: \">=1\""];
    redundant(&versions, "1.5", Some(&by_2(3)));
    redundant(&versions, "2", None);
}

#[test]
fn an_entry_covers_what_it_names_and_nothing_else() {
    let list = list(&format!("known:\n{OPERATION}"));
    let other = |change: &dyn Fn(&mut Finding)| {
        let mut one = finding(WRITTEN, "lockstep", "/Enabled");
        change(&mut one);
        list.entry_of(&one).is_some()
    };
    assert!(other(&|_| {}));
    assert!(other(&|f| f.case = GENERATED.into()));
    assert!(!other(&|f| f.operation = "GetUser".into()));
    assert!(!other(&|f| f.check = "views-agree".into()));
    assert!(!other(&|f| f.pointer = "/Username".into()));
    assert!(!other(&|f| f.rule = Some("user-disabled".into())));
    assert!(!other(&|f| f.actual = "absent".into()));
    assert!(!other(&|f| f.actual = "`InternalErrorException`: no".into()));
}

#[test]
fn a_level_is_known_where_all_that_fails_is_listed() {
    let list = list(&format!("known:\n{OPERATION}"));
    let verdict = |findings: &[(&str, &str)], verdict: Verdict| {
        let mut outcome = failing(WRITTEN, findings);
        outcome.verdicts.insert(Level::Errors, verdict);
        list.mark(&mut outcome);
        (outcome.verdicts[&Level::Errors].name(), outcome.has_news())
    };
    let (listed, other) = (("lockstep", "/Enabled"), ("schema", "/Enabled"));
    assert_eq!(verdict(&[listed], Verdict::Fail), ("known", false));
    assert_eq!(verdict(&[listed, other], Verdict::Fail), ("fail", true));
    assert_eq!(verdict(&[other], Verdict::Fail), ("fail", true));
    assert_eq!(verdict(&[listed], Verdict::Flaky), ("flaky", false));
    assert_eq!(verdict(&[listed, other], Verdict::Flaky), ("flaky", true));
    assert_eq!(verdict(&[], Verdict::Flaky), ("flaky", true));
}

/// Holds what a run says about the one entry of a list.
#[track_caller]
fn stands(text: &str, run: &Run, conclusion: Conclusion, expected: &str) {
    let (found, standings, _) = held(&list(text), run);
    let shown = match &standings[..] {
        [KnownStanding::Fails { cases }] => format!("fails in {cases}"),
        [KnownStanding::Unmatched { why }] => format!("unmatched: {why}"),
        [KnownStanding::Unsaid { why }] => format!("unsaid: {why}"),
        [other] => format!("{other:?}").to_lowercase(),
        _ => panic!("{standings:?}"),
    };
    assert!(shown.contains(expected), "{shown}");
    assert_eq!(found, conclusion, "{shown}");
}

const SHOWN: (&str, &str) = ("lockstep", "/Enabled");

#[test]
fn a_case_says_of_itself_whether_it_shows_an_entry() {
    use Conclusion::{Conformant, Divergent, Indeterminate, WrongList};
    let text = &format!("known:\n{CASE}");
    let part = |case: CaseOutcome| Run {
        selection: Some(vec!["disabled".into()]),
        ..whole(vec![case, passing("readme")])
    };
    stands(text, &part(failing(WRITTEN, &[SHOWN])), Conformant, "fails in 1");
    stands(text, &part(passing(WRITTEN)), Divergent, "fixed");
    stands(
        text,
        &part(passing("other")),
        Conformant,
        "unsaid: cognito-idp::auth::disabled-user-is",
    );
    let skipped = Verdict::Skipped { reason: "no clock".into() };
    stands(text, &part(case(WRITTEN, skipped, Vec::new())), Conformant, "is skipped");
    let lost = Verdict::Indeterminate { reason: "time-out".into() };
    stands(text, &part(case(WRITTEN, lost, Vec::new())), Indeterminate, "is indeterminate");
    let ends = part(failing(WRITTEN, &[("expectation", "status")]));
    stands(text, &ends, Divergent, "unsaid: cognito-idp::auth::disabled-user-is-refused fails for");
    let near = part(failing(WRITTEN, &[("lockstep", "/Username")]));
    stands(text, &near, WrongList, "unmatched: what shows, in cognito-idp::auth::disabled-user");
    let mut note = finding(WRITTEN, "lockstep", "/Enabled");
    note.fails = false;
    stands(text, &part(case(WRITTEN, Verdict::Note, vec![note])), Conformant, "note");
    let flaky = text.replace("reason: r", "reason: r, flaky: true");
    stands(&flaky, &part(passing(WRITTEN)), Conformant, "unsaid: it comes and goes");
    // Of two operations in a case, one may be mended while the other is not.
    let mut both = failing(WRITTEN, &[SHOWN, SHOWN]);
    both.findings[1].operation = "GetUser".into();
    stands(text, &part(both), WrongList, "say which, by `operation`");
}

#[test]
fn an_operation_is_fixed_where_everything_was_played() {
    use Conclusion::{Conformant, Divergent, WrongList};
    let text = &format!("known:\n{OPERATION}");
    let run = |cases: Vec<CaseOutcome>| whole([cases, vec![passing("readme")]].concat());
    stands(text, &run(vec![failing(GENERATED, &[SHOWN]), passing(WRITTEN)]), Conformant, "fails");
    stands(text, &run(vec![passing(GENERATED)]), Divergent, "fixed");
    let filtered = Run { selection: Some(vec!["x".into()]), ..run(vec![passing(GENERATED)]) };
    stands(text, &filtered, Conformant, "unsaid: only some of the cases");
    let unsaid = Run { selection: None, ..run(vec![passing(GENERATED)]) };
    stands(text, &unsaid, Conformant, "unsaid: only some of the cases");
    let budget = Run {
        complete: false,
        planned: 9,
        not_played: BTreeMap::from([(crate::outcome::Phase::Random, 7)]),
        ..run(vec![passing(GENERATED)])
    };
    stands(text, &budget, Conformant, "unsaid: not every case was played");
    let declined = || Verdict::Unsupported { operation: "AdminGetUser".into() };
    let mut all = run(vec![case(GENERATED, declined(), Vec::new())]);
    all.cases[1].operations = vec!["SignUp".into()];
    stands(text, &all, Conformant, "is unsupported");
    let some = run(vec![case(WRITTEN, declined(), Vec::new()), passing(GENERATED)]);
    stands(text, &some, Divergent, "fixed");
    let mut none = run(Vec::new());
    none.cases[0].operations = vec!["SignUp".into()];
    stands(text, &none, WrongList, "no case of this run tests AdminGetUser");
}

#[test]
fn a_generated_case_of_another_seed_says_nothing() {
    use Conclusion::{Conformant, Divergent, WrongList};
    let seen = |case: &str| {
        let entry = OPERATION.replace("reason: r", &format!("reason: r, seen: \"{case}\""));
        format!("{MADE_FROM}known:\n{entry}")
    };
    let cases = || vec![passing(GENERATED), passing(RANDOM), passing(WRITTEN)];
    let other = Run { seed: 2, ..whole(cases()) };
    stands(&seen(GENERATED), &whole(cases()), Divergent, "fixed");
    stands(&seen(RANDOM), &whole(cases()), Divergent, "fixed");
    stands(&seen(GENERATED), &other, Conformant, "was generated for seed 1");
    stands(&seen(WRITTEN), &other, Divergent, "fixed");
    stands(&seen(RANDOM), &whole(vec![passing(WRITTEN)]), Conformant, "was not played");
    let gone = whole(vec![passing("cognito-idp::AdminGetUser::handle")]);
    stands(&seen(GENERATED), &gone, WrongList, "did you mean");
    // A list that was made from some of the cases is held against those.
    let made = MADE_FROM.replace("seed: 1", "seed: 1, selection: [\"--phase=scenarios\"]");
    let text = seen(WRITTEN).replace(MADE_FROM, &made);
    let selection = |word: &str| Some(vec![word.to_owned()]);
    let part = Run { selection: selection("--phase=scenarios"), ..whole(cases()) };
    stands(&text, &part, Divergent, "fixed");
    let part = Run { selection: selection("--phase=coverage"), ..whole(cases()) };
    stands(&text, &part, Conformant, "only some of the cases");
}

#[test]
fn entries_about_other_versions_count_for_nothing() {
    let text = format!("known:\n{}", OPERATION.replace("reason: r", "reason: r, version: <5.3"));
    let run = whole(vec![failing(GENERATED, &[SHOWN]), passing("readme")]);
    let verdict = |version: &str| {
        let list = list(&text).for_version(Some(version)).expect("a version");
        let (conclusion, standings, _) = held(&list, &run);
        (conclusion, standings)
    };
    let fails = KnownStanding::Fails { cases: 1 };
    assert_eq!(verdict("5.2.5"), (Conclusion::Conformant, vec![fails]));
    assert_eq!(verdict("5.3.0"), (Conclusion::Divergent, vec![KnownStanding::OtherVersion]));
    let error = list(&text).for_version(None).expect_err("a mistake").to_string();
    assert!(error.starts_with("x.known.yaml:2: whether `<5.3` holds"), "{error}");
}

/// Returns the list as a run has it, with how many entries came in, went, and stayed.
#[track_caller]
fn updated(old: &Known, run: &Run) -> (Known, [usize; 3]) {
    let updated = update(old, run).expect("a whole run");
    let text = updated.list.text("moto");
    let again = list(&text);
    assert_eq!(again.text("moto"), text, "what is read is what was written");
    let unchanged = update(&again, run).expect("a whole run");
    assert_eq!(unchanged.list.text("moto"), text, "a second update changes nothing");
    let counts = [updated.added.len(), updated.dropped.len(), updated.kept.len()];
    (again, counts)
}

#[test]
fn an_update_keeps_what_people_wrote_and_takes_in_what_is_new() {
    let long = "It keeps no state of its own: whoever disables a user sees him enabled, in every \
                answer that says so, until the next start.";
    let text = format!(
        "{MADE_FROM}# mine\nknown:\n  - check: lockstep\n    pointer: /Enabled\n    operations: \
         [AdminGetUser, GetUser]\n    reason: {long:?}\n    issue: https://example.org/issues/7\n    \
         expires: 2027-01-31\n    version: \">=5, <6\"\n"
    );
    let old = list(&text).for_version(Some("5.2")).expect("a version");
    let run = whole(vec![
        failing(GENERATED, &[SHOWN, ("lockstep", "/Username")]),
        failing(WRITTEN, &[("expectation", "status"), SHOWN]),
        CaseOutcome { operations: vec!["GetUser".into()], ..passing("readme") },
    ]);
    let (new, counts) = updated(&old, &run);
    assert_eq!(counts, [2, 1, 1]);
    let kept = new.items.iter().find(|item| item.identity.pointer == "/Enabled").expect("kept");
    assert_eq!(kept.operation.as_deref(), Some("AdminGetUser"));
    assert_eq!(kept.seen.as_deref(), Some(WRITTEN));
    assert_eq!(kept.remark, old.items[0].remark);
    let expectation = new.items.iter().find(|item| item.identity.check == "expectation");
    assert_eq!(expectation.and_then(|item| item.case.as_deref()), Some(WRITTEN));
    let reason = "taken from a report of 2026-11-26; promised (documented): one; came: another";
    assert!(new.text("moto").contains(reason));
    // Held against the run it comes from, the list is all there is to say.
    assert_eq!(
        held(&new.for_version(Some("5.2")).expect("a version"), &run).0,
        Conclusion::Conformant
    );
}

#[test]
fn an_update_drops_nothing_that_a_run_does_not_speak_of() {
    let text = format!("{MADE_FROM}known:\n{OPERATION}\n");
    let entry = OPERATION.replace("reason: r", &format!("reason: r, seen: \"{GENERATED}\""));
    let seen = format!("{MADE_FROM}known:\n{entry}\n");
    let cases = || vec![passing(GENERATED), passing("readme")];
    let part = || Run { selection: Some(vec!["x".into()]), ..whole(cases()) };
    assert_eq!(updated(&list(&text), &whole(cases())).1, [0, 1, 0]);
    let (kept, counts) = updated(&list(&text), &part());
    assert_eq!(counts, [0, 0, 1]);
    assert_eq!(kept.origin, list(&text).origin, "a part says nothing about the others");
    // Cases of another seed are other cases: only a whole run may replace them.
    let other = update(&list(&seen), &Run { seed: 2, ..part() });
    let seed_1 = UpdateError::OtherCases { seed: 1, harness: "0.1.0".into() };
    assert_eq!(other.map(|_| ()), Err(seed_1));
    let (list_2, counts) = updated(&list(&seen), &Run { seed: 2, ..whole(cases()) });
    assert_eq!((counts, list_2.origin.map(|origin| origin.seed)), ([0, 1, 0], Some(2)));
    let short = Run { complete: false, planned: 9, ..whole(cases()) };
    assert_eq!(update(&list(&text), &short).map(|_| ()), Err(UpdateError::CutShort));
}

#[test]
fn what_comes_and_goes_is_listed_as_such() {
    let mut flaky = failing(GENERATED, &[SHOWN]);
    flaky.verdicts.insert(Level::Errors, Verdict::Flaky);
    let (new, counts) = updated(&list("known: []"), &whole(vec![flaky]));
    assert_eq!(counts, [1, 0, 0]);
    assert!(new.items[0].flaky);
}

#[test]
fn texts_that_mean_something_in_yaml_are_read_as_they_were_written() {
    for text in
        ["true", "- a", "a: b", "a #b", "'", "\"", "5.10", "* x", "&a", "ends:", "%", "é\u{7}"]
    {
        let mut old = list(&format!("known:\n{OPERATION}\n"));
        old.items[0].remark.reason = text.into();
        old.items[0].remark.issue = Some(text.into());
        let again = list(&old.text("moto"));
        assert_eq!(again.items[0].remark, old.items[0].remark);
    }
}
