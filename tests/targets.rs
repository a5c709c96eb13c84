//! Can every kind of target be opened, and is it understood and left as it was found?

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::target::http::{Http, Limits, Signing};
use cognito_conformance::target::open::{OpenOptions, Opened, TargetError, TargetSpec, open};
use cognito_conformance::target::process::{Process, StartError};
use cognito_conformance::target::profile::{Profile, Start};
use cognito_conformance::target::{Capability, Target, Transport};
use cognito_conformance::transcript::Call;
use cognito_conformance::wire::{Request, TransportError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn catalogue() -> Arc<Catalogue> {
    Arc::new(Catalogue::load(&Source::Embedded).expect("it is embedded"))
}

fn options() -> OpenOptions {
    OpenOptions::new(catalogue())
}

fn api(service: &str, operation: &str, input: Value, signed: bool) -> Call {
    Call::Api { service: service.into(), operation: operation.into(), input, signed }
}

/// Requests a server received: head and body.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// How a test server answers: status and body, from a request's head.
type Answer = fn(&str) -> (u16, String);

/// Serves every request with a status and body that depend on its head; keeps connections open.
async fn serve(answer: Answer) -> (String, Received) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let received = Received::default();
    let kept = received.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, answer, kept.clone()));
        }
    });
    (format!("http://{address}"), received)
}

