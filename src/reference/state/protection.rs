//! What threat protection remembers.

use serde_json::{Map, Value};

use super::{Millis, Secret};

/// The risk configuration of a pool or of one client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskConfiguration {
    /// The three configurations that were set, by member name.
    pub settings: Map<String, Value>,
    /// Time of the last change.
    pub modified: Millis,
}

/// One attempt of a user to sign in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthEvent {
    /// A UUID.
    pub id: String,
    /// Place in the history of the user, counted from one.
    pub number: u64,
    /// `SignIn` and the like.
    pub kind: &'static str,
    /// `Pass`, `Fail` or `InProgress`.
    pub response: &'static str,
    /// Factors that were shown, each with whether it was right.
    pub factors: Vec<(&'static str, bool)>,
    /// Session that goes on with an attempt in progress.
    pub session: Option<Secret>,
    /// Address the attempt came from, where the caller said so.
    pub address: Option<String>,
    /// When it began.
    pub created: Millis,
    /// What a user shows to rate the event without a signature; it stands in notifications.
    pub feedback_token: Secret,
    /// How the event was rated: value, by whom, when.
    pub feedback: Option<(String, &'static str, Millis)>,
}

/// A replica of a pool in another region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replica {
    /// Region.
    pub region: String,
    /// Serves sign-ins.
    pub active: bool,
    /// Tags of its own.
    pub tags: super::Tags,
}
