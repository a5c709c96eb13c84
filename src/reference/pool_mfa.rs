//! The multi-factor configuration of a user pool.

use serde_json::{Map, Value, json};

use super::state::UserPool;
use super::tiers::Tier;
use super::{Answer, Context, Fault, Handler, Input, pool_settings};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("SetUserPoolMfaConfig", set), ("GetUserPoolMfaConfig", get)];

const BLOCKS: [&str; 4] = [
    "EmailMfaConfiguration",
    "SmsMfaConfiguration",
    "SoftwareTokenMfaConfiguration",
    "WebAuthnConfiguration",
];

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(description(context.pool(input)?)))
}

fn description(pool: &UserPool) -> Value {
    let mut described = pool.mfa.clone();
    described.insert("MfaConfiguration".into(), json!(pool.text_setting("/MfaConfiguration")));
    if let Some(sms) = pool.setting("/SmsConfiguration") {
        described
            .entry("SmsMfaConfiguration")
            .or_insert_with(|| json!({ "SmsConfiguration": sms }));
    }
    Value::Object(described)
}

/// Replaces the configuration as a whole: what is omitted is switched off (observed, go-to-k/cdkd).
fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mode = input.opt_text("MfaConfiguration").unwrap_or("OFF");
    let given = |name: &&str| Some(((*name).to_owned(), input.get(name)?.clone()));
    let blocks: Map<String, Value> = BLOCKS.iter().filter_map(given).collect();
    if blocks.contains_key("EmailMfaConfiguration") {
        pool.needs_tier(Tier::Essentials, "mfa-config-tier-lacks-email")?;
    }
    check(pool, mode, &blocks)?;
    let mut changed = UserPool { settings: pool.settings.clone(), ..UserPool::default() };
    changed.settings.insert("MfaConfiguration".into(), mode.into());
    if let Some(sms) = blocks.get("SmsMfaConfiguration").and_then(|s| s.get("SmsConfiguration")) {
        changed.settings.insert("SmsConfiguration".into(), sms.clone());
    }
    pool_settings::check_verification(&changed)?;
    pool.settings = changed.settings;
    pool.mfa = blocks;
    pool.modified = now;
    Ok(Some(description(pool)))
}

fn check(pool: &UserPool, mode: &str, blocks: &Map<String, Value>) -> Result<(), Fault> {
    let at = |block: &str, member: &str| blocks.get(block).and_then(|block| block.get(member));
    let factor = at("WebAuthnConfiguration", "FactorConfiguration");
    if factor.is_some() {
        pool.needs_tier(Tier::Essentials, "mfa-config-passkey-factor-tier")?;
    }
    let relying_party = at("WebAuthnConfiguration", "RelyingPartyId").and_then(Value::as_str);
    let host = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if relying_party.is_some_and(|id| !id.chars().all(host)) {
        return Err(Fault::rule("mfa-config-relying-party-format"));
    }
    if mode == "OFF" {
        return Ok(());
    }
    let first = pool_settings::list(pool, "/Policies/SignInPolicy/AllowedFirstAuthFactors");
    if mode == "ON" && (first.contains(&"EMAIL_OTP") || first.contains(&"SMS_OTP")) {
        return Err(Fault::rule("mfa-config-only-password-and-passkey"));
    }
    let token = at("SoftwareTokenMfaConfiguration", "Enabled") == Some(&Value::Bool(true));
    let messages = ["SmsMfaConfiguration", "EmailMfaConfiguration"];
    if !token && !messages.iter().any(|block| blocks.contains_key(*block)) {
        return Err(Fault::rule("mfa-config-no-factor"));
    }
    let strong = at("WebAuthnConfiguration", "FactorConfiguration")
        .is_some_and(|factor| factor == "MULTI_FACTOR_WITH_USER_VERIFICATION");
    if mode == "ON" && first.contains(&"WEB_AUTHN") && !strong {
        return Err(Fault::rule("mfa-config-passkey-single-factor"));
    }
    Ok(())
}