async fn converse(mut stream: TcpStream, answer: Answer, kept: Received) {
    let mut buffer = Vec::new();
    loop {
        let Some(at) = buffer.windows(4).position(|part| part == b"\r\n\r\n") else {
            if stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                return;
            }
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..at]).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let end = at + 4 + length.map_or(0, |length| length.trim().parse().expect("a length"));
        while buffer.len() < end {
            stream.read_buf(&mut buffer).await.expect("the rest of the body");
        }
        let original = String::from_utf8_lossy(&buffer[..at]).into_owned();
        let (status, body) = answer(&original);
        kept.lock().expect("no panic").push((original, buffer[at + 4..end].to_vec()));
        buffer.drain(..end);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn refusal(_: &str) -> (u16, String) {
    (400, r#"{"__type":"InvalidParameterException","message":"no"}"#.into())
}

#[cfg(feature = "aws")]
mod official {
    use super::*;
    use cognito_conformance::catalogue::Auth;
    use cognito_conformance::target::Reply;
    use cognito_conformance::target::sdk::Sdk;
    use cognito_conformance::transcript::SdkVerdict;

    async fn sdk(url: &str) -> Sdk {
        let catalogue = catalogue();
        let http = Http::new(url, catalogue.clone(), Signing::default(), Limits::default());
        Sdk::new(http.expect("a URL"), catalogue)
    }

    #[tokio::test]
    async fn every_operation_is_sent_with_our_body_and_judged() {
        let (url, received) = serve(refusal).await;
        let sdk = sdk(&url).await;
        let catalogue = catalogue();
        let mut unjudged = Vec::new();
        for (service, operation) in catalogue.operations() {
            let call = api(&service.info.id, &operation.name, json!({"Odd": [1, null]}), true);
            let reply = sdk.send(&call).await;
            let (head, body) = received.lock().expect("no panic").pop().expect("a request");
            assert_eq!(body, br#"{"Odd":[1,null]}"#, "{}", operation.name);
            assert_eq!(reply.request.body, body);
            let head = head.to_lowercase();
            let target = format!("{}.{}", service.info.target_prefix, operation.name);
            let target = format!("x-amz-target: {}\r\n", target.to_lowercase());
            assert!(head.contains(&target), "{head}");
            assert!(head.contains("content-type: application/x-amz-json-1.1"), "{head}");
            let scope = format!("/us-east-1/{}/aws4_request", service.info.signing_name);
            let signed = head.contains("authorization: aws4-hmac-sha256") && head.contains(&scope);
            assert_eq!(signed, operation.auth == Auth::Sigv4, "{head}");
            match reply.sdk {
                None => unjudged.push(operation.name.clone()),
                Some(SdkVerdict::Error { code, message, modelled }) => {
                    assert_eq!(code.as_deref(), Some("InvalidParameterException"));
                    assert_eq!(message.as_deref(), Some("no"));
                    let declared = operation.errors.contains("InvalidParameterException");
                    assert_eq!(modelled, declared, "{}", operation.name);
                }
                Some(other) => panic!("{}: {other:?}", operation.name),
            }
        }
        assert_eq!(unjudged.len(), 9, "{unjudged:?}");
    }

    #[track_caller]
    fn is(reply: Reply, expected: fn(&SdkVerdict) -> bool) {
        let verdict = reply.sdk.expect("a verdict");
        assert!(expected(&verdict), "{verdict:?}");
    }

    #[tokio::test]
    async fn verdicts_are_those_of_the_sdk() {
        let call = api("cognito-idp", "ListUserPools", json!({}), true);
        let pools = |_: &str| (200, r#"{"UserPools":[{"Id":"a_b","CreationDate":1.5}]}"#.into());
        let reply = sdk(&serve(pools).await.0).await.send(&call).await;
        is(reply, |verdict| *verdict == SdkVerdict::Output);
        let dates = |_: &str| (200, r#"{"UserPools":[{"CreationDate":"2020-01-01"}]}"#.into());
        let reply = sdk(&serve(dates).await.0).await.send(&call).await;
        is(reply, |verdict| matches!(verdict, SdkVerdict::Unparsable { .. }));
        let odd = |_: &str| (400, r#"{"__type":"OddException","message":"m"}"#.into());
        let reply = sdk(&serve(odd).await.0).await.send(&call).await;
        is(reply, |verdict| {
            let odd = Some("OddException".to_owned());
            matches!(verdict, SdkVerdict::Error { code, modelled: false, .. } if *code == odd)
        });
        let bare = |_: &str| (500, String::new());
        let reply = sdk(&serve(bare).await.0).await.send(&call).await;
        is(reply, |verdict| matches!(verdict, SdkVerdict::Error { code: None, .. }));
    }

    #[tokio::test]
    async fn an_endpoint_may_have_a_path() {
        let (url, received) = serve(refusal).await;
        let sdk = sdk(&format!("{url}/some/prefix/")).await;
        for signed in [true, false] {
            sdk.send(&api("cognito-idp", "ListUserPools", json!({}), signed)).await;
            let (head, _) = received.lock().expect("no panic").pop().expect("a request");
            assert!(head.starts_with("POST /some/prefix/ HTTP/1.1\r\n"), "{head}");
        }
    }

    #[tokio::test]
    async fn unsigned_calls_of_signed_operations_go_out_bare() {
        let (url, received) = serve(refusal).await;
        let sdk = sdk(&url).await;
        let reply = sdk.send(&api("cognito-idp", "ListUserPools", json!({}), false)).await;
        assert_eq!(reply.sdk, None);
        let (head, _) = received.lock().expect("no panic").pop().expect("a request");
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
    }

    #[tokio::test]
    async fn the_sdk_costs_little_per_call() {
        let (url, _) = serve(refusal).await;
        let sdk = sdk(&url).await;
        let call = api("cognito-idp", "ListUserPools", json!({}), true);
        sdk.send(&call).await;
        let started = Instant::now();
        for _ in 0..200 {
            sdk.send(&call).await;
        }
        let each = started.elapsed() / 200;
        assert!(each < Duration::from_millis(20), "{each:?}");
    }
}

#[tokio::test]
async fn raw_requests_go_out_as_they_are() {
    let (url, received) = serve(refusal).await;
    let http = Http::new(&url, catalogue(), Signing::default(), Limits::default()).expect("a URL");
    let request = Request {
        method: "PUT".into(),
        path: "/some/where?x=%20y&Action=z".into(),
        headers: vec![("content-type".into(), "text/odd".into()), ("x-a".into(), "1".into())],
        body: b"{not json".to_vec(),
    };
    let call = Call::Raw { service: "cognito-idp".into(), request: request.clone(), signed: false };
    assert_eq!(http.send(&call).await.request, request);
    let (head, body) = received.lock().expect("no panic").pop().expect("a request");
    assert!(head.starts_with("PUT /some/where?x=%20y&Action=z HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: text/odd\r\n") && head.contains("x-a: 1\r\n"), "{head}");
    assert_eq!(body, b"{not json");

    // A length that is a lie is the sender's own trouble: it ends, whatever comes of it.
    let quick = Limits { total: Duration::from_millis(300), ..Limits::default() };
    let impatient = Http::new(&url, catalogue(), Signing::default(), quick).expect("a URL");
    for (name, value) in [("content-length", "100"), ("transfer-encoding", "chunked")] {
        let headers = vec![(name.into(), value.into())];
        let _ = impatient.exchange(&Request { headers, ..request.clone() }).await;
    }

    for (path, header) in [("@example.com/", "x"), ("/", "a\nb")] {
        let headers = vec![("x-a".into(), header.into())];
        let request = Request { path: path.into(), headers, ..request.clone() };
        let reply = http.exchange(&request).await;
        assert!(matches!(reply, Err(TransportError::Unsendable(_))), "{reply:?}");
    }
}

#[tokio::test]
async fn a_server_with_one_answer_declines_nothing() {
    let servers: [Answer; 3] = [refusal, |_| (200, "{}".into()), |_| (418, "I'm a teapot".into())];
    for answer in servers {
        let target = open(&TargetSpec::Url(serve(answer).await.0), &options()).await;
        let target = target.expect("it answers");
        for (service, operation) in catalogue().operations().step_by(10) {
            let call = api(&service.info.id, &operation.name, json!({}), true);
            let reply = target.send(&call).await;
            assert!(!target.declined(&call, &reply), "{}: {:?}", operation.name, reply.reply);
        }
    }
}

#[tokio::test]
async fn a_url_is_asked_for_identity_pools_and_has_no_other_capability() {
    fn lacking(head: &str) -> (u16, String) {
        let idp = head.to_lowercase().contains("awscognitoidentityproviderservice");
        if idp { (200, "{}".into()) } else { (404, "no such service".into()) }
    }
    for (answer, expected) in [
        (lacking as Answer, BTreeSet::new()),
        (|_| (200, "{}".into()), [Capability::IdentityPools].into()),
    ] {
        let url = serve(answer).await.0;
        let target = open(&TargetSpec::Url(url.clone()), &options()).await.expect("it answers");
        assert_eq!(*target.capabilities(), expected);
        assert_eq!((target.name(), target.url(), target.jobs()), (&*url, &*url, None));
    }
}

#[tokio::test]
async fn a_url_can_have_the_capabilities_of_a_profile() {
    let (url, _) = serve(refusal).await;
    let with = |name: &str| OpenOptions { capabilities_of: Some(name.into()), ..options() };
    let target = open(&TargetSpec::Url(url.clone()), &with("moto")).await.expect("it answers");
    assert_eq!(target.version(), Some("5.2.5"));
    assert_eq!(target.read_code("p", "u").await, Ok(Some("123456".into())));
    assert!(target.advance_clock(1).await.is_err());
    // Nothing was started here, so there is no log to read codes from.
    let target = open(&TargetSpec::Url(url.clone()), &with("cognitox")).await.expect("it answers");
    assert!(!target.capabilities().contains(&Capability::Mailbox));
    assert!(target.read_code("p", "u").await.is_err());
    let wrong = open(&TargetSpec::Url(url), &with("cognito-lokal")).await.err();
    let words = wrong.expect("no such profile").to_string();
    assert!(words.contains("did you mean `cognito-local`?"), "{words}");
    let own = open(&TargetSpec::Reference, &with("moto")).await.err();
    assert!(matches!(own, Some(TargetError::AsWithoutUrl(_))));
}

#[tokio::test]
async fn an_unreachable_url_is_indeterminate() {
    let error = open(&TargetSpec::Url("http://127.0.0.1:1".into()), &options()).await.err();
    assert!(error.expect("nothing listens there").is_indeterminate());
}

#[test]
fn targets_are_named_by_word_or_url() {
    let read = |text: &str| text.parse::<TargetSpec>().map_err(|e| e.to_string());
    assert_eq!(read("reference"), Ok(TargetSpec::Reference));
    assert_eq!(read("moto"), Ok(TargetSpec::Profile("moto".into())));
    assert_eq!(read("http://x:1"), Ok(TargetSpec::Url("http://x:1".into())));
    assert!(read("localhost:9229").is_err_and(|e| e.contains("not http or https")));
}

#[test]
fn every_shipped_profile_loads_and_names_real_operations() {
    let catalogue = catalogue();
    let names = Profile::names(&Source::Embedded).expect("they are embedded");
    assert_eq!(names, ["cognito-local", "cognitox", "ministack", "moto", "reference"]);
    for name in names {
        let profile = Profile::load(&Source::Embedded, &name).expect("it is well-formed");
        profile.verify(&Source::Embedded, &catalogue).expect("it names what there is");
        let pools = profile.services.contains("cognito-identity");
        assert_eq!(pools, profile.capability_set().contains(&Capability::IdentityPools));
    }
}

#[tokio::test]
async fn a_profile_that_names_what_is_not_there_is_refused_with_the_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = async |text: &str, expected: &str| {
        std::fs::write(folder.path().join("mine.yaml"), text).expect("it is ours");
        let profiles = Source::Folder(folder.path().into());
        let options = OpenOptions { profiles, ..options() };
        let error = open(&TargetSpec::Profile("mine".into()), &options).await.err();
        let words = error.expect("a mistake").to_string();
        assert!(words.ends_with(expected), "{words}");
    };
    let text = "name: mine\nurl: http://x\nunsupported:\n  - SignUp\n  - InitateAuth\n";
    let expected = "mine.yaml:5: unknown operation `InitateAuth`, did you mean `InitiateAuth`?";
    check(text, expected).await;
    let text = "name: mine\nurl: http://x\nservices: [cognito-ipd]\n";
    check(text, "mine.yaml:3: unknown service `cognito-ipd`, did you mean `cognito-idp`?").await;
}

#[tokio::test]
async fn a_missing_program_is_told_with_the_way_to_get_it() {
    let start = Start {
        program: "cognito-nowhere".into(),
        search: vec!["/no/such/folder".into()],
        install: Some("get it".into()),
        ..Start::default()
    };
    let words = Process::start(&start, "").await.expect_err("it is missing").to_string();
    let expected = "`cognito-nowhere` is neither in /no/such/folder nor on the PATH; to install \
                    it: get it";
    assert_eq!(words, expected);
}

#[cfg(unix)]
mod processes {
    use super::*;

    fn shell(script: &str) -> Start {
        Start {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            ready_seconds: 1,
            ..Start::default()
        }
    }

    /// Tells whether any process has `mark` in its command line.
    fn runs(mark: &str) -> bool {
        let output = std::process::Command::new("ps").args(["-eo", "stat,args"]).output();
        let output = output.expect("ps is there");
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().any(|line| line.contains(mark) && !line.starts_with('Z'))
    }

    async fn is_gone(mark: &str) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while runs(mark) {
            assert!(Instant::now() < deadline, "`{mark}` still runs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    #[tokio::test]
    async fn a_program_that_dies_is_told_with_its_last_words() {
        let start = shell("echo one; echo two >&2; exit 3");
        let error = Process::start(&start, "").await.expect_err("it dies");
        assert!(matches!(error, StartError::Died { .. }), "{error}");
        let words = error.to_string();
        assert!(words.contains("exit status: 3"), "{words}");
        assert!(words.contains("one") && words.contains("two"), "{words}");
    }

    #[tokio::test]
    async fn a_silent_program_is_given_up_and_leaves_no_orphan() {
        let start = shell("trap '' TERM; echo here; sleep 61.5 & sleep 61.5; sleep 61.5");
        let started = Instant::now();
        let error = Process::start(&start, "").await.expect_err("it is silent");
        assert!(matches!(error, StartError::Silent { seconds: 1, .. }), "{error}");
        assert!(error.to_string().contains("here"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10));
        is_gone("sleep 61.5").await;
    }

    /// Starts a program and waits for ever: what the next test ends.
    #[tokio::test]
    #[ignore = "the next test starts it in a process of its own"]
    async fn half_of_the_next_test() {
        let start = Start { ready_seconds: 60, ..shell("sleep 63.5 & sleep 63.5; sleep 63.5") };
        let _ = Process::start(&start, "").await;
    }

    #[tokio::test]
    async fn a_killed_harness_leaves_no_orphan() {
        let mut harness = std::process::Command::new(std::env::current_exe().expect("a path"));
        harness.args(["--ignored", "--exact", "processes::half_of_the_next_test"]);
        harness.stdout(std::process::Stdio::null());
        // A killed harness cannot clean up its folder.
        let folder = tempfile::tempdir().expect("a folder");
        harness.env("TMPDIR", folder.path());
        let mut harness = harness.spawn().expect("it was started before");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !runs("sleep 63.5") {
            assert!(Instant::now() < deadline, "the program does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        harness.kill().expect("it runs");
        harness.wait().expect("it was killed");
        is_gone("sleep 63.5").await;
    }

    #[tokio::test]
    async fn a_stopped_program_takes_along_what_it_started() {
        let start = Start { ready_seconds: 60, ..shell("") };
        let Some(python) = ["/usr/bin/python3", "/usr/local/bin/python3"]
            .iter()
            .find(|path| std::path::Path::new(path).exists())
        else {
            eprintln!("skipped: no python3 to serve with");
            return;
        };
        let script = "import http.server,signal,subprocess,sys\n\
            signal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
            subprocess.Popen(['sleep','64.5'])\n\
            http.server.HTTPServer(('127.0.0.1',int(sys.argv[1])),\
            http.server.BaseHTTPRequestHandler).serve_forever()";
        let args = vec!["-c".into(), script.into(), "{port}".into()];
        let start = Start { program: (*python).into(), args, ..start };
        let process = Process::start(&start, "").await.expect("it answers");
        assert!(runs("sleep 64.5") && process.ended().is_none());
        let started = Instant::now();
        process.shutdown().await;
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(process.ended().is_some() && process.id().is_none());
        is_gone("sleep 64.5").await;
    }

    #[tokio::test]
    async fn dropping_the_start_half_way_leaves_no_orphan() {
        let start = Start { ready_seconds: 60, ..shell("sleep 62.5 & sleep 62.5; sleep 62.5") };
        let attempt = tokio::time::timeout(Duration::from_millis(300), Process::start(&start, ""));
        assert!(attempt.await.is_err());
        is_gone("sleep 62.5").await;
    }
}

#[tokio::test]
async fn the_reference_opens_with_everything_its_profile_promises() {
    let target = open(&TargetSpec::Reference, &options()).await.expect("it starts");
    assert_eq!(target.name(), "reference");
    let promised = [
        Capability::Mailbox,
        Capability::Clock,
        Capability::IdentityPools,
        Capability::Jwks,
        Capability::QueryProtocol,
        Capability::UserImport,
        Capability::OauthEndpoints,
        Capability::Lambda,
    ];
    assert_eq!(*target.capabilities(), BTreeSet::from(promised));
    let (pool, client) = pool_and_client(&target).await;
    assert_eq!(target.read_code(&pool, "some+body").await, Ok(None));
    let confirm = |code: String| {
        let input = json!({"ClientId": client, "Username": "some+body", "ConfirmationCode": code});
        api("cognito-idp", "ConfirmSignUp", input, false)
    };
    sign_up(&target, &client, "some+body").await;
    let code = target.read_code(&pool, "some+body").await.expect("a mailbox").expect("a code");
    assert_eq!(target.advance_clock(30 * 86_400).await, Ok(()));
    let late = target.send(&confirm(code)).await.reply.expect("a response");
    assert_eq!(late.error_code().as_deref(), Some("ExpiredCodeException"));
    for path in [format!("/{pool}/.well-known/jwks.json"), "/?Action=GetCSVHeader".to_owned()] {
        let request = Request { method: "GET".into(), path, headers: vec![], body: vec![] };
        let response = target.http().exchange(&request).await.expect("a response");
        assert_ne!(response.status, 404, "{response:?}");
    }
    let call = api("cognito-idp", "CreateUserPool", json!({}), true);
    let reply = target.send(&call).await;
    assert!(!target.declined(&call, &reply), "{:?}", reply.reply);
    assert_eq!(reply.sdk.is_some(), cfg!(feature = "aws"));
    target.shutdown().await;
    let reply = target.send(&call).await;
    assert!(matches!(reply.reply, Err(TransportError::Connect(_))), "{:?}", reply.reply);
}

/// Opens an emulator if it is installed.
async fn emulator(name: &str) -> Option<Opened> {
    match open(&TargetSpec::Profile(name.into()), &options()).await {
        Ok(target) => Some(target),
        Err(TargetError::Start(StartError::Missing { .. })) => {
            eprintln!("skipped: {name} is not installed");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

async fn output(target: &Opened, operation: &str, input: Value) -> Value {
    let reply = target.send(&api("cognito-idp", operation, input, true)).await;
    let response = reply.reply.expect("a response");
    assert!(response.is_success(), "{operation}: {response:?}");
    response.json().expect("JSON").unwrap_or_default().into_owned()
}

/// Returns the ids of a new pool, which sends codes, and of a client in it.
async fn pool_and_client(target: &Opened) -> (String, String) {
    let input = json!({"PoolName": "codes", "AutoVerifiedAttributes": ["email"]});
    let pool = output(target, "CreateUserPool", input).await;
    let pool = pool["UserPool"]["Id"].as_str().expect("an id").to_owned();
    let input = json!({"UserPoolId": pool, "ClientName": "codes"});
    let client = output(target, "CreateUserPoolClient", input).await;
    (pool, client["UserPoolClient"]["ClientId"].as_str().expect("an id").to_owned())
}

async fn sign_up(target: &Opened, client: &str, username: &str) {
    let mut input = json!({"ClientId": client, "Username": username, "Password": "Passw0rd!"});
    input["UserAttributes"] = json!([{"Name": "email", "Value": "a@example.com"}]);
    output(target, "SignUp", input).await;
}

/// Opens an emulator, counts what it declines of both services, and ends it.
async fn check<F: Future<Output = ()>>(
    name: &str,
    declines: (usize, usize),
    use_it: impl Fn(Arc<Opened>) -> F,
) {
    let Some(target) = emulator(name).await else { return };
    let target = Arc::new(target);
    let mut declined = Vec::new();
    for (service, operation) in catalogue().operations() {
        let call = api(&service.info.id, &operation.name, json!({}), true);
        let reply = target.send(&call).await;
        if target.declined(&call, &reply) {
            declined.push(format!("{}:{}", service.info.id, operation.name));
        }
    }
    let user_pools = declined.iter().filter(|name| name.starts_with("cognito-idp:")).count();
    assert_eq!((user_pools, declined.len() - user_pools), declines, "{declined:?}");
    use_it(target.clone()).await;
    assert_eq!(target.ended(), None);
    let url = target.url().to_owned();
    target.shutdown().await;
    assert!(target.ended().is_some());
    let again = Http::new(&url, catalogue(), Signing::default(), Limits::default());
    let ask = Request { method: "POST".into(), path: "/".into(), headers: vec![], body: vec![] };
    let reply = again.expect("a URL").exchange(&ask).await;
    assert!(matches!(reply, Err(TransportError::Connect(_))), "{reply:?}");
}

async fn nothing_more(_: Arc<Opened>) {}

#[tokio::test]
async fn moto_opens() {
    check("moto", (79, 13), nothing_more).await;
}

#[tokio::test]
async fn cognito_local_opens() {
    // One of them only without an authentication flow.
    check("cognito-local", (92, 23), nothing_more).await;
}

#[tokio::test]
async fn ministack_opens() {
    check("ministack", (64, 3), nothing_more).await;
}

#[tokio::test]
async fn cognitox_opens_and_its_log_tells_codes() {
    check("cognitox", (22, 23), |target| async move {
        let (pool, client) = pool_and_client(&target).await;
        sign_up(&target, &client, "some.body").await;
        let code = target.read_code(&pool, "some.body").await.expect("a mailbox").expect("a code");
        assert_eq!(target.read_code(&pool, "somexbody").await, Ok(None));
        let input = json!({"ClientId": client, "Username": "some.body", "ConfirmationCode": code});
        output(&target, "ConfirmSignUp", input).await;
    })
    .await;
}
