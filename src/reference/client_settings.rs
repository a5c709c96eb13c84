//! What an app client's settings must keep, and their defaults.

use serde_json::{Map, Value, json};

use super::Fault;
use super::state::UserPool;
use super::tiers::Tier;

/// Members of the inputs that are no settings.
const OTHERS: [&str; 4] = ["UserPoolId", "ClientId", "ClientSecret", "GenerateSecret"];

/// Scopes that every pool knows.
const SCOPES: [&str; 5] = ["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"];

/// Attributes that only the service writes.
const UNWRITABLE: [&str; 3] = ["sub", "email_verified", "phone_number_verified"];

/// Returns the settings that the caller set, over the documented defaults.
///
/// `PreventUserExistenceErrors`, the flows and the attribute lists stay absent when omitted.
pub(super) fn filled(input: &Map<String, Value>) -> Map<String, Value> {
    let mut settings = input.clone();
    settings.retain(|name, _| !OTHERS.contains(&name.as_str()));
    // Zero means the default.
    if settings.get("RefreshTokenValidity").is_some_and(|days| days == 0) {
        settings.remove("RefreshTokenValidity");
    }
    let unit = settings.get("TokenValidityUnits").and_then(|units| units.get("RefreshToken"));
    let unit_secs = seconds(1, unit.and_then(Value::as_str).unwrap_or("days"));
    let defaults = [
        ("RefreshTokenValidity", json!(30 * 86_400 / unit_secs)),
        ("AllowedOAuthFlowsUserPoolClient", json!(false)),
        ("EnableTokenRevocation", json!(true)),
        ("EnablePropagateAdditionalUserContextData", json!(false)),
        ("AuthSessionValidity", json!(3)),
    ];
    for (name, default) in defaults {
        settings.entry(name).or_insert(default);
    }
    settings
}

/// What is being done to a client: the messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// `CreateUserPoolClient`.
    Creating,
    /// `UpdateUserPoolClient`.
    Updating,
}

/// Checks settings that are about to take effect.
///
/// # Errors
/// A combination of members is refused.
pub(super) fn check(
    pool: &UserPool,
    settings: &Map<String, Value>,
    has_secret: bool,
    doing: Doing,
) -> Result<(), Fault> {
    check_flows(settings)?;
    if texts(settings, "ExplicitAuthFlows").any(|flow| flow == "ALLOW_USER_AUTH") {
        pool.needs_tier(Tier::Essentials, "client-tier-lacks-choice")?;
    }
    check_validity(settings)?;
    check_attributes(pool, settings, doing)?;
    check_oauth(pool, settings, has_secret)?;
    check_urls(settings)?;
    let mut providers = texts(settings, "SupportedIdentityProviders");
    let known = |name: &&str| *name == "COGNITO" || pool.identity_providers.contains_key(*name);
    if let Some(provider) = providers.find(|name| !known(name)) {
        let fault = Fault::rule("client-unknown-provider").with("provider", provider);
        return Err(fault.with("pool", &pool.id));
    }
    let propagates = settings.get("EnablePropagateAdditionalUserContextData");
    if propagates == Some(&Value::Bool(true)) && !has_secret {
        return Err(Fault::rule("client-propagate-needs-secret"));
    }
    Ok(())
}

fn texts<'a>(settings: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    settings.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn check_flows(settings: &Map<String, Value>) -> Result<(), Fault> {
    let new =
        texts(settings, "ExplicitAuthFlows").filter(|flow| flow.starts_with("ALLOW_")).count();
    if new > 0 && new < texts(settings, "ExplicitAuthFlows").count() {
        return Err(Fault::rule("client-flows-old-and-new"));
    }
    let machine =
        texts(settings, "ExplicitAuthFlows").any(|flow| flow == "ALLOW_CLIENT_TOKEN_AUTH");
    if machine && texts(settings, "ExplicitAuthFlows").count() > 1 {
        return Err(Fault::rule("client-token-flow-with-others"));
    }
    Ok(())
}

/// Returns how long a token lives, in seconds; `None` when the caller did not say.
pub(super) fn validity_secs(settings: &Map<String, Value>, token: &str) -> Option<i64> {
    let amount = settings.get(&format!("{token}Validity"))?.as_i64()?;
    let unit = settings.get("TokenValidityUnits").and_then(|units| units.get(token)?.as_str());
    let default = if token == "RefreshToken" { "days" } else { "hours" };
    Some(amount.saturating_mul(seconds(1, unit.unwrap_or(default))))
}

