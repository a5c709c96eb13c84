//! Which factors a user has: `GetUserAuthFactors`, `AdminGetUserAuthFactors`, and taking the
//! software token away: `AdminDeleteSoftwareToken`.

use serde_json::{Value, json};

use super::challenge::{Flow, parameters};
use super::first_factor::SIMULATED;
use super::state::{User, UserPool, UserStatus};
use super::{Answer, Context, Fault, Handler, Input, pool_settings, simulated};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminDeleteSoftwareToken", admin_delete_software_token),
    ("AdminGetUserAuthFactors", admin_get_user_auth_factors),
    ("GetUserAuthFactors", get_user_auth_factors),
];

fn get_user_auth_factors(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let pool = bearer.app.pool(context)?;
    let user = pool.users.get(&bearer.key).ok_or_else(|| Fault::rule("user-not-found"))?;
    Ok(Some(pool.auth_factors(user, &bearer.key)))
}

fn admin_get_user_auth_factors(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let key = pool.named_key(input.text("Username"))?;
    let user = pool.users.get(&key).ok_or_else(|| Fault::rule("user-not-found"))?;
    Ok(Some(pool.auth_factors(user, &key)))
}

/// Deletes the token and the preference for it; a user without one stays as they are.
fn admin_delete_software_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let user = context.user(input)?;
    if user.status == UserStatus::Unconfirmed {
        return Err(Fault::rule("software-token-user-not-confirmed"));
    }
    user.totp = None;
    user.mfa.remove("SOFTWARE_TOKEN_MFA");
    user.preferred_mfa.take_if(|preferred| preferred == "SOFTWARE_TOKEN_MFA");
    Ok(Some(json!({})))
}

impl UserPool {
    fn auth_factors(&self, user: &User, key: &str) -> Value {
        let mut factors = json!({
            "Username": user.username,
            "ConfiguredUserAuthFactors": self.configured(user, key),
        });
        if !user.mfa.is_empty() {
            factors["UserMFASettingList"] = json!(user.mfa);
        }
        if let Some(preferred) = &user.preferred_mfa {
            factors["PreferredMfaSetting"] = json!(preferred);
        }
        factors
    }

    /// Returns the first factors that the pool allows and the user has, and the software token.
    fn configured(&self, user: &User, key: &str) -> Vec<&'static str> {
        let mut allowed =
            pool_settings::list(self, "/Policies/SignInPolicy/AllowedFirstAuthFactors");
        if allowed.is_empty() {
            allowed.push("PASSWORD");
        }
        let has = |factor: &str| match factor {
            "PASSWORD" => user.password.is_some(),
            "EMAIL_OTP" => user.is_verified("email"),
            "SMS_OTP" => user.is_verified("phone_number"),
            _ => self.has_usable_passkey(key),
        };
        let first = ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"].into_iter();
        let first = first.filter(|factor| allowed.contains(factor) && has(factor));
        let token = user.can_show("SOFTWARE_TOKEN_MFA").then_some("SOFTWARE_TOKEN");
        first.chain(token).collect()
    }
}

impl Context<'_> {
    /// Poses the challenge to show a password, or to prove it, once it was chosen.
    pub(super) fn pose_password(&mut self, flow: Flow, challenge: &str) -> Result<Value, Fault> {
        let username = match flow.get(SIMULATED) {
            Some(_) => simulated::user_id(&flow.app.pool_id, &flow.key),
            None => self.user_at(&flow.app.pool_id, &flow.key)?.username.clone(),
        };
        self.pose(flow, challenge, parameters([("USERNAME", username)]))
    }
}
