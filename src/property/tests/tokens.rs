use super::*;

fn input() -> Value {
    of(POOL, json!({"ClientId": "client1", "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}))
}

fn sign_in(access: &str, id: &str, refresh: &str) -> Line {
    let mut result = json!({ "AccessToken": access, "IdToken": id });
    if !refresh.is_empty() {
        result["RefreshToken"] = refresh.into();
    }
    ("AdminInitiateAuth", input(), json!({ "AuthenticationResult": result }))
}

fn tokens(serial: &str) -> (String, String) {
    let of = |kind: &str| token(kind, "ann", &format!("{kind}-{serial}"), json!({}));
    (of("access"), of("id"))
}

fn first() -> Line {
    let (access, id) = tokens("1");
    sign_in(&access, &id, "refresh-1")
}

fn get_user(token: &str) -> Line {
    ("GetUser", json!({ "AccessToken": token }), json!({"Username": "ann", "UserAttributes": []}))
}

fn ann(operation: &'static str, said: Value) -> Line {
    (operation, of(POOL, json!({"Username": "ann"})), said)
}

/// A user whom the service calls by the name that is asked for.
fn known() -> Line {
    ann("AdminGetUser", json!({"Username": "ann", "UserAttributes": []}))
}

#[test]
fn claims_fit_the_call() {
    check(&[first()], &[]);
    let (access, id) = tokens("1");
    let odd = |kind: &str, more: Value| token(kind, "ann", "x", more);
    let wrong_access = |more: Value| sign_in(&odd("access", more), &id, "");
    let wrong_id = |more: Value| sign_in(&access, &odd("id", more), "");
    let on_access = ["tokens-honest 1 /AuthenticationResult/AccessToken"];
    let on_id = ["tokens-honest 1 /AuthenticationResult/IdToken"];
    check(&[wrong_access(json!({"token_use": "id"}))], &on_access);
    check(&[wrong_access(json!({"client_id": "client2"}))], &on_access);
    check(&[wrong_access(json!({"iss": "https://example.com/us-east-1_zZ9yY8xX7"}))], &on_access);
    check(&[wrong_access(json!({"exp": 1000}))], &on_access);
    check(&[wrong_id(json!({"aud": "client2"}))], &on_id);
    check(&[wrong_id(json!({"sub": "sub-bob"}))], &on_id);
    check(&[wrong_id(json!({"jti": "access-1"}))], &on_id);
}

#[test]
fn every_token_is_another() {
    let (access, id) = tokens("2");
    check(&[first(), sign_in(&access, &id, "refresh-2")], &[]);
    check(
        &[first(), first()],
        &[
            "tokens-honest 2 /AuthenticationResult/AccessToken",
            "tokens-honest 2 /AuthenticationResult/IdToken",
        ],
    );
}

#[test]
fn revoked_tokens_open_nothing() {
    let (access, _) = tokens("1");
    let use_it = get_user(&access);
    check(&[first(), use_it.clone()], &[]);
    let out = ("GlobalSignOut", json!({ "AccessToken": access }), json!({}));
    check(&[first(), out.clone(), use_it.clone()], &["tokens-honest 3"]);
    let refused =
        ("GlobalSignOut", json!({ "AccessToken": access }), json!("!NotAuthorizedException"));
    check(&[first(), refused, use_it.clone()], &[]);
    check(
        &[known(), first(), ann("AdminUserGlobalSignOut", json!({})), use_it.clone()],
        &["tokens-honest 4"],
    );
    check(
        &[known(), first(), ann("AdminDisableUser", json!({})), use_it.clone()],
        &["tokens-honest 4"],
    );
    let back = [
        known(),
        first(),
        ann("AdminDisableUser", json!({})),
        ann("AdminEnableUser", json!({})),
        use_it.clone(),
    ];
    check(&back, &[]);
    let revoke = ("RevokeToken", json!({"ClientId": "client1", "Token": "refresh-1"}), json!({}));
    check(&[first(), revoke.clone(), use_it.clone()], &["tokens-honest 3"]);
    // What came later, or from elsewhere, is not touched.
    let (later, id) = tokens("2");
    check(&[first(), out, sign_in(&later, &id, "refresh-2"), get_user(&later)], &[]);
    check(&[first(), sign_in(&later, &id, "refresh-2"), revoke, get_user(&later)], &[]);
}

#[test]
fn revoked_refresh_tokens_give_nothing() {
    let revoke = ("RevokeToken", json!({"ClientId": "client1", "Token": "refresh-1"}), json!({}));
    let (access, id) = tokens("2");
    let result = json!({"AuthenticationResult": {"AccessToken": access, "IdToken": id}});
    let refresh = |said: Value| {
        (
            "GetTokensFromRefreshToken",
            json!({"ClientId": "client1", "RefreshToken": "refresh-1"}),
            said,
        )
    };
    check(&[first(), refresh(result.clone())], &[]);
    check(&[first(), revoke.clone(), refresh(result)], &["tokens-honest 3"]);
    check(&[first(), revoke, refresh(json!("!NotAuthorizedException"))], &[]);
}

#[test]
fn only_true_access_tokens_are_taken() {
    let (access, id) = tokens("1");
    check(&[first(), get_user(&id)], &["tokens-honest 2"]);
    let (text, _) = access.rsplit_once('.').expect("three parts");
    check(&[first(), get_user(&format!("{text}.AAAAdHVyZQ"))], &["tokens-honest 2"]);
    let refused = ("GetUser", json!({ "AccessToken": id }), json!("!NotAuthorizedException"));
    check(&[first(), refused], &[]);
}

#[test]
fn tokens_die_with_their_users_and_pools() {
    let (access, _) = tokens("1");
    let gone = |delete: Line| [known(), first(), delete, get_user(&access)];
    check(&gone(ann("AdminDeleteUser", json!({}))), &["deleted-is-gone 4"]);
    check(&gone(("DeleteUserPool", of(POOL, json!({})), json!({}))), &["deleted-is-gone 4"]);
    check(&gone(ann("AdminDeleteUser", json!("!"))), &[]);
    check(&gone(("DeleteUserPool", of(OTHER, json!({})), json!({}))), &[]);
}
