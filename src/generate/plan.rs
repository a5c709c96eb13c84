//! Which cases a run plays, in which order: saved failures, written cases, coverage, random
//! sequences. Random ones are made as they are needed, so that a long run takes no more memory
//! than a short one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::Generator;
use crate::outcome::Phase;
use crate::scenario::Scenario;
use crate::suite::Filter;

/// How much to generate.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Play the coverage phase.
    pub coverage: bool,
    /// How many random sequences; they are numbered from 0.
    pub cases: u64,
    /// Most steps of a random sequence, its stage apart.
    pub max_steps: usize,
    /// No generated case begins after this.
    pub until: Option<Instant>,
}

/// The cases of a run, one after the other.
#[derive(Debug)]
pub struct Plan {
    ready: VecDeque<Arc<Scenario>>,
    random: std::ops::Range<u64>,
    generator: Option<Generator>,
    budget: Budget,
    filter: Filter,
    not_played: BTreeMap<Phase, u64>,
}

impl Plan {
    /// Has every case that is played be noted by what the filter knows of an application.
    #[must_use]
    pub fn noting(mut self, filter: &Filter) -> Self {
        self.filter.app.clone_from(&filter.app);
        self
    }

    /// Returns a plan of these cases and no others.
    pub fn of(cases: &[Arc<Scenario>]) -> Self {
        let budget = Budget { coverage: false, cases: 0, max_steps: 0, until: None };
        Self {
            ready: cases.iter().cloned().collect(),
            random: 0..0,
            generator: None,
            budget,
            filter: Filter::default(),
            not_played: BTreeMap::new(),
        }
    }

    /// Adds what `generator` makes within `budget`, as far as `filter` takes it.
    #[must_use]
    pub fn generating(mut self, mut generator: Generator, budget: Budget, filter: &Filter) -> Self {
        if budget.coverage {
            let mut queues: Vec<VecDeque<Scenario>> = Vec::new();
            for (service, operation) in generator.operations() {
                if filter.takes_operation(&operation) {
                    let cases = generator.coverage(&service, &operation).into_iter();
                    queues.push(cases.filter(|case| filter.takes(case)).collect());
                }
            }
            // Round by round: what is cut short has seen something of every operation.
            while queues.iter().any(|queue| !queue.is_empty()) {
                let round = queues.iter_mut().filter_map(VecDeque::pop_front);
                self.ready.extend(round.map(Arc::new));
            }
        }
        self.random = 0..budget.cases;
        self.generator = Some(generator);
        self.budget = budget;
        self.filter = filter.clone();
        self
    }

    /// How many cases there are at most.
    pub fn most(&self) -> usize {
        let random = usize::try_from(self.random.end - self.random.start).unwrap_or(usize::MAX);
        self.ready.len().saturating_add(random)
    }

    /// Tells whether there is nothing to play: not one case, written or generated, is taken.
    pub fn is_empty(&mut self) -> bool {
        let Some(first) = self.next() else { return true };
        self.ready.push_front(first);
        false
    }

    /// How many generated cases the time budget left out so far, by phase. Sequences that a filter
    /// would not have taken count too: nobody made them.
    pub fn not_played(&self) -> &BTreeMap<Phase, u64> {
        &self.not_played
    }

    /// Tells the scope of an application what a case calls that is about to be played.
    fn noted(&self, case: Arc<Scenario>) -> Arc<Scenario> {
        if let Some(scope) = &self.filter.app {
            scope.note(&case);
        }
        case
    }

    fn is_over(&self) -> bool {
        self.budget.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl Iterator for Plan {
    type Item = Arc<Scenario>;

    fn next(&mut self) -> Option<Arc<Scenario>> {
        while let Some(case) = self.ready.pop_front() {
            match Phase::of(&case.id).filter(|_| self.is_over()) {
                Some(phase) => *self.not_played.entry(phase).or_default() += 1,
                None => return Some(self.noted(case)),
            }
        }
        while !self.is_over() {
            let number = self.random.next()?;
            let case = self.generator.as_mut()?.random(number, self.budget.max_steps)?;
            if self.filter.takes(&case) {
                return Some(self.noted(Arc::new(case)));
            }
        }
        let left = self.random.end - self.random.start;
        self.random.start = self.random.end;
        if left > 0 {
            *self.not_played.entry(Phase::Random).or_default() += left;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Sources, Suite};

    #[test]
    fn what_the_time_budget_leaves_out_is_counted() {
        let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
        let mut plan = Plan::of(&suite.cases[..2]);
        let generated = Scenario {
            id: "cognito-idp::SignUp::effects".into(),
            ..Scenario::clone(&suite.cases[0])
        };
        plan.ready.push_back(Arc::new(generated));
        plan.random = 3..10;
        plan.budget.until = Some(Instant::now());
        assert_eq!(plan.by_ref().count(), 2);
        assert_eq!(plan.next().map(|case| case.id.clone()), None);
        let left_out = [(Phase::Coverage, 1), (Phase::Random, 7)];
        assert_eq!(*plan.not_played(), left_out.into());
    }
}
