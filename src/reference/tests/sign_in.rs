//! Sign-in by every flow, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use crate::srp::{Claim, Identity, client, timestamp};

pub(super) const PASSWORD: &str = "Abcdef1!";

const FLOWS: [&str; 6] = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_AUTH",
];

impl Bench {
    /// A bench whose client allows every flow, with a confirmed user `ann`.
    #[track_caller]
    pub(super) fn with_ann(pool: Value, client: Value) -> Self {
        let mut bench = Self::new(pool);
        bench.use_client(client);
        bench.ok("AdminCreateUser", json!({"Username": "ann", "MessageAction": "SUPPRESS"}));
        bench.set_password("ann", true);
        bench
    }

    /// Makes the calls to come go through a new client, which allows every flow by default.
    #[track_caller]
    pub(super) fn use_client(&mut self, settings: Value) -> Value {
        let mut input = json!({"ClientName": "c", "ExplicitAuthFlows": FLOWS});
        for (name, value) in settings.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        let created = self.ok("CreateUserPoolClient", input);
        self.client = created["UserPoolClient"]["ClientId"].as_str().expect("an id").into();
        created["UserPoolClient"].clone()
    }

    #[track_caller]
    pub(super) fn set_password(&mut self, username: &str, permanent: bool) {
        let input = json!({"Username": username, "Password": PASSWORD, "Permanent": permanent});
        self.ok("AdminSetUserPassword", input);
    }

    /// Signs in by password and returns the `AuthenticationResult`.
    #[track_caller]
    pub(super) fn signed_in(&mut self, username: &str) -> Value {
        let answer = self.ok("InitiateAuth", shown(username, PASSWORD));
        assert!(answer["AuthenticationResult"].is_object(), "{answer}");
        answer["AuthenticationResult"].clone()
    }

    /// Returns the access token of a fresh sign-in of `ann`.
    #[track_caller]
    pub(super) fn token(&mut self) -> Value {
        self.signed_in("ann")["AccessToken"].clone()
    }

    /// Returns the last code that was sent.
    #[track_caller]
    pub(super) fn code(&self) -> String {
        self.reference.state.outbox.back().expect("a message").code.clone()
    }

    #[track_caller]
    pub(super) fn last_purpose(&self) -> &str {
        &self.reference.state.outbox.back().expect("a message").purpose
    }

    pub(super) fn later(&mut self, secs: u64) {
        self.now += secs * 1000;
    }

    /// Answers `PASSWORD_VERIFIER` for a challenge; `change` may spoil the answers.
    #[track_caller]
    pub(super) fn srp_answer(
        &self,
        challenge: &Value,
        exchange: &client::Exchange,
        password: &str,
    ) -> Value {
        let text = |name: &str| challenge["ChallengeParameters"][name].as_str().expect("a text");
        let time = timestamp::format(self.now / 1000);
        let block = client::secret_block(text("SECRET_BLOCK")).expect("base64");
        let identity = Identity::of_user(&self.pool, text("USER_ID_FOR_SRP"));
        let claim = Claim { identity, secret_block: &block, timestamp: &time };
        let signature = exchange.signature(&claim, password, text("SALT"), text("SRP_B"));
        json!({
            "TIMESTAMP": time,
            "USERNAME": text("USER_ID_FOR_SRP"),
            "PASSWORD_CLAIM_SECRET_BLOCK": text("SECRET_BLOCK"),
            "PASSWORD_CLAIM_SIGNATURE": signature.expect("numbers"),
        })
    }

    /// Signs in by SRP, with more parameters; returns what `PASSWORD_VERIFIER` answers.
    #[track_caller]
    pub(super) fn srp(&mut self, username: &str, more: &[(&str, &str)]) -> Value {
        let exchange = client::Exchange::new(&[9; 32]);
        let mut parameters = json!({"USERNAME": username, "SRP_A": exchange.public()});
        more.iter().for_each(|(name, value)| parameters[*name] = json!(value));
        let input = json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters});
        let challenge = self.ok("InitiateAuth", input);
        let mut answers = self.srp_answer(&challenge, &exchange, PASSWORD);
        more.iter().for_each(|(name, value)| answers[*name] = json!(value));
        self.ok("RespondToAuthChallenge", respond("PASSWORD_VERIFIER", &Value::Null, answers))
    }
}

