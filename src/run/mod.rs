//! Drives cases against one target, concurrently. Judges nothing itself and prints nothing:
//! verdicts come from [`crate::check`], and whoever watches gets events.

mod against;
mod compose;
mod contrast;
mod echoes;
mod judge;
mod meter;
mod pages;
mod play;
mod shadow;
mod shared;
mod shrink;
mod teardown;
#[cfg(test)]
mod tests;
mod triggers;
mod trim;

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::{RwLock, Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::catalogue::Catalogue;
use crate::generate::plan::Plan;
use crate::known::Known;
use crate::outcome::{CaseOutcome, Phase, RUN_FORMAT, Run, Verdict};
use crate::scan::{self, Secrets};
use crate::scenario::{Action, Scenario, Step};
use crate::snapshot::{self, Snapshots};
use crate::target::{Capability, Target};
use meter::Meter;
pub use meter::Part;
use play::Attempt;
pub use shrink::Shrunk;
use trim::Trimmer;

/// After how many cases in a row that say nothing a run is cut short: the target is gone, or
/// stays silent, and the rest would only take the same time-out each.
const MOST_SILENT: usize = 40;

/// How often a case in lockstep begins anew after the target parted from the reference.
const MOST_PARTS: u64 = 60;

tokio::task_local! {
    /// Dropped when the case of a task has its place at the target, or needs none.
    static BEGAN: Cell<Option<oneshot::Sender<()>>>;
}

/// How a run is to be driven.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many cases at once; at least 1.
    pub jobs: usize,
    /// Seed of names, passwords and whatever else is chosen.
    pub seed: u64,
    /// Wall time one case may take, its confirmation apart.
    pub case_timeout: Duration,
    /// Stop after the first case that fails.
    pub fail_fast: bool,
    /// Inferred promises fail too.
    pub strict: bool,
    /// Accepted transcripts to compare with.
    pub snapshots: Arc<Snapshots>,
    /// The target's clock stands still at this time, in seconds since the epoch, unless a case
    /// moves it; the system's clock otherwise.
    pub frozen_at: Option<u64>,
    /// Every case is played in lockstep with the reference, whether it says so or not.
    pub lockstep: bool,
    /// Requests that making one failure of a generated case small may take; 0 leaves it as it is.
    pub shrink_requests: u64,
    /// Wall time that making failures small may take altogether.
    pub shrink_time: Duration,
    /// Failures that are expected of the target.
    pub known: Arc<Known>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 4,
            seed: 1,
            case_timeout: Duration::from_secs(30),
            fail_fast: false,
            strict: false,
            snapshots: Arc::default(),
            frozen_at: None,
            lockstep: false,
            shrink_requests: 1500,
            shrink_time: Duration::from_secs(600),
            known: Arc::default(),
        }
    }
}

/// A target with what a run keeps about it.
pub struct Session {
    /// The contract.
    pub catalogue: Arc<Catalogue>,
    /// The target.
    pub target: Arc<dyn Target>,
    /// How to drive it.
    pub options: Options,
    /// The endpoint that it is held against, instead of being judged.
    against: Option<Arc<Session>>,
    /// Cases that move the clock hold it alone.
    clock: RwLock<()>,
    /// How far the target's clock was moved, in seconds.
    advanced: AtomicU64,
    cancelled: AtomicBool,
    /// Kinds of failures that a second run has shown again.
    confirmed: Mutex<BTreeSet<String>>,
    shared: shared::SharedPools,
    /// When making failures small ends; set when it begins.
    shrinks_until: OnceLock<Instant>,
    meter: Meter,
    /// What no report may show.
    secrets: Secrets,
    /// One for each case that may talk to the target at once.
    slots: Semaphore,
}

impl Session {
    /// Returns a session with an open target.
    pub fn new(catalogue: Arc<Catalogue>, target: Arc<dyn Target>, options: Options) -> Self {
        let secrets = Secrets::default();
        if let Some(code) = target.fixed_code() {
            secrets.make_public(code);
        }
        Self {
            catalogue,
            target,
            slots: Semaphore::new(options.jobs.max(1)),
            options,
            against: None,
            clock: RwLock::new(()),
            advanced: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
            confirmed: Mutex::default(),
            shared: shared::SharedPools::default(),
            shrinks_until: OnceLock::new(),
            meter: Meter::default(),
            secrets,
        }
    }

