//! User pools: create, describe, change, delete, list; their custom attributes.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::schema::Flaw;
use super::state::UserPool;
use super::{
    Answer, Context, Fault, Handler, Input, REGION, pool_settings, schema, tags, tiers, timestamp,
};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateUserPool", create),
    ("DescribeUserPool", describe),
    ("UpdateUserPool", update),
    ("DeleteUserPool", delete),
    ("ListUserPools", list),
    ("AddCustomAttributes", add_custom_attributes),
];

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let declared = input.get("Schema").and_then(Value::as_array).map(Vec::as_slice);
    let mut pool = UserPool {
        settings: pool_settings::created(input.members()),
        schema: schema::declare(declared.unwrap_or_default())?,
        created: context.now,
        modified: context.now,
        ..UserPool::default()
    };
    pool.tags = tags::of_pool(input)?;
    pool_settings::check(&pool, input.members())?;
    tiers::check_created(&pool)?;
    pool.id = format!("{REGION}_{}", context.draw(9, ALPHANUMERIC));
    let described = description(&pool);
    context.state.pools.insert(pool.id.clone(), pool.into());
    Ok(Some(json!({"UserPool": described})))
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let mut described = description(context.pool(input)?);
    context.describe_domains(input.text("UserPoolId"), &mut described);
    Ok(Some(json!({"UserPool": described})))
}

/// Returns a pool as `UserPoolType`. Triggers and tags are present even when there are none.
pub(super) fn description(pool: &UserPool) -> Value {
    let mut described = pool.settings.clone();
    described.insert("Id".into(), json!(pool.id));
    described.insert("Arn".into(), json!(pool.arn()));
    described.insert("CreationDate".into(), timestamp(pool.created));
    described.insert("LastModifiedDate".into(), timestamp(pool.modified));
    described.insert("EstimatedNumberOfUsers".into(), json!(pool.users.len()));
    described.insert("UserPoolTags".into(), json!(pool.tags));
    described.insert("SchemaAttributes".into(), pool.schema.iter().map(schema::describe).collect());
    Value::Object(described)
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    refuse_during_import(pool)?;
    let mut changed =
        UserPool { settings: pool_settings::updated(pool, input.members()), ..UserPool::default() };
    changed.mfa.clone_from(&pool.mfa);
    pool_settings::check(&changed, input.members())?;
    tiers::check_updated(pool, &changed)?;
    let tags = tags::of_pool(input)?;
    (pool.settings, pool.tags) = (changed.settings, tags);
    pool.modified = now;
    Ok(Some(json!({})))
}

fn refuse_during_import(pool: &UserPool) -> Result<(), Fault> {
    let running = |status: &str| ["Pending", "InProgress", "Stopping"].contains(&status);
    match pool.import_jobs.values().any(|job| running(&job.status)) {
        true => Err(Fault::rule("user-import-in-progress")),
        false => Ok(()),
    }
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    if pool.text_setting("/DeletionProtection") == "ACTIVE" {
        return Err(Fault::rule("pool-delete-protected"));
    }
    refuse_during_import(pool)?;
    if !pool.hosts.is_empty() {
        return Err(Fault::rule("pool-delete-with-domain"));
    }
    context.state.pools.remove(input.text("UserPoolId"));
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let entry = |pool: &UserPool| {
        let empty = Value::Object(Map::new());
        json!({
            "Id": pool.id,
            "Name": pool.text_setting("/Name"),
            "LambdaConfig": pool.setting("/LambdaConfig").unwrap_or(&empty),
            "CreationDate": timestamp(pool.created),
            "LastModifiedDate": timestamp(pool.modified),
        })
    };
    let pools = context.state.pools.iter().map(|(id, pool)| (id, entry(pool)));
    let page =
        page(pools, "ListUserPools", input.opt_text("NextToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("UserPools", "NextToken")))
}

fn add_custom_attributes(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    refuse_during_import(pool)?;
    let mut schema = pool.schema.clone();
    for item in input.get("CustomAttributes").and_then(Value::as_array).into_iter().flatten() {
        let added = schema::custom(item).map_err(|flaw| match flaw {
            Flaw::Required => Fault::rule("custom-attribute-required"),
            Flaw::NoDataType => Fault::rule("custom-attribute-no-data-type"),
        })?;
        if schema.iter().any(|known| known.name == added.name) {
            return Err(Fault::rule("custom-attribute-exists").with("name", added.name));
        }
        schema.push(added);
    }
    if schema.iter().filter(|attribute| attribute.is_custom()).count() > schema::MOST_CUSTOM {
        return Err(Fault::rule("custom-attributes-too-many"));
    }
    pool.schema = schema;
    pool.modified = now;
    Ok(Some(json!({})))
}
