//! Requests, responses and error bodies of the AWS JSON 1.1 protocol.
//!
//! Nothing here knows about Cognito: the module could serve another AWS JSON service unchanged.
//! It reads what came over the wire and judges nothing.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The content type of every AWS JSON 1.1 request and response.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An HTTP request as it leaves the harness or enters the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// HTTP method, upper case.
    pub method: String,
    /// Path and query, starting with `/`.
    pub path: String,
    /// Header names (any case) and values, in the order they are sent.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
}

/// Returns text as it may stand in one part of a path or in a query value.
pub(crate) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            done.push(char::from(byte));
        } else {
            done.push_str(&format!("%{byte:02X}"));
        }
        done
    })
}

impl Request {
    /// Returns the request that calls `operation` of the service with `target_prefix`.
    pub fn call(target_prefix: &str, operation: &str, input: &Value) -> Self {
        Self {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![
                ("content-type".into(), CONTENT_TYPE.into()),
                ("x-amz-target".into(), format!("{target_prefix}.{operation}")),
            ],
            body: input.to_string().into_bytes(),
        }
    }

    /// Returns the value of the first header called `name`, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// The body of a response: bytes, read as JSON at most once.
///
/// Every check and property asks for what a body says; reading it anew each time was a third of
/// their work.
#[derive(Default)]
pub struct Body {
    bytes: Vec<u8>,
    read: OnceLock<Result<Option<Value>, NotJson>>,
}

/// Why a body is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotJson(String);

/// What is read of longer bodies, in bytes, is not kept: as JSON it takes many times its length.
const LONGEST_KEPT: usize = 256 << 10;

impl Body {
    /// Returns the body as JSON; `None` when it is empty.
    ///
    /// # Errors
    /// The body is not UTF-8, not JSON, or nested deeper than 128 levels.
    pub fn json(&self) -> Result<Option<Cow<'_, Value>>, NotJson> {
        if self.bytes.len() > LONGEST_KEPT {
            return self.parse().map(|read| read.map(Cow::Owned));
        }
        match self.read.get_or_init(|| self.parse()) {
            Ok(read) => Ok(read.as_ref().map(Cow::Borrowed)),
            Err(why) => Err(why.clone()),
        }
    }

    /// Returns the bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn parse(&self) -> Result<Option<Value>, NotJson> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let read = serde_json::from_slice(&self.bytes);
        read.map(Some).map_err(|error| NotJson(error.to_string()))
    }
}

impl std::ops::Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: Into<Vec<u8>>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self { bytes: bytes.into(), read: OnceLock::new() }
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        self.bytes.clone().into()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Body {}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.bytes))
    }
}

/// An HTTP response as it entered the harness or leaves the reference.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Response {
    /// HTTP status code.
    pub status: u16,
    /// Header names (lower case) and values, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The raw body, never longer than the transport's limit.
    pub body: Body,
}

impl Response {
    /// Returns the value of the first header called `name`, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// Tells whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns the body as JSON; `None` when it is empty.
    ///
    /// # Errors
    /// As [`Body::json`].
    pub fn json(&self) -> Result<Option<Cow<'_, Value>>, NotJson> {
        self.body.json()
    }

    /// Returns the error code of a failed response, such as `NotAuthorizedException`.
    ///
    /// Reads the `x-amzn-errortype` header, then the body's `__type`, then its `code` (the order
    /// is ours); keeps what stands before the first `:`, then after the first `#`.
    /// `None` when there is no code at all, which is itself a finding.
    ///
    /// Source: Smithy, AWS JSON 1.1 protocol, "Operation error serialization".
    pub fn error_code(&self) -> Option<String> {
        let from_header = self.header("x-amzn-errortype").map(str::to_owned);
        let raw = from_header.or_else(|| self.body_text(&["__type", "code"]))?;
        let code = bare_code(&raw);
        (!code.is_empty()).then(|| code.to_owned())
    }

    /// Returns the error message: the body's `message`, else its `Message`.
    pub fn error_message(&self) -> Option<String> {
        self.body_text(&["message", "Message"])
    }

    fn body_text(&self, keys: &[&str]) -> Option<String> {
        let body = self.json().ok()??;
        keys.iter().find_map(|key| body.get(key)?.as_str().map(str::to_owned))
    }
}

/// Returns an error code without its namespace (`a.b#Code`) and without what follows a colon.
///
/// Source: Smithy, AWS JSON 1.1 protocol, "Operation error serialization".
pub fn bare_code(raw: &str) -> &str {
    let before_colon = raw.split(':').next().unwrap_or_default();
    before_colon.rsplit('#').next().unwrap_or_default().trim()
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Why no complete response came back. Every one makes a verdict indeterminate, never a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "detail")]
pub enum TransportError {
    /// Nothing listens at the address, or the name does not resolve.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// No complete response within the request's time limit, in milliseconds.
    #[error("no complete response within {0} ms")]
    Timeout(u64),
    /// The connection broke before the response was complete.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The response is larger than the limit, in bytes.
    #[error("the response exceeds {0} bytes")]
    TooLarge(u64),
    /// The request could not be built or sent at all.
    #[error("cannot send: {0}")]
    Unsendable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], body: &str, expected: Option<&str>) {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let response = Response { status: 400, headers, body: body.into() };
        assert_eq!(response.error_code().as_deref(), expected);
    }

    #[test]
    fn names_are_encoded_for_a_query() {
        assert_eq!(percent("a+b@x.y ü"), "a%2Bb%40x.y%20%C3%BC");
    }

    #[test]
    fn error_code_is_found_wherever_the_protocol_allows_it() {
        check(&[("x-amzn-ErrorType", "CodeMismatchException:")], "", Some("CodeMismatchException"));
        check(&[], r#"{"__type":"ns#LimitExceededException"}"#, Some("LimitExceededException"));
        check(&[], r#"{"code":"Foo:http://example.com/"}"#, Some("Foo"));
        check(&[], "<html>", None);
        check(&[], "", None);
    }
}
