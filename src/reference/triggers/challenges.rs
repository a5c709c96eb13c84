//! Custom challenges: the define, create and verify auth challenge triggers.
//!
//! The flow remembers the rounds so far as JSON, as the functions are told them.

use serde_json::{Value, json};

use super::Event;
use crate::reference::app::App;
use crate::reference::challenge::Flow;
use crate::reference::first_factor::{DEVICE_KEY, SIMULATED};
use crate::reference::{Context, Fault, simulated};

/// Name of the flow, as `AuthFlow` spells it.
pub(in crate::reference) const CUSTOM_AUTH: &str = "CUSTOM_AUTH";

/// Remembered of a flow: the rounds so far.
const ROUNDS: &str = "rounds";

/// Remembered of a flow: what the create function wants the verify function to know.
const PRIVATE: &str = "private";

/// Remembered of a flow: the create function's name for its challenge.
const METADATA: &str = "metadata";

impl Flow {
    /// Tells whether functions decide how the flow goes on.
    pub(in crate::reference) fn is_custom(&self) -> bool {
        self.name == CUSTOM_AUTH
    }

    fn rounds(&self) -> Value {
        self.get(ROUNDS).and_then(|text| serde_json::from_str(text).ok()).unwrap_or(json!([]))
    }

    fn add_round(&mut self, challenge: &str, result: bool) {
        let metadata = (challenge == "CUSTOM_CHALLENGE").then(|| self.get(METADATA)).flatten();
        let round = json!({
            "challengeName": challenge,
            "challengeResult": result,
            "challengeMetadata": metadata,
        });
        let mut rounds = self.rounds();
        rounds.as_array_mut().expect("rounds are a list").push(round);
        self.set(ROUNDS, rounds.to_string());
    }
}

