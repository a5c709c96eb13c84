//! Passwords: forgotten, reset, set and changed.

use serde_json::{Value, json};

use super::codes::{NewCode, VERIFICATION};
use super::state::{CodePurpose, User, UserPool, UserStatus};
use super::{Answer, Context, Fault, Handler, Input, policy};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminResetUserPassword", admin_reset_user_password),
    ("AdminSetUserPassword", admin_set_user_password),
    ("ChangePassword", change_password),
    ("ConfirmForgotPassword", confirm_forgot_password),
    ("ForgotPassword", forgot_password),
];

/// How long a code for a new password lasts (developer guide, quotas).
const CODE_LASTS: u64 = 3_600_000;

fn forgot_password(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let username = input.text("Username");
    app.check_secret_hash(username, input.opt_text("SecretHash"))?;
    let simulated = json!({"CodeDeliveryDetails": app.simulated_details(username)});
    context.migrate_forgetful(&app, username)?;
    let Some(key) = context.client_user(&app, username)? else { return Ok(Some(simulated)) };
    context.attempt(&app.pool_id, &key, "ForgotPassword", 5)?;
    let pool = app.pool(context)?;
    let contact = pool.recovery_contact(&key);
    let user = context.user_at(&app.pool_id, &key)?;
    if user.status == UserStatus::ForceChangePassword && user.enabled {
        return Err(match contact {
            Ok(_) => Fault::rule("password-reset-state"),
            Err(_) => Fault::rule("password-reset-state-without-contact"),
        });
    }
    let contact = if user.enabled { contact } else { Err(Fault::rule("user-disabled")) };
    match contact {
        Ok(attribute) => {
            let details = send_reset_code(context, &app.pool_id, &key, attribute)?;
            Ok(Some(json!({"CodeDeliveryDetails": details})))
        }
        Err(_) if app.hides_users() => Ok(Some(simulated)),
        Err(fault) => Err(fault),
    }
}

fn send_reset_code(
    context: &mut Context<'_>,
    pool_id: &str,
    key: &str,
    attribute: &str,
) -> Result<Value, Fault> {
    let code = NewCode::new(CodePurpose::ResetPassword, attribute, "CustomMessage_ForgotPassword");
    context.send_code(pool_id, key, NewCode { lasts: CODE_LASTS, ..code })
}

fn confirm_forgot_password(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let username = input.text("Username");
    app.check_secret_hash(username, input.opt_text("SecretHash"))?;
    let hidden = || Fault::rule("confirm-forgot-hidden-user");
    let key = context.client_user(&app, username)?.ok_or_else(hidden)?;
    context.attempt(&app.pool_id, &key, "ConfirmForgotPassword", 10)?;
    let password = input.text("Password");
    check_new_password(app.pool(context)?, &key, password)?;
    let now = context.now;
    let user = context.user_at(&app.pool_id, &key)?;
    if !user.enabled {
        return Err(if app.hides_users() { hidden() } else { Fault::rule("user-disabled") });
    }
    let code = input.text("ConfirmationCode");
    user.check_code(&CodePurpose::ResetPassword, code, now, VERIFICATION)?;
    user.codes.remove(&CodePurpose::ResetPassword);
    user.set_password(password, now);
    user.status = UserStatus::Confirmed;
    let source = "PostConfirmation_ConfirmForgotPassword";
    context.post_confirmation(&app.pool_id, &key, source)?;
    Ok(Some(json!({})))
}

fn admin_reset_user_password(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let user = context.user(input)?;
    let username = user.username.clone();
    if !user.enabled {
        return Err(Fault::rule("user-disabled"));
    }
    let resettable = [UserStatus::Confirmed, UserStatus::ResetRequired].contains(&user.status);
    if !resettable {
        return Err(Fault::rule("password-reset-state"));
    }
    let pool = context.pool(input)?;
    let (pool_id, key) = (pool.id.clone(), pool.user_key(&username));
    let attribute = pool.recovery_contact(&key)?;
    send_reset_code(context, &pool_id, &key, attribute)?;
    let user = context.user(input)?;
    user.status = UserStatus::ResetRequired;
    user.modified = now;
    Ok(Some(json!({})))
}

