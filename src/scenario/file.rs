//! The scenario file format, exactly as it is written.
//!
//! These types are the format's definition: the published JSON Schema is generated from them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::node::Node;
use crate::outcome::{Evidence, Level};
use crate::target::Capability;

/// One behaviour: a sequence of calls with what is expected of each.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// One line that says what is expected.
    pub title: String,
    /// Why it matters, in a sentence or two.
    pub why: String,
    /// How well the expectations are supported, where no rule says so; a refusal that is only
    /// `inferred` stays so, however well its rule is supported elsewhere.
    pub evidence: Evidence,
    /// Where they come from: repository and path, issue, or document and section.
    pub source: String,
    /// What the case asks about; `behaviour` unless said otherwise.
    #[serde(default = "behaviour")]
    pub level: Level,
    /// What the target must be able to do beyond the API; a lack skips the case.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// Each answer is also compared with what the embedded reference answers to the same step.
    #[serde(default)]
    pub lockstep: bool,
    /// Functions for the triggers of pools: name to answers, one an invocation, the last for all
    /// that follow. An answer is merged over the event, or is `$throw: message`, `$raw: value`,
    /// `$text: text`, `$deny: true`. `${name}`, with `_` for each `-`, is the function's ARN.
    #[serde(default)]
    pub functions: BTreeMap<String, Vec<Node>>,
    /// Set-ups to play first, from `scenarios/setup/`: a name, or a name with members that
    /// overlay the input of its configurable step.
    #[serde(default)]
    pub setup: Vec<Node>,
    /// The calls, in order.
    pub steps: Vec<StepFile>,
}

/// A reusable set-up: calls that must succeed, and the bindings they leave.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpFile {
    /// One line that says what stands afterwards.
    pub title: String,
    /// What the target must be able to do beyond the API.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// What it leaves may serve several cases at once, as long as each stays with its own users
    /// and clients; used on targets where making it is dear.
    #[serde(default)]
    pub shared: bool,
    /// Set-ups it builds on; each is played once.
    #[serde(default)]
    pub setup: Vec<Node>,
    /// The calls, in order.
    pub steps: Vec<StepFile>,
}

/// How an operation is called so that it succeeds on a sound target. Of a variant, what is not
/// said is as in the recipe; `spoiled` apart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecipeFile {
    /// What the target must be able to do, beyond what the set-ups say.
    pub needs: Vec<Capability>,
    /// Set-ups to play first, as in a scenario.
    pub setup: Option<Vec<Node>>,
    /// Steps of its own, before the call.
    pub steps: Option<Vec<StepFile>>,
    /// Who calls.
    #[serde(rename = "as")]
    pub caller: Option<Node>,
    /// Input of the call: the fewest members that make it succeed.
    pub with: Option<Node>,
    /// Inputs that are refused, by name: each overlays `with`, in which the token of `as` stands
    /// as `AccessToken`.
    pub spoiled: BTreeMap<String, Node>,
    /// Other ways that succeed, by name.
    pub variants: BTreeMap<String, RecipeFile>,
}

/// A way to spoil what a call relies on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SituationFile {
    /// What is the matter.
    pub title: String,
    /// What the target must be able to do.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// Bindings that it builds on: it applies where a recipe has made all of them; a built-in one
    /// must have been used.
    #[serde(default)]
    pub uses: Vec<Node>,
    /// Operations it is meant for; all, unless said otherwise.
    #[serde(default)]
    pub only: Vec<Node>,
    /// How often the steps are played; once, unless said otherwise. 20 at most.
    #[serde(default)]
    pub times: Option<usize>,
    /// The calls, in order.
    pub steps: Vec<StepFile>,
}

