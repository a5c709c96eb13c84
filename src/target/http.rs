//! Plain HTTP: calls and raw requests straight over a pooled connection, within hard limits.
//!
//! Follows no redirect, decompresses nothing, retries nothing: what comes back is what the target
//! sent. One [`Http`] belongs to the async runtime it was first used in, because of its pool.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Bytes;
use reqwest::header::{ACCEPT, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::{Client, Method, Url};
use url::Position;

use super::loopback::{Loopback, MOST_IDLE};
use super::sign::{self, Credentials, Scope};
use super::{Boxed, Reply, Transport};
use crate::catalogue::{Auth, Catalogue};
use crate::transcript::Call;
use crate::wire::{Request, Response, TransportError};

/// How the harness introduces itself.
const AGENT: &str = concat!("cognito-conformance/", env!("CARGO_PKG_VERSION"));

/// Bounds of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time to connect.
    pub connect: Duration,
    /// Time for the whole exchange, connecting included.
    pub total: Duration,
    /// Longest response body, in bytes.
    pub body_bytes: usize,
    /// Largest response header section: names and values together, in bytes.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            body_bytes: 8 << 20,
            header_bytes: 64 << 10,
        }
    }
}

/// An address that is no usable URL, or a client that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not an absolute `http` or `https` URL.
    #[error("`{url}` is no usable URL: {why}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

/// How requests are signed.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// With which key.
    pub credentials: Credentials,
    /// For which region; empty stands for `us-east-1`.
    pub region: String,
}

impl Signing {
    /// Returns the region.
    pub fn region(&self) -> &str {
        if self.region.is_empty() { "us-east-1" } else { &self.region }
    }
}

/// The transport.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client,
    /// The shorter way to this machine, where no proxy and no TLS stand between.
    loopback: Option<Arc<Loopback>>,
    base: Url,
    authority: String,
    limits: Limits,
    catalogue: Arc<Catalogue>,
    signing: Signing,
}

impl Http {
    /// Returns a transport to the endpoint at `base`, an absolute `http` or `https` URL.
    ///
    /// # Errors
    /// `base` is no such URL.
    pub fn new(
        base: &str,
        catalogue: Arc<Catalogue>,
        signing: Signing,
        limits: Limits,
    ) -> Result<Self, HttpError> {
        let base = parse_base(base)?;
        let host = base.host_str().expect("an http URL has a host");
        let authority = match base.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let client = client(&base, &limits).map_err(HttpError::Client)?;
        let port = base.port_or_known_default().unwrap_or(80);
        let loopback = base.scheme() == "http" && is_loopback(&base);
        let loopback = loopback.then(|| Arc::new(Loopback::new(format!("{host}:{port}"))));
        Ok(Self { client, loopback, base, authority, limits, catalogue, signing })
    }

    /// Returns the endpoint's URL, without a slash at the end.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Returns the bounds of one exchange.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns how requests are signed.
    pub fn signing(&self) -> &Signing {
        &self.signing
    }

    /// Returns the request that a call becomes, signed where it is to be.
    ///
    /// A service or operation that the catalogue lacks goes out under the names given.
    pub fn request(&self, call: &Call) -> Request {
        let (service, operation, input, signed) = match call {
            Call::Raw { service, request, signed } => {
                let mut request = request.clone();
                if *signed {
                    self.sign(service, &mut request);
                }
                return request;
            }
            // Never sent: the harness itself knows the events.
            Call::Events { .. } => return Request::call("", "", &serde_json::Value::Null),
            Call::Api { service, operation, input, signed } => (service, operation, input, *signed),
        };
        let known = self.catalogue.services.get(service);
        let prefix = known.map_or(service.as_str(), |s| &s.info.target_prefix);
        let mut request = Request::call(prefix, operation, input);
        let auth = known.and_then(|s| s.operations.get(operation)).map(|found| found.auth);
        if signed && auth != Some(Auth::None) {
            self.sign(service, &mut request);
        }
        request
    }

    fn sign(&self, service: &str, request: &mut Request) {
        let known = self.catalogue.services.get(service);
        let service = known.map_or(service, |s| &s.info.signing_name);
        let scope = Scope { region: self.signing.region(), service, now: sign::now() };
        // What is signed is the path as it is sent, the endpoint's own included.
        let path = format!("{}{}", self.base.path().trim_end_matches('/'), request.path);
        let path = std::mem::replace(&mut request.path, path);
        sign::sign(request, &self.authority, &self.signing.credentials, scope);
        request.path = path;
    }

