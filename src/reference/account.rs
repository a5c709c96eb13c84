//! What a signed-in user does to the own account.

use serde_json::{Value, json};

use super::attributes::check_writable;
use super::codes::{NewCode, VERIFICATION};
use super::schema::Writing;
use super::sign_up::words;
use super::state::CodePurpose;
use super::tokens::Bearer;
use super::{Answer, Context, Fault, Handler, Input};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("DeleteUser", delete_user),
    ("DeleteUserAttributes", delete_user_attributes),
    ("GetUser", get_user),
    ("GetUserAttributeVerificationCode", get_user_attribute_verification_code),
    ("UpdateUserAttributes", update_user_attributes),
    ("VerifyUserAttribute", verify_user_attribute),
];

fn get_user(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let user = bearer.user(context)?.clone();
    let pair = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let readable = user.attributes.iter().filter(|(name, _)| bearer.app.reads(name));
    let mut attributes = vec![pair("sub", &user.sub)];
    attributes.extend(readable.map(|(name, value)| pair(name, value)));
    if let Some(identities) = user.identities_text().filter(|_| bearer.app.reads("identities")) {
        attributes.push(pair("identities", &identities));
    }
    let mut answer = json!({"Username": user.username, "UserAttributes": attributes});
    if !user.mfa.is_empty() {
        answer["UserMFASettingList"] = json!(user.mfa);
    }
    if let Some(preferred) = &user.preferred_mfa {
        answer["PreferredMfaSetting"] = preferred.as_str().into();
    }
    if !user.mfa_options.is_empty() {
        let option = |(name, medium): (&String, &String)| json!({"AttributeName": name, "DeliveryMedium": medium});
        answer["MFAOptions"] = user.mfa_options.iter().map(option).collect();
    }
    Ok(Some(answer))
}

fn update_user_attributes(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let given: Vec<(String, String)> =
        input.attributes("UserAttributes").map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let pool = bearer.app.pool(context)?;
    check_writable(pool, &bearer.app.client, &given, Writing::Change)?;
    // An empty value removes the attribute.
    let (removed, given): (Vec<_>, Vec<_>) = given.into_iter().partition(|(_, v)| v.is_empty());
    for (name, value) in &given {
        let owner = pool.owner_of(name, value);
        let as_username = pool.has("UsernameAttributes", name);
        if as_username && owner.is_some_and(|owner| owner != bearer.key) {
            return Err(Fault::rule("update-alias-exists").with("attribute", words(name)));
        }
    }
    let now = context.now;
    let mut sent = Vec::new();
    for (name, value) in given {
        sent.extend(set_attribute(context, &bearer, &name, value)?);
    }
    let user = bearer.user(context)?;
    removed.iter().for_each(|(name, _)| user.remove_attribute(name));
    user.modified = now;
    let mut answer = json!({});
    if !sent.is_empty() {
        answer["CodeDeliveryDetailsList"] = Value::from(sent);
    }
    Ok(Some(answer))
}

/// Sets an attribute; returns the details of the code that a new address gets.
///
/// An address that the pool wants verified first waits until it is; any other change of an
/// address takes effect at once and undoes its verification.
fn set_attribute(
    context: &mut Context<'_>,
    bearer: &Bearer,
    name: &str,
    value: String,
) -> Result<Option<Value>, Fault> {
    let is_contact = name == "email" || name == "phone_number";
    let pool = bearer.app.pool(context)?;
    let settings =
        pool.setting("/UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate");
    let first =
        settings.and_then(Value::as_array).is_some_and(|list| list.iter().any(|n| n == name));
    let verifies = is_contact && pool.has("AutoVerifiedAttributes", name);
    let user = bearer.user(context)?;
    if user.attributes.get(name) == Some(&value) {
        return Ok(None);
    }
    if is_contact && first {
        user.pending_attributes.insert(name.to_owned(), value);
    } else {
        user.attributes.insert(name.to_owned(), value);
        if is_contact {
            user.attributes.insert(format!("{name}_verified"), "false".into());
        }
    }
    if !verifies {
        return Ok(None);
    }
    send_attribute_code(context, bearer, name, "CustomMessage_UpdateUserAttribute").map(Some)
}

/// Sends a code to the address that waits for verification, else to the current one.
fn send_attribute_code(
    context: &mut Context<'_>,
    bearer: &Bearer,
    name: &str,
    message: &str,
) -> Result<Value, Fault> {
    let destination = bearer.user(context)?.pending_attributes.get(name).cloned();
    let code = NewCode::new(CodePurpose::Attribute(name.to_owned()), name, message);
    context.send_code(&bearer.app.pool_id, &bearer.key, NewCode { destination, ..code })
}

fn delete_user_attributes(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let names: Vec<String> = input.texts("UserAttributeNames").map(str::to_owned).collect();
    let pool = bearer.app.pool(context)?;
    names.iter().try_for_each(|name| pool.check_deletable(name))?;
    let now = context.now;
    let user = bearer.user(context)?;
    names.iter().for_each(|name| user.remove_attribute(name));
    user.modified = now;
    Ok(Some(json!({})))
}

fn delete_user(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let username = bearer.user(context)?.username.clone();
    let pool = bearer.app.pool(context)?;
    pool.sessions.retain(|_, sign_in| sign_in.username != username);
    pool.users.remove(&bearer.key);
    Ok(None)
}

fn get_user_attribute_verification_code(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let name = contact(input)?;
    let user = bearer.user(context)?;
    if !user.attributes.contains_key(name) && !user.pending_attributes.contains_key(name) {
        return Err(Fault::rule("attribute-without-value").with("name", name));
    }
    context.attempt(&bearer.app.pool_id, &bearer.key, "GetUserAttributeVerificationCode", 5)?;
    let details = send_attribute_code(context, &bearer, name, "CustomMessage_VerifyUserAttribute")?;
    Ok(Some(json!({"CodeDeliveryDetails": details})))
}

fn verify_user_attribute(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let name = contact(input)?;
    context.attempt(&bearer.app.pool_id, &bearer.key, "VerifyUserAttribute", 15)?;
    let now = context.now;
    let purpose = CodePurpose::Attribute(name.to_owned());
    let user = bearer.user(context)?;
    user.check_code(&purpose, input.text("Code"), now, VERIFICATION)?;
    let pending = user.pending_attributes.get(name);
    let value = pending.or(user.attributes.get(name)).cloned().unwrap_or_default();
    bearer.app.pool(context)?.claim_alias(&bearer.key, name, &value, false)?;
    let user = bearer.user(context)?;
    user.codes.remove(&purpose);
    user.pending_attributes.remove(name);
    user.attributes.insert(name.to_owned(), value);
    user.verify(name);
    user.modified = now;
    Ok(Some(json!({})))
}

/// Returns the attribute to verify: only addresses can be.
fn contact(input: &Input) -> Result<&str, Fault> {
    let name = input.text("AttributeName");
    let is_contact = name == "email" || name == "phone_number";
    if is_contact { Ok(name) } else { Err(Fault::rule("attribute-not-verifiable")) }
}

impl super::state::User {
    /// Removes an attribute, and with an address what was known of it.
    fn remove_attribute(&mut self, name: &str) {
        self.attributes.remove(name);
        self.attributes.remove(&format!("{name}_verified"));
        self.pending_attributes.remove(name);
        self.codes.remove(&CodePurpose::Attribute(name.to_owned()));
    }
}
