//! Users as an administrator creates, reads and deletes them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::delivery::Delivery;
use super::schema::{Writing, is_email, is_phone_number};
use super::state::{Millis, Secret, State, User, UserPool, UserStatus};
use super::{Answer, Context, Fault, Handler, Input, policy, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminCreateUser", create),
    ("AdminGetUser", get),
    ("AdminDeleteUser", delete),
    ("AdminDisableUser", disable),
    ("AdminEnableUser", enable),
    ("AdminSetUserSettings", set_settings),
];

const DAY: Millis = 86_400_000;

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    if input.opt_text("MessageAction") == Some("RESEND") {
        return resend(context, input);
    }
    let pool = context.pool(input)?;
    let username = input.text("Username");
    let attributes = wanted_attributes(pool, input)?;
    let by_attribute = username_attribute(pool, username)?.is_some();
    check_free(pool, username, by_attribute, &attributes, input.flag("ForceAliasCreation"))?;
    let password = input.opt_text("TemporaryPassword").map(str::to_owned);
    if let Some(password) = &password {
        let broken = |rule| Fault::rule("admin-create-password-policy").with("rule", rule);
        policy::check(pool, password).map_err(broken)?;
    }
    let passwordless = password.is_none() && signs_in_without_password(pool, &attributes);
    let pool_id = pool.id.clone();
    let source = "PreSignUp_AdminCreateUser";
    context.pre_sign_up(&pool_id, username, &attributes, source)?;

    let sub = context.uuid();
    let username = if by_attribute { sub.clone() } else { username.to_owned() };
    let mut user = User {
        username,
        sub,
        attributes,
        enabled: true,
        status: UserStatus::Confirmed,
        created: context.now,
        modified: context.now,
        ..User::default()
    };
    if !passwordless {
        give_temporary_password(context, &pool_id, &mut user, password)?;
    }
    let described = user_type(&user, None);
    let pool = context.pool(input)?;
    release_aliases(pool, &user);
    pool.users.insert(pool.user_key(&user.username), user.clone());
    if input.opt_text("MessageAction") != Some("SUPPRESS") {
        invite(context, &pool_id, &user, input)?;
    }
    Ok(Some(json!({"User": described})))
}

/// Sends the invitation again, with another temporary password.
fn resend(context: &mut Context<'_>, input: &Input) -> Answer {
    let mut user = context.user(input)?.clone();
    if user.status != UserStatus::ForceChangePassword {
        let fault = Fault::rule("admin-create-resend-status");
        return Err(fault.with("username", input.text("Username")));
    }
    let pool_id = input.text("UserPoolId");
    let password = input.opt_text("TemporaryPassword").map(str::to_owned);
    if let Some(password) = &password {
        let broken = |rule| Fault::rule("admin-create-password-policy").with("rule", rule);
        policy::check(context.pool(input)?, password).map_err(broken)?;
    }
    give_temporary_password(context, pool_id, &mut user, password)?;
    user.modified = context.now;
    invite(context, pool_id, &user, input)?;
    let described = user_type(&user, None);
    *context.user(input)? = user;
    Ok(Some(json!({"User": described})))
}

/// Returns the attribute that `username` is a value of, in a pool where that is the username.
///
/// # Errors
/// The username has the wrong form for the pool.
fn username_attribute(pool: &UserPool, username: &str) -> Result<Option<&'static str>, Fault> {
    let email = pool.has("UsernameAttributes", "email");
    let phone = pool.has("UsernameAttributes", "phone_number");
    match (email, phone) {
        (true, _) if is_email(username) => Ok(Some("email")),
        (_, true) if is_phone_number(username) => Ok(Some("phone_number")),
        (true, true) => Err(Fault::rule("admin-create-username-neither")),
        (true, false) => Err(Fault::rule("admin-create-username-not-email")),
        (false, true) => Err(Fault::rule("admin-create-username-not-phone")),
        (false, false) if pool.has("AliasAttributes", "email") && is_email(username) => {
            Err(Fault::rule("admin-create-username-email-alias"))
        }
        (false, false)
            if pool.has("AliasAttributes", "phone_number") && is_phone_number(username) =>
        {
            Err(Fault::rule("admin-create-username-phone-alias"))
        }
        (false, false) => Ok(None),
    }
}

/// Returns the attributes of the new user. Required ones may be missing, as documented.
fn wanted_attributes(pool: &UserPool, input: &Input) -> Result<BTreeMap<String, String>, Fault> {
    pool.check_attributes(input.attributes("UserAttributes"), Writing::New)?;
    let given = input.attributes("UserAttributes");
    let mut attributes: BTreeMap<_, _> =
        given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if let Some(name) = username_attribute(pool, input.text("Username"))? {
        attributes.insert(name.into(), input.text("Username").into());
    }
    Ok(attributes)
}

