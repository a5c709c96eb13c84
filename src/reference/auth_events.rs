//! What threat protection saw of a user's sign-ins, and how that was rated.
//!
//! Every sign-in counts as one without risk, save one kind: it comes from another address than
//! the user's sign-ins before. Of that the user is told by mail, where the pool says so.

use serde_json::{Value, json};

use super::app::App;
use super::delivery::Delivery;
use super::paging::page;
use super::state::{AuthEvent, Millis, Secret, User, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminListUserAuthEvents", list),
    ("AdminUpdateAuthEventFeedback", rate),
    ("UpdateAuthEventFeedback", rate_own),
];

/// Events a user's history keeps before it forgets the oldest. Ours.
const LIMIT: usize = 1000;

const TOKEN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Refusals that say something about a user who was told: the others never got so far.
const FAILURES: [&str; 7] = [
    "incorrect-credentials",
    "password-attempts-exceeded",
    "password-reset-required",
    "sign-in-code-mismatch",
    "temporary-password-expired",
    "user-disabled",
    "user-not-confirmed",
];

impl Context<'_> {
    /// Records a step of a sign-in, where the pool has threat protection and the user exists.
    ///
    /// `input` is that of the operation, `answer` what it is about to answer.
    pub(super) fn note_sign_in(
        &mut self,
        app: &App,
        input: &Input,
        answer: &Result<Value, Fault>,
    ) -> Result<(), Fault> {
        if !app.pool(self)?.is_protected() {
            return Ok(());
        }
        let Some(step) = Step::of(input, answer) else { return Ok(()) };
        let (id, now) = (self.uuid(), self.now);
        let feedback_token = Secret(self.draw(64, TOKEN));
        let pool = app.pool(self)?;
        let Some(key) = pool.key_of(&step.username) else { return Ok(()) };
        let Some(user) = pool.users.get_mut(&key) else { return Ok(()) };
        let fresh = AuthEvent { id, feedback_token, created: now, ..AuthEvent::default() };
        let event = user.event_of(&step, fresh);
        event.response = step.response;
        event.session = step.next;
        event.factors.extend(step.factor);
        event.address = step.address.or_else(|| event.address.take());
        let told = event.response == "Pass" && user.comes_from_elsewhere();
        if told { self.tell_of_risk(app, &key) } else { Ok(()) }
    }

    /// Mails a user about the newest sign-in, where the risk configuration asks for it. The
    /// message carries the token that rates the event.
    ///
    /// Which sign-ins the service holds to be risky is not known; that it mails where `Notify` is
    /// set, and that the token comes with the mail, is documented (API reference,
    /// AccountTakeoverActionType and UpdateAuthEventFeedback).
    fn tell_of_risk(&mut self, app: &App, key: &str) -> Result<(), Fault> {
        let pool = app.pool(self)?;
        let takeover = pool.risk_of(&app.client.id, "AccountTakeoverRiskConfiguration");
        let Some(takeover) = takeover.filter(|t| t["Actions"]["LowAction"]["Notify"] == true)
        else {
            return Ok(());
        };
        let mail = &takeover["NotifyConfiguration"]["NoActionEmail"];
        let text = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
        let (subject, body) = (text("Subject"), text("TextBody"));
        let Some(user) = pool.users.get(key) else { return Ok(()) };
        let (Some(email), Some(event)) = (user.attributes.get("email"), user.auth_events.last())
        else {
            return Ok(());
        };
        let (username, email) = (user.username.clone(), email.clone());
        let token = event.feedback_token.0.clone();
        let delivery = Delivery {
            pool_id: &app.pool_id,
            username: &username,
            attribute: "email",
            destination: &email,
            purpose: "AccountTakeover",
            code: &token,
        };
        self.post(&delivery, Some(subject), body);
        Ok(())
    }
}

/// A step of a sign-in, as far as it goes into the history.
struct Step {
    username: String,
    /// Session it answers.
    session: Option<Secret>,
    /// Session that the answer goes on with.
    next: Option<Secret>,
    response: &'static str,
    /// Factor that was shown, and whether it was right.
    factor: Option<(&'static str, bool)>,
    address: Option<String>,
}

impl Step {
    /// Reads the step out of a call and its answer; `None` where nothing was shown yet, and where
    /// the call was refused for its form.
    fn of(input: &Input, answer: &Result<Value, Fault>) -> Option<Self> {
        let response = match answer {
            Ok(answer) if answer["AuthenticationResult"].is_object() => "Pass",
            Ok(answer) if answer["Session"].is_string() => "InProgress",
            Ok(_) => return None,
            Err(Fault::Rule { id, .. }) if FAILURES.contains(id) => "Fail",
            Err(_) => return None,
        };
        let parameter = |name: &str| {
            let either = input.entry("AuthParameters", name);
            either.or_else(|| input.entry("ChallengeResponses", name))
        };
        let address = ["ContextData", "UserContextData"].iter();
        let mut address = address.filter_map(|name| input.entry(name, "IpAddress"));
        let right = response != "Fail";
        Some(Self {
            username: parameter("USERNAME")?.to_owned(),
            session: input.opt_text("Session").map(|session| Secret(session.into())),
            next: answer.as_ref().ok().and_then(|a| Some(Secret(a["Session"].as_str()?.into()))),
            response,
            factor: factor(input).map(|factor| (factor, right)),
            address: address.next().map(str::to_owned),
        })
    }
}

/// Returns the factor that a call shows, as `ChallengeName` spells it.
fn factor(input: &Input) -> Option<&'static str> {
    let shows = |name: &str| {
        input.entry("AuthParameters", name).or_else(|| input.entry("ChallengeResponses", name))
    };
    match input.text("ChallengeName") {
        "PASSWORD_VERIFIER" => Some("Password"),
        "SMS_MFA" | "SOFTWARE_TOKEN_MFA" | "EMAIL_OTP" => Some("Mfa"),
        _ => shows("PASSWORD").map(|_| "Password"),
    }
}

