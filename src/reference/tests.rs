//! The reference as a whole: each area as a table of calls, the rulebook, random calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Fault, Millis, Reference};
use crate::catalogue::{Catalogue, Source};

const NOW: Millis = 1_700_000_000_123;

pub(super) fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: std::sync::OnceLock<Arc<Catalogue>> = std::sync::OnceLock::new();
    let load = || Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
    CATALOGUE.get_or_init(|| Arc::new(load())).clone()
}

/// A reference with a user pool, an app client and a user.
pub(super) struct Bench {
    reference: Reference,
    pool: String,
    client: String,
}

impl Bench {
    #[track_caller]
    pub(super) fn new(pool: Value) -> Self {
        let reference = Reference::new(catalogue(), 7);
        let mut bench = Self { reference, pool: String::new(), client: String::new() };
        let mut input = json!({"PoolName": "p"});
        input
            .as_object_mut()
            .expect("an object")
            .extend(pool.as_object().cloned().expect("members"));
        let created = bench.ok("CreateUserPool", input);
        bench.pool = created["UserPool"]["Id"].as_str().expect("an id").into();
        let created = bench.ok("CreateUserPoolClient", json!({"ClientName": "c"}));
        bench.client = created["UserPoolClient"]["ClientId"].as_str().expect("an id").into();
        bench
    }

    /// Calls an operation; `UserPoolId` and `ClientId` are filled in where the shape has them.
    fn call(&mut self, operation: &str, mut input: Value) -> Result<Value, Fault> {
        let catalogue = catalogue();
        let (service, shape) = catalogue.operation(operation).expect("a known operation");
        for (name, value) in [("UserPoolId", &self.pool), ("ClientId", &self.client)] {
            if shape.input.member(name).is_some() && input.get(name).is_none() {
                input[name] = json!(value);
            }
        }
        let call = Call { service: &service.info.id, operation, input: &input, signed: true };
        let before = self.reference.state.clone();
        let answer = self.reference.call(&call, NOW);
        if answer.is_err() {
            assert!(self.reference.state == before, "{operation} was refused and left a trace");
        }
        Ok(answer?.unwrap_or(Value::Null))
    }

    #[track_caller]
    pub(super) fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap_or_else(|fault| {
            panic!("{operation}: {:?}", fault.render(&catalogue(), "cognito-idp"))
        })
    }

    /// Asserts that a call is refused by a rule.
    #[track_caller]
    pub(super) fn refused(&mut self, operation: &str, input: Value, rule: &str) {
        match self.call(operation, input) {
            Err(Fault::Rule { id, .. }) => assert_eq!(id, rule, "{operation}"),
            other => panic!("{operation} should raise {rule}: {other:?}"),
        }
    }

    /// Asserts what a call answers at JSON pointers; `null` stands for an absent member.
    #[track_caller]
    pub(super) fn check(&mut self, operation: &str, input: Value, expected: &[(&str, Value)]) {
        let answer = self.ok(operation, input);
        for (pointer, value) in expected {
            let found = answer.pointer(pointer).cloned().unwrap_or_default();
            assert_eq!(found, *value, "{operation}{pointer} of {answer}");
        }
    }
}

fn bench() -> Bench {
    Bench::new(json!({}))
}

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
        (json!({"Schema": [{"Name": "a"}]}), "schema-missing-data-type"),
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

