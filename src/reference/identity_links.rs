//! Whose login is whose: identities, the logins linked to them, and who may act as one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::identity_logins::{Login, Proof};
use super::state::{Identity, IdentityPool, Millis};
use super::{Context, Fault, Input, REGION, timestamp};

impl Context<'_> {
    /// Returns the identity pool that the member `IdentityPoolId` names.
    pub(super) fn identity_pool(&mut self, input: &Input) -> Result<&mut IdentityPool, Fault> {
        self.identity_pool_by_id(input.text("IdentityPoolId"))
    }

    /// Returns the identity pool with this id.
    pub(super) fn identity_pool_by_id(&mut self, id: &str) -> Result<&mut IdentityPool, Fault> {
        let missing = || Fault::rule("identity-pool-not-found").with("id", id);
        self.state.identity_pools.get_mut(id).ok_or_else(missing)
    }

    /// Returns the pool of the identity that the member `IdentityId` names.
    pub(super) fn pool_of_identity(&mut self, input: &Input) -> Result<&mut IdentityPool, Fault> {
        let id = input.text("IdentityId");
        let mut pools = self.state.identity_pools.values_mut();
        let found = pools.find(|pool| pool.identities.contains_key(id));
        found.ok_or_else(|| not_found(id))
    }

    /// Returns an identity nobody has, with these logins; it is not kept yet.
    pub(super) fn new_identity(&mut self) -> Identity {
        let now = self.now;
        let id = format!("{REGION}:{}", self.uuid());
        Identity { id, created: now, modified: now, ..Identity::default() }
    }
}

fn not_found(id: &str) -> Fault {
    Fault::rule("identity-not-found").with("id", id)
}

impl IdentityPool {
    /// Returns the identity with this id.
    pub(super) fn identity(&self, id: &str) -> Result<&Identity, Fault> {
        self.identities.get(id).ok_or_else(|| not_found(id))
    }

    /// Returns the id of the identity that a login is linked to.
    pub(super) fn owner(&self, login: &Login) -> Option<&str> {
        let owns = |identity: &&Identity| identity.has(login);
        Some(&self.identities.values().find(owns)?.id)
    }

    /// Returns the id of the one identity that any of the logins is linked to.
    ///
    /// # Errors
    /// They are linked to several.
    pub(super) fn common_owner(&self, logins: &[Login]) -> Result<Option<String>, Fault> {
        let owners: BTreeSet<&str> = logins.iter().filter_map(|login| self.owner(login)).collect();
        let mut owners = owners.into_iter();
        match (owners.next(), owners.next()) {
            (_, Some(_)) => Err(Fault::rule("login-linked-elsewhere")),
            (owner, None) => Ok(owner.map(str::to_owned)),
        }
    }

    /// Checks that logins can be linked to an identity.
    ///
    /// # Errors
    /// One is linked to another identity, or the identity is somebody else at its provider.
    pub(super) fn check_linkable(&self, id: &str, logins: &[Login]) -> Result<(), Fault> {
        let identity = self.identity(id)?;
        let free = |login: &Login| {
            let there = identity.logins.get(&login.provider);
            self.owner(login).is_none_or(|owner| owner == id)
                && there.is_none_or(|subject| *subject == login.subject)
        };
        if logins.iter().all(free) { Ok(()) } else { Err(Fault::rule("login-linked-elsewhere")) }
    }

    /// Links logins to an identity; [`IdentityPool::check_linkable`] comes first.
    pub(super) fn link(&mut self, id: &str, logins: Vec<Login>, now: Millis) {
        let Some(identity) = self.identities.get_mut(id) else { return };
        for login in logins {
            if !identity.has(&login) {
                identity.logins.insert(login.provider, login.subject);
                identity.modified = now;
            }
        }
    }

    /// Checks that a caller may act as an identity, and that what they prove can be linked to it.
    ///
    /// A guest shows nothing; whoever has logins shows at least one of them.
    pub(super) fn check_access(&self, id: &str, proof: &Proof) -> Result<(), Fault> {
        let identity = self.identity(id)?;
        let forbidden = || Fault::rule("identity-access-forbidden").with("id", id);
        if identity.disabled {
            return Err(forbidden());
        }
        if proof.is_anonymous() {
            return match identity.is_guest() {
                true if self.allows_guests() => Ok(()),
                true => Err(Fault::rule("guests-not-allowed")),
                false => Err(forbidden()),
            };
        }
        let about = proof.cognito.as_ref().map(|claims| claims["sub"] == id);
        let known = about == Some(true) || proof.logins.iter().any(|login| identity.has(login));
        if about == Some(false) || !(known || identity.is_guest()) {
            return Err(Fault::rule("logins-do-not-match"));
        }
        self.check_linkable(id, &proof.logins)
    }
}

impl Identity {
    /// Tells whether a login is linked to it.
    pub(super) fn has(&self, login: &Login) -> bool {
        self.logins.get(&login.provider) == Some(&login.subject)
    }

    /// Tells whether it never had a login.
    pub(super) fn is_guest(&self) -> bool {
        !self.disabled && self.logins.is_empty() && self.developer_users.is_empty()
    }

    /// Marks it as out of reach if its last login is gone.
    pub(super) fn close_if_bare(&mut self) {
        self.disabled = self.logins.is_empty() && self.developer_users.is_empty();
    }

    /// Returns it as the API describes identities: names of providers, not who the user is there.
    ///
    /// Source: aws/aws-sdk-js issue 2073.
    pub(super) fn description(&self, developer_provider: Option<&str>) -> Value {
        let mut described = json!({
            "IdentityId": self.id,
            "CreationDate": timestamp(self.created),
            "LastModifiedDate": timestamp(self.modified),
        });
        let own = developer_provider.filter(|_| !self.developer_users.is_empty());
        let names: Vec<&str> = self.logins.keys().map(String::as_str).chain(own).collect();
        if !names.is_empty() {
            described["Logins"] = json!(names);
        }
        described
    }
}
