//! The committed catalogue: it is complete, holds together, and can be read.

use std::collections::BTreeSet;
use std::path::Path;

use cognito_conformance::catalogue::links::{Link, Links};
use cognito_conformance::catalogue::{self, Catalogue, Service, Source, Volatile};
use serde_json::Value;

fn catalogue() -> Catalogue {
    Catalogue::load(&Source::Embedded).unwrap_or_else(|error| panic!("{error}"))
}

/// Every generated and hand-written file of `specs/`, path and text.
fn specs() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut found = Vec::new();
    let mut queue = vec![root.clone()];
    while let Some(folder) = queue.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let name = path.strip_prefix(&root).expect("inside").display().to_string();
                found.push((name, std::fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_operation_of_both_services_is_there() {
    let catalogue = catalogue();
    assert_eq!(catalogue.services["cognito-idp"].operations.len(), 141);
    assert_eq!(catalogue.services["cognito-identity"].operations.len(), 23);
}

#[test]
fn checksums_fit_the_operation_files() {
    for (id, service) in &catalogue().services {
        let files: BTreeSet<_> = service.operations.keys().collect();
        assert_eq!(files, service.info.checksums.keys().collect(), "{id}");
    }
    for (name, text) in specs() {
        let Some((id, operation)) =
            name.strip_suffix(".json").and_then(|n| n.split_once("/operations/"))
        else {
            continue;
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let sum: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            catalogue().services[id].info.checksums[operation],
            sum,
            "{name} was edited by hand"
        );
    }
}

#[test]
fn no_prose_leaked_from_the_models() {
    fn visit(file: &str, key: &str, value: &Value) {
        assert!(!key.eq_ignore_ascii_case("documentation"), "{file}: a key `{key}`");
        match value {
            Value::String(text) => {
                let is_prose = text.len() > 400 || text.contains("<p>");
                assert!(key == "pattern" || !is_prose, "{file}: `{key}` holds prose: {text}");
            }
            Value::Array(items) => items.iter().for_each(|item| visit(file, key, item)),
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| visit(file, key, value))
            }
            _ => {}
        }
    }
    for (name, text) in specs().iter().filter(|(name, _)| name.ends_with(".json")) {
        visit(name, "", &serde_json::from_str(text).expect("JSON"));
    }
}

