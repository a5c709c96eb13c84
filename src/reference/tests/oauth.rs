//! The OAuth endpoints: what they grant, and what they refuse.

use serde_json::{Value, json};

use super::super::oauth::{Form, Refusal};
use super::super::signing::{self, Use, issuer};
use super::super::{Context, State};
use super::{Bench, bench};

/// A bench with a machine client and a client of people who sign in; a user signed in there.
struct Desk {
    bench: Bench,
    machine: (String, String),
    web: String,
    access_token: String,
    refresh_token: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn desk() -> Desk {
    let mut bench = bench();
    let scopes = json!([{"ScopeName": "read", "ScopeDescription": "d"},
        {"ScopeName": "write", "ScopeDescription": "d"}]);
    bench.ok("CreateResourceServer", json!({"Identifier": "api", "Name": "n", "Scopes": scopes}));
    let client = |flow: &str, scopes: Value| {
        json!({"ClientName": "c", "GenerateSecret": flow == "client_credentials",
            "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": [flow],
            "AllowedOAuthScopes": scopes, "AccessTokenValidity": 2,
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]})
    };
    let machine = client("client_credentials", json!(["api/read", "api/write"]));
    let machine = bench.ok("CreateUserPoolClient", machine)["UserPoolClient"].clone();
    let web = bench.ok("CreateUserPoolClient", client("code", json!(["openid", "email"])));
    let web = text(&web["UserPoolClient"]["ClientId"]);
    bench.ok(
        "AdminCreateUser",
        json!({"Username": "ann", "UserAttributes": [{"Name": "email", "Value": "a@b.c"},
            {"Name": "name", "Value": "Ann"}]}),
    );
    let password = json!({"Username": "ann", "Password": "Passw0rd!", "Permanent": true});
    bench.ok("AdminSetUserPassword", password);
    let signed_in = bench.ok(
        "InitiateAuth",
        json!({"ClientId": web, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "ann", "PASSWORD": "Passw0rd!"}}),
    )["AuthenticationResult"]
        .clone();
    Desk {
        machine: (text(&machine["ClientId"]), text(&machine["ClientSecret"])),
        web,
        access_token: text(&signed_in["AccessToken"]),
        refresh_token: text(&signed_in["RefreshToken"]),
        bench,
    }
}

fn form(pairs: &[(&str, &str)]) -> Form {
    let parameters = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Form { parameters, ..Form::default() }
}

impl Desk {
    fn context(&mut self) -> Context<'_> {
        let now = self.bench.now;
        let reference = &mut self.bench.reference;
        reference.context(now)
    }

    fn state(&self) -> State {
        self.bench.reference.state.clone()
    }

    fn machine_form(&self, pairs: &[(&str, &str)]) -> Form {
        Form { basic: Some(self.machine.clone()), ..form(pairs) }
    }

    fn token(&mut self, form: &Form) -> Result<Value, Refusal> {
        let mut answer = self.context().oauth_token(form)?;
        signing::complete_output(&mut answer, signing::Manner::Published);
        Ok(answer)
    }

    #[track_caller]
    fn refused(&mut self, form: &Form, error: &str) {
        let before = self.state();
        let refusal = self.token(form).expect_err("a refusal");
        assert_eq!((refusal.error, refusal.status), (error, 400));
        assert!(self.state() == before, "a refusal left a trace");
    }

    #[track_caller]
    fn scope(&mut self, asked: &str, expected: &str) {
        let form = self.machine_form(&[("grant_type", "client_credentials"), ("scope", asked)]);
        let answer = self.token(&form).expect("a token");
        let claims = signing::claims(answer["access_token"].as_str().expect("text"));
        assert_eq!(claims.expect("a JWT")["scope"], expected);
    }
}

const MACHINE: &[(&str, &str)] = &[("grant_type", "client_credentials")];

