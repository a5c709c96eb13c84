//! Challenges that wait for an answer, and the sessions that stand for them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::app::App;
use super::state::{Millis, PendingChallenge, Secret, UserPool};
use super::{Context, Fault};

/// Challenges a pool remembers before it forgets the oldest.
const LIMIT: usize = 1000;

/// How long an expired challenge is still told from one that never was.
const MEMORY: Millis = 3_600_000;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A sign-in under way.
#[derive(Clone, PartialEq)]
pub(super) struct Flow {
    /// Client it began at.
    pub(super) app: App,
    /// Key of the user, or the name given where there is no such user.
    pub(super) key: String,
    /// `AuthFlow` it began with.
    pub(super) name: String,
    /// What later steps need to know.
    pub(super) data: BTreeMap<String, String>,
}

impl Flow {
    /// Returns a remembered value.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.data.get(name).map(String::as_str)
    }

    /// Remembers a value for later steps.
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.data.insert(name.into(), value.into());
    }
}

impl Context<'_> {
    /// Poses a challenge; the answer carries a session.
    pub(super) fn pose(
        &mut self,
        flow: Flow,
        challenge: &str,
        parameters: Value,
    ) -> Result<Value, Fault> {
        // The service's are some 1,500 characters long.
        let session = format!("AYABe{}", self.draw(1020, LETTERS));
        self.remember(&session, flow, challenge)?;
        Ok(
            json!({"ChallengeName": challenge, "ChallengeParameters": parameters, "Session": session}),
        )
    }

    /// Remembers a challenge under a name of its own.
    pub(super) fn remember(
        &mut self,
        name: &str,
        flow: Flow,
        challenge: &str,
    ) -> Result<(), Fault> {
        let now = self.now;
        let pending = PendingChallenge {
            username: flow.key,
            client_id: flow.app.client.id.clone(),
            challenge: challenge.to_owned(),
            flow: flow.name,
            expires: now + flow.app.session_millis(),
            data: flow.data,
        };
        let pool = flow.app.pool(self)?;
        if pool.challenges.len() >= LIMIT {
            pool.challenges.retain(|_, challenge| challenge.expires + MEMORY > now);
        }
        if pool.challenges.len() >= LIMIT {
            let oldest = pool.challenges.iter().min_by_key(|(_, challenge)| challenge.expires);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| pool.challenges.remove(&name));
        }
        pool.challenges.insert(Secret(name.to_owned()), pending);
        Ok(())
    }

    /// Returns the flow whose challenge a session stands for; the session stays usable.
    ///
    /// # Errors
    /// The session is unknown, of another client or challenge, used, or too old.
    pub(super) fn resume(
        &mut self,
        app: &App,
        session: &str,
        challenge: &str,
    ) -> Result<Flow, Fault> {
        let now = self.now;
        let pending = app.pool(self)?.challenges.get(session);
        let pending = pending.ok_or_else(|| Fault::rule("session-unknown"))?;
        if pending.client_id != app.client.id || pending.challenge != challenge {
            return Err(Fault::rule("session-elsewhere"));
        }
        if pending.data.contains_key(USED) {
            return Err(Fault::rule("session-used"));
        }
        if pending.data.contains_key(GONE) {
            let hides = app.hides_users();
            return Err(Fault::rule(if hides {
                "session-elsewhere"
            } else {
                "answer-user-not-found"
            }));
        }
        if pending.expires <= now {
            return Err(Fault::rule("session-expired"));
        }
        Ok(Flow {
            app: app.clone(),
            key: pending.username.clone(),
            name: pending.flow.clone(),
            data: pending.data.clone(),
        })
    }

    /// Marks a session as used: it answers no second time.
    pub(super) fn use_up(&mut self, app: &App, session: &str) -> Result<(), Fault> {
        if let Some(pending) = app.pool(self)?.challenges.get_mut(session) {
            pending.data = BTreeMap::from([(USED.to_owned(), String::new())]);
        }
        Ok(())
    }

    /// Returns the client of the challenge that a session stands for, whatever its pool.
    ///
    /// For the operations that take a session and no client.
    pub(super) fn app_of_session(&mut self, session: &str) -> Result<App, Fault> {
        let mut pools = self.state.pools.values();
        let client = pools.find_map(|pool| Some(pool.challenges.get(session)?.client_id.clone()));
        let client = client.ok_or_else(|| Fault::rule("session-unknown"))?;
        self.app_by_id(&client)
    }
}

const USED: &str = "used";

/// Marks a challenge whose user was deleted: a later user of the same name cannot answer it.
const GONE: &str = "gone";

impl UserPool {
    /// Removes a user, ends the sign-ins and closes the challenges under way.
    pub(super) fn remove_user(&mut self, key: &str) {
        let Some(user) = self.users.remove(key) else { return };
        for sign_in in self.sessions.values_mut().filter(|s| s.username == user.username) {
            (sign_in.revoked, sign_in.user_gone) = (true, true);
        }
        let of_user = self.challenges.values_mut().filter(|pending| pending.username == key);
        of_user.for_each(|pending| {
            pending.data = BTreeMap::from([(GONE.to_owned(), String::new())]);
        });
    }
}

/// Returns challenge parameters from names and values.
pub(super) fn parameters<const N: usize>(pairs: [(&str, String); N]) -> Value {
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}
