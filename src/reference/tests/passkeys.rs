//! Passkeys: what is registered signs in, what does not fit is refused.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::respond;
use crate::webauthn::authenticator::{self, Manner};

const ORIGIN: &str = "https://example.com";

impl Bench {
    fn with_passkeys() -> Self {
        let factors = json!({"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]});
        let flows = json!(["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"]);
        let mut bench = Bench::with_ann(
            json!({"Policies": {"SignInPolicy": factors}}),
            json!({"ExplicitAuthFlows": flows}),
        );
        let relying_party = json!({"RelyingPartyId": "example.com"});
        bench.ok("SetUserPoolMfaConfig", json!({"WebAuthnConfiguration": relying_party}));
        bench
    }

    fn options(&mut self, token: &Value) -> Value {
        let begun = self.ok("StartWebAuthnRegistration", json!({"AccessToken": token}));
        begun["CredentialCreationOptions"].clone()
    }

    fn passkey(&mut self, token: &Value) -> Value {
        let options = self.options(token);
        let passkey = authenticator::register(&options, ORIGIN, Manner::Right, 7);
        let passkey = passkey.expect("complete options");
        let input = json!({"AccessToken": token, "Credential": passkey});
        self.ok("CompleteWebAuthnRegistration", input);
        passkey
    }

    /// Begins a sign-in; returns the session and the answer of a passkey.
    fn answered(&mut self, passkey: &Value, manner: Manner) -> (Value, String) {
        let parameters = json!({"USERNAME": "ann", "PREFERRED_CHALLENGE": "WEB_AUTHN"});
        let begun =
            self.ok("InitiateAuth", json!({"AuthFlow": "USER_AUTH", "AuthParameters": parameters}));
        assert_eq!(begun["ChallengeName"], "WEB_AUTHN");
        let options = &begun["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"];
        let answer = authenticator::assert(passkey, options, ORIGIN, manner);
        (begun["Session"].clone(), answer.expect("complete options").to_string())
    }
}

fn shown(session: &Value, credential: &str) -> Value {
    respond("WEB_AUTHN", session, json!({"USERNAME": "ann", "CREDENTIAL": credential}))
}

#[test]
fn a_passkey_signs_in_until_it_is_deleted() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let passkey = bench.passkey(&token);
    let (session, answer) = bench.answered(&passkey, Manner::Right);
    let signed_in = bench.ok("RespondToAuthChallenge", shown(&session, &answer));
    assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());
    bench.refused("RespondToAuthChallenge", shown(&session, &answer), "session-used");
    let (session, _) = bench.answered(&passkey, Manner::Right);
    let id = &passkey["id"];
    bench.ok("DeleteWebAuthnCredential", json!({"AccessToken": token, "CredentialId": id}));
    bench.refused("RespondToAuthChallenge", shown(&session, &answer), "passkey-not-accepted");
    let again = json!({"AccessToken": token, "CredentialId": id});
    bench.refused("DeleteWebAuthnCredential", again, "passkey-not-found");
}

#[test]
fn passkeys_of_another_relying_party_sign_nobody_in() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let passkey = bench.passkey(&token);
    let (session, answer) = bench.answered(&passkey, Manner::Right);
    let relying_party = |id: &str| json!({"WebAuthnConfiguration": {"RelyingPartyId": id}});
    bench.ok("SetUserPoolMfaConfig", relying_party("example.net"));
    bench.refused("RespondToAuthChallenge", shown(&session, &answer), "passkey-not-accepted");
    let wanted = json!({"AuthFlow": "USER_AUTH", "AuthParameters":
        {"USERNAME": "ann", "PREFERRED_CHALLENGE": "WEB_AUTHN"}});
    let begun = bench.ok("InitiateAuth", wanted.clone());
    assert_eq!(begun["ChallengeName"], "SELECT_CHALLENGE");
    assert_eq!(begun["AvailableChallenges"], json!(["PASSWORD", "PASSWORD_SRP"]));
    let factors = json!(["PASSWORD"]);
    let configured = [("/ConfiguredUserAuthFactors", factors)];
    bench.check("GetUserAuthFactors", json!({"AccessToken": token}), &configured);
    let options = bench.options(&token);
    let second = authenticator::register(&options, "https://example.net", Manner::Right, 8);
    let input = json!({"AccessToken": token, "Credential": second.expect("complete options")});
    bench.ok("CompleteWebAuthnRegistration", input);
    let begun = bench.ok("InitiateAuth", wanted);
    let offered = begun["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].to_string();
    assert!(!offered.contains(passkey["id"].as_str().expect("an id")), "{offered}");
    bench.ok("SetUserPoolMfaConfig", relying_party("example.com"));
    let (session, answer) = bench.answered(&passkey, Manner::Right);
    bench.ok("RespondToAuthChallenge", shown(&session, &answer));
}

