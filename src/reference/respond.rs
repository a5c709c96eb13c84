//! Answers to challenges: `RespondToAuthChallenge` and `AdminRespondToAuthChallenge`.

use serde_json::Value;

use super::app::App;
use super::auth::chosen;
use super::challenge::Flow;
use super::first_factor::Answers;
use super::{Answer, Context, Fault, Handler, Input};

/// The operations of this file.
pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("AdminRespondToAuthChallenge", admin_respond_to_auth_challenge),
    ("RespondToAuthChallenge", respond_to_auth_challenge),
];

fn respond_to_auth_challenge(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    let answer = respond(context, input, &app);
    context.note_sign_in(&app, input, &answer)?;
    answer.map(Some)
}

fn admin_respond_to_auth_challenge(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.admin_app(input)?;
    let answer = respond(context, input, &app);
    context.note_sign_in(&app, input, &answer)?;
    answer.map(Some)
}

fn respond(context: &mut Context<'_>, input: &Input, app: &App) -> Result<Value, Fault> {
    let challenge = input.text("ChallengeName");
    let answers = Answers(input.get("ChallengeResponses"));
    match challenge {
        // These three are told by their secret block or device key, not by a session.
        "PASSWORD_VERIFIER" => return context.prove_password(app, &answers),
        "DEVICE_SRP_AUTH" => return context.pose_device_srp(app, &answers),
        "DEVICE_PASSWORD_VERIFIER" => return context.prove_device(app, &answers),
        _ => {}
    }
    let username = answers.need("USERNAME")?;
    let code = match code_parameter(challenge) {
        Some(name) => answers.need(name)?,
        None => "",
    };
    let missing = || Fault::rule("auth-parameter-missing").with("name", "Session");
    let session = input.opt_text("Session").ok_or_else(missing)?;
    let flow = context.resume(app, session, challenge)?;
    context.check_answerer(&flow, username, &answers)?;
    if code_parameter(challenge).is_some() {
        context.show_code(&flow, challenge, code)?;
        context.use_up(app, session)?;
        return context.after_factor(flow);
    }
    if challenge == "CUSTOM_CHALLENGE" {
        return context.answer_challenge(flow, session, answers.need("ANSWER")?);
    }
    let answer = answered(context, flow, challenge, &answers)?;
    context.use_up(app, session)?;
    Ok(answer)
}

/// Goes on after a challenge whose answer is no code. A refusal leaves the session usable.
fn answered(
    context: &mut Context<'_>,
    flow: Flow,
    challenge: &str,
    answers: &Answers<'_>,
) -> Result<Value, Fault> {
    match challenge {
        "NEW_PASSWORD_REQUIRED" => context.take_new_password(flow, answers),
        "SELECT_MFA_TYPE" => context.choose_factor(flow, answers.need("ANSWER")?),
        "MFA_SETUP" => context.complete_set_up(flow),
        "PASSWORD" => context.show_password(flow, answers.need("PASSWORD")?),
        "PASSWORD_SRP" => context.pose_srp(flow, answers.need("SRP_A")?),
        "WEB_AUTHN" => context.prove_passkey(flow, answers.need("CREDENTIAL")?),
        "SELECT_CHALLENGE" => chosen(context, flow, answers.need("ANSWER")?, answers),
        _ => Err(Fault::rule("session-elsewhere")),
    }
}

/// Returns the name under which a challenge's code is answered.
fn code_parameter(challenge: &str) -> Option<&'static str> {
    match challenge {
        "SMS_MFA" => Some("SMS_MFA_CODE"),
        "SOFTWARE_TOKEN_MFA" => Some("SOFTWARE_TOKEN_MFA_CODE"),
        "EMAIL_OTP" => Some("EMAIL_OTP_CODE"),
        "SMS_OTP" => Some("SMS_OTP_CODE"),
        _ => None,
    }
}
