//! Resource servers of a user pool: APIs, and the scopes that open them.

use serde_json::{Value, json};

use super::paging::page;
use super::state::{ResourceServer, UserPool};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateResourceServer", create),
    ("DescribeResourceServer", describe),
    ("UpdateResourceServer", update),
    ("DeleteResourceServer", delete),
    ("ListResourceServers", list),
];

impl UserPool {
    /// Tells whether a resource server defines the scope `identifier/name`.
    ///
    /// A name has no slash, an identifier may: the last one divides them.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        let Some((identifier, name)) = scope.rsplit_once('/') else { return false };
        let server = self.resource_servers.get(identifier);
        server.is_some_and(|server| server.scopes.iter().any(|scope| scope["ScopeName"] == name))
    }
}

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let server = read(input);
    if pool.resource_servers.contains_key(&server.identifier) {
        let fault = Fault::rule("resource-server-exists").with("identifier", &server.identifier);
        return Err(fault.with("pool", &pool.id));
    }
    let described = description(pool, &server);
    pool.resource_servers.insert(server.identifier.clone(), server);
    Ok(Some(json!({"ResourceServer": described})))
}

fn read(input: &Input) -> ResourceServer {
    let scopes = input.get("Scopes").and_then(Value::as_array);
    ResourceServer {
        identifier: input.text("Identifier").into(),
        name: input.text("Name").into(),
        scopes: scopes.cloned().unwrap_or_default(),
    }
}

fn description(pool: &UserPool, server: &ResourceServer) -> Value {
    json!({
        "UserPoolId": pool.id,
        "Identifier": server.identifier,
        "Name": server.name,
        "Scopes": server.scopes,
    })
}

fn named<'a>(pool: &'a UserPool, input: &Input) -> Result<&'a ResourceServer, Fault> {
    let identifier = input.text("Identifier");
    let missing = || Fault::rule("resource-server-not-found").with("identifier", identifier);
    pool.resource_servers.get(identifier).ok_or_else(missing)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"ResourceServer": description(pool, named(pool, input)?)})))
}

/// What is omitted falls back to its default, as documented: no scopes are none.
fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    named(pool, input)?;
    let server = read(input);
    let described = description(pool, &server);
    pool.resource_servers.insert(server.identifier.clone(), server);
    Ok(Some(json!({"ResourceServer": described})))
}

/// Clients that allow one of its scopes keep it in their settings, as observed.
fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let identifier = named(pool, input)?.identifier.clone();
    pool.resource_servers.remove(&identifier);
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let servers = pool.resource_servers.iter();
    let servers = servers.map(|(identifier, server)| (identifier, description(pool, server)));
    let scope = format!("ListResourceServers {}", pool.id);
    let limit = input.number("MaxResults").unwrap_or(50);
    let page = page(servers, &scope, input.opt_text("NextToken"), Some(limit))?;
    Ok(Some(page.output("ResourceServers", "NextToken")))
}
