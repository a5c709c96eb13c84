//! Which attributes a caller may write, and with which values.

use serde_json::Value;

use super::Fault;
use super::state::{Client, SchemaAttribute, UserPool};

/// Attributes that only the service and administrators set.
const VERIFIED: [&str; 2] = ["email_verified", "phone_number_verified"];

/// Checks attributes that are about to be written; `client` is `None` for an administrator.
///
/// # Errors
/// An attribute is not in the schema, the client may not write it, or its value does not fit.
pub(super) fn check_writable(
    pool: &UserPool,
    client: Option<&Client>,
    given: &[(String, String)],
) -> Result<(), Fault> {
    for (name, value) in given {
        let known = pool.schema.iter().find(|attribute| attribute.name == *name);
        let known = known.ok_or_else(|| Fault::rule("attribute-unknown").with("name", name.as_str()))?;
        let refused = client.is_some_and(|client| !may_write(client, known));
        if refused || name == "sub" {
            return Err(Fault::rule("attribute-write-unauthorized"));
        }
        check_value(known, value)?;
    }
    Ok(())
}

/// Checks that an attribute may be changed after the user was made.
pub(super) fn check_mutable(pool: &UserPool, name: &str) -> Result<(), Fault> {
    let fixed = pool.schema.iter().any(|attribute| attribute.name == name && !attribute.mutable);
    if fixed { Err(Fault::rule("attribute-not-mutable").with("name", name)) } else { Ok(()) }
}

fn may_write(client: &Client, attribute: &SchemaAttribute) -> bool {
    let listed = client.settings.get("WriteAttributes").and_then(Value::as_array);
    let listed = listed.filter(|list| !list.is_empty());
    let unlisted = listed.is_some_and(|list| !list.iter().any(|name| *name == *attribute.name));
    !unlisted && !attribute.developer_only && !VERIFIED.contains(&attribute.name.as_str())
}

fn check_value(attribute: &SchemaAttribute, value: &str) -> Result<(), Fault> {
    let misfit = |reason: String| {
        let fault = Fault::rule("attribute-value-misfit").with("name", attribute.name.as_str());
        Err(fault.with("reason", reason))
    };
    match attribute.name.as_str() {
        "email" if !is_email(value) => return Err(Fault::rule("email-format")),
        "phone_number" if !is_phone(value) => return Err(Fault::rule("phone-number-format")),
        _ => {}
    }
    let length = value.chars().count() as u64;
    if let Some((least, most)) = attribute.length {
        if least.is_some_and(|least| length < least) {
            return misfit(format!("String must be at least {} characters", least.unwrap_or(0)));
        }
        if most.is_some_and(|most| length > most) {
            return misfit(format!("String must be no longer than {} characters", most.unwrap_or(0)));
        }
    }
    if let Some((least, most)) = attribute.range {
        let Ok(number) = value.parse::<i64>() else {
            return misfit("The attribute value is not a number".into());
        };
        let outside = least.is_some_and(|l| number < l) || most.is_some_and(|m| number > m);
        if outside {
            return misfit("The number is out of range".into());
        }
    }
    Ok(())
}

/// Tells whether a value looks like an e-mail address.
pub(super) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty() && !domain.is_empty() && !value.contains(char::is_whitespace)
}

/// Tells whether a value is a phone number: `+` and digits.
pub(super) fn is_phone(value: &str) -> bool {
    let digits = value.strip_prefix('+').unwrap_or_default();
    (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}
