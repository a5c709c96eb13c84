//! Forgotten, reset, set and changed passwords, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::{PASSWORD, shown};

const OTHER: &str = "Zyxwvu9?";

fn verified(bench: &mut Bench, name: &str) {
    let attributes = json!([{"Name": "email", "Value": "test@test.com"}, {"Name": "email_verified", "Value": "True"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": name, "UserAttributes": attributes}));
}

fn ann() -> Value {
    json!({"Username": "ann"})
}

fn confirm(code: &str, password: &str) -> Value {
    json!({"Username": "ann", "ConfirmationCode": code, "Password": password})
}

#[test]
fn a_forgotten_password_is_replaced_by_code() {
    let recovery = json!({"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]});
    let mut bench = Bench::with_ann(json!({"AccountRecoverySetting": recovery}), json!({}));
    bench.refused("ForgotPassword", ann(), "password-reset-no-contact");
    verified(&mut bench, "ann");
    let details =
        json!({"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "t***@t***"});
    bench.check("ForgotPassword", ann(), &[("/CodeDeliveryDetails", details)]);
    assert_eq!(bench.last_purpose(), "CustomMessage_ForgotPassword");
    bench.check("AdminGetUser", ann(), &[("/UserStatus", json!("CONFIRMED"))]);
    let code = bench.code();
    bench.refused("ConfirmForgotPassword", confirm("0", OTHER), "code-mismatch");
    bench.refused("ConfirmForgotPassword", confirm(&code, "weak"), "password-policy");
    bench.ok("ConfirmForgotPassword", confirm(&code, OTHER));
    bench.refused("ConfirmForgotPassword", confirm(&code, OTHER), "code-expired");
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "incorrect-credentials");
    bench.ok("InitiateAuth", shown("ann", OTHER));
    bench.ok("ForgotPassword", ann());
    bench.later(3600);
    let code = bench.code();
    bench.refused("ConfirmForgotPassword", confirm(&code, OTHER), "code-expired");
    for _ in 0..5 {
        bench.ok("ForgotPassword", ann());
    }
    bench.refused("ForgotPassword", ann(), "attempt-limit");
}

#[test]
fn forgotten_passwords_depend_on_the_user() {
    #[track_caller]
    fn check(prepare: fn(&mut Bench), client: Value, username: &str, expected: Result<(), &str>) {
        let mut bench = Bench::with_ann(json!({}), client);
        verified(&mut bench, "ann");
        prepare(&mut bench);
        let input = json!({"Username": username});
        match expected {
            Ok(()) => drop(bench.ok("ForgotPassword", input)),
            Err(rule) => bench.refused("ForgotPassword", input, rule),
        }
    }
    let hides = || json!({"PreventUserExistenceErrors": "ENABLED"});
    let disable = |bench: &mut Bench| drop(bench.ok("AdminDisableUser", ann()));
    let temporary = |bench: &mut Bench| bench.set_password("ann", false);
    check(|_| {}, json!({}), "bob", Err("client-user-not-found"));
    check(|_| {}, hides(), "bob", Ok(()));
    check(disable, json!({}), "ann", Err("user-disabled"));
    check(disable, hides(), "ann", Ok(()));
    check(temporary, json!({}), "ann", Err("password-reset-state"));
    let invite = |bench: &mut Bench| drop(bench.ok("AdminCreateUser", json!({"Username": "eve"})));
    check(invite, json!({}), "eve", Err("password-reset-state-without-contact"));
    let register = |bench: &mut Bench| {
        drop(bench.ok("SignUp", json!({"Username": "new", "Password": PASSWORD})));
    };
    check(register, json!({}), "new", Err("password-reset-no-contact"));
    check(register, hides(), "new", Ok(()));
    let recovery = json!({"RecoveryMechanisms": [{"Name": "admin_only", "Priority": 1}]});
    let mut bench = Bench::with_ann(json!({"AccountRecoverySetting": recovery}), json!({}));
    verified(&mut bench, "ann");
    bench.refused("ForgotPassword", ann(), "password-reset-admin-only");
    bench.use_client(hides());
    let unknown = json!({"Username": "bob", "ConfirmationCode": "1", "Password": OTHER});
    bench.refused("ConfirmForgotPassword", unknown, "confirm-forgot-hidden-user");
}

#[test]
fn the_second_factor_recovers_no_password() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    verified(&mut bench, "ann");
    let factor = json!({"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {}});
    bench.ok("SetUserPoolMfaConfig", factor);
    bench.refused("ForgotPassword", ann(), "password-reset-no-contact");
}

#[test]
fn administrators_reset_and_set_passwords() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    bench.refused("AdminResetUserPassword", ann(), "admin-reset-no-contact");
    verified(&mut bench, "ann");
    bench.ok("AdminResetUserPassword", ann());
    bench.check("AdminGetUser", ann(), &[("/UserStatus", json!("RESET_REQUIRED"))]);
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "password-reset-required");
    let input =
        json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ann", "SRP_A": "5"}});
    bench.refused("InitiateAuth", input, "password-reset-required");
    let code = bench.code();
    bench.ok("ConfirmForgotPassword", confirm(&code, OTHER));
    bench.ok("InitiateAuth", shown("ann", OTHER));
    bench.ok("AdminDisableUser", ann());
    bench.refused("AdminResetUserPassword", ann(), "user-disabled");
    bench.refused("AdminResetUserPassword", json!({"Username": "bob"}), "user-not-found");

    bench.ok("SignUp", json!({"Username": "new", "Password": PASSWORD}));
    let new = json!({"Username": "new"});
    bench.refused("AdminResetUserPassword", new, "admin-password-reset-state");
    bench.set_password("new", false);
    bench.check(
        "AdminGetUser",
        json!({"Username": "new"}),
        &[("/UserStatus", json!("FORCE_CHANGE_PASSWORD"))],
    );
    bench.set_password("new", true);
    bench.check("AdminGetUser", json!({"Username": "new"}), &[("/UserStatus", json!("CONFIRMED"))]);
    let weak = json!({"Username": "new", "Password": "weak", "Permanent": true});
    bench.refused("AdminSetUserPassword", weak, "password-policy");
}

#[test]
fn remembered_passwords_are_not_taken_again() {
    let policy = json!({"MinimumLength": 6, "PasswordHistorySize": 2});
    let mut bench = Bench::with_ann(json!({"Policies": {"PasswordPolicy": policy}}), json!({}));
    let token = bench.token();
    let change = |previous: &str, proposed: &str| json!({"AccessToken": token, "PreviousPassword": previous, "ProposedPassword": proposed});
    bench.refused("ChangePassword", change(PASSWORD, PASSWORD), "password-history");
    bench.ok("ChangePassword", change(PASSWORD, OTHER));
    bench.refused("ChangePassword", change(OTHER, PASSWORD), "password-history");
    bench.ok("ChangePassword", change(OTHER, "another"));
    let set = |password: &str, permanent: bool| json!({"Username": "ann", "Password": password, "Permanent": permanent});
    // Whether temporary ones are remembered, nobody knows.
    bench.refused("AdminSetUserPassword", set("another", false), "password-history-temporary");
    bench.refused("AdminSetUserPassword", set("another", true), "password-history");
    bench.ok("AdminSetUserPassword", set("the-next", false));
    bench.refused("AdminSetUserPassword", set("the-next", true), "password-history-temporary");
    bench.refused("AdminSetUserPassword", set("another", true), "password-history");
    bench.set_password("ann", true);
}

#[test]
fn users_change_their_passwords() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let token = bench.token();
    let change = |previous: &str, proposed: &str| json!({"AccessToken": token, "PreviousPassword": previous, "ProposedPassword": proposed});
    bench.refused("ChangePassword", change("wrong", OTHER), "incorrect-credentials");
    bench.refused("ChangePassword", change(PASSWORD, "weak"), "password-policy");
    bench.ok("ChangePassword", change(PASSWORD, OTHER));
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "incorrect-credentials");
    bench.ok("InitiateAuth", shown("ann", OTHER));
    bench.ok("ChangePassword", change(OTHER, PASSWORD));
    bench.ok("ChangePassword", change(PASSWORD, OTHER));
    bench.refused("ChangePassword", change(OTHER, PASSWORD), "attempt-limit");
}

#[test]
fn codes_follow_the_recovery_setting() {
    let both = json!({"UserAttributes": [
        {"Name": "email", "Value": "a@b.c"}, {"Name": "email_verified", "Value": "true"},
        {"Name": "phone_number", "Value": "+4912345678"},
        {"Name": "phone_number_verified", "Value": "true"}], "Username": "ann"});
    let bench = |recovery: &[(&str, u64)]| {
        let mechanism = |(name, priority)| json!({"Name": name, "Priority": priority});
        let mechanisms: Vec<_> = recovery.iter().copied().map(mechanism).collect();
        let sms = json!({"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"});
        let setting = match mechanisms.is_empty() {
            true => Value::Null,
            false => json!({"RecoveryMechanisms": mechanisms}),
        };
        let pool = json!({"AccountRecoverySetting": setting, "SmsConfiguration": sms,
            "MfaConfiguration": "OPTIONAL"});
        let mut bench = Bench::with_ann(pool, json!({}));
        bench.ok("AdminUpdateUserAttributes", both.clone());
        bench
    };
    let medium = |medium: &str| [("/CodeDeliveryDetails/DeliveryMedium", json!(medium))];
    let factor = json!({"Username": "ann", "SMSMfaSettings": {"Enabled": true}});

    let mut older = bench(&[]);
    older.check("ForgotPassword", ann(), &medium("SMS"));
    let mut by_email = bench(&[("verified_phone_number", 2), ("verified_email", 1)]);
    by_email.check("ForgotPassword", ann(), &medium("EMAIL"));
    let mut by_phone = bench(&[("verified_phone_number", 1), ("verified_email", 2)]);
    by_phone.check("ForgotPassword", ann(), &medium("SMS"));
    by_phone.ok("AdminSetUserMFAPreference", factor.clone());
    by_phone.check("ForgotPassword", ann(), &medium("EMAIL"));
    let mut only_phone = bench(&[("verified_phone_number", 1)]);
    only_phone.ok("AdminSetUserMFAPreference", factor);
    only_phone.refused("ForgotPassword", ann(), "password-reset-no-contact");
    let mut nobody = bench(&[("admin_only", 1)]);
    nobody.refused("ForgotPassword", ann(), "password-reset-admin-only");
    nobody.refused("AdminResetUserPassword", ann(), "password-reset-admin-only");
}