    /// Holds the target against another endpoint: every case is played on both, and what counts
    /// is where their answers differ, whoever of them is right.
    #[must_use]
    pub fn against(mut self, other: Arc<Session>) -> Self {
        self.against = Some(other);
        self
    }

    /// Asks the run to stop: cases under way are torn down, no further one starts.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(other) = &self.against {
            other.cancel();
        }
    }

    /// Tells whether the run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Returns the wall time that a part of the work took so far, summed over all cases.
    pub fn spent(&self, part: Part) -> Duration {
        self.meter.of(part)
    }

    /// Returns what this session has seen that no report may show.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The target's time, seconds since the epoch.
    fn now(&self) -> u64 {
        let system = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.options.frozen_at.unwrap_or_else(system) + self.advanced.load(Ordering::SeqCst)
    }

    /// Plays one case, confirms what it finds by a second run, and judges.
    pub async fn run_case(&self, case: &Scenario) -> CaseOutcome {
        let started = Instant::now();
        let mut outcome = if let Some(other) = &self.against {
            self.hold_against(other, case).await
        } else if let Some(reason) = self.lacks(case) {
            judge::without_playing(case, &Verdict::Skipped { reason })
        } else if let Some(operation) = self.declared_unsupported(case) {
            judge::without_playing(case, &Verdict::Unsupported { operation })
        } else if case.needs.contains(&Capability::Clock) {
            let _alone = self.clock.write().await;
            self.play_and_confirm(case).await
        } else {
            let _shared = self.clock.read().await;
            self.play_and_confirm(case).await
        };
        self.withhold(&mut outcome);
        self.options.known.mark(&mut outcome);
        outcome.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome
    }

    async fn play_and_confirm(&self, case: &Scenario) -> CaseOutcome {
        if self.target.dear_pools() && shared::may_share(&self.catalogue, case) {
            let outcome = self.play_twice(case, [Attempt::Shared, Attempt::SharedAgain]).await;
            if shared::may_decide(&outcome) {
                return outcome;
            }
        }
        self.play_twice(case, [Attempt::First, Attempt::Confirming]).await
    }

    /// Plays a case, and once more under other names where something fails that no case has
    /// confirmed yet.
    async fn play_twice(&self, case: &Scenario, attempts: [Attempt; 2]) -> CaseOutcome {
        let [first, again] = attempts;
        let first = self.play_once(case, first).await;
        if self.all_confirmed(&first) {
            return first;
        }
        if self.is_cancelled() {
            return judge::unconfirmed(first);
        }
        let again = self.play_once(case, again).await;
        let outcome = judge::confirmed(first, &again);
        if shared::may_decide(&outcome) {
            let steady = |level| outcome.verdicts.get(level) == Some(&Verdict::Fail);
            let shown = outcome.findings.iter().filter(|f| f.fails && steady(&f.level));
            self.confirmed().extend(shown.map(judge::kind));
        }
        outcome
    }

    /// Plays a case and judges it.
    ///
    /// Where the target carries out what the reference refuses, a case in lockstep begins anew
    /// with the step after: the two have no state in common any more.
    async fn play_once(&self, case: &Scenario, attempt: Attempt) -> CaseOutcome {
        let mut played = self.play(case, attempt.clone(), case.stage).await;
        let mut outcome = self.judge(case, &played);
        let mut parts = 1;
        while let play::End::Diverged(step) = played.end {
            if step < case.stage || step + 1 >= case.steps.len() || parts >= MOST_PARTS {
                break;
            }
            let again = Attempt::Part(Box::new(attempt.clone()), parts);
            played = self.play(case, again, step + 1).await;
            judge::add(&mut outcome, self.judge(case, &played));
            parts += 1;
        }
        outcome
    }

    /// Plays a case when one of the places at the target is free.
    async fn play(&self, case: &Scenario, attempt: Attempt, from: usize) -> play::Played {
        let slot = self.slots.acquire().await.expect("nobody closes it");
        // The next case may come: cases begin in the order of the plan.
        let _ = BEGAN.try_with(Cell::take);
        let played = play::play(self, case, attempt, from).await;
        drop(slot);
        // Whoever waited for the place is on this thread now and goes first: the target waits
        // for no judge.
        tokio::task::yield_now().await;
        played
    }

    fn judge(&self, case: &Scenario, played: &play::Played) -> CaseOutcome {
        let begun = Instant::now();
        let outcome = judge::judge(self, case, played);
        // Nothing is shown of a generated case that shows nothing.
        if !outcome.findings.is_empty() || !case.lockstep {
            self.secrets.learn(&played.transcript, &scan::literals(case));
        }
        self.meter.add(Part::Judge, begun);
        outcome
    }

    /// Takes out of an outcome what redaction has missed.
    fn withhold(&self, outcome: &mut CaseOutcome) {
        let case = outcome.case.clone();
        let silent = |verdict: &Verdict| matches!(verdict, Verdict::Pass | Verdict::Note);
        let shows = !outcome.findings.is_empty() || !outcome.verdicts.values().all(silent);
        if shows && self.secrets.withhold_from(&case, outcome).is_err() {
            outcome.findings.clear();
        }
        self.secrets.forget_codes(&case);
    }

    /// Plays one case and returns what was exchanged, in canonical form; `again` plays it under
    /// other names, which must make no difference.
    ///
    /// # Errors
    /// The case cannot be played to its end: why.
    pub async fn record(&self, case: &Scenario, again: bool) -> Result<String, String> {
        let attempt = if again { Attempt::Confirming } else { Attempt::First };
        let played = self.play(case, attempt, case.stage).await;
        match &played.end {
            play::End::Finished | play::End::Broken => {
                let mut text = snapshot::text(&self.catalogue, &played.transcript, &played.own);
                self.secrets.learn(&played.transcript, &scan::literals(case));
                let withheld = self.secrets.withhold_about(&case.id, &mut text);
                self.secrets.forget_codes(&case.id);
                if withheld {
                    return Err("something secret would stand in its snapshot".into());
                }
                Ok(text)
            }
            play::End::Unsupported(operation) => Err(format!("the target declines {operation}")),
            play::End::Skipped(reason)
            | play::End::Indeterminate(reason)
            | play::End::Unfilled(reason) => Err(reason.clone()),
            play::End::Diverged(step) => Err(format!("step {} parts from the reference", step + 1)),
        }
    }

    /// Deletes what cases shared; returns what could not be deleted. To be called once, after
    /// the last case.
    pub async fn close(&self) -> Vec<String> {
        // Cases that are held against another endpoint share nothing.
        self.shared.tear_down(self).await
    }

    /// Tells whether every failure was already seen to come again, in this case or another: a
    /// header that is missing everywhere is not confirmed a thousand times.
    fn all_confirmed(&self, outcome: &CaseOutcome) -> bool {
        let confirmed = self.confirmed();
        let mut failures = outcome.findings.iter().filter(|finding| finding.fails);
        failures.all(|finding| confirmed.contains(&judge::kind(finding)))
    }

    /// Tells whether no more may be tried to make failures small.
    fn stops_shrinking(&self) -> bool {
        self.is_cancelled() || self.shrinks_until.get().is_some_and(|end| Instant::now() >= *end)
    }

    fn confirmed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lacks(&self, case: &Scenario) -> Option<String> {
        let missing = case.needs.iter().find(|need| !self.target.capabilities().contains(need))?;
        Some(format!("the target lacks the capability `{missing}`"))
    }

    /// Returns the first operation of the case or its set-ups that the profile lists as lacking.
    /// Of a generated case only what it is about counts: it goes on without the others.
    fn declared_unsupported(&self, case: &Scenario) -> Option<String> {
        let about = match case.lockstep {
            true => &case.operations[..case.operations.len().min(1)],
            false => &case.operations[..],
        };
        let set_ups = case.setup.iter().flat_map(|(set_up, _)| &set_up.steps);
        let own = case.steps.iter().filter_map(called).filter(|(_, name)| about.contains(name));
        let mut all = own.chain(set_ups.filter_map(called));
        let lacking = all.find(|(service, operation)| self.target.lacks(service, operation));
        lacking.map(|(_, operation)| operation.clone())
    }
}

