//! What a relying party checks before it believes a passkey.
//!
//! Source: W3C Web Authentication Level 3, sections 7.1 (registering a new credential) and 7.2
//! (verifying an authentication assertion).

use serde_json::Value;

use super::cose::{PublicKey, Useless};
use super::{ATTESTED, PRESENT, VERIFIED, decode, sha256};

/// How authenticators are reached (section 5.8.4 and its registry), in the order of browsers.
const TRANSPORTS: [&str; 7] = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// How authenticators are attached (section 5.4.5).
const ATTACHMENTS: [&str; 2] = ["cross-platform", "platform"];

/// What the answer to a challenge has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The challenge, in base64url.
    pub challenge: &'a str,
    /// Relying party id: a domain.
    pub relying_party: &'a str,
    /// The authenticator must have verified the user.
    pub verification: bool,
}

/// Why a credential is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It has not the form of a credential, or is for the other ceremony.
    Malformed,
    /// It answers another challenge.
    Challenge,
    /// It was made at an origin that is not the relying party's.
    Origin,
    /// It is bound to another relying party.
    RelyingParty,
    /// The user was not present, or not verified where that is asked for.
    User,
    /// Its key or its attestation is of a kind that is not supported.
    Unsupported,
    /// The signature is not the passkey's.
    Signature,
    /// Its counter went back: there may be a copy of it.
    Counter,
}

/// A passkey as its registration shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Credential id, in base64url.
    pub id: String,
    /// Its public key.
    pub key: PublicKey,
    /// Signature counter.
    pub counter: u32,
    /// How the authenticator is reached, as the browser reports it, without what nobody knows.
    pub transports: Vec<&'static str>,
    /// `platform` or `cross-platform`, if known.
    pub attachment: Option<&'static str>,
}

/// Returns the challenge that a credential claims to answer.
///
/// # Errors
/// It has not the form of a credential.
pub fn challenge(credential: &Value) -> Result<String, Doubt> {
    let client = client_data(credential)?.1;
    client["challenge"].as_str().map(str::to_owned).ok_or(Doubt::Malformed)
}

/// Checks a registration and returns the passkey.
///
/// # Errors
/// The first doubt, in the order of section 7.1.
pub fn registered(credential: &Value, expected: &Expected<'_>) -> Result<Registered, Doubt> {
    let (_, client) = client_data(credential)?;
    check_client(&client, "webauthn.create", expected)?;
    let response = &credential["response"];
    let object = bytes(&response["attestationObject"])?;
    let object: ciborium::Value =
        ciborium::from_reader(object.as_slice()).map_err(|_| Doubt::Malformed)?;
    let entries = object.as_map().ok_or(Doubt::Malformed)?;
    let entry = |name: &str| {
        let found = entries.iter().find(|(key, _)| key.as_text() == Some(name));
        found.map(|(_, value)| value).ok_or(Doubt::Malformed)
    };
    let data = entry("authData")?.as_bytes().ok_or(Doubt::Malformed)?;
    let data = AuthenticatorData::read(data)?;
    data.check(expected)?;
    let (id, key) = data.credential()?;
    let named = bytes(&credential["rawId"])? == id && bytes(&credential["id"])? == id;
    if !named {
        return Err(Doubt::Malformed);
    }
    let statement = entry("attStmt")?.as_map().ok_or(Doubt::Malformed)?;
    if entry("fmt")?.as_text() != Some("none") || !statement.is_empty() {
        return Err(Doubt::Unsupported);
    }
    let reached = response["transports"].as_array();
    let reached = |name: &&str| reached.is_some_and(|list| list.iter().any(|t| t == *name));
    let attached = |name: &&str| credential["authenticatorAttachment"] == *name;
    Ok(Registered {
        id: super::encode(&id),
        key,
        counter: data.counter,
        transports: TRANSPORTS.into_iter().filter(reached).collect(),
        attachment: ATTACHMENTS.into_iter().find(attached),
    })
}

/// Checks an assertion of a passkey and returns its new counter.
///
/// # Errors
/// The first doubt, in the order of section 7.2.
pub fn asserted(
    credential: &Value,
    expected: &Expected<'_>,
    key: &PublicKey,
    counter: u32,
) -> Result<u32, Doubt> {
    let (raw, client) = client_data(credential)?;
    check_client(&client, "webauthn.get", expected)?;
    let signed = bytes(&credential["response"]["authenticatorData"])?;
    let data = AuthenticatorData::read(&signed)?;
    data.check(expected)?;
    let signature = bytes(&credential["response"]["signature"])?;
    let message = [signed.as_slice(), &sha256(&raw)].concat();
    if !key.verifies(&message, &signature) {
        return Err(Doubt::Signature);
    }
    // Authenticators that do not count always say zero.
    if (data.counter, counter) != (0, 0) && data.counter <= counter {
        return Err(Doubt::Counter);
    }
    Ok(data.counter)
}

