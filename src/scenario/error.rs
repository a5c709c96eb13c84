//! What is wrong with a scenario file, and where.

use std::fmt;

use super::node::At;

/// A scenario file that cannot be run as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// Where the path begins: `scenarios/`, unless it was read from elsewhere.
    pub root: String,
    /// Path below it.
    pub path: String,
    /// Where in it.
    pub at: At,
    /// The line itself.
    pub line: String,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The file cannot be read at all.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Not YAML, or not of the format.
    #[error("{0}")]
    Format(String),
    /// A name that nothing has; the text holds the near match.
    #[error("{0}")]
    Unknown(String),
    /// A step does nothing, or several things.
    #[error(
        "a step does exactly one of call, raw, get, mail, clock, wait, let, invoked; this one does {0}"
    )]
    Action(String),
    /// Parts that do not go together.
    #[error("{0}")]
    Misfit(String),
    /// A set-up builds on itself.
    #[error("set-up `{name}` builds on itself")]
    SetUpCycle {
        /// The set-up.
        name: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.root, self.path)?;
        if self.at.line > 0 {
            write!(f, ":{}:{}", self.at.line, self.at.column)?;
        }
        write!(f, ": {}", self.kind)?;
        if !self.line.trim().is_empty() {
            let gutter = self.at.line.to_string();
            write!(f, "\n {gutter} | {}", self.line)?;
            let column = usize::try_from(self.at.column.saturating_sub(1)).unwrap_or_default();
            write!(f, "\n {} | {}^", " ".repeat(gutter.len()), " ".repeat(column.min(200)))?;
        }
        Ok(())
    }
}

impl ParseError {
    /// Returns the error at a place of the file with this text.
    pub(super) fn new(path: &str, text: &str, at: At, kind: ParseErrorKind) -> Self {
        let index = usize::try_from(at.line).unwrap_or_default();
        let line =
            index.checked_sub(1).and_then(|index| text.lines().nth(index)).unwrap_or_default();
        let root = "scenarios/".into();
        Self { root, path: path.into(), at, line: line.chars().take(200).collect(), kind }
    }
}
