//! What an identity is good for: AWS credentials and OpenID Connect tokens.
//!
//! The credentials are made up: they look like the service's and open nothing.

use serde_json::{Value, json};

use super::identity_logins::{Login, Proof};
use super::identity_tokens::Token;
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetCredentialsForIdentity", get_credentials), ("GetOpenIdToken", get_open_id_token)];

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Milliseconds that credentials of the enhanced flow last.
///
/// Source: developer guide, identity pools authentication flow.
const HOUR: u64 = 3_600_000;

/// Seconds that a token of `GetOpenIdToken` lasts (API reference, GetOpenIdToken).
const TOKEN_SECS: u64 = 600;

fn get_credentials(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool_id = context.pool_of_identity(input)?.id.clone();
    let proof = context.prove(&pool_id, input)?;
    let (id, now) = (input.text("IdentityId"), context.now);
    let pool = context.identity_pool_by_id(&pool_id)?;
    pool.check_access(id, &proof)?;
    // Only IAM could tell by the credentials which role it is: they need one all the same.
    pool.role_for(&proof, input.opt_text("CustomRoleArn"))?;
    pool.link(id, proof.logins, now);
    let credentials = json!({
        "AccessKeyId": format!("ASIA{}", context.draw(16, UPPER)),
        "SecretKey": context.draw(40, BASE64),
        "SessionToken": format!("IQoJb3JpZ2luX2Vj{}", context.draw(816, BASE64)),
        "Expiration": timestamp(now + HOUR),
    });
    Ok(Some(json!({"IdentityId": id, "Credentials": credentials})))
}

fn get_open_id_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool_of_identity(input)?;
    let pool_id = pool.id.clone();
    // A pool that does not say so does not allow it (observed, aws/aws-cli issue 7652).
    if pool.settings.get("AllowClassicFlow") != Some(&Value::Bool(true)) {
        return Err(Fault::rule("classic-flow-disabled"));
    }
    let proof = context.prove(&pool_id, input)?;
    let (id, now) = (input.text("IdentityId"), context.now);
    let pool = context.identity_pool_by_id(&pool_id)?;
    pool.check_access(id, &proof)?;
    let amr = methods(&proof);
    pool.link(id, proof.logins, now);
    let token = Token { identity_id: id, amr, valid_secs: TOKEN_SECS, tags: None };
    Ok(Some(json!({"IdentityId": id, "Token": token.issue(pool, now)})))
}

/// Returns the claim `amr`: whether somebody is a guest, else at which providers they signed in.
///
/// Source: developer guide, role trust and permissions; the form of the providers is that of
/// `cognitoAuthenticationProvider` in Lambda's and API Gateway's contexts.
fn methods(proof: &Proof) -> Vec<String> {
    if proof.is_anonymous() {
        return vec!["unauthenticated".into()];
    }
    let earlier = proof.cognito.as_ref().and_then(|claims| claims["amr"].as_array());
    let earlier = earlier.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let mut methods: Vec<String> = earlier.collect();
    if methods.is_empty() {
        methods.push("authenticated".into());
    }
    for Login { provider, subject, .. } in &proof.logins {
        methods.extend([provider.clone(), format!("{provider}:CognitoSignIn:{subject}")]);
    }
    methods
}
