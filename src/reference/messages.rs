//! What messages say: the pool's templates with their placeholders filled in.
//!
//! The service lets a pool write each text; where it does not, the wording here is ours.
//!
//! Source: developer guide, customizing user pool messages; API reference,
//! VerificationMessageTemplateType, MessageTemplateType, EmailMfaConfigType, SmsMfaConfigType.

use super::delivery::{Delivery, medium};
use super::state::UserPool;
use crate::wire::percent;

const CODE: &str = "{####}";
const USERNAME: &str = "{username}";

const SUBJECT: &str = "Your verification code";
const VERIFICATION: &str = "Your verification code is {####}.";
const LINK: &str = "Please click the link to verify your address. {##Verify##}";
const INVITE_SUBJECT: &str = "Your temporary password";
const INVITE: &str = "Your username is {username} and your temporary password is {####}.";
const SIGN_IN: &str = "Your authentication code is {####}.";

/// Where a text may stand in the settings, best first, and what stands in for it.
struct Template {
    settings: &'static [&'static str],
    otherwise: &'static str,
}

impl Template {
    fn of<'a>(&self, pool: &'a UserPool) -> &'a str {
        let text = |pointer: &&str| {
            let found = pool.setting(pointer).or_else(|| pool.mfa_part(pointer))?;
            found.as_str().filter(|text| !text.is_empty())
        };
        self.settings.iter().find_map(text).unwrap_or(self.otherwise)
    }
}

const fn template(settings: &'static [&'static str], otherwise: &'static str) -> Template {
    Template { settings, otherwise }
}

/// Returns the subject line (of an e-mail) and the text of a message.
pub(super) fn compose(pool: &UserPool, delivery: &Delivery<'_>) -> (Option<String>, String) {
    let email = medium(delivery.attribute) == "EMAIL";
    let (subject, body) = match delivery.purpose {
        "CustomMessage_AdminCreateUser" => invitation(email),
        "CustomMessage_Authentication" => sign_in(email),
        "CustomMessage_ForgotPassword" => verification(email, false),
        _ => verification(email, confirms_by_link(pool)),
    };
    let fill = |template: &Template| {
        let text = template.of(pool).replace(CODE, delivery.code);
        link(&text, pool, delivery).replace(USERNAME, delivery.username)
    };
    (email.then(|| fill(&subject)), fill(&body))
}

/// Tells whether e-mail addresses are verified by a link in place of a code.
fn confirms_by_link(pool: &UserPool) -> bool {
    pool.text_setting("/VerificationMessageTemplate/DefaultEmailOption") == "CONFIRM_WITH_LINK"
}

fn verification(email: bool, by_link: bool) -> (Template, Template) {
    const CODE_SUBJECT: &[&str] =
        &["/VerificationMessageTemplate/EmailSubject", "/EmailVerificationSubject"];
    const LINK_SUBJECT: &[&str] = &["/VerificationMessageTemplate/EmailSubjectByLink"];
    const CODE_BODY: &[&str] =
        &["/VerificationMessageTemplate/EmailMessage", "/EmailVerificationMessage"];
    const LINK_BODY: &[&str] = &["/VerificationMessageTemplate/EmailMessageByLink"];
    const SMS: &[&str] = &["/VerificationMessageTemplate/SmsMessage", "/SmsVerificationMessage"];
    match (email, by_link) {
        (true, true) => (template(LINK_SUBJECT, SUBJECT), template(LINK_BODY, LINK)),
        (true, false) => (template(CODE_SUBJECT, SUBJECT), template(CODE_BODY, VERIFICATION)),
        (false, _) => (template(CODE_SUBJECT, SUBJECT), template(SMS, VERIFICATION)),
    }
}

fn invitation(email: bool) -> (Template, Template) {
    const SUBJECTS: &[&str] = &["/AdminCreateUserConfig/InviteMessageTemplate/EmailSubject"];
    const EMAIL: &[&str] = &["/AdminCreateUserConfig/InviteMessageTemplate/EmailMessage"];
    const SMS: &[&str] = &["/AdminCreateUserConfig/InviteMessageTemplate/SMSMessage"];
    let body = if email { EMAIL } else { SMS };
    (template(SUBJECTS, INVITE_SUBJECT), template(body, INVITE))
}

fn sign_in(email: bool) -> (Template, Template) {
    const SUBJECTS: &[&str] = &["/EmailMfaConfiguration/Subject"];
    const EMAIL: &[&str] = &["/EmailMfaConfiguration/Message"];
    const SMS: &[&str] =
        &["/SmsMfaConfiguration/SmsAuthenticationMessage", "/SmsAuthenticationMessage"];
    (template(SUBJECTS, SUBJECT), template(if email { EMAIL } else { SMS }, SIGN_IN))
}

