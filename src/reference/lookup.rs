//! Finds pools, clients and users the way the service resolves their names.

use std::collections::BTreeSet;

use serde_json::Value;

use super::state::{Client, User, UserPool};
use super::{ACCOUNT, Context, Fault, Input, REGION};

/// Attributes that a pool may let users sign in with, besides the username.
const ALIASES: [&str; 3] = ["email", "phone_number", "preferred_username"];

/// An attribute that a pool lets users sign in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alias {
    attribute: &'static str,
    /// It need not be verified.
    free: bool,
}

impl Context<'_> {
    /// Returns the pool that the member `UserPoolId` names.
    pub(crate) fn pool(&mut self, input: &Input) -> Result<&mut UserPool, Fault> {
        self.pool_by_id(input.text("UserPoolId"))
    }

    /// Returns the pool with this id.
    pub(crate) fn pool_by_id(&mut self, id: &str) -> Result<&mut UserPool, Fault> {
        let missing = || {
            let rule = if has_pool_form(id) {
                Fault::rule("user-pool-not-found")
            } else {
                Fault::rule("user-pool-id-of-no-form")
            };
            rule.with("id", id)
        };
        let pool = self.state.pools.get_mut(id).map(UserPool::to_change).ok_or_else(missing)?;
        pool.run_imports(self.now);
        Ok(pool)
    }

    /// Returns the user that the members `UserPoolId` and `Username` name: username, alias or `sub`.
    pub(crate) fn user(&mut self, input: &Input) -> Result<&mut User, Fault> {
        self.pool(input)?.named_user(input.text("Username"))
    }

    /// Returns the pool whose client has this id.
    pub(crate) fn pool_of_client(&mut self, client_id: &str) -> Result<&mut UserPool, Fault> {
        let missing = || Fault::rule("client-not-found").with("id", client_id);
        let mut pools = self.state.pools.values_mut();
        let found = pools.find(|pool| pool.clients.contains_key(client_id));
        let pool = found.map(UserPool::to_change).ok_or_else(missing)?;
        pool.run_imports(self.now);
        Ok(pool)
    }
}

