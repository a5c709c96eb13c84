//! Customization of the classic hosted UI.

use serde_json::{Value, json};

use super::state::{UiCustomization, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetUICustomization", get), ("SetUICustomization", set)];

/// What a style sheet may speak of (developer guide, hosted UI (classic) branding).
const CLASSES: [&str; 15] = [
    "background-customizable",
    "banner-customizable",
    "errorMessage-customizable",
    "idpButton-customizable",
    "idpDescription-customizable",
    "inputField-customizable",
    "label-customizable",
    "legalText-customizable",
    "logo-customizable",
    "passwordCheck-notValid-customizable",
    "passwordCheck-valid-customizable",
    "redirect-customizable",
    "socialButton-customizable",
    "submitButton-customizable",
    "textDescription-customizable",
];

/// The customization of all clients that have none of their own.
const ALL: &str = "ALL";

/// Returns the client that a call is about, or `ALL`.
fn subject(pool: &UserPool, input: &Input) -> Result<String, Fault> {
    match input.opt_text("ClientId") {
        None | Some(ALL) => Ok(ALL.to_owned()),
        Some(id) => pool.client(id).map(|client| client.id.clone()),
    }
}

/// A call without style sheet and image takes the customization away, as clients use it that
/// delete one (hashicorp/terraform-provider-aws, user pool UI customization).
fn set(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    if pool.hosts.is_empty() {
        return Err(Fault::rule("ui-customization-no-domain"));
    }
    let subject = subject(pool, input)?;
    let text = |name: &str| input.opt_text(name).map(str::to_owned);
    let (css, image) = (text("CSS"), text("ImageFile"));
    if let Some(class) = css.as_deref().and_then(foreign_class) {
        return Err(Fault::rule("ui-customization-css-class").with("class", class));
    }
    if css.is_none() && image.is_none() {
        pool.ui_customizations.remove(&subject);
        return Ok(Some(json!({"UICustomization": {}})));
    }
    let created = pool.ui_customizations.get(&subject).map_or(now, |before| before.created);
    let customization = UiCustomization { css, image, created, modified: now };
    let described = description(pool, &subject, &customization);
    pool.ui_customizations.insert(subject, customization);
    Ok(Some(json!({"UICustomization": described})))
}

/// Returns the first selector of a style sheet that is none of the classes.
fn foreign_class(css: &str) -> Option<&str> {
    let selectors = css.split('}').filter_map(|rule| rule.split_once('{')).map(|(list, _)| list);
    let mut selectors = selectors.flat_map(|list| list.split(','));
    selectors.find_map(|selector| {
        let name = selector.trim().trim_start_matches('.');
        let class = name.split(':').next().unwrap_or_default().trim();
        (!CLASSES.contains(&class)).then_some(class)
    })
}

fn description(pool: &UserPool, subject: &str, customization: &UiCustomization) -> Value {
    let mut described = json!({
        "UserPoolId": pool.id,
        "ClientId": subject,
        "CSSVersion": customization.modified.to_string(),
        "CreationDate": timestamp(customization.created),
        "LastModifiedDate": timestamp(customization.modified),
    });
    if let Some(css) = &customization.css {
        described["CSS"] = json!(css);
    }
    if customization.image.is_some() {
        let path = format!("{}/{subject}/{}", pool.id, customization.modified);
        described["ImageUrl"] = json!(format!("https://images.example.com/{path}/image.jpg"));
    }
    described
}

/// A client without a customization of its own shows that of all, if there is one.
fn get(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    if pool.hosts.is_empty() {
        return Err(Fault::rule("ui-customization-get-no-domain"));
    }
    let subject = subject(pool, input)?;
    let found = [subject.as_str(), ALL]
        .into_iter()
        .find_map(|subject| Some(description(pool, subject, pool.ui_customizations.get(subject)?)));
    Ok(Some(json!({"UICustomization": found.unwrap_or_else(|| json!({}))})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(css: &str, expected: Option<&str>) {
        assert_eq!(foreign_class(css), expected, "{css}");
    }

    #[test]
    fn style_sheets_speak_of_known_classes_only() {
        check("", None);
        check(".banner-customizable {}", None);
        check(".submitButton-customizable:hover { color: #fff }\n.label-customizable{}", None);
        check(".label-customizable, .foo { color: red }", Some("foo"));
        check("body { color: red }", Some("body"));
        check("{}", Some(""));
        check("}}}{{{", Some(""));
    }
}
