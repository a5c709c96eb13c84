//! Telling "I do not have this operation" from a refusal.
//!
//! Targets say it in many ways, so each is asked once, for an operation that cannot exist, and
//! the answer kept. Neither a success nor an error of the contract ever counts, whatever the
//! target answers to that question: a server with one answer for everything declines nothing.

use std::collections::BTreeMap;

use serde_json::json;

use super::http::Http;
use crate::catalogue::Catalogue;
use crate::transcript::Call;
use crate::wire::{Response, TransportError};

/// The operation that no service has.
pub const NO_SUCH_OPERATION: &str = "NoSuchOperationHere";

/// Codes by which servers say that they lack an operation.
const FACES: &[&str] = &[
    "InvalidAction",
    "InvalidActionException",
    "NotImplemented",
    "NotImplementedError",
    "NotImplementedException",
    "OperationNotSupported",
    "OperationNotSupportedException",
    "UnknownAction",
    "UnknownOperation",
    "UnknownOperationException",
];

/// Codes that say it only together with status 500.
const FACES_OF_500: &[&str] =
    &["Unsupported", "UnsupportedOperation", "UnsupportedOperationException"];

/// A target's answer to an operation that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    status: u16,
    code: Option<String>,
    /// The message with the operation's name and everything numeric taken out.
    message: Option<String>,
    body: BodyKind,
}

/// What sort of body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyKind {
    Empty,
    Json,
    Html,
    Other,
}

impl Fingerprint {
    /// Reads the fingerprint off the answer to a call of `operation`.
    pub fn of(response: &Response, operation: &str) -> Self {
        Self {
            status: response.status,
            code: response.error_code(),
            message: response.error_message().map(|text| without_names(&text, operation)),
            body: BodyKind::of(response),
        }
    }
}

impl BodyKind {
    fn of(response: &Response) -> Self {
        let start = response.body.trim_ascii_start();
        match start {
            [] => Self::Empty,
            [b'<', ..] => Self::Html,
            _ if response.json().is_ok() => Self::Json,
            _ => Self::Other,
        }
    }
}

/// A target's fingerprints, by service.
#[derive(Clone, Debug, Default)]
pub struct Fingerprints(BTreeMap<String, Fingerprint>);

impl Fingerprints {
    /// Asks an endpoint for an operation that does not exist, once per service.
    ///
    /// # Errors
    /// It cannot be reached. A broken or missing answer is no error: that service has no
    /// fingerprint then.
    pub async fn probe<'a>(
        http: &Http,
        services: impl IntoIterator<Item = &'a String>,
    ) -> Result<Self, TransportError> {
        let mut found = BTreeMap::new();
        for service in services {
            let call = Call::Api {
                service: service.clone(),
                operation: NO_SUCH_OPERATION.into(),
                input: json!({}),
                signed: true,
            };
            match http.exchange(&http.request(&call)).await {
                Ok(response) => {
                    let fingerprint = Fingerprint::of(&response, NO_SUCH_OPERATION);
                    found.insert(service.clone(), fingerprint);
                }
                Err(error @ TransportError::Connect(_)) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Self(found))
    }

    /// Adds the answer of a service.
    pub fn insert(&mut self, service: &str, fingerprint: Fingerprint) {
        self.0.insert(service.into(), fingerprint);
    }

    /// Tells whether a response says that the target lacks the operation.
    pub fn declines(
        &self,
        catalogue: &Catalogue,
        service: &str,
        operation: &str,
        response: &Response,
    ) -> bool {
        if !may_decline(catalogue, service, operation, response) {
            return false;
        }
        has_known_face(response)
            || self.0.get(service) == Some(&Fingerprint::of(response, operation))
    }
}

/// Tells whether a response can mean "I lack it" at all: it is no success, no joke, and no error
/// of the contract.
pub(crate) fn may_decline(
    catalogue: &Catalogue,
    service: &str,
    operation: &str,
    response: &Response,
) -> bool {
    if response.is_success() || response.status == 418 {
        return false;
    }
    let Some(code) = response.error_code() else { return true };
    let Some(service) = catalogue.services.get(service) else { return true };
    let declared =
        service.operations.get(operation).is_some_and(|known| known.errors.contains(&code));
    let promised = service.errors.contains_key(&code) && !says_unknown(response.status, &code);
    !declared && !promised
}

/// Tells whether a response has one of the widely known faces of "I lack it".
pub(crate) fn has_known_face(response: &Response) -> bool {
    match response.error_code() {
        Some(code) => response.status == 501 || says_unknown(response.status, &code),
        None => matches!(response.status, 404 | 501),
    }
}

fn says_unknown(status: u16, code: &str) -> bool {
    FACES.contains(&code) || (status == 500 && FACES_OF_500.contains(&code))
}

