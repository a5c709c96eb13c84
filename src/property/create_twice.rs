//! `create-twice`: what exists is not created again under the same name.

use serde_json::Value;

use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "create-twice",
    level: Level::Behaviour,
    asks: "a second creation under a handle the caller chose is refused while the first stands",
    promises: &[TAKEN],
    examine,
};

const TAKEN: Promise = Promise::documented(
    "API reference, GroupExistsException, UsernameExistsException, DuplicateProviderException and the like",
);

/// Something under a name its caller chose.
struct Made<'a> {
    kind: &'a str,
    owner: String,
    handle: Vec<&'a str>,
    by: &'a str,
    together: bool,
}

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut standing: Vec<Made<'_>> = Vec::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        standing.retain(|made| !may_end(heard, made));
        let Some(made) = creation(heard) else { continue };
        let earlier = standing.iter().find(|other| {
            (other.kind, &other.owner, &other.handle) == (made.kind, &made.owner, &made.handle)
        });
        match earlier {
            // Those sent at once are another property's question.
            Some(other) if !(other.together && made.together) => {
                let expected =
                    format!("a refusal: {} made {} already", other.by, made.handle.join(" "));
                found.push(TAKEN.broken(index, "", expected, "an answer"));
            }
            Some(_) => {}
            None => standing.push(made),
        }
    }
    found
}

/// Returns what a successful call made under a name of the caller's.
fn creation<'a>(heard: &Heard<'a>) -> Option<Made<'a>> {
    heard.answer()?;
    let owner = heard.owner.clone()?;
    let together = heard.exchange.together.is_some();
    let made = |kind, handle| Some(Made { kind, owner, handle, by: heard.name, together });
    // The invitation of a user who exists is sent again.
    if heard.text("MessageAction") == Some("RESEND") {
        return None;
    }
    if matches!(heard.name, "AdminCreateUser" | "SignUp") {
        let name = heard.text("Username")?;
        return if other_address(heard, name) { None } else { made("user", vec![name]) };
    }
    let (kind, handle) = chosen(heard)?;
    made(kind, handle)
}

/// Tells whether a user who is called by an address is given another one beside it: which of the
/// two is the name then is not documented.
fn other_address(heard: &Heard<'_>, name: &str) -> bool {
    let attributes = heard.input.get("UserAttributes").and_then(Value::as_array);
    let text = |attribute: &Value, member: &str| attribute.get(member)?.as_str().map(str::to_owned);
    (name.contains('@') || name.starts_with('+'))
        && attributes.into_iter().flatten().any(|attribute| {
            let address = text(attribute, "Name");
            matches!(address.as_deref(), Some("email" | "phone_number"))
                && text(attribute, "Value").as_deref() != Some(name)
        })
}

/// Returns the kind a call creates and the handle that its input chooses.
pub(super) fn chosen<'a>(heard: &Heard<'a>) -> Option<(&'a str, Vec<&'a str>)> {
    let resources = &heard.service?.resources;
    resources.iter().find_map(|(kind, resource)| {
        let creator = resource.create.iter().find(|c| c.operation == heard.name)?;
        let own = creator.handle.iter().filter(|(member, _)| *member != "UserPoolId");
        let values = own.map(|(member, source)| {
            let input = source.strip_prefix("input:").filter(|_| member != "AccessToken")?;
            heard.input.pointer(input)?.as_str()
        });
        let values = values.collect::<Option<Vec<&str>>>()?;
        (!values.is_empty()).then_some((kind.as_str(), values))
    })
}

/// Tells whether a call may have ended what stands: a delete of the kind or of the pool, or
/// anything that cannot be told.
fn may_end(heard: &Heard<'_>, made: &Made<'_>) -> bool {
    let deletes = heard.name.contains("Delete") || heard.name.is_empty();
    // An address that is a user's name becomes free when the user's address changes.
    let frees = made.kind == "user" && heard.may_rename();
    (deletes || frees) && heard.may_change() && heard.may_be_of(&made.owner)
}
