//! Broken values: inputs in which one named constraint is violated at one place.
//!
//! What is expected of each follows from the constraint and the rulebook. Nothing here asks the
//! reference what it would answer: a test does.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub use super::apply::{apply_all, pairs};
use super::draw::one_of;
use super::values::Values;
use super::violate::{self, UNKNOWN_MEMBER};
use crate::catalogue::{Catalogue, Operation, Service};
use crate::outcome::Evidence;

/// One named constraint violated at exactly one place of an operation's input.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// JSON pointer into the input.
    pub pointer: String,
    /// Which constraint.
    pub kind: ViolationKind,
    /// What stands there instead.
    pub value: Broken,
    /// What must come of it.
    pub expected: Expected,
}

/// The constraints that can be violated, and the oddities that violate none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// A required member is left out.
    Missing,
    /// `null` stands there.
    Null,
    /// Another JSON type.
    WrongType,
    /// A text is shorter than its minimum. The empty one mostly breaks its pattern as well.
    TooShort,
    /// A text is longer than its maximum.
    TooLong,
    /// A number is less than its minimum.
    BelowRange,
    /// A number is greater than its maximum.
    AboveRange,
    /// A text is none of the enum's values.
    OutsideEnum,
    /// A text does not match its pattern.
    AgainstPattern,
    /// A list or map has fewer entries than its minimum.
    TooFewItems,
    /// A list or map has more entries than its maximum.
    TooManyItems,
    /// A map has a key that breaks the constraints of its keys.
    BadKey,
    /// A member that the model lacks.
    UnknownMember,
    /// A member stands there twice, with the same value.
    DuplicateKey,
    /// A text with control characters.
    ControlCharacters,
    /// A text with characters that change its direction.
    BidiCharacters,
    /// A text with half of a UTF-16 pair.
    LoneSurrogate,
    /// A number that no machine word holds.
    HugeNumber,
    /// A fraction where a whole number is modelled.
    Fraction,
    /// An empty list or map, where the shape allows one.
    EmptyCollection,
}

/// What stands at a violation's place.
#[derive(Clone, Debug, PartialEq)]
pub enum Broken {
    /// Nothing.
    Absent,
    /// This value.
    Value(Value),
    /// This JSON text, which no [`Value`] can hold.
    Text(String),
    /// What stands there already, under its name once more.
    Twice,
}

/// An input with its violation.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// As JSON.
    Input(Value),
    /// As the text of a request's body. Expressions in it stand as they do in JSON strings.
    Body(String),
}

