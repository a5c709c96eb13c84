//! The OAuth endpoints over HTTP: what `oauth.rs` reads, and what it answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::oauth::{Form, Refusal};
use super::shell::{Shell, is_form};
use super::{Context, Millis, REGION, Reference, query};
use crate::wire::{Request, Response};

/// An endpoint below `/oauth2/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Token,
    UserInfo,
    Revoke,
}

impl Shell {
    /// Answers `/oauth2/…`: at the host of a pool's domain for that pool, at any other for all.
    pub(super) fn oauth(&self, request: &Request) -> Option<Response> {
        let path = request.path.split('?').next().unwrap_or_default();
        let endpoint = match path.strip_prefix("/oauth2/")? {
            "token" => Endpoint::Token,
            "userInfo" => Endpoint::UserInfo,
            "revoke" => Endpoint::Revoke,
            _ => return Some(self.refuse(None, &Refusal::new(404, "not_found"))),
        };
        let allows =
            request.method == "POST" || (request.method == "GET" && endpoint == Endpoint::UserInfo);
        if !allows {
            return Some(self.refuse(None, &Refusal::new(405, "invalid_request")));
        }
        let mut core = self.core();
        let now = self.now(core.ahead);
        let answer = core.reference.oauth(endpoint, request, now);
        drop(core);
        Some(match answer {
            Ok(None) => self.reply(200, Vec::new()),
            Ok(Some(body)) => self.reply(200, body.to_string().into_bytes()),
            Err(refusal) => self.refuse(Some(endpoint), &refusal),
        })
    }

    fn refuse(&self, endpoint: Option<Endpoint>, refusal: &Refusal) -> Response {
        let mut body = json!({"error": refusal.error});
        if let Some(description) = refusal.description {
            body["error_description"] = description.into();
        }
        let mut response = self.reply(refusal.status, body.to_string().into_bytes());
        if endpoint == Some(Endpoint::UserInfo) {
            let said = refusal.description.unwrap_or_default();
            let challenge = format!("error=\"{}\", error_description=\"{said}\"", refusal.error);
            response.headers.push(("www-authenticate".into(), challenge));
        }
        response
    }

    /// An answer with the headers that every endpoint sends.
    ///
    /// Source: developer guide, the examples of answers.
    fn reply(&self, status: u16, body: Vec<u8>) -> Response {
        let mut headers = vec![
            ("content-length".to_owned(), body.len().to_string()),
            ("x-amz-cognito-request-id".to_owned(), self.request_id()),
            ("access-control-allow-origin".to_owned(), "*".to_owned()),
            ("cache-control".to_owned(), "no-cache, no-store".to_owned()),
        ];
        if !body.is_empty() {
            headers.push(("content-type".into(), "application/json;charset=UTF-8".into()));
        }
        Response { status, headers, body }
    }
}

impl Reference {
    fn oauth(
        &mut self,
        endpoint: Endpoint,
        request: &Request,
        now: Millis,
    ) -> Result<Option<Value>, Refusal> {
        let mut context = Context { state: &mut self.state, now, rng: &mut self.rng };
        let pool_id = request.header("host").and_then(|host| context.pool_of_host(host));
        if endpoint == Endpoint::UserInfo {
            let token = credentials(request, "bearer");
            return context.oauth_user_info(token, pool_id.as_deref()).map(Some);
        }
        let form = form(request, pool_id);
        match endpoint {
            Endpoint::Token => context.oauth_token(&form).map(Some),
            _ => context.oauth_revoke(&form).map(|()| None),
        }
    }
}

impl Context<'_> {
    /// Returns the pool whose domain a `Host` header names, prefix or custom.
    fn pool_of_host(&self, host: &str) -> Option<String> {
        let host = host.split(':').next().unwrap_or_default();
        let prefix = host.strip_suffix(&format!(".auth.{REGION}.amazoncognito.com"));
        let domain = self.state.domains.get(prefix.unwrap_or(host))?;
        Some(domain.pool_id.clone())
    }
}

/// Returns the credentials of an `Authorization` header of this scheme.
fn credentials<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let (given, rest) = request.header("authorization")?.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// Returns what a request says; a body that is no form says nothing.
fn form(request: &Request, pool_id: Option<String>) -> Form {
    let body = if is_form(request) { &request.body[..] } else { &[] };
    let parameters = query::pairs(&String::from_utf8_lossy(body));
    let basic = credentials(request, "basic").and_then(|encoded| {
        let bytes = STANDARD.decode(encoded).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    Form { parameters, basic, pool_id }
}
