//! Passkeys: registering them, listing them, and signing in with one.
//!
//! What a credential must say is checked in [`relying_party`]; this file keeps the challenges and
//! says which rule speaks for which doubt.

use serde_json::{Value, json};

use super::challenge::{Flow, parameters};
use super::paging::page;
use super::state::{Passkey, PasskeyChallenge, User, UserPool};
use super::tokens::Bearer;
use super::{Answer, Context, Fault, Handler, Input, timestamp};
use crate::webauthn::relying_party::{self, Doubt, Expected};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("StartWebAuthnRegistration", start),
    ("CompleteWebAuthnRegistration", complete),
    ("ListWebAuthnCredentials", list),
    ("DeleteWebAuthnCredential", delete),
];

/// Passkeys a user may have (developer guide, quotas).
const MOST: usize = 20;

/// How long a registration may take. The service does not say; its options ask for a minute.
const PATIENCE: u64 = 300_000;

/// Registrations of a user that may be under way.
const MOST_UNDER_WAY: usize = 20;

/// Remembered challenge of a sign-in with a passkey.
const CHALLENGE: &str = "passkey-challenge";

impl Context<'_> {
    /// Returns who the access token speaks for, in an operation that declares neither that the
    /// user nor that the client is gone: either way the token counts as revoked.
    fn passkey_owner(&mut self, input: &Input) -> Result<Bearer, Fault> {
        self.living_bearer(input).map_err(|fault| match fault {
            Fault::Rule { id: "access-token-client-gone", .. } => {
                Fault::rule("deleted-clients-token-revoked")
            }
            other => other,
        })
    }

    fn passkey_challenge(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        crate::webauthn::encode(&bytes)
    }

    /// Poses the challenge to sign in with a passkey.
    pub(super) fn pose_passkey(&mut self, mut flow: Flow) -> Result<Value, Fault> {
        let challenge = self.passkey_challenge();
        flow.set(CHALLENGE, challenge.as_str());
        let pool = flow.app.pool(self)?;
        let user = pool.users.get(&flow.key).ok_or_else(|| Fault::rule("user-not-found"))?;
        let options = json!({
            "challenge": challenge,
            "timeout": 180_000,
            "rpId": pool.relying_party(),
            "allowCredentials": pool.usable_passkeys(user).map(descriptor).collect::<Vec<_>>(),
            "userVerification": pool.user_verification(),
        });
        let options = parameters([("CREDENTIAL_REQUEST_OPTIONS", options.to_string())]);
        self.pose(flow, "WEB_AUTHN", options)
    }

    /// Checks the answer of a passkey and goes on.
    pub(super) fn prove_passkey(&mut self, flow: Flow, credential: &str) -> Result<Value, Fault> {
        let refused = || Fault::rule("passkey-not-accepted");
        let credential: Value = serde_json::from_str(credential).map_err(|_| refused())?;
        let pool = flow.app.pool(self)?;
        let relying_party = pool.relying_party().ok_or_else(refused)?.to_owned();
        let expected = Expected {
            challenge: flow.get(CHALLENGE).unwrap_or_default(),
            relying_party: &relying_party,
            verification: pool.demands_verification(),
        };
        let user = pool.users.get_mut(&flow.key).ok_or_else(refused)?;
        let id = credential["id"].as_str().unwrap_or_default();
        let passkey = user.passkeys.get_mut(id);
        let passkey = passkey.filter(|passkey| passkey.relying_party == relying_party);
        let passkey = passkey.ok_or_else(refused)?;
        let kept = &mut passkey.credential;
        let counter = relying_party::asserted(&credential, &expected, &kept.key, kept.counter);
        kept.counter = counter.map_err(|_| refused())?;
        self.after_first_factor(flow)
    }
}

impl UserPool {
    /// Returns the domain that passkeys are bound to: the one that is set, else the pool's own, a
    /// custom one first.
    ///
    /// Source: API reference, WebAuthnConfigurationType, RelyingPartyId.
    pub(super) fn relying_party(&self) -> Option<&str> {
        let set = self.passkey_setting("RelyingPartyId").and_then(Value::as_str);
        set.or_else(|| self.host())
    }

    /// Tells whether a user has a passkey that the pool takes.
    pub(super) fn has_usable_passkey(&self, key: &str) -> bool {
        let user = self.users.get(key);
        user.is_some_and(|user| self.usable_passkeys(user).next().is_some())
    }

    /// Returns the passkeys of a user that are bound to the pool's relying party of now: it may
    /// have changed since they were registered.
    fn usable_passkeys<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a Passkey> {
        let current = self.relying_party();
        let bound = move |passkey: &&Passkey| Some(&*passkey.relying_party) == current;
        user.passkeys.values().filter(bound)
    }

    fn passkey_setting(&self, name: &str) -> Option<&Value> {
        self.mfa.get("WebAuthnConfiguration")?.get(name)
    }

    fn user_verification(&self) -> &str {
        self.passkey_setting("UserVerification").and_then(Value::as_str).unwrap_or("preferred")
    }

    /// Tells whether the authenticator must make sure of the user.
    fn demands_verification(&self) -> bool {
        let strong = self.passkey_setting("FactorConfiguration");
        self.user_verification() == "required"
            || strong.is_some_and(|factor| factor == "MULTI_FACTOR_WITH_USER_VERIFICATION")
    }

