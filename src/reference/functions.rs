//! Calls the functions behind a pool's triggers, as the service does: AWS Lambda's Invoke.
//!
//! Part of the HTTP shell: the reference itself only says which function it needs.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use super::triggers::{FunctionAnswer, Invocation};
use crate::wire;

/// How long a function may take, and how often it is called before the service gives up.
///
/// Source: developer guide, important considerations of Lambda triggers.
const PATIENCE: Duration = Duration::from_secs(5);
const ATTEMPTS: u32 = 3;

/// How long one call of the API waits for all of its functions together. Ours: longer than the
/// attempts of one silent function, so that each call ends.
const PATIENCE_OF_CALL: Duration = Duration::from_secs(20);

/// Most functions that are waited for at a time, and how long a call waits for its turn. Ours:
/// each one waited for takes up a thread, and the runtime has 512 that may be taken up.
const MOST_AT_A_TIME: usize = 64;
const TURN: Duration = Duration::from_millis(500);

/// Longest answer of a function, in bytes (AWS Lambda, quotas of synchronous invocations).
const LONGEST: usize = 6 * 1024 * 1024;

/// An endpoint that speaks AWS Lambda's Invoke.
#[derive(Clone, Debug)]
pub struct Functions {
    url: Url,
    client: Client,
    turns: Arc<Semaphore>,
    /// How long one attempt may take.
    pub patience: Duration,
}

/// An endpoint that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is no endpoint of functions: {why}")]
pub struct FunctionsError {
    url: String,
    why: String,
}

impl Functions {
    /// Returns the endpoint at `url`, a plain `http` URL.
    ///
    /// # Errors
    /// It is no such URL.
    pub fn at(url: &str) -> Result<Self, FunctionsError> {
        let fail = |why: String| FunctionsError { url: url.into(), why };
        let parsed = Url::parse(url).map_err(|e| fail(e.to_string()))?;
        if parsed.scheme() != "http" || parsed.host_str().is_none_or(str::is_empty) {
            return Err(fail("it takes http://host:port".into()));
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_idle_timeout(Duration::from_secs(3))
            .tls_backend_preconfigured(no_tls())
            .build()
            .map_err(|e| fail(e.to_string()))?;
        let turns = Arc::new(Semaphore::new(MOST_AT_A_TIME));
        Ok(Self { url: parsed, client, turns, patience: PATIENCE })
    }

    /// Returns until when a call of the API that begins now waits for its functions.
    pub(super) fn deadline() -> Instant {
        Instant::now() + PATIENCE_OF_CALL
    }

    /// Calls a function and returns what came of it; one that is slow is called again, as often
    /// as the service does, but not after `deadline`.
    ///
    /// Where too many are waited for already, it counts as one that did not answer in time.
    pub(super) async fn call(&self, invocation: &Invocation, deadline: Instant) -> FunctionAnswer {
        let patience = deadline.min(Instant::now() + TURN);
        let Ok(Ok(_turn)) = timeout_at(patience, self.turns.acquire()).await else {
            return FunctionAnswer::TimedOut;
        };
        for _ in 0..ATTEMPTS {
            let now = Instant::now();
            if now >= deadline {
                break;
            }
            let attempt = self.invoke(invocation, "RequestResponse");
            if let Ok(answer) = timeout_at(deadline.min(now + self.patience), attempt).await {
                return answer;
            }
        }
        FunctionAnswer::TimedOut
    }

    /// Tells a function something; what comes of it does not matter.
    pub(super) async fn tell(&self, invocation: &Invocation) {
        let told = self.invoke(invocation, "Event");
        let _ = timeout(self.patience, told).await;
    }

    async fn invoke(&self, invocation: &Invocation, kind: &str) -> FunctionAnswer {
        let function = wire::percent(&invocation.function);
        let base = self.url.as_str().trim_end_matches('/');
        let request = self
            .client
            .post(format!("{base}/2015-03-31/functions/{function}/invocations"))
            .header("content-type", "application/json")
            .header("x-amz-invocation-type", kind)
            .body(invocation.event.to_string());
        let Ok(mut response) = request.send().await else { return FunctionAnswer::Unreachable };
        match response.status() {
            status if status.is_success() => {}
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => return FunctionAnswer::Denied,
            _ => return FunctionAnswer::Unreachable,
        }
        let failed = response.headers().contains_key("x-amz-function-error");
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return read(failed, &body),
                Err(_) => return FunctionAnswer::Unreachable,
            }
            if body.len() > LONGEST {
                let words = "Response payload size exceeded maximum allowed payload size";
                return FunctionAnswer::Threw(format!("{words} ({LONGEST} bytes)"));
            }
        }
    }
}

fn read(failed: bool, body: &[u8]) -> FunctionAnswer {
    let value = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
    match (failed, value) {
        (false, Ok(value)) => FunctionAnswer::Returned(value),
        (false, Err(_)) => FunctionAnswer::Garbled,
        (true, value) => {
            let value: Value = value.unwrap_or_default();
            let message = value.get("errorMessage").and_then(Value::as_str);
            FunctionAnswer::Threw(message.unwrap_or("Unhandled").to_owned())
        }
    }
}

