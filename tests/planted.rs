//! Does anything secret leave? A target that shows wherever it can what it was told and has given
//! out is run against, recorded and stood behind a proxy; nothing of it may stand in what the
//! harness writes or prints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard};

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::middleware::{Middleware, Next};
use cognito_conformance::reference::server::{ServeOptions, Server};
use cognito_conformance::scan::Secrets;
use cognito_conformance::snapshot;
use cognito_conformance::wire::{Request, Response};
use serde_json::{Value, json};
use support::Proxy;

#[path = "support/proxy.rs"]
mod support;

/// Members that hold a secret, each with the kind that it is counted under.
const MEMBERS: [(&str, &str); 25] = [
    ("AccessToken", "access token"),
    ("ACCESS_TOKEN", "access token"),
    ("ClientSecret", "client secret"),
    ("ConfirmationCode", "code"),
    ("SMS_MFA_CODE", "code"),
    ("SOFTWARE_TOKEN_MFA_CODE", "code"),
    ("EMAIL_OTP_CODE", "code"),
    ("UserCode", "code"),
    ("SecretHash", "secret hash"),
    ("SECRET_HASH", "secret hash"),
    ("IdToken", "ID token"),
    ("NEW_PASSWORD", "password"),
    ("PASSWORD", "password"),
    ("Password", "password"),
    ("PreviousPassword", "password"),
    ("ProposedPassword", "password"),
    ("TemporaryPassword", "password"),
    ("RefreshToken", "refresh token"),
    ("REFRESH_TOKEN", "refresh token"),
    ("SecretCode", "key of an authenticator"),
    ("SecretKey", "secret key"),
    ("SessionToken", "session token"),
    ("Session", "session"),
    ("Token", "open-ID token"),
    ("PASSWORD_CLAIM_SIGNATURE", "signature"),
];

/// What belongs to somebody and was told to nobody.
const PERSONAL: [(&str, &str); 3] = [
    ("e-mail", "jane.roe@mail.bigbank.io"),
    ("phone number", "+491712398441"),
    ("access key", "AKIAQX7Q2K5M3N8B1ZCD"),
];

/// Shows what passes.
#[derive(Default)]
struct Talkative {
    /// It shows what other cases have told it, too.
    forgets_nothing: bool,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Everything that ever passed, with its kind.
    all: BTreeMap<String, &'static str>,
    /// What passed since the last pool was made or deleted: with one case at a time, what this case knows.
    recent: BTreeSet<String>,
}

impl Talkative {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panics")
    }
}

impl Kept {
    fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let kind = MEMBERS.iter().find(|(known, _)| known == name);
                    match (kind, member) {
                        (Some((_, kind)), Value::String(text)) if text.len() >= 6 => {
                            self.all.insert(text.clone(), kind);
                            self.recent.insert(text.clone());
                        }
                        (_, member) => self.learn(member),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            _ => {}
        }
    }

    /// Everything it can show in one text.
    fn told(&self) -> String {
        let personal = PERSONAL.iter().map(|(_, value)| *value);
        let recent = self.recent.iter().map(String::as_str);
        recent.chain(personal).collect::<Vec<_>>().join(" ; ")
    }
}

impl Middleware for Talkative {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        let mut response = next(request);
        let Some(operation) = operation else { return response };
        let mut kept = self.kept();
        kept.learn(&serde_json::from_slice(&request.body).unwrap_or_default());
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        // The same way each time: what shows once shows again.
        let way = operation.bytes().map(usize::from).sum::<usize>() % 5;
        response.headers.retain(|(name, _)| name != "content-length" && name != "x-amz-crc32");
        let reads = operation.contains("Get") || operation.starts_with("List");
        let gives = ["GetId", "GetCredentialsForIdentity"].contains(&operation);
        let refuses = reads && way < 2 && !gives;
        // A case begins with a pool, if it has one, and ends with its deletion.
        let pool = ["UserPool", "IdentityPool"].iter().any(|kind| operation.ends_with(kind));
        let forgets = pool && !self.forgets_nothing;
        if forgets && operation.starts_with("Create") {
            kept.recent.clear();
        }
        // What it keeps to itself nobody can know for a secret.
        if !refuses {
            kept.learn(&body);
        }
        let told = kept.told();
        if forgets && operation.starts_with("Delete") {
            kept.recent.clear();
        }
        let shown = match way {
            0 if refuses => json!({"__type": "InvalidParameterException", "message": told}),
            1 if refuses => {
                response.status = 500;
                response.body = format!("<html>{told}</html>").into_bytes().into();
                return response;
            }
            2 => with(body, "Debug", json!({ told.clone(): {"Deep": [told]} })),
            3 => with(body, "UserStatus", json!(told)),
            _ => {
                let words = told.split(" ; ").filter(|word| word.is_ascii());
                let plain = words.take(4).collect::<Vec<_>>().join(";");
                response.headers.push(("x-amzn-errormessage".into(), plain));
                with(body, "Username", json!({"Whole": told}))
            }
        };
        if shown.get("__type").is_some() {
            response.status = 400;
        }
        response.body = shown.to_string().into_bytes().into();
        response
    }
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.into(), value);
    }
    body
}