/// What must come of a violation, as far as the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Refused for a broken constraint, in the words of this rule where one tells them. Where two
    /// constraints cannot but break together (the empty text), the words of both are joined.
    Constraint(Option<&'static str>),
    /// Refused for a broken constraint of an item, entry or key, with the code of this rule: its
    /// words are wrapped in ways that no rule tells.
    Wrapped(&'static str),
    /// The body is refused as a whole, in the words of this rule.
    Serialization(&'static str),
    /// Validation passes, and the operation sees the input as though the value was absent (`null`,
    /// an unknown member) or whole (a fraction); by this rule, where one says so.
    Harmless(Option<&'static str>),
    /// Nothing is promised but what every answer has to keep: a declared code, no fault of the
    /// server.
    Open,
}

impl ViolationKind {
    /// Every kind.
    pub const ALL: [Self; 20] = [
        Self::Missing,
        Self::Null,
        Self::WrongType,
        Self::TooShort,
        Self::TooLong,
        Self::BelowRange,
        Self::AboveRange,
        Self::OutsideEnum,
        Self::AgainstPattern,
        Self::TooFewItems,
        Self::TooManyItems,
        Self::BadKey,
        Self::UnknownMember,
        Self::DuplicateKey,
        Self::ControlCharacters,
        Self::BidiCharacters,
        Self::LoneSurrogate,
        Self::HugeNumber,
        Self::Fraction,
        Self::EmptyCollection,
    ];

    /// Returns the kind's name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Null => "null",
            Self::WrongType => "wrong-type",
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::BelowRange => "below-range",
            Self::AboveRange => "above-range",
            Self::OutsideEnum => "outside-enum",
            Self::AgainstPattern => "against-pattern",
            Self::TooFewItems => "too-few-items",
            Self::TooManyItems => "too-many-items",
            Self::BadKey => "bad-key",
            Self::UnknownMember => "unknown-member",
            Self::DuplicateKey => "duplicate-key",
            Self::ControlCharacters => "control-characters",
            Self::BidiCharacters => "bidi-characters",
            Self::LoneSurrogate => "lone-surrogate",
            Self::HugeNumber => "huge-number",
            Self::Fraction => "fraction",
            Self::EmptyCollection => "empty-collection",
        }
    }
}

impl Expected {
    /// Returns the error code `service` refuses with; `None` where it need not refuse.
    pub fn code(self, service: &str) -> Option<&'static str> {
        match self {
            Self::Constraint(_) | Self::Wrapped(_) => {
                Some(crate::reference::fault::constraint_code(service))
            }
            Self::Serialization(_) => Some("SerializationException"),
            Self::Harmless(_) | Self::Open => None,
        }
    }

    /// Returns the rule that promises it, where one does.
    pub fn rule(self) -> Option<&'static str> {
        match self {
            Self::Constraint(rule) | Self::Harmless(rule) => rule,
            Self::Wrapped(rule) | Self::Serialization(rule) => Some(rule),
            Self::Open => None,
        }
    }

    /// Tells whether the call must be refused.
    pub fn refused(self) -> bool {
        matches!(self, Self::Constraint(_) | Self::Wrapped(_) | Self::Serialization(_))
    }

    /// Returns how well the promise is supported: as its rule is; what no rule says is inferred.
    pub fn evidence(self, catalogue: &Catalogue) -> Evidence {
        let rule = self.rule().and_then(|id| catalogue.rules.get(id));
        rule.map_or(Evidence::Inferred, |rule| rule.evidence)
    }
}

impl fmt::Display for Violation {
    /// Says what is broken where, never with which value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind.name(), self.pointer)
    }
}

/// Returns every single violation that the shape of an operation's input allows, in the same
/// order each time.
///
/// `base` is a sound input. Strings in it that hold `${…}` are never looked into, only replaced.
/// Members inside of one another are broken as far as `base` has them; of a list or map the first
/// entry is. Optional members that a structure of `base` lacks are broken too, by what the model
/// constrains.
pub fn violations(
    service: &Service,
    operation: &Operation,
    base: &Value,
    values: &mut Values,
    rng: &mut ChaCha8Rng,
) -> Vec<Violation> {
    violate::walk(service, operation, base, None, values, rng)
}

/// Returns those of one member of the input, drawn among all: making every violation to choose
/// one costs as much as a few calls.
pub(super) fn violations_of_one(
    service: &Service,
    operation: &Operation,
    base: &Value,
    values: &mut Values,
    rng: &mut ChaCha8Rng,
) -> Vec<Violation> {
    let there = base.as_object().into_iter().flat_map(|members| members.keys());
    let absent = operation.input.properties.iter().flat_map(|members| members.keys());
    let required = &operation.input.required;
    let absent = absent.filter(|name| base.get(name).is_none() && !required.contains(*name));
    let stranger = UNKNOWN_MEMBER.to_owned();
    let names: Vec<&String> = there.chain(absent).chain([&stranger]).collect();
    let chosen = one_of(rng, &names).map(|name| name.as_str());
    violate::walk(service, operation, base, chosen, values, rng)
}

impl Violation {
    /// Returns `base` with this violation in it. A place that `base` lacks leaves it as it is.
    pub fn apply(&self, base: &Value) -> Applied {
        apply_all(&[self], base)
    }
}
