//! From an HTTP request to an HTTP response, without any I/O: what `server.rs` puts on a socket.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::Instant;

use super::functions::Functions;
use super::middleware::{BY_SHAPE, RULE_HEADER};
use super::server::{Clock, ServeOptions};
use super::signing::Manner;
use super::triggers::{Attempted, FunctionAnswer, Invocation};
use super::{Call, Fault, Millis, Reference, query, signing};
use crate::catalogue::{Auth, Catalogue};
use crate::wire::{CONTENT_TYPE, Request, Response};

/// Headers that browsers may read.
///
/// Source: observed, aws-amplify/amplify-js issues 11034 and 1906.
const EXPOSED: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

/// Characters of a message that its header repeats. Ours: messages echo values of any length.
const HEADER_LIMIT: usize = 4096;

/// A reference with a clock, ready to answer requests.
pub(super) struct Shell {
    catalogue: Arc<Catalogue>,
    core: Mutex<Core>,
    /// Request ids draw from here, so that they do not disturb the reference's own values.
    ids: Mutex<ChaCha8Rng>,
    pub(super) options: ServeOptions,
}

pub(super) struct Core {
    pub(super) reference: Reference,
    /// Milliseconds the clock was moved forward.
    pub(super) ahead: Millis,
}

/// A call as the request spells it, or why there is none.
struct Spelled {
    service: String,
    operation: String,
    input: Result<Value, Fault>,
}

impl Shell {
    pub(super) fn new(reference: Reference, options: ServeOptions) -> Self {
        let ids = ChaCha8Rng::seed_from_u64(options.seed.wrapping_add(1));
        let catalogue = reference.catalogue().clone();
        let core = Mutex::new(Core { reference, ahead: 0 });
        Self { catalogue, core, ids: Mutex::new(ids), options }
    }

    /// Answers one request; never panics.
    pub(super) fn respond(&self, request: &Request) -> Response {
        catch_unwind(AssertUnwindSafe(|| self.answer_any(request)))
            .unwrap_or_else(|_| self.without_rule())
    }

    /// Answers where even middleware panicked.
    fn without_rule(&self) -> Response {
        let mut response = self.refusal("cognito-idp", &Fault::rule("internal-error"));
        response.headers.retain(|(name, _)| name != RULE_HEADER);
        response
    }

    fn answer_any(&self, request: &Request) -> Response {
        if let Some(response) = self
            .control(request)
            .or_else(|| self.published(request))
            .or_else(|| self.oauth(request))
        {
            return response;
        }
        let spelled = self.spell(request);
        let Some(middleware) = &self.options.middleware else {
            return self.answer_across(request, spelled);
        };
        let operation = spelled.map(|call| call.operation);
        let next = |request: &Request| self.answer_across(request, self.spell(request));
        let mut response = middleware.answer(request, operation.as_deref(), &next);
        response.headers.retain(|(name, _)| name != RULE_HEADER);
        response
    }

    /// Answers with the headers that browsers ask for.
    fn answer_across(&self, request: &Request, spelled: Option<Spelled>) -> Response {
        let mut response = self.answer(request, spelled);
        if request.header("origin").is_some() {
            push(&mut response, "access-control-allow-origin", "*");
            push(&mut response, "access-control-expose-headers", EXPOSED);
        }
        response
    }

    fn answer(&self, request: &Request, spelled: Option<Spelled>) -> Response {
        if request.method == "OPTIONS" {
            let mut response = self.plain(200, Vec::new());
            push(&mut response, "access-control-allow-headers", "*");
            push(&mut response, "access-control-allow-methods", "POST,GET,OPTIONS");
            return response;
        }
        let Some(spelled) = spelled else {
            return self.refusal("cognito-idp", &Fault::rule("unknown-operation"));
        };
        let called = catch_unwind(AssertUnwindSafe(|| self.call(request, &spelled)));
        match called.unwrap_or_else(|_| Err(Fault::rule("internal-error"))) {
            Ok(body) => self.plain(200, body),
            Err(fault) => self.refusal(&spelled.service, &fault),
        }
    }

