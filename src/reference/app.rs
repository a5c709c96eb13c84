//! The app client behind a call: its secret, its flows, what it hides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value;

use super::state::{Client, User, UserPool};
use super::{Context, Fault, Input};

/// An app client and the pool it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct App {
    /// Id of the pool.
    pub(super) pool_id: String,
    /// The client.
    pub(super) client: Client,
}

impl Context<'_> {
    /// Returns the app whose client the member `ClientId` names.
    pub(super) fn app(&mut self, input: &Input) -> Result<App, Fault> {
        self.app_by_id(input.text("ClientId"))
    }

    /// Returns the app whose client has this id.
    pub(super) fn app_by_id(&mut self, client_id: &str) -> Result<App, Fault> {
        let pool = self.pool_of_client(client_id)?;
        let app = App { pool_id: pool.id.clone(), client: pool.client(client_id)?.clone() };
        self.functions.client = Some(app.client.id.clone());
        Ok(app)
    }

    /// Returns the app that `ClientId` names within the pool that `UserPoolId` names.
    pub(super) fn admin_app(&mut self, input: &Input) -> Result<App, Fault> {
        let pool = self.pool(input)?;
        let client = pool.client(input.text("ClientId"))?.clone();
        let app = App { pool_id: pool.id.clone(), client };
        self.functions.client = Some(app.client.id.clone());
        Ok(app)
    }

    /// Returns a user by pool id and key.
    ///
    /// The key comes from the state itself, within one call.
    pub(super) fn user_at(&mut self, pool_id: &str, key: &str) -> Result<&mut User, Fault> {
        let pool = self.pool_by_id(pool_id)?;
        pool.users.get_mut(key).ok_or_else(|| Fault::rule("user-not-found"))
    }
}

impl App {
    /// Returns the client's pool.
    pub(super) fn pool<'a>(&self, context: &'a mut Context<'_>) -> Result<&'a mut UserPool, Fault> {
        context.pool_by_id(&self.pool_id)
    }

    /// Tells whether the client hides which users exist.
    pub(super) fn hides_users(&self) -> bool {
        self.client.settings.get("PreventUserExistenceErrors") == Some(&Value::from("ENABLED"))
    }

    /// Checks the secret hash of a call about `username`; clients without a secret need none.
    ///
    /// Source: developer guide, computing secret hash values.
    pub(super) fn check_secret_hash(
        &self,
        username: &str,
        given: Option<&str>,
    ) -> Result<(), Fault> {
        if !self.client.has_secret() {
            return Ok(());
        }
        let fault = |id| Fault::rule(id).with("id", self.client.id.as_str());
        let given = given.ok_or_else(|| fault("secret-hash-missing"))?;
        let right = |secret: &str| secret_hash(secret, username, &self.client.id) == given;
        if self.client.any_secret(right) { Ok(()) } else { Err(fault("secret-hash-wrong")) }
    }

    /// Checks a client secret that is sent as it is; clients without a secret need none.
    ///
    /// `rules` speak when it is missing and when it is wrong.
    pub(super) fn check_secret(
        &self,
        given: Option<&str>,
        rules: [&'static str; 2],
    ) -> Result<(), Fault> {
        if !self.client.has_secret() {
            return Ok(());
        }
        let fault = |id| Fault::rule(id).with("id", self.client.id.as_str());
        let given = given.ok_or_else(|| fault(rules[0]))?;
        let right = |secret: &str| secret == given;
        if self.client.any_secret(right) { Ok(()) } else { Err(fault(rules[1])) }
    }

    /// Tells whether the client may use one of these values of `ExplicitAuthFlows`.
    ///
    /// A client that lists none allows refresh, SRP and custom authentication; so does one that
    /// lists only values of the older kind (without `ALLOW_`), save `CUSTOM_AUTH_FLOW_ONLY`.
    pub(super) fn allows(&self, values: &[&str]) -> bool {
        let listed = self.client.settings.get("ExplicitAuthFlows").and_then(Value::as_array);
        let listed: Vec<&str> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
        let lists = |value: &str| listed.contains(&value);
        let implied = !listed.iter().any(|value| value.starts_with("ALLOW_"))
            && !lists("CUSTOM_AUTH_FLOW_ONLY")
            && values.iter().any(|value| IMPLIED.contains(value));
        implied || values.iter().any(|value| lists(value))
    }

    /// Returns a validity setting in seconds.
    pub(super) fn validity_secs(&self, token: &str, usual_unit: &str, usual: u64) -> u64 {
        let settings = &self.client.settings;
        let amount = settings.get(&format!("{token}Validity")).and_then(Value::as_u64);
        let unit = settings.get("TokenValidityUnits").and_then(|units| units.get(token)?.as_str());
        let unit_secs = match unit.unwrap_or(usual_unit) {
            "seconds" => 1,
            "minutes" => 60,
            "hours" => 3600,
            _ => 86_400,
        };
        // Zero stands for the default (API reference, RefreshTokenValidity).
        amount.filter(|amount| *amount > 0).map_or(usual, |amount| amount * unit_secs)
    }

    /// Returns how long a challenge may wait for its answer, in milliseconds.
    pub(super) fn session_millis(&self) -> u64 {
        let minutes = self.client.settings.get("AuthSessionValidity").and_then(Value::as_u64);
        minutes.unwrap_or(3) * 60_000
    }
}

/// Flows a client has that lists none of the newer values.
const IMPLIED: [&str; 3] = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"];

/// Returns the `SECRET_HASH` of a username: base64 of HMAC-SHA256, keyed with the client secret,
/// of username and client id.
pub(crate) fn secret_hash(secret: &str, username: &str, client_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{username}{client_id}").as_bytes()))
}
