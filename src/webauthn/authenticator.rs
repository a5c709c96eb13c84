//! A browser with a passkey, in software: it answers a relying party's options.
//!
//! Its credential ids follow from a seed and the challenge, and its key from the id, so that it
//! remembers nothing: what it registered it can use again. `keys/*.der` are public test keys;
//! making keys from a seed is beyond the library. A [`Manner`] makes it wrong in one way.

use std::str::FromStr;
use std::sync::LazyLock;

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Map, Value, json};

use super::cose::PublicKey;
use super::{ATTESTED, PRESENT, VERIFIED, decode, encode, sha256};

static ES256: LazyLock<[EcdsaKeyPair; 2]> = LazyLock::new(|| {
    [include_bytes!("keys/es256-1.der"), include_bytes!("keys/es256-2.der")].map(|der| {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &SystemRandom::new())
            .expect("the committed keys are PKCS#8")
    })
});

static RS256: LazyLock<RsaKeyPair> = LazyLock::new(|| {
    RsaKeyPair::from_pkcs8(include_bytes!("keys/rs256.der")).expect("the committed key is PKCS#8")
});

/// First byte of the ids of RSA passkeys; other ids start with zero.
const RSA_ID: u8 = 1;

/// How the authenticator behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// As it should.
    #[default]
    Right,
    /// As it should, with an RSA key.
    Rsa,
    /// Makes a key of a kind that nobody asked for.
    UnsupportedKey,
    /// Answers another challenge.
    OtherChallenge,
    /// Binds what it says to another relying party.
    OtherRelyingParty,
    /// Signs with another key.
    OtherKey,
    /// Does not verify the user.
    Unverified,
    /// Sends bytes that mean nothing.
    Garbled,
}

impl FromStr for Manner {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "right" => Self::Right,
            "rsa" => Self::Rsa,
            "unsupported-key" => Self::UnsupportedKey,
            "other-challenge" => Self::OtherChallenge,
            "other-relying-party" => Self::OtherRelyingParty,
            "other-key" => Self::OtherKey,
            "unverified" => Self::Unverified,
            "garbled" => Self::Garbled,
            _ => return Err(format!("an authenticator cannot be `{name}`")),
        })
    }
}

/// Returns a `RegistrationResponseJSON` to the options of a registration.
///
/// # Errors
/// The options lack a challenge or a relying party.
pub fn register(options: &Value, origin: &str, manner: Manner, seed: u64) -> Result<Value, String> {
    let options = read(options)?;
    let challenge = text(&options, "/challenge")?;
    let relying_party = text(&options, "/rp/id")?;
    let mut id = sha256(format!("passkey/{seed}/{challenge}").as_bytes());
    id[0] = u8::from(manner == Manner::Rsa) * RSA_ID;
    let mut data = said(relying_party, ATTESTED, manner);
    data.extend([0; 16]);
    data.extend([0, 32]);
    data.extend(id);
    let key = match manner {
        // An Ed25519 key: an octet key pair with EdDSA.
        Manner::UnsupportedKey => octet_key(),
        _ => public_key(&id).cose(),
    };
    write(&key, &mut data);
    let object = ciborium::Value::Map(vec![
        ("fmt".into(), "none".into()),
        ("attStmt".into(), ciborium::Value::Map(Vec::new())),
        ("authData".into(), ciborium::Value::Bytes(data)),
    ]);
    let mut attestation = Vec::new();
    write(&object, &mut attestation);
    if manner == Manner::Garbled {
        attestation.reverse();
    }
    let response = json!({
        "clientDataJSON": encode(client_data("webauthn.create", challenge, origin, manner).as_bytes()),
        "attestationObject": encode(&attestation),
        "transports": ["internal"],
    });
    Ok(credential(&encode(&id), response))
}