#[test]
fn clients_have_defaults_and_rules() {
    let mut bench = Bench::new(json!({"Schema": [{"Name": "email", "Required": true}]}));
    let client = |name: &str| format!("/UserPoolClient/{name}");
    bench.check(
        "DescribeUserPoolClient",
        json!({}),
        &[
            (&client("RefreshTokenValidity"), json!(30)),
            (&client("EnableTokenRevocation"), json!(true)),
            (&client("AllowedOAuthFlowsUserPoolClient"), json!(false)),
            (&client("AuthSessionValidity"), json!(3)),
            (&client("ClientSecret"), Value::Null),
            (&client("PreventUserExistenceErrors"), Value::Null),
            (&client("ReadAttributes"), Value::Null),
        ],
    );
    let flow = "AllowedOAuthFlows";
    let scope = "AllowedOAuthScopes";
    let cases = [
        (
            json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]}),
            "client-flows-old-and-new",
        ),
        (json!({"AccessTokenValidity": 25}), "client-token-validity-range"),
        (
            json!({"AccessTokenValidity": 12, "RefreshTokenValidity": 2,
                   "TokenValidityUnits": {"RefreshToken": "hours"}}),
            "client-token-validity-order",
        ),
        (json!({"ReadAttributes": ["nope"]}), "client-read-attributes"),
        (json!({"WriteAttributes": ["name"]}), "client-write-attributes"),
        (json!({"WriteAttributes": ["email", "email_verified"]}), "client-write-attributes"),
        (json!({"AllowedOAuthFlowsUserPoolClient": true}), "client-oauth-flows-and-scopes"),
        (json!({scope: ["Cognito"]}), "client-unknown-scope"),
        (
            json!({flow: ["client_credentials", "code"], scope: ["openid"]}),
            "client-credentials-with-other-flow",
        ),
        (json!({flow: ["client_credentials"], scope: ["openid"]}), "client-credentials-scope"),
        (json!({flow: ["client_credentials"]}), "client-credentials-needs-secret"),
        (json!({"CallbackURLs": ["https://example.com/cb#frag"]}), "client-url-fragment"),
        (json!({"LogoutURLs": ["http://localhost.example.com"]}), "client-url-http"),
        (
            json!({"CallbackURLs": ["http://localhost:3000/cb", "app://x"],
                   "DefaultRedirectURI": "https://example.com"}),
            "client-default-redirect",
        ),
        (json!({"SupportedIdentityProviders": ["Salesforce"]}), "client-unknown-provider"),
        (
            json!({"EnablePropagateAdditionalUserContextData": true}),
            "client-propagate-needs-secret",
        ),
    ];
    for (mut input, rule) in cases {
        input["ClientName"] = json!("d");
        bench.refused("CreateUserPoolClient", input.clone(), rule);
        bench.refused("UpdateUserPoolClient", input, rule);
    }
    let secret = json!({"ClientName": "s", "GenerateSecret": true, "RefreshTokenValidity": 0});
    let created = bench.ok("CreateUserPoolClient", secret)["UserPoolClient"].clone();
    assert_eq!(created["ClientSecret"].as_str().map(str::len), Some(52));
    assert_eq!(created["ClientId"].as_str().map(str::len), Some(26));
    assert_eq!(created["RefreshTokenValidity"], 30);
    let update = json!({"ClientId": created["ClientId"], "AuthSessionValidity": 5});
    bench.check(
        "UpdateUserPoolClient",
        update,
        &[
            (&client("ClientSecret"), created["ClientSecret"].clone()),
            (&client("ClientName"), json!("s")),
            (&client("AuthSessionValidity"), json!(5)),
        ],
    );
    let listed = bench.ok("ListUserPoolClients", json!({}));
    assert_eq!(listed["UserPoolClients"].as_array().map(Vec::len), Some(2));
    bench.ok("DeleteUserPoolClient", json!({}));
    bench.refused("DescribeUserPoolClient", json!({}), "client-not-found");
}

