//! What one application calls: runs restricted to that, and the proxy that records it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::reference::server::{ServeOptions, Server};
use cognito_conformance::reference::{Reference, faults};
use serde_json::{Value, json};
use support::Proxy;

#[path = "support/proxy.rs"]
mod support;

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"));
    command.env_remove("NO_COLOR").current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

fn words(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s).into_owned());
    text.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Restricts a run to the calls of a file, and looks for these parts in what it prints.
#[track_caller]
fn check(trace: &str, arguments: &[&str], code: i32, parts: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("app.txt");
    std::fs::write(&path, trace).expect("writable");
    let path = path.to_string_lossy().into_owned();
    let fixed = ["run", "--failures", "none", "--seed", "4", "--only-operations-of", &path];
    let output = binary().args(fixed).args(arguments).output().expect("the binary runs");
    let text = words(&output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    text
}

/// An application that signs users up and in.
const APP: &str = r#"
{"operation": "SignUp", "input": {"ClientId": "c", "Username": "PLANTED-user", "Password": "PLANTED-password"}}
{"operation": "ConfirmSignUp", "input": {"ClientId": "c", "Username": "PLANTED-user", "ConfirmationCode": "PLANTED-code"}}
{"operation": "InitiateAuth", "input": {"ClientId": "c", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"PLANTED-key": "PLANTED-value"}}}
{"operation": "InitiateAuth", "input": {"ClientId": "c", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {}}}
{"operation": "GetUser", "input": {"AccessToken": "PLANTED-token"}}
"#;

#[test]
fn the_calls_of_an_application_can_be_trusted_on_the_reference() {
    let parts = [
        "InitiateAuth 2 trusted",
        "SignUp 1 trusted",
        "SignUp: ClientId, Password, Username",
        "SignUp > ConfirmSignUp 1 trusted",
        "Of 4 calls: 4 trusted.",
        "conformant",
    ];
    let text = check(APP, &["--cases", "12"], 0, &parts);
    assert!(!text.contains("PLANTED"), "{text}");
}

#[test]
fn only_cases_about_those_calls_are_played() {
    let text = check(APP, &["--list", "--phase", "scenarios"], 0, &["cognito-idp::sign-up::"]);
    assert!(!text.contains("cognito-idp::groups::"), "{text}");
    let text = check("GetUser\n", &["--list", "--phase", "coverage"], 0, &["::GetUser::"]);
    assert!(!text.contains("::SignUp::"), "{text}");
}

#[test]
fn a_fault_is_told_of_the_call_that_it_is_in() {
    let fault = ["--fault", "wrong-password-signs-in", "--phase", "scenarios"];
    check(
        APP,
        &fault,
        1,
        &["InitiateAuth 2 differs", "SignUp 1 trusted", "InitiateAuth: 1 finding"],
    );
}

#[test]
fn reports_hold_the_view_and_no_value_of_the_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (json, junit) = (path("run.json"), path("junit.xml"));
    let reports =
        ["--report-json", json.as_str(), "--report-junit", &junit, "--phase", "scenarios"];
    check(APP, &reports, 0, &["Of 4 calls"]);
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).expect("a report");
    let run: Value = serde_json::from_str(&read(&json)).expect("JSON");
    assert_eq!(run["app"]["calls"][0]["operation"], "InitiateAuth");
    assert_eq!(run["app"]["calls"][0]["trust"], "trusted");
    assert_eq!(run["app"]["calls"][0]["times"], 2);
    assert!(read(&junit).contains("classname=\"application\""));
    assert!(!read(&json).contains("PLANTED") && !read(&junit).contains("PLANTED"));
    let again = binary().args(["report", &json]).output().expect("the binary runs");
    assert!(words(&again).contains("Of 4 calls: 4 trusted."), "{}", words(&again));
}

#[test]
fn mistakes_name_their_place_and_nothing_else() {
    check("SignUp\nSingUp\n", &[], 2, &["app.txt:2: unknown operation, did you mean `SignUp`?"]);
    let text = check("PLANTED-secret-of-another-file\n", &[], 2, &["app.txt:1: unknown operation"]);
    assert!(!text.contains("PLANTED"), "{text}");
    check("{\"log\": {\"entries\": [}", &[], 2, &["app.txt:1:22: entry 1"]);
    check("", &[], 2, &["no call of Amazon Cognito in it"]);
}

fn endpoint(wrong: &[&str]) -> Server {
    let catalogue =
        Arc::new(Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads"));
    let wrong: Vec<String> = wrong.iter().map(|name| (*name).to_owned()).collect();
    let middleware = faults::middleware(&wrong, &catalogue).expect("known faults").some();
    let options = ServeOptions { seed: 9, middleware, ..ServeOptions::default() };
    Server::on_loopback(Reference::new(catalogue, 9), options).expect("a free port")
}

/// Sends bytes as they are and returns all that comes back.
fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    stream.write_all(request.as_bytes()).expect("the request is sent");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("a complete response");
    String::from_utf8_lossy(&response).into_owned()
}

