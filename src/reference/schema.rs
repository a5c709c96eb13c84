//! The attribute schema of a pool: its standard attributes, custom ones, and what a value must keep.

use serde_json::{Map, Value, json};

use super::Fault;
use super::state::{SchemaAttribute, UserPool};

/// Standard attributes in the order the service lists them.
///
/// Source: observed in 2017, cloud-custodian recordings of `DescribeUserPool`.
pub(super) const STANDARD: [&str; 20] = [
    "sub",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
];

/// Custom attributes a pool may have (developer guide, quotas).
pub(super) const MOST_CUSTOM: usize = 50;

const DATA_TYPES: [&str; 4] = ["String", "Number", "DateTime", "Boolean"];

/// Returns the schema of a new pool: the standard attributes, then what the caller declared.
///
/// # Errors
/// A declaration breaks a rule about schemas.
pub(super) fn declare(declared: &[Value]) -> Result<Vec<SchemaAttribute>, Fault> {
    let mut schema: Vec<_> = STANDARD.into_iter().map(standard).collect();
    for item in declared {
        let name = item.get("Name").and_then(Value::as_str).unwrap_or_default();
        match schema.iter_mut().find(|known| known.name == name) {
            Some(known) => adjust(known, item)?,
            None => {
                let added = custom(item).map_err(|flaw| match flaw {
                    Flaw::Required => Fault::rule("schema-required-custom"),
                    Flaw::NoDataType => Fault::rule("schema-no-data-type"),
                })?;
                if schema.iter().any(|known| known.name == added.name) {
                    return Err(Fault::rule("schema-duplicate-custom").with("name", added.name));
                }
                schema.push(added);
            }
        }
    }
    Ok(schema)
}

/// Why a custom attribute cannot be declared; each operation words it with a rule of its own.
pub(super) enum Flaw {
    /// It is required.
    Required,
    /// It has no data type.
    NoDataType,
}

/// Returns the custom attribute that a `SchemaAttributeType` declares.
///
/// # Errors
/// It is required, or has no data type.
pub(super) fn custom(item: &Value) -> Result<SchemaAttribute, Flaw> {
    if flag(item, "Required") == Some(true) {
        return Err(Flaw::Required);
    }
    let data_type = item.get("AttributeDataType").and_then(Value::as_str).unwrap_or_default();
    if !DATA_TYPES.contains(&data_type) {
        return Err(Flaw::NoDataType);
    }
    let name = item.get("Name").and_then(Value::as_str).unwrap_or_default();
    let developer_only = flag(item, "DeveloperOnlyAttribute").unwrap_or(false);
    let prefix = if developer_only { "dev:custom:" } else { "custom:" };
    Ok(SchemaAttribute {
        name: format!("{prefix}{name}"),
        data_type: data_type.into(),
        mutable: flag(item, "Mutable").unwrap_or(true),
        required: false,
        developer_only,
        length: (data_type == "String").then(|| length(item).unwrap_or_default()),
        range: (data_type == "Number").then(|| range(item).unwrap_or_default()),
    })
}

fn standard(name: &str) -> SchemaAttribute {
    let data_type = match name {
        "email_verified" | "phone_number_verified" => "Boolean",
        "updated_at" => "Number",
        _ => "String",
    };
    let length = match name {
        "sub" => (Some(1), Some(2048)),
        "birthdate" => (Some(10), Some(10)),
        _ => (Some(0), Some(2048)),
    };
    SchemaAttribute {
        name: name.into(),
        data_type: data_type.into(),
        mutable: name != "sub",
        required: name == "sub",
        developer_only: false,
        length: (data_type == "String").then_some(length),
        range: (data_type == "Number").then_some((Some(0), None)),
    }
}

