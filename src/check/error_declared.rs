//! An error code is one the operation declares, or one every operation may raise.

use super::{Breach, Check, Promise, answered};
use crate::catalogue::{Catalogue, Fault};
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "error-declared",
    level: Level::Errors,
    asks: "the error code is declared by the operation, or common to all",
    promises: &[MODELLED],
    examine,
};

const MODELLED: Promise =
    Promise::new(Evidence::Modelled, "service model, errors of the operation");

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let Some(code) = call.refusal() else { return Vec::new() };
    let known = call.service.errors.get(&code);
    let common = known.is_some_and(|error| error.common);
    // A fault of the service is `server-fault`'s, under whatever name.
    let server = known.is_some_and(|error| error.fault == Fault::Server);
    let declared = call.operation.errors.contains(&code);
    // The service raises a few codes it does not declare; the rulebook knows those it was seen
    // to raise.
    let ruled = || {
        let mut rules = catalogue.rules.about(&call.service.info.id, &call.operation.name);
        rules.any(|rule| rule.error.as_ref() == Some(&code) || rule.or_error.contains(&code))
    };
    if common || server || declared || ruled() {
        return Vec::new();
    }
    let expected =
        match crate::near::nearest(&code, call.operation.errors.iter().map(String::as_str)) {
            Some(near) => format!("a code that {} declares, such as {near}", call.operation.name),
            None => format!("a code that {} declares", call.operation.name),
        };
    vec![MODELLED.broken("/__type", expected, format!("`{code}`"))]
}
