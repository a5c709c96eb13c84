//! The embedded implementation: a pure state machine over the catalogue.
//!
//! Time and randomness come in as arguments, input validation comes from the catalogue, errors
//! from the rulebook. One file per resource area; [`server`] is the thin HTTP shell. The
//! reference cannot contradict itself: a green run against it proves the plumbing only.

mod account;
mod app;
mod attributes;
mod auth;
mod auth_events;
mod auth_factors;
mod branding;
mod challenge;
mod client_secrets;
mod client_settings;
mod client_tokens;
mod clients;
mod codes;
pub(crate) mod constraint;
mod control;
mod delivery;
mod derived_tokens;
mod described;
mod developer_identities;
mod devices;
mod domains;
mod factors;
pub mod fault;
pub mod faults;
mod filter;
mod first_factor;
pub mod functions;
mod groups;
mod identities;
mod identity_credentials;
mod identity_links;
mod identity_logins;
mod identity_pools;
mod identity_providers;
mod identity_roles;
mod identity_tokens;
mod import_csv;
mod import_jobs;
mod import_run;
mod java_pattern;
mod limits;
mod log_delivery;
mod lookup;
mod messages;
mod mfa;
pub mod middleware;
mod oauth;
mod oauth_http;
mod paging;
mod passkeys;
mod policy;
mod pool_mfa;
mod pool_settings;
mod pools;
mod principal_tags;
mod provider_details;
mod provider_links;
mod query;
mod recovery;
mod replicas;
mod resource_servers;
mod respond;
mod risk;
mod schema;
mod second_factor;
pub mod server;
mod session_settings;
mod sessions;
mod shell;
mod siblings;
mod sign_up;
mod signing;
mod simulated;
pub mod state;
mod tags;
mod terms;
#[cfg(test)]
pub(crate) mod tests;
mod tiers;
mod tokens;
pub mod triggers;
mod ui_customization;
mod user_attributes;
mod user_list;
mod user_sessions;
mod users;
mod validate;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Map, Value};

use crate::catalogue::{Auth, Catalogue, Operation};
pub use fault::{ErrorBody, Fault};
pub use state::{Millis, State};
pub use triggers::{Answered, Attempted, FunctionAnswer, Invocation};
pub(crate) use validate::fits;

/// Region in the ids and tokens of the reference.
pub const REGION: &str = "us-east-1";

/// Account in the ARNs of the reference.
pub const ACCOUNT: &str = "123456789012";

/// A call of one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Call<'a> {
    /// Service id.
    pub service: &'a str,
    /// Operation name.
    pub operation: &'a str,
    /// Input, any JSON.
    pub input: &'a Value,
    /// Whether the request carries a signature.
    pub signed: bool,
}

/// What an operation answers: its output structure, or `None` for a zero-length body.
pub type Answer = Result<Option<Value>, Fault>;

/// An operation's implementation.
pub(crate) type Handler = fn(&mut Context<'_>, &Input) -> Answer;

/// The reference: catalogue, state and source of randomness. Same seed and calls, same bytes.
#[derive(Clone, Debug)]
pub struct Reference {
    catalogue: Arc<Catalogue>,
    /// Everything it remembers.
    pub state: State,
    rng: ChaCha8Rng,
    base_url: String,
    signs: signing::Manner,
}

/// What a handler may touch.
pub(crate) struct Context<'a> {
    /// The state, all of it.
    pub(crate) state: &'a mut State,
    /// The time of the call.
    pub(crate) now: Millis,
    /// URL the reference is reached at, without a slash at the end: for addresses in answers.
    pub(crate) base_url: &'a str,
    rng: &'a mut ChaCha8Rng,
    /// The pool's functions, as far as the call has got with them.
    functions: triggers::Ongoing<'a>,
    /// Who is to believe what is signed.
    signs: signing::Manner,
}

impl Reference {
    /// Returns an empty reference whose ids, codes and tokens follow from `seed`.
    pub fn new(catalogue: Arc<Catalogue>, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let base_url = format!("https://cognito-idp.{REGION}.amazonaws.com");
        let signs = signing::Manner::default();
        Self { catalogue, state: State::default(), rng, base_url, signs }
    }

    /// Leaves the published keys alone: tokens are signed so that references in this process
    /// believe them, and nobody else. For one that is never served; signing is the dearest part
    /// of a sign-in.
    #[must_use]
    pub(crate) fn for_itself(mut self) -> Self {
        self.signs = signing::Manner::WithinProcess;
        self
    }

    /// Says at which URL it is reached: import jobs answer with an address below it.
    #[must_use]
    pub fn served_at(mut self, base_url: &str) -> Self {
        base_url.trim_end_matches('/').clone_into(&mut self.base_url);
        self
    }

