//! The target answers each step as the reference does, ids, tokens and times aside.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::answers::{self, Difference, Pairs};
use super::{Broken, Property, Seen};
use crate::catalogue::{Catalogue, Operation, Schema, Service};
use crate::check::{Breach, summary, throttled};
use crate::outcome::{Evidence, Level};
use crate::reference;
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

/// Where several violations in one message were seen, in user pools.
const ALL_AT_ONCE: &str = "badmintoncryer/cdk-preflight rules/cognito/pf-cognito-recovery-mechanisms-max/meta.yaml, seen through CloudFormation";

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let catalogue = seen.catalogue;
    let anyway = refused_anyway(seen);
    let mut pairs = Pairs::default();
    let mut undone = Undone::default();
    let mut found = Vec::new();
    for (index, exchange) in seen.transcript.exchanges.iter().enumerate() {
        undone.follow(catalogue, exchange);
        let (Some(twin), Ok(response)) = (&exchange.twin, &exchange.reply) else { continue };
        if exchange.declined || throttled(exchange) || exchange.together.is_some() {
            continue;
        }
        let Call::Api { service, operation, input, .. } = &exchange.call else { continue };
        let Some(service) = catalogue.services.get(service) else { continue };
        let Some(operation) = service.operations.get(operation) else { continue };
        pairs.learn(&twin.input, input);
        let (anyway, undone) = (&anyway, &undone);
        let step = Step { catalogue, service, operation, exchange, twin, response, anyway, undone };
        let breaches = step.compare(&mut pairs);
        found.extend(breaches.into_iter().map(|breach| Broken { exchange: index, breach }));
    }
    found
}

/// What is expected where the target refuses what the reference carries out.
pub(crate) const SUCCESS: &str = "success";

/// A refusal, word for word: operation, code, message.
type Words<'a> = (&'a str, String, String);

/// Returns how the target refused what the reference carries out.
fn refused_anyway<'a>(seen: &Seen<'a>) -> HashSet<Words<'a>> {
    let exchanges = seen.transcript.exchanges.iter();
    let refused = exchanges.filter(|exchange| {
        let carried_out = exchange.twin.as_ref().is_some_and(|twin| twin.answer.is_ok());
        carried_out && !exchange.declined && !throttled(exchange)
    });
    let words = refused
        .filter_map(|exchange| words(exchange.call.operation(), exchange.reply.as_ref().ok()?));
    words.collect()
}

/// Returns the words of a refusal; `None` of an answer, and of one that says nothing.
fn words<'a>(operation: &'a str, response: &Response) -> Option<Words<'a>> {
    let (code, message) = (response.error_code()?, response.error_message()?);
    (!response.is_success() && !message.is_empty()).then_some((operation, code, message))
}

/// What the target refused to create, as the caller called it. The reference has taken it back
/// and knows nothing of it; the target may have kept it nevertheless, which is `no-trace`'s to
/// tell.
#[derive(Default)]
struct Undone<'a>(Vec<(&'a str, &'a Value)>);

impl<'a> Undone<'a> {
    fn follow(&mut self, catalogue: &'a Catalogue, exchange: &'a Exchange) {
        if exchange.twin.as_ref().is_none_or(|twin| twin.answer.is_err()) {
            return;
        }
        let Some(service) = catalogue.services.get(exchange.call.service()) else { return };
        let (name, input) = (exchange.call.operation(), exchange.call.input());
        if exchange.success().is_some() {
            let resources = || service.resources.values();
            let makes = resources().flat_map(|r| &r.create).any(|c| c.operation == name);
            let deletes = resources().flat_map(|r| &r.delete).any(|other| other == name);
            if makes || deletes {
                // From here on both know what became of it.
                self.0.retain(|(member, value)| input.get(member) != Some(*value));
            }
            return;
        }
        let creators = service.resources.values().flat_map(|resource| &resource.create);
        let handles = creators.filter(|c| c.operation == name).flat_map(|c| c.handle.keys());
        let own = handles.filter(|member| !matches!(member.as_str(), "UserPoolId" | "ClientId"));
        let named = own.filter_map(|member| Some((member.as_str(), input.get(member)?)));
        self.0.extend(named);
    }

