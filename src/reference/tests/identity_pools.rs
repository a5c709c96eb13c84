//! Identity pools: who gets an identity, credentials, a role; what broken tokens do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::identity_logins::{Login, Proof};
use super::super::identity_tokens;
use super::{Bench, bench};

const ROLE: &str = "arn:aws:iam::123456789012:role/";

/// An identity pool that takes the bench's client and a developer's users, and a user's tokens.
struct Federation {
    bench: Bench,
    pool: String,
    provider: String,
    id_token: String,
    access_token: String,
}

impl Federation {
    fn new(settings: Value) -> Self {
        let mut bench = bench();
        let provider = format!("cognito-idp.us-east-1.amazonaws.com/{}", bench.pool);
        let mut input = json!({
            "IdentityPoolName": "p", "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true,
            "DeveloperProviderName": "dev.example",
            "CognitoIdentityProviders": [{"ProviderName": provider, "ClientId": bench.client}],
        });
        for (name, value) in settings.as_object().expect("members") {
            input[name] = value.clone();
        }
        let created = bench.ok("CreateIdentityPool", input);
        let pool = created["IdentityPoolId"].as_str().expect("an id").to_owned();
        bench.ok(
            "UpdateUserPoolClient",
            json!({"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}),
        );
        bench.ok("AdminCreateUser", json!({"Username": "ann"}));
        let password = json!({"Username": "ann", "Password": "Abcdef1!", "Permanent": true});
        bench.ok("AdminSetUserPassword", password);
        let mut federation =
            Self { bench, pool, provider, id_token: String::new(), access_token: String::new() };
        federation.sign_in();
        federation
    }

    fn sign_in(&mut self) {
        let parameters = json!({"USERNAME": "ann", "PASSWORD": "Abcdef1!"});
        let flow = json!({"AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
        let result = self.bench.ok("AdminInitiateAuth", flow);
        let token =
            |name: &str| result["AuthenticationResult"][name].as_str().expect("a token").to_owned();
        (self.id_token, self.access_token) = (token("IdToken"), token("AccessToken"));
    }

    fn login(&self, token: &str) -> Value {
        json!({"IdentityPoolId": self.pool, "Logins": {self.provider.as_str(): token}})
    }

    #[track_caller]
    fn identity(&mut self) -> String {
        let input = self.login(&self.id_token);
        let answer = self.bench.ok("GetId", input);
        answer["IdentityId"].as_str().expect("an id").to_owned()
    }

    #[track_caller]
    fn developer(&mut self, user: &str) -> Value {
        let logins = json!({"IdentityPoolId": self.pool, "Logins": {"dev.example": user}});
        self.bench.ok("GetOpenIdTokenForDeveloperIdentity", logins)
    }
}

#[test]
fn broken_tokens_are_refused_as_the_service_does() {
    let mut f = Federation::new(json!({}));
    let unsigned = |claims: Value| {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.AAAA", part(&json!({"alg": "none"})), part(&claims))
    };
    let issuer = format!("https://{}", f.provider);
    let forged =
        unsigned(json!({"iss": issuer, "aud": f.bench.client, "sub": "x", "exp": u64::MAX}));
    let bare = unsigned(json!({"iss": f.provider, "aud": f.bench.client, "exp": 1}));
    let listed = unsigned(json!({"iss": issuer, "aud": [f.bench.client]}));
    let twice = format!("https://{issuer}");
    let twice = unsigned(json!({"iss": twice, "aud": f.bench.client, "exp": u64::MAX}));
    let cases = [
        ("x", "login-token-malformed"),
        ("..", "login-token-malformed"),
        ("\u{e9}.\u{0}.\u{1f980}", "login-token-malformed"),
        (&unsigned(json!({})), "login-issuer-mismatch"),
        (&unsigned(json!({"iss": 7})), "login-issuer-mismatch"),
        (&twice, "login-issuer-mismatch"),
        (&unsigned(json!({"iss": issuer})), "login-audience-missing"),
        (&listed, "login-audience-missing"),
        (&unsigned(json!({"iss": issuer, "aud": "other"})), "login-provider-unsupported"),
        (&forged, "login-token-unverifiable"),
        (&bare, "login-token-unverifiable"),
        (&f.access_token.clone(), "login-audience-missing"),
    ];
    for (token, rule) in cases {
        let input = f.login(token);
        f.bench.refused("GetId", input, rule);
    }
    let elsewhere = [
        ("login.example", "x"),
        ("graph.facebook.com", "x"),
        ("cognito-idp.us-east-1.amazonaws.com/us-east-1_other", "x"),
        ("accounts.google.com", &f.id_token.clone()),
    ];
    for (provider, token) in elsewhere {
        let input = json!({"IdentityPoolId": f.pool, "Logins": {provider: token}});
        f.bench.refused("GetId", input, "login-provider-unknown");
    }
    let id = f.identity();
    for token in ["", "x", &forged, &f.id_token.clone(), "a.b.c"].iter().skip(1) {
        let logins = json!({"cognito-identity.amazonaws.com": token});
        let input = json!({"IdentityId": id, "Logins": logins});
        f.bench.refused("GetCredentialsForIdentity", input, "login-token-not-of-cognito");
    }
}

#[test]
fn a_token_of_a_deleted_user_pool_proves_nothing() {
    let mut f = Federation::new(json!({}));
    f.bench.ok("DeleteUserPool", json!({}));
    let input = f.login(&f.id_token);
    f.bench.refused("GetId", input, "login-token-unverifiable");
}

#[test]
fn the_server_is_asked_only_where_the_pool_says_so() {
    for (checks, rule) in [(false, None), (true, Some("login-user-signed-out"))] {
        let mut f = Federation::new(json!({}));
        let provider = json!([{"ProviderName": f.provider, "ClientId": f.bench.client,
            "ServerSideTokenCheck": checks}]);
        let update = json!({"IdentityPoolId": f.pool, "IdentityPoolName": "p",
            "AllowUnauthenticatedIdentities": false, "CognitoIdentityProviders": provider});
        f.bench.ok("UpdateIdentityPool", update);
        f.bench.ok("AdminUserGlobalSignOut", json!({"Username": "ann"}));
        let input = f.login(&f.id_token);
        match rule {
            Some(rule) => f.bench.refused("GetId", input, rule),
            None => drop(f.bench.ok("GetId", input)),
        }
    }
}

#[test]
fn credentials_look_like_the_services_and_last_an_hour() {
    let mut f = Federation::new(json!({}));
    let roles =
        json!({"IdentityPoolId": f.pool, "Roles": {"authenticated": format!("{ROLE}user")}});
    f.bench.ok("SetIdentityPoolRoles", roles);
    let id = f.identity();
    let input = json!({"IdentityId": id, "Logins": {f.provider.as_str(): f.id_token}});
    let answer = f.bench.ok("GetCredentialsForIdentity", input);
    let text = |name: &str| answer["Credentials"][name].as_str().expect("text").to_owned();
    assert!(text("AccessKeyId").starts_with("ASIA") && text("AccessKeyId").len() == 20);
    assert_eq!(text("SecretKey").len(), 40);
    let expires = answer["Credentials"]["Expiration"].as_f64().expect("a time");
    assert_eq!(expires, super::NOW as f64 / 1000.0 + 3600.0);
}

#[test]
fn tokens_verify_until_they_are_changed() {
    let mut f = Federation::new(json!({}));
    let answer = f.developer("ann");
    let token = answer["Token"].as_str().expect("a token").to_owned();
    let (head, claims) = crate::pattern::decode_jwt(&token).expect("a JWT");
    assert!(crate::pattern::verify_jwt(&token, &head, &identity_tokens::jwks()));
    assert_eq!((&head["alg"], &head["kid"]), (&json!("RS512"), &json!("us-east-11")));
    assert_eq!(claims["sub"], answer["IdentityId"]);
    assert_eq!(claims["exp"].as_u64().zip(claims["iat"].as_u64()).map(|(e, i)| e - i), Some(900));
    let broken = format!("{}AAAA", &token[..token.len() - 4]);
    let logins = |token: &str| json!({"cognito-identity.amazonaws.com": token});
    let input = json!({"IdentityId": answer["IdentityId"], "Logins": logins(&broken)});
    f.bench.refused("GetCredentialsForIdentity", input, "login-token-unverifiable");
    f.bench.now += 901_000;
    let input = json!({"IdentityId": answer["IdentityId"], "Logins": logins(&token)});
    f.bench.refused("GetCredentialsForIdentity", input, "login-token-expired");
}

#[test]
fn merging_ends_at_twenty_logins_and_hides_the_source() {
    let mut f = Federation::new(json!({}));
    let merge = |source: &str| {
        json!({"DeveloperProviderName": "dev.example", "SourceUserIdentifier": source,
            "DestinationUserIdentifier": "user-0"})
    };
    f.developer("user-0");
    for n in 1..=20 {
        let user = format!("user-{n}");
        f.developer(&user);
        let mut input = merge(&user);
        input["IdentityPoolId"] = json!(f.pool);
        match n {
            20 => f.bench.refused("MergeDeveloperIdentities", input, "merge-too-many-logins"),
            _ => drop(f.bench.ok("MergeDeveloperIdentities", input)),
        }
    }
    let list =
        |hide: bool| json!({"IdentityPoolId": f.pool, "MaxResults": 60, "HideDisabled": hide});
    let (all, shown) = (list(false), list(true));
    let count = |answer: Value| answer["Identities"].as_array().map(Vec::len);
    assert_eq!(count(f.bench.ok("ListIdentities", all)), Some(21));
    assert_eq!(count(f.bench.ok("ListIdentities", shown)), Some(2));
}

/// Sets roles and a mapping for the bench's client.
#[track_caller]
fn map_roles(f: &mut Federation, mapping: &Value) {
    let key = format!("{}:{}", f.provider, f.bench.client);
    let roles = json!({"authenticated": format!("{ROLE}user")});
    let input =
        json!({"IdentityPoolId": f.pool, "Roles": roles, "RoleMappings": {key.as_str(): mapping}});
    f.bench.ok("SetIdentityPoolRoles", input);
}

#[track_caller]
fn check_role(
    mapping: Value,
    mut claims: Value,
    custom: Option<&str>,
    expected: Result<&str, &str>,
) {
    let mut f = Federation::new(json!({}));
    map_roles(&mut f, &mapping);
    claims["aud"] = json!(f.bench.client);
    let login = Login { provider: f.provider.clone(), subject: "s".into(), claims };
    let proof = Proof { logins: vec![login], cognito: None };
    let pool = &f.bench.reference.state.identity_pools[&f.pool];
    let custom = custom.map(|name| format!("{ROLE}{name}"));
    let found = pool.role_for(&proof, custom.as_deref());
    let expected = match expected {
        Ok(role) => Ok(format!("{ROLE}{role}")),
        Err(rule) => Err(rule.to_owned()),
    };
    let found = found.map_err(|fault| match fault {
        super::Fault::Rule { id, .. } => id.to_owned(),
        other => format!("{other:?}"),
    });
    assert_eq!(found, expected);
}

#[test]
fn roles_come_from_the_token() {
    let mapping = |otherwise: &str| json!({"Type": "Token", "AmbiguousRoleResolution": otherwise});
    let role = |name: &str| format!("{ROLE}{name}");
    let two = || json!({"cognito:roles": [role("a"), role("b")]});
    let preferred =
        json!({"cognito:roles": [role("a"), role("b")], "cognito:preferred_role": role("b")});
    check_role(mapping("Deny"), preferred.clone(), None, Ok("b"));
    check_role(mapping("Deny"), preferred, Some("a"), Ok("a"));
    check_role(mapping("Deny"), two(), None, Err("ambiguous-role-denied"));
    check_role(mapping("AuthenticatedRole"), two(), None, Ok("user"));
    check_role(mapping("AuthenticatedRole"), two(), Some("c"), Err("custom-role-not-allowed"));
    check_role(mapping("Deny"), json!({"cognito:roles": [role("a")]}), None, Ok("a"));
    check_role(mapping("Deny"), json!({}), None, Err("ambiguous-role-denied"));
}

#[test]
fn roles_come_from_the_first_rule_that_fits() {
    let rule = |claim: &str, kind: &str, value: &str, role: &str| json!({"Claim": claim, "MatchType": kind, "Value": value, "RoleARN": format!("{ROLE}{role}")});
    let rules = json!([
        rule("dept", "Equals", "sales", "sales"),
        rule("email", "StartsWith", "root@", "root"),
        rule("cognito:groups", "Contains", "adm", "admin"),
        rule("dept", "NotEqual", "guests", "staff"),
    ]);
    let mapping = |otherwise: &str| json!({"Type": "Rules", "AmbiguousRoleResolution": otherwise, "RulesConfiguration": {"Rules": rules}});
    let sales = json!({"dept": "sales"});
    check_role(mapping("Deny"), sales.clone(), None, Ok("sales"));
    check_role(mapping("Deny"), sales.clone(), Some("staff"), Ok("staff"));
    check_role(mapping("Deny"), sales, Some("root"), Err("custom-role-not-allowed"));
    check_role(mapping("Deny"), json!({"email": "root@example.com"}), None, Ok("root"));
    check_role(mapping("Deny"), json!({"cognito:groups": ["x", "admins"]}), None, Ok("admin"));
    check_role(mapping("Deny"), json!({"dept": "law"}), None, Ok("staff"));
    check_role(mapping("Deny"), json!({"dept": "guests"}), None, Err("ambiguous-role-denied"));
    check_role(mapping("AuthenticatedRole"), json!({}), None, Ok("user"));
}

#[test]
fn a_mapping_has_twenty_five_rules_at_most() {
    let mut f = Federation::new(json!({}));
    let rule =
        json!({"Claim": "a", "MatchType": "Equals", "Value": "b", "RoleARN": format!("{ROLE}r")});
    let key = format!("{}:{}", f.provider, f.bench.client);
    let mapping = json!({"Type": "Rules", "AmbiguousRoleResolution": "Deny",
        "RulesConfiguration": {"Rules": vec![rule; 26]}});
    let input =
        json!({"IdentityPoolId": f.pool, "Roles": {}, "RoleMappings": {key.as_str(): mapping}});
    f.bench.refused("SetIdentityPoolRoles", input, "role-mapping-too-many-rules");
}

#[test]
fn default_tags_are_the_username_and_the_client() {
    let mut f = Federation::new(json!({}));
    let input =
        json!({"IdentityPoolId": f.pool, "IdentityProviderName": f.provider, "UseDefaults": true});
    let expected = [("/PrincipalTags", json!({"username": "sub", "client": "aud"}))];
    f.bench.check("SetPrincipalTagAttributeMap", input, &expected);
}
