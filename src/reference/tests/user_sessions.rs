//! Session records: who has one, who loses one, and what ends with it.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::PASSWORD;

fn track(bench: &mut Bench, tracking: &str, most: u64) {
    let input = json!({"UserSessionTracking": tracking, "TokenSession": {"MaxPerUser": most}});
    bench.ok("SetUserPoolSessionConfiguration", input);
}

fn sessions(bench: &mut Bench, token: &Value) -> Vec<Value> {
    let listed = bench.ok("ListUserSessions", json!({"AccessToken": token}));
    listed["Sessions"].as_array().cloned().unwrap_or_default()
}

fn current(bench: &mut Bench, token: &Value) -> Value {
    let listed = sessions(bench, token);
    let own: Vec<_> = listed.iter().filter(|s| s["IsCurrentSession"] == true).collect();
    assert_eq!(own.len(), 1, "{listed:?}");
    own[0]["SessionId"].clone()
}

#[test]
fn sessions_are_recorded_while_tracking_is_on() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let before = bench.token();
    assert!(sessions(&mut bench, &before).is_empty());
    track(&mut bench, "ENABLED", 2);
    assert!(sessions(&mut bench, &before).is_empty(), "no record of what came before");
    let token = bench.token();
    assert_eq!(sessions(&mut bench, &token).len(), 1);
    track(&mut bench, "DISABLED", 2);
    assert!(sessions(&mut bench, &token).is_empty());
    bench.ok("GetUser", json!({"AccessToken": token}));
}

#[test]
fn the_session_used_least_recently_makes_room() {
    let mut bench = Bench::with_ann(
        json!({}),
        json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}),
    );
    track(&mut bench, "ENABLED", 2);
    let first = bench.signed_in("ann");
    bench.later(1);
    let second = bench.signed_in("ann");
    bench.later(1);
    // A refresh makes the first the one that was used last.
    bench.ok("GetTokensFromRefreshToken", json!({"RefreshToken": first["RefreshToken"]}));
    bench.later(1);
    bench.signed_in("ann");
    bench.ok("GetUser", json!({"AccessToken": first["AccessToken"]}));
    let evicted = json!({"AccessToken": second["AccessToken"]});
    bench.refused("GetUser", evicted, "access-token-revoked");
}

#[test]
fn a_session_is_revoked_by_its_user_only() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    bench.ok("AdminCreateUser", json!({"Username": "bob"}));
    let password = json!({"Username": "bob", "Password": PASSWORD, "Permanent": true});
    bench.ok("AdminSetUserPassword", password);
    track(&mut bench, "ENABLED", 5);
    let (token, other) = (bench.token(), bench.token());
    let bobs = bench.signed_in("bob")["AccessToken"].clone();
    let id = current(&mut bench, &token);
    let revoke = |token: &Value| json!({"AccessToken": token, "SessionId": id});
    bench.refused("RevokeUserSession", revoke(&token), "user-session-is-current");
    bench.refused("RevokeUserSession", revoke(&bobs), "user-session-not-found");
    bench.refused(
        "AdminRevokeUserSession",
        json!({"Username": "bob", "SessionId": id}),
        "user-session-not-found",
    );
    bench.ok("RevokeUserSession", revoke(&other));
    bench.refused("GetUser", json!({"AccessToken": token}), "access-token-revoked");
    bench.refused("RevokeUserSession", revoke(&other), "user-session-not-found");
}
