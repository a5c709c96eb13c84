//! What follows the first factor: a new password, a second factor, a device, the tokens.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use serde_json::{Value, json};

use super::app::App;
use super::attributes::check_writable;
use super::challenge::{Flow, parameters};
use super::codes::{NewCode, SIGN_IN};
use super::factors::{Demand, attribute_of, listed};
use super::first_factor::{Answers, DEVICE_KEY, PASSWORD_SHOWN};
use super::recovery::check_new_password;
use super::schema::Writing;
use super::sign_up::words;
use super::state::{CodePurpose, Device, Secret, User, UserPool, UserStatus};
use super::{Context, Fault};
use crate::srp::{Claim, Identity, Server, timestamp};

/// Most passwords that a policy can ask to differ from (API reference, PasswordHistorySize).
const LONGEST_HISTORY: usize = 24;

/// Remembered of a flow whose second factor is shown.
const FACTOR_SHOWN: &str = "factor";

impl Context<'_> {
    /// Goes on once the first factor is shown.
    pub(super) fn after_first_factor(&mut self, flow: Flow) -> Result<Value, Fault> {
        let now = self.now;
        let user = self.user_at(&flow.app.pool_id, &flow.key)?;
        if !user.enabled {
            return Err(Fault::rule("user-disabled"));
        }
        user.check_status()?;
        if user.status != UserStatus::ForceChangePassword || flow.get(PASSWORD_SHOWN).is_none() {
            return self.ask_for_more(flow);
        }
        if user.temporary_until.is_some_and(|until| until <= now) {
            return Err(Fault::rule("temporary-password-expired"));
        }
        let username = user.username.clone();
        let attributes = json!(user.attributes).to_string();
        let missing = flow.app.pool(self)?.missing_attributes(&flow.key);
        let missing: Vec<String> =
            missing.iter().map(|name| format!("userAttributes.{name}")).collect();
        let answer = parameters([
            ("USER_ID_FOR_SRP", username),
            ("requiredAttributes", json!(missing).to_string()),
            ("userAttributes", attributes),
        ]);
        self.pose(flow, "NEW_PASSWORD_REQUIRED", answer)
    }

    /// Asks for a second factor or for the device, or completes the sign-in.
    pub(super) fn ask_for_more(&mut self, flow: Flow) -> Result<Value, Fault> {
        let pool = flow.app.pool(self)?;
        let replaces = pool.setting("/DeviceConfiguration/ChallengeRequiredOnNewDevice");
        let replaces = replaces.and_then(Value::as_bool).unwrap_or(false);
        let user = pool.users.get(&flow.key).ok_or_else(|| Fault::rule("user-not-found"))?;
        let device_key = flow.get(DEVICE_KEY).filter(|_| pool.tracks_devices());
        let device = device_key.map(|key| user.device(key)).transpose()?;
        let can_prove = device.is_some_and(|device| device.remembered && device.verifier.is_some());
        let demand = if flow.get(FACTOR_SHOWN).is_some() || (can_prove && replaces) {
            Demand::Nothing
        } else if flow.get(PASSWORD_SHOWN).is_none() {
            // A code as first factor is asked for no second one.
            Demand::Nothing
        } else {
            pool.demand(user)
        };
        let username = user.username.clone();
        match demand {
            Demand::Nothing if can_prove => self.ask_for_device(flow),
            Demand::Nothing => self.grant(&flow.app, &flow.key, &flow.name, flow.get(DEVICE_KEY)),
            Demand::Factor(factor) => self.ask_for_factor(flow, factor),
            Demand::Choice(factors) => {
                let answer = parameters([
                    ("MFAS_CAN_CHOOSE", listed(&factors)),
                    ("USER_ID_FOR_SRP", username),
                ]);
                self.pose(flow, "SELECT_MFA_TYPE", answer)
            }
            // A text message cannot be set up without a number, which only an administrator can
            // give (observed, aws-amplify/amplify-js issue 14013).
            Demand::SetUp(factors) if factors == ["SMS_MFA"] => Err(Fault::rule("mfa-no-method")),
            Demand::SetUp(factors) => {
                let answer = parameters([
                    ("MFAS_CAN_SETUP", listed(&factors)),
                    ("USER_ID_FOR_SRP", username),
                ]);
                self.pose(flow, "MFA_SETUP", answer)
            }
        }
    }

    /// Poses the challenge to show a second factor; sends the code it needs.
    pub(super) fn ask_for_factor(&mut self, flow: Flow, factor: &str) -> Result<Value, Fault> {
        let user = self.user_at(&flow.app.pool_id, &flow.key)?;
        let username = user.username.clone();
        let Some(attribute) = attribute_of(factor) else {
            let name = user.totp.as_ref().and_then(|token| token.friendly_name.clone());
            let mut answer = parameters([("USER_ID_FOR_SRP", username)]);
            if let Some(name) = name {
                answer["FRIENDLY_DEVICE_NAME"] = name.into();
            }
            return self.pose(flow, "SOFTWARE_TOKEN_MFA", answer);
        };
        let masked = user.masked(attribute);
        let lasts = flow.app.session_millis();
        let code = NewCode::new(CodePurpose::SignIn, attribute, "CustomMessage_Authentication");
        self.send_code(&flow.app.pool_id, &flow.key, NewCode { lasts, ..code })?;
        let answer = parameters([
            ("CODE_DELIVERY_DELIVERY_MEDIUM", super::delivery::medium(attribute).to_owned()),
            ("CODE_DELIVERY_DESTINATION", masked),
            ("USER_ID_FOR_SRP", username),
        ]);
        self.pose(flow, factor, answer)
    }

    /// Checks a code that was shown as first or second factor; the session outlives a wrong one.
    pub(super) fn show_code(
        &mut self,
        flow: &Flow,
        challenge: &str,
        code: &str,
    ) -> Result<(), Fault> {
        let now = self.now;
        // A simulated challenge has no user, and no code is right.
        let user = self.user_at(&flow.app.pool_id, &flow.key);
        let user = user.map_err(|_| Fault::rule(SIGN_IN.mismatch))?;
        if challenge == "SOFTWARE_TOKEN_MFA" {
            user.use_totp(code, now)?;
        } else {
            user.check_code(&CodePurpose::SignIn, code, now, SIGN_IN)?;
            user.codes.remove(&CodePurpose::SignIn);
        }
        Ok(())
    }

    /// Goes on once a code is shown or a factor set up.
    pub(super) fn after_factor(&mut self, mut flow: Flow) -> Result<Value, Fault> {
        flow.set(FACTOR_SHOWN, "");
        self.after_first_factor(flow)
    }

    /// Takes the new password of a user who had a temporary one.
    pub(super) fn take_new_password(
        &mut self,
        flow: Flow,
        answers: &Answers<'_>,
    ) -> Result<Value, Fault> {
        let password = answers.need("NEW_PASSWORD")?;
        let given = answers.under("userAttributes.");
        let pool = flow.app.pool(self)?;
        check_new_password(pool, &flow.key, password)?;
        check_writable(pool, &flow.app.client, &given, Writing::New)?;
        let taken = |(name, value): &&(String, String)| {
            pool.owner_of(name, value).is_some_and(|owner| owner != flow.key)
        };
        if let Some((name, _)) = given.iter().find(taken) {
            return Err(Fault::rule("new-password-alias-exists").with("attribute", words(name)));
        }
        let missing = pool.missing_attributes(&flow.key);
        let lacks = |name: &&String| !given.iter().any(|(given, _)| given == *name);
        if let Some(name) = missing.iter().find(lacks) {
            return Err(Fault::rule("new-password-attribute-missing").with("name", name.as_str()));
        }
        let now = self.now;
        let user = self.user_at(&flow.app.pool_id, &flow.key)?;
        if user.status != UserStatus::ForceChangePassword {
            return Err(Fault::rule("session-elsewhere"));
        }
        let before = user.clone();
        user.attributes.extend(given);
        user.set_password(password, now);
        user.status = UserStatus::Confirmed;
        self.functions.token_source = Some("TokenGeneration_NewPasswordChallenge");
        let (pool_id, key) = (flow.app.pool_id.clone(), flow.key.clone());
        self.ask_for_more(flow).or_else(|fault| {
            // A sign-in that cannot go on leaves the old password.
            *self.user_at(&pool_id, &key)? = before;
            Err(fault)
        })
    }

    /// Asks for proof that the sign-in comes from the remembered device.
    fn ask_for_device(&mut self, flow: Flow) -> Result<Value, Fault> {
        let name = device_session(flow.get(DEVICE_KEY).unwrap_or_default());
        // Clients answer this challenge without a session: the device key stands for it.
        self.remember(&name, flow, "DEVICE_SRP_AUTH")?;
        Ok(json!({"ChallengeName": "DEVICE_SRP_AUTH", "ChallengeParameters": {}}))
    }

    /// Begins the proof of a device's password.
    pub(super) fn pose_device_srp(
        &mut self,
        app: &App,
        answers: &Answers<'_>,
    ) -> Result<Value, Fault> {
        let username = answers.need("USERNAME")?;
        let srp_a = answers.need("SRP_A")?;
        let device_key = answers.need("DEVICE_KEY")?;
        let session = device_session(device_key);
        // What is unknown here is a device's key and no session.
        let elsewhere = |fault| match fault {
            Fault::Rule { id: "session-unknown", .. } => Fault::rule("session-elsewhere"),
            other => other,
        };
        let mut flow = self.resume(app, &session, "DEVICE_SRP_AUTH").map_err(elsewhere)?;
        self.check_answerer(&flow, username, answers)?;
        let mut secret = [0; 32];
        self.fill(&mut secret);
        let mut block = [0; 768];
        self.fill(&mut block);
        let block = STANDARD.encode(block);
        flow.set("SRP_A", srp_a);
        flow.set("secret", STANDARD.encode(secret));
        let user = self.user_at(&app.pool_id, &flow.key)?;
        let user_id = user.username.clone();
        let device = user.device(device_key)?;
        let server = device_server(device, &flow).ok_or_else(|| Fault::rule("srp-a-invalid"))?;
        let salt = device.salt.as_ref().and_then(|salt| STANDARD.decode(&salt.0).ok());
        let salt = BigUint::from_bytes_be(&salt.unwrap_or_default()).to_str_radix(16);
        let answer = parameters([
            ("DEVICE_KEY", device_key.to_owned()),
            ("SALT", salt),
            ("SECRET_BLOCK", block.clone()),
            ("SRP_B", server.public()),
            ("USERNAME", user_id),
        ]);
        self.use_up(app, &session)?;
        self.remember(&block, flow, "DEVICE_PASSWORD_VERIFIER")?;
        Ok(json!({"ChallengeName": "DEVICE_PASSWORD_VERIFIER", "ChallengeParameters": answer}))
    }

    /// Checks the proof of a device's password and completes the sign-in.
    pub(super) fn prove_device(
        &mut self,
        app: &App,
        answers: &Answers<'_>,
    ) -> Result<Value, Fault> {
        let refused = || Fault::rule("incorrect-credentials");
        let time = answers.need("TIMESTAMP")?;
        let username = answers.need("USERNAME")?;
        let block = answers.need("PASSWORD_CLAIM_SECRET_BLOCK")?;
        let signature = answers.need("PASSWORD_CLAIM_SIGNATURE")?;
        let flow = self.resume(app, block, "DEVICE_PASSWORD_VERIFIER").map_err(|_| refused())?;
        self.check_answerer(&flow, username, answers)?;
        self.use_up(app, block)?;
        let key = flow.get(DEVICE_KEY).unwrap_or_default().to_owned();
        let device = self.user_at(&app.pool_id, &flow.key)?.device(&key)?.clone();
        let secret_block = STANDARD.decode(block).unwrap_or_default();
        let identity = Identity { pool: &device.group_key, user: &device.key };
        let claim = Claim { identity, secret_block: &secret_block, timestamp: time };
        let server = device_server(&device, &flow).ok_or_else(refused)?;
        if timestamp::parse(time).is_none() || !server.accepts(&claim, signature) {
            return Err(refused());
        }
        self.functions.token_source = Some("TokenGeneration_AuthenticateDevice");
        self.grant(&flow.app, &flow.key, &flow.name, Some(&key))
    }

    /// Checks that an answer is about the user of the flow, and its secret hash.
    ///
    /// The hash is over the username proper, not over an alias (observed, alexrudd/cognito-srp
    /// issue 1).
    pub(super) fn check_answerer(
        &mut self,
        flow: &Flow,
        username: &str,
        answers: &Answers<'_>,
    ) -> Result<(), Fault> {
        let pool = flow.app.pool(self)?;
        let proper = pool.users.get(&flow.key).map(|user| user.username.clone());
        let same = pool.key_of(username).as_ref() == Some(&flow.key)
            || pool.user_key(username) == pool.user_key(&flow.key);
        let simulated = super::simulated::user_id(&flow.app.pool_id, &flow.key);
        let hashed = proper.clone().unwrap_or_else(|| username.to_owned());
        flow.app.check_secret_hash(&hashed, answers.get("SECRET_HASH"))?;
        let stands_in = proper.is_none() && username == simulated;
        let nobody = flow.app.pool(self)?.key_of(username).is_none();
        match same || stands_in {
            true => Ok(()),
            false if nobody && !flow.app.hides_users() => Err(Fault::rule("answer-user-not-found")),
            false => Err(Fault::rule("session-elsewhere")),
        }
    }
}

