//! Turns a [`Run`](crate::outcome::Run), or runs [held against each other](crate::differential),
//! into bytes: terminal text, JSON, JUnit XML, Markdown.
//!
//! Every report is a function of the run alone; none talks to a target, reads a clock or looks
//! at the environment. What a target sent is shown, never obeyed: control characters, colour
//! codes and direction marks come out as escapes. Secrets were replaced before a run was made.

pub mod changed;
pub mod compared;
pub mod grades;
pub mod json;
pub mod junit;
pub mod killed;
mod promise;
pub mod proxied;
pub mod sheet;
pub mod summary;
pub mod terminal;
pub(crate) mod text;

pub use summary::{FindingGroup, Reason, Summary, roll_up};
