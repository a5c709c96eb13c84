//! The details of an identity provider: what each type must have, and what the service adds.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Fault;
use super::state::Secret;

/// A type of provider, as the service knows it.
struct Kind {
    name: &'static str,
    /// A provider of this type must have the type's name.
    named_after: bool,
    /// Details that must be there.
    needed: &'static [&'static str],
    /// Details that the service adds.
    added: &'static [(&'static str, &'static str)],
    /// Attribute that becomes the username unless the caller maps another.
    username: Option<&'static str>,
}

const SOCIAL: &[&str] = &["client_id", "client_secret", "authorize_scopes"];

/// Source: API reference, CreateIdentityProvider, ProviderDetails; the provider documentation of
/// hashicorp/terraform-provider-aws. That the attributes below become usernames is inferred.
const KINDS: [Kind; 6] = [
    Kind {
        name: "Google",
        named_after: true,
        needed: SOCIAL,
        added: &[
            ("attributes_url", "https://people.googleapis.com/v1/people/me?personFields="),
            ("attributes_url_add_attributes", "true"),
            ("authorize_url", "https://accounts.google.com/o/oauth2/v2/auth"),
            ("oidc_issuer", "https://accounts.google.com"),
            ("token_request_method", "POST"),
            ("token_url", "https://www.googleapis.com/oauth2/v4/token"),
        ],
        username: Some("sub"),
    },
    Kind {
        name: "Facebook",
        named_after: true,
        needed: SOCIAL,
        added: &[
            ("attributes_url", "https://graph.facebook.com/v17.0/me?fields="),
            ("attributes_url_add_attributes", "true"),
            ("authorize_url", "https://www.facebook.com/v17.0/dialog/oauth"),
            ("token_request_method", "GET"),
            ("token_url", "https://graph.facebook.com/v17.0/oauth/access_token"),
        ],
        username: Some("id"),
    },
    Kind {
        name: "LoginWithAmazon",
        named_after: true,
        needed: SOCIAL,
        added: &[
            ("attributes_url", "https://api.amazon.com/user/profile"),
            ("attributes_url_add_attributes", "false"),
            ("authorize_url", "https://www.amazon.com/ap/oa"),
            ("token_request_method", "POST"),
            ("token_url", "https://api.amazon.com/auth/o2/token"),
        ],
        username: Some("user_id"),
    },
    Kind {
        name: "SignInWithApple",
        named_after: true,
        needed: &["client_id", "team_id", "key_id", "private_key", "authorize_scopes"],
        added: &[
            ("attributes_url_add_attributes", "false"),
            ("authorize_url", "https://appleid.apple.com/auth/authorize"),
            ("oidc_issuer", "https://appleid.apple.com"),
            ("token_request_method", "POST"),
            ("token_url", "https://appleid.apple.com/auth/token"),
        ],
        username: Some("sub"),
    },
    Kind {
        name: "OIDC",
        named_after: false,
        needed: &["client_id", "attributes_request_method", "oidc_issuer", "authorize_scopes"],
        added: &[("attributes_url_add_attributes", "false")],
        username: Some("sub"),
    },
    Kind { name: "SAML", named_after: false, needed: &[], added: &[], username: None },
];

/// Returns the type called `name`; the shape knows no others.
fn kind(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).unwrap_or(&KINDS[5])
}

/// Checks that a provider of this type may have this name.
///
/// # Errors
/// A provider of a social type is called something else than the type.
pub(super) fn check_name(provider_type: &str, name: &str) -> Result<(), Fault> {
    if kind(provider_type).named_after && name != provider_type {
        let fault = Fault::rule("identity-provider-name-of-type").with("name", name);
        return Err(fault.with("type", provider_type));
    }
    Ok(())
}

/// Returns the details of a provider as the service keeps them: those given, and its own.
///
/// # Errors
/// A detail that the type needs is missing, or does not fit.
pub(super) fn complete(
    provider_type: &str,
    given: &Map<String, Value>,
) -> Result<BTreeMap<String, Secret>, Fault> {
    let kind = kind(provider_type);
    let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default();
    if let Some(missing) = kind.needed.iter().find(|name| text(name).is_empty()) {
        return Err(if kind.needed == SOCIAL {
            Fault::rule("identity-provider-social-details")
        } else {
            Fault::rule("identity-provider-details").with("detail", *missing)
        });
    }
    match provider_type {
        "OIDC" => check_oidc(text("attributes_request_method"), text("oidc_issuer"))?,
        "SAML" if text("MetadataFile").is_empty() && text("MetadataURL").is_empty() => {
            return Err(Fault::rule("identity-provider-details").with("detail", "MetadataFile"));
        }
        _ => {}
    }
    let added = kind.added.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let given = given.iter().filter_map(|(name, v)| Some((name.clone(), v.as_str()?.to_owned())));
    Ok(added.chain(given).map(|(name, value)| (name, Secret(value))).collect())
}

fn check_oidc(request_method: &str, issuer: &str) -> Result<(), Fault> {
    if !["GET", "POST"].contains(&request_method) {
        let fault = Fault::rule("identity-provider-request-method");
        return Err(fault.with("value", request_method));
    }
    if !issuer.starts_with("https://") {
        return Err(Fault::rule("identity-provider-issuer-https"));
    }
    Ok(())
}

/// Returns the mapping of attributes with the one for the username that is always there.
pub(super) fn mapping(provider_type: &str, given: Option<&Value>) -> Map<String, Value> {
    let mut mapping = given.and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(attribute) = kind(provider_type).username {
        mapping.entry("username").or_insert_with(|| attribute.into());
    }
    mapping
}

/// Tells whether a detail is shown to whoever describes the provider.
///
/// Source: API reference, CreateIdentityProvider: the example of an answer for Sign in with Apple
/// leaves out the private key.
pub(super) fn is_shown(name: &str) -> bool {
    name != "private_key"
}
