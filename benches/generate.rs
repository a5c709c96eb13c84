//! How many generated and fully checked exchanges a second, beside a raw load generator that sends
//! the same requests to the same port.
//!
//! `cargo bench --bench generate [-- <random cases>]`. Each round plays generated cases through
//! the plain transport against a served reference whose clock stands still, with the reference in
//! lockstep, every check and every property; then resets the reference to its seed and sends what
//! was sent, request for request, over as many connections as there were jobs. With one job ids
//! and tokens repeat, so that the server does the same work twice: the shares of answers with
//! status 200 are printed beside the rates. With several jobs a connection repeats whole cases, and
//! the reference draws ids in the order in which calls arrive: most of what is sent again names
//! nothing then, and is refused cheaply. No ratio is printed where the shares differ.
//!
//! The cost by part comes from counters inside the session, in wall time of the runs with one
//! job: what is sent includes the server's own work. The reference beside the target answers while
//! the target does, cases are made and judged while others talk to it: parts add up to more than
//! the whole.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cognito_conformance::generate::Generator;
use cognito_conformance::generate::dictionary::Dictionary;
use cognito_conformance::generate::plan::{Budget, Plan};
use cognito_conformance::outcome::Run;
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::server::{Clock, ServeOptions, Server};
use cognito_conformance::run::{Options, Part, Session, run_plan};
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::suite::{Filter, Sources, Suite};
use cognito_conformance::target::functions::FunctionHost;
use cognito_conformance::target::open::{OpenOptions, Opened, TargetSpec, open};
use cognito_conformance::target::{Boxed, Capability, Mail, Reply, Target};
use cognito_conformance::transcript::Call;
use cognito_conformance::wire::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The one that the program has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seconds since the epoch at which the clock stands.
const FROZEN_AT: u64 = 1_790_000_000;
const SEED: u64 = 1;
const ROUNDS: usize = 7;
const JOBS: [usize; 2] = [1, 4];

/// Operations whose coverage cases are played: one of each kind.
const COVERED: [&str; 6] = [
    "AdminCreateUser",
    "AdminSetUserPassword",
    "CreateUserPoolClient",
    "GetUser",
    "InitiateAuth",
    "ListUsers",
];

fn main() {
    let given = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(measure(given.unwrap_or(600)));
}

/// Cases of one kind, made anew for each round.
struct Work {
    name: &'static str,
    budget: Budget,
    filter: Filter,
}

/// Requests as they are written to a connection, in the order they were sent, one list for each
/// case.
type Tape = Vec<Vec<Vec<u8>>>;

/// How fast exchanges went.
struct Rate {
    per_second: f64,
    /// Share of the answers that had status 200.
    carried_out: f64,
}

async fn measure(random: u64) {
    let suite = Suite::load(&Sources::default()).expect("the suite loads");
    let recipes = Recipes::load(&Sources::default().scenarios, &suite.catalogue);
    let recipes = Arc::new(recipes.expect("the recipes load"));
    let budget = |coverage, cases| Budget { coverage, cases, max_steps: 30, until: None };
    let covered = COVERED.map(str::to_owned).to_vec();
    let works = [
        Work { name: "random", budget: budget(false, random), filter: Filter::default() },
        Work {
            name: "coverage",
            budget: budget(true, 0),
            filter: Filter { operations: covered, ..Filter::default() },
        },
    ];
    for work in works {
        for jobs in JOBS {
            round(&suite, &recipes, &work, jobs, true).await;
            let mut ratios = Vec::new();
            for _ in 0..ROUNDS {
                ratios.extend(round(&suite, &recipes, &work, jobs, false).await);
            }
            ratios.sort_by(f64::total_cmp);
            if let Some(median) = ratios.get(ratios.len() / 2) {
                say(&format!("{:<9} jobs {jobs}: median ratio {median:.3}", work.name));
            }
        }
    }
}

