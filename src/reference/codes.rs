//! Codes that prove an address, and how often an operation may be tried.

use serde_json::Value;

use super::app::App;
use super::delivery::{Delivery, details};
use super::state::{Code, CodePurpose, Millis, Secret, User};
use super::{Context, Fault};

const HOUR: Millis = 3_600_000;

/// How long codes for sign-up and attributes last (developer guide, quotas).
pub(super) const DAY: Millis = 24 * HOUR;

/// A code about to be sent.
pub(super) struct NewCode<'a> {
    /// What it will prove.
    pub(super) purpose: CodePurpose,
    /// `email` or `phone_number`.
    pub(super) attribute: &'a str,
    /// Address, where it is not the attribute's current value.
    pub(super) destination: Option<String>,
    /// Trigger source of the message.
    pub(super) message: &'a str,
    /// How long it lasts, in milliseconds.
    pub(super) lasts: Millis,
    /// How many digits it has.
    pub(super) digits: usize,
}

impl<'a> NewCode<'a> {
    /// Returns a six-digit code that lasts a day.
    pub(super) fn new(purpose: CodePurpose, attribute: &'a str, message: &'a str) -> Self {
        Self { purpose, attribute, destination: None, message, lasts: DAY, digits: 6 }
    }
}

impl Context<'_> {
    /// Sends a user a code that replaces the last one of the same purpose, and returns its
    /// `CodeDeliveryDetails`.
    pub(super) fn send_code(
        &mut self,
        pool_id: &str,
        key: &str,
        code: NewCode<'_>,
    ) -> Result<Value, Fault> {
        let value = self.draw(code.digits, b"0123456789");
        let expires = self.now + code.lasts;
        let user = self.user_at(pool_id, key)?;
        let current = user.attributes.get(code.attribute).cloned();
        let destination = code.destination.or(current).unwrap_or_default();
        let attribute = code.attribute.to_owned();
        let kept = Code { value: Secret(value.clone()), expires, attribute };
        user.codes.insert(code.purpose, kept);
        let username = user.username.clone();
        self.deliver(&Delivery {
            pool_id,
            username: &username,
            attribute: code.attribute,
            destination: &destination,
            purpose: code.message,
            code: &value,
        })
    }

    /// Counts an attempt of an operation; more than `limit` within an hour are refused.
    ///
    /// Source: developer guide, quotas (code requests and attempts per user).
    pub(super) fn attempt(
        &mut self,
        pool_id: &str,
        key: &str,
        operation: &str,
        limit: usize,
    ) -> Result<(), Fault> {
        let now = self.now;
        let made = self.user_at(pool_id, key)?.attempts.entry(operation.to_owned()).or_default();
        made.retain(|at| at + HOUR > now);
        if made.len() >= limit {
            return Err(Fault::rule("attempt-limit"));
        }
        made.push(now);
        Ok(())
    }
}

/// Which rules speak when a code is refused.
#[derive(Clone, Copy)]
pub(super) struct Refusal {
    /// Another code is pending.
    pub(super) mismatch: &'static str,
    /// No code is pending, or it is too old.
    pub(super) expired: &'static str,
}

/// Refusals of codes for sign-up, password and attributes.
pub(super) const VERIFICATION: Refusal =
    Refusal { mismatch: "code-mismatch", expired: "code-expired" };

/// Refusals of codes for a sign-in: one text for both, it names the state as well.
pub(super) const SIGN_IN: Refusal =
    Refusal { mismatch: "sign-in-code-mismatch", expired: "sign-in-code-mismatch" };

impl User {
    /// Checks a code without using it up; returns the attribute it was sent to.
    pub(super) fn check_code(
        &self,
        purpose: &CodePurpose,
        given: &str,
        now: Millis,
        refusal: Refusal,
    ) -> Result<String, Fault> {
        let pending = self.codes.get(purpose).filter(|code| code.expires > now);
        let code = pending.ok_or_else(|| Fault::rule(refusal.expired))?;
        if code.value.0 != given {
            return Err(Fault::rule(refusal.mismatch));
        }
        Ok(code.attribute.clone())
    }
}

impl App {
    /// Returns delivery details that look real, for a user who does not exist.
    ///
    /// They follow from the name alone: asked twice, they are the same.
    pub(super) fn simulated_details(&self, username: &str) -> Value {
        if username.contains('@') {
            return details("email", username);
        }
        let letters = super::simulated::letters(&self.pool_id, username);
        details("email", &format!("{}@{}", &letters[..1], &letters[1..2]))
    }
}
