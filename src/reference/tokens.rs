//! Tokens: what a sign-in grants, and whether an access token is good.
//!
//! ID and access tokens are RS256 JWTs; refresh tokens are opaque strings that look like the
//! service's (five parts).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::app::App;
use super::signing::{self, Doubt, Use, issuer};
use super::state::{Device, Millis, Secret, SignIn, User, UserPool, UserStatus};
use super::triggers::Shaping;
use super::{Context, Fault, Input, REGION};

/// Scope of every token that a sign-in through the API grants.
pub(super) const SCOPE: &str = "aws.cognito.signin.user.admin";

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Who an access token speaks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bearer {
    /// Client that got the token, and its pool.
    pub(super) app: App,
    /// Key of the user.
    pub(super) key: String,
    /// Sign-in that granted it.
    pub(super) sign_in: String,
}

impl Context<'_> {
    /// Completes a sign-in: returns the answer that carries the tokens.
    ///
    /// In a pool that tracks devices, a sign-in from no known device gets a new one.
    pub(super) fn grant(
        &mut self,
        app: &App,
        key: &str,
        flow: &str,
        device_key: Option<&str>,
    ) -> Result<Value, Fault> {
        let now = self.now;
        let pool = app.pool(self)?;
        pool.forget_old_sign_ins(now);
        let known =
            pool.users.get(key).is_some_and(|u| device_key.is_some_and(|d| u.device(d).is_ok()));
        let tracks = pool.tracks_devices();
        self.post_authentication(app, key, tracks && !known)?;
        // A function that refuses the tokens leaves no device, no session and no attempt forgiven.
        let shaping = self.pre_token(app, key)?;
        let new_device = (tracks && !known).then(|| self.new_device());
        let refresh_token = self.refresh_token();
        let validity = app.validity_secs("RefreshToken", "days", 30 * 86_400);
        let user = self.user_at(&app.pool_id, key)?;
        let username = user.username.clone();
        if let Some(device) = &new_device {
            let day = super::codes::DAY;
            user.devices.retain(|_, device| device.confirmed || device.created + day > now);
            user.devices.insert(device.key.clone(), device.clone());
        } else if let Some(device) = device_key.and_then(|key| user.devices.get_mut(key)) {
            device.authenticated = now;
        }
        user.failures = 0;
        user.locked_until = None;
        let of_new = new_device.as_ref().map(|device| device.key.clone());
        let session_id = self.open_session(app, &username)?;
        let sign_in = SignIn {
            id: self.uuid(),
            username,
            client_id: app.client.id.clone(),
            refresh_token: Secret(refresh_token.clone()),
            retired_tokens: Vec::new(),
            authenticated: now,
            expires: now + validity * 1000,
            revoked: false,
            user_gone: false,
            device_key: of_new.or_else(|| device_key.filter(|_| known).map(str::to_owned)),
            flow: flow.to_owned(),
            session_id,
            active: now,
        };
        let mut result = self.result(app, key, &sign_in, shaping)?;
        result.insert("RefreshToken".into(), refresh_token.into());
        if let Some(device) = new_device {
            let metadata = json!({"DeviceKey": device.key, "DeviceGroupKey": device.group_key});
            result.insert("NewDeviceMetadata".into(), metadata);
        }
        app.pool(self)?.sessions.insert(sign_in.id.clone(), sign_in);
        Ok(json!({"AuthenticationResult": result, "ChallengeParameters": {}}))
    }

    /// Returns an `AuthenticationResult` with fresh ID and access tokens of a sign-in, shaped as
    /// the pre token generation function wants them.
    pub(super) fn result(
        &mut self,
        app: &App,
        key: &str,
        sign_in: &SignIn,
        shaping: Option<Shaping>,
    ) -> Result<Map<String, Value>, Fault> {
        let lasts = |token| app.validity_secs(token, "hours", 3600);
        let (id_secs, access_secs) = (lasts("IdToken"), lasts("AccessToken"));
        let now_secs = self.now / 1000;
        let event_id = self.uuid();
        let mut common = || {
            json!({
                "iss": issuer(&app.pool_id),
                "origin_jti": sign_in.id,
                "event_id": event_id,
                "auth_time": sign_in.authenticated / 1000,
                "iat": now_secs,
                "jti": self.uuid(),
            })
        };
        let (mut id, mut access) = (common(), common());
        if !app.revokes() {
            // Source: developer guide, token revocation: enabling it adds the claim. The event
            // stands in for the sign-in then.
            for claims in [&mut id, &mut access] {
                claims["event_id"] = sign_in.id.as_str().into();
                claims.as_object_mut().and_then(|claims| claims.remove("origin_jti"));
            }
        }
        let pool = app.pool(self)?;
        let user = pool.users.get(key).ok_or_else(|| Fault::rule("user-not-found"))?;
        id["exp"] = (now_secs + id_secs).into();
        access["exp"] = (now_secs + access_secs).into();
        id_claims(pool, user, app, &mut id);
        access_claims(user, app, sign_in, &mut access);
        if let Some(shaping) = shaping {
            shaping.apply(&mut id, &mut access);
        }
        let result = json!({
            "AccessToken": signing::defer(&app.pool_id, Use::Access, &access),
            "ExpiresIn": access_secs,
            "IdToken": signing::defer(&app.pool_id, Use::Id, &id),
            "TokenType": "Bearer",
        });
        Ok(result.as_object().cloned().unwrap_or_default())
    }

    /// Returns an opaque token of five parts, as an encrypted JWT has.
    pub(super) fn refresh_token(&mut self) -> String {
        let header = json!({"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"});
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let rest = [342, 16, 600, 22].map(|length| self.draw(length, LETTERS));
        format!("{header}.{}", rest.join("."))
    }

    fn new_device(&mut self) -> Device {
        let now = self.now;
        Device {
            key: format!("{REGION}_{}", self.uuid()),
            group_key: format!("-{}", self.draw(8, &LETTERS[..62])),
            created: now,
            modified: now,
            authenticated: now,
            ..Device::default()
        }
    }

    /// Returns who the member `AccessToken` speaks for.
    ///
    /// # Errors
    /// The token is malformed, forged, expired, revoked; its client or user is gone; the user is
    /// disabled or has to reset the password.
    pub(super) fn bearer(&mut self, input: &Input) -> Result<Bearer, Fault> {
        let bearer = self.bearer_of(input.text("AccessToken"), SCOPE)?;
        if bearer.user(self)?.status == UserStatus::ResetRequired {
            return Err(Fault::rule("access-token-password-reset"));
        }
        Ok(bearer)
    }

    /// Returns who the member `AccessToken` speaks for, in an operation that does not declare
    /// `UserNotFoundException`: the token of a deleted user counts as revoked there.
    pub(super) fn living_bearer(&mut self, input: &Input) -> Result<Bearer, Fault> {
        self.bearer(input).map_err(gone_is_revoked)
    }

    /// Returns who the member `AccessToken` speaks for, in the one operation that declares neither
    /// `UserNotFoundException` nor `PasswordResetRequiredException` (`AssociateSoftwareToken`).
    pub(super) fn any_bearer(&mut self, input: &Input) -> Result<Bearer, Fault> {
        self.bearer_of(input.text("AccessToken"), SCOPE).map_err(gone_is_revoked)
    }

    /// Returns who an access token with this scope speaks for.
    pub(super) fn bearer_of(&mut self, token: &str, needed: &str) -> Result<Bearer, Fault> {
        let doubted = |doubt| match doubt {
            Doubt::Malformed => Fault::rule("access-token-malformed"),
            Doubt::Forged => Fault::rule("access-token-forged"),
        };
        let claims = signing::claims(token).map_err(doubted)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let pool_id = text("iss").rsplit('/').next().unwrap_or_default();
        if text("token_use") != Use::Access.name() || issuer(pool_id) != text("iss") {
            return Err(Fault::rule("access-token-malformed"));
        }
        signing::verify(pool_id, Use::Access, token).map_err(doubted)?;
        if signing::is_expired(&claims, self.now) {
            return Err(Fault::rule("access-token-expired"));
        }
        if !text("scope").split(' ').any(|scope| scope == needed) {
            return Err(Fault::rule("access-token-scope"));
        }
        let gone = |_| Fault::rule("access-token-client-gone").with("id", text("client_id"));
        let app = self.app_by_id(text("client_id")).map_err(gone)?;
        let pool = self.pool_by_id(pool_id)?;
        let origin = signing::sign_in_id(&claims);
        let sign_in = pool.sessions.get(origin);
        // The quick way to the owner is by the name of the sign-in.
        let named = sign_in.and_then(|s| pool.users.get_key_value(&pool.user_key(&s.username)));
        let owner = named.filter(|(_, user)| user.sub == text("sub"));
        let owner = owner.or_else(|| pool.users.iter().find(|(_, user)| user.sub == text("sub")));
        let (key, user) = owner.ok_or_else(|| Fault::rule("access-token-user-gone"))?;
        if sign_in.is_none_or(|sign_in| sign_in.revoked) {
            return Err(Fault::rule("access-token-revoked"));
        }
        if !user.enabled {
            return Err(Fault::rule("user-disabled"));
        }
        Ok(Bearer { app, key: key.clone(), sign_in: origin.to_owned() })
    }
}

