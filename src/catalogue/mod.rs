//! The catalogue: what the API promises, as data.
//!
//! Loads `specs/` (embedded in the binary, or a folder) into typed form: operations, shapes,
//! error codes, resources, corrections and the rulebook. Knows no target and no test.

mod corrections;
mod holds;
pub mod import;
pub mod links;
mod load;
mod outputs;
mod resources;
pub mod rulebook;
pub mod schema;
mod unreached;
pub mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

pub use holds::Holds;
pub use load::{LoadError, Source};
pub use outputs::{OutputIndex, Outputs};
pub use rulebook::{Matching, Rule, Rulebook};
pub use schema::{Kind, Schema, Volatile};
pub use unreached::{Reason, Unreached};
pub use view::{Diff, Stats, diff, show, stats};

use crate::outcome::Evidence;

/// Everything the API promises, of all services.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Services by id (`cognito-idp`, `cognito-identity`).
    pub services: BTreeMap<String, Service>,
    /// Every rule.
    pub rules: Rulebook,
}

/// One service: its operations, shapes, errors and resources.
#[derive(Clone, Debug)]
pub struct Service {
    /// What `service.json` says.
    pub info: ServiceInfo,
    /// Operations by name.
    pub operations: BTreeMap<String, Operation>,
    /// Named shapes, corrections applied.
    pub shapes: BTreeMap<String, Schema>,
    /// Error codes, declared or common to all operations.
    pub errors: BTreeMap<String, ErrorCode>,
    /// What creates, reads and deletes each kind of resource.
    pub resources: BTreeMap<String, Resource>,
    /// Where the service is known to differ from its model.
    pub corrections: Vec<Correction>,
    /// Why declared errors stay unreached.
    pub unreached: Vec<Unreached>,
    /// Members of answers whose values are promised.
    pub outputs: OutputIndex,
    /// Tells this service, as it was loaded, from all others in the process.
    pub serial: Serial,
    /// Which shapes can hold ids and times.
    pub holds: Holds,
}

/// A number that no other loaded service of this process has; a clone, which may be altered, gets
/// one of its own. What is derived from shapes at some cost is remembered by it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Serial(u64);

impl Serial {
    /// Returns the number.
    pub fn get(&self) -> u64 {
        self.0
    }
}

impl Default for Serial {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Clone for Serial {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Contents of `specs/<service>/service.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceInfo {
    /// Service id, also its folder: `cognito-idp`.
    pub id: String,
    /// API version, a date.
    pub api_version: String,
    /// What stands before the dot in `x-amz-target`.
    pub target_prefix: String,
    /// Service name in a SigV4 scope.
    pub signing_name: String,
    /// Wire protocol: `awsJson1_1`.
    pub protocol: String,
    /// Which model the import read.
    pub model_revision: String,
    /// SHA-256 of each operation's file, by operation.
    pub checksums: BTreeMap<String, String>,
}

/// Contents of `specs/<service>/operations/<Op>.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Name as the API spells it.
    pub name: String,
    /// Who may call it.
    pub auth: Auth,
    /// The input structure.
    pub input: Schema,
    /// The output structure; `None` where the operation answers with a zero-length body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Schema>,
    /// Error codes the operation declares.
    #[serde(default)]
    pub errors: BTreeSet<String>,
    /// How its list is paged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pagination: Option<Pagination>,
    /// The model marks it as free of side effects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub readonly: bool,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Signed with AWS credentials.
    Sigv4,
    /// Anybody: unsigned.
    None,
}

/// How the pages of a list follow one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pagination {
    /// Input member that takes the token.
    pub input_token: String,
    /// Output member that gives it.
    pub output_token: String,
    /// Input member that limits a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_key: Option<String>,
    /// Output member that holds the items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_key: Option<String>,
}

/// An entry of `specs/<service>/errors.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorCode {
    /// Whose fault it is.
    pub fault: Fault,
    /// HTTP status.
    pub status: u16,
    /// Any operation may raise it without declaring it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub common: bool,
    /// How well the status is supported.
    pub evidence: Evidence,
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The caller's.
    Client,
    /// The service's.
    Server,
}

/// One kind of resource: an entry of `specs/<service>/resources.yaml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Kind of resource it lives in and dies with.
    #[serde(default)]
    pub within: Option<String>,
    /// Operations that create one, each with where its handle stands.
    #[serde(default)]
    pub create: Vec<Creator>,
    /// Operations that read one.
    #[serde(default)]
    pub read: Vec<String>,
    /// Operations that list them.
    #[serde(default)]
    pub list: Vec<String>,
    /// Operations that change one.
    #[serde(default)]
    pub change: Vec<String>,
    /// Operations that delete one; the first is what teardown calls.
    #[serde(default)]
    pub delete: Vec<String>,
    /// Calls teardown makes before the delete; their refusal is ignored.
    #[serde(default)]
    pub before_delete: Vec<BeforeDelete>,
    /// Shapes that carry its handle.
    #[serde(default)]
    pub handles: BTreeSet<String>,
    /// Of the reads and lists, those whose answers change by themselves: with time, or when work
    /// in the background is done.
    #[serde(default)]
    pub moves: Vec<String>,
    /// Of the changes, those that succeed again when repeated, and change nothing more.
    #[serde(default)]
    pub idempotent: Vec<String>,
}

