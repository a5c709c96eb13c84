//! What a user pool's settings must keep, and their defaults.

use serde_json::{Map, Value, json};

use super::state::UserPool;
use super::{Fault, REGION, schema};

/// Members of the inputs that become settings of the same name.
const MEMBERS: [&str; 26] = [
    "AccountRecoverySetting",
    "AcrConfiguration",
    "AdminCreateUserConfig",
    "AliasAttributes",
    "AutoVerifiedAttributes",
    "DcrConfiguration",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "IssuerConfiguration",
    "KeyConfiguration",
    "LambdaConfig",
    "MfaConfiguration",
    "Policies",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UserPoolTier",
    "UsernameAttributes",
    "UsernameConfiguration",
    "VerificationMessageTemplate",
    "Name",
];

/// Settings that only creation can set.
const FIXED: [&str; 3] = ["AliasAttributes", "UsernameAttributes", "UsernameConfiguration"];

/// Returns the settings of a new pool: what the caller set, over the defaults.
pub(super) fn created(input: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = given(input);
    fill(&mut settings);
    settings
}

/// Returns the settings of `pool` after an update.
///
/// What is omitted falls back to its default, as documented, save the password and sign-in
/// policies and `MfaConfiguration`, which were measured to stay (go-to-k/cdkd, 2026-08), and the
/// tier, which is no one's to change by silence (ministackorg/ministack, services/cognito.py).
pub(super) fn updated(pool: &UserPool, input: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = given(input);
    for name in FIXED.iter().chain(&["Name", "MfaConfiguration", "UserPoolTier"]) {
        if let Some(kept) = pool.settings.get(*name) {
            settings.entry(*name).or_insert_with(|| kept.clone());
        }
    }
    let mut policies = pool.settings.get("Policies").cloned().unwrap_or_else(|| json!({}));
    for (name, policy) in settings.get("Policies").and_then(Value::as_object).into_iter().flatten()
    {
        policies[name] = policy.clone();
    }
    settings.insert("Policies".into(), policies);
    fill(&mut settings);
    settings
}

fn given(input: &Map<String, Value>) -> Map<String, Value> {
    let mut settings: Map<_, _> = input.clone();
    if let Some(name) = settings.remove("PoolName") {
        settings.insert("Name".into(), name);
    }
    settings.retain(|name, _| MEMBERS.contains(&name.as_str()));
    settings
}

fn fill(settings: &mut Map<String, Value>) {
    let defaults = [
        ("MfaConfiguration", json!("OFF")),
        ("DeletionProtection", json!("INACTIVE")),
        ("LambdaConfig", json!({})),
        ("UserPoolTier", json!("ESSENTIALS")),
        ("EmailConfiguration", json!({})),
        ("AdminCreateUserConfig", json!({})),
        ("VerificationMessageTemplate", json!({})),
        ("Policies", json!({})),
    ];
    if protects(settings) {
        // A pool that asks for threat protection without a tier gets the one that has it
        // (ministackorg/ministack, services/cognito.py).
        settings.entry("UserPoolTier").or_insert(json!("PLUS"));
    }
    for (name, default) in defaults {
        settings.entry(name).or_insert(default);
    }
    set_default(settings, "EmailConfiguration", "EmailSendingAccount", json!("COGNITO_DEFAULT"));
    set_default(
        settings,
        "VerificationMessageTemplate",
        "DefaultEmailOption",
        json!("CONFIRM_WITH_CODE"),
    );
    set_default(settings, "AdminCreateUserConfig", "AllowAdminCreateUserOnly", json!(false));
    set_default(
        settings,
        "Policies",
        "SignInPolicy",
        json!({"AllowedFirstAuthFactors": ["PASSWORD"]}),
    );
    let policy = settings.get("Policies").and_then(|policies| policies.get("PasswordPolicy"));
    let policy = password_policy(policy);
    let days = policy["TemporaryPasswordValidityDays"].clone();
    if let Some(policies) = settings.get_mut("Policies") {
        policies["PasswordPolicy"] = policy;
    }
    set_default(settings, "AdminCreateUserConfig", "UnusedAccountValidityDays", days);
}

fn protects(settings: &Map<String, Value>) -> bool {
    let mode =
        settings.get("UserPoolAddOns").and_then(|add_ons| add_ons.get("AdvancedSecurityMode"));
    mode.is_some_and(|mode| mode != "OFF")
}

fn set_default(settings: &mut Map<String, Value>, member: &str, name: &str, default: Value) {
    if let Some(Value::Object(members)) = settings.get_mut(member) {
        members.entry(name).or_insert(default);
    }
}

/// A pool without a policy of its own asks for all four kinds of characters; one with a policy
/// asks for what the policy says. Zero days mean the default of seven.
fn password_policy(given: Option<&Value>) -> Value {
    let strict = given.is_none();
    let mut policy = json!({
        "MinimumLength": if strict { 8 } else { 6 },
        "RequireUppercase": strict,
        "RequireLowercase": strict,
        "RequireNumbers": strict,
        "RequireSymbols": strict,
        "TemporaryPasswordValidityDays": 7,
    });
    for (name, value) in given.and_then(Value::as_object).into_iter().flatten() {
        if !(name == "TemporaryPasswordValidityDays" && value == 0) {
            policy[name] = value.clone();
        }
    }
    policy
}