#[test]
fn groups_hold_users() {
    let mut bench = bench();
    let admins = json!({"GroupName": "Admins", "Description": "d"});
    bench.check("CreateGroup", admins, &[("/Group/Precedence", Value::Null)]);
    bench.refused("CreateGroup", json!({"GroupName": "ADMINS"}), "group-exists");
    let role = "arn:aws:iam::999999999999:role/r";
    let foreign = json!({"GroupName": "g", "RoleArn": role});
    bench.refused("CreateGroup", foreign, "group-role-foreign");
    bench.ok("AdminCreateUser", json!({"Username": "ann"}));
    let member = json!({"GroupName": "Admins", "Username": "ann"});
    bench.refused(
        "AdminAddUserToGroup",
        json!({"GroupName": "x", "Username": "ann"}),
        "group-not-found",
    );
    bench.refused(
        "AdminAddUserToGroup",
        json!({"GroupName": "Admins", "Username": "x"}),
        "user-not-found",
    );
    bench.ok("AdminAddUserToGroup", member.clone());
    let group = json!({"GroupName": "Admins"});
    bench.check("ListUsersInGroup", group.clone(), &[("/Users/0/Username", json!("ann"))]);
    let precedence = json!({"GroupName": "Admins", "Precedence": 3});
    let changed = [("/Group/Precedence", json!(3)), ("/Group/Description", json!("d"))];
    bench.check("UpdateGroup", precedence, &changed);
    bench.check("GetGroup", group.clone(), &changed);
    bench.check("ListGroups", json!({}), &[("/Groups/0/GroupName", json!("Admins"))]);
    let of_ann = json!({"Username": "ann"});
    let name = [("/Groups/0/GroupName", json!("Admins"))];
    bench.check("AdminListGroupsForUser", of_ann.clone(), &name);
    bench.ok("AdminRemoveUserFromGroup", member.clone());
    bench.check("ListUsersInGroup", group.clone(), &[("/Users", json!([]))]);
    bench.ok("AdminAddUserToGroup", member);
    bench.ok("DeleteGroup", group.clone());
    bench.check("AdminListGroupsForUser", of_ann, &[("/Groups", json!([]))]);
    bench.refused("GetGroup", group, "group-not-found");
}

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
        ("nope", "x", "attribute-not-in-schema"),
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
fn import_jobs_run_until_stopped() {
    let mut bench = bench();
    let header = bench.ok("GetCSVHeader", json!({}));
    assert_eq!(header["CSVHeader"].as_array().map(Vec::len), Some(21));
    let role = "arn:aws:iam::123456789012:role/r";
    let created = bench.ok(
        "CreateUserImportJob",
        json!({"JobName": "j", "CloudWatchLogsRoleArn": role}),
    )["UserImportJob"]
        .clone();
    assert_eq!((&created["Status"], &created["FailedUsers"]), (&json!("Created"), &json!(0)));
    let job = json!({"JobId": created["JobId"]});
    bench.refused("StopUserImportJob", job.clone(), "import-job-not-running");
    let status = |status: &str| [("/UserImportJob/Status", json!(status))];
    bench.check("StartUserImportJob", job.clone(), &status("Pending"));
    bench.refused("StartUserImportJob", job.clone(), "import-job-already-started");
    bench.refused("UpdateUserPool", json!({}), "user-import-in-progress");
    bench.check("StopUserImportJob", job.clone(), &status("Stopped"));
    bench.check("DescribeUserImportJob", job, &status("Stopped"));
    let listed = [("/UserImportJobs/0/JobName", json!("j"))];
    bench.check("ListUserImportJobs", json!({"MaxResults": 1}), &listed);
    bench.refused("DescribeUserImportJob", json!({"JobId": "import-0"}), "import-job-not-found");
}

