//! Which attributes an app client may write. What values fit is the schema's business.

use serde_json::Value;

use super::Fault;
use super::schema::Writing;
use super::state::{Client, UserPool};

/// Attributes that only the service and administrators set.
const VERIFIED: [&str; 2] = ["email_verified", "phone_number_verified"];

/// Checks attributes that a client is about to write.
///
/// # Errors
/// The schema lacks one, the client may not write it, or its value does not fit.
pub(super) fn check_writable(
    pool: &UserPool,
    client: &Client,
    given: &[(String, String)],
    writing: Writing,
) -> Result<(), Fault> {
    let known = |name: &&String| pool.attribute(name).is_some();
    let names = given.iter().map(|(name, _)| name);
    if names.clone().filter(known).any(|name| !may_write(pool, client, name)) {
        return Err(Fault::rule("attribute-write-unauthorized"));
    }
    let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    pool.check_attributes(given, writing)
}

fn may_write(pool: &UserPool, client: &Client, name: &str) -> bool {
    let listed = client.settings.get("WriteAttributes").and_then(Value::as_array);
    let listed = listed.filter(|list| !list.is_empty());
    let unlisted = listed.is_some_and(|list| !list.iter().any(|listed| listed == name));
    let guarded = pool.attribute(name).is_some_and(|attribute| attribute.developer_only);
    !unlisted && !guarded && name != "sub" && !VERIFIED.contains(&name)
}
