//! Managed login styles: one for an app client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::state::{Branding, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateManagedLoginBranding", create),
    ("DescribeManagedLoginBranding", describe),
    ("DescribeManagedLoginBrandingByClient", describe_by_client),
    ("UpdateManagedLoginBranding", update),
    ("DeleteManagedLoginBranding", delete),
];

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let client_id = pool.client(input.text("ClientId"))?.id.clone();
    if of_client(pool, &client_id).is_some() {
        return Err(Fault::rule("branding-exists"));
    }
    check(input)?;
    let mut branding =
        Branding { client_id, defaults: true, created: now, modified: now, ..Branding::default() };
    apply(&mut branding, input);
    branding.id = context.uuid();
    let pool = context.pool(input)?;
    let described = description(pool, &branding, false);
    pool.brandings.insert(branding.id.clone(), branding);
    Ok(Some(json!({"ManagedLoginBranding": described})))
}

/// Checks what a caller says about a style.
///
/// # Errors
/// Defaults and values of one's own exclude each other; an image is not of the right kind.
fn check(input: &Input) -> Result<(), Fault> {
    let own = input.get("Settings").is_some() || !assets(input).is_empty();
    if input.flag("UseCognitoProvidedValues") && own {
        return Err(Fault::rule("branding-defaults-exclude-values"));
    }
    for asset in assets(input) {
        if asset["Category"] == "FAVICON_ICO" && asset["Extension"] != "ICO" {
            return Err(Fault::rule("branding-favicon-format"));
        }
        if asset["Extension"] == "SVG" && has_forbidden_attribute(asset) {
            return Err(Fault::rule("branding-svg-attribute"));
        }
    }
    Ok(())
}

/// The one attribute that is known to be refused; there are others.
fn has_forbidden_attribute(asset: &Value) -> bool {
    let bytes = asset["Bytes"].as_str().and_then(|text| STANDARD.decode(text).ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).contains("dominant-baseline")
}

fn assets(input: &Input) -> &[Value] {
    input.get("Assets").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Lays what the caller says over a style; what is not mentioned stays (API reference,
/// UpdateManagedLoginBranding).
fn apply(branding: &mut Branding, input: &Input) {
    if input.flag("UseCognitoProvidedValues") {
        (branding.defaults, branding.settings) = (true, None);
        branding.assets.clear();
    } else if input.get("UseCognitoProvidedValues").is_some() {
        branding.defaults = false;
    }
    if let Some(settings) = input.get("Settings") {
        branding.defaults = false;
        overlay(branding.settings.get_or_insert_with(|| json!({})), settings);
    }
    for asset in assets(input) {
        branding.defaults = false;
        let place = |asset: &Value| (asset["Category"].clone(), asset["ColorMode"].clone());
        branding.assets.retain(|kept| place(kept) != place(asset));
        branding.assets.push(asset.clone());
    }
}

/// Lays one document over another: members of objects one by one, anything else as a whole.
fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                overlay(under.entry(name.as_str()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// Returns a style as `ManagedLoginBrandingType`. `Settings` is absent where the caller gave none,
/// `Assets` is always there (observed, floci-io/floci pull request 2869).
fn description(pool: &UserPool, branding: &Branding, merged: bool) -> Value {
    let mut described = json!({
        "ManagedLoginBrandingId": branding.id,
        "UserPoolId": pool.id,
        "UseCognitoProvidedValues": branding.defaults,
        "Assets": branding.assets,
        "CreationDate": timestamp(branding.created),
        "LastModifiedDate": timestamp(branding.modified),
    });
    // The service's own defaults are not known: merged with them, only the object is there.
    let defaults = merged.then(|| Value::Object(Map::new()));
    if let Some(settings) = branding.settings.clone().or(defaults) {
        described["Settings"] = settings;
    }
    described
}

/// Returns a copy of the style with an id; it dies with its client.
fn named(context: &mut Context<'_>, input: &Input) -> Result<Branding, Fault> {
    let id = input.text("ManagedLoginBrandingId");
    let pool = context.pool(input)?;
    let Some(found) = pool.brandings.get(id).cloned() else {
        let another = context.state.pools.values().any(|pool| pool.brandings.contains_key(id));
        let rule = if another { "branding-of-another-pool" } else { "branding-not-found" };
        return Err(Fault::rule(rule));
    };
    match pool.clients.contains_key(&found.client_id) {
        true => Ok(found),
        false => Err(Fault::rule("branding-of-deleted-client")),
    }
}

fn of_client<'a>(pool: &'a UserPool, client_id: &str) -> Option<&'a Branding> {
    pool.brandings.values().find(|branding| branding.client_id == client_id)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let branding = named(context, input)?;
    let merged = input.flag("ReturnMergedResources");
    let described = description(context.pool(input)?, &branding, merged);
    Ok(Some(json!({"ManagedLoginBranding": described})))
}

fn describe_by_client(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let client_id = &pool.client(input.text("ClientId"))?.id;
    let found = of_client(pool, client_id);
    let found = found.ok_or_else(|| Fault::rule("branding-of-client-not-found"))?;
    let described = description(pool, found, input.flag("ReturnMergedResources"));
    Ok(Some(json!({"ManagedLoginBranding": described})))
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    // The model requires neither.
    if ["UserPoolId", "ManagedLoginBrandingId"].iter().any(|name| input.get(name).is_none()) {
        return Err(Fault::rule("branding-update-names-none"));
    }
    let mut branding = named(context, input)?;
    let pool = context.pool(input)?;
    check(input)?;
    apply(&mut branding, input);
    branding.modified = now;
    let described = description(pool, &branding, false);
    pool.brandings.insert(branding.id.clone(), branding);
    Ok(Some(json!({"ManagedLoginBranding": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let id = named(context, input)?.id;
    context.pool(input)?.brandings.remove(&id);
    Ok(None)
}
