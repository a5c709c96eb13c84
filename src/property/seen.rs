//! A transcript as properties look at it: each exchange read once.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use crate::catalogue::{Catalogue, Operation, Resource, Service};
use crate::check::throttled;
use crate::pattern::decode_jwt;
use crate::transcript::{Call, Exchange, Expected, Transcript};

/// A transcript, read once for all properties.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The contract.
    pub catalogue: &'a Catalogue,
    /// What happened.
    pub transcript: &'a Transcript,
    /// What was heard in each exchange, at the exchange's own index.
    pub(super) calls: Vec<Heard<'a>>,
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Said<'a> {
    /// It was carried out; the output (`{}` for a zero-length body).
    Answer(Cow<'a, Value>),
    /// It was refused with this code: it changed nothing.
    Refusal(String),
    /// Nothing can be said: lost, declined, throttled, failed half-way, not read yet.
    Nothing,
}

/// One exchange.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) service: Option<&'a Service>,
    /// The operation; `None` of raw requests.
    pub(super) operation: Option<&'a Operation>,
    /// The operation's name; empty of raw requests.
    pub(super) name: &'a str,
    pub(super) input: &'a Value,
    pub(super) said: Said<'a>,
    /// The call can change nothing.
    pub(super) reads: bool,
    /// The answer is one page out of the middle of a list.
    pub(super) fragment: bool,
    /// Id of the pool the call is about; `None` where that cannot be told.
    pub(super) owner: Option<String>,
    /// Name of the user it is about, as the service itself spells it; `None` where unsure.
    pub(super) user: Option<String>,
}

/// Refusals that come after the deed: the user stands, the message or function did not.
const AFTER_THE_DEED: &[&str] = &[
    "CodeDeliveryFailureException",
    "InternalErrorException",
    "InternalFailure",
    "InvalidLambdaResponseException",
    "ServiceUnavailable",
    "UnexpectedLambdaException",
    "UserLambdaValidationException",
];

impl<'a> Seen<'a> {
    /// Reads a transcript.
    pub fn new(catalogue: &'a Catalogue, transcript: &'a Transcript) -> Self {
        let exchanges = &transcript.exchanges;
        let functions = exchanges.iter().any(|e| runs_functions(e.call.input()));
        let mut known = Known::default();
        let mut calls: Vec<Heard<'a>> = Vec::with_capacity(exchanges.len());
        for (index, exchange) in exchanges.iter().enumerate() {
            let mut heard = hear(catalogue, exchange, functions);
            if unsettled(exchange, exchanges.get(index + 1)) && heard.reads {
                heard.said = Said::Nothing;
            }
            heard.owner = known.owner(&heard);
            known.learn(&heard);
            known.grow(&heard);
            calls.push(heard);
        }
        known.age = 0;
        for heard in &mut calls {
            heard.user = known.user(heard);
            known.grow(heard);
        }
        Self { catalogue, transcript, calls }
    }

    /// Returns the calls that were carried out, with their outputs, in order.
    pub(super) fn answers(&self) -> impl Iterator<Item = (usize, &Heard<'a>, &Value)> {
        let calls = self.calls.iter().enumerate();
        calls.filter_map(|(index, heard)| Some((index, heard, heard.answer()?)))
    }

    /// Tells whether nothing of pool `owner` can have changed between two exchanges, both left out.
    pub(super) fn undisturbed(&self, from: usize, to: usize, owner: &str) -> bool {
        !self.between(from, to).any(|heard| heard.may_change() && heard.may_be_of(owner))
            && !self.restless(to, owner)
    }

    /// Tells whether, besides, nobody tried to change anything: a refused call that has left a
    /// trace is the question of `no-trace`.
    pub(super) fn untouched(&self, from: usize, to: usize, owner: &str) -> bool {
        self.undisturbed(from, to, owner)
            && !self.between(from, to).any(|heard| !heard.reads && heard.may_be_of(owner))
    }

