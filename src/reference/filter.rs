//! The filter of `ListUsers`: one attribute, `=` or `^=`, one quoted value.

use super::Fault;
use super::state::User;

/// Attributes that a filter may name.
///
/// Source: API reference, ListUsers.
const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// A condition on users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    attribute: String,
    prefix: bool,
    value: String,
}

impl Filter {
    /// Reads a filter; an empty one is none.
    ///
    /// # Errors
    /// It is not of the form `attribute = "value"`, or the attribute cannot be searched for.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, Fault> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let filter = parse(text.trim()).ok_or_else(|| Fault::rule("list-users-filter-syntax"))?;
        if !SEARCHABLE.contains(&filter.attribute.as_str()) {
            let fault = Fault::rule("list-users-filter-attribute");
            return Err(fault.with("name", filter.attribute));
        }
        Ok(Some(filter))
    }

    /// Tells whether the condition holds for a user.
    pub(super) fn matches(&self, user: &User) -> bool {
        let fits = |actual: &str, wanted: &str| {
            if self.prefix { actual.starts_with(wanted) } else { actual == wanted }
        };
        match self.attribute.as_str() {
            "username" => fits(&user.username, &self.value),
            "status" => fits(if user.enabled { "Enabled" } else { "Disabled" }, &self.value),
            // Documented as regardless of case.
            "cognito:user_status" => fits(user.status.name(), &self.value.to_uppercase()),
            name => user.attribute(name).is_some_and(|actual| fits(actual, &self.value)),
        }
    }
}

fn parse(text: &str) -> Option<Filter> {
    let (attribute, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_at(text.find(|c: char| c.is_whitespace() || "=^".contains(c))?),
    };
    let rest = rest.trim_start();
    let (prefix, rest) = match rest.strip_prefix("^=") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('=')?),
    };
    let quoted = rest.trim().strip_prefix('"')?.strip_suffix('"')?;
    let value = unescape(quoted)?;
    (!attribute.is_empty()).then(|| Filter { attribute: attribute.into(), prefix, value })
}

/// Resolves `\"` and `\\`; a bare quotation mark inside the value is an error.
fn unescape(quoted: &str) -> Option<String> {
    let mut value = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.push(chars.next()?),
            '"' => return None,
            _ => value.push(c),
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<bool, &str>) {
        let attributes = [("email".to_owned(), "testuser@example.com".to_owned())].into();
        let user = User {
            username: "Ann".into(),
            sub: "s-1".into(),
            enabled: true,
            attributes,
            ..User::default()
        };
        let found = match Filter::parse(text) {
            Ok(filter) => Ok(filter.is_none_or(|filter| filter.matches(&user))),
            Err(Fault::Rule { id, .. }) => Err(id),
            Err(other) => panic!("not a rule: {other:?}"),
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn filters_select_users() {
        check("", Ok(true));
        check("username = \"Ann\"", Ok(true));
        check("username = \"ann\"", Ok(false));
        check("\"email\"^=\"testuser\"", Ok(true));
        check("email=\"testuser\"", Ok(false));
        check("sub = \"s-1\"", Ok(true));
        check("status = \"Enabled\"", Ok(true));
        check("status = \"Disabled\"", Ok(false));
        check("cognito:user_status = \"unconfirmed\"", Ok(true));
        check("name = \"x\"", Ok(false));
        check("username = \"a\\\"b\"", Ok(false));
    }

    #[test]
    fn other_texts_are_refused() {
        let syntax = Err("list-users-filter-syntax");
        for text in ["foo", "email", "email = x", "email ~ \"x\"", "= \"x\"", "email = \"x", "\""] {
            check(text, syntax);
        }
        check("email = \"a\" and name = \"b\"", syntax);
        check("custom:foo = \"bar\"", Err("list-users-filter-attribute"));
    }
}
