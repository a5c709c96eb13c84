//! Tokens: claims, refreshing, revoking, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::{PASSWORD, shown};
use crate::reference::signing::{self, Use};

fn claims(token: &Value) -> Value {
    signing::claims(token.as_str().expect("a token")).expect("a JWT")
}

fn refresh(token: &Value) -> Value {
    json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": token}})
}

#[test]
fn tokens_carry_the_documented_claims() {
    let mut bench = Bench::with_ann(
        json!({"Schema": [{"Name": "shoe", "AttributeDataType": "Number"}]}),
        json!({"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "minutes"}}),
    );
    let attributes = json!([{"Name": "email", "Value": "a@b.org"}, {"Name": "email_verified", "Value": "true"},
        {"Name": "custom:shoe", "Value": "43"}, {"Name": "address", "Value": "here"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": attributes}));
    for (name, precedence) in [("low", 5), ("high", 1)] {
        let role = format!("arn:aws:iam::123456789012:role/{name}");
        bench.ok(
            "CreateGroup",
            json!({"GroupName": name, "Precedence": precedence, "RoleArn": role}),
        );
        bench.ok("AdminAddUserToGroup", json!({"Username": "ann", "GroupName": name}));
    }
    let tokens = bench.signed_in("ann");
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    let now = bench.now / 1000;
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{}", bench.pool);
    let check = |claims: &Value, expected: &[(&str, Value)]| {
        for (name, value) in expected {
            assert_eq!(claims[name], *value, "{name} of {claims}");
        }
    };
    let common = [
        ("iss", json!(issuer)),
        ("auth_time", json!(now)),
        ("iat", json!(now)),
        ("cognito:groups", json!(["high", "low"])),
    ];
    check(&access, &common);
    check(&id, &common);
    check(
        &access,
        &[
            ("token_use", json!("access")),
            ("client_id", json!(bench.client)),
            ("username", json!("ann")),
            ("scope", json!("aws.cognito.signin.user.admin")),
            ("exp", json!(now + 600)),
            ("aud", Value::Null),
            ("email", Value::Null),
            ("sub", id["sub"].clone()),
            ("origin_jti", id["origin_jti"].clone()),
            ("device_key", Value::Null),
        ],
    );
    check(
        &id,
        &[
            ("token_use", json!("id")),
            ("aud", json!(bench.client)),
            ("cognito:username", json!("ann")),
            ("exp", json!(now + 3600)),
            ("email_verified", json!(true)),
            ("email", json!("a@b.org")),
            ("custom:shoe", json!("43")),
            ("address", json!({"formatted": "here"})),
            ("cognito:preferred_role", json!("arn:aws:iam::123456789012:role/high")),
            ("client_id", Value::Null),
        ],
    );
    assert_ne!(id["jti"], access["jti"]);
    assert_eq!(tokens["ExpiresIn"], 600);
    assert_eq!(tokens["RefreshToken"].as_str().map(|t| t.split('.').count()), Some(5));
    let verified = |token_use, token: &Value| {
        signing::verify(&bench.pool, token_use, token.as_str().unwrap_or_default())
    };
    assert_eq!(verified(Use::Id, &tokens["IdToken"]), Ok(()));
    assert_eq!(verified(Use::Access, &tokens["AccessToken"]), Ok(()));
}

#[test]
fn readable_attributes_are_the_clients() {
    let mut bench = Bench::with_ann(json!({}), json!({"ReadAttributes": ["name"]}));
    let attributes =
        json!([{"Name": "email", "Value": "a@b.org"}, {"Name": "name", "Value": "Ann"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": attributes}));
    let tokens = bench.signed_in("ann");
    assert_eq!(claims(&tokens["IdToken"])["email"], Value::Null);
    assert_eq!(claims(&tokens["IdToken"])["name"], "Ann");
    let user = bench.ok("GetUser", json!({"AccessToken": tokens["AccessToken"]}));
    let names: Vec<_> =
        user["UserAttributes"].as_array().into_iter().flatten().map(|a| &a["Name"]).collect();
    assert_eq!(names, ["sub", "name"]);
}

#[test]
fn tokens_are_refreshed() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let first = bench.signed_in("ann");
    let before = claims(&first["AccessToken"]);
    bench.later(100);
    let answer = bench.ok("InitiateAuth", refresh(&first["RefreshToken"]));
    let result = &answer["AuthenticationResult"];
    assert_eq!(result["RefreshToken"], Value::Null);
    let after = claims(&result["AccessToken"]);
    for name in ["auth_time", "origin_jti", "sub"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_ne!(before["iat"], after["iat"]);
    assert_ne!(before["jti"], after["jti"]);
    bench.refused("InitiateAuth", refresh(&json!("garbage")), "refresh-token-invalid");
    bench.refused("InitiateAuth", refresh(&first["AccessToken"]), "refresh-token-invalid");
    let plain = json!({"RefreshToken": first["RefreshToken"]});
    bench.check(
        "GetTokensFromRefreshToken",
        plain,
        &[("/AuthenticationResult/RefreshToken", Value::Null)],
    );
    let client = bench.client.clone();
    bench.use_client(json!({}));
    bench.refused("InitiateAuth", refresh(&first["RefreshToken"]), "refresh-token-other-client");
    bench.client = client;
    bench.later(30 * 86_400);
    bench.refused("InitiateAuth", refresh(&first["RefreshToken"]), "refresh-token-expired");
}

#[test]
fn access_tokens_end() {
    #[track_caller]
    fn check(end: impl Fn(&mut Bench, &Value), rule: &str) {
        let mut bench = Bench::with_ann(json!({}), json!({}));
        let tokens = bench.signed_in("ann");
        let get = json!({"AccessToken": tokens["AccessToken"]});
        bench.check("GetUser", get.clone(), &[("/Username", json!("ann"))]);
        end(&mut bench, &tokens);
        bench.refused("GetUser", get, rule);
    }
    let ann = || json!({"Username": "ann"});
    check(|b, _| b.later(3600), "access-token-expired");
    check(
        |b, t| drop(b.ok("GlobalSignOut", json!({"AccessToken": t["AccessToken"]}))),
        "access-token-revoked",
    );
    check(|b, _| drop(b.ok("AdminUserGlobalSignOut", ann())), "access-token-revoked");
    check(
        |b, t| drop(b.ok("RevokeToken", json!({"Token": t["RefreshToken"]}))),
        "access-token-revoked",
    );
    check(|b, _| drop(b.ok("AdminDisableUser", ann())), "access-token-revoked");
    check(|b, _| drop(b.ok("AdminDeleteUser", ann())), "access-token-user-gone");
    check(
        |b, t| drop(b.ok("DeleteUser", json!({"AccessToken": t["AccessToken"]}))),
        "access-token-user-gone",
    );
    check(|b, _| drop(b.ok("DeleteUserPoolClient", json!({}))), "access-token-client-gone");
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let tokens = bench.signed_in("ann");
    let id = json!({"AccessToken": tokens["IdToken"]});
    bench.refused("GetUser", id, "access-token-malformed");
    bench.refused("GetUser", json!({"AccessToken": "a.b.c"}), "access-token-malformed");
    let mut forged = tokens["AccessToken"].as_str().expect("a token").to_owned();
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    bench.refused("GetUser", json!({"AccessToken": forged}), "access-token-forged");
}

#[test]
fn revocation_ends_one_sign_in() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let (first, second) = (bench.signed_in("ann"), bench.signed_in("ann"));
    bench.refused("RevokeToken", json!({"Token": "garbage"}), "token-revocation-invalid");
    bench.refused("RevokeToken", json!({"Token": first["AccessToken"]}), "token-revocation-type");
    bench.ok("RevokeToken", json!({"Token": first["RefreshToken"]}));
    bench.refused("InitiateAuth", refresh(&first["RefreshToken"]), "refresh-token-revoked");
    bench.ok("InitiateAuth", refresh(&second["RefreshToken"]));
    bench.ok("GetUser", json!({"AccessToken": second["AccessToken"]}));
    bench.use_client(json!({}));
    bench.refused(
        "RevokeToken",
        json!({"Token": second["RefreshToken"]}),
        "token-revocation-other-client",
    );
    bench.use_client(json!({"EnableTokenRevocation": false}));
    bench.refused(
        "RevokeToken",
        json!({"Token": second["RefreshToken"]}),
        "token-revocation-disabled",
    );
    bench.use_client(json!({"GenerateSecret": true}));
    bench.refused("RevokeToken", json!({"Token": "x"}), "token-revocation-secret-missing");
    bench.refused(
        "RevokeToken",
        json!({"Token": "x", "ClientSecret": "x".repeat(24)}),
        "token-revocation-secret-wrong",
    );
}

#[test]
fn rotation_replaces_refresh_tokens() {
    let rotation =
        json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}});
    let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]);
    let mut settings = rotation;
    settings["ExplicitAuthFlows"] = flows;
    let mut bench = Bench::with_ann(json!({}), settings);
    let first = bench.signed_in("ann")["RefreshToken"].clone();
    let get = |token: &Value| json!({"RefreshToken": token});
    let second =
        bench.ok("GetTokensFromRefreshToken", get(&first))["AuthenticationResult"]["RefreshToken"]
            .clone();
    assert_ne!(first, second);
    bench.ok("GetTokensFromRefreshToken", get(&first));
    bench.later(10);
    bench.refused("GetTokensFromRefreshToken", get(&first), "refresh-token-reused");
    let admin = json!({"AuthFlow": "ADMIN_NO_SRP_AUTH", "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD}});
    let token =
        bench.ok("AdminInitiateAuth", admin)["AuthenticationResult"]["RefreshToken"].clone();
    bench.refused("GetTokensFromRefreshToken", get(&token), "refresh-token-invalid");
    bench.later(30 * 86_400 - 10);
    bench.refused("GetTokensFromRefreshToken", get(&second), "refresh-token-expired");
    bench.ok("InitiateAuth", shown("ann", PASSWORD));
    bench.use_client(
        json!({"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}),
    );
    bench.refused("InitiateAuth", refresh(&second), "refresh-flow-with-rotation");
}
