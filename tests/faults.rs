//! Is each named fault caught, by the check that must catch it, and the unaltered reference clean?
//!
//! Plays a short story against the reference on a loopback port, once as it is and once per
//! fault, through the official client where it is built in.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use cognito_conformance::catalogue::{Auth, Catalogue, Pagination, Source};
use cognito_conformance::check::{CHECKS, examine};
use cognito_conformance::outcome::{Evidence, Level};
use cognito_conformance::pattern::Pattern;
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::faults::{self, NamedFault};
use cognito_conformance::reference::server::{ServeOptions, Server};
use cognito_conformance::target::Transport;
use cognito_conformance::target::http::{Http, Limits, Signing};
use cognito_conformance::transcript::{
    Call, Exchange, Expectation, Expected, Pages, Place, Transcript,
};
use serde_json::{Value, json};

static CATALOGUE: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
    Arc::new(Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads"))
});

/// The official client's transport where it is built in, plain HTTP elsewhere.
fn transport(url: &str) -> Box<dyn Transport> {
    let http = Http::new(url, CATALOGUE.clone(), Signing::default(), Limits::default());
    let http = http.expect("a loopback address is a URL");
    #[cfg(feature = "aws")]
    let http = cognito_conformance::target::sdk::Sdk::new(http, CATALOGUE.clone());
    Box::new(http)
}

/// Plays a story: calls in order, each with what is expected of it.
struct Player {
    runtime: tokio::runtime::Runtime,
    transport: Box<dyn Transport>,
    transcript: Transcript,
}

impl Player {
    fn call(&mut self, operation: &str, input: Value, outcome: Expected) -> Value {
        let (service, operation) = CATALOGUE.operation(operation).expect("a known operation");
        let call = Call::Api {
            service: service.info.id.clone(),
            operation: operation.name.clone(),
            input,
            signed: operation.auth == Auth::Sigv4,
        };
        let reply = self.runtime.block_on(self.transport.send(&call));
        let expect = Expectation {
            outcome,
            level: Level::Behaviour,
            evidence: Evidence::Documented,
            source: "this story".into(),
        };
        let mut exchange = Exchange {
            place: Place::Step(self.transcript.exchanges.len() + 1),
            call,
            request: reply.request,
            reply: reply.reply,
            sdk: reply.sdk,
            expect: Some(expect),
            declined: false,
            twin: None,
            together: None,
            pages: None,
            elapsed_ms: reply.elapsed_ms,
        };
        let output = exchange.output().unwrap_or_default().into_owned();
        exchange.pages = operation.pagination.as_ref().map(|paging| only_page(paging, &output));
        self.transcript.exchanges.push(exchange);
        output
    }
}

/// The pages of a list that fits on one.
fn only_page(paging: &Pagination, output: &Value) -> Pages {
    let items = paging.result_key.as_ref().and_then(|key| output.get(key)?.as_array().cloned());
    let items = items.unwrap_or_default();
    let ended = output.get(&paging.output_token).is_none_or(Value::is_null);
    Pages { output: output.clone(), sizes: vec![items.len()], items, limit: None, ended }
}

fn output(pattern: Value) -> Expected {
    Expected::Output(Pattern::parse(&pattern).expect("a pattern"))
}

fn refused(rule: &str) -> Expected {
    assert!(CATALOGUE.rules.get(rule).is_some(), "no rule `{rule}`");
    Expected::Error { rules: vec![rule.into()], arguments: Vec::new() }
}

