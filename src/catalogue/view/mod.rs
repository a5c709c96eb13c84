//! Views of the catalogue for readers: pure functions that yield text and data, printing nothing.

mod diff;
mod show;
mod stats;

pub use diff::{Change, Diff, Part, Side, diff};
pub use show::show;
pub use stats::{ServiceStats, Stats, stats};