fn admin_set_user_password(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let password = input.text("Password");
    let pool = context.pool(input)?;
    let key = pool.named_key(input.text("Username"))?;
    let permanent = input.flag("Permanent");
    check_new_password(pool, &key, password).map_err(|fault| match fault {
        Fault::Rule { id: "password-history", .. } if !permanent => {
            Fault::rule("password-history-temporary")
        }
        other => other,
    })?;
    let days = pool.setting("/Policies/PasswordPolicy/TemporaryPasswordValidityDays");
    let days = days.and_then(Value::as_u64).filter(|days| *days > 0).unwrap_or(7);
    let user = context.user(input)?;
    user.set_password(password, now);
    if permanent {
        user.status = UserStatus::Confirmed;
    } else {
        user.status = UserStatus::ForceChangePassword;
        user.temporary_until = Some(now + days * 86_400_000);
    }
    Ok(Some(json!({})))
}

fn change_password(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    context.attempt(&bearer.app.pool_id, &bearer.key, "ChangePassword", 5)?;
    let password = input.text("ProposedPassword");
    check_new_password(bearer.app.pool(context)?, &bearer.key, password)?;
    let now = context.now;
    let user = bearer.user(context)?;
    let previous = input.opt_text("PreviousPassword");
    // Only a user without a password may leave out the previous one.
    if user.password.as_ref().map(|kept| kept.0.as_str()) != previous {
        return Err(Fault::rule("incorrect-credentials"));
    }
    user.set_password(password, now);
    Ok(Some(json!({})))
}

/// Checks that a user of the pool may take a new password.
///
/// # Errors
/// It breaks the policy, or is one of the last that the policy remembers.
pub(super) fn check_new_password(pool: &UserPool, key: &str, password: &str) -> Result<(), Fault> {
    policy::check(pool, password)
        .map_err(|reason| Fault::rule("password-policy").with("reason", reason))?;
    let remembered = pool.setting("/Policies/PasswordPolicy/PasswordHistorySize");
    let remembered = remembered.and_then(Value::as_u64).unwrap_or(0) as usize;
    let Some(user) = pool.users.get(key) else { return Ok(()) };
    let mut last = user.password.iter().chain(&user.former_passwords).take(remembered);
    let Some(repeated) = last.position(|last| last.0 == password) else { return Ok(()) };
    // The present one comes first.
    let temporary = repeated == 0 && user.status == UserStatus::ForceChangePassword;
    Err(Fault::rule(if temporary { "password-history-temporary" } else { "password-history" }))
}

impl UserPool {
    /// Returns the attribute a forgotten password's code goes to, as the pool's recovery setting
    /// says; without one, the phone number comes before the e-mail address.
    fn recovery_contact(&self, key: &str) -> Result<&'static str, Fault> {
        let setting = self.setting("/AccountRecoverySetting/RecoveryMechanisms");
        let Some(listed) = setting.and_then(Value::as_array).filter(|list| !list.is_empty()) else {
            return self.verified_contact(key);
        };
        let mut listed: Vec<&Value> = listed.iter().collect();
        listed.sort_by_key(|mechanism| mechanism["Priority"].as_u64());
        if listed.iter().all(|mechanism| mechanism["Name"] == "admin_only") {
            return Err(Fault::rule("password-reset-admin-only"));
        }
        let attribute = |mechanism: &&Value| match mechanism["Name"].as_str() {
            Some("verified_email") => Some("email"),
            Some("verified_phone_number") => Some("phone_number"),
            _ => None,
        };
        let user = self.users.get(key).ok_or_else(|| Fault::rule("user-not-found"))?;
        let mut listed = listed.iter().filter_map(attribute);
        // Text messages are no recovery for those who sign in with them (API reference,
        // AccountRecoverySetting); without the setting, the older behaviour has them first.
        let doubles = |name: &str| name == "phone_number" && user.mfa.contains("SMS_MFA");
        listed
            .find(|name| self.recovers(user, name) && !doubles(name))
            .ok_or_else(|| Fault::rule("password-reset-no-contact"))
    }

    /// Returns a verified address of a user.
    fn verified_contact(&self, key: &str) -> Result<&'static str, Fault> {
        let user = self.users.get(key).ok_or_else(|| Fault::rule("user-not-found"))?;
        let found = ["phone_number", "email"].into_iter().find(|name| self.recovers(user, name));
        found.ok_or_else(|| Fault::rule("password-reset-no-contact"))
    }

    /// Tells whether an address may recover the password: verified, and not the second factor.
    ///
    /// Source of the latter: observed, aws/aws-sdk-js-v3 issue 7401.
    fn recovers(&self, user: &User, attribute: &str) -> bool {
        let second_factor =
            attribute == "email" && self.mfa_mode() != "OFF" && self.offers("EMAIL_OTP");
        user.is_verified(attribute) && user.attributes.contains_key(attribute) && !second_factor
    }
}