fn serve(talkative: &Arc<Talkative>) -> Server {
    let catalogue = Arc::new(Catalogue::load(&Source::Embedded).expect("it is embedded"));
    let options =
        ServeOptions { seed: 9, middleware: Some(talkative.clone()), ..ServeOptions::default() };
    Server::on_loopback(Reference::new(catalogue, 9), options).expect("a free port")
}

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"));
    command.current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s).into_owned()).concat()
}

/// Reads every file below a folder, names apart.
fn written(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        text += &match path.is_dir() {
            true => written(&path),
            false => std::fs::read_to_string(&path).expect("text"),
        };
    }
    text
}

/// Looks for all that passed in a text, as it is and as the text may spell it; what the cases
/// spell out themselves may stand there.
#[track_caller]
fn holds_nothing(talkative: &Talkative, what: &str, text: &str) {
    assert!(!text.is_empty(), "{what}: nothing was written");
    let committed = written(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"));
    let committed = committed + include_str!("../src/generate/dictionary.yaml");
    let kept = talkative.kept();
    let all = kept.all.iter().map(|(value, kind)| (value.as_str(), *kind));
    for (value, kind) in all.chain(PERSONAL.map(|(kind, value)| (value, kind))) {
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let alone = |at: usize| {
            let after = text[at + value.len()..].chars().next();
            value.len() > 8 || !(word(text[..at].chars().next_back()) || word(after))
        };
        let quoted = json!(value).to_string();
        let spellings = [value, quoted.trim_matches('"')];
        let found = spellings.iter().find_map(|form| text.find(form)).filter(|at| alone(*at));
        // What a case makes by repeating a word is nobody's secret.
        let spelled_out =
            committed.contains(value) || committed.contains(&value[..value.len() / 8]);
        if let Some(at) = found.filter(|_| !spelled_out) {
            let start = text.floor_char_boundary(at.saturating_sub(300));
            panic!("{what} shows a {kind}, `{value}`: {}", &text[start..at]);
        }
    }
}

/// Tells that the target has seen, and shown, enough for the rest to mean anything.
#[track_caller]
fn has_shown(talkative: &Talkative, fewest: usize) {
    let kinds: BTreeSet<&str> = talkative.kept().all.values().copied().collect();
    assert!(kinds.len() + PERSONAL.len() >= fewest, "only {kinds:?}");
}

const AREAS: [&str; 9] = [
    "--area=auth",
    "--area=mfa",
    "--area=sessions",
    "--area=secret-hash",
    "--area=sign-up",
    "--area=account",
    "--area=recovery",
    "--area=identities",
    "--area=identity-credentials",
];

#[test]
fn reports_hold_nothing_that_a_target_shows() {
    let talkative = Arc::new(Talkative::default());
    let server = serve(&talkative);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = binary()
        .args(["run", "--target", &server.url(), "--as", "reference", "--jobs", "1", "--seed", "4"])
        .args(AREAS)
        .args(["--phase", "scenarios", "--failures", "none"])
        .args(["--report-json", &at("run.json"), "--report-junit", &at("run.xml"), "--verbose"])
        .output()
        .expect("the binary runs");
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    has_shown(&talkative, 15);
    holds_nothing(&talkative, "the terminal", &text);
    holds_nothing(&talkative, "a report", &written(folder.path()));
    let run = std::fs::read_to_string(at("run.json")).expect("a report");
    assert!(!run.contains("withheld"), "redaction missed something");
    // What explains a finding reads the report.
    let run: Value = serde_json::from_str(&run).expect("a report");
    let findings = run.pointer("/cases").and_then(Value::as_array).into_iter().flatten();
    let mut findings = findings.flat_map(|case| case["findings"].as_array().into_iter().flatten());
    let id = findings.find_map(|finding| finding["id"].as_str()).expect("a finding");
    let output = binary().args(["explain", id, "--report", &at("run.json")]).output();
    holds_nothing(&talkative, "explain", &printed(&output.expect("the binary runs")));
}

#[test]
fn saved_failures_hold_nothing_that_a_target_shows() {
    let talkative = Arc::new(Talkative::default());
    let server = serve(&talkative);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = binary()
        .args(["run", "--target", &server.url(), "--as", "reference", "--jobs", "1", "--seed", "4"])
        .args(["--phase", "coverage", "--operation", "ChangePassword", "--shrink", "120"])
        .args(["--failures", &folder.path().display().to_string()])
        .output()
        .expect("the binary runs");
    holds_nothing(&talkative, "the terminal", &printed(&output));
    let saved = written(folder.path());
    assert!(saved.contains("# Seen on `"), "{}", printed(&output));
    holds_nothing(&talkative, "a saved failure", &saved);
}

#[test]
fn what_belongs_to_another_case_is_withheld_and_fails_the_run() {
    let talkative = Arc::new(Talkative { forgets_nothing: true, ..Talkative::default() });
    let server = serve(&talkative);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("run.json");
    let output = binary()
        .args(["run", "--target", &server.url(), "--as", "reference", "--jobs", "1", "--seed", "4"])
        .args(["--area=auth", "--phase", "scenarios", "--failures", "none", "--report-json"])
        .arg(&report)
        .output()
        .expect("the binary runs");
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("secrets would have been shown and were withheld ("), "{text}");
    holds_nothing(&talkative, "the terminal", &text);
    holds_nothing(&talkative, "the report", &written(folder.path()));
    let run = std::fs::read_to_string(&report).expect("a report");
    let run: Value = serde_json::from_str(&run).expect("a report");
    assert!(run["withheld"]["password"].as_u64().is_some_and(|count| count > 0), "{run}");
}

