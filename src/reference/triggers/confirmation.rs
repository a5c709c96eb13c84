//! After a confirmation: the post confirmation trigger.

use super::Event;
use crate::reference::{Context, Fault};

impl Context<'_> {
    /// Tells the post confirmation function that a user has confirmed the account or a new
    /// password.
    ///
    /// What was confirmed stays so, whatever the function answers.
    ///
    /// # Errors
    /// It fails, or answers what is no event.
    pub(in crate::reference) fn post_confirmation(
        &mut self,
        pool_id: &str,
        key: &str,
        source: &'static str,
    ) -> Result<(), Fault> {
        if !self.has_trigger(pool_id, "PostConfirmation") {
            return Ok(());
        }
        let (username, attributes) = self.told(pool_id, key)?;
        let event = Event::new(pool_id, source, &username).telling("userAttributes", attributes);
        self.functions.keeps = true;
        self.invoke("PostConfirmation", event).map(drop)
    }
}
