//! Authenticator and relying party agree, and every way to be wrong is told apart.

use serde_json::{Value, json};

use super::authenticator::{self, Manner};
use super::relying_party::{Doubt, Expected, Registered, asserted, challenge, registered};

const ORIGIN: &str = "https://auth.example.com";

fn expected() -> Expected<'static> {
    Expected { challenge: "Y2hhbGxlbmdl", relying_party: "example.com", verification: true }
}

fn made(origin: &str, manner: Manner) -> Value {
    let options = json!({"challenge": "Y2hhbGxlbmdl", "rp": {"id": "example.com"}});
    authenticator::register(&options, origin, manner, 7).expect("complete options")
}

fn register(origin: &str, manner: Manner) -> Result<Registered, Doubt> {
    registered(&made(origin, manner), &expected())
}

#[track_caller]
fn check_register(manner: Manner, wanted: Doubt) {
    assert_eq!(register(ORIGIN, manner), Err(wanted), "{manner:?}");
}

#[track_caller]
fn check_assert(made_in: Manner, manner: Manner, wanted: Result<u32, Doubt>) {
    let passkey = made(ORIGIN, made_in);
    let key = registered(&passkey, &expected()).expect("a good registration").key;
    // As the service sends them: JSON within a string.
    let options = json!(json!({"challenge": "Y2hhbGxlbmdl", "rpId": "example.com"}).to_string());
    let answer = authenticator::assert(&passkey, &options, ORIGIN, manner).expect("good options");
    assert_eq!(asserted(&answer, &expected(), &key, 0), wanted, "{made_in:?}, {manner:?}");
}

#[test]
fn registrations_are_checked() {
    assert_eq!(challenge(&made(ORIGIN, Manner::Right)).as_deref(), Ok("Y2hhbGxlbmdl"));
    assert!(register(ORIGIN, Manner::Right).is_ok());
    assert!(register(ORIGIN, Manner::Rsa).is_ok());
    assert_eq!(register("https://example.net", Manner::Right), Err(Doubt::Origin));
    check_register(Manner::UnsupportedKey, Doubt::Unsupported);
    check_register(Manner::OtherChallenge, Doubt::Challenge);
    check_register(Manner::OtherRelyingParty, Doubt::RelyingParty);
    check_register(Manner::Unverified, Doubt::User);
    check_register(Manner::Garbled, Doubt::Malformed);
}

#[test]
fn only_known_transports_and_attachments_are_kept() {
    #[track_caller]
    fn check(transports: Value, attachment: Value, kept: &[&str], attached: Option<&str>) {
        let mut credential = made(ORIGIN, Manner::Right);
        credential["response"]["transports"] = transports;
        credential["authenticatorAttachment"] = attachment;
        let registered = registered(&credential, &expected()).expect("a good registration");
        assert_eq!((&*registered.transports, registered.attachment), (kept, attached));
    }
    let known = json!(["usb", "smart-card", "usb"]);
    check(known, json!("cross-platform"), &["smart-card", "usb"], Some("cross-platform"));
    let hostile = json!(["x".repeat(9999), 7, null, {"usb": "usb"}, "internal"]);
    check(hostile, json!("x".repeat(9999)), &["internal"], None);
    check(json!("usb"), json!(["platform"]), &[], None);
    check(json!(null), json!("platform"), &[], Some("platform"));
}

#[test]
fn assertions_are_checked() {
    check_assert(Manner::Right, Manner::Right, Ok(0));
    check_assert(Manner::Rsa, Manner::Right, Ok(0));
    check_assert(Manner::Right, Manner::OtherKey, Err(Doubt::Signature));
    check_assert(Manner::Rsa, Manner::OtherKey, Err(Doubt::Signature));
    check_assert(Manner::Right, Manner::OtherChallenge, Err(Doubt::Challenge));
    check_assert(Manner::Right, Manner::OtherRelyingParty, Err(Doubt::RelyingParty));
    check_assert(Manner::Right, Manner::Unverified, Err(Doubt::User));
    check_assert(Manner::Right, Manner::Garbled, Err(Doubt::Signature));
}

#[test]
fn hostile_credentials_are_malformed() {
    let good = made(ORIGIN, Manner::Right);
    let mut hostile = vec![json!(null), json!([]), json!("x"), json!({"type": "public-key"})];
    for pointer in ["/id", "/rawId", "/response/clientDataJSON", "/response/attestationObject"] {
        // Nothing, no base64, an endless CBOR byte string, nested arrays.
        for value in [json!(null), json!("%"), json!("X_8"), json!("gYGBgYGBgYE"), json!("oA")] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).expect("a member") = value;
            hostile.push(bad);
        }
    }
    for bad in hostile {
        assert_eq!(registered(&bad, &expected()), Err(Doubt::Malformed), "{bad}");
    }
}

#[test]
fn a_counter_must_rise() {
    let passkey = made(ORIGIN, Manner::Right);
    let key = registered(&passkey, &expected()).expect("a good registration").key;
    let options = json!({"challenge": "Y2hhbGxlbmdl", "rpId": "example.com"});
    let answer = authenticator::assert(&passkey, &options, ORIGIN, Manner::Right);
    let answer = answer.expect("good options");
    assert_eq!(asserted(&answer, &expected(), &key, 3), Err(Doubt::Counter));
}
