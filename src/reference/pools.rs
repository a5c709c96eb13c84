//! User pools: create, describe, change, delete, list; their custom attributes and tags.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::paging::page;
use super::schema::Flaw;
use super::state::UserPool;
use super::{Answer, Context, Fault, Handler, Input, REGION, pool_settings, schema, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateUserPool", create),
    ("DescribeUserPool", describe),
    ("UpdateUserPool", update),
    ("DeleteUserPool", delete),
    ("ListUserPools", list),
    ("AddCustomAttributes", add_custom_attributes),
    ("TagResource", tag),
    ("UntagResource", untag),
    ("ListTagsForResource", list_tags),
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
    set_tags(&mut pool, input.get("UserPoolTags"));
    pool_settings::check(&pool, input.members())?;
    pool.id = format!("{REGION}_{}", context.draw(9, ALPHANUMERIC));
    let described = description(&pool);
    context.state.pools.insert(pool.id.clone(), pool.into());
    Ok(Some(json!({"UserPool": described})))
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(json!({"UserPool": description(context.pool(input)?)})))
}

/// Returns a pool as `UserPoolType`. Triggers and tags are present even when there are none.
fn description(pool: &UserPool) -> Value {
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
    pool.settings = changed.settings;
    set_tags(pool, input.get("UserPoolTags"));
    pool.modified = now;
    Ok(Some(json!({})))
}

fn set_tags(pool: &mut UserPool, tags: Option<&Value>) {
    let tags = tags.and_then(Value::as_object).into_iter().flatten();
    pool.tags = tags.filter_map(|(key, tag)| Some((key.clone(), tag.as_str()?.into()))).collect();
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
    pool.schema = schema;
    pool.modified = now;
    Ok(Some(json!({})))
}

fn tagged<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut UserPool, Fault> {
    let arn = input.text("ResourceArn");
    let mut pools = context.state.pools.values_mut();
    let missing = || Fault::rule("tagged-resource-not-found").with("arn", arn);
    pools.find(|pool| pool.arn() == arn).map(Arc::make_mut).ok_or_else(missing)
}

fn tag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    for (key, tag) in input.get("Tags").and_then(Value::as_object).into_iter().flatten() {
        pool.tags.insert(key.clone(), tag.as_str().unwrap_or_default().to_owned());
    }
    Ok(Some(json!({})))
}

fn untag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    for key in input.texts("TagKeys") {
        pool.tags.remove(key);
    }
    Ok(Some(json!({})))
}

fn list_tags(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(json!({"Tags": tagged(context, input)?.tags})))
}
