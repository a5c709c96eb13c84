//! The app view: what one application calls, which cases say something about that, and which of
//! its calls can be trusted on a target.
//!
//! A [`Trace`] is read from a recording or a list ([`read`]); of inputs only the names of declared
//! members are kept, so no value of a recording can reach anything. A [`Scope`] takes the cases
//! that call what the application calls, with what it says; [`view()`] is a pure function of the
//! trace, the cases and the run.

mod har;
mod lines;
mod members;
mod read;
mod scope;
mod view;

use std::collections::{BTreeMap, BTreeSet};

pub use members::{members, without};
pub use read::{TraceError, read};
pub use scope::{CaseCalls, Scope};
pub use view::view;

use crate::catalogue::Catalogue;

/// What is called: an operation, or an endpoint that is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Service id.
    pub service: String,
    /// Operation, or method and path: `POST /oauth2/token`.
    pub operation: String,
}

/// What an application was seen to call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The file it was read from.
    pub file: String,
    /// What it calls: how often, and with which members.
    pub calls: BTreeMap<Name, Called>,
    /// How often one call follows another at once.
    pub flows: BTreeMap<(Name, Name), u64>,
    /// What could not be read, each with its place.
    pub remarks: Vec<String>,
}

/// How something is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called {
    /// How often.
    pub times: u64,
    /// Declared members of its input that are used.
    pub members: BTreeSet<String>,
    /// No input came with the calls: any members may be used.
    pub unknown_input: bool,
}

impl Called {
    /// Tells whether a call with these members is one that the application might make.
    pub fn covers(&self, members: &BTreeSet<String>) -> bool {
        self.unknown_input || members.is_subset(&self.members)
    }
}

/// Most remarks that are kept; a broken file would repeat one for every line.
const MOST_REMARKS: usize = 20;

impl Trace {
    /// Adds a call, `None` for an input that nobody knows; returns its name for [`Trace::follow`].
    fn add(&mut self, name: Name, members: Option<BTreeSet<String>>) {
        let called = self.calls.entry(name).or_default();
        called.times += 1;
        match members {
            Some(members) => called.members.extend(members),
            None => called.unknown_input = true,
        }
    }

    /// Notes that one call came right after another.
    fn follow(&mut self, before: Name, after: Name) {
        if before != after {
            *self.flows.entry((before, after)).or_default() += 1;
        }
    }

    fn remark(&mut self, text: String) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(text);
        }
    }

    /// Returns the flows, most frequent first.
    pub fn flows(&self) -> Vec<(&Name, &Name, u64)> {
        let mut flows: Vec<_> = self.flows.iter().map(|((a, b), times)| (a, b, *times)).collect();
        flows.sort_by_key(|(a, b, times)| (std::cmp::Reverse(*times), *a, *b));
        flows
    }
}

/// Endpoints that are no operations, with the service they belong to.
const ENDPOINTS: [(&str, &str); 5] = [
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/oauth2/userInfo"),
    ("POST", "/oauth2/revoke"),
    ("POST", "/oauth2/token"),
];

/// Returns the name of an endpoint that is no operation; `None` of anything unknown.
fn endpoint(method: &str, path: &str) -> Option<Name> {
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let (method, tail) = ENDPOINTS.iter().find(|(known, tail)| {
        let asked = method.eq_ignore_ascii_case(known)
            || (*tail == "/oauth2/userInfo" && method.eq_ignore_ascii_case("POST"));
        asked && path.ends_with(tail)
    })?;
    Some(Name { service: "cognito-idp".into(), operation: format!("{method} {tail}") })
}

/// Returns the operation that a target header names.
fn by_target(catalogue: &Catalogue, target: &str) -> Option<Name> {
    let (prefix, operation) = target.trim().rsplit_once('.')?;
    let service = catalogue.services.values().find(|s| s.info.target_prefix == prefix)?;
    known(catalogue, &service.info.id, operation)
}

fn known(catalogue: &Catalogue, service: &str, operation: &str) -> Option<Name> {
    let found = catalogue.services.get(service)?.operations.get(operation)?;
    Some(Name { service: service.to_owned(), operation: found.name.clone() })
}
