//! Identities of an identity pool: found or made, described, listed, unlinked, deleted.

use serde_json::{Value, json};

use super::identity_tokens::PROVIDER;
use super::paging::page;
use super::state::Identity;
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetId", get_id),
    ("DescribeIdentity", describe),
    ("ListIdentities", list),
    ("UnlinkIdentity", unlink),
    ("DeleteIdentities", delete),
];

/// Returns the identity of these logins, making one where there is none; guests get a new one at
/// every call. Several logins become one identity.
///
/// Source: API reference, GetId.
fn get_id(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool_id = context.identity_pool(input)?.id.clone();
    if input.entry("Logins", PROVIDER).is_some() {
        return Err(Fault::rule("cognito-token-gives-no-id"));
    }
    let proof = context.prove(&pool_id, input)?;
    let pool = context.identity_pool(input)?;
    if proof.is_anonymous() && !pool.allows_guests() {
        return Err(Fault::rule("guests-not-allowed"));
    }
    let owner = pool.common_owner(&proof.logins)?;
    if let Some(id) = &owner {
        pool.check_linkable(id, &proof.logins)?;
    }
    let identity = match owner {
        Some(id) => pool.identity(&id)?.clone(),
        None => context.new_identity(),
    };
    let (id, now) = (identity.id.clone(), context.now);
    let pool = context.identity_pool(input)?;
    pool.identities.insert(id.clone(), identity);
    pool.link(&id, proof.logins, now);
    Ok(Some(json!({"IdentityId": id})))
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool_of_identity(input)?;
    let identity = pool.identity(input.text("IdentityId"))?;
    Ok(Some(identity.description(pool.developer_provider())))
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let hide = input.flag("HideDisabled");
    let shown = |(_, identity): &(&String, &Identity)| !(hide && identity.disabled);
    let name = pool.developer_provider();
    let identities = pool.identities.iter().filter(shown);
    let identities = identities.map(|(id, identity)| (id, identity.description(name)));
    let scope = format!("ListIdentities {} {hide}", pool.id);
    let page = page(identities, &scope, input.opt_text("NextToken"), input.number("MaxResults"));
    let page = page.map_err(|_| Fault::rule("identity-pagination-token-invalid"))?;
    let mut output = page.output("Identities", "NextToken");
    output["IdentityPoolId"] = pool.id.as_str().into();
    Ok(Some(output))
}

/// Takes logins away from an identity; who takes the last one loses it.
///
/// Source: API reference, UnlinkIdentity. What happens to names that are not linked is ours: they
/// are ignored.
fn unlink(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool_id = context.pool_of_identity(input)?.id.clone();
    let proof = context.prove(&pool_id, input)?;
    let (id, now) = (input.text("IdentityId"), context.now);
    let pool = context.identity_pool_by_id(&pool_id)?;
    pool.check_access(id, &proof)?;
    let identity = pool.identity(id)?;
    if identity.is_guest() {
        return Err(Fault::rule("logins-do-not-match"));
    }
    let mut identity = identity.clone();
    identity.logins.retain(|name, _| input.texts("LoginsToRemove").all(|gone| gone != name));
    identity.modified = now;
    identity.close_if_bare();
    pool.identities.insert(id.to_owned(), identity);
    Ok(None)
}

/// Forgets identities; one that is gone already counts as processed, which is ours.
fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    for id in input.texts("IdentityIdsToDelete") {
        for pool in context.state.identity_pools.values_mut() {
            pool.identities.remove(id);
        }
    }
    let unprocessed: [Value; 0] = [];
    Ok(Some(json!({"UnprocessedIdentityIds": unprocessed})))
}