fn seconds(amount: i64, unit: &str) -> i64 {
    let each = match unit {
        "seconds" => 1,
        "minutes" => 60,
        "hours" => 3600,
        _ => 86_400,
    };
    amount * each
}

fn check_validity(settings: &Map<String, Value>) -> Result<(), Fault> {
    let refresh = validity_secs(settings, "RefreshToken").unwrap_or(30 * 86_400);
    let others = ["AccessToken", "IdToken"];
    let others = others.map(|token| validity_secs(settings, token).unwrap_or(3600));
    let range = |least, most| move |secs: &i64| !(least..=most).contains(secs);
    if others.iter().any(range(300, 86_400)) || range(3600, 3650 * 86_400)(&refresh) {
        return Err(Fault::rule("client-token-validity-range"));
    }
    if others.iter().any(|secs| *secs > refresh) {
        return Err(Fault::rule("client-token-validity-order"));
    }
    Ok(())
}

fn check_attributes(
    pool: &UserPool,
    settings: &Map<String, Value>,
    doing: Doing,
) -> Result<(), Fault> {
    let known = |name: &str| pool.attribute(name).is_some();
    if !texts(settings, "ReadAttributes").all(known) {
        return Err(match doing {
            Doing::Creating => Fault::rule("client-read-attributes"),
            Doing::Updating => Fault::rule("client-update-read-attributes"),
        });
    }
    if !settings.contains_key("WriteAttributes") {
        return Ok(());
    }
    let mut required = pool.schema.iter().filter(|a| a.required && a.name != "sub");
    let misses = required.any(|a| texts(settings, "WriteAttributes").all(|name| name != a.name));
    let unwritable = texts(settings, "WriteAttributes").any(|name| UNWRITABLE.contains(&name));
    let unknown = !texts(settings, "WriteAttributes").all(known);
    match doing {
        Doing::Creating if misses || unwritable => Err(Fault::rule("client-write-attributes")),
        Doing::Creating if unknown => Err(Fault::rule("client-write-attribute-unknown")),
        Doing::Updating if misses || unwritable || unknown => {
            Err(Fault::rule("client-update-write-attributes"))
        }
        _ => Ok(()),
    }
}

fn check_oauth(
    pool: &UserPool,
    settings: &Map<String, Value>,
    has_secret: bool,
) -> Result<(), Fault> {
    let has = |name: &str| texts(settings, name).next().is_some();
    let allowed = settings.get("AllowedOAuthFlowsUserPoolClient") == Some(&Value::Bool(true));
    if allowed && !(has("AllowedOAuthFlows") && has("AllowedOAuthScopes")) {
        return Err(Fault::rule("client-oauth-flows-and-scopes"));
    }
    let known = |scope: &&str| SCOPES.contains(scope) || pool.has_scope(scope);
    let unknown = texts(settings, "AllowedOAuthScopes").find(|scope| !known(scope));
    if let Some(scope) = unknown {
        return Err(Fault::rule("client-unknown-scope").with("scope", scope));
    }
    if !texts(settings, "AllowedOAuthFlows").any(|flow| flow == "client_credentials") {
        return Ok(());
    }
    if texts(settings, "AllowedOAuthFlows").any(|flow| flow != "client_credentials") {
        return Err(Fault::rule("client-credentials-with-other-flow"));
    }
    let about_user = |scope: &&str| SCOPES.contains(scope);
    if let Some(scope) = texts(settings, "AllowedOAuthScopes").find(about_user) {
        return Err(Fault::rule("client-credentials-scope").with("scope", scope));
    }
    if !has_secret {
        return Err(Fault::rule("client-credentials-needs-secret"));
    }
    Ok(())
}

fn check_urls(settings: &Map<String, Value>) -> Result<(), Fault> {
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    let callbacks = texts(settings, "CallbackURLs").map(|url| (url, "client-url-fragment"));
    let logouts = texts(settings, "LogoutURLs").map(|url| (url, "client-logout-url-fragment"));
    for (url, fragment) in callbacks.chain(logouts) {
        let rest = local.iter().find_map(|host| url.strip_prefix(host));
        let is_local =
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']));
        if url.contains('#') {
            return Err(Fault::rule(fragment).with("url", url));
        }
        if url.starts_with("http://") && !is_local {
            return Err(Fault::rule("client-url-http").with("url", url));
        }
    }
    let default = settings.get("DefaultRedirectURI").and_then(Value::as_str);
    if let Some(uri) = default.filter(|uri| texts(settings, "CallbackURLs").all(|url| url != *uri))
    {
        return Err(Fault::rule("client-default-redirect").with("uri", uri));
    }
    Ok(())
}
