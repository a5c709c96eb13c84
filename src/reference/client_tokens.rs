//! Access tokens that an app client gets for itself: `GetClientToken`.

use serde_json::{Value, json};

use super::app::App;
use super::signing::{self, Use, issuer};
use super::state::UserPool;
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[("GetClientToken", get_client_token)];

fn get_client_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    if !app.allows(&["ALLOW_CLIENT_TOKEN_AUTH"]) {
        return Err(Fault::rule("client-token-flow-disabled"));
    }
    let given = input.text("Secret");
    if !app.client.any_secret(|secret| secret == given) {
        return Err(Fault::rule("client-token-secret-wrong"));
    }
    let scopes = scopes(app.pool(context)?, &app, input)?;
    let (token, lasts) = context.client_token(&app, &scopes);
    let result = json!({"AccessToken": token, "ExpiresIn": lasts, "TokenType": "Bearer"});
    Ok(Some(json!({"ClientAuthenticationResult": result})))
}

impl Context<'_> {
    /// Returns a client's own access token, its signature still to come, and for how many seconds
    /// it lasts: what `GetClientToken` and the grant `client_credentials` give.
    pub(super) fn client_token(&mut self, app: &App, scopes: &[String]) -> (String, u64) {
        let now_secs = self.now / 1000;
        let lasts = app.validity_secs("AccessToken", "hours", 3600);
        let claims = json!({
            "iss": issuer(&app.pool_id),
            "sub": app.client.id,
            "client_id": app.client.id,
            "token_use": Use::Access.name(),
            "scope": scopes.join(" "),
            "auth_time": now_secs,
            "iat": now_secs,
            "exp": now_secs + lasts,
            "version": 2,
            "jti": self.uuid(),
        });
        (signing::defer(&app.pool_id, Use::Access, &claims), lasts)
    }
}

/// Returns the scopes to grant: those asked for, or all the client's custom ones.
///
/// Asking for one that the client does not have is refused (developer guide, about resource
/// servers).
fn scopes(pool: &UserPool, app: &App, input: &Input) -> Result<Vec<String>, Fault> {
    let own = app.custom_scopes(pool);
    let asked: Vec<String> = input.texts("Scopes").map(str::to_owned).collect();
    if let Some(scope) = asked.iter().find(|scope| !own.contains(scope)) {
        return Err(Fault::rule("client-token-scope").with("scope", scope.as_str()));
    }
    Ok(if asked.is_empty() { own } else { asked })
}

impl App {
    /// Returns the scopes that the client may have of the resource servers that `pool` has: one
    /// that is deleted stays in the client's settings, and grants nothing.
    pub(super) fn custom_scopes(&self, pool: &UserPool) -> Vec<String> {
        let listed = self.client.settings.get("AllowedOAuthScopes").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        listed.filter(|scope| pool.has_scope(scope)).map(str::to_owned).collect()
    }
}
