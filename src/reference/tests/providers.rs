//! Identity providers and links, resource servers, domains; as tables of calls.

use serde_json::{Value, json};

use super::{Bench, bench};

fn social(name: &str) -> Value {
    json!({"ProviderName": name, "ProviderType": name,
        "ProviderDetails": {"client_id": "c", "client_secret": "s", "authorize_scopes": "email"}})
}

#[test]
fn providers_keep_what_their_type_needs() {
    let mut bench = bench();
    let provider = |name: &str| format!("/IdentityProvider/{name}");
    let added = [
        (&*provider("ProviderDetails/oidc_issuer"), json!("https://accounts.google.com")),
        (&*provider("AttributeMapping"), json!({"username": "sub"})),
        (&*provider("IdpIdentifiers"), json!([])),
    ];
    bench.check("CreateIdentityProvider", social("Google"), &added);
    let created = "CreateIdentityProvider";
    bench.refused(created, social("Google"), "identity-provider-exists");
    let oidc = |method: &str, issuer: &str| {
        json!({"ProviderName": "Company", "ProviderType": "OIDC", "IdpIdentifiers": ["i"],
            "ProviderDetails": {"client_id": "c", "attributes_request_method": method,
                "oidc_issuer": issuer, "authorize_scopes": "openid"}})
    };
    let cases = [
        (oidc("PUT", "https://x"), "identity-provider-request-method"),
        (oidc("GET", "http://x"), "identity-provider-issuer-https"),
        (oidc("GET", ""), "identity-provider-details"),
        (
            json!({"ProviderName": "Corp", "ProviderType": "SAML", "ProviderDetails": {}}),
            "identity-provider-details",
        ),
        (
            json!({"ProviderName": "MyGoogle", "ProviderType": "Google", "ProviderDetails": {}}),
            "identity-provider-name-of-type",
        ),
        (
            json!({"ProviderName": "Facebook", "ProviderType": "Facebook", "ProviderDetails": {}}),
            "identity-provider-social-details",
        ),
    ];
    for (input, rule) in cases {
        bench.refused(created, input, rule);
    }
    bench.ok(created, oidc("GET", "https://x"));
    let mut taken = social("Facebook");
    taken["IdpIdentifiers"] = json!(["i"]);
    bench.refused(created, taken, "identity-provider-identifier-taken");
    let company = json!({"ProviderName": "Company"});
    let own = json!({"ProviderName": "Company", "IdpIdentifiers": ["i", "j"]});
    bench.ok("UpdateIdentityProvider", own);
    let by = |identifier: &str| json!({"IdpIdentifier": identifier});
    let name = [(&*provider("ProviderName"), json!("Company"))];
    bench.check("GetIdentityProviderByIdentifier", by("j"), &name);
    bench.ok("DeleteIdentityProvider", company.clone());
    let gone = "identity-provider-identifier-not-found";
    bench.refused("GetIdentityProviderByIdentifier", by("j"), gone);
    bench.refused("DescribeIdentityProvider", company, "identity-provider-not-found");
}

#[test]
fn secrets_of_providers_are_not_printed() {
    let mut bench = bench();
    let apple = json!({"client_id": "c", "team_id": "t", "key_id": "k", "private_key": "PRIVATE",
        "authorize_scopes": "email"});
    let input = json!({"ProviderName": "SignInWithApple", "ProviderType": "SignInWithApple",
        "ProviderDetails": apple});
    let answer = bench.ok("CreateIdentityProvider", input);
    assert!(!answer.to_string().contains("PRIVATE"), "{answer}");
    assert!(!format!("{:?}", bench.reference.state).contains("PRIVATE"));
}

