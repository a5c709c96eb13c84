//! Users as administrators handle them, as tables of calls.

use serde_json::{Value, json};

use super::{Bench, bench};

#[test]
fn administrators_create_users() {
    let mut bench = bench();
    let ann = json!({"Username": "ann", "TemporaryPassword": "Abcdef1!",
        "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{"Name": "email", "Value": "ann@example.com"}]});
    bench.check(
        "AdminCreateUser",
        ann.clone(),
        &[
            ("/User/UserStatus", json!("FORCE_CHANGE_PASSWORD")),
            ("/User/Enabled", json!(true)),
            ("/User/Attributes/0/Name", json!("sub")),
            ("/User/MFAOptions", Value::Null),
        ],
    );
    let sent = bench.reference.state.outbox.back().cloned().expect("an invitation");
    assert_eq!((sent.code.as_str(), sent.medium.as_str()), ("Abcdef1!", "EMAIL"));
    bench.refused("AdminCreateUser", ann, "admin-create-username-exists");
    let weak = json!({"Username": "bob", "TemporaryPassword": "Abcdefg!"});
    bench.refused("AdminCreateUser", weak, "admin-create-password-policy");
    let resend = |name: &str| json!({"Username": name, "MessageAction": "RESEND"});
    bench.refused("AdminCreateUser", resend("bob"), "user-not-found");
    bench.ok("AdminCreateUser", resend("ann"));
    bench.check(
        "AdminGetUser",
        json!({"Username": "ann"}),
        &[
            ("/UserAttributes/1/Name", json!("email")),
            ("/UserMFASettingList", Value::Null),
            ("/PreferredMfaSetting", Value::Null),
        ],
    );
    let unknown =
        json!({"Username": "bob", "UserAttributes": [{"Name": "custom:x", "Value": "1"}]});
    bench.refused("AdminCreateUser", unknown, "attribute-not-in-schema");
    bench.ok("AdminDisableUser", json!({"Username": "ann"}));
    bench.check("AdminGetUser", json!({"Username": "ann"}), &[("/Enabled", json!(false))]);
    bench.ok("AdminEnableUser", json!({"Username": "ann"}));
    let options = json!([{"AttributeName": "phone_number", "DeliveryMedium": "SMS"}]);
    bench.ok("AdminSetUserSettings", json!({"Username": "ann", "MFAOptions": options}));
    bench.check("AdminGetUser", json!({"Username": "ann"}), &[("/MFAOptions", options)]);
    bench.ok("AdminDeleteUser", json!({"Username": "ann"}));
    bench.refused("AdminGetUser", json!({"Username": "ann"}), "user-not-found");
}

#[test]
fn usernames_follow_the_pool() {
    let suppressed = |name: &str| json!({"Username": name, "MessageAction": "SUPPRESS"});
    let mut by_email = Bench::new(json!({"UsernameAttributes": ["email"]}));
    by_email.refused("AdminCreateUser", suppressed("admin"), "admin-create-username-not-email");
    let created = by_email.ok("AdminCreateUser", suppressed("a@example.com"));
    let sub = created["User"]["Attributes"][0]["Value"].clone();
    assert_eq!(created["User"]["Username"], sub);
    by_email.refused("AdminCreateUser", suppressed("a@example.com"), "admin-create-address-exists");
    by_email.check("AdminGetUser", json!({"Username": "a@example.com"}), &[("/Username", sub)]);
    by_email.ok("AdminCreateUser", suppressed("b@example.com"));
    let taken = json!({"Username": "b@example.com",
        "UserAttributes": [{"Name": "email", "Value": "a@example.com"}]});
    by_email.refused("AdminUpdateUserAttributes", taken, "admin-update-address-exists");
    let mut by_phone = Bench::new(json!({"UsernameAttributes": ["phone_number"]}));
    by_phone.refused("AdminCreateUser", suppressed("x"), "admin-create-username-not-phone");
    let mut by_both = Bench::new(json!({"UsernameAttributes": ["phone_number", "email"]}));
    by_both.refused("AdminCreateUser", suppressed("x"), "admin-create-username-neither");

    let mut alias = Bench::new(json!({"AliasAttributes": ["email"]}));
    let rule = "admin-create-username-email-alias";
    alias.refused("AdminCreateUser", suppressed("a@example.com"), rule);
    let mut phone_alias = Bench::new(json!({"AliasAttributes": ["phone_number"]}));
    let rule = "admin-create-username-phone-alias";
    phone_alias.refused("AdminCreateUser", suppressed("+4912345678"), rule);
    let verified = |name: &str| {
        json!({"Username": name, "UserAttributes": [
        {"Name": "email", "Value": "a@example.com"}, {"Name": "email_verified", "Value": "true"}]})
    };
    alias.ok("AdminCreateUser", verified("ann"));
    alias.refused("AdminCreateUser", verified("bob"), "admin-create-alias-exists");
    let mut forced = verified("bob");
    forced["ForceAliasCreation"] = json!(true);
    alias.ok("AdminCreateUser", forced);
    alias.check(
        "AdminGetUser",
        json!({"Username": "a@example.com"}),
        &[("/Username", json!("bob"))],
    );
    alias.refused("AdminUpdateUserAttributes", verified("ann"), "admin-update-alias-exists");

    let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]});
    let mut passwordless = Bench::new(json!({"Policies": {"SignInPolicy": factors}}));
    let confirmed = [("/User/UserStatus", json!("CONFIRMED"))];
    passwordless.check("AdminCreateUser", verified("ann"), &confirmed);
    let resend = json!({"Username": "ann", "MessageAction": "RESEND"});
    passwordless.refused("AdminCreateUser", resend, "admin-create-resend-status");
}

