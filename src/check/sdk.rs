//! The official SDK makes of every response what it is.

use super::{Breach, Check, Promise, answered};
use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::{Exchange, SdkVerdict};

pub(super) const CHECK: Check = Check {
    id: "sdk",
    level: Level::Schema,
    asks: "the official SDK parses the answer and reads the error code in it",
    promises: &[PARSES, KNOWS],
    examine,
};

const PARSES: Promise = Promise::new(
    Evidence::Documented,
    "the official SDK for Rust, generated from the service model, parses the service's answers",
);

/// The SDK in the lock file and the catalogue's model are of different days.
const KNOWS: Promise = Promise::new(
    Evidence::Inferred,
    "the official SDK for Rust has a variant for each error its own model declares",
);

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let code = call.refusal();
    // Nobody reads a code where none stands: `error-body` or `server-fault` tells of that.
    if code.is_none() && !call.response.is_success() {
        return Vec::new();
    }
    let breach = match &exchange.sdk {
        None => None,
        Some(SdkVerdict::Unparsable { detail }) => {
            Some(PARSES.broken("body", "an answer that the SDK parses", detail))
        }
        Some(SdkVerdict::Output) => (!call.response.is_success())
            .then(|| PARSES.broken("status", "an error to the SDK", "it read an output")),
        Some(SdkVerdict::Error { code: read, .. }) if call.response.is_success() => {
            let read = read.as_deref().unwrap_or("an error without a code");
            Some(PARSES.broken("status", "an output to the SDK", format!("it read {read}")))
        }
        Some(SdkVerdict::Error { code: read, modelled, .. }) => {
            let declared = code.as_ref().is_some_and(|code| call.operation.errors.contains(code));
            let pointer = "/__type";
            if *read != code {
                let named = |code: &Option<String>| code.clone().unwrap_or("no code".into());
                let expected = format!("{} to the SDK", named(&code));
                Some(PARSES.broken(pointer, expected, format!("it read {}", named(read))))
            } else if declared && !modelled {
                let expected = "the SDK's own variant of a declared error";
                Some(KNOWS.broken(pointer, expected, "an error it does not know"))
            } else {
                None
            }
        }
    };
    breach.into_iter().collect()
}
