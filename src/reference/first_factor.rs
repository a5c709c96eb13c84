//! The first factor of a sign-in: a password, shown or proved, or a code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use serde_json::{Value, json};

use super::app::App;
use super::challenge::{Flow, parameters};
use super::codes::NewCode;
use super::delivery::mask;
use super::factors::attribute_of;
use super::signing::Manner;
use super::state::{CodePurpose, User, UserStatus};
use super::{Context, Fault, simulated};
use crate::srp::{Claim, Identity, Server, timestamp};

/// Longest time a user is locked out, in seconds (developer guide: about 15 minutes).
const LONGEST_LOCK_SECS: u64 = 900;

/// Failed attempts before the first lock-out.
const FREE_FAILURES: u32 = 5;

/// Answers of a challenge, or parameters of a flow, by name.
pub(super) struct Answers<'a>(pub(super) Option<&'a Value>);

impl<'a> Answers<'a> {
    /// Returns a value, if present and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str().filter(|value| !value.is_empty())
    }

    /// Returns a value that must be there.
    pub(super) fn need(&self, name: &str) -> Result<&'a str, Fault> {
        self.get(name).ok_or_else(|| Fault::rule("auth-parameter-missing").with("name", name))
    }

    /// Returns the entries whose names start with `prefix`, without it.
    pub(super) fn under(&self, prefix: &str) -> Vec<(String, String)> {
        let entries = self.0.and_then(Value::as_object).into_iter().flatten();
        entries
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(prefix)?.to_owned(), value.as_str()?.to_owned()))
            })
            .collect()
    }
}

