//! Which broken promises are worth telling: the others only show once more what one of them, or
//! another case, tells already.

use std::collections::BTreeSet;

use serde_json::Value;

use super::play::Played;
use crate::catalogue::Catalogue;
use crate::check::{self, Breach};
use crate::outcome::{CaseOutcome, Finding, Level, Verdict};
use crate::property;
use crate::scenario::Scenario;
use crate::transcript::{Call, Exchange, Place};

/// A broken promise, before it is written out as a finding.
pub(super) struct Told<'t> {
    pub check: &'static str,
    /// Level that the check gives it.
    pub level: Level,
    /// Index of the exchange that shows it.
    pub at: usize,
    pub exchange: &'t Exchange,
    pub breach: Breach,
}

/// Returns the promises that a played case breaks, without what only repeats others.
pub(super) fn worth_telling<'t>(
    catalogue: &Catalogue,
    case: &Scenario,
    played: &'t Played,
) -> Vec<Told<'t>> {
    let mut told = broken_promises(catalogue, played);
    let parted = told.iter().filter(|one| is_of_state(case, one)).map(|one| one.at).min();
    told.retain(|one| {
        let of_parted = parted.is_some_and(|at| one.check == "lockstep" && one.at > at);
        let shown = parted == Some(one.at) || !is_told_elsewhere(case, one);
        !is_consequence(one) && shown && !of_parted
    });
    let exchanges = &played.transcript.exchanges;
    // The official client fails at such a list as a whole.
    let mut foreign = BTreeSet::new();
    told.retain(|one| {
        let other = one.check == "schema" && is_of_another_case(catalogue, exchanges, one);
        if other {
            foreign.insert(one.at);
        }
        !other
    });
    told.retain(|one| one.check != "sdk" || !foreign.contains(&one.at));
    without_echoes(&mut told, exchanges);
    told
}

/// Returns what every check and every property has to say.
fn broken_promises<'t>(catalogue: &Catalogue, played: &'t Played) -> Vec<Told<'t>> {
    let exchanges = &played.transcript.exchanges;
    let mut told = Vec::new();
    let mut tell = |check, level: Level, at: usize, breach: Breach| {
        let Some(exchange) = exchanges.get(at) else { return };
        let level = breach.level.unwrap_or(level);
        told.push(Told { check, level, at, exchange, breach });
    };
    for (at, exchange) in exchanges.iter().enumerate() {
        for (check, breach) in check::examine(catalogue, exchange) {
            tell(check.id, check.level, at, breach);
        }
    }
    for (property, broken) in property::examine(catalogue, &played.transcript) {
        tell(property.id, property.level, broken.exchange, broken.breach);
    }
    told
}

/// Tells whether a breach is about how the stage of a generated case was answered: the cases of
/// that operation tell it, and the others would all fail for it.
fn is_told_elsewhere(case: &Scenario, told: &Told<'_>) -> bool {
    let Told { check, exchange, breach, .. } = told;
    let staged = matches!(exchange.place, Place::Step(step) if step <= case.stage);
    let own = case.operations.first().is_some_and(|name| name == exchange.call.operation());
    case.lockstep && staged && !own && *check == "lockstep" && breach.pointer.starts_with('/')
}

/// Tells whether a breach shows that the stage of a generated case left a user in another state
/// than the reference's: what is asked of that user afterwards cannot be compared.
fn is_of_state(case: &Scenario, told: &Told<'_>) -> bool {
    let Told { check, exchange, breach, .. } = told;
    let staged = matches!(exchange.place, Place::Step(step) if step <= case.stage);
    let state = breach.pointer.ends_with("/UserStatus") || breach.pointer.ends_with("/Enabled");
    case.lockstep && staged && *check == "lockstep" && state && breach.evidence.fails(false)
}

/// Tells whether a breach is about a resource in a list of the whole account that this case has
/// not made: what another case has brought about is told there.
fn is_of_another_case(catalogue: &Catalogue, exchanges: &[Exchange], told: &Told<'_>) -> bool {
    let Told { exchange, breach, .. } = told;
    let Some(service) = catalogue.services.get(exchange.call.service()) else {
        return false;
    };
    let operation = exchange.call.operation();
    let mut resources = service.resources.values();
    let Some(listed) =
        resources.find(|r| r.within.is_none() && r.list.iter().any(|name| name == operation))
    else {
        return false;
    };
    let mut parts = breach.pointer.split('/').skip(1);
    let (Some(list), Some(index)) = (parts.next(), parts.next()) else { return false };
    let output = exchange.output().unwrap_or_default();
    let item = output.pointer(&format!("/{list}/{index}")).and_then(Value::as_object);
    let ids = item.into_iter().flatten().filter(|(name, _)| name.ends_with("Id"));
    let ids: Vec<&Value> = ids.map(|(_, id)| id).collect();
    let makes = |name: &str| listed.create.iter().any(|create| create.operation == name);
    let mut made = exchanges.iter().filter(|e| makes(e.call.operation()));
    !ids.is_empty()
        && !made.any(|e| e.output().is_some_and(|made| ids.iter().any(|id| holds(&made, id))))
}

