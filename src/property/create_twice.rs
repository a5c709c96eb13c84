//! `create-twice`: what exists is not created again under the same name.

use super::seen::{Heard, Seen};
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "create-twice",
    level: Level::Behaviour,
    asks: "a second creation under a handle the caller chose is refused while the first stands",
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
        return made("user", vec![heard.text("Username")?]);
    }
    let (kind, handle) = chosen(heard)?;
    made(kind, handle)
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
    deletes && heard.may_change() && heard.may_be_of(&made.owner)
}
