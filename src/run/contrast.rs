//! Two playings of one case, on two endpoints, held side by side: where they answer differently.
//!
//! Plain data to plain data. What is compared is the canonical form, step by step: outcome, error
//! code, message, output. Clean-up is left out, and so are the answers on the way to a step that is
//! repeated until it holds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::Catalogue;
use crate::check::{Breach, pointer_class};
use crate::scenario::Scenario;
use crate::snapshot::{self, Pairing};
use crate::transcript::{Exchange, Place, Transcript};

/// A place where two endpoints answer one step differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contrast {
    /// Which exchange of the target shows it.
    pub(super) here: usize,
    /// Which exchange of the other endpoint.
    pub(super) there: usize,
    /// The step.
    pub(super) place: String,
    /// `status`, `/__type`, `/message`, or a JSON pointer into the output.
    pub(super) pointer: String,
    /// What the target answers.
    pub(super) answer: String,
    /// What the other one answers.
    pub(super) other: String,
}

/// What two playings have in common and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contrasted {
    /// Where they differ, up to where they part.
    pub(super) contrasts: Vec<Contrast>,
    /// The step from which on the two are no longer in one state.
    pub(super) parted: Option<Place>,
}

/// One side: a transcript, and the words that are its own.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) transcript: &'a Transcript,
    pub(super) own: &'a [(String, String)],
}

/// One step as one side answered it.
struct Answer<'a> {
    index: usize,
    exchange: &'a Exchange,
    entry: Value,
}

/// Compares what the target answers with what the other endpoint does.
pub(super) fn contrast(
    catalogue: &Catalogue,
    case: &Scenario,
    here: Side<'_>,
    there: Side<'_>,
) -> Contrasted {
    let mut others = answers(catalogue, case, there);
    let mut found = Contrasted::default();
    let mut pairing = Pairing::default();
    for (place, answer) in answers(catalogue, case, here) {
        let Some(at) = others.iter().position(|(other, _)| *other == place) else { continue };
        let (_, other) = others.swap_remove(at);
        // Inputs differ by what earlier answers held; that was told there.
        pairing.differences(&other.entry["input"], &answer.entry["input"]);
        let differences = differences(&mut pairing, &answer, &other);
        found.contrasts.extend(differences.into_iter().map(|(pointer, other_text, text)| {
            Contrast {
                here: answer.index,
                there: other.index,
                place: answer.exchange.place.to_string(),
                pointer,
                answer: text,
                other: other_text,
            }
        }));
        if parts(catalogue, case, answer.exchange, other.exchange) {
            found.parted = Some(answer.exchange.place.clone());
            break;
        }
    }
    found
}

/// Tells whether two answers to one step leave the endpoints in different states. Steps of written
/// cases build on each other, whatever they do.
fn parts(catalogue: &Catalogue, case: &Scenario, here: &Exchange, there: &Exchange) -> bool {
    let service = catalogue.services.get(here.call.service());
    let reads = service.is_some_and(|service| service.only_reads(here.call.operation()));
    here.success().is_some() != there.success().is_some() && !(case.lockstep && reads)
}

/// Returns where two answers differ: pointer, what the other one says, what the target says.
fn differences(
    pairing: &mut Pairing,
    here: &Answer<'_>,
    there: &Answer<'_>,
) -> Vec<(String, String, String)> {
    let outcomes = (here.exchange.success().is_some(), there.exchange.success().is_some());
    if outcomes.0 != outcomes.1 {
        return vec![("status".into(), outcome(&there.entry), outcome(&here.entry))];
    }
    let mut found = Vec::new();
    if here.entry["error"] != there.entry["error"] {
        // Another refusal has other words.
        return vec![("/__type".into(), outcome(&there.entry), outcome(&here.entry))];
    }
    let status = |answer: &Answer<'_>| answer.entry["status"].to_string();
    if status(here) != status(there) {
        found.push(("status".into(), status(there), status(here)));
    }
    let body = |answer: &Answer<'_>| {
        let mut body = answer.entry["output"].clone();
        if let (false, Some(members)) = (outcomes.0, body.as_object_mut()) {
            // How the code is spelled is no part of the answer.
            members.remove("__type");
        }
        body
    };
    let differences = pairing.differences(&body(there), &body(here)).into_iter();
    found.extend(differences.map(|d| {
        (if d.pointer.is_empty() { "body".into() } else { d.pointer }, d.accepted, d.now)
    }));
    found
}

