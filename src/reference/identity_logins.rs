//! What callers of an identity pool prove with the tokens in `Logins`.
//!
//! Tokens of the reference's own user pools and of the service itself are really verified. Those
//! of anybody else (Google, Facebook, any OpenID Connect provider) cannot be, without a network:
//! they are refused as tokens that do not verify. Which order the checks come in is ours, except
//! where a report shows the text for a token with two faults.

use serde_json::{Map, Value};

use super::identity_tokens::{self, PROVIDER};
use super::signing::{self, Doubt, Use};
use super::state::IdentityPool;
use super::{Context, Fault, Input, REGION};

/// Providers whose tokens are opaque to everybody but themselves.
const OPAQUE: [&str; 4] =
    ["graph.facebook.com", "www.amazon.com", "api.twitter.com", "www.digits.com"];

/// A login whose token was verified.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Login {
    /// Name of the provider, such as `cognito-idp.us-east-1.amazonaws.com/us-east-1_abcdefghi`.
    pub(super) provider: String,
    /// Who the provider says it is.
    pub(super) subject: String,
    /// Everything else the token says.
    pub(super) claims: Value,
}

/// What a caller proved.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Proof {
    /// Logins at providers.
    pub(super) logins: Vec<Login>,
    /// Claims of a token of the service itself, as `GetOpenIdTokenForDeveloperIdentity` gives.
    pub(super) cognito: Option<Value>,
}

impl Proof {
    /// Tells whether nothing was proved: a guest calls.
    pub(super) fn is_anonymous(&self) -> bool {
        self.logins.is_empty() && self.cognito.is_none()
    }
}

/// What an identity pool accepts, copied so that user pools can be asked meanwhile.
struct Trust {
    pool_id: String,
    settings: Map<String, Value>,
}

impl Context<'_> {
    /// Verifies the member `Logins` against the providers of an identity pool.
    pub(super) fn prove(&mut self, pool: &str, input: &Input) -> Result<Proof, Fault> {
        self.prove_all(pool, input.get("Logins").and_then(Value::as_object), None)
    }

    /// Verifies logins, save the one at the provider `except`.
    pub(super) fn prove_all(
        &mut self,
        pool: &str,
        logins: Option<&Map<String, Value>>,
        except: Option<&str>,
    ) -> Result<Proof, Fault> {
        let pool = self.identity_pool_by_id(pool)?;
        let trust = Trust { pool_id: pool.id.clone(), settings: pool.settings.clone() };
        let mut proof = Proof::default();
        for (provider, token) in logins.into_iter().flatten() {
            let token = token.as_str().unwrap_or_default();
            if except == Some(provider) {
                continue;
            }
            if provider == PROVIDER {
                proof.cognito = Some(self.cognito_token(&trust, token)?);
            } else {
                proof.logins.push(self.login(&trust, provider, token)?);
            }
        }
        Ok(proof)
    }

    fn cognito_token(&self, trust: &Trust, token: &str) -> Result<Value, Fault> {
        let claims = identity_tokens::verified(token).map_err(|doubt| match doubt {
            Doubt::Malformed => Fault::rule("login-token-not-of-cognito"),
            Doubt::Forged => Fault::rule("login-token-unverifiable"),
        })?;
        self.check_expiry(&claims)?;
        if claims["aud"] != trust.pool_id.as_str() {
            return Err(Fault::rule("login-provider-unsupported"));
        }
        Ok(claims)
    }

    fn login(&mut self, trust: &Trust, provider: &str, token: &str) -> Result<Login, Fault> {
        if trust.settings.get("DeveloperProviderName").is_some_and(|name| name == provider) {
            return Err(Fault::rule("login-provider-not-public"));
        }
        let known = trust.accepts(provider, None).is_some();
        if !known && !provider.starts_with("cognito-idp.") {
            return Err(Fault::rule("login-provider-unknown"));
        }
        if OPAQUE.contains(&provider) {
            return Err(Fault::rule("foreign-login-unverifiable"));
        }
        let malformed = if known { "login-token-malformed" } else { "login-provider-unknown" };
        let claims = signing::claims(token).map_err(|_| Fault::rule(malformed))?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let issuer = text("iss");
        if issuer.strip_prefix("https://").unwrap_or(issuer) != provider {
            return Err(Fault::rule("login-issuer-mismatch"));
        }
        let audience = claims["aud"].as_str();
        let audience = audience.ok_or_else(|| Fault::rule("login-audience-missing"))?;
        let accepted = trust.accepts(provider, Some(audience));
        let accepted = accepted.ok_or_else(|| Fault::rule("login-provider-unsupported"))?;
        // Anybody else's keys are out of reach.
        let user_pool = provider.strip_prefix(&format!("cognito-idp.{REGION}.amazonaws.com/"));
        let user_pool = user_pool.filter(|id| self.pool_by_id(id).is_ok());
        let user_pool = user_pool.ok_or_else(|| Fault::rule("login-token-unverifiable"))?;
        signing::verify(user_pool, Use::Id, token)
            .map_err(|_| Fault::rule("login-token-unverifiable"))?;
        self.check_expiry(&claims)?;
        if accepted == Accepted::IfSignedIn {
            self.check_signed_in(user_pool, &claims)?;
        }
        Ok(Login { provider: provider.into(), subject: text("sub").into(), claims })
    }

    fn check_expiry(&self, claims: &Value) -> Result<(), Fault> {
        let (now, exp) = (self.now / 1000, claims["exp"].as_u64().unwrap_or(0));
        if exp > now {
            return Ok(());
        }
        let fault = Fault::rule("login-token-expired");
        Err(fault.with("now", now.to_string()).with("exp", exp.to_string()))
    }

    /// Asks the user pool whether the user is still signed in.
    fn check_signed_in(&mut self, user_pool: &str, claims: &Value) -> Result<(), Fault> {
        let pool = self.pool_by_id(user_pool)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let user = pool.users.values().find(|user| user.sub == text("sub"));
        let sign_in = pool.sessions.get(signing::sign_in_id(claims));
        match (user, sign_in) {
            (Some(user), _) if !user.enabled => Err(Fault::rule("login-user-disabled")),
            (Some(_), Some(sign_in)) if !sign_in.revoked => Ok(()),
            _ => Err(Fault::rule("login-user-signed-out")),
        }
    }
}

