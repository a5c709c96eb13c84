//! Users from elsewhere: the user migration trigger.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Event, Reply};
use crate::reference::app::App;
use crate::reference::delivery::Delivery;
use crate::reference::schema::Writing;
use crate::reference::state::{Secret, User, UserStatus};
use crate::reference::{Context, Fault};

/// How the function wants the user to be.
struct Migrated {
    attributes: BTreeMap<String, String>,
    status: Option<UserStatus>,
    silent: bool,
    mediums: Vec<String>,
    takes_aliases: bool,
}

impl Context<'_> {
    /// Asks the migration function about a user who signs in with a password and does not exist;
    /// creates the user it describes.
    ///
    /// # Errors
    /// It fails, or describes no user that the pool can hold.
    pub(in crate::reference) fn migrate_at_sign_in(
        &mut self,
        app: &App,
        username: &str,
        password: &str,
    ) -> Result<(), Fault> {
        self.migrate(app, username, Some(password))
    }

    /// Asks the migration function about a user who forgot the password and does not exist.
    ///
    /// # Errors
    /// As [`Self::migrate_at_sign_in`].
    pub(in crate::reference) fn migrate_forgetful(
        &mut self,
        app: &App,
        username: &str,
    ) -> Result<(), Fault> {
        self.migrate(app, username, None)
    }

    fn migrate(&mut self, app: &App, username: &str, password: Option<&str>) -> Result<(), Fault> {
        if !self.has_trigger(&app.pool_id, "UserMigration")
            || app.pool(self)?.key_of(username).is_some()
        {
            return Ok(());
        }
        let source = match password {
            Some(_) => "UserMigration_Authentication",
            None => "UserMigration_ForgotPassword",
        };
        let event = Event::new(&app.pool_id, source, username)
            .telling("password", password)
            .telling("validationData", self.functions.validation_data())
            .telling("userAttributes", Value::Null)
            .asking(json!({
                "userAttributes": null,
                "forceAliasCreation": null,
                "enableSMSMFA": null,
                "finalUserStatus": null,
                "messageAction": null,
                "desiredDeliveryMediums": null,
            }));
        let reply = self.invoke("UserMigration", event);
        let reply = reply.map_err(|fault| as_migration(fault, app, password.is_some()))?;
        let Some(reply) = reply else { return Ok(()) };
        let migrated = Migrated::read(&reply).map_err(|fault| self.refuse(fault))?;
        self.take_in(app, username, password, migrated)
    }

    /// Creates the user that the function describes.
    ///
    /// The password is taken as it is, whatever the pool's policy says.
    fn take_in(
        &mut self,
        app: &App,
        username: &str,
        password: Option<&str>,
        migrated: Migrated,
    ) -> Result<(), Fault> {
        let refused = || Fault::rule("user-migration-attributes");
        let (sub, now) = (self.uuid(), self.now);
        let pool = app.pool(self)?;
        let by_attribute =
            ["email", "phone_number"].into_iter().find(|name| pool.has("UsernameAttributes", name));
        let given = migrated.attributes.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let lacking = pool.check_attributes(given, Writing::New).is_err()
            || migrated.attributes.is_empty()
            || migrated.attributes.contains_key("sub");
        if lacking {
            return Err(self.refuse(refused()));
        }
        let mut attributes = migrated.attributes;
        if let Some(name) = by_attribute {
            attributes.entry(name.to_owned()).or_insert_with(|| username.to_owned());
        }
        let status = migrated.status.unwrap_or(match password {
            Some(_) => UserStatus::Confirmed,
            None => UserStatus::ResetRequired,
        });
        let user = User {
            username: if by_attribute.is_some() { sub.clone() } else { username.to_owned() },
            sub,
            attributes,
            enabled: true,
            status,
            password: password.map(|password| Secret(password.to_owned())),
            created: now,
            modified: now,
            ..User::default()
        };
        let key = pool.user_key(&user.username);
        let verified = ["email", "phone_number"].into_iter().filter(|name| user.is_verified(name));
        for (name, value) in verified.filter_map(|name| Some((name, user.attributes.get(name)?))) {
            let claimed = pool.claim_alias(&key, name, value, migrated.takes_aliases);
            if claimed.is_err() {
                return Err(self.refuse(refused()));
            }
        }
        pool.users.insert(key, user.clone());
        if migrated.silent {
            return Ok(());
        }
        let wants = |name: &str| migrated.mediums.iter().any(|wanted| wanted == name);
        let attribute = if wants("EMAIL") { "email" } else { "phone_number" };
        let Some(destination) = user.attributes.get(attribute) else { return Ok(()) };
        self.deliver(&Delivery {
            pool_id: &app.pool_id,
            username: &user.username,
            attribute,
            destination,
            purpose: "CustomMessage_AdminCreateUser",
            code: password.unwrap_or_default(),
        })
        .map(drop)
    }
}

impl Migrated {
    fn read(reply: &Reply) -> Result<Self, Fault> {
        let attributes: Map<String, Value> = reply.texts("userAttributes")?;
        let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        let status = match reply.text("finalUserStatus")? {
            None => None,
            Some("CONFIRMED") => Some(UserStatus::Confirmed),
            Some("RESET_REQUIRED") => Some(UserStatus::ResetRequired),
            Some(_) => return Err(Fault::rule("user-migration-attributes")),
        };
        Ok(Self {
            attributes: attributes.into_iter().filter_map(text).collect(),
            status,
            silent: reply.text("messageAction")? == Some("SUPPRESS"),
            mediums: reply.list("desiredDeliveryMediums")?,
            takes_aliases: reply.flag("forceAliasCreation")?,
        })
    }
}

/// Returns what a sign-in says when the migration function fails: nobody signs in by this name.
fn as_migration(fault: Fault, app: &App, at_sign_in: bool) -> Fault {
    match fault {
        Fault::Rule { id: "trigger-failed", .. } if at_sign_in && app.hides_users() => {
            Fault::rule("incorrect-credentials")
        }
        Fault::Rule { id: "trigger-failed", .. } if at_sign_in => {
            Fault::rule("user-migration-failed").with("id", app.client.id.as_str())
        }
        other => other,
    }
}
