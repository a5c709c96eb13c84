//! The key pairs that sign tokens, and the documents that publish them.
//!
//! `keys/*.der` are public test keys: anybody can sign with them, so nothing may ever trust what
//! they sign. They are committed because making a key takes longer than a whole run, and because
//! the same seed must give the same tokens. A pool uses one pair for ID tokens and one for
//! access tokens, as the service does.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::{Answer, Millis, REGION, identity_tokens};

static KEYS: LazyLock<[KeyPair; 4]> = LazyLock::new(|| {
    [
        read(include_bytes!("keys/1.der")),
        read(include_bytes!("keys/2.der")),
        read(include_bytes!("keys/3.der")),
        read(include_bytes!("keys/4.der")),
    ]
});

fn read(der: &[u8]) -> KeyPair {
    KeyPair::from_pkcs8(der).expect("the committed keys are PKCS#8")
}

/// What a token is for; each use has a key of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// ID tokens.
    Id,
    /// Access tokens.
    Access,
}

impl Use {
    /// Returns the value of the claim `token_use`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Access => "access",
        }
    }

    fn key(self, pool_id: &str) -> &'static KeyPair {
        let pair = usize::from(digest(&SHA256, pool_id.as_bytes()).as_ref()[0] & 1) * 2;
        &KEYS[pair + usize::from(self == Self::Access)]
    }

    /// Returns the key id: 32 bytes in base64, as the service's look.
    fn kid(self, pool_id: &str) -> String {
        STANDARD.encode(digest(&SHA256, format!("{pool_id}/{}", self.name()).as_bytes()))
    }
}

/// Returns the key pair that signs the tokens of every identity pool.
pub(super) fn identity_key() -> &'static KeyPair {
    &KEYS[0]
}

/// Returns the `iss` claim of a pool's tokens.
pub(crate) fn issuer(pool_id: &str) -> String {
    format!("https://cognito-idp.{REGION}.amazonaws.com/{pool_id}")
}

/// Returns a JWT with these claims.
#[cfg(test)]
pub(super) fn sign(pool_id: &str, token_use: Use, claims: &Value) -> String {
    seal(&to_be_signed(pool_id, token_use, claims), pool_id, token_use, Manner::Published)
}

/// Returns a JWT whose signature [`complete`] adds.
///
/// Signing is the dearest part of a call by far and needs no state: the server does it when it
/// has let go of the reference, so that sign-ins at the same time use every core.
pub(super) fn defer(pool_id: &str, token_use: Use, claims: &Value) -> String {
    let signed = to_be_signed(pool_id, token_use, claims);
    format!("{signed}{DEFERRED}{pool_id}{DEFERRED}{}", token_use.name())
}

/// Stands between the parts of a token that waits for its signature; in no finished token.
const DEFERRED: char = '\0';

/// Where an answer carries tokens.
const PLACES: [&str; 6] = [
    "/AuthenticationResult/AccessToken",
    "/AuthenticationResult/IdToken",
    "/ClientAuthenticationResult/AccessToken",
    "/IssuedToken",
    "/access_token",
    "/id_token",
];

/// How tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    /// As anybody can verify by the published keys.
    #[default]
    Published,
    /// As this process alone can verify, at a hundredth of the cost.
    WithinProcess,
}

/// Key of the signatures that no other process can make or verify.
static OURS: LazyLock<hmac::Key> = LazyLock::new(|| {
    hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).expect("the system has randomness")
});

/// Returns a signature that [`is_ours`] alone believes.
pub(super) fn sign_within_process(signed: &str) -> Vec<u8> {
    hmac::sign(&OURS, signed.as_bytes()).as_ref().to_vec()
}

/// Tells whether this process signed a text for itself.
pub(super) fn is_ours(signed: &str, signature: &[u8]) -> bool {
    hmac::verify(&OURS, signed.as_bytes(), signature).is_ok()
}

/// Signs the tokens of an answer that wait for it.
pub(super) fn complete(mut answer: Answer, manner: Manner) -> Answer {
    if let Ok(Some(output)) = &mut answer {
        complete_output(output, manner);
    }
    answer
}

