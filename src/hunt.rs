//! How good generation is at finding faults: each named fault is put into a reference of its own,
//! and generated cases are played against it until one fails.
//!
//! Written scenarios take no part. The measure is how many requests it takes until the first
//! confirmed failure, which check speaks of it, and how many steps are left after shrinking,
//! beside the fewest that are known to show the fault.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};

use crate::catalogue::Catalogue;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::generate::plan::{Budget, Plan};
use crate::outcome::Finding;
use crate::reference::faults::NamedFault;
use crate::run::{Options, Session};
use crate::scenario::recipes::Recipes;
use crate::suite::Filter;
use crate::target::open::{OpenOptions, TargetError, TargetSpec, open};

/// How to hunt.
#[derive(Clone, Debug)]
pub struct Hunter {
    /// The contract.
    pub catalogue: Arc<Catalogue>,
    /// How operations are called.
    pub recipes: Arc<Recipes>,
    /// Seed of everything that is chosen.
    pub seed: u64,
    /// Requests after which a fault counts as not found.
    pub budget: u64,
    /// Requests after the first failure until no shorter one is looked for: a run hands over all
    /// failures of its coverage phase, which takes some 100,000.
    pub after: u64,
    /// Requests that making one failure small may take.
    pub shrink: u64,
    /// Whether only cases of the operations that a fault has to do with are played.
    pub focused: bool,
}

/// What became of one fault.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The fault.
    pub fault: &'static NamedFault,
    /// Requests that were sent until it was found, or in all.
    pub requests: u64,
    /// The failure that showed it; `None` where none did.
    pub found: Option<Find>,
}

/// How many failures of a fault are made small, at most, until one is as short as is known.
const MOST_TRIED: usize = 24;

/// The failure that showed a fault.
#[derive(Clone, Debug)]
pub struct Find {
    /// The first failing finding of the first case that failed.
    pub finding: Finding,
    /// Checks and properties that failed in that case, in the order of their findings.
    pub checks: Vec<String>,
    /// Steps of the smallest sequence that shows it, or one of the failures that came next, as a
    /// run hands over all of them; `None` where none could be made small.
    pub steps: Option<usize>,
    /// That sequence, as a scenario file.
    pub scenario: Option<String>,
}

impl Caught {
    /// Tells whether the smallest sequence is at most one step longer than the shortest known.
    pub fn is_minimal(&self) -> bool {
        let steps = self.found.as_ref().and_then(|find| find.steps);
        steps.is_some_and(|steps| steps <= self.fault.steps + 1)
    }
}

impl Hunter {
    /// Hunts each fault; `watch` sees each result as it comes. Results keep the order of `faults`.
    ///
    /// # Errors
    /// A reference cannot be started.
    ///
    /// # Panics
    /// Where playing or judging a case panics.
    pub async fn hunt_all(
        &self,
        faults: &[&'static NamedFault],
        jobs: usize,
        watch: &(dyn Fn(&Caught) + Sync),
    ) -> Result<Vec<Caught>, TargetError> {
        let hunts = stream::iter(faults.iter().copied()).map(|fault| {
            let hunter = self.clone();
            // A task of its own: hunts use every thread of the runtime.
            let hunt = tokio::spawn(async move { hunter.hunt(fault).await });
            async move {
                let caught =
                    hunt.await.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
                caught.as_ref().ok().map(watch);
                caught
            }
        });
        hunts.buffered(jobs.max(1)).collect::<Vec<_>>().await.into_iter().collect()
    }

    /// Plays generated cases against a reference with one fault until one fails.
    ///
    /// # Errors
    /// The reference cannot be started.
    pub async fn hunt(&self, fault: &'static NamedFault) -> Result<Caught, TargetError> {
        let options = OpenOptions {
            seed: self.seed,
            plain_http: true,
            faults: vec![fault.name.into()],
            ..OpenOptions::new(self.catalogue.clone())
        };
        let target = Arc::new(open(&TargetSpec::Reference, &options).await?);
        let session = Session::new(
            self.catalogue.clone(),
            target.clone(),
            Options { seed: self.seed, jobs: 1, ..Options::default() },
        );
        let caught = self.search(&session, fault).await;
        target.shutdown().await;
        Ok(caught)
    }

    async fn search(&self, session: &Session, fault: &'static NamedFault) -> Caught {
        let generator = Generator::new(
            self.catalogue.clone(),
            self.recipes.clone(),
            Dictionary::ours(),
            self.seed,
        );
        let budget = Budget { coverage: true, cases: u64::MAX, max_steps: 30, until: None };
        let operations = if self.focused { fault.on } else { &[] };
        let operations = operations.iter().map(|name| (*name).to_owned()).collect();
        let filter = Filter { operations, ..Filter::default() };
        let plan = Plan::of(&[]).generating(generator, budget, &filter);
        let mut requests = 0;
        let mut caught = Caught { fault, requests, found: None };
        let mut tried = BTreeSet::new();
        for case in plan {
            let outcome = session.run_case(&case).await;
            requests += outcome.requests;
            // What is only inferred is noted; a fault that breaks such a promise is found by that.
            let telling = |f: &&Finding| f.fails || f.check == fault.caught_by;
            for finding in outcome.findings.iter().filter(telling) {
                if tried.len() >= MOST_TRIED || !tried.insert(finding.id.clone()) {
                    continue;
                }
                if caught.found.is_none() {
                    caught.requests = requests;
                }
                let find = caught.found.get_or_insert_with(|| Find {
                    finding: finding.clone(),
                    checks: checks_at(&outcome.findings, finding, &telling),
                    steps: None,
                    scenario: None,
                });
                let small = session.shrink(&case, finding, self.shrink).await;
                let small = small.map(|small| (small.case.steps.len(), small.text()));
                if let Some((steps, text)) = small
                    && find.steps.is_none_or(|shortest| steps < shortest)
                {
                    (find.steps, find.scenario) = (Some(steps), Some(text));
                }
                if caught.is_minimal() {
                    return caught;
                }
            }
            let over = match caught.found {
                None => requests >= self.budget,
                Some(_) => tried.len() >= MOST_TRIED || requests - caught.requests >= self.after,
            };
            if over {
                break;
            }
        }
        if caught.found.is_none() {
            caught.requests = requests;
        }
        caught
    }
}

/// Returns the checks that speak of the step of a finding, its own first.
fn checks_at(
    findings: &[Finding],
    first: &Finding,
    telling: &dyn Fn(&&Finding) -> bool,
) -> Vec<String> {
    let mut checks = vec![first.check.clone()];
    for other in findings.iter().filter(telling).filter(|other| other.step == first.step) {
        if !checks.contains(&other.check) {
            checks.push(other.check.clone());
        }
    }
    checks
}
