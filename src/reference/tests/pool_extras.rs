//! Tiers, tags, replicas and limits, as tables of calls.

use serde_json::{Value, json};

use super::{Bench, bench};

#[test]
fn settings_need_their_tier() {
    let mut bench = Bench::new(json!({"UserPoolTier": "LITE"}));
    let factors = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let history = json!({"PasswordPolicy": {"PasswordHistorySize": 2}});
    let add_ons = json!({"AdvancedSecurityMode": "ENFORCED"});
    let cases = [
        (json!({"UserPoolTier": "LITE", "Policies": factors}), "pool-tier-lacks-passwordless"),
        (json!({"UserPoolTier": "LITE", "Policies": history}), "pool-tier-lacks-password-history"),
        (
            json!({"UserPoolTier": "ESSENTIALS", "UserPoolAddOns": add_ons}),
            "pool-tier-lacks-threat-protection",
        ),
        (
            json!({"UserPoolTier": "LITE", "UserPoolAddOns": add_ons}),
            "pool-lite-lacks-threat-protection",
        ),
    ];
    for (mut input, rule) in cases {
        input["PoolName"] = json!("q");
        bench.refused("CreateUserPool", input, rule);
    }
    bench.refused("UpdateUserPool", json!({"Policies": factors}), "pool-tier-lacks-passwordless");
    let email = json!({"MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {}});
    bench.refused("SetUserPoolMfaConfig", email, "mfa-config-tier-lacks-email");
    let flows = json!({"ClientName": "d", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"]});
    bench.refused("CreateUserPoolClient", flows.clone(), "client-tier-lacks-choice");
    bench.refused("UpdateUserPoolClient", flows, "client-tier-lacks-choice");
    let choice = json!({"AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": "ann"}});
    bench.refused("InitiateAuth", choice.clone(), "auth-flow-tier-lacks-choice");
    bench.refused("AdminInitiateAuth", choice, "auth-flow-tier-lacks-choice");
    bench.refused("CreateUserPoolReplica", json!({"RegionName": "eu-central-1"}), "replica-tier");
}

#[test]
fn a_tier_is_left_when_its_features_are() {
    let factors = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let mut bench = Bench::new(json!({"Policies": factors}));
    let lite = json!({"UserPoolTier": "LITE"});
    bench.refused("UpdateUserPool", lite, "pool-tier-change-not-allowed");
    let plain = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}});
    bench.ok("UpdateUserPool", json!({"UserPoolTier": "LITE", "Policies": plain}));
    bench.ok("UpdateUserPool", json!({}));
    bench.check("DescribeUserPool", json!({}), &[("/UserPool/UserPoolTier", json!("LITE"))]);
    let plus = json!({"UserPoolTier": "PLUS", "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}});
    bench.ok("UpdateUserPool", plus);
    let add_ons = json!({"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}});
    bench.ok("UpdateUserPool", add_ons.clone());
    let mut down = add_ons;
    down["UserPoolTier"] = json!("ESSENTIALS");
    bench.refused("UpdateUserPool", down, "pool-tier-change-not-allowed");
}

#[test]
fn tags_have_a_reserved_prefix_and_a_limit() {
    let mut bench = bench();
    let many: serde_json::Map<_, _> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (tags, rule) in
        [(json!({"AWS:x": "v"}), "pool-tags-reserved"), (json!(many), "pool-tags-too-many")]
    {
        bench.refused("CreateUserPool", json!({"PoolName": "q", "UserPoolTags": tags}), rule);
        bench.refused("UpdateUserPool", json!({"UserPoolTags": tags}), rule);
    }
    let described = bench.ok("DescribeUserPool", json!({}));
    let arn = &described["UserPool"]["Arn"];
    let tag = |tags: Value| json!({"ResourceArn": arn, "Tags": tags});
    bench.refused("TagResource", tag(json!({"aws:x": "v"})), "tag-reserved");
    bench.refused("TagResource", tag(json!(many)), "tags-too-many");
    bench.ok("TagResource", tag(json!({"a": "1"})));
    bench.ok("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a", "b"]}));
    for arn in [
        "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_x",
        "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/us-east-1_x",
        "arn:aws:s3:us-east-1:123456789012:bucket",
    ] {
        let named = json!({"ResourceArn": arn});
        bench.refused("ListTagsForResource", named, "tagged-resource-not-found");
    }
}

#[test]
fn a_pool_has_one_replica_at_most() {
    let key = "arn:aws:kms:us-east-1:123456789012:key/mrk-00000000000000000000000000000000";
    let mut plain = bench();
    let region = |name: &str| json!({"RegionName": name});
    plain.refused("CreateUserPoolReplica", region("eu-central-1"), "replica-key-missing");
    let key = json!({"KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": key});
    let mut bench = Bench::new(json!({"KeyConfiguration": key}));
    for wrong in ["us-east-1", "somewhere"] {
        bench.refused("CreateUserPoolReplica", region(wrong), "replica-region");
    }
    let status = "/UserPoolReplica/Status";
    let create = region("eu-central-1");
    bench.check("CreateUserPoolReplica", create.clone(), &[(status, json!("CREATING"))]);
    bench.refused("CreateUserPoolReplica", region("eu-west-1"), "replica-exists");
    let listed = [
        ("/UserPoolReplicas/0/Status", json!("INACTIVE")),
        ("/UserPoolReplicas/1/Role", json!("PRIMARY")),
    ];
    bench.check("ListUserPoolReplicas", json!({}), &listed);
    let invented = json!({"NextToken": "invented"});
    bench.refused("ListUserPoolReplicas", invented, "pagination-token-invalid");
    let activate = json!({"RegionName": "eu-central-1", "Status": "ACTIVE"});
    bench.check("UpdateUserPoolReplica", activate, &[(status, json!("ACTIVE"))]);
    bench.check("DeleteUserPoolReplica", create.clone(), &[(status, json!("DELETING"))]);
    bench.refused("DeleteUserPoolReplica", create, "replica-not-found");
    let other = json!({"RegionName": "eu-west-1", "Status": "INACTIVE"});
    bench.refused("UpdateUserPoolReplica", other, "replica-not-found");
}

#[test]
fn limits_lie_between_default_and_quota() {
    let mut bench = bench();
    let limit = |category: &str| json!({"LimitClass": "API_CATEGORY", "Attributes": {"Category": category}});
    let reading = json!({"LimitDefinition": limit("UserRead")});
    let found = bench.ok("GetProvisionedLimit", reading.clone());
    let free = found["Limit"]["FreeLimitValue"].as_i64().expect("a number");
    let mut update = reading.clone();
    for (value, rule) in [(free - 1, "limit-below-default"), (free + 1, "limit-above-quota")] {
        update["RequestedLimitValue"] = json!(value);
        bench.refused("UpdateProvisionedLimit", update.clone(), rule);
    }
    update["RequestedLimitValue"] = json!(free);
    bench.ok("UpdateProvisionedLimit", update);
    bench.check("GetProvisionedLimit", reading, &[("/Limit/ProvisionedLimitValue", json!(free))]);
    for category in ["Sleeping", ""] {
        let unknown = json!({"LimitDefinition": limit(category)});
        bench.refused("GetProvisionedLimit", unknown, "limit-category-unknown");
    }
}
