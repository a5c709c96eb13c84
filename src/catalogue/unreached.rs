//! Why a declared error stays unreached: an entry of `specs/<service>/unreached/<area>.yaml`.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::Service;
use crate::near;

/// Why no case reaches some declared errors of some operations.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreached {
    /// Error codes.
    pub errors: BTreeSet<String>,
    /// Operations that declare them; `*` is every operation, for the cells that are left.
    pub operations: BTreeSet<String>,
    /// The kind of reason.
    pub reason: Reason,
    /// The reason, in words.
    pub why: String,
}

/// Kinds of reasons for which an error is not reached; there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A failure inside the service.
    ServiceFault,
    /// A quota or rate that is not modelled.
    Quota,
    /// Something outside the service is involved: a role, a web ACL, a second region.
    NeedsAwsResource,
    /// No request is known to cause it.
    BelievedUnreachable,
}

impl Reason {
    /// Every kind.
    pub const ALL: [Self; 4] =
        [Self::ServiceFault, Self::Quota, Self::NeedsAwsResource, Self::BelievedUnreachable];

    /// Returns its name as the files spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceFault => "service-fault",
            Self::Quota => "quota",
            Self::NeedsAwsResource => "needs-aws-resource",
            Self::BelievedUnreachable => "believed-unreachable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Unreached {
    /// Tells whether it speaks for an error of an operation.
    pub fn covers(&self, operation: &str, error: &str) -> bool {
        self.errors.contains(error)
            && (self.operations.contains("*") || self.operations.contains(operation))
    }
}

/// Checks an entry against its service: what it names is declared.
///
/// # Errors
/// An operation or error is unknown, an operation does not declare the error, or there are no
/// words.
pub(super) fn check(service: &Service, entry: &Unreached) -> Result<(), String> {
    if entry.why.trim().is_empty() {
        return Err("`why` says nothing".into());
    }
    for code in &entry.errors {
        if !service.errors.contains_key(code) {
            let known = service.errors.keys().map(String::as_str);
            return Err(near::unknown("error code", code, known));
        }
    }
    for name in entry.operations.iter().filter(|name| *name != "*") {
        let Some(operation) = service.operations.get(name) else {
            let known = service.operations.keys().map(String::as_str);
            return Err(near::unknown("operation", name, known));
        };
        if !entry.errors.iter().any(|code| operation.errors.contains(code)) {
            return Err(format!("`{name}` declares none of the errors"));
        }
    }
    Ok(())
}
