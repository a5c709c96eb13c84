//! Self-registration and its confirmation.

use serde_json::{Value, json};

use super::app::App;
use super::attributes::check_writable;
use super::codes::{NewCode, VERIFICATION};
use super::schema::{Writing, is_email, is_phone_number};
use super::state::{CodePurpose, Secret, User, UserPool, UserStatus};
use super::{Answer, Context, Fault, Handler, Input, policy};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminConfirmSignUp", admin_confirm_sign_up),
    ("ConfirmSignUp", confirm_sign_up),
    ("ResendConfirmationCode", resend_confirmation_code),
    ("SignUp", sign_up),
];

/// Source of the event that a user has confirmed the account.
const CONFIRMED: &str = "PostConfirmation_ConfirmSignUp";

fn sign_up(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let username = input.text("Username");
    app.check_secret_hash(username, input.opt_text("SecretHash"))?;
    let given: Vec<(String, String)> =
        input.attributes("UserAttributes").map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let pool = app.pool(context)?;
    let admin_only = pool.setting("/AdminCreateUserConfig/AllowAdminCreateUserOnly");
    if admin_only.and_then(Value::as_bool).unwrap_or(false) {
        return Err(Fault::rule("sign-up-not-permitted"));
    }
    let by_attribute = pool.check_new_username(username)?;
    // Without a password, a pool that allows codes as first factor takes the user as well.
    if let Some(password) = input.opt_text("Password") {
        policy::check(pool, password)
            .map_err(|reason| Fault::rule("sign-up-password-policy").with("reason", reason))?;
    } else if !pool.is_passwordless() {
        return Err(Fault::rule("sign-up-password-missing"));
    }
    check_writable(pool, &app.client, &given, Writing::New)?;
    let mut user = User { attributes: given.into_iter().collect(), ..User::default() };
    if let Some(attribute) = by_attribute {
        // The name wins over an address beside it, as in AdminCreateUser.
        user.attributes.insert(attribute.to_owned(), username.to_owned());
    }
    pool.check_required(&user)?;
    if pool.users.contains_key(&pool.user_key(username)) {
        return Err(Fault::rule("username-exists"));
    }
    let taken = by_attribute.filter(|attribute| pool.owner_of(attribute, username).is_some());
    if let Some(attribute) = taken {
        return Err(Fault::rule("sign-up-account-exists").with("attribute", words(attribute)));
    }
    let wishes =
        context.pre_sign_up(&app.pool_id, username, &user.attributes, "PreSignUp_SignUp")?;
    let (sub, now) = (context.uuid(), context.now);
    user.username = if by_attribute.is_some() { sub.clone() } else { username.to_owned() };
    user.sub = sub;
    user.enabled = true;
    user.password = input.opt_text("Password").map(|password| Secret(password.to_owned()));
    user.created = now;
    user.modified = now;
    user.unverify_contacts();
    let (key, sub) = (app.pool(context)?.user_key(&user.username), user.sub.clone());
    for attribute in wishes.verified() {
        // The alias moves to the new user (developer guide, pre sign-up Lambda trigger).
        let value = user.attributes.get(attribute).cloned().unwrap_or_default();
        app.pool(context)?.claim_alias(&key, attribute, &value, true)?;
        user.verify(attribute);
    }
    if wishes.confirms {
        user.status = UserStatus::Confirmed;
    }
    app.pool(context)?.users.insert(key.clone(), user);
    let mut answer = json!({"UserConfirmed": wishes.confirms, "UserSub": sub});
    if wishes.confirms {
        context.post_confirmation(&app.pool_id, &key, CONFIRMED)?;
        return Ok(Some(answer));
    }
    if let Some(attribute) = app.pool(context)?.contact_to_verify(&key) {
        let code = NewCode::new(CodePurpose::SignUp, attribute, "CustomMessage_SignUp");
        answer["CodeDeliveryDetails"] = context.send_code(&app.pool_id, &key, code)?;
    }
    Ok(Some(answer))
}

fn confirm_sign_up(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let username = input.text("Username");
    app.check_secret_hash(username, input.opt_text("SecretHash"))?;
    let key = match context.client_user(&app, username)? {
        Some(key) => key,
        None => return Err(Fault::rule("confirm-hidden-user")),
    };
    context.attempt(&app.pool_id, &key, "ConfirmSignUp", 15)?;
    let now = context.now;
    let user = context.user_at(&app.pool_id, &key)?;
    let status = user.status;
    let refused = match status {
        UserStatus::Unconfirmed => None,
        UserStatus::Confirmed => Some("confirm-status"),
        _ => Some("confirm-other-status"),
    };
    if let Some(rule) = refused {
        return Err(Fault::rule(rule).with("status", status.name()));
    }
    let code = input.text("ConfirmationCode");
    let attribute = user.check_code(&CodePurpose::SignUp, code, now, VERIFICATION)?;
    let value = user.attributes.get(&attribute).cloned().unwrap_or_default();
    let pool = app.pool(context)?;
    pool.claim_alias(&key, &attribute, &value, input.flag("ForceAliasCreation"))?;
    let user = context.user_at(&app.pool_id, &key)?;
    user.codes.remove(&CodePurpose::SignUp);
    user.status = UserStatus::Confirmed;
    user.verify(&attribute);
    user.modified = now;
    context.post_confirmation(&app.pool_id, &key, CONFIRMED)?;
    Ok(Some(json!({})))
}

