//! Plays one case: set-ups, steps, teardown, every exchange recorded.

use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::compose::Composer;
use super::pages::Following;
use super::shadow::Shadow;
use super::{Part, Session, called, teardown};
use crate::check;
use crate::outcome::Evidence;
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::{Action, Scenario, SetUp, Step};
use crate::target::Mail;
use crate::transcript::{Call, Exchange, Expectation, Expected, Place, Transcript, Twin};

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
    /// A step uses what no earlier one has left: why.
    Unfilled(String),
    /// The target carried out, in this step (from 0), a write that the reference refuses: from
    /// here on the two have nothing in common.
    Diverged(usize),
}

/// How often a throttled request is sent again, and how long the first pause is.
const THROTTLE_RETRIES: u32 = 4;
const THROTTLE_PAUSE: Duration = Duration::from_millis(200);

/// Which playing of a case; each has names of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// In a pool of its own.
    First,
    /// Once more, in another.
    Confirming,
    /// In a pool that other cases use too.
    Shared,
    /// There once more, under other names.
    SharedAgain,
    /// One of many, on the way to a smaller case.
    Numbered(u64),
    /// The rest of an attempt, in another pool.
    Part(Box<Attempt>, u64),
    /// The same on the endpoint that the target is held against.
    Beside(Box<Attempt>),
}

impl Attempt {
    /// What tells its names from those of the others.
    fn label(&self) -> String {
        match self {
            Self::First => "0".into(),
            Self::Confirming => "1".into(),
            Self::Shared => "2".into(),
            Self::SharedAgain => "3".into(),
            Self::Numbered(number) => format!("n{number}"),
            Self::Part(whole, part) => format!("{}p{part}", whole.label()),
            Self::Beside(other) => format!("{}b", other.label()),
        }
    }
}

