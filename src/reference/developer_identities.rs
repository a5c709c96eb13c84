//! Users whom the developer's own backend has authenticated: registered, looked up, merged,
//! unlinked.

use serde_json::{Value, json};

use super::identity_tokens::Token;
use super::paging::page;
use super::state::{Identity, IdentityPool, Millis};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetOpenIdTokenForDeveloperIdentity", get_token),
    ("LookupDeveloperIdentity", lookup),
    ("MergeDeveloperIdentities", merge),
    ("UnlinkDeveloperIdentity", unlink),
];

/// Seconds that a token lasts unless the caller says so.
///
/// Source: API reference, GetOpenIdTokenForDeveloperIdentity, TokenDuration.
const TOKEN_SECS: u64 = 900;

/// Logins that one identity may have after a merge (API reference, MergeDeveloperIdentities).
const MOST_LOGINS: usize = 20;

fn get_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let (pool_id, provider) = (pool.id.clone(), pool.developer_provider().map(str::to_owned));
    let unsupported = || Fault::rule("developer-provider-unsupported");
    let provider = provider.ok_or_else(unsupported)?;
    let user = input.entry("Logins", &provider).ok_or_else(unsupported)?.to_owned();
    let logins = input.get("Logins").and_then(Value::as_object);
    let proof = context.prove_all(&pool_id, logins, Some(&provider))?;
    let pool = context.identity_pool_by_id(&pool_id)?;
    let registered = pool.developer_identity(&user).map(|identity| identity.id.clone());
    let owner = pool.common_owner(&proof.logins)?;
    let identity = match (input.opt_text("IdentityId"), registered.or(owner)) {
        (Some(id), _) => {
            pool.check_registrable(id, &user)?;
            let identity = pool.identity(id)?;
            let known = identity.developer_users.contains(&user)
                || proof.logins.iter().any(|login| identity.has(login));
            if !known && !identity.is_guest() {
                return Err(Fault::rule("logins-do-not-match"));
            }
            identity.clone()
        }
        (None, Some(id)) => pool.identity(&id)?.clone(),
        (None, None) => context.new_identity(),
    };
    let (id, now) = (identity.id.clone(), context.now);
    let pool = context.identity_pool_by_id(&pool_id)?;
    if pool.identities.contains_key(&id) {
        pool.check_linkable(&id, &proof.logins)?;
    }
    pool.register(identity, &user, now);
    pool.link(&id, proof.logins, now);
    let amr = ["authenticated".into(), provider.clone(), format!("{provider}:{pool_id}:{user}")];
    let secs = input.number("TokenDuration").and_then(|secs| u64::try_from(secs).ok());
    let valid_secs = secs.unwrap_or(TOKEN_SECS);
    let tags = input.get("PrincipalTags");
    let token = Token { identity_id: &id, amr: amr.into(), valid_secs, tags };
    Ok(Some(json!({"IdentityId": id, "Token": token.issue(pool, now)})))
}

fn lookup(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.identity_pool(input)?;
    let user = input.opt_text("DeveloperUserIdentifier");
    let identity = match (input.opt_text("IdentityId"), user) {
        (None, None) => return Err(Fault::rule("developer-lookup-needs-a-key")),
        (Some(id), None) => pool.identity(id)?,
        (None, Some(user)) => pool.named_developer_identity(user)?,
        (Some(id), Some(user)) => {
            let identity = pool.identity(id)?;
            if !identity.developer_users.contains(user) {
                return Err(Fault::rule("developer-lookup-mismatch"));
            }
            identity
        }
    };
    let users = identity.developer_users.iter();
    let users = users.filter(|known| user.is_none_or(|user| user == *known));
    let users = users.map(|known| (known, json!(known)));
    let scope = format!("LookupDeveloperIdentity {}", identity.id);
    let page = page(users, &scope, input.opt_text("NextToken"), input.number("MaxResults"));
    let page = page.map_err(|_| Fault::rule("identity-pagination-token-invalid"))?;
    let mut output = page.output("DeveloperUserIdentifierList", "NextToken");
    output["IdentityId"] = identity.id.as_str().into();
    Ok(Some(output))
}

/// Moves everything that is linked to the source's identity to the destination's.
///
/// Source: API reference, MergeDeveloperIdentities.
fn merge(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.identity_pool(input)?;
    pool.check_developer_provider(input)?;
    let source = pool.named_developer_identity(input.text("SourceUserIdentifier"))?.clone();
    let target = pool.named_developer_identity(input.text("DestinationUserIdentifier"))?.clone();
    let id = target.id.clone();
    if source.id != id {
        let (source, target) = merged(source, target, now)?;
        pool.identities.insert(source.id.clone(), source);
        pool.identities.insert(target.id.clone(), target);
    }
    Ok(Some(json!({"IdentityId": id})))
}

fn merged(
    mut source: Identity,
    mut target: Identity,
    now: Millis,
) -> Result<(Identity, Identity), Fault> {
    let somebody_else = |(name, user): (&String, &String)| {
        target.logins.get(name).is_some_and(|known| known != user)
    };
    if source.logins.iter().any(somebody_else) {
        return Err(Fault::rule("merge-of-two-users"));
    }
    target.logins.append(&mut source.logins);
    target.developer_users.append(&mut source.developer_users);
    if target.logins.len() + target.developer_users.len() > MOST_LOGINS {
        return Err(Fault::rule("merge-too-many-logins"));
    }
    (source.modified, target.modified) = (now, now);
    source.close_if_bare();
    Ok((source, target))
}

fn unlink(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.identity_pool(input)?;
    pool.check_developer_provider(input)?;
    let user = input.text("DeveloperUserIdentifier");
    let mut identity = pool.identity(input.text("IdentityId"))?.clone();
    if pool.named_developer_identity(user)?.id != identity.id {
        return Err(Fault::rule("developer-user-of-another-identity"));
    }
    identity.developer_users.remove(user);
    identity.modified = now;
    identity.close_if_bare();
    pool.identities.insert(identity.id.clone(), identity);
    Ok(None)
}

impl IdentityPool {
    /// Returns the identity of a developer's user, if there is one.
    fn developer_identity(&self, user: &str) -> Option<&Identity> {
        self.identities.values().find(|identity| identity.developer_users.contains(user))
    }

    fn named_developer_identity(&self, user: &str) -> Result<&Identity, Fault> {
        let missing = || Fault::rule("developer-user-not-found").with("user", user);
        self.developer_identity(user).ok_or_else(missing)
    }

    /// Checks that the member `DeveloperProviderName` is the pool's.
    fn check_developer_provider(&self, input: &Input) -> Result<(), Fault> {
        let given = input.opt_text("DeveloperProviderName");
        let own = self.developer_provider();
        let fits = own.is_some() && given == own;
        if fits { Ok(()) } else { Err(Fault::rule("developer-provider-unsupported")) }
    }

    /// Checks that a developer's user can be registered for an identity.
    fn check_registrable(&self, id: &str, user: &str) -> Result<(), Fault> {
        let identity = self.identity(id)?;
        match self.developer_identity(user) {
            Some(known) if known.id != identity.id => {
                Err(Fault::rule("developer-user-already-registered"))
            }
            _ => Ok(()),
        }
    }

    fn register(&mut self, mut identity: Identity, user: &str, now: Millis) {
        if identity.developer_users.insert(user.to_owned()) {
            identity.modified = now;
        }
        self.identities.insert(identity.id.clone(), identity);
    }
}