/// Checks settings that are about to take effect; `input` is what the caller said.
///
/// # Errors
/// A combination of members is refused.
pub(super) fn check(pool: &UserPool, input: &Map<String, Value>) -> Result<(), Fault> {
    if !list(pool, "/AliasAttributes").is_empty() && !list(pool, "/UsernameAttributes").is_empty() {
        return Err(Fault::rule("pool-alias-and-username-attributes"));
    }
    let asked = |pointer: &str| Value::Object(input.clone()).pointer(pointer).is_some();
    if asked("/AdminCreateUserConfig/UnusedAccountValidityDays")
        && asked("/Policies/PasswordPolicy")
    {
        return Err(Fault::rule("pool-unused-account-validity"));
    }
    let exists = input.contains_key("UserPoolId");
    check_sign_in(pool, exists)?;
    check_mfa(pool, input, exists)?;
    check_verification(pool)?;
    check_email(pool)?;
    check_recovery(pool)?;
    check_triggers(pool)
}

pub(super) fn list<'a>(pool: &'a UserPool, pointer: &str) -> Vec<&'a str> {
    let list = pool.setting(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn has_sms(pool: &UserPool) -> bool {
    let sms = pool.setting("/SmsConfiguration");
    sms.is_some_and(|sms| sms.get("SnsCallerArn").is_some() || sms.get("EumsSms").is_some())
}

fn check_sign_in(pool: &UserPool, exists: bool) -> Result<(), Fault> {
    let factors = list(pool, "/Policies/SignInPolicy/AllowedFirstAuthFactors");
    if !factors.is_empty() && !factors.contains(&"PASSWORD") {
        return Err(Fault::rule("pool-sign-in-policy-password"));
    }
    if factors.contains(&"SMS_OTP") && !has_sms(pool) {
        return Err(match exists {
            true => Fault::rule("pool-update-sms-otp-needs-sms"),
            false => Fault::rule("pool-sms-otp-needs-sms"),
        });
    }
    Ok(())
}

/// Multi-factor authentication needs a factor: a message configuration here, or one that
/// `SetUserPoolMfaConfig` switched on before.
fn check_mfa(pool: &UserPool, input: &Map<String, Value>, exists: bool) -> Result<(), Fault> {
    let mode = input.get("MfaConfiguration").and_then(Value::as_str).unwrap_or("OFF");
    if has_sms(pool) || !pool.mfa.is_empty() {
        return Ok(());
    }
    match (mode, exists) {
        ("OFF", _) | ("OPTIONAL", true) => Ok(()),
        (_, true) => Err(Fault::rule("pool-update-mfa-needs-factor")),
        (_, false) => Err(Fault::rule("pool-mfa-needs-sms")),
    }
}

pub(super) fn check_verification(pool: &UserPool) -> Result<(), Fault> {
    let verified = list(pool, "/AutoVerifiedAttributes");
    if verified.contains(&"phone_number") && !has_sms(pool) {
        return Err(Fault::rule("pool-auto-verify-needs-sms"));
    }
    let before =
        list(pool, "/UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate");
    if before.iter().any(|attribute| !verified.contains(attribute)) {
        return Err(Fault::rule("pool-update-verification-not-automatic"));
    }
    Ok(())
}

fn check_email(pool: &UserPool) -> Result<(), Fault> {
    let from = pool.text_setting("/EmailConfiguration/From");
    // "Name <address>" is as good as an address.
    let address = from.rsplit_once('<').map_or(from, |(_, address)| address.trim_end_matches('>'));
    if !from.is_empty() && !schema::is_email(address) {
        return Err(Fault::rule("pool-email-from-format"));
    }
    let own = pool.text_setting("/EmailConfiguration/EmailSendingAccount") == "DEVELOPER";
    match (own, pool.setting("/EmailConfiguration/SourceArn").is_some()) {
        (true, false) => Err(Fault::rule("pool-email-developer-source-arn")),
        (false, true) => Err(Fault::rule("pool-email-default-source-arn")),
        _ => Ok(()),
    }
}

fn check_recovery(pool: &UserPool) -> Result<(), Fault> {
    let mechanisms = pool.setting("/AccountRecoverySetting/RecoveryMechanisms");
    let mechanisms = mechanisms.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let twice = |name: &str| {
        let values = mechanisms.iter().map(|mechanism| &mechanism[name]);
        values.clone().enumerate().any(|(at, value)| values.clone().take(at).any(|v| v == value))
    };
    if twice("Priority") || twice("Name") {
        return Err(Fault::rule("pool-recovery-duplicate"));
    }
    Ok(())
}

fn check_triggers(pool: &UserPool) -> Result<(), Fault> {
    let triggers = pool.setting("/LambdaConfig").and_then(Value::as_object);
    let arn = |trigger: &Value| {
        trigger.as_str().or_else(|| trigger.get("LambdaArn")?.as_str()).map(str::to_owned)
    };
    let functions = triggers.into_iter().flatten().filter(|(name, _)| *name != "KMSKeyID");
    let mut functions = functions.filter_map(|(_, trigger)| arn(trigger));
    let foreign = |arn: &String| {
        arn.contains(":lambda:") && arn.split(':').nth(3).is_some_and(|region| region != REGION)
    };
    if functions.any(|arn| foreign(&arn)) {
        return Err(Fault::rule("pool-trigger-of-another-region"));
    }
    let old = pool.setting("/LambdaConfig/PreTokenGeneration");
    let new = pool.setting("/LambdaConfig/PreTokenGenerationConfig/LambdaArn");
    if old.is_some() && new.is_some() && old != new {
        return Err(Fault::rule("pool-two-pre-token-triggers"));
    }
    Ok(())
}
