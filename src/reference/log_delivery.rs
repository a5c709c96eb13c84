//! Where a user pool's logs go.

use serde_json::{Value, json};

use super::state::UserPool;
use super::tiers::Tier;
use super::{ACCOUNT, Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetLogDeliveryConfiguration", get), ("SetLogDeliveryConfiguration", set)];

/// Destinations, each with the member that names it.
const DESTINATIONS: [(&str, &str); 3] = [
    ("CloudWatchLogsConfiguration", "LogGroupArn"),
    ("FirehoseConfiguration", "StreamArn"),
    ("S3Configuration", "BucketArn"),
];

fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    Ok(Some(description(context.pool(input)?)))
}

fn description(pool: &UserPool) -> Value {
    json!({"LogDeliveryConfiguration": {
        "UserPoolId": pool.id,
        "LogConfigurations": pool.log_configurations,
    }})
}

/// Replaces the configurations as a whole.
fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let list = input.get("LogConfigurations").and_then(Value::as_array);
    let configurations = list.map(Vec::as_slice).unwrap_or_default();
    check_sources(configurations)?;
    for configuration in configurations {
        check(pool, configuration)?;
    }
    pool.log_configurations = configurations.to_vec();
    Ok(Some(description(pool)))
}

fn check_sources(configurations: &[Value]) -> Result<(), Fault> {
    let sources = || configurations.iter().map(|configuration| &configuration["EventSource"]);
    let twice =
        sources().enumerate().find(|(at, source)| sources().take(*at).any(|s| s == *source));
    match twice {
        Some((_, source)) => {
            let source = source.as_str().unwrap_or_default();
            Err(Fault::rule("log-delivery-duplicate-source").with("source", source))
        }
        None => Ok(()),
    }
}

/// Checks one configuration. Which level and destinations go with a source: API reference,
/// LogConfigurationType.
fn check(pool: &UserPool, configuration: &Value) -> Result<(), Fault> {
    let given: Vec<_> = DESTINATIONS.iter().filter(|(n, _)| !configuration[*n].is_null()).collect();
    let user_events = configuration["EventSource"] == "userAuthEvents";
    if user_events {
        pool.needs_tier(Tier::Plus, "log-delivery-tier")?;
    }
    let level = if user_events { "INFO" } else { "ERROR" };
    if configuration["LogLevel"] != level {
        return Err(Fault::rule("log-delivery-level"));
    }
    let [(destination, member)] = given[..] else {
        return Err(Fault::rule("log-delivery-one-destination"));
    };
    if !user_events && *destination != "CloudWatchLogsConfiguration" {
        return Err(Fault::rule("log-delivery-destination"));
    }
    // A bucket's ARN names no account.
    let account =
        configuration[*destination][*member].as_str().and_then(|arn| arn.split(':').nth(4));
    match account {
        Some(account) if !account.is_empty() && account != ACCOUNT => {
            Err(Fault::rule("log-delivery-foreign-arn"))
        }
        _ => Ok(()),
    }
}