/// Signs the tokens that wait for it, of an operation's answer or of an OAuth endpoint's.
pub(super) fn complete_output(answer: &mut Value, manner: Manner) {
    identity_tokens::complete(answer, manner);
    for place in PLACES {
        let Some(Value::String(token)) = answer.pointer_mut(place) else { continue };
        let mut parts = token.split(DEFERRED);
        if let (Some(signed), Some(pool_id), Some(token_use)) =
            (parts.next(), parts.next(), parts.next())
        {
            let token_use = if token_use == Use::Id.name() { Use::Id } else { Use::Access };
            *token = seal(signed, pool_id, token_use, manner);
        }
    }
}

fn to_be_signed(pool_id: &str, token_use: Use, claims: &Value) -> String {
    let header = json!({"kid": token_use.kid(pool_id), "alg": "RS256"});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", encode(&header), encode(claims))
}

fn seal(signed: &str, pool_id: &str, token_use: Use, manner: Manner) -> String {
    if manner == Manner::WithinProcess {
        return format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign_within_process(signed)));
    }
    let key = token_use.key(pool_id);
    let mut signature = vec![0; key.public().modulus_len()];
    // The random source only blinds the computation; the signature does not depend on it.
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("the buffer has the length of the modulus");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Why a token cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is no JWT with a JSON object as its claims.
    Malformed,
    /// The signature is not the pool's.
    Forged,
}

/// Returns the claims of a token without believing them.
pub(super) fn claims(token: &str) -> Result<Value, Doubt> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Doubt::Malformed);
    };
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Doubt::Malformed)?;
    let claims: Value = serde_json::from_slice(&bytes).map_err(|_| Doubt::Malformed)?;
    claims.is_object().then_some(claims).ok_or(Doubt::Malformed)
}

/// Tells whether the claims' time is over; claims without one were never good.
pub(super) fn is_expired(claims: &Value, now: Millis) -> bool {
    claims["exp"].as_u64().unwrap_or(0) <= now / 1000
}

/// Returns the sign-in that a token's claims belong to; empty where they belong to none.
///
/// Tokens of clients that do not revoke have no `origin_jti`: there, the event stands for it.
pub(super) fn sign_in_id(claims: &Value) -> &str {
    let text = |name: &str| claims[name].as_str().filter(|text| !text.is_empty());
    text("origin_jti").or_else(|| text("event_id")).unwrap_or_default()
}

/// Checks that the pool signed the token for this use.
pub(super) fn verify(pool_id: &str, token_use: Use, token: &str) -> Result<(), Doubt> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Doubt::Malformed)?;
    let (header, _) = signed.split_once('.').ok_or(Doubt::Malformed)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Doubt::Malformed)?;
    let header: Value = serde_json::from_slice(&header).map_err(|_| Doubt::Malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Doubt::Forged)?;
    if header["alg"] != "RS256" || header["kid"] != token_use.kid(pool_id) {
        return Err(Doubt::Forged);
    }
    if is_ours(signed, &signature) {
        return Ok(());
    }
    let public =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, token_use.key(pool_id).public());
    public.verify(signed.as_bytes(), &signature).map_err(|_| Doubt::Forged)
}

/// Returns a pool's key set: exactly two keys, for ID and for access tokens.
///
/// Source: observed, http4k/http4k CognitoContract ("can load well known keys").
pub(crate) fn jwks(pool_id: &str) -> Value {
    let key = |token_use: Use| {
        let public = PublicKeyComponents::<Vec<u8>>::from(token_use.key(pool_id).public());
        json!({
            "alg": "RS256",
            "e": URL_SAFE_NO_PAD.encode(&public.e),
            "kid": token_use.kid(pool_id),
            "kty": "RSA",
            "n": URL_SAFE_NO_PAD.encode(&public.n),
            "use": "sig",
        })
    };
    json!({"keys": [key(Use::Id), key(Use::Access)]})
}