fn check_free(
    pool: &UserPool,
    username: &str,
    by_attribute: bool,
    attributes: &BTreeMap<String, String>,
    force_alias: bool,
) -> Result<(), Fault> {
    if !by_attribute && pool.users.contains_key(&pool.user_key(username)) {
        return Err(Fault::rule("admin-create-username-exists"));
    }
    for (name, value) in attributes {
        let taken = pool.owner_of(name, value).is_some();
        if taken && pool.has("UsernameAttributes", name) {
            let fault = Fault::rule("admin-create-address-exists");
            return Err(fault.with("attribute", name.replace('_', " ")));
        }
        let verified = attributes.get(&format!("{name}_verified"));
        let claims = name == "preferred_username"
            || verified.is_some_and(|flag| flag.eq_ignore_ascii_case("true"));
        if taken && claims && !force_alias {
            let fault = Fault::rule("admin-create-alias-exists");
            return Err(fault.with("attribute", name.replace('_', " ")));
        }
    }
    Ok(())
}

/// Takes the aliases that a new user claims from whoever held them: they lose their verification.
fn release_aliases(pool: &mut UserPool, new: &User) {
    for name in ["email", "phone_number"] {
        let Some(value) = new.attributes.get(name).filter(|_| new.is_verified(name)) else {
            continue;
        };
        if let Some(owner) = pool.owner_of(name, value).and_then(|key| pool.users.get_mut(&key)) {
            owner.attributes.insert(format!("{name}_verified"), "false".into());
        }
    }
}

/// Tells whether the user can sign in by a code to a verified address, so needs no password.
///
/// Source: observed 2026-09, a pool that allows `EMAIL_OTP`; text messages follow from it.
fn signs_in_without_password(pool: &UserPool, attributes: &BTreeMap<String, String>) -> bool {
    let factors = pool.setting("/Policies/SignInPolicy/AllowedFirstAuthFactors");
    let allows = |factor: &str| {
        factors.and_then(Value::as_array).is_some_and(|list| list.iter().any(|f| f == factor))
    };
    let verified = |name: &str| {
        let flag = attributes.get(&format!("{name}_verified"));
        attributes.contains_key(name) && flag.is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
    };
    (allows("EMAIL_OTP") && verified("email")) || (allows("SMS_OTP") && verified("phone_number"))
}

fn give_temporary_password(
    context: &mut Context<'_>,
    pool_id: &str,
    user: &mut User,
    given: Option<String>,
) -> Result<(), Fault> {
    let now = context.now;
    let pool = context.pool_by_id(pool_id)?;
    let policy = |name: &str| pool.setting(&format!("/Policies/PasswordPolicy/{name}"));
    let days = policy("TemporaryPasswordValidityDays").and_then(Value::as_u64).unwrap_or(7);
    let length = policy("MinimumLength").and_then(Value::as_u64).unwrap_or(8).max(8);
    let password = given.unwrap_or_else(|| random_password(context, length as usize));
    user.password = Some(Secret(password));
    user.temporary_until = Some(now + days * DAY);
    user.status = UserStatus::ForceChangePassword;
    user.srp_salt = vec![0; 16];
    context.fill(&mut user.srp_salt);
    Ok(())
}

