//! Messages: the custom message trigger words them, a custom sender sends them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Event;
use crate::reference::delivery::{Delivery, medium};
use crate::reference::{Context, Fault};

/// Stands for the code in a message's wording.
const CODE: &str = "{####}";

/// Stands for the username in an invitation's wording.
const USERNAME: &str = "{username}";

/// A message in a function's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::reference) struct CustomText {
    /// Subject, of an e-mail.
    pub(in crate::reference) subject: Option<String>,
    /// Text, the code filled in; `None` is the pool's own wording.
    pub(in crate::reference) body: Option<String>,
}

impl Context<'_> {
    /// Asks the custom message function how it words a message; nothing where there is none.
    ///
    /// A wording that lacks the code, or in an invitation the username, does not count: the
    /// pool's own is sent (observed, awsdocs/amazon-cognito-developer-guide pull request 31).
    ///
    /// # Errors
    /// It fails, or answers what is no event.
    pub(in crate::reference) fn custom_text(
        &mut self,
        delivery: &Delivery<'_>,
    ) -> Result<CustomText, Fault> {
        if !self.has_trigger(delivery.pool_id, "CustomMessage") {
            return Ok(CustomText::default());
        }
        let invites = delivery.purpose == "CustomMessage_AdminCreateUser";
        let key = self.pool_by_id(delivery.pool_id)?.user_key(delivery.username);
        let (_, attributes) = self.told(delivery.pool_id, &key)?;
        let event = Event::new(delivery.pool_id, delivery.purpose, delivery.username)
            .telling("userAttributes", attributes)
            .telling("codeParameter", CODE)
            .telling("linkParameter", "{##Click Here##}")
            .telling("usernameParameter", invites.then_some(USERNAME))
            .asking(json!({"smsMessage": null, "emailMessage": null, "emailSubject": null}));
        let Some(reply) = self.invoke("CustomMessage", event)? else {
            return Ok(CustomText::default());
        };
        let by_email = medium(delivery.attribute) == "EMAIL";
        let member = if by_email { "emailMessage" } else { "smsMessage" };
        let read = || Ok((reply.text(member)?, reply.text("emailSubject")?));
        let (body, subject) = read().map_err(|fault| self.refuse(fault))?;
        let complete = |body: &&str| body.contains(CODE) && (!invites || body.contains(USERNAME));
        let fill =
            |body: &str| body.replace(USERNAME, delivery.username).replace(CODE, delivery.code);
        Ok(CustomText {
            subject: subject.filter(|_| by_email).map(str::to_owned),
            body: body.filter(complete).map(fill),
        })
    }

    /// Gives a message to the custom sender of its medium; `false` where the pool has none.
    ///
    /// The service encrypts the code with the pool's key, which only AWS KMS can undo. Here the
    /// "ciphertext" is the base64 of the code.
    pub(in crate::reference) fn custom_sender(
        &mut self,
        delivery: &Delivery<'_>,
    ) -> Result<bool, Fault> {
        let (trigger, kind) = match medium(delivery.attribute) {
            "SMS" => ("CustomSMSSender", "customSMSSenderRequestV1"),
            _ => ("CustomEmailSender", "customEmailSenderRequestV1"),
        };
        if !self.has_trigger(delivery.pool_id, trigger) {
            return Ok(false);
        }
        let event = delivery.purpose.split_once('_').map_or(delivery.purpose, |(_, event)| event);
        let source = format!("{trigger}_{event}");
        let key = self.pool_by_id(delivery.pool_id)?.user_key(delivery.username);
        let (_, attributes) = self.told(delivery.pool_id, &key)?;
        let event = Event::new(delivery.pool_id, &source, delivery.username)
            .telling("type", kind)
            .telling("code", STANDARD.encode(delivery.code))
            .telling("userAttributes", attributes);
        Ok(self.notify(trigger, event))
    }
}
