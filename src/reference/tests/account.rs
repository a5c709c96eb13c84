//! What users do to their own account, as tables of calls.

use serde_json::{Value, json};

use super::Bench;

fn bench(before_update: bool) -> Bench {
    let settings = json!({"AttributesRequireVerificationBeforeUpdate": ["email"]});
    let mut pool = json!({"AutoVerifiedAttributes": ["email"], "Schema": [
        {"Name": "given_name", "Mutable": false}, {"Name": "email", "Required": true}]});
    if before_update {
        pool["UserAttributeUpdateSettings"] = settings;
    }
    let mut bench = Bench::with_ann(pool, json!({}));
    let attributes = json!([{"Name": "email", "Value": "ann@old.org"}, {"Name": "email_verified", "Value": "true"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": attributes}));
    bench
}

#[track_caller]
fn attribute(bench: &mut Bench, token: &Value, name: &str) -> Value {
    let user = bench.ok("GetUser", json!({"AccessToken": token}));
    let found = user["UserAttributes"].as_array().into_iter().flatten().find(|a| a["Name"] == name);
    found.map(|a| a["Value"].clone()).unwrap_or_default()
}

fn update(token: &Value, name: &str, value: &str) -> Value {
    json!({"AccessToken": token, "UserAttributes": [{"Name": name, "Value": value}]})
}

#[test]
fn a_changed_address_is_verified_again() {
    let mut bench = bench(false);
    let token = bench.token();
    let destination = "/CodeDeliveryDetailsList/0/Destination";
    bench.check(
        "UpdateUserAttributes",
        update(&token, "email", "ann@new.org"),
        &[(destination, json!("a***@n***"))],
    );
    assert_eq!(attribute(&mut bench, &token, "email"), "ann@new.org");
    assert_eq!(attribute(&mut bench, &token, "email_verified"), "false");
    let code = bench.code();
    let verify = |code: &str| json!({"AccessToken": token, "AttributeName": "email", "Code": code});
    bench.refused("VerifyUserAttribute", verify("0"), "code-mismatch");
    bench.ok("VerifyUserAttribute", verify(&code));
    bench.refused("VerifyUserAttribute", verify(&code), "code-expired");
    assert_eq!(attribute(&mut bench, &token, "email_verified"), "true");
    let ask = |name: &str| json!({"AccessToken": token, "AttributeName": name});
    bench.check(
        "GetUserAttributeVerificationCode",
        ask("email"),
        &[("/CodeDeliveryDetails/Destination", json!("a***@n***"))],
    );
    assert_eq!(bench.last_purpose(), "CustomMessage_VerifyUserAttribute");
    let code = bench.code();
    bench.ok("VerifyUserAttribute", verify(&code));
    bench.refused(
        "GetUserAttributeVerificationCode",
        ask("phone_number"),
        "attribute-without-value",
    );
    bench.refused(
        "GetUserAttributeVerificationCode",
        ask("given_name"),
        "attribute-not-verifiable",
    );
    let other = json!({"AccessToken": token, "AttributeName": "name", "Code": "1"});
    bench.refused("VerifyUserAttribute", other, "attribute-not-verifiable");
    for _ in 0..4 {
        bench.ok("GetUserAttributeVerificationCode", ask("email"));
    }
    bench.refused("GetUserAttributeVerificationCode", ask("email"), "attempt-limit");
}

#[test]
fn a_new_address_waits_where_the_pool_says_so() {
    let mut bench = bench(true);
    let token = bench.token();
    bench.ok("UpdateUserAttributes", update(&token, "email", "ann@new.org"));
    assert_eq!(attribute(&mut bench, &token, "email"), "ann@old.org");
    assert_eq!(attribute(&mut bench, &token, "email_verified"), "true");
    let code = bench.code();
    bench.ok(
        "VerifyUserAttribute",
        json!({"AccessToken": token, "AttributeName": "email", "Code": code}),
    );
    assert_eq!(attribute(&mut bench, &token, "email"), "ann@new.org");
}

#[test]
fn attributes_are_written_by_rule() {
    let mut bench = bench(false);
    let token = bench.token();
    let mut check = |name: &str, value: &str, rule: &str| {
        bench.refused("UpdateUserAttributes", update(&token, name, value), rule);
    };
    check("first_name", "x", "attribute-to-change-not-in-schema");
    check("given_name", "x", "attribute-not-mutable");
    check("email", "", "attribute-required-not-deletable");
    check("email", "x", "email-format");
    check("phone_number", "x", "phone-number-format");
    check("email_verified", "true", "attribute-write-unauthorized");
    check("sub", "x", "attribute-write-unauthorized");
    bench.ok("UpdateUserAttributes", update(&token, "name", "Ann"));
    bench.ok("UpdateUserAttributes", update(&token, "name", ""));
    assert_eq!(attribute(&mut bench, &token, "name"), Value::Null);
    bench.ok("UpdateUserAttributes", update(&token, "nickname", "Ann"));
    let delete = |name: &str| json!({"AccessToken": token, "UserAttributeNames": [name]});
    bench.ok("DeleteUserAttributes", delete("nickname"));
    assert_eq!(attribute(&mut bench, &token, "nickname"), Value::Null);
    bench.refused("DeleteUserAttributes", delete("email"), "attribute-required-not-deletable");
    bench.refused(
        "DeleteUserAttributes",
        delete("first_name"),
        "attribute-to-delete-not-in-schema",
    );
    bench.use_client(json!({"WriteAttributes": ["email"]}));
    let token = bench.token();
    bench.refused(
        "UpdateUserAttributes",
        update(&token, "name", "Ann"),
        "attribute-write-unauthorized",
    );
}

#[test]
fn an_address_belongs_to_one_user() {
    let mut bench = Bench::new(json!({"UsernameAttributes": ["email"]}));
    bench.use_client(json!({}));
    for name in ["ann@b.org", "bob@b.org"] {
        bench.ok("AdminCreateUser", json!({"Username": name, "MessageAction": "SUPPRESS"}));
        bench.set_password(name, true);
    }
    let token = bench.signed_in("ann@b.org")["AccessToken"].clone();
    bench.refused(
        "UpdateUserAttributes",
        update(&token, "email", "bob@b.org"),
        "update-alias-exists",
    );
    bench.ok("UpdateUserAttributes", update(&token, "email", "ann@c.org"));
    bench.signed_in("ann@c.org");
}
