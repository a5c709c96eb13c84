//! Second factors, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::{PASSWORD, respond, shown};
use crate::totp;

const RESPOND: &str = "RespondToAuthChallenge";

fn pool_factors(bench: &mut Bench, mode: &str) {
    let sms = json!({"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}});
    bench.ok(
        "SetUserPoolMfaConfig",
        json!({"MfaConfiguration": mode,
        "SoftwareTokenMfaConfiguration": {"Enabled": true}, "SmsMfaConfiguration": sms,
        "EmailMfaConfiguration": {}}),
    );
}

fn token_only(mode: &str) -> Bench {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    bench.ok(
        "SetUserPoolMfaConfig",
        json!({"MfaConfiguration": mode,
        "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
    );
    bench
}

fn totp_of(bench: &Bench, seed: &Value) -> String {
    totp::code(seed.as_str().expect("a seed"), bench.now / 1000).expect("base32")
}

#[track_caller]
fn challenge_of(bench: &mut Bench, expected: &str) -> Value {
    let answer = bench.ok("InitiateAuth", shown("ann", PASSWORD));
    assert_eq!(answer["ChallengeName"], expected, "{answer}");
    answer["Session"].clone()
}

#[test]
fn a_required_factor_is_set_up_during_sign_in() {
    let mut bench = token_only("ON");
    bench.set_password("ann", false);
    let session = challenge_of(&mut bench, "NEW_PASSWORD_REQUIRED");
    let answers = json!({"USERNAME": "ann", "NEW_PASSWORD": PASSWORD});
    let set_up = bench.ok(RESPOND, respond("NEW_PASSWORD_REQUIRED", &session, answers));
    assert_eq!(set_up["ChallengeName"], "MFA_SETUP");
    assert_eq!(set_up["ChallengeParameters"]["MFAS_CAN_SETUP"], "[\"SOFTWARE_TOKEN_MFA\"]");
    let ann = json!({"USERNAME": "ann"});
    bench.refused(
        RESPOND,
        respond("MFA_SETUP", &set_up["Session"], ann.clone()),
        "mfa-set-up-incomplete",
    );
    bench.refused(
        "VerifySoftwareToken",
        json!({"Session": set_up["Session"], "UserCode": "000000"}),
        "software-token-missing",
    );
    let associated = bench.ok("AssociateSoftwareToken", json!({"Session": set_up["Session"]}));
    bench.refused("AssociateSoftwareToken", json!({"Session": set_up["Session"]}), "session-used");
    let seed = &associated["SecretCode"];
    let wrong = json!({"Session": associated["Session"], "UserCode": "000000"});
    bench.refused("VerifySoftwareToken", wrong, "software-token-verify-mismatch");
    let code = totp_of(&bench, seed);
    let right =
        json!({"Session": associated["Session"], "UserCode": code, "FriendlyDeviceName": "phone"});
    let verified = bench.ok("VerifySoftwareToken", right);
    assert_eq!(verified["Status"], "SUCCESS");
    let done = bench.ok(RESPOND, respond("MFA_SETUP", &verified["Session"], ann));
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());

    let answer = bench.ok("InitiateAuth", shown("ann", PASSWORD));
    assert_eq!(answer["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(answer["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"], "phone");
    let show = |code: &str| {
        respond(
            "SOFTWARE_TOKEN_MFA",
            &answer["Session"],
            json!({"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": code}),
        )
    };
    bench.refused(RESPOND, show("000000"), "sign-in-code-mismatch");
    bench.refused(RESPOND, show(&code), "software-token-code-used");
    bench.refused(
        RESPOND,
        respond("SOFTWARE_TOKEN_MFA", &answer["Session"], json!({"USERNAME": "ann"})),
        "auth-parameter-missing",
    );
    bench.later(30);
    let code = totp_of(&bench, seed);
    bench.ok(RESPOND, show(&code));
    bench.refused(RESPOND, show(&code), "session-used");
    let session = challenge_of(&mut bench, "SOFTWARE_TOKEN_MFA");
    let again = json!({"USERNAME": "ann", "SOFTWARE_TOKEN_MFA_CODE": code});
    bench.refused(
        RESPOND,
        respond("SOFTWARE_TOKEN_MFA", &session, again),
        "software-token-code-used",
    );
}

#[test]
fn a_signed_in_user_prefers_a_token() {
    let mut bench = token_only("OPTIONAL");
    let token = bench.token();
    let prefer = |enabled: bool| {
        json!({"AccessToken": token,
        "SoftwareTokenMfaSettings": {"Enabled": enabled, "PreferredMfa": enabled}})
    };
    bench.refused("SetUserMFAPreference", prefer(true), "mfa-factor-not-usable");
    let admin = json!({"Username": "ann", "SoftwareTokenMfaSettings": {"Enabled": true}});
    bench.refused("AdminSetUserMFAPreference", admin, "mfa-factor-not-usable");
    bench.refused("AssociateSoftwareToken", json!({}), "software-token-no-caller");
    let associated = bench.ok("AssociateSoftwareToken", json!({"AccessToken": token}));
    assert_eq!(associated["Session"], Value::Null);
    let code = totp_of(&bench, &associated["SecretCode"]);
    bench.ok("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code}));
    let again = json!({"AccessToken": token, "UserCode": code});
    bench.refused("VerifySoftwareToken", again, "software-token-verify-code-used");
    bench.signed_in("ann");
    bench.ok("SetUserMFAPreference", prefer(true));
    bench.check(
        "GetUser",
        json!({"AccessToken": token}),
        &[
            ("/UserMFASettingList", json!(["SOFTWARE_TOKEN_MFA"])),
            ("/PreferredMfaSetting", json!("SOFTWARE_TOKEN_MFA")),
        ],
    );
    challenge_of(&mut bench, "SOFTWARE_TOKEN_MFA");
    let replaced = bench.ok("AssociateSoftwareToken", json!({"AccessToken": token}));
    challenge_of(&mut bench, "SOFTWARE_TOKEN_MFA");
    bench.refused(
        "VerifySoftwareToken",
        json!({"AccessToken": token, "UserCode": code}),
        "software-token-verify-mismatch",
    );
    let code = totp_of(&bench, &replaced["SecretCode"]);
    bench.ok("VerifySoftwareToken", json!({"AccessToken": token, "UserCode": code}));
    bench.ok("SetUserMFAPreference", prefer(false));
    bench.check("GetUser", json!({"AccessToken": token}), &[("/UserMFASettingList", Value::Null)]);
    bench.signed_in("ann");
    let both = json!({"AccessToken": token, "SMSMfaSettings": {"Enabled": true, "PreferredMfa": true},
        "SoftwareTokenMfaSettings": {"Enabled": true, "PreferredMfa": true}});
    bench.refused("SetUserMFAPreference", both, "mfa-several-preferred");
    let half = json!({"AccessToken": token, "SoftwareTokenMfaSettings": {"PreferredMfa": true}});
    bench.refused("SetUserMFAPreference", half, "mfa-preferred-not-enabled");
}

#[test]
fn one_of_several_factors_is_chosen() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    pool_factors(&mut bench, "OPTIONAL");
    let token = bench.token();
    let attributes = json!([{"Name": "email", "Value": "a@b.org"}, {"Name": "email_verified", "Value": "true"},
        {"Name": "phone_number", "Value": "+491701238920"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": attributes}));
    let on = json!({"Enabled": true});
    bench.ok(
        "SetUserMFAPreference",
        json!({"AccessToken": token, "SMSMfaSettings": on, "EmailMfaSettings": on}),
    );
    let session = challenge_of(&mut bench, "SELECT_MFA_TYPE");
    let choose = |factor: &str| {
        respond("SELECT_MFA_TYPE", &session, json!({"USERNAME": "ann", "ANSWER": factor}))
    };
    bench.refused(RESPOND, choose("SOFTWARE_TOKEN_MFA"), "mfa-method-not-found");
    let sms = bench.ok(RESPOND, choose("SMS_MFA"));
    assert_eq!(sms["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "+********8920");
    assert_eq!(bench.last_purpose(), "CustomMessage_Authentication");
    let code = bench.code();
    let show = |code: &str| {
        respond("SMS_MFA", &sms["Session"], json!({"USERNAME": "ann", "SMS_MFA_CODE": code}))
    };
    bench.refused(RESPOND, show("0"), "sign-in-code-mismatch");
    bench.ok(RESPOND, show(&code));
    bench.ok(
        "SetUserMFAPreference",
        json!({"AccessToken": token, "EmailMfaSettings": {"Enabled": true, "PreferredMfa": true}}),
    );
    let session = challenge_of(&mut bench, "EMAIL_OTP");
    let answers = json!({"USERNAME": "ann", "EMAIL_OTP_CODE": bench.code()});
    bench.ok(RESPOND, respond("EMAIL_OTP", &session, answers));
}

#[test]
fn the_old_options_switch_text_messages() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    pool_factors(&mut bench, "OPTIONAL");
    let token = bench.token();
    let options = |attribute: &str| {
        json!({"AccessToken": token,
        "MFAOptions": [{"AttributeName": attribute, "DeliveryMedium": "SMS"}]})
    };
    bench.refused("SetUserSettings", options("email"), "user-settings-sms-only");
    bench.refused("SetUserSettings", options("phone_number"), "mfa-factor-not-usable");
    let phone = json!([{"Name": "phone_number", "Value": "+491701238920"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": phone}));
    bench.ok("SetUserSettings", options("phone_number"));
    challenge_of(&mut bench, "SMS_MFA");
    bench.ok("SetUserSettings", json!({"AccessToken": token, "MFAOptions": []}));
    bench.signed_in("ann");
}
