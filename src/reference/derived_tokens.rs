//! Exchanging a token for one that is made for a downstream service: `GetDerivedToken`.
//!
//! Subject and actor are tokens of the pool itself: nobody here can verify those of other
//! identity providers.

use serde_json::{Value, json};

use super::app::App;
use super::signing::{self, Use, issuer};
use super::state::{SignIn, UserPool};
use super::tokens::{self, SCOPE};
use super::{Answer, Context, Fault, Handler, Input};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[("GetDerivedToken", get_derived_token)];

/// Whom a subject token speaks for.
struct Subject {
    key: String,
    sign_in: SignIn,
    scopes: Vec<String>,
}

fn get_derived_token(context: &mut Context<'_>, input: &Input) -> Answer {
    let app = context.app(input)?;
    app.check_secret(
        input.opt_text("ClientSecret"),
        ["client-secret-missing", "client-secret-wrong"],
    )?;
    check_request(app.pool(context)?, &app, input)?;
    let subject = context.subject(&app, input)?;
    let actor = match input.opt_text("ActorToken") {
        Some(token) => Some(context.believed(&app, token, input.text("ActorTokenType"))?),
        None => None,
    };
    let scopes = granted(app.pool(context)?, &app, input, &subject.scopes);
    let (token, lasts) = context.derive(&app, input, &subject, actor.as_ref(), &scopes)?;
    let is_id = input.text("RequestedTokenType") == "ID_TOKEN";
    let mut answer = json!({
        "IssuedToken": token,
        "IssuedTokenType": if is_id { "ID_TOKEN" } else { "ACCESS_TOKEN" },
        "TokenType": if is_id { "N_A" } else { "Bearer" },
        "ExpiresIn": lasts,
    });
    if !is_id && !scopes.is_empty() {
        answer["Scopes"] = json!(scopes);
    }
    Ok(Some(answer))
}

/// Checks what can be told without looking into the tokens.
fn check_request(pool: &UserPool, app: &App, input: &Input) -> Result<(), Fault> {
    let has_actor = input.get("ActorToken").is_some();
    let flow = if has_actor {
        "ALLOW_TOKEN_EXCHANGE_DELEGATION"
    } else {
        "ALLOW_TOKEN_EXCHANGE_IMPERSONATION"
    };
    if !app.allows(&[flow]) {
        return Err(Fault::rule("exchange-flow-disabled"));
    }
    let asks = |name: &str| input.texts(name).next().is_some();
    if asks("Audiences") && asks("Resources") {
        return Err(Fault::rule("exchange-audience-and-resource"));
    }
    if input.texts("Resources").any(|resource| !pool.resource_servers.contains_key(resource)) {
        return Err(Fault::rule("exchange-resource-unknown"));
    }
    if has_actor && input.get("ActorTokenType").is_none() {
        return Err(Fault::rule("exchange-actor-type-missing"));
    }
    let foreign = ["SubjectTokenProviderName", "ActorTokenProviderName"];
    let mut foreign = foreign.iter().filter_map(|name| input.opt_text(name));
    if let Some(provider) = foreign.next() {
        let known = pool.identity_providers.contains_key(provider);
        let rule = if known { "exchange-token-refused" } else { "exchange-provider-unknown" };
        return Err(Fault::rule(rule));
    }
    let assertion = ["SubjectTokenType", "ActorTokenType"];
    if assertion.iter().any(|name| input.text(name) == "SAML2") {
        return Err(Fault::rule("exchange-provider-missing"));
    }
    Ok(())
}

/// Returns the scopes of the new token: what is asked for, the subject has and the client may have.
fn granted(pool: &UserPool, app: &App, input: &Input, subject: &[String]) -> Vec<String> {
    let asked: Vec<&str> = input.texts("Scopes").collect();
    let custom = app.custom_scopes(pool);
    // Every client may have the scope that sign-in through the API grants.
    let allowed = |scope: &String| scope == SCOPE || custom.contains(scope);
    let wanted = |scope: &String| asked.is_empty() || asked.contains(&scope.as_str());
    subject.iter().filter(|scope| wanted(scope) && allowed(scope)).cloned().collect()
}

