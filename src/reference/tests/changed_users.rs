//! Users, clients and pools that change while tokens and challenges of theirs are about.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::sign_in::{PASSWORD, respond, shown};
use super::{Bench, catalogue};
use crate::srp::client;

const RESPOND: &str = "RespondToAuthChallenge";

#[test]
fn a_token_is_worth_what_its_user_and_client_are() {
    #[track_caller]
    fn check(change: impl Fn(&mut Bench), rule: &str, associating: &str) {
        let mut bench = Bench::with_ann(json!({}), json!({}));
        let email = json!([{"Name": "email", "Value": "a@b.org"}, {"Name": "email_verified", "Value": "true"}]);
        let changed = json!({"Username": "ann", "UserAttributes": email});
        bench.ok("AdminUpdateUserAttributes", changed);
        let token = bench.token();
        change(&mut bench);
        for operation in ["GetUser", "ListDevices", "DeleteUser"] {
            bench.refused(operation, json!({"AccessToken": token}), rule);
        }
        let code = json!({"AccessToken": token, "UserCode": "123456"});
        bench.refused("VerifySoftwareToken", code, rule);
        bench.refused("AssociateSoftwareToken", json!({"AccessToken": token}), associating);
    }
    let deleted = |bench: &mut Bench| drop(bench.ok("AdminDeleteUser", json!({"Username": "ann"})));
    check(deleted, "access-token-user-gone", "deleted-users-token-revoked");
    let reset =
        |bench: &mut Bench| drop(bench.ok("AdminResetUserPassword", json!({"Username": "ann"})));
    // The one operation that does not declare the refusal goes on to the next question.
    check(reset, "access-token-password-reset", "software-token-disabled");
    let no_client = |bench: &mut Bench| drop(bench.ok("DeleteUserPoolClient", json!({})));
    check(no_client, "access-token-client-gone", "access-token-client-gone");
    let no_pool = |bench: &mut Bench| drop(bench.ok("DeleteUserPool", json!({})));
    check(no_pool, "access-token-client-gone", "access-token-client-gone");
}

/// Returns the session of `name`, who holds a temporary password.
#[track_caller]
fn pending(bench: &mut Bench, name: &str) -> Value {
    let input = json!({"Username": name, "TemporaryPassword": PASSWORD});
    bench.ok("AdminCreateUser", input);
    bench.ok("InitiateAuth", shown(name, PASSWORD))["Session"].clone()
}

fn new_password(name: &str, session: &Value) -> Value {
    let answers = json!({"USERNAME": name, "NEW_PASSWORD": "Ghijkl2!"});
    respond("NEW_PASSWORD_REQUIRED", session, answers)
}

#[test]
fn a_challenge_ends_with_its_user() {
    #[track_caller]
    fn check(pool: Value, client: Value, name: &str, rule: &str) {
        let mut bench = Bench::with_ann(pool, client);
        let session = pending(&mut bench, name);
        bench.ok("AdminDeleteUser", json!({"Username": name}));
        bench.refused(RESPOND, new_password(name, &session), rule);
        // A namesake who comes later is somebody else.
        pending(&mut bench, name);
        bench.refused(RESPOND, new_password(name, &session), rule);
    }
    let hides = json!({"PreventUserExistenceErrors": "ENABLED"});
    check(json!({}), json!({}), "bob", "answer-user-not-found");
    check(json!({}), hides, "bob", "session-elsewhere");
    let folded = json!({"UsernameConfiguration": {"CaseSensitive": false}});
    check(folded, json!({}), "Bob", "answer-user-not-found");
}

#[test]
fn a_set_up_ends_with_its_user() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let token =
        json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    bench.ok("SetUserPoolMfaConfig", token);
    let session = bench.ok("InitiateAuth", shown("ann", PASSWORD))["Session"].clone();
    bench.ok("AdminDeleteUser", json!({"Username": "ann"}));
    bench.refused("AssociateSoftwareToken", json!({"Session": session}), "session-elsewhere");
    let code = json!({"Session": session, "UserCode": "123456"});
    bench.refused("VerifySoftwareToken", code, "session-elsewhere");
}

#[test]
fn a_refresh_token_ends_with_its_user() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let signed_in = bench.signed_in("ann");
    let token = &signed_in["RefreshToken"];
    let refresh =
        json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": token}});
    bench.ok("AdminDeleteUser", json!({"Username": "ann"}));
    bench.refused("InitiateAuth", refresh.clone(), "refresh-of-deleted-user");
    // A namesake who comes later is somebody else.
    pending(&mut bench, "ann");
    bench.refused("InitiateAuth", refresh, "refresh-of-deleted-user");
    let newer = json!({"RefreshToken": token});
    bench.refused("GetTokensFromRefreshToken", newer, "refresh-of-deleted-user");
    bench.refused("RevokeToken", json!({"Token": token}), "token-revocation-invalid");
}

#[test]
fn a_session_is_good_at_its_client_only() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let session = pending(&mut bench, "bob");
    let other = bench.ok("CreateUserPoolClient", json!({"ClientName": "other"}));
    let mut answer = new_password("bob", &session);
    answer["ClientId"] = other["UserPoolClient"]["ClientId"].clone();
    bench.refused(RESPOND, answer, "session-elsewhere");
    bench.ok(
        "AdminSetUserPassword",
        json!({"Username": "bob", "Password": "Other-1!", "Permanent": true}),
    );
    bench.refused(RESPOND, new_password("bob", &session), "session-elsewhere");
}

