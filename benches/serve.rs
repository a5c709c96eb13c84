//! Throughput of the served reference, beside emulators and beside a bare handler of the same
//! HTTP library that answers the same bytes. All in one run: the figures are worth their ratios.
//!
//! `cargo bench --bench serve` measures the reference and the bare handler;
//! `cargo bench --bench serve -- moto cognitox` the named profiles too.
//! The load comes from a few keep-alive connections that send the next request when the last
//! one's response is complete. Everything shares the machine's cores.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::HeaderMap;
use cognito_conformance::catalogue::Catalogue;
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::server::{ServeOptions, Server};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::open::{OpenOptions, TargetSpec, open};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The one that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 8;
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURED: Duration = Duration::from_secs(2);
const PASSWORD: &str = "Bench-Passw0rd!";
const OPERATIONS: [&str; 4] =
    ["DescribeUserPool", "AdminGetUser", "AdminCreateUser", "InitiateAuth"];

/// Requests per second of each operation, in the order of [`OPERATIONS`].
type Rates = [f64; OPERATIONS.len()];

fn main() {
    let emulators: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(measure(&emulators));
}

#[expect(clippy::print_stdout, reason = "printing figures is what a bench is for")]
async fn measure(emulators: &[String]) {
    let catalogue = Suite::load(&Sources::default()).expect("the suite loads").catalogue;
    let reference = Reference::new(catalogue.clone(), 1);
    let server = Server::on_loopback(reference, ServeOptions::default()).expect("a free port");
    let world = World::make(server.addr()).await;
    let bodies = world.answers().await;
    let bare = bare_handler(bodies);
    let of_bare = World { addr: bare, ..world.clone() }.rates().await;
    let of_reference = world.rates().await;
    // Once more, the other way round: what came first may have had the machine to itself.
    let bare_again = World { addr: bare, ..world.clone() }.rates().await;
    let of_bare = std::array::from_fn(|at| (of_bare[at] + bare_again[at]) / 2.0);
    println!("{CONNECTIONS} connections, requests per second (ratio to the bare handler)");
    println!("{:<16}{}", "", OPERATIONS.map(|name| format!("{name:>26}")).concat());
    line("bare handler", &of_bare, &of_bare);
    line("reference", &of_reference, &of_bare);
    server.shutdown();
    for name in emulators {
        match emulator(name, &catalogue).await {
            Ok(rates) => line(name, &rates, &of_bare),
            Err(cause) => println!("{name:<16}{cause}"),
        }
    }
}

#[expect(clippy::print_stdout, reason = "printing figures is what a bench is for")]
fn line(name: &str, rates: &Rates, bare: &Rates) {
    let cell = |at| format!("{:>18.0} ({:.3})", rates[at], rates[at] / bare[at]);
    let cells: [String; OPERATIONS.len()] = std::array::from_fn(cell);
    println!("{name:<16}{}", cells.map(|cell| format!("{cell:>26}")).concat());
}

async fn emulator(name: &str, catalogue: &Arc<Catalogue>) -> Result<Rates, String> {
    let options = OpenOptions::new(catalogue.clone());
    let opened = open(&TargetSpec::Profile(name.into()), &options).await;
    let opened = opened.map_err(|e| e.to_string())?;
    let url = opened.http().url().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let addr = url.parse().map_err(|_| format!("`{url}` is no address"))?;
    let rates = World::make(addr).await.rates().await;
    opened.shutdown().await;
    Ok(rates)
}

/// Answers each operation with the bytes the reference answered.
fn bare_handler(bodies: Vec<(String, Vec<u8>)>) -> SocketAddr {
    let bodies = Arc::new(bodies);
    let answer = move |headers: HeaderMap, _body: axum::body::Bytes| {
        let bodies = bodies.clone();
        async move {
            let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok());
            let name = target.and_then(|t| t.rsplit('.').next()).unwrap_or_default();
            let found = bodies.iter().find(|(operation, _)| operation == name);
            let body = found.map(|(_, body)| body.clone()).unwrap_or_default();
            ([("content-type", "application/x-amz-json-1.1"), ("x-amzn-requestid", "-")], body)
        }
    };
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a socket option");
    let addr = listener.local_addr().expect("a bound listener");
    // On a runtime of its own, as the reference and every emulator has one.
    let serve = async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime");
        axum::serve(listener, Router::new().fallback(answer)).await
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    std::thread::spawn(move || runtime.block_on(serve));
    addr
}

/// A target with a pool, a client and a user who can sign in.
#[derive(Clone)]
struct World {
    addr: SocketAddr,
    pool: String,
    client: String,
    next: Arc<AtomicU64>,
}

