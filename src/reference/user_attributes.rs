//! Attributes of a user as they change and go.

use serde_json::json;

use super::delivery::Delivery;
use super::schema::Writing;
use super::state::{Code, CodePurpose, Millis, Secret, User, UserPool};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("AdminUpdateUserAttributes", admin_update), ("AdminDeleteUserAttributes", admin_delete)];

/// How long a verification code lives: 24 hours.
///
/// Source: developer guide, quotas.
const CODE_LIFE: Millis = 86_400_000;

fn admin_update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let key = pool.named_key(input.text("Username"))?;
    let attributes: Vec<_> = input.attributes("UserAttributes").collect();
    pool.check_attributes(attributes.iter().copied(), Writing::Change)?;
    check_conflicts(pool, &key, &attributes)?;
    let mut changed = pool.users[&key].clone();
    let unverified = change(pool, &mut changed, &attributes);
    changed.modified = now;
    for (attribute, destination) in unverified {
        send_code(context, input.text("UserPoolId"), &mut changed, &attribute, &destination)?;
    }
    context.pool(input)?.users.insert(key, changed);
    Ok(Some(json!({})))
}

/// Refuses values that are the username or a verified alias of another user.
fn check_conflicts(pool: &UserPool, key: &str, attributes: &[(&str, &str)]) -> Result<(), Fault> {
    for (name, value) in attributes {
        let owner = pool.owner_of(name, value);
        if owner.is_none_or(|owner| owner == key) {
            continue;
        }
        let fault = match pool.has("UsernameAttributes", name) {
            true => Fault::rule("admin-update-address-exists"),
            false if *name == "preferred_username" || marks_verified(attributes, name) => {
                Fault::rule("admin-update-alias-exists")
            }
            false => continue,
        };
        return Err(fault.with("attribute", name.replace('_', " ")));
    }
    Ok(())
}

fn marks_verified(attributes: &[(&str, &str)], name: &str) -> bool {
    let flag = format!("{name}_verified");
    attributes.iter().any(|(n, value)| *n == flag && value.eq_ignore_ascii_case("true"))
}

/// Changes a user's attributes and returns the addresses that a code must go to.
///
/// A new address loses its verification unless the same call marks it as verified; where the pool
/// asks for verification before the update, it waits. An empty value deletes the attribute.
fn change(pool: &UserPool, user: &mut User, attributes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut unverified = Vec::new();
    for (name, value) in attributes.iter().map(|(name, value)| (*name, (*value).to_owned())) {
        if value.is_empty() {
            remove(user, name);
            continue;
        }
        let address = name == "email" || name == "phone_number";
        let new = user.attributes.get(name) != Some(&value);
        if address && new && !marks_verified(attributes, name) {
            if pool.has("AutoVerifiedAttributes", name) {
                unverified.push((name.to_owned(), value.clone()));
            }
            let waits = pool
                .setting("/UserAttributeUpdateSettings/AttributesRequireVerificationBeforeUpdate");
            if waits.and_then(|list| list.as_array()).is_some_and(|l| l.iter().any(|a| a == name)) {
                user.pending_attributes.insert(name.to_owned(), value);
                continue;
            }
            user.attributes.insert(format!("{name}_verified"), "false".into());
        }
        user.attributes.insert(name.to_owned(), value);
    }
    unverified
}

fn remove(user: &mut User, name: &str) {
    user.attributes.remove(name);
    user.pending_attributes.remove(name);
    if name == "email" || name == "phone_number" {
        user.attributes.remove(&format!("{name}_verified"));
    }
}

fn send_code(
    context: &mut Context<'_>,
    pool_id: &str,
    user: &mut User,
    attribute: &str,
    destination: &str,
) -> Result<(), Fault> {
    let code = context.draw(6, b"0123456789");
    let expires = context.now + CODE_LIFE;
    context.deliver(&Delivery {
        pool_id,
        username: &user.username,
        attribute,
        destination,
        purpose: "CustomMessage_UpdateUserAttribute",
        code: &code,
    })?;
    let code = Code { value: Secret(code), expires, attribute: attribute.to_owned() };
    user.codes.insert(CodePurpose::Attribute(attribute.to_owned()), code);
    Ok(())
}

fn admin_delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let key = pool.named_key(input.text("Username"))?;
    for name in input.texts("UserAttributeNames") {
        pool.check_deletable(name)?;
    }
    if let Some(user) = pool.users.get_mut(&key) {
        input.texts("UserAttributeNames").for_each(|name| remove(user, name));
        user.modified = now;
    }
    Ok(Some(json!({})))
}