fn resend_confirmation_code(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let username = input.text("Username");
    app.check_secret_hash(username, input.opt_text("SecretHash"))?;
    let simulated = json!({"CodeDeliveryDetails": app.simulated_details(username)});
    let Some(key) = context.client_user(&app, username)? else { return Ok(Some(simulated)) };
    context.attempt(&app.pool_id, &key, "ResendConfirmationCode", 5)?;
    let user = context.user_at(&app.pool_id, &key)?;
    let refused = match user.status {
        _ if !user.enabled => Some("user-disabled"),
        UserStatus::Unconfirmed => None,
        UserStatus::Confirmed => Some("resend-confirmed"),
        _ => Some("resend-other-status"),
    };
    match refused {
        Some(_) if app.hides_users() => return Ok(Some(simulated)),
        Some(rule) => return Err(Fault::rule(rule)),
        None => {}
    }
    let attribute = app.pool(context)?.contact_to_verify(&key);
    let attribute = attribute.ok_or_else(|| Fault::rule("resend-not-verified"))?;
    let code = NewCode::new(CodePurpose::SignUp, attribute, "CustomMessage_ResendCode");
    let details = context.send_code(&app.pool_id, &key, code)?;
    Ok(Some(json!({"CodeDeliveryDetails": details})))
}

fn admin_confirm_sign_up(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let user = context.user(input)?;
    if user.status != UserStatus::Unconfirmed {
        return Err(Fault::rule("admin-confirm-status").with("status", user.status.name()));
    }
    user.status = UserStatus::Confirmed;
    user.modified = now;
    let username = user.username.clone();
    let pool = context.pool(input)?;
    let (pool_id, key) = (pool.id.clone(), pool.user_key(&username));
    context.post_confirmation(&pool_id, &key, CONFIRMED)?;
    Ok(Some(json!({})))
}

impl Context<'_> {
    /// Returns the user a client names in a call that sends or takes a code.
    ///
    /// `None` for an unknown name at a client that hides which users exist.
    pub(super) fn client_user(
        &mut self,
        app: &App,
        username: &str,
    ) -> Result<Option<String>, Fault> {
        match app.pool(self)?.key_of(username) {
            Some(key) => Ok(Some(key)),
            None if app.hides_users() => Ok(None),
            None => Err(Fault::rule("client-user-not-found")),
        }
    }
}

impl UserPool {
    /// Checks the form of a new username; returns the attribute it is the value of, if the pool
    /// signs in by attributes.
    fn check_new_username(&self, username: &str) -> Result<Option<&'static str>, Fault> {
        let by = |name: &str| self.has("UsernameAttributes", name);
        match (by("email"), by("phone_number")) {
            (true, _) if is_email(username) => return Ok(Some("email")),
            (_, true) if is_phone_number(username) => return Ok(Some("phone_number")),
            (true, true) => return Err(Fault::rule("sign-up-username-email-or-phone")),
            (true, false) => return Err(Fault::rule("sign-up-username-email")),
            (false, true) => return Err(Fault::rule("sign-up-username-phone")),
            (false, false) => {}
        }
        if self.has("AliasAttributes", "email") && is_email(username) {
            return Err(Fault::rule("sign-up-username-email-form"));
        }
        if self.has("AliasAttributes", "phone_number") && is_phone_number(username) {
            return Err(Fault::rule("sign-up-username-phone-form"));
        }
        Ok(None)
    }

    /// Tells whether a code can be the first factor.
    fn is_passwordless(&self) -> bool {
        let factors = self.setting("/Policies/SignInPolicy/AllowedFirstAuthFactors");
        let codes = |factor: &Value| factor == "EMAIL_OTP" || factor == "SMS_OTP";
        factors.and_then(Value::as_array).is_some_and(|factors| factors.iter().any(codes))
    }

    /// Checks that a new user has every required attribute.
    fn check_required(&self, user: &User) -> Result<(), Fault> {
        let lacking = |name: &str| name != "sub" && !user.attributes.contains_key(name);
        match self.schema.iter().find(|attribute| attribute.required && lacking(&attribute.name)) {
            Some(lacking) => {
                Err(Fault::rule("attribute-required").with("name", lacking.name.as_str()))
            }
            None => Ok(()),
        }
    }

    /// Returns the attribute whose value gets the code that confirms a user.
    ///
    /// Only automatic verification causes a message; with both kinds, it is a text message.
    fn contact_to_verify(&self, key: &str) -> Option<&'static str> {
        let user = self.users.get(key)?;
        let wanted = |name: &&str| {
            self.has("AutoVerifiedAttributes", name) && user.attributes.contains_key(*name)
        };
        ["phone_number", "email"].into_iter().find(wanted)
    }

    /// Makes `value` the alias of a user; the first verified owner keeps it unless `force`d.
    pub(super) fn claim_alias(
        &mut self,
        key: &str,
        attribute: &str,
        value: &str,
        force: bool,
    ) -> Result<(), Fault> {
        let owner = self.owner_of(attribute, value).filter(|owner| owner != key);
        let Some(owner) = owner else { return Ok(()) };
        if !force {
            return Err(Fault::rule("alias-exists").with("attribute", words(attribute)));
        }
        if let Some(owner) = self.users.get_mut(&owner) {
            owner.attributes.insert(format!("{attribute}_verified"), "false".into());
        }
        Ok(())
    }
}

impl User {
    /// Marks the addresses a user has as not verified.
    fn unverify_contacts(&mut self) {
        for name in ["email", "phone_number"] {
            if self.attributes.contains_key(name) {
                self.attributes.insert(format!("{name}_verified"), "false".into());
            }
        }
    }

    /// Marks an address as verified.
    pub(super) fn verify(&mut self, attribute: &str) {
        self.attributes.insert(format!("{attribute}_verified"), "true".into());
    }
}

/// Returns an attribute's name as messages write it.
pub(super) fn words(attribute: &str) -> &str {
    if attribute == "phone_number" { "phone number" } else { attribute }
}
