//! Plays one case: set-ups, steps, teardown, every exchange recorded.

use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{Session, teardown};
use crate::catalogue::{Auth, Pagination};
use crate::check;
use crate::outcome::Evidence;
use crate::pattern::Pattern;
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::reply::FunctionReply;
use crate::scenario::{Action, Caller, Expect, Function, RawBody, Scenario, SetUp, Step};
use crate::target::Mail;
use crate::target::functions::FunctionHost;
use crate::transcript::{Call, Exchange, Expectation, Expected, Pages, Place, Transcript};
use crate::wire::{CONTENT_TYPE, Request, Response};

/// A played case.
pub(super) struct Played {
    /// What happened.
    pub(super) transcript: Transcript,
    /// How it ended.
    pub(super) end: End,
    /// Resources that could not be deleted, with the reason.
    pub(super) leaked: Vec<String>,
    /// The words that are the case's own, with what stands for them in canonical form.
    pub(super) own: Vec<(String, String)>,
}

/// How the playing of a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every step was played.
    Finished,
    /// An expectation was not met; later steps would build on sand.
    Broken,
    /// The target declined this operation.
    Unsupported(String),
    /// The target lacks what the rest needs, for this reason.
    Skipped(String),
    /// Nothing can be said, for this reason.
    Indeterminate(String),
}

/// How long an event may be on its way to a function that nobody waits for.
const EVENT_PATIENCE: Duration = Duration::from_secs(2);

/// How often a throttled request is sent again, and how long the first pause is.
const THROTTLE_RETRIES: u32 = 4;
const THROTTLE_PAUSE: Duration = Duration::from_millis(200);

/// Which playing of a case; each has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// In a pool of its own.
    First,
    /// Once more, in another.
    Confirming,
    /// In a pool that other cases use too.
    Shared,
    /// There once more, under other names.
    SharedAgain,
}

/// Plays `case`.
pub(super) async fn play(session: &Session, case: &Scenario, attempt: Attempt) -> Played {
    let (unique, seed) = identity(session.options.seed, &case.id, attempt as u64);
    let mut player = Player {
        session,
        case,
        shares: matches!(attempt, Attempt::Shared | Attempt::SharedAgain),
        bindings: Bindings::new(&unique, seed, session.now()),
        transcript: Transcript { case: case.id.clone(), exchanges: Vec::new() },
    };
    let limit = session.options.case_timeout;
    let end = match tokio::time::timeout(limit, player.steps()).await {
        Ok(Ok(())) => End::Finished,
        Ok(Err(end)) => end,
        Err(_) => End::Indeterminate(format!("the case took longer than {} s", limit.as_secs())),
    };
    let own = player.bindings.own_words();
    let names: Vec<_> = case.functions.iter().map(|f| player.function_name(&f.name)).collect();
    let mut transcript = player.transcript;
    let leaked = teardown::tear_down(session, &mut transcript).await;
    if let Some(host) = session.target.functions() {
        names.iter().for_each(|name| host.forget(name));
    }
    Played { transcript, end, leaked, own }
}

/// Returns what makes a case's names unique, and its seed.
fn identity(seed: u64, case: &str, attempt: u64) -> (String, u64) {
    let hash = digest(&SHA256, format!("{seed}/{case}/{attempt}").as_bytes());
    let bytes = hash.as_ref();
    let alphabet = b"abcdefghijkmnpqrstuvwxyz23456789";
    let unique = bytes[..8].iter().map(|b| alphabet[usize::from(*b) % 32] as char).collect();
    let seed = bytes[8..16].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    (unique, seed)
}

struct Player<'a> {
    session: &'a Session,
    case: &'a Scenario,
    shares: bool,
    bindings: Bindings,
    transcript: Transcript,
}

