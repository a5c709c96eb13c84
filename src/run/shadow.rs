//! The reference beside a target: it is asked the same, step by step.
//!
//! It has ids and tokens of its own, so each step is filled in with its own values. Where the
//! target refuses what the reference carries out, the reference takes it back: what follows is
//! compared from the same state.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::Session;
use super::compose::Composer;
use super::pages::Following;
use crate::catalogue::{Auth, Catalogue};
use crate::check;
use crate::reference::state::Message;
use crate::reference::{self, Attempted, Fault, FunctionAnswer, Millis, Reference, State};
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::{Action, Scenario, Step};
use crate::transcript::{Call, Exchange, Place, Refusal, Twin};
use crate::wire::{Request, Response};

/// A reference that plays along with one case.
pub(super) struct Shadow {
    reference: Reference,
    bindings: Bindings,
    /// The state before the last step, if that could change it.
    before: Option<State>,
    /// What every code is, where the target's mailbox knows no other.
    code: Option<String>,
    /// How far its time is ahead of the target's.
    ahead: Millis,
    /// Something was sent that it does not take part in, so it knows no more what there is.
    lost: bool,
}

impl Shadow {
    /// Returns a reference in which nothing has happened yet.
    pub(super) fn new(session: &Session, bindings: Bindings) -> Self {
        let reference = Reference::new(session.catalogue.clone(), bindings.seed).for_itself();
        let code = session.target.fixed_code().map(str::to_owned);
        Self { reference, bindings, before: None, code, ahead: 0, lost: false }
    }

    /// Carries out the call of a step; `None` where it cannot be filled in or is none.
    pub(super) fn answer(
        &mut self,
        session: &Session,
        case: &Scenario,
        step: &Step,
        overlay: Option<&Node>,
    ) -> Option<Twin> {
        self.bindings.now = self.seconds(session);
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
        let known = session.catalogue.services.get(&service);
        let reads = known.is_some_and(|service| service.only_reads(&operation));
        self.before = (!reads).then(|| self.reference.state.clone());
        let now = millis(session) + self.ahead;
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
        self.fix_codes();
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

    /// Makes every code the one that the target always sends: there, an older one is no other one.
    fn fix_codes(&mut self) {
        let Some(fixed) = &self.code else { return };
        let state = &mut self.reference.state;
        for pool in state.pools.values_mut() {
            let codes = pool.users.values().flat_map(|user| user.codes.values());
            if codes.into_iter().all(|code| code.value.0 == *fixed) {
                continue;
            }
            let users = Arc::make_mut(pool).users.values_mut();
            for code in users.flat_map(|user| user.codes.values_mut()) {
                code.value.0.clone_from(fixed);
            }
        }
        // Messages hold temporary passwords too.
        let is_code = |mail: &&mut Arc<Message>| mail.code.bytes().all(|b| b.is_ascii_digit());
        for mail in state.outbox.iter_mut().filter(is_code).filter(|mail| mail.code != *fixed) {
            Arc::make_mut(mail).code.clone_from(fixed);
        }
    }

    fn seconds(&self, session: &Session) -> u64 {
        session.now() + self.ahead / 1000
    }

    /// Takes the last step back.
    pub(super) fn undo(&mut self) {
        if let Some(before) = self.before.take() {
            self.reference.state = before;
        }
    }

    /// Keeps what a step saves of the reference's own answer.
    pub(super) fn save(&mut self, step: &Step, twin: &Twin) {
        let Ok(output) = &twin.answer else { return };
        for (name, pointer) in &step.save {
            if let Some(value) = output.pointer(pointer).filter(|value| !value.is_null()) {
                self.bindings.set(name, value.clone());
            }
        }
    }

    /// Computes the bindings of a step; one that cannot be computed stays unbound.
    pub(super) fn bind(&mut self, session: &Session, bindings: &[(String, Node)]) {
        self.bindings.now = self.seconds(session);
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

/// What a reference that plays alone makes of a step.
pub(super) struct Alone {
    /// How it answers; `None` of what is no call or cannot be filled in, and where it has lost track.
    pub(super) twin: Option<Twin>,
    /// Whether that is what the step expects; `true` where nothing can be said.
    pub(super) holds: bool,
}

/// Plays a case on a reference, without any target; returns what becomes of its own steps.
pub(super) fn alone(session: &Session, case: &Scenario, bindings: Bindings) -> Vec<Alone> {
    let mut shadow = Shadow::new(session, bindings);
    for (set_up, overlay) in &case.setup {
        let main = set_up.configurable();
        for (index, step) in set_up.steps.iter().enumerate() {
            let overlay = (Some(index) == main).then_some(overlay);
            shadow.play(session, case, step, overlay);
        }
    }
    case.steps.iter().map(|step| shadow.play(session, case, step, None)).collect()
}

impl Shadow {
    fn play(
        &mut self,
        session: &Session,
        case: &Scenario,
        step: &Step,
        overlay: Option<&Node>,
    ) -> Alone {
        match &step.action {
            Action::Let(bindings) => self.bind(session, bindings),
            Action::Mail { .. } => self.mail(step),
            Action::Wait(ms) => self.ahead += ms,
            Action::Clock(seconds) => {
                let seconds = self.bindings.fill(seconds).ok().and_then(|value| value.as_u64());
                self.ahead += seconds.unwrap_or_default() * 1000;
            }
            Action::Invoked { .. } => {}
            Action::Call { .. } | Action::Raw { .. } => {
                if let Action::Raw { operation: None, method, .. } = &step.action {
                    self.lost |= method != "GET";
                }
                let twin = self.answer(session, case, step, overlay).filter(|_| !self.lost);
                let holds = twin.as_ref().is_none_or(|twin| self.holds(session, case, step, twin));
                if let Some(twin) = &twin {
                    self.save(step, twin);
                }
                return Alone { twin, holds };
            }
        }
        Alone { twin: None, holds: true }
    }

    /// Tells whether an answer of the reference is what its step expects.
    fn holds(&self, session: &Session, case: &Scenario, step: &Step, twin: &Twin) -> bool {
        let Action::Call { service, operation, .. } = &step.action else { return true };
        let composer = Composer { session, case, bindings: &self.bindings };
        let Ok(expect) = composer.expectation(step) else { return false };
        let (status, body) = match &twin.answer {
            Ok(output) => (200, output.clone()),
            Err(refusal) => (400, json!({"__type": refusal.code, "message": refusal.message})),
        };
        let exchange = Exchange {
            place: Place::Step(1),
            call: Call::Api {
                service: service.clone(),
                operation: operation.clone(),
                input: twin.input.clone(),
                signed: false,
            },
            request: Request {
                method: "POST".into(),
                path: "/".into(),
                headers: Vec::new(),
                body: Vec::new(),
            },
            reply: Ok(Response { status, headers: Vec::new(), body: body.to_string().into() }),
            sdk: None,
            expect: Some(expect),
            pages: None,
            declined: false,
            twin: None,
            together: None,
            elapsed_ms: 0,
        };
        check::expectation_holds(&session.catalogue, &exchange)
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
