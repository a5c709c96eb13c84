//! Plays the suite where nothing can be right, and where nothing is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use super::probe::Prober;
use super::{Faultless, Null, Progress};
use crate::catalogue::Catalogue;
use crate::nulls::{Kind, NullServer};
use crate::outcome::{CaseOutcome, Level, Verdict};
use crate::reference::faults::rules::behind;
use crate::reference::middleware::{Middleware, Next, Stack};
use crate::run::{Options, Session, run};
use crate::scenario::Scenario;
use crate::target::http::Limits;
use crate::target::open::{OpenOptions, TargetError, TargetSpec, open};
use crate::wire::{Request, Response};

/// Which cases make the reference refuse by which rule: the index of each, and its requests.
#[derive(Clone, Debug, Default)]
pub struct Raised(pub(super) BTreeMap<String, Vec<(usize, u64)>>);

/// Notes by which rules calls are refused.
struct Recorder {
    catalogue: Arc<Catalogue>,
    seen: Mutex<BTreeSet<String>>,
}

impl Middleware for Recorder {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        let response = next(request);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in behind(&self.catalogue, operation.unwrap_or_default(), &response) {
            seen.insert(rule.to_owned());
        }
        response
    }
}

impl Recorder {
    fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Prober {
    /// Plays the suite of a seed on the reference as it is, and notes by which rules it refuses.
    ///
    /// # Errors
    /// A reference cannot be started.
    ///
    /// # Panics
    /// Where playing or judging a case panics.
    pub async fn faultless(
        &self,
        seed: u64,
        watch: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<(Faultless, Raised), TargetError> {
        let begun = Instant::now();
        let cases = match seed == self.settings.seed {
            true => self.cases.clone(),
            false => Arc::new(self.cases_of(seed)),
        };
        let next = Arc::new(AtomicUsize::new(0));
        let workers = (0..self.settings.jobs.max(1)).map(|_| {
            let (prober, cases, next) = (self.clone(), cases.clone(), next.clone());
            let worker = tokio::spawn(async move { prober.work(seed, &cases, &next).await });
            async move { worker.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic())) }
        });
        let mut clean = Faultless { seed, ..Faultless::default() };
        let mut raised = Raised::default();
        for (part, rules) in try_join_all(workers).await? {
            clean.cases += part.cases;
            clean.requests += part.requests;
            clean.alarms.extend(part.alarms);
            clean.indeterminate.extend(part.indeterminate);
            for (rule, cases) in rules.0 {
                raised.0.entry(rule).or_default().extend(cases);
            }
        }
        clean.alarms.sort();
        clean.indeterminate.sort();
        clean.elapsed_ms = elapsed(begun);
        watch(Progress::Faultless(&clean));
        Ok((clean, raised))
    }

    /// Plays cases on a reference of its own, as long as there are any.
    async fn work(
        &self,
        seed: u64,
        cases: &[Arc<Scenario>],
        next: &AtomicUsize,
    ) -> Result<(Faultless, Raised), TargetError> {
        let seen = Mutex::default();
        let recorder = Arc::new(Recorder { catalogue: self.catalogue.clone(), seen });
        let target = self.reference(Vec::new(), Stack(vec![recorder.clone()])).await?;
        let session = self.session(target.clone(), seed);
        let mut clean = Faultless::default();
        let mut raised = Raised::default();
        while !self.is_stopped() {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let Some(case) = cases.get(at) else { break };
            let outcome = session.run_case(case).await;
            for rule in recorder.take() {
                raised.0.entry(rule).or_default().push((at, outcome.requests));
            }
            take(&mut clean, &outcome);
        }
        target.shutdown().await;
        Ok((clean, raised))
    }

    /// Plays the suite against a null server that lacks no capability a URL can have.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn null(
        &self,
        kind: Kind,
        watch: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Null, TargetError> {
        let begun = Instant::now();
        let server =
            NullServer::start(kind, self.catalogue.clone()).map_err(TargetError::Reference)?;
        let options = OpenOptions {
            limits: Limits { total: Duration::from_secs(5), ..Limits::default() },
            plain_http: true,
            capabilities_of: Some("reference".into()),
            ..OpenOptions::new(self.catalogue.clone())
        };
        let target = open(&TargetSpec::Url(server.url()), &options).await?;
        let options = Options {
            // Most of the time is waiting for what never comes true.
            jobs: 32,
            seed: self.settings.seed,
            case_timeout: Duration::from_secs(20),
            shrink_requests: 0,
            ..Options::default()
        };
        let session = Arc::new(Session::new(self.catalogue.clone(), Arc::new(target), options));
        let over = |_: &CaseOutcome| {
            if self.is_stopped() {
                session.cancel();
            }
        };
        let played = run(&session, &self.cases, &over).await;
        let asks = |level| !matches!(level, Level::Wire | Level::Schema);
        let empty: BTreeSet<&str> = { self.cases.iter() }
            .filter(|case| promises_nothing(case))
            .map(|case| case.id.as_str())
            .collect();
        let passed = { played.cases.iter() }
            .filter(|case| asks(case.level) && whole(case) == Verdict::Pass)
            .map(|case| case.case.clone());
        let (idle, passed): (Vec<String>, Vec<String>) =
            passed.partition(|case| empty.contains(case.as_str()));
        let mut null = Null {
            server: kind,
            levels: BTreeMap::new(),
            passed,
            idle: idle.len(),
            elapsed_ms: elapsed(begun),
        };
        for case in &played.cases {
            null.levels.entry(case.level).or_default().add(&whole(case));
        }
        watch(Progress::Null(&null));
        Ok(null)
    }
}

/// Tells whether nothing is promised of how a generated case is answered, its stage apart: each
/// call comes in a state, or with a value, of which nobody says that it works.
pub fn promises_nothing(case: &Scenario) -> bool {
    case.lockstep && case.steps.iter().skip(case.stage).all(|step| step.odd)
}

/// Returns what a case comes to as a whole.
///
/// Where everything is refused, a case about refusals finds each call refused, and where nothing
/// is, its findings are of the level of errors: what the verdict on its own level is worth shows
/// beside the others.
pub fn whole(case: &CaseOutcome) -> Verdict {
    let noted = case.verdicts.values().any(|verdict| *verdict == Verdict::Note);
    match case.verdict() {
        _ if case.failed() => Verdict::Fail,
        Verdict::Pass if noted => Verdict::Note,
        own => own.clone(),
    }
}

fn take(clean: &mut Faultless, outcome: &CaseOutcome) {
    clean.cases += 1;
    clean.requests += outcome.requests;
    for (level, verdict) in &outcome.verdicts {
        match verdict {
            Verdict::Fail | Verdict::Flaky => {
                let found = outcome.findings.iter().find(|f| f.fails && f.level == *level);
                let what = found.map(|f| format!("{} at {}", f.check, f.step));
                let what = what.unwrap_or_else(|| level.to_string());
                clean.alarms.push(format!("{}: {} by {what}", outcome.case, verdict.name()));
            }
            Verdict::Indeterminate { reason } => {
                clean.indeterminate.push(format!("{}: {reason}", outcome.case));
            }
            _ => {}
        }
    }
    clean.indeterminate.dedup();
}

fn elapsed(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