/// Creates, reads, changes, lists and deletes; asks for what is not there; breaks a constraint.
fn story(player: &mut Player) {
    let created = player.call("CreateUserPool", json!({"PoolName": "a"}), output(json!({})));
    let id = created.pointer("/UserPool/Id").and_then(Value::as_str).unwrap_or("us-east-1_none");
    let pool = json!({"UserPoolId": id});
    let described =
        json!({"UserPool": {"Id": "<user-pool-id>", "Name": "a", "CreationDate": "<any>"}});
    player.call("DescribeUserPool", pool.clone(), output(described));
    let listed = json!({"UserPools": {"$contains": [{"Name": "a"}]}});
    player.call("ListUserPools", json!({"MaxResults": 60}), output(listed));
    player.call("UpdateUserPool", pool.clone(), output(json!({})));
    let nameless = refused("constraint-length-least");
    player.call("CreateUserPool", json!({"PoolName": ""}), nameless);
    player.call("CreateUserPool", json!({}), refused("constraint-required"));
    let nobodys = json!({"UserPoolId": "us-east-1_nobody999", "GroupName": ""});
    player.call("CreateGroup", nobodys, refused("constraint-length-least"));
    clients(player, id);
    users(player, id);
    player.call("DeleteUserPool", pool.clone(), output(json!({})));
    player.call("DescribeUserPool", pool, refused("user-pool-not-found"));
    identity_pool(player);
}

fn clients(player: &mut Player, pool: &str) {
    let input = json!({"UserPoolId": pool, "ClientName": "a", "GenerateSecret": true});
    player.call(
        "CreateUserPoolClient",
        input,
        output(json!({"UserPoolClient": {"ClientName": "a"}})),
    );
    let listed = json!({"UserPoolClients": {"$contains": [{"ClientName": "a"}]}});
    player.call("ListUserPoolClients", json!({"UserPoolId": pool}), output(listed));
}

fn users(player: &mut Player, pool: &str) {
    let anna = json!({"UserPoolId": pool, "Username": "anna"});
    let with = |members: Value| {
        let mut input = anna.clone();
        input
            .as_object_mut()
            .expect("an object")
            .extend(members.as_object().cloned().unwrap_or_default());
        input
    };
    player.call("AdminGetUser", anna.clone(), refused("user-not-found"));
    let weak = with(json!({"TemporaryPassword": "2short-"}));
    player.call("AdminCreateUser", weak, refused("admin-create-password-policy"));
    let weak = with(json!({"TemporaryPassword": "only-lower-case-7"}));
    player.call("AdminCreateUser", weak, refused("admin-create-password-policy"));
    let fine = with(json!({"TemporaryPassword": "Upper-and-lower-7", "MessageAction": "SUPPRESS"}));
    let created = json!({"User": {"Username": "anna", "UserStatus": "<text>"}});
    player.call("AdminCreateUser", fine.clone(), output(created));
    player.call("AdminCreateUser", fine, refused("admin-create-username-exists"));
    let found = json!({"Username": "anna", "Enabled": "<any>", "UserCreateDate": "<any>"});
    player.call("AdminGetUser", anna.clone(), output(found));
    let listed = json!({"Users": {"$contains": [{"Username": "anna"}]}});
    player.call("ListUsers", json!({"UserPoolId": pool}), output(listed));
    player.call("AdminDisableUser", anna.clone(), output(json!({})));
    player.call("AdminDeleteUser", anna.clone(), output(json!({})));
    player.call("AdminGetUser", anna, refused("user-not-found"));
}

fn identity_pool(player: &mut Player) {
    let input = json!({"IdentityPoolName": "a", "AllowUnauthenticatedIdentities": false});
    let created =
        player.call("CreateIdentityPool", input, output(json!({"IdentityPoolName": "a"})));
    let id = created.get("IdentityPoolId").cloned().unwrap_or(json!(NO_IDENTITY_POOL));
    player.call("DeleteIdentityPool", json!({"IdentityPoolId": id}), output(json!({})));
}

const NO_IDENTITY_POOL: &str = "us-east-1:00000000-0000-4000-8000-000000000000";

fn play(fault: Option<&'static NamedFault>) -> Transcript {
    let middleware = fault.map(NamedFault::middleware);
    let options = ServeOptions { middleware, ..ServeOptions::default() };
    let server = Server::on_loopback(Reference::new(CATALOGUE.clone(), 1), options);
    let server = server.expect("a free port on loopback");
    let mut player = Player {
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime"),
        transport: transport(&server.url()),
        transcript: Transcript::default(),
    };
    story(&mut player);
    server.shutdown();
    player.transcript
}

