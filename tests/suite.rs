//! Is the committed suite whole: nothing forgotten, nothing unused, every promised operation
//! tested both ways?

use std::collections::BTreeSet;
use std::path::Path;

use cognito_conformance::scenario::{Action, Expect, Step, json_schema, recipe_schemas};
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

/// Texts that short occur by chance.
const TELLING_LENGTH: usize = 25;

/// Source files that may quote the service: what is wrong on purpose, tests, and input validation,
/// whose texts are put together from the shapes.
const MAY_QUOTE: &[&str] = &["reference/faults", "reference/tests", "reference/validate.rs"];

/// Returns the parts of the rules' messages that stand between placeholders and tell the rule.
fn message_parts(suite: &Suite) -> Vec<(String, String)> {
    let placeholder = regex::Regex::new(r"\{\w+\}").expect("a valid pattern");
    let mut parts = Vec::new();
    for rule in suite.catalogue.rules.iter() {
        let text = rule.message.as_deref().unwrap_or_default();
        let long = placeholder.split(text).map(str::trim).filter(|p| p.len() >= TELLING_LENGTH);
        parts.extend(long.map(|part| (rule.id.clone(), part.to_owned())));
    }
    parts
}

/// Returns the string literals of a source file, its unit tests and comments left out.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let continued = regex::Regex::new(r"\\\n\s*").expect("a valid pattern");
    let code = continued.replace_all(&code, "");
    let literal = regex::Regex::new(r#""((?:[^"\\]|\\.)*)""#).expect("a valid pattern");
    literal.captures_iter(&code).map(|found| found[1].replace('\\', "")).collect()
}

/// Every file below a folder with this extension: path below it and text.
fn files(folder: &Path, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut queue = vec![folder.to_owned()];
    while let Some(next) = queue.pop() {
        for entry in std::fs::read_dir(next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                queue.push(path);
            } else if path.extension().is_some_and(|ext| ext == extension) {
                let name = path.strip_prefix(folder).expect("inside").display().to_string();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found
}

#[test]
fn the_services_words_stand_in_the_rulebook_only() {
    let suite = suite();
    let parts = message_parts(&suite);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut quoted = Vec::new();
    for (name, text) in files(&root.join("scenarios"), "yaml") {
        let told = parts.iter().filter(|(_, part)| text.contains(part.as_str()));
        quoted.extend(told.map(|(rule, _)| format!("scenarios/{name} quotes rule {rule}")));
    }
    for (name, text) in files(&root.join("src"), "rs") {
        if MAY_QUOTE.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        for literal in literals(&text) {
            let told = parts.iter().filter(|(_, part)| literal.contains(part.as_str()));
            quoted
                .extend(told.map(|(rule, _)| format!("src/{name} quotes rule {rule}: {literal}")));
        }
    }
    assert!(quoted.is_empty(), "{quoted:#?}");
}

/// `UPDATE_SCHEMAS=1 cargo test --test suite` rewrites the files after a change of the types.
#[test]
fn the_published_schemas_are_those_of_the_types() {
    let [recipes, situations] = recipe_schemas();
    let published = [
        ("scenario.schema.json", json_schema()),
        ("recipes/recipes.schema.json", recipes),
        ("recipes/situations.schema.json", situations),
    ];
    for (name, schema) in published {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
        let current = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &current).expect("writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == current, "scenarios/{name} is not current");
    }
}