/// Plays and replays once; returns the ratio of the rates where the work was the same.
async fn round(
    suite: &Suite,
    recipes: &Arc<Recipes>,
    work: &Work,
    jobs: usize,
    warm_up: bool,
) -> Option<f64> {
    let serving =
        ServeOptions { clock: Clock::Virtual(FROZEN_AT * 1000), seed: SEED, ..Default::default() };
    let reference = Reference::new(suite.catalogue.clone(), SEED);
    let server = Server::on_loopback(reference, serving).expect("a free port");
    let opening = OpenOptions {
        capabilities_of: Some("reference".into()),
        plain_http: true,
        seed: SEED,
        ..OpenOptions::new(suite.catalogue.clone())
    };
    let target = open(&TargetSpec::Url(server.url()), &opening).await.expect("it is up");
    let recorder = Arc::new(Recorder { target, addr: server.addr(), told: Mutex::default() });
    let options = Options {
        jobs,
        seed: SEED,
        frozen_at: Some(FROZEN_AT),
        shrink_requests: 0,
        ..Options::default()
    };
    let session = Arc::new(Session::new(suite.catalogue.clone(), recorder.clone(), options));
    let begun = Instant::now();
    let generator =
        Generator::new(suite.catalogue.clone(), recipes.clone(), Dictionary::ours(), SEED);
    let plan = Plan::of(&[]).generating(generator, work.budget.clone(), &work.filter);
    let planned = begun.elapsed();
    let run = run_plan(&session, plan, &|_| {}).await;
    let took = begun.elapsed();
    let failed = run.cases.iter().filter(|case| case.failed()).count();
    assert_eq!(failed, 0, "the reference contradicts itself");
    let (tape, carried_out) = recorder.take();
    let sent: usize = tape.iter().map(Vec::len).sum();
    let checked = rate(sent, carried_out, took);
    let raw = replay(server.addr(), tape, jobs).await;
    server.shutdown();
    if !warm_up {
        report(work.name, jobs, &session, &run, planned, &checked, &raw);
    }
    checked.ratio(&raw)
}

impl Rate {
    /// Returns how fast this is beside `raw`; `None` where the server did other work there.
    fn ratio(&self, raw: &Self) -> Option<f64> {
        let alike = (self.carried_out - raw.carried_out).abs() < 0.01;
        alike.then_some(self.per_second / raw.per_second)
    }
}

fn rate(sent: usize, carried_out: usize, took: Duration) -> Rate {
    let share = carried_out as f64 / sent.max(1) as f64;
    Rate { per_second: sent as f64 / took.as_secs_f64(), carried_out: share }
}

fn report(
    name: &str,
    jobs: usize,
    session: &Session,
    run: &Run,
    planned: Duration,
    checked: &Rate,
    raw: &Rate,
) {
    let exchanges: u64 = run.cases.iter().map(|case| case.requests).sum();
    let ratio = checked.ratio(raw);
    let ratio = ratio.map_or("not comparable".into(), |ratio| format!("ratio {ratio:.3}"));
    say(&format!(
        "{name:<9} jobs {jobs}: {:>6.0}/s checked ({:.1} % 200), {:>6.0}/s raw ({:.1} % 200), {ratio}, {exchanges} exchanges",
        checked.per_second,
        checked.carried_out * 100.0,
        raw.per_second,
        raw.carried_out * 100.0,
    ));
    if jobs > 1 {
        return;
    }
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / exchanges as f64;
    let mut parts: Vec<(Part, f64)> =
        Part::ALL.map(|part| (part, micros(session.spent(part)))).to_vec();
    parts[0].1 += micros(planned);
    let whole = 1e6 / checked.per_second;
    let parts: Vec<String> =
        parts.iter().map(|(part, cost)| format!("{part:?} {cost:.0}").to_lowercase()).collect();
    say(&format!(
        "          microseconds an exchange: {whole:.0}, at its parts {}; raw {:.0}",
        parts.join(", "),
        1e6 / raw.per_second,
    ));
}

#[expect(clippy::print_stdout, reason = "printing figures is what a bench is for")]
fn say(line: &str) {
    println!("{line}");
}

/// A target that writes down what is sent to it, case by case.
struct Recorder {
    target: Opened,
    addr: SocketAddr,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// Requests of each task: a case is one.
    tape: HashMap<Option<tokio::task::Id>, (usize, Vec<Vec<u8>>)>,
    carried_out: usize,
}

impl Recorder {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, request: &Request, carried_out: bool) {
        let request = spelled(self.addr, request);
        let task = tokio::task::try_id();
        let mut told = self.told();
        told.carried_out += usize::from(carried_out);
        let place = told.tape.len();
        told.tape.entry(task).or_insert((place, Vec::new())).1.push(request);
    }

    /// Returns what was sent, in the order in which cases began, and how much had status 200.
    fn take(&self) -> (Tape, usize) {
        let told = std::mem::take(&mut *self.told());
        let mut cases: Vec<_> = told.tape.into_values().collect();
        cases.sort_by_key(|(place, _)| *place);
        (cases.into_iter().map(|(_, requests)| requests).collect(), told.carried_out)
    }
}