    /// Returns the contract it implements.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Forgets everything and starts over from `seed`.
    pub fn reset(&mut self, seed: u64) {
        let signs = self.signs;
        *self = Self { signs, ..Self::new(self.catalogue.clone(), seed).served_at(&self.base_url) };
    }

    /// Carries out one call at time `now`.
    ///
    /// A refused call changes nothing but what counts refusals: attempts, lock-outs, used
    /// challenges, the history of sign-ins. Functions cannot be reached: see
    /// [`Reference::attempt`].
    pub fn call(&mut self, call: &Call<'_>, now: Millis) -> Answer {
        let mut answers = Vec::new();
        loop {
            match self.attempt(call, now, &answers) {
                Attempted::Done(answer, _) => return answer,
                Attempted::Needs(invocation) => {
                    answers.push(invocation.answered(FunctionAnswer::Unreachable));
                }
            }
        }
    }

    /// Carries out one call at time `now`, as far as the answers of functions are known.
    ///
    /// A call that needs one more answer changes nothing, and says whose: it is to be attempted
    /// again with the same time, the same answers, and that one. More than [`MOST_INVOCATIONS`]
    /// are not asked for.
    ///
    /// [`MOST_INVOCATIONS`]: triggers::MOST_INVOCATIONS
    pub fn attempt(&mut self, call: &Call<'_>, now: Millis, answers: &[Answered]) -> Attempted {
        let catalogue = self.catalogue.clone();
        let accepted = match accept(&catalogue, call) {
            Ok(accepted) => accepted,
            Err(fault) => return Attempted::Done(Err(fault), Vec::new()),
        };
        match self.carry_out(&accepted, now, answers) {
            Attempted::Done(answer, events) => {
                Attempted::Done(signing::complete(answer, self.signs), events)
            }
            needs => needs,
        }
    }

    /// Returns what a handler may touch, outside of any call that runs functions.
    fn context(&mut self, now: Millis) -> Context<'_> {
        let functions = triggers::Ongoing::default();
        let Self { state, base_url, rng, signs, .. } = self;
        Context { state, now, base_url, rng, functions, signs: *signs }
    }

    /// Attempts an accepted call, up to the signatures of its tokens: [`signing::complete`] adds
    /// them.
    fn carry_out(
        &mut self,
        accepted: &Accepted<'_>,
        now: Millis,
        answers: &[Answered],
    ) -> Attempted {
        let Accepted { operation, handler, input } = accepted;
        // Only where a function can be needed is there anything to undo, and to pay for.
        let undoable = runs_functions(operation) && self.state.has_triggers();
        let before = undoable.then(|| (self.state.clone(), self.rng.clone()));
        let functions = triggers::Ongoing::new(&operation.name, input, answers, undoable);
        let mut context = Context { functions, ..self.context(now) };
        let answer = handler(&mut context, input);
        let (undone, pending, events) = context.functions.end();
        if let Some((state, rng)) = before.filter(|_| undone) {
            (self.state, self.rng) = (state, rng);
        }
        match pending {
            Some(invocation) => Attempted::Needs(invocation),
            None => {
                let spoken =
                    |fault| siblings::speaking(&self.catalogue.rules, &operation.name, fault);
                let answer = answer.map_err(spoken);
                Attempted::Done(answer, if undone { Vec::new() } else { events })
            }
        }
    }
}

/// A call whose input is sound, and what carries it out.
struct Accepted<'a> {
    operation: &'a Operation,
    handler: Handler,
    input: Input,
}

/// Writes what an operation that only reads answers, as JSON text; `None` leaves it to the handler.
type TextReader = fn(&State, &Input) -> Option<Vec<u8>>;

impl Accepted<'_> {
    /// Returns the quick way to the answer's text, where there is one beside the handler.
    fn text_reader(&self) -> Option<TextReader> {
        match self.operation.name.as_str() {
            "AdminGetUser" => Some(users::text),
            "DescribeUserPool" => Some(described::user_pool),
            _ => None,
        }
    }
}

/// Accepts a call: the operation exists, the caller may call it, the input keeps its constraints.
fn accept<'a>(catalogue: &'a Catalogue, call: &Call<'_>) -> Result<Accepted<'a>, Fault> {
    let found = catalogue.services.get(call.service);
    let found = found.and_then(|s| Some((s, s.operations.get(call.operation)?)));
    let (service, operation) = found.ok_or_else(|| Fault::rule("unknown-operation"))?;
    if operation.auth == Auth::Sigv4 && !call.signed {
        return Err(Fault::rule("missing-signature"));
    }
    let input = Input::accept(service, operation, call.input)?;
    let handler = handler(call.service, call.operation).ok_or_else(|| {
        Fault::rule("operation-not-implemented").with("operation", call.operation)
    })?;
    Ok(Accepted { operation, handler, input })
}

