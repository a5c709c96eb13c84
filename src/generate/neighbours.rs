//! What stands beside the resource a case is about, and names of what was never there.

use serde_json::{Value, json};

use super::case::call;
use super::stock::Stock;
use crate::scenario::Step;

/// Returns steps that make neighbours of what is in stock: another pool with a user of the same
/// name, and another user, group and client of the same pool.
pub(super) fn beside(stock: &Stock) -> Vec<Step> {
    let has = |shape: &str| stock.of(shape).any(|handle| !handle.deleted);
    let pool = stock.of("UserPoolIdType").next().map(|handle| handle.expression.clone());
    let Some(pool) = pool else { return Vec::new() };
    let mut steps = vec![saving(
        call("cognito-idp", "CreateUserPool", &json!({"PoolName": "neighbour-${unique}"})),
        "other_pool",
        "/UserPool/Id",
    )];
    if has("UsernameType") {
        // With a verified address: who has a temporary password and no address is refused for either.
        let user = |pool: &Value, name: &str| {
            let attributes = json!([
                {"Name": "email", "Value": "neighbour.${unique}@example.com"},
                {"Name": "email_verified", "Value": "true"},
            ]);
            let input = json!({
                "UserPoolId": pool,
                "Username": name,
                "MessageAction": "SUPPRESS",
                "UserAttributes": attributes,
            });
            call("cognito-idp", "AdminCreateUser", &input)
        };
        steps.push(user(&json!("${other_pool}"), "${username}"));
        steps.push(user(&pool, "neighbour-${unique}"));
    }
    if has("GroupNameType") {
        let input = json!({"UserPoolId": pool, "GroupName": "neighbours"});
        steps.push(call("cognito-idp", "CreateGroup", &input));
    }
    if has("ClientIdType") {
        let input = json!({"UserPoolId": pool, "ClientName": "neighbour"});
        let client = call("cognito-idp", "CreateUserPoolClient", &input);
        steps.push(saving(client, "other_client", "/UserPoolClient/ClientId"));
    }
    steps
}

fn saving(mut step: Step, name: &str, pointer: &str) -> Step {
    step.save.insert(name.into(), pointer.into());
    step
}

/// Returns what inserts a well-formed handle that names nothing; `mine` is one that does.
pub(crate) fn never(shape: &str, mine: &Value) -> Option<Value> {
    let token = |text: &str| {
        let name = text.strip_prefix("${")?.strip_suffix('}')?;
        name.chars().all(|c| c.is_alphanumeric() || c == '_').then(|| name.to_owned())
    };
    let text = mine.as_str()?;
    Some(Value::from(match shape {
        "UserPoolIdType" => "${unknown_pool}".to_owned(),
        "ClientIdType" => "${unknown_client}".to_owned(),
        "IdentityPoolId" | "IdentityId" => {
            "us-east-1:00000000-0000-4000-8000-000000000000".to_owned()
        }
        "TokenModelType" => format!("${{tampered({})}}", token(text)?),
        "SessionType" => format!("no-such-session-{}", "0123456789".repeat(3)),
        "UsernameType" | "GroupNameType" => "nobody-${unique}".to_owned(),
        "DomainType" => "nowhere-${unique}".to_owned(),
        "DeviceKeyType" => "us-east-1_00000000-0000-4000-8000-000000000000".to_owned(),
        "ProviderNameType" | "ProviderNameTypeV2" => "Nobody".to_owned(),
        "ResourceServerIdentifierType" => "nothing-${unique}".to_owned(),
        // A tagged identity pool is named by the one, everything else by the other.
        "ARNString" => "arn:aws:cognito-identity:us-east-1:123456789012:identitypool/us-east-1:00000000-0000-4000-8000-000000000000".to_owned(),
        "ArnType" => {
            "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_000000000".to_owned()
        }
        _ => return None,
    }))
}