/// One step. Exactly one of `call`, `raw`, `get`, `mail`, `clock`, `wait`, `let`,
/// `invoked` says what it does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepFile {
    /// Calls an operation: `SignUp`, or `cognito-identity:TagResource`.
    pub call: Option<Node>,
    /// Input of the call.
    pub with: Option<Node>,
    /// Who calls: `signed`, `anonymous`, or an access token that goes into `AccessToken`. What
    /// the operation asks for, unless said otherwise.
    #[serde(rename = "as")]
    pub caller: Option<Node>,
    /// The input breaks the model on purpose: members are not checked when the file is loaded.
    pub unmodelled: bool,
    /// Sends any request: `method`, `path`, `headers` (null leaves one out), `body`, and
    /// `operation`, whose headers and input it starts from.
    pub raw: Option<RawFile>,
    /// Fetches a path of the endpoint.
    pub get: Option<Node>,
    /// Reads the newest code sent to `username` of `pool`; needs `mailbox`.
    pub mail: Option<MailFile>,
    /// Moves the target's clock forward by seconds; needs `clock`.
    pub clock: Option<Node>,
    /// Lets real time pass, in milliseconds; 5000 at most.
    pub wait: Option<u64>,
    /// Computes bindings.
    #[serde(rename = "let")]
    pub bind: Option<Node>,
    /// Compares the events that a function was told.
    pub invoked: Option<InvokedFile>,
    /// What must come back; success, unless said otherwise.
    pub expect: Option<ExpectFile>,
    /// Binding name to JSON pointer into the output (for `get` and `raw`: the JSON body).
    pub save: BTreeMap<String, String>,
    /// Repeats the call until the expectation holds, for this many seconds at most.
    pub eventually: Option<u64>,
    /// Follows the pages of a list; the output then holds the items of all of them.
    pub pages: Option<PagesFile>,
    /// Sends so many identical calls at once, 2 to 16; the expectation is on the first answer.
    pub together: Option<u64>,
    /// Level of this step's promise, where it is another than the scenario's.
    pub level: Option<Level>,
    /// Grade of this step's promise, where it is another than the scenario's.
    pub evidence: Option<Evidence>,
    /// Source of this step's promise, where it is another than the scenario's.
    pub source: Option<String>,
    /// In a set-up: the step whose input a scenario may overlay.
    pub configurable: bool,
}

/// What must come back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectFile {
    /// Success, with an output that matches this pattern.
    pub output: Option<Node>,
    /// A refusal: id of the rule that promises it, or a list of ids of which any will do.
    pub error: Option<Node>,
    /// Values of placeholders in the rule's message.
    #[serde(rename = "where")]
    pub arguments: Option<Node>,
    /// HTTP status of a raw response.
    pub status: Option<Node>,
    /// Headers of a raw response.
    pub headers: Option<Node>,
    /// Body of a raw response.
    pub body: Option<Node>,
    /// Any answer will do: the universal checks judge it.
    pub anything: bool,
}

/// A request as bytes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawFile {
    /// HTTP method; POST unless said otherwise.
    pub method: Option<String>,
    /// Path and query; `/` unless said otherwise.
    pub path: Option<Node>,
    /// Operation whose headers it starts from.
    pub operation: Option<Node>,
    /// Service it goes to, where no operation says so.
    pub service: Option<String>,
    /// Headers to add, replace or (null) leave out.
    pub headers: Option<Node>,
    /// Signs the request as it stands.
    pub signed: bool,
    /// Body: a string as it is, anything else as JSON.
    pub body: Option<Node>,
    /// The body in base64, for bytes that YAML cannot hold.
    pub body_base64: Option<String>,
}

/// Whose code to read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailFile {
    /// User pool id.
    pub pool: Node,
    /// Username.
    pub username: Node,
    /// Binding that takes the code.
    pub save: String,
    /// Binding that takes the text of the message; skipped where the mailbox shows codes only.
    #[serde(default)]
    pub save_body: Option<String>,
    /// Binding that takes its subject line; skipped where the mailbox shows codes only.
    #[serde(default)]
    pub save_subject: Option<String>,
}

/// Events that a function was told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvokedFile {
    /// Name of the function.
    pub function: Node,
    /// A pattern for each event since the case began, in order.
    pub events: Node,
}

/// How to follow pages.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PagesFile {
    /// Page size to ask for; none asked when absent.
    pub limit: Option<u64>,
    /// Most pages to follow; 50 unless said otherwise.
    pub max: Option<u64>,
}

fn behaviour() -> Level {
    Level::Behaviour
}
