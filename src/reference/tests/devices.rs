//! Devices, as tables of calls.

use serde_json::{Value, json};

use super::Bench;
use super::sign_in::{PASSWORD, respond};
use crate::srp::{Claim, Identity, client, timestamp};

const RESPOND: &str = "RespondToAuthChallenge";
const SECRET: &str = "device password";

fn tracking(prompt: bool) -> Bench {
    let configuration =
        json!({"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": prompt});
    Bench::with_ann(json!({"DeviceConfiguration": configuration}), json!({}))
}

/// Signs in, confirms the new device, and returns its keys and an access token.
#[track_caller]
fn confirmed(bench: &mut Bench) -> (String, String, Value) {
    let result = bench.srp("ann", &[])["AuthenticationResult"].clone();
    let text = |name: &str| result["NewDeviceMetadata"][name].as_str().expect("a key").to_owned();
    let (key, group) = (text("DeviceKey"), text("DeviceGroupKey"));
    let verifier = client::device_verifier(&group, &key, SECRET, &[0x81; 16]);
    let config = json!({"PasswordVerifier": verifier.password_verifier, "Salt": verifier.salt});
    let input = json!({"AccessToken": result["AccessToken"], "DeviceKey": key,
        "DeviceName": "laptop", "DeviceSecretVerifierConfig": config});
    bench.ok("ConfirmDevice", input);
    (key, group, result["AccessToken"].clone())
}

#[test]
fn a_remembered_device_stands_in_for_a_factor() {
    let mut bench = tracking(false);
    let (key, group, _) = confirmed(&mut bench);
    bench.ok(
        "SetUserPoolMfaConfig",
        json!({"MfaConfiguration": "ON",
        "SoftwareTokenMfaConfiguration": {"Enabled": true}}),
    );
    assert_eq!(bench.srp("ann", &[])["ChallengeName"], "MFA_SETUP");
    let asked = bench.srp("ann", &[("DEVICE_KEY", &key)]);
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let exchange = client::Exchange::new(&[5; 32]);
    let start = json!({"USERNAME": "ann", "SRP_A": exchange.public(), "DEVICE_KEY": key});
    let mut other = start.clone();
    other["DEVICE_KEY"] = json!("us-east-1_other");
    bench.refused(RESPOND, respond("DEVICE_SRP_AUTH", &Value::Null, other), "session-elsewhere");
    let challenge = bench.ok(RESPOND, respond("DEVICE_SRP_AUTH", &Value::Null, start));
    assert_eq!(challenge["ChallengeName"], "DEVICE_PASSWORD_VERIFIER");
    let text = |name: &str| challenge["ChallengeParameters"][name].as_str().expect("a text");
    let time = timestamp::format(bench.now / 1000);
    let block = client::secret_block(text("SECRET_BLOCK")).expect("base64");
    let identity = Identity { pool: &group, user: &key };
    let claim = Claim { identity, secret_block: &block, timestamp: &time };
    let signature = exchange.signature(&claim, SECRET, text("SALT"), text("SRP_B"));
    let answers = json!({"USERNAME": text("USERNAME"), "TIMESTAMP": time, "DEVICE_KEY": key,
        "PASSWORD_CLAIM_SECRET_BLOCK": text("SECRET_BLOCK"),
        "PASSWORD_CLAIM_SIGNATURE": signature.expect("numbers")});
    let result =
        bench.ok(RESPOND, respond("DEVICE_PASSWORD_VERIFIER", &Value::Null, answers.clone()));
    let result = &result["AuthenticationResult"];
    assert_eq!(result["NewDeviceMetadata"], Value::Null);
    bench.refused(
        RESPOND,
        respond("DEVICE_PASSWORD_VERIFIER", &Value::Null, answers),
        "incorrect-credentials",
    );
    let refresh = |more: Value| {
        let mut parameters = json!({"REFRESH_TOKEN": result["RefreshToken"]});
        parameters
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters})
    };
    bench.refused("InitiateAuth", refresh(json!({})), "refresh-token-invalid");
    bench.ok("InitiateAuth", refresh(json!({"DEVICE_KEY": key})));
}

#[test]
fn devices_are_confirmed_shown_and_forgotten() {
    let mut bench = tracking(true);
    let (key, _, token) = confirmed(&mut bench);
    assert!(key.starts_with("us-east-1_"));
    let with = |key: &str| json!({"AccessToken": token, "DeviceKey": key});
    let admin = |key: &str| json!({"Username": "ann", "DeviceKey": key});
    let status = |value: &str| ("/Device/DeviceAttributes/2/Value", json!(value));
    bench.refused("ConfirmDevice", with(&key), "device-key-exists");
    bench.refused(
        "ConfirmDevice",
        with("us-east-1_00000000-0000-0000-0000-000000000000"),
        "device-key-invalid",
    );
    // Its user does not see a device that is not remembered; an administrator does.
    bench.refused("GetDevice", with(&key), "device-not-found");
    bench.check("ListDevices", json!({"AccessToken": token}), &[("/Devices", json!([]))]);
    bench.check("AdminGetDevice", admin(&key), &[status("not_remembered")]);
    let mut remember = with(&key);
    remember["DeviceRememberedStatus"] = json!("remembered");
    bench.ok("UpdateDeviceStatus", remember);
    bench.check(
        "GetDevice",
        with(&key),
        &[("/Device/DeviceKey", json!(key)), status("remembered")],
    );
    let mut forget = admin(&key);
    forget["DeviceRememberedStatus"] = json!("not_remembered");
    bench.ok("AdminUpdateDeviceStatus", forget);
    let (second, ..) = confirmed(&mut bench);
    let first = bench.ok("AdminListDevices", json!({"Username": "ann", "Limit": 1}));
    let next = &first["PaginationToken"];
    let last = bench
        .ok("AdminListDevices", json!({"Username": "ann", "Limit": 1, "PaginationToken": next}));
    assert_eq!(last["PaginationToken"], Value::Null);
    assert_ne!(first["Devices"][0]["DeviceKey"], last["Devices"][0]["DeviceKey"]);
    bench.refused(
        "ListDevices",
        json!({"AccessToken": token, "PaginationToken": "x"}),
        "device-list-token",
    );
    bench.ok("ForgetDevice", with(&key));
    bench.refused("GetDevice", with(&key), "device-not-found");
    bench.refused("UpdateDeviceStatus", with(&key), "device-not-found");
    bench.ok("AdminForgetDevice", admin(&second));
    bench.refused("AdminForgetDevice", admin(&second), "device-not-found");
    bench.check("AdminListDevices", json!({"Username": "ann"}), &[("/Devices", json!([]))]);
    let parameters = json!({"USERNAME": "ann", "PASSWORD": PASSWORD, "DEVICE_KEY": key});
    let input = json!({"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
    bench.refused("InitiateAuth", input, "device-not-found");
}

#[test]
fn without_tracking_there_are_no_devices() {
    let mut bench = Bench::with_ann(json!({}), json!({}));
    let result = bench.signed_in("ann");
    assert_eq!(result["NewDeviceMetadata"], Value::Null);
    let input = json!({"AccessToken": result["AccessToken"], "DeviceKey": "us-east-1_00000000-0000-0000-0000-000000000000"});
    bench.refused("ConfirmDevice", input, "device-tracking-off");
}
