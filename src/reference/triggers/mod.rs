//! Lambda triggers: what a pool's functions are told, and what becomes of their answers.
//!
//! Nothing here calls a function. A handler asks with `Context::invoke`; where the answer is not
//! there yet, the call is given up with [`Fault::Pending`], its effects are undone, and whoever
//! drives the reference makes the invocation and attempts the call again with one more answer. So
//! a function may call back, and the same answers give the same bytes.

mod challenges;
mod confirmation;
mod event;
mod messages;
mod migration;
mod reply;
mod sign_in;
mod sign_up;
mod tokens;

use std::fmt;

use serde_json::{Map, Value};

use super::state::{State, UserPool};
use super::{Context, Fault, Input};
pub(super) use challenges::CUSTOM_AUTH;
pub(super) use event::Event;
pub(super) use reply::Reply;
pub(super) use tokens::Shaping;

/// Most functions that one call waits for. Ours: none of the service's flows needs half as many.
pub const MOST_INVOCATIONS: usize = 32;

/// A function to be called, and what it is told.
#[derive(Clone, PartialEq)]
pub struct Invocation {
    /// ARN of the function, as the pool's `LambdaConfig` has it.
    pub function: String,
    /// Trigger it serves, as `LambdaConfig` spells it.
    pub trigger: &'static str,
    /// The event.
    pub event: Value,
}

impl fmt::Debug for Invocation {
    /// Leaves out the event: it may hold a password, a code or the right answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("function", &self.function)
            .field("trigger", &self.trigger)
            .finish_non_exhaustive()
    }
}

/// What came of calling a function.
#[derive(Clone, PartialEq)]
pub enum FunctionAnswer {
    /// It returned this value.
    Returned(Value),
    /// It returned bytes that are no JSON, or too many of them.
    Garbled,
    /// It failed, with this message.
    Threw(String),
    /// It may not be called, or is not there.
    Denied,
    /// It did not answer in time.
    TimedOut,
    /// Nothing that runs functions can be reached.
    Unreachable,
}

/// What came of an invocation, and of which.
///
/// A function that calls back may change which functions the call needs: an answer counts for
/// the function and the trigger it was asked for, and for nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    function: String,
    trigger: &'static str,
    answer: FunctionAnswer,
}

impl Invocation {
    /// Returns the answer to this invocation.
    pub fn answered(self, answer: FunctionAnswer) -> Answered {
        Answered { function: self.function, trigger: self.trigger, answer }
    }
}

impl fmt::Debug for FunctionAnswer {
    /// Leaves out what was returned: it may hold the right answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned(_) => f.write_str("Returned(..)"),
            Self::Garbled => f.write_str("Garbled"),
            Self::Threw(message) => f.debug_tuple("Threw").field(message).finish(),
            Self::Denied => f.write_str("Denied"),
            Self::TimedOut => f.write_str("TimedOut"),
            Self::Unreachable => f.write_str("Unreachable"),
        }
    }
}

/// What came of attempting a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempted {
    /// It is carried out, or refused. The events go to functions whose answers do not matter.
    Done(super::Answer, Vec<Invocation>),
    /// It needs the answer of this function; nothing has changed yet.
    Needs(Box<Invocation>),
}

/// What the triggers need to know of the call under way.
#[derive(Debug, Default)]
pub(super) struct Ongoing<'a> {
    /// The call's effects can be undone: some pool has triggers, and the operation runs them.
    pub(super) enabled: bool,
    operation: &'a str,
    /// `ClientMetadata`, as given.
    metadata: Option<&'a Value>,
    /// `ValidationData`, as a map.
    validation: Option<Value>,
    answers: &'a [Answered],
    /// How many of the answers have been read, or passed over.
    used: usize,
    /// Client the call comes from, as far as it has one.
    pub(super) client: Option<String>,
    /// Why tokens are made, where it is not an ordinary sign-in.
    pub(super) token_source: Option<&'static str>,
    /// A function's answer refused the call: what it has changed so far is undone.
    failed: bool,
    /// What the call has changed so far stays, whatever a function answers.
    pub(super) keeps: bool,
    pending: Option<Box<Invocation>>,
    events: Vec<Invocation>,
}

impl<'a> Ongoing<'a> {
    /// Returns the beginning of a call, with the answers of functions that are known.
    pub(super) fn new(
        operation: &'a str,
        input: &'a Input,
        answers: &'a [Answered],
        enabled: bool,
    ) -> Self {
        if !enabled {
            return Self::default();
        }
        let metadata = input.get("ClientMetadata").filter(|value| value.is_object());
        let pairs = input.attributes("ValidationData");
        let validation: Map<_, _> = pairs.map(|(n, v)| (n.to_owned(), v.into())).collect();
        let validation = (!validation.is_empty()).then_some(Value::Object(validation));
        Self { enabled, operation, metadata, validation, answers, ..Self::default() }
    }

