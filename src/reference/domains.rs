//! Domains of user pools: a prefix of the service's domain, and a custom one.
//!
//! The reference asks no name server: of custom domains it refuses only those whose parent cannot
//! have an address, a top-level domain or a name below `.invalid`.

use serde_json::{Map, Value, json};

use super::state::{Domain, Millis, UserPool};
use super::tiers::Tier;
use super::{ACCOUNT, Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateUserPoolDomain", create),
    ("DescribeUserPoolDomain", describe),
    ("UpdateUserPoolDomain", update),
    ("DeleteUserPoolDomain", delete),
];

const SETTINGS: [&str; 3] = ["CustomDomainConfig", "ManagedLoginVersion", "Routing"];

/// Words that no part of a prefix, between hyphens, may be.
///
/// Source: observed, badmintoncryer/cdk-preflight pf-cognito-domain-reserved-word.
const RESERVED: [&str; 3] = ["aws", "amazon", "cognito"];

/// What follows a prefix in the full name of a domain of the service's.
pub(super) const HOSTED: &str = ".auth.us-east-1.amazoncognito.com";

const LOWER_ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl Domain {
    fn is_custom(&self) -> bool {
        self.settings.contains_key("CustomDomainConfig")
    }

    fn host(&self) -> String {
        if self.is_custom() { self.name.clone() } else { format!("{}{HOSTED}", self.name) }
    }
}

impl UserPool {
    /// Returns the full name of the pool's domain, of the custom one where it has two.
    pub(super) fn host(&self) -> Option<&str> {
        let custom = self.hosts.iter().find(|host| !host.ends_with(HOSTED));
        custom.or_else(|| self.hosts.first()).map(String::as_str)
    }
}

impl Context<'_> {
    /// Adds a pool's domains to its description.
    pub(super) fn describe_domains(&self, pool_id: &str, described: &mut Value) {
        for domain in self.state.domains.values().filter(|domain| domain.pool_id == pool_id) {
            let member = if domain.is_custom() { "CustomDomain" } else { "Domain" };
            described[member] = json!(domain.name);
        }
    }
}

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool_id = context.pool(input)?.id.clone();
    let name = input.text("Domain");
    let custom = input.get("CustomDomainConfig").is_some();
    if custom {
        check_custom(name)?
    } else {
        check_prefix(name)?
    }
    check_login_version(context, input)?;
    if context.state.domains.contains_key(name) {
        return Err(Fault::rule("domain-taken"));
    }
    let mut others = context.state.domains.values().filter(|domain| domain.pool_id == pool_id);
    if others.any(|domain| domain.is_custom() == custom) {
        return Err(Fault::rule("domain-second"));
    }
    let mut settings = given(input);
    settings.entry("ManagedLoginVersion").or_insert(json!(1));
    let domain = Domain {
        name: name.into(),
        pool_id,
        settings,
        distribution: format!("d{}.cloudfront.net", context.draw(13, LOWER_ALPHANUMERIC)),
        modified: context.now,
    };
    let answer = summary(&domain);
    context.pool(input)?.hosts.insert(domain.host());
    context.state.domains.insert(domain.name.clone(), domain);
    Ok(Some(answer))
}

fn given(input: &Input) -> Map<String, Value> {
    let members = input.members().iter().filter(|(name, _)| SETTINGS.contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A prefix has lower-case letters, digits and inner hyphens, and no word that is reserved.
fn check_prefix(name: &str) -> Result<(), Fault> {
    if !is_label(name) {
        return Err(Fault::rule("domain-bad-character"));
    }
    if name.split('-').any(|word| RESERVED.contains(&word)) {
        return Err(Fault::rule("domain-reserved-word"));
    }
    Ok(())
}

fn is_label(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

/// A custom domain stands below a domain that has an address.
fn check_custom(name: &str) -> Result<(), Fault> {
    if !name.split('.').all(is_label) {
        return Err(Fault::rule("domain-bad-character"));
    }
    let parent = name.split_once('.').map_or("", |(_, parent)| parent);
    if !parent.contains('.') || parent.ends_with(".invalid") {
        return Err(Fault::rule("domain-custom-root"));
    }
    Ok(())
}

/// Managed login is version 2 and comes with the tiers above LITE.
fn check_login_version(context: &mut Context<'_>, input: &Input) -> Result<(), Fault> {
    match input.number("ManagedLoginVersion") {
        Some(2) => context.pool(input)?.needs_tier(Tier::Essentials, "domain-managed-login-tier"),
        None | Some(1) => Ok(()),
        Some(_) => Err(Fault::rule("domain-managed-login-version")),
    }
}

/// The address to point a custom domain at; a prefix needs none, as documented.
fn summary(domain: &Domain) -> Value {
    let mut summary = json!({"ManagedLoginVersion": domain.settings["ManagedLoginVersion"]});
    if domain.is_custom() {
        summary["CloudFrontDomain"] = json!(domain.distribution);
    }
    if let Some(routing) = domain.settings.get("Routing") {
        summary["Routing"] = routing.clone();
    }
    summary
}

/// A domain that does not exist has an empty description: it is no error (observed,
/// hashicorp/terraform-provider-aws).
fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let domain = context.state.domains.get(input.text("Domain"));
    let described = domain.map_or_else(|| json!({}), description);
    Ok(Some(json!({"DomainDescription": described})))
}

fn description(domain: &Domain) -> Value {
    let mut described = domain.settings.clone();
    let others = [
        ("Domain", json!(domain.name)),
        ("UserPoolId", json!(domain.pool_id)),
        ("AWSAccountId", json!(ACCOUNT)),
        ("S3Bucket", json!("aws-cognito-prod-iad-assets")),
        ("CloudFrontDistribution", json!(domain.distribution)),
        ("Version", json!(version(domain.modified))),
        ("Status", json!("ACTIVE")),
    ];
    described.extend(others.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(described)
}

/// A version that changes with every change; its form is ours.
fn version(modified: Millis) -> String {
    (modified / 1000).to_string()
}

/// Returns the domain that `Domain` names, if it is the pool's.
fn named<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut Domain, Fault> {
    let pool_id = context.pool(input)?.id.clone();
    let domain = context.state.domains.get_mut(input.text("Domain"));
    let own = domain.filter(|domain| domain.pool_id == pool_id);
    own.ok_or_else(|| Fault::rule("domain-not-found"))
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    named(context, input)?;
    check_login_version(context, input)?;
    let domain = named(context, input)?;
    let mut changes = given(input);
    // A prefix stays one: a certificate does not make it a custom domain.
    if !domain.is_custom() {
        changes.remove("CustomDomainConfig");
    }
    domain.settings.extend(changes);
    domain.modified = now;
    Ok(Some(summary(domain)))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let domain = named(context, input)?;
    let (name, host) = (domain.name.clone(), domain.host());
    context.pool(input)?.hosts.remove(&host);
    context.state.domains.remove(&name);
    Ok(Some(json!({})))
}