impl Context<'_> {
    /// Returns the user who signs in as `username`.
    ///
    /// `None` for an unknown name at a client that hides which users exist.
    pub(super) fn sign_in_name(
        &mut self,
        app: &App,
        username: &str,
    ) -> Result<Option<String>, Fault> {
        match app.pool(self)?.key_of(username) {
            Some(key) => Ok(Some(key)),
            None if app.hides_users() => Ok(None),
            None => Err(Fault::rule("sign-in-user-not-found")),
        }
    }

    /// Signs in with a password that is shown.
    pub(super) fn show_password(&mut self, mut flow: Flow, password: &str) -> Result<Value, Fault> {
        let (pool_id, hides) = (flow.app.pool_id.clone(), flow.app.hides_users());
        if flow.get(SIMULATED).is_some() {
            return Err(Fault::rule("incorrect-credentials"));
        }
        let now = self.now;
        let user = self.user_at(&pool_id, &flow.key)?;
        user.check_lock(now)?;
        if !hides {
            user.check_status()?;
        }
        if user.password.as_ref().is_none_or(|kept| kept.0 != password) {
            user.fail(now);
            return Err(Fault::rule("incorrect-credentials"));
        }
        flow.set(PASSWORD_SHOWN, "");
        self.after_first_factor(flow)
    }

    /// Poses the challenge to prove the password; an unknown user gets a simulated one.
    pub(super) fn pose_srp(&mut self, mut flow: Flow, srp_a: &str) -> Result<Value, Fault> {
        let (pool_id, key) = (flow.app.pool_id.clone(), flow.key.clone());
        let mut secret = [0; 32];
        match self.signs {
            Manner::Published => self.fill(&mut secret),
            // Nobody outside this process is to be kept from guessing it, and powers are dear.
            Manner::WithinProcess => secret[31] = 1,
        }
        let mut block = [0; 768];
        self.fill(&mut block);
        let block = STANDARD.encode(block);
        flow.set("SRP_A", srp_a);
        flow.set("secret", STANDARD.encode(secret));
        let known = flow.get(SIMULATED).is_none();
        let (user_id, salt) = if known {
            let mut fresh = [0; 16];
            self.fill(&mut fresh);
            let hides = flow.app.hides_users();
            let now = self.now;
            let user = self.user_at(&pool_id, &key)?;
            user.check_lock(now)?;
            if !hides {
                user.check_status()?;
            }
            user.salted(fresh);
            (user.username.clone(), user.srp_salt.clone())
        } else {
            (simulated::user_id(&pool_id, &key), simulated::salt(&pool_id, &key))
        };
        let server = self.srp_server(&flow)?;
        let answer = parameters([
            ("SALT", BigUint::from_bytes_be(&salt).to_str_radix(16)),
            ("SECRET_BLOCK", block.clone()),
            ("SRP_B", server.public()),
            ("USERNAME", user_id.clone()),
            ("USER_ID_FOR_SRP", user_id),
        ]);
        // The block stands for the exchange: this challenge has no session.
        self.remember(&block, flow, "PASSWORD_VERIFIER")?;
        Ok(json!({"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": answer}))
    }

    /// Returns the server half of the exchange that a flow has begun.
    fn srp_server(&mut self, flow: &Flow) -> Result<Server, Fault> {
        let pool_id = flow.app.pool_id.as_str();
        let (user_id, salt, password) = match self.user_at(pool_id, &flow.key) {
            Ok(user) => {
                let password = user.password.clone().map(|password| password.0);
                (user.username.clone(), user.srp_salt.clone(), password)
            }
            Err(_) => (simulated::user_id(pool_id, &flow.key), Vec::new(), None),
        };
        let password =
            password.unwrap_or_else(|| flow.get("secret").unwrap_or_default().to_owned());
        let verifier = Identity::of_user(pool_id, &user_id).verifier(&salt, &password);
        let secret = flow.get("secret").and_then(|secret| STANDARD.decode(secret).ok());
        let srp_a = flow.get("SRP_A").unwrap_or_default();
        Server::new(srp_a, verifier, &secret.unwrap_or_default())
            .ok_or_else(|| Fault::rule("srp-a-invalid"))
    }

    /// Checks the proof of a password and goes on.
    pub(super) fn prove_password(
        &mut self,
        app: &App,
        answers: &Answers<'_>,
    ) -> Result<Value, Fault> {
        let refused = || Fault::rule("incorrect-credentials");
        let time = answers.need("TIMESTAMP")?;
        let username = answers.need("USERNAME")?;
        let block = answers.need("PASSWORD_CLAIM_SECRET_BLOCK")?;
        let signature = answers.need("PASSWORD_CLAIM_SIGNATURE")?;
        if answers.get("SECRET_HASH").is_none() {
            app.check_secret_hash(username, None)?;
        }
        let mut flow = self
            .resume(app, block, "PASSWORD_VERIFIER")
            .map_err(|fault| expired_or(fault, refused))?;
        let same = self.check_answerer(&flow, username, answers);
        same.map_err(
            |fault| if fault == Fault::rule("session-elsewhere") { refused() } else { fault },
        )?;
        self.use_up(app, block)?;
        let now = self.now;
        let user = self.user_at(&app.pool_id, &flow.key).map_err(|_| refused())?;
        let user_id = user.username.clone();
        user.check_lock(now)?;
        let has_password = user.password.is_some();
        let identity = Identity::of_user(&app.pool_id, &user_id);
        let secret_block = STANDARD.decode(block).unwrap_or_default();
        let claim = Claim { identity, secret_block: &secret_block, timestamp: time };
        let proved = has_password
            && timestamp::parse(time).is_some()
            && self.srp_server(&flow)?.accepts(&claim, signature);
        if !proved {
            self.user_at(&app.pool_id, &flow.key)?.fail(now);
            return Err(refused());
        }
        if let Some(device_key) = answers.get("DEVICE_KEY") {
            flow.set(DEVICE_KEY, device_key);
        }
        if flow.is_custom() {
            return self.next_round(flow, "PASSWORD_VERIFIER", true);
        }
        flow.set(PASSWORD_SHOWN, "");
        self.after_first_factor(flow)
    }

    /// Sends a code that stands in for the password, and poses the challenge to show it.
    pub(super) fn pose_code(
        &mut self,
        flow: Flow,
        challenge: &'static str,
    ) -> Result<Value, Fault> {
        let attribute = attribute_of(challenge).unwrap_or("email");
        let (details, user_id) = if flow.get(SIMULATED).is_some() {
            let user_id = simulated::user_id(&flow.app.pool_id, &flow.key);
            (flow.app.simulated_details(&flow.key), user_id)
        } else {
            let digits = if challenge == "EMAIL_OTP" { 8 } else { 6 };
            let lasts = flow.app.session_millis();
            let code = NewCode::new(CodePurpose::SignIn, attribute, "CustomMessage_Authentication");
            let code = NewCode { digits, lasts, ..code };
            let details = self.send_code(&flow.app.pool_id, &flow.key, code)?;
            (details, self.user_at(&flow.app.pool_id, &flow.key)?.username.clone())
        };
        let text = |name: &str| details[name].as_str().unwrap_or_default().to_owned();
        let answer = parameters([
            ("CODE_DELIVERY_DELIVERY_MEDIUM", text("DeliveryMedium")),
            ("CODE_DELIVERY_DESTINATION", text("Destination")),
            ("USERNAME", user_id.clone()),
            ("USER_ID_FOR_SRP", user_id),
        ]);
        self.pose(flow, challenge, answer)
    }

    /// Poses the challenge to choose a first factor.
    pub(super) fn pose_choice(&mut self, flow: Flow) -> Result<Value, Fault> {
        let available = self.first_factors(&flow)?;
        let username = parameters([("USERNAME", flow.key.clone())]);
        let mut answer = self.pose(flow, "SELECT_CHALLENGE", username)?;
        answer["AvailableChallenges"] = json!(available);
        Ok(answer)
    }

    /// Returns the first factors a user may choose.
    pub(super) fn first_factors(&mut self, flow: &Flow) -> Result<Vec<&'static str>, Fault> {
        let known = flow.get(SIMULATED).is_none();
        let pool = flow.app.pool(self)?;
        let has_passkey = pool.has_usable_passkey(&flow.key);
        let allowed = pool.setting("/Policies/SignInPolicy/AllowedFirstAuthFactors").cloned();
        let allowed = allowed.unwrap_or_else(|| json!(["PASSWORD"]));
        let allows =
            |factor: &str| allowed.as_array().is_some_and(|list| list.iter().any(|f| f == factor));
        let user = pool.users.get(&flow.key);
        let reachable =
            |attribute: &str| !known || user.is_some_and(|user| user.is_verified(attribute));
        let mut available = Vec::new();
        if allows("PASSWORD") {
            available.extend(["PASSWORD", "PASSWORD_SRP"]);
        }
        available.extend((allows("EMAIL_OTP") && reachable("email")).then_some("EMAIL_OTP"));
        available.extend((allows("SMS_OTP") && reachable("phone_number")).then_some("SMS_OTP"));
        available.extend((allows("WEB_AUTHN") && has_passkey).then_some("WEB_AUTHN"));
        Ok(available)
    }
}