fn call(port: u16, operation: &str, input: &Value) -> Value {
    let body = input.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=PLANTED/20261126/us-east-1/cognito-idp/aws4_request, \
         SignedHeaders=host, Signature=PLANTED\r\nx-amz-date: 20261126T000000Z\r\n\
         content-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.{operation}\r\n\r\n{body}",
        body.len()
    );
    let response = send(port, &request);
    let (head, body) = response.split_once("\r\n\r\n").expect("a response");
    assert!(head.starts_with("HTTP/1.1 200"), "{response}");
    serde_json::from_str(body).unwrap_or_default()
}

/// Signs a user up and in through a proxy; returns the secrets that came back.
fn use_it(port: u16) -> Vec<String> {
    let pool = call(port, "CreateUserPool", &json!({"PoolName": "app"}));
    let pool = pool["UserPool"]["Id"].clone();
    let client = call(
        port,
        "CreateUserPoolClient",
        &json!({
            "UserPoolId": pool, "ClientName": "c",
            "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        }),
    );
    let client = client["UserPoolClient"]["ClientId"].clone();
    let email = json!({"Name": "email", "Value": "planted.person@example.com"});
    let phone = json!({"Name": "phone_number", "Value": "+12065550199"});
    let user = json!({
        "UserPoolId": pool, "Username": "plantedname", "MessageAction": "SUPPRESS",
        "TemporaryPassword": "Planted-1-Password", "UserAttributes": [email, phone],
    });
    call(port, "AdminCreateUser", &user);
    let password = json!({
        "UserPoolId": pool, "Username": "plantedname", "Password": "Planted-2-Password",
        "Permanent": true,
    });
    call(port, "AdminSetUserPassword", &password);
    let auth = json!({"USERNAME": "plantedname", "PASSWORD": "Planted-2-Password"});
    let signed_in = call(
        port,
        "AdminInitiateAuth",
        &json!({
            "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": auth,
        }),
    );
    let tokens = &signed_in["AuthenticationResult"];
    let tokens = ["AccessToken", "IdToken", "RefreshToken"].map(|name| &tokens[name]);
    let tokens = tokens.map(|token| token.as_str().expect("a token").to_owned());
    call(port, "GetUser", &json!({"AccessToken": tokens[0]}));
    tokens.into()
}

#[test]
fn what_passes_is_recorded_without_secrets_and_feeds_a_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let record = folder.path().join("app.har");
    let server = endpoint(&[]);
    let proxy = Proxy::start(binary(), &server.url(), &record);
    let tokens = use_it(proxy.port);
    // Whole before it ends.
    let text = std::fs::read_to_string(&record).expect("a recording");
    let recorded: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(recorded["log"]["version"], "1.2");
    assert_eq!(recorded["log"]["entries"].as_array().map(Vec::len), Some(6));
    let (code, printed) = proxy.end();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("6 exchanges"), "{printed}");
    let planted = ["lanted", "PLANTED", "plantedname", "@example.com", "2065550199"];
    for secret in planted.iter().map(|s| (*s).to_owned()).chain(tokens) {
        assert!(!text.contains(&secret), "{secret} is in {text}");
        assert!(!printed.contains(&secret), "{secret} is in {printed}");
    }
    let output = binary()
        .args(["run", "--list", "--phase", "scenarios", "--only-operations-of"])
        .arg(&record)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(words(&output).contains("AdminCreateUser") || words(&output).contains("admin"));
}

#[test]
fn bytes_status_and_headers_pass_unchanged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = endpoint(&[]);
    let proxy = Proxy::start(binary(), &server.url(), &folder.path().join("app.har"));
    let port = server.addr().port();
    let steady = |text: &str| -> Vec<String> {
        let drawn =
            |line: &&str| !line.starts_with("x-amzn-requestid") && !line.starts_with("date");
        let mut lines: Vec<_> = text.split("\r\n").filter(drawn).map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("connection"));
        lines
    };
    for request in [
        "GET /_reference/outbox HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "GET /no/such/path?x=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\
         x-amz-target: AWSCognitoIdentityProviderService.SignUp\r\n\r\n{not json",
    ] {
        assert_eq!(steady(&send(proxy.port, request)), steady(&send(port, request)), "{request}");
    }
    assert_eq!(proxy.end().0, Some(0));
}

#[test]
fn findings_are_told_as_they_happen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = endpoint(&["no-request-id"]);
    let proxy = Proxy::start(binary(), &server.url(), &folder.path().join("app.har"));
    use_it(proxy.port);
    let (code, printed) = proxy.end();
    assert_eq!(code, Some(1), "{printed}");
    let first = printed.lines().next().unwrap_or_default();
    assert!(first.contains("#1 FAIL CreateUserPool wire request-id"), "{printed}");
    assert!(printed.contains("(exit code 1)"), "{printed}");
}

#[test]
fn an_endpoint_that_is_not_there_is_a_bad_gateway_that_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let proxy = Proxy::start(binary(), "http://127.0.0.1:1", &folder.path().join("app.har"));
    let started = Instant::now();
    let request = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let response = send(proxy.port, request);
    assert!(response.starts_with("HTTP/1.1 502"), "{response}");
    assert!(response.contains("cognito-conformance proxy: http://127.0.0.1:1"), "{response}");
    assert!(started.elapsed() < Duration::from_secs(20));
    let (code, printed) = proxy.end();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("1 request without an answer"), "{printed}");
}
