//! The reference beside a target: it is asked the same, step by step.
//!
//! It has ids and tokens of its own, so each step is filled in with its own values. Where the
//! target refuses what the reference carries out, the reference takes it back: what follows is
//! compared from the same state.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Session;
use super::compose::Composer;
use super::pages::Following;
use crate::catalogue::{Auth, Catalogue};
use crate::reference::{self, Attempted, Fault, FunctionAnswer, Millis, Reference, State};
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::{Action, Scenario, Step};
use crate::transcript::{Call, Refusal, Twin};

/// A reference that plays along with one case.
pub(super) struct Shadow {
    reference: Reference,
    bindings: Bindings,
    /// The state before the last step.
    before: State,
}

impl Shadow {
    /// Returns a reference in which nothing has happened yet.
    pub(super) fn new(session: &Session, bindings: Bindings) -> Self {
        let reference = Reference::new(session.catalogue.clone(), bindings.seed).for_itself();
        Self { reference, bindings, before: State::default() }
    }

    /// Carries out the call of a step; `None` where it cannot be filled in or is none.
    pub(super) fn answer(
        &mut self,
        session: &Session,
        case: &Scenario,
        step: &Step,
        overlay: Option<&Node>,
    ) -> Option<Twin> {
        self.bindings.now = session.now();
        let composer = Composer { session, case, bindings: &self.bindings };
        let call = composer.call(&step.action, overlay).ok()?;
        let (service, operation, input, signed) = match call {
            Call::Api { service, operation, input, signed } => (service, operation, input, signed),
            // Another spelling of a call, if its body says what it is.
            Call::Raw { service, request, .. } => {
                let Action::Raw { operation: Some(operation), .. } = &step.action else {
                    return None;
                };
                let input = serde_json::from_slice(&request.body).ok()?;
                let signed = session.catalogue.services[&service].operations[operation].auth;
                (service, operation.clone(), input, signed == Auth::Sigv4)
            }
            Call::Events { .. } => return None,
        };
        self.before = self.reference.state.clone();
        let now = millis(session);
        let mut answer = self.call(&service, &operation, &input, signed, now);
        if let Action::Call { pages: Some((limit, most)), .. } = &step.action
            && let Some(pagination) =
                &session.catalogue.services[&service].operations[&operation].pagination
        {
            let mut following = Following::new(pagination.clone(), *limit, *most);
            let mut asked = input.clone();
            while let Ok(output) = &answer {
                let Some((member, token)) = following.take(output.clone()) else {
                    answer = Ok(following.pages().output);
                    break;
                };
                asked[member] = token;
                answer = self.call(&service, &operation, &asked, signed, now);
            }
        }
        let answer = answer.map_err(|fault| refusal(&session.catalogue, &service, &fault));
        Some(Twin { input, answer, one_fault: step.one_fault, odd: step.odd })
    }

    fn call(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        signed: bool,
        now: Millis,
    ) -> Result<Value, Fault> {
        let call = reference::Call { service, operation, input, signed };
        // No function that a generated case names is there; what is there, is not asked twice.
        let mut answers = Vec::new();
        let output = loop {
            match self.reference.attempt(&call, now, &answers) {
                Attempted::Done(answer, _) => break answer?,
                Attempted::Needs(invocation) => {
                    answers.push(invocation.answered(FunctionAnswer::Denied));
                }
            }
        };
        Ok(output.unwrap_or_else(|| Value::Object(serde_json::Map::new())))
    }

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        self.reference.state = std::mem::take(&mut self.before);
    }

    /// Keeps what a step saves of the reference's own answer.
    pub(super) fn save(&mut self, step: &Step, twin: &Twin) {
        let Ok(output) = &twin.answer else { return };
        for (name, pointer) in &step.save {
            if let Some(value) = output.pointer(pointer) {
                self.bindings.set(name, value.clone());
            }
        }
    }

    /// Computes the bindings of a step; one that cannot be computed stays unbound.
    pub(super) fn bind(&mut self, session: &Session, bindings: &[(String, Node)]) {
        self.bindings.now = session.now();
        for (name, node) in bindings {
            if let Ok(value) = self.bindings.fill(node) {
                self.bindings.set(name, value);
            }
        }
    }

    /// Reads the newest message that the reference would have sent.
    pub(super) fn mail(&mut self, step: &Step) {
        let Action::Mail { pool, username, save, save_body, save_subject } = &step.action else {
            return;
        };
        let (Ok(pool), Ok(username)) = (self.bindings.fill(pool), self.bindings.fill(username))
        else {
            return;
        };
        let mut newest = self.reference.state.outbox.iter().rev();
        let found = newest
            .find(|mail| pool == mail.user_pool_id.as_str() && username == mail.username.as_str());
        let Some(mail) = found.cloned() else { return };
        self.bindings.set(save, mail.code.as_str().into());
        if let Some(name) = save_body {
            self.bindings.set(name, mail.body.as_str().into());
        }
        if let (Some(name), Some(subject)) = (save_subject, &mail.subject) {
            self.bindings.set(name, subject.as_str().into());
        }
    }
}

/// The target's time, in milliseconds.
fn millis(session: &Session) -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = u64::from(since.subsec_millis());
    session.now() * 1000 + if session.options.frozen_at.is_some() { 0 } else { fraction }
}

fn refusal(catalogue: &Catalogue, service: &str, fault: &Fault) -> Refusal {
    let error = fault.render(catalogue, service);
    let rule = match fault {
        Fault::Rule { id, .. } => Some((*id).to_owned()),
        _ => None,
    };
    Refusal { code: error.code, message: error.message, rule }
}
