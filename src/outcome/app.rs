//! What a run says about the calls that one application makes.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Level, Tally};

/// The calls of an application, and what of each was seen on the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppView {
    /// The file that they were read from.
    pub trace: String,
    /// What it calls, most often called first.
    pub calls: Vec<AppCall>,
    /// Which call follows which, most frequent first.
    pub flows: Vec<AppFlow>,
    /// What of the file could not be read, each with its place; never what stands there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// One thing that the application calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppCall {
    /// Service id.
    pub service: String,
    /// Operation, or method and path of an endpoint that is none: `POST /oauth2/token`.
    pub operation: String,
    /// How often it is called.
    pub times: u64,
    /// Members of its input that are used, as `UserAttributes[].Name`.
    pub members: BTreeSet<String>,
    /// Verdicts, by level, of the cases that call it with these members or fewer.
    pub levels: BTreeMap<Level, Tally>,
    /// What that comes to.
    pub trust: Trust,
    /// Ids of the findings that fail on such calls.
    pub findings: BTreeSet<String>,
    /// How many more findings fail on calls with members that the application does not use.
    pub beyond: usize,
}

/// Two calls in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppFlow {
    /// The operations, in order.
    pub operations: Vec<String>,
    /// How often they follow each other.
    pub times: u64,
    /// What can be said about them in a row.
    pub trust: Trust,
}

/// Whether an application can rely on a call, as far as the run tells. Better ones order first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Every case that calls it so found what is promised.
    Trusted,
    /// No case that calls it so came to a verdict.
    Untested,
    /// The target declines it.
    Unsupported,
    /// Something fails.
    Differs,
}

impl Trust {
    /// Returns its name as reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untested => "untested",
            Self::Unsupported => "unsupported",
            Self::Differs => "differs",
        }
    }
}