impl Target for Recorder {
    fn name(&self) -> &str {
        self.target.name()
    }
    fn version(&self) -> Option<&str> {
        self.target.version()
    }
    fn capabilities(&self) -> &BTreeSet<Capability> {
        self.target.capabilities()
    }
    fn unsupported(&self) -> &BTreeSet<String> {
        self.target.unsupported()
    }
    fn url(&self) -> &str {
        self.target.url()
    }
    fn has_answered(&self, operation: &str) -> bool {
        self.target.has_answered(operation)
    }
    fn declined(&self, call: &Call, reply: &Reply) -> bool {
        self.target.declined(call, reply)
    }
    fn functions(&self) -> Option<&FunctionHost> {
        self.target.functions()
    }
    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply> {
        Box::pin(async move {
            let reply = self.target.send(call).await;
            let carried_out = reply.reply.as_ref().is_ok_and(Response::is_success);
            self.note(&reply.request, carried_out);
            reply
        })
    }
    fn read_mail<'a>(
        &'a self,
        pool: &'a str,
        username: &'a str,
    ) -> Boxed<'a, Result<Option<Mail>, String>> {
        self.target.read_mail(pool, username)
    }
    fn advance_clock<'a>(&'a self, seconds: u64) -> Boxed<'a, Result<(), String>> {
        Box::pin(async move {
            let moved = self.target.advance_clock(seconds).await;
            self.note(&control("clock", &format!(r#"{{"advance_seconds":{seconds}}}"#)), true);
            moved
        })
    }
}

fn control(endpoint: &str, body: &str) -> Request {
    Request {
        method: "POST".into(),
        path: format!("/_reference/{endpoint}"),
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.into(),
    }
}

/// Sends every request again, raw, over `connections` connections; each takes case after case.
async fn replay(addr: SocketAddr, tape: Tape, connections: usize) -> Rate {
    Connection::open(addr).await.exchange(&spelled(addr, &control("reset", "{}"))).await;
    let sent = tape.iter().map(Vec::len).sum();
    let cases = Arc::new(Mutex::new(VecDeque::from(tape)));
    let begun = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let cases = cases.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(addr).await;
                let mut carried_out = 0;
                loop {
                    let case = cases.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(case) = case else { break carried_out };
                    for request in case {
                        carried_out += usize::from(connection.exchange(&request).await == 200);
                    }
                }
            })
        })
        .collect();
    let mut carried_out = 0;
    for worker in workers {
        carried_out += worker.await.expect("no request breaks a connection");
    }
    rate(sent, carried_out, begun.elapsed())
}

fn spelled(addr: SocketAddr, request: &Request) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024 + request.body.len());
    let mut put = |parts: &[&str]| parts.iter().for_each(|part| bytes.extend(part.as_bytes()));
    put(&[&request.method, " ", &request.path, " HTTP/1.1\r\n"]);
    if request.header("host").is_none() {
        put(&["host: ", &addr.to_string(), "\r\n"]);
    }
    for (name, value) in &request.headers {
        put(&[name, ": ", value, "\r\n"]);
    }
    put(&["content-length: ", &request.body.len().to_string(), "\r\n\r\n"]);
    bytes.extend_from_slice(&request.body);
    bytes
}

/// A keep-alive connection.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.expect("the reference listens");
        stream.set_nodelay(true).expect("a TCP option");
        Self { stream, buffer: Vec::with_capacity(1 << 16) }
    }

    /// Sends a request and returns the status of the answer, when all of it is there.
    async fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.expect("the reference reads");
        self.buffer.clear();
        loop {
            if let Some(status) = complete(&self.buffer) {
                return status;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the reference answers");
            assert!(read > 0, "the response ends before it is complete");
        }
    }
}

/// Returns the status of a response once all of it is there; understands a length only.
fn complete(bytes: &[u8]) -> Option<u16> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let status = text.split(' ').nth(1)?.parse().expect("a status");
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    };
    let length = text.lines().find_map(header).expect("a length").expect("a number");
    (bytes.len() >= head + 4 + length).then_some(status)
}
