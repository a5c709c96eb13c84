//! Around a sign-in: the pre and post authentication triggers.

use super::Event;
use crate::reference::app::App;
use crate::reference::{Context, Fault};

impl Context<'_> {
    /// Asks the pre authentication function whether a sign-in may go on.
    ///
    /// A function is asked about users who do not exist only where the client hides that, which
    /// is the only way to get here without one.
    ///
    /// # Errors
    /// It refuses.
    pub(in crate::reference) fn pre_authentication(
        &mut self,
        app: &App,
        key: &str,
        exists: bool,
    ) -> Result<(), Fault> {
        if !self.has_trigger(&app.pool_id, "PreAuthentication") {
            return Ok(());
        }
        let (username, attributes) = self.told(&app.pool_id, key)?;
        let mut event = Event::new(&app.pool_id, "PreAuthentication_Authentication", &username)
            .telling("userAttributes", attributes)
            .telling("validationData", self.functions.validation_data());
        app.tell_existence(&mut event.request, exists);
        self.invoke("PreAuthentication", event).map(drop)
    }

    /// Tells the post authentication function that a user has signed in.
    ///
    /// # Errors
    /// It fails: there are no tokens then.
    pub(in crate::reference) fn post_authentication(
        &mut self,
        app: &App,
        key: &str,
        new_device: bool,
    ) -> Result<(), Fault> {
        if !self.has_trigger(&app.pool_id, "PostAuthentication") {
            return Ok(());
        }
        let (username, attributes) = self.told(&app.pool_id, key)?;
        let event = Event::new(&app.pool_id, "PostAuthentication_Authentication", &username)
            .telling("userAttributes", attributes)
            .telling("newDeviceUsed", new_device);
        self.invoke("PostAuthentication", event).map(drop)
    }
}
