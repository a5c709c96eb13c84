//! The committed catalogue: it loads, is complete, and can be read.

use cognito_conformance::catalogue::{Catalogue, Source};

fn catalogue() -> Catalogue {
    Catalogue::load(&Source::Embedded).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_operation_of_both_services_is_there() {
    let catalogue = catalogue();
    assert_eq!(catalogue.services["cognito-idp"].operations.len(), 141);
    assert_eq!(catalogue.services["cognito-identity"].operations.len(), 23);
}
