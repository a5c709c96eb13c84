//! Runs held against each other: what [`compare`] and [`diff`] find is plain data.
//!
//! A finding is the same in two runs when its id is. That it does not show in a run says something
//! only where the run played a case that showed it elsewhere: what was declined, skipped, cut short
//! or never asked is told as such, and is never taken for a promise kept. Nothing here reads what
//! was exchanged, so runs may come from [`read_brief`](crate::report::json::read_brief).

mod comparability;
mod compare;
mod diff;
mod heading;
mod kinds;
mod saying;
mod standing;

pub use comparability::{Aspect, Difference, differences};
pub use compare::{
    CaseSpread, Comparison, Figures, LevelRow, OperationRow, Selection, SelectionError, compare,
};
pub use diff::{CaseChange, CaseTurn, Change, Changes, Fate, LevelChange, Turn, diff};
pub use heading::{Entry, Heading};
pub use kinds::Promise;
pub use saying::Saying;
pub use standing::{Compared, Reach, Standing};

/// Version of the documents that comparisons serialise to.
pub const FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
