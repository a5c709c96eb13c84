//! Devices that a user signs in from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::state::{Device, Secret, User, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminForgetDevice", admin_forget_device),
    ("AdminGetDevice", admin_get_device),
    ("AdminListDevices", admin_list_devices),
    ("AdminUpdateDeviceStatus", admin_update_device_status),
    ("ConfirmDevice", confirm_device),
    ("ForgetDevice", forget_device),
    ("GetDevice", get_device),
    ("ListDevices", list_devices),
    ("UpdateDeviceStatus", update_device_status),
];

/// Most devices of a page, and how many it has when none is asked for.
const PAGE: usize = 60;

/// Returns the signed-in user of a call about devices.
///
/// # Errors
/// The token is not good, or the pool does not track devices.
fn own<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut User, Fault> {
    let bearer = context.bearer(input)?;
    bearer.app.pool(context)?.check_tracking()?;
    bearer.user(context)
}

/// Returns the user of an administrator's call about devices.
///
/// # Errors
/// There is no such user, or the pool does not track devices.
fn named<'a>(context: &'a mut Context<'_>, input: &Input) -> Result<&'a mut User, Fault> {
    let pool = context.pool(input)?;
    let tracked = pool.check_tracking();
    let user = pool.named_user(input.text("Username"))?;
    tracked.map(|()| user)
}

impl UserPool {
    fn check_tracking(&self) -> Result<(), Fault> {
        if self.tracks_devices() { Ok(()) } else { Err(Fault::rule("device-tracking-off")) }
    }
}

fn confirm_device(context: &mut Context<'_>, input: &Input) -> Answer {
    let bearer = context.bearer(input)?;
    let pool = bearer.app.pool(context)?;
    pool.check_tracking()?;
    let asks = pool.setting("/DeviceConfiguration/DeviceOnlyRememberedOnUserPrompt");
    let asks = asks.and_then(Value::as_bool).unwrap_or(false);
    let now = context.now;
    let user = bearer.user(context)?;
    let device = user.devices.get_mut(input.text("DeviceKey"));
    let device = device.ok_or_else(|| Fault::rule("device-key-invalid"))?;
    if device.confirmed {
        return Err(Fault::rule("device-key-exists"));
    }
    let secret = |name: &str| input.entry("DeviceSecretVerifierConfig", name).map(str::to_owned);
    device.verifier = secret("PasswordVerifier").map(Secret);
    device.salt = secret("Salt").map(Secret);
    device.name = input.opt_text("DeviceName").map(str::to_owned);
    device.confirmed = true;
    // Without a prompt, every device is remembered; with one, the user decides later.
    device.remembered = !asks;
    device.modified = now;
    Ok(Some(json!({"UserConfirmationNecessary": asks})))
}

/// Shows a device to its user, as long as it is remembered.
fn get_device(context: &mut Context<'_>, input: &Input) -> Answer {
    let user = own(context, input)?;
    if !user.device(input.text("DeviceKey"))?.remembered {
        return Err(Fault::rule("device-not-found"));
    }
    show(user, input)
}

fn admin_get_device(context: &mut Context<'_>, input: &Input) -> Answer {
    show(named(context, input)?, input)
}

fn show(user: &User, input: &Input) -> Answer {
    let device = user.device(input.text("DeviceKey"))?;
    Ok(Some(json!({"Device": shape(device)})))
}

/// Lists the devices that are remembered: the others are hidden from their user.
///
/// Source: observed, aws-amplify/aws-sdk-android AWSMobileClientTest (testRememberDevice).
fn list_devices(context: &mut Context<'_>, input: &Input) -> Answer {
    list(own(context, input)?, input, |device| device.remembered)
}

fn admin_list_devices(context: &mut Context<'_>, input: &Input) -> Answer {
    list(named(context, input)?, input, |_| true)
}

/// Lists confirmed devices by key; the token names the last one of the page before.
fn list(user: &User, input: &Input, shown: fn(&Device) -> bool) -> Answer {
    let limit = input.number("Limit").and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(PAGE).min(PAGE);
    let known: Vec<&Device> =
        user.devices.values().filter(|device| device.confirmed && shown(device)).collect();
    let start = match input.opt_text("PaginationToken") {
        None => 0,
        Some(token) => {
            let last = known.iter().position(|device| token_of(device) == token);
            last.ok_or_else(|| Fault::rule("device-list-token"))? + 1
        }
    };
    let page: Vec<&Device> = known.iter().skip(start).take(limit).copied().collect();
    let mut answer =
        json!({"Devices": page.iter().map(|device| shape(device)).collect::<Vec<_>>()});
    if let Some(last) = page.last().filter(|_| start + page.len() < known.len()) {
        answer["PaginationToken"] = token_of(last).into();
    }
    Ok(Some(answer))
}

fn forget_device(context: &mut Context<'_>, input: &Input) -> Answer {
    forget(own(context, input)?, input)
}

fn admin_forget_device(context: &mut Context<'_>, input: &Input) -> Answer {
    forget(named(context, input)?, input)
}

fn forget(user: &mut User, input: &Input) -> Answer {
    let key = user.device(input.text("DeviceKey"))?.key.clone();
    user.devices.remove(&key);
    Ok(None)
}

fn update_device_status(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    update(own(context, input)?, input, now)
}

fn admin_update_device_status(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    update(named(context, input)?, input, now)
}

fn update(user: &mut User, input: &Input, now: u64) -> Answer {
    let key = user.device(input.text("DeviceKey"))?.key.clone();
    let status = input.opt_text("DeviceRememberedStatus");
    if let (Some(device), Some(status)) = (user.devices.get_mut(&key), status) {
        device.remembered = status == "remembered";
        device.modified = now;
    }
    Ok(Some(json!({})))
}

/// Returns the pagination token of a page that ends with the device.
fn token_of(device: &Device) -> String {
    URL_SAFE_NO_PAD.encode(&device.key)
}

/// Returns a device as the API shows it.
///
/// Source: aws/aws-cli awscli/examples/cognito-idp/list-devices.rst, for the attributes' names.
fn shape(device: &Device) -> Value {
    let status = if device.remembered { "remembered" } else { "not_remembered" };
    let mut attributes = vec![json!({"Name": "device_status", "Value": "valid"})];
    if let Some(name) = &device.name {
        attributes.push(json!({"Name": "device_name", "Value": name}));
    }
    attributes.push(json!({"Name": "dev:device_remembered_status", "Value": status}));
    json!({
        "DeviceAttributes": attributes,
        "DeviceCreateDate": timestamp(device.created),
        "DeviceKey": device.key,
        "DeviceLastAuthenticatedDate": timestamp(device.authenticated),
        "DeviceLastModifiedDate": timestamp(device.modified),
    })
}
