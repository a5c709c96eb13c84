//! User pools and their settings, as tables of calls.

use serde_json::{Value, json};

use super::{Bench, bench};

#[test]
fn a_new_pool_has_the_documented_defaults() {
    let sent = json!({"PoolName": "p"});
    let pool = |name: &str| format!("/UserPool/{name}");
    bench().check(
        "CreateUserPool",
        sent,
        &[
            (&pool("LambdaConfig"), json!({})),
            (&pool("UserPoolTags"), json!({})),
            (&pool("UserPoolTier"), json!("ESSENTIALS")),
            (&pool("DeletionProtection"), json!("INACTIVE")),
            (&pool("MfaConfiguration"), json!("OFF")),
            (&pool("AliasAttributes"), Value::Null),
            (&pool("UsernameAttributes"), Value::Null),
            (&pool("AdminCreateUserConfig/UnusedAccountValidityDays"), json!(7)),
            (&pool("AdminCreateUserConfig/AllowAdminCreateUserOnly"), json!(false)),
            (&pool("Policies/PasswordPolicy/TemporaryPasswordValidityDays"), json!(7)),
            (&pool("Policies/SignInPolicy/AllowedFirstAuthFactors"), json!(["PASSWORD"])),
            (&pool("CreationDate"), json!(1_700_000_000.123)),
            (&pool("LastModifiedDate"), json!(1_700_000_000.123)),
            (&pool("SchemaAttributes/0/Name"), json!("sub")),
            (&pool("SchemaAttributes/19/NumberAttributeConstraints"), json!({"MinValue": "0"})),
            (&pool("SchemaAttributes/20"), Value::Null),
        ],
    );
}

#[test]
fn pool_settings_are_refused_by_rule() {
    let cases = [
        (
            json!({"AliasAttributes": ["email"], "UsernameAttributes": ["email"]}),
            "pool-alias-and-username-attributes",
        ),
        (
            json!({"AdminCreateUserConfig": {"UnusedAccountValidityDays": 7},
                   "Policies": {"PasswordPolicy": {"MinimumLength": 8}}}),
            "pool-unused-account-validity",
        ),
        (
            json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["EMAIL_OTP"]}}}),
            "pool-sign-in-policy-password",
        ),
        (
            json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]}}}),
            "pool-sms-otp-needs-sms",
        ),
        (json!({"MfaConfiguration": "ON"}), "pool-mfa-needs-sms"),
        (json!({"AutoVerifiedAttributes": ["phone_number"]}), "pool-auto-verify-needs-sms"),
        (
            json!({"UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]}}),
            "pool-update-verification-not-automatic",
        ),
        (json!({"EmailConfiguration": {"From": "nobody"}}), "pool-email-from-format"),
        (
            json!({"EmailConfiguration": {"EmailSendingAccount": "DEVELOPER"}}),
            "pool-email-developer-source-arn",
        ),
        (
            json!({"EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT",
                   "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/a"}}),
            "pool-email-default-source-arn",
        ),
        (
            json!({"AccountRecoverySetting": {"RecoveryMechanisms": [
                {"Name": "verified_email", "Priority": 1},
                {"Name": "verified_phone_number", "Priority": 1}]}}),
            "pool-recovery-duplicate",
        ),
        (
            json!({"LambdaConfig": {"PreSignUp": "arn:aws:lambda:eu-west-1:123456789012:function:f"}}),
            "pool-trigger-of-another-region",
        ),
        (
            json!({"LambdaConfig": {
                "PreTokenGeneration": "arn:aws:lambda:us-east-1:123456789012:function:f",
                "PreTokenGenerationConfig": {"LambdaVersion": "V1_0",
                    "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}),
            "pool-two-pre-token-triggers",
        ),
        (
            json!({"UserPoolTier": "LITE", "LambdaConfig": {"PreTokenGenerationConfig": {
                "LambdaVersion": "V2_0",
                "LambdaArn": "arn:aws:lambda:us-east-1:123456789012:function:g"}}}),
            "pool-tier-lacks-token-customization",
        ),
        (
            json!({"Schema": [{"Name": "a", "AttributeDataType": "Number", "Required": true}]}),
            "schema-required-custom",
        ),
        (
            json!({"Schema": [{"Name": "family_name", "AttributeDataType": "Number"}]}),
            "schema-standard-attribute-changed",
        ),
        (
            json!({"Schema": [{"Name": "a", "AttributeDataType": "String"},
                              {"Name": "a", "AttributeDataType": "String"}]}),
            "schema-duplicate-custom",
        ),
        (json!({"Schema": [{"Name": "a"}]}), "schema-no-data-type"),
    ];
    let mut bench = bench();
    for (mut input, rule) in cases {
        input["PoolName"] = json!("q");
        bench.refused("CreateUserPool", input, rule);
    }
}

#[test]
fn an_update_keeps_policies_and_mfa_and_resets_the_rest() {
    let mut bench = Bench::new(json!({
        "AutoVerifiedAttributes": ["email"],
        "Policies": {"PasswordPolicy": {"MinimumLength": 10, "RequireSymbols": false}},
        "UserPoolTags": {"a": "b"},
    }));
    let totp = json!({"Enabled": true});
    let mfa = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": totp});
    bench.check("SetUserPoolMfaConfig", mfa, &[("/MfaConfiguration", json!("ON"))]);
    let factors = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}});
    bench.check("UpdateUserPool", json!({"Policies": factors}), &[("", json!({}))]);
    let pool = |name: &str| format!("/UserPool/{name}");
    bench.check(
        "DescribeUserPool",
        json!({}),
        &[
            (&pool("Name"), json!("p")),
            (&pool("MfaConfiguration"), json!("ON")),
            (&pool("Policies/PasswordPolicy/MinimumLength"), json!(10)),
            (&pool("Policies/PasswordPolicy/RequireSymbols"), json!(false)),
            (&pool("AutoVerifiedAttributes"), Value::Null),
            (&pool("UserPoolTags"), json!({})),
        ],
    );
    bench.check(
        "SetUserPoolMfaConfig",
        json!({}),
        &[("/MfaConfiguration", json!("OFF")), ("/SoftwareTokenMfaConfiguration", Value::Null)],
    );
}