#[test]
fn attributes_change_and_go() {
    let mut bench = Bench::new(json!({"AutoVerifiedAttributes": ["email"], "Schema": [
        {"Name": "given_name", "Mutable": false}, {"Name": "family_name", "Required": true}]}));
    let with = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| json!({"Name": n, "Value": v})).collect();
        json!({"Username": "ann", "UserAttributes": pairs})
    };
    bench.ok(
        "AdminCreateUser",
        with(&[("family_name", "x"), ("email", "a@b.c"), ("email_verified", "true")]),
    );
    let cases = [
        ("given_name", "x", "attribute-not-mutable"),
        ("family_name", "", "attribute-required-not-deletable"),
        ("nope", "x", "attribute-to-change-not-in-schema"),
        ("email", "x", "email-format"),
        ("phone_number", "x", "phone-number-format"),
        ("birthdate", "x", "attribute-value-not-allowed"),
    ];
    for (name, value, rule) in cases {
        bench.refused("AdminUpdateUserAttributes", with(&[(name, value)]), rule);
    }
    bench.ok("AdminUpdateUserAttributes", with(&[("email", "n@b.c")]));
    let sent = bench.reference.state.outbox.back().cloned().expect("a code");
    assert_eq!((sent.destination.as_str(), sent.code.len()), ("n@b.c", 6));
    bench.check(
        "AdminGetUser",
        json!({"Username": "ann"}),
        &[
            ("/UserAttributes/1", json!({"Name": "email", "Value": "n@b.c"})),
            ("/UserAttributes/2", json!({"Name": "email_verified", "Value": "false"})),
        ],
    );
    let delete = |name: &str| json!({"Username": "ann", "UserAttributeNames": [name]});
    let rule = "attribute-required-not-deletable";
    bench.refused("AdminDeleteUserAttributes", delete("family_name"), rule);
    bench.ok("AdminDeleteUserAttributes", delete("email"));
    bench.check(
        "AdminGetUser",
        json!({"Username": "ann"}),
        &[("/UserAttributes/1/Name", json!("family_name")), ("/UserAttributes/2", Value::Null)],
    );
}

#[test]
fn invitations_are_text_messages_unless_said_otherwise() {
    let mut bench = bench();
    let both = json!([{"Name": "email", "Value": "ann@example.com"},
        {"Name": "phone_number", "Value": "+4912345678"}]);
    bench.ok("AdminCreateUser", json!({"Username": "ann", "UserAttributes": both}));
    let media = bench.reference.state.outbox.iter().map(|message| message.medium.as_str());
    assert_eq!(media.collect::<Vec<_>>(), ["SMS"]);
}

#[test]
fn users_are_listed_and_filtered() {
    let mut bench = bench();
    for name in ["ann", "bob", "cid"] {
        let email = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
        bench.ok("AdminCreateUser", json!({"Username": name, "UserAttributes": email}));
    }
    let page = bench.ok("ListUsers", json!({"Limit": 2}));
    let rest = json!({"Limit": 2, "PaginationToken": page["PaginationToken"]});
    bench.check(
        "ListUsers",
        rest,
        &[
            ("/Users/0/Username", json!("cid")),
            ("/Users/1", Value::Null),
            ("/PaginationToken", Value::Null),
        ],
    );
    let only = json!({"Filter": "\"email\"^=\"bob@\"", "AttributesToGet": ["email"], "Limit": 3});
    let email = json!([{"Name": "email", "Value": "bob@example.com"}]);
    bench.check("ListUsers", only, &[("/Users/0/Attributes", email), ("/Users/1", Value::Null)]);
    bench.refused("ListUsers", json!({"Filter": "foo"}), "list-users-filter-syntax");
    let custom = json!({"Filter": "custom:a = \"b\""});
    bench.refused("ListUsers", custom, "list-users-filter-attribute");
    let unknown = json!({"AttributesToGet": ["custom:a"]});
    bench.refused("ListUsers", unknown, "list-users-unknown-attribute");
}

#[test]
fn invitations_go_where_they_are_wanted() {
    #[track_caller]
    fn check(mediums: Value, expected: &[&str]) {
        let mut bench = bench();
        let mut input = json!({"Username": "ann", "UserAttributes": [
            {"Name": "email", "Value": "a@b.c"}, {"Name": "phone_number", "Value": "+4912345678"}]});
        if !mediums.is_null() {
            input["DesiredDeliveryMediums"] = mediums;
        }
        bench.ok("AdminCreateUser", input);
        let sent: Vec<_> =
            bench.reference.state.outbox.iter().map(|message| message.medium.as_str()).collect();
        assert_eq!(sent, expected);
    }
    check(Value::Null, &["SMS"]);
    check(json!(["EMAIL"]), &["EMAIL"]);
    check(json!(["SMS", "EMAIL"]), &["EMAIL", "SMS"]);
}

#[test]
fn a_pool_has_fifty_custom_attributes() {
    let mut bench = bench();
    let named = |from: u32, count: u32| {
        let one = |n| json!({"Name": format!("a{n}"), "AttributeDataType": "String"});
        json!({"CustomAttributes": (from..from + count).map(one).collect::<Vec<_>>()})
    };
    bench.ok("AddCustomAttributes", named(0, 25));
    bench.ok("AddCustomAttributes", named(25, 24));
    bench.refused("AddCustomAttributes", named(49, 2), "custom-attributes-too-many");
    bench.ok("AddCustomAttributes", named(49, 1));
    bench.refused("AddCustomAttributes", named(50, 1), "custom-attributes-too-many");
}
