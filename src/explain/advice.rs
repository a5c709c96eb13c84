//! What the author of an emulator should do about a broken promise.

use crate::catalogue::{Catalogue, Rule};
use crate::outcome::Evidence;

/// Returns what to do about a rule, a sentence each.
pub(super) fn of_rule(catalogue: &Catalogue, rule: &Rule) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(code) = &rule.error {
        let known = catalogue.services.get(&rule.service).and_then(|s| s.errors.get(code));
        let status = known.map_or(400, |error| error.status);
        advice.push(format!(
            "Before anything is changed, test whether {}; if so answer with status {status}, \
             `__type` {code} and the header `x-amzn-errortype: {code}:`.",
            rule.when
        ));
        advice.extend(wording(rule));
    }
    if let Some(effect) = &rule.effect {
        advice.push(format!("See to it that {effect}, and that a later read shows it."));
    }
    if !rule.after.is_empty() {
        let winners: Vec<&str> = rule.after.iter().map(String::as_str).collect();
        advice.push(format!("Test first for what wins over it: {}.", winners.join(", ")));
    }
    if !rule.or_error.is_empty() {
        advice.push("Any of the codes is accepted: the sources do not agree on one.".into());
    }
    if rule.evidence == Evidence::Inferred {
        advice.push(
            "Nobody has seen or documented it: breaking it is a note, and fails under `--strict` \
             only."
                .into(),
        );
    }
    advice
}

fn wording(rule: &Rule) -> Option<String> {
    rule.message.as_ref()?;
    Some(match rule.best_message_grade() {
        Evidence::Inferred => "The wording is a guess; another one is a note.".into(),
        grade => format!("Clients match on the text: take it letter for letter ({grade})."),
    })
}

/// Returns what to do about findings of a check or property; `None` for what is none.
pub(super) fn of_judge(id: &str) -> Option<&'static str> {
    Some(match id {
        "status" => {
            "Choose the status where responses are written, from whose fault an error is: 200, 400 or 500."
        }
        "content-type" => {
            "Set the header once, where responses are written, for successes and errors alike."
        }
        "request-id" => {
            "Draw a UUID for each request and send it as `x-amzn-requestid`, with errors too."
        }
        "error-body" => {
            "Write every error through one function: a JSON object with the bare code as `__type` and the text as `message`."
        }
        "error-header" => {
            "Send `x-amzn-errortype` (the code, a colon) and `x-amzn-errormessage` from the function that writes errors."
        }
        "void-body" => {
            "Send nothing, with length 0, where the model has no output shape, and `{}` where the shape is empty."
        }
        "timestamp" => "Write times as JSON numbers of seconds; fractions are milliseconds.",
        "schema" => {
            "Compare the answer with `cognito-conformance catalogue show OPERATION`: types, required members, no members of your own."
        }
        "sdk" => {
            "Call the operation with the official SDK and read its parse error; it reads only what the model says."
        }
        "error-declared" => {
            "Answer with a code that the operation declares (`cognito-conformance catalogue errors OPERATION`)."
        }
        "server-fault" => {
            "Something inside the target broke: play the request again and read the target's log."
        }
        "secret-echo" => {
            "Leave out passwords, secret hashes and secrets where answers and texts of errors are put together."
        }
        "paging" => {
            "Cut pages from one ordered list, at most `Limit` items each, and give a token only where something follows."
        }
        "expectation" => {
            "Read the step and its promise with `cognito-conformance explain CASE`, then the rule it names."
        }
        "read-your-writes" => {
            "Store every member that the call accepts, and let answers and reads show what was stored."
        }
        "no-trace" => "Test everything that may refuse a call before the first thing is changed.",
        "deleted-is-gone" => {
            "Delete from everything that can find the resource: reads, lists, indexes, what belongs to it."
        }
        "create-twice" => {
            "Look for the handle before creating, and refuse with the declared code while it is taken."
        }
        "idempotent" => {
            "Let the call succeed where the state it asks for holds already, and change nothing."
        }
        "pages-agree" => {
            "Give lists one order that does not depend on the size of pages, and let tokens stand for a place in it."
        }
        "filter-agrees" => "Filter the whole list first and cut pages from what is left.",
        "views-agree" => "Make every view of a resource from the one record that is stored.",
        "membership-agrees" => "Store memberships once and answer both lists from there.",
        "times-monotone" => {
            "Set the time of creation once, and that of the last change with each change."
        }
        "ids-steady" => "Draw ids once, when the resource is made, and store them.",
        "unrelated-unchanged" => {
            "Select what is changed by its whole key: pool and name, not either alone."
        }
        "one-winner" => {
            "Look for the handle and create under one lock, or let a unique key of the store decide."
        }
        "tokens-honest" => {
            "Verify signature, expiry, use and revocation of each token before anything is answered."
        }
        "lockstep" => {
            "Play the smallest sequence against `cognito-conformance serve` and compare: the promise's grade says how far the reference can be trusted there."
        }
        super::judge::AGAINST => {
            "Read which of the two breaks a promise: where neither does, nothing says which answer is right."
        }
        super::judge::SNAPSHOT => {
            "Review the difference: if it is meant, record the case again; nothing says which answer is right."
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CHECKS;
    use crate::property::PROPERTIES;

    #[track_caller]
    fn check(id: &str) {
        assert!(of_judge(id).is_some_and(|text| text.ends_with(['.', '`'])), "{id}");
    }

    #[test]
    fn there_is_advice_for_every_judge() {
        CHECKS.iter().for_each(|judge| check(judge.id));
        PROPERTIES.iter().for_each(|judge| check(judge.id));
        assert_eq!(of_judge("no-such-judge"), None);
    }
}