#[test]
fn wrong_answers_leave_the_session_usable() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let passkey = bench.passkey(&token);
    for manner in
        [Manner::OtherKey, Manner::OtherChallenge, Manner::OtherRelyingParty, Manner::Garbled]
    {
        let (session, answer) = bench.answered(&passkey, manner);
        bench.refused("RespondToAuthChallenge", shown(&session, &answer), "passkey-not-accepted");
    }
    let (session, answer) = bench.answered(&passkey, Manner::Right);
    for hostile in ["", "{", "null", "[]", "{\"id\": 1}", "\"x\"", "{\"id\": \"\u{e9}\"}"] {
        let rule =
            if hostile.is_empty() { "auth-parameter-missing" } else { "passkey-not-accepted" };
        bench.refused("RespondToAuthChallenge", shown(&session, hostile), rule);
    }
    bench.ok("RespondToAuthChallenge", shown(&session, &answer));
}

#[test]
fn hostile_credentials_are_refused() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let options = bench.options(&token);
    let good = authenticator::register(&options, ORIGIN, Manner::Right, 7).expect("good options");
    let mut deep = json!(1);
    for _ in 0..50 {
        deep = json!([deep]);
    }
    let mut hostile = vec![json!(null), json!([]), json!("x"), json!(7), json!({"type": deep})];
    for pointer in ["/id", "/rawId", "/type", "/response", "/response/attestationObject"] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("a member") = json!("\u{1F511}");
        hostile.push(bad);
    }
    for credential in hostile {
        let input = json!({"AccessToken": token, "Credential": credential});
        assert!(bench.call("CompleteWebAuthnRegistration", input).is_err(), "{credential}");
    }
    bench.ok("CompleteWebAuthnRegistration", json!({"AccessToken": token, "Credential": good}));
}

#[test]
fn twenty_passkeys_are_enough() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let spare = bench.options(&token);
    (0..20).for_each(|_| drop(bench.passkey(&token)));
    bench.refused("StartWebAuthnRegistration", json!({"AccessToken": token}), "passkey-limit");
    let more = authenticator::register(&spare, ORIGIN, Manner::Right, 7).expect("good options");
    let more = json!({"AccessToken": token, "Credential": more});
    bench.refused("CompleteWebAuthnRegistration", more, "passkey-limit");
    let page = json!({"AccessToken": token, "MaxResults": 20});
    let listed = bench.ok("ListWebAuthnCredentials", page);
    assert_eq!(listed["Credentials"].as_array().map(Vec::len), Some(20));
    assert!(listed.get("NextToken").is_none());
}

#[test]
fn a_registration_waits_for_minutes_only() {
    let mut bench = Bench::with_passkeys();
    let token = bench.token();
    let options = bench.options(&token);
    bench.later(301);
    let late = authenticator::register(&options, ORIGIN, Manner::Right, 7).expect("good options");
    let late = json!({"AccessToken": token, "Credential": late});
    bench.refused("CompleteWebAuthnRegistration", late, "passkey-challenge-not-found");
}