/// Remembered of a flow about a user who does not exist.
pub(super) const SIMULATED: &str = "simulated";

/// Remembered of a flow whose first factor was the password.
pub(super) const PASSWORD_SHOWN: &str = "password";

/// Remembered device of a flow.
pub(super) const DEVICE_KEY: &str = "DEVICE_KEY";

impl User {
    /// Refuses a sign-in while the user is locked out.
    pub(super) fn check_lock(&self, now: u64) -> Result<(), Fault> {
        let locked = self.locked_until.is_some_and(|until| until > now);
        if locked { Err(Fault::rule("password-attempts-exceeded")) } else { Ok(()) }
    }

    /// Counts a failed attempt; from the fifth on, each doubles the time of the lock-out. The
    /// count begins anew a quarter of an hour after the last lock-out.
    ///
    /// Source: developer guide, lockout behavior for failed sign-in attempts.
    pub(super) fn fail(&mut self, now: u64) {
        if self.locked_until.is_some_and(|until| until + LONGEST_LOCK_SECS * 1000 <= now) {
            self.failures = 0;
            self.locked_until = None;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(more) = self.failures.checked_sub(FREE_FAILURES) {
            let secs = 1u64.checked_shl(more).unwrap_or(u64::MAX).min(LONGEST_LOCK_SECS);
            self.locked_until = Some(now + secs * 1000);
        }
    }

    /// Refuses a sign-in of a user who has a step to do first.
    pub(super) fn check_status(&self) -> Result<(), Fault> {
        match self.status {
            UserStatus::Unconfirmed => Err(Fault::rule("user-not-confirmed")),
            UserStatus::ResetRequired => Err(Fault::rule("password-reset-required")),
            _ => Ok(()),
        }
    }

    /// Makes sure there is a salt.
    fn salted(&mut self, fresh: [u8; 16]) {
        if self.srp_salt.is_empty() {
            self.srp_salt = fresh.to_vec();
        }
    }

    /// Returns the address a factor's codes go to, masked.
    pub(super) fn masked(&self, attribute: &str) -> String {
        mask(attribute, self.attributes.get(attribute).map_or("", String::as_str))
    }
}

/// Keeps what an expired session and a deleted user say, and says `other` for the rest.
fn expired_or(fault: Fault, other: impl Fn() -> Fault) -> Fault {
    let kept = ["session-expired", "answer-user-not-found"].map(Fault::rule);
    if kept.contains(&fault) { fault } else { other() }
}