impl Player<'_> {
    async fn steps(&mut self) -> Result<(), End> {
        let case = self.case;
        case.functions.iter().try_for_each(|function| self.define(function))?;
        for (index, (set_up, overlay)) in case.setup.iter().enumerate() {
            if !(self.shares && set_up.shared) {
                self.set_up(set_up, overlay).await?;
                continue;
            }
            for (name, value) in self.shared_pool(index).await? {
                self.bindings.set(&name, value);
            }
        }
        for (index, step) in case.steps.iter().enumerate() {
            self.step(step, Place::Step(index + 1), None).await?;
        }
        Ok(())
    }

    async fn set_up(&mut self, set_up: &SetUp, overlay: &Node) -> Result<(), End> {
        let main = set_up.configurable();
        for (index, step) in set_up.steps.iter().enumerate() {
            let overlay = (Some(index) == main).then_some(overlay);
            self.step(step, Place::SetUp(set_up.name.clone(), index + 1), overlay).await?;
        }
        Ok(())
    }

    /// Returns what the set-up of a shared pool saved, playing it if no case has yet.
    async fn shared_pool(&self, index: usize) -> Result<Vec<(String, Value)>, End> {
        let (set_up, overlay) = &self.case.setup[index];
        let slot = self.session.shared.slot(self.case, index + 1);
        let make = || async {
            let mut maker = Player {
                session: self.session,
                case: self.case,
                shares: false,
                bindings: self.bindings.clone(),
                transcript: Transcript::default(),
            };
            let made = maker.set_up(set_up, overlay).await;
            let names = set_up.steps.iter().flat_map(|step| step.save.keys());
            let saved =
                names.filter_map(|name| Some((name.clone(), maker.bindings.get(name)?.clone())));
            let saved: Vec<_> = saved.collect();
            self.session.shared.remember(maker.transcript);
            made.ok().map(|()| saved)
        };
        let saved = slot.get_or_init(make).await.clone();
        saved.ok_or_else(|| End::Indeterminate("the shared pool could not be made".into()))
    }

    async fn step(&mut self, step: &Step, place: Place, overlay: Option<&Node>) -> Result<(), End> {
        if self.session.is_cancelled() {
            return Err(End::Indeterminate("the run was cut short".into()));
        }
        self.bindings.now = self.session.now();
        match &step.action {
            Action::Let(bindings) => {
                for (name, node) in bindings {
                    let value = self.fill(node)?;
                    self.bindings.set(name, value);
                }
                Ok(())
            }
            Action::Wait(ms) => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                Ok(())
            }
            Action::Clock(seconds) => self.advance(seconds).await,
            Action::Mail { pool, username, save, save_body, save_subject } => {
                let mail = self.mail(pool, username).await?;
                self.bindings.set(save, Value::String(mail.code));
                for (name, part) in [(save_body, mail.body), (save_subject, mail.subject)] {
                    let Some(name) = name else { continue };
                    let lacking = || End::Skipped("the target's mailbox shows codes only".into());
                    self.bindings.set(name, Value::String(part.ok_or_else(lacking)?));
                }
                Ok(())
            }
            Action::Invoked { function } => self.invoked(step, function, place).await,
            Action::Call { .. } | Action::Raw { .. } => self.exchange(step, place, overlay).await,
        }
    }

    /// Defines a function; its name is this case's own.
    fn define(&mut self, function: &Function) -> Result<(), End> {
        let read = |node: &Node| {
            let broken = |cause| End::Indeterminate(format!("line {}: {cause}", node.at.line));
            FunctionReply::parse(&self.fill(node)?).map_err(broken)
        };
        let replies = function.answers.iter().map(read).collect::<Result<Vec<_>, End>>()?;
        let arn = self.functions()?.define(&self.function_name(&function.name), replies);
        self.bindings.set(&function.binding(), Value::String(arn));
        Ok(())
    }

    /// Compares what a function was told, as soon as all of it has come.
    async fn invoked(&mut self, step: &Step, function: &str, place: Place) -> Result<(), End> {
        let expect = self.expectation(step)?;
        let name = self.function_name(function);
        let deadline = Instant::now() + EVENT_PATIENCE;
        let exchange = loop {
            let told = self.functions()?.told(&name);
            let events = self.functions()?.events(&name);
            let response = Response {
                status: 200,
                headers: vec![("content-type".into(), "application/json".into())],
                body: events.into_bytes(),
            };
            let exchange = Exchange {
                place: place.clone(),
                call: Call::Events { function: function.to_owned() },
                request: Request {
                    method: "GET".into(),
                    path: format!("/events/{name}"),
                    headers: Vec::new(),
                    body: Vec::new(),
                },
                reply: Ok(response),
                sdk: None,
                expect: Some(expect.clone()),
                pages: None,
                declined: false,
                twin: None,
                together: None,
                elapsed_ms: 0,
            };
            let holds = check::expectation_holds(&self.session.catalogue, &exchange);
            if holds || Instant::now() >= deadline {
                break exchange;
            }
            // What was compared stays as it is until one more event comes.
            while self.functions()?.told(&name) == told && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        self.transcript.exchanges.push(exchange);
        Ok(())
    }

    /// Refuses to go on where the case needs a trigger that the target does not run.
    fn check_triggers(&self, input: &Value) -> Result<(), End> {
        let config = input.get("LambdaConfig").filter(|_| !self.case.functions.is_empty());
        let mut triggers = config.and_then(Value::as_object).into_iter().flatten();
        let lacks = |name: &str| name != "KMSKeyID" && !self.session.target.runs_trigger(name);
        match triggers.find(|(name, _)| lacks(name)) {
            Some((name, _)) => Err(End::Skipped(format!("the target runs no trigger {name}"))),
            None => Ok(()),
        }
    }

    fn functions(&self) -> Result<&FunctionHost, End> {
        let lacking = || End::Skipped("the target's triggers do not reach the harness".into());
        self.session.target.functions().ok_or_else(lacking)
    }

    fn function_name(&self, name: &str) -> String {
        let unique = self.bindings.get("unique").and_then(Value::as_str).unwrap_or_default();
        format!("{unique}-{name}")
    }

    async fn advance(&mut self, seconds: &Node) -> Result<(), End> {
        let seconds = self.fill(seconds)?.as_u64().unwrap_or_default();
        self.session.target.advance_clock(seconds).await.map_err(End::Indeterminate)?;
        self.session.advanced.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    /// Reads a message; it may take a moment until a target has sent one.
    async fn mail(&self, pool: &Node, username: &Node) -> Result<Mail, End> {
        let sender = self.transcript.exchanges.last().map(|exchange| exchange.call.operation());
        if let Some(sender) = sender.filter(|sender| !self.session.target.shows_codes_of(sender)) {
            return Err(End::Skipped(format!("the target's mailbox shows no code of {sender}")));
        }
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let (pool, username) = (text(self.fill(pool)?), text(self.fill(username)?));
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            let mail = self.session.target.read_mail(&pool, &username).await;
            if let Some(mail) = mail.map_err(End::Indeterminate)? {
                return Ok(mail);
            }
            if Instant::now() > deadline {
                return Err(End::Indeterminate("no code came into the mailbox".into()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends what the step says, until its expectation holds if it is to settle.
    async fn exchange(
        &mut self,
        step: &Step,
        place: Place,
        overlay: Option<&Node>,
    ) -> Result<(), End> {
        let settles = step.eventually.unwrap_or_default().min(self.session.target.settle_secs());
        let deadline = Instant::now() + Duration::from_secs(settles);
        let mut pause = Duration::from_millis(50);
        let exchange = loop {
            let call = self.compose(&step.action, overlay)?;
            let mut expect = self.expectation(step)?;
            if let (Place::SetUp(name, _), None) = (&place, step.evidence) {
                // What a case stands on works on the service, however bold its own question is.
                expect.evidence = Evidence::Documented;
                expect.source = format!("API reference, the operations of set-up {name}");
            }
            let mut exchange = self.send(call, place.clone(), Some(&expect)).await;
            if let Action::Call { pages: Some((limit, most)), .. } = &step.action {
                exchange = self.follow(exchange, *limit, *most).await?;
            }
            exchange.expect = Some(expect);
            let holds = check::expectation_holds(&self.session.catalogue, &exchange);
            if holds || Instant::now() >= deadline || exchange.declined || exchange.reply.is_err() {
                break exchange;
            }
            exchange.expect = None;
            self.transcript.exchanges.push(exchange);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        };
        let saved = self.saved(step, &exchange);
        let end = self.end_after(&exchange, saved.len() == step.save.len());
        self.transcript.exchanges.push(exchange);
        end.map_or(Ok(()), Err)?;
        for (name, value) in saved {
            self.bindings.set(&name, value);
        }
        Ok(())
    }

    /// Tells how the case ends here, if it does: `complete` when every binding was saved.
    fn end_after(&self, exchange: &Exchange, complete: bool) -> Option<End> {
        if exchange.declined {
            return Some(End::Unsupported(exchange.call.operation().to_owned()));
        }
        if let Err(error) = &exchange.reply {
            return Some(End::Indeterminate(error.to_string()));
        }
        if check::throttled(exchange) && !expects_error(exchange) {
            return Some(End::Indeterminate("the target throttles".into()));
        }
        let holds = check::expectation_holds(&self.session.catalogue, exchange);
        (!holds && (swapped(exchange) || !complete)).then_some(End::Broken)
    }

    fn saved(&self, step: &Step, exchange: &Exchange) -> Vec<(String, Value)> {
        let body = exchange.output().or_else(|| exchange.reply.as_ref().ok()?.json().ok()?);
        let body = body.unwrap_or_default();
        let found =
            step.save.iter().filter_map(|(name, p)| Some((name.clone(), body.pointer(p)?.clone())));
        found.collect()
    }

    fn fill(&self, node: &Node) -> Result<Value, End> {
        let broken = |cause| End::Indeterminate(format!("line {}: {cause}", node.at.line));
        self.bindings.fill(node).map_err(broken)
    }

    /// Returns the call an action stands for, bindings filled in.
    fn compose(&self, action: &Action, overlay: Option<&Node>) -> Result<Call, End> {
        match action {
            Action::Call { service, operation, with, caller, pages, together: _ } => {
                let with = overlay.map_or_else(|| with.clone(), |overlay| with.merged(overlay));
                let mut input = self.fill(&with)?;
                self.check_triggers(&input)?;
                let modelled = &self.session.catalogue.services[service].operations[operation];
                let signed = match caller {
                    Caller::Signed => true,
                    Caller::Anonymous | Caller::Holder(_) => false,
                    Caller::Default => modelled.auth == Auth::Sigv4,
                };
                if let (Caller::Holder(token), Some(members)) = (caller, input.as_object_mut()) {
                    members.insert("AccessToken".into(), self.fill(token)?);
                }
                if let (Some((Some(limit), _)), Some(pagination)) = (pages, &modelled.pagination)
                    && let (Some(key), Some(members)) =
                        (&pagination.limit_key, input.as_object_mut())
                {
                    members.insert(key.clone(), json!(limit));
                }
                Ok(Call::Api {
                    service: service.clone(),
                    operation: operation.clone(),
                    input,
                    signed,
                })
            }
            Action::Raw { service, operation, method, path, headers, body } => {
                let path = self.fill(path)?.as_str().unwrap_or("/").to_owned();
                let body = match body {
                    RawBody::Bytes(bytes) => bytes.clone(),
                    RawBody::Value(node) => match self.fill(node)? {
                        Value::String(text) => text.into_bytes(),
                        value => value.to_string().into_bytes(),
                    },
                };
                let headers = self.headers(service, operation.as_deref(), headers)?;
                let request = Request { method: method.clone(), path, headers, body };
                Ok(Call::Raw { service: service.clone(), request })
            }
            _ => Err(End::Indeterminate("the step sends nothing".into())),
        }
    }

    /// The headers of an ordinary call, then those of the step: added, replaced, left out.
    fn headers(
        &self,
        service: &str,
        operation: Option<&str>,
        changes: &Node,
    ) -> Result<Vec<(String, String)>, End> {
        let mut headers = Vec::new();
        if let Some(operation) = operation {
            let prefix = &self.session.catalogue.services[service].info.target_prefix;
            headers.push(("content-type".to_owned(), CONTENT_TYPE.to_owned()));
            headers.push(("x-amz-target".to_owned(), format!("{prefix}.{operation}")));
        }
        let changes = self.fill(changes)?;
        for (name, value) in changes.as_object().into_iter().flatten() {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if !value.is_null() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                headers.push((name.to_lowercase(), text));
            }
        }
        Ok(headers)
    }

    /// Sends one call; what the target throttles is sent again after a pause, unless being refused
    /// so is what was expected.
    async fn send(&self, call: Call, place: Place, expect: Option<&Expectation>) -> Exchange {
        let mut pause = THROTTLE_PAUSE;
        let mut exchange = send_once(self.session, &call, &place).await;
        for _ in 0..THROTTLE_RETRIES {
            if !check::throttled(&exchange) || self.expected(&mut exchange, expect) {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            exchange = send_once(self.session, &call, &place).await;
        }
        exchange
    }

    fn expected(&self, exchange: &mut Exchange, expect: Option<&Expectation>) -> bool {
        exchange.expect = expect.cloned();
        let refusal = expects_error(exchange);
        let holds = refusal && check::expectation_holds(&self.session.catalogue, exchange);
        exchange.expect = None;
        holds
    }

    /// Follows the pages after `first` to the end, or to the most allowed.
    async fn follow(
        &mut self,
        first: Exchange,
        limit: Option<u64>,
        most: u64,
    ) -> Result<Exchange, End> {
        let Call::Api { service, operation, .. } = &first.call else { return Ok(first) };
        let pagination =
            self.session.catalogue.services[service].operations[operation].pagination.clone();
        let Some(pagination) = pagination else { return Ok(first) };
        let mut pages = Pages {
            output: Value::Null,
            items: Vec::new(),
            sizes: Vec::new(),
            limit,
            ended: false,
        };
        let mut page = first;
        loop {
            let Some(mut output) = page.output() else { return Ok(page) };
            let list =
                pagination.result_key.as_ref().and_then(|key| output.get_mut(key)).map(Value::take);
            let items = list.and_then(|list| list.as_array().cloned()).unwrap_or_default();
            pages.sizes.push(items.len());
            pages.items.extend(items);
            let token =
                output.get(&pagination.output_token).filter(|token| !token.is_null()).cloned();
            pages.ended = token.is_none();
            let full = pages.sizes.len() as u64 >= most;
            let (Some(token), false) = (token, full) else {
                put_items(&mut output, &pagination, &pages.items);
                pages.output = output;
                page.pages = Some(pages);
                return Ok(page);
            };
            let mut call = page.call.clone();
            if let Call::Api { input, .. } = &mut call
                && let Some(members) = input.as_object_mut()
            {
                members.insert(pagination.input_token.clone(), token);
            }
            let place = page.place.clone();
            self.transcript.exchanges.push(page);
            page = self.send(call, place, None).await;
        }
    }

    /// Returns what the step expects, bindings filled in.
    fn expectation(&self, step: &Step) -> Result<Expectation, End> {
        let pattern = |node: &Node| -> Result<Pattern, End> {
            let broken = |cause| End::Indeterminate(format!("line {}: {cause}", node.at.line));
            Pattern::parse(&self.fill(node)?).map_err(broken)
        };
        let outcome = match &step.expect {
            Expect::Anything => Expected::Anything,
            Expect::Output(node) => {
                let saves = step.save.values().filter(|pointer| !pointer.is_empty());
                let present = saves.map(|pointer| Pattern::Present(pointer.clone()));
                Expected::Output(Pattern::All(
                    [pattern(node)?].into_iter().chain(present).collect(),
                ))
            }
            Expect::Error(rules, arguments) => {
                let arguments = self.fill(arguments)?;
                let named = arguments.as_object().cloned().unwrap_or_default();
                let text = |v: Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                let arguments =
                    named.into_iter().map(|(name, value)| (name, text(value))).collect();
                Expected::Error { rules: rules.clone(), arguments }
            }
            Expect::Raw { status, headers, body } => Expected::Raw {
                status: status.as_ref().map(pattern).transpose()?,
                headers: headers
                    .members()
                    .iter()
                    .map(|(name, node)| Ok((name.to_lowercase(), pattern(node)?)))
                    .collect::<Result<_, End>>()?,
                body: body.as_ref().map(pattern).transpose()?,
            },
        };
        let evidence: Evidence = step.evidence.unwrap_or(self.case.evidence);
        let source = step.source.clone().unwrap_or_else(|| self.case.source.clone());
        Ok(Expectation { outcome, level: step.level.unwrap_or(self.case.level), evidence, source })
    }
}

/// Sends one call and records what came of it.
pub(super) async fn send_once(session: &Session, call: &Call, place: &Place) -> Exchange {
    let reply = session.target.send(call).await;
    let declined = session.target.declined(call, &reply);
    Exchange {
        place: place.clone(),
        call: call.clone(),
        request: reply.request,
        reply: reply.reply,
        sdk: reply.sdk,
        expect: None,
        pages: None,
        declined,
        twin: None,
        together: None,
        elapsed_ms: reply.elapsed_ms,
    }
}

fn put_items(output: &mut Value, pagination: &Pagination, items: &[Value]) {
    if let (Some(key), Value::Object(members)) = (&pagination.result_key, output) {
        let members: &mut Map<String, Value> = members;
        members.insert(key.clone(), Value::Array(items.to_vec()));
    }
}

fn expects_error(exchange: &Exchange) -> bool {
    let outcome = exchange.expect.as_ref().map(|expect| &expect.outcome);
    matches!(outcome, Some(Expected::Error { .. }))
}

/// Tells whether success and refusal are swapped: later steps would build on sand.
fn swapped(exchange: &Exchange) -> bool {
    let succeeded = exchange.success().is_some();
    match exchange.expect.as_ref().map(|expect| &expect.outcome) {
        Some(Expected::Output(_)) => !succeeded,
        Some(Expected::Error { .. }) => succeeded,
        _ => false,
    }
}