/// Tells whether a value is, or holds, another.
fn holds(value: &Value, wanted: &Value) -> bool {
    value == wanted
        || match value {
            Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
            Value::Object(members) => members.values().any(|member| holds(member, wanted)),
            _ => false,
        }
}

/// Tells whether a breach only shows what came of carrying out a call that had to be refused: a
/// list that is echoed where it was sent for a text, tokens of a pool that is not there. That it
/// was carried out is the finding; its answer has no right form.
fn is_consequence(told: &Told<'_>) -> bool {
    let Told { check, level, exchange, breach, .. } = told;
    let refused = exchange.twin.as_ref().is_some_and(|twin| twin.answer.is_err());
    let of_content = breach.pointer.starts_with('/')
        && *level != Level::Wire
        && !matches!(*check, "lockstep" | "secret-echo");
    let of_form = matches!(*check, "schema" | "sdk" | "void-body");
    refused && (of_content || of_form) && exchange.success().is_some()
}

/// Drops what says once more what another finding about the same exchange says.
fn without_echoes(told: &mut Vec<Told<'_>>, exchanges: &[Exchange]) {
    let all: &[Told<'_>] = told;
    let echoes: Vec<bool> = all.iter().map(|one| is_echo(one, all, exchanges)).collect();
    let mut echoes = echoes.into_iter();
    told.retain(|_| !echoes.next().unwrap_or(false));
}

fn is_echo(one: &Told<'_>, told: &[Told<'_>], exchanges: &[Exchange]) -> bool {
    let fires = |check: &str, at: usize| told.iter().any(|o| o.at == at && o.check == check);
    let mut beside = told.iter().filter(|other| other.at == one.at);
    match one.check {
        // Behind a fault of the server stands no code that anybody chose.
        "error-declared" | "error-header" | "lockstep" | "sdk" if fires("server-fault", one.at) => {
            true
        }
        // A value that a refused call has left is told as that.
        "schema" | "sdk" if fires("no-trace", one.at) => true,
        // The page of a crash comes from elsewhere; other answers tell what the target is like.
        "content-type" | "request-id" if fires("server-fault", one.at) => {
            let same = |other: &Told<'_>| {
                other.check == one.check && other.breach.source == one.breach.source
            };
            let breaks = |at: usize| told.iter().any(|other| other.at == at && same(other));
            exchanges.iter().enumerate().any(|(at, exchange)| {
                is_answer(exchange) && !fires("server-fault", at) && !breaks(at)
            })
        }
        // A list that ends too early lacks what the filter takes, too.
        "filter-agrees" => beside.any(|other| {
            other.check == "pages-agree"
                && other.breach.pointer == one.breach.pointer
                && other.breach.evidence >= one.breach.evidence
        }),
        "lockstep" => beside.any(|other| match other.check {
            "tokens-honest" => is_about_token(one, other),
            "error-declared" => {
                one.breach.pointer == "/__type" && one.breach.evidence < other.breach.evidence
            }
            _ => false,
        }),
        // That the reference has another code says what was expected, too.
        "error-declared" => beside.any(|other| {
            other.check == "lockstep"
                && other.breach.pointer == "/__type"
                && other.breach.evidence >= one.breach.evidence
        }),
        _ => false,
    }
}

/// Tells whether a difference from the reference is the one that `honest` found in a token: that
/// it is accepted, or what it says.
fn is_about_token(differs: &Told<'_>, honest: &Told<'_>) -> bool {
    match honest.breach.pointer.as_str() {
        "" => differs.breach.pointer == "status",
        at => differs.breach.pointer.starts_with(at),
    }
}

/// Tells whether the universal checks judge what came back.
fn is_answer(exchange: &Exchange) -> bool {
    let api = matches!(exchange.call, Call::Api { .. });
    api && exchange.reply.is_ok() && !exchange.declined && !check::throttled(exchange)
}