/// Says in a line how a step was answered.
fn outcome(entry: &Value) -> String {
    let success = entry["status"].as_u64().is_some_and(|status| (200..300).contains(&status));
    let message = ["message", "Message"].iter().find_map(|name| entry["output"][*name].as_str());
    match (success, entry["error"].as_str(), message) {
        (true, ..) => "success".into(),
        (_, Some(code), Some(message)) => format!("`{code}`: {message}"),
        (_, Some(code), None) => format!("`{code}` without a message"),
        _ => format!("status {}", entry["status"]),
    }
}

/// Returns the answer to each step, in order.
fn answers<'a>(catalogue: &Catalogue, case: &Scenario, side: Side<'a>) -> Vec<(Place, Answer<'a>)> {
    let kept = kept(side.transcript);
    let exchanges = kept.iter().map(|(index, _)| {
        let mut exchange = side.transcript.exchanges[*index].clone();
        exchange.place = told_as(case, &exchange);
        exchange
    });
    let transcript = Transcript { exchanges: exchanges.collect(), ..side.transcript.clone() };
    let form = snapshot::steady_form(catalogue, &transcript, side.own);
    // Pages of a list are one entry, so entries are found by their place.
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    for entry in form.as_array().into_iter().flatten() {
        entries.insert(entry["place"].as_str().unwrap_or_default().to_owned(), entry.clone());
    }
    let mut answers: Vec<(Place, Answer<'a>)> = Vec::new();
    for (index, place) in kept {
        let exchange = &side.transcript.exchanges[index];
        let told = told_as(case, exchange).to_string();
        let Some(entry) = entries.get(&told) else { continue };
        let answer = Answer { index, exchange, entry: entry.clone() };
        match answers.last_mut().filter(|(last, _)| *last == place) {
            Some((_, last)) => *last = answer,
            None => answers.push((place, answer)),
        }
    }
    answers
}

/// Returns the place under which an exchange is compared: of the stage of a generated case only
/// outcomes count, its operations' own cases tell the rest.
fn told_as(case: &Scenario, exchange: &Exchange) -> Place {
    let own = case.operations.first().is_some_and(|name| name == exchange.call.operation());
    match exchange.place {
        Place::Step(step) if case.lockstep && step <= case.stage && !own => {
            Place::SetUp("stage".into(), step)
        }
        _ => exchange.place.clone(),
    }
}

/// Returns which exchanges answer a step, each with its place: of a step that was repeated or sent
/// several times at once the one that counts, of a list all pages.
fn kept(transcript: &Transcript) -> Vec<(usize, Place)> {
    let mut groups: Vec<(Place, Vec<usize>)> = Vec::new();
    for (index, exchange) in transcript.exchanges.iter().enumerate() {
        match groups.last_mut().filter(|(place, _)| *place == exchange.place) {
            _ if exchange.place == Place::Teardown => {}
            Some((_, group)) => group.push(index),
            None => groups.push((exchange.place.clone(), vec![index])),
        }
    }
    let mut kept = Vec::new();
    for (place, group) in groups {
        let last = group.last().and_then(|index| transcript.exchanges[*index].pages.as_ref());
        let count = last.map_or(1, |pages| pages.sizes.len()).clamp(1, group.len());
        kept.extend(group[group.len() - count..].iter().map(|index| (*index, place.clone())));
    }
    kept
}

/// Tells whether a broken promise is about what a contrast shows.
pub(super) fn is_about(breach: &Breach, contrast: &Contrast) -> bool {
    let (broken, differs) = (pointer_class(&breach.pointer), pointer_class(&contrast.pointer));
    match differs.as_str() {
        "status" | "/__type" => matches!(broken.as_str(), "status" | "/__type" | "" | "body"),
        _ => {
            broken == "body"
                || broken.is_empty()
                || differs.starts_with(&broken)
                || broken.starts_with(&differs)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::Source;
    use crate::outcome::Evidence;
    use crate::transcript::Call;
    use crate::wire::{Request, Response};

    fn exchange(place: Place, operation: &str, status: u16, body: &Value) -> Exchange {
        let call = Call::Api {
            service: "cognito-idp".into(),
            operation: operation.into(),
            input: json!({"UserPoolId": "us-east-1_aaaaaaaaa"}),
            signed: true,
        };
        let request = Request {
            method: "POST".into(),
            path: "/".into(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        Exchange {
            place,
            call,
            request,
            reply: Ok(Response { status, headers: Vec::new(), body: body.to_string().into() }),
            sdk: None,
            expect: None,
            pages: None,
            declined: false,
            twin: None,
            together: None,
            elapsed_ms: 1,
        }
    }

    fn case() -> Scenario {
        let suite = crate::suite::Suite::load(&Default::default()).expect("the suite loads");
        Scenario { stage: 0, lockstep: true, ..Scenario::clone(&suite.cases[0]) }
    }

    type Step<'a> = (usize, &'a str, u16, Value);

    /// Holds steps of the target against those of another endpoint.
    #[track_caller]
    fn check(here: &[Step<'_>], there: &[Step<'_>], expected: &[&str], parted: Option<usize>) {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the catalogue loads");
        let transcript = |steps: &[Step<'_>]| Transcript {
            case: "a".into(),
            exchanges: { steps.iter() }
                .map(|(step, name, status, body)| exchange(Place::Step(*step), name, *status, body))
                .collect(),
        };
        let (here, there) = (transcript(here), transcript(there));
        let side = |transcript| Side { transcript, own: &[] };
        let found = contrast(&catalogue, &case(), side(&here), side(&there));
        let told: Vec<_> = { found.contrasts.iter() }
            .map(|c| format!("{} {}: {} | {}", c.place, c.pointer, c.other, c.answer))
            .collect();
        assert_eq!(told, expected);
        assert_eq!(found.parted, parted.map(Place::Step));
    }

    fn refusal(code: &str, message: &str) -> Value {
        json!({"__type": code, "message": message})
    }

    #[test]
    fn equal_answers_show_nothing() {
        let steps = [(1, "AdminGetUser", 400, refusal("UserNotFoundException", "No user."))];
        check(&steps, &steps, &[], None);
        let spelled = (1, "AdminGetUser", 400, refusal("a#UserNotFoundException", "No user."));
        check(&steps, &[spelled], &[], None);
    }

    #[test]
    fn another_code_is_told_with_both_answers() {
        check(
            &[(1, "AdminGetUser", 400, refusal("ResourceNotFoundException", "No pool."))],
            &[(1, "AdminGetUser", 400, refusal("UserNotFoundException", "No user."))],
            &["step 1 /__type: `UserNotFoundException`: No user. | \
               `ResourceNotFoundException`: No pool."],
            None,
        );
    }

    #[test]
    fn behind_a_write_that_only_one_carries_out_nothing_is_compared() {
        let refused = refusal("InvalidParameterException", "No.");
        check(
            &[(1, "CreateGroup", 200, json!({})), (2, "ListGroups", 200, json!({"Groups": [1]}))],
            &[(1, "CreateGroup", 400, refused), (2, "ListGroups", 200, json!({"Groups": []}))],
            &["step 1 status: `InvalidParameterException`: No. | success"],
            Some(1),
        );
    }

    #[test]
    fn of_a_repeated_step_the_last_answer_counts() {
        let groups = |items: Value| json!({ "Group": items });
        check(
            &[
                (1, "GetGroup", 200, groups(json!({"GroupName": "b"}))),
                (1, "GetGroup", 200, groups(json!({"GroupName": "a"}))),
            ],
            &[(1, "GetGroup", 200, groups(json!({"GroupName": "a", "Precedence": 3})))],
            &["step 1 /Group/Precedence: 3 | absent"],
            None,
        );
    }

    #[test]
    fn promises_belong_to_the_places_they_are_about() {
        #[track_caller]
        fn about(broken: &str, differs: &str, expected: bool) {
            let breach = Breach {
                pointer: broken.into(),
                expected: String::new(),
                actual: String::new(),
                rule: None,
                level: None,
                evidence: Evidence::Modelled,
                source: String::new(),
            };
            let contrast = Contrast {
                here: 0,
                there: 0,
                place: "step 1".into(),
                pointer: differs.into(),
                answer: String::new(),
                other: String::new(),
            };
            assert_eq!(is_about(&breach, &contrast), expected, "{broken} {differs}");
        }
        about("/__type", "status", true);
        about("status", "/__type", true);
        about("header:x-amzn-requestid", "status", false);
        about("/Users/3/Enabled", "/Users/0/Enabled", true);
        about("/Users", "/Users/0/Enabled", true);
        about("/Users/0/Username", "/Users/0/Enabled", false);
        about("body", "/Users/0/Enabled", true);
    }
}
