//! The functions that cases define, behind a loopback port that speaks AWS Lambda's Invoke.
//!
//! A function answers what its case says, one answer an invocation, the last for all that follow,
//! and keeps the events it was told, as far as they fit. One that nobody defined may not be
//! invoked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::scenario::reply::FunctionReply;

/// Triggers that a target may call by their names.
const TRIGGERS: [&str; 10] = [
    "CreateAuthChallenge",
    "CustomMessage",
    "DefineAuthChallenge",
    "PostAuthentication",
    "PostConfirmation",
    "PreAuthentication",
    "PreSignUp",
    "PreTokenGeneration",
    "UserMigration",
    "VerifyAuthChallengeResponse",
];

/// Most bytes an event may have: what AWS Lambda takes in a synchronous invocation.
const EVENT_LIMIT: usize = 6 << 20;

/// Most events that are kept of one function, and most bytes of them all.
const MOST_EVENTS: usize = 1000;
const MOST_BYTES: usize = 4 << 20;

/// Account in the ARNs of the functions.
const ACCOUNT: &str = "123456789012";

/// The functions, and which of them the pools name.
#[derive(Debug, Default)]
struct Functions {
    by_name: BTreeMap<String, Function>,
    /// `LambdaConfig` by pool id.
    of_pools: BTreeMap<String, Value>,
}

/// Where functions run; ends when it is dropped.
#[derive(Debug)]
pub struct FunctionHost {
    addr: SocketAddr,
    region: String,
    functions: Arc<Mutex<Functions>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Function {
    replies: Vec<FunctionReply>,
    /// How often it was invoked.
    told: usize,
    /// The events that are kept, as JSON text: values take up many times as much.
    events: Vec<String>,
    /// How many bytes these are.
    bytes: usize,
}

impl FunctionHost {
    /// Listens on a free port of the loopback address, in the current runtime.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(region: &str) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let functions = Arc::<Mutex<Functions>>::default();
        let shared = functions.clone();
        let answer = move |request: axum::extract::Request| {
            let shared = shared.clone();
            async move { respond(&shared, request).await }
        };
        // `axum::serve` returns only when the listener breaks.
        let serve = axum::serve(listener, Router::new().fallback(answer)).into_future();
        let task = tokio::spawn(async move { drop(serve.await) });
        let region = if region.is_empty() { "us-east-1" } else { region };
        Ok(Self { addr, region: region.to_owned(), functions, task })
    }

    /// Returns the URL it listens at.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Defines a function, or redefines it as if it had never been invoked; returns its ARN.
    pub fn define(&self, name: &str, replies: Vec<FunctionReply>) -> String {
        let function = Function { replies, ..Function::default() };
        lock(&self.functions).by_name.insert(name.to_owned(), function);
        format!("arn:aws:lambda:{}:{ACCOUNT}:function:{name}", self.region)
    }

    /// Remembers the `LambdaConfig` of a pool.
    ///
    /// Some targets know one function a trigger, whatever pool it is about. They call it by the
    /// trigger's name, and the function that the pool of the event names answers in its place;
    /// for a pool that names none, the event comes back unchanged.
    pub fn link(&self, pool: &str, config: &Value) {
        lock(&self.functions).link(pool, config);
    }

    /// Forgets a function, its events, and which pools name it.
    pub fn forget(&self, name: &str) {
        lock(&self.functions).forget(name);
    }

    /// Returns how often a function was invoked.
    pub fn told(&self, name: &str) -> usize {
        lock(&self.functions).by_name.get(name).map_or(0, |function| function.told)
    }

    /// Returns the events a function was told, oldest first, as the text of a JSON array.
    ///
    /// Events beyond what is kept of one function are missing.
    pub fn events(&self, name: &str) -> String {
        let functions = lock(&self.functions);
        let events = functions.by_name.get(name).map(|function| function.events.join(","));
        format!("[{}]", events.unwrap_or_default())
    }
}