#[test]
fn every_pattern_compiles() {
    for service in catalogue().services.values() {
        for (name, shape) in &service.shapes {
            if let Some(pattern) = &shape.pattern {
                assert!(shape.model_pattern().is_some(), "{name} is not anchored: {pattern}");
                fancy_regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
}

/// Operations that neither make, show, change nor end anything that outlives a sign-in.
const WITHOUT_RESOURCE: &[&str] = &[
    "AdminInitiateAuth",
    "AdminRespondToAuthChallenge",
    "GetClientToken",
    "GetDerivedToken",
    "GetTokensFromRefreshToken",
    "InitiateAuth",
    "RespondToAuthChallenge",
    "RevokeToken",
];

#[test]
fn every_operation_belongs_to_a_resource_or_a_sign_in() {
    for service in catalogue().services.values() {
        let mut covered: BTreeSet<&str> = BTreeSet::new();
        for resource in service.resources.values() {
            covered.extend(resource.create.iter().map(|creator| creator.operation.as_str()));
            let lists = [&resource.read, &resource.list, &resource.change, &resource.delete];
            covered.extend(lists.into_iter().flatten().map(String::as_str));
        }
        let all: BTreeSet<&str> = service.operations.keys().map(String::as_str).collect();
        let mut missing: BTreeSet<&str> = all.difference(&covered).copied().collect();
        WITHOUT_RESOURCE.iter().for_each(|name| _ = missing.remove(name));
        assert!(missing.is_empty(), "{}: in no resource: {missing:?}", service.info.id);
    }
}

#[test]
fn teardown_knows_what_to_delete_and_how() {
    let catalogue = catalogue();
    let deleted: Vec<&str> = catalogue
        .services
        .values()
        .flat_map(|service| &service.resources)
        .filter(|(_, resource)| resource.within.is_none() && !resource.create.is_empty())
        .map(|(kind, _)| kind.as_str())
        .collect();
    assert_eq!(deleted, ["identity-pool", "user-pool", "user-pool-domain", "user-pool-replica"]);
    let pool = &catalogue.services["cognito-idp"].resources["user-pool"];
    assert_eq!(pool.create[0].handle["UserPoolId"], "output:/UserPool/Id");
    assert_eq!(pool.before_delete[0].only_if["/DeletionProtection"], "ACTIVE");
}

#[test]
fn corrections_change_what_they_point_at() {
    let catalogue = catalogue();
    let pools = &catalogue.services["cognito-idp"];
    let invite = pools.shapes["EmailInviteMessageType"].model_pattern().unwrap_or_default();
    assert!(invite.contains(r"\{####\}"), "{invite}");
    assert_eq!(
        pools.wire_name("shapes/AdminCreateUserConfigType", "InviteMessageTemplate"),
        "inviteMessage"
    );
    assert_eq!(pools.wire_name("operations/SignUp/input", "ClientId"), "clientId");
    assert!(pools.echoes("ClientIdType") && !pools.echoes("UsernameType"));
    let sub =
        pools.operations["SignUp"].output.as_ref().and_then(|output| output.member("UserSub"));
    assert_eq!(sub.and_then(|member| member.volatile), Some(Volatile::Id));
    assert!(pools.operations["AdminCreateUser"].errors.contains("LimitExceededException"));
    assert!(
        catalogue
            .services
            .values()
            .all(|s| s.errors.values().all(|e| matches!(e.status, 400 | 500)))
    );
}

/// Loads a copy of `specs/` in which `from` of `file` reads `to`.
#[track_caller]
fn check_broken(file: &str, from: &str, to: &str, expected: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in specs() {
        let path = folder.path().join(&name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        let text = if name == file { text.replacen(from, to, 1) } else { text };
        std::fs::write(path, text).expect("written");
    }
    let error = Catalogue::load(&Source::Folder(folder.path().into())).expect_err("is refused");
    assert!(error.to_string().starts_with(expected), "expected: {expected}\n     got: {error}");
}

#[test]
fn mistakes_in_hand_written_files_are_named() {
    let resources = "cognito-idp/resources.yaml";
    check_broken(
        resources,
        "operation: CreateUserPool\n",
        "operation: CreateUserPol\n",
        "cognito-idp/resources.yaml#/user-pool: unknown operation `CreateUserPol`, did you mean `CreateUserPool`?",
    );
    check_broken(
        resources,
        "output:/UserPool/Id",
        "output:/UserPool/Ident",
        "cognito-idp/resources.yaml#/user-pool: `output:/UserPool/Ident` is no member of `CreateUserPool`",
    );
    check_broken(
        resources,
        "{ UserPoolId: \"output:/UserPool/Id\" }",
        "{}",
        "cognito-idp/resources.yaml#/user-pool: the handle of `CreateUserPool` lacks `UserPoolId`",
    );
    check_broken(
        resources,
        "within: user-pool\n",
        "within: userpool\n",
        "cognito-idp/resources.yaml#/user-pool-client: unknown resource `userpool`, did you mean",
    );
    check_broken(
        resources,
        "moves: [AdminListUserAuthEvents]",
        "moves: [AdminListUserAuthEvent]",
        "cognito-idp/resources.yaml#/user: `moves`: unknown entry `AdminListUserAuthEvent`, did you mean `AdminListUserAuthEvents`?",
    );
    check_broken(
        resources,
        "idempotent: [UpdateGroup,",
        "idempotent: [UpdateGroups,",
        "cognito-idp/resources.yaml#/group: `idempotent`: unknown entry `UpdateGroups`, did you mean `UpdateGroup`?",
    );
    let corrections = "cognito-idp/corrections.yaml";
    check_broken(
        corrections,
        "shapes/ClientIdType",
        "shapes/ClientIdTyp",
        "cognito-idp/corrections.yaml: unknown shape `ClientIdTyp`, did you mean `ClientIdType`?",
    );
    check_broken(
        corrections,
        "UserPoolType/properties/Arn",
        "UserPoolType/properties/Arm",
        "cognito-idp/corrections.yaml: `shapes/UserPoolType/properties/Arm` points nowhere",
    );
    check_broken(
        corrections,
        "x-volatile: id",
        "x-volatile: idd",
        "cognito-idp/corrections.yaml: `operations/SignUp/output/properties/UserSub`: unknown variant",
    );
}

fn links(service: &Service, operation: &str) -> Vec<Link> {
    Links::of(service).for_operation(&service.operations[operation])
}

#[test]
fn links_lead_from_an_input_to_its_producers() {
    let catalogue = catalogue();
    let pools = &catalogue.services["cognito-idp"];
    let found = links(pools, "AdminAddUserToGroup");
    let required: Vec<&str> =
        found.iter().filter(|link| link.required).map(|link| link.member.as_str()).collect();
    assert_eq!(required, ["GroupName", "UserPoolId", "Username"]);
    let by = |member: &str| {
        &found.iter().find(|link| link.member == member).expect("is there").created_by
    };
    assert!(by("GroupName").contains("CreateGroup"));
    assert!(by("UserPoolId").contains("CreateUserPool"));
    assert!(by("Username").contains("SignUp"));

    let token = links(pools, "GetUser").remove(0);
    assert!(token.shown_by.contains("InitiateAuth"), "{token:?}");
    let paging = links(pools, "ListUsers");
    assert!(paging.iter().all(|link| link.member != "PaginationToken"), "{paging:?}");
    let general = links(pools, "AdminLinkProviderForUser").remove(0);
    assert_eq!((general.member.as_str(), general.shape.as_str()), ("UserPoolId", "UserPoolIdType"));
    let credential = links(pools, "DeleteWebAuthnCredential");
    let credential =
        credential.iter().find(|link| link.member == "CredentialId").expect("is there");
    assert!(credential.shown_by.contains("ListWebAuthnCredentials"), "{credential:?}");
}

#[test]
fn a_list_of_handles_is_linked_like_one() {
    let catalogue = catalogue();
    let identities = &catalogue.services["cognito-identity"];
    let found = links(identities, "DeleteIdentities").remove(0);
    assert_eq!(found.shape, "IdentityId");
    assert!(found.created_by.contains("GetId"), "{found:?}");
}

#[test]
fn every_required_handle_has_a_producer() {
    for service in catalogue().services.values() {
        let links = Links::of(service);
        for operation in service.operations.values() {
            for link in links.for_operation(operation) {
                let lonely = link.created_by.is_empty() && link.shown_by.is_empty();
                // Tokens of an identity provider come from there.
                let foreign = link.shape == "GetDerivedTokenTokenModelType";
                assert!(
                    !link.required || !lonely || foreign,
                    "{}: nobody yields {link:?}",
                    operation.name
                );
            }
        }
    }
}

#[test]
fn show_tells_all_about_an_operation() {
    let scenarios = [("sign-up/happy".to_owned(), "a user signs up".to_owned())];
    let text = catalogue::show(&catalogue(), "SignUp", &scenarios).expect("is there");
    for part in [
        "SignUp (cognito-idp 2016-04-18): unsigned",
        "x-amz-target: AWSCognitoIdentityProviderService.SignUp",
        "  ClientId*: string, 1 to 128 characters, matches `[\\w+]+`, server-chosen id, sensitive  [ClientIdType]",
        "    items: structure  [AttributeType]\n      Name*: string, 1 to 32 characters",
        "  UserSub*: string, at most 131072 characters, server-chosen id  [StringType]",
        "  UsernameExistsException 400\n",
        "  of any operation: ",
        "  ClientId* [ClientIdType], created by CreateUserPoolClient",
        "  shapes/ClientIdType: echoed in messages",
        "  sign-up/happy: a user signs up\n",
    ] {
        assert!(text.contains(part), "lacks {part:?}:\n{text}");
    }
    let void = catalogue::show(&catalogue(), "DeleteUserPool", &[]).expect("is there");
    assert!(void.contains("output: none, a zero-length body"), "{void}");
    assert!(void.contains("scenarios: none"), "{void}");
    let other =
        catalogue::show(&catalogue(), "cognito-identity:TagResource", &[]).expect("is there");
    assert!(other.starts_with("TagResource (cognito-identity"), "{other}");
    assert!(other.contains("also: cognito-idp:TagResource"), "{other}");
    assert_eq!(
        catalogue::show(&catalogue(), "InitateAuth", &[]),
        Err("unknown operation `InitateAuth`, did you mean `InitiateAuth`?".into())
    );
}

#[test]
fn every_operation_can_be_shown() {
    let catalogue = catalogue();
    for (service, operation) in catalogue.operations() {
        let name = format!("{}:{}", service.info.id, operation.name);
        let text =
            catalogue::show(&catalogue, &name, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert!(text.contains("errors"), "{text}");
    }
}

#[test]
fn every_list_with_a_token_is_paged() {
    for service in catalogue().services.values() {
        for operation in service.operations.values() {
            let token = ["NextToken", "PaginationToken"];
            let token = token.into_iter().find(|name| operation.input.member(name).is_some());
            let page = operation.pagination.as_ref();
            assert_eq!(page.map(|page| page.input_token.as_str()), token, "{}", operation.name);
            let Some(page) = page else { continue };
            let output = operation.output.as_ref().expect("a list has an output");
            let members = [Some(&page.output_token), page.result_key.as_ref()];
            for name in members.into_iter().flatten() {
                assert!(output.member(name).is_some(), "{}: no `{name}`", operation.name);
            }
            let limit = page.limit_key.as_ref().map(|name| operation.input.member(name).is_some());
            assert_ne!(limit, Some(false), "{}: no such limit", operation.name);
        }
    }
}

#[test]
fn stats_count_what_is_there() {
    let stats = catalogue::stats(&catalogue());
    let pools = &stats.services["cognito-idp"];
    assert_eq!((pools.operations, pools.unsigned_operations, pools.void_operations), (141, 34, 13));
    let text = stats.to_string();
    assert!(text.contains("cognito-idp 2016-04-18 (botocore"), "{text}");
}

#[test]
fn a_catalogue_does_not_differ_from_itself() {
    assert!(catalogue::diff(&catalogue(), &catalogue()).is_empty());
}