/// On what condition an identity pool accepts a verified token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepted {
    /// None.
    Always,
    /// Its user has not been signed out or deleted (`ServerSideTokenCheck`).
    IfSignedIn,
}

impl Trust {
    /// Returns whether a provider is configured, for this audience if one is given.
    fn accepts(&self, provider: &str, audience: Option<&str>) -> Option<Accepted> {
        let list = |name: &str| self.settings.get(name).and_then(Value::as_array);
        let user_pools = list("CognitoIdentityProviders").into_iter().flatten();
        let fits = |p: &&Value| {
            p["ProviderName"] == provider && audience.is_none_or(|aud| p["ClientId"] == aud)
        };
        if let Some(user_pool) = user_pools.clone().find(fits) {
            let checks = user_pool["ServerSideTokenCheck"] == true;
            return Some(if checks { Accepted::IfSignedIn } else { Accepted::Always });
        }
        let public = self.settings.get("SupportedLoginProviders").and_then(|p| p.get(provider));
        let public = public.and_then(Value::as_str);
        // One provider may have several application ids.
        let public = public.is_some_and(|ids| {
            audience.is_none_or(|audience| ids.split(';').any(|id| id == audience))
        });
        let arns =
            list("OpenIdConnectProviderARNs").into_iter().flatten().filter_map(Value::as_str);
        let mut oidc = arns.filter_map(|arn| arn.split_once(":oidc-provider/"));
        (public || oidc.any(|(_, name)| name == provider)).then_some(Accepted::Always)
    }
}

impl IdentityPool {
    /// Tells whether identities without logins get anything.
    pub(super) fn allows_guests(&self) -> bool {
        self.settings.get("AllowUnauthenticatedIdentities") == Some(&Value::Bool(true))
    }

    /// Returns the name under which the developer's own users are known, if there is one.
    pub(super) fn developer_provider(&self) -> Option<&str> {
        self.settings.get("DeveloperProviderName")?.as_str()
    }
}