impl Drop for FunctionHost {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(functions: &Mutex<Functions>) -> MutexGuard<'_, Functions> {
    functions.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn respond(
    functions: &Mutex<Functions>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let Some(name) = invoked(&path) else {
        return answer(StatusCode::NOT_FOUND, None, json!({"Message": "no such path"}).to_string());
    };
    let tells = request.headers().get("x-amz-invocation-type").is_some_and(|kind| kind == "Event");
    let Ok(body) = to_bytes(request.into_body(), EVENT_LIMIT).await else {
        return answer(StatusCode::PAYLOAD_TOO_LARGE, None, String::new());
    };
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reply = lock(functions).reply(&name, &event);
    let denied = || json!({"Message": "not authorized to perform: lambda:InvokeFunction"});
    match reply {
        None | Some(FunctionReply::Deny) => {
            answer(StatusCode::FORBIDDEN, None, denied().to_string())
        }
        Some(_) if tells => answer(StatusCode::ACCEPTED, None, String::new()),
        Some(FunctionReply::Event(changes)) => {
            answer(StatusCode::OK, None, merged(event, changes).to_string())
        }
        Some(FunctionReply::Raw(value)) => answer(StatusCode::OK, None, value.to_string()),
        Some(FunctionReply::Text(text)) => answer(StatusCode::OK, None, text),
        Some(FunctionReply::Throw(message)) => {
            let error = json!({"errorMessage": message, "errorType": "Error"});
            answer(StatusCode::OK, Some("Unhandled"), error.to_string())
        }
    }
}

fn answer(status: StatusCode, error: Option<&str>, body: String) -> axum::response::Response {
    let mut response = axum::response::Response::builder().status(status);
    response = response.header("content-type", "application/json");
    if status == StatusCode::FORBIDDEN {
        response = response.header("x-amzn-errortype", "AccessDeniedException");
    }
    if let Some(error) = error {
        response = response.header("x-amz-function-error", error);
    }
    response.body(Body::from(body)).unwrap_or_default()
}

/// Returns the name of the function that a path invokes, be it spelled as a name or as an ARN.
fn invoked(path: &str) -> Option<String> {
    let spelled = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    Some(function_name(&decoded(spelled)).to_owned())
}

fn function_name(spelled: &str) -> &str {
    let name = spelled.split_once(":function:").map_or(spelled, |(_, name)| name);
    name.split(':').next().unwrap_or_default()
}

/// Returns a part of a path with its percent-encoded bytes as they are.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%');
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Functions {
    fn link(&mut self, pool: &str, config: &Value) {
        if config.as_object().is_some_and(|config| !config.is_empty()) {
            self.of_pools.insert(pool.to_owned(), config.clone());
        } else {
            self.of_pools.remove(pool);
        }
    }

    fn forget(&mut self, name: &str) {
        self.by_name.remove(name);
        let names = |value: &Value| value.as_str().is_some_and(|arn| function_name(arn) == name);
        let named = |config: &Value| config.as_object().is_some_and(|c| c.values().any(names));
        self.of_pools.retain(|_, config| !named(config));
    }

    /// Returns the next answer of a function; `None` where there is no such function.
    fn reply(&mut self, name: &str, event: &Value) -> Option<FunctionReply> {
        if let Some(function) = self.by_name.get_mut(name) {
            return Some(function.reply(event));
        }
        if !TRIGGERS.contains(&name) {
            return None;
        }
        let pool = event.get("userPoolId").and_then(Value::as_str).unwrap_or_default();
        let config = self.of_pools.get(pool).and_then(|config| config.get(name)?.as_str());
        let Some(arn) = config else { return Some(FunctionReply::Event(json!({}))) };
        let function = self.by_name.get_mut(function_name(arn))?;
        Some(function.reply(event))
    }
}

impl Function {
    fn reply(&mut self, event: &Value) -> FunctionReply {
        let last = self.replies.len().saturating_sub(1);
        let reply = self.replies.get(self.told.min(last)).cloned();
        self.told = self.told.saturating_add(1);
        let text = event.to_string();
        if self.events.len() < MOST_EVENTS && self.bytes + text.len() <= MOST_BYTES {
            self.bytes += text.len();
            self.events.push(text);
        }
        reply.unwrap_or_else(|| FunctionReply::Event(json!({})))
    }
}

/// Returns `value` with `changes` merged over it: objects member by member, all else replaced.
fn merged(value: Value, changes: Value) -> Value {
    match (value, changes) {
        (Value::Object(mut members), Value::Object(changes)) => {
            for (name, change) in changes {
                let member = members.remove(&name).unwrap_or_default();
                members.insert(name, merged(member, change));
            }
            Value::Object(members)
        }
        (_, changes) => changes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<&str>) {
        assert_eq!(invoked(path).as_deref(), expected);
    }

    #[test]
    fn functions_are_named_or_spelled_as_arn() {
        check("/2015-03-31/functions/f/invocations", Some("f"));
        let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af";
        check(&format!("/2015-03-31/functions/{arn}/invocations"), Some("f"));
        check(&format!("/2015-03-31/functions/{arn}%3ALIVE/invocations"), Some("f"));
        check("/2015-03-31/functions/%/invocations", Some("%"));
        check("/elsewhere", None);
    }

    #[test]
    fn a_trigger_called_by_its_name_is_that_of_the_events_pool() {
        let mut functions = Functions::default();
        let deny = Function { replies: vec![FunctionReply::Deny], ..Function::default() };
        functions.by_name.insert("f".into(), deny);
        let config = json!({"PreSignUp": "arn:aws:lambda:us-east-1:1:function:f"});
        functions.link("p", &config);
        let unchanged = Some(FunctionReply::Event(json!({})));
        let mut check = |name: &str, pool: &str, expected: Option<FunctionReply>| {
            assert_eq!(functions.reply(name, &json!({"userPoolId": pool})), expected);
        };
        check("PreSignUp", "p", Some(FunctionReply::Deny));
        check("PreSignUp", "q", unchanged.clone());
        check("PostConfirmation", "p", unchanged);
        check("g", "p", None);
    }

    #[test]
    fn a_forgotten_function_leaves_nothing() {
        let mut functions = Functions::default();
        functions.by_name.insert("f".into(), Function::default());
        let config = |name: &str| json!({"PreSignUp": format!("arn:aws:lambda:us-east-1:1:function:{name}")});
        functions.link("p", &config("f"));
        functions.link("q", &config("g"));
        functions.link("r", &Value::Null);
        functions.forget("f");
        assert_eq!(functions.reply("f", &json!({})), None);
        assert_eq!(functions.of_pools.keys().collect::<Vec<_>>(), ["q"]);
        functions.link("q", &json!({}));
        assert!(functions.of_pools.is_empty());
    }

    #[test]
    fn events_beyond_the_budget_are_counted_and_not_kept() {
        let replies = vec![FunctionReply::Event(json!({})); 3];
        let mut function = Function { replies, ..Function::default() };
        function.replies.push(FunctionReply::Deny);
        let large = json!("x".repeat(MOST_BYTES / 2));
        for event in [&large, &large, &json!(1)] {
            assert_eq!(function.reply(event), FunctionReply::Event(json!({})));
        }
        assert_eq!((function.told, function.events.len()), (3, 2));
        assert_eq!(function.reply(&large), FunctionReply::Deny);
        for _ in 0..2 * MOST_EVENTS {
            function.reply(&json!(1));
        }
        assert_eq!((function.told, function.events.len()), (2 * MOST_EVENTS + 4, MOST_EVENTS));
        assert!(function.bytes <= MOST_BYTES);
    }

    #[test]
    fn answers_are_used_up_and_the_last_repeats() {
        let replies = vec![FunctionReply::Deny, FunctionReply::Event(json!({"a": {"b": 1}}))];
        let mut function = Function { replies, ..Function::default() };
        assert_eq!(function.reply(&json!(1)), FunctionReply::Deny);
        for _ in 0..2 {
            assert_eq!(function.reply(&json!(2)), FunctionReply::Event(json!({"a": {"b": 1}})));
        }
        assert_eq!(function.events, ["1", "2", "2"]);
        let event = json!({"a": {"c": 2}, "d": 3});
        assert_eq!(merged(event, json!({"a": {"b": 1}})), json!({"a": {"b": 1, "c": 2}, "d": 3}));
    }
}
