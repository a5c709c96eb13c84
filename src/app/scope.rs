//! Which cases say something about what an application calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Called, Name, Trace, endpoint, members};
use crate::catalogue::Catalogue;
use crate::outcome::Phase;
use crate::scenario::{Action, Caller, Scenario, Step};
use crate::transcript::Place;

/// What the steps of a case call, by place: `step 3`.
pub type CaseCalls = BTreeMap<String, (Name, BTreeSet<String>)>;

/// Takes the cases that call what an application calls, and remembers what they call.
pub struct Scope {
    trace: Arc<Trace>,
    catalogue: Arc<Catalogue>,
    taken: Mutex<BTreeMap<String, CaseCalls>>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("trace", &self.trace).finish_non_exhaustive()
    }
}

impl Scope {
    /// Returns a scope around the calls of a trace.
    pub fn new(trace: Arc<Trace>, catalogue: Arc<Catalogue>) -> Self {
        Self { trace, catalogue, taken: Mutex::default() }
    }

    /// Returns what the application calls.
    pub fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    /// Tells whether the application calls an operation, of whichever service.
    pub fn takes_operation(&self, operation: &str) -> bool {
        self.trace.calls.keys().any(|name| name.operation == operation)
    }

    /// Returns how the application calls an operation, if it does.
    pub fn called(&self, service: &str, operation: &str) -> Option<&Called> {
        let name = Name { service: service.into(), operation: operation.into() };
        self.trace.calls.get(&name)
    }

    /// Tells whether a case calls something as the application might; a coverage case has to do
    /// so with the operation that it is about.
    pub fn takes(&self, case: &Scenario) -> bool {
        let about = match Phase::of(&case.id) {
            Some(Phase::Coverage) => case.operations.first(),
            _ => None,
        };
        let own = case.steps.iter().skip(case.stage).filter_map(|step| self.call(step));
        own.into_iter().any(|(name, members)| {
            let within = self.trace.calls.get(&name).is_some_and(|called| called.covers(&members));
            within && about.is_none_or(|about| *about == name.operation)
        })
    }

    /// Remembers what a case that is about to be played calls.
    pub fn note(&self, case: &Scenario) {
        let mut calls = CaseCalls::new();
        for (set_up, overlay) in &case.setup {
            let main = set_up.configurable();
            for (index, step) in set_up.steps.iter().enumerate() {
                let Some((name, mut members)) = self.call(step) else { continue };
                if Some(index) == main {
                    members.extend(overlay.members().iter().map(|(member, _)| member.clone()));
                }
                let place = Place::SetUp(set_up.name.clone(), index + 1);
                calls.insert(place.to_string(), (name, members));
            }
        }
        for (index, step) in case.steps.iter().enumerate() {
            if let Some(call) = self.call(step) {
                calls.insert(Place::Step(index + 1).to_string(), call);
            }
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(case.id.clone(), calls);
    }

    /// Returns what the cases that were played call, by case id.
    pub fn taken(&self) -> BTreeMap<String, CaseCalls> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns what a step calls, with which declared members.
    fn call(&self, step: &Step) -> Option<(Name, BTreeSet<String>)> {
        match &step.action {
            Action::Call { service, operation, with, caller, .. } => {
                let known = self.catalogue.services.get(service)?;
                let found = known.operations.get(operation)?;
                let mut used = members(known, &found.input, &with.value());
                if matches!(caller, Caller::Holder(_)) {
                    used.insert("AccessToken".into());
                }
                Some((Name { service: service.clone(), operation: operation.clone() }, used))
            }
            Action::Raw { operation: None, method, path, .. } => {
                Some((endpoint(method, path.as_str()?)?, BTreeSet::new()))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Sources, Suite};

    /// Holds how many of the written cases are about calls of these, and that all of them are.
    #[track_caller]
    fn check(calls: &[(&str, Option<&[&str]>)], fewest: usize, most: usize) {
        let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
        let mut trace = Trace::default();
        for (operation, members) in calls {
            let name = Name { service: "cognito-idp".into(), operation: (*operation).into() };
            let members = members.map(|all| all.iter().map(|m| (*m).to_owned()).collect());
            trace.add(name, members);
        }
        let scope = Scope::new(Arc::new(trace), suite.catalogue.clone());
        let taken: Vec<_> = suite.cases.iter().filter(|case| scope.takes(case)).collect();
        assert!((fewest..=most).contains(&taken.len()), "{}", taken.len());
        for case in taken {
            scope.note(case);
        }
        let noted = scope.taken();
        let all = noted.values().all(|steps| {
            steps.values().any(|(name, _)| calls.iter().any(|(known, _)| *known == name.operation))
        });
        assert!(all);
    }

    #[test]
    fn cases_are_taken_for_what_they_call_and_with_which_members() {
        check(&[("SignUp", None)], 20, 200);
        check(&[("SignUp", Some(&["ClientId", "Username", "Password"]))], 5, 100);
        check(&[("SignUp", Some(&["ClientId"]))], 0, 10);
        check(&[("POST /oauth2/token", None)], 2, 60);
        check(&[("NoSuchThing", None)], 0, 0);
    }
}
