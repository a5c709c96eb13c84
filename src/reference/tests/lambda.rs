//! Triggers: calls that wait for functions, answers of every kind, functions that call back.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};

use super::{Bench, assert_declared, catalogue};
use crate::reference::functions::Functions;
use crate::reference::server::{ServeOptions, Server};
use crate::reference::triggers::MOST_INVOCATIONS;
use crate::reference::{Answered, Attempted, Call, Fault, FunctionAnswer, Invocation, Reference};

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// Every trigger whose answer is waited for.
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

/// Returns a bench whose pool has these triggers.
fn pool_with(triggers: &[&str]) -> Bench {
    let config: Value = triggers.iter().map(|name| ((*name).to_owned(), json!(ARN))).collect();
    Bench::new(json!({"LambdaConfig": config, "AutoVerifiedAttributes": ["email"]}))
}

/// What a call did: its answer, the functions it waited for, and those it told something.
struct Done {
    answer: Result<Value, Fault>,
    waited: Vec<Invocation>,
    told: Vec<Invocation>,
}

impl Bench {
    /// Calls an operation; `function` answers for every trigger.
    fn drive(
        &mut self,
        operation: &str,
        mut input: Value,
        function: &dyn Fn(&Invocation) -> FunctionAnswer,
    ) -> Done {
        let catalogue = catalogue();
        let (service, shape) = catalogue.operation(operation).expect("a known operation");
        for (name, value) in [("UserPoolId", &self.pool), ("ClientId", &self.client)] {
            if shape.input.member(name).is_some() && input.get(name).is_none() {
                input[name] = json!(value);
            }
        }
        let service_id = &service.info.id;
        let call = Call { service: service_id, operation, input: &input, signed: true };
        let (mut answers, mut waited) = (Vec::new(), Vec::new());
        loop {
            let before = (self.reference.state.clone(), self.reference.rng.clone());
            match self.reference.attempt(&call, self.now, &answers) {
                Attempted::Needs(invocation) => {
                    let after = (self.reference.state.clone(), self.reference.rng.clone());
                    assert!(before == after, "{operation} waits, and left a trace");
                    answers.push(invocation.clone().answered(function(&invocation)));
                    waited.push(*invocation);
                }
                Attempted::Done(answer, told) => {
                    assert_declared(service, shape, &answer);
                    let answer = answer.map(Option::unwrap_or_default);
                    return Done { answer, waited, told };
                }
            }
        }
    }

    #[track_caller]
    fn done(
        &mut self,
        operation: &str,
        input: Value,
        function: &dyn Fn(&Invocation) -> FunctionAnswer,
    ) -> Value {
        let done = self.drive(operation, input, function);
        done.answer.unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
    }
}

/// Answers the event unchanged.
fn unchanged(invocation: &Invocation) -> FunctionAnswer {
    FunctionAnswer::Returned(invocation.event.clone())
}

/// Answers the event with these members of the response.
fn answering(response: Value) -> impl Fn(&Invocation) -> FunctionAnswer {
    move |invocation| {
        let mut event = invocation.event.clone();
        event["response"] = response.clone();
        FunctionAnswer::Returned(event)
    }
}

fn sign_up(username: &str) -> Value {
    let email = json!([{"Name": "email", "Value": format!("{username}@example.com")}]);
    json!({"Username": username, "Password": "Pa55word!", "UserAttributes": email})
}