/// Returns the certificate of a pool's key for ID tokens, in base64 without PEM headers.
pub(super) fn certificate(pool_id: &str) -> String {
    let certificates: [&[u8]; 2] = [include_bytes!("keys/1.crt"), include_bytes!("keys/3.crt")];
    let first = std::ptr::eq(Use::Id.key(pool_id), &KEYS[0]);
    STANDARD.encode(certificates[usize::from(!first)])
}

/// Returns a pool's OpenID configuration; the key set is served at `base_url`.
///
/// `issuer` stays the service's, so that a token's `iss` matches whatever address serves it.
pub(crate) fn openid_configuration(pool_id: &str, base_url: &str) -> Value {
    let base_url = base_url.trim_end_matches('/');
    json!({
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer(pool_id),
        "jwks_uri": format!("{base_url}/{pool_id}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{base_url}/oauth2/revoke"),
        "token_endpoint": format!("{base_url}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{base_url}/oauth2/userInfo"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "us-east-1_aaaaaaaaa";

    #[track_caller]
    fn check(
        pool_id: &str,
        token_use: Use,
        change: impl Fn(String) -> String,
        expected: Result<(), Doubt>,
    ) {
        let token = change(sign(POOL, Use::Access, &json!({"sub": "x"})));
        assert_eq!(claims(&token).and_then(|_| verify(pool_id, token_use, &token)), expected);
    }

    #[test]
    fn a_token_is_good_until_the_second_it_ends() {
        for (exp, now, over) in [
            (json!(5), 4999, false),
            (json!(5), 5000, true),
            (json!(u64::MAX), u64::MAX, false),
            (json!("5"), 0, true),
            (json!(null), 0, true),
        ] {
            assert_eq!(is_expired(&json!({"exp": exp}), now), over);
        }
    }

    #[test]
    fn only_the_pools_own_signature_is_believed() {
        check(POOL, Use::Access, |token| token, Ok(()));
        check(POOL, Use::Id, |token| token, Err(Doubt::Forged));
        for other in ["us-east-1_bbbbbbbbb", "us-east-1_ccccccccc", "us-east-1_ddddddddd", ""] {
            check(other, Use::Access, |token| token, Err(Doubt::Forged));
        }
        let garbled = |token: String| token.replace('.', "A.");
        check(POOL, Use::Access, garbled, Err(Doubt::Malformed));
        check(POOL, Use::Access, |token| token[..token.len() - 6].into(), Err(Doubt::Forged));
        for odd in
            ["", ".", "..", "...", "a.b.c", "e30.e30.", "e30.W10.e30", "\u{e9}.\u{e9}.\u{e9}"]
        {
            check(
                POOL,
                Use::Access,
                |_| odd.into(),
                if odd == "e30.e30." { Err(Doubt::Forged) } else { Err(Doubt::Malformed) },
            );
        }
    }

    #[test]
    fn what_this_process_signs_for_itself_is_believed_as_it_is_only() {
        let signed = to_be_signed(POOL, Use::Access, &json!({"sub": "x"}));
        let token = seal(&signed, POOL, Use::Access, Manner::WithinProcess);
        assert_eq!(verify(POOL, Use::Access, &token), Ok(()));
        assert_eq!(verify(POOL, Use::Id, &token), Err(Doubt::Forged));
        let other = to_be_signed(POOL, Use::Access, &json!({"sub": "y"}));
        let forged = token.replace(&signed, &other);
        assert_eq!(verify(POOL, Use::Access, &forged), Err(Doubt::Forged));
    }

    #[test]
    fn the_key_set_names_two_keys_and_each_token_one_of_them() {
        let keys = jwks(POOL);
        let kids: Vec<_> =
            keys["keys"].as_array().into_iter().flatten().map(|k| &k["kid"]).collect();
        assert_eq!(kids.len(), 2);
        assert_ne!(kids[0], kids[1]);
        assert_ne!(keys["keys"][0]["n"], keys["keys"][1]["n"]);
        assert_eq!(kids[1], &json!(Use::Access.kid(POOL)));
    }
}