/// Applies what the caller declares about a standard attribute.
fn adjust(known: &mut SchemaAttribute, item: &Value) -> Result<(), Fault> {
    let other_type = item.get("AttributeDataType").is_some_and(|t| t != known.data_type.as_str());
    if other_type || flag(item, "DeveloperOnlyAttribute") == Some(true) {
        return Err(Fault::rule("schema-standard-attribute-changed").with("name", &known.name));
    }
    known.mutable = flag(item, "Mutable").unwrap_or(known.mutable);
    known.required = flag(item, "Required").unwrap_or(known.required);
    known.length = length(item).or(known.length);
    known.range = range(item).or(known.range);
    Ok(())
}

fn flag(item: &Value, name: &str) -> Option<bool> {
    item.get(name).and_then(Value::as_bool)
}

fn length(item: &Value) -> Option<(Option<u64>, Option<u64>)> {
    let limits = item.get("StringAttributeConstraints")?;
    let limit = |name: &str| limits.get(name)?.as_str()?.parse().ok();
    Some((limit("MinLength"), limit("MaxLength")))
}

fn range(item: &Value) -> Option<(Option<i64>, Option<i64>)> {
    let limits = item.get("NumberAttributeConstraints")?;
    let limit = |name: &str| limits.get(name)?.as_str()?.parse().ok();
    Some((limit("MinValue"), limit("MaxValue")))
}

/// Returns an attribute as `SchemaAttributeType`: limits are texts.
pub(super) fn describe(attribute: &SchemaAttribute) -> Value {
    let mut described = json!({
        "Name": attribute.name,
        "AttributeDataType": attribute.data_type,
        "DeveloperOnlyAttribute": attribute.developer_only,
        "Mutable": attribute.mutable,
        "Required": attribute.required,
    });
    if let Some((least, most)) = attribute.length {
        described["StringAttributeConstraints"] = limits([
            ("MinLength", least.map(|n| n.to_string())),
            ("MaxLength", most.map(|n| n.to_string())),
        ]);
    }
    if let Some((least, most)) = attribute.range {
        described["NumberAttributeConstraints"] = limits([
            ("MinValue", least.map(|n| n.to_string())),
            ("MaxValue", most.map(|n| n.to_string())),
        ]);
    }
    described
}

fn limits(limits: [(&str, Option<String>); 2]) -> Value {
    let given = limits.into_iter().filter_map(|(name, limit)| Some((name, limit?)));
    Value::Object(
        given.map(|(name, limit)| (name.to_owned(), Value::from(limit))).collect::<Map<_, _>>(),
    )
}

impl SchemaAttribute {
    /// Tells whether the pool's owner declared it.
    pub(super) fn is_custom(&self) -> bool {
        self.name.contains(':')
    }
}

/// Who writes attributes, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// With the user's creation: immutable attributes may be set.
    New,
    /// To a user who exists.
    Change,
}

impl UserPool {
    /// Returns the schema of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&SchemaAttribute> {
        self.schema.iter().find(|attribute| attribute.name == name)
    }

    /// Checks that attributes may be written: known, mutable, of their type and size, well formed.
    ///
    /// A value that is empty when it changes deletes the attribute (documented, UpdateUserAttributes).
    ///
    /// # Errors
    /// One of them may not; the first is reported.
    pub(super) fn check_attributes<'a>(
        &self,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
        writing: Writing,
    ) -> Result<(), Fault> {
        for (name, value) in attributes {
            let Some(schema) = self.attribute(name) else {
                let rule = match writing {
                    Writing::New => "attribute-not-in-schema",
                    Writing::Change => "attribute-to-change-not-in-schema",
                };
                return Err(Fault::rule(rule).with("name", name));
            };
            if name == "sub" || (writing == Writing::Change && !schema.mutable) {
                return Err(Fault::rule("attribute-not-mutable").with("name", name));
            }
            if value.is_empty() && writing == Writing::Change {
                self.check_deletable(name)?;
            } else {
                check_value(schema, value)?;
            }
        }
        Ok(())
    }

    /// Checks that an attribute may be deleted.
    ///
    /// # Errors
    /// The schema lacks it, or asks for it.
    pub(super) fn check_deletable(&self, name: &str) -> Result<(), Fault> {
        match self.attribute(name) {
            None => Err(Fault::rule("attribute-to-change-not-in-schema").with("name", name)),
            Some(schema) if schema.required => {
                Err(Fault::rule("attribute-required-not-deletable").with("name", name))
            }
            Some(_) => Ok(()),
        }
    }
}

