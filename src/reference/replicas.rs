//! Replicas of a user pool in another region.
//!
//! One endpoint has one region: what a replica would answer itself is not played.
//!
//! Source: developer guide, multi-Region replication for user pools.

use serde_json::{Value, json};

use super::paging::page;
use super::state::{Replica, UserPool};
use super::tiers::Tier;
use super::{ACCOUNT, Answer, Context, Fault, Handler, Input, REGION, tags};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateUserPoolReplica", create),
    ("UpdateUserPoolReplica", update),
    ("DeleteUserPoolReplica", delete),
    ("ListUserPoolReplicas", list),
];

/// A pool can have one secondary replica; it starts inactive.
fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    pool.needs_tier(Tier::Essentials, "replica-tier")?;
    let region = input.text("RegionName");
    if region == REGION || !is_region(region) {
        return Err(Fault::rule("replica-region").with("region", region));
    }
    if pool.setting("/KeyConfiguration/KmsKeyArn").is_none() {
        return Err(Fault::rule("replica-key-missing"));
    }
    if !pool.replicas.is_empty() {
        return Err(Fault::rule("replica-exists"));
    }
    let tags = tags::of_pool(input)?;
    let replica = Replica { region: region.to_owned(), active: false, tags };
    let described = description(pool, region, "SECONDARY", "CREATING");
    pool.replicas.insert(replica.region.clone(), replica);
    Ok(Some(json!({"UserPoolReplica": described})))
}

/// Tells whether a text looks like a region, such as `eu-central-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let (Some(number), true) = (parts.last(), parts.len() >= 3) else { return false };
    let words = &parts[..parts.len() - 1];
    number.parse::<u8>().is_ok()
        && words.iter().all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()))
}

fn description(pool: &UserPool, region: &str, role: &str, status: &str) -> Value {
    json!({
        "RegionName": region,
        "Role": role,
        "Status": status,
        "UserPoolArn": format!("arn:aws:cognito-idp:{region}:{ACCOUNT}:userpool/{}", pool.id),
    })
}

fn status(replica: &Replica) -> &'static str {
    if replica.active { "ACTIVE" } else { "INACTIVE" }
}

fn missing(region: &str) -> Fault {
    Fault::rule("replica-not-found").with("region", region)
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let region = input.text("RegionName");
    let replica = pool.replicas.get_mut(region).ok_or_else(|| missing(region))?;
    replica.active = input.text("Status") == "ACTIVE";
    let status = status(replica);
    Ok(Some(json!({"UserPoolReplica": description(pool, region, "SECONDARY", status)})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let region = input.text("RegionName");
    pool.replicas.remove(region).ok_or_else(|| missing(region))?;
    Ok(Some(json!({"UserPoolReplica": description(pool, region, "SECONDARY", "DELETING")})))
}

/// Lists the pool itself, the primary, and its replica.
fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let primary = (REGION.to_owned(), description(pool, REGION, "PRIMARY", "ACTIVE"));
    let others = pool.replicas.values().map(|replica| {
        let described = description(pool, &replica.region, "SECONDARY", status(replica));
        (replica.region.clone(), described)
    });
    let mut all: Vec<_> = std::iter::once(primary).chain(others).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let scope = format!("ListUserPoolReplicas {}", pool.id);
    let page = page(all, &scope, input.opt_text("NextToken"), None)?;
    Ok(Some(page.output("UserPoolReplicas", "NextToken")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_told_from_other_texts() {
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-12"] {
            assert!(is_region(region), "{region}");
        }
        for other in ["europe", "eu-central", "-----", "eu--1", "EU-CENTRAL-1", "eu-central-x"] {
            assert!(!is_region(other), "{other}");
        }
    }
}