/// Drops from the cases of a run that a refusal has another code than promised, where the target
/// refuses the operation so, word for word, even when it has to carry it out: that is told there.
/// Within a case the property itself does so.
pub(super) fn without_refused_anyway(cases: &mut [CaseOutcome]) {
    let key = |f: &Finding| (f.operation.clone(), f.actual.clone());
    let of = |f: &Finding, pointer: &str| f.check == "lockstep" && f.pointer == pointer;
    let anyway: BTreeSet<(String, String)> = { cases.iter() }
        .flat_map(|case| &case.findings)
        .filter(|f| of(f, "status") && f.expected == property::SUCCESS)
        .map(key)
        .collect();
    for case in cases {
        let before = case.findings.len();
        case.findings.retain(|f| !(of(f, "/__type") && anyway.contains(&key(f))));
        if case.findings.len() < before {
            let CaseOutcome { findings, verdicts, .. } = case;
            for (level, verdict) in verdicts {
                let failed = matches!(verdict, Verdict::Fail | Verdict::Known { .. });
                let mut left = findings.iter().filter(|f| f.level == *level).peekable();
                let some = left.peek().is_some();
                if failed && !left.any(|f| f.fails) {
                    *verdict = if some { Verdict::Note } else { Verdict::Pass };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::catalogue::Source;
    use crate::outcome::{Evidence, samples};
    use crate::suite::{Sources, Suite};
    use crate::transcript::{Refusal, Twin};
    use crate::wire::{Request, Response};

    const IDP: &str = "cognito-idp";

    /// An answer to a call, as the target and, if it was asked, the reference give it.
    fn exchange(status: u16, body: &str, twin: Option<Result<Value, Refusal>>) -> Exchange {
        let call = Call::Api {
            service: IDP.into(),
            operation: "CreateGroup".into(),
            input: json!({}),
            signed: true,
        };
        let request = Request {
            method: "POST".into(),
            path: "/".into(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        let twin =
            twin.map(|answer| Twin { input: json!({}), answer, one_fault: true, odd: false });
        Exchange {
            place: Place::Step(1),
            call,
            request,
            reply: Ok(Response { status, headers: Vec::new(), body: body.into() }),
            sdk: None,
            expect: None,
            pages: None,
            declined: false,
            twin,
            together: None,
            elapsed_ms: 1,
        }
    }

    fn told<'t>(
        check: &'static str,
        pointer: &str,
        level: Level,
        (at, exchange): (usize, &'t Exchange),
        evidence: Evidence,
    ) -> Told<'t> {
        let breach = Breach {
            pointer: pointer.into(),
            expected: "type string".into(),
            actual: "[1]".into(),
            rule: None,
            level: None,
            evidence,
            source: "service model".into(),
        };
        Told { check, level, at, exchange, breach }
    }

    /// Holds a breach at `pointer`, told by `check_id`, of an answer that the reference refuses or
    /// gives, against whether it counts as a mere consequence.
    #[track_caller]
    fn check(refused: bool, check_id: &'static str, pointer: &str, level: Level, expected: bool) {
        let refusal =
            Refusal { code: "InvalidParameterException".into(), message: "no".into(), rule: None };
        let answer = if refused { Err(refusal) } else { Ok(json!({})) };
        let exchange = exchange(200, "{}", Some(answer));
        let told = told(check_id, pointer, level, (0, &exchange), Evidence::Modelled);
        assert_eq!(is_consequence(&told), expected);
    }

    #[test]
    fn what_an_answer_says_that_had_to_be_a_refusal_is_a_consequence() {
        check(true, "schema", "/Group/GroupName", Level::Schema, true);
        check(true, "tokens-honest", "/AuthenticationResult/IdToken", Level::Security, true);
        check(true, "sdk", "body", Level::Schema, true);
        check(true, "void-body", "body", Level::Wire, true);
        check(true, "schema", "body", Level::Schema, true);
        // That it was carried out at all is the finding.
        check(true, "create-twice", "", Level::Behaviour, false);
        check(true, "lockstep", "/__type", Level::Errors, false);
        check(true, "secret-echo", "/Password", Level::Security, false);
        check(true, "error-body", "/message", Level::Wire, false);
        check(false, "schema", "/Group/GroupName", Level::Schema, false);
        check(false, "sdk", "body", Level::Schema, false);
    }

    /// Holds what is left of these breaches, each an exchange, a check and a pointer; those of
    /// `lockstep` are of the grade given.
    #[track_caller]
    fn left(grade: Evidence, breaches: &[(usize, &'static str, &str)], expected: &[&str]) {
        let breaches: Vec<_> = breaches.iter().map(|breach| (*breach, "service model")).collect();
        left_of(grade, &breaches, expected);
    }

    /// The same, of breaches that each have a source.
    #[track_caller]
    fn left_of(
        grade: Evidence,
        breaches: &[((usize, &'static str, &str), &str)],
        expected: &[&str],
    ) {
        let exchanges = [exchange(500, "<html>", None), exchange(200, "{}", None)];
        let tell = |((at, check, pointer), source): &((usize, &'static str, &str), &str)| {
            let evidence = if *check == "lockstep" { grade } else { Evidence::Modelled };
            let mut told = told(check, pointer, Level::Errors, (*at, &exchanges[*at]), evidence);
            told.breach.source = (*source).into();
            told
        };
        let mut all: Vec<Told<'_>> = breaches.iter().map(tell).collect();
        without_echoes(&mut all, &exchanges);
        let shown: Vec<_> = all.iter().map(|one| format!("{} {}", one.at, one.check)).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_crash_is_told_once() {
        let crash = (0, "server-fault", "status");
        let echoes = ["error-declared", "error-header", "lockstep", "sdk", "content-type"];
        let mut all = vec![crash];
        all.extend(echoes.iter().map(|check| (0, *check, "status")));
        left(Evidence::Observed, &all, &["0 server-fault"]);
        // Without a fault of the server each speaks for itself.
        left(Evidence::Observed, &[(0, "sdk", "body")], &["0 sdk"]);
        let kept = (0, "expectation", "status");
        left(Evidence::Observed, &[crash, kept], &["0 server-fault", "0 expectation"]);
        // One that another answer has, though in a strange form, is.
        let id = (0, "request-id", "header:x-amzn-requestid");
        let strange = (1, "request-id", "header:x-amzn-requestid");
        left_of(
            Evidence::Observed,
            &[(crash, "service model"), (id, "seen"), (strange, "another source")],
            &["0 server-fault", "1 request-id"],
        );
        // A header that lacks everywhere is no matter of the crash.
        let header = |at| (at, "content-type", "header:content-type");
        let everywhere = ["0 server-fault", "0 content-type", "1 content-type"];
        left(Evidence::Observed, &[crash, header(0), header(1)], &everywhere);
    }

    #[test]
    fn a_list_that_ends_too_early_is_no_matter_of_the_filter() {
        let (pages, filter) = ((1, "pages-agree", "/Users"), (1, "filter-agrees", "/Users"));
        left(Evidence::Observed, &[pages, filter], &["1 pages-agree"]);
        left(Evidence::Observed, &[filter], &["1 filter-agrees"]);
    }

    #[test]
    fn one_fault_is_told_by_one() {
        let (declared, differs) = ((1, "error-declared", "/__type"), (1, "lockstep", "/__type"));
        left(Evidence::Modelled, &[declared, differs], &["1 lockstep"]);
        // A note speaks for no failure.
        left(Evidence::Inferred, &[declared, differs], &["1 error-declared"]);
        let elsewhere = (0, "lockstep", "/__type");
        left(Evidence::Modelled, &[declared, elsewhere], &["1 error-declared", "0 lockstep"]);
        let taken = [(1, "tokens-honest", ""), (1, "lockstep", "status")];
        left(Evidence::Observed, &taken, &["1 tokens-honest"]);
        let id = "/AuthenticationResult/IdToken";
        let other = (1, "lockstep", "/AuthenticationResult/ExpiresIn");
        left(
            Evidence::Observed,
            &[(1, "tokens-honest", id), (1, "lockstep", id), other],
            &["1 tokens-honest", "1 lockstep"],
        );
    }

    #[test]
    fn what_a_refused_call_has_left_is_told_as_that() {
        let left_over = (1, "no-trace", "/UserPool/Policies");
        let (form, client) = ((1, "schema", "/UserPool/Policies"), (1, "sdk", "body"));
        left(Evidence::Observed, &[left_over, form, client], &["1 no-trace"]);
        let elsewhere = (0, "schema", "/UserPool/Policies");
        left(Evidence::Observed, &[left_over, elsewhere], &["1 no-trace", "0 schema"]);
    }

    /// Holds a value of the wrong type in a list against whether another case's resource has it.
    #[track_caller]
    fn listed(operation: &str, pointer: &str, expected: bool) {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded one loads");
        let pools = json!({"UserPools": [{"Id": "eu_1"}, {"Id": "eu_2"}, {"Name": "nameless"}]});
        let made = json!({"UserPool": {"Id": "eu_1"}});
        let calls = [("CreateUserPool", made), (operation, pools)];
        let exchanges = calls.map(|(name, answer)| {
            let mut exchange = exchange(200, &answer.to_string(), None);
            exchange.call = Call::Api {
                service: IDP.into(),
                operation: name.into(),
                input: json!({}),
                signed: true,
            };
            exchange
        });
        let told = told("schema", pointer, Level::Schema, (1, &exchanges[1]), Evidence::Modelled);
        assert_eq!(is_of_another_case(&catalogue, &exchanges, &told), expected, "{pointer}");
    }

    #[test]
    fn what_others_have_made_is_told_where_they_made_it() {
        listed("ListUserPools", "/UserPools/1/CreationDate", true);
        listed("ListUserPools", "/UserPools/0/CreationDate", false);
        // Without an id nobody knows whose it is, and the list itself is everybody's.
        listed("ListUserPools", "/UserPools/2/CreationDate", false);
        listed("ListUserPools", "/UserPools", false);
        listed("DescribeUserPool", "/UserPools/1/CreationDate", false);
    }

    /// A generated case of an operation whose first step sets the stage.
    fn staged(operation: &str) -> Scenario {
        let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
        let operations = vec![operation.to_owned()];
        Scenario { stage: 1, lockstep: true, operations, ..Scenario::clone(&suite.cases[0]) }
    }

    #[test]
    fn how_the_stage_was_answered_is_told_by_cases_of_its_operation() {
        let exchange = exchange(200, "{}", None);
        let at = |check, pointer| {
            told(check, pointer, Level::Behaviour, (0, &exchange), Evidence::Observed)
        };
        let (own, others) = (staged("CreateGroup"), staged("AdminGetUser"));
        assert!(is_told_elsewhere(&others, &at("lockstep", "/Group/Precedence")));
        assert!(!is_told_elsewhere(&own, &at("lockstep", "/Group/Precedence")));
        assert!(!is_told_elsewhere(&others, &at("lockstep", "status")));
        assert!(!is_told_elsewhere(&others, &at("schema", "/Group/Precedence")));
        let later = Scenario { stage: 0, ..others.clone() };
        assert!(!is_told_elsewhere(&later, &at("lockstep", "/Group/Precedence")));
        // A user in another state is another matter: nothing behind it can be compared.
        assert!(is_of_state(&others, &at("lockstep", "/User/UserStatus")));
        assert!(is_of_state(&others, &at("lockstep", "/User/Enabled")));
        assert!(!is_of_state(&others, &at("lockstep", "/User/UserCreateDate")));
        assert!(!is_of_state(&later, &at("lockstep", "/User/UserStatus")));
        let mut guessed = at("lockstep", "/User/UserStatus");
        guessed.breach.evidence = Evidence::Inferred;
        assert!(!is_of_state(&others, &guessed));
    }

    /// A case with one finding of `lockstep`.
    fn outcome(pointer: &str, expected: &str, actual: &str) -> CaseOutcome {
        let finding = Finding {
            pointer: pointer.into(),
            expected: expected.into(),
            actual: actual.into(),
            ..samples::finding()
        };
        samples::outcome(Level::Errors, Verdict::Fail, vec![finding])
    }

    #[test]
    fn what_a_target_refuses_whatever_is_asked_is_told_where_it_had_to_be_done() {
        let never = "NotAuthorizedException: not here";
        let cases = || {
            [
                outcome("status", property::SUCCESS, never),
                outcome("/__type", "ResourceNotFoundException", never),
                outcome("/__type", "ResourceNotFoundException", "InternalErrorException: other"),
            ]
        };
        let mut run = cases();
        without_refused_anyway(&mut run);
        let left = run.each_ref().map(|case| case.findings.len());
        assert_eq!(left, [1, 0, 1]);
        let verdicts = run.each_ref().map(|case| case.verdicts[&Level::Errors].clone());
        assert_eq!(verdicts, [Verdict::Fail, Verdict::Pass, Verdict::Fail]);
        // Where it was never seen to refuse what it has to do, the code is what is known.
        let [_, mut told, _] = cases();
        without_refused_anyway(std::slice::from_mut(&mut told));
        assert_eq!(told.findings.len(), 1);
    }
}