    /// Returns the body of the answer.
    fn call(&self, request: &Request, spelled: &Spelled) -> Result<Vec<u8>, Fault> {
        let signature = request.header("authorization");
        let service = self.catalogue.services.get(&spelled.service);
        let needed = service
            .and_then(|service| service.operations.get(&spelled.operation))
            .is_some_and(|operation| operation.auth == Auth::Sigv4);
        if needed && signature.is_some_and(|signature| !is_sigv4(signature)) {
            return Err(Fault::rule("incomplete-signature"));
        }
        let input = spelled.input.as_ref().map_err(Fault::clone)?;
        let call = Call {
            service: &spelled.service,
            operation: &spelled.operation,
            input,
            signed: signature.is_some(),
        };
        let accepted = super::accept(&self.catalogue, &call)?;
        if let Some(read) = accepted.text_reader()
            && let Some(text) = read(&self.core().reference.state, &accepted.input)
        {
            return Ok(text);
        }
        let now = self.now(self.core().ahead);
        let deadline = Functions::deadline();
        let mut answers = Vec::new();
        loop {
            // A function may call back, and signing takes long: nothing is locked meanwhile.
            let attempted = self.core().reference.carry_out(&accepted, now, &answers);
            match attempted {
                Attempted::Needs(invocation) => {
                    let answer = self.function(&invocation, deadline);
                    answers.push(invocation.answered(answer));
                }
                Attempted::Done(answer, events) => {
                    events.into_iter().for_each(|event| self.tell(event));
                    let output = signing::complete(answer, Manner::Published)?;
                    return Ok(output.map_or_else(Vec::new, |o| o.to_string().into_bytes()));
                }
            }
        }
    }

    /// Calls a function and waits for its answer.
    fn function(&self, invocation: &Invocation, deadline: Instant) -> FunctionAnswer {
        match (&self.options.functions, Handle::try_current()) {
            // Calls are answered on the runtime's own threads: another takes over meanwhile.
            (Some(functions), Ok(runtime)) => {
                block_in_place(|| runtime.block_on(functions.call(invocation, deadline)))
            }
            _ => FunctionAnswer::Unreachable,
        }
    }

    /// Tells a function something, and waits for nothing.
    fn tell(&self, invocation: Invocation) {
        if let (Some(functions), Ok(runtime)) = (&self.options.functions, Handle::try_current()) {
            let functions = functions.clone();
            runtime.spawn(async move { functions.tell(&invocation).await });
        }
    }

    /// Reads which operation a request calls: by its target header, else by the query binding.
    fn spell(&self, request: &Request) -> Option<Spelled> {
        let catalogue = &self.catalogue;
        if let Some(target) = request.header("x-amz-target") {
            let (prefix, operation) = target.rsplit_once('.')?;
            let mut services = catalogue.services.values();
            let service = services.find(|service| service.info.target_prefix == prefix)?;
            // No recording shows the text for a body that is not JSON: none is sent.
            let broken = |_| Fault::Serialization(String::new());
            let input = match request.body.is_empty() {
                true => Ok(json!({})),
                false => serde_json::from_slice(&request.body).map_err(broken),
            };
            let service = service.info.id.clone();
            return Some(Spelled { service, operation: operation.to_owned(), input });
        }
        let query = request.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let mut pairs = query::pairs(query);
        if is_form(request) {
            pairs.extend(query::pairs(&String::from_utf8_lossy(&request.body)));
        }
        let action = pairs.iter().find(|(name, _)| name == "Action")?.1.clone();
        let (service, operation) = catalogue.operation(&action)?;
        Some(Spelled {
            service: service.info.id.clone(),
            operation: operation.name.clone(),
            input: Ok(query::input(service, operation, &pairs)),
        })
    }

    fn refusal(&self, service: &str, fault: &Fault) -> Response {
        let error = fault.render(&self.catalogue, service);
        let mut body = json!({"__type": error.code});
        if !error.message.is_empty() {
            body["message"] = Value::from(error.message.as_str());
        }
        let mut response = self.plain(error.status, body.to_string().into_bytes());
        push(&mut response, "x-amzn-errortype", &format!("{}:", error.code));
        if !error.message.is_empty() {
            push(&mut response, "x-amzn-errormessage", &header_text(&error.message));
        }
        if self.options.middleware.is_some() {
            let rule = if let Fault::Rule { id, .. } = fault { id } else { BY_SHAPE };
            push(&mut response, RULE_HEADER, rule);
        }
        response
    }

    fn plain(&self, status: u16, body: Vec<u8>) -> Response {
        let headers = vec![
            ("content-type".into(), CONTENT_TYPE.into()),
            ("content-length".into(), body.len().to_string()),
            ("x-amzn-requestid".into(), self.request_id()),
        ];
        Response { status, headers, body: body.into() }
    }

    pub(super) fn request_id(&self) -> String {
        let mut bytes = [0; 16];
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    pub(super) fn now(&self, ahead: Millis) -> Millis {
        let base = match self.options.clock {
            Clock::Virtual(start) => start,
            Clock::Real => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(now.as_millis()).unwrap_or(Millis::MAX)
            }
        };
        base.saturating_add(ahead)
    }

