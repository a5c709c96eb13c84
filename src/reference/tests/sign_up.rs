//! Self-registration, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::{PASSWORD, shown};

fn bench() -> Bench {
    verifying(json!({}))
}

fn verifying(mut pool: Value) -> Bench {
    pool["AutoVerifiedAttributes"] = json!(["email"]);
    let mut bench = Bench::new(pool);
    bench.use_client(json!({}));
    bench
}

fn registration(username: &str, attributes: &[(&str, &str)]) -> Value {
    let pair = |(name, value): &(&str, &str)| json!({"Name": name, "Value": value});
    let attributes: Vec<Value> = attributes.iter().map(pair).collect();
    json!({"Username": username, "Password": PASSWORD, "UserAttributes": attributes})
}

const EMAIL: (&str, &str) = ("email", "fixture@example.com");

#[test]
fn a_user_registers_and_confirms() {
    let mut bench = bench();
    let expected = [
        ("/UserConfirmed", json!(false)),
        ("/CodeDeliveryDetails/Destination", json!("f***@e***")),
        ("/CodeDeliveryDetails/DeliveryMedium", json!("EMAIL")),
        ("/CodeDeliveryDetails/AttributeName", json!("email")),
    ];
    bench.check("SignUp", registration("ann", &[EMAIL]), &expected);
    assert_eq!(bench.last_purpose(), "CustomMessage_SignUp");
    let code = bench.code();
    bench.refused("SignUp", registration("ann", &[EMAIL]), "username-exists");
    bench.refused("InitiateAuth", shown("ann", "wrong"), "user-not-confirmed");
    let confirm = |code: &str| json!({"Username": "ann", "ConfirmationCode": code});
    bench.refused("ConfirmSignUp", confirm("0"), "code-mismatch");
    bench.refused(
        "ConfirmSignUp",
        json!({"Username": "bob", "ConfirmationCode": "0"}),
        "client-user-not-found",
    );
    bench.ok("ConfirmSignUp", confirm(&code));
    bench.refused("ConfirmSignUp", confirm(&code), "confirm-status");
    bench.refused("AdminConfirmSignUp", json!({"Username": "ann"}), "admin-confirm-status");
    let user = bench.ok("AdminGetUser", json!({"Username": "ann"}));
    assert_eq!(user["UserStatus"], "CONFIRMED");
    assert!(
        user["UserAttributes"].to_string().contains(r#"{"Name":"email_verified","Value":"true"}"#)
    );
    bench.signed_in("ann");
}

#[test]
fn registrations_are_refused_by_rule() {
    #[track_caller]
    fn check(pool: Value, username: &str, attributes: &[(&str, &str)], rule: &str) {
        let mut bench = Bench::new(pool);
        bench.ok(
            "AdminCreateUser",
            json!({"Username": "a@b.org", "MessageAction": "SUPPRESS",
            "UserAttributes": [{"Name": "email", "Value": "a@b.org"}]}),
        );
        bench.refused("SignUp", registration(username, attributes), rule);
    }
    let by_email = json!({"UsernameAttributes": ["email"]});
    check(json!({}), "ann", &[("first_name", "x")], "attribute-not-in-schema");
    check(json!({}), "ann", &[("email", "x")], "email-format");
    check(json!({}), "ann", &[("email_verified", "true")], "attribute-write-unauthorized");
    check(by_email.clone(), "ann", &[], "sign-up-username-email");
    check(by_email, "a@b.org", &[], "sign-up-account-exists");
    check(
        json!({"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true}}),
        "ann",
        &[],
        "sign-up-not-permitted",
    );
    check(
        json!({"Schema": [{"Name": "email", "Required": true}]}),
        "ann",
        &[],
        "attribute-required",
    );
    let mut aliases = Bench::new(json!({"AliasAttributes": ["email", "phone_number"]}));
    aliases.refused("SignUp", registration("a@b.org", &[]), "sign-up-username-email-form");
    aliases.refused("SignUp", registration("+49123", &[]), "sign-up-username-phone-form");
    let mut both = Bench::new(json!({"UsernameAttributes": ["email", "phone_number"]}));
    both.refused("SignUp", registration("ann", &[]), "sign-up-username-email-or-phone");
    let mut phone = Bench::new(json!({"UsernameAttributes": ["phone_number"]}));
    phone.refused("SignUp", registration("ann", &[]), "sign-up-username-phone");
    let mut weak = registration("ann", &[]);
    weak["Password"] = json!("weak");
    phone = bench();
    phone.refused("SignUp", weak, "sign-up-password-policy");
    phone.refused("SignUp", json!({"Username": "ann"}), "sign-up-password-missing");
}

#[test]
fn an_address_as_username_becomes_the_attribute() {
    let mut bench = verifying(json!({"UsernameAttributes": ["email"]}));
    let answer = bench.ok("SignUp", registration("test@moto.com", &[]));
    assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "t***@m***");
    let code = bench.code();
    bench.ok("ConfirmSignUp", json!({"Username": "test@moto.com", "ConfirmationCode": code}));
    let user = bench.ok("AdminGetUser", json!({"Username": "test@moto.com"}));
    assert_eq!(user["Username"], answer["UserSub"]);
    bench.signed_in("test@moto.com");
}

#[test]
fn no_code_goes_where_nothing_is_verified() {
    let expected = [("/CodeDeliveryDetails", Value::Null), ("/UserConfirmed", json!(false))];
    let recovery = json!({"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]});
    let mut bench = Bench::new(json!({"AccountRecoverySetting": recovery}));
    bench.check("SignUp", registration("ann", &[EMAIL]), &expected);
    bench.refused("ResendConfirmationCode", json!({"Username": "ann"}), "resend-not-verified");
    bench.ok("AdminConfirmSignUp", json!({"Username": "ann"}));
    verifying(json!({})).check("SignUp", registration("ann", &[]), &expected);
}

#[test]
fn codes_are_sent_again_and_grow_old() {
    let mut bench = bench();
    bench.ok("SignUp", registration("ann", &[EMAIL]));
    let first = bench.code();
    let resend = || json!({"Username": "ann"});
    bench.check(
        "ResendConfirmationCode",
        resend(),
        &[("/CodeDeliveryDetails/Destination", json!("f***@e***"))],
    );
    assert_eq!(bench.last_purpose(), "CustomMessage_ResendCode");
    let second = bench.code();
    let confirm = |code: &str| json!({"Username": "ann", "ConfirmationCode": code});
    bench.refused("ConfirmSignUp", confirm(&first), "code-mismatch");
    bench.later(86_400);
    bench.refused("ConfirmSignUp", confirm(&second), "code-expired");
    for _ in 0..5 {
        bench.ok("ResendConfirmationCode", resend());
    }
    bench.refused("ResendConfirmationCode", resend(), "attempt-limit");
    for _ in 0..14 {
        bench.refused("ConfirmSignUp", confirm("0"), "code-mismatch");
    }
    bench.refused("ConfirmSignUp", confirm("0"), "attempt-limit");
    bench.later(3600);
    let code = bench.code();
    bench.ok("ConfirmSignUp", confirm(&code));
    bench.refused("ResendConfirmationCode", resend(), "resend-confirmed");
    bench.refused("ResendConfirmationCode", json!({"Username": "bob"}), "client-user-not-found");
    bench.use_client(json!({"PreventUserExistenceErrors": "ENABLED"}));
    let first = bench.ok("ResendConfirmationCode", json!({"Username": "bob"}));
    assert_eq!(first, bench.ok("ResendConfirmationCode", json!({"Username": "bob"})));
    bench.ok("ResendConfirmationCode", resend());
    bench.refused(
        "ConfirmSignUp",
        json!({"Username": "bob", "ConfirmationCode": "0"}),
        "confirm-hidden-user",
    );
    bench.refused("SignUp", registration("ann", &[]), "username-exists");
}

#[test]
fn the_first_confirmed_user_keeps_the_alias() {
    let mut bench = verifying(json!({"AliasAttributes": ["email"]}));
    bench.ok("SignUp", registration("ann", &[EMAIL]));
    let confirm = |name: &str, code: &str, force: bool| json!({"Username": name, "ConfirmationCode": code, "ForceAliasCreation": force});
    let code = bench.code();
    bench.ok("ConfirmSignUp", confirm("ann", &code, false));
    bench.ok("SignUp", registration("bob", &[EMAIL]));
    let code = bench.code();
    bench.refused("ConfirmSignUp", confirm("bob", &code, false), "alias-exists");
    let by_alias = |bench: &mut Bench| {
        bench.signed_in(EMAIL.1);
        bench.reference.state.pools[&bench.pool]
            .sessions
            .values()
            .last()
            .map(|s| s.username.clone())
    };
    by_alias(&mut bench);
    bench.ok("ConfirmSignUp", confirm("bob", &code, true));
    let owner = bench.reference.state.pools[&bench.pool].key_of(EMAIL.1);
    assert_eq!(owner.as_deref(), Some("bob"));
}
