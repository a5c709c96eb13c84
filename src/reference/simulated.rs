//! Values for users who do not exist: they look real, and are the same whenever they are asked.
//!
//! Source: developer guide, managing user existence error responses ("same salt and same user
//! id for the same username and pool").

use ring::digest::{SHA256, digest};

/// Returns 32 bytes that follow from pool, name and purpose.
fn bytes(pool_id: &str, username: &str, purpose: &str) -> [u8; 32] {
    let text = format!("{purpose}/{pool_id}/{username}");
    let hash = digest(&SHA256, text.as_bytes());
    std::array::from_fn(|i| hash.as_ref()[i])
}

/// Returns the user id of a simulated challenge, a UUID.
pub(super) fn user_id(pool_id: &str, username: &str) -> String {
    let hash = bytes(pool_id, username, "user id");
    let sixteen = std::array::from_fn(|i| hash[i]);
    uuid::Builder::from_random_bytes(sixteen).into_uuid().to_string()
}

/// Returns the salt of a simulated challenge.
pub(super) fn salt(pool_id: &str, username: &str) -> Vec<u8> {
    bytes(pool_id, username, "salt")[..16].to_vec()
}

/// Returns two letters, for a masked address.
pub(super) fn letters(pool_id: &str, username: &str) -> String {
    let hash = bytes(pool_id, username, "address");
    hash[..2].iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}
