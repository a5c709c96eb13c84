//! Rules that speak for another one where the sources of that one do not reach.
//!
//! Operations share how they find what they are called for, and how they refuse: the handlers know
//! one rule for it. What was seen of some of these operations only is told of the others by a
//! sibling of the rule, which has a grade of its own.

use super::Fault;
use crate::catalogue::Rulebook;

/// Rules that handlers raise, each with those that speak for it in other operations.
const SIBLINGS: &[(&str, &[&str])] = &[
    ("attribute-to-change-not-in-schema", &["attribute-to-delete-not-in-schema"]),
    (
        "client-not-found",
        &[
            "client-not-found-elsewhere",
            "client-of-settings-not-found",
            "managed-client-not-found",
            "token-revocation-client-not-found",
        ],
    ),
    (
        "identity-pool-not-found",
        &["identity-pool-not-found-elsewhere", "identity-pool-to-change-not-found"],
    ),
    ("password-reset-no-contact", &["admin-reset-no-contact"]),
    ("password-reset-state", &["admin-password-reset-state"]),
    ("user-disabled", &["resend-user-disabled"]),
    ("user-pool-not-found", &["domain-pool-not-found"]),
];

/// Returns the fault of a call of `operation`, by the rule that speaks about it: the one that was
/// raised if it does, else its sibling.
pub(super) fn speaking(rules: &Rulebook, operation: &str, fault: Fault) -> Fault {
    let Fault::Rule { id: raised, arguments } = fault else { return fault };
    let covers = |id: &&str| rules.get(id).is_some_and(|rule| rule.covers(operation));
    let siblings = SIBLINGS.iter().find(|(of, _)| *of == raised).map(|(_, siblings)| *siblings);
    let mut candidates = std::iter::once(raised).chain(siblings.into_iter().flatten().copied());
    Fault::Rule { id: candidates.find(covers).unwrap_or(raised), arguments }
}

#[cfg(test)]
mod tests {
    use super::super::tests::catalogue;
    use super::*;

    #[track_caller]
    fn check(operation: &str, raised: &'static str, expected: &'static str) {
        let fault = Fault::rule(raised).with("id", "x");
        let spoken = speaking(&catalogue().rules, operation, fault);
        assert_eq!(spoken, Fault::rule(expected).with("id", "x"));
    }

    #[test]
    fn the_rule_that_is_about_the_operation_speaks() {
        check("InitiateAuth", "client-not-found", "client-not-found");
        check("RevokeToken", "client-not-found", "token-revocation-client-not-found");
        check("DeleteUserPoolClient", "client-not-found", "managed-client-not-found");
        check("ListIdentities", "identity-pool-not-found", "identity-pool-not-found-elsewhere");
        check("AdminGetUser", "user-pool-not-found", "user-pool-not-found");
        check("SignUp", "username-exists", "username-exists");
    }

    #[test]
    fn siblings_share_no_operation() {
        let rules = &catalogue().rules;
        for (raised, siblings) in SIBLINGS {
            let ids = std::iter::once(raised).chain(*siblings);
            let all: Vec<_> = ids.map(|id| rules.get(id).expect("a known rule")).collect();
            let operations: Vec<_> = all.iter().flat_map(|rule| &rule.operations).collect();
            let mut distinct = operations.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), operations.len(), "{raised}");
        }
    }
}