impl Context<'_> {
    /// Begins a flow of custom challenges; `srp_a` asks for the password first.
    pub(in crate::reference) fn begin_challenges(
        &mut self,
        mut flow: Flow,
        srp_a: Option<&str>,
    ) -> Result<Value, Fault> {
        if flow.get(SIMULATED).is_none() && !flow.app.hides_users() {
            self.check_may_sign_in(&flow)?;
        }
        if let Some(srp_a) = srp_a {
            flow.set("SRP_A", srp_a);
            flow.add_round("SRP_A", true);
        }
        self.define_challenge(flow)
    }

    /// Goes on after a challenge of a custom flow: the define function says how.
    pub(in crate::reference) fn next_round(
        &mut self,
        mut flow: Flow,
        challenge: &str,
        result: bool,
    ) -> Result<Value, Fault> {
        flow.add_round(challenge, result);
        self.define_challenge(flow)
    }

    /// Takes the answer to a custom challenge. Its session is used up, whatever comes of it.
    ///
    /// Source: observed, aws-samples/amazon-cognito-passwordless-email-auth issue 17.
    pub(in crate::reference) fn answer_challenge(
        &mut self,
        flow: Flow,
        session: &str,
        answer: &str,
    ) -> Result<Value, Fault> {
        self.use_up(&flow.app, session)?;
        self.functions.keeps = true;
        let private = flow.get(PRIVATE).and_then(|text| serde_json::from_str(text).ok());
        let source = "VerifyAuthChallengeResponse_Authentication";
        let (username, mut request) = self.challenge_request(&flow)?;
        request["privateChallengeParameters"] = private.unwrap_or_default();
        request["challengeAnswer"] = answer.into();
        let mut event = Event::new(&flow.app.pool_id, source, &username);
        event = event.asking(json!({"answerCorrect": null}));
        event.request = request;
        let reply = self.invoke("VerifyAuthChallengeResponse", event)?;
        let reply = reply.ok_or_else(|| Fault::rule("challenge-trigger-missing"))?;
        let correct = reply.flag("answerCorrect")?;
        self.next_round(flow, "CUSTOM_CHALLENGE", correct)
    }

    fn define_challenge(&mut self, flow: Flow) -> Result<Value, Fault> {
        let (username, mut request) = self.challenge_request(&flow)?;
        request["session"] = flow.rounds();
        let mut event =
            Event::new(&flow.app.pool_id, "DefineAuthChallenge_Authentication", &username).asking(
                json!({"challengeName": null, "issueTokens": null, "failAuthentication": null}),
            );
        event.request = request;
        let reply = self.invoke("DefineAuthChallenge", event)?;
        let reply = reply.ok_or_else(|| Fault::rule("challenge-trigger-missing"))?;
        let read = || {
            let name = reply.text("challengeName")?.unwrap_or_default().to_owned();
            Ok((reply.flag("failAuthentication")?, reply.flag("issueTokens")?, name))
        };
        let (fails, issues, name) = read().map_err(|fault| self.refuse(fault))?;
        if fails {
            return Err(Fault::rule("custom-challenge-failed"));
        }
        if issues {
            return self.issue(flow);
        }
        match (name.as_str(), flow.get("SRP_A").map(str::to_owned)) {
            ("CUSTOM_CHALLENGE", _) => self.create_challenge(flow),
            ("PASSWORD_VERIFIER", Some(srp_a)) => self.pose_srp(flow, &srp_a),
            _ => Err(self.refuse(Fault::rule("challenge-unknown"))),
        }
    }

    fn create_challenge(&mut self, mut flow: Flow) -> Result<Value, Fault> {
        let (username, mut request) = self.challenge_request(&flow)?;
        request["challengeName"] = "CUSTOM_CHALLENGE".into();
        request["session"] = flow.rounds();
        let mut event =
            Event::new(&flow.app.pool_id, "CreateAuthChallenge_Authentication", &username).asking(
                json!({
                    "publicChallengeParameters": null,
                    "privateChallengeParameters": null,
                    "challengeMetadata": null,
                }),
            );
        event.request = request;
        let reply = self.invoke("CreateAuthChallenge", event)?;
        let reply = reply.ok_or_else(|| Fault::rule("challenge-trigger-missing"))?;
        let read = || {
            let private = Value::Object(reply.texts("privateChallengeParameters")?);
            let metadata = reply.text("challengeMetadata")?.map(str::to_owned);
            Ok((reply.texts("publicChallengeParameters")?, private, metadata))
        };
        let (mut shown, private, metadata) = read().map_err(|fault| self.refuse(fault))?;
        flow.set(PRIVATE, private.to_string());
        flow.data.remove(METADATA);
        if let Some(metadata) = metadata {
            flow.set(METADATA, metadata);
        }
        let known = flow.get(SIMULATED).is_none();
        let stand_in = || simulated::user_id(&flow.app.pool_id, &flow.key);
        let shown_name = if known { username } else { stand_in() };
        shown.insert("USERNAME".into(), shown_name.into());
        self.pose(flow, "CUSTOM_CHALLENGE", Value::Object(shown))
    }

    /// Grants the tokens that the define function wants issued.
    fn issue(&mut self, flow: Flow) -> Result<Value, Fault> {
        if flow.get(SIMULATED).is_some() {
            return Err(Fault::rule("custom-challenge-failed"));
        }
        self.check_may_sign_in(&flow)?;
        self.grant(&flow.app, &flow.key, CUSTOM_AUTH, flow.get(DEVICE_KEY))
    }

    fn check_may_sign_in(&mut self, flow: &Flow) -> Result<(), Fault> {
        let user = self.user_at(&flow.app.pool_id, &flow.key)?;
        if user.enabled { user.check_status() } else { Err(Fault::rule("user-disabled")) }
    }

    /// Returns the username, and what all three functions are told.
    fn challenge_request(&mut self, flow: &Flow) -> Result<(String, Value), Fault> {
        let app: &App = &flow.app;
        let (username, attributes) = self.told(&app.pool_id, &flow.key)?;
        let mut request = json!({"userAttributes": attributes});
        app.tell_existence(&mut request, flow.get(SIMULATED).is_none());
        Ok((username, request))
    }
}
