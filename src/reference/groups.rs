//! Groups of a user pool and who belongs to them.

use serde_json::{Value, json};

use super::paging::page;
use super::state::{Group, UserPool};
use super::{ACCOUNT, Answer, Context, Fault, Handler, Input, timestamp, users};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateGroup", create),
    ("GetGroup", get),
    ("UpdateGroup", update),
    ("DeleteGroup", delete),
    ("ListGroups", list),
    ("AdminAddUserToGroup", add_user),
    ("AdminRemoveUserFromGroup", remove_user),
    ("AdminListGroupsForUser", list_for_user),
    ("ListUsersInGroup", list_users),
];

const SETTINGS: [&str; 3] = ["Description", "Precedence", "RoleArn"];

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let name = input.text("GroupName");
    // Names that differ only in case count as one (observed, aws-amplify/amplify-backend issue 1781).
    if pool.groups.keys().any(|known| known.to_lowercase() == name.to_lowercase()) {
        return Err(Fault::rule("group-exists"));
    }
    check_role(input)?;
    let mut group = Group { name: name.into(), created: now, modified: now, ..Group::default() };
    apply(&mut group, input);
    let described = description(pool, &group);
    pool.groups.insert(group.name.clone(), group);
    Ok(Some(json!({"Group": described})))
}

/// A role of another account cannot be passed.
fn check_role(input: &Input) -> Result<(), Fault> {
    let role = input.text("RoleArn");
    let account = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/"));
    match account {
        Some((account, _)) if account != ACCOUNT => Err(Fault::rule("group-role-foreign")),
        _ => Ok(()),
    }
}

fn apply(group: &mut Group, input: &Input) {
    let given = SETTINGS.iter().filter_map(|name| Some((name, input.get(name)?)));
    group.settings.extend(given.map(|(name, value)| ((*name).to_owned(), value.clone())));
}

fn description(pool: &UserPool, group: &Group) -> Value {
    let mut described = group.settings.clone();
    described.insert("GroupName".into(), json!(group.name));
    described.insert("UserPoolId".into(), json!(pool.id));
    described.insert("CreationDate".into(), timestamp(group.created));
    described.insert("LastModifiedDate".into(), timestamp(group.modified));
    Value::Object(described)
}

fn named<'a>(pool: &'a UserPool, input: &Input) -> Result<&'a Group, Fault> {
    pool.groups.get(input.text("GroupName")).ok_or_else(|| Fault::rule("group-not-found"))
}

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"Group": description(pool, named(pool, input)?)})))
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mut group = named(pool, input)?.clone();
    check_role(input)?;
    apply(&mut group, input);
    group.modified = now;
    let described = description(pool, &group);
    pool.groups.insert(group.name.clone(), group);
    Ok(Some(json!({"Group": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let name = named(pool, input)?.name.clone();
    pool.groups.remove(&name);
    for user in pool.users.values_mut() {
        user.groups.remove(&name);
    }
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let groups = pool.groups.iter().map(|(name, group)| (name, description(pool, group)));
    let scope = format!("ListGroups {}", pool.id);
    let page = page(groups, &scope, input.opt_text("NextToken"), input.number("Limit"))?;
    Ok(Some(page.output("Groups", "NextToken")))
}

fn add_user(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let group = named(pool, input).map(|group| group.name.clone());
    let user = pool.named_user(input.text("Username"))?;
    user.groups.insert(group?);
    Ok(None)
}

fn remove_user(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let group = named(pool, input).map(|group| group.name.clone());
    let user = pool.named_user(input.text("Username"))?;
    user.groups.remove(&group?);
    Ok(None)
}

fn list_for_user(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let user = pool.named_user(input.text("Username"))?;
    let (username, names) = (user.username.clone(), user.groups.clone());
    let groups = names.iter().filter_map(|name| Some((name, pool.groups.get(name)?)));
    let groups = groups.map(|(name, group)| (name, description(pool, group)));
    let scope = format!("AdminListGroupsForUser {} {username}", pool.id);
    let page = page(groups, &scope, input.opt_text("NextToken"), input.number("Limit"))?;
    Ok(Some(page.output("Groups", "NextToken")))
}

fn list_users(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let group = &named(pool, input)?.name;
    let members = pool.users.iter().filter(|(_, user)| user.groups.contains(group));
    let members = members.map(|(key, user)| (key, users::user_type(user, None)));
    let scope = format!("ListUsersInGroup {} {group}", pool.id);
    let page = page(members, &scope, input.opt_text("NextToken"), input.number("Limit"))?;
    Ok(Some(page.output("Users", "NextToken")))
}