    fn names(&self, input: &Value) -> bool {
        self.0.iter().any(|(member, value)| input.get(member) == Some(*value))
    }
}

/// One step, as both answered it.
struct Step<'a> {
    catalogue: &'a Catalogue,
    service: &'a Service,
    operation: &'a Operation,
    exchange: &'a Exchange,
    twin: &'a Twin,
    response: &'a Response,
    /// How the target refuses also what it should carry out.
    anyway: &'a HashSet<Words<'a>>,
    undone: &'a Undone<'a>,
}

impl Step<'_> {
    fn compare(&self, pairs: &mut Pairs) -> Vec<Breach> {
        match &self.twin.answer {
            Ok(ours) if self.response.is_success() => self.outputs(ours, pairs),
            Ok(_) => self.refused_what_is_carried_out().into_iter().collect(),
            Err(refusal) => self.refusals(refusal, pairs),
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
        let differences = differences.into_iter().filter(|one| !self.is_of_a_rate(one));
        differences.map(|difference| self.difference(difference)).collect()
    }

    /// Tells whether the call names no resource that the case could own.
    fn is_about_the_account(&self) -> bool {
        let mut resources = self.service.resources.values();
        let lists = resources.any(|r| r.within.is_none() && r.list.contains(&self.operation.name));
        lists && self.operation.input.required.iter().all(|name| !name.ends_with("Id"))
    }

    /// Tells whether a difference is in how much the account may do: others have asked for more.
    fn is_of_a_rate(&self, difference: &Difference) -> bool {
        self.operation.name.ends_with("ProvisionedLimit") && difference.pointer.ends_with("Value")
    }

    /// How well it is known which code an operation refuses broken constraints with.
    ///
    /// The identity pools declare a code of their own for missing parameters; that theirs comes
    /// before it was seen for other constraints only.
    fn constraints_grade(&self, refusal: &Refusal) -> Evidence {
        let told = refusal.message.matches(" at '").count();
        let all_lack = told > 0 && told == refusal.message.matches("must not be null").count();
        let declared = self.operation.errors.contains("InvalidParameterException");
        let answers = self.response.error_code().as_deref() == Some("InvalidParameterException");
        match self.service.info.id == "cognito-identity" && all_lack && declared && answers {
            true => Evidence::Inferred,
            false => Evidence::Modelled,
        }
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
        if self.response.status >= 500 || !self.is_well_formed() {
            return None;
        }
        let given = self.exchange.call.input().as_object();
        let schema = &self.operation.input;
        let plain = given.is_some_and(|given| {
            let needed = |name: &String| schema.required.contains(name);
            given
                .iter()
                .all(|(name, value)| needed(name) && self.is_whole(schema.member(name), value))
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
            expected: SUCCESS.into(),
            actual: summary(self.response),
            rule: None,
            level: Some(Level::Model),
            evidence,
            source,
        })
    }

    /// Tells whether no structure inside a value leaves out a member its shape has: which of them
    /// a call can do without, nobody says.
    fn is_whole(&self, schema: Option<&Schema>, value: &Value) -> bool {
        let schema = schema.map(|schema| self.service.resolve(schema));
        match value {
            Value::Object(members) => {
                let structure = schema.filter(|schema| schema.is_structure());
                let mut shape = structure.iter().flat_map(|s| s.properties.iter().flatten());
                let has = |name: &String| members.get(name).is_some_and(|member| !member.is_null());
                shape.all(|(name, _)| has(name))
                    && members.iter().all(|(name, member)| {
                        let inner = schema
                            .and_then(|s| s.member(name).or(s.additional_properties.as_deref()));
                        self.is_whole(inner, member)
                    })
            }
            Value::Array(items) => {
                let inner = schema.and_then(|schema| schema.items.as_deref());
                items.iter().all(|item| self.is_whole(inner, item))
            }
            _ => true,
        }
    }

    /// Tells whether what the target was sent keeps the model's constraints. It is not what the
    /// reference was sent: an id of the one may fit a pattern that an id of the other breaks.
    fn is_well_formed(&self) -> bool {
        let (schema, input) = (&self.operation.input, self.exchange.call.input());
        reference::fits(self.service, schema, input)
    }

    /// Tells whether the target was sent in each member what is as good, or as bad, as what the
    /// reference was sent there.
    fn breaks_the_same(&self) -> bool {
        let (ours, theirs) = (&self.twin.input, self.exchange.call.input());
        self.operation.input.properties.iter().flatten().all(|(name, schema)| {
            let fits = |value: &Value| reference::fits(self.service, schema, value);
            let (ours, theirs) = (ours.get(name), theirs.get(name));
            ours == theirs || ours.map(fits) == theirs.map(fits)
        })
    }

    fn refusals(&self, refusal: &Refusal, pairs: &Pairs) -> Vec<Breach> {
        if self.response.status >= 500 {
            return Vec::new();
        }
        if refusal.rule.is_none() && self.is_well_formed() {
            return Vec::new();
        }
        let input = self.exchange.call.input();
        let accepted = self.response.is_success();
        if accepted && refusal.code.contains("NotFound") && self.undone.names(input) {
            return Vec::new();
        }
        let same_breaks = refusal.rule.is_some() || self.breaks_the_same();
        let rule = refusal.rule.as_ref().and_then(|id| self.catalogue.rules.get(id));
        let wanted = match rule {
            Some(rule) => format!("{} ({})", refusal.code, rule.when),
            None if same_breaks => {
                format!("{}: {}", refusal.code, pairs.translated(&refusal.message))
            }
            None => format!("{}, for a constraint of the model is broken", refusal.code),
        };
        let (evidence, source) = match rule {
            Some(rule) => (rule.evidence, rule.source.clone()),
            None if refusal.code == "SerializationException" => {
                (Evidence::Inferred, "the protocol's framework".into())
            }
            None => (self.constraints_grade(refusal), format!("model of {}", self.operation.name)),
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
        if accepted {
            // Whoever sends no messages and keeps no count of attempts need not limit them.
            let limits = refusal.code == "TooManyRequestsException"
                || refusal.message.contains("try after some time");
            let evidence = if limits { Evidence::Inferred } else { evidence };
            return vec![breach("status", wanted, summary(self.response), evidence)];
        }
        // Without any code it is `error-body`'s.
        let Some(code) = self.response.error_code() else { return Vec::new() };
        let as_good = rule.is_some_and(|rule| rule.or_error.contains(&code));
        if code != refusal.code && !as_good {
            // It refuses so whatever it is asked, which is told where it has to carry it out.
            let words = words(&self.operation.name, self.response);
            if words.is_some_and(|words| self.anyway.contains(&words)) {
                return Vec::new();
            }
            // Of several faults either may be reported first, as far as most rules tell.
            let evidence = if self.twin.one_fault { evidence } else { Evidence::Inferred };
            return vec![breach("/__type", wanted, summary(self.response), evidence)];
        }
        let text = self.response.error_message().unwrap_or_default();
        match rule {
            Some(rule) if code == refusal.code && !rule.message_matches(&text) => {
                let grade = evidence.min(rule.message_grade(&self.operation.name));
                let grade = if self.twin.one_fault { grade } else { Evidence::Inferred };
                vec![breach("/message", pairs.translated(&refusal.message), text, grade)]
            }
            // The words are the rulebook's business; here it counts that all are told of.
            None => match (violations(&refusal.message), violations(&text)) {
                (Some(ours), Some(theirs)) if ours != theirs && same_breaks => {
                    let expected = format!("{ours} violations, all in one message");
                    let (evidence, source) = match self.service.info.id.as_str() {
                        "cognito-idp" => (Evidence::Observed, ALL_AT_ONCE.into()),
                        _ => (Evidence::Inferred, format!("as in user pools: {ALL_AT_ONCE}")),
                    };
                    let all = breach("/message", expected, text, evidence);
                    vec![Breach { source, ..all }]
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
