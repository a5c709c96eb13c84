//! Identity pools: create, describe, change, delete, list. They are kept, not used.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::state::IdentityPool;
use super::{ACCOUNT, Answer, Context, Fault, Handler, Input, REGION};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateIdentityPool", create),
    ("DescribeIdentityPool", describe),
    ("UpdateIdentityPool", update),
    ("DeleteIdentityPool", delete),
    ("ListIdentityPools", list),
    ("TagResource", tag),
    ("UntagResource", untag),
    ("ListTagsForResource", list_tags),
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

const TAGS: &str = "IdentityPoolTags";

fn tagged<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut IdentityPool, Fault> {
    let arn = input.text("ResourceArn");
    let prefix = format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/");
    let pool = arn.strip_prefix(&prefix).and_then(|id| context.state.identity_pools.get_mut(id));
    pool.ok_or_else(|| Fault::rule("identity-tagged-resource-not-found").with("arn", arn))
}

fn tag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    let tags = pool.settings.entry(TAGS).or_insert_with(|| json!({}));
    for (key, value) in input.get("Tags").and_then(Value::as_object).into_iter().flatten() {
        tags[key] = value.clone();
    }
    Ok(Some(json!({})))
}

fn untag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    if let Some(tags) = pool.settings.get_mut(TAGS).and_then(Value::as_object_mut) {
        tags.retain(|key, _| input.texts("TagKeys").all(|gone| gone != key));
    }
    Ok(Some(json!({})))
}

fn list_tags(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    let tags = pool.settings.get(TAGS).cloned().unwrap_or_else(|| json!({}));
    Ok(Some(json!({"Tags": tags})))
}
