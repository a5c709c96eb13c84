//! No well-formed call makes the service fail.

use super::{Breach, Check, Promise, answered, summary};
use crate::catalogue::{Catalogue, Fault};
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "server-fault",
    level: Level::Errors,
    asks: "no call is answered with a fault of the service",
    promises: &[MODELLED],
    examine,
};

const MODELLED: Promise = Promise::new(
    Evidence::Modelled,
    "service model: only InternalErrorException is a fault of the service; every other error is the caller's",
);

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    // A caller's error with the wrong status is `status`'s.
    let known = call.refusal().and_then(|code| call.service.errors.get(&code));
    let callers = known.is_some_and(|error| error.fault == Fault::Client);
    if call.response.status < 500 || callers {
        return Vec::new();
    }
    vec![MODELLED.broken("status", "an output, or an error of the caller", summary(call.response))]
}