/// Returns the bytes of the client data, which are signed, and what they say.
fn client_data(credential: &Value) -> Result<(Vec<u8>, Value), Doubt> {
    if credential["type"] != "public-key" {
        return Err(Doubt::Malformed);
    }
    let raw = bytes(&credential["response"]["clientDataJSON"])?;
    let client: Value = serde_json::from_slice(&raw).map_err(|_| Doubt::Malformed)?;
    if client.is_object() { Ok((raw, client)) } else { Err(Doubt::Malformed) }
}

fn check_client(client: &Value, ceremony: &str, expected: &Expected<'_>) -> Result<(), Doubt> {
    if client["type"] != ceremony {
        return Err(Doubt::Malformed);
    }
    if client["challenge"] != expected.challenge {
        return Err(Doubt::Challenge);
    }
    let origin = client["origin"].as_str().ok_or(Doubt::Malformed)?;
    if belongs(origin, expected.relying_party) { Ok(()) } else { Err(Doubt::Origin) }
}

/// Tells whether an origin may use a relying party id: its host is that domain or one below it.
fn belongs(origin: &str, relying_party: &str) -> bool {
    let local = origin.strip_prefix("http://").filter(|_| relying_party == "localhost");
    let Some(authority) = origin.strip_prefix("https://").or(local) else { return false };
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    if !host.chars().all(named) || !port.chars().all(|c| c.is_ascii_digit()) {
        return false;
    }
    let below = host.strip_suffix(relying_party).is_some_and(|start| start.ends_with('.'));
    host == relying_party || below
}

fn bytes(text: &Value) -> Result<Vec<u8>, Doubt> {
    text.as_str().and_then(decode).ok_or(Doubt::Malformed)
}

/// What an authenticator says under its signature.
struct AuthenticatorData<'a> {
    relying_party: &'a [u8],
    flags: u8,
    counter: u32,
    rest: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Doubt> {
        let (relying_party, bytes) = bytes.split_at_checked(32).ok_or(Doubt::Malformed)?;
        let (head, rest) = bytes.split_first_chunk::<5>().ok_or(Doubt::Malformed)?;
        let counter = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        Ok(Self { relying_party, flags: head[0], counter, rest })
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), Doubt> {
        if self.relying_party != sha256(expected.relying_party.as_bytes()) {
            return Err(Doubt::RelyingParty);
        }
        let asked = if expected.verification { PRESENT | VERIFIED } else { PRESENT };
        if self.flags & asked == asked { Ok(()) } else { Err(Doubt::User) }
    }

    /// Returns id and key of the credential that is attested.
    fn credential(&self) -> Result<(Vec<u8>, PublicKey), Doubt> {
        if self.flags & ATTESTED == 0 {
            return Err(Doubt::Malformed);
        }
        // Sixteen bytes name the authenticator's model, two the length of the id.
        let (head, rest) = self.rest.split_first_chunk::<18>().ok_or(Doubt::Malformed)?;
        let length = usize::from(u16::from_be_bytes([head[16], head[17]]));
        let (id, mut rest) = rest.split_at_checked(length).ok_or(Doubt::Malformed)?;
        if !(1..=1023).contains(&length) {
            return Err(Doubt::Malformed);
        }
        let key: ciborium::Value =
            ciborium::from_reader(&mut rest).map_err(|_| Doubt::Malformed)?;
        let key = PublicKey::read(&key).map_err(|useless| match useless {
            Useless::Malformed => Doubt::Malformed,
            Useless::Unsupported => Doubt::Unsupported,
        })?;
        Ok((id.to_vec(), key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(origin: &str, relying_party: &str, expected: bool) {
        assert_eq!(belongs(origin, relying_party), expected, "{origin}");
    }

    #[test]
    fn origins_belong_to_their_domain() {
        check("https://example.com", "example.com", true);
        check("https://auth.example.com:8443", "example.com", true);
        check("https://badexample.com", "example.com", false);
        check("https://example.com.evil.test", "example.com", false);
        check("https://evil.test/.example.com", "example.com", false);
        check("http://example.com", "example.com", false);
        check("http://localhost:3000", "localhost", true);
        check("", "example.com", false);
        for authority in [
            "evil.test#.example.com",
            "evil.test?.example.com",
            "evil.test\\.example.com",
            "user@.example.com",
            "example.com:x@evil.test",
            "example.com:443/x",
            "\u{e9}.example.com",
        ] {
            check(&format!("https://{authority}"), "example.com", false);
        }
    }
}