#[test]
fn machines_get_what_their_client_is_allowed() {
    let mut desk = desk();
    let form = desk.machine_form(MACHINE);
    let answer = desk.token(&form).expect("a token");
    let token = text(&answer["access_token"]);
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(7200)));
    let pool = desk.bench.pool.clone();
    assert_eq!(signing::verify(&pool, Use::Access, &token), Ok(()));
    let claims = signing::claims(&token).expect("a JWT");
    assert_eq!((&claims["sub"], &claims["iss"]), (&claims["client_id"], &json!(issuer(&pool))));
    desk.scope("", "api/read api/write");
    desk.scope("api/write", "api/write");
    desk.scope("openid api/read api/delete", "api/read");
    desk.bench.refused("GetUser", json!({"AccessToken": token}), "access-token-scope");
}

#[test]
fn clients_must_prove_themselves() {
    let mut desk = desk();
    let (id, secret) = desk.machine.clone();
    let machine = |pairs: &[(&str, &str)]| form(&[MACHINE, pairs].concat());
    assert!(desk.token(&machine(&[("client_id", &id), ("client_secret", &secret)])).is_ok());
    for (form, error) in [
        (machine(&[]), "invalid_request"),
        (machine(&[("client_id", &id)]), "invalid_client"),
        (machine(&[("client_id", &id), ("client_secret", "x")]), "invalid_client"),
        (machine(&[("client_id", "x"), ("client_secret", &secret)]), "invalid_client"),
        (form(&[("client_id", &id)]), "invalid_request"),
        (form(&[("grant_type", "password"), ("client_id", &id)]), "unsupported_grant_type"),
    ] {
        desk.refused(&form, error);
    }
    let elsewhere = Form { pool_id: Some("us-east-1_other".into()), ..desk.machine_form(MACHINE) };
    desk.refused(&elsewhere, "invalid_client");
    let here = Form { pool_id: Some(desk.bench.pool.clone()), ..desk.machine_form(MACHINE) };
    assert!(desk.token(&here).is_ok());
}

#[test]
fn clients_use_the_flows_they_were_given() {
    let mut desk = desk();
    let web = desk.web.clone();
    desk.refused(&form(&[MACHINE, &[("client_id", &web)]].concat()), "unauthorized_client");
    let code = &[("grant_type", "authorization_code"), ("code", "c"), ("redirect_uri", "u")][..];
    let of_machine = desk.machine_form(code);
    desk.refused(&of_machine, "unauthorized_client");
    desk.refused(&form(&[code, &[("client_id", &web)]].concat()), "invalid_grant");
    desk.refused(&form(&[&code[..2], &[("client_id", &web)]].concat()), "invalid_request");
    let unknown = desk.machine_form(&[MACHINE[0], ("scope", "api/delete")]);
    desk.refused(&unknown, "invalid_scope");
    // The client of the bench may not use OAuth at all.
    let plain = desk.bench.client.clone();
    desk.refused(&form(&[MACHINE, &[("client_id", &plain)]].concat()), "invalid_grant");
}

