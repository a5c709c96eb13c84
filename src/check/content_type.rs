//! Every answer is `application/x-amz-json-1.1`, errors and zero-length bodies included.

use super::{Breach, Check, Promise, answered};
use crate::catalogue::Catalogue;
use crate::outcome::{Evidence, Level};
use crate::transcript::Exchange;
use crate::wire::CONTENT_TYPE;

pub(super) const CHECK: Check = Check {
    id: "content-type",
    level: Level::Wire,
    asks: "every answer is `application/x-amz-json-1.1`",
    promises: &[SEEN, PARAMETER],
    examine,
};

const SEEN: Promise = Promise::new(
    Evidence::Observed,
    "recordings, cloud-custodian/cloud-custodian tests/data/placebo; errors: aws-amplify/amplify-js issue 1906",
);
/// Nobody has seen the service send a parameter, and no client trips over one.
const PARAMETER: Promise =
    Promise::new(Evidence::Inferred, "no recorded answer has a parameter after the media type");

fn examine(catalogue: &Catalogue, exchange: &Exchange) -> Vec<Breach> {
    let Some(call) = answered(catalogue, exchange) else { return Vec::new() };
    let pointer = "header:content-type";
    let Some(value) = call.response.header("content-type") else {
        return vec![SEEN.broken(pointer, CONTENT_TYPE, "absent")];
    };
    let (media, parameter) = match value.split_once(';') {
        Some((media, parameter)) => (media.trim(), Some(parameter)),
        None => (value.trim(), None),
    };
    if !media.eq_ignore_ascii_case(CONTENT_TYPE) {
        vec![SEEN.broken(pointer, CONTENT_TYPE, value)]
    } else if parameter.is_some() {
        vec![PARAMETER.broken(pointer, CONTENT_TYPE, value)]
    } else {
        Vec::new()
    }
}