#[test]
fn identity_pools_are_kept() {
    let mut bench = bench();
    let minimal = json!({"IdentityPoolName": "i", "AllowUnauthenticatedIdentities": true});
    let created = bench.ok("CreateIdentityPool", minimal);
    assert_eq!(created.as_object().map(serde_json::Map::len), Some(3), "{created}");
    let id = json!({"IdentityPoolId": created["IdentityPoolId"]});
    let provider =
        json!({"ProviderName": "cognito-idp.us-east-1.amazonaws.com/a_b", "ClientId": "c"});
    let mut changed = json!({"IdentityPoolName": "k", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [provider]});
    changed["IdentityPoolId"] = id["IdentityPoolId"].clone();
    bench.ok("UpdateIdentityPool", changed);
    bench.check(
        "DescribeIdentityPool",
        id.clone(),
        &[
            ("/IdentityPoolName", json!("k")),
            ("/CognitoIdentityProviders/0/ServerSideTokenCheck", json!(false)),
        ],
    );
    let entry = [("/IdentityPools/0/IdentityPoolName", json!("k"))];
    bench.check("ListIdentityPools", json!({"MaxResults": 5}), &entry);
    bench.ok("DeleteIdentityPool", id.clone());
    bench.refused("DescribeIdentityPool", id, "identity-pool-not-found");
}

/// Rule ids that the source files raise.
fn raised() -> BTreeMap<String, Vec<String>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/reference");
    let pattern = regex::Regex::new(r#"Fault::rule\(\s*"([^"]+)""#).expect("a valid pattern");
    let mut raised: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ext| ext != "rs") || path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for found in pattern.captures_iter(&text) {
            raised.entry(found[1].to_owned()).or_default().push(file.clone());
        }
    }
    raised
}

/// Rules that validation raises without naming them.
fn is_validation(id: &str) -> bool {
    ["constraint-", "serialization-", "identity-constraint"].iter().any(|p| id.starts_with(p))
}

#[test]
fn the_reference_and_the_rulebook_are_in_step() {
    let catalogue = catalogue();
    let raised = raised();
    let unknown: Vec<_> =
        raised.iter().filter(|(id, _)| catalogue.rules.get(id).is_none()).collect();
    assert!(unknown.is_empty(), "raised, not in the rulebook: {unknown:?}");
    let errors = catalogue.rules.iter().filter(|rule| rule.error.is_some());
    let silent: BTreeSet<_> = errors
        .filter(|rule| rule.unreachable.is_none() && !is_validation(&rule.id))
        .filter(|rule| !raised.contains_key(&rule.id))
        .map(|rule| rule.id.as_str())
        .collect();
    assert!(silent.is_empty(), "in the rulebook, raised nowhere: {silent:?}");
}

#[test]
fn random_calls_never_panic_and_refusals_leave_no_trace() {
    let mut bench = bench();
    bench.ok("AdminCreateUser", json!({"Username": "ann"}));
    let catalogue = catalogue();
    let mut seed: u64 = 42;
    let mut draw = move |n: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % n
    };
    let values = [
        json!(null),
        json!(""),
        json!("ann"),
        json!("a@b.c"),
        json!("+4912345678"),
        json!(0),
        json!(61),
        json!(true),
        json!([]),
        json!(["email"]),
        json!({}),
        json!([{"Name": "email", "Value": "ä"}]),
        json!({"a": "b"}),
        json!([null]),
        json!(1.5),
        json!(-1),
        json!("us-east-1_unknown"),
    ];
    let operations: Vec<_> =
        catalogue.operations().map(|(s, op)| (s.info.id.as_str(), op)).collect();
    for _ in 0..4000 {
        let (service, operation) = operations[draw(operations.len())];
        let mut input = json!({});
        for name in operation.input.properties.iter().flatten().map(|(name, _)| name) {
            let value = match name.as_str() {
                "UserPoolId" if draw(8) > 0 => json!(bench.pool),
                "ClientId" if draw(8) > 0 => json!(bench.client),
                "Username" | "GroupName" if draw(4) > 0 => json!("ann"),
                _ if operation.input.required.contains(name) || draw(3) == 0 => {
                    values[draw(values.len())].clone()
                }
                _ => continue,
            };
            input[name] = value;
        }
        if operation.name == "DeleteUserPool" || operation.name == "UpdateUserPool" {
            continue;
        }
        let call = Call { service, operation: &operation.name, input: &input, signed: true };
        // Some refusals are remembered: a wrong password counts.
        let _ = bench.reference.call(&call, NOW);
    }
}
