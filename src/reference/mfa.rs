//! Factors of a user: software tokens and MFA preferences.

use serde_json::{Value, json};

use super::app::App;
use super::challenge::Flow;
use super::factors::FACTORS;
use super::state::{Secret, SoftwareToken, User, UserPool, UserStatus};
use super::tokens::Bearer;
use super::{Answer, Context, Fault, Handler, Input};
use crate::totp;

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminSetUserMFAPreference", admin_set_user_mfa_preference),
    ("AssociateSoftwareToken", associate_software_token),
    ("SetUserMFAPreference", set_user_mfa_preference),
    ("SetUserSettings", set_user_settings),
    ("VerifySoftwareToken", verify_software_token),
];

/// Remembered of a set-up whose software token is proved.
const TOKEN_PROVED: &str = "token-proved";

/// Whom a software token operation is about: a signed-in user, or one who is setting up MFA.
struct Owner {
    app: App,
    key: String,
    set_up: Option<(String, Flow)>,
}

impl SoftwareToken {
    fn new(seed: String) -> Self {
        Self {
            seed: Secret(seed),
            next_seed: None,
            verified: false,
            friendly_name: None,
            used_steps: Default::default(),
        }
    }
}

impl Context<'_> {
    /// Returns whom a call is about; `bearer` tells how its access token is judged.
    ///
    /// # Errors
    /// Neither token nor session is good, or the pool has no software tokens.
    fn owner(
        &mut self,
        input: &Input,
        bearer: fn(&mut Self, &Input) -> Result<Bearer, Fault>,
    ) -> Result<Owner, Fault> {
        let owner = self.caller(input, bearer)?;
        let offered = owner.app.pool(self)?.offers("SOFTWARE_TOKEN_MFA");
        if offered { Ok(owner) } else { Err(Fault::rule("software-token-disabled")) }
    }

    fn caller(
        &mut self,
        input: &Input,
        bearer: fn(&mut Self, &Input) -> Result<Bearer, Fault>,
    ) -> Result<Owner, Fault> {
        if let Some(session) =
            input.opt_text("Session").filter(|_| input.get("AccessToken").is_none())
        {
            let app = self.app_of_session(session)?;
            // A user who was deleted meanwhile is no concern of these operations.
            let gone = |fault| match fault {
                Fault::Rule { id: "answer-user-not-found", .. } => Fault::rule("session-elsewhere"),
                other => other,
            };
            let flow = self.resume(&app, session, "MFA_SETUP").map_err(gone)?;
            let key = flow.key.clone();
            return Ok(Owner { app, key, set_up: Some((session.to_owned(), flow)) });
        }
        if input.get("AccessToken").is_none() {
            return Err(Fault::rule("software-token-no-caller"));
        }
        let bearer = bearer(self, input)?;
        Ok(Owner { app: bearer.app, key: bearer.key, set_up: None })
    }

    /// Replaces the session of a set-up by a new one and puts it into the answer.
    fn next_set_up(&mut self, owner: Owner, proved: bool, answer: &mut Value) -> Result<(), Fault> {
        let Some((session, mut flow)) = owner.set_up else { return Ok(()) };
        self.use_up(&owner.app, &session)?;
        if proved {
            flow.set(TOKEN_PROVED, "");
        }
        let posed = self.pose(flow, "MFA_SETUP", json!({}))?;
        answer["Session"] = posed["Session"].clone();
        Ok(())
    }

    /// Completes a sign-in whose user has set up a factor.
    pub(super) fn complete_set_up(&mut self, flow: Flow) -> Result<Value, Fault> {
        if flow.get(TOKEN_PROVED).is_none() {
            return Err(Fault::rule("mfa-set-up-incomplete"));
        }
        let user = self.user_at(&flow.app.pool_id, &flow.key)?;
        user.mfa.insert("SOFTWARE_TOKEN_MFA".into());
        self.after_factor(flow)
    }

    /// Goes on with the factor the user chose of several.
    pub(super) fn choose_factor(&mut self, flow: Flow, factor: &str) -> Result<Value, Fault> {
        let pool = flow.app.pool(self)?;
        let user = pool.users.get(&flow.key);
        let usable = user.is_some_and(|u| u.mfa.contains(factor) && u.can_show(factor))
            && pool.offers(factor);
        if usable {
            self.ask_for_factor(flow, factor)
        } else {
            Err(Fault::rule("mfa-method-not-found"))
        }
    }
}

fn associate_software_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let owner = context.owner(input, |context, input| context.any_bearer(input))?;
    let mut bytes = [0; 32];
    context.fill(&mut bytes);
    let seed = totp::encode(&bytes);
    let user = context.user_at(&owner.app.pool_id, &owner.key)?;
    match user.totp.as_mut().filter(|token| token.verified) {
        // A proved token stays good until the new one is proved.
        Some(token) => token.next_seed = Some(Secret(seed.clone())),
        None => user.totp = Some(SoftwareToken::new(seed.clone())),
    }
    let mut answer = json!({"SecretCode": seed});
    context.next_set_up(owner, false, &mut answer)?;
    Ok(Some(answer))
}

