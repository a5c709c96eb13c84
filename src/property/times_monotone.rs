//! `times-monotone`: nothing is changed before it is made, made twice, or changed ever earlier.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::seen::Seen;
use super::{Broken, Promise, Property};
use crate::outcome::Level;

pub(super) const PROPERTY: Property = Property {
    id: "times-monotone",
    level: Level::Behaviour,
    asks: "the time of creation stays and is not after that of the last change, which never goes back",
    promises: &[TIMES],
    examine,
};

const TIMES: Promise = Promise::documented(
    "API reference, CreationDate and LastModifiedDate: when the item was created, and last modified",
);

/// Members that tell when something was made and when it was changed.
const PAIRS: &[(&str, &str)] = &[
    ("CreationDate", "LastModifiedDate"),
    ("UserCreateDate", "UserLastModifiedDate"),
    ("DeviceCreateDate", "DeviceLastModifiedDate"),
];

/// Members that name what an object describes.
const NAMES: &[&str] = &[
    "DeviceKey",
    "IdentityId",
    "ManagedLoginBrandingId",
    "TermsId",
    "ClientId",
    "GroupName",
    "ProviderName",
    "Username",
    "Id",
];

/// What was last told of one resource.
struct Told {
    made: f64,
    changed: f64,
    /// Operation that told, for another may round.
    by: String,
}

/// How far two operations may round apart, in seconds.
const ROUNDING: f64 = 1.0;

fn examine(seen: &Seen<'_>) -> Vec<Broken> {
    let mut told: HashMap<(String, String), Told> = HashMap::new();
    let mut found = Vec::new();
    for (index, heard) in seen.calls.iter().enumerate() {
        // What is deleted may be made again; an empty customization is deleted by setting it.
        let ends = heard.name.is_empty()
            || ["Delete", "Forget", "SetUICustomization"].iter().any(|w| heard.name.contains(w));
        if ends && heard.may_change() {
            told.retain(|(owner, _), _| !heard.may_be_of(owner));
        }
        let Some((answer, owner)) = heard.answer().zip(heard.owner.as_deref()) else { continue };
        let mut look = |at: &str, object: &Map<String, Value>| {
            for (made_name, changed_name) in PAIRS {
                let time = |name: &str| object.get(name).and_then(Value::as_f64);
                let Some((made, changed)) = time(made_name).zip(time(changed_name)) else {
                    continue;
                };
                if made > changed {
                    let expected = format!("not before {made_name} {made}");
                    let pointer = format!("{at}/{changed_name}");
                    found.push(TIMES.broken(index, pointer, expected, changed.to_string()));
                }
                let Some(name) = name_of(object) else { continue };
                let now = Told { made, changed, by: heard.name.to_owned() };
                if let Some(before) =
                    told.insert((owner.to_owned(), format!("{made_name} {name}")), now)
                {
                    let slack = if before.by == heard.name { 0.0 } else { ROUNDING };
                    if (made - before.made).abs() > slack {
                        let expected = format!("{} as {} told", before.made, before.by);
                        let pointer = format!("{at}/{made_name}");
                        found.push(TIMES.broken(index, pointer, expected, made.to_string()));
                    }
                    if before.changed - changed > slack {
                        let expected =
                            format!("not before {}, as {} told", before.changed, before.by);
                        let pointer = format!("{at}/{changed_name}");
                        found.push(TIMES.broken(index, pointer, expected, changed.to_string()));
                    }
                }
            }
        };
        walk(answer, &mut look);
    }
    found
}

/// Names what an object of an answer describes.
fn name_of(object: &Map<String, Value>) -> Option<String> {
    NAMES.iter().find_map(|name| Some(format!("{name} {}", object.get(*name)?.as_str()?)))
}

/// Shows every object of a value to `look`, with its pointer.
pub(super) fn walk(value: &Value, look: &mut dyn FnMut(&str, &Map<String, Value>)) {
    below(&mut String::new(), value, look);
}

fn below(at: &mut String, value: &Value, look: &mut dyn FnMut(&str, &Map<String, Value>)) {
    let above = at.len();
    match value {
        Value::Object(members) => {
            look(at, members);
            for (name, member) in members.iter().filter(|(_, m)| m.is_object() || m.is_array()) {
                at.push('/');
                at.push_str(name);
                below(at, member, look);
                at.truncate(above);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate().filter(|(_, item)| item.is_object()) {
                at.push('/');
                at.push_str(&place.to_string());
                below(at, item, look);
                at.truncate(above);
            }
        }
        _ => {}
    }
}
