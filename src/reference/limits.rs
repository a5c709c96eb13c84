//! Provisioned limits: request rates of API categories, of the account and not of a pool.
//!
//! The rates are reported and set, never enforced.

use serde_json::{Value, json};

use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetProvisionedLimit", get), ("UpdateProvisionedLimit", update)];

/// Default rates, requests per second (developer guide, API operation categories and request rate
/// quotas).
const CATEGORIES: [(&str, i64); 10] = [
    ("UserAccountRecovery", 30),
    ("UserAuthentication", 120),
    ("UserCreation", 50),
    ("UserFederation", 25),
    ("UserList", 30),
    ("UserRead", 120),
    ("UserResourceRead", 50),
    ("UserResourceUpdate", 25),
    ("UserToken", 120),
    ("UserUpdate", 25),
];

/// Returns the category that a definition names, with its default rate.
fn category(input: &Input) -> Result<(&'static str, i64), Fault> {
    let name = input.get("LimitDefinition").and_then(|limit| limit.pointer("/Attributes/Category"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let found = CATEGORIES.into_iter().find(|(known, _)| *known == name);
    found.ok_or_else(|| Fault::rule("limit-category-unknown").with("category", name))
}

fn description(category: &str, free: i64, provisioned: i64) -> Value {
    json!({"Limit": {
        "LimitDefinition": {"LimitClass": "API_CATEGORY", "Attributes": {"Category": category}},
        "FreeLimitValue": free,
        "ProvisionedLimitValue": provisioned,
    }})
}

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    let (category, free) = category(input)?;
    let provisioned = context.state.provisioned_limits.get(category).copied().unwrap_or(free);
    Ok(Some(description(category, free, provisioned)))
}

/// Sets a rate between the default and what Service Quotas grants the account: here the default
/// as well, since nobody asked for more.
fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let (category, free) = category(input)?;
    let asked = input.number("RequestedLimitValue").unwrap_or_default();
    if asked < free {
        return Err(Fault::rule("limit-below-default"));
    }
    if asked > free {
        return Err(Fault::rule("limit-above-quota"));
    }
    context.state.provisioned_limits.insert(category.to_owned(), asked);
    Ok(Some(description(category, free, asked)))
}