    /// Sends a request as it is and returns the response, all of it.
    ///
    /// # Errors
    /// No complete response came within the limits, or the request cannot be sent at all.
    pub async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let total = self.limits.total;
        let timed_out = TransportError::Timeout(millis(total));
        tokio::time::timeout(total, self.attempt(request)).await.unwrap_or(Err(timed_out))
    }

    async fn attempt(&self, request: &Request) -> Result<Response, TransportError> {
        if let Some(loopback) = &self.loopback {
            return loopback.exchange(self.build_bare(request)?, &self.limits).await;
        }
        let mut answer = self.client.execute(self.build(request)?).await.map_err(classify)?;
        let headers = readable(answer.headers(), self.limits.header_bytes)?;
        let status = answer.status().as_u16();
        let too_large = || TransportError::TooLarge(self.limits.body_bytes as u64);
        if answer.content_length().is_some_and(|length| length > self.limits.body_bytes as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > self.limits.body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, headers, body: body.into() })
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request, TransportError> {
        let url = self.whole(&request.path)?;
        let mut built = reqwest::Request::new(method(request)?, url);
        *built.headers_mut() = headers(request)?;
        *built.body_mut() = Some(request.body.clone().into());
        Ok(built)
    }

    /// The same request, with what a pooled client would add.
    fn build_bare(&self, request: &Request) -> Result<http::Request<Full<Bytes>>, TransportError> {
        let mut built = http::Request::new(Full::new(Bytes::from(request.body.clone())));
        *built.method_mut() = method(request)?;
        *built.uri_mut() = match self.base.path() == "/" && request.path == "/" {
            true => http::Uri::from_static("/"),
            false => {
                let url = self.whole(&request.path)?;
                let target = &url[Position::BeforePath..Position::AfterQuery];
                target.parse().map_err(|e| unsendable(target, &e))?
            }
        };
        let mut headers = headers(request)?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
        if !headers.contains_key(HOST) {
            let authority = HeaderValue::from_str(&self.authority);
            headers.insert(HOST, authority.map_err(|e| unsendable(&self.authority, &e))?);
        }
        *built.headers_mut() = headers;
        Ok(built)
    }

    /// Returns the URL of a path at the endpoint.
    fn whole(&self, path: &str) -> Result<Url, TransportError> {
        let url = format!("{}{path}", self.url());
        let url = Url::parse(&url).map_err(|e| unsendable(&url, &e))?;
        if url.host_str() != self.base.host_str() || url.port() != self.base.port() {
            return Err(unsendable(path, &"the path leads to another host"));
        }
        Ok(url)
    }
}

fn method(request: &Request) -> Result<Method, TransportError> {
    Method::from_bytes(request.method.as_bytes()).map_err(|e| unsendable("method", &e))
}

fn headers(request: &Request) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 3);
    for (name, value) in &request.headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|e| unsendable(name, &e))?;
        let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|e| unsendable(name, &e))?;
        headers.append(key, value);
    }
    Ok(headers)
}

fn unsendable(what: &str, why: &dyn std::fmt::Display) -> TransportError {
    TransportError::Unsendable(format!("{what}: {why}"))
}

impl Transport for Http {
    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply> {
        Box::pin(async move {
            let started = Instant::now();
            let request = self.request(call);
            let reply = self.exchange(&request).await;
            Reply { request, reply, sdk: None, elapsed_ms: millis(started.elapsed()) }
        })
    }
}

/// Returns a duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Reads an endpoint's URL; a query or fragment makes no sense in one.
pub(crate) fn parse_base(text: &str) -> Result<Url, HttpError> {
    let fail = |why: &str| HttpError::Url { url: text.into(), why: why.into() };
    let url = Url::parse(text).map_err(|e| fail(&e.to_string()))?;
    match url.scheme() {
        "http" | "https" => {}
        other => return Err(fail(&format!("the scheme is `{other}`, not http or https"))),
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(fail("it has no host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("it has a query or a fragment"));
    }
    Ok(url)
}

fn client(base: &Url, limits: &Limits) -> reqwest::Result<Client> {
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(limits.connect)
        .pool_idle_timeout(MOST_IDLE)
        .tls_backend_preconfigured(tls())
        .user_agent(AGENT);
    if is_loopback(base) {
        builder = builder.no_proxy();
    }
    builder.build()
}

pub(crate) fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Tells whether a URL points to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Returns the headers as text, if they are within the limit.
pub(super) fn readable(
    headers: &HeaderMap,
    limit_bytes: usize,
) -> Result<Vec<(String, String)>, TransportError> {
    within(headers, limit_bytes)?;
    Ok(as_text(headers))
}

/// Refuses a header section that is larger than the limit: names and values together, in bytes.
///
/// # Errors
/// It is.
pub(crate) fn within(headers: &HeaderMap, limit_bytes: usize) -> Result<(), TransportError> {
    let size: usize = headers.iter().map(|(k, v)| k.as_str().len() + v.len()).sum();
    if size > limit_bytes { Err(TransportError::TooLarge(limit_bytes as u64)) } else { Ok(()) }
}

/// Returns the headers as text; bytes that are no UTF-8 become U+FFFD.
pub(crate) fn as_text(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn classify(error: reqwest::Error) -> TransportError {
    let words = innermost(&error);
    if error.is_connect() || error.is_timeout() {
        TransportError::Connect(words)
    } else if error.is_builder() {
        TransportError::Unsendable(words)
    } else {
        TransportError::Broken(words)
    }
}

/// Returns what went wrong: the innermost cause, which is the one that tells something.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, &str>) {
        let found = parse_base(url).map(|url| url.to_string()).map_err(|e| e.to_string());
        match expected {
            Ok(url) => assert_eq!(found.as_deref(), Ok(url)),
            Err(part) => assert!(found.clone().is_err_and(|e| e.contains(part)), "{found:?}"),
        }
    }

    #[test]
    fn addresses_are_http_urls_without_a_query() {
        check("http://127.0.0.1:9229", Ok("http://127.0.0.1:9229/"));
        check(
            "https://cognito-idp.eu-west-1.amazonaws.com",
            Ok("https://cognito-idp.eu-west-1.amazonaws.com/"),
        );
        check("ftp://example.com", Err("the scheme is `ftp`"));
        check("localhost:9229", Err("the scheme is `localhost`"));
        check("http://host/?x=1", Err("a query"));
        check("nonsense", Err("relative URL"));
    }
}