#[test]
fn nobody_answers_for_another() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let session = pending(&mut bench, "bob");
    bench.refused(RESPOND, new_password("nobody", &session), "answer-user-not-found");
    bench.refused(RESPOND, new_password("ann", &session), "session-elsewhere");
    bench.ok(RESPOND, new_password("bob", &session));
}

#[test]
fn an_alias_is_not_taken_with_the_new_password() {
    let mut bench = Bench::with_ann(json!({"AliasAttributes": ["email"]}), json!({}));
    let email =
        json!([{"Name": "email", "Value": "a@b.org"}, {"Name": "email_verified", "Value": "true"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": email}));
    let session = pending(&mut bench, "bob");
    let mut answer = new_password("bob", &session);
    answer["ChallengeResponses"]["userAttributes.email"] = json!("a@b.org");
    bench.refused(RESPOND, answer.clone(), "new-password-alias-exists");
    answer["ChallengeResponses"]["userAttributes.email"] = json!("b@b.org");
    bench.ok(RESPOND, answer);
}

#[test]
fn a_demanded_text_message_needs_a_number() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let input = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": sms});
    bench.ok("SetUserPoolMfaConfig", input);
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "mfa-no-method-at-once");
    let mut input = shown("ann", PASSWORD);
    input["AuthFlow"] = json!("ADMIN_USER_PASSWORD_AUTH");
    bench.refused("AdminInitiateAuth", input, "mfa-no-method");
    let exchange = client::Exchange::new(&[9; 32]);
    let begin = json!({"USERNAME": "ann", "SRP_A": exchange.public()});
    let begin = json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": begin});
    let challenge = bench.ok("InitiateAuth", begin);
    let proof = bench.srp_answer(&challenge, &exchange, PASSWORD);
    bench.refused(RESPOND, respond("PASSWORD_VERIFIER", &Value::Null, proof), "mfa-no-method");
    let phone = json!([{"Name": "phone_number", "Value": "+4912345678"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": phone}));
    let answer = bench.ok("InitiateAuth", shown("ann", PASSWORD));
    assert_eq!(answer["ChallengeName"], "SMS_MFA");
}

#[test]
fn a_sign_in_that_cannot_go_on_leaves_the_old_password() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    let input = json!({"MfaConfiguration": "ON", "SmsMfaConfiguration": sms});
    bench.ok("SetUserPoolMfaConfig", input);
    bench.ok("AdminSetUserPassword", json!({"Username": "ann", "Password": PASSWORD}));
    let posed = bench.ok("InitiateAuth", shown("ann", PASSWORD));
    let answers = json!({"USERNAME": "ann", "NEW_PASSWORD": "Another-Passw0rd!"});
    let answer = respond("NEW_PASSWORD_REQUIRED", &posed["Session"], answers);
    bench.refused(RESPOND, answer, "mfa-no-method");
    let user = bench.ok("AdminGetUser", json!({"Username": "ann"}));
    assert_eq!(user["UserStatus"], "FORCE_CHANGE_PASSWORD");
    bench.ok("InitiateAuth", shown("ann", PASSWORD));
}

#[test]
fn a_client_may_learn_to_revoke() {
    let mut bench = Bench::with_ann(json!({}), json!({"EnableTokenRevocation": false}));
    let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let mut tokens = vec![bench.token()];
    for on in [true, false] {
        let input = json!({"EnableTokenRevocation": on, "ExplicitAuthFlows": flows});
        bench.ok("UpdateUserPoolClient", input);
        tokens.push(bench.token());
    }
    for token in &tokens {
        bench.ok("GetUser", json!({"AccessToken": token}));
    }
    bench.ok("AdminUserGlobalSignOut", json!({"Username": "ann"}));
    for token in &tokens {
        bench.refused("GetUser", json!({"AccessToken": token}), "access-token-revoked");
    }
}

#[test]
fn an_administrator_waits_for_the_user() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let off = |name| json!({"Username": name, "SoftwareTokenMfaSettings": {"Enabled": false}});
    bench.ok("SignUp", json!({"Username": "bob", "Password": PASSWORD}));
    let operation = "AdminSetUserMFAPreference";
    bench.refused(operation, off("bob"), "mfa-preference-user-not-confirmed");
    bench.ok(operation, off("ann"));
}

#[test]
fn failures_are_forgotten_a_quarter_of_an_hour_after_the_lock() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    for _ in 0..5 {
        bench.refused("InitiateAuth", shown("ann", "Wrong-1!"), "incorrect-credentials");
    }
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "password-attempts-exceeded");
    bench.later(901);
    for _ in 0..4 {
        bench.refused("InitiateAuth", shown("ann", "Wrong-1!"), "incorrect-credentials");
    }
    bench.signed_in("ann");
}

#[test]
fn precedences_name_rules_and_never_go_in_circles() {
    let rules = &catalogue().rules;
    for rule in rules.iter() {
        let mut seen = BTreeSet::new();
        let mut ahead: Vec<&String> = rule.after.iter().collect();
        while let Some(id) = ahead.pop() {
            assert_ne!(*id, rule.id, "{} comes after itself", rule.id);
            let winner = rules.get(id).unwrap_or_else(|| panic!("{}: no rule {id}", rule.id));
            if seen.insert(id) {
                ahead.extend(&winner.after);
            }
        }
    }
}
