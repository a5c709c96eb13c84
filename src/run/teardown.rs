//! Deletes what a case created, whatever happened: automatic, from `resources.yaml`.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Session;
use super::play::send_once;
use crate::catalogue::{Auth, Catalogue, Creator, Resource, Service};
use crate::transcript::{Call, Exchange, Place, Transcript};

/// Time one delete may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A resource that outlives its case unless it is deleted.
struct Created {
    service: String,
    kind: String,
    handle: Map<String, Value>,
    input: Value,
}

/// Deletes what the transcript's calls created, newest first, and records the exchanges.
///
/// Returns what could not be deleted, with the reason.
pub(super) async fn tear_down(session: &Session, transcript: &mut Transcript) -> Vec<String> {
    let catalogue = session.catalogue.clone();
    let mut leaked = Vec::new();
    for created in created(&catalogue, transcript).into_iter().rev() {
        let service = &catalogue.services[&created.service];
        let resource = &service.resources[&created.kind];
        let Some(delete) = resource.delete.first() else { continue };
        for call in clearing(service, resource, &created) {
            let exchange = bounded(session, &call).await;
            transcript.exchanges.extend(exchange);
        }
        let delete_call = api(service, delete, Value::Object(created.handle.clone()));
        let mut exchange = bounded(session, &delete_call).await;
        if exchange.as_ref().is_some_and(|exchange| !gone(exchange)) {
            // It may have come to need clearing after it was created: protection switched on later.
            let later = resource.before_delete.iter().map(|before| {
                let mut input = created.handle.clone();
                input.extend(before.with.clone());
                api(service, &before.operation, Value::Object(input))
            });
            let later: Vec<_> = later.chain(stops(service, transcript, &created)).collect();
            for call in later {
                transcript.exchanges.extend(exchange.take());
                transcript.exchanges.extend(bounded(session, &call).await);
                exchange = bounded(session, &delete_call).await;
            }
        }
        let Some(exchange) = exchange else {
            leaked.push(format!("{} {}: {delete} took too long", created.kind, handle(&created)));
            continue;
        };
        if !gone(&exchange) {
            let cause = match &exchange.reply {
                Ok(response) => {
                    response.error_code().unwrap_or_else(|| response.status.to_string())
                }
                Err(error) => error.to_string(),
            };
            leaked.push(format!(
                "{} {}: {delete} answered {cause}",
                created.kind,
                handle(&created)
            ));
        }
        transcript.exchanges.push(exchange);
    }
    leaked
}

fn handle(created: &Created) -> String {
    let texts = created.handle.values().map(|v| v.as_str().unwrap_or_default());
    texts.collect::<Vec<_>>().join(" ")
}

/// Lists the resources that calls created and no later call deleted, oldest first.
fn created(catalogue: &Catalogue, transcript: &Transcript) -> Vec<Created> {
    let mut found: Vec<Created> = Vec::new();
    for exchange in &transcript.exchanges {
        let Some(output) = exchange.output() else { continue };
        let Some((service, operation, input)) = asked(&exchange.call) else { continue };
        let Some(known) = catalogue.services.get(service) else { continue };
        for (kind, resource) in &known.resources {
            if resource.delete.iter().any(|delete| delete == operation) {
                found.retain(|c| c.kind != *kind || !names(&input, &c.handle));
            }
            if resource.within.is_some() {
                continue; // dies with what it lives in
            }
            let creator = resource.create.iter().find(|creator| creator.operation == operation);
            if let Some(handle) = creator.and_then(|c| handle_of(c, &input, &output)) {
                let (service, kind) = (service.to_owned(), kind.clone());
                let input = input.clone().into_owned();
                found.push(Created { service, kind, handle, input });
            }
        }
    }
    found
}

/// Returns what an exchange asked for: service, operation and input; of a raw request as far as it
/// is a call after all.
fn asked(call: &Call) -> Option<(&str, &str, Cow<'_, Value>)> {
    match call {
        Call::Api { service, operation, input, .. } => {
            Some((service, operation, Cow::Borrowed(input)))
        }
        Call::Raw { service, request, .. } => {
            let (_, operation) = request.header("x-amz-target")?.split_once('.')?;
            Some((service, operation, Cow::Owned(serde_json::from_slice(&request.body).ok()?)))
        }
        Call::Events { .. } => None,
    }
}

fn names(input: &Value, handle: &Map<String, Value>) -> bool {
    handle.iter().all(|(name, value)| input.get(name) == Some(value))
}

fn handle_of(creator: &Creator, input: &Value, output: &Value) -> Option<Map<String, Value>> {
    let found = creator.handle.iter().map(|(member, place)| {
        let value = match place.split_once(':')? {
            ("input", pointer) => input.pointer(pointer),
            ("output", pointer) => output.pointer(pointer),
            _ => None,
        };
        Some((member.clone(), value.filter(|value| value.is_string())?.clone()))
    });
    found.collect()
}

/// The calls that clear the way for a delete.
fn clearing(service: &Service, resource: &Resource, created: &Created) -> Vec<Call> {
    let applies = |conditions: &std::collections::BTreeMap<String, Value>| {
        conditions.iter().all(|(pointer, value)| created.input.pointer(pointer) == Some(value))
    };
    let wanted = resource.before_delete.iter().filter(|before| applies(&before.only_if));
    let calls = wanted.map(|before| {
        let mut input = created.handle.clone();
        input.extend(before.with.clone());
        api(service, &before.operation, Value::Object(input))
    });
    calls.collect()
}

/// The calls that stop the import jobs that were started in a pool: while one runs, the pool
/// cannot be deleted.
fn stops(service: &Service, transcript: &Transcript, created: &Created) -> Vec<Call> {
    let started = transcript.exchanges.iter().filter_map(|exchange| {
        let (_, operation, input) = asked(&exchange.call)?;
        let started = operation == "StartUserImportJob" && exchange.success().is_some();
        input.get("JobId").filter(|_| started && names(&input, &created.handle)).cloned()
    });
    let stop = |job: Value| {
        let mut input = created.handle.clone();
        input.insert("JobId".into(), job);
        api(service, "StopUserImportJob", Value::Object(input))
    };
    started.map(stop).collect()
}

fn api(service: &Service, operation: &str, input: Value) -> Call {
    let signed = service.operations.get(operation).is_none_or(|op| op.auth == Auth::Sigv4);
    Call::Api { service: service.info.id.clone(), operation: operation.into(), input, signed }
}

async fn bounded(session: &Session, call: &Call) -> Option<Exchange> {
    tokio::time::timeout(LIMIT, send_once(session, call, &Place::Teardown)).await.ok()
}

/// A delete that succeeded, or found nothing to delete.
fn gone(exchange: &Exchange) -> bool {
    let Ok(response) = &exchange.reply else { return false };
    let code = response.error_code();
    // Domains that are not there are told of as wrong parameters.
    let no_domain = || response.error_message().is_some_and(|text| text.contains("No such domain"));
    response.is_success()
        || code.as_deref() == Some("ResourceNotFoundException")
        || (code.as_deref() == Some("InvalidParameterException") && no_domain())
}