fn check_value(schema: &SchemaAttribute, value: &str) -> Result<(), Fault> {
    let size = value.encode_utf16().count() as u64;
    let (shortest, longest) = schema.length.unwrap_or_default();
    let fits = match schema.data_type.as_str() {
        "Number" => value.parse::<f64>().is_ok_and(|number| {
            let (least, most) = schema.range.unwrap_or_default();
            least.is_none_or(|least| number >= least as f64)
                && most.is_none_or(|most| number <= most as f64)
        }),
        "Boolean" => ["true", "false"].contains(&value.to_ascii_lowercase().as_str()),
        "String" => {
            shortest.is_none_or(|least| size >= least) && longest.is_none_or(|most| size <= most)
        }
        _ => true,
    };
    if !fits {
        return Err(Fault::rule("attribute-value-not-allowed").with("name", &schema.name));
    }
    match schema.name.as_str() {
        "email" if !is_email(value) => Err(Fault::rule("email-format")),
        "phone_number" if !is_phone_number(value) => Err(Fault::rule("phone-number-format")),
        _ => Ok(()),
    }
}

/// Tells whether a text has the form of an e-mail address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace());
    plain(local) && plain(domain) && !local.contains('@')
}

/// Tells whether a text has the form of an E.164 phone number: `+` and digits.
pub(super) fn is_phone_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (2..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> UserPool {
        let declared = json!([
            {"Name": "email", "Required": true},
            {"Name": "given_name", "Mutable": false},
            {"Name": "age", "AttributeDataType": "Number",
             "NumberAttributeConstraints": {"MinValue": "0", "MaxValue": "150"}},
            {"Name": "code", "AttributeDataType": "String",
             "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "3"}},
        ]);
        let declared = declared.as_array().expect("a list");
        UserPool { schema: declare(declared).expect("a valid schema"), ..UserPool::default() }
    }

    #[track_caller]
    fn check(name: &str, value: &str, writing: Writing, expected: Option<&str>) {
        let fault = pool().check_attributes([(name, value)], writing).err();
        let id = fault.map(|fault| match fault {
            Fault::Rule { id, .. } => id,
            other => panic!("not a rule: {other:?}"),
        });
        assert_eq!(id, expected, "{name}={value}");
    }

    #[test]
    fn values_are_held_to_the_schema() {
        check("first_name", "x", Writing::New, Some("attribute-not-in-schema"));
        check("given_name", "x", Writing::New, None);
        check("given_name", "x", Writing::Change, Some("attribute-not-mutable"));
        check("sub", "x", Writing::New, Some("attribute-not-mutable"));
        check("email", "a@b.c", Writing::New, None);
        check("email", "a", Writing::New, Some("email-format"));
        check("email", "", Writing::Change, Some("attribute-required-not-deletable"));
        check("phone_number", "+491", Writing::New, None);
        check("phone_number", "0491", Writing::New, Some("phone-number-format"));
        check("custom:age", "151", Writing::New, Some("attribute-value-not-allowed"));
        check("custom:age", "x", Writing::New, Some("attribute-value-not-allowed"));
        check("custom:age", "15", Writing::New, None);
        check("custom:code", "abcd", Writing::New, Some("attribute-value-not-allowed"));
        check("email_verified", "True", Writing::New, None);
        check("birthdate", "2000-1-1", Writing::New, Some("attribute-value-not-allowed"));
    }
}
