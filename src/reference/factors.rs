//! The second factor: which one a user must show, and whether it is shown.

use serde_json::{Value, json};

use super::Fault;
use super::state::{Millis, User, UserPool};
use crate::totp;

/// The factors a pool can ask for, as `UserMFASettingList` spells them.
pub(super) const FACTORS: [&str; 3] = ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"];

/// What stands between the password and the tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Demand {
    /// Nothing.
    Nothing,
    /// This factor.
    Factor(&'static str),
    /// One of these, of the user's choice.
    Choice(Vec<&'static str>),
    /// Setting up one of these.
    SetUp(Vec<&'static str>),
}

/// Returns the attribute a factor's codes go to; `None` for the software token.
pub(super) fn attribute_of(factor: &str) -> Option<&'static str> {
    match factor {
        "SMS_MFA" | "SMS_OTP" => Some("phone_number"),
        "EMAIL_OTP" => Some("email"),
        _ => None,
    }
}

impl UserPool {
    /// Returns `OFF`, `OPTIONAL` or `ON`.
    pub(super) fn mfa_mode(&self) -> &str {
        self.setting("/MfaConfiguration").and_then(Value::as_str).unwrap_or("OFF")
    }

    /// Tells whether the pool has a factor switched on.
    pub(super) fn offers(&self, factor: &str) -> bool {
        match factor {
            "SOFTWARE_TOKEN_MFA" => {
                let pointer = "/SoftwareTokenMfaConfiguration/Enabled";
                self.mfa_part(pointer).and_then(Value::as_bool).unwrap_or(false)
            }
            "EMAIL_OTP" => self.mfa_part("/EmailMfaConfiguration").is_some_and(Value::is_object),
            // The pool's own SMS configuration counts where no other factor was ever chosen.
            _ => {
                let chosen = self.mfa_part("/SmsMfaConfiguration").is_some_and(Value::is_object);
                let own = self.setting("/SmsConfiguration").is_some_and(Value::is_object);
                chosen || (own && self.mfa_part("/SoftwareTokenMfaConfiguration").is_none())
            }
        }
    }

    pub(super) fn mfa_part(&self, pointer: &str) -> Option<&Value> {
        let (member, rest) = pointer[1..].split_once('/').unwrap_or((&pointer[1..], ""));
        let kept = self.mfa.get(member)?;
        if rest.is_empty() { Some(kept) } else { kept.get(rest) }
    }

    /// Returns what a user must show after the password.
    pub(super) fn demand(&self, user: &User) -> Demand {
        let mode = self.mfa_mode();
        if mode == "OFF" {
            return Demand::Nothing;
        }
        let usable = |factor: &&str| self.offers(factor) && user.can_show(factor);
        let chosen: Vec<_> = FACTORS.into_iter().filter(|f| user.mfa.contains(*f)).collect();
        let mut active: Vec<_> = chosen.into_iter().filter(usable).collect();
        if active.is_empty() && mode == "ON" {
            active = FACTORS.into_iter().filter(usable).collect();
        }
        let preferred = user.preferred_mfa.as_deref();
        if let Some(factor) = active.iter().find(|factor| Some(**factor) == preferred) {
            return Demand::Factor(factor);
        }
        match active.as_slice() {
            [factor] => Demand::Factor(factor),
            [] if mode == "ON" => {
                Demand::SetUp(FACTORS.into_iter().filter(|factor| self.offers(factor)).collect())
            }
            [] => Demand::Nothing,
            _ => Demand::Choice(active),
        }
    }
}

impl User {
    /// Tells whether the user has what a factor needs.
    pub(super) fn can_show(&self, factor: &str) -> bool {
        match factor {
            "SOFTWARE_TOKEN_MFA" => self.totp.as_ref().is_some_and(|token| token.verified),
            // E-mail codes go to verified addresses only; text messages to any number.
            "EMAIL_OTP" => self.is_verified("email"),
            _ => self.attributes.contains_key("phone_number"),
        }
    }

    /// Checks a code of the software token and uses it up.
    ///
    /// The step before and the step after count too. Source of single use: observed,
    /// getmoto/moto test_user_authentication_flow_mfa_on.
    pub(super) fn use_totp(&mut self, given: &str, now: Millis) -> Result<(), Fault> {
        let token = self.totp.as_mut().ok_or_else(|| Fault::rule("software-token-missing"))?;
        let step = now / 1000 / totp::STEP_SECS;
        let near = step.saturating_sub(1)..=step + 1;
        let shown = |step: &u64| totp::code_of_step(&token.seed.0, *step).as_deref() == Some(given);
        let mut matching = near.filter(shown).peekable();
        if matching.peek().is_none() {
            return Err(Fault::rule("sign-in-code-mismatch"));
        }
        let fresh = matching.find(|step| !token.used_steps.contains(step));
        let fresh = fresh.ok_or_else(|| Fault::rule("software-token-code-used"))?;
        token.used_steps.retain(|used| used + 2 >= step);
        token.used_steps.insert(fresh);
        Ok(())
    }
}

/// Returns factor names as challenge parameters carry them: a JSON list within a string.
pub(super) fn listed(factors: &[&str]) -> String {
    json!(factors).to_string()
}
