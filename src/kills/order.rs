//! In which order the cases are played against a fault: those that call what it is about first.

use std::collections::BTreeSet;

use crate::outcome::Phase;
use crate::scenario::{Action, Scenario};

/// Returns the indexes of all cases: first those about the operations in `on`, then those that
/// call any of them, then the others. Written and generated cases take turns, in their own order.
///
/// Nothing listed: all cases are about the fault.
pub(super) fn order(cases: &[impl AsRef<Scenario>], on: &[&str]) -> Vec<usize> {
    let mut places: Vec<(u8, usize, bool, usize)> = Vec::with_capacity(cases.len());
    let mut counts = [[0_usize; 2]; 3];
    for (at, case) in cases.iter().enumerate() {
        let case = case.as_ref();
        let generated = Phase::of(&case.id).is_some();
        let tier = tier(case, on);
        let count = &mut counts[usize::from(tier)][usize::from(generated)];
        places.push((tier, *count, generated, at));
        *count += 1;
    }
    places.sort_unstable();
    places.into_iter().map(|(.., at)| at).collect()
}

fn tier(case: &Scenario, on: &[&str]) -> u8 {
    let about = |name: &str| on.contains(&name);
    let own = match Phase::of(&case.id) {
        // A generated case is about the first of its operations.
        Some(Phase::Coverage) => &case.operations[..case.operations.len().min(1)],
        _ => &case.operations[..],
    };
    let random = Phase::of(&case.id) == Some(Phase::Random);
    if on.is_empty() || (!random && own.iter().any(|name| about(name))) {
        return 0;
    }
    if called(case).iter().any(|name| about(name)) { 1 } else { 2 }
}

/// Returns every operation that a case calls, its set-ups included.
fn called(case: &Scenario) -> BTreeSet<&str> {
    let set_ups = case.setup.iter().flat_map(|(set_up, _)| &set_up.steps);
    let names = case.steps.iter().chain(set_ups).filter_map(|step| match &step.action {
        Action::Call { operation, .. } => Some(operation.as_str()),
        Action::Raw { operation, .. } => operation.as_deref(),
        _ => None,
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::suite::{Sources, Suite};

    #[test]
    fn every_case_has_its_turn_and_the_telling_ones_come_first() {
        let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
        let mut cases: Vec<Arc<Scenario>> = suite.cases;
        let generated = |id: &str, operations: &[&str]| {
            let operations = operations.iter().map(|name| (*name).to_owned()).collect();
            Arc::new(Scenario {
                id: id.into(),
                operations,
                setup: Vec::new(),
                steps: Vec::new(),
                ..Scenario::clone(&cases[0])
            })
        };
        let about = generated("cognito-idp::SignUp::effects", &["SignUp", "CreateUserPool"]);
        let other = generated("cognito-idp::CreateUserPool::x", &["CreateUserPool", "SignUp"]);
        cases.extend([other, about]);
        let order = order(&cases, &["SignUp"]);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..cases.len()).collect::<Vec<_>>());
        let place = |at: usize| order.iter().position(|place| *place == at);
        assert_eq!(place(cases.len() - 1), Some(1), "after one written case");
        assert!(cases[order[0]].operations.contains(&"SignUp".to_owned()));
        assert!(place(cases.len() - 2) > Some(10), "it calls nothing: last");
        assert_eq!(super::order(&cases, &[]).len(), cases.len());
    }
}
