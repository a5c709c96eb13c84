//! The target answers each step as the reference does, ids, tokens and times aside.

use std::borrow::Cow;

use serde_json::Value;

use super::answers::{self, Difference, Pairs};
use super::{Broken, Property, Seen};
use crate::catalogue::{Catalogue, Operation, Service};
use crate::check::{Breach, summary, throttled};
use crate::outcome::{Evidence, Level};
use crate::transcript::{Call, Exchange, Refusal, Twin};
use crate::wire::Response;

pub(super) const PROPERTY: Property = Property {
    id: "lockstep",
    level: Level::Model,
    asks: "each step is answered as the reference answers it",
    promises: &[],
    examine,
};

/// Operations that read what may never have been set, without a source for what they answer then.
const UNSET: &[&str] = &["GetPrincipalTagAttributeMap"];

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let catalogue = seen.catalogue;
    let mut pairs = Pairs::default();
    let mut found = Vec::new();
    for (index, exchange) in seen.transcript.exchanges.iter().enumerate() {
        let (Some(twin), Ok(response)) = (&exchange.twin, &exchange.reply) else { continue };
        if exchange.declined || throttled(exchange) || exchange.together.is_some() {
            continue;
        }
        let Call::Api { service, operation, input, .. } = &exchange.call else { continue };
        let Some(service) = catalogue.services.get(service) else { continue };
        let Some(operation) = service.operations.get(operation) else { continue };
        pairs.learn(&twin.input, input);
        let step = Step { catalogue, service, operation, exchange, twin, response };
        let breaches = step.compare(&mut pairs);
        found.extend(breaches.into_iter().map(|breach| Broken { exchange: index, breach }));
    }
    found
}

/// One step, as both answered it.
struct Step<'a> {
    catalogue: &'a Catalogue,
    service: &'a Service,
    operation: &'a Operation,
    exchange: &'a Exchange,
    twin: &'a Twin,
    response: &'a Response,
}

