//! Secrets of clients, tokens for clients, and tokens derived from others.

use serde_json::{Value, json};

use super::{Bench, bench};
use crate::reference::signing::{self, Use, issuer};

const FLOWS: [&str; 3] = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_TOKEN_EXCHANGE_IMPERSONATION",
    "ALLOW_TOKEN_EXCHANGE_DELEGATION",
];

fn claims(token: &Value) -> Value {
    signing::claims(token.as_str().expect("a token")).expect("a JWT")
}

fn subject(token: impl Into<Value>) -> Value {
    json!({"SubjectToken": token.into(), "SubjectTokenType": "ACCESS_TOKEN"})
}

fn exchanger() -> Bench {
    Bench::with_ann(json!({}), json!({"ExplicitAuthFlows": FLOWS}))
}

#[test]
fn two_secrets_are_valid_and_the_last_one_stays() {
    let mut bench = bench();
    bench.refused("AddUserPoolClientSecret", json!({}), "client-secret-of-public-client");
    bench.use_client(json!({"GenerateSecret": true}));
    let added = bench.ok("AddUserPoolClientSecret", json!({}));
    let added = &added["ClientSecretDescriptor"];
    assert!(added["ClientSecretValue"].is_string());
    bench.refused("AddUserPoolClientSecret", json!({}), "client-secret-limit");
    let described = bench.ok("DescribeUserPoolClient", json!({}));
    assert!(described["UserPoolClient"].get("ClientSecret").is_none());
    let listed = bench.ok("ListUserPoolClientSecrets", json!({}));
    let first = listed["ClientSecrets"][0]["ClientSecretId"].clone();
    assert_ne!(first, added["ClientSecretId"], "made within a millisecond, told apart");
    bench.ok("DeleteUserPoolClientSecret", json!({"ClientSecretId": first}));
    let gone = json!({"ClientSecretId": first});
    bench.refused("DeleteUserPoolClientSecret", gone, "client-secret-not-found");
    let last = json!({"ClientSecretId": added["ClientSecretId"]});
    bench.refused("DeleteUserPoolClientSecret", last, "client-secret-last");
    bench.check(
        "DescribeUserPoolClient",
        json!({}),
        &[("/UserPoolClient/ClientSecret", added["ClientSecretValue"].clone())],
    );
}

#[test]
fn a_client_gets_a_token_for_itself() {
    let mut bench = bench();
    let flows = json!({"GenerateSecret": true, "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"]});
    let client = bench.use_client(flows);
    let secret = client["ClientSecret"].clone();
    let got = bench.ok("GetClientToken", json!({"Secret": secret}));
    let token = &got["ClientAuthenticationResult"]["AccessToken"];
    assert_eq!(claims(token)["client_id"], json!(bench.client));
    bench.refused("GetUser", json!({"AccessToken": token}), "access-token-scope");
    let wrong = json!({"Secret": "a".repeat(52)});
    bench.refused("GetClientToken", wrong, "client-token-secret-wrong");
    let wide = json!({"Secret": secret, "Scopes": ["a/b"]});
    bench.refused("GetClientToken", wide, "client-token-scope");
}

#[test]
fn scopes_of_a_deleted_resource_server_are_not_granted() {
    let mut bench = bench();
    for identifier in ["kept", "gone"] {
        let scope = json!([{"ScopeName": "read", "ScopeDescription": "d"}]);
        let server = json!({"Identifier": identifier, "Name": identifier, "Scopes": scope});
        bench.ok("CreateResourceServer", server);
    }
    let client = bench.use_client(json!({
        "GenerateSecret": true,
        "ExplicitAuthFlows": ["ALLOW_CLIENT_TOKEN_AUTH"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["kept/read", "gone/read"],
    }));
    bench.ok("DeleteResourceServer", json!({"Identifier": "gone"}));
    let secret = &client["ClientSecret"];
    let got = bench.ok("GetClientToken", json!({"Secret": secret}));
    let token = &got["ClientAuthenticationResult"]["AccessToken"];
    assert_eq!(claims(token)["scope"], "kept/read");
    let asked = json!({"Secret": secret, "Scopes": ["gone/read"]});
    bench.refused("GetClientToken", asked, "client-token-scope");
}

#[test]
fn a_derived_token_speaks_for_the_same_user_and_ends_with_the_sign_in() {
    let mut bench = exchanger();
    let token = bench.token();
    let mut asked = subject(token.clone());
    asked["Audiences"] = json!(["orders"]);
    let derived = bench.ok("GetDerivedToken", asked);
    let said = claims(&derived["IssuedToken"]);
    assert_eq!((&said["aud"], &said["sub"]), (&json!("orders"), &claims(&token)["sub"]));
    assert!(said.get("act").is_none());
    bench.ok("GetUser", json!({"AccessToken": derived["IssuedToken"]}));
    let mut narrow = subject(token.clone());
    narrow["Scopes"] = json!(["openid"]);
    let narrow = bench.ok("GetDerivedToken", narrow);
    let user = json!({"AccessToken": narrow["IssuedToken"]});
    bench.refused("GetUser", user, "access-token-scope");
    let mut acting = subject(token.clone());
    acting["ActorToken"] = token.clone();
    bench.refused("GetDerivedToken", acting.clone(), "exchange-actor-type-missing");
    acting["ActorTokenType"] = json!("ACCESS_TOKEN");
    let acted = bench.ok("GetDerivedToken", acting);
    assert_eq!(claims(&acted["IssuedToken"])["act"]["sub"], said["sub"]);
    bench.ok("GlobalSignOut", json!({"AccessToken": token}));
    bench.refused(
        "GetUser",
        json!({"AccessToken": derived["IssuedToken"]}),
        "access-token-revoked",
    );
    bench.refused("GetDerivedToken", subject(token), "exchange-token-refused");
}

#[test]
fn hostile_tokens_are_not_exchanged() {
    let mut bench = exchanger();
    let token = bench.token();
    let mut said = claims(&token);
    said["exp"] = json!(u64::MAX);
    // Signed with the right key, yet for another use; and by nobody.
    let as_id = signing::sign(&bench.pool.clone(), Use::Id, &said);
    let none = "eyJhbGciOiJub25lIn0.e30.".to_owned();
    for hostile in [as_id, none, "a.b.c".into(), "...".into(), "=".into(), "a".repeat(100_000)] {
        bench.refused("GetDerivedToken", subject(hostile), "exchange-token-refused");
    }
    let pool = bench.pool.clone();
    let odd = json!({"iss": issuer(&pool), "token_use": "access", "exp": said["iat"], "sub": 1});
    let odd = signing::sign(&pool, Use::Access, &odd);
    bench.refused("GetDerivedToken", subject(odd), "exchange-token-refused");
}
