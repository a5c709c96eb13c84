//! App clients: create, describe, change, delete, list.

use serde_json::{Value, json};

use super::client_settings::Doing;
use super::paging::page;
use super::state::{Client, ClientSecret, UserPool};
use super::{Answer, Context, Handler, Input, client_settings, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateUserPoolClient", create),
    ("DescribeUserPoolClient", describe),
    ("UpdateUserPoolClient", update),
    ("DeleteUserPoolClient", delete),
    ("ListUserPoolClients", list),
];

pub(super) const LOWER_ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let settings = client_settings::filled(input.members());
    let own = input.opt_text("ClientSecret").map(str::to_owned);
    let has_secret = own.is_some() || input.flag("GenerateSecret");
    client_settings::check(context.pool(input)?, &settings, has_secret, Doing::Creating)?;
    let id = context.draw(26, LOWER_ALPHANUMERIC);
    let secret = own.or_else(|| has_secret.then(|| context.draw(52, LOWER_ALPHANUMERIC)));
    let now = context.now;
    let secrets = secret.map(|value| ClientSecret::new(&id, value, now)).into_iter().collect();
    let client = Client {
        id: id.clone(),
        secrets,
        settings,
        created: now,
        modified: now,
        ..Client::default()
    };
    let pool = context.pool(input)?;
    let described = description(pool, &client);
    pool.clients.insert(id, client);
    Ok(Some(json!({"UserPoolClient": described})))
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let client = pool.client(input.text("ClientId"))?;
    Ok(Some(json!({"UserPoolClient": description(pool, client)})))
}

fn description(pool: &UserPool, client: &Client) -> Value {
    let mut described = client.settings.clone();
    described.insert("UserPoolId".into(), json!(pool.id));
    described.insert("ClientId".into(), json!(client.id));
    described.insert("CreationDate".into(), timestamp(client.created));
    described.insert("LastModifiedDate".into(), timestamp(client.modified));
    // A client with two secrets shows neither (seen once, floci-io/floci pull request 345).
    if let [secret] = client.secrets.as_slice() {
        described.insert("ClientSecret".into(), json!(secret.value.0));
    }
    Value::Object(described)
}

/// What is omitted falls back to its default, as documented; the name and the secret stay.
fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let client = pool.client(input.text("ClientId"))?;
    let mut settings = client_settings::filled(input.members());
    if let Some(name) = client.settings.get("ClientName") {
        settings.entry("ClientName").or_insert_with(|| name.clone());
    }
    client_settings::check(pool, &settings, client.has_secret(), Doing::Updating)?;
    let changed = Client { settings, modified: now, ..client.clone() };
    let described = description(pool, &changed);
    pool.clients.insert(changed.id.clone(), changed);
    Ok(Some(json!({"UserPoolClient": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let id = pool.client(input.text("ClientId"))?.id.clone();
    pool.clients.remove(&id);
    pool.challenges.retain(|_, challenge| challenge.client_id != id);
    pool.sessions.retain(|_, session| session.client_id != id);
    Ok(None)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let registered_itself = input.opt_text("ClientType") == Some("DCR");
    let pool = context.pool(input)?;
    let entry = |client: &Client| {
        json!({
            "ClientId": client.id,
            "UserPoolId": pool.id,
            "ClientName": client.settings.get("ClientName"),
        })
    };
    // No client of the reference registers itself dynamically.
    let clients = pool.clients.iter().filter(|_| !registered_itself);
    let entries = clients.map(|(id, client)| (id, entry(client)));
    let scope = format!("ListUserPoolClients {}", pool.id);
    let page = page(entries, &scope, input.opt_text("NextToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("UserPoolClients", "NextToken")))
}
