//! Tags of user pools.

use serde_json::{Value, json};

use super::state::{Tags, UserPool};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("TagResource", tag), ("UntagResource", untag), ("ListTagsForResource", list)];

/// Most tags of one pool (API reference, TagResource).
const MOST: usize = 50;

/// Returns the tags that `UserPoolTags` gives a pool or a replica.
///
/// # Errors
/// A key is reserved, or there are too many.
pub(super) fn of_pool(input: &Input) -> Result<Tags, Fault> {
    let tags = read(input.get("UserPoolTags"));
    if tags.keys().any(|key| is_reserved(key)) {
        return Err(Fault::rule("pool-tags-reserved"));
    }
    if tags.len() > MOST {
        return Err(Fault::rule("pool-tags-too-many"));
    }
    Ok(tags)
}

fn read(tags: Option<&Value>) -> Tags {
    let tags = tags.and_then(Value::as_object).into_iter().flatten();
    tags.filter_map(|(key, tag)| Some((key.clone(), tag.as_str()?.into()))).collect()
}

/// The prefix belongs to AWS, in any case (tagging best practices, tag naming limits).
fn is_reserved(key: &str) -> bool {
    key.to_lowercase().starts_with("aws:")
}

fn tagged<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut UserPool, Fault> {
    let arn = input.text("ResourceArn");
    let missing = || Fault::rule("tagged-resource-not-found").with("arn", arn);
    let id = arn.rsplit_once(":userpool/").map(|(_, id)| id).ok_or_else(missing)?;
    context.pool_by_id(id).ok().filter(|pool| pool.arn() == arn).ok_or_else(missing)
}

fn tag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    let mut tags = pool.tags.clone();
    tags.extend(read(input.get("Tags")));
    if tags.keys().any(|key| is_reserved(key)) {
        return Err(Fault::rule("tag-reserved"));
    }
    if tags.len() > MOST {
        return Err(Fault::rule("tags-too-many"));
    }
    pool.tags = tags;
    Ok(Some(json!({})))
}

fn untag(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = tagged(context, input)?;
    for key in input.texts("TagKeys") {
        pool.tags.remove(key);
    }
    Ok(Some(json!({})))
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(json!({"Tags": tagged(context, input)?.tags})))
}