/// Draws a password with characters of every kind, so that it keeps any policy of its length.
fn random_password(context: &mut Context<'_>, length: usize) -> String {
    let kinds: [&[u8]; 4] =
        [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!@#%&*+-=?"];
    let mut password: String = kinds.iter().map(|kind| context.draw(1, kind)).collect();
    password += &context.draw(length.saturating_sub(kinds.len()), kinds[1]);
    password
}

/// Sends the invitation by every desired medium that the user has an address for.
fn invite(
    context: &mut Context<'_>,
    pool_id: &str,
    user: &User,
    input: &Input,
) -> Result<(), Fault> {
    let desired: Vec<&str> = input.texts("DesiredDeliveryMediums").collect();
    let wants = |medium: &str| desired.contains(&medium) || (desired.is_empty() && medium == "SMS");
    let password = user.password.as_ref().map_or("", |Secret(password)| password);
    for (medium, attribute) in [("EMAIL", "email"), ("SMS", "phone_number")] {
        let Some(destination) = user.attributes.get(attribute).filter(|_| wants(medium)) else {
            continue;
        };
        context.deliver(&Delivery {
            pool_id,
            username: &user.username,
            attribute,
            destination,
            purpose: "CustomMessage_AdminCreateUser",
            code: password,
        })?;
    }
    Ok(())
}

/// Returns a user as `UserType`, with all attributes or only those asked for.
pub(super) fn user_type(user: &User, wanted: Option<&[&str]>) -> Value {
    let mut described = common(user);
    described["Attributes"] = attribute_list(user, wanted);
    described
}

fn common(user: &User) -> Value {
    let mut described = json!({
        "Username": user.username,
        "Enabled": user.enabled,
        "UserStatus": user.status.name(),
        "UserCreateDate": timestamp(user.created),
        "UserLastModifiedDate": timestamp(user.modified),
    });
    if !user.mfa_options.is_empty() {
        described["MFAOptions"] = mfa_options(user);
    }
    described
}

/// Returns `MFAOptions`: attribute and medium of the legacy text message factor.
pub(super) fn mfa_options(user: &User) -> Value {
    let option = |(name, medium)| json!({"AttributeName": name, "DeliveryMedium": medium});
    user.mfa_options.iter().map(option).collect()
}

/// Returns attributes as a list of `Name` and `Value`, `sub` first.
pub(super) fn attribute_list(user: &User, wanted: Option<&[&str]>) -> Value {
    let sub = std::iter::once(("sub", user.sub.as_str()));
    let others = user.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let identities = user.identities_text();
    let identities = identities.iter().map(|text| ("identities", text.as_str()));
    let shown = |(name, _): &(&str, &str)| wanted.is_none_or(|wanted| wanted.contains(name));
    let pair = |(name, value)| json!({"Name": name, "Value": value});
    sub.chain(others).chain(identities).filter(shown).map(pair).collect()
}

/// A user as `AdminGetUser` shows it, members in the order of their names.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    enabled: bool,
    #[serde(rename = "MFAOptions", skip_serializing_if = "Option::is_none")]
    mfa_options: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_mfa_setting: Option<&'a str>,
    user_attributes: Vec<Attribute<'a>>,
    user_create_date: Value,
    user_last_modified_date: Value,
    #[serde(rename = "UserMFASettingList", skip_serializing_if = "BTreeSet::is_empty")]
    user_mfa_setting_list: &'a BTreeSet<String>,
    user_status: &'static str,
    username: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    name: &'a str,
    value: Cow<'a, str>,
}

fn shown(user: &User) -> Shown<'_> {
    let pair = |(name, value): (&'static str, _)| Attribute { name, value };
    let sub = pair(("sub", Cow::Borrowed(user.sub.as_str())));
    let others =
        user.attributes.iter().map(|(name, value)| Attribute { name, value: value.into() });
    let identities = user.identities_text().map(|text| pair(("identities", text.into())));
    Shown {
        enabled: user.enabled,
        mfa_options: (!user.mfa_options.is_empty()).then(|| mfa_options(user)),
        preferred_mfa_setting: user.preferred_mfa.as_deref(),
        user_attributes: std::iter::once(sub).chain(others).chain(identities).collect(),
        user_create_date: timestamp(user.created),
        user_last_modified_date: timestamp(user.modified),
        user_mfa_setting_list: &user.mfa,
        user_status: user.status.name(),
        username: &user.username,
    }
}

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(json!(shown(context.user(input)?))))
}

/// Answers `AdminGetUser` without touching the pool; `None` leaves it to the handler.
pub(super) fn text(state: &State, input: &Input) -> Option<Vec<u8>> {
    let pool = state.pools.get(input.text("UserPoolId"))?;
    if !pool.import_jobs.is_empty() {
        return None;
    }
    let user = pool.users.get(&pool.named_key(input.text("Username")).ok()?)?;
    serde_json::to_vec(&shown(user)).ok()
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let key = pool.named_key(input.text("Username"))?;
    pool.remove_user(&key);
    Ok(None)
}

/// Disabling also revokes every token, as documented.
fn disable(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let user = pool.named_user(input.text("Username"))?;
    user.enabled = false;
    user.modified = now;
    let username = user.username.clone();
    for session in pool.sessions.values_mut().filter(|session| session.username == username) {
        session.revoked = true;
    }
    Ok(Some(json!({})))
}

fn enable(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let user = context.user(input)?;
    user.enabled = true;
    user.modified = now;
    Ok(Some(json!({})))
}

fn set_settings(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let options = input.get("MFAOptions").and_then(Value::as_array).into_iter().flatten();
    let option = |option: &Value| {
        let text = |name: &str| Some(option.get(name)?.as_str()?.to_owned());
        Some((text("AttributeName")?, text("DeliveryMedium")?))
    };
    let options: BTreeMap<_, _> = options.filter_map(option).collect();
    let user = context.user(input)?;
    user.mfa_options = options;
    user.modified = now;
    Ok(Some(json!({})))
}
