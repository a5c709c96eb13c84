//! What the shell answers besides calls: key documents, and endpoints that only the harness knows.

use std::sync::Arc;

use serde_json::{Value, json};

use super::import_jobs::Upload;
use super::shell::Shell;
use super::{identity_tokens, query, signing, timestamp};
use crate::wire::{Request, Response};

/// How far the clock goes forward, in milliseconds: some eight thousand years.
const FURTHEST: u64 = 250_000_000_000_000;

impl Shell {
    /// Answers `/<pool>/.well-known/…`: the documents that tokens are verified with.
    pub(super) fn published(&self, request: &Request) -> Option<Response> {
        let path = request.path.split('?').next().unwrap_or_default();
        if let Some(document) = path.strip_prefix("/.well-known/") {
            return identity_document(request, document);
        }
        let (pool, document) = path.strip_prefix('/')?.split_once("/.well-known/")?;
        if request.method != "GET" || !self.core().reference.state.pools.contains_key(pool) {
            return Some(answer(404, &json!({"message": "not found"})));
        }
        let host = request.header("host").unwrap_or("localhost");
        match document {
            "jwks.json" => Some(answer(200, &signing::jwks(pool))),
            "openid-configuration" => {
                let base = format!("http://{host}");
                Some(answer(200, &signing::openid_configuration(pool, &base)))
            }
            _ => Some(answer(404, &json!({"message": "not found"}))),
        }
    }

    /// Answers the endpoints under `/_reference/`, which only the harness knows.
    pub(super) fn control(&self, request: &Request) -> Option<Response> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let endpoint = path.strip_prefix("/_reference/")?;
        Some(match (request.method.as_str(), endpoint) {
            ("GET", "outbox") => self.outbox(&query::pairs(query)),
            ("POST", "reset") => {
                let mut core = self.core();
                core.reference.reset(self.options.seed);
                core.ahead = 0;
                if let Some(middleware) = &self.options.middleware {
                    middleware.reset();
                }
                answer(200, &json!({}))
            }
            ("POST", "clock") => self.advance(&request.body),
            ("PUT", upload) if upload.starts_with("imports/") => self.upload(upload, &request.body),
            _ => answer(404, &json!({"error": "no such control endpoint"})),
        })
    }

    fn outbox(&self, query: &[(String, String)]) -> Response {
        let wanted = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let (pool, user) = (wanted("UserPoolId"), wanted("Username"));
        let core = self.core();
        let pools = &core.reference.state.pools;
        // Messages carry the username; whoever asks may know an alias only.
        let found = pool.zip(user).and_then(|(pool, user)| pools.get(pool)?.username_of(user));
        let user = found.or(user);
        let messages: Vec<_> = core
            .reference
            .state
            .outbox
            .iter()
            .map(Arc::as_ref)
            .filter(|message| pool.is_none_or(|pool| message.user_pool_id == pool))
            .filter(|message| user.is_none_or(|user| message.username == user))
            .collect();
        answer(200, &json!(messages))
    }

    /// Takes the file of an import job at the address that `PreSignedUrl` gives.
    fn upload(&self, endpoint: &str, file: &[u8]) -> Response {
        let mut parts = endpoint.split('/').skip(1);
        let (pool, job) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let mut core = self.core();
        let now = self.now(core.ahead);
        match core.reference.upload(pool, job, file, now) {
            Ok(()) => answer(200, &json!({})),
            Err(Upload::NoJob) => answer(404, &json!({"error": "no such import job"})),
            Err(Upload::Late) => answer(403, &json!({"error": "the address is no longer valid"})),
        }
    }

    fn advance(&self, body: &[u8]) -> Response {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let Some(seconds) = body.get("advance_seconds").and_then(Value::as_u64) else {
            return answer(400, &json!({"error": "`advance_seconds` must be a whole number"}));
        };
        let mut core = self.core();
        core.ahead = core.ahead.saturating_add(seconds.saturating_mul(1000)).min(FURTHEST);
        answer(200, &json!({"now": timestamp(self.now(core.ahead))}))
    }
}

/// Returns what identity pools publish; their tokens have one issuer for all pools.
fn identity_document(request: &Request, document: &str) -> Option<Response> {
    let base = format!("http://{}", request.header("host").unwrap_or("localhost"));
    match document {
        _ if request.method != "GET" => None,
        "jwks_uri" => Some(answer(200, &identity_tokens::jwks())),
        "openid-configuration" => Some(answer(200, &identity_tokens::openid_configuration(&base))),
        _ => None,
    }
}

fn answer(status: u16, body: &Value) -> Response {
    let headers = vec![("content-type".into(), "application/json".into())];
    Response { status, headers, body: body.to_string().into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalogue::{Catalogue, Source};
    use crate::reference::Reference;
    use crate::reference::server::ServeOptions;

    #[test]
    fn files_without_a_job_are_refused() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let shell = Shell::new(Reference::new(Arc::new(catalogue), 1), ServeOptions::default());
        for path in
            ["imports/", "imports/a", "imports/a/b", "imports/a/b/c", "imports//", "imports/%/ä"]
        {
            let request = Request {
                method: "PUT".into(),
                path: format!("/_reference/{path}"),
                headers: Vec::new(),
                body: b"name".to_vec(),
            };
            assert_eq!(shell.respond(&request).status, 404, "{path}");
        }
    }
}