/// Tells whether a text could be the id of a user pool: region, underscore, letters and digits.
///
/// Most operations ask for it by the pattern of the member; a few have none.
fn has_pool_form(id: &str) -> bool {
    let region = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    id.rsplit_once('_').is_some_and(|(before, after)| {
        !before.is_empty()
            && before.chars().all(region)
            && !after.is_empty()
            && after.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

impl UserPool {
    /// Returns the pool's ARN.
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{}", self.id)
    }

    /// Returns the client with this id.
    pub(crate) fn client(&self, id: &str) -> Result<&Client, Fault> {
        self.clients.get(id).ok_or_else(|| Fault::rule("client-not-found").with("id", id))
    }

    /// Returns the user an administrator calls `name`: by username, alias or `sub`.
    pub(crate) fn named_user(&mut self, name: &str) -> Result<&mut User, Fault> {
        let key = self.named_key(name)?;
        self.users.get_mut(&key).ok_or_else(|| Fault::rule("user-not-found"))
    }

    /// Returns the key in [`UserPool::users`] of the user an administrator calls `name`.
    pub(crate) fn named_key(&self, name: &str) -> Result<String, Fault> {
        let key = self.key_of(name).or_else(|| self.key_of_sub(name));
        key.ok_or_else(|| Fault::rule("user-not-found"))
    }

    /// Returns the key in [`UserPool::users`] of the user who signs in as `name`.
    ///
    /// The username wins over an alias. An e-mail address or phone number is an alias once it is
    /// verified; where it serves as username, it need not be. The `sub` of a user is no name to
    /// sign in with (observed, ministackorg/ministack pull request 1758).
    pub(crate) fn key_of(&self, name: &str) -> Option<String> {
        let key = self.user_key(name);
        if self.users.contains_key(&key) {
            return Some(key);
        }
        let by = |attribute: &str| self.owner_of(attribute, name);
        ALIASES.into_iter().find_map(by)
    }

    /// Returns the key of the user who can sign in with `value` as their `attribute`, if any.
    pub(crate) fn owner_of(&self, attribute: &str, value: &str) -> Option<String> {
        let alias = self.alias(attribute)?;
        let wanted = self.user_key(value);
        let owns = |user: &User| self.name_by(alias, user).as_ref() == Some(&wanted);
        self.users.iter().find(|(_, user)| owns(user)).map(|(key, _)| key.clone())
    }

    /// Returns the names that users can sign in with besides their usernames: attribute and value.
    pub(crate) fn aliases(&self) -> BTreeSet<(&'static str, String)> {
        self.users.values().flat_map(|user| self.aliases_of(user)).collect()
    }

    /// Returns the names that `user`, of this pool or about to be, can sign in with besides the
    /// username: attribute and value.
    pub(crate) fn aliases_of(&self, user: &User) -> Vec<(&'static str, String)> {
        let aliases = ALIASES.iter().filter_map(|attribute| self.alias(attribute));
        let named = |alias: Alias| Some((alias.attribute, self.name_by(alias, user)?));
        aliases.filter_map(named).collect()
    }

    /// Returns how an attribute serves to sign in, if the pool lets it.
    fn alias(&self, attribute: &str) -> Option<Alias> {
        let attribute = ALIASES.into_iter().find(|alias| *alias == attribute)?;
        let as_username = self.has("UsernameAttributes", attribute);
        let free = as_username || attribute == "preferred_username";
        let serves = as_username || self.has("AliasAttributes", attribute);
        serves.then_some(Alias { attribute, free })
    }

    /// Returns what `user` can sign in with by an alias.
    fn name_by(&self, alias: Alias, user: &User) -> Option<String> {
        let value = user.attributes.get(alias.attribute)?;
        let serves = alias.free || user.is_verified(alias.attribute);
        serves.then(|| self.user_key(value))
    }

    /// Returns the username of the user who signs in as `name`.
    pub(crate) fn username_of(&self, name: &str) -> Option<&str> {
        Some(&self.users.get(&self.key_of(name)?)?.username)
    }

    fn key_of_sub(&self, sub: &str) -> Option<String> {
        self.users.iter().find(|(_, user)| user.sub == sub).map(|(key, _)| key.clone())
    }

    /// Returns `username` as the key of [`UserPool::users`]: folded where the pool ignores case.
    pub(crate) fn user_key(&self, username: &str) -> String {
        if self.ignores_case() { username.to_lowercase() } else { username.to_owned() }
    }

    /// Tells whether usernames and aliases are compared without regard to case.
    pub(crate) fn ignores_case(&self) -> bool {
        let sensitive = self.setting("/UsernameConfiguration/CaseSensitive");
        sensitive.and_then(Value::as_bool) == Some(false)
    }

    /// Returns the value at a JSON pointer into the settings.
    pub(crate) fn setting(&self, pointer: &str) -> Option<&Value> {
        let (member, rest) = match pointer[1..].split_once('/') {
            Some((member, _)) => (member, &pointer[member.len() + 1..]),
            None => (&pointer[1..], ""),
        };
        self.settings.get(member)?.pointer(rest)
    }

    /// Returns the text at a JSON pointer into the settings; empty when there is none.
    pub(crate) fn text_setting(&self, pointer: &str) -> &str {
        self.setting(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Tells whether the list setting at `name` (such as `AliasAttributes`) has `item`.
    pub(crate) fn has(&self, name: &str, item: &str) -> bool {
        let list = self.settings.get(name).and_then(Value::as_array);
        list.is_some_and(|list| list.iter().any(|value| value == item))
    }
}

impl User {
    /// Returns an attribute, `sub` included.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        if name == "sub" { Some(&self.sub) } else { self.attributes.get(name).map(String::as_str) }
    }

    /// Tells whether `email` or `phone_number` is marked as verified.
    pub(crate) fn is_verified(&self, attribute: &str) -> bool {
        let flag = self.attributes.get(&format!("{attribute}_verified"));
        flag.is_some_and(|flag| flag.eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(settings: Value, name: &str, expected: Option<&str>) {
        let attributes = [("email", "Ann@example.com"), ("email_verified", "true")];
        let attributes = attributes.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let ann = User { username: "ann".into(), sub: "s".into(), attributes, ..User::default() };
        let settings = settings.as_object().cloned().expect("an object");
        let mut pool = UserPool { settings, ..UserPool::default() };
        pool.users.insert("ann".into(), ann);
        assert_eq!(pool.key_of(name).as_deref(), expected);
    }

    #[test]
    fn names_resolve_by_username_and_alias() {
        check(json!({}), "ann", Some("ann"));
        check(json!({}), "Ann", None);
        check(json!({}), "s", None);
        check(json!({}), "Ann@example.com", None);
        check(json!({"AliasAttributes": ["email"]}), "Ann@example.com", Some("ann"));
        check(json!({"AliasAttributes": ["email"]}), "ann@example.com", None);
        let folded = json!({"CaseSensitive": false});
        check(json!({"UsernameConfiguration": folded}), "ANN", Some("ann"));
        check(
            json!({"UsernameAttributes": ["email"], "UsernameConfiguration": folded}),
            "ANN@example.com",
            Some("ann"),
        );
    }
}