/// Replaces `{##text##}` with a link of that text, to the pool's domain. In a pool without one it
/// leads nowhere, but holds the code.
fn link(text: &str, pool: &UserPool, delivery: &Delivery<'_>) -> String {
    let Some((before, rest)) = text.split_once("{##") else { return text.to_owned() };
    let Some((label, after)) = rest.split_once("##}") else { return text.to_owned() };
    let (user, code) = (percent(delivery.username), percent(delivery.code));
    let nowhere = || format!("{}.invalid", pool.id.to_lowercase().replace('_', "-"));
    let host = pool.host().map_or_else(nowhere, str::to_owned);
    let query = format!("user_name={user}&confirmation_code={code}");
    format!("{before}<a href=\"https://{host}/confirmUser?{query}\">{label}</a>{after}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(settings: Value, attribute: &str, purpose: &str, subject: Option<&str>, body: &str) {
        let settings = settings.as_object().cloned().expect("an object");
        let pool = UserPool { id: "us-east-1_x".into(), settings, ..UserPool::default() };
        let delivery = Delivery {
            pool_id: "us-east-1_x",
            username: "ann",
            attribute,
            destination: "-",
            purpose,
            code: "123456",
        };
        let found = compose(&pool, &delivery);
        assert_eq!((found.0.as_deref(), found.1.as_str()), (subject, body));
    }

    #[test]
    fn templates_are_the_pools() {
        let template = json!({"EmailSubject": "Hi {####}", "EmailMessage": "{####} for {username}",
            "SmsMessage": "s {####}", "EmailSubjectByLink": "By link",
            "EmailMessageByLink": "Go {##here##}."});
        let pool = |option: &str| {
            let mut template = template.clone();
            template["DefaultEmailOption"] = option.into();
            json!({"VerificationMessageTemplate": template, "EmailVerificationMessage": "old {####}"})
        };
        let sign_up = "CustomMessage_SignUp";
        let code = pool("CONFIRM_WITH_CODE");
        check(code.clone(), "email", sign_up, Some("Hi 123456"), "123456 for ann");
        check(code, "phone_number", sign_up, None, "s 123456");
        let link = pool("CONFIRM_WITH_LINK");
        let address =
            "https://us-east-1-x.invalid/confirmUser?user_name=ann&confirmation_code=123456";
        let body = format!("Go <a href=\"{address}\">here</a>.");
        check(link.clone(), "email", sign_up, Some("By link"), &body);
        let forgot = "CustomMessage_ForgotPassword";
        check(link, "email", forgot, Some("Hi 123456"), "123456 for ann");
    }

    #[test]
    fn links_lead_to_the_pools_domain() {
        let link = json!({"DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailMessageByLink":
            "{##Go##}"});
        let settings = json!({"VerificationMessageTemplate": link});
        let settings = settings.as_object().cloned().expect("an object");
        let hosts = ["a.auth.us-east-1.amazoncognito.com", "login.example.com"];
        let hosts = hosts.map(str::to_owned).into();
        let pool = UserPool { settings, hosts, ..UserPool::default() };
        let delivery = Delivery {
            pool_id: "us-east-1_x",
            username: "a&b\"><x",
            attribute: "email",
            destination: "-",
            purpose: "CustomMessage_SignUp",
            code: "123456",
        };
        let query = "user_name=a%26b%22%3E%3Cx&confirmation_code=123456";
        let link = format!("<a href=\"https://login.example.com/confirmUser?{query}\">Go</a>");
        assert_eq!(compose(&pool, &delivery).1, link);
    }

    #[test]
    fn sign_in_codes_have_texts_of_their_own() {
        let mfa = json!({"EmailMfaConfiguration": {"Message": "in {####}", "Subject": "Sign in"},
            "SmsMfaConfiguration": {"SmsAuthenticationMessage": "sms {####}"}});
        let mfa = mfa.as_object().cloned().expect("an object");
        let pool = UserPool { mfa, ..UserPool::default() };
        let mut delivery = Delivery {
            pool_id: "us-east-1_x",
            username: "ann",
            attribute: "email",
            destination: "-",
            purpose: "CustomMessage_Authentication",
            code: "123456",
        };
        assert_eq!(compose(&pool, &delivery), (Some("Sign in".into()), "in 123456".into()));
        delivery.attribute = "phone_number";
        assert_eq!(compose(&pool, &delivery), (None, "sms 123456".into()));
    }

    #[test]
    fn older_members_and_defaults_stand_in() {
        let old = json!({"EmailVerificationSubject": "S", "EmailVerificationMessage": "old {####}",
            "SmsVerificationMessage": "sms {####}", "SmsAuthenticationMessage": "in {####}"});
        let sign_up = "CustomMessage_SignUp";
        check(old.clone(), "email", sign_up, Some("S"), "old 123456");
        check(old.clone(), "phone_number", sign_up, None, "sms 123456");
        check(old, "phone_number", "CustomMessage_Authentication", None, "in 123456");
        let invite = "CustomMessage_AdminCreateUser";
        let body = "Your username is ann and your temporary password is 123456.";
        check(json!({}), "email", invite, Some("Your temporary password"), body);
        let own = json!({"AdminCreateUserConfig": {"InviteMessageTemplate":
            {"EmailMessage": "{username}/{####}", "SMSMessage": "{####}/{username}"}}});
        check(own.clone(), "email", invite, Some("Your temporary password"), "ann/123456");
        check(own, "phone_number", invite, None, "123456/ann");
        let broken = json!({"VerificationMessageTemplate": {"EmailMessage": "{##{####}"}});
        check(broken, "email", sign_up, Some("Your verification code"), "{##123456");
    }
}
