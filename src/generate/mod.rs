//! Generated request sequences: values from shapes, broken values, coverage and random sequences,
//! shrinking. What comes out are [`crate::scenario::Scenario`]s like the written ones, so that one
//! runner plays them and one set of checks judges them.

mod apply;
mod boundaries;
pub mod broken;
pub mod dictionary;
mod draw;
mod pattern;
#[cfg(test)]
mod tests;
mod text;
pub mod values;
mod violate;