/// Input of `InitiateAuth` that shows a password.
pub(super) fn shown(username: &str, password: &str) -> Value {
    json!({"AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": username, "PASSWORD": password}})
}

/// Input of `RespondToAuthChallenge`; `null` stands for no session.
pub(super) fn respond(challenge: &str, session: &Value, answers: Value) -> Value {
    json!({"ChallengeName": challenge, "Session": session, "ChallengeResponses": answers})
}

fn flow(name: &str, parameters: Value) -> Value {
    json!({"AuthFlow": name, "AuthParameters": parameters})
}

#[test]
fn a_password_signs_in_or_is_refused() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let result = [
        ("/AuthenticationResult/ExpiresIn", json!(3600)),
        ("/AuthenticationResult/TokenType", json!("Bearer")),
        ("/ChallengeName", Value::Null),
    ];
    bench.check("InitiateAuth", shown("ann", PASSWORD), &result);
    let admin = |name| flow(name, json!({"USERNAME": "ann", "PASSWORD": PASSWORD}));
    bench.check("AdminInitiateAuth", admin("ADMIN_USER_PASSWORD_AUTH"), &result);
    bench.check("AdminInitiateAuth", admin("ADMIN_NO_SRP_AUTH"), &result);
    bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
    bench.refused("InitiateAuth", shown("bob", PASSWORD), "sign-in-user-not-found");
    let sub =
        bench.ok("AdminGetUser", json!({"Username": "ann"}))["UserAttributes"][0]["Value"].clone();
    bench.refused(
        "InitiateAuth",
        shown(sub.as_str().expect("a sub"), PASSWORD),
        "sign-in-user-not-found",
    );
    let missing = flow("USER_PASSWORD_AUTH", json!({"USERNAME": "ann"}));
    bench.refused("InitiateAuth", missing, "auth-parameter-missing");
    bench.refused(
        "InitiateAuth",
        json!({"AuthFlow": "USER_PASSWORD_AUTH"}),
        "auth-parameter-missing",
    );
    bench.refused("InitiateAuth", admin("ADMIN_NO_SRP_AUTH"), "auth-flow-unsupported");
    bench.refused("AdminInitiateAuth", admin("USER_PASSWORD_AUTH"), "auth-flow-unsupported");
    let custom = flow("CUSTOM_AUTH", json!({"USERNAME": "ann"}));
    bench.refused("InitiateAuth", custom, "custom-auth-without-lambda");
    let mut unknown = shown("ann", PASSWORD);
    unknown["ClientId"] = json!("nobody");
    bench.refused("InitiateAuth", unknown, "client-not-found");
    bench.ok("AdminDisableUser", json!({"Username": "ann"}));
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "user-disabled");
    bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
}

#[test]
fn flows_must_be_listed() {
    #[track_caller]
    fn check(listed: &[&str], operation: &str, name: &str, rule: &str) {
        let mut bench = Bench::with_ann(json!({}), json!({"ExplicitAuthFlows": listed}));
        let parameters =
            json!({"USERNAME": "ann", "PASSWORD": "x", "SRP_A": "5", "REFRESH_TOKEN": "x"});
        bench.refused(operation, flow(name, parameters), rule);
    }
    let some = ["ALLOW_REFRESH_TOKEN_AUTH"];
    check(&some, "InitiateAuth", "USER_PASSWORD_AUTH", "auth-flow-disabled-password");
    check(&some, "InitiateAuth", "USER_SRP_AUTH", "auth-flow-disabled-srp");
    check(&some, "InitiateAuth", "CUSTOM_AUTH", "auth-flow-disabled-custom");
    check(&some, "InitiateAuth", "USER_AUTH", "auth-flow-disabled-choice");
    check(&some, "InitiateAuth", "REFRESH_TOKEN", "refresh-token-invalid");
    check(&some, "AdminInitiateAuth", "ADMIN_NO_SRP_AUTH", "auth-flow-disabled-admin");
    let old = ["ADMIN_NO_SRP_AUTH"];
    check(&old, "AdminInitiateAuth", "ADMIN_NO_SRP_AUTH", "incorrect-credentials");
    check(&old, "InitiateAuth", "USER_PASSWORD_AUTH", "auth-flow-disabled-password");
    check(&old, "InitiateAuth", "REFRESH_TOKEN_AUTH", "refresh-token-invalid");
    check(&["CUSTOM_AUTH_FLOW_ONLY"], "InitiateAuth", "USER_SRP_AUTH", "auth-flow-disabled-srp");
}

