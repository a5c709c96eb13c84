//! The official clients as a transport: their signing, and their verdict on every response.
//!
//! A client method is called with an empty input; an interceptor puts our JSON in the place of
//! the body it wrote, before signing, so that invalid input can be sent too. Requests leave
//! through [`Http`], which keeps the raw bytes. Retries and time limits of the SDK are off: the
//! limits are ours.
//!
//! Falls back to plain HTTP, without a verdict, for raw requests, for signed operations that are
//! to go out unsigned, and for operations the SDK does not have.

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::http::{Http, millis};
use super::sdk_operations::{COGNITO_IDENTITY, COGNITO_IDP, find};
use super::{Boxed, Reply, Transport};
use crate::catalogue::{Auth, Catalogue};
use crate::transcript::{Call, SdkVerdict};
use crate::wire::{Request, Response, TransportError};

/// The transport. Cheap to clone; its clients are shared.
#[derive(Clone, Debug)]
pub struct Sdk {
    http: Http,
    catalogue: Arc<Catalogue>,
    user_pools: aws_sdk_cognitoidentityprovider::Client,
    identity_pools: aws_sdk_cognitoidentity::Client,
}

impl Sdk {
    /// Returns a transport that sends through `http`, with its credentials and region.
    pub fn new(http: Http, catalogue: Arc<Catalogue>) -> Self {
        /// The two crates' configurations are different types of the same shape.
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::Config::builder()
                        .behavior_version_latest()
                        .region($sdk::config::Region::new(http.signing().region().to_owned()))
                        .credentials_provider(credentials(&http))
                        .identity_cache($sdk::config::IdentityCache::no_cache())
                        .endpoint_url(http.url())
                        .retry_config(RetryConfig::disabled())
                        .timeout_config(TimeoutConfig::disabled())
                        .stalled_stream_protection(
                            $sdk::config::StalledStreamProtectionConfig::disabled(),
                        )
                        .http_client(Wire(http.clone()))
                        .build(),
                )
            };
        }
        let user_pools = client!(aws_sdk_cognitoidentityprovider);
        let identity_pools = client!(aws_sdk_cognitoidentity);
        Self { http, catalogue, user_pools, identity_pools }
    }

    /// Starts the SDK's call of an operation; `None` when it is to go out as plain HTTP.
    fn play(&self, call: &Call, record: &Record) -> Option<Boxed<'static, Option<SdkVerdict>>> {
        let Call::Api { service, operation, input, signed } = call else { return None };
        let found = self.catalogue.services.get(service)?.operations.get(operation)?;
        if found.auth == Auth::Sigv4 && !signed {
            return None;
        }
        let swap = || Swap { body: input.to_string().into_bytes(), record: record.clone() };
        match service.as_str() {
            "cognito-idp" => Some(find(COGNITO_IDP, operation)?(&self.user_pools, swap())),
            "cognito-identity" => {
                Some(find(COGNITO_IDENTITY, operation)?(&self.identity_pools, swap()))
            }
            _ => None,
        }
    }
}

impl Transport for Sdk {
    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply> {
        Box::pin(async move {
            let started = Instant::now();
            let record = Record::default();
            let Some(playing) = self.play(call, &record) else {
                return self.http.send(call).await;
            };
            let sdk = playing.await;
            let elapsed_ms = millis(started.elapsed());
            match record.take() {
                Some((request, reply)) => {
                    let sdk = reply.is_ok().then_some(sdk).flatten();
                    Reply { request, reply, sdk, elapsed_ms }
                }
                // The client refused to send.
                None => self.http.send(call).await,
            }
        })
    }
}

fn credentials(http: &Http) -> aws_credential_types::Credentials {
    let key = &http.signing().credentials;
    aws_credential_types::Credentials::new(
        &key.access_key,
        &key.secret_key,
        key.session_token.clone(),
        None,
        "cognito-conformance",
    )
}

/// What went over the wire in one call.
#[derive(Clone, Debug, Default)]
struct Record(Arc<Mutex<Option<Traffic>>>);

type Traffic = (Request, Result<Response, TransportError>);

impl Record {
    fn put(&self, traffic: Traffic) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(traffic);
    }

    fn take(&self) -> Option<Traffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Replaces the body a client wrote by ours, and tells the connector where to keep the bytes.
#[derive(Debug)]
pub(crate) struct Swap {
    body: Vec<u8>,
    record: Record,
}

