//! Tells, leaf by leaf, which values of a body are secret or chosen by the server.
//!
//! Declared shapes decide; where they say nothing (string maps, undeclared members, bodies that
//! do not fit) the member's name does.

use serde_json::{Map, Value};

use crate::catalogue::{Kind, Schema, Service, Volatile};
use crate::pointer;

/// What a leaf is beyond its JSON type, and what to call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class<'a> {
    /// Id, token, secret or time.
    pub(crate) sort: Volatile,
    /// The member or shape that it is called after.
    name: &'a str,
    /// A shape says so; otherwise only the member's name does.
    pub(crate) declared: bool,
}

impl Class<'_> {
    /// Returns what to call it, in kebab case: `user-pool-id`, `access-token`, `password`.
    pub(crate) fn label(&self) -> String {
        kebab(self.name)
    }

    /// Tells whether the value may never be shown.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.sort, Volatile::Secret | Volatile::Token)
    }
}

/// Tells whether a pointer into the body of a refusal leads to the name of the refusal, which
/// is no code that was sent to anybody.
pub(super) fn is_refusal_code(at: &str) -> bool {
    at.rsplit('/').next().is_some_and(|name| name.eq_ignore_ascii_case("code"))
}

/// Sees each scalar with its JSON pointer and class; may return what replaces it.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&str, Option<&Class<'_>>, &Value) -> Option<Value>;

/// Longest of the names below.
const LONGEST_NAME: usize = 26;

/// Names, folded to lower case without separators and in order, of members that hold a secret.
const SECRET_NAMES: &[&str] = &[
    "answer",
    "assertion",
    "challengeanswer",
    "clientassertion",
    "clientsecret",
    "clientsecretvalue",
    "code",
    "codeverifier",
    "confirmationcode",
    "credential",
    "devicecode",
    "newpassword",
    "password",
    "passwordclaimsecretblock",
    "passwordclaimsignature",
    "passwordverifier",
    "presignedurl",
    "previouspassword",
    "privatechallengeparameters",
    "privatekey",
    "proposedpassword",
    "salt",
    "secret",
    "secretaccesskey",
    "secretblock",
    "secretcode",
    "secrethash",
    "secretkey",
    "srpa",
    "srpb",
    "temporarypassword",
    "usercode",
    "verificationcode",
];

/// The same for bearer tokens, sessions and pagination tokens.
const TOKEN_NAMES: &[&str] = &[
    "accesstoken",
    "actortoken",
    "feedbacktoken",
    "idtoken",
    "issuedtoken",
    "nexttoken",
    "paginationtoken",
    "refreshtoken",
    "session",
    "sessiontoken",
    "subjecttoken",
    "token",
    // Of an address that was signed beforehand.
    "xamzcredential",
    "xamzsecuritytoken",
    "xamzsignature",
];

/// Rebuilds `value`, showing every scalar in it to `visit`.
///
/// `schema` is the shape the value should have, if any; nothing is assumed to fit it.
pub(crate) fn rebuild(
    service: Option<&Service>,
    schema: Option<&Schema>,
    value: &Value,
    visit: Visit<'_>,
) -> Value {
    Walk { service, visit }.walk(schema, None, "", value, "")
}

/// Sees each leaf with its JSON pointer and class.
pub(crate) type Look<'v> = &'v mut dyn FnMut(&str, Option<&Class<'_>>, &Value);

/// Shows every scalar in `value`, as [`rebuild`] does, and builds nothing.
pub(crate) fn each_leaf(service: &Service, schema: Option<&Schema>, value: &Value, look: Look<'_>) {
    let mut at = String::new();
    Leaves { service, look }.walk(schema, None, "", value, &mut at);
}

struct Leaves<'a, 'v> {
    service: &'a Service,
    look: Look<'v>,
}

impl<'a> Leaves<'a, '_> {
    fn walk(
        &mut self,
        schema: Option<&'a Schema>,
        inherited: Option<&Class<'_>>,
        name: &str,
        value: &Value,
        at: &mut String,
    ) {
        let shape = schema.and_then(Schema::target);
        let schema = schema.map(|schema| self.service.resolve(schema));
        let own = if inherited.is_some() { None } else { class_of(schema, shape, name, value) };
        let class = inherited.or(own.as_ref());
        let length = at.len();
        match value {
            Value::Object(members) => {
                let inherited = class.filter(|class| class.is_secret());
                for (key, member) in members {
                    let inner =
                        schema.and_then(|s| s.member(key).or(s.additional_properties.as_deref()));
                    pointer::push(at, key);
                    self.walk(inner, inherited, key, member, at);
                    at.truncate(length);
                }
            }
            Value::Array(items) => {
                let inner = schema.and_then(|s| s.items.as_deref());
                for (index, item) in items.iter().enumerate() {
                    at.push('/');
                    at.push_str(&index.to_string());
                    self.walk(inner, class, "", item, at);
                    at.truncate(length);
                }
            }
            scalar => (self.look)(at, class, scalar),
        }
    }
}

struct Walk<'a, 'v> {
    service: Option<&'a Service>,
    visit: Visit<'v>,
}

