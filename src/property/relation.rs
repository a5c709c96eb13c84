//! Which resource a call is about, and which calls may alter what is read of it.

use serde_json::Value;

use super::seen::Heard;
use crate::catalogue::Resource;

/// One resource of one pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Thing<'a> {
    /// Kind, as `resources.yaml` spells it.
    pub(super) kind: &'a str,
    /// Id of its pool.
    pub(super) owner: String,
    /// Member that holds its handle; empty of the pool itself.
    pub(super) member: &'a str,
    /// Its handle within the pool; of a pool's settings, whose they are.
    pub(super) handle: String,
}

/// Kinds that do not show in each other. Resource servers show in clients, as scopes.
const APART: &[&str] = &["user", "user-pool-client", "group", "resource-server"];

/// Operations that sign in or out: what they leave is the user's.
const SIGN_INS: &[&str] = &[
    "AdminInitiateAuth",
    "AdminRespondToAuthChallenge",
    "GetClientToken",
    "GetDerivedToken",
    "GetTokensFromRefreshToken",
    "InitiateAuth",
    "RespondToAuthChallenge",
    "RevokeToken",
];

/// Reads that show one resource, and nothing of how others stand to it.
const DESCRIBES: &[&str] = &[
    "AdminGetUser",
    "DescribeIdentityProvider",
    "DescribeResourceServer",
    "DescribeUserPoolClient",
    "GetGroup",
    "GetUser",
];

/// Returns the resource of kind `kind` that a call is about; of a creation the one it made.
///
/// `None` where the call does not tell, or where the kind has no single handle.
pub(super) fn thing<'a>(
    heard: &Heard<'a>,
    kind: &'a str,
    resource: &'a Resource,
) -> Option<Thing<'a>> {
    let of = |member: &'a str, handle: &str| {
        let owner = heard.owner.clone()?;
        Some(Thing { kind, owner, member, handle: handle.to_owned() })
    };
    let text = |value: Option<&'_ Value>| value.and_then(Value::as_str).map(str::to_owned);
    match kind {
        "user-pool" => of("", heard.text("ClientId").unwrap_or_default()),
        "identity-pool" => of("", heard.text("IdentityProviderName").unwrap_or_default()),
        "user" => {
            let shown = heard.answer().and_then(|answer| text(answer.pointer("/User/Username")));
            of("Username", &heard.user.clone().or(shown)?)
        }
        "identity" => {
            let shown = heard.answer().and_then(|answer| text(answer.get("IdentityId")));
            let asked = heard.text("IdentityId").map(str::to_owned);
            of("IdentityId", &asked.or(shown)?)
        }
        _ => {
            let creator = resource.create.first()?;
            let mut own = creator.handle.iter().filter(|(member, _)| *member != "UserPoolId");
            let (member, source) = own.next().filter(|_| own.next().is_none())?;
            let made = (creator.operation == heard.name).then(|| source.strip_prefix("output:"));
            let shown = made.flatten().and_then(|at| text(heard.answer()?.pointer(at)));
            let asked = heard.text(member).map(str::to_owned);
            of(member, &shown.or(asked)?)
        }
    }
}

/// Returns the resource that a read describes, and nothing else.
pub(super) fn described<'a>(heard: &Heard<'a>) -> Option<Thing<'a>> {
    let (kind, resource) =
        heard.kinds(|r| &r.read).next().filter(|_| DESCRIBES.contains(&heard.name))?;
    thing(heard, kind, resource)
}

/// Returns the kinds of resources that a call creates, changes or deletes.
pub(super) fn written<'a>(heard: &Heard<'a>) -> impl Iterator<Item = (&'a str, &'a Resource)> {
    let name = heard.name;
    let resources = heard.service.into_iter().flat_map(|service| &service.resources);
    let named = resources.filter(move |(_, resource)| {
        resource.create.iter().any(|creator| creator.operation == name)
            || resource.change.iter().chain(&resource.delete).any(|other| other == name)
    });
    named.map(|(kind, resource)| (kind.as_str(), resource))
}

/// Tells whether a call may have altered what reads of `thing` alone show.
pub(super) fn touches(heard: &Heard<'_>, thing: &Thing<'_>) -> bool {
    if !heard.may_change() || !heard.may_be_of(&thing.owner) {
        return false;
    }
    if SIGN_INS.contains(&heard.name) {
        return !matches!(thing.kind, "user-pool-client" | "group" | "resource-server");
    }
    // A name that is taken over is lost to another user.
    if heard.input.get("ForceAliasCreation").and_then(Value::as_bool) == Some(true) {
        return true;
    }
    let mut kinds = written(heard).peekable();
    if kinds.peek().is_none() {
        return true;
    }
    let mut meets = |(kind, resource)| {
        if kind == thing.kind {
            let other = self::thing(heard, kind, resource);
            return thing.member.is_empty()
                || other.is_none_or(|other| other.handle.eq_ignore_ascii_case(&thing.handle));
        }
        let scopes = kind == "resource-server" && thing.kind == "user-pool-client";
        scopes || !(APART.contains(&kind) && APART.contains(&thing.kind))
    };
    kinds.any(&mut meets)
}
