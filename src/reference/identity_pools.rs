//! Identity pools: create, describe, change, delete, list; their tags.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::state::IdentityPool;
use super::{Answer, Context, Fault, Handler, Input, REGION, identity_tokens};

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
    check_providers(input)?;
    let id = format!("{REGION}:{}", context.uuid());
    let pool =
        IdentityPool { id: id.clone(), settings: settings(input), ..IdentityPool::default() };
    let described = description(&pool);
    context.state.identity_pools.insert(id, pool);
    Ok(Some(described))
}

/// Checks that every user pool is named in full, `cognito-idp.<region>.amazonaws.com/<pool id>`, and
/// with a client. Whether they exist is not asked.
///
/// Source: observed, aws/aws-cdk issue 11054; amazon-archives/amazon-quicksight-embedding-sample
/// issue 1 (no name).
fn check_providers(input: &Input) -> Result<(), Fault> {
    let named = |provider: &Value| {
        let name = provider["ProviderName"].as_str().unwrap_or_default();
        let rest =
            name.strip_prefix("cognito-idp.").and_then(|rest| rest.split_once(".amazonaws.com"));
        let pool = rest.and_then(|(_, rest)| rest.rsplit_once('/'));
        pool.is_some_and(|(_, id)| id.contains('_'))
    };
    let providers = input.get("CognitoIdentityProviders").and_then(Value::as_array);
    let mut providers = providers.into_iter().flatten();
    if !providers.clone().all(named) {
        return Err(Fault::rule("identity-provider-invalid"));
    }
    match providers.all(|provider| provider["ClientId"].is_string()) {
        true => Ok(()),
        false => Err(Fault::rule("identity-provider-without-client")),
    }
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

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(description(context.identity_pool(input)?)))
}

const DEVELOPER: &str = "DeveloperProviderName";

/// Replaces the settings; the developer provider's name, once set, stays.
///
/// Source: API reference, UpdateIdentityPool, DeveloperProviderName. That it stays when the call
/// leaves it out is ours.
fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    check_providers(input)?;
    let mut settings = settings(input);
    if let Some(name) = pool.developer_provider() {
        let name = name.to_owned();
        let given = settings.entry(DEVELOPER).or_insert_with(|| json!(name));
        if *given != name.as_str() {
            return Err(Fault::rule("developer-provider-is-final"));
        }
    }
    pool.settings = settings;
    Ok(Some(description(pool)))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    context.identity_pool(input)?;
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
    let page = page(pools, "ListIdentityPools", token, input.number("MaxResults"))
        .map_err(|_| Fault::rule("identity-pagination-token-invalid"))?;
    Ok(Some(page.output("IdentityPools", "NextToken")))
}

const TAGS: &str = "IdentityPoolTags";

fn tagged<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut IdentityPool, Fault> {
    let arn = input.text("ResourceArn");
    let mut pools = context.state.identity_pools.values_mut();
    let pool = pools.find(|pool| identity_tokens::arn(&pool.id) == arn);
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