/// Takes the operation's name and every number or id out of a message.
fn without_names(text: &str, operation: &str) -> String {
    let named = text.replace(operation, "{operation}");
    let words = named.split_inclusive(|c: char| c.is_whitespace() || c == '"');
    words.map(|word| if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Response { status, headers, body: body.into() }
    }

    fn json(status: u16, code: &str, message: &str) -> Response {
        let body = serde_json::json!({"__type": code, "message": message}).to_string();
        answer(status, "application/json", &body)
    }

    const CRASH: &str = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n\
        <h1>Internal Server Error</h1>\n<p>The server encountered an internal error and was unable \
        to complete your request.</p>\n";

    /// Checks what a server that answers `unknown` to an unknown operation means by `reply` to
    /// `operation`.
    #[track_caller]
    fn check(unknown: &Response, operation: &str, reply: &Response, expected: bool) {
        let catalogue = Catalogue::load(&Default::default()).unwrap();
        let mut prints = Fingerprints::default();
        prints.insert("cognito-idp", Fingerprint::of(unknown, NO_SUCH_OPERATION));
        assert_eq!(prints.declines(&catalogue, "cognito-idp", operation, reply), expected);
    }

    // Recorded from the versions that the profiles name.
    #[test]
    fn emulators_decline_in_their_own_words() {
        let local = |what: &str| {
            let text = format!("Cognito Local unsupported feature: {what}");
            json(500, "CognitoLocal#Unsupported", &text)
        };
        let unknown = local("Unsupported x-amz-target header \"NoSuchOperationHere\"");
        check(&unknown, "GetDevice", &local("Unsupported x-amz-target header \"GetDevice\""), true);
        check(&unknown, "AdminInitiateAuth", &local("AdminInitAuth with AuthFlow=undefined"), true);
        check(&unknown, "AddCustomAttributes", &answer(500, "application/json", "{}"), false);
        let missing = json(400, "ResourceNotFoundException", "Resource not found");
        check(&unknown, "SignUp", &missing, false);

        let ministack =
            |name: &str| json(400, "InvalidAction", &format!("Unknown Cognito IDP action: {name}"));
        check(&ministack(NO_SUCH_OPERATION), "GetDevice", &ministack("GetDevice"), true);
        let invalid = json(400, "InvalidParameterException", "PoolName is required.");
        check(&ministack(NO_SUCH_OPERATION), "CreateUserPool", &invalid, false);

        let cognitox =
            |name: &str| json(501, "NotImplementedException", &format!("Not implemented: {name}"));
        check(
            &cognitox(NO_SUCH_OPERATION),
            "ListUserSessions",
            &cognitox("ListUserSessions"),
            true,
        );
        check(&cognitox(NO_SUCH_OPERATION), "CreateUserPool", &invalid, false);

        // A crash looks the same; the profile of moto therefore lists what it lacks.
        let moto = answer(500, "text/html; charset=utf-8", CRASH);
        check(&moto, "GetDevice", &moto, true);
        check(&moto, "SignUp", &missing, false);
    }

    #[test]
    fn other_known_faces_count_whatever_the_fingerprint() {
        let service = json(400, "UnknownOperationException", "");
        check(&service, "GetDevice", &service, true);
        let crash = json(500, "InternalFailure", "division by zero");
        check(&crash, "GetDevice", &answer(404, "text/plain", "not found"), true);
        check(&crash, "GetDevice", &answer(501, "text/plain", ""), true);
        check(&crash, "GetDevice", &json(501, "Whatever", ""), true);
        check(&crash, "GetDevice", &json(404, "ResourceNotFoundException", ""), false);
        check(&service, "GetDevice", &crash, false);
    }

    #[test]
    fn the_same_code_with_other_words_is_no_decline() {
        let unknown = json(500, "ServerError", "unknown action NoSuchOperationHere");
        check(&unknown, "GetDevice", &json(500, "ServerError", "unknown action GetDevice"), true);
        check(&unknown, "GetDevice", &json(500, "ServerError", "KeyError: 'PoolName'"), false);
    }

    #[test]
    fn a_server_with_one_answer_declines_nothing() {
        let constant = [
            json(400, "InvalidParameterException", "no"),
            json(400, "NotAuthorizedException", "no"),
            json(500, "InternalErrorException", "no"),
            answer(200, "application/x-amz-json-1.1", "{}"),
            answer(418, "text/plain", "I'm a teapot"),
        ];
        let catalogue = Catalogue::load(&Default::default()).unwrap();
        for reply in &constant {
            let mut prints = Fingerprints::default();
            for (service, operation) in catalogue.operations() {
                let id = &service.info.id;
                prints.insert(id, Fingerprint::of(reply, NO_SUCH_OPERATION));
                let declined = prints.declines(&catalogue, id, &operation.name, reply);
                assert!(!declined, "{}: {reply:?}", operation.name);
            }
        }
    }
}
