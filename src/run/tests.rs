//! How cases are driven, seen on references that are wrong in one respect or lack something.

use std::sync::Arc;

use super::play::{self, Attempt};
use super::{Options, Session, shadow};
use crate::catalogue::Source;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::outcome::{CaseOutcome, Verdict};
use crate::reference::Reference;
use crate::reference::middleware::{Middleware, Next};
use crate::reference::server::{ServeOptions, Server};
use crate::scenario::recipes::Recipes;
use crate::scenario::{self, Files, Scenario};
use crate::suite::{Sources, Suite};
use crate::target::open::{OpenOptions, TargetSpec, open};
use crate::wire::{Request, Response};

fn suite() -> Suite {
    Suite::load(&Sources::default()).expect("the committed suite loads")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime")
}

/// Opens a target with the plain client; `change` says which, and how.
async fn session(suite: &Suite, spec: TargetSpec, change: impl Fn(&mut OpenOptions)) -> Session {
    let mut options = OpenOptions { plain_http: true, ..OpenOptions::new(suite.catalogue.clone()) };
    change(&mut options);
    let target = open(&spec, &options).await.expect("it is up");
    Session::new(suite.catalogue.clone(), Arc::new(target), Options::default())
}

/// Returns profiles in which the reference has other lines than the committed ones.
fn profiles(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let committed = include_str!("../../targets/reference.yaml").to_owned();
    std::fs::write(folder.path().join("reference.yaml"), change(committed)).expect("it is ours");
    folder
}

/// Returns the generated cases of an operation.
fn coverage(suite: &Suite, service: &str, operation: &str) -> Vec<Scenario> {
    let recipes = Recipes::load(&Sources::default().scenarios, &suite.catalogue);
    let recipes = Arc::new(recipes.expect("the committed recipes load"));
    let mut generator = Generator::new(suite.catalogue.clone(), recipes, Dictionary::ours(), 1);
    generator.coverage(service, operation)
}

fn read(suite: &Suite, text: &str) -> Scenario {
    let files = Files::from([("shown.yaml".to_owned(), text.to_owned())]);
    let cases = scenario::read(&files, &Sources::default().scenarios, &suite.catalogue);
    let mut cases = cases.unwrap_or_else(|errors| panic!("{}\n{text}", errors[0]));
    cases.pop().expect("one case")
}

mod shrinking {
    use super::*;

    /// Makes each kind of failure small that the generated cases of an operation show on a
    /// reference with a fault, and plays what is left on one without.
    #[track_caller]
    fn check(fault: &str, service: &str, operation: &str) {
        let suite = suite();
        let shown = runtime().block_on(async {
            let faulty = session(&suite, TargetSpec::Reference, |options| {
                options.faults = vec![fault.to_owned()];
            });
            let sound = session(&suite, TargetSpec::Reference, |_| {}).await;
            let faulty = faulty.await;
            let mut shown = std::collections::BTreeSet::new();
            for case in coverage(&suite, service, operation) {
                let outcome = faulty.run_case(&case).await;
                for finding in outcome.findings.iter().filter(|finding| finding.fails) {
                    if shown.len() >= 4 || !shown.insert(finding.id.clone()) {
                        continue;
                    }
                    let small = faulty.shrink(&case, finding, 800).await.expect("it shows again");
                    let text = small.text();
                    let case = read(&suite, &text);
                    let again = faulty.run_case(&case).await;
                    let again = again.findings.iter().any(|found| found.id == finding.id);
                    assert!(again, "{fault}: {finding:#?} does not show in\n{text}");
                    let clean = sound.run_case(&case).await;
                    let told: Vec<_> = clean.findings.iter().filter(|found| found.fails).collect();
                    assert!(told.is_empty(), "{fault}: {told:#?}\nin\n{text}");
                }
            }
            shown.len()
        });
        assert!(shown > 0, "{fault}: no case of {operation} fails");
    }

    #[test]
    fn what_is_left_of_a_failure_is_sound_by_itself() {
        check("missing-required-member", "cognito-idp", "SignUp");
        check("group-name-is-not-required", "cognito-idp", "CreateGroup");
        check("first-violation-only", "cognito-idp", "AdminCreateUser");
        check("permanent-password-is-temporary", "cognito-idp", "InitiateAuth");
        check("disable-does-nothing", "cognito-idp", "AdminDisableUser");
    }
}