#[test]
fn a_rotating_client_renews_no_admin_sign_in() {
    let mut desk = desk();
    let web = desk.web.clone();
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"];
    desk.bench.ok(
        "UpdateUserPoolClient",
        json!({"ClientId": web, "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"],
            "ExplicitAuthFlows": flows,
            "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}),
    );
    let mut sign_in = |flow: &str| {
        let operation =
            if flow.starts_with("ADMIN") { "AdminInitiateAuth" } else { "InitiateAuth" };
        let parameters = json!({"USERNAME": "ann", "PASSWORD": "Passw0rd!"});
        let input = json!({"ClientId": web, "AuthFlow": flow, "AuthParameters": parameters});
        text(&desk.bench.ok(operation, input)["AuthenticationResult"]["RefreshToken"])
    };
    let (admin, plain) = (sign_in("ADMIN_NO_SRP_AUTH"), sign_in("USER_PASSWORD_AUTH"));
    let refresh = |token: &str| {
        form(&[("grant_type", "refresh_token"), ("client_id", &web), ("refresh_token", token)])
    };
    desk.refused(&refresh(&admin), "invalid_grant");
    assert!(desk.token(&refresh(&plain)).expect("tokens")["refresh_token"].is_string());
}

#[test]
fn refresh_tokens_work_until_they_are_revoked() {
    let mut desk = desk();
    let (web, token) = (desk.web.clone(), desk.refresh_token.clone());
    let refresh = |token: &str| {
        form(&[("grant_type", "refresh_token"), ("client_id", &web), ("refresh_token", token)])
    };
    let answer = desk.token(&refresh(&token)).expect("tokens");
    desk.bench.ok("GetUser", json!({"AccessToken": answer["access_token"]}));
    assert_eq!(answer["refresh_token"], Value::Null);
    desk.refused(&refresh(""), "invalid_request");
    for bad in ["x", "a.b.c.d.e", &desk.access_token.clone(), "\u{e9}\0"] {
        desk.refused(&refresh(bad), "invalid_grant");
    }
    let revoke = |pairs: &[(&str, &str)]| form(&[&[("client_id", &*web)], pairs].concat());
    let mut answers = |pairs: &[(&str, &str)]| {
        let answer = desk.context().oauth_revoke(&revoke(pairs));
        answer.map_err(|refusal| (refusal.status, refusal.error))
    };
    assert_eq!(answers(&[]), Err((400, "invalid_request")));
    assert_eq!(answers(&[("token", "unknown")]), Ok(()));
    assert_eq!(answers(&[("token", &token)]), Ok(()));
    assert_eq!(answers(&[("token", &token)]), Ok(()));
    let access_token = desk.access_token.clone();
    let jwt = desk.context().oauth_revoke(&revoke(&[("token", &access_token)]));
    assert_eq!(jwt, Err(Refusal::new(400, "unsupported_token_type")));
    desk.refused(&refresh(&token), "invalid_grant");
    let wrong = form(&[("client_id", "nobody"), ("token", &token)]);
    let refused = desk.context().oauth_revoke(&wrong);
    assert_eq!(refused, Err(Refusal::new(401, "invalid_client")));
}

#[test]
fn user_info_follows_the_scopes() {
    let mut desk = desk();
    let pool = desk.bench.pool.clone();
    let claims = signing::claims(&desk.access_token).expect("a JWT");
    let mut check = |scope: &str, expected: &[&str]| {
        let mut claims = claims.clone();
        claims["scope"] = json!(scope);
        let token = signing::sign(&pool, Use::Access, &claims);
        let info = desk.context().oauth_user_info(Some(&token), None).expect("a profile");
        let names: Vec<_> = info.as_object().expect("an object").keys().cloned().collect();
        assert_eq!(names, expected, "{scope}");
    };
    check("openid", &["email", "name", "sub", "username"]);
    check("openid email", &["email", "sub", "username"]);
    check("openid profile", &["name", "sub", "username"]);
    check("phone openid", &["sub", "username"]);
    let mut refused = |token: Option<&str>, pool_id: Option<&str>| {
        let refusal = desk.context().oauth_user_info(token, pool_id).expect_err("a refusal");
        (refusal.status, refusal.error)
    };
    let api = text(&json!(signing::sign(&pool, Use::Access, &claims)));
    assert_eq!(refused(None, None), (400, "invalid_request"));
    assert_eq!(refused(Some(""), None), (400, "invalid_request"));
    for bad in ["x", "a.b.c", "e30.e30.e30", "\u{e9}", &api] {
        assert_eq!(refused(Some(bad), None), (401, "invalid_token"));
    }
    let mut openid = claims.clone();
    openid["scope"] = json!("openid");
    let openid = signing::sign(&pool, Use::Access, &openid);
    assert_eq!(refused(Some(&openid), Some("us-east-1_other")), (401, "invalid_token"));
}