    /// Returns the exchanges between two.
    pub(super) fn between(&self, from: usize, to: usize) -> impl Iterator<Item = &Heard<'a>> {
        self.calls.iter().take(to).skip(from + 1)
    }

    /// Tells whether the pool keeps changing by itself: users are being imported.
    pub(super) fn restless(&self, before: usize, owner: &str) -> bool {
        self.calls.iter().take(before).any(|heard| {
            heard.name == "StartUserImportJob" && heard.may_change() && heard.may_be_of(owner)
        })
    }
}

impl<'a> Heard<'a> {
    /// Returns the output, when the call was carried out.
    pub(super) fn answer(&self) -> Option<&Value> {
        match &self.said {
            Said::Answer(output) => Some(output),
            Said::Refusal(_) | Said::Nothing => None,
        }
    }

    /// Returns the error code, when the call was refused.
    pub(super) fn refusal(&self) -> Option<&str> {
        match &self.said {
            Said::Refusal(code) => Some(code),
            Said::Answer(_) | Said::Nothing => None,
        }
    }

    /// Tells whether the call is to be refused, as its step expects or the reference does it: with
    /// which code is the question of those two.
    pub(super) fn is_to_be_refused(&self) -> bool {
        let expected = self.exchange.expect.as_ref().map(|expect| &expect.outcome);
        matches!(expected, Some(Expected::Error { .. }))
            || self.exchange.twin.as_ref().is_some_and(|twin| twin.answer.is_err())
    }

    /// Tells whether something may be otherwise since this call.
    pub(super) fn may_change(&self) -> bool {
        !self.reads && self.refusal().is_none()
    }

    /// Tells whether names of users may be others' since this call.
    pub(super) fn may_rename(&self) -> bool {
        self.may_change() && (self.name.is_empty() || RENAMES.contains(&self.name))
    }

    /// Tells whether the call sets functions: from here on users may come from elsewhere.
    pub(super) fn runs_functions(&self) -> bool {
        runs_functions(self.input)
    }

    /// Tells whether the call may be about this pool.
    pub(super) fn may_be_of(&self, owner: &str) -> bool {
        self.owner.as_deref().is_none_or(|own| own == owner)
    }

    /// Returns a text of the input.
    pub(super) fn text(&self, member: &str) -> Option<&'a str> {
        self.input.get(member)?.as_str()
    }

    /// Returns the kinds of resources that `list` names this operation for.
    pub(super) fn kinds(
        &self,
        list: impl Fn(&Resource) -> &Vec<String> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a Resource)> {
        let name = self.name;
        let resources = self.service.into_iter().flat_map(|service| &service.resources);
        let named = resources.filter(move |(_, resource)| list(resource).iter().any(|n| n == name));
        named.map(|(kind, resource)| (kind.as_str(), resource))
    }

    /// Returns the complete answer of a read that does not move by itself.
    pub(super) fn reading(&self) -> Option<&Value> {
        let steady = self.reads && !self.fragment && self.kinds(|r| &r.moves).next().is_none();
        self.answer().filter(|_| steady)
    }

    /// Tells whether the other call asks the same in the same way.
    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        self.name == other.name
            && !self.name.is_empty()
            && self.exchange.call.service() == other.exchange.call.service()
            && self.signed() == other.signed()
            && self.exchange.pages.is_some() == other.exchange.pages.is_some()
            && self.bare_input() == other.bare_input()
    }

    fn signed(&self) -> bool {
        matches!(self.exchange.call, Call::Api { signed: true, .. })
    }

    /// Returns the input; of a list that was followed to its end without the last page's token.
    fn bare_input(&self) -> std::borrow::Cow<'a, Value> {
        let token = self.operation.and_then(|o| Some(o.pagination.as_ref()?.input_token.as_str()));
        match (token, &self.exchange.pages) {
            (Some(token), Some(_)) if self.input.get(token).is_some() => {
                let mut bare = self.input.clone();
                if let Some(members) = bare.as_object_mut() {
                    members.remove(token);
                }
                std::borrow::Cow::Owned(bare)
            }
            _ => std::borrow::Cow::Borrowed(self.input),
        }
    }

    /// Returns the items of a list that is shown from beginning to end, `None` of any other answer.
    pub(super) fn whole_list(&self) -> Option<&Vec<Value>> {
        let pagination = self.operation?.pagination.as_ref()?;
        let output = self.answer().filter(|_| !self.fragment)?;
        // Who asks for nothing may be given nothing, or all there is.
        let limit = pagination.limit_key.as_ref().and_then(|key| self.input.get(key));
        if limit.and_then(Value::as_f64) == Some(0.0) {
            return None;
        }
        let ended = match &self.exchange.pages {
            Some(pages) => pages.ended,
            None => output.get(&pagination.output_token).is_none_or(Value::is_null),
        };
        output.get(pagination.result_key.as_ref()?)?.as_array().filter(|_| ended)
    }
}