mod smallest {
    use super::*;
    use crate::scenario::Action;

    /// Makes the first failure small that one of these cases shows on a reference with a fault.
    #[track_caller]
    fn small(suite: &Suite, fault: &str, cases: &[Scenario], check: &str) -> Scenario {
        let shrunk = runtime().block_on(async {
            let faulty = session(suite, TargetSpec::Reference, |options| {
                options.faults = vec![fault.to_owned()];
            });
            let faulty = faulty.await;
            for case in cases {
                let outcome = faulty.run_case(case).await;
                let mut failing = outcome.findings.iter().filter(|finding| finding.fails);
                if let Some(finding) = failing.find(|finding| finding.check == check) {
                    return faulty.shrink(case, finding, 2000).await;
                }
            }
            None
        });
        shrunk.unwrap_or_else(|| panic!("{fault}: no failure of {check} became small")).case
    }

    #[test]
    fn what_names_nothing_needs_nothing_made() {
        let suite = suite();
        let cases = coverage(&suite, "cognito-idp", "DescribeUserPool");
        let case = small(&suite, "unknown-pool-not-authorized", &cases, "lockstep");
        assert_eq!(case.steps.len(), 1, "{:#?}", case.steps);
    }

    #[test]
    fn a_crash_keeps_what_its_call_requires() {
        let suite = suite();
        let cases = coverage(&suite, "cognito-idp", "CreateGroup");
        let case = small(&suite, "html-500", &cases, "server-fault");
        let last = case.steps.last().map(|step| &step.action);
        let Some(Action::Call { with, .. }) = last else { panic!("{last:#?}") };
        assert!(with.get("GroupName").is_some() && with.get("UserPoolId").is_some(), "{with:#?}");
    }

    #[test]
    fn what_is_made_and_taken_away_again_goes_together() {
        let suite = suite();
        let case = read(
            &suite,
            r#"title: A user of another pool is not shown
why: Users of two pools have the same name, and one of them goes.
evidence: documented
source: API reference, AdminGetUser
level: security
steps:
  - call: CreateUserPool
    with: { PoolName: "one-${unique}" }
    save: { pool: /UserPool/Id }
  - call: CreateUserPool
    with: { PoolName: "other-${unique}" }
    save: { other: /UserPool/Id }
  - call: AdminCreateUser
    with: { UserPoolId: "${pool}", Username: "${username}" }
  - call: AdminCreateUser
    with: { UserPoolId: "${other}", Username: "${username}" }
  - call: AdminDeleteUser
    with: { UserPoolId: "${pool}", Username: "${username}" }
  - call: AdminGetUser
    with: { UserPoolId: "${pool}", Username: "${username}" }
    expect: { error: user-not-found }
"#,
        );
        let case = small(&suite, "user-of-another-pool-is-shown", &[case], "expectation");
        assert_eq!(case.steps.len(), 4, "{:#?}", case.steps);
    }
}

mod lacking {
    use super::*;

    #[track_caller]
    fn check(lacks: &str, service: &str, operation: &str, expected: Option<&str>) {
        let suite = suite();
        let case = coverage(&suite, service, operation).remove(0);
        let folder = profiles(|text| format!("{text}unsupported: ['{lacks}']\n"));
        let found = runtime().block_on(async {
            let session = session(&suite, TargetSpec::Reference, |options| {
                options.profiles = Source::Folder(folder.path().into());
            });
            session.await.declared_unsupported(&case)
        });
        assert_eq!(found.as_deref(), expected, "{}", case.id);
    }

    #[test]
    fn a_generated_case_needs_what_it_is_about_and_no_other_operation() {
        check("CreateGroup", "cognito-idp", "CreateGroup", Some("CreateGroup"));
        check("ListGroups", "cognito-idp", "CreateGroup", None);
        check("ListTagsForResource", "cognito-identity", "ListTagsForResource", None);
        let own = "cognito-identity:ListTagsForResource";
        check(own, "cognito-identity", "ListTagsForResource", Some("ListTagsForResource"));
        check(own, "cognito-idp", "ListTagsForResource", None);
    }

