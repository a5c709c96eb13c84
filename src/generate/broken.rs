//! Broken values: inputs in which one named constraint is violated at one place.
//!
//! What is expected of each follows from the constraint and the rulebook. Nothing here asks the
//! reference what it would answer: a test does.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::values::Values;
use super::violate;
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
    violate::walk(service, operation, base, values, rng)
}

impl Violation {
    /// Returns `base` with this violation in it. A place that `base` lacks leaves it as it is.
    pub fn apply(&self, base: &Value) -> Applied {
        apply_all(&[self], base)
    }
}

/// Returns `base` with several violations in it, none inside another's place.
pub fn apply_all(violations: &[&Violation], base: &Value) -> Applied {
    let mut input = base.clone();
    let mut texts = Vec::new();
    for (count, violation) in violations.iter().enumerate() {
        let stand_in = Value::from(format!("\u{f8ff}{count}\u{f8ff}"));
        let name = unescaped(violation.pointer.rsplit('/').next().unwrap_or_default());
        match &violation.value {
            Broken::Absent => drop(put(&mut input, &violation.pointer, None)),
            Broken::Value(value) => drop(put(&mut input, &violation.pointer, Some(value.clone()))),
            Broken::Text(text) => {
                if put(&mut input, &violation.pointer, Some(stand_in.clone())).is_some() {
                    texts.push((stand_in.to_string(), text.clone()));
                }
            }
            Broken::Twice => {
                let there = input.pointer(&violation.pointer).cloned();
                if let Some(there) = there
                    && put(&mut input, &violation.pointer, Some(stand_in.clone())).is_some()
                {
                    let twice = format!("{there},{}:{there}", Value::from(name));
                    texts.push((stand_in.to_string(), twice));
                }
            }
        }
    }
    if texts.is_empty() {
        return Applied::Input(input);
    }
    let body = input.to_string();
    Applied::Body(texts.iter().fold(body, |body, (from, to)| body.replacen(from, to, 1)))
}

/// Puts a value at a place, or removes what is there; `None` where there is no such place.
fn put(input: &mut Value, pointer: &str, value: Option<Value>) -> Option<()> {
    let (parent, name) = pointer.rsplit_once('/')?;
    let name = unescaped(name);
    match input.pointer_mut(parent)? {
        Value::Object(members) => match value {
            Some(value) => drop(members.insert(name, value)),
            None => drop(members.remove(&name)),
        },
        Value::Array(items) => *items.get_mut(name.parse::<usize>().ok()?)? = value?,
        _ => return None,
    }
    Some(())
}

/// Returns a part of a JSON pointer as the name it stands for.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Most pairs of one input.
const PAIRS: usize = 48;

/// Returns pairs of violations at different places that must both be refused: which of them the
/// answer speaks of, or that it speaks of both, is what they are for.
///
/// Each two kinds meet once as far as the places allow, and the choice is the same each time.
pub fn pairs(violations: &[Violation]) -> Vec<(usize, usize)> {
    let mut met = std::collections::BTreeSet::new();
    let mut pairs = Vec::new();
    let refused: Vec<usize> =
        (0..violations.len()).filter(|at| violations[*at].expected.refused()).collect();
    for (nth, &one) in refused.iter().enumerate() {
        for &other in &refused[nth + 1..] {
            let (a, b) = (&violations[one], &violations[other]);
            let kinds = (a.kind.min(b.kind), a.kind.max(b.kind));
            if apart(&a.pointer, &b.pointer) && met.insert(kinds) {
                pairs.push((one, other));
                if pairs.len() == PAIRS {
                    return pairs;
                }
            }
        }
    }
    pairs
}

