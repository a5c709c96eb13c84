//! Pools that cases share on targets where making one is dear.
//!
//! Only on targets whose profile says `dear_pools`, and only for cases that stay with their own
//! users and clients. A pool can be poisoned: a target accepts a bad value and dies of it in a
//! later case. So where a target answers with a fault of its own, or where two playings differ,
//! the case is played again in pools of its own, and only that is reported.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::Session;
use super::teardown::tear_down;
use crate::catalogue::{Catalogue, Service};
use crate::outcome::{CaseOutcome, Verdict};
use crate::scenario::node::Node;
use crate::scenario::{Action, Scenario};
use crate::transcript::Transcript;

/// Resources that belong to one case even in a shared pool.
const OWN: [&str; 7] = [
    "user",
    "user-pool-client",
    "user-pool-client-secret",
    "software-token",
    "web-authn-credential",
    "user-session",
    "device",
];

/// The pools made so far, by what they were asked to be.
#[derive(Default)]
pub(super) struct SharedPools {
    pools: Mutex<BTreeMap<String, Arc<Slot>>>,
    transcript: Mutex<Transcript>,
}

/// What a pool's set-up saved; `None` where it could not be made.
type Slot = OnceCell<Option<Vec<(String, Value)>>>;

impl SharedPools {
    /// Returns the place of what the first `count` set-ups of a case leave.
    pub(super) fn slot(&self, case: &Scenario, count: usize) -> Arc<Slot> {
        let shared = case.setup[..count].iter().filter(|(set_up, _)| set_up.shared);
        let key = shared.map(|(set_up, overlay)| format!("{} {}", set_up.name, overlay.value()));
        let key = key.collect::<Vec<_>>().join(" ");
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.entry(key).or_default().clone()
    }

    /// Keeps what was exchanged to make a pool: teardown is derived from it.
    pub(super) fn remember(&self, transcript: Transcript) {
        let mut kept = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
        kept.exchanges.extend(transcript.exchanges);
    }

    /// Deletes every shared pool; returns what could not be deleted.
    pub(super) async fn tear_down(&self, session: &Session) -> Vec<String> {
        let mut transcript = {
            let mut kept = self.transcript.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *kept)
        };
        self.pools.lock().unwrap_or_else(PoisonError::into_inner).clear();
        tear_down(session, &mut transcript).await
    }
}

/// Tells whether what came of a case in a shared pool may be its outcome: the target did not
/// die, and showed the same twice.
pub(super) fn may_decide(outcome: &CaseOutcome) -> bool {
    let unsure =
        |verdict: &Verdict| matches!(verdict, Verdict::Indeterminate { .. } | Verdict::Flaky);
    !outcome.verdicts.values().any(unsure)
        && !outcome.findings.iter().any(|finding| finding.exchange.status >= 500)
}

/// Tells whether nothing in this overlay is a case's own.
fn is_constant(overlay: &Node) -> bool {
    let mut constant = true;
    overlay.walk(&mut |node| constant &= node.as_str().is_none_or(|text| !text.contains("${")));
    constant
}

/// Tells whether a case stays with what is its own: it changes no pool, lists nothing of a whole
/// pool, and every user it names has a name of its own.
pub(super) fn may_share(catalogue: &Catalogue, case: &Scenario) -> bool {
    let (shared, own): (Vec<_>, Vec<_>) = case.setup.iter().partition(|(set_up, _)| set_up.shared);
    let steps = own.iter().flat_map(|(set_up, _)| &set_up.steps).chain(&case.steps);
    let mut fits = !shared.is_empty() && shared.iter().all(|(_, overlay)| is_constant(overlay));
    for step in steps {
        fits &= match &step.action {
            Action::Call { service, operation, with, .. } => {
                let service = &catalogue.services[service];
                reads(service, operation) || (stays_own(service, operation) && names_are_own(with))
            }
            Action::Raw { service, operation, method, .. } => match operation {
                Some(operation) => reads(&catalogue.services[service], operation),
                None => method == "GET",
            },
            Action::Clock(_) | Action::Invoked { .. } => false,
            Action::Mail { .. } | Action::Wait(_) | Action::Let(_) => true,
        };
    }
    fits
}

/// Tells whether the operation reads one thing: it leaves the pool as it is.
fn reads(service: &Service, operation: &str) -> bool {
    service.resources.values().any(|resource| resource.read.iter().any(|name| name == operation))
}

/// Tells whether the operation is about a user, a client or a sign-in, and lists no pool.
fn stays_own(service: &Service, operation: &str) -> bool {
    service.resources.iter().all(|(kind, resource)| {
        let own = OWN.contains(&kind.as_str());
        let in_pool = resource.within.as_deref() == Some("user-pool");
        let named = |list: &[String]| list.iter().any(|name| name == operation);
        let created = resource.create.iter().any(|creator| creator.operation == operation);
        let touched =
            created || named(&resource.read) || named(&resource.change) || named(&resource.delete);
        (own || !touched) && !(named(&resource.list) && (in_pool || !own))
    })
}

fn names_are_own(with: &Node) -> bool {
    let mut own = true;
    with.walk(&mut |node| {
        for (name, value) in node.members() {
            if name.eq_ignore_ascii_case("username") {
                own &= value.as_str().is_some_and(|text| text.contains("${"));
            }
        }
    });
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Sources, Suite};

    #[track_caller]
    fn check(id: &str, expected: bool) {
        let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
        let case = suite.cases.iter().find(|case| case.id == id).expect("a committed case");
        assert_eq!(may_share(&suite.catalogue, case), expected, "{id}");
    }

    #[test]
    fn cases_with_users_of_their_own_may_share() {
        check("cognito-idp::auth::unknown-user-is-refused", true);
        check("cognito-idp::sign-up::wrong-code-is-refused", true);
    }

    #[test]
    fn cases_that_list_or_change_a_pool_may_not() {
        check("readme", false); // its pool's name is its own
        check("cognito-idp::auth::session-expires", false); // it moves the clock
    }
}
