//! Is every operation carried out and tested both ways, and every declared error reached by a
//! case or reasoned away?

use cognito_conformance::reachability::{Cell, Matrix, Row};
use cognito_conformance::suite::{Sources, Suite};

fn matrix() -> Matrix {
    Matrix::of(&Suite::load(&Sources::default()).expect("the committed suite loads"))
}

/// Asserts that no row is picked out by `lacks`.
#[track_caller]
fn check(lacks: impl Fn(&Row) -> bool) {
    let matrix = matrix();
    let lacking = matrix.rows.iter().filter(|row| lacks(row));
    let names: Vec<_> = lacking.map(|row| format!("{}:{}", row.service, row.operation)).collect();
    assert_eq!(names, [""; 0]);
}

#[test]
fn every_operation_is_implemented() {
    check(|row| !row.implemented);
    let matrix = matrix();
    let count = |service| matrix.rows.iter().filter(|row| row.service == service).count();
    assert_eq!((count("cognito-idp"), count("cognito-identity")), (141, 23));
}

#[test]
fn every_operation_is_accepted_in_some_case() {
    check(|row| row.accepted.is_none());
}

#[test]
fn every_operation_is_refused_in_some_case() {
    check(|row| row.refused.is_none());
}

#[test]
fn every_declared_error_is_reached_or_reasoned() {
    let matrix = matrix();
    let empty = matrix.rows.iter().flat_map(|row| {
        let empty = row.cells.iter().filter(|(_, cell)| **cell == Cell::Empty);
        empty.map(|(error, _)| format!("{}:{} {error}", row.service, row.operation))
    });
    assert_eq!(empty.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_reason_speaks_for_some_cell() {
    assert_eq!(matrix().redundant, [""; 0]);
}