impl Context<'_> {
    /// Returns the claims of a token that the client's own pool issued and that is still good.
    fn believed(&mut self, app: &App, token: &str, kind: &str) -> Result<Value, Fault> {
        let refused = || Fault::rule("exchange-token-refused");
        let token_use = if kind == "ID_TOKEN" { Use::Id } else { Use::Access };
        let claims = signing::claims(token).map_err(|_| refused())?;
        signing::verify(&app.pool_id, token_use, token).map_err(|_| refused())?;
        let fits = claims["token_use"] == token_use.name()
            && claims["iss"] == issuer(&app.pool_id)
            && !signing::is_expired(&claims, self.now);
        let pool = app.pool(self)?;
        // A client's own token belongs to no sign-in; that a user was deleted is told elsewhere.
        let sign_in = pool.sessions.get(signing::sign_in_id(&claims));
        let ended = sign_in.is_some_and(|sign_in| sign_in.revoked && !sign_in.user_gone);
        if fits && !ended { Ok(claims) } else { Err(refused()) }
    }

    /// Returns whom the subject token speaks for: a user who is there and may sign in.
    fn subject(&mut self, app: &App, input: &Input) -> Result<Subject, Fault> {
        let refused = || Fault::rule("exchange-token-refused");
        let claims =
            self.believed(app, input.text("SubjectToken"), input.text("SubjectTokenType"))?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        let pool = app.pool(self)?;
        // A client's own token speaks for nobody.
        if signing::sign_in_id(&claims).is_empty() {
            return Err(refused());
        }
        let owner = pool.users.iter().find(|(_, user)| user.sub == text("sub"));
        let (key, user) = owner.ok_or_else(|| Fault::rule("exchange-subject-gone"))?;
        if !user.enabled {
            return Err(Fault::rule("user-disabled"));
        }
        let sign_in = pool.sessions.get(signing::sign_in_id(&claims));
        let sign_in = sign_in.filter(|sign_in| !sign_in.revoked);
        let sign_in = sign_in.ok_or_else(refused)?.clone();
        let scopes = text("scope").split(' ').filter(|scope| !scope.is_empty());
        Ok(Subject { key: key.clone(), sign_in, scopes: scopes.map(str::to_owned).collect() })
    }

    /// Returns the new token and for how many seconds it lasts. It ends with the subject's sign-in.
    fn derive(
        &mut self,
        app: &App,
        input: &Input,
        subject: &Subject,
        actor: Option<&Value>,
        scopes: &[String],
    ) -> Result<(String, u64), Fault> {
        let is_id = input.text("RequestedTokenType") == "ID_TOKEN";
        let (token_use, kind) =
            if is_id { (Use::Id, "IdToken") } else { (Use::Access, "AccessToken") };
        let lasts = app.validity_secs(kind, "hours", 3600);
        let now_secs = self.now / 1000;
        let mut claims = json!({
            "iss": issuer(&app.pool_id),
            "origin_jti": subject.sign_in.id,
            "event_id": self.uuid(),
            "auth_time": subject.sign_in.authenticated / 1000,
            "iat": now_secs,
            "exp": now_secs + lasts,
            "jti": self.uuid(),
        });
        let pool = app.pool(self)?;
        let gone = || Fault::rule("exchange-subject-gone");
        let user = pool.users.get(&subject.key).ok_or_else(gone)?;
        if is_id {
            tokens::id_claims(pool, user, app, &mut claims);
        } else {
            tokens::access_claims(user, app, &subject.sign_in, &mut claims);
            claims["scope"] = scopes.join(" ").into();
        }
        let audience = input.texts("Audiences").chain(input.texts("Resources")).next();
        if let Some(audience) = audience {
            claims["aud"] = audience.into();
        }
        if let Some(actor) = actor {
            claims["act"] = json!({"sub": actor["sub"]});
        }
        Ok((signing::defer(&app.pool_id, token_use, &claims), lasts))
    }
}
