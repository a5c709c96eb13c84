//! Does each check report what breaks a promise, and nothing that merely looks odd?
//!
//! Table tests on hand-made exchanges; the false alarms others have raised come first.

use std::path::Path;
use std::sync::LazyLock;

use cognito_conformance::canonical::{
    Redactor, canonical, curl, record, redact_input, redact_output,
};
use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::check::{
    Breach, CHECKS, examine, expectation_holds, finding_id, throttled,
};
use cognito_conformance::outcome::{Evidence, Level};
use cognito_conformance::pattern::Pattern;
use cognito_conformance::transcript::{
    Call, Exchange, Expectation, Expected, Pages, Place, SdkVerdict, Transcript,
};
use cognito_conformance::wire::{Request, Response, TransportError};
use serde_json::{Value, json};

const JSON: &str = "application/x-amz-json-1.1";
const ID: &str = "9d7f4a52-0f52-4f5b-8a36-0c6a9c3a2a11";
const IDP: &str = "cognito-idp";

const RULES: &str = r#"
- id: test-user-not-found
  operations: [AdminGetUser]
  when: no user has the name
  error: UserNotFoundException
  message: "User {name} does not exist."
  evidence: observed
  source: a test
- id: test-user-hidden
  operations: [AdminGetUser]
  when: no user has the name, and the client hides it
  error: NotAuthorizedException
  message: Incorrect username or password.
  message_evidence: inferred
  evidence: documented
  source: a test
- id: test-bad-parameters
  operations: [AdminGetUser]
  when: two members break a constraint
  error: InvalidParameterException
  message: "2 validation errors detected: Value at 'username' failed to satisfy constraint: Member must satisfy enum value set: [A, B]; Value at 'userPoolId' is bad"
  evidence: observed
  source: a test
- id: test-undeclared
  operations: [AdminGetUser]
  when: a code that the operation does not declare was seen
  error: GroupExistsException
  evidence: observed
  source: a test
"#;

/// The committed shapes with a rulebook of the tests' own.
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for service in ["cognito-idp", "cognito-identity"] {
        copy(&specs.join(service), &folder.path().join(service));
    }
    let rules = folder.path().join("cognito-idp/rules");
    std::fs::create_dir_all(&rules).expect("a folder for rules");
    std::fs::write(rules.join("test.yaml"), RULES).expect("a file of rules");
    Catalogue::load(&Source::Folder(folder.path().into())).expect("the catalogue loads")
});

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the catalogue").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "operations" {
            copy(&path, &to.join(name));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            std::fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

fn exchange(operation: &str, input: Value, status: u16, body: &str) -> Exchange {
    let service = if CATALOGUE.services[IDP].operations.contains_key(operation) {
        IDP
    } else {
        "cognito-identity"
    };
    let mut headers = vec![
        ("content-type".to_owned(), JSON.to_owned()),
        ("x-amzn-requestid".to_owned(), ID.to_owned()),
    ];
    if let Ok(error) = serde_json::from_str::<Value>(body)
        && status >= 400
    {
        let text = |name: &str| error.get(name).and_then(Value::as_str);
        if let Some(code) = text("__type") {
            headers.push(("x-amzn-errortype".into(), format!("{code}:")));
        }
        if let Some(message) = text("message").or(text("Message")) {
            headers.push(("x-amzn-errormessage".into(), message.into()));
        }
    }
    Exchange {
        place: Place::Step(1),
        call: Call::Api {
            service: service.into(),
            operation: operation.into(),
            input: input.clone(),
            signed: true,
        },
        request: Request::call("X", operation, &input),
        reply: Ok(Response { status, headers, body: body.into() }),
        sdk: None,
        expect: None,
        declined: false,
        twin: None,
        together: None,
        pages: None,
        elapsed_ms: 1,
    }
}

fn success(operation: &str, output: Value) -> Exchange {
    exchange(operation, json!({}), 200, &output.to_string())
}

fn error(operation: &str, code: &str, message: &str) -> Exchange {
    exchange(operation, json!({}), 400, &json!({"__type": code, "message": message}).to_string())
}

trait Alter: Sized {
    fn header(self, name: &str, value: Option<&str>) -> Self;
    fn status(self, status: u16) -> Self;
    fn sdk(self, verdict: SdkVerdict) -> Self;
    fn expecting(self, outcome: Expected) -> Self;
}

impl Alter for Exchange {
    fn header(mut self, name: &str, value: Option<&str>) -> Self {
        let response = self.reply.as_mut().expect("a response");
        response.headers.retain(|(other, _)| other != name);
        response.headers.extend(value.map(|value| (name.into(), value.into())));
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.reply.as_mut().expect("a response").status = status;
        self
    }

    fn sdk(mut self, verdict: SdkVerdict) -> Self {
        self.sdk = Some(verdict);
        self
    }

    fn expecting(mut self, outcome: Expected) -> Self {
        self.expect = Some(Expectation {
            outcome,
            level: Level::Errors,
            evidence: Evidence::Documented,
            source: "a scenario".into(),
        });
        self
    }
}

/// Each breach as `check pointer`, with `~` in front where it is a note.
fn found(exchange: &Exchange) -> Vec<String> {
    let line = |check: &str, breach: &Breach| {
        let note = if breach.evidence.fails(false) { "" } else { "~" };
        format!("{note}{check} {}", breach.pointer)
    };
    examine(&CATALOGUE, exchange).iter().map(|(check, breach)| line(check.id, breach)).collect()
}