fn verify_software_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let owner = context.owner(input, |context, input| context.bearer(input))?;
    let now = context.now;
    let user = context.user_at(&owner.app.pool_id, &owner.key)?;
    let current = user.totp.clone().ok_or_else(|| Fault::rule("software-token-missing"))?;
    if let Some(next) = &current.next_seed {
        user.totp = Some(SoftwareToken::new(next.0.clone()));
    }
    if let Err(fault) = user.use_totp(input.text("UserCode"), now) {
        user.totp = Some(current);
        let used = fault == Fault::rule("software-token-code-used");
        return Err(Fault::rule(if used {
            "software-token-verify-code-used"
        } else {
            "software-token-verify-mismatch"
        }));
    }
    if let Some(token) = &mut user.totp {
        token.verified = true;
        token.friendly_name = input.opt_text("FriendlyDeviceName").map(str::to_owned);
    }
    let mut answer = json!({"Status": "SUCCESS"});
    context.next_set_up(owner, true, &mut answer)?;
    Ok(Some(answer))
}

fn set_user_mfa_preference(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    prefer(bearer.app.pool(context)?, &bearer.key, input)
}

fn admin_set_user_mfa_preference(context: &mut Context<'_>, input: &Input) -> Answer {
    let user = context.user(input)?;
    match user.status {
        UserStatus::Unconfirmed => return Err(Fault::rule("mfa-preference-user-not-confirmed")),
        UserStatus::ResetRequired => return Err(Fault::rule("mfa-preference-password-reset")),
        _ => {}
    }
    let username = user.username.clone();
    let pool = context.pool(input)?;
    let key = pool.user_key(&username);
    prefer(pool, &key, input)
}

/// Members that set a factor, in the order of [`FACTORS`].
const MEMBERS: [&str; 3] = ["SMSMfaSettings", "SoftwareTokenMfaSettings", "EmailMfaSettings"];

/// Switches factors on and off; one that cannot be used is refused, and nothing changes then.
fn prefer(pool: &mut UserPool, key: &str, input: &Input) -> Answer {
    let given = FACTORS.into_iter().zip(MEMBERS);
    let given: Vec<_> = given.filter_map(|(f, member)| Some((f, input.get(member)?))).collect();
    let flag = |settings: &Value, name: &str| settings[name].as_bool().unwrap_or(false);
    let preferred = given.iter().filter(|(_, s)| flag(s, "Enabled") && flag(s, "PreferredMfa"));
    if preferred.count() > 1 {
        return Err(Fault::rule("mfa-several-preferred"));
    }
    let user = pool.users.get_mut(key).ok_or_else(|| Fault::rule("user-not-found"))?;
    for (factor, settings) in &given {
        if flag(settings, "Enabled") && !user.can_show(factor) {
            return Err(Fault::rule("mfa-factor-not-usable").with("factor", *factor));
        }
        if flag(settings, "PreferredMfa") && !flag(settings, "Enabled") {
            return Err(Fault::rule("mfa-preferred-not-enabled"));
        }
    }
    given.iter().for_each(|(factor, settings)| set_factor(user, factor, settings));
    Ok(Some(json!({})))
}

fn set_factor(user: &mut User, factor: &str, settings: &Value) {
    let is_preferred = user.preferred_mfa.as_deref() == Some(factor);
    if settings["Enabled"].as_bool().unwrap_or(false) {
        user.mfa.insert(factor.to_owned());
    } else {
        user.mfa.remove(factor);
    }
    if settings["PreferredMfa"].as_bool().unwrap_or(false) {
        user.preferred_mfa = Some(factor.to_owned());
    } else if is_preferred {
        user.preferred_mfa = None;
    }
}

/// Sets the legacy options for text messages.
fn set_user_settings(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let options = input.get("MFAOptions").and_then(Value::as_array).into_iter().flatten();
    let option = |option: &Value| {
        let text = |name: &str| option[name].as_str().unwrap_or_default().to_owned();
        (text("AttributeName"), text("DeliveryMedium"))
    };
    let options: Vec<_> = options.map(option).collect();
    if options.iter().any(|(name, medium)| name != "phone_number" || medium != "SMS") {
        return Err(Fault::rule("user-settings-sms-only"));
    }
    let user = bearer.user(context)?;
    if !options.is_empty() && !user.can_show("SMS_MFA") {
        return Err(Fault::rule("mfa-factor-not-usable").with("factor", "SMS_MFA"));
    }
    let on = json!({"Enabled": !options.is_empty()});
    set_factor(user, "SMS_MFA", &on);
    user.mfa_options = options.into_iter().collect();
    Ok(Some(json!({})))
}
