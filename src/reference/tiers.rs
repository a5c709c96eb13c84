//! Feature plans, or tiers, of user pools: which settings need which.
//!
//! Source: developer guide, user pool feature plans; the members' descriptions in the API
//! reference ("must be in the Essentials tier or higher").

use serde_json::Value;

use super::state::UserPool;
use super::{Fault, pool_settings};

/// A feature plan, the smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    Lite,
    Essentials,
    Plus,
}

/// A setting of a pool that not every tier has.
struct Feature {
    /// As messages print it.
    name: String,
    /// The smallest tier that has it.
    least: Tier,
    /// Rule that refuses it.
    rule: &'static str,
}

impl UserPool {
    /// Returns the pool's tier.
    pub(super) fn tier(&self) -> Tier {
        match self.text_setting("/UserPoolTier") {
            "LITE" => Tier::Lite,
            "PLUS" => Tier::Plus,
            _ => Tier::Essentials,
        }
    }

    /// Refuses a feature that the pool's tier lacks.
    ///
    /// # Errors
    /// The tier is below `least`: `rule` speaks, whose message may print the `{tier}`.
    pub(super) fn needs_tier(&self, least: Tier, rule: &'static str) -> Result<(), Fault> {
        if self.tier() >= least { Ok(()) } else { Err(Fault::rule(rule).with("tier", self.plan())) }
    }

    /// Tells whether threat protection records and rates what users do.
    pub(super) fn is_protected(&self) -> bool {
        !["", "OFF"].contains(&self.text_setting("/UserPoolAddOns/AdvancedSecurityMode"))
    }

    fn plan(&self) -> &str {
        self.text_setting("/UserPoolTier")
    }
}

/// Checks the settings of a new pool against its tier.
///
/// # Errors
/// A setting needs a higher tier.
pub(super) fn check_created(pool: &UserPool) -> Result<(), Fault> {
    match lacking(pool) {
        None => Ok(()),
        Some(feature) => Err(refused(pool, &feature, feature.rule)),
    }
}

/// Checks the settings a pool is about to have against its tier; `before` is the pool as it is.
///
/// # Errors
/// A setting needs a higher tier, or the pool cannot move to the tier for a setting it has.
pub(super) fn check_updated(before: &UserPool, pool: &UserPool) -> Result<(), Fault> {
    match lacking(pool) {
        None => Ok(()),
        Some(feature) if before.plan() == pool.plan() => Err(refused(pool, &feature, feature.rule)),
        Some(feature) => Err(refused(pool, &feature, "pool-tier-change-not-allowed")),
    }
}

fn refused(pool: &UserPool, feature: &Feature, rule: &'static str) -> Fault {
    let version = feature.name.rsplit(' ').next().unwrap_or_default();
    let fault = Fault::rule(rule).with("tier", pool.plan()).with("feature", feature.name.as_str());
    fault.with("version", version)
}

/// Returns a feature in use that the pool's tier lacks, if any.
fn lacking(pool: &UserPool) -> Option<Feature> {
    let tier = pool.tier();
    used(pool).into_iter().find(|feature| feature.least > tier)
}

/// Returns the features that the settings of a pool make use of.
fn used(pool: &UserPool) -> Vec<Feature> {
    let feature = |used: bool, name: &str, least: Tier, rule: &'static str| {
        used.then(|| Feature { name: name.to_owned(), least, rule })
    };
    let version = pool.text_setting("/LambdaConfig/PreTokenGenerationConfig/LambdaVersion");
    let customization = format!("Token Customization with Pre-Token Generation Lambda {version}");
    let factors = pool_settings::list(pool, "/Policies/SignInPolicy/AllowedFirstAuthFactors");
    let history = pool.setting("/Policies/PasswordPolicy/PasswordHistorySize");
    let remembers = history.and_then(Value::as_u64).is_some_and(|size| size > 0);
    let features = [
        feature(
            pool.is_protected(),
            "Threat Protection",
            Tier::Plus,
            // Pools from before there were tiers may keep what a new one of the least is refused.
            if pool.tier() == Tier::Lite {
                "pool-lite-lacks-threat-protection"
            } else {
                "pool-tier-lacks-threat-protection"
            },
        ),
        feature(
            !["", "V1_0"].contains(&version),
            &customization,
            Tier::Essentials,
            "pool-tier-lacks-token-customization",
        ),
        feature(
            factors.iter().any(|factor| *factor != "PASSWORD"),
            "Passwordless Sign-In",
            Tier::Essentials,
            "pool-tier-lacks-passwordless",
        ),
        feature(
            remembers,
            "Password History",
            Tier::Essentials,
            "pool-tier-lacks-password-history",
        ),
        feature(
            pool.mfa.contains_key("EmailMfaConfiguration"),
            "Email MFA",
            Tier::Essentials,
            "mfa-config-tier-lacks-email",
        ),
    ];
    features.into_iter().flatten().collect()
}