    /// Returns whether the call's effects are to be undone, what it waits for, and what is to be
    /// told to functions afterwards.
    pub(super) fn end(self) -> (bool, Option<Box<Invocation>>, Vec<Invocation>) {
        let undone = self.pending.is_some() || (self.failed && !self.keeps);
        (undone, self.pending, self.events)
    }

    /// Returns the `ClientMetadata` that a trigger is told as `clientMetadata`.
    ///
    /// A sign-in passes it on as validation data instead, `AdminCreateUser` to the pre sign-up
    /// trigger only.
    ///
    /// Source: API reference, ClientMetadata of each operation; developer guide, each trigger.
    fn metadata_for(&self, trigger: &str) -> Option<&'a Value> {
        let told = match self.operation {
            "InitiateAuth" | "AdminInitiateAuth" => false,
            "AdminCreateUser" => trigger == "PreSignUp",
            _ => true,
        };
        self.metadata.filter(|_| told)
    }

    /// Returns the validation data: `ValidationData`, or a sign-in's `ClientMetadata`.
    fn validation_data(&self) -> Value {
        let signs_in = matches!(self.operation, "InitiateAuth" | "AdminInitiateAuth");
        let given = if signs_in { self.metadata.cloned() } else { self.validation.clone() };
        given.unwrap_or_default()
    }
}

impl State {
    /// Tells whether any pool has triggers.
    pub(super) fn has_triggers(&self) -> bool {
        let has = |pool: &UserPool| {
            let triggers = pool.settings.get("LambdaConfig").and_then(Value::as_object);
            triggers.is_some_and(|triggers| !triggers.is_empty())
        };
        self.pools.values().any(|pool| has(pool))
    }
}

impl UserPool {
    /// Returns the ARN of the function that serves a trigger.
    fn function(&self, trigger: &str) -> Option<&str> {
        let config = self.settings.get("LambdaConfig")?;
        if trigger == "PreTokenGeneration" {
            // The newer member, which also tells the version, goes before the older one.
            let newer = config.pointer("/PreTokenGenerationConfig/LambdaArn");
            return newer.or_else(|| config.get(trigger))?.as_str();
        }
        let found = config.get(trigger)?;
        found.as_str().or_else(|| found.get("LambdaArn")?.as_str())
    }
}

impl Context<'_> {
    /// Tells whether a pool has a function for a trigger.
    pub(super) fn has_trigger(&mut self, pool_id: &str, trigger: &str) -> bool {
        self.function(pool_id, trigger).is_some()
    }

    fn function(&mut self, pool_id: &str, trigger: &str) -> Option<String> {
        if !self.functions.enabled {
            return None;
        }
        self.pool_by_id(pool_id).ok()?.function(trigger).map(str::to_owned)
    }

    /// Returns what a pool's function answers an event; `None` where the pool has none for the
    /// trigger.
    ///
    /// # Errors
    /// The answer is not known yet, or there is none that counts.
    pub(super) fn invoke(
        &mut self,
        trigger: &'static str,
        event: Event<'_>,
    ) -> Result<Option<Reply>, Fault> {
        let Some(function) = self.function(event.pool_id, trigger) else { return Ok(None) };
        let ongoing = &mut self.functions;
        // Answers of functions that an earlier attempt needed and this one does not are passed over.
        let mut left = ongoing.answers.iter().enumerate().skip(ongoing.used);
        let found = left.find(|(_, known)| known.trigger == trigger && known.function == function);
        let exhausted = ongoing.answers.len() >= MOST_INVOCATIONS;
        let answer = match found {
            Some((index, known)) => {
                ongoing.used = index + 1;
                Some(&known.answer)
            }
            None => exhausted.then_some(&FunctionAnswer::TimedOut),
        };
        let Some(answer) = answer else {
            let event = event.value(ongoing.client.as_deref(), ongoing.metadata_for(trigger));
            ongoing.pending = Some(Box::new(Invocation { function, trigger, event }));
            return Err(Fault::Pending);
        };
        let reply = Reply::read(trigger, answer);
        ongoing.failed |= reply.is_err();
        reply.map(Some)
    }

    /// Tells a pool's function something and waits for no answer. Returns whether the pool has
    /// one for the trigger.
    pub(super) fn notify(&mut self, trigger: &'static str, event: Event<'_>) -> bool {
        let Some(function) = self.function(event.pool_id, trigger) else { return false };
        let ongoing = &mut self.functions;
        let event = event.value(ongoing.client.as_deref(), ongoing.metadata_for(trigger));
        ongoing.events.push(Invocation { function, trigger, event });
        true
    }

    /// Marks a refusal as a function's doing: what the call has changed so far is undone.
    fn refuse(&mut self, fault: Fault) -> Fault {
        self.functions.failed = true;
        fault
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn debug_output_shows_neither_events_nor_answers() {
        let event = json!({"request": {"password": "hidden"}});
        let answer = FunctionAnswer::Returned(event.clone());
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f".into();
        let invocation = Invocation { function, trigger: "UserMigration", event };
        let shown = format!("{:?}", (invocation, answer, FunctionAnswer::Denied));
        assert!(shown.contains("UserMigration") && !shown.contains("hidden"), "{shown}");
    }
}
