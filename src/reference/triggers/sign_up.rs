//! Before a sign-up: the pre sign-up trigger.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::Event;
use crate::reference::{Context, Fault};

/// What the pre sign-up function wants done with the new user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::reference) struct Wishes {
    /// The user is confirmed at once.
    pub(in crate::reference) confirms: bool,
    verifies_email: bool,
    verifies_phone: bool,
}

impl Wishes {
    /// Returns the addresses that count as verified.
    pub(in crate::reference) fn verified(self) -> impl Iterator<Item = &'static str> {
        let wanted = [("email", self.verifies_email), ("phone_number", self.verifies_phone)];
        wanted.into_iter().filter_map(|(name, wanted)| wanted.then_some(name))
    }
}

impl Context<'_> {
    /// Asks the pre sign-up function about a new user; nothing is wanted where there is none.
    ///
    /// It is told the attributes as given: there is no `sub` and no status yet (observed,
    /// aws-amplify/docs issue 4147).
    ///
    /// # Errors
    /// It refuses the user, or wants an address verified that the user lacks.
    pub(in crate::reference) fn pre_sign_up(
        &mut self,
        pool_id: &str,
        username: &str,
        attributes: &BTreeMap<String, String>,
        source: &'static str,
    ) -> Result<Wishes, Fault> {
        if !self.has_trigger(pool_id, "PreSignUp") {
            return Ok(Wishes::default());
        }
        let told: Map<_, _> =
            attributes.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let event = Event::new(pool_id, source, username)
            .telling("userAttributes", Value::Object(told))
            .telling("validationData", self.functions.validation_data())
            .asking(json!({
                "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false,
            }));
        let Some(reply) = self.invoke("PreSignUp", event)? else { return Ok(Wishes::default()) };
        let read = || {
            Ok(Wishes {
                confirms: reply.flag("autoConfirmUser")?,
                verifies_email: reply.flag("autoVerifyEmail")?,
                verifies_phone: reply.flag("autoVerifyPhone")?,
            })
        };
        let wishes: Wishes = read().map_err(|fault| self.refuse(fault))?;
        // What an administrator's user is, the function does not decide.
        if source == "PreSignUp_AdminCreateUser" {
            return Ok(Wishes::default());
        }
        let lacks = |name: &&str| !attributes.contains_key(*name);
        match wishes.verified().find(lacks) {
            Some(_) => Err(self.refuse(Fault::rule("pre-sign-up-verifies-nothing"))),
            None => Ok(wishes),
        }
    }
}