#[test]
fn accounts_are_linked_once() {
    let mut bench = bench();
    bench.ok("CreateIdentityProvider", social("Google"));
    bench.ok("CreateIdentityProvider", social("Facebook"));
    for name in ["ann", "ben"] {
        bench.ok("AdminCreateUser", json!({"Username": name}));
    }
    let account = |provider: &str, attribute: &str, value: &str| {
        json!({"ProviderName": provider, "ProviderAttributeName": attribute,
            "ProviderAttributeValue": value})
    };
    let subject = |provider: &str, value: &str| account(provider, "Cognito_Subject", value);
    let link = |user: &str, source: Value| {
        json!({"DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": user},
            "SourceUser": source})
    };
    let operation = "AdminLinkProviderForUser";
    bench.ok(operation, link("ann", subject("Google", "1")));
    for (input, rule) in [
        (link("ann", subject("Google", "1")), "link-exists"),
        (link("ben", subject("Google", "1")), "link-exists"),
        (link("ann", subject("Google", "2")), "link-source-invalid"),
        (link("ann", subject("Cognito", "ben")), "link-source-invalid"),
        (link("ann", subject("Nobody", "1")), "link-provider-unknown"),
        (link("ann", account("Facebook", "email", "a@b")), "link-source-attribute"),
        (link("ann", json!({"ProviderName": "Facebook"})), "link-source-incomplete"),
        (link("cem", subject("Facebook", "1")), "user-not-found"),
        (
            json!({"DestinationUser": {}, "SourceUser": subject("Facebook", "1")}),
            "link-destination-unnamed",
        ),
        (
            json!({"UserPoolId": "x y", "DestinationUser": {}, "SourceUser": {}}),
            "user-pool-id-of-no-form",
        ),
        (json!({"DestinationUser": {}, "SourceUser": {}}), "link-provider-unknown"),
    ] {
        bench.refused(operation, input, rule);
    }
    let shown = bench.ok("AdminGetUser", json!({"Username": "ann"}));
    let attributes = shown["UserAttributes"].as_array().expect("a list");
    let text = attributes.iter().find(|pair| pair["Name"] == "identities").expect("identities");
    let identities: Value = serde_json::from_str(text["Value"].as_str().expect("text"))
        .expect("the attribute holds JSON");
    assert_eq!((&identities[0]["userId"], &identities[0]["primary"]), (&json!("1"), &json!(false)));
    let disable = "AdminDisableProviderForUser";
    bench.refused(disable, json!({"User": subject("Google", "2")}), "link-not-found");
    bench.refused(disable, json!({"User": {}}), "link-not-found");
    bench.ok(disable, json!({"User": subject("Google", "1")}));
    bench.refused(disable, json!({"User": subject("Google", "1")}), "link-not-found");
    bench.ok(operation, link("ben", subject("Google", "1")));
    bench.refused(disable, json!({"User": subject("Cognito", "cem")}), "user-not-found");
    bench.ok(disable, json!({"User": subject("Cognito", "ben")}));
}

