//! Is the committed suite whole: nothing forgotten, nothing unused, every promised operation
//! tested both ways?

use std::collections::BTreeSet;
use std::path::Path;

use cognito_conformance::scenario::{Action, Expect, Step, json_schema};
use cognito_conformance::suite::{Sources, Suite};

/// The operations this project was first asked for; each accepts and refuses in some case.
const ASKED_FOR: &[&str] = &[
    "AddCustomAttributes",
    "AdminAddUserToGroup",
    "AdminConfirmSignUp",
    "AdminCreateUser",
    "AdminDeleteUser",
    "AdminDeleteUserAttributes",
    "AdminDisableUser",
    "AdminEnableUser",
    "AdminForgetDevice",
    "AdminGetDevice",
    "AdminGetUser",
    "AdminInitiateAuth",
    "AdminListDevices",
    "AdminListGroupsForUser",
    "AdminRemoveUserFromGroup",
    "AdminResetUserPassword",
    "AdminRespondToAuthChallenge",
    "AdminSetUserSettings",
    "AdminUpdateDeviceStatus",
    "AdminUpdateUserAttributes",
    "AdminUserGlobalSignOut",
    "ChangePassword",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "CreateGroup",
    "CreateIdentityPool",
    "CreateUserImportJob",
    "CreateUserPool",
    "CreateUserPoolClient",
    "DeleteGroup",
    "DeleteUser",
    "DeleteUserAttributes",
    "DeleteUserPool",
    "DeleteUserPoolClient",
    "DescribeUserImportJob",
    "DescribeUserPool",
    "DescribeUserPoolClient",
    "ForgetDevice",
    "ForgotPassword",
    "GetCSVHeader",
    "GetDevice",
    "GetGroup",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GlobalSignOut",
    "InitiateAuth",
    "ListDevices",
    "ListGroups",
    "ListUserImportJobs",
    "ListUserPoolClients",
    "ListUserPools",
    "ListUsers",
    "ListUsersInGroup",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "SetUserSettings",
    "SignUp",
    "StartUserImportJob",
    "StopUserImportJob",
    "UpdateDeviceStatus",
    "UpdateGroup",
    "UpdateUserAttributes",
    "UpdateUserPool",
    "UpdateUserPoolClient",
    "VerifyUserAttribute",
];

fn suite() -> Suite {
    Suite::load(&Sources::default()).expect("the committed suite loads")
}

/// Returns the operations of the steps that `wanted` picks.
fn operations(suite: &Suite, wanted: impl Fn(&Step) -> bool) -> BTreeSet<String> {
    let steps = suite.cases.iter().flat_map(|case| &case.steps).filter(|step| wanted(step));
    let called = steps.filter_map(|step| match &step.action {
        Action::Call { operation, .. } => Some(operation.clone()),
        _ => None,
    });
    called.collect()
}

#[test]
fn every_operation_asked_for_is_accepted_and_refused_in_some_case() {
    let suite = suite();
    let accepted = operations(&suite, |step| matches!(step.expect, Expect::Output(_)));
    let refused = operations(&suite, |step| matches!(step.expect, Expect::Error(..)));
    let missing = |list: &BTreeSet<String>| {
        ASKED_FOR.iter().filter(|name| !list.contains(**name)).copied().collect::<Vec<_>>()
    };
    assert_eq!(missing(&accepted), [""; 0], "never accepted");
    assert_eq!(missing(&refused), [""; 0], "never refused");
}

#[test]
fn every_set_up_is_used() {
    let used: BTreeSet<String> = suite()
        .cases
        .iter()
        .flat_map(|case| case.setup.iter().map(|(set_up, _)| format!("{}.yaml", set_up.name)))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/setup");
    let files = std::fs::read_dir(folder).expect("the set-ups' folder").flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let unused: Vec<_> =
        names.filter(|name| name.ends_with(".yaml") && !used.contains(name)).collect();
    assert_eq!(unused, [""; 0]);
}

/// `UPDATE_SCHEMAS=1 cargo test --test suite` rewrites the file after a change of the types.
#[test]
fn the_published_schema_of_scenarios_is_the_one_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/scenario.schema.json");
    let current = serde_json::to_string_pretty(&json_schema()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(&path, &current).expect("writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == current, "scenarios/scenario.schema.json is not current");
}