/// Tells whether neither place lies in the other.
fn apart(one: &str, other: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !within(one, other) && !within(other, one)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use rand_chacha::rand_core::SeedableRng;
    use serde_json::json;

    use super::*;
    use crate::catalogue::Source;
    use crate::generate::dictionary::Dictionary;
    use crate::reference::{Call, Fault, Reference};

    fn catalogue() -> Arc<Catalogue> {
        Arc::new(Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads"))
    }

    fn found(catalogue: &Catalogue, operation: &str, base: &Value) -> Vec<Violation> {
        let (service, operation) = catalogue.operation(operation).expect("a known operation");
        let mut values = Values::new(Dictionary::ours());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        violations(service, operation, base, &mut values, &mut rng)
    }

    /// Answers as the reference's server would.
    fn answer(
        reference: &mut Reference,
        service: &str,
        operation: &str,
        sent: &Applied,
    ) -> Option<Fault> {
        let input = match sent {
            Applied::Input(input) => Ok(input.clone()),
            Applied::Body(text) => serde_json::from_str(text),
        };
        let Ok(input) = input else { return Some(Fault::Serialization(String::new())) };
        let call = Call { service, operation, input: &input, signed: true };
        reference.call(&call, 1_750_000_000_000).err()
    }

    #[test]
    fn the_reference_answers_every_violation_as_expected() {
        let catalogue = catalogue();
        let mut values = Values::new(Dictionary::ours());
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut several = BTreeSet::new();
        let mut counts: BTreeMap<ViolationKind, usize> = BTreeMap::new();
        for (service, operation) in catalogue.operations() {
            let (service_id, name) = (&service.info.id, &operation.name);
            for optional in [0.4, 1.0] {
                let base = values.fitting(service, name, &operation.input, optional, &mut rng);
                let mut reference = Reference::new(catalogue.clone(), 3);
                for violation in violations(service, operation, &base, &mut values, &mut rng) {
                    *counts.entry(violation.kind).or_default() += 1;
                    let sent = violation.apply(&base);
                    let fault = answer(&mut reference, service_id, name, &sent);
                    let as_expected = match (violation.expected, &fault) {
                        (Expected::Constraint(rule), Some(Fault::Constraints(texts))) => {
                            if texts.len() > 1 {
                                several.insert(violation.kind);
                            }
                            let code = violation.expected.code(service_id);
                            let error = fault.as_ref().map(|f| f.render(&catalogue, service_id));
                            let error = error.expect("a fault");
                            let rule = rule.map(|id| catalogue.rules.get(id).expect("a rule"));
                            !texts.is_empty()
                                && code == Some(&*error.code)
                                && rule.is_none_or(|rule| {
                                    texts.len() > 1 || rule.message_matches(&error.message)
                                })
                        }
                        (Expected::Wrapped(rule), Some(Fault::Constraints(texts))) => {
                            texts.len() == 1 && catalogue.rules.get(rule).is_some()
                        }
                        (Expected::Serialization(rule), Some(Fault::Serialization(text))) => {
                            catalogue.rules.get(rule).expect("a rule").message_matches(text)
                        }
                        (Expected::Harmless(rule), fault) => {
                            rule.is_none_or(|id| catalogue.rules.get(id).is_some())
                                && !matches!(
                                    fault,
                                    Some(Fault::Constraints(_) | Fault::Serialization(_))
                                )
                        }
                        (Expected::Open, _) => true,
                        _ => false,
                    };
                    let shown: String =
                        format!("{:?}", violation.value).chars().take(200).collect();
                    assert!(
                        as_expected,
                        "{name}: {violation} ({shown}), expected {:?}, got {fault:?}",
                        violation.expected
                    );
                }
            }
        }
        let missing: Vec<_> =
            ViolationKind::ALL.iter().filter(|k| !counts.contains_key(k)).collect();
        assert_eq!(missing, Vec::<&ViolationKind>::new());
        // The empty text breaks most patterns too, and not every pattern lets a text get long.
        assert_eq!(
            several.into_iter().collect::<Vec<_>>(),
            [ViolationKind::TooShort, ViolationKind::TooLong]
        );
    }

    /// Fails unless breaking `base` of `operation` gives exactly one such violation, and returns it.
    #[track_caller]
    fn check(operation: &str, base: &Value, pointer: &str, kind: ViolationKind, expected: Applied) {
        let all = found(&catalogue(), operation, base);
        let at = |v: &&Violation| v.pointer == pointer && v.kind == kind;
        let applied: Vec<_> =
            all.iter().filter(at).map(|violation| violation.apply(base)).collect();
        assert!(applied.contains(&expected), "{applied:?}");
    }

    #[test]
    fn one_place_changes_and_expressions_stay() {
        let base = json!({"UserPoolId": "${pool}", "Limit": 5});
        let id = "/UserPoolId";
        let users = |input: Value| Applied::Input(input);
        check("ListUsers", &base, id, ViolationKind::Missing, users(json!({"Limit": 5})));
        check(
            "ListUsers",
            &base,
            "/Limit",
            ViolationKind::AboveRange,
            users(json!({"UserPoolId": "${pool}", "Limit": 61})),
        );
        check(
            "ListUsers",
            &base,
            "/Limit",
            ViolationKind::Fraction,
            users(json!({"UserPoolId": "${pool}", "Limit": 5.5})),
        );
        let huge = Applied::Body(r#"{"Limit":1e400,"UserPoolId":"${pool}"}"#.into());
        check("ListUsers", &base, "/Limit", ViolationKind::HugeNumber, huge);
        let twice = Applied::Body(r#"{"Limit":5,"Limit":5,"UserPoolId":"${pool}"}"#.into());
        check("ListUsers", &base, "/Limit", ViolationKind::DuplicateKey, twice);
        let null = users(json!({"UserPoolId": "${pool}", "Limit": 5, "Filter": null}));
        check("ListUsers", &base, "/Filter", ViolationKind::Null, null);
    }

    #[test]
    fn pairs_lie_apart_and_are_few() {
        let base = json!({"ClientId": "c", "Username": "u", "Password": "Passw0rd!",
            "UserAttributes": [{"Name": "email", "Value": "a@b.c"}]});
        let all = found(&catalogue(), "SignUp", &base);
        let pairs = pairs(&all);
        assert!((10..=PAIRS).contains(&pairs.len()), "{} pairs", pairs.len());
        for (one, other) in pairs {
            let (one, other) = (&all[one], &all[other]);
            assert!(apart(&one.pointer, &other.pointer), "{one}, {other}");
            assert_ne!(apply_all(&[one, other], &base), one.apply(&base));
        }
    }

    #[test]
    fn the_same_input_is_broken_in_the_same_ways() {
        let base = json!({"PoolName": "p", "Policies": {"PasswordPolicy": {"MinimumLength": 8}}});
        let catalogue = catalogue();
        assert_eq!(
            found(&catalogue, "CreateUserPool", &base),
            found(&catalogue, "CreateUserPool", &base)
        );
    }
}
