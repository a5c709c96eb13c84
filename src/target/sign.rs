//! SigV4 signatures for requests that do not leave through the official clients.
//!
//! Headers and body are signed as they are sent; presigned URLs and chunks are left out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::{digest, hmac};

use crate::wire::Request;

/// An access key, and for what region requests are signed with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key: String,
    /// Secret access key.
    pub secret_key: String,
    /// Session token of temporary credentials.
    pub session_token: Option<String>,
}

impl Default for Credentials {
    /// Returns the pair that emulators' documents use: any will do there, some insist on `test`.
    fn default() -> Self {
        Self { access_key: "test".into(), secret_key: "test".into(), session_token: None }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key", &self.access_key).finish_non_exhaustive()
    }
}

/// What a signature is valid for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Region.
    pub region: &'a str,
    /// Service name, as signatures spell it.
    pub service: &'a str,
    /// Seconds since the epoch.
    pub now: u64,
}

/// A signing key with what it was derived from.
struct Derived {
    range: String,
    of: String,
    key: hmac::Key,
}

/// Keys that a thread remembers: one for each service, and some for credentials that change.
const MOST_DERIVED: usize = 8;

thread_local! {
    static DERIVED: RefCell<Vec<Derived>> = const { RefCell::new(Vec::new()) };
}

/// Adds `host`, `x-amz-date`, `x-amz-security-token` and `authorization` to a request.
///
/// `host` is the authority the request is sent to. Every header is signed; repeated names are not
/// expected.
///
/// Source: IAM User Guide, "Create a signed AWS API request".
pub fn sign(request: &mut Request, host: &str, credentials: &Credentials, scope: Scope<'_>) {
    let stamp = timestamp(scope.now);
    let day = &stamp[..8];
    let mut add = |name: &str, value: &str| request.headers.push((name.into(), value.into()));
    add("host", host);
    add("x-amz-date", &stamp);
    if let Some(token) = &credentials.session_token {
        add("x-amz-security-token", token);
    }
    let (canonical, signed) = canonical(request);
    let range = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let text = format!("AWS4-HMAC-SHA256\n{stamp}\n{range}\n{}", hex_sha256(canonical.as_bytes()));
    let derive = || {
        let mut key = format!("AWS4{}", credentials.secret_key).into_bytes();
        for part in [day, scope.region, scope.service, "aws4_request"] {
            key = mac(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec();
        }
        hmac::Key::new(hmac::HMAC_SHA256, &key)
    };
    // A key is good for a day: deriving it anew costs more than signing.
    let known = |derived: &&Derived| derived.range == range && derived.of == credentials.secret_key;
    let key = DERIVED.with_borrow_mut(|keys| {
        if let Some(derived) = keys.iter().find(known) {
            return derived.key.clone();
        }
        let key = derive();
        keys.truncate(MOST_DERIVED - 1);
        let (range, of) = (range.clone(), credentials.secret_key.clone());
        keys.insert(0, Derived { range, of, key: key.clone() });
        key
    });
    let signature = hex(mac(&key, text.as_bytes()).as_ref());
    let access_key = &credentials.access_key;
    request.headers.push((
        "authorization".into(),
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key}/{range}, SignedHeaders={signed}, \
             Signature={signature}"
        ),
    ));
}

/// Returns the seconds since the epoch now.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Returns the canonical request and the list of signed headers.
fn canonical(request: &Request) -> (String, String) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    let mut headers: Vec<(Cow<'_, str>, &str)> = Vec::with_capacity(request.headers.len());
    for (name, value) in &request.headers {
        let folded = match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name.as_str()),
        };
        headers.push((folded, value.trim()));
    }
    headers.sort_unstable();
    let length: usize = headers.iter().map(|(name, value)| 2 * name.len() + value.len() + 3).sum();
    let (mut text, mut signed) = (String::with_capacity(length + 256), String::new());
    for part in [request.method.as_str(), "\n", path, "\n", &pairs.join("&"), "\n"] {
        text.push_str(part);
    }
    for (name, value) in &headers {
        for part in [name, ":", value, "\n"] {
            text.push_str(part);
        }
        if !signed.is_empty() {
            signed.push(';');
        }
        signed.push_str(name);
    }
    for part in ["\n", signed.as_str(), "\n", &hex_sha256(&request.body)] {
        text.push_str(part);
    }
    (text, signed)
}

/// Returns a point in time as `20150830T123600Z`.
fn timestamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

fn mac(key: &hmac::Key, text: &[u8]) -> hmac::Tag {
    hmac::sign(key, text)
}

fn hex_sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(half.into(), 16).unwrap_or('0'));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &str, path: &str, headers: &[(&str, &str)], expected: &str) {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut request =
            Request { method: method.into(), path: path.into(), headers, body: Vec::new() };
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let scope = Scope { region: "us-east-1", service: "service", now: 1_440_938_160 };
        sign(&mut request, "example.amazonaws.com", &credentials, scope);
        let header = request.header("authorization").unwrap();
        assert_eq!(header.rsplit('=').next(), Some(expected), "{header}");
    }

    // Source: the published SigV4 test suite (get-vanilla, post-vanilla, post-header-key-sort,
    // get-vanilla-query-order-key-case).
    #[test]
    fn signatures_are_those_of_the_published_examples() {
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        check("GET", "/", &[], vanilla);
        let post = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
        check("POST", "/", &[], post);
        let sorted = "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c";
        check("POST", "/", &[("My-Header1", "value1")], sorted);
        let query = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
        check("GET", "/?Param2=value2&Param1=value1", &[], query);
    }

    #[test]
    fn timestamps_know_leap_years() {
        assert_eq!(timestamp(0), "19700101T000000Z");
        assert_eq!(timestamp(1_440_938_160), "20150830T123600Z");
        assert_eq!(timestamp(1_709_208_000), "20240229T120000Z");
        assert_eq!(timestamp(1_798_761_599), "20261231T235959Z");
    }
}
