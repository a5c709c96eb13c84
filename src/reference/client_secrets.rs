//! The secrets of an app client: two at most, so that one can be replaced without a gap.

use serde_json::{Value, json};

use super::clients::LOWER_ALPHANUMERIC;
use super::state::{Client, ClientSecret, Millis, Secret, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AddUserPoolClientSecret", add),
    ("ListUserPoolClientSecrets", list),
    ("DeleteUserPoolClientSecret", delete),
];

/// Secrets a client may have (API reference, AddUserPoolClientSecret).
const MOST: usize = 2;

impl ClientSecret {
    /// Returns a secret whose id follows from the client and the time.
    pub(super) fn new(client_id: &str, value: String, now: Millis) -> Self {
        Self { id: format!("{client_id}--{now}"), value: Secret(value), created: now }
    }

    fn description(&self) -> Value {
        json!({
            "ClientSecretId": self.id,
            "ClientSecretCreateDate": timestamp(self.created),
        })
    }
}

impl Client {
    /// Tells whether the client is confidential.
    pub(super) fn has_secret(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Tells whether `right` holds for one of the secrets.
    pub(super) fn any_secret(&self, right: impl Fn(&str) -> bool) -> bool {
        self.secrets.iter().any(|secret| right(&secret.value.0))
    }
}

fn named<'a>(pool: &'a mut UserPool, input: &Input) -> Result<&'a mut Client, Fault> {
    let id = input.text("ClientId");
    let missing = || Fault::rule("client-not-found").with("id", id);
    pool.clients.get_mut(id).ok_or_else(missing)
}

/// The answer shows a secret that the service made, never one that the caller chose.
fn add(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let own = input.opt_text("ClientSecret").map(str::to_owned);
    let made = own.is_none();
    let client = named(context.pool(input)?, input)?;
    if !client.has_secret() {
        return Err(Fault::rule("client-secret-of-public-client"));
    }
    if client.secrets.len() >= MOST {
        return Err(Fault::rule("client-secret-limit"));
    }
    let value = own.unwrap_or_else(|| context.draw(52, LOWER_ALPHANUMERIC));
    let client = named(context.pool(input)?, input)?;
    // Ids tell times apart: two within a millisecond are a millisecond apart.
    let newest = client.secrets.iter().map(|secret| secret.created + 1).max().unwrap_or_default();
    let secret = ClientSecret::new(&client.id, value, now.max(newest));
    let mut described = secret.description();
    if made {
        described["ClientSecretValue"] = json!(secret.value.0);
    }
    client.secrets.push(secret);
    Ok(Some(json!({"ClientSecretDescriptor": described})))
}

/// Shows all secrets at once, without their values.
fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let client = named(context.pool(input)?, input)?;
    let described: Vec<Value> = client.secrets.iter().map(ClientSecret::description).collect();
    if input.opt_text("NextToken").is_some() {
        return Err(Fault::rule("pagination-token-invalid"));
    }
    Ok(Some(json!({"ClientSecrets": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let client = named(context.pool(input)?, input)?;
    let id = input.text("ClientSecretId");
    let at = client.secrets.iter().position(|secret| secret.id == id);
    let at = at.ok_or_else(|| Fault::rule("client-secret-not-found"))?;
    if client.secrets.len() == 1 {
        return Err(Fault::rule("client-secret-last"));
    }
    client.secrets.remove(at);
    Ok(Some(json!({})))
}
