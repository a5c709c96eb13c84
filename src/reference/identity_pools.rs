//! Identity pools: create, describe, change, delete, list. They are kept, not used.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::state::IdentityPool;
use super::{Answer, Context, Fault, Handler, Input, REGION};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateIdentityPool", create),
    ("DescribeIdentityPool", describe),
    ("UpdateIdentityPool", update),
    ("DeleteIdentityPool", delete),
    ("ListIdentityPools", list),
];

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let id = format!("{REGION}:{}", context.uuid());
    let pool = IdentityPool { id: id.clone(), settings: settings(input) };
    let described = description(&pool);
    context.state.identity_pools.insert(id, pool);
    Ok(Some(described))
}

/// Returns what the caller set; providers check tokens at the server only if asked to.
fn settings(input: &Input) -> Map<String, Value> {
    let mut settings = input.members().clone();
    settings.remove("IdentityPoolId");
    let providers = settings.get_mut("CognitoIdentityProviders").and_then(Value::as_array_mut);
    for provider in providers.into_iter().flatten().filter_map(Value::as_object_mut) {
        provider.entry("ServerSideTokenCheck").or_insert(Value::Bool(false));
    }
    // Empty lists and maps are as good as none.
    let empty = |value: &Value| {
        value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
    };
    settings.retain(|_, value| !empty(value));
    settings
}

fn description(pool: &IdentityPool) -> Value {
    let mut described = pool.settings.clone();
    described.insert("IdentityPoolId".into(), json!(pool.id));
    Value::Object(described)
}

fn named<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut IdentityPool, Fault> {
    let id = input.text("IdentityPoolId");
    let missing = || Fault::rule("identity-pool-not-found").with("id", id);
    context.state.identity_pools.get_mut(id).ok_or_else(missing)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(description(named(context, input)?)))
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = named(context, input)?;
    pool.settings = settings(input);
    Ok(Some(description(pool)))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    named(context, input)?;
    context.state.identity_pools.remove(input.text("IdentityPoolId"));
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let entry = |pool: &IdentityPool| {
        let name = pool.settings.get("IdentityPoolName");
        json!({"IdentityPoolId": pool.id, "IdentityPoolName": name})
    };
    let pools = context.state.identity_pools.iter().map(|(id, pool)| (id, entry(pool)));
    let token = input.opt_text("NextToken");
    let page = page(pools, "ListIdentityPools", token, input.number("MaxResults"))?;
    Ok(Some(page.output("IdentityPools", "NextToken")))
}
