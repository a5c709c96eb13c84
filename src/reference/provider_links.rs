//! Accounts at identity providers that sign in as a user of the pool: linking and unlinking.
//!
//! The reference has no sign-in page, so an account that was linked never signs in: what shows of
//! a link is the attribute and the claim `identities`.

use serde_json::{Map, Value, json};

use super::state::{IdentityProvider, LinkedAccount, User, UserPool};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("AdminLinkProviderForUser", link), ("AdminDisableProviderForUser", disable)];

/// The provider that stands for the pool itself.
const NATIVE: &str = "Cognito";

/// The attribute that stands for a provider's subject.
const SUBJECT: &str = "Cognito_Subject";

/// Most accounts of one user.
///
/// Source: API reference, AdminLinkProviderForUser.
const MOST: usize = 5;

/// A `ProviderUserIdentifierType`.
struct Account<'a> {
    provider: &'a str,
    attribute: &'a str,
    value: &'a str,
}

impl<'a> Account<'a> {
    fn read(input: &'a Input, member: &str) -> Self {
        let text = |name| input.entry(member, name).unwrap_or_default();
        Self {
            provider: text("ProviderName"),
            attribute: text("ProviderAttributeName"),
            value: text("ProviderAttributeValue"),
        }
    }

    fn is(&self, identity: &LinkedAccount) -> bool {
        identity.provider == self.provider
            && identity.attribute == self.attribute
            && identity.value == self.value
    }
}

fn link(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let (source, destination) =
        (Account::read(input, "SourceUser"), Account::read(input, "DestinationUser"));
    if source.provider == NATIVE {
        return Err(Fault::rule("link-source-invalid"));
    }
    let provider = provider(pool, &source)?;
    let identity = LinkedAccount {
        provider: provider.name.clone(),
        provider_type: provider.provider_type.clone(),
        attribute: source.attribute.into(),
        value: source.value.into(),
        created: now,
    };
    let key = destination_key(pool, &destination)?;
    if pool.users.values().any(|user| user.identities.iter().any(|known| source.is(known))) {
        return Err(Fault::rule("link-exists"));
    }
    let user = pool.users.get_mut(&key).ok_or_else(|| Fault::rule("user-not-found"))?;
    if user.identities.iter().any(|known| known.provider == source.provider) {
        return Err(Fault::rule("link-source-invalid"));
    }
    if user.identities.len() >= MOST {
        return Err(Fault::rule("link-limit"));
    }
    user.identities.push(identity);
    user.modified = now;
    Ok(Some(json!({})))
}

/// Returns the provider of the account that is to be linked.
fn provider<'a>(pool: &'a UserPool, source: &Account<'_>) -> Result<&'a IdentityProvider, Fault> {
    let unknown = || Fault::rule("link-provider-unknown").with("name", source.provider);
    let provider = pool.identity_providers.get(source.provider).ok_or_else(unknown)?;
    if source.value.is_empty() || source.attribute.is_empty() {
        return Err(Fault::rule("link-source-incomplete"));
    }
    let by_subject = source.attribute == SUBJECT;
    if !by_subject && !["SAML", "OIDC"].contains(&provider.provider_type.as_str()) {
        return Err(Fault::rule("link-source-attribute"));
    }
    Ok(provider)
}

/// Returns the key of the user that an account names: a local user by name, as documented.
fn destination_key(pool: &UserPool, destination: &Account<'_>) -> Result<String, Fault> {
    if destination.value.is_empty() {
        return Err(Fault::rule("link-destination-unnamed"));
    }
    if destination.provider == NATIVE {
        return pool.named_key(destination.value);
    }
    // Users who signed in through a provider are called after it.
    pool.named_key(&format!("{}_{}", destination.provider, destination.value))
}

/// Ends the link of an account; a local user loses the password, and with it the way in.
fn disable(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let account = Account::read(input, "User");
    if account.provider == NATIVE {
        let user = pool.named_user(account.value)?;
        user.password = None;
        user.modified = now;
        return Ok(Some(json!({})));
    }
    let mut users = pool.users.values_mut();
    let user = users.find(|user| user.identities.iter().any(|known| account.is(known)));
    let user = user.ok_or_else(|| Fault::rule("link-not-found"))?;
    user.identities.retain(|known| !account.is(known));
    user.modified = now;
    Ok(Some(json!({})))
}

impl User {
    /// Returns the attribute `identities`: JSON as text. `None` without any.
    pub(super) fn identities_text(&self) -> Option<String> {
        let list: Vec<Value> = self.identities.iter().map(|i| described(i, |v| v)).collect();
        (!list.is_empty()).then(|| Value::from(list).to_string())
    }

    /// Returns the claim `identities` of ID tokens: a list of objects whose members are text.
    ///
    /// Source: developer guide, using the ID token.
    pub(super) fn identities_claim(&self) -> Value {
        let text = |value: Value| match value {
            Value::Bool(_) | Value::Number(_) => value.to_string().into(),
            other => other,
        };
        self.identities.iter().map(|identity| described(identity, text)).collect()
    }
}

fn described(identity: &LinkedAccount, form: impl Fn(Value) -> Value) -> Value {
    let members = [
        ("userId", json!(identity.value)),
        ("providerName", json!(identity.provider)),
        ("providerType", json!(identity.provider_type)),
        ("issuer", Value::Null),
        ("primary", json!(false)),
        ("dateCreated", json!(identity.created)),
    ];
    let members = members.map(|(name, value)| (name.to_owned(), form(value)));
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}