/// Returns what each breach says, a line each.
fn findings(transcript: &Transcript) -> Vec<(&'static str, String)> {
    let found = transcript.exchanges.iter().flat_map(|exchange| {
        examine(&CATALOGUE, exchange).into_iter().map(move |(check, breach)| {
            let operation = exchange.call.operation();
            let (at, expected, actual) = (breach.pointer, breach.expected, breach.actual);
            (check.id, format!("{}: {operation} {at}: not {expected}, but {actual}", check.id))
        })
    });
    found.collect()
}

#[test]
fn the_unaltered_reference_is_clean() {
    let found: Vec<String> = findings(&play(None)).into_iter().map(|(_, line)| line).collect();
    assert_eq!(found, [""; 0]);
}

/// What the story does not call: faults of these are caught by cases, see `tests/kills.rs`.
const UNTOLD: [&str; 4] =
    ["AdminInitiateAuth", "ConfirmForgotPassword", "ConfirmSignUp", "GetUser"];

/// The faults that a check must catch; what shows in several exchanges only is up to properties.
fn of_checks() -> impl Iterator<Item = &'static NamedFault> {
    let by_check = |fault: &&NamedFault| CHECKS.iter().any(|check| check.id == fault.caught_by);
    faults::all()
        .filter(by_check)
        .filter(move |fault| fault.on.iter().all(|name| !UNTOLD.contains(name)))
}

#[test]
fn each_fault_is_caught_by_the_check_it_names() {
    let missed: Vec<String> = of_checks()
        .filter(|fault| fault.caught_by != "sdk" || cfg!(feature = "aws"))
        .filter_map(|fault| {
            let found = findings(&play(Some(fault)));
            let caught = found.iter().any(|(check, _)| *check == fault.caught_by);
            (!caught).then(|| {
                format!("{}: {} does not see it, only {found:#?}", fault.name, fault.caught_by)
            })
        })
        .collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn each_check_catches_a_fault() {
    let catching: BTreeSet<_> = of_checks().map(|fault| fault.caught_by).collect();
    let checks: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(catching, checks);
}

/// A fault of form speaks through one check; others break several promises at once.
#[test]
fn the_kill_matrix_is_as_accepted() {
    let row = |fault: &'static NamedFault| {
        let seen: BTreeSet<_> = findings(&play(Some(fault))).into_iter().map(|(c, _)| c).collect();
        let seen: Vec<_> = seen.into_iter().filter(|check| *check != "sdk").collect();
        format!("{}: {}", fault.name, seen.join(", ")).trim_end().to_owned()
    };
    let matrix: Vec<_> = of_checks().map(row).collect();
    insta::assert_snapshot!(matrix.join("\n"), @r"
    status-404-on-not-found: status
    status-201-on-create: status
    json-content-type: content-type
    no-request-id: request-id
    namespaced-type: error-body
    capital-message: error-body
    code-only-body: error-body
    no-error-header: error-header
    error-header-without-colon: error-header
    braces-for-void: void-body
    empty-for-struct: void-body
    string-timestamps: timestamp
    millisecond-timestamps: timestamp
    html-500: content-type, expectation, server-fault
    internal-error: expectation, server-fault
    errors-are-text: content-type
    error-header-names-another: error-declared, error-header, expectation
    errors-have-status-200: expectation, schema
    missing-required-member: expectation, schema
    wrong-member-type: schema
    enum-outside-set: schema
    undeclared-member: schema
    null-members: schema
    number-beyond-its-type:
    numbers-are-strings: schema
    undeclared-code: error-declared, expectation
    wrong-code: expectation
    wrong-message: expectation
    accepts-everything: expectation, schema
    refuses-everything: expectation
    missing-members-crash: expectation, server-fault
    errors-have-no-text: error-body, expectation
    constraints-as-validation-exception: error-declared, expectation
    pool-before-constraints: expectation
    repeats-items: paging
    loses-writes: expectation
    echoes-password: expectation, secret-echo
    client-list-shows-secrets: schema
    new-user-shows-the-password: schema
    ");
}