/// Reads one exchange; the pool and the user come later.
fn hear<'a>(catalogue: &'a Catalogue, exchange: &'a Exchange, functions: bool) -> Heard<'a> {
    let (name, input) = (exchange.call.operation(), exchange.call.input());
    let service = catalogue.services.get(exchange.call.service());
    let operation = service.and_then(|service| service.operations.get(name));
    let reads = match &exchange.call {
        Call::Api { .. } => service.is_some_and(|service| service.only_reads(name)),
        Call::Raw { request, .. } => request.method == "GET" && !request.path.starts_with("/?"),
        Call::Events { .. } => true,
    };
    let token = operation.and_then(|o| Some(o.pagination.as_ref()?.input_token.as_str()));
    let fragment = match &exchange.pages {
        Some(pages) => !pages.ended,
        None => [token, Some("NextToken"), Some("PaginationToken")]
            .into_iter()
            .flatten()
            .any(|token| input.get(token).is_some_and(|token| !token.is_null())),
    };
    let said = said(exchange, operation, functions);
    let (owner, user) = (None, None);
    Heard { exchange, service, operation, name, input, said, reads, fragment, owner, user }
}

/// Tells what came of an exchange. Where functions run, one may have changed anything before a
/// call that can run it was refused.
fn said<'a>(exchange: &'a Exchange, operation: Option<&Operation>, functions: bool) -> Said<'a> {
    let Ok(response) = &exchange.reply else { return Said::Nothing };
    if exchange.declined || throttled(exchange) || response.status >= 500 {
        return Said::Nothing;
    }
    if response.is_success() {
        let output = exchange.output().filter(|output| operation.is_some() && output.is_object());
        return output.map_or(Said::Nothing, Said::Answer);
    }
    let code = response.error_code().unwrap_or_default();
    let calls_out = operation.is_some_and(|o| o.errors.contains("UserLambdaValidationException"));
    if AFTER_THE_DEED.contains(&code.as_str()) || (functions && calls_out) {
        return Said::Nothing;
    }
    Said::Refusal(code)
}

/// Tells whether a step was sent again because its answer had not settled.
fn unsettled(exchange: &Exchange, next: Option<&Exchange>) -> bool {
    exchange.expect.is_none()
        && exchange.together.is_none()
        && next.is_some_and(|next| next.place == exchange.place && next.call == exchange.call)
}

fn runs_functions(input: &Value) -> bool {
    let config = input.get("LambdaConfig").and_then(Value::as_object);
    config.is_some_and(|config| !config.is_empty())
}

/// What a transcript tells about who belongs where.
#[derive(Default)]
struct Known {
    /// Clients, sessions and identities, with their pools.
    owners: HashMap<String, String>,
    /// Pool, name of a user in a call, and age, with what the service calls that user; `None`
    /// where it said two things.
    users: HashMap<(String, String, usize), Option<String>>,
    /// How often names may have changed hands so far.
    age: usize,
}

