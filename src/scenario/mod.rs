//! Scenarios: readable request sequences with expectations, one behaviour a file.
//!
//! [`mod@file`] is the format as written, [`parse`] reads it and refuses what cannot be meant,
//! [`bind`] fills in `${…}`. Nothing here sends a request or judges an answer.

pub mod bind;
mod check;
mod error;
pub mod file;
mod functions;
mod load;
mod names;
pub mod node;
pub mod parse;
pub mod recipes;
pub mod reply;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};

pub use load::{Files, Source, load};
pub use parse::ParseError;

use crate::outcome::{Evidence, Level};
use crate::target::Capability;
use node::{At, Node};

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `cognito-idp::sign-up::wrong-code-is-refused`.
    pub id: String,
    /// Path of its file below the scenarios' root.
    pub path: String,
    /// One line that says what is expected.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// How well its expectations are supported, where no rule says so.
    pub evidence: Evidence,
    /// Where they come from.
    pub source: String,
    /// What it asks about.
    pub level: Level,
    /// What the target must be able to do, its set-ups' needs included.
    pub needs: BTreeSet<Capability>,
    /// Each answer is also compared with what the embedded reference answers to the same step.
    pub lockstep: bool,
    /// How many of its first steps only set the stage: where one of them fails, nothing else is
    /// worth playing.
    pub stage: usize,
    /// Functions for the triggers of its pools, defined before anything is played.
    pub functions: Vec<Function>,
    /// Set-ups in the order they are played, each once.
    pub setup: Vec<(SetUp, Node)>,
    /// Its own steps.
    pub steps: Vec<Step>,
    /// Operations its own steps call, each once, in order of appearance.
    pub operations: Vec<String>,
    /// Rules its own steps expect.
    pub rules: BTreeSet<String>,
}

/// A reusable set-up.
#[derive(Clone, Debug)]
pub struct SetUp {
    /// Name of its file.
    pub name: String,
    /// What stands afterwards.
    pub title: String,
    /// What the target must be able to do.
    pub needs: BTreeSet<Capability>,
    /// What it leaves may serve several cases at once.
    pub shared: bool,
    /// Set-ups it builds on.
    pub setup: Vec<(String, Node)>,
    /// Its steps.
    pub steps: Vec<Step>,
}

impl SetUp {
    /// Returns the index of the step whose input may be overlaid: the one that says so, else the
    /// last call.
    pub(crate) fn configurable(&self) -> Option<usize> {
        let is_call = |step: &Step| matches!(step.action, Action::Call { .. });
        let marked = self.steps.iter().position(|step| step.configurable);
        marked.or_else(|| self.steps.iter().rposition(is_call))
    }
}

/// A function that the triggers of a case's pools can call.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name within the case.
    pub name: String,
    /// What it answers, one an invocation, the last for all that follow; bindings not filled in.
    pub answers: Vec<Node>,
}

impl Function {
    /// Returns the binding that takes its ARN.
    pub fn binding(&self) -> String {
        self.name.replace('-', "_")
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Where it stands.
    pub at: At,
    /// What it does.
    pub action: Action,
    /// What must come back.
    pub expect: Expect,
    /// Binding name and JSON pointer into the output.
    pub save: BTreeMap<String, String>,
    /// Repeat until the expectation holds, for this many seconds.
    pub eventually: Option<u64>,
    /// Level of the promise, where it is another than the scenario's.
    pub level: Option<Level>,
    /// Grade of the promise, where it is another than the scenario's.
    pub evidence: Option<Evidence>,
    /// Source of the promise, where it is another than the scenario's.
    pub source: Option<String>,
    /// A scenario may overlay its input.
    pub configurable: bool,
    /// At most one thing is wrong with the call, so only one refusal can be meant.
    pub one_fault: bool,
    /// The call comes in a state, or with a value, of which nobody says that it works.
    pub odd: bool,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Calls an operation.
    Call {
        /// Service id.
        service: String,
        /// Operation name.
        operation: String,
        /// Input, bindings not filled in.
        with: Node,
        /// Who calls.
        caller: Caller,
        /// Page size and most pages, when it follows pages.
        pages: Option<(Option<u64>, u64)>,
        /// How many identical calls are sent at once.
        together: Option<u64>,
    },
    /// Sends any request.
    Raw {
        /// Service id.
        service: String,
        /// Operation whose headers it starts from.
        operation: Option<String>,
        /// HTTP method.
        method: String,
        /// Path and query, bindings not filled in.
        path: Node,
        /// Headers to add, replace or leave out.
        headers: Node,
        /// Body.
        body: RawBody,
        /// It is signed as it stands.
        signed: bool,
    },
    /// Reads a code.
    Mail {
        /// User pool id.
        pool: Node,
        /// Username.
        username: Node,
        /// Binding that takes the code.
        save: String,
        /// Binding that takes the text of the message.
        save_body: Option<String>,
        /// Binding that takes its subject line.
        save_subject: Option<String>,
    },
    /// Moves the target's clock, in seconds.
    Clock(Node),
    /// Lets real time pass, in milliseconds.
    Wait(u64),
    /// Compares the events that a function was told; the expectation is on their list.
    Invoked {
        /// Its name within the case.
        function: String,
    },
    /// Computes bindings.
    Let(Vec<(String, Node)>),
}

/// The body of a raw request.
#[derive(Clone, Debug)]
pub enum RawBody {
    /// A string as it is, anything else as JSON; bindings not filled in.
    Value(Node),
    /// These bytes.
    Bytes(Vec<u8>),
}

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// What the operation asks for.
    Default,
    /// With a signature.
    Signed,
    /// Without one.
    Anonymous,
    /// Without one, this access token in the input.
    Holder(Node),
}

/// What must come back.
#[derive(Clone, Debug)]
pub enum Expect {
    /// Success; the output matches.
    Output(Node),
    /// A refusal by any of these rules, with these placeholder values.
    Error(Vec<String>, Node),
    /// A raw response.
    Raw {
        /// HTTP status.
        status: Option<Node>,
        /// Headers.
        headers: Node,
        /// Body.
        body: Option<Node>,
    },
    /// Anything.
    Anything,
}

/// Returns the JSON Schema of scenario files, for editors.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(file::ScenarioFile).to_value()
}

/// Returns the JSON Schemas of the files in `recipes/`, for editors: of recipes, of situations.
pub fn recipe_schemas() -> [serde_json::Value; 2] {
    [
        schemars::schema_for!(BTreeMap<String, file::RecipeFile>).to_value(),
        schemars::schema_for!(BTreeMap<String, file::SituationFile>).to_value(),
    ]
}