/// The client insists on a TLS configuration that no `http` URL needs.
fn no_tls() -> rustls::ClientConfig {
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    fn invocation() -> Invocation {
        let function = "arn:aws:lambda:us-east-1:123456789012:function:f".into();
        Invocation { function, trigger: "PreSignUp", event: json!({"version": "1"}) }
    }

    /// Calls a function whose host sends `bytes` and hangs up.
    fn against(bytes: &'static [u8]) -> (FunctionAnswer, String) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut seen = [0; 4096];
            let length = stream.read(&mut seen).expect("a request");
            let _ = stream.write_all(bytes);
            String::from_utf8_lossy(&seen[..length]).into_owned()
        });
        let answer = block_on(Functions::at(&url).expect("a URL"));
        (answer, server.join().expect("the host ends"))
    }

    fn block_on(functions: Functions) -> FunctionAnswer {
        block_on_until(&functions, Functions::deadline())
    }

    fn block_on_until(functions: &Functions, deadline: Instant) -> FunctionAnswer {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(functions.call(&invocation(), deadline))
    }

    /// Returns a host that accepts connections and never answers, and how many it has got.
    fn silent() -> (Functions, impl Fn() -> usize) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut functions = Functions::at(&url).expect("a URL");
        functions.patience = Duration::from_millis(50);
        listener.set_nonblocking(true).expect("a listener");
        let calls = move || std::iter::from_fn(|| listener.accept().ok()).count();
        (functions, calls)
    }

    #[track_caller]
    fn check(bytes: &'static [u8], expected: FunctionAnswer) {
        assert_eq!(against(bytes).0, expected);
    }

    #[test]
    fn answers_are_read_as_lambda_sends_them() {
        check(
            b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"response\":{}}",
            FunctionAnswer::Returned(json!({"response": {}})),
        );
        check(
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            FunctionAnswer::Returned(json!(null)),
        );
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<a/>\n", FunctionAnswer::Garbled);
        check(
            b"HTTP/1.1 200 OK\r\nx-amz-function-error: Unhandled\r\ncontent-length: 21\r\n\r\n{\"errorMessage\":\"no\"}",
            FunctionAnswer::Threw("no".into()),
        );
        check(
            b"HTTP/1.1 200 OK\r\nx-amz-function-error: Unhandled\r\ncontent-length: 3\r\n\r\n[1]",
            FunctionAnswer::Threw("Unhandled".into()),
        );
        check(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", FunctionAnswer::Denied);
        check(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", FunctionAnswer::Denied);
        check(b"HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n", FunctionAnswer::Unreachable);
    }

    #[test]
    fn deep_answers_and_broken_connections_are_no_answers() {
        check(b"", FunctionAnswer::Unreachable);
        check(b"nonsense\r\n\r\n", FunctionAnswer::Unreachable);
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{", FunctionAnswer::Unreachable);
        static DEEP: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let deep = DEEP.get_or_init(|| {
            let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n".to_vec();
            bytes.resize(bytes.len() + 100_000, b'[');
            bytes
        });
        check(deep, FunctionAnswer::Garbled);
    }

    #[test]
    fn an_endless_answer_is_cut_short() {
        static HUGE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let huge = HUGE.get_or_init(|| {
            let mut bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n".to_vec();
            bytes.extend(std::iter::repeat_n(b' ', 9_000_000));
            bytes
        });
        let answer = against(huge).0;
        assert!(
            matches!(&answer, FunctionAnswer::Threw(words) if words.contains("exceeded")),
            "{answer:?}"
        );
    }

    #[test]
    fn a_silent_function_is_called_three_times() {
        let (functions, calls) = silent();
        assert_eq!(block_on(functions), FunctionAnswer::TimedOut);
        assert_eq!(calls(), 3);
    }

    #[test]
    fn after_the_deadline_of_a_call_nothing_is_waited_for() {
        let (mut functions, calls) = silent();
        assert_eq!(block_on_until(&functions, Instant::now()), FunctionAnswer::TimedOut);
        assert_eq!(calls(), 0);
        functions.patience = Duration::from_secs(60);
        let soon = Instant::now() + Duration::from_millis(50);
        assert_eq!(block_on_until(&functions, soon), FunctionAnswer::TimedOut);
        assert_eq!(calls(), 1);
        assert!(soon.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn only_so_many_functions_are_waited_for_at_a_time() {
        let (functions, calls) = silent();
        let most = u32::try_from(MOST_AT_A_TIME).expect("a few");
        let turns = functions.turns.clone();
        let taken = turns.try_acquire_many(most).expect("nothing is waited for yet");
        assert_eq!(block_on(functions.clone()), FunctionAnswer::TimedOut);
        assert_eq!(calls(), 0);
        drop(taken);
        assert_eq!(block_on(functions), FunctionAnswer::TimedOut);
        assert_eq!(calls(), 3);
        assert_eq!(turns.available_permits(), MOST_AT_A_TIME);
    }

    #[test]
    fn nobody_there_is_unreachable_and_names_are_encoded() {
        let url = "http://127.0.0.1:1";
        assert_eq!(block_on(Functions::at(url).expect("a URL")), FunctionAnswer::Unreachable);
        let (_, request) = against(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let line = "POST /2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations HTTP/1.1";
        assert!(request.starts_with(line), "{request}");
        for wrong in ["", "https://localhost", "ftp://x", "localhost:3001"] {
            assert!(Functions::at(wrong).is_err(), "{wrong}");
        }
    }
}
