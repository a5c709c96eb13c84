//! Which claims of a provider's users become tags of their AWS sessions.

use serde_json::{Value, json};

use super::{Answer, Context, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("SetPrincipalTagAttributeMap", set), ("GetPrincipalTagAttributeMap", get)];

/// Keeps a map. Whether the provider is one of the pool's is not checked: no source says it is.
fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let names = ["UseDefaults", "PrincipalTags"];
    let given = names.into_iter().filter_map(|n| Some((n.to_owned(), input.get(n)?.clone())));
    let map = given.collect();
    pool.tag_maps.insert(input.text("IdentityProviderName").to_owned(), map);
    get(context, input)
}

/// Returns a provider's map; the defaults are the username and the client id.
///
/// Source: API reference, SetPrincipalTagAttributeMap; developer guide, using attributes for
/// access control. What is said of a provider without a map is ours.
fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let provider = input.text("IdentityProviderName");
    let map = pool.tag_maps.get(provider);
    let kept = |name: &str| map.and_then(|map| map.get(name)).cloned();
    let defaults = kept("UseDefaults") == Some(Value::Bool(true));
    let tags = match defaults {
        true => json!({"username": "sub", "client": "aud"}),
        false => kept("PrincipalTags").unwrap_or_else(|| json!({})),
    };
    Ok(Some(json!({
        "IdentityPoolId": pool.id,
        "IdentityProviderName": provider,
        "PrincipalTags": tags,
        "UseDefaults": defaults,
    })))
}