fn password(username: &str) -> Value {
    let parameters = json!({"USERNAME": username, "PASSWORD": "Pa55word!"});
    json!({"AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters})
}

fn allow_everything(bench: &mut Bench) {
    let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    bench.ok("UpdateUserPoolClient", json!({"ExplicitAuthFlows": flows}));
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    let tokens = || {
        let mut bench = pool_with(&TRIGGERS);
        allow_everything(&mut bench);
        let confirms = answering(json!({"autoConfirmUser": true}));
        bench.done("SignUp", sign_up("ann"), &confirms);
        let done = bench.drive("AdminInitiateAuth", password("ann"), &unchanged);
        let waited: Vec<_> = done.waited.iter().map(|invocation| invocation.trigger).collect();
        assert_eq!(waited, ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"]);
        done.answer.expect("tokens").to_string()
    };
    assert_eq!(tokens(), tokens());
}

#[test]
fn without_anything_to_call_a_trigger_refuses() {
    let mut bench = pool_with(&["PreSignUp"]);
    bench.refused("SignUp", sign_up("ann"), "trigger-configuration");
    bench.refused("AdminGetUser", json!({"Username": "ann"}), "user-not-found");
}

#[test]
fn calls_in_pools_without_triggers_wait_for_nobody() {
    let mut bench = Bench::new(json!({}));
    let done = bench.drive("SignUp", sign_up("ann"), &|_| panic!("nobody to ask"));
    assert!(done.answer.is_ok() && done.waited.is_empty() && done.told.is_empty());
}

/// Everything a function may say that it should not.
fn nonsense() -> Vec<FunctionAnswer> {
    let mut deep = json!({});
    for _ in 0..500 {
        deep = json!([deep]);
    }
    let members = [
        "answerCorrect",
        "autoConfirmUser",
        "autoVerifyEmail",
        "challengeMetadata",
        "challengeName",
        "claimsOverrideDetails",
        "desiredDeliveryMediums",
        "emailMessage",
        "emailSubject",
        "failAuthentication",
        "finalUserStatus",
        "forceAliasCreation",
        "issueTokens",
        "messageAction",
        "privateChallengeParameters",
        "publicChallengeParameters",
        "smsMessage",
        "userAttributes",
    ];
    let wrong =
        [json!(-1), json!("ä"), json!([[]]), json!({"a": {"b": []}}), json!(true), deep.clone()];
    let responses = wrong.iter().flat_map(|value| {
        let all: Value = members.iter().map(|name| ((*name).to_owned(), value.clone())).collect();
        let each = members.iter().map(|name| json!({*name: value}));
        each.chain([all]).map(|response| json!({"response": response})).collect::<Vec<_>>()
    });
    let values = [
        json!(null),
        json!(0),
        json!(""),
        json!([]),
        json!({}),
        json!({"response": 7}),
        deep.clone(),
    ];
    let mut answers: Vec<_> =
        values.into_iter().chain(responses).map(FunctionAnswer::Returned).collect();
    answers.extend([
        FunctionAnswer::Garbled,
        FunctionAnswer::Threw("{trigger} é\u{0} {message}".into()),
        FunctionAnswer::Denied,
        FunctionAnswer::TimedOut,
        FunctionAnswer::Unreachable,
    ]);
    answers
}

/// Calls an operation in a fresh pool with one trigger that answers each kind of nonsense;
/// `prepare` gets the pool ready and returns the input. Every answer is a declared one.
fn torment(trigger: &str, operation: &str, prepare: &dyn Fn(&mut Bench) -> Value) {
    let mut ready = pool_with(&[trigger]);
    allow_everything(&mut ready);
    let input = prepare(&mut ready);
    let mut refused = 0;
    for answer in nonsense() {
        let mut bench = Bench {
            reference: ready.reference.clone(),
            pool: ready.pool.clone(),
            client: ready.client.clone(),
            now: ready.now,
        };
        let done = bench.drive(operation, input.clone(), &|_| answer.clone());
        assert!(!done.waited.is_empty(), "{operation} asks no {trigger}");
        refused += usize::from(done.answer.is_err());
        if let FunctionAnswer::Denied = answer {
            let fault = done.answer.expect_err("a refusal").render(&catalogue(), "cognito-idp");
            assert_eq!(fault.code, "UnexpectedLambdaException");
            assert_eq!(
                fault.message,
                format!("{trigger} invocation failed due to error AccessDeniedException.")
            );
        }
    }
    assert!(refused >= 8, "{operation} takes nearly everything from {trigger}");
}

fn user(bench: &mut Bench) {
    let verified = json!([{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    bench.ok(
        "AdminCreateUser",
        json!({"Username": "ann", "MessageAction": "SUPPRESS", "UserAttributes": verified}),
    );
    bench.ok(
        "AdminSetUserPassword",
        json!({"Username": "ann", "Password": "Pa55word!", "Permanent": true}),
    );
}

#[test]
fn nonsense_from_functions_gets_the_services_errors() {
    torment("PreSignUp", "SignUp", &|_| sign_up("ann"));
    torment("PreSignUp", "AdminCreateUser", &|_| json!({"Username": "ann"}));
    torment("CustomMessage", "SignUp", &|_| sign_up("ann"));
    torment("UserMigration", "AdminInitiateAuth", &|_| password("ann"));
    for trigger in ["PreAuthentication", "PostAuthentication", "PreTokenGeneration"] {
        torment(trigger, "AdminInitiateAuth", &|bench| {
            user(bench);
            password("ann")
        });
    }
    torment("CustomMessage", "ForgotPassword", &|bench| {
        user(bench);
        json!({"Username": "ann"})
    });
    torment("DefineAuthChallenge", "AdminInitiateAuth", &|bench| {
        user(bench);
        json!({"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ann"}})
    });
}

#[test]
fn later_functions_of_a_custom_challenge_may_talk_nonsense_too() {
    let triggers = ["CreateAuthChallenge", "DefineAuthChallenge", "VerifyAuthChallengeResponse"];
    let start = json!({"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ann"}});
    let define = answering(json!({"challengeName": "CUSTOM_CHALLENGE"}));
    for answer in nonsense() {
        let mut bench = pool_with(&triggers);
        allow_everything(&mut bench);
        user(&mut bench);
        let one = |wrong: &'static str| {
            let (answer, define) = (answer.clone(), &define);
            move |invocation: &Invocation| {
                if invocation.trigger == wrong { answer.clone() } else { define(invocation) }
            }
        };
        bench.drive("AdminInitiateAuth", start.clone(), &one("CreateAuthChallenge"));
        let posed = bench.done("AdminInitiateAuth", start.clone(), &define);
        let responses = json!({"USERNAME": "ann", "ANSWER": "x"});
        let reply = json!({"ChallengeName": "CUSTOM_CHALLENGE", "Session": posed["Session"], "ChallengeResponses": responses});
        bench.drive("AdminRespondToAuthChallenge", reply, &one("VerifyAuthChallengeResponse"));
    }
}

#[test]
fn what_a_function_refuses_leaves_no_trace() {
    let throws = |_: &Invocation| FunctionAnswer::Threw("no".into());
    let mut bench = pool_with(&["PreSignUp", "CustomMessage", "PreTokenGeneration"]);
    allow_everything(&mut bench);
    let before = bench.reference.state.clone();
    assert!(bench.drive("SignUp", sign_up("ann"), &throws).answer.is_err());
    assert!(bench.reference.state == before);
    bench.done("AdminCreateUser", json!({"Username": "ann"}), &unchanged);
    bench.ok(
        "AdminSetUserPassword",
        json!({"Username": "ann", "Password": "Pa55word!", "Permanent": true}),
    );
    let before = bench.reference.state.clone();
    assert!(bench.drive("AdminInitiateAuth", password("ann"), &throws).answer.is_err());
    assert!(bench.reference.state == before);
}

#[test]
fn tokens_that_a_function_refuses_leave_no_device_and_no_session() {
    let triggers = [
        "CreateAuthChallenge",
        "DefineAuthChallenge",
        "PreTokenGeneration",
        "VerifyAuthChallengeResponse",
    ];
    let mut bench = pool_with(&triggers);
    allow_everything(&mut bench);
    let config: Value = triggers.iter().map(|name| ((*name).to_owned(), json!(ARN))).collect();
    let devices = json!({"DeviceOnlyRememberedOnUserPrompt": false});
    bench.ok("UpdateUserPool", json!({"LambdaConfig": config, "DeviceConfiguration": devices}));
    user(&mut bench);
    let mut wrong = password("ann");
    wrong["AuthParameters"]["PASSWORD"] = json!("Wr0ngWord!");
    bench.refused("AdminInitiateAuth", wrong, "incorrect-credentials");
    let function = |invocation: &Invocation| {
        let first = invocation.event["request"]["session"] == json!([]);
        let response = match invocation.trigger {
            "PreTokenGeneration" => return FunctionAnswer::Threw("no".into()),
            "VerifyAuthChallengeResponse" => json!({"answerCorrect": true}),
            "DefineAuthChallenge" if first => json!({"challengeName": "CUSTOM_CHALLENGE"}),
            "DefineAuthChallenge" => json!({"issueTokens": true}),
            _ => json!({}),
        };
        answering(response)(invocation)
    };
    let start = json!({"AuthFlow": "CUSTOM_AUTH", "AuthParameters": {"USERNAME": "ann"}});
    let posed = bench.done("AdminInitiateAuth", start, &function);
    let responses = json!({"USERNAME": "ann", "ANSWER": "x"});
    let reply = json!({"ChallengeName": "CUSTOM_CHALLENGE", "Session": posed["Session"], "ChallengeResponses": responses});
    let done = bench.drive("AdminRespondToAuthChallenge", reply, &function);
    assert!(done.answer.is_err());
    assert_eq!(done.waited.last().map(|invocation| invocation.trigger), Some("PreTokenGeneration"));
    let pool = &bench.reference.state.pools[&bench.pool];
    let ann = pool.users.values().next().expect("a user");
    assert!(pool.sessions.is_empty() && ann.devices.is_empty());
    assert_eq!(ann.failures, 1);
}

#[test]
fn an_answer_counts_for_the_function_it_was_asked_of() {
    let mut bench = pool_with(&["PreAuthentication", "PreTokenGeneration"]);
    allow_everything(&mut bench);
    user(&mut bench);
    let mut input = password("ann");
    input["UserPoolId"] = json!(bench.pool);
    input["ClientId"] = json!(bench.client);
    let call = Call {
        service: "cognito-idp",
        operation: "AdminInitiateAuth",
        input: &input,
        signed: true,
    };
    let mut attempt = |answers: &[Answered], config: Value| {
        bench.ok("UpdateUserPool", json!({"LambdaConfig": config}));
        match bench.reference.attempt(&call, bench.now, answers) {
            Attempted::Needs(invocation) => Ok(*invocation),
            Attempted::Done(answer, _) => Err(answer),
        }
    };
    let asked = attempt(&[], json!({"PreAuthentication": ARN})).expect("a function");
    assert_eq!(asked.trigger, "PreAuthentication");
    let mut answers = vec![asked.answered(FunctionAnswer::Denied)];
    // The function has taken its own trigger away, and added another.
    let tokens = json!({"PreTokenGeneration": ARN});
    let asked = attempt(&answers, tokens.clone()).expect("another function");
    assert_eq!(asked.trigger, "PreTokenGeneration");
    let answer = unchanged(&asked);
    answers.push(asked.answered(answer));
    assert!(attempt(&answers, tokens).is_err_and(|answer| answer.is_ok()));
    // Nor does it count for another function of the same trigger, and there is an end to it.
    let mut answers = Vec::new();
    let end = loop {
        let arn = format!("{ARN}{}", answers.len());
        match attempt(&answers, json!({"PreAuthentication": arn})) {
            Ok(asked) => {
                assert_eq!(asked.function, arn);
                answers.push(asked.answered(FunctionAnswer::Denied));
            }
            Err(answer) => break answer,
        }
    };
    assert_eq!(answers.len(), MOST_INVOCATIONS);
    assert!(matches!(end, Err(Fault::Rule { id: "trigger-timed-out", .. })), "{end:?}");
}

#[test]
fn messages_are_in_the_functions_words() {
    let mut bench = pool_with(&["CustomMessage"]);
    let words = json!({"emailSubject": "Hi", "emailMessage": "It is {####}!", "smsMessage": "no"});
    bench.done("SignUp", sign_up("ann"), &answering(words));
    bench.done("SignUp", sign_up("bob"), &answering(json!({"emailMessage": "no code"})));
    let outbox = &bench.reference.state.outbox;
    let expected = format!("It is {}!", outbox[0].code);
    assert_eq!(outbox[0].body, expected);
    assert_eq!(outbox[0].subject.as_deref(), Some("Hi"));
    assert!(!outbox[1].body.starts_with("Hi"), "{}", outbox[1].body);
}

#[test]
fn a_custom_sender_takes_the_message() {
    let sender = json!({"LambdaVersion": "V1_0", "LambdaArn": ARN});
    let config = json!({"CustomEmailSender": sender, "KMSKeyID": "arn:aws:kms:us-east-1:123456789012:key/k"});
    let mut bench =
        Bench::new(json!({"LambdaConfig": config, "AutoVerifiedAttributes": ["email"]}));
    let done = bench.drive("SignUp", sign_up("ann"), &|_| panic!("nobody is waited for"));
    assert!(done.answer.is_ok());
    assert_eq!(done.told.len(), 1);
    assert_eq!(done.told[0].event["triggerSource"], "CustomEmailSender_SignUp");
    assert!(bench.reference.state.outbox.is_empty());
}

#[test]
fn a_function_may_call_back() {
    let function = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let url = format!("http://{}", function.local_addr().expect("an address"));
    let reference = Reference::new(catalogue(), 1);
    let functions = Some(Functions::at(&url).expect("a URL"));
    let options = ServeOptions { functions, ..ServeOptions::default() };
    let server = Server::on_loopback(reference, options).expect("a free port");
    let addr = server.addr();
    let target = |name: &str| {
        format!(
            "x-amz-target: AWSCognitoIdentityProviderService.{name}\r\nauthorization: AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c\r\n"
        )
    };
    let call = move |name: &str, input: Value| {
        let body = input.to_string();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
            body.len(),
            target(name)
        );
        let mut stream = TcpStream::connect(addr).expect("the server listens");
        stream.write_all(format!("{head}{body}").as_bytes()).expect("a request");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a response");
        let (_, body) = response.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str::<Value>(body).unwrap_or_default()
    };
    let config = json!({"PreSignUp": ARN});
    let created = call("CreateUserPool", json!({"PoolName": "p", "LambdaConfig": config}));
    let pool = created["UserPool"]["Id"].as_str().expect("an id").to_owned();
    let client = call("CreateUserPoolClient", json!({"UserPoolId": pool, "ClientName": "c"}));
    let client = client["UserPoolClient"]["ClientId"].clone();
    let host = std::thread::spawn(move || {
        let (mut stream, _) = function.accept().expect("an invocation");
        let _ = stream.read(&mut [0; 8192]).expect("an event");
        let listed = call("ListUsers", json!({"UserPoolId": pool}));
        let body = json!({"response": {"autoConfirmUser": true}}).to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).expect("an answer");
        listed
    });
    let signed_up =
        call("SignUp", json!({"ClientId": client, "Username": "ann", "Password": "Pa55word!"}));
    assert_eq!(signed_up["UserConfirmed"], true, "{signed_up}");
    assert_eq!(host.join().expect("the function ends")["Users"], json!([]));
}