#[test]
fn mfa_configurations_are_refused_by_rule() {
    let first = |factors: Value| {
        Bench::new(json!({"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": factors}}}))
    };
    let on = json!({"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    let optional = json!({"MfaConfiguration": "OPTIONAL", "WebAuthnConfiguration": {}});
    bench().refused("SetUserPoolMfaConfig", optional, "mfa-config-no-factor");
    let host = json!({"WebAuthnConfiguration": {"RelyingPartyId": "https://example.com"}});
    bench().refused("SetUserPoolMfaConfig", host, "mfa-config-relying-party-format");
    let mut with_code = first(json!(["PASSWORD", "EMAIL_OTP"]));
    with_code.refused("SetUserPoolMfaConfig", on.clone(), "mfa-config-only-password-and-passkey");
    let mut either = on.clone();
    either["MfaConfiguration"] = json!("OPTIONAL");
    with_code.ok("SetUserPoolMfaConfig", either);
    let mut with_key = first(json!(["PASSWORD", "WEB_AUTHN"]));
    with_key.refused("SetUserPoolMfaConfig", on.clone(), "mfa-config-passkey-single-factor");
    let mut strong = on;
    strong["WebAuthnConfiguration"] =
        json!({"FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION"});
    with_key.ok("SetUserPoolMfaConfig", strong);
}

#[test]
fn pools_live_and_die() {
    let mut bench = bench();
    let arn = bench.ok("DescribeUserPool", json!({}))["UserPool"]["Arn"].clone();
    bench.ok("TagResource", json!({"ResourceArn": arn, "Tags": {"k": "v", "l": "w"}}));
    bench.ok("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["l"]}));
    let tags = [("/Tags", json!({"k": "v"}))];
    bench.check("ListTagsForResource", json!({"ResourceArn": arn}), &tags);
    let other = json!({"ResourceArn": "arn:aws:cognito-idp:us-east-1:1:userpool/x"});
    bench.refused("ListTagsForResource", other, "tagged-resource-not-found");
    let region = json!({"Name": "region", "AttributeDataType": "String"});
    bench.ok("AddCustomAttributes", json!({"CustomAttributes": [region]}));
    let added = [("/UserPool/SchemaAttributes/20/Name", json!("custom:region"))];
    bench.check("DescribeUserPool", json!({}), &added);
    bench.refused(
        "AddCustomAttributes",
        json!({"CustomAttributes": [region]}),
        "custom-attribute-exists",
    );
    let untyped = json!({"CustomAttributes": [{"Name": "email"}]});
    bench.refused("AddCustomAttributes", untyped, "custom-attribute-no-data-type");
    let required = json!({"Name": "a", "AttributeDataType": "Number", "Required": true});
    let required = json!({"CustomAttributes": [required]});
    bench.refused("AddCustomAttributes", required, "custom-attribute-required");
    let by_message = json!({"AllowedFirstAuthFactors": ["PASSWORD", "SMS_OTP"]});
    let by_message = json!({"Policies": {"SignInPolicy": by_message}});
    bench.refused("UpdateUserPool", by_message, "pool-update-sms-otp-needs-sms");
    for name in ["q", "r"] {
        bench.ok("CreateUserPool", json!({"PoolName": name}));
    }
    let page = bench.ok("ListUserPools", json!({"MaxResults": 2}));
    assert_eq!(page["UserPools"].as_array().map(Vec::len), Some(2));
    let rest = json!({"MaxResults": 2, "NextToken": page["NextToken"]});
    bench.check(
        "ListUserPools",
        rest,
        &[("/UserPools/1", Value::Null), ("/NextToken", Value::Null)],
    );
    let token = json!({"MaxResults": 2, "NextToken": "x"});
    bench.refused("ListUserPools", token, "pagination-token-invalid");
    bench.ok("UpdateUserPool", json!({"DeletionProtection": "ACTIVE"}));
    bench.refused("DeleteUserPool", json!({}), "pool-delete-protected");
    bench.ok("UpdateUserPool", json!({"DeletionProtection": "INACTIVE"}));
    bench.ok("DeleteUserPool", json!({}));
    bench.refused("DescribeUserPool", json!({}), "user-pool-not-found");
}
