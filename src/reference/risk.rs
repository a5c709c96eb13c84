//! Risk configurations: what threat protection does about what it finds.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::state::{RiskConfiguration, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("DescribeRiskConfiguration", describe), ("SetRiskConfiguration", set)];

const SETTINGS: [&str; 3] = [
    "AccountTakeoverRiskConfiguration",
    "CompromisedCredentialsRiskConfiguration",
    "RiskExceptionConfiguration",
];

/// Returns the client that a call is about; the empty string stands for the pool itself.
fn subject(pool: &UserPool, input: &Input) -> Result<String, Fault> {
    match input.opt_text("ClientId") {
        None => Ok(String::new()),
        Some(id) => pool.client(id).map(|client| client.id.clone()),
    }
}

/// Replaces a configuration; one without any setting is taken back to the defaults.
///
/// A pool without threat protection may be configured for the day it has it (observed,
/// hashicorp/terraform-provider-aws acceptance tests of the risk configuration).
fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let subject = subject(pool, input)?;
    check_ranges(input)?;
    check_notification(input)?;
    let given = SETTINGS.iter().filter_map(|name| Some((name, input.get(name)?)));
    let settings: Map<_, _> =
        given.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let risk = RiskConfiguration { settings, modified: now };
    let described = description(pool, &subject, Some(&risk));
    if risk.settings.is_empty() {
        pool.risks.remove(&subject);
    } else {
        pool.risks.insert(subject, risk);
    }
    Ok(Some(json!({"RiskConfiguration": described})))
}

fn check_ranges(input: &Input) -> Result<(), Fault> {
    let exceptions = input.get("RiskExceptionConfiguration");
    let ranges = |name: &str| exceptions.and_then(|e| e.get(name)).and_then(Value::as_array);
    let lists = [ranges("BlockedIPRangeList"), ranges("SkippedIPRangeList")];
    let mut texts = lists.into_iter().flatten().flatten().filter_map(Value::as_str);
    if texts.all(is_cidr) { Ok(()) } else { Err(Fault::rule("risk-ip-range")) }
}

/// Tells whether a text is an address range such as `203.0.113.0/24`.
fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    !bits.starts_with('+') && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// An action that notifies needs to know how.
fn check_notification(input: &Input) -> Result<(), Fault> {
    let Some(takeover) = input.get("AccountTakeoverRiskConfiguration") else { return Ok(()) };
    let actions = takeover["Actions"].as_object();
    let notifies = actions.is_some_and(|actions| actions.values().any(|a| a["Notify"] == true));
    if notifies && takeover["NotifyConfiguration"].is_null() {
        return Err(Fault::rule("risk-notification-missing"));
    }
    Ok(())
}

impl UserPool {
    /// Returns a part of the risk configuration that counts for a client: its own, else the
    /// pool's.
    pub(super) fn risk_of(&self, client_id: &str, part: &str) -> Option<&Value> {
        let risk = self.risks.get(client_id).or_else(|| self.risks.get(""));
        risk?.settings.get(part)
    }
}

fn description(pool: &UserPool, subject: &str, risk: Option<&RiskConfiguration>) -> Value {
    let mut described = risk.map(|risk| risk.settings.clone()).unwrap_or_default();
    described.insert("UserPoolId".into(), json!(pool.id));
    if !subject.is_empty() {
        described.insert("ClientId".into(), json!(subject));
    }
    if let Some(risk) = risk {
        described.insert("LastModifiedDate".into(), timestamp(risk.modified));
    }
    Value::Object(described)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let subject = subject(pool, input)?;
    let described = description(pool, &subject, pool.risks.get(&subject));
    Ok(Some(json!({"RiskConfiguration": described})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(is_cidr(text), expected, "{text}");
    }

    #[test]
    fn address_ranges_are_told_from_addresses() {
        check("203.0.113.0/24", true);
        check("10.10.10.10/32", true);
        check("2001:db8::/32", true);
        check("1.2.3.4", false);
        check("1.2.3.4/33", false);
        check("1.2.3.4/+3", false);
        check("1.2.3/24", false);
        check("/", false);
        check("", false);
    }
}
