//! What all measurements share: the cases, a reference to play them on, when to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{Faultless, Kill, Null, RuleKills};
use crate::catalogue::Catalogue;
use crate::generate::Generator;
use crate::generate::dictionary::Dictionary;
use crate::generate::plan::{Budget, Plan};
use crate::reference::middleware::Stack;
use crate::run::{Options, Session};
use crate::scenario::Scenario;
use crate::scenario::recipes::Recipes;
use crate::suite::{Filter, Suite};
use crate::target::Target;
use crate::target::open::{OpenOptions, Opened, TargetError, TargetSpec, open};

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Seed of everything that is chosen.
    pub seed: u64,
    /// How many references are played on at once.
    pub jobs: usize,
    /// How many random sequences there are.
    pub random: u64,
    /// Most steps of a random sequence.
    pub max_steps: usize,
    /// When a named fault is done with.
    pub until: Until,
    /// Plain HTTP, without the verdict of the official clients.
    pub plain_http: bool,
}

/// When a named fault is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Something has seen it.
    Caught,
    /// The check that speaks for it has.
    Spoken,
    /// Every case was played.
    Played,
}

/// What a measurement has come to so far.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'p> {
    /// The reference as it is was played.
    Faultless(&'p Faultless),
    /// A null server was played.
    Null(&'p Null),
    /// A named fault is done with.
    Fault(&'p Kill),
    /// The faults made from a rule are done with.
    Rule(&'p RuleKills),
}

/// Measures.
#[derive(Clone, Debug)]
pub struct Prober {
    pub(super) catalogue: Arc<Catalogue>,
    recipes: Arc<Recipes>,
    written: Vec<Arc<Scenario>>,
    /// The cases of the seed.
    pub(super) cases: Arc<Vec<Arc<Scenario>>>,
    pub(super) settings: Settings,
    stop: Arc<AtomicBool>,
}

impl Prober {
    /// Returns what measures `suite`, with the cases that `recipes` make.
    pub fn new(suite: &Suite, recipes: Arc<Recipes>, settings: Settings) -> Self {
        let mut prober = Self {
            catalogue: suite.catalogue.clone(),
            recipes,
            written: suite.cases.clone(),
            cases: Arc::default(),
            settings,
            stop: Arc::default(),
        };
        prober.cases = Arc::new(prober.cases_of(settings.seed));
        prober
    }

    /// Returns how many cases the suite has.
    pub fn cases(&self) -> usize {
        self.cases.len()
    }

    /// Asks to stop: what is known by then is kept.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Tells whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Returns the default suite of a seed: what is written, and what is generated.
    pub(super) fn cases_of(&self, seed: u64) -> Vec<Arc<Scenario>> {
        let dictionary = Dictionary::ours();
        let generator =
            Generator::new(self.catalogue.clone(), self.recipes.clone(), dictionary, seed);
        let Settings { random: cases, max_steps, .. } = self.settings;
        let budget = Budget { coverage: true, cases, max_steps, until: None };
        Plan::of(&self.written).generating(generator, budget, &Filter::default()).collect()
    }

    /// Opens a reference with these faults, and with `around` outside of them.
    pub(super) async fn reference(
        &self,
        faults: Vec<String>,
        around: Stack,
    ) -> Result<Arc<Opened>, TargetError> {
        let options = OpenOptions {
            seed: self.settings.seed,
            plain_http: self.settings.plain_http,
            faults,
            around,
            ..OpenOptions::new(self.catalogue.clone())
        };
        open(&TargetSpec::Reference, &options).await.map(Arc::new)
    }

    /// Returns a session in which one case is played after the other.
    pub(super) fn session(&self, target: Arc<dyn Target>, seed: u64) -> Session {
        let case_timeout = Duration::from_secs(30);
        let options = Options { seed, jobs: 1, case_timeout, ..Options::default() };
        Session::new(self.catalogue.clone(), target, options)
    }
}