/// Plays `case`: the steps that set its stage, then those from the step `from` on.
pub(super) async fn play(
    session: &Session,
    case: &Scenario,
    attempt: Attempt,
    from: usize,
) -> Played {
    let mut player = Player {
        session,
        case,
        shares: matches!(attempt, Attempt::Shared | Attempt::SharedAgain),
        bindings: bindings(session, case, &attempt),
        transcript: Transcript { case: case.id.clone(), exchanges: Vec::new() },
        shadow: None,
        declined: None,
    };
    if case.lockstep || session.options.lockstep {
        player.shadow = Some(Shadow::new(session, player.bindings.clone()));
    }
    let limit = session.options.case_timeout;
    let end = match tokio::time::timeout(limit, player.steps(from)).await {
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

/// Returns what is bound before the first step of an attempt.
pub(super) fn bindings(session: &Session, case: &Scenario, attempt: &Attempt) -> Bindings {
    let (unique, seed) = identity(session.options.seed, &case.id, &attempt.label());
    Bindings::new(&unique, seed, session.now())
}

/// Returns what makes a case's names unique, and its seed.
fn identity(seed: u64, case: &str, attempt: &str) -> (String, u64) {
    let hash = digest(&SHA256, format!("{seed}/{case}/{attempt}").as_bytes());
    let bytes = hash.as_ref();
    let alphabet = b"abcdefghijkmnpqrstuvwxyz23456789";
    let unique = bytes[..8].iter().map(|b| alphabet[usize::from(*b) % 32] as char).collect();
    let seed = bytes[8..16].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
    (unique, seed)
}

pub(super) struct Player<'a> {
    pub(super) session: &'a Session,
    pub(super) case: &'a Scenario,
    shares: bool,
    pub(super) bindings: Bindings,
    pub(super) transcript: Transcript,
    /// The reference plays along.
    shadow: Option<Shadow>,
    /// The operation that the target declined while the stage of a generated case was set.
    declined: Option<String>,
}

impl Player<'_> {
    async fn steps(&mut self, from: usize) -> Result<(), End> {
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
        let skipped = case.stage..from;
        let steps = case.steps.iter().enumerate().filter(|(index, _)| !skipped.contains(index));
        for (index, step) in steps {
            let staged = index < case.stage;
            let played = self.step(step, Place::Step(index + 1), None).await;
            match (played, self.declined.clone()) {
                // What the stage lacks now, the steps may do without, or cannot be filled in.
                (Err(End::Unsupported(operation)), _) if staged && self.is_beside(&operation) => {
                    self.declined = Some(operation);
                }
                (Err(End::Unfilled(_)), Some(declined)) if staged || self.is_about(step) => {
                    return Err(End::Unsupported(declined));
                }
                (Err(end), _) if !staged && self.goes_on_after(&end) => {}
                (other, _) => other?,
            }
        }
        Ok(())
    }

    /// Tells whether a generated case is about another operation first of all.
    fn is_beside(&self, operation: &String) -> bool {
        self.case.lockstep && self.case.operations.first().is_some_and(|own| own != operation)
    }

    /// Tells whether a step calls the operation that its case is about first of all.
    fn is_about(&self, step: &Step) -> bool {
        called(step).is_some_and(|(_, name)| self.case.operations.first() == Some(name))
    }

    /// Tells whether a case that is played in lockstep goes on after a step ended so: its steps
    /// do not build on each other but by what they save.
    fn goes_on_after(&self, end: &End) -> bool {
        self.case.lockstep
            && match end {
                End::Unfilled(_) | End::Broken | End::Skipped(_) => true,
                End::Unsupported(operation) => self.is_beside(operation),
                End::Finished | End::Indeterminate(_) | End::Diverged(_) => false,
            }
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
                shadow: None,
                declined: None,
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
                if let Some(shadow) = &mut self.shadow {
                    shadow.bind(self.session, bindings);
                }
                for (name, node) in bindings {
                    let value = self.composer().fill(node)?;
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
                if let Some(shadow) = &mut self.shadow {
                    shadow.mail(step);
                }
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

    async fn advance(&mut self, seconds: &Node) -> Result<(), End> {
        let seconds = self.composer().fill(seconds)?.as_u64().unwrap_or_default();
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
        let (pool, username) =
            (text(self.composer().fill(pool)?), text(self.composer().fill(username)?));
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
        let mut twin = None;
        let mut asked = false;
        let mut exchange = loop {
            let begun = Instant::now();
            let call = self.composer().call(&step.action, overlay)?;
            let mut expect = self.composer().expectation(step)?;
            self.session.meter.add(Part::Prepare, begun);
            if let (Place::SetUp(name, _), None) = (&place, step.evidence) {
                // What a case stands on works on the service, however bold its own question is.
                expect.evidence = Evidence::Documented;
                expect.source = format!("API reference, the operations of set-up {name}");
            }
            let together = match &step.action {
                Action::Call { together, .. } => *together,
                _ => None,
            };
            let mut exchange = match (together, asked) {
                (Some(count), _) => {
                    twin = self.ask_reference(step, overlay);
                    break self.send_together(&call, &place, count).await;
                }
                (None, true) => send_once(self.session, &call, &place).await,
                // The reference answers while the target does.
                (None, false) => {
                    let sending = send_once(self.session, &call, &place);
                    let answering = async { self.ask_reference(step, overlay) };
                    let (exchange, answer) = futures_util::future::join(sending, answering).await;
                    (twin, asked) = (answer, true);
                    exchange
                }
            };
            if !twin.as_ref().is_some_and(is_limited) {
                exchange = self.unthrottled(exchange, Some(&expect)).await;
            }
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
        // On a stage that lacks something, the reference may have to refuse what works on a whole one.
        if self.declined.is_some()
            && twin.as_ref().is_some_and(|twin| twin.answer.is_err())
            && let Some(expect) = &mut exchange.expect
        {
            expect.outcome = Expected::Anything;
        }
        let alone = twin.is_none() && self.shadow.is_some();
        let saved = self.saved(step, &exchange);
        let parted = twin.and_then(|twin| self.settle(step, &mut exchange, twin));
        // What the reference was not asked may have changed what it does not know of.
        let read = exchange.request.method == "GET" && !exchange.request.path.contains("Action=");
        if alone && exchange.success().is_some() && !read {
            self.shadow = None;
        }
        let end = parted.or_else(|| self.end_after(&exchange, saved.len() == step.save.len()));
        self.transcript.exchanges.push(exchange);
        end.map_or(Ok(()), Err)?;
        for (name, value) in saved {
            self.bindings.set(&name, value);
        }
        Ok(())
    }

    /// Has the reference carry out a step, where it plays along.
    fn ask_reference(&mut self, step: &Step, overlay: Option<&Node>) -> Option<Twin> {
        let begun = Instant::now();
        let shadow = self.shadow.as_mut()?;
        let twin = shadow.answer(self.session, self.case, step, overlay);
        self.session.meter.add(Part::Twin, begun);
        twin
    }

    /// Keeps what the reference answers beside the target's answer, and the two in one state;
    /// tells when that is no longer possible.
    fn settle(&mut self, step: &Step, exchange: &mut Exchange, twin: Twin) -> Option<End> {
        let shadow = self.shadow.as_mut()?;
        let accepted = exchange.success().is_some();
        let service = self.session.catalogue.services.get(exchange.call.service());
        let reads = service.is_some_and(|s| s.only_reads(exchange.call.operation()));
        let mut parted = None;
        match (&twin.answer, accepted) {
            (Ok(_), true) => shadow.save(step, &twin),
            // The target did not do it, or nobody knows.
            (Ok(_), false) => shadow.undo(),
            (Err(_), true) if !reads => {
                let Place::Step(index) = &exchange.place else { return Some(End::Broken) };
                parted = Some(End::Diverged(index - 1));
            }
            (Err(_), _) => {}
        }
        exchange.twin = Some(twin);
        parted
    }

    /// Sends identical calls at once; records all but the one that is returned: the first that
    /// was carried out, else the last.
    async fn send_together(&mut self, call: &Call, place: &Place, count: u64) -> Exchange {
        let calls = (0..count.max(1)).map(|_| send_once(self.session, call, place));
        let mut exchanges = futures_util::future::join_all(calls).await;
        exchanges.iter_mut().for_each(|exchange| exchange.together = Some(count));
        let winner = exchanges.iter().position(|exchange| exchange.success().is_some());
        let winner = exchanges.remove(winner.unwrap_or(exchanges.len() - 1));
        self.transcript.exchanges.append(&mut exchanges);
        winner
    }

    pub(super) fn composer(&self) -> Composer<'_> {
        Composer { session: self.session, case: self.case, bindings: &self.bindings }
    }

    /// Tells how the case ends here, if it does: `complete` when every binding was saved.
    fn end_after(&self, exchange: &Exchange, complete: bool) -> Option<End> {
        if exchange.declined {
            return Some(End::Unsupported(exchange.call.operation().to_owned()));
        }
        if let Err(error) = &exchange.reply {
            return Some(End::Indeterminate(error.to_string()));
        }
        let limited = exchange.twin.as_ref().is_some_and(is_limited);
        if check::throttled(exchange) && !expects_error(exchange) && !limited {
            return Some(End::Indeterminate("the target throttles".into()));
        }
        let holds = check::expectation_holds(&self.session.catalogue, exchange);
        (!holds && (swapped(exchange) || !complete)).then_some(End::Broken)
    }

    fn saved(&self, step: &Step, exchange: &Exchange) -> Vec<(String, Value)> {
        if step.save.is_empty() {
            return Vec::new();
        }
        let body = exchange.output().or_else(|| exchange.reply.as_ref().ok()?.json().ok()?);
        let body = body.unwrap_or_default();
        let found = step.save.iter().filter_map(|(name, pointer)| {
            // `null` says that there is none.
            let value = body.pointer(pointer).filter(|value| !value.is_null())?;
            Some((name.clone(), value.clone()))
        });
        found.collect()
    }

    /// Sends again, after a pause, what the target throttles, unless being refused so is what was
    /// expected.
    async fn unthrottled(&self, mut exchange: Exchange, expect: Option<&Expectation>) -> Exchange {
        let mut pause = THROTTLE_PAUSE;
        for _ in 0..THROTTLE_RETRIES {
            if !check::throttled(&exchange) || self.expected(&mut exchange, expect) {
                break;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            exchange = send_once(self.session, &exchange.call, &exchange.place).await;
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
        let mut following = Following::new(pagination, limit, most);
        let mut page = first;
        loop {
            let Some(output) = page.output() else { return Ok(page) };
            let Some((member, token)) = following.take(output.into_owned()) else {
                page.pages = Some(following.pages());
                return Ok(page);
            };
            let mut call = page.call.clone();
            if let Call::Api { input, .. } = &mut call
                && let Some(members) = input.as_object_mut()
            {
                members.insert(member, token);
            }
            let place = page.place.clone();
            self.transcript.exchanges.push(page);
            page = send_once(self.session, &call, &place).await;
            page = self.unthrottled(page, None).await;
        }
    }
}

/// Tells whether the reference, too, asks to come back later.
fn is_limited(twin: &Twin) -> bool {
    twin.answer.as_ref().is_err_and(|refusal| {
        refusal.code == "LimitExceededException" || refusal.code == "TooManyRequestsException"
    })
}

/// Sends one call and records what came of it.
pub(super) async fn send_once(session: &Session, call: &Call, place: &Place) -> Exchange {
    let begun = Instant::now();
    let reply = session.target.send(call).await;
    session.meter.add(Part::Send, begun);
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
