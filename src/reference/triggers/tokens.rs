//! Before tokens are made: the pre token generation trigger, in its three versions.

use serde_json::{Map, Value, json};

use super::{Event, Reply};
use crate::reference::app::App;
use crate::reference::tokens::{SCOPE, preferred_role};
use crate::reference::{Context, Fault};

/// Claims that no function changes, in either token.
///
/// Source: developer guide, pre token generation Lambda trigger.
const FIXED: [&str; 21] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "cognito:username",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "username",
];

/// Claims that only `groupOverrideDetails` and the scopes change.
const GOVERNED: [&str; 4] = ["cognito:groups", "cognito:preferred_role", "cognito:roles", "scope"];

/// How a function wants the tokens to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::reference) struct Shaping {
    id: Claims,
    access: Claims,
    scopes_added: Vec<String>,
    scopes_suppressed: Vec<String>,
    /// Groups, roles and preferred role that replace the user's; `None` leaves them.
    groups: Option<Groups>,
}

/// Claims to set, and to leave out.
#[derive(Clone, Debug, Default, PartialEq)]
struct Claims {
    set: Map<String, Value>,
    suppressed: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Groups {
    names: Vec<String>,
    roles: Vec<String>,
    preferred: Option<String>,
}

impl Context<'_> {
    /// Asks the pre token generation function how the tokens are to be; `None` leaves them.
    ///
    /// # Errors
    /// It fails, or answers what is no event.
    pub(in crate::reference) fn pre_token(
        &mut self,
        app: &App,
        key: &str,
    ) -> Result<Option<Shaping>, Fault> {
        if !self.has_trigger(&app.pool_id, "PreTokenGeneration") {
            return Ok(None);
        }
        let source = self.functions.token_source.unwrap_or("TokenGeneration_Authentication");
        let (username, attributes) = self.told(&app.pool_id, key)?;
        let groups = self.group_configuration(app, key)?;
        let pool = app.pool(self)?;
        let version =
            match pool.text_setting("/LambdaConfig/PreTokenGenerationConfig/LambdaVersion") {
                "V2_0" => "2",
                "V3_0" => "3",
                _ => "1",
            };
        let old = version == "1";
        let member = if old { "claimsOverrideDetails" } else { "claimsAndScopeOverrideDetails" };
        let mut event = Event::new(&app.pool_id, source, &username)
            .telling("userAttributes", attributes)
            .telling("groupConfiguration", groups)
            .asking(json!({member: null}));
        event.version = version;
        if !old {
            event.request["scopes"] = json!([SCOPE]);
        }
        let Some(reply) = self.invoke("PreTokenGeneration", event)? else { return Ok(None) };
        let shaping = reply.inner(member).and_then(|details| Shaping::read(&details, old));
        shaping.map(Some).map_err(|fault| self.refuse(fault))
    }

    /// Returns the groups and roles of a user, as the function is told them.
    fn group_configuration(&mut self, app: &App, key: &str) -> Result<Value, Fault> {
        let pool = app.pool(self)?;
        let user = pool.users.get(key).ok_or_else(|| Fault::rule("user-not-found"))?;
        let groups = || user.groups.iter().filter_map(|name| pool.groups.get(name));
        let roles = groups().filter_map(|group| group.settings.get("RoleArn").cloned());
        Ok(json!({
            "groupsToOverride": user.groups,
            "iamRolesToOverride": roles.collect::<Vec<_>>(),
            "preferredRole": preferred_role(groups().map(|group| &group.settings)),
        }))
    }
}

impl Shaping {
    /// Reads the details of a version 1 answer, or of a later one.
    fn read(details: &Reply, old: bool) -> Result<Self, Fault> {
        let groups = Groups::read(details)?;
        if old {
            let set = details.texts("claimsToAddOrOverride")?;
            let suppressed = details.list("claimsToSuppress")?;
            return Ok(Self { id: Claims { set, suppressed }, groups, ..Self::default() });
        }
        let claims = |of: &Reply| {
            let set = of.map("claimsToAddOrOverride")?;
            Ok::<_, Fault>(Claims { set, suppressed: of.list("claimsToSuppress")? })
        };
        let access = details.inner("accessTokenGeneration")?;
        Ok(Self {
            id: claims(&details.inner("idTokenGeneration")?)?,
            access: claims(&access)?,
            scopes_added: access.list("scopesToAdd")?,
            scopes_suppressed: access.list("scopesToSuppress")?,
            groups,
        })
    }

    /// Gives the claims of an ID and an access token the shape the function wants.
    pub(in crate::reference) fn apply(self, id: &mut Value, access: &mut Value) {
        if let Some(groups) = self.groups {
            put(id, "cognito:groups", &groups.names);
            put(access, "cognito:groups", &groups.names);
            put(id, "cognito:roles", &groups.roles);
            id["cognito:preferred_role"] = groups.preferred.map_or(Value::Null, Value::from);
        }
        self.id.apply(id);
        self.access.apply(access);
        let current = access["scope"].as_str().unwrap_or_default().to_owned();
        let added = self.scopes_added.iter().map(String::as_str);
        let mut scopes: Vec<&str> = Vec::new();
        for scope in current.split(' ').chain(added) {
            let wanted = !self.scopes_suppressed.iter().any(|suppressed| suppressed == scope);
            if wanted && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        access["scope"] = scopes.join(" ").into();
        for token in [id, access] {
            if let Some(claims) = token.as_object_mut() {
                claims.retain(|_, value| !value.is_null());
            }
        }
    }
}

fn put(token: &mut Value, name: &str, items: &[String]) {
    token[name] = if items.is_empty() { Value::Null } else { json!(items) };
}

impl Claims {
    /// Sets and removes what may be; what is both set and suppressed is suppressed.
    fn apply(self, token: &mut Value) {
        let free = |name: &str| !FIXED.contains(&name) && !GOVERNED.contains(&name);
        for (name, value) in self.set {
            if free(&name) {
                token[name] = value;
            }
        }
        for name in self.suppressed {
            if !FIXED.contains(&name.as_str()) {
                token[name] = Value::Null;
            }
        }
    }
}

impl Groups {
    /// Reads what replaces the groups: an empty or null object suppresses them.
    fn read(details: &Reply) -> Result<Option<Self>, Fault> {
        if !details.has("groupOverrideDetails") {
            return Ok(None);
        }
        let given = details.inner("groupOverrideDetails")?;
        Ok(Some(Self {
            names: given.list("groupsToOverride")?,
            roles: given.list("iamRolesToOverride")?,
            preferred: given.text("preferredRole")?.map(str::to_owned),
        }))
    }
}