#[test]
fn snapshots_hold_nothing_that_a_target_shows() {
    let talkative = Arc::new(Talkative::default());
    let server = serve(&talkative);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = binary()
        .args(["record", "--target", &server.url(), "--accept", "--out"])
        .arg(folder.path())
        .args(["cognito-idp::auth::", "cognito-idp::mfa::"])
        .output()
        .expect("the binary runs");
    holds_nothing(&talkative, "the terminal", &printed(&output));
    holds_nothing(&talkative, "a snapshot", &written(folder.path()));
}

#[test]
fn recordings_of_a_proxy_hold_nothing_that_passes() {
    let talkative = Arc::new(Talkative::default());
    let server = serve(&talkative);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let record = folder.path().join("app.har");
    let proxy = Proxy::start(binary(), &server.url(), &record);
    let through = format!("http://127.0.0.1:{}", proxy.port);
    let output = binary()
        .args(["run", "--target", &through, "--as", "reference", "--jobs", "1", "--seed", "4"])
        .args(["--area=auth", "--phase", "scenarios", "--failures", "none"])
        .output()
        .expect("the binary runs");
    holds_nothing(&talkative, "the run through it", &printed(&output));
    let (_, text) = proxy.end();
    has_shown(&talkative, 9);
    holds_nothing(&talkative, "what it prints", &text);
    holds_nothing(&talkative, "its recording", &written(folder.path()));
}

#[test]
fn accepted_snapshots_hold_nothing_that_looks_secret() {
    let snapshots = snapshot::Snapshots::load(&snapshot::Source::Embedded).expect("they load");
    let secrets = Secrets::default();
    for case in snapshots.cases() {
        let mut text = snapshots.get(case).expect("it is one of them").text.clone();
        assert!(!secrets.withhold(&mut text), "{case}: {text}");
    }
}
