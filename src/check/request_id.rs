//! Every answer names its request in `x-amzn-requestid`.

use super::{Breach, Check, Promise, answered};
use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;

pub(super) const CHECK: Check = Check {
    id: "request-id",
    level: Level::Wire,
    asks: "every answer has an `x-amzn-requestid`, a UUID",
    promises: &[SEEN, UUID],
    examine,
};

const SEEN: Promise = Promise::new(
    Evidence::Observed,
    "getmoto/moto issue 7162; floci-io/floci src/test/resources/fixtures/aws-cognito",
);
/// Clients treat it as opaque text.
const UUID: Promise =
    Promise::new(Evidence::Inferred, "every recorded id is a UUID; nothing promises it");

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let pointer = "header:x-amzn-requestid";
    match call.response.header("x-amzn-requestid").map(str::trim) {
        None | Some("") => vec![SEEN.broken(pointer, "a request id", "absent")],
        Some(id) if id.len() == 36 && uuid::Uuid::try_parse(id).is_ok() => Vec::new(),
        Some(id) => vec![UUID.broken(pointer, "a UUID", id)],
    }
}
