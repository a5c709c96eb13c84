//! Do the reports say what a run holds, whatever a target put into it?

#[path = "support/sample_run.rs"]
mod sample_run;

use std::fs;

use cognito_conformance::outcome::{
    Answers, CaseOutcome, Evidence, Finding, Generated, Level, Phase, Run, Verdict,
};
use cognito_conformance::report::json::{self, ReportErrorKind, Stream};
use cognito_conformance::report::{Summary, junit, roll_up, terminal};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use sample_run::{clean, filled_with, sample};
use serde_json::Value;
use terminal::Style;

const PLAIN: Style = Style { colour: false, width: 80, verbose: false };

#[test]
fn the_terminal_report_shows_figures_findings_and_reasons() {
    insta::assert_snapshot!(terminal::render(&sample(), PLAIN), @r##"
    target moto 5.2.5
    harness 0.1.0, models cognito-identity 2014-06-30 and cognito-idp 2016-04-18,
    seed 42
    9 cases, 45 requests, 12.3 s

    level     pass note fail flaky unsupp. skipped indet. total diverg. cover.
    wire         9    0    0     0       0       0      0     9       -      -
    schema       7    1    1     0       0       0      0     9       -      -
    errors       0    0    3     0       0       0      0     3       -      -
    behaviour    1    0    0     1       1       0      1     4       -      -
    security     0    0    0     0       0       1      0     1       -      -
    No score: the run is incomplete or has indeterminate cases.

    operation             schema  errors  behaviour  security
    AdminDeleteUser                   1f
    AdminGetUser                      1f
    AdminSetUserPassword              1f
    CreateTerms                                  1u
    DescribeUserPool          1f
    InitiateAuth                                 1i
    SignUp                                       1y
    VerifySoftwareToken                                    1s
    p pass, n note, f fail, y flaky, u unsupported, s skipped, i indeterminate
    1 more operation: every case passes on its own level.

    3 findings by evidence: observed 1, documented 1, modelled 1; notes: inferred 1

    Findings that fail: 3

    1. second-sign-up-is-refused: SignUp, /__type (flaky)
       case       cognito-idp::sign-up::second-sign-up-is-refused, step 2
       promise    UsernameExistsException
       evidence   documented: an issue of 2023
       came back  success
       request    {"ClientId":"<client-id#1>","Username":"ann"}
       response   200 {"UserConfirmed":false,"UserSub":"<user-sub#2>"}
       reproduce:
       cognito-conformance run --target moto --seed 42 cognito-idp::sign-up::second-sign-up-is-refused
       curl -sS http://127.0.0.1:5000/ -H 'x-amz-target: AWSCognitoIdentityProviderService.SignUp' -H 'content-type: application/x-amz-json-1.1' --data '{"UserPoolId":"<user-pool-id#1>","Username":"nobody"}'

    2. error-contract: AdminDeleteUser and 2 more, /__type
       operations AdminDeleteUser, AdminGetUser, AdminSetUserPassword
       case       cognito-idp::admin::unknown-user-is-refused-by-AdminDeleteUser,
                  step 2, and 2 more cases
       promise    UserNotFoundException "User does not exist."
       evidence   observed: an issue of 2023, rule user-not-found
       came back  ResourceNotFoundException from AdminDeleteUser
       request    {"UserPoolId":"<user-pool-id#1>","Username":"nobody"}
       response   400 {"__type":"ResourceNotFoundException","message":"User not
                  found"}
       reproduce:
       cognito-conformance run --target moto --seed 42 cognito-idp::admin::unknown-user-is-refused-by-AdminDeleteUser
       curl -sS http://127.0.0.1:5000/ -H 'x-amz-target: AWSCognitoIdentityProviderService.AdminDeleteUser' -H 'content-type: application/x-amz-json-1.1' --data '{"UserPoolId":"<user-pool-id#1>","Username":"nobody"}'

    3. schema: DescribeUserPool, /UserPool/CreationDate
       case       cognito-idp::pools::dates-are-numbers, step 2
       promise    a number: epoch seconds
       evidence   modelled: model of cognito-idp, shape DateType
       came back  the string "2024-05-01T10:00:00Z"
       request    {"UserPoolId":"<user-pool-id#1>"}
       response   200 {"UserPool":{"CreationDate":"2024-05-01T10:00:00Z"}}
       reproduce:
       cognito-conformance run --target moto --seed 42 cognito-idp::pools::dates-are-numbers
       curl -sS http://127.0.0.1:5000/ -H 'x-amz-target: AWSCognitoIdentityProviderService.DescribeUserPool' -H 'content-type: application/x-amz-json-1.1' --data '{"UserPoolId":"<user-pool-id#1>","Username":"nobody"}'

    1 note not shown (verbose shows them)

    Flaky: broken at first, kept when run again
      cognito-idp::sign-up::second-sign-up-is-refused, behaviour

    Unsupported, by declined operation
      1 case: CreateTerms

    Skipped
      1 case: needs clock: the target's time cannot be moved

    Indeterminate
      1 case: step 3: no complete response within 5000 ms

    Left behind on the target
      user pool us-east-1_Ab9: delete answered 500
      (cognito-idp::pools::dates-are-numbers)

    divergent: 2 findings in 4 failed cases, 1 flaky verdict (exit code 1)
    "##);
}

#[test]
fn a_clean_run_is_told_in_a_few_lines() {
    insta::assert_snapshot!(terminal::render(&clean(), PLAIN), @r##"
    target moto 5.2.5
    harness 0.1.0, models cognito-identity 2014-06-30 and cognito-idp 2016-04-18,
    seed 42
    1 case, 5 requests, 12.3 s

    level     pass note fail flaky unsupp. skipped indet. total diverg. cover.
    wire         1    0    0     0       0       0      0     1    0.0% 100.0%
    schema       1    0    0     0       0       0      0     1    0.0% 100.0%
    behaviour    1    0    0     0       0       0      0     1    0.0% 100.0%

    1 operation: every case passes on its own level.

    conformant: no finding (exit code 0)
    "##);
}

/// Returns a run of the random phase that found something and made it small.
fn generated() -> Run {
    let mut run = sample();
    run.cases.truncate(1);
    run.planned = 1;
    run.flags = ["--as=moto", "--max-steps=20", "--dictionary=mine.yaml"].map(str::to_owned).into();
    let case = &mut run.cases[0];
    case.case = "random::0000012".into();
    let finding = &mut case.findings[0];
    finding.case.clone_from(&case.case);
    finding.check = "expectation".into();
    finding.aws_cli = "aws cognito-idp admin-delete-user".into();
    finding.scenario = Some(
        "title: \"t\"\nwhy: \"w\"\nsteps:\n  - call: AdminDeleteUser\n    unmodelled: true\n    \
         with: { UserPoolId: \"a\", Username: \"b\" }\n    expect: { anything: true }\n"
            .into(),
    );
    let name = || "cognito-idp:AdminDeleteUser".to_owned();
    let codes = ["UserNotFoundException", "InternalErrorException"].map(str::to_owned);
    let mut generated = Generated::default();
    for (phase, codes) in [(Phase::Coverage, &codes[..1]), (Phase::Random, &[])] {
        let codes = codes.iter().cloned().collect();
        let answers = Answers { accepted: 1, refused: 2, codes };
        generated.add(phase, [(name(), answers)].into());
    }
    let never = ("cognito-idp:SignUp".to_owned(), [].into());
    generated.reachable = [(name(), codes.into()), never].into();
    run.generated = Some(generated);
    run
}

#[test]
fn a_generated_finding_is_told_with_its_smallest_sequence() {
    let text = terminal::render(&generated(), PLAIN);
    let shown = text.find("generated").map(|start| &text[start..]).unwrap_or_default();
    insta::assert_snapshot!(shown, @r##"
    generated  cases  exchanges  operations carried out  reachable errors seen
    coverage       1          3          1 of 2 (50.0%)         1 of 2 (50.0%)
    random         1          3          1 of 2 (50.0%)          0 of 2 (0.0%)
    together       2          6          1 of 2 (50.0%)         1 of 2 (50.0%)

    operation        errors
    AdminDeleteUser      1f
    p pass, n note, f fail, y flaky, u unsupported, s skipped, i indeterminate

    1 finding by evidence: observed 1

    Findings that fail: 1

    1. a sound call is refused: AdminDeleteUser, /__type
       case       random::0000012, step 2
       promise    UserNotFoundException "User does not exist."
       evidence   observed: an issue of 2023, rule user-not-found
       came back  ResourceNotFoundException from AdminDeleteUser
       request    {"UserPoolId":"<user-pool-id#1>","Username":"nobody"}
       response   400 {"__type":"ResourceNotFoundException","message":"User not
                  found"}
       smallest sequence:
       steps:
         - call: AdminDeleteUser
           with: { UserPoolId: "a", Username: "b" }
           expect: { anything: true }
       reproduce:
       cognito-conformance replay --target moto --seed 42 --as=moto --max-steps=20 --dictionary=mine.yaml random::0000012
       curl -sS http://127.0.0.1:5000/ -H 'x-amz-target: AWSCognitoIdentityProviderService.AdminDeleteUser' -H 'content-type: application/x-amz-json-1.1' --data '{"UserPoolId":"<user-pool-id#1>","Username":"nobody"}'
       aws cognito-idp admin-delete-user

    divergent: 1 finding in 1 failed case (exit code 1)
    "##);
}

#[test]
fn a_verbose_report_lists_what_generation_did_not_reach() {
    let text = terminal::render(&generated(), Style { verbose: true, ..PLAIN });
    for part in [
        "Never carried out in phase random: 1 operation\n  cognito-idp:SignUp\n",
        "met: 1 pair\n  cognito-idp:AdminDeleteUser: InternalErrorException\n",
        "   title: \"t\"\n   why: \"w\"\n   steps:\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let xml = junit::render(&generated());
    assert!(xml.contains("again: cognito-conformance replay --target moto --seed 42 --as=moto"));
    assert!(xml.contains("  - call: AdminDeleteUser\n    unmodelled: true\n"), "{xml}");
}

#[test]
fn a_run_cut_short_publishes_no_score() {
    let mut run = clean();
    run.complete = false;
    run.planned = 40;
    let text = terminal::render(&run, PLAIN);
    assert!(!text.contains('%'), "{text}");
    assert!(
        text.ends_with("indeterminate: cut short after 1 of 40 cases (exit code 3)\n"),
        "{text}"
    );
    let xml = junit::render(&run);
    assert!(xml.contains(r#"errors="1""#), "{xml}");
}

#[test]
fn a_run_that_its_time_budget_ends_says_what_it_left_out() {
    let mut run = clean();
    run.complete = false;
    run.planned = 1 + 30 + 9;
    run.not_played = [(Phase::Coverage, 30), (Phase::Random, 9)].into();
    let text = terminal::render(&run, PLAIN);
    let left_out = "the time budget left out 30 coverage and 9 random cases";
    assert!(text.contains(&format!("\nincomplete: {left_out}\n")), "{text}");
    let end = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        format!("conformant: no finding, cut short after 1 of 40 cases: {left_out} (exit code 0)");
    assert!(end.ends_with(&expected), "{text}");
    let xml = junit::render(&run);
    assert!(xml.contains(r#"errors="0""#) && xml.contains(left_out), "{xml}");
    // What was cut short besides is indeterminate.
    run.planned += 1;
    assert_eq!(run.conclusion().exit_code(), 3);
}

/// Returns what is shown of the findings of the one case of a run, after `change`.
fn told(change: impl Fn(&mut Vec<Finding>)) -> String {
    let mut run = generated();
    change(&mut run.cases[0].findings);
    terminal::render(&run, PLAIN).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_words_fit_what_came_back() {
    let text = told(|findings| {
        let finding = &mut findings[0];
        finding.exchange.status = 200;
        finding.actual = "absent".into();
        finding.pointer = "/User/Username".into();
    });
    let title = "1. a sound call's answer lacks a promised member: AdminDeleteUser, /User/Username";
    assert!(text.contains(title), "{text}");
    let text = told(|findings| findings[0].pointer.clear());
    assert!(text.contains("1. a sound call is refused: AdminDeleteUser case"), "{text}");
    let text = told(|findings| {
        findings[0].scenario =
            Some("# Not made smaller: 7 requests were spent.\nsteps:\n  - call: X\n".into());
    });
    assert!(
        text.contains(" sequence: # Not made smaller: 7 requests were spent. steps: - call: X"),
        "{text}"
    );
    assert!(!text.contains("smallest"), "{text}");
}

#[test]
fn what_is_told_once_says_how_it_varies() {
    let broken = |member: &str| {
        format!(
            "InvalidParameterException: 1 validation error detected: Value 'x' at '{member}' failed \
             to satisfy constraint: Member must not be null"
        )
    };
    let text = told(|findings| {
        findings[0].rule = None;
        findings[0].expected = broken("poolName");
        for (member, evidence) in [("a", Evidence::Modelled), ("b.1.c", Evidence::Documented)] {
            let mut other = findings[0].clone();
            (other.expected, other.evidence) = (broken(member), evidence);
            findings.push(other);
        }
    });
    assert!(text.contains("not be null, and 2 other constraints"), "{text}");
    assert!(text.contains("evidence modelled to observed: "), "{text}");
    let text = told(|findings| {
        let finding = &mut findings[0];
        (finding.level, finding.rule) = (Level::Wire, None);
        (finding.check, finding.pointer) = ("error-header".into(), "header:content-type".into());
        let mut other = finding.clone();
        (other.id, other.actual) = ("other".into(), "text/html".into());
        findings.push(other);
    });
    assert!(text.contains("AdminDeleteUser; elsewhere text/html"), "{text}");
    let text = told(|findings| {
        let finding = &mut findings[0];
        finding.check = "error-header".into();
        finding.pointer = "header:x-amzn-errormessage".into();
    });
    assert!(text.contains("promise the header repeats `message`: UserNotFound"), "{text}");
}

#[test]
fn a_finding_without_its_exchange_is_told_without() {
    let mut run = sample();
    let mut finding = run.cases[0].findings[0].clone();
    finding.forget_exchange();
    run.cases[0].findings = vec![finding];
    let text = junit::render(&run);
    assert_eq!(text.matches("request: ").count(), 4, "{text}");
    terminal::render(&run, PLAIN);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.json");
    json::write(&path, &run).expect("the file can be written");
    let written = fs::read_to_string(&path).expect("the file is there");
    check_schema(&written);
    let absent = written.split("\"findings\"").nth(1).unwrap_or_default();
    assert!(!absent.contains("\"curl\"") && !absent.contains("\"exchange\""), "{absent}");
    assert_eq!(json::read(&path).expect("the document is whole"), run);
}

#[test]
fn a_target_that_declines_everything_is_not_green() {
    let mut run = clean();
    run.cases[0].verdicts.values_mut().for_each(|verdict| {
        *verdict = Verdict::Unsupported { operation: "SignUp".into() };
    });
    let text = terminal::render(&run, PLAIN);
    assert!(text.ends_with("the target kept no promise at all (exit code 1)\n"), "{text}");
    let xml = junit::render(&run);
    assert!(xml.contains(r#"failures="1""#), "{xml}");
}

#[test]
fn refusing_nonsense_is_no_promise_kept() {
    let mut run = clean();
    let mut nonsense = run.cases[0].clone();
    nonsense.operations.clear();
    run.cases[0].verdicts.values_mut().for_each(|verdict| {
        *verdict = Verdict::Unsupported { operation: "SignUp".into() };
    });
    run.cases.push(nonsense);
    assert_eq!(run.conclusion().exit_code(), 1);
}

#[test]
fn each_case_has_its_line() {
    let lines: Vec<_> = sample().cases.iter().map(terminal::line).collect();
    insta::assert_snapshot!(lines.join("\n"), @r##"
    fail          cognito-idp::admin::unknown-user-is-refused-by-AdminDeleteUser (34 ms): step 2: expected UserNotFoundException "User does not exist."; got ResourceNotFoundException from AdminDeleteUser
    fail          cognito-idp::admin::unknown-user-is-refused-by-AdminGetUser (34 ms): step 2: expected UserNotFoundException "User does not exist."; got ResourceNotFoundException from AdminGetUser
    fail          cognito-idp::admin::unknown-user-is-refused-by-AdminSetUserPassword (34 ms): step 2: expected UserNotFoundException "User does not exist."; got ResourceNotFoundException from AdminSetUserPassword
    indeterminate cognito-idp::auth::srp-signs-in (34 ms): step 3: no complete response within 5000 ms
    skipped       cognito-idp::mfa::code-is-taken-once (34 ms): needs clock: the target's time cannot be moved
    fail          cognito-idp::pools::dates-are-numbers (34 ms): step 2: expected a number: epoch seconds; got the string "2024-05-01T10:00:00Z"
    flaky         cognito-idp::sign-up::second-sign-up-is-refused (34 ms): step 2: expected UsernameExistsException; got success
    unsupported   cognito-idp::terms::created-terms-are-listed (34 ms): CreateTerms
    note          cognito-idp::users::pages-are-complete (34 ms), schema
    "##);
}

#[test]
fn verbose_shows_notes_and_what_passed() {
    let run = sample();
    let text = terminal::render(&run, Style { verbose: true, ..PLAIN });
    assert!(text.contains("Notes: 1"), "{text}");
    assert!(text.contains("undeclared member"), "{text}");
    assert!(text.contains("ListUsers"), "{text}");
}

#[test]
fn lines_keep_to_the_width_except_what_is_pasted() {
    for width in [40, 60, 80, 120] {
        let text = terminal::render(&sample(), Style { width, verbose: true, ..PLAIN });
        let mut pasted = false;
        for line in text.lines() {
            pasted = line.contains("reproduce:") || (pasted && !line.trim().is_empty());
            assert!(pasted || line.chars().count() <= width, "{width}: {line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let plain = terminal::render(&sample(), PLAIN);
    let coloured = terminal::render(&sample(), Style { colour: true, ..PLAIN });
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains("\u{1b}[1;31m"));
    let codes = regex::Regex::new("\u{1b}\\[[0-9;]*m").expect("the pattern is ours");
    let stripped: Vec<_> =
        codes.replace_all(&coloured, "").lines().map(|l| l.trim_end().to_owned()).collect();
    assert_eq!(stripped.join("\n"), plain.trim_end());
}

#[test]
fn repeated_findings_are_one_and_the_gravest_come_first() {
    let run = sample();
    let groups = roll_up(&run);
    let seen: Vec<_> = groups
        .iter()
        .map(|group| {
            let operations: Vec<_> = group.operations.iter().copied().collect();
            (group.first.check.as_str(), operations.join(" "), group.occurrences, group.flaky)
        })
        .collect();
    let expected = [
        ("expectation", "SignUp", 1, true),
        ("error-contract", "AdminDeleteUser AdminGetUser AdminSetUserPassword", 3, false),
        ("schema", "DescribeUserPool", 1, false),
        ("schema", "ListUsers", 1, false),
    ];
    assert_eq!(
        seen,
        expected.map(|(check, ops, count, flaky)| (check, ops.to_owned(), count, flaky))
    );
    assert!(!groups[3].first.fails);
}

#[test]
fn the_same_promise_broken_in_another_way_is_another_finding() {
    let mut run = sample();
    run.cases[0].findings[0].actual = "200, no error at all".into();
    assert_eq!(roll_up(&run).len(), 5);
}

#[test]
fn the_junit_report_has_one_suite_per_area() {
    insta::assert_snapshot!(junit::render(&sample()), @r##"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="cognito-conformance" tests="9" failures="5" errors="1" time="12.345">
        <testsuite name="cognito-idp::admin" tests="3" disabled="0" errors="0" failures="3" time="0.102">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="unknown-user-is-refused-by-AdminDeleteUser" classname="cognito-idp::admin" time="0.034">
                <failure message="step 2, AdminDeleteUser: expected UserNotFoundException &quot;User does not exist.&quot;; got ResourceNotFoundException from AdminDeleteUser" type="error-contract">finding: error-contract (errors, error-contract-AdminDeleteUser)
    where: step 2, AdminDeleteUser, /__type
    promise: UserNotFoundException &quot;User does not exist.&quot;
    evidence: observed: an issue of 2023, rule user-not-found
    came back: ResourceNotFoundException from AdminDeleteUser
    request: {&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}
    response: 400 {&quot;__type&quot;:&quot;ResourceNotFoundException&quot;,&quot;message&quot;:&quot;User not found&quot;}
    reproduce: curl -sS http://127.0.0.1:5000/ -H &apos;x-amz-target: AWSCognitoIdentityProviderService.AdminDeleteUser&apos; -H &apos;content-type: application/x-amz-json-1.1&apos; --data &apos;{&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}&apos;</failure>
            </testcase>
            <testcase name="unknown-user-is-refused-by-AdminGetUser" classname="cognito-idp::admin" time="0.034">
                <failure message="step 2, AdminGetUser: expected UserNotFoundException &quot;User does not exist.&quot;; got ResourceNotFoundException from AdminGetUser" type="error-contract">finding: error-contract (errors, error-contract-AdminGetUser)
    where: step 2, AdminGetUser, /__type
    promise: UserNotFoundException &quot;User does not exist.&quot;
    evidence: observed: an issue of 2023, rule user-not-found
    came back: ResourceNotFoundException from AdminGetUser
    request: {&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}
    response: 400 {&quot;__type&quot;:&quot;ResourceNotFoundException&quot;,&quot;message&quot;:&quot;User not found&quot;}
    reproduce: curl -sS http://127.0.0.1:5000/ -H &apos;x-amz-target: AWSCognitoIdentityProviderService.AdminGetUser&apos; -H &apos;content-type: application/x-amz-json-1.1&apos; --data &apos;{&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}&apos;</failure>
            </testcase>
            <testcase name="unknown-user-is-refused-by-AdminSetUserPassword" classname="cognito-idp::admin" time="0.034">
                <failure message="step 2, AdminSetUserPassword: expected UserNotFoundException &quot;User does not exist.&quot;; got ResourceNotFoundException from AdminSetUserPassword" type="error-contract">finding: error-contract (errors, error-contract-AdminSetUserPassword)
    where: step 2, AdminSetUserPassword, /__type
    promise: UserNotFoundException &quot;User does not exist.&quot;
    evidence: observed: an issue of 2023, rule user-not-found
    came back: ResourceNotFoundException from AdminSetUserPassword
    request: {&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}
    response: 400 {&quot;__type&quot;:&quot;ResourceNotFoundException&quot;,&quot;message&quot;:&quot;User not found&quot;}
    reproduce: curl -sS http://127.0.0.1:5000/ -H &apos;x-amz-target: AWSCognitoIdentityProviderService.AdminSetUserPassword&apos; -H &apos;content-type: application/x-amz-json-1.1&apos; --data &apos;{&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}&apos;</failure>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::auth" tests="1" disabled="0" errors="1" failures="0" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="srp-signs-in" classname="cognito-idp::auth" time="0.034">
                <error message="behaviour: step 3: no complete response within 5000 ms" type="indeterminate"/>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::mfa" tests="1" disabled="1" errors="0" failures="0" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="code-is-taken-once" classname="cognito-idp::mfa" time="0.034">
                <skipped message="needs clock: the target&apos;s time cannot be moved" type="skipped"/>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::pools" tests="1" disabled="0" errors="0" failures="1" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="dates-are-numbers" classname="cognito-idp::pools" time="0.034">
                <failure message="step 2, DescribeUserPool: expected a number: epoch seconds; got the string &quot;2024-05-01T10:00:00Z&quot;" type="schema">finding: schema (schema, schema-5d41)
    where: step 2, DescribeUserPool, /UserPool/CreationDate
    promise: a number: epoch seconds
    evidence: modelled: model of cognito-idp, shape DateType
    came back: the string &quot;2024-05-01T10:00:00Z&quot;
    request: {&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;}
    response: 200 {&quot;UserPool&quot;:{&quot;CreationDate&quot;:&quot;2024-05-01T10:00:00Z&quot;}}
    reproduce: curl -sS http://127.0.0.1:5000/ -H &apos;x-amz-target: AWSCognitoIdentityProviderService.DescribeUserPool&apos; -H &apos;content-type: application/x-amz-json-1.1&apos; --data &apos;{&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}&apos;</failure>
                <system-out>left behind: user pool us-east-1_Ab9: delete answered 500</system-out>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::sign-up" tests="1" disabled="0" errors="0" failures="1" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="second-sign-up-is-refused" classname="cognito-idp::sign-up" time="0.034">
                <failure message="flaky: step 2, SignUp: expected UsernameExistsException; got success" type="expectation">finding: expectation (behaviour, expectation-77aa)
    where: step 2, SignUp, /__type
    promise: UsernameExistsException
    evidence: documented: an issue of 2023
    came back: success
    request: {&quot;ClientId&quot;:&quot;&lt;client-id#1&gt;&quot;,&quot;Username&quot;:&quot;ann&quot;}
    response: 200 {&quot;UserConfirmed&quot;:false,&quot;UserSub&quot;:&quot;&lt;user-sub#2&gt;&quot;}
    reproduce: curl -sS http://127.0.0.1:5000/ -H &apos;x-amz-target: AWSCognitoIdentityProviderService.SignUp&apos; -H &apos;content-type: application/x-amz-json-1.1&apos; --data &apos;{&quot;UserPoolId&quot;:&quot;&lt;user-pool-id#1&gt;&quot;,&quot;Username&quot;:&quot;nobody&quot;}&apos;</failure>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::terms" tests="1" disabled="1" errors="0" failures="0" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="created-terms-are-listed" classname="cognito-idp::terms" time="0.034">
                <skipped message="the target declines CreateTerms" type="unsupported"/>
            </testcase>
        </testsuite>
        <testsuite name="cognito-idp::users" tests="1" disabled="0" errors="0" failures="0" time="0.034">
            <properties>
                <property name="target" value="moto"/>
                <property name="target-version" value="5.2.5"/>
                <property name="harness" value="0.1.0"/>
                <property name="seed" value="42"/>
            </properties>
            <testcase name="pages-are-complete" classname="cognito-idp::users" time="0.034">
                <system-out>note: schema: step 2, ListUsers: expected declared members only; got the undeclared member `Extra`</system-out>
            </testcase>
        </testsuite>
    </testsuites>
    "##);
}

#[test]
fn the_published_schema_is_the_one_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/run.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        fs::write(path, json::schema()).expect("the source folder can be written");
    }
    let published = fs::read_to_string(path).expect("the schema is published");
    assert_eq!(published, json::schema(), "set UPDATE_SCHEMAS=1 to publish the new schema");
}

#[test]
fn documents_fit_the_schema_and_read_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("made/on/the/way/run.json");
    for run in [sample(), clean(), Run { cases: Vec::new(), ..clean() }] {
        json::write(&path, &run).expect("the file can be written");
        check_schema(&fs::read_to_string(&path).expect("the file is there"));
        assert_eq!(json::read(&path).expect("the document is whole"), run);
    }
    assert_eq!(
        fs::read_dir(path.parent().expect("it has a folder")).expect("it is one").count(),
        1
    );
}

#[test]
fn a_stream_is_a_valid_document_after_every_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.json");
    let run = sample();
    let mut stream = Stream::start(&path, &run).expect("the file can be written");
    check_partial(&path, &run, &[]);
    // Cases finish in any order; a partial document is sorted when it is read.
    let finished: Vec<_> = run.cases.iter().rev().cloned().collect();
    for (count, case) in (1..).zip(&finished) {
        stream.push(case, 100 * count as u64).expect("the file can be written");
        check_partial(&path, &run, &finished[..count]);
    }
    stream.finish(&run).expect("the file can be written");
    assert_eq!(fs::read_to_string(&path).expect("the file is there"), json::render(&run));
}

#[track_caller]
fn check_partial(path: &std::path::Path, run: &Run, finished: &[CaseOutcome]) {
    let text = fs::read_to_string(path).expect("the file is there");
    check_schema(&text);
    let mut cases = finished.to_vec();
    cases.sort_by(|a, b| a.case.cmp(&b.case));
    let elapsed_ms = if cases.is_empty() { run.elapsed_ms } else { 100 * cases.len() as u64 };
    let expected = Run { complete: false, cases, elapsed_ms, ..run.clone() };
    assert_eq!(json::read(path).expect("the document is whole"), expected);
}

#[test]
fn a_stream_into_something_else_than_a_file_waits_for_the_end() {
    let run = sample();
    let null = std::path::Path::new("/dev/null");
    if !null.exists() {
        return;
    }
    let mut stream = Stream::start(null, &run).expect("the device can be written");
    stream.push(&run.cases[0], 1).expect("nothing is written");
    stream.finish(&run).expect("the device can be written");
    assert!(!fs::metadata(null).expect("it is still there").is_file());
}

#[test]
fn a_malformed_document_is_refused_with_its_place() {
    let whole = json::render(&sample());
    check_refused("", "no run document: EOF while parsing a value at line 1 column 0");
    check_refused("[1]", "no run document: ");
    check_refused("{\"format\": 1,\n \"seed\": -1}", "at line 2 column");
    check_refused(&whole[..whole.len() / 2], "EOF while parsing");
    check_refused(&whole.replace("\"pass\"", "\"passed\""), "unknown variant `passed`");
    check_refused("{\"format\": 9}", "format `9` is not the one this version reads, `1`");
    check_refused(&"[".repeat(100_000), "no run document: ");
    check_refused(&format!("{{\"format\": 1, \"x\": {}", "[".repeat(100_000)), "EOF while parsing");
    let missing = json::read("no/such/run.json".as_ref()).expect_err("there is no such file");
    assert!(matches!(missing.kind(), ReportErrorKind::Unreadable(_)));
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("run.json");
    fs::write(&path, text).expect("the file can be written");
    let message = json::read(&path).expect_err("it is malformed").to_string();
    assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    assert!(message.contains(expected), "{message}");
}

#[track_caller]
fn check_schema(text: &str) {
    let schema: Value = serde_json::from_str(json::SCHEMA).expect("the schema is JSON");
    let document: Value = serde_json::from_str(text).expect("the document is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<_> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
}

#[test]
fn no_text_of_a_target_breaks_a_report() {
    let long = "x".repeat(50_000);
    let wide = "漢字 ".repeat(5_000);
    let hostile = [
        "",
        " ",
        "\n\n\n",
        "\0\u{1}\u{7}\u{8}\u{b}\u{1f}\u{7f}\u{9b}31m",
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}P",
        "]]></failure><!-- & \"'",
        "\u{202e}drowssap\u{2066}\u{200f}",
        "\u{feff}\u{fffe}\u{ffff}\u{10ffff}",
        "👩‍👩‍👧‍👦 e\u{301} \u{200b}",
        "::",
        "a::b::c::",
        "\r\n\ttab",
        "' -H \"unclosed \\",
        &long,
        &wide,
    ];
    for text in hostile {
        check_hostile(text);
    }
    let mut random = ChaCha8Rng::seed_from_u64(7);
    for _ in 0..100 {
        let length = random.next_u32() % 60;
        let pick = |_| char::from_u32(random.next_u32() % 0x3000).unwrap_or('\0');
        check_hostile(&(0..length).map(pick).collect::<String>());
    }
}

#[track_caller]
fn check_hostile(text: &str) {
    let run = filled_with(text);
    for (width, verbose) in [(0, true), (1, false), (40, true), (80, false), (usize::MAX, true)] {
        let shown = terminal::render(&run, Style { colour: false, width, verbose });
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{text:?}: {shown:?}");
        assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{text:?}");
        let coloured = terminal::render(&run, Style { colour: true, width, verbose });
        assert!(coloured.len() >= shown.trim_end().len());
    }
    for case in &run.cases {
        let line = terminal::line(case);
        assert!(!line.contains(char::is_control), "{text:?}: {line:?}");
    }
    let xml = junit::render(&run);
    let legal =
        |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..) && c != '\u{7f}';
    assert!(xml.chars().all(legal), "{text:?}");
    let report = quick_junit::Report::deserialize_from_str(&xml).expect("the XML is well-formed");
    assert_eq!(report.tests, run.cases.len());
    let document = json::render(&run);
    check_schema(&document);
    assert_eq!(serde_json::from_str::<Run>(&document).expect("the document is whole"), run);
    assert_eq!(Summary::of(&run).leaked.len(), run.cases.len());
}