/// Returns service and name of the operation that a step calls.
fn called(step: &Step) -> Option<(&String, &String)> {
    match &step.action {
        Action::Call { service, operation, .. }
        | Action::Raw { service, operation: Some(operation), .. } => Some((service, operation)),
        _ => None,
    }
}

/// Runs every case and returns what came of it; `watch` sees each outcome as it comes.
///
/// Cases run concurrently in any order and are listed by id. A cancelled run returns the cases
/// that finished, and is not `complete`; so does one whose target falls silent for many cases in
/// a row.
pub async fn run(
    session: &Arc<Session>,
    cases: &[Arc<Scenario>],
    watch: &(dyn Fn(&CaseOutcome) + Sync),
) -> Run {
    run_plan(session, Plan::of(cases), watch).await
}

/// Runs every case of a plan; see [`run`]. Failures of generated cases are made small at the end.
///
/// Each case is a task of its own, so that cases use every thread of the runtime; they end with
/// this future.
///
/// # Panics
/// Where playing or judging a case panics.
pub async fn run_plan(
    session: &Arc<Session>,
    plan: Plan,
    watch: &(dyn Fn(&CaseOutcome) + Sync),
) -> Run {
    let started = Instant::now();
    let mut run = header(session, 0);
    let mut planned = 0;
    // Cases that may have to be played again.
    let mut kept: BTreeMap<String, Arc<Scenario>> = BTreeMap::new();
    let mut trimmer = Trimmer::default();
    {
        let mut plan = plan;
        let mut next = || {
            let begun = Instant::now();
            let case = plan.next().inspect(|_| planned += 1);
            session.meter.add(Part::Generate, begun);
            case
        };
        let mut playing = JoinSet::new();
        let mut silent = 0;
        loop {
            while playing.len() < under_way(&session.options)
                && let Some(case) = next()
            {
                if session.is_cancelled() {
                    continue;
                }
                let (told, began) = oneshot::channel();
                let session = session.clone();
                let played = async move { (session.run_case(&case).await, case) };
                playing.spawn(BEGAN.scope(Cell::new(Some(told)), played));
                let _ = began.await;
            }
            let Some(played) = playing.join_next().await else { break };
            let (mut outcome, case) =
                played.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
            if let Some(phase) = Phase::of(&case.id) {
                let answers = std::mem::take(&mut outcome.answers);
                run.generated.get_or_insert_default().add(phase, answers);
            }
            if outcome.failed() || matches!(outcome.verdict(), Verdict::Unsupported { .. }) {
                kept.insert(case.id.clone(), case);
            }
            trimmer.take(&mut outcome, &mut run.cases);
            watch(&outcome);
            silent = match outcome.verdict() {
                Verdict::Indeterminate { .. } => silent + 1,
                Verdict::Skipped { .. } => silent,
                _ => 0,
            };
            if silent >= MOST_SILENT || (session.options.fail_fast && outcome.failed()) {
                session.cancel();
            }
            run.cases.push(outcome);
        }
        run.not_played = plan.not_played().clone();
    }
    run.planned = planned;
    play_again_what_it_has_after_all(session, &kept, &mut run).await;
    run.cases.sort_by(|a, b| a.case.cmp(&b.case));
    echoes::without_refused_anyway(&mut run.cases);
    trim::trim(&mut run.cases);
    make_small(session, &kept, &mut run).await;
    let leaked = session.close().await;
    if let Some(last) = run.cases.last_mut() {
        last.leaked.extend(leaked);
    }
    run.withheld = session.secrets.withheld();
    run.complete = run.cases.len() == run.planned && run.not_played.is_empty();
    let left_out = usize::try_from(run.not_played.values().sum::<u64>()).unwrap_or(usize::MAX);
    run.planned = run.planned.saturating_add(left_out);
    run.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    run
}