#[test]
fn a_password_is_proved_by_srp() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let answer = bench.srp("ann", &[]);
    assert!(answer["AuthenticationResult"]["IdToken"].is_string());

    let exchange = client::Exchange::new(&[9; 32]);
    let start = flow("USER_SRP_AUTH", json!({"USERNAME": "ann", "SRP_A": exchange.public()}));
    let spoil = |name: &'static str, value: &'static str| {
        move |answers: &mut Value| answers[name] = json!(value)
    };
    type Spoil = Box<dyn Fn(&mut Value)>;
    let spoils: [(&str, Spoil, &str); 7] = [
        ("wrong", Box::new(|_| {}), "incorrect-credentials"),
        (
            PASSWORD,
            Box::new(spoil("TIMESTAMP", "Tue Nov 05 22:13:20 UTC 2023")),
            "incorrect-credentials",
        ),
        (
            PASSWORD,
            Box::new(spoil("TIMESTAMP", "Mon Nov 14 22:13:20 UTC 2023")),
            "incorrect-credentials",
        ),
        (PASSWORD, Box::new(spoil("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA")), "incorrect-credentials"),
        (PASSWORD, Box::new(spoil("PASSWORD_CLAIM_SIGNATURE", "AAAA")), "incorrect-credentials"),
        (PASSWORD, Box::new(spoil("USERNAME", "bob")), "answer-user-not-found"),
        (PASSWORD, Box::new(spoil("TIMESTAMP", "")), "auth-parameter-missing"),
    ];
    for (password, spoil, rule) in spoils {
        let mut bench = Bench::with_ann(json!({}), json!({}));
        let challenge = bench.ok("InitiateAuth", start.clone());
        let mut answers = bench.srp_answer(&challenge, &exchange, password);
        spoil(&mut answers);
        bench.refused(
            "RespondToAuthChallenge",
            respond("PASSWORD_VERIFIER", &Value::Null, answers),
            rule,
        );
    }
    let challenge = bench.ok("InitiateAuth", start.clone());
    let answers = bench.srp_answer(&challenge, &exchange, PASSWORD);
    bench.later(181);
    bench.refused(
        "RespondToAuthChallenge",
        respond("PASSWORD_VERIFIER", &Value::Null, answers),
        "session-expired",
    );
    for odd in ["0", "xyz"] {
        let input = flow("USER_SRP_AUTH", json!({"USERNAME": "ann", "SRP_A": odd}));
        bench.refused("InitiateAuth", input, "srp-a-invalid");
    }
    let input = flow("USER_SRP_AUTH", json!({"USERNAME": "bob", "SRP_A": "5"}));
    bench.refused("InitiateAuth", input, "sign-in-user-not-found");
}

#[test]
fn users_are_hidden_where_the_client_says_so() {
    let mut bench = Bench::with_ann(json!({}), json!({"PreventUserExistenceErrors": "ENABLED"}));
    bench.refused("InitiateAuth", shown("bob", PASSWORD), "incorrect-credentials");
    let exchange = client::Exchange::new(&[9; 32]);
    let start = flow("USER_SRP_AUTH", json!({"USERNAME": "bob", "SRP_A": exchange.public()}));
    let first = bench.ok("InitiateAuth", start.clone());
    let second = bench.ok("InitiateAuth", start);
    for name in ["SALT", "USER_ID_FOR_SRP", "USERNAME"] {
        let pointer = format!("/ChallengeParameters/{name}");
        assert_eq!(first.pointer(&pointer), second.pointer(&pointer), "{name}");
    }
    assert_ne!(first["ChallengeParameters"]["SRP_B"], second["ChallengeParameters"]["SRP_B"]);
    let answers = bench.srp_answer(&first, &exchange, PASSWORD);
    bench.refused(
        "RespondToAuthChallenge",
        respond("PASSWORD_VERIFIER", &Value::Null, answers),
        "incorrect-credentials",
    );
    let choose = flow(
        "USER_AUTH",
        json!({"USERNAME": "bob", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "x"}),
    );
    bench.refused("InitiateAuth", choose, "incorrect-credentials");
}

