//! Finds what is wrong with a list before anything is played: names that do not exist, entries that
//! have expired, entries that others make superfluous.

use std::collections::BTreeMap;

use super::{Identity, Item, Known, KnownError, Mistake};
use crate::catalogue::Catalogue;
use crate::check::CHECKS;
use crate::near;
use crate::outcome::Phase;
use crate::property::PROPERTIES;
use crate::suite::Suite;

impl Known {
    /// Checks the list against the contract, the cases there are, and the day.
    ///
    /// `today` is a date such as `2026-11-26`. What of a generated case cannot be told without
    /// generating it is left to the run.
    ///
    /// # Errors
    /// An entry names an unknown operation, case, check, rule or member, or has expired: all of
    /// them, each with its line and the near match.
    pub fn verify(&self, suite: &Suite, today: &str) -> Result<(), KnownError> {
        let mistakes = self.items.iter().filter_map(|item| {
            let cause = misspelt(item, suite).or_else(|| expired(item, today))?;
            Some((item, cause))
        });
        let mut mistakes: Vec<_> = mistakes.collect();
        // An entry that names many operations has one expiry, and one check.
        mistakes.dedup_by(|(next, cause), (item, same)| {
            (&next.identity, &next.remark, cause) == (&item.identity, &item.remark, same)
        });
        let mistakes: Vec<_> =
            mistakes.into_iter().map(|(item, cause)| self.mistake(item, cause)).collect();
        if mistakes.is_empty() { Ok(()) } else { Err(KnownError::Mistakes(mistakes)) }
    }

    fn mistake(&self, item: &Item, cause: String) -> Mistake {
        Mistake { file: self.file.clone(), line: item.line, cause }
    }
}

/// Returns the entries in force that another one in force makes superfluous.
pub(super) fn redundant(list: &Known) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut kept = BTreeMap::<&Identity, Vec<&Item>>::new();
    let mut items: Vec<&Item> = list.items.iter().filter(|item| item.in_force).collect();
    // Of two that name the same, the later is too much; the narrower in any case.
    items.sort_by_key(|item| item.rank());
    for item in items {
        let others = kept.entry(&item.identity).or_default();
        match others.iter().find(|other| other.includes(item)) {
            Some(other) => {
                let line = other.line;
                let cause = format!("redundant: line {line} covers it; remove one of the two");
                mistakes.push(list.mistake(item, cause));
            }
            None => others.push(item),
        }
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    mistakes
}

fn expired(item: &Item, today: &str) -> Option<String> {
    let date = item.remark.expires.as_deref().filter(|date| *date < today)?;
    Some(format!(
        "expired: the entry held until {date}; mend the target, or say anew why and for how long"
    ))
}

/// Returns what of an entry names nothing.
fn misspelt(item: &Item, suite: &Suite) -> Option<String> {
    let catalogue = &suite.catalogue;
    let Identity { check, rule, .. } = &item.identity;
    let judges = CHECKS.iter().map(|check| check.id).chain(PROPERTIES.iter().map(|p| p.id));
    let judges: Vec<&str> = judges.chain(["snapshot"]).collect();
    if let Some(name) = &item.operation
        && catalogue.operation(name).is_none()
    {
        return Some(catalogue.unknown_operation(name));
    }
    if !judges.contains(&check.as_str()) {
        return Some(near::unknown("check", check, judges));
    }
    if let Some(rule) = rule
        && catalogue.rules.get(rule).is_none()
    {
        return Some(near::unknown("rule", rule, catalogue.rules.iter().map(|r| r.id.as_str())));
    }
    let mut cases = item.case.iter().chain(&item.seen);
    cases.find_map(|id| unknown_case(id, suite)).or_else(|| pointer(item, catalogue))
}

fn unknown_case(id: &str, suite: &Suite) -> Option<String> {
    let unknown = || near::unknown("case", id, suite.cases.iter().map(|case| case.id.as_str()));
    match Phase::of(id) {
        None => suite.cases.iter().all(|case| case.id != id).then(unknown),
        Some(Phase::Random) => {
            let number = id.rsplit("::").next().unwrap_or_default();
            number
                .parse::<u64>()
                .is_err()
                .then(|| format!("unknown case `{id}`: sequences are `random::<number>`"))
        }
        Some(Phase::Coverage) => {
            let mut parts = id.split("::");
            let (service, operation) = (parts.next()?, parts.next()?);
            match suite.catalogue.services.get(service) {
                None => {
                    let services = suite.catalogue.services.keys().map(String::as_str);
                    Some(near::unknown("service", service, services))
                }
                Some(found) if !found.operations.contains_key(operation) => {
                    Some(suite.catalogue.unknown_operation(operation))
                }
                Some(_) => parts.next().is_none().then(unknown),
            }
        }
    }
}

/// Members of every refusal.
const OF_REFUSALS: [&str; 4] = ["__type", "message", "Message", "code"];

/// Returns what is wrong with a pointer, as far as the model tells: a path into an answer begins
/// with a declared member, or one that every refusal has.
fn pointer(item: &Item, catalogue: &Catalogue) -> Option<String> {
    const PLACES: [&str; 2] = ["status", "body"];
    let pointer = item.identity.pointer.as_str();
    if item.identity.check == "snapshot" {
        return None;
    }
    let Some(path) = pointer.strip_prefix('/') else {
        let plain = pointer.is_empty() || PLACES.contains(&pointer);
        let named = ["header:", "body/", "events"].iter().any(|start| pointer.starts_with(start));
        return (!plain && !named).then(|| near::unknown("pointer", pointer, PLACES));
    };
    // What is extra is not declared.
    if item.identity.came.as_deref() == Some("extra") {
        return None;
    }
    let name = item.operation.as_deref()?;
    let first = path.split('/').next().unwrap_or_default();
    let mut members: Vec<&str> = Vec::new();
    for service in catalogue.services.values() {
        if let Some(operation) = service.operations.get(name) {
            let output = operation.output.as_ref().map(|output| service.resolve(output));
            let properties = output.and_then(|output| output.properties.as_ref());
            members.extend(properties.into_iter().flat_map(|all| all.keys().map(String::as_str)));
        }
    }
    if members.contains(&first) || OF_REFUSALS.contains(&first) {
        return None;
    }
    let of = format!("member of {name}'s answer");
    Some(near::unknown(&of, first, members.into_iter().chain(OF_REFUSALS)))
}
