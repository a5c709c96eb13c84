//! Roles of an identity pool: set, read, and which one a caller gets.

use serde_json::{Map, Value, json};

use super::identity_logins::{Login, Proof};
use super::state::IdentityPool;
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("SetIdentityPoolRoles", set), ("GetIdentityPoolRoles", get)];

/// Rules that one provider's mapping may have.
const MOST_RULES: usize = 25;

fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let mappings = input.get("RoleMappings").and_then(Value::as_object);
    let mappings = mappings.into_iter().flatten();
    // The providers come before what is mapped (observed, badmintoncryer/cdk-preflight).
    for (provider, _) in mappings.clone() {
        if !pool.maps_roles_of(provider) {
            return Err(Fault::rule("role-mapping-provider-unknown").with("name", provider));
        }
    }
    for (_, mapping) in mappings {
        check_mapping(mapping)?;
    }
    let mut roles = Map::new();
    for name in ["Roles", "RoleMappings"] {
        let given = input.get(name).filter(|v| v.as_object().is_some_and(|map| !map.is_empty()));
        roles.extend(given.map(|value| (name.to_owned(), value.clone())));
    }
    pool.roles = roles;
    Ok(None)
}

fn check_mapping(mapping: &Value) -> Result<(), Fault> {
    if mapping.get("AmbiguousRoleResolution").is_none_or(Value::is_null) {
        return Err(Fault::rule("role-mapping-needs-resolution"));
    }
    let rules = mapping.pointer("/RulesConfiguration/Rules").and_then(Value::as_array);
    match rules {
        None if mapping["Type"] == "Rules" => Err(Fault::rule("role-mapping-needs-rules")),
        Some(rules) if rules.len() > MOST_RULES => Err(Fault::rule("role-mapping-too-many-rules")),
        _ => Ok(()),
    }
}

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let mut output = pool.roles.clone();
    output.insert("IdentityPoolId".into(), json!(pool.id));
    Ok(Some(Value::Object(output)))
}

impl IdentityPool {
    /// Tells whether roles can be mapped for users of a provider: a user pool's client is named
    /// `<provider>:<client id>`, OpenID Connect and SAML providers by their ARN.
    ///
    /// Source: API reference, SetIdentityPoolRoles, RoleMappings; aws/aws-cdk issue 19222.
    fn maps_roles_of(&self, provider: &str) -> bool {
        let list = |name: &str| self.settings.get(name).and_then(Value::as_array).into_iter();
        let client = |p: &Value| {
            let name = p["ProviderName"].as_str().unwrap_or_default();
            let client = p["ClientId"].as_str().unwrap_or_default();
            provider == format!("{name}:{client}")
        };
        let public = self.settings.get("SupportedLoginProviders").and_then(|p| p.get(provider));
        let mut arns = ["OpenIdConnectProviderARNs", "SamlProviderARNs"].into_iter();
        public.is_some()
            || list("CognitoIdentityProviders").flatten().any(client)
            || arns.any(|name| list(name).flatten().any(|arn| arn == provider))
    }

    /// Returns the role that a caller gets.
    ///
    /// Source: developer guide, role-based access control. A custom role where nothing is mapped
    /// is ignored, which is ours.
    pub(super) fn role_for(&self, proof: &Proof, custom: Option<&str>) -> Result<String, Fault> {
        if proof.is_anonymous() {
            return self.role("unauthenticated");
        }
        let mapped = proof.logins.iter().find_map(|login| Some((login, self.mapping(login)?)));
        let Some((login, mapping)) = mapped else { return self.role("authenticated") };
        let Candidates { allowed, first } = match mapping["Type"].as_str() {
            Some("Rules") => by_rules(mapping, &login.claims),
            _ => by_token(&login.claims),
        };
        match (custom, first) {
            (Some(custom), _) if allowed.contains(&custom) => Ok(custom.to_owned()),
            (Some(_), _) => Err(Fault::rule("custom-role-not-allowed")),
            (None, Some(role)) => Ok(role.to_owned()),
            (None, None) if mapping["AmbiguousRoleResolution"] == "AuthenticatedRole" => {
                self.role("authenticated")
            }
            (None, None) => Err(Fault::rule("ambiguous-role-denied")),
        }
    }

    fn role(&self, kind: &str) -> Result<String, Fault> {
        let role = self.roles.get("Roles").and_then(|roles| roles.get(kind)?.as_str());
        role.map(str::to_owned).ok_or_else(|| Fault::rule("role-not-configured"))
    }

    fn mapping(&self, login: &Login) -> Option<&Value> {
        let mappings = self.roles.get("RoleMappings")?;
        let client = login.claims["aud"].as_str().unwrap_or_default();
        let of_client = mappings.get(format!("{}:{client}", login.provider));
        of_client.or_else(|| mappings.get(&login.provider))
    }
}

/// The roles a mapping leaves open.
struct Candidates<'a> {
    /// Those the caller may ask for.
    allowed: Vec<&'a str>,
    /// The one that is taken unless they do; `None` where it is ambiguous.
    first: Option<&'a str>,
}

/// The token lists the roles; its preferred one is taken, or its only one.
fn by_token(claims: &Value) -> Candidates<'_> {
    let roles = claims["cognito:roles"].as_array().into_iter().flatten();
    let allowed: Vec<&str> = roles.filter_map(Value::as_str).collect();
    let only = if let [role] = allowed[..] { Some(role) } else { None };
    Candidates { first: claims["cognito:preferred_role"].as_str().or(only), allowed }
}

/// The first rule that fits gives the role.
fn by_rules<'a>(mapping: &'a Value, claims: &Value) -> Candidates<'a> {
    let rules = mapping.pointer("/RulesConfiguration/Rules").and_then(Value::as_array);
    let fitting = rules.into_iter().flatten().filter(|rule| fits(rule, claims));
    let allowed: Vec<&str> = fitting.filter_map(|rule| rule["RoleARN"].as_str()).collect();
    Candidates { first: allowed.first().copied(), allowed }
}

/// Tells whether a rule fits; one about a claim that is not there does not, whatever it says. Of a
/// list, any entry may fit, which is ours.
fn fits(rule: &Value, claims: &Value) -> bool {
    let text = |name: &str| rule[name].as_str().unwrap_or_default();
    let wanted = text("Value");
    let values: Vec<String> = match claims.get(text("Claim")) {
        None | Some(Value::Null) => return false,
        Some(Value::Array(items)) => items.iter().map(text_of).collect(),
        Some(one) => vec![text_of(one)],
    };
    match text("MatchType") {
        "NotEqual" => values.iter().all(|value| value != wanted),
        "StartsWith" => values.iter().any(|value| value.starts_with(wanted)),
        "Contains" => values.iter().any(|value| value.contains(wanted)),
        _ => values.iter().any(|value| value == wanted),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
