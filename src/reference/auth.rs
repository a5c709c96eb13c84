//! Sign-in: `InitiateAuth` and `AdminInitiateAuth`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::app::App;
use super::challenge::Flow;
use super::first_factor::{Answers, DEVICE_KEY, SIMULATED};
use super::tiers::Tier;
use super::triggers::CUSTOM_AUTH;
use super::{Answer, Context, Fault, Handler, Input};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("AdminInitiateAuth", admin_initiate_auth), ("InitiateAuth", initiate_auth)];

fn initiate_auth(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    initiate(context, input, app, false).map_err(|fault| match fault {
        // This operation alone does not declare `MFAMethodNotFoundException`.
        Fault::Rule { id: "mfa-no-method", .. } => Fault::rule("mfa-no-method-at-once"),
        other => other,
    })
}

fn admin_initiate_auth(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.admin_app(input)?;
    initiate(context, input, app, true)
}

/// Begins the flow the caller names; the client must list it.
fn initiate(context: &mut Context<'_>, input: &Input, app: App, admin: bool) -> Answer {
    let (flow, at) = (input.text("AuthFlow"), app.clone());
    let answers = Answers(input.get("AuthParameters"));
    let listed = |values: &[&str], rule| {
        if app.allows(values) { Ok(()) } else { Err(Fault::rule(rule)) }
    };
    let answer = match flow {
        "USER_PASSWORD_AUTH" if !admin => {
            let values = ["ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"];
            listed(&values, "auth-flow-disabled-password")?;
            password(context, app, flow, &answers)
        }
        "ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH" if admin => {
            let values = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"];
            listed(&values, "auth-flow-disabled-admin")?;
            password(context, app, flow, &answers)
        }
        "USER_SRP_AUTH" => {
            listed(&["ALLOW_USER_SRP_AUTH"], "auth-flow-disabled-srp")?;
            srp(context, app, &answers)
        }
        "REFRESH_TOKEN" | "REFRESH_TOKEN_AUTH" => {
            if app.rotates() {
                return Err(Fault::rule("refresh-flow-with-rotation"));
            }
            listed(&["ALLOW_REFRESH_TOKEN_AUTH"], "auth-flow-disabled-refresh")?;
            refresh(context, &app, &answers)
        }
        "CUSTOM_AUTH" => {
            let values = ["ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"];
            listed(&values, "auth-flow-disabled-custom")?;
            custom(context, app, &answers)
        }
        "USER_AUTH" => {
            app.pool(context)?.needs_tier(Tier::Essentials, "auth-flow-tier-lacks-choice")?;
            listed(&["ALLOW_USER_AUTH"], "auth-flow-disabled-choice")?;
            choice(context, app, &answers)
        }
        _ => Err(Fault::rule("auth-flow-unsupported")),
    };
    context.note_sign_in(&at, input, &answer)?;
    answer.map(Some)
}

/// Returns the flow of the user that the parameters name.
fn begin(
    context: &mut Context<'_>,
    app: App,
    name: &str,
    answers: &Answers<'_>,
) -> Result<Flow, Fault> {
    let username = answers.need("USERNAME")?;
    app.check_secret_hash(username, answers.get("SECRET_HASH"))?;
    let key = context.sign_in_name(&app, username)?;
    let mut data = BTreeMap::new();
    if key.is_none() {
        data.insert(SIMULATED.to_owned(), String::new());
    }
    if let Some(device_key) = answers.get("DEVICE_KEY") {
        data.insert(DEVICE_KEY.to_owned(), device_key.to_owned());
    }
    let exists = key.is_some();
    let key = key.unwrap_or_else(|| username.to_owned());
    // A flow of custom challenges has functions of its own.
    if name != CUSTOM_AUTH {
        context.pre_authentication(&app, &key, exists)?;
    }
    Ok(Flow { app, key, name: name.to_owned(), data })
}

fn password(
    context: &mut Context<'_>,
    app: App,
    name: &str,
    answers: &Answers<'_>,
) -> Result<Value, Fault> {
    let username = answers.need("USERNAME")?;
    let password = answers.need("PASSWORD")?;
    app.check_secret_hash(username, answers.get("SECRET_HASH"))?;
    context.migrate_at_sign_in(&app, username, password)?;
    let flow = begin(context, app, name, answers)?;
    context.show_password(flow, password)
}

fn srp(context: &mut Context<'_>, app: App, answers: &Answers<'_>) -> Result<Value, Fault> {
    answers.need("USERNAME")?;
    let srp_a = answers.need("SRP_A")?;
    let flow = begin(context, app, "USER_SRP_AUTH", answers)?;
    context.pose_srp(flow, srp_a)
}

fn refresh(context: &mut Context<'_>, app: &App, answers: &Answers<'_>) -> Result<Value, Fault> {
    let token = answers.need("REFRESH_TOKEN")?;
    let device_key = answers.get("DEVICE_KEY");
    let found = context.find_refresh_token(app, token, device_key)?;
    app.check_secret_hash(&found.username, answers.get("SECRET_HASH"))?;
    context.renew(app, &found)
}

/// Begins the flow in which the pool's functions pose the challenges, after the password if the
/// caller sends `SRP_A`.
fn custom(context: &mut Context<'_>, app: App, answers: &Answers<'_>) -> Result<Value, Fault> {
    let username = answers.need("USERNAME")?;
    app.check_secret_hash(username, answers.get("SECRET_HASH"))?;
    let configured = app.pool(context)?.setting("/LambdaConfig/DefineAuthChallenge").is_some();
    if !configured {
        return Err(Fault::rule("custom-auth-without-lambda"));
    }
    let flow = begin(context, app, CUSTOM_AUTH, answers)?;
    context.begin_challenges(flow, answers.get("SRP_A"))
}

/// Begins the flow in which the user chooses the first factor.
fn choice(context: &mut Context<'_>, app: App, answers: &Answers<'_>) -> Result<Value, Fault> {
    let flow = begin(context, app, "USER_AUTH", answers)?;
    match answers.get("PREFERRED_CHALLENGE") {
        Some(preferred) => {
            let offered = context.first_factors(&flow)?.contains(&preferred);
            if offered {
                chosen(context, flow, preferred, answers)
            } else {
                context.pose_choice(flow)
            }
        }
        None => context.pose_choice(flow),
    }
}

/// Goes on with the first factor the user chose.
pub(super) fn chosen(
    context: &mut Context<'_>,
    flow: Flow,
    factor: &str,
    answers: &Answers<'_>,
) -> Result<Value, Fault> {
    if !context.first_factors(&flow)?.contains(&factor) {
        return Err(Fault::rule("challenge-not-available"));
    }
    match factor {
        "PASSWORD" => match answers.get("PASSWORD") {
            Some(password) => context.show_password(flow, password),
            None => context.pose_password(flow, "PASSWORD"),
        },
        "PASSWORD_SRP" => match answers.get("SRP_A") {
            Some(srp_a) => context.pose_srp(flow, srp_a),
            None => context.pose_password(flow, "PASSWORD_SRP"),
        },
        "EMAIL_OTP" => context.pose_code(flow, "EMAIL_OTP"),
        "WEB_AUTHN" => context.pose_passkey(flow),
        _ => context.pose_code(flow, "SMS_OTP"),
    }
}
