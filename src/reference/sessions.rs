//! Refreshing and ending sign-ins: `GetTokensFromRefreshToken`, `RevokeToken`, `GlobalSignOut`,
//! `AdminUserGlobalSignOut`.

use serde_json::{Value, json};

use super::app::App;
use super::state::{Secret, SignIn};
use super::{Answer, Context, Fault, Handler, Input};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminUserGlobalSignOut", admin_user_global_sign_out),
    ("GetTokensFromRefreshToken", get_tokens_from_refresh_token),
    ("GlobalSignOut", global_sign_out),
    ("RevokeToken", revoke_token),
];

impl Context<'_> {
    /// Returns the sign-in of a refresh token, if the client may use it now.
    ///
    /// # Errors
    /// The token is unknown, of another client or a deleted user, lacks its device key, is revoked
    /// or too old.
    pub(super) fn find_refresh_token(
        &mut self,
        app: &App,
        token: &str,
        device_key: Option<&str>,
    ) -> Result<SignIn, Fault> {
        let now = self.now;
        let invalid = || Fault::rule("refresh-token-invalid");
        let pool = app.pool(self)?;
        let mut sign_ins = pool.sessions.values();
        let sign_in = sign_ins.find(|sign_in| sign_in.holds(token)).ok_or_else(invalid)?.clone();
        let device_fits =
            sign_in.device_key.is_none() || sign_in.device_key.as_deref() == device_key;
        if sign_in.client_id != app.client.id {
            return Err(Fault::rule("refresh-token-other-client"));
        }
        if sign_in.user_gone {
            return Err(Fault::rule("refresh-of-deleted-user"));
        }
        if !device_fits {
            return Err(invalid());
        }
        if sign_in.revoked {
            return Err(Fault::rule("refresh-token-revoked"));
        }
        if sign_in.expires <= now {
            return Err(Fault::rule("refresh-token-expired"));
        }
        if sign_in.retired(token).is_some_and(|until| until <= now) {
            return Err(Fault::rule("refresh-token-reused"));
        }
        let user = pool.users.values().find(|user| user.username == sign_in.username);
        match user {
            None => Err(Fault::rule("refresh-of-deleted-user")),
            Some(user) if !user.enabled => Err(Fault::rule("user-disabled")),
            Some(_) => Ok(sign_in),
        }
    }

    /// Replaces the refresh token of a sign-in and returns the new one, where the client rotates.
    pub(super) fn rotate(&mut self, app: &App, sign_in: &SignIn) -> Result<Option<String>, Fault> {
        if !app.rotates() {
            return Ok(None);
        }
        let grace = &app.client.settings["RefreshTokenRotation"]["RetryGracePeriodSeconds"];
        let until = self.now + grace.as_u64().unwrap_or(0) * 1000;
        let fresh = self.refresh_token();
        if let Some(kept) = app.pool(self)?.sessions.get_mut(&sign_in.id) {
            // The new token keeps the old one's expiry: the window does not slide.
            let old = std::mem::replace(&mut kept.refresh_token, Secret(fresh.clone()));
            kept.retired_tokens.push((old, until));
        }
        Ok(Some(fresh))
    }

    /// Returns an answer with fresh ID and access tokens; `auth_time` stays as it was.
    pub(super) fn renew(&mut self, app: &App, sign_in: &SignIn) -> Result<Value, Fault> {
        let now = self.now;
        let pool = app.pool(self)?;
        let key = pool.user_key(&sign_in.username);
        if let Some(kept) = pool.sessions.get_mut(&sign_in.id) {
            kept.active = now;
        }
        self.functions.token_source = Some("TokenGeneration_RefreshTokens");
        let shaping = self.pre_token(app, &key)?;
        let result = self.result(app, &key, sign_in, shaping)?;
        Ok(json!({"AuthenticationResult": result, "ChallengeParameters": {}}))
    }
}

impl SignIn {
    /// Tells whether a refresh token is this sign-in's, or one that rotation replaced.
    pub(super) fn holds(&self, token: &str) -> bool {
        self.refresh_token.0 == token || self.retired(token).is_some()
    }

    /// Returns until when a token that rotation replaced is still good.
    fn retired(&self, token: &str) -> Option<u64> {
        self.retired_tokens.iter().find(|(old, _)| old.0 == token).map(|(_, until)| *until)
    }
}

impl App {
    /// Tells whether refreshing replaces the refresh token.
    pub(super) fn rotates(&self) -> bool {
        let rotation = self.client.settings.get("RefreshTokenRotation");
        rotation.is_some_and(|rotation| rotation["Feature"] == "ENABLED")
    }

    /// Checks that rotation may replace the refresh token of a sign-in.
    ///
    /// Source: observed once, aws/aws-sdk-js-v3 issue 7162.
    pub(super) fn check_rotatable(&self, sign_in: &SignIn) -> Result<(), Fault> {
        match self.rotates() && sign_in.flow == "ADMIN_NO_SRP_AUTH" {
            true => Err(Fault::rule("refresh-token-invalid")),
            false => Ok(()),
        }
    }
}

fn get_tokens_from_refresh_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let rules = ["client-secret-missing", "client-secret-wrong"];
    app.check_secret(input.opt_text("ClientSecret"), rules)?;
    let token = input.text("RefreshToken");
    let sign_in = context.find_refresh_token(&app, token, input.opt_text("DeviceKey"))?;
    app.check_rotatable(&sign_in)?;
    let mut answer = context.renew(&app, &sign_in)?;
    answer.as_object_mut().and_then(|answer| answer.remove("ChallengeParameters"));
    if let Some(fresh) = context.rotate(&app, &sign_in)? {
        answer["AuthenticationResult"]["RefreshToken"] = fresh.into();
    }
    Ok(Some(answer))
}

fn revoke_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let rules = ["token-revocation-secret-missing", "token-revocation-secret-wrong"];
    app.check_secret(input.opt_text("ClientSecret"), rules)?;
    if !app.revokes() {
        return Err(Fault::rule("token-revocation-disabled"));
    }
    let token = input.text("Token");
    if super::signing::claims(token).is_ok() {
        return Err(Fault::rule("token-revocation-type"));
    }
    let pool = app.pool(context)?;
    let mut living = pool.sessions.values_mut().filter(|sign_in| !sign_in.user_gone);
    let found = living.find(|sign_in| sign_in.holds(token));
    let found = found.ok_or_else(|| Fault::rule("token-revocation-invalid"))?;
    if found.client_id != app.client.id {
        return Err(Fault::rule("token-revocation-other-client"));
    }
    found.revoked = true;
    Ok(Some(json!({})))
}

fn global_sign_out(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.living_bearer(input)?;
    let username = bearer.user(context)?.username.clone();
    bearer.app.pool(context)?.sign_out(&username);
    Ok(Some(json!({})))
}

fn admin_user_global_sign_out(context: &mut Context<'_>, input: &Input) -> Answer {
    let username = context.user(input)?.username.clone();
    context.pool(input)?.sign_out(&username);
    Ok(Some(json!({})))
}