impl Intercept for Swap {
    fn name(&self) -> &'static str {
        "Swap"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().try_insert("content-length", self.body.len().to_string())?;
        *request.body_mut() = SdkBody::from(self.body.clone());
        request.add_extension(self.record.clone());
        Ok(())
    }
}

/// The HTTP client the SDK is given.
#[derive(Clone, Debug)]
struct Wire(Http);

impl HttpClient for Wire {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let record = request.extension::<Record>().cloned().unwrap_or_default();
            let request = outgoing(&request, http.url());
            let reply = http.exchange(&request).await;
            let answer = match &reply {
                Ok(response) => Ok(incoming(response)),
                Err(error) => Err(ConnectorError::io(error.clone().into())),
            };
            record.put((request, reply));
            answer
        })
    }
}

/// Returns the request without the endpoint, which is put before its path again when it is sent.
fn outgoing(request: &HttpRequest, endpoint: &str) -> Request {
    let path = request.uri().strip_prefix(endpoint).unwrap_or_default();
    let path = if path.is_empty() { "/" } else { path };
    let headers = request.headers().iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
    Request {
        method: request.method().into(),
        path: path.into(),
        headers: headers.collect(),
        body: request.body().bytes().unwrap_or_default().to_vec(),
    }
}

/// Returns the response as the SDK takes it. A header it cannot hold is left out.
fn incoming(response: &Response) -> HttpResponse {
    let status = StatusCode::try_from(response.status)
        .unwrap_or_else(|_| StatusCode::try_from(500).expect("500 is a status code"));
    let mut answer = HttpResponse::new(status, SdkBody::from(response.body.to_vec()));
    for (name, value) in &response.headers {
        let _ = answer.headers_mut().try_append(name.clone(), value.clone());
    }
    answer
}

/// Returns what the SDK made of a response; `None` when none reached it.
pub(crate) fn conclude<T, E>(result: Result<T, SdkError<E, HttpResponse>>) -> Option<SdkVerdict>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match result {
        Ok(_) => Some(SdkVerdict::Output),
        Err(SdkError::ServiceError(error)) => {
            let error = error.err();
            // An error enum of the SDK says that it does not know a code by its variant
            // `Unhandled`, which must not be matched by name; its debug form shows it.
            let modelled = !format!("{error:?}").starts_with("Unhandled");
            Some(refusal(error.meta(), modelled))
        }
        Err(error @ SdkError::ResponseError(_)) => {
            error.into_source().ok().map(|source| response_error(&*source))
        }
        Err(_) => None,
    }
}

fn refusal(error: &ErrorMetadata, modelled: bool) -> SdkVerdict {
    let (code, message) = (error.code().map(str::to_owned), error.message().map(str::to_owned));
    SdkVerdict::Error { code, message, modelled }
}

/// Judges what the SDK calls a broken response: it is one, or an error that names no code.
fn response_error(error: &(dyn Error + 'static)) -> SdkVerdict {
    let mut detail = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(codeless) = inner.downcast_ref::<ErrorMetadata>() {
            return refusal(codeless, false);
        }
        detail = format!("{detail}: {inner}");
        cause = inner.source();
    }
    SdkVerdict::Unparsable { detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operations of the newest model that the SDK crates in the lock file do not have.
    const NOT_IN_THE_SDK: &[&str] = &[
        "AdminListUserSessions",
        "AdminRevokeUserSession",
        "GetDerivedToken",
        "GetUserPoolClientSessionConfiguration",
        "GetUserPoolSessionConfiguration",
        "ListUserSessions",
        "RevokeUserSession",
        "SetUserPoolClientSessionConfiguration",
        "SetUserPoolSessionConfiguration",
    ];

    #[test]
    fn every_operation_goes_through_the_sdk_or_is_known_to_be_missing_there() {
        let catalogue = Catalogue::load(&Default::default()).unwrap();
        let mut played: Vec<&str> = Vec::new();
        played.extend(COGNITO_IDP.iter().map(|(name, _)| *name));
        played.extend(COGNITO_IDENTITY.iter().map(|(name, _)| *name));
        played.extend(NOT_IN_THE_SDK);
        let mut all: Vec<&str> = catalogue.operations().map(|(_, op)| op.name.as_str()).collect();
        played.sort_unstable();
        all.sort_unstable();
        assert_eq!(played, all);
        assert!(COGNITO_IDP.is_sorted_by_key(|(name, _)| name));
        assert!(COGNITO_IDENTITY.is_sorted_by_key(|(name, _)| name));
    }
}
