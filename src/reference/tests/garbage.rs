//! Values no client would send: they are refused, and nothing panics.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::PASSWORD;

const CHALLENGES: [&str; 15] = [
    "PASSWORD_VERIFIER",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "NEW_PASSWORD_REQUIRED",
    "SMS_MFA",
    "SOFTWARE_TOKEN_MFA",
    "EMAIL_OTP",
    "SMS_OTP",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
    "SELECT_CHALLENGE",
    "CUSTOM_CHALLENGE",
    "WEB_AUTHN",
    "PASSWORD",
    "PASSWORD_SRP",
];

const FLOWS: [&str; 8] = [
    "USER_PASSWORD_AUTH",
    "USER_SRP_AUTH",
    "USER_AUTH",
    "CUSTOM_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "ADMIN_NO_SRP_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
];

const ANSWERS: [&str; 19] = [
    "USERNAME",
    "CREDENTIAL",
    "PASSWORD",
    "SRP_A",
    "DEVICE_KEY",
    "REFRESH_TOKEN",
    "SECRET_HASH",
    "ANSWER",
    "TIMESTAMP",
    "PASSWORD_CLAIM_SECRET_BLOCK",
    "PASSWORD_CLAIM_SIGNATURE",
    "NEW_PASSWORD",
    "userAttributes.email",
    "userAttributes.",
    "SMS_MFA_CODE",
    "SOFTWARE_TOKEN_MFA_CODE",
    "EMAIL_OTP_CODE",
    "SMS_OTP_CODE",
    "PREFERRED_CHALLENGE",
];

#[test]
fn garbage_is_refused_without_panic() {
    let policies = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let mut bench =
        Bench::with_ann(json!({"DeviceConfiguration": {}, "Policies": policies}), json!({}));
    let token = bench.token();
    let session = bench.ok(
        "InitiateAuth",
        json!({"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann"}}),
    );
    let long = "f".repeat(4000);
    let values = [
        "ann",
        "",
        "0",
        "\u{e9}\u{1f600}",
        "a.b.c",
        "e30.e30.e30",
        "....",
        "====",
        "ffff",
        PASSWORD,
        &long,
        "EMAIL_OTP",
        "PASSWORD_SRP",
        "Wed Apr 5 22:42:34 UTC 2017",
        "-1",
        "5",
        session["Session"].as_str().expect("a session"),
        token.as_str().expect("a token"),
    ];
    let mut seed: u64 = 11;
    let mut draw = move |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    for round in 0..1500 {
        let mut answers = json!({});
        for name in ANSWERS {
            if draw(3) > 0 {
                answers[name] = json!(if name == "USERNAME" && draw(3) > 0 {
                    "ann"
                } else {
                    values[draw(values.len())]
                });
            }
        }
        let (operation, input) = match round % 4 {
            0 => ("InitiateAuth", json!({"AuthFlow": FLOWS[draw(8)], "AuthParameters": answers})),
            1 => (
                "AdminInitiateAuth",
                json!({"AuthFlow": FLOWS[draw(8)], "AuthParameters": answers}),
            ),
            2 => (
                "RespondToAuthChallenge",
                json!({"ChallengeName": CHALLENGES[draw(14)],
                "Session": values[draw(values.len())], "ChallengeResponses": answers}),
            ),
            _ => {
                let name = [
                    "GetUser",
                    "ListDevices",
                    "AssociateSoftwareToken",
                    "GlobalSignOut",
                    "DeleteUser",
                ][draw(5)];
                let mut value = values[draw(values.len() - 1)].to_owned();
                if draw(2) == 0 {
                    value = format!(
                        "{}.{value}.{value}",
                        token.as_str().and_then(|t| t.split('.').next()).unwrap_or_default()
                    );
                }
                (name, json!({"AccessToken": value}))
            }
        };
        // Whatever comes is either an answer of the modelled shape or a declared refusal.
        let _: Result<Value, _> = bench.call(operation, input);
    }
}
