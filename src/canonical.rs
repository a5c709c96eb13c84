//! Volatile and secret values become stable names, identity kept.
//!
//! Two uses of one mechanism: *redaction* takes secrets out of whatever leaves the process
//! ([`Redactor`], [`record`], [`curl()`]); the *canonical form* also names server-chosen ids and
//! times, so that two transcripts of the same behaviour are equal ([`canonical`]).

mod aws_cli;
mod classify;
mod curl;
mod form;
mod names;
pub(crate) mod personal;
mod redact;

pub use aws_cli::aws_cli;
pub(crate) use classify::{class_of, each_leaf, rebuild};
pub use curl::curl;
pub(crate) use curl::quote;
pub use form::canonical;
pub(crate) use names::{forms, jwt};
pub use redact::{Redactor, record, redact_input, redact_output};