/// Returns an `AuthenticationResponseJSON` of a registered `passkey` to the options of a sign-in.
///
/// # Errors
/// The options lack a challenge or a relying party, or the passkey is none of ours.
pub fn assert(
    passkey: &Value,
    options: &Value,
    origin: &str,
    manner: Manner,
) -> Result<Value, String> {
    let options = read(options)?;
    let challenge = text(&options, "/challenge")?;
    let relying_party = text(&options, "/rpId")?;
    let name = text(passkey, "/id")?;
    let id = decode(name).filter(|id| !id.is_empty()).ok_or("the passkey has no id of ours")?;
    let data = said(relying_party, 0, manner);
    let client = client_data("webauthn.get", challenge, origin, manner);
    let message = [data.as_slice(), &sha256(client.as_bytes())].concat();
    let mut signature = sign(&id, &message, manner == Manner::OtherKey);
    if manner == Manner::Garbled {
        signature.reverse();
    }
    let response = json!({
        "clientDataJSON": encode(client.as_bytes()),
        "authenticatorData": encode(&data),
        "signature": encode(&signature),
    });
    Ok(credential(name, response))
}

/// Options come as JSON, or as JSON within a string.
fn read(options: &Value) -> Result<Value, String> {
    match options.as_str() {
        Some(text) => serde_json::from_str(text).map_err(|_| "the options are no JSON".into()),
        None => Ok(options.clone()),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.ok_or_else(|| format!("no text at `{pointer}`"))
}

fn credential(id: &str, response: Value) -> Value {
    json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "clientExtensionResults": Map::new(),
        "response": response,
    })
}

fn client_data(ceremony: &str, challenge: &str, origin: &str, manner: Manner) -> String {
    let challenge = match manner {
        Manner::OtherChallenge => encode(&sha256(challenge.as_bytes())),
        _ => challenge.to_owned(),
    };
    json!({"type": ceremony, "challenge": challenge, "origin": origin, "crossOrigin": false})
        .to_string()
}

/// Returns the authenticator data up to the counter, which stays zero.
fn said(relying_party: &str, more: u8, manner: Manner) -> Vec<u8> {
    let relying_party = match manner {
        Manner::OtherRelyingParty => "other.example.net",
        _ => relying_party,
    };
    let verified = if manner == Manner::Unverified { 0 } else { VERIFIED };
    let mut data = sha256(relying_party.as_bytes()).to_vec();
    data.push(PRESENT | verified | more);
    data.extend([0; 4]);
    data
}

fn public_key(id: &[u8]) -> PublicKey {
    if id[0] == RSA_ID {
        let PublicKeyComponents { n, e } = RS256.public().into();
        return PublicKey::Rs256 { n, e };
    }
    let mut point = [0; 65];
    point.copy_from_slice(pair(id, false).public_key().as_ref());
    let (mut x, mut y) = ([0; 32], [0; 32]);
    x.copy_from_slice(&point[1..33]);
    y.copy_from_slice(&point[33..]);
    PublicKey::Es256 { x, y }
}

/// Returns the key pair of an id, or the other one.
fn pair(id: &[u8], other: bool) -> &'static EcdsaKeyPair {
    &ES256[usize::from((id[id.len() - 1] & 1 == 1) != other)]
}

fn sign(id: &[u8], message: &[u8], other: bool) -> Vec<u8> {
    let random = SystemRandom::new();
    if id[0] == RSA_ID && !other {
        let mut signature = vec![0; RS256.public().modulus_len()];
        RS256
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .expect("the buffer has the length of the modulus");
        return signature;
    }
    let signature = pair(id, other).sign(&random, message);
    signature.expect("the system has randomness").as_ref().to_vec()
}

/// A key that is neither ES256 nor RS256: kty OKP, alg EdDSA, crv Ed25519.
fn octet_key() -> ciborium::Value {
    let entries: [(i64, ciborium::Value); 4] = [
        (1, 1.into()),
        (3, (-8).into()),
        (-1, 6.into()),
        (-2, ciborium::Value::Bytes(vec![7; 32])),
    ];
    ciborium::Value::Map(entries.into_iter().map(|(label, value)| (label.into(), value)).collect())
}

fn write(value: &ciborium::Value, bytes: &mut Vec<u8>) {
    ciborium::into_writer(value, bytes).expect("a vector takes all bytes");
}
