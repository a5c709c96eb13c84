//! The OAuth endpoints over HTTP: what `oauth.rs` reads, and what it answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::oauth::{Form, Refusal};
use super::shell::{Shell, is_form};
use super::{Context, Millis, Reference, query, signing};
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
    ///
    /// What a browser asks beforehand is answered as for the API.
    pub(super) fn oauth(&self, request: &Request) -> Option<Response> {
        let path = request.path.split('?').next().unwrap_or_default();
        let endpoint = match path.strip_prefix("/oauth2/")? {
            "token" => Endpoint::Token,
            "userInfo" => Endpoint::UserInfo,
            "revoke" => Endpoint::Revoke,
            _ => return Some(self.refuse(None, &Refusal::new(404, "not_found"))),
        };
        if request.method == "OPTIONS" {
            return None;
        }
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
            Ok(Some(mut body)) => {
                signing::complete_output(&mut body, signing::Manner::Published);
                self.reply(200, body.to_string().into_bytes())
            }
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
        Response { status, headers, body: body.into() }
    }
}

impl Reference {
    fn oauth(
        &mut self,
        endpoint: Endpoint,
        request: &Request,
        now: Millis,
    ) -> Result<Option<Value>, Refusal> {
        let mut context = self.context(now);
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
        let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let pool = self.state.pools.values().find(|pool| pool.hosts.contains(&host))?;
        Some(pool.id.clone())
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::server::ServeOptions;
    use super::*;
    use crate::catalogue::{Catalogue, Source};

    struct Desk {
        shell: Shell,
        client: String,
    }

    impl Desk {
        fn call(&self, operation: &str, input: Value) -> Value {
            let mut request = Request::call("AWSCognitoIdentityProviderService", operation, &input);
            let signature = "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=c";
            request.headers.push(("authorization".into(), signature.into()));
            let response = self.shell.respond(&request);
            assert_eq!(response.status, 200, "{operation}: {response:?}");
            response.json().expect("JSON").unwrap_or_default().into_owned()
        }

        #[track_caller]
        fn check(&self, method: &str, path: &str, headers: &[(&str, &str)], status: u16) -> Value {
            let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let body = format!("grant_type=client_credentials&{}", self.client);
            let request = Request {
                method: method.into(),
                path: path.into(),
                headers: headers.collect(),
                body: body.into_bytes(),
            };
            let response = self.shell.respond(&request);
            assert_eq!(response.status, status, "{method} {path}");
            response.json().expect("JSON or nothing").unwrap_or_default().into_owned()
        }
    }

    /// Two pools with the domains `one` and `two`; a machine client of the first.
    fn desk() -> Desk {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let reference = Reference::new(Arc::new(catalogue), 1);
        let shell = Shell::new(reference, ServeOptions::default());
        let mut desk = Desk { shell, client: String::new() };
        for name in ["one", "two"] {
            let created = desk.call("CreateUserPool", json!({"PoolName": name}));
            let pool = created["UserPool"]["Id"].clone();
            let domain = json!({"UserPoolId": pool, "Domain": name});
            desk.call("CreateUserPoolDomain", domain);
            if name == "one" {
                let scope = json!({"ScopeName": "s", "ScopeDescription": "d"});
                let server = json!({"UserPoolId": pool, "Identifier": "api", "Name": "n",
                    "Scopes": [scope]});
                desk.call("CreateResourceServer", server);
                let client = json!({"UserPoolId": pool, "ClientName": "m", "GenerateSecret": true,
                    "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthScopes": ["api/s"],
                    "AllowedOAuthFlows": ["client_credentials"]});
                let created = &desk.call("CreateUserPoolClient", client)["UserPoolClient"];
                let text = |name: &str| created[name].as_str().expect("text").to_owned();
                let (id, secret) = (text("ClientId"), text("ClientSecret"));
                desk.client = format!("client_id={id}&client_secret={secret}");
            }
        }
        desk
    }

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    #[test]
    fn a_domain_serves_its_own_pool() {
        let desk = desk();
        let at = |host: &'static str| [FORM, ("host", host)];
        desk.check("POST", "/oauth2/token", &at("one.auth.us-east-1.amazoncognito.com"), 200);
        desk.check("POST", "/oauth2/token", &at("ONE.auth.us-east-1.amazoncognito.com"), 200);
        desk.check("POST", "/oauth2/token", &at("127.0.0.1:9229"), 200);
        desk.check("POST", "/oauth2/token", &at("two:9229"), 200);
        desk.check("POST", "/oauth2/token?x=y", &[FORM], 200);
        let two = &at("two.auth.us-east-1.amazoncognito.com:443");
        let refused = desk.check("POST", "/oauth2/token", two, 400);
        assert_eq!(refused, json!({"error": "invalid_client"}));
    }

    #[test]
    fn requests_that_say_nothing_are_refused() {
        let desk = desk();
        desk.check("POST", "/oauth2/token", &[], 400);
        desk.check("POST", "/oauth2/token", &[("content-type", "application/json")], 400);
        for header in ["Basic", "Basic ", "Basic !", "Basic eA==", "Basic /w==", "Bearer x", ""] {
            // What is no pair of id and secret leaves it to the body.
            desk.check("POST", "/oauth2/token", &[FORM, ("authorization", header)], 200);
            let bearer = if header == "Bearer x" { 401 } else { 400 };
            desk.check("GET", "/oauth2/userInfo", &[("authorization", header)], bearer);
        }
        let foreign = [FORM, ("authorization", "basic eDp5")];
        let refused = desk.check("POST", "/oauth2/token", &foreign, 400);
        assert_eq!(refused, json!({"error": "invalid_client"}));
        desk.check("GET", "/oauth2/token", &[FORM], 405);
        desk.check("PUT", "/oauth2/userInfo", &[], 405);
        desk.check("GET", "/oauth2/authorize", &[], 404);
        desk.check("OPTIONS", "/oauth2/token", &[], 200);
    }
}