impl Step<'_> {
    fn compare(&self, pairs: &mut Pairs) -> Vec<Breach> {
        match &self.twin.answer {
            Ok(ours) if self.response.is_success() => self.outputs(ours, pairs),
            Ok(_) => self.refused_what_is_carried_out().into_iter().collect(),
            Err(refusal) => self.refusals(refusal),
        }
    }

    fn outputs(&self, ours: &Value, pairs: &mut Pairs) -> Vec<Breach> {
        let Some(theirs) = self.exchange.output() else { return Vec::new() };
        // What belongs to the whole account shows other cases' resources too.
        if self.is_about_the_account() {
            return Vec::new();
        }
        let (mut ours, mut theirs) = (Cow::Borrowed(ours), theirs);
        // What stands on one page of several is the server's business.
        if let Some(key) = self.operation.pagination.as_ref().and_then(|p| p.result_key.as_ref())
            && (self.is_paged(&ours) || self.is_paged(&theirs))
        {
            for page in [&mut ours, &mut theirs] {
                page.to_mut().as_object_mut().map(|members| members.remove(key));
            }
        }
        let schema = self.operation.output.as_ref();
        let name = &self.operation.name;
        let differences = answers::outputs(self.service, name, schema, &ours, &theirs, pairs);
        differences.into_iter().map(|difference| self.difference(difference)).collect()
    }

    /// Tells whether the call names no resource that the case could own.
    fn is_about_the_account(&self) -> bool {
        let mut resources = self.service.resources.values();
        let lists = resources.any(|r| r.within.is_none() && r.list.contains(&self.operation.name));
        (lists && self.operation.input.required.iter().all(|name| !name.ends_with("Id")))
            || self.operation.name.ends_with("ProvisionedLimit")
    }

    fn difference(&self, difference: Difference) -> Breach {
        let Difference { pointer, member, expected, actual, item } = difference;
        let outputs = &self.service.outputs;
        let own = format!("{} {member}", self.operation.name);
        let promised = outputs.get(&own).or_else(|| outputs.get(&member));
        let (evidence, source) = match promised {
            Some((evidence, source)) => (*evidence, source.clone()),
            // A list of one pool's items that fits on the page shows all of them. Lists inside
            // a description, such as a user's attributes, are completed in ways nobody promises.
            None if item && actual == "absent" && self.lists(&pointer) => {
                (Evidence::Documented, format!("API reference, {}", self.operation.name))
            }
            None => (Evidence::Inferred, "what the reference answers".into()),
        };
        Breach {
            pointer,
            expected,
            actual,
            rule: None,
            level: Some(Level::Model),
            evidence,
            source,
        }
    }

    /// Tells whether what stands at `pointer` is what a listing operation lists.
    fn lists(&self, pointer: &str) -> bool {
        let name = &self.operation.name;
        // Lists of users lag by design.
        (name.starts_with("List") || name.starts_with("AdminList"))
            && name != "ListUsers"
            && pointer.matches('/').count() == 1
    }

    /// Tells whether the answer is one page of several.
    fn is_paged(&self, output: &Value) -> bool {
        let Some(paging) = &self.operation.pagination else { return false };
        let token = |member: &str, value: &Value| value.get(member).is_some_and(|t| !t.is_null());
        let limit = paging.limit_key.as_ref().and_then(|key| self.twin.input.get(key));
        // Who asks for nothing may be given nothing, or all there is.
        if limit.and_then(Value::as_f64) == Some(0.0) {
            return true;
        }
        let whole = self.exchange.pages.as_ref().is_some_and(|pages| pages.ended);
        !whole
            && (token(&paging.output_token, output) || token(&paging.input_token, &self.twin.input))
    }

    /// Faults of the target's own are another check's.
    fn refused_what_is_carried_out(&self) -> Option<Breach> {
        if self.response.status >= 500 {
            return None;
        }
        let given = self.exchange.call.input().as_object();
        let plain = given.is_some_and(|given| {
            given.keys().all(|name| self.operation.input.required.contains(name))
        });
        // With the required members alone, on what is there, a call works; a setting that was
        // never made may be answered with its defaults, or missed.
        let plain = plain && !self.twin.odd && !UNSET.contains(&self.operation.name.as_str());
        let evidence = if plain { Evidence::Documented } else { Evidence::Inferred };
        let source = match plain {
            true => format!("API reference, {}: required members", self.operation.name),
            false => "what the reference answers".into(),
        };
        Some(Breach {
            pointer: "status".into(),
            expected: "success".into(),
            actual: summary(self.response),
            rule: None,
            level: Some(Level::Model),
            evidence,
            source,
        })
    }

    fn refusals(&self, refusal: &Refusal) -> Vec<Breach> {
        if self.response.status >= 500 {
            return Vec::new();
        }
        let rule = refusal.rule.as_ref().and_then(|id| self.catalogue.rules.get(id));
        let wanted = match rule {
            Some(rule) => format!("{} ({})", refusal.code, rule.when),
            None => format!("{}: {}", refusal.code, refusal.message),
        };
        let (evidence, source) = match rule {
            Some(rule) => (rule.evidence, rule.source.clone()),
            None if refusal.code == "SerializationException" => {
                (Evidence::Inferred, "the protocol's framework".into())
            }
            None => (Evidence::Modelled, format!("model of {}", self.operation.name)),
        };
        let breach = |pointer: &str, expected: String, actual: String, evidence: Evidence| Breach {
            pointer: pointer.into(),
            expected,
            actual,
            rule: refusal.rule.clone(),
            level: Some(rule.map_or(Level::Errors, |rule| rule.level)),
            evidence,
            source: source.clone(),
        };
        if self.response.is_success() {
            // Whoever sends no messages and keeps no count of attempts need not limit them.
            let limits = refusal.code == "TooManyRequestsException"
                || refusal.message.contains("try after some time");
            let evidence = if limits { Evidence::Inferred } else { evidence };
            return vec![breach("status", wanted, summary(self.response), evidence)];
        }
        let code = self.response.error_code().unwrap_or_default();
        let as_good = rule.is_some_and(|rule| rule.or_error.contains(&code));
        if code != refusal.code && !as_good {
            // Of several faults either may be reported first, as far as most rules tell.
            let evidence = if self.twin.one_fault { evidence } else { Evidence::Inferred };
            return vec![breach("/__type", wanted, summary(self.response), evidence)];
        }
        let text = self.response.error_message().unwrap_or_default();
        match rule {
            Some(rule) if code == refusal.code && !rule.message_matches(&text) => {
                let grade = evidence.min(rule.message_grade());
                let grade = if self.twin.one_fault { grade } else { Evidence::Inferred };
                vec![breach("/message", refusal.message.clone(), text, grade)]
            }
            // The words are the rulebook's business; here it counts that all are told of.
            None => match (violations(&refusal.message), violations(&text)) {
                (Some(ours), Some(theirs)) if ours != theirs => {
                    let expected = format!("{ours} violations, all in one message");
                    vec![breach("/message", expected, text, Evidence::Documented)]
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// Returns how many violations a message of the service's framework says it has detected.
fn violations(message: &str) -> Option<u64> {
    let (count, rest) = message.split_once(' ')?;
    rest.starts_with("validation error").then(|| count.parse().ok())?
}