/// The age of a name that is the user's own, for good.
const FOR_GOOD: usize = usize::MAX;

/// Calls that give names to other users: those of deleted ones, and aliases.
const RENAMES: &[&str] = &[
    "AdminDeleteUser",
    "AdminDeleteUserAttributes",
    "AdminUpdateUserAttributes",
    "ConfirmSignUp",
    "DeleteUser",
    "DeleteUserAttributes",
    "UpdateUserAttributes",
    "VerifyUserAttribute",
];

impl Known {
    fn owner(&self, heard: &Heard<'_>) -> Option<String> {
        let own = |text: &str| Some(text.to_owned());
        if let Some(id) = heard.text("UserPoolId").or(heard.text("IdentityPoolId")) {
            return own(id);
        }
        if let Some(arn) = heard.text("ResourceArn") {
            return own(arn.rsplit('/').next()?);
        }
        if let Some(token) = heard.text("AccessToken") {
            let (_, claims) = decode_jwt(token)?;
            return own(claims.get("iss")?.as_str()?.rsplit('/').next()?);
        }
        let listed = heard.input.pointer("/IdentityIdsToDelete/0").and_then(Value::as_str);
        for id in [heard.text("ClientId"), heard.text("Session"), heard.text("IdentityId"), listed]
        {
            if let Some(owner) = id.and_then(|id| self.owners.get(id)) {
                return Some(owner.clone());
            }
        }
        let made = heard.answer()?;
        let id = match heard.name {
            "CreateUserPool" => made.pointer("/UserPool/Id"),
            "CreateIdentityPool" => made.get("IdentityPoolId"),
            "DescribeUserPoolDomain" => made.pointer("/DomainDescription/UserPoolId"),
            _ => None,
        };
        own(id?.as_str()?)
    }

    fn learn(&mut self, heard: &Heard<'_>) {
        let Some((answer, owner)) = heard.answer().zip(heard.owner.as_ref()) else { return };
        for at in ["/UserPoolClient/ClientId", "/Session", "/IdentityId"] {
            if let Some(id) = answer.pointer(at).and_then(Value::as_str) {
                self.owners.insert(id.to_owned(), owner.clone());
            }
        }
        let named = match heard.name {
            "AdminCreateUser" => answer.pointer("/User/Username"),
            "AdminGetUser" => answer.get("Username"),
            _ => None,
        };
        let named = named.and_then(Value::as_str);
        if let Some((asked, named)) = heard.text("Username").zip(named) {
            let age = if asked == named { FOR_GOOD } else { self.age };
            let key = (owner.clone(), asked.to_owned(), age);
            let known = self.users.entry(key).or_insert_with(|| Some(named.to_owned()));
            if known.as_deref() != Some(named) {
                *known = None;
            }
        }
    }

    fn user(&self, heard: &Heard<'_>) -> Option<String> {
        if let Some(token) = heard.text("AccessToken") {
            let (_, claims) = decode_jwt(token)?;
            return claims.get("username")?.as_str().map(str::to_owned);
        }
        let mut key = (heard.owner.clone()?, heard.text("Username")?.to_owned(), self.age);
        let now = self.users.get(&key).cloned();
        key.2 = FOR_GOOD;
        match (now, self.users.get(&key).cloned()) {
            // Who signs up is called by a name of the user's own or by the sub.
            (Some(now), None) if heard.name == "SignUp" => {
                let sub = heard.answer()?.get("UserSub")?.as_str();
                now.filter(|now| sub == Some(now))
            }
            (Some(now), None) => now,
            (None, own) => own?,
            // What is one user's name has been another's.
            (Some(_), Some(_)) => None,
        }
    }

    /// Goes past a call: names may be others' afterwards.
    fn grow(&mut self, heard: &Heard<'_>) {
        if heard.may_rename() {
            self.age += 1;
        }
    }
}