/// Returns the name a device's challenge is remembered under.
fn device_session(device_key: &str) -> String {
    format!("device/{device_key}")
}

fn device_server(device: &Device, flow: &Flow) -> Option<Server> {
    let verifier = STANDARD.decode(&device.verifier.as_ref()?.0).ok()?;
    let secret = STANDARD.decode(flow.get("secret")?).ok()?;
    Server::new(flow.get("SRP_A")?, BigUint::from_bytes_be(&verifier), &secret)
}

impl UserPool {
    /// Returns the required attributes that a user lacks.
    pub(super) fn missing_attributes(&self, key: &str) -> Vec<String> {
        let empty = BTreeMap::new();
        let has = self.users.get(key).map_or(&empty, |user| &user.attributes);
        let required = self.schema.iter().filter(|a| a.required && a.name != "sub");
        required.filter(|a| !has.contains_key(&a.name)).map(|a| a.name.clone()).collect()
    }
}

impl User {
    /// Sets a password that the user chose.
    pub(super) fn set_password(&mut self, password: &str, now: u64) {
        let former = self.password.replace(Secret(password.to_owned()));
        former.into_iter().for_each(|former| self.former_passwords.push_front(former));
        self.former_passwords.truncate(LONGEST_HISTORY);
        self.temporary_until = None;
        self.srp_salt.clear();
        self.failures = 0;
        self.locked_until = None;
        self.modified = now;
    }

    /// Returns a confirmed device.
    pub(super) fn device(&self, key: &str) -> Result<&Device, Fault> {
        let device = self.devices.get(key).filter(|device| device.confirmed);
        device.ok_or_else(|| Fault::rule("device-not-found"))
    }
}
