//! The embedded implementation: a pure state machine over the catalogue.
//!
//! Time and randomness come in as arguments, input validation comes from the catalogue, errors
//! from the rulebook. One file per resource area; [`server`] is the thin HTTP shell. The
//! reference cannot contradict itself: a green run against it proves the plumbing only.

mod account;
mod app;
mod attributes;
mod auth;
mod challenge;
mod client_settings;
mod clients;
mod codes;
mod constraint;
mod control;
mod delivery;
mod developer_identities;
mod devices;
mod factors;
pub mod fault;
pub mod faults;
mod filter;
mod first_factor;
mod groups;
mod identities;
mod identity_credentials;
mod identity_links;
mod identity_logins;
mod identity_pools;
mod identity_roles;
mod identity_tokens;
mod import_jobs;
mod java_pattern;
mod lookup;
mod mfa;
mod paging;
mod policy;
mod pool_mfa;
mod pool_settings;
mod pools;
mod principal_tags;
mod query;
mod recovery;
mod respond;
mod schema;
mod second_factor;
pub mod server;
mod sessions;
mod shell;
mod sign_up;
mod signing;
mod simulated;
pub mod state;
#[cfg(test)]
mod tests;
mod tokens;
mod user_attributes;
mod user_list;
mod users;
mod validate;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Map, Value};

use crate::catalogue::{Auth, Catalogue};
pub use fault::{ErrorBody, Fault};
pub use state::{Millis, State};

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
}

/// What a handler may touch.
pub(crate) struct Context<'a> {
    /// The state, all of it.
    pub(crate) state: &'a mut State,
    /// The time of the call.
    pub(crate) now: Millis,
    rng: &'a mut ChaCha8Rng,
}

impl Reference {
    /// Returns an empty reference whose ids, codes and tokens follow from `seed`.
    pub fn new(catalogue: Arc<Catalogue>, seed: u64) -> Self {
        Self { catalogue, state: State::default(), rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Returns the contract it implements.
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// Forgets everything and starts over from `seed`.
    pub fn reset(&mut self, seed: u64) {
        *self = Self::new(self.catalogue.clone(), seed);
    }

    /// Carries out one call at time `now`.
    ///
    /// A refused call changes nothing but what counts refusals: attempts, lock-outs, used
    /// challenges.
    pub fn call(&mut self, call: &Call<'_>, now: Millis) -> Answer {
        let mut answer = self.begin(call, now)?;
        answer.as_mut().map(signing::complete);
        Ok(answer)
    }

    /// Carries out one call up to the signatures of its tokens: [`signing::complete`] adds them.
    fn begin(&mut self, call: &Call<'_>, now: Millis) -> Answer {
        let catalogue = self.catalogue.clone();
        let found = catalogue.services.get(call.service);
        let found = found.and_then(|s| Some((s, s.operations.get(call.operation)?)));
        let Some((service, operation)) = found else {
            return Err(Fault::rule("unknown-operation"));
        };
        if operation.auth == Auth::Sigv4 && !call.signed {
            return Err(Fault::rule("missing-signature"));
        }
        let input = Input::accept(service, operation, call.input)?;
        let handler = handler(call.service, call.operation).ok_or_else(|| {
            Fault::rule("operation-not-implemented").with("operation", call.operation)
        })?;
        let mut context = Context { state: &mut self.state, now, rng: &mut self.rng };
        handler(&mut context, &input)
    }
}

/// The operations of one area, by name.
type Operations = &'static [(&'static str, Handler)];

/// User pool operations, one list per area.
const USER_POOLS: &[Operations] = &[
    account::OPERATIONS,
    auth::OPERATIONS,
    clients::OPERATIONS,
    devices::OPERATIONS,
    groups::OPERATIONS,
    import_jobs::OPERATIONS,
    mfa::OPERATIONS,
    pool_mfa::OPERATIONS,
    pools::OPERATIONS,
    recovery::OPERATIONS,
    respond::OPERATIONS,
    sessions::OPERATIONS,
    sign_up::OPERATIONS,
    user_attributes::OPERATIONS,
    user_list::OPERATIONS,
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