impl World {
    async fn make(addr: SocketAddr) -> Self {
        let next = Arc::new(AtomicU64::new(0));
        let mut world = Self { addr, pool: String::new(), client: String::new(), next };
        let created = world.call("CreateUserPool", &json!({"PoolName": "bench"})).await;
        world.pool = created["UserPool"]["Id"].as_str().expect("a pool id").into();
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let input =
            json!({"UserPoolId": world.pool, "ClientName": "bench", "ExplicitAuthFlows": flows});
        let created = world.call("CreateUserPoolClient", &input).await;
        world.client = created["UserPoolClient"]["ClientId"].as_str().expect("a client id").into();
        let user =
            json!({"UserPoolId": world.pool, "Username": "ann", "MessageAction": "SUPPRESS"});
        world.call("AdminCreateUser", &user).await;
        let password = json!({"UserPoolId": world.pool, "Username": "ann", "Password": PASSWORD, "Permanent": true});
        world.call("AdminSetUserPassword", &password).await;
        world
    }

    fn input(&self, operation: &str) -> Value {
        match operation {
            "DescribeUserPool" => json!({"UserPoolId": self.pool}),
            "AdminGetUser" => json!({"UserPoolId": self.pool, "Username": "ann"}),
            "AdminCreateUser" => {
                let name = format!("user-{}", self.next.fetch_add(1, Ordering::Relaxed));
                json!({"UserPoolId": self.pool, "Username": name, "MessageAction": "SUPPRESS"})
            }
            _ => json!({
                "ClientId": self.client,
                "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": "ann", "PASSWORD": PASSWORD},
            }),
        }
    }

    async fn call(&self, operation: &str, input: &Value) -> Value {
        let mut connection = Connection::open(self.addr).await;
        let (status, body) = connection.exchange(operation, input).await;
        assert_eq!(status, 200, "{operation}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn answers(&self) -> Vec<(String, Vec<u8>)> {
        let mut answers = Vec::new();
        for operation in OPERATIONS {
            let answer = self.call(operation, &self.input(operation)).await;
            answers.push((operation.to_owned(), answer.to_string().into_bytes()));
        }
        answers
    }

    async fn rates(&self) -> Rates {
        let mut rates = [0.0; OPERATIONS.len()];
        for (rate, operation) in rates.iter_mut().zip(OPERATIONS) {
            self.load(operation, WARM_UP).await;
            *rate = self.load(operation, MEASURED).await;
        }
        rates
    }

    /// Returns the requests per second that `CONNECTIONS` connections get answered with 200.
    async fn load(&self, operation: &'static str, time: Duration) -> f64 {
        let begun = Instant::now();
        let worker = || async move {
            let mut connection = Connection::open(self.addr).await;
            let mut answered: u32 = 0;
            while begun.elapsed() < time {
                let (status, _) = connection.exchange(operation, &self.input(operation)).await;
                assert_eq!(status, 200, "{operation}");
                answered += 1;
            }
            answered
        };
        let all = futures_util::future::join_all((0..CONNECTIONS).map(|_| worker())).await;
        f64::from(all.into_iter().sum::<u32>()) / begun.elapsed().as_secs_f64()
    }
}

/// How long a response may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A keep-alive connection, reopened when the server closes it.
struct Connection {
    addr: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A complete response.
struct Answer {
    status: u16,
    body: Vec<u8>,
    /// The server closes the connection after it. Werkzeug reads whatever is sent meanwhile, to
    /// the end of ten megabytes, and answers nothing.
    last: bool,
}

impl Connection {
    async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the target listens");
        stream.set_nodelay(true).expect("a TCP option");
        Self { addr, stream, buffer: Vec::with_capacity(1 << 14) }
    }

    /// Sends a call and returns status and body of what is answered.
    async fn exchange(&mut self, operation: &str, input: &Value) -> (u16, Vec<u8>) {
        let answer = tokio::time::timeout(PATIENCE, self.answer(operation, input)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{operation}: no response in {PATIENCE:?}"));
        if answer.last {
            *self = Self::open(self.addr).await;
        }
        (answer.status, answer.body)
    }

    async fn answer(&mut self, operation: &str, input: &Value) -> Answer {
        let body = input.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=00\r\n\
             content-length: {}\r\n\r\n{body}",
            self.addr,
            body.len()
        );
        loop {
            if self.stream.write_all(request.as_bytes()).await.is_ok()
                && let Some(response) = self.response().await
            {
                return response;
            }
            *self = Self::open(self.addr).await;
        }
    }

    /// Reads one response; `None` when the server closed the connection before it began.
    async fn response(&mut self) -> Option<Answer> {
        self.buffer.clear();
        loop {
            if let Some(response) = complete(&self.buffer) {
                return Some(response);
            }
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap_or(0);
            if read == 0 {
                assert!(self.buffer.is_empty(), "the response ends before it is complete");
                return None;
            }
        }
    }
}

/// Returns a response once all of it is there; understands a length only.
fn complete(bytes: &[u8]) -> Option<Answer> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&bytes[..head]).expect("a head in ASCII");
    let status = text.split(' ').nth(1)?.parse().expect("a status");
    let header = |wanted: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        let mut values = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        values.next().map(|(_, value)| value.trim())
    };
    let length = header("content-length").map(str::parse::<usize>);
    let length = length.expect("a content length").expect("a number");
    let body = bytes.get(head + 4..head + 4 + length)?.to_vec();
    let last = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Some(Answer { status, body, last })
}