#[test]
fn a_temporary_password_must_be_replaced() {
    let required = json!({"Schema": [{"Name": "given_name", "Required": true}]});
    let mut bench = Bench::with_ann(required, json!({}));
    bench.set_password("ann", false);
    let expected = [
        ("/ChallengeName", json!("NEW_PASSWORD_REQUIRED")),
        ("/ChallengeParameters/USER_ID_FOR_SRP", json!("ann")),
        ("/ChallengeParameters/requiredAttributes", json!("[\"userAttributes.given_name\"]")),
        ("/ChallengeParameters/userAttributes", json!("{}")),
    ];
    bench.check("InitiateAuth", shown("ann", PASSWORD), &expected);
    let challenge = bench.srp("ann", &[]);
    let session = &challenge["Session"];
    let operation = "RespondToAuthChallenge";
    let name = "NEW_PASSWORD_REQUIRED";
    let answers = |password: &str| json!({"USERNAME": "ann", "NEW_PASSWORD": password});
    bench.refused(operation, respond(name, session, answers("weak")), "password-policy");
    bench.refused(
        operation,
        respond(name, session, answers(PASSWORD)),
        "new-password-attribute-missing",
    );
    bench.refused(
        operation,
        respond(name, session, json!({"USERNAME": "ann"})),
        "auth-parameter-missing",
    );
    bench.refused(
        operation,
        respond(name, &Value::Null, answers(PASSWORD)),
        "auth-parameter-missing",
    );
    bench.refused(
        operation,
        respond("SMS_MFA", session, json!({"USERNAME": "ann", "SMS_MFA_CODE": "1"})),
        "session-elsewhere",
    );
    let mut other = answers(PASSWORD);
    other["USERNAME"] = json!("bob");
    bench.refused(operation, respond(name, session, other), "answer-user-not-found");
    let garbage = json!("x".repeat(20));
    bench.refused(operation, respond(name, &garbage, answers(PASSWORD)), "session-unknown");
    let mut good = answers(PASSWORD);
    good["userAttributes.given_name"] = json!("Ann");
    let expected = [("/AuthenticationResult/TokenType", json!("Bearer"))];
    bench.check(operation, respond(name, session, good.clone()), &expected);
    bench.refused(operation, respond(name, session, good), "session-used");
    bench.check("AdminGetUser", json!({"Username": "ann"}), &[("/UserStatus", json!("CONFIRMED"))]);

    bench.set_password("ann", false);
    let admin = flow("ADMIN_NO_SRP_AUTH", json!({"USERNAME": "ann", "PASSWORD": PASSWORD}));
    let challenge = bench.ok("AdminInitiateAuth", admin);
    let other = respond(name, &challenge["Session"], answers(PASSWORD));
    bench.ok("AdminRespondToAuthChallenge", other.clone());
    bench.refused("AdminRespondToAuthChallenge", other, "session-used");

    bench.set_password("ann", false);
    let challenge = bench.ok("InitiateAuth", shown("ann", PASSWORD));
    bench.later(180);
    bench.refused(
        operation,
        respond(name, &challenge["Session"], answers(PASSWORD)),
        "session-expired",
    );
    bench.later(7 * 86_400);
    bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "temporary-password-expired");
}

#[test]
fn wrong_passwords_lock_out_for_longer_and_longer() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    for _ in 0..5 {
        bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
    }
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "password-attempts-exceeded");
    bench.later(1);
    bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
    bench.later(1);
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "password-attempts-exceeded");
    bench.later(1);
    bench.ok("InitiateAuth", shown("ann", PASSWORD));
    bench.refused("InitiateAuth", shown("ann", "wrong"), "incorrect-credentials");
    bench.ok("InitiateAuth", shown("ann", PASSWORD));
}