/// Tells whether an operation may run a pool's functions: it declares how they fail.
fn runs_functions(operation: &Operation) -> bool {
    operation.errors.iter().any(|code| code == "UnexpectedLambdaException")
}

/// The operations of one area, by name.
type Operations = &'static [(&'static str, Handler)];

/// User pool operations, one list per area.
const USER_POOLS: &[Operations] = &[
    account::OPERATIONS,
    auth::OPERATIONS,
    auth_factors::OPERATIONS,
    client_secrets::OPERATIONS,
    client_tokens::OPERATIONS,
    auth_events::OPERATIONS,
    branding::OPERATIONS,
    clients::OPERATIONS,
    derived_tokens::OPERATIONS,
    devices::OPERATIONS,
    domains::OPERATIONS,
    groups::OPERATIONS,
    identity_providers::OPERATIONS,
    import_jobs::OPERATIONS,
    limits::OPERATIONS,
    log_delivery::OPERATIONS,
    mfa::OPERATIONS,
    passkeys::OPERATIONS,
    pool_mfa::OPERATIONS,
    pools::OPERATIONS,
    provider_links::OPERATIONS,
    recovery::OPERATIONS,
    replicas::OPERATIONS,
    resource_servers::OPERATIONS,
    respond::OPERATIONS,
    session_settings::OPERATIONS,
    risk::OPERATIONS,
    sessions::OPERATIONS,
    sign_up::OPERATIONS,
    tags::OPERATIONS,
    terms::OPERATIONS,
    ui_customization::OPERATIONS,
    user_attributes::OPERATIONS,
    user_list::OPERATIONS,
    user_sessions::OPERATIONS,
    users::OPERATIONS,
];

/// Identity pool operations, one list per area.
const IDENTITY_POOLS: &[Operations] = &[
    developer_identities::OPERATIONS,
    identities::OPERATIONS,
    identity_credentials::OPERATIONS,
    identity_pools::OPERATIONS,
    identity_roles::OPERATIONS,
    principal_tags::OPERATIONS,
];

/// Tells whether the reference carries out an operation.
pub fn implements(service: &str, operation: &str) -> bool {
    handler(service, operation).is_some()
}

/// Returns the implementation of an operation.
fn handler(service: &str, operation: &str) -> Option<Handler> {
    type Index = HashMap<(&'static str, &'static str), Handler>;
    static INDEX: OnceLock<Index> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let services = [("cognito-idp", USER_POOLS), ("cognito-identity", IDENTITY_POOLS)];
        let areas = services.into_iter().flat_map(|(s, areas)| areas.iter().map(move |a| (s, a)));
        areas
            .flat_map(|(s, area)| area.iter().map(move |(name, call)| ((s, *name), *call)))
            .collect()
    });
    index.get(&(service, operation)).copied()
}

/// Returns a point in time as the protocol writes it: epoch seconds, to the millisecond.
pub(crate) fn timestamp(time: Millis) -> Value {
    if time.is_multiple_of(1000) {
        Value::from(time / 1000)
    } else {
        Value::from(time as f64 / 1000.0)
    }
}

impl Context<'_> {
    /// Fills `bytes` from the reference's source of randomness.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.rng.fill_bytes(bytes);
    }

    /// Returns `count` characters drawn from `alphabet`.
    pub(crate) fn draw(&mut self, count: usize, alphabet: &[u8]) -> String {
        let mut one = || alphabet[self.rng.next_u32() as usize % alphabet.len()] as char;
        (0..count).map(|_| one()).collect()
    }

    /// Returns a random (version 4) UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// A validated input structure: every member has its modelled type and keeps its constraints.
#[derive(Clone, Debug, PartialEq)]
pub struct Input(Map<String, Value>);

impl Input {
    /// Returns every member.
    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Returns a member as it came.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns a string member; the empty string when it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.opt_text(name).unwrap_or_default()
    }

    /// Returns a string member, if present.
    pub(crate) fn opt_text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Returns a boolean member; `false` when it is absent.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Returns a whole-number member, if present.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// Returns the strings of a list member; none when it is absent.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns the text at `key` of a map member, if present.
    pub(crate) fn entry(&self, name: &str, key: &str) -> Option<&str> {
        self.get(name)?.get(key)?.as_str()
    }

    /// Returns the `Name`/`Value` pairs of an attribute list member, in order.
    pub(crate) fn attributes(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let list = self.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|pair| {
            let value = pair.get("Value").and_then(Value::as_str).unwrap_or_default();
            Some((pair.get("Name")?.as_str()?, value))
        })
    }
}
