//! Drives cases against one target, concurrently. Judges nothing itself and prints nothing:
//! verdicts come from [`crate::check`], and whoever watches gets events.

mod judge;
mod play;
mod teardown;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::RwLock;

use crate::catalogue::Catalogue;
use crate::outcome::{CaseOutcome, RUN_FORMAT, Run, Verdict};
use crate::scenario::Scenario;
use crate::target::{Capability, Target};

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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: 4,
            seed: 1,
            case_timeout: Duration::from_secs(30),
            fail_fast: false,
            strict: false,
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
    /// Cases that move the clock hold it alone.
    clock: RwLock<()>,
    /// How far the target's clock was moved, in seconds.
    advanced: AtomicU64,
    cancelled: AtomicBool,
}

impl Session {
    /// Returns a session with an open target.
    pub fn new(catalogue: Arc<Catalogue>, target: Arc<dyn Target>, options: Options) -> Self {
        Self {
            catalogue,
            target,
            options,
            clock: RwLock::new(()),
            advanced: AtomicU64::new(0),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Asks the run to stop: cases under way are torn down, no further one starts.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Tells whether the run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// The target's time, seconds since the epoch.
    fn now(&self) -> u64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        system + self.advanced.load(Ordering::SeqCst)
    }

    /// Plays one case, confirms what it finds by a second run, and judges.
    pub async fn run_case(&self, case: &Scenario) -> CaseOutcome {
        let started = Instant::now();
        let mut outcome = if let Some(reason) = self.lacks(case) {
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
        outcome.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        outcome
    }

    async fn play_and_confirm(&self, case: &Scenario) -> CaseOutcome {
        let first = judge::judge(self, case, &play::play(self, case, 0).await);
        if !first.failed() || self.is_cancelled() {
            return first;
        }
        let second = judge::judge(self, case, &play::play(self, case, 1).await);
        judge::confirmed(first, &second)
    }

    fn lacks(&self, case: &Scenario) -> Option<String> {
        let missing = case.needs.iter().find(|need| !self.target.capabilities().contains(need))?;
        Some(format!("the target lacks the capability `{missing}`"))
    }

    fn declared_unsupported(&self, case: &Scenario) -> Option<String> {
        let listed = self.target.unsupported();
        case.operations.iter().find(|name| listed.contains(*name)).cloned()
    }
}

/// Runs every case and returns what came of it; `watch` sees each outcome as it comes.
///
/// Cases run concurrently in any order and are listed by id. A cancelled run returns the cases
/// that finished, and is not `complete`.
pub async fn run(
    session: &Session,
    cases: &[Arc<Scenario>],
    watch: &(dyn Fn(&CaseOutcome) + Sync),
) -> Run {
    let started = Instant::now();
    let mut run = header(session, cases.len());
    let mut outcomes = stream::iter(cases)
        .map(|case| async move {
            if session.is_cancelled() { None } else { Some(session.run_case(case).await) }
        })
        .buffer_unordered(session.options.jobs.max(1));
    while let Some(outcome) = outcomes.next().await {
        let Some(outcome) = outcome else { continue };
        watch(&outcome);
        if session.options.fail_fast && outcome.failed() {
            session.cancel();
        }
        run.cases.push(outcome);
    }
    run.cases.sort_by(|a, b| a.case.cmp(&b.case));
    run.complete = run.cases.len() == run.planned;
    run.elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    run
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
        models: models.collect::<BTreeMap<_, _>>(),
        seed: session.options.seed,
        started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        elapsed_ms: 0,
        complete: false,
        planned,
        cases: Vec::new(),
    }
}