impl<'a> Walk<'a, '_> {
    fn walk(
        &mut self,
        schema: Option<&'a Schema>,
        inherited: Option<&Class<'_>>,
        name: &str,
        value: &Value,
        at: &str,
    ) -> Value {
        let shape = schema.and_then(Schema::target);
        let schema = schema.map(|schema| match self.service {
            Some(service) => service.resolve(schema),
            None => schema,
        });
        let class = inherited.copied().or_else(|| class_of(schema, shape, name, value));
        match value {
            Value::Object(members) => {
                let mut rebuilt = Map::new();
                for (key, member) in members {
                    let inner =
                        schema.and_then(|s| s.member(key).or(s.additional_properties.as_deref()));
                    let pointer = format!("{at}/{}", pointer::escaped(key));
                    let inherited = class.as_ref().filter(|class| class.is_secret());
                    let member = self.walk(inner, inherited, key, member, &pointer);
                    rebuilt.insert(key.clone(), member);
                }
                Value::Object(rebuilt)
            }
            Value::Array(items) => {
                let inner = schema.and_then(|s| s.items.as_deref());
                let items = items.iter().enumerate().map(|(index, item)| {
                    self.walk(inner, class.as_ref(), "", item, &format!("{at}/{index}"))
                });
                Value::Array(items.collect())
            }
            scalar => (self.visit)(at, class.as_ref(), scalar).unwrap_or_else(|| scalar.clone()),
        }
    }
}

/// Classifies a value by its resolved `schema` and the name of its `shape`, else by the name of the
/// member that holds it.
pub(crate) fn class_of<'a>(
    schema: Option<&Schema>,
    shape: Option<&'a str>,
    name: &'a str,
    value: &Value,
) -> Option<Class<'a>> {
    let declared = schema.and_then(|schema| by_shape(schema, shape, name));
    let telling = !schema.is_some_and(is_no_text) && !is_unit(value) && !is_choice(name, value);
    declared.or_else(|| by_name(name).filter(|_| telling))
}

/// Tells whether a shape leaves no room for a secret, whatever its member's name.
fn is_no_text(schema: &Schema) -> bool {
    let text = !matches!(schema.kind, Some(Kind::Integer | Kind::Number | Kind::Boolean));
    !text || schema.enumeration.is_some()
}

/// Tells whether a value is a unit of time: `TokenValidityUnits` names its members after tokens.
fn is_unit(value: &Value) -> bool {
    matches!(value.as_str(), Some("seconds" | "minutes" | "hours" | "days"))
}

/// Tells whether the answer to a challenge is which challenge comes next: that is no secret.
fn is_choice(name: &str, value: &Value) -> bool {
    let choice = |text: &str| text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    name == "ANSWER" && value.as_str().is_some_and(choice)
}

/// Classifies by the declared shape.
fn by_shape<'a>(schema: &Schema, shape: Option<&'a str>, name: &'a str) -> Option<Class<'a>> {
    let timestamp = schema.timestamp.as_ref().map(|_| Volatile::Time);
    let sort = schema.volatile.or(timestamp)?;
    // The half of a credential that the model does not hide is of no use to a report either.
    let sort = if name == "AccessKeyId" { Volatile::Token } else { sort };
    let telling = !matches!(name, "" | "Id" | "Token") && !name.contains(['.', ':', '/']);
    let name = match shape {
        Some(shape) if !telling => {
            let bare = shape.strip_suffix("Type").unwrap_or(shape);
            bare.strip_suffix("String").unwrap_or(bare)
        }
        _ => name,
    };
    Some(Class { sort, name, declared: true })
}

/// Classifies by the name of the member or map key.
fn by_name(name: &str) -> Option<Class<'_>> {
    let mut folded = [0; LONGEST_NAME];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
        // What does not fit is longer than every known name.
        if let Some(slot) = folded.get_mut(length) {
            *slot = byte.to_ascii_lowercase();
        }
        length += 1;
    }
    let folded = folded.get(..length);
    let known = |names: &[&str]| {
        folded.is_some_and(|folded| names.binary_search_by(|n| n.as_bytes().cmp(folded)).is_ok())
    };
    let sort = if known(TOKEN_NAMES) {
        Volatile::Token
    } else if known(SECRET_NAMES) || name.ends_with("_CODE") {
        Volatile::Secret
    } else {
        return None;
    };
    // Keys such as PASSWORD belong to maps that the model marks as sensitive.
    let declared = name.chars().any(|c| c.is_ascii_uppercase());
    Some(Class { sort, name, declared })
}

/// Returns `UserPoolId` as `user-pool-id`, `SMS_MFA_CODE` as `sms-mfa-code`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('-');
        }
        out.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_in_order_and_fit() {
        for names in [SECRET_NAMES, TOKEN_NAMES] {
            assert!(names.is_sorted());
            assert!(names.iter().all(|name| name.len() <= LONGEST_NAME), "{names:?}");
            assert!(names.iter().all(|name| by_name(name).is_some()));
        }
        assert_eq!(by_name("AccessTokenOfSomethingElseThatIsLongerStill"), None);
    }
}
