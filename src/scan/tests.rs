use serde_json::json;

use super::*;
use crate::transcript::{Call, Exchange, Place};
use crate::wire::{Request, Response, TransportError};

/// Returns a call that is answered so.
fn exchange(operation: &str, input: Value, answer: &Value) -> Exchange {
    Exchange {
        place: Place::Step(1),
        request: Request::call("AWSCognitoIdentityProviderService", operation, &input),
        call: Call::Api {
            service: "cognito-idp".into(),
            operation: operation.into(),
            input,
            signed: false,
        },
        reply: Ok::<_, TransportError>(Response {
            status: 200,
            headers: Vec::new(),
            body: answer.to_string().into_bytes().into(),
        }),
        sdk: None,
        expect: None,
        pages: None,
        declined: false,
        twin: None,
        together: None,
        elapsed_ms: 1,
    }
}

fn learned(exchanges: Vec<Exchange>, literals: &[&str]) -> Secrets {
    let secrets = Secrets::default();
    let literals = literals.iter().map(|text| (*text).to_owned()).collect();
    secrets.learn(&Transcript { case: "case".into(), exchanges }, &literals);
    secrets
}

#[track_caller]
fn check(secrets: &Secrets, text: &str, expected: &str) {
    let mut found = text.to_owned();
    assert_eq!(secrets.withhold_about("case", &mut found), text != expected, "{text}");
    assert_eq!(found, expected);
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let sent = json!({"Password": "Tr0ub<\"4dor&3", "SecretHash": "aB3+/dE5fG7hI9=="});
    let secrets = learned(vec![exchange("SignUp", sent, &json!({}))], &[]);
    check(&secrets, "got Tr0ub<\"4dor&3.", "got withheld-password.");
    check(&secrets, r#"{"x":"Tr0ub<\"4dor&3"}"#, r#"{"x":"withheld-password"}"#);
    check(&secrets, "<a>Tr0ub&lt;\"4dor&amp;3</a>", "<a>withheld-password</a>");
    check(&secrets, "?h=aB3%2B%2FdE5fG7hI9%3D%3D&x", "?h=withheld-secret-hash&x");
    assert_eq!(secrets.withheld()["password"], 3);
}

#[test]
fn each_kind_is_learned_from_the_member_that_holds_it() {
    let value = |index: usize| format!("Val{index:02}-x7Qp9");
    let members = [
        ("ProposedPassword", Kind::Password),
        ("RefreshToken", Kind::Token),
        ("Session", Kind::Session),
        ("ClientSecret", Kind::ClientSecret),
        ("SECRET_HASH", Kind::SecretHash),
        ("SMS_MFA_CODE", Kind::Code),
        ("SecretCode", Kind::TotpSecret),
        ("SECRET_BLOCK", Kind::Proof),
        ("SecretKey", Kind::SecretKey),
        ("SessionToken", Kind::SessionToken),
    ];
    for (index, (member, kind)) in members.into_iter().enumerate() {
        let answer = json!({"Deep": [{member: value(index)}]});
        let secrets = learned(vec![exchange("InitiateAuth", json!({}), &answer)], &[]);
        let expected = format!("withheld-{}", kind.name());
        check(&secrets, &value(index), &expected);
    }
    let provider = json!({"Logins": {"accounts.example.com": "opaque-4711-token"}});
    let secrets = learned(vec![exchange("GetId", provider, &json!({}))], &[]);
    check(&secrets, "opaque-4711-token", "withheld-token");
}

#[test]
fn what_is_written_like_a_secret_needs_no_learning() {
    let secrets = Secrets::default();
    let token = format!("eyJ{}.eyJ{}.{}", "a1".repeat(9), "b2".repeat(9), "c3".repeat(9));
    check(&secrets, &format!("t={token}"), "t=withheld-token");
    check(&secrets, "jane.roe@bigbank.io", "withheld-e-mail");
    check(&secrets, "+49 171 2398441", "withheld-phone-number");
    check(&secrets, "ASIAQX7Q2K5M3N8B1ZCD", "withheld-access-key-id");
    check(&secrets, "ann@example.com, +12065550100", "ann@example.com, +12065550100");
}

#[test]
fn what_everybody_may_see_is_no_secret() {
    let sent = json!({"Username": "ann-4711", "Password": "ann-4711", "Session": "pool_4711x"});
    let answer = json!({"UserPoolId": "pool_4711x"});
    let long = format!("Aa1!{}", "x".repeat(300));
    let spelled = json!({"Code": "123456", "Password": "aaaaaaaa1", "Session": long});
    let exchanges = vec![exchange("SignUp", sent, &answer), exchange("SignUp", spelled, &answer)];
    let secrets = learned(exchanges, &["123456"]);
    let handles = json!({"Session": "us-east-1:00000000-0000-4000-8000-000000000000",
        "SecretHash": "arn:aws:iam::123456789012:role/name",
        "RefreshToken": "00000000-0000-4000-8000-000000000000"});
    let dummy = learned(vec![exchange("SignUp", json!({}), &handles)], &[]);
    check(&dummy, &handles.to_string(), &handles.to_string());
    let text = format!("ann-4711 pool_4711x 123456 aaaaaaaa1 {}", "x".repeat(200));
    check(&secrets, &text, &text);
    let listed = json!({"Logins": ["accounts.example.com"]});
    let secrets = learned(vec![exchange("DescribeIdentity", json!({}), &listed)], &[]);
    check(&secrets, "accounts.example.com", "accounts.example.com");
}

#[test]
fn short_values_count_as_words_of_their_own_only() {
    let sent = json!({"ConfirmationCode": "482913"});
    let secrets = learned(vec![exchange("ConfirmSignUp", sent, &json!({}))], &[]);
    check(&secrets, "code 482913, id 14829130", "code withheld-code, id 14829130");
    // Elsewhere the same number is another.
    let mut other = "code 482913".to_owned();
    assert!(!secrets.withhold_about("another", &mut other) && !secrets.withhold(&mut other));
    secrets.make_public("482913");
    check(&secrets, "code 482913", "code 482913");
}

#[test]
fn what_a_case_spells_out_stays_in_its_text() {
    let secrets = learned(
        vec![exchange("ConfirmSignUp", json!({"ConfirmationCode": "x4829-13"}), &json!({}))],
        &[],
    );
    let mut text = "ConfirmationCode: 'x4829-13'\nPhone: +49 171 2398441\n".to_owned();
    let literals = ["x4829-13", "+49 171 2398441"].map(str::to_owned).into();
    assert!(!secrets.withhold_from_case(&mut text, &literals));
    // It stands in the finished report too.
    check(&secrets, &text, &text);
}

#[test]
fn of_long_values_a_part_is_enough() {
    let session: String = (0..40).map(|n| format!("{n:02x}-")).collect();
    let answer = json!({"Session": session});
    let secrets = learned(vec![exchange("InitiateAuth", json!({}), &answer)], &[]);
    check(&secrets, &format!("<{session}>"), "<withheld-session>");
}

#[test]
fn documents_keep_their_form() {
    let secrets =
        learned(vec![exchange("SignUp", json!({"Password": "Pa55-word-x1"}), &json!({}))], &[]);
    let mut document = json!({"a": ["Pa55-word-x1", 1], "Pa55-word-x1": null});
    assert!(secrets.withhold_from("case", &mut document).expect("a document"));
    assert_eq!(document, json!({"a": ["withheld-password", 1], "withheld-password": null}));
    assert!(!secrets.withhold_from("case", &mut document).expect("a document"));
}
