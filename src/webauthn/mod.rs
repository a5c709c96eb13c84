//! Passkeys as WebAuthn has them: what an authenticator makes of a relying party's options, and
//! what the relying party checks.
//!
//! [`authenticator`] stands in for a browser with a passkey and serves scenarios;
//! [`relying_party`] is the half that the reference needs. Nothing here knows of the service, a
//! clock or a state. Attestation statements other than `none` are not verified but refused.
//!
//! Source: W3C Web Authentication Level 3; RFC 9052 and RFC 9053 for keys.

pub mod authenticator;
mod cose;
pub mod relying_party;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use cose::PublicKey;

/// The user touched the authenticator.
const PRESENT: u8 = 0x01;

/// The authenticator knows it was the right user: a fingerprint, a PIN.
const VERIFIED: u8 = 0x04;

/// A credential id and its key follow.
const ATTESTED: u8 = 0x40;

/// Returns bytes as WebAuthn's JSON carries them.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns the bytes of base64url text without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests;