fn gone_is_revoked(fault: Fault) -> Fault {
    match fault {
        Fault::Rule { id: "access-token-user-gone", .. } => {
            Fault::rule("deleted-users-token-revoked")
        }
        other => other,
    }
}

impl Bearer {
    /// Returns the user.
    pub(super) fn user<'a>(&self, context: &'a mut Context<'_>) -> Result<&'a mut User, Fault> {
        context.user_at(&self.app.pool_id, &self.key)
    }
}

impl App {
    /// Tells whether the client may revoke tokens.
    pub(super) fn revokes(&self) -> bool {
        self.client.settings.get("EnableTokenRevocation") != Some(&Value::Bool(false))
    }

    /// Tells whether the client may read an attribute.
    pub(super) fn reads(&self, attribute: &str) -> bool {
        let listed = self.client.settings.get("ReadAttributes").and_then(Value::as_array);
        let listed = listed.filter(|list| !list.is_empty());
        attribute == "sub" || listed.is_none_or(|list| list.iter().any(|name| name == attribute))
    }
}

impl UserPool {
    /// Tells whether the pool tracks devices.
    pub(super) fn tracks_devices(&self) -> bool {
        self.setting("/DeviceConfiguration").is_some_and(Value::is_object)
    }

    /// Makes every token of a user unusable.
    pub(super) fn sign_out(&mut self, username: &str) {
        let of_user = |sign_in: &&mut SignIn| sign_in.username == username;
        self.sessions.values_mut().filter(of_user).for_each(|sign_in| sign_in.revoked = true);
    }