/// How a resource comes to be, and how its handle is found.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creator {
    /// The operation.
    pub operation: String,
    /// Input member of the delete operation -> where its value stands: `input:/Pointer` or
    /// `output:/Pointer` of the create call.
    pub handle: BTreeMap<String, String>,
}

/// A call that clears the way for a delete.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeforeDelete {
    /// The operation; the handle's members are added to its input.
    pub operation: String,
    /// Further input members.
    #[serde(default)]
    pub with: serde_json::Map<String, serde_json::Value>,
    /// Only where the creating call's input has, at this pointer, this value.
    #[serde(default)]
    pub only_if: BTreeMap<String, serde_json::Value>,
}

/// Where the service is known to differ from its model: an entry of `corrections.yaml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// `shapes/<Name>` or `operations/<Op>/input` (or `/output`), then members: `…/properties/X`;
    /// `operations/<Op>` for the operation itself, its errors too; `errors/<Code>`, or `errors/*`
    /// for every client fault.
    pub at: String,
    /// Schema keywords (or members of the operation or error code) to overwrite; `null` removes one.
    #[serde(default)]
    pub set: serde_json::Map<String, serde_json::Value>,
    /// Name the service's messages give the member, where it is not the lower-camel one.
    #[serde(default)]
    pub wire_name: Option<String>,
    /// The value is echoed in validation messages although the shape is sensitive.
    #[serde(default)]
    pub echoed: bool,
    /// Error codes that an operation raises though it does not declare them.
    #[serde(default)]
    pub errors: BTreeSet<String>,
    /// How well the difference is supported.
    pub evidence: Evidence,
    /// Where it comes from.
    pub source: String,
    /// Limits, contradictions, what to make of it.
    #[serde(default)]
    pub note: Option<String>,
}

impl Catalogue {
    /// Returns the service and operation called `name`, whichever service has it.
    ///
    /// A name that two services share (`TagResource`) is the user pools' unless written
    /// `cognito-identity:TagResource`.
    pub fn operation(&self, name: &str) -> Option<(&Service, &Operation)> {
        if let Some((service, name)) = name.split_once(':') {
            let service = self.services.get(service)?;
            return Some((service, service.operations.get(name)?));
        }
        let idp_first = self.services.values().rev();
        idp_first.into_iter().find_map(|s| Some((s, s.operations.get(name)?)))
    }

    /// Returns every operation with its service, services then names sorted.
    pub fn operations(&self) -> impl Iterator<Item = (&Service, &Operation)> {
        self.services.values().flat_map(|s| s.operations.values().map(move |op| (s, op)))
    }

    /// Returns an error text for an operation name that does not exist, with the near match.
    pub fn unknown_operation(&self, name: &str) -> String {
        crate::near::unknown("operation", name, self.operations().map(|(_, op)| op.name.as_str()))
    }
}

/// How the names of operations begin that read.
const READS: [&str; 6] = ["Describe", "Get", "List", "Lookup", "AdminGet", "AdminList"];

/// Operations that are named or listed as reads, and that write: they make identities, tokens,
/// codes, challenges.
const WRITES_AFTER_ALL: [&str; 9] = [
    "GetClientToken",
    "GetCredentialsForIdentity",
    "GetDerivedToken",
    "GetId",
    "GetOpenIdToken",
    "GetOpenIdTokenForDeveloperIdentity",
    "GetTokensFromRefreshToken",
    "GetUserAttributeVerificationCode",
    "StartWebAuthnRegistration",
];

impl Service {
    /// Tells whether an operation can change nothing, as its name and `resources.yaml` say.
    pub fn only_reads(&self, operation: &str) -> bool {
        let named = || READS.iter().any(|start| operation.starts_with(start));
        let listed = || {
            let mut all = self.resources.values().flat_map(|r| r.read.iter().chain(&r.list));
            all.any(|read| read == operation)
        };
        !WRITES_AFTER_ALL.contains(&operation) && (named() || listed())
    }

    /// Follows a schema's reference to the named shape; other schemas are returned as they are.
    pub fn resolve<'a>(&'a self, schema: &'a Schema) -> &'a Schema {
        schema.target().and_then(|name| self.shapes.get(name)).unwrap_or(schema)
    }

    /// Returns the name the service's validation messages give `member` of the schema at `owner`.
    ///
    /// Lower camel case, unless a correction says otherwise.
    pub fn wire_name(&self, owner: &str, member: &str) -> String {
        let at = format!("{owner}/properties/{member}");
        let corrected =
            self.corrections.iter().find(|c| c.at == at).and_then(|c| c.wire_name.clone());
        corrected.unwrap_or_else(|| lower_camel(member))
    }

    /// Tells whether validation messages may echo a value of the named shape.
    ///
    /// Sensitive shapes are not echoed, save those a correction marks.
    pub fn echoes(&self, shape: &str) -> bool {
        let at = format!("shapes/{shape}");
        let sensitive = self.shapes.get(shape).is_some_and(|schema| schema.sensitive);
        !sensitive || self.corrections.iter().any(|c| c.at == at && c.echoed)
    }
}

/// Returns `UserPoolId` as `userPoolId`, `CSS` as `cSS`: only the first letter changes.
pub fn lower_camel(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