    /// Refuses where passkeys are no first factor of the pool.
    fn check_passkeys_enabled(&self) -> Result<(), Fault> {
        let first =
            super::pool_settings::list(self, "/Policies/SignInPolicy/AllowedFirstAuthFactors");
        let enabled = first.contains(&"WEB_AUTHN");
        if enabled { Ok(()) } else { Err(Fault::rule("passkeys-not-enabled")) }
    }
}

fn descriptor(passkey: &Passkey) -> Value {
    json!({"type": "public-key", "id": passkey.credential.id})
}

/// Source of the options' form: API reference, StartWebAuthnRegistration, example.
fn start(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.passkey_owner(input)?;
    let now = context.now;
    let challenge = context.passkey_challenge();
    let pool = bearer.app.pool(context)?;
    pool.check_passkeys_enabled()?;
    let relying_party = pool.relying_party().map(str::to_owned);
    let relying_party = relying_party.ok_or_else(|| Fault::rule("passkey-no-relying-party"))?;
    let verification = pool.user_verification().to_owned();
    let user = bearer.user(context)?;
    if user.passkeys.len() >= MOST {
        return Err(Fault::rule("passkey-limit"));
    }
    let under_way = &mut user.passkey_challenges;
    under_way.retain(|_, pending| pending.expires > now);
    if under_way.len() >= MOST_UNDER_WAY {
        under_way.pop_first();
    }
    let client_id = bearer.app.client.id.clone();
    under_way.insert(challenge.clone(), PasskeyChallenge { client_id, expires: now + PATIENCE });
    let options = json!({
        "authenticatorSelection": {
            "requireResidentKey": true,
            "residentKey": "required",
            "userVerification": verification,
        },
        "challenge": challenge,
        "excludeCredentials": user.passkeys.values().map(descriptor).collect::<Vec<_>>(),
        "pubKeyCredParams": [
            {"alg": -7, "type": "public-key"},
            {"alg": -257, "type": "public-key"},
        ],
        "rp": {"id": relying_party, "name": relying_party},
        "timeout": 60_000,
        "user": {
            "displayName": user.username,
            "id": crate::webauthn::encode(user.sub.as_bytes()),
            "name": user.username,
        },
    });
    Ok(Some(json!({"CredentialCreationOptions": options})))
}

fn complete(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.passkey_owner(input)?;
    let now = context.now;
    let pool = bearer.app.pool(context)?;
    pool.check_passkeys_enabled()?;
    let verification = pool.demands_verification();
    let relying_party = pool.relying_party().unwrap_or_default().to_owned();
    let credential = input.get("Credential").unwrap_or(&Value::Null);
    let challenge = relying_party::challenge(credential).map_err(rule_of)?;
    let user = bearer.user(context)?;
    let pending = user.passkey_challenges.get(&challenge).filter(|p| p.expires > now);
    let pending = pending.ok_or_else(|| Fault::rule("passkey-challenge-not-found"))?;
    if pending.client_id != bearer.app.client.id {
        return Err(Fault::rule("passkey-client-mismatch"));
    }
    let expected = Expected { challenge: &challenge, relying_party: &relying_party, verification };
    let registered = relying_party::registered(credential, &expected).map_err(rule_of)?;
    if user.passkeys.len() >= MOST {
        return Err(Fault::rule("passkey-limit"));
    }
    if user.passkeys.contains_key(&registered.id) {
        return Err(Fault::rule("passkey-credential-invalid"));
    }
    user.passkey_challenges.remove(&challenge);
    let id = registered.id.clone();
    user.passkeys.insert(id, Passkey { credential: registered, relying_party, created: now });
    Ok(Some(json!({})))
}

/// Returns the refusal of a registration that is not believed.
fn rule_of(doubt: Doubt) -> Fault {
    match doubt {
        Doubt::Challenge => Fault::rule("passkey-challenge-not-found"),
        Doubt::Origin => Fault::rule("passkey-origin-not-allowed"),
        Doubt::RelyingParty => Fault::rule("passkey-relying-party-mismatch"),
        Doubt::User | Doubt::Unsupported => Fault::rule("passkey-not-supported"),
        Doubt::Malformed | Doubt::Signature | Doubt::Counter => {
            Fault::rule("passkey-credential-invalid")
        }
    }
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.passkey_owner(input)?;
    let user = bearer.user(context)?;
    let passkeys = user.passkeys.iter().map(|(id, passkey)| (id, description(passkey)));
    let scope = format!("ListWebAuthnCredentials {}", user.sub);
    // A page has twenty at most (service model), and so many may a user have.
    let page = page(passkeys, &scope, input.opt_text("NextToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("Credentials", "NextToken")))
}

fn description(passkey: &Passkey) -> Value {
    let credential = &passkey.credential;
    let mut described = json!({
        "CredentialId": credential.id,
        "FriendlyCredentialName": "Passkey",
        "RelyingPartyId": passkey.relying_party,
        "AuthenticatorTransports": credential.transports,
        "CreatedAt": timestamp(passkey.created),
    });
    if let Some(attachment) = &credential.attachment {
        described["AuthenticatorAttachment"] = json!(attachment);
    }
    described
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.living_bearer(input)?;
    let user = bearer.user(context)?;
    let removed = user.passkeys.remove(input.text("CredentialId"));
    removed.ok_or_else(|| Fault::rule("passkey-not-found"))?;
    Ok(Some(json!({})))
}