#[test]
fn resource_servers_define_scopes() {
    let mut bench = bench();
    let scope = json!({"ScopeName": "read", "ScopeDescription": "d"});
    let server = json!({"Identifier": "https://a/b", "Name": "n", "Scopes": [scope]});
    bench.ok("CreateResourceServer", server.clone());
    bench.refused("CreateResourceServer", server, "resource-server-exists");
    let client = |scope: &str| {
        json!({"ClientName": "m", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": [scope]})
    };
    bench.ok("CreateUserPoolClient", client("https://a/b/read"));
    for unknown in ["https://a/b/write", "https://a/b", "read", "/", "x/read"] {
        bench.refused("CreateUserPoolClient", client(unknown), "client-unknown-scope");
    }
    let name = json!({"Identifier": "https://a/b", "Name": "changed"});
    let changed =
        [("/ResourceServer/Name", json!("changed")), ("/ResourceServer/Scopes", json!([]))];
    bench.check("UpdateResourceServer", name, &changed);
    let id = json!({"Identifier": "https://a/b"});
    bench.check("DescribeResourceServer", id.clone(), &changed);
    bench.ok("DeleteResourceServer", id.clone());
    bench.refused("DeleteResourceServer", id, "resource-server-not-found");
}

#[test]
fn managed_login_needs_a_tier() {
    let managed = |name: &str| json!({"Domain": name, "ManagedLoginVersion": 2});
    let mut lite = Bench::new(json!({"UserPoolTier": "LITE"}));
    lite.refused("CreateUserPoolDomain", managed("a"), "domain-managed-login-tier");
    lite.ok("CreateUserPoolDomain", json!({"Domain": "a"}));
    lite.refused("UpdateUserPoolDomain", managed("a"), "domain-managed-login-tier");
    bench().ok("CreateUserPoolDomain", managed("b"));
}

#[test]
fn domains_are_taken_once() {
    let mut bench = bench();
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let custom =
        |name: &str| json!({"Domain": name, "CustomDomainConfig": {"CertificateArn": certificate}});
    let create = "CreateUserPoolDomain";
    for (input, rule) in [
        (json!({"Domain": "a.b"}), "domain-bad-character"),
        (json!({"Domain": "-a"}), "domain-bad-character"),
        (json!({"Domain": "a\u{e9}"}), "domain-bad-character"),
        (json!({"Domain": "a-amazon"}), "domain-reserved-word"),
        (json!({"Domain": "a", "ManagedLoginVersion": 3}), "domain-managed-login-version"),
        (custom("auth.com"), "domain-custom-root"),
        (custom("auth"), "domain-custom-root"),
        (custom("auth.example.invalid"), "domain-custom-root"),
        (custom("auth..com"), "domain-bad-character"),
        (custom("Auth.example.com"), "domain-bad-character"),
    ] {
        bench.refused(create, input, rule);
    }
    let version = [("/ManagedLoginVersion", json!(1)), ("/CloudFrontDomain", Value::Null)];
    bench.check(create, json!({"Domain": "amazonas"}), &version);
    bench.refused(create, json!({"Domain": "amazonas"}), "domain-taken");
    bench.refused(create, json!({"Domain": "b"}), "domain-second");
    let answer = bench.ok(create, custom("auth.example.com"));
    assert!(answer["CloudFrontDomain"].as_str().is_some_and(|d| d.ends_with(".cloudfront.net")));
    let named = [
        ("/UserPool/Domain", json!("amazonas")),
        ("/UserPool/CustomDomain", json!("auth.example.com")),
    ];
    bench.check("DescribeUserPool", json!({}), &named);
    bench.refused("DeleteUserPool", json!({}), "pool-delete-with-domain");
    let described = [
        ("/DomainDescription/Status", json!("ACTIVE")),
        ("/DomainDescription/CustomDomainConfig", Value::Null),
    ];
    bench.check("DescribeUserPoolDomain", json!({"Domain": "amazonas"}), &described);
    bench.ok("UpdateUserPoolDomain", custom("amazonas"));
    bench.check("DescribeUserPoolDomain", json!({"Domain": "amazonas"}), &described);
    let other = Bench::new(json!({})).pool;
    assert_eq!(other, bench.pool, "the same seed gives the same ids");
    let second = bench.ok("CreateUserPool", json!({"PoolName": "q"}));
    let foreign = json!({"Domain": "amazonas", "UserPoolId": second["UserPool"]["Id"]});
    bench.refused("DeleteUserPoolDomain", foreign.clone(), "domain-not-found");
    bench.refused("UpdateUserPoolDomain", foreign.clone(), "domain-not-found");
    bench.refused(create, foreign, "domain-taken");
    bench.ok("DeleteUserPoolDomain", json!({"Domain": "amazonas"}));
    bench.ok("DeleteUserPoolDomain", json!({"Domain": "auth.example.com"}));
    let empty = [("/DomainDescription", json!({}))];
    bench.check("DescribeUserPoolDomain", json!({"Domain": "amazonas"}), &empty);
    bench.ok("DeleteUserPool", json!({}));
}

#[test]
fn pools_have_a_certificate() {
    use base64::Engine;
    let mut bench = bench();
    let answer = bench.ok("GetSigningCertificate", json!({}));
    let text = answer["Certificate"].as_str().expect("text");
    let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    assert_eq!(der[0], 0x30, "a DER sequence");
}