    pub(super) fn core(&self) -> std::sync::MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push(response: &mut Response, name: &str, value: &str) {
    response.headers.push((name.into(), value.into()));
}

pub(super) fn is_form(request: &Request) -> bool {
    let content_type = request.header("content-type").unwrap_or_default();
    content_type.starts_with("application/x-www-form-urlencoded")
}

/// Tells whether an `Authorization` header has the three parts of a signature; it is not verified.
fn is_sigv4(header: &str) -> bool {
    let Some(parts) = header.strip_prefix("AWS4-HMAC-SHA256 ") else { return false };
    ["Credential=", "SignedHeaders=", "Signature="].iter().all(|part| parts.contains(part))
}

/// Returns a message as a header can carry it: printable, and short enough for any client.
fn header_text(message: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    message.trim().chars().take(HEADER_LIMIT).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Source;

    fn shell() -> Shell {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let reference = Reference::new(Arc::new(catalogue), 1);
        Shell::new(reference, ServeOptions::default())
    }

    fn post(target: &str, body: &str) -> Request {
        let (prefix, operation) = target.split_once('.').expect("prefix.operation");
        let mut request = Request::call(prefix, operation, &Value::Null);
        request.body = body.into();
        let signature = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";
        request.headers.push(("authorization".into(), signature.into()));
        request
    }

    #[track_caller]
    fn check(request: &Request, status: u16, body: &str) -> Response {
        let response = shell().respond(request);
        assert_eq!(String::from_utf8_lossy(&response.body), body);
        assert_eq!(response.status, status);
        response
    }

    const IDP: &str = "AWSCognitoIdentityProviderService";

    #[test]
    fn refusals_look_like_those_of_the_service() {
        let mut request = post(&format!("{IDP}.DescribeUserPool"), r#"{"UserPoolId":"a_b"}"#);
        request.headers.push(("Origin".into(), "https://localhost".into()));
        let message = "User pool a_b does not exist.";
        let body = format!(r#"{{"__type":"ResourceNotFoundException","message":"{message}"}}"#);
        let response = check(&request, 400, &body);
        assert_eq!(response.header("content-type"), Some(CONTENT_TYPE));
        assert_eq!(response.header("x-amzn-errortype"), Some("ResourceNotFoundException:"));
        assert_eq!(response.header("x-amzn-errormessage"), Some(message));
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("content-length"), Some(body.len().to_string().as_str()));
        let id = response.header("x-amzn-requestid").expect("an id");
        assert_eq!(uuid::Uuid::parse_str(id).expect("a UUID").get_version_num(), 4);
    }

    #[test]
    fn what_is_no_call_is_refused() {
        let unknown = r#"{"__type":"UnknownOperationException"}"#;
        check(&post(&format!("{IDP}.Nope"), "{}"), 400, unknown);
        check(&post("Nobody.ListUsers", "{}"), 400, unknown);
        let mut bare = post(&format!("{IDP}.ListUsers"), "{}");
        bare.headers.clear();
        check(&bare, 400, unknown);
        let broken = r#"{"__type":"SerializationException"}"#;
        check(&post(&format!("{IDP}.ListUsers"), "{"), 400, broken);
        let mut unsigned = post(&format!("{IDP}.ListUsers"), "{}");
        unsigned.headers.truncate(2);
        let missing = r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#;
        check(&unsigned, 400, missing);
    }

    #[test]
    fn success_bodies_follow_the_output_shape() {
        let shell = shell();
        let create = post(&format!("{IDP}.CreateUserPool"), r#"{"PoolName":"p"}"#);
        let created = shell.respond(&create);
        let created = created.json().expect("JSON").expect("a body");
        let id = created["UserPool"]["Id"].as_str().expect("an id");
        let input = json!({"UserPoolId": id}).to_string();
        let updated = shell.respond(&post(&format!("{IDP}.UpdateUserPool"), &input));
        assert_eq!(*updated.body, *b"{}");
        let mut query = post(&format!("{IDP}.X"), "");
        query.method = "GET".into();
        query.headers.remove(1);
        query.path = format!("/?Action=DescribeUserPool&UserPoolId={id}");
        assert_eq!(shell.respond(&query).status, 200);
        query.path = format!("/{id}/.well-known/jwks.json");
        let keys = shell.respond(&query);
        let keys = keys.json().expect("JSON").expect("a body");
        assert_eq!(keys["keys"].as_array().map(Vec::len), Some(2));
        query.path = "/us-east-1_nobody/.well-known/jwks.json".into();
        assert_eq!(shell.respond(&query).status, 404);
        let deleted = shell.respond(&post(&format!("{IDP}.DeleteUserPool"), &input));
        assert_eq!((deleted.status, &*deleted.body), (200, &b""[..]));
        assert_eq!(deleted.header("content-length"), Some("0"));
    }
}
