//! Messages that would be sent: into the outbox, with the masked details that answers carry.

use serde_json::{Value, json};

use super::state::{Message, Millis};
use super::{Context, Fault, messages};

/// Messages the outbox keeps before it forgets the oldest.
const OUTBOX_LIMIT: usize = 10_000;

/// A message about to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivery<'a> {
    /// Pool it is sent for.
    pub(crate) pool_id: &'a str,
    /// User it is sent to.
    pub(crate) username: &'a str,
    /// `email` or `phone_number`.
    pub(crate) attribute: &'a str,
    /// Full address.
    pub(crate) destination: &'a str,
    /// Trigger source it belongs to, such as `CustomMessage_SignUp`.
    pub(crate) purpose: &'a str,
    /// The code or temporary password in it.
    pub(crate) code: &'a str,
}

impl Context<'_> {
    /// Puts a message into the outbox, or gives it to the pool's custom sender, and returns its
    /// `CodeDeliveryDetails`.
    ///
    /// # Errors
    /// The pool's custom message function fails, or its answer is not known yet.
    pub(crate) fn deliver(&mut self, delivery: &Delivery<'_>) -> Result<Value, Fault> {
        let details = details(delivery.attribute, delivery.destination);
        if self.custom_sender(delivery)? {
            return Ok(details);
        }
        let custom = self.custom_text(delivery)?;
        let pool = self.pool_by_id(delivery.pool_id)?;
        let (subject, body) = messages::compose(pool, delivery);
        self.post(delivery, custom.subject.or(subject), custom.body.unwrap_or(body));
        Ok(details)
    }

    /// Puts a message into the outbox.
    pub(super) fn post(&mut self, delivery: &Delivery<'_>, subject: Option<String>, body: String) {
        if self.state.outbox.len() >= OUTBOX_LIMIT {
            self.state.outbox.pop_front();
        }
        self.state.outbox.push_back(delivery.message(self.now, subject, body).into());
    }
}

impl Delivery<'_> {
    fn message(&self, sent: Millis, subject: Option<String>, body: String) -> Message {
        Message {
            user_pool_id: self.pool_id.into(),
            username: self.username.into(),
            medium: medium(self.attribute).into(),
            destination: self.destination.into(),
            attribute: self.attribute.into(),
            purpose: self.purpose.into(),
            code: self.code.into(),
            subject,
            body,
            sent,
        }
    }
}

/// Returns the `CodeDeliveryDetails` of a message to `destination`, the value of `attribute`.
pub(crate) fn details(attribute: &str, destination: &str) -> Value {
    json!({
        "AttributeName": attribute,
        "DeliveryMedium": medium(attribute),
        "Destination": mask(attribute, destination),
    })
}

/// Returns the medium a message to `attribute` takes: `EMAIL` or `SMS`.
pub(crate) fn medium(attribute: &str) -> &'static str {
    if attribute == "phone_number" { "SMS" } else { "EMAIL" }
}

/// Returns an address as answers show it: `f***@e***`, `+********8920`.
///
/// The top-level domain is not shown, although an example in the documentation shows it.
///
/// Source: observed, floci-io/floci fixtures and pull request 1898, getmoto/moto tests.
pub(crate) fn mask(attribute: &str, destination: &str) -> String {
    if attribute == "phone_number" { mask_phone(destination) } else { mask_email(destination) }
}

fn mask_email(address: &str) -> String {
    let (local, domain) = address.split_once('@').unwrap_or((address, ""));
    let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(local), first(domain))
}

fn mask_phone(number: &str) -> String {
    let digits: Vec<char> = number.trim_start_matches('+').chars().collect();
    let hidden = digits.len().saturating_sub(4);
    format!("+{}{}", "*".repeat(hidden), digits[hidden..].iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(attribute: &str, destination: &str, expected: &str) {
        assert_eq!(mask(attribute, destination), expected);
    }

    #[test]
    fn addresses_are_masked_as_the_service_masks_them() {
        check("email", "fixture@example.com", "f***@e***");
        check("email", "a", "a***@***");
        check("phone_number", "+491701238920", "+********8920");
        check("phone_number", "+12", "+12");
    }
}
