//! Session records of users: `ListUserSessions`, `RevokeUserSession` and their administrators'
//! forms. The reference has token sessions only: nobody signs in through managed login.

use serde_json::{Value, json};

use super::app::App;
use super::clients::LOWER_ALPHANUMERIC;
use super::paging::page;
use super::state::{SignIn, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminListUserSessions", admin_list),
    ("AdminRevokeUserSession", admin_revoke),
    ("ListUserSessions", list),
    ("RevokeUserSession", revoke),
];

impl Context<'_> {
    /// Returns the id of a new sign-in's session record, in a pool that tracks sessions.
    ///
    /// A user who has as many as may be loses the one that was used least recently.
    pub(super) fn open_session(
        &mut self,
        app: &App,
        username: &str,
    ) -> Result<Option<String>, Fault> {
        let now = self.now;
        let pool = app.pool(self)?;
        if !pool.session_tracking.enabled {
            return Ok(None);
        }
        let most = usize::try_from(pool.session_tracking.most).unwrap_or(usize::MAX);
        let mut open: Vec<&mut SignIn> =
            pool.sessions.values_mut().filter(|s| s.is_session(username, now)).collect();
        open.sort_by_key(|session| std::cmp::Reverse(session.active));
        // The new one needs room too.
        open.into_iter().skip(most.saturating_sub(1)).for_each(SignIn::close);
        Ok(Some(format!("tkn{}", self.draw(25, LOWER_ALPHANUMERIC))))
    }
}

impl SignIn {
    /// Tells whether it is an active session of a user.
    fn is_session(&self, username: &str, now: u64) -> bool {
        let active = !self.revoked && self.expires > now;
        self.session_id.is_some() && active && self.username == username
    }

    fn close(&mut self) {
        self.revoked = true;
    }

    fn description(&self, caller: Option<&str>) -> Value {
        json!({
            "SessionId": self.session_id,
            "SessionType": "TOKEN",
            "ClientId": self.client_id,
            "CreateDate": timestamp(self.authenticated),
            "LastActiveDate": timestamp(self.active),
            "DeviceType": "unknown",
            "IsCurrentSession": caller == Some(self.id.as_str()),
        })
    }
}

impl UserPool {
    fn page_of_sessions(
        &self,
        username: &str,
        caller: Option<&str>,
        input: &Input,
        now: u64,
    ) -> Answer {
        let tracked = self.session_tracking.enabled;
        let sessions = self.sessions.values().filter(|s| tracked && s.is_session(username, now));
        let mut sessions: Vec<_> =
            sessions.filter_map(|s| Some((s.session_id.clone()?, s.description(caller)))).collect();
        sessions.sort_by(|one, other| one.0.cmp(&other.0));
        let scope = format!("ListUserSessions {} {username}", self.id);
        let page = page(sessions, &scope, input.opt_text("NextToken"), None)?;
        Ok(Some(page.output("Sessions", "NextToken")))
    }

    /// Ends a session of a user; its tokens are revoked with it.
    fn close_session(
        &mut self,
        username: &str,
        caller: Option<&str>,
        input: &Input,
        now: u64,
    ) -> Answer {
        let id = input.text("SessionId");
        let named =
            |s: &&mut SignIn| s.is_session(username, now) && s.session_id.as_deref() == Some(id);
        let session = self.sessions.values_mut().find(named);
        let session = session.ok_or_else(|| Fault::rule("user-session-not-found"))?;
        if caller == Some(session.id.as_str()) {
            return Err(Fault::rule("user-session-is-current"));
        }
        session.close();
        Ok(Some(json!({})))
    }
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let now = context.now;
    let username = bearer.user(context)?.username.clone();
    let pool = bearer.app.pool(context)?;
    pool.page_of_sessions(&username, Some(&bearer.sign_in), input, now)
}

fn admin_list(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let username = context.user(input)?.username.clone();
    context.pool(input)?.page_of_sessions(&username, None, input, now)
}

fn revoke(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let now = context.now;
    let username = bearer.user(context)?.username.clone();
    let pool = bearer.app.pool(context)?;
    pool.close_session(&username, Some(&bearer.sign_in), input, now)
}

fn admin_revoke(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let username = context.user(input)?.username.clone();
    context.pool(input)?.close_session(&username, None, input, now)
}