impl User {
    /// Tells whether the newest event came from an address that no earlier one came from.
    fn comes_from_elsewhere(&self) -> bool {
        let Some((newest, earlier)) = self.auth_events.split_last() else { return false };
        newest.address.is_some()
            && !earlier.is_empty()
            && earlier.iter().all(|event| event.address != newest.address)
    }

    /// Returns the event that a step goes on with, else puts `fresh` into the history.
    fn event_of(&mut self, step: &Step, fresh: AuthEvent) -> &mut AuthEvent {
        let waits = |event: &AuthEvent| event.session.is_some() && event.session == step.session;
        let known = self.auth_events.iter().position(waits);
        let at = known.unwrap_or_else(|| {
            let number = self.auth_events.last().map_or(0, |last| last.number) + 1;
            if self.auth_events.len() >= LIMIT {
                self.auth_events.remove(0);
            }
            self.auth_events.push(AuthEvent { number, kind: "SignIn", ..fresh });
            self.auth_events.len() - 1
        });
        &mut self.auth_events[at]
    }
}

fn check_add_on(pool: &UserPool, rule: &'static str) -> Result<(), Fault> {
    if pool.is_protected() { Ok(()) } else { Err(Fault::rule(rule)) }
}

/// Lists the events of a user, the newest first.
fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    check_add_on(pool, "auth-events-add-on-missing")?;
    let scope = format!("AdminListUserAuthEvents {}", pool.id);
    let user = pool.named_user(input.text("Username"))?;
    let scope = format!("{scope} {}", user.username);
    // Keys ascend from the newest to the oldest, and stay what they are when events are added.
    let key = |event: &AuthEvent| format!("{:020}", u64::MAX - event.number);
    let events = user.auth_events.iter().rev().map(|event| (key(event), description(event)));
    let page = page(events, &scope, input.opt_text("NextToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("AuthEvents", "NextToken")))
}

fn description(event: &AuthEvent) -> Value {
    let factor = |(name, right): &(&str, bool)| {
        let response = if *right { "Success" } else { "Failure" };
        json!({"ChallengeName": name, "ChallengeResponse": response})
    };
    let mut described = json!({
        "EventId": event.id,
        "EventType": event.kind,
        "CreationDate": timestamp(event.created),
        "EventResponse": event.response,
        "EventRisk": {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": false},
        "ChallengeResponses": event.factors.iter().map(factor).collect::<Vec<_>>(),
        "EventContextData": {},
    });
    if let Some(address) = &event.address {
        described["EventContextData"]["IpAddress"] = json!(address);
    }
    if let Some((value, provider, date)) = &event.feedback {
        described["EventFeedback"] = json!({
            "FeedbackValue": value,
            "Provider": provider,
            "FeedbackDate": timestamp(*date),
        });
    }
    described
}

/// Rates an event as an administrator.
fn rate(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    check_add_on(pool, "auth-event-feedback-add-on-missing")?;
    let user = pool.named_user(input.text("Username"));
    let user = user.map_err(|_| Fault::rule("auth-event-feedback-user-unknown"))?;
    let event = user.auth_events.iter_mut().find(|event| event.id == input.text("EventId"));
    let event = event.ok_or_else(|| Fault::rule("auth-event-unknown"))?;
    event.rate(input, "Admin", now);
    Ok(Some(json!({})))
}

/// Rates an event as the user it is about, by the token of a notification.
///
/// Who does not hold the token learns nothing about users and events.
fn rate_own(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let refused = || Fault::rule("auth-event-feedback-token-invalid");
    let pool = context.pool(input)?;
    check_add_on(pool, "auth-event-feedback-add-on-missing")?;
    let user = pool.named_user(input.text("Username"));
    let user = user.map_err(|_| Fault::rule("auth-event-feedback-stranger"))?;
    let mine = |event: &&mut AuthEvent| {
        event.id == input.text("EventId") && event.feedback_token.0 == input.text("FeedbackToken")
    };
    user.auth_events.iter_mut().find(mine).ok_or_else(refused)?.rate(input, "User", now);
    Ok(Some(json!({})))
}

impl AuthEvent {
    fn rate(&mut self, input: &Input, provider: &'static str, now: Millis) {
        self.feedback = Some((input.text("FeedbackValue").to_owned(), provider, now));
    }
}