    /// Forgets sign-ins that ended long ago.
    ///
    /// Looks through them only when their number has doubled: a sign-in stays cheap in a pool
    /// that has seen many.
    pub(super) fn forget_old_sign_ins(&mut self, now: Millis) {
        if !self.sessions.len().is_power_of_two() {
            return;
        }
        self.sessions.retain(|_, sign_in| sign_in.expires + super::codes::DAY > now);
    }
}

pub(super) fn access_claims(user: &User, app: &App, sign_in: &SignIn, claims: &mut Value) {
    claims["token_use"] = Use::Access.name().into();
    claims["sub"] = user.sub.as_str().into();
    claims["client_id"] = app.client.id.as_str().into();
    claims["username"] = user.username.as_str().into();
    claims["scope"] = SCOPE.into();
    if !user.groups.is_empty() {
        claims["cognito:groups"] = json!(user.groups);
    }
    if let Some(device_key) = &sign_in.device_key {
        claims["device_key"] = device_key.as_str().into();
    }
}

pub(super) fn id_claims(pool: &UserPool, user: &User, app: &App, claims: &mut Value) {
    for (name, value) in user.attributes.iter().filter(|(name, _)| app.reads(name)) {
        claims[name] = attribute_claim(name, value);
    }
    if !user.identities.is_empty() {
        claims["identities"] = user.identities_claim();
    }
    claims["token_use"] = Use::Id.name().into();
    claims["sub"] = user.sub.as_str().into();
    claims["aud"] = app.client.id.as_str().into();
    claims["cognito:username"] = user.username.as_str().into();
    if !user.groups.is_empty() {
        claims["cognito:groups"] = json!(user.groups);
    }
    let groups = || user.groups.iter().filter_map(|name| pool.groups.get(name));
    let role = |settings: &Map<String, Value>| settings.get("RoleArn").cloned();
    let roles: Vec<Value> = groups().filter_map(|group| role(&group.settings)).collect();
    if !roles.is_empty() {
        claims["cognito:roles"] = Value::from(roles);
    }
    if let Some(preferred) = preferred_role(groups().map(|group| &group.settings)) {
        claims["cognito:preferred_role"] = preferred;
    }
}

/// Returns the role of the group with the least precedence; none when two such groups disagree.
///
/// Source: developer guide, adding groups to a user pool.
pub(super) fn preferred_role<'a>(
    groups: impl Iterator<Item = &'a Map<String, Value>>,
) -> Option<Value> {
    let ranked = groups.filter_map(|g| Some((g.get("Precedence")?.as_u64()?, g.get("RoleArn")?)));
    let ranked: Vec<_> = ranked.collect();
    let best = ranked.iter().map(|(rank, _)| *rank).min()?;
    let mut roles = ranked.iter().filter(|(rank, _)| *rank == best).map(|(_, role)| *role);
    let first = roles.next()?;
    roles.all(|role| role == first).then(|| first.clone())
}

/// Returns an attribute as an ID token carries it: verified flags as booleans, an address as an
/// object, everything else as text.
fn attribute_claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => value.eq_ignore_ascii_case("true").into(),
        "address" => json!({"formatted": value}),
        _ => value.into(),
    }
}