#[test]
fn a_client_with_a_secret_needs_a_hash() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let client = bench.use_client(json!({"GenerateSecret": true}));
    let secret = client["ClientSecret"].as_str().expect("a secret").to_owned();
    let hash = |name: &str, client: &str| super::super::app::secret_hash(&secret, name, client);
    bench.refused("InitiateAuth", shown("ann", PASSWORD), "secret-hash-missing");
    let mut input = shown("ann", PASSWORD);
    input["AuthParameters"]["SECRET_HASH"] = json!(hash("bob", &bench.client));
    bench.refused("InitiateAuth", input.clone(), "secret-hash-wrong");
    input["AuthParameters"]["SECRET_HASH"] = json!(hash("ann", &bench.client));
    bench.ok("InitiateAuth", input);
    let hash = hash("ann", &bench.client);
    bench.srp("ann", &[("SECRET_HASH", &hash)]);
    let again = |hash: &str| json!({"AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "ann", "SRP_A": "5", "SECRET_HASH": hash}});
    let challenge = bench.ok("InitiateAuth", again(&hash));
    let mut answers = bench.srp_answer(&challenge, &client::Exchange::new(&[9; 32]), PASSWORD);
    let operation = "RespondToAuthChallenge";
    let answer = |answers: &Value| respond("PASSWORD_VERIFIER", &Value::Null, answers.clone());
    bench.refused(operation, answer(&answers), "secret-hash-missing");
    answers["SECRET_HASH"] = json!("AAAA");
    bench.refused(operation, answer(&answers), "secret-hash-wrong");
    for operation in ["ForgotPassword", "ResendConfirmationCode"] {
        bench.refused(operation, json!({"Username": "ann"}), "secret-hash-missing");
        bench.refused(
            operation,
            json!({"Username": "ann", "SecretHash": "AAAA"}),
            "secret-hash-wrong",
        );
    }
    bench.refused(
        "SignUp",
        json!({"Username": "bob", "Password": PASSWORD}),
        "secret-hash-missing",
    );
}

#[test]
fn the_user_chooses_a_first_factor() {
    let policies = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let mut bench = Bench::with_ann(
        json!({"Policies": policies}),
        json!({"PreventUserExistenceErrors": "ENABLED"}),
    );
    let email = json!([{"Name": "email", "Value": "ann@example.com"}, {"Name": "email_verified", "Value": "true"}]);
    bench.ok("AdminUpdateUserAttributes", json!({"Username": "ann", "UserAttributes": email}));
    let choice = |more: Value| {
        let mut parameters = json!({"USERNAME": "ann"});
        parameters
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        flow("USER_AUTH", parameters)
    };
    let select = bench.ok("InitiateAuth", choice(json!({})));
    assert_eq!(select["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(select["AvailableChallenges"], json!(["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP"]));
    let session = &select["Session"];
    let answers = json!({"USERNAME": "ann", "ANSWER": "SMS_OTP"});
    bench.refused(
        "RespondToAuthChallenge",
        respond("SELECT_CHALLENGE", session, answers),
        "challenge-not-available",
    );
    let answers = json!({"USERNAME": "ann", "ANSWER": "EMAIL_OTP"});
    let otp = bench.ok("RespondToAuthChallenge", respond("SELECT_CHALLENGE", session, answers));
    assert_eq!(otp["ChallengeName"], "EMAIL_OTP");
    assert_eq!(otp["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "a***@e***");
    let code = bench.code();
    assert_eq!(code.len(), 8);
    let show = |code: &str| {
        respond("EMAIL_OTP", &otp["Session"], json!({"USERNAME": "ann", "EMAIL_OTP_CODE": code}))
    };
    for _ in 0..6 {
        bench.refused("RespondToAuthChallenge", show("x"), "sign-in-code-mismatch");
    }
    let expected = [("/AuthenticationResult/TokenType", json!("Bearer"))];
    bench.check("RespondToAuthChallenge", show(&code), &expected);
    bench.refused("RespondToAuthChallenge", show(&code), "session-used");
    bench.check(
        "InitiateAuth",
        choice(json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD})),
        &expected,
    );
    let unknown =
        flow("USER_AUTH", json!({"USERNAME": "bob@x.org", "PREFERRED_CHALLENGE": "EMAIL_OTP"}));
    let otp = bench.ok("InitiateAuth", unknown);
    assert_eq!(otp["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "b***@x***");
    let answers = json!({"USERNAME": "bob@x.org", "EMAIL_OTP_CODE": "12345678"});
    bench.refused(
        "RespondToAuthChallenge",
        respond("EMAIL_OTP", &otp["Session"], answers),
        "sign-in-code-mismatch",
    );
}