#[track_caller]
fn check(exchange: Exchange, expected: &[&str]) {
    assert_eq!(found(&exchange), expected, "{:#?}", examine(&CATALOGUE, &exchange));
}

fn denied() -> Exchange {
    error("AdminGetUser", "UserNotFoundException", "User x does not exist.")
}

#[test]
fn right_answers_are_no_findings() {
    check(success("AdminGetUser", json!({"Username": "x"})), &[]);
    check(denied(), &[]);
    check(exchange("DeleteUserPool", json!({}), 200, ""), &[]);
    check(exchange("UpdateUserPool", json!({}), 200, "{}"), &[]);
    check(exchange("DeleteIdentityPool", json!({}), 200, ""), &[]);
}

#[test]
fn known_traps_are_no_findings() {
    // Client errors are 400, throttling and bad signatures included.
    check(error("AdminGetUser", "UnrecognizedClientException", "The token is invalid."), &[]);
    check(error("AdminGetUser", "TooManyRequestsException", "Rate exceeded"), &[]);
    check(error("AdminGetUser", "TooManyRequestsException", "Rate exceeded").status(429), &[]);
    let later = "Attempt limit exceeded, please try after some time.";
    check(error("AdminGetUser", "LimitExceededException", later), &[]);
    // A policy engine in front spells it `Message`; the protocol layer says nothing.
    let policy = r#"{"__type":"AccessDeniedException","Message":"User: anonymous"}"#;
    check(exchange("GetId", json!({}), 400, policy), &[]);
    check(exchange("SignUp", json!({}), 400, r#"{"__type":"SerializationException"}"#), &[]);
    // Lengths, ranges and patterns of answers are nobody's business.
    let long = json!({"Username": "x", "UserAttributes": [
        {"Name": "phone_number_verified", "Value": ""}, {"Name": &"n".repeat(99)}]});
    check(success("AdminGetUser", long), &[]);
    check(success("AdminGetUser", json!({"Username": ""})), &[]);
    // A short page with a token, an empty page with a token.
    check(success("ListUsers", json!({"Users": [], "PaginationToken": "x"})), &[]);
    // Fractions of a second, and none.
    check(success("AdminGetUser", json!({"Username": "x", "UserCreateDate": 1548099495.428})), &[]);
    check(success("AdminGetUser", json!({"Username": "x", "UserCreateDate": 1548099495})), &[]);
    // Ids are opaque.
    check(success("CreateUserPool", json!({"UserPool": {"Id": "local_abc123"}})), &[]);
    // Whatever the case of header names and media types.
    let shouting = denied().header("content-type", Some("Application/X-Amz-Json-1.1"));
    check(shouting, &[]);
    // A message that no header can hold.
    check(
        error("SignUp", "InvalidParameterException", "é\n").header("x-amzn-errormessage", None),
        &[],
    );
    // A user named like their password.
    let input = json!({"Username": "Pa55word!", "Password": "Pa55word!"});
    let body = r#"{"__type":"UsernameExistsException","message":"Pa55word! exists"}"#;
    check(exchange("SignUp", input, 400, body), &[]);
    // A code the rulebook knows although the operation does not declare it.
    check(error("AdminGetUser", "GroupExistsException", "x"), &[]);
}

#[test]
fn what_is_not_an_answer_is_not_judged() {
    let mut declined = exchange("AdminGetUser", json!({}), 500, "<html>");
    declined.declined = true;
    check(declined, &[]);
    let mut lost = denied().expecting(Expected::Output(Pattern::Word("any")));
    lost.reply = Err(TransportError::Timeout(1000));
    assert!(!expectation_holds(&CATALOGUE, &lost));
    check(lost, &[]);
    let mut raw = exchange("AdminGetUser", json!({}), 404, "nothing here");
    raw.call = Call::Raw { service: IDP.into(), request: raw.request.clone(), signed: false };
    check(raw, &[]);
    check(exchange("NoSuchOperation", json!({}), 404, "nothing here"), &[]);
}

#[test]
fn oddities_that_clients_survive_are_notes() {
    let charset =
        denied().header("content-type", Some("application/x-amz-json-1.1; charset=utf-8"));
    check(charset, &["~content-type header:content-type"]);
    check(
        denied().header("x-amzn-requestid", Some("42")),
        &["~request-id header:x-amzn-requestid"],
    );
    check(
        success("AdminGetUser", json!({"Username": "x", "Enabled": null})),
        &["~schema /Enabled"],
    );
    check(success("AdminGetUser", json!({"Username": "x", "Extra": 1})), &["~schema /Extra"]);
    let status = json!({"Username": "x", "UserStatus": "NEW"});
    check(success("AdminGetUser", status), &["~schema /UserStatus"]);
    // A shape that is also sent: what it requires is required of the sender.
    let domain = json!({"DomainDescription": {"Domain": "x", "CustomDomainConfig": {}}});
    let at = "~schema /DomainDescription/CustomDomainConfig/CertificateArn";
    check(success("DescribeUserPoolDomain", domain), &[at]);
    let bare = error("SignUp", "UnrecognizedClientException", "x").header("x-amzn-errortype", None);
    check(bare, &["~error-header header:x-amzn-errortype"]);
}

#[test]
fn status_tells_whose_fault_it_is() {
    check(denied().status(404), &["status status"]);
    check(denied().status(500), &["status status"]);
    check(success("AdminGetUser", json!({"Username": "x"})).status(201), &["status status"]);
    let odd = error("AdminGetUser", "Teapot", "x").status(418);
    check(odd, &["~status status", "error-declared /__type"]);
}

#[test]
fn headers_name_type_and_request() {
    check(denied().header("content-type", None), &["content-type header:content-type"]);
    check(
        denied().header("content-type", Some("application/json")),
        &["content-type header:content-type"],
    );
    check(denied().header("x-amzn-requestid", None), &["request-id header:x-amzn-requestid"]);
    check(denied().header("x-amzn-errortype", None), &["error-header header:x-amzn-errortype"]);
    check(
        denied().header("x-amzn-errortype", Some("UserNotFoundException")),
        &["error-header header:x-amzn-errortype"],
    );
    check(
        denied().header("x-amzn-errormessage", Some("other")),
        &["error-header header:x-amzn-errormessage"],
    );
}

#[test]
fn error_bodies_have_one_form() {
    let with = |body: &str| {
        let typed = denied().header("x-amzn-errortype", Some("UserNotFoundException:"));
        let mut exchange = typed.header("x-amzn-errormessage", Some("x"));
        exchange.reply.as_mut().expect("a response").body = body.into();
        exchange
    };
    check(with(r#"{"__type":"a#UserNotFoundException","message":"x"}"#), &["error-body /__type"]);
    check(with(r#"{"code":"UserNotFoundException","message":"x"}"#), &["error-body /__type"]);
    check(with(r#"{"__type":"UserNotFoundException","Message":"x"}"#), &["error-body /message"]);
    check(with(r#"{"__type":"UserNotFoundException"}"#), &["error-body /message"]);
    check(with(r#"{"__type":"UserNotFoundException","message":1}"#), &["error-body /message"]);
    check(with("[]"), &["error-body body"]);
    check(with(""), &["error-body body"]);
    check(exchange("SignUp", json!({}), 500, "<html>"), &["server-fault status"]);
    // What refuses a large request was never recorded.
    let large = exchange("SignUp", json!({}), 413, "<html>");
    check(large, &["~status status", "~error-body body"]);
}

#[test]
fn nothing_and_an_empty_structure_are_told_apart() {
    check(exchange("DeleteUserPool", json!({}), 200, "{}"), &["void-body body"]);
    check(exchange("UpdateUserPool", json!({}), 200, ""), &["void-body body"]);
    let (_, seen) = &examine(&CATALOGUE, &exchange("DeleteUserPool", json!({}), 200, "{}"))[0];
    let (_, said) = &examine(&CATALOGUE, &exchange("DeleteGroup", json!({}), 200, "{}"))[0];
    assert_eq!((seen.evidence, said.evidence), (Evidence::Observed, Evidence::Modelled));
}

#[test]
fn outputs_fit_their_shape() {
    check(success("SignUp", json!({"UserConfirmed": true})), &["schema /UserSub"]);
    check(success("AdminGetUser", json!({"Username": 1})), &["schema /Username"]);
    check(
        success("AdminGetUser", json!({"Username": null})),
        &["~schema /Username", "schema /Username"],
    );
    check(exchange("SignUp", json!({}), 200, "OK"), &["schema body"]);
    check(exchange("SignUp", json!({}), 200, ""), &["schema body"]);
    check(exchange("SignUp", json!({}), 200, "[]"), &["schema "]);
    let users: Vec<Value> = (0..200).map(|_| json!({"Username": "x", "Enabled": "yes"})).collect();
    check(success("ListUsers", json!({"Users": users})), &["schema /Users/0/Enabled"]);
    let iso = json!({"Username": "x", "UserCreateDate": "2026-01-01T00:00:00Z"});
    check(success("AdminGetUser", iso), &["timestamp /UserCreateDate"]);
    let millis = json!({"Username": "x", "UserCreateDate": 1548099495428_u64});
    check(success("AdminGetUser", millis), &["timestamp /UserCreateDate"]);
}

#[test]
fn the_sdk_has_a_say() {
    let verdict = |code: &str, modelled| SdkVerdict::Error {
        code: Some(code.into()),
        message: None,
        modelled,
    };
    check(denied().sdk(verdict("UserNotFoundException", true)), &[]);
    check(denied().sdk(verdict("UserNotFoundException", false)), &["~sdk /__type"]);
    check(denied().sdk(verdict("OtherException", true)), &["sdk /__type"]);
    check(denied().sdk(SdkVerdict::Output), &["sdk status"]);
    check(success("AdminGetUser", json!({"Username": "x"})).sdk(SdkVerdict::Output), &[]);
    let unparsable = SdkVerdict::Unparsable { detail: "number too large".into() };
    check(success("AdminGetUser", json!({"Username": "x"})).sdk(unparsable), &["sdk body"]);
}

#[test]
fn errors_are_declared_and_the_callers() {
    check(error("AdminGetUser", "UserImportInProgressException", "x"), &["error-declared /__type"]);
    check(
        error("AdminGetUser", "InternalErrorException", "x").status(500),
        &["server-fault status"],
    );
    // The code of another service's validation.
    check(error("AdminGetUser", "ValidationException", "x"), &["error-declared /__type"]);
    check(error("GetId", "ValidationException", "x"), &[]);
}

#[test]
fn secrets_do_not_come_back() {
    let input = json!({"Username": "x", "Password": "Hunter2-Hunter2"});
    let body = r#"{"__type":"InvalidPasswordException","message":"Hunter2-Hunter2 is weak"}"#;
    check(exchange("SignUp", input.clone(), 400, body), &["secret-echo /message"]);
    let nested =
        r#"{"User":{"Username":"x","Attributes":[{"Name":"p","Value":"Hunter2-Hunter2"}]}}"#;
    let input = json!({"TemporaryPassword": "Hunter2-Hunter2"});
    let at = "secret-echo /User/Attributes/0/Value";
    check(exchange("AdminCreateUser", input, 200, nested), &[at]);
    let input = json!({"AuthParameters": {"PASSWORD": "Hunter2-Hunter2", "USERNAME": "x"}});
    let body = r#"{"ChallengeParameters":{"hint":"Hunter2-Hunter2"}}"#;
    check(exchange("InitiateAuth", input, 200, body), &["secret-echo /ChallengeParameters/hint"]);
    // Where the output declares the secret it may stand.
    let input = json!({"ClientSecret": "abcdefgh12345678abcdefgh"});
    let body = r#"{"ClientSecretDescriptor":{"ClientSecretValue":"abcdefgh12345678abcdefgh"}}"#;
    check(exchange("AddUserPoolClientSecret", input, 200, body), &[]);
}

fn by_rules(rules: &[&str], name: &str) -> Expected {
    let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
    Expected::Error { rules, arguments: vec![("name".into(), name.into())] }
}

#[test]
fn refusals_are_compared_with_rules() {
    let not_found = || by_rules(&["test-user-not-found"], "x");
    check(denied().expecting(not_found()), &[]);
    check(denied().expecting(by_rules(&["test-user-not-found"], "y")), &["expectation /message"]);
    check(denied().expecting(by_rules(&["test-user-hidden"], "")), &["expectation /__type"]);
    check(denied().expecting(by_rules(&["test-user-hidden", "test-user-not-found"], "x")), &[]);
    let accepted = success("AdminGetUser", json!({"Username": "x"}));
    check(accepted.expecting(not_found()), &["expectation status"]);
    let hidden = error("AdminGetUser", "NotAuthorizedException", "No.");
    check(hidden.expecting(by_rules(&["test-user-hidden"], "")), &["~expectation /message"]);
    let shuffled = "2 validation errors detected: Value at 'userPoolId' is bad; Value at 'username' \
                    failed to satisfy constraint: Member must satisfy enum value set: [B, A]";
    let two = error("AdminGetUser", "InvalidParameterException", shuffled);
    check(two.expecting(by_rules(&["test-bad-parameters"], "")), &[]);
    let (_, breach) =
        &examine(&CATALOGUE, &denied().expecting(by_rules(&["test-user-hidden"], "")))[0];
    assert_eq!(breach.rule.as_deref(), Some("test-user-hidden"));
    assert_eq!((breach.evidence, breach.source.as_str()), (Evidence::Documented, "a test"));
    assert_eq!(breach.actual, "`UserNotFoundException`: User x does not exist.");
}

#[test]
fn outputs_and_raw_responses_are_compared_with_patterns() {
    let pattern = |value: Value| Pattern::parse(&value).expect("a pattern");
    let output = |value: Value| Expected::Output(pattern(value));
    let user = || success("AdminGetUser", json!({"Username": "x", "Enabled": true}));
    check(user().expecting(output(json!({"Username": "x"}))), &[]);
    check(
        user().expecting(output(json!({"Username": "y", "Enabled": false}))),
        &["expectation /Enabled", "expectation /Username"],
    );
    check(denied().expecting(output(json!({}))), &["expectation status"]);
    check(exchange("DeleteUserPool", json!({}), 200, "").expecting(output(json!({}))), &[]);
    check(user().expecting(Expected::Anything), &[]);
    // Of the last of several pages: the items of all.
    let mut last = success("ListUsers", json!({"Users": []}));
    let items = vec![json!({"Username": "x"})];
    let whole = json!({"Users": items});
    let pages =
        Pages { output: whole.clone(), items, sizes: vec![1, 0], limit: Some(1), ended: true };
    last.pages = Some(pages);
    check(last.expecting(output(whole)), &[]);
    let raw = |status: u16, header: &str, body: Value| Expected::Raw {
        status: Some(pattern(json!(status))),
        headers: vec![("content-type".into(), pattern(json!(header)))],
        body: Some(pattern(body)),
    };
    check(user().expecting(raw(200, JSON, json!({"Username": "<string>"}))), &[]);
    check(
        user().expecting(raw(400, "text/html", json!("x"))),
        &["expectation status", "expectation header:content-type", "expectation body"],
    );
    let gone = user().header("content-type", None).expecting(raw(200, "<absent>", json!("<any>")));
    check(gone, &["content-type header:content-type"]);
}

#[test]
fn the_runner_learns_whether_to_go_on() {
    let holds = |exchange: &Exchange| expectation_holds(&CATALOGUE, exchange);
    assert!(holds(&denied()));
    assert!(holds(&denied().expecting(by_rules(&["test-user-not-found"], "x"))));
    // The wording is a finding, but the next step can build on the refusal.
    assert!(holds(&denied().expecting(by_rules(&["test-user-not-found"], "y"))));
    assert!(!holds(&denied().expecting(by_rules(&["test-user-hidden"], ""))));
    let slow = error("AdminGetUser", "TooManyRequestsException", "Rate exceeded");
    assert!(throttled(&slow) && !throttled(&denied()));
    assert!(!holds(&slow.expecting(by_rules(&["test-user-not-found"], "x"))));
}

#[test]
fn finding_ids_are_stable_over_values_and_apart_over_kinds() {
    let id = |operation: &str, exchange: &Exchange| {
        let found = examine(&CATALOGUE, exchange);
        let (check, breach) = found.first().expect("a breach");
        finding_id(check.id, operation, breach)
    };
    let users = |first: Value| success("ListUsers", json!({"Users": [{"Username": "x"}, first]}));
    let flag = id("ListUsers", &users(json!({"Enabled": "yes"})));
    let other = success("ListUsers", json!({"Users": [{"Enabled": 7}]}));
    assert_eq!(flag, id("ListUsers", &other));
    assert_ne!(flag, id("ListUsersInGroup", &other));
    assert_ne!(flag, id("ListUsers", &users(json!({"Username": 1}))));
    assert_eq!(flag.len(), 10);
}

#[test]
fn checks_have_names_of_their_own() {
    let mut ids: Vec<_> = CHECKS.iter().map(|check| check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CHECKS.len());
}

fn sign_in() -> Exchange {
    let input = json!({"ClientId": "client1234", "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "anna@example.com", "PASSWORD": "Hunter2-Hunter2"}});
    let output = json!({"AuthenticationResult": {"AccessToken": "opaque-access-token",
        "RefreshToken": "opaque-refresh-token", "ExpiresIn": 3600}});
    exchange("InitiateAuth", input, 200, &output.to_string())
}

fn transcript(exchanges: Vec<Exchange>) -> Transcript {
    Transcript { case: "a::case".into(), exchanges }
}

#[test]
fn secrets_are_redacted_by_shape() {
    let input = sign_in().call.input().clone();
    assert_eq!(
        redact_input(&CATALOGUE, IDP, "InitiateAuth", &input)["AuthParameters"],
        json!({"USERNAME": "anna@example.com", "PASSWORD": "<password#1>"})
    );
    let output = json!({"UserPoolClient": {"ClientId": "abc", "ClientSecret": "s"}, "Session": ""});
    assert_eq!(
        redact_output(&CATALOGUE, IDP, "DescribeUserPoolClient", &output),
        json!({"UserPoolClient": {"ClientId": "abc", "ClientSecret": "<client-secret#1>"}, "Session": ""})
    );
    let device = json!({"DeviceSecretVerifierConfig": {"PasswordVerifier": "dmVyaWZpZXI=", "Salt": "c2FsdA=="}});
    assert_eq!(
        redact_input(&CATALOGUE, IDP, "ConfirmDevice", &device)["DeviceSecretVerifierConfig"],
        json!({"PasswordVerifier": "<password-verifier#1>", "Salt": "<salt#1>"})
    );
    // What does not fit the shape is no less secret.
    let odd =
        json!({"Password": ["Hunter2-Hunter2", 12345678], "Undeclared": {"secret_hash": "x"}});
    assert_eq!(
        redact_input(&CATALOGUE, IDP, "SignUp", &odd),
        json!({"Password": ["<password#1>", "<password#2>"], "Undeclared": {"secret_hash": "<secret-hash#1>"}})
    );
}

#[test]
fn units_of_time_are_no_secrets() {
    let client = json!({"TokenValidityUnits": {"AccessToken": "hours"}, "AccessTokenValidity": 8});
    let output = json!({"UserPoolClient": client});
    let shown = redact_output(&CATALOGUE, IDP, "DescribeUserPoolClient", &output);
    assert_eq!(shown, output);
    // Undeclared here, and still none.
    let output = json!({"UserPoolClients": [client]});
    assert_eq!(redact_output(&CATALOGUE, IDP, "ListUserPoolClients", &output), output);
}

#[test]
fn secrets_are_redacted_by_value_wherever_they_turn_up() {
    let echo = r#"<p>opaque-access-token eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln</p>"#;
    let mut page = exchange("GetUser", json!({"AccessToken": "opaque-access-token"}), 500, echo);
    page = page.header("x-amzn-errormessage", Some("bad Hunter2-Hunter2"));
    let case = transcript(vec![sign_in(), page]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let shown = record(&case.exchanges[1], &redactor);
    assert_eq!(shown.request, json!({"AccessToken": "<access-token#1>"}));
    assert_eq!(shown.response, json!("<p><access-token#1> <jwt></p>"));
    assert_eq!(shown.headers["x-amzn-errormessage"], "bad <password#1>");
    let first = record(&case.exchanges[0], &redactor);
    assert_eq!(
        first.response["AuthenticationResult"],
        json!({"AccessToken": "<access-token#1>", "RefreshToken": "<refresh-token#1>", "ExpiresIn": 3600})
    );
}

#[test]
fn an_id_in_place_of_a_token_is_no_secret() {
    let session = |text: &str| {
        let input = json!({"ClientId": "abc", "ChallengeName": "SMS_MFA", "Session": text});
        exchange("RespondToAuthChallenge", input, 400, "{}")
    };
    let pool =
        exchange("DescribeUserPool", json!({"UserPoolId": "us-east-1_aB3dE5fG7"}), 400, "{}");
    let shown = |exchanges: Vec<Exchange>, text: &str| {
        Redactor::over(&CATALOGUE, &transcript(exchanges)).text(text)
    };
    let id = "us-east-1_aB3dE5fG7";
    assert_eq!(shown(vec![pool.clone(), session(id)], id), id);
    assert_eq!(shown(vec![session(id), pool.clone()], id), id);
    let case = transcript(vec![session(id), pool]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let line = curl(&CATALOGUE, "$URL", &case.exchanges[0], &redactor);
    assert!(line.contains(r#""Session":"us-east-1_aB3dE5fG7""#), "{line}");
    // What nothing else shows, and what a target gave as a secret, stays one.
    assert_eq!(shown(vec![session("opaque-session")], "opaque-session"), "<session#1>");
    let gave = success("InitiateAuth", json!({"Session": "opaque-session"}));
    let misused = exchange("DescribeUserPool", json!({"UserPoolId": "opaque-session"}), 400, "{}");
    let all = vec![gave, session("opaque-session"), misused];
    assert_eq!(shown(all, "opaque-session"), "<session#1>");
    // So does a password, wherever it is sent.
    let input =
        json!({"ClientId": "abc", "Username": "Hunter2-Hunter2", "Password": "Hunter2-Hunter2"});
    let all = vec![exchange("SignUp", input, 400, "{}"), session("Hunter2-Hunter2")];
    assert_eq!(shown(all, "Hunter2-Hunter2"), "<password#1>");
}

#[test]
fn raw_requests_hide_their_secrets_too() {
    let mut raw = sign_in();
    let mut request = Request::call("AWSCognitoIdentityProviderService", "SignUp", &json!({}));
    request.path = "/?Action=SignUp&Password=Hunter2%2DHunter2&Username=anna".into();
    request.headers.push(("Authorization".into(), "Bearer abc".into()));
    request.body = br#"{"Password": "a\"b-Hunter3"}"#.to_vec();
    raw.call = Call::Raw { service: IDP.into(), request, signed: false };
    let case = transcript(vec![raw]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let text = [
        curl(&CATALOGUE, "$URL", &case.exchanges[0], &redactor),
        record(&case.exchanges[0], &redactor).request.to_string(),
    ]
    .concat();
    assert!(!text.contains("Hunter") && !text.contains("Bearer abc"), "{text}");
    assert!(text.contains("Username=anna"), "{text}");
}

/// Shows a raw request, and the answer to it, as reports would.
fn shown_raw(request: Request, status: u16, answer: &Value) -> String {
    let mut raw = exchange("SignUp", json!({}), status, &answer.to_string());
    raw.call = Call::Raw { service: IDP.into(), request, signed: false };
    let case = transcript(vec![raw]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let shown = record(&case.exchanges[0], &redactor);
    let line = curl(&CATALOGUE, "$URL", &case.exchanges[0], &redactor);
    format!("{line} {} {}", shown.request, shown.response)
}

#[test]
fn forms_and_authorization_headers_hide_their_secrets_too() {
    let form = |body: &str| Request {
        method: "POST".into(),
        path: "/oauth2/token".into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: body.as_bytes().to_vec(),
    };
    let mut request = form(
        "grant_type=refresh_token&client_id=abc&client_secret=Hidden%2D1&refresh_token=Hidden+2\
        &code=Hidden-3&token=Hidden-4&code_verifier=Hidden-5",
    );
    // client:Hidden-6
    request.headers.push(("Authorization".into(), "Basic Y2xpZW50OkhpZGRlbi02".into()));
    let tokens = json!({"access_token": "Hidden-7", "note": "Hidden-6, Y2xpZW50OkhpZGRlbi02"});
    let text = shown_raw(request, 200, &tokens);
    assert!(!text.contains("Hidden") && !text.contains("Y2xpZW50"), "{text}");
    assert!(text.contains("grant_type=refresh_token&client_id=abc&"), "{text}");

    let mut request = form("");
    request.headers.push(("Authorization".into(), "bearer Hidden-8".into()));
    let text = shown_raw(request, 401, &json!({"error": "invalid_token", "seen": "Hidden-8"}));
    assert!(!text.contains("Hidden") && text.contains("invalid_token"), "{text}");

    let upload = "/f?X-Amz-Date=today&X-Amz-Signature=Hidden-9&X-Amz-Security-Token=Hidden-0";
    let text = shown_raw(Request { path: upload.into(), ..form("") }, 200, &json!({}));
    assert!(!text.contains("Hidden") && text.contains("X-Amz-Date=today"), "{text}");
}

#[test]
fn codes_in_messages_are_secret_and_those_of_refusals_are_not() {
    let outbox = Request {
        method: "GET".into(),
        path: "/_reference/outbox".into(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let message = json!([{"Username": "ann", "Code": "Tmp-Hidden1", "Body": "Use Tmp-Hidden1."}]);
    let text = shown_raw(outbox.clone(), 200, &message);
    assert!(!text.contains("Hidden") && text.contains("Use <code#1>."), "{text}");
    let refusal = json!({"code": "UserNotFoundException", "error": {"Code": "AccessDenied"}});
    let text = shown_raw(outbox, 400, &refusal);
    assert!(text.contains("UserNotFoundException") && text.contains("AccessDenied"), "{text}");
    let case = transcript(vec![exchange("SignUp", json!({}), 400, &refusal.to_string())]);
    assert_eq!(canonical(&CATALOGUE, &case)[0]["output"], refusal);
}

#[test]
fn what_only_functions_are_told_is_secret() {
    let event = json!([{"request": {
        "privateChallengeParameters": {"answer": "Hidden-1", "hint": "Hidden-2"},
        "publicChallengeParameters": {"question": "Color?"},
        "challengeAnswer": "Hidden-3", "code": "SGlkZGVuLTQ=", "password": "Hidden-5",
    }}]);
    let mut events = exchange("SignUp", json!({}), 200, &event.to_string());
    events.call = Call::Events { function: "f".into() };
    let case = transcript(vec![events]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let text = [
        // What a finding says was found there.
        redactor.text("got Hidden-1, Hidden-2, Hidden-3, SGlkZGVuLTQ=, Hidden-5"),
        record(&case.exchanges[0], &redactor).response.to_string(),
    ]
    .concat();
    assert!(!text.contains("Hidden") && !text.contains("SGlk"), "{text}");
    assert!(text.contains("Color?"), "{text}");
}

#[test]
fn every_credential_of_the_api_is_secret() {
    let check = |service: &str, operation: &str, input: Value, output: Value| {
        let input = redact_input(&CATALOGUE, service, operation, &input);
        let output = redact_output(&CATALOGUE, service, operation, &output);
        let text = format!("{operation}: {input} {output}");
        assert!(!text.contains("hidden"), "{text}");
    };
    let identity = "cognito-identity";
    let credentials = json!({"SecretKey": "hidden", "SessionToken": "hidden"});
    let logins = json!({"Logins": {"accounts.google.com": "hidden"}});
    let got = json!({"Credentials": credentials});
    check(identity, "GetCredentialsForIdentity", logins.clone(), got);
    check(identity, "GetId", logins.clone(), json!({}));
    check(identity, "GetOpenIdToken", logins.clone(), json!({"Token": "hidden"}));
    check(identity, "GetOpenIdTokenForDeveloperIdentity", logins, json!({"Token": "hidden"}));
    check(IDP, "UpdateAuthEventFeedback", json!({"FeedbackToken": "hidden"}), json!({}));
    let descriptor = json!({"ClientSecretValue": "hidden"});
    let added = json!({"ClientSecretDescriptor": descriptor});
    check(IDP, "AddUserPoolClientSecret", json!({"ClientSecret": "hidden"}), added);
    let listed = json!({"ClientSecrets": [descriptor]});
    check(IDP, "ListUserPoolClientSecrets", json!({"NextToken": "hidden"}), listed);
    let asked = json!({"ActorToken": "hidden", "SubjectToken": "hidden"});
    check(IDP, "GetDerivedToken", asked, json!({"IssuedToken": "hidden"}));
    let job = json!({"UserImportJob": {"PreSignedUrl": "hidden"}});
    check(IDP, "CreateUserImportJob", json!({}), job);
    check(IDP, "RevokeToken", json!({"Token": "hidden", "ClientSecret": "hidden"}), json!({}));
    let credential = json!({"Credential": {"response": {"attestationObject": "hidden"}}});
    check(IDP, "CompleteWebAuthnRegistration", credential, json!({}));
    let answers = json!({"ChallengeResponses": {"CREDENTIAL": "hidden", "ANSWER": "hidden"}});
    check(IDP, "RespondToAuthChallenge", answers, json!({}));
    // Where nothing declares them, their names do.
    for name in ["FeedbackToken", "IssuedToken", "ActorToken", "SubjectToken", "Token", "Secret"] {
        check(IDP, "NoSuchOperation", json!({name: "hidden"}), json!({name: "hidden"}));
    }
}

#[test]
fn what_is_merely_named_like_a_secret_stays_readable() {
    let plain = json!({"SMSCode": "shown", "ErrorCode": "shown", "TokenType": "shown",
        "ClientSecretId": "shown", "GenerateSecret": "shown", "codeParameter": "shown"});
    assert_eq!(redact_output(&CATALOGUE, IDP, "NoSuchOperation", &plain), plain);
}

#[test]
fn a_map_in_a_query_hides_what_its_keys_say_is_secret() {
    let mut raw = sign_in();
    let mut request = Request::call("AWSCognitoIdentityProviderService", "SignUp", &json!({}));
    request.headers.clear();
    request.body.clear();
    request.path = "/?Action=InitiateAuth&AuthParameters.entry.1.key=USERNAME\
        &AuthParameters.entry.1.value=anna&AuthParameters.entry.2.key=PASSWORD\
        &AuthParameters.entry.2.value=Hunter4%21&AuthParameters.entry.3.key=SECRET_HASH\
        &AuthParameters.entry.3.value=c2VjcmV0LWhhc2g="
        .into();
    raw.call = Call::Raw { service: IDP.into(), request, signed: false };
    let case = transcript(vec![raw]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let text = curl(&CATALOGUE, "$URL", &case.exchanges[0], &redactor);
    assert!(!text.contains("Hunter4") && !text.contains("c2VjcmV0"), "{text}");
    assert!(text.contains("entry.1.value=anna"), "{text}");
}

#[test]
fn records_are_bounded() {
    let users: Vec<Value> = (0..5000).map(|n| json!({"Username": format!("user-{n}")})).collect();
    let many = success("ListUsers", json!({"Users": users}));
    let long =
        exchange("SignUp", json!({"Username": "x".repeat(1 << 20)}), 500, &"é".repeat(1 << 20));
    for one in [many, long] {
        let shown = record(&one, &Redactor::new(&CATALOGUE));
        let size = serde_json::to_string(&shown).expect("JSON").len();
        assert!(size < 80_000, "{size}");
    }
}

#[test]
fn a_request_can_be_repeated_from_the_shell() {
    let case = transcript(vec![sign_in()]);
    let redactor = Redactor::over(&CATALOGUE, &case);
    let line = curl(&CATALOGUE, "http://localhost:9229", &case.exchanges[0], &redactor);
    assert_eq!(
        line,
        r#"curl -sS -i \
  -X POST http://localhost:9229/ \
  --aws-sigv4 aws:amz:us-east-1:cognito-idp \
  --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  -H 'content-type: application/x-amz-json-1.1' \
  -H 'x-amz-target: AWSCognitoIdentityProviderService.InitiateAuth' \
  --data-binary '{"AuthFlow":"USER_PASSWORD_AUTH","AuthParameters":{"PASSWORD":"<password#1>","USERNAME":"anna@example.com"},"ClientId":"client1234"}'"#
    );
}

#[test]
fn canonical_forms_of_the_same_behaviour_are_equal() {
    let run = |pool: &str, sub: &str, time: f64| {
        let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
        let pool_body =
            json!({"UserPool": {"Id": pool, "Arn": arn, "CreationDate": time, "Status": null}});
        let missing = json!({"UserPoolId": "us-east-1_missing00", "Username": "anna"});
        let user = json!({"Username": "anna", "UserAttributes": [{"Name": "sub", "Value": sub}]});
        let in_pool = json!({"UserPoolId": pool, "Username": "anna"});
        let gone = r#"{"__type":"ResourceNotFoundException","message":"User pool us-east-1_missing00 does not exist."}"#;
        canonical(
            &CATALOGUE,
            &transcript(vec![
                success("CreateUserPool", pool_body),
                exchange("AdminGetUser", in_pool, 200, &user.to_string()),
                exchange("AdminGetUser", missing, 400, gone),
            ]),
        )
    };
    let form = run("us-east-1_AbCdEfGhI", ID, 1.5e9);
    assert_eq!(form, run("local_xyz98765", "00000000-0000-4000-8000-000000000000", 1.6e9));
    assert_eq!(
        form[0]["output"]["UserPool"],
        json!({"Id": "<user-pool-id#1>", "CreationDate": "<time>",
            "Arn": "arn:aws:cognito-idp:<region>:<account>:userpool/<user-pool-id#1>"})
    );
    assert_eq!(form[1]["input"]["UserPoolId"], "<user-pool-id#1>");
    assert_eq!(form[1]["output"]["UserAttributes"][0]["Value"], "<uuid#1>");
    assert_eq!(form[2]["input"]["UserPoolId"], "us-east-1_missing00");
    assert_eq!(form[2]["error"], "ResourceNotFoundException");
}

#[test]
fn hostile_answers_are_judged_and_shown_without_a_panic() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: [&[u8]; 9] = [
        b"",
        b"\xff\xfe\x00",
        deep.as_bytes(),
        b"{\"__type\":{\"a\":[]},\"message\":{\"b\":1e999}}",
        b"{\"__type\":\"\",\"message\":\"\"}",
        b"{\"Users\":{\"0\":null},\"PaginationToken\":[1,{\"/~\":-0.0}]}",
        b"{\"Users\":[[[]],null,1,{\"UserCreateDate\":1e308,\"Enabled\":{}}]}",
        b"[null]",
        b"null",
    ];
    for (body, status) in
        bodies.iter().flat_map(|body| [0, 200, 299, 302, 400, 599].map(|s| (body, s)))
    {
        let input = json!({"UserPoolId": ["x"], "Filter": {"Password": [1, null, "…"]}});
        let mut one = exchange("ListUsers", input, status, "");
        let response = one.reply.as_mut().expect("a response");
        response.body = body.to_vec().into();
        response.headers = vec![("x-amzn-errortype".into(), ":#:".into())];
        let case = transcript(vec![one]);
        let redactor = Redactor::over(&CATALOGUE, &case);
        assert!(!found(&case.exchanges[0]).is_empty());
        record(&case.exchanges[0], &redactor);
        curl(&CATALOGUE, "$URL", &case.exchanges[0], &redactor);
        canonical(&CATALOGUE, &case);
    }
}