    /// Answers one operation as it answers those it has never heard of.
    struct Without(&'static str);

    impl Middleware for Without {
        fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
            if operation != Some(self.0) {
                return next(request);
            }
            let mut request = request.clone();
            for (name, value) in &mut request.headers {
                if name.eq_ignore_ascii_case("x-amz-target") {
                    value.push_str("Unheard");
                }
            }
            next(&request)
        }
    }

    async fn played(suite: &Suite, lacks: &'static str, case: &Scenario) -> CaseOutcome {
        let options =
            ServeOptions { middleware: Some(Arc::new(Without(lacks))), ..ServeOptions::default() };
        let reference = Reference::new(suite.catalogue.clone(), 1);
        let server = Server::on_loopback(reference, options).expect("a free port");
        let session = session(suite, TargetSpec::Url(server.url()), |options| {
            options.capabilities_of = Some("reference".into());
        });
        let outcome = session.await.run_case(case).await;
        server.shutdown();
        outcome
    }

    #[test]
    fn a_stage_that_lacks_something_is_played_on_as_far_as_it_goes() {
        let suite = suite();
        let (roles, own, needed) = runtime().block_on(async {
            let cases = coverage(&suite, "cognito-identity", "GetCredentialsForIdentity");
            let case = cases.iter().find(|case| case.id.ends_with("::effects"));
            let case = case.unwrap_or(&cases[0]);
            (
                played(&suite, "SetIdentityPoolRoles", case).await,
                played(&suite, "GetCredentialsForIdentity", case).await,
                played(&suite, "CreateIdentityPool", case).await,
            )
        });
        assert!(!roles.failed(), "{roles:#?}");
        assert!(!matches!(roles.verdict(), Verdict::Unsupported { .. }), "{roles:#?}");
        let unsupported = |operation: &str| Verdict::Unsupported { operation: operation.into() };
        assert_eq!(*own.verdict(), unsupported("GetCredentialsForIdentity"));
        assert_eq!(*needed.verdict(), unsupported("CreateIdentityPool"));
    }
}

#[test]
fn where_every_code_is_the_same_an_older_one_is_no_other() {
    let suite = suite();
    let case = read(
        &suite,
        "title: t\nwhy: w\nevidence: inferred\nsource: s\nlevel: model\nlockstep: true\n\
         needs: [mailbox]\nsetup: [signed-up-user]\nsteps:\n  \
         - mail: { pool: '${pool}', username: '${username}', save: old }\n  \
         - call: ResendConfirmationCode\n    with: { ClientId: '${client}', Username: \
         '${username}' }\n  \
         - call: ConfirmSignUp\n    with: { ClientId: '${client}', Username: '${username}', \
         ConfirmationCode: '${old}' }\n    expect: { anything: true }\n",
    );
    let confirmed = |folder: &tempfile::TempDir| {
        runtime().block_on(async {
            let session = session(&suite, TargetSpec::Reference, |options| {
                options.profiles = Source::Folder(folder.path().into());
            });
            let session = session.await;
            let bindings = play::bindings(&session, &case, &Attempt::First);
            let last = shadow::alone(&session, &case, bindings).pop();
            last.and_then(|alone| alone.twin).map(|twin| twin.answer.is_ok())
        })
    };
    assert_eq!(confirmed(&profiles(|text| text)), Some(false));
    let fixed = |text: String| {
        let start = text.find("    outbox:").expect("a mailbox");
        let end = text.find("  clock:").expect("what follows it");
        format!("{}    fixed: '123456'\n{}", &text[..start], &text[end..])
    };
    assert_eq!(confirmed(&profiles(fixed)), Some(true));
}

#[test]
fn a_pool_with_a_running_import_is_deleted() {
    let suite = suite();
    let leaked = runtime().block_on(async {
        let session = session(&suite, TargetSpec::Reference, |_| {}).await;
        let mut leaked = Vec::new();
        for case in coverage(&suite, "cognito-idp", "StopUserImportJob") {
            leaked.extend(session.run_case(&case).await.leaked);
        }
        leaked
    });
    assert_eq!(leaked, Vec::<String>::new());
}
