//! What the harness can be pointed at: an endpoint with its capabilities, and how to reach it.
//!
//! Requests leave through a [`Transport`]; everything asynchronous about a target stays here.

pub mod fingerprint;
pub mod functions;
mod group;
pub mod http;
pub mod local;
pub mod log;
mod loopback;
pub mod mailbox;
pub mod open;
pub mod process;
pub mod profile;
#[cfg(feature = "aws")]
pub mod sdk;
#[cfg(feature = "aws")]
mod sdk_operations;
pub mod sign;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

pub use mailbox::Mail;

use crate::transcript::{Call, SdkVerdict};
use crate::wire::{Request, Response, TransportError};

/// A future that can cross threads.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What came of one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The request as it went out.
    pub request: Request,
    /// The response, or why there is none.
    pub reply: Result<Response, TransportError>,
    /// What the official SDK made of it, where it was asked.
    pub sdk: Option<SdkVerdict>,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
}

/// Sends requests to one endpoint, each within a limit of time and size.
pub trait Transport: Send + Sync {
    /// Sends one call and returns what came of it; never fails otherwise.
    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply>;
}

/// Something a target may lack. Gates cases: a missing one skips them with its reason.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Confirmation codes can be read.
    Mailbox,
    /// Time can be moved forward.
    Clock,
    /// The identity-pools service is there.
    IdentityPools,
    /// Key sets are served at `/<pool>/.well-known/jwks.json`.
    Jwks,
    /// `GET /?Action=…` is understood.
    QueryProtocol,
    /// Lambda triggers call the harness.
    Lambda,
    /// `/oauth2/…` endpoints are there.
    OauthEndpoints,
    /// The endpoint itself takes the files of user import jobs and imports them.
    UserImport,
}

impl Capability {
    /// Returns the capability's name as files and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Clock => "clock",
            Self::IdentityPools => "identity-pools",
            Self::Jwks => "jwks",
            Self::QueryProtocol => "query-protocol",
            Self::Lambda => "lambda",
            Self::OauthEndpoints => "oauth-endpoints",
            Self::UserImport => "user-import",
        }
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// A target that is up.
pub trait Target: Send + Sync {
    /// Name or URL, for reports.
    fn name(&self) -> &str;
    /// Version its profile states.
    fn version(&self) -> Option<&str>;
    /// What it can do beyond the API itself.
    fn capabilities(&self) -> &BTreeSet<Capability>;
    /// Operations its profile says it lacks.
    fn unsupported(&self) -> &BTreeSet<String>;
    /// Tells whether its profile says that it lacks an operation of a service.
    fn lacks(&self, _service: &str, operation: &str) -> bool {
        self.unsupported().contains(operation)
    }
    /// URL of its endpoint, without a slash at the end.
    fn url(&self) -> &str {
        ""
    }
    /// Most cases to run against it at a time, where its profile sets a bound.
    fn jobs(&self) -> Option<usize> {
        None
    }
    /// Tells whether making a pool is so dear that cases should share some.
    fn dear_pools(&self) -> bool {
        false
    }
    /// Tells whether the target has carried out this operation at least once.
    fn has_answered(&self, _operation: &str) -> bool {
        false
    }
    /// Tells whether the mailbox shows the codes that this operation sends.
    fn shows_codes_of(&self, _operation: &str) -> bool {
        true
    }
    /// Returns the code that stands for every code, where its mailbox knows no other.
    fn fixed_code(&self) -> Option<&str> {
        None
    }
    /// How long a read may lag behind a write, in seconds; no expectation waits longer.
    fn settle_secs(&self) -> u64 {
        u64::MAX
    }
    /// Tells whether a reply says that the target lacks the operation called.
    fn declined(&self, _call: &Call, _reply: &Reply) -> bool {
        false
    }
    /// Returns where the functions run that the target's triggers call.
    fn functions(&self) -> Option<&functions::FunctionHost> {
        None
    }
    /// Tells whether the functions of this trigger, as `LambdaConfig` spells it, are called.
    fn runs_trigger(&self, _trigger: &str) -> bool {
        true
    }
    /// Sends one call.
    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply>;
    /// Returns the newest message with a code that was sent to a user; `None` when none has come.
    ///
    /// # Errors
    /// The mailbox cannot be read: words for the verdict.
    fn read_mail<'a>(
        &'a self,
        pool: &'a str,
        username: &'a str,
    ) -> Boxed<'a, Result<Option<Mail>, String>>;
    /// Returns the newest code sent to a user; `None` when none has come.
    ///
    /// # Errors
    /// As [`Target::read_mail`].
    fn read_code<'a>(
        &'a self,
        pool: &'a str,
        username: &'a str,
    ) -> Boxed<'a, Result<Option<String>, String>> {
        Box::pin(async move { Ok(self.read_mail(pool, username).await?.map(|mail| mail.code)) })
    }
    /// Moves the target's clock forward.
    ///
    /// # Errors
    /// The clock cannot be moved: words for the verdict.
    fn advance_clock<'a>(&'a self, seconds: u64) -> Boxed<'a, Result<(), String>>;
}
