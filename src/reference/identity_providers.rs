//! Identity providers of a user pool. What their details must be is `provider_details.rs`'s
//! business; nobody signs in through them, as the reference has no sign-in page.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::state::{IdentityProvider, UserPool};
use super::{
    Answer, Context, Fault, Handler, Input, provider_details as details, signing, timestamp,
};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateIdentityProvider", create),
    ("DescribeIdentityProvider", describe),
    ("UpdateIdentityProvider", update),
    ("DeleteIdentityProvider", delete),
    ("ListIdentityProviders", list),
    ("GetIdentityProviderByIdentifier", get_by_identifier),
    ("GetSigningCertificate", get_signing_certificate),
];

/// Most providers of a page, as the shape of the list has it.
const MOST: i64 = 50;

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let (name, provider_type) = (input.text("ProviderName"), input.text("ProviderType"));
    details::check_name(provider_type, name)?;
    if pool.identity_providers.contains_key(name) {
        let fault = Fault::rule("identity-provider-exists").with("name", name);
        return Err(fault.with("pool", &pool.id));
    }
    check_identifiers(pool, name, input)?;
    let mut settings = given(input, &["AcrMapping", "IdpIdentifiers"]);
    let mapping = details::mapping(provider_type, input.get("AttributeMapping"));
    settings.insert("AttributeMapping".into(), Value::Object(mapping));
    settings.entry("IdpIdentifiers").or_insert(json!([]));
    let provider = IdentityProvider {
        name: name.into(),
        provider_type: provider_type.into(),
        details: details::complete(provider_type, &object(input, "ProviderDetails"))?,
        settings,
        created: now,
        modified: now,
    };
    let described = description(pool, &provider);
    pool.identity_providers.insert(provider.name.clone(), provider);
    Ok(Some(json!({"IdentityProvider": described})))
}

fn given(input: &Input, names: &[&str]) -> Map<String, Value> {
    let found = names.iter().filter_map(|name| Some(((*name).into(), input.get(name)?.clone())));
    found.collect()
}

fn object(input: &Input, name: &str) -> Map<String, Value> {
    input.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

/// An identifier leads to one provider.
fn check_identifiers(pool: &UserPool, name: &str, input: &Input) -> Result<(), Fault> {
    let others = || pool.identity_providers.values().filter(|other| other.name != name);
    let mut wanted = input.texts("IdpIdentifiers");
    match wanted.find(|wanted| others().any(|other| other.has_identifier(wanted))) {
        Some(taken) => {
            Err(Fault::rule("identity-provider-identifier-taken").with("identifier", taken))
        }
        None => Ok(()),
    }
}

impl IdentityProvider {
    fn has_identifier(&self, identifier: &str) -> bool {
        let own = self.settings.get("IdpIdentifiers").and_then(Value::as_array);
        own.is_some_and(|own| own.iter().any(|own| own == identifier))
    }
}

fn description(pool: &UserPool, provider: &IdentityProvider) -> Value {
    let shown = provider.details.iter().filter(|(name, _)| details::is_shown(name));
    let shown: Map<_, _> =
        shown.map(|(name, value)| (name.clone(), Value::from(value.0.as_str()))).collect();
    let mut described = provider.settings.clone();
    described.insert("UserPoolId".into(), json!(pool.id));
    described.insert("ProviderName".into(), json!(provider.name));
    described.insert("ProviderType".into(), json!(provider.provider_type));
    described.insert("ProviderDetails".into(), Value::Object(shown));
    described.insert("CreationDate".into(), timestamp(provider.created));
    described.insert("LastModifiedDate".into(), timestamp(provider.modified));
    Value::Object(described)
}

fn named<'a>(pool: &'a UserPool, input: &Input) -> Result<&'a IdentityProvider, Fault> {
    let name = input.text("ProviderName");
    let missing = || Fault::rule("identity-provider-not-found").with("name", name);
    pool.identity_providers.get(name).ok_or_else(missing)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"IdentityProvider": description(pool, named(pool, input)?)})))
}

/// Changes what is given, each member as a whole; the rest stays.
fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mut provider = named(pool, input)?.clone();
    check_identifiers(pool, &provider.name, input)?;
    if input.get("ProviderDetails").is_some() {
        let given = object(input, "ProviderDetails");
        provider.details = details::complete(&provider.provider_type, &given)?;
    }
    provider.settings.extend(given(input, &["AcrMapping", "IdpIdentifiers"]));
    if let Some(mapping) = input.get("AttributeMapping") {
        let mapping = details::mapping(&provider.provider_type, Some(mapping));
        provider.settings.insert("AttributeMapping".into(), Value::Object(mapping));
    }
    provider.modified = now;
    let described = description(pool, &provider);
    pool.identity_providers.insert(provider.name.clone(), provider);
    Ok(Some(json!({"IdentityProvider": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let name = named(pool, input)?.name.clone();
    pool.identity_providers.remove(&name);
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let entry = |provider: &IdentityProvider| {
        json!({
            "ProviderName": provider.name,
            "ProviderType": provider.provider_type,
            "CreationDate": timestamp(provider.created),
            "LastModifiedDate": timestamp(provider.modified),
        })
    };
    let providers = pool.identity_providers.iter().map(|(name, p)| (name, entry(p)));
    let scope = format!("ListIdentityProviders {}", pool.id);
    let limit = input.number("MaxResults").filter(|most| (1..MOST).contains(most));
    let limit = Some(limit.unwrap_or(MOST));
    let page = page(providers, &scope, input.opt_text("NextToken"), limit)?;
    Ok(Some(page.output("Providers", "NextToken")))
}

fn get_by_identifier(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let identifier = input.text("IdpIdentifier");
    let mut providers = pool.identity_providers.values();
    let found = providers.find(|provider| provider.has_identifier(identifier));
    let missing =
        || Fault::rule("identity-provider-identifier-not-found").with("identifier", identifier);
    Ok(Some(json!({"IdentityProvider": description(pool, found.ok_or_else(missing)?)})))
}

/// What a SAML provider verifies the pool's requests with.
fn get_signing_certificate(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"Certificate": signing::certificate(&pool.id)})))
}
