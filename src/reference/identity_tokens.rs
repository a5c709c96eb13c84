//! The OpenID Connect tokens of identity pools: RS512 JWTs of one issuer for every pool.
//!
//! The form is the service's: header `{"kid": "us-east-11", "typ": "JWS", "alg": "RS512"}` and the
//! claims below (observed, aws/aws-sdk-net issue 420).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA512, UnparsedPublicKey};
use serde_json::{Value, json};

use super::signing::{Doubt, Manner, claims, identity_key, is_ours, sign_within_process};
use super::state::{IdentityPool, Millis};
use super::{ACCOUNT, REGION};

/// Name of the service as a login provider; its `https://` address is the issuer.
pub(super) const PROVIDER: &str = "cognito-identity.amazonaws.com";

/// A token to be.
pub(super) struct Token<'a> {
    /// Whose identity it is about.
    pub(super) identity_id: &'a str,
    /// How the caller showed who they are: `authenticated` or `unauthenticated`, then providers.
    pub(super) amr: Vec<String>,
    /// How long it is good for.
    pub(super) valid_secs: u64,
    /// Session tags, by name.
    pub(super) tags: Option<&'a Value>,
}

impl Token<'_> {
    /// Returns the JWT; its signature is added by [`complete`].
    pub(super) fn issue(self, pool: &IdentityPool, now: Millis) -> String {
        let now_secs = now / 1000;
        let mut claims = json!({
            "sub": self.identity_id,
            "aud": pool.id,
            "amr": self.amr,
            "iss": issuer(),
            identity_pool_arn_claim(): arn(&pool.id),
            "exp": now_secs + self.valid_secs,
            "iat": now_secs,
        });
        if let Some(tags) = self.tags.and_then(Value::as_object) {
            let listed = tags.iter().map(|(name, value)| (name.clone(), json!([value])));
            let tags: serde_json::Map<String, Value> = listed.collect();
            claims["https://aws.amazon.com/tags"] = json!({"principal_tags": tags});
        }
        let header = json!({"kid": kid(), "typ": "JWS", "alg": "RS512"});
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}{DEFERRED}", encode(&header), encode(&claims))
    }
}

/// Ends a token that waits for its signature; in no finished token.
const DEFERRED: char = '\0';

/// Signs the token of an answer that waits for it, see [`super::signing::defer`].
pub(super) fn complete(answer: &mut Value, manner: Manner) {
    let Some(Value::String(token)) = answer.get_mut("Token") else { return };
    let Some(signed) = token.strip_suffix(DEFERRED) else { return };
    if manner == Manner::WithinProcess {
        *token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign_within_process(signed)));
        return;
    }
    let key = identity_key();
    let mut signature = vec![0; key.public().modulus_len()];
    // The random source only blinds the computation; the signature does not depend on it.
    key.sign(&RSA_PKCS1_SHA512, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .expect("the buffer has the length of the modulus");
    *token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
}

/// Returns the claims of a token of the service's own issuer.
///
/// # Errors
/// Malformed: it is no token of this issuer. Forged: it is, but the signature is not ours.
pub(super) fn verified(token: &str) -> Result<Value, Doubt> {
    let claims = claims(token)?;
    if claims["iss"] != issuer() {
        return Err(Doubt::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Doubt::Malformed)?;
    let (header, _) = signed.split_once('.').ok_or(Doubt::Malformed)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| Doubt::Malformed)?;
    let header: Value = serde_json::from_slice(&header).map_err(|_| Doubt::Malformed)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Doubt::Forged)?;
    if header["alg"] != "RS512" || header["kid"] != kid() {
        return Err(Doubt::Forged);
    }
    if is_ours(signed, &signature) {
        return Ok(claims);
    }
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, identity_key().public());
    public.verify(signed.as_bytes(), &signature).map_err(|_| Doubt::Forged)?;
    Ok(claims)
}

/// Returns the key set that the service publishes at `/.well-known/jwks_uri` of its issuer.
pub(super) fn jwks() -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(identity_key().public());
    json!({"keys": [{
        "alg": "RS512",
        "e": URL_SAFE_NO_PAD.encode(&public.e),
        "kid": kid(),
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(&public.n),
        "use": "sig",
    }]})
}

/// Returns the OpenID configuration; the key set is served at `base_url`.
pub(super) fn openid_configuration(base_url: &str) -> Value {
    json!({
        "id_token_signing_alg_values_supported": ["RS512"],
        "issuer": issuer(),
        "jwks_uri": format!("{}/.well-known/jwks_uri", base_url.trim_end_matches('/')),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
    })
}

/// Returns the ARN of an identity pool.
pub(super) fn arn(pool_id: &str) -> String {
    format!("arn:aws:cognito-identity:{REGION}:{ACCOUNT}:identitypool/{pool_id}")
}

fn issuer() -> String {
    format!("https://{PROVIDER}")
}

fn identity_pool_arn_claim() -> String {
    format!("{}/identity-pool-arn", issuer())
}

/// The region and a number, as the service's are.
fn kid() -> String {
    format!("{REGION}1")
}