/// How many cases are under way at once: those that talk to the target, and some that are judged
/// or wait for their turn meanwhile, so that the target never waits for a judge.
fn under_way(options: &Options) -> usize {
    let ahead = if options.fail_fast { 0 } else { 2 };
    options.jobs.max(1) + ahead
}

/// Plays the cases again that seemed to need an operation the target lacks, where another case
/// saw that operation carried out: what looked like a decline is how the target fails.
async fn play_again_what_it_has_after_all(
    session: &Session,
    cases: &BTreeMap<String, Arc<Scenario>>,
    run: &mut Run,
) {
    for outcome in &mut run.cases {
        let Verdict::Unsupported { operation } = outcome.verdict() else { continue };
        let mut services = session.catalogue.services.keys();
        let listed = services.any(|service| session.target.lacks(service, operation));
        if listed || session.is_cancelled() || !session.target.has_answered(operation) {
            continue;
        }
        if let Some(case) = cases.get(&outcome.case) {
            *outcome = session.run_case(case).await;
        }
    }
}

/// Writes, for each kind of failure of generated cases, the shortest sequence that shows it: with
/// the first case that failed so, in the order of ids.
///
/// Time may run out, so the most telling come first: one of each promise before the same promise
/// of other operations, what sequences show before what any single exchange does.
async fn make_small(session: &Session, cases: &BTreeMap<String, Arc<Scenario>>, run: &mut Run) {
    let budget = session.options.shrink_requests;
    let mut done = BTreeSet::new();
    let mut promises = BTreeSet::new();
    let mut wanted = Vec::new();
    for (at, outcome) in run.cases.iter().enumerate() {
        let Some(case) = cases.get(&outcome.case).filter(|case| case.lockstep) else { continue };
        for (index, finding) in outcome.findings.iter().enumerate().filter(|(_, f)| f.is_news()) {
            if budget > 0 && done.insert(finding.id.clone()) {
                let promise = (&finding.check, &finding.rule, &finding.pointer);
                let again = !promises.insert(promise);
                let rank = (again, Reverse(finding.level));
                wanted.push((rank, at, index, case.clone(), finding.clone()));
            }
        }
    }
    wanted.sort_by_key(|(rank, ..)| *rank);
    let _ = session.shrinks_until.set(Instant::now() + session.options.shrink_time);
    let wanted = wanted.into_iter().map(|(_, at, index, case, finding)| (at, index, case, finding));
    let shrunk = stream::iter(wanted).map(|(at, index, case, finding)| async move {
        let shrunk = session.shrink(&case, &finding, budget).await;
        let text = shrunk.map(|shrunk| {
            let mut text = shrunk.text();
            session.secrets.withhold_from_case(&mut text, &scan::literals(&case));
            (text, shrunk.requests)
        });
        session.secrets.forget_codes(&case.id);
        (at, index, text)
    });
    let mut shrunk = shrunk.buffer_unordered(session.options.jobs.max(1));
    while let Some((at, index, shrunk)) = shrunk.next().await {
        if let Some((text, requests)) = shrunk {
            run.cases[at].requests += requests;
            run.cases[at].findings[index].scenario = Some(text);
        }
    }
}

/// Returns a run without cases: what is known before the first one.
pub fn header(session: &Session, planned: usize) -> Run {
    let services = session.catalogue.services.values();
    let models = services.map(|s| (s.info.id.clone(), s.info.model_revision.clone()));
    Run {
        format: RUN_FORMAT,
        harness: env!("CARGO_PKG_VERSION").into(),
        target: session.target.name().into(),
        target_version: session.target.version().map(str::to_owned),
        against: session.against.as_ref().map(|other| other.target.name().to_owned()),
        models: models.collect::<BTreeMap<_, _>>(),
        seed: session.options.seed,
        started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        elapsed_ms: 0,
        complete: false,
        planned,
        not_played: BTreeMap::new(),
        selection: None,
        known: None,
        flags: Vec::new(),
        generated: None,
        app: None,
        withheld: BTreeMap::new(),
        cases: Vec::new(),
    }
}
