//! Session management of pools and clients: whether sessions are tracked, how many a user may
//! have, and for how long a client reuses one.

use serde_json::{Value, json};

use super::state::{Client, SessionTracking, UserPool};
use super::tiers::Tier;
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetUserPoolClientSessionConfiguration", get_of_client),
    ("GetUserPoolSessionConfiguration", get_of_pool),
    ("SetUserPoolClientSessionConfiguration", set_of_client),
    ("SetUserPoolSessionConfiguration", set_of_pool),
];

/// Minutes an SSO session is reused where nothing was set (API reference,
/// GetUserPoolClientSessionConfiguration).
const SSO_MINUTES: u64 = 60;

fn number(input: &Input, structure: &str, member: &str) -> u64 {
    let value = input.get(structure).and_then(|structure| structure.get(member)?.as_u64());
    value.unwrap_or_default()
}

fn get_of_pool(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(of_pool(context.pool(input)?)))
}

fn of_pool(pool: &UserPool) -> Value {
    let tracking = &pool.session_tracking;
    json!({
        "UserPoolId": pool.id,
        "UserSessionTracking": if tracking.enabled { "ENABLED" } else { "DISABLED" },
        "TokenSession": {"MaxPerUser": tracking.most},
    })
}

/// What clients have set stays, dormant, while tracking is off.
fn set_of_pool(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    check_tier(pool)?;
    pool.session_tracking = SessionTracking {
        enabled: input.text("UserSessionTracking") == "ENABLED",
        most: number(input, "TokenSession", "MaxPerUser"),
    };
    Ok(Some(of_pool(pool)))
}

fn check_tier(pool: &UserPool) -> Result<(), Fault> {
    pool.needs_tier(Tier::Essentials, "session-tracking-tier")
}

fn get_of_client(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(of_client(pool, pool.client(input.text("ClientId"))?)))
}

fn of_client(pool: &UserPool, client: &Client) -> Value {
    json!({
        "UserPoolId": pool.id,
        "ClientId": client.id,
        "SSOSession": {"MaxValidityMinutes": client.sso_minutes.unwrap_or(SSO_MINUTES)},
    })
}

fn set_of_client(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let mut client = pool.client(input.text("ClientId"))?.clone();
    check_tier(pool)?;
    if !pool.session_tracking.enabled {
        return Err(Fault::rule("session-tracking-off"));
    }
    client.sso_minutes = Some(number(input, "SSOSession", "MaxValidityMinutes"));
    let described = of_client(pool, &client);
    pool.clients.insert(client.id.clone(), client);
    Ok(Some(described))
}
