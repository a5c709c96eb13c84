//! Walks an input beside its shape and breaks one constraint after the other.

use rand_chacha::ChaCha8Rng;
use serde_json::{Number, Value, json};

use super::broken::{Broken, Expected, Violation, ViolationKind as Kinds};
use super::text::{fits, keeps_pattern, limits, shortened, shrunk, stretched, units};
use super::values::{Place, Values, sizes};
use crate::catalogue::{Kind, Operation, Schema, Service};
use crate::reference::constraint;

/// Longest text and longest list that is made to break a limit.
const LONGEST: usize = 131_073;
const MOST: usize = 1001;

/// A member that no input has.
pub(super) const UNKNOWN_MEMBER: &str = "Nonesuch";

/// Texts of which one breaks the pattern of a shape that `@` stands for a fitting text of.
const AGAINST: [&str; 12] =
    [" ", "@ ", "@!", "@ä", "@.", "\u{7f}", "@\u{7f}", "@\n", "!", "@\u{200b}", "x", "a.b c"];

/// Breaks `base`, a sound input of an operation, in every way its shape allows; in its member `only`
/// where one is given.
pub(super) fn walk(
    service: &Service,
    operation: &Operation,
    base: &Value,
    only: Option<&str>,
    values: &mut Values,
    rng: &mut ChaCha8Rng,
) -> Vec<Violation> {
    let shared = service.resources.values().filter(|resource| resource.within.is_none()).any(|r| {
        let created = r.create.iter().any(|creator| creator.operation == operation.name);
        created || r.change.contains(&operation.name)
    });
    let mut walk = Walk { service, values, rng, shared, found: Vec::new() };
    walk.structure(&operation.input, &operation.name, "", base, only);
    walk.found
}

struct Walk<'a> {
    service: &'a Service,
    values: &'a mut Values,
    rng: &'a mut ChaCha8Rng,
    /// What the call writes shows in lists of the whole account: every case would see it.
    shared: bool,
    found: Vec<Violation>,
}

/// A place of the input and what stands there.
#[derive(Clone, Copy)]
struct Spot<'a> {
    owner: &'a str,
    name: &'a str,
    pointer: &'a str,
    /// What `base` has there.
    value: Option<&'a Value>,
    /// The place is an item or entry: the service words what is wrong there in other ways.
    entry: bool,
}

impl Spot<'_> {
    fn place(&self) -> Place<'_> {
        Place { owner: self.owner, name: self.name, depth: 1, optional: 0.0 }
    }
}

impl<'a> Walk<'a> {
    fn add(&mut self, spot: Spot<'_>, kind: Kinds, value: Broken, expected: Expected) {
        let ours = |rule| if self.identities() { "identity-constraint" } else { rule };
        let expected = match expected {
            Expected::Constraint(Some(rule)) if spot.entry => Expected::Wrapped(ours(rule)),
            Expected::Constraint(rule) => Expected::Constraint(rule.map(ours)),
            Expected::Wrapped(rule) => Expected::Wrapped(ours(rule)),
            other => other,
        };
        self.found.push(Violation { pointer: spot.pointer.into(), kind, value, expected });
    }

    fn identities(&self) -> bool {
        self.service.info.id == "cognito-identity"
    }

    fn structure(
        &mut self,
        schema: &'a Schema,
        owner: &str,
        pointer: &str,
        base: &Value,
        only: Option<&str>,
    ) {
        let wanted = |name: &str| only.is_none_or(|only| only == name);
        let mut first = true;
        for (name, member) in schema.properties.iter().flatten().filter(|(name, _)| wanted(name)) {
            let pointer = format!("{pointer}/{}", crate::pointer::escaped(name));
            let value = base.get(name);
            let spot = Spot { owner, name, pointer: &pointer, value, entry: false };
            let required = schema.required.contains(name);
            match (required, value) {
                // Without it, `base` breaks the model already.
                (true, None) => continue,
                (true, Some(_)) => {
                    let refused = Expected::Constraint(Some("constraint-required"));
                    self.add(spot, Kinds::Missing, Broken::Absent, refused);
                    self.add(spot, Kinds::Null, Broken::Value(Value::Null), refused);
                }
                (false, _) => {
                    let dropped = Expected::Harmless(self.ignored());
                    self.add(spot, Kinds::Null, Broken::Value(Value::Null), dropped);
                }
            }
            if value.is_some() && first {
                self.add(spot, Kinds::DuplicateKey, Broken::Twice, Expected::Open);
                first = false;
            }
            self.spot(member, spot);
        }
        let name = UNKNOWN_MEMBER;
        if schema.member(name).is_none() && wanted(name) {
            let pointer = format!("{pointer}/{name}");
            let spot = Spot { owner, name, pointer: &pointer, value: None, entry: false };
            let value = Broken::Value(json!({"A": [1]}));
            self.add(spot, Kinds::UnknownMember, value, Expected::Harmless(self.ignored()));
        }
    }

    /// Returns the rule by which nulls and unknown members are ignored, where the service has it.
    fn ignored(&self) -> Option<&'static str> {
        (!self.identities()).then_some("unknown-members-are-ignored")
    }

    /// Breaks what stands at one place, and what is inside it.
    fn spot(&mut self, schema: &'a Schema, spot: Spot<'_>) {
        let resolved = self.service.resolve(schema);
        self.types(resolved, spot);
        match resolved.kind {
            Some(Kind::String) => self.text(schema, resolved, spot),
            Some(Kind::Integer) => self.number(resolved, spot),
            Some(Kind::Number) => self.huge(spot, false),
            Some(Kind::Array) => self.list(schema, resolved, spot),
            Some(Kind::Object) if resolved.is_map() => self.map(schema, resolved, spot),
            Some(Kind::Object) => {
                if let Some(value @ Value::Object(_)) = spot.value {
                    let owner = schema.target().unwrap_or_default();
                    self.structure(resolved, owner, spot.pointer, value, None);
                }
            }
            Some(Kind::Boolean) | None => {}
        }
    }

    fn types(&mut self, schema: &Schema, spot: Spot<'_>) {
        let others = match schema.kind {
            None => return,
            Some(Kind::String) => vec![json!(["x"]), json!(true), json!({"A": "x"}), json!(7)],
            Some(Kind::Boolean) => vec![json!([true]), json!("true"), json!(1)],
            Some(Kind::Integer) => vec![json!([1]), json!("1"), json!(true)],
            Some(Kind::Number) => vec![json!([1]), json!("2020-01-01T00:00:00Z")],
            Some(Kind::Array) => vec![json!("x"), json!({"A": "x"})],
            Some(Kind::Object) => vec![json!("x"), json!([{"A": "x"}])],
        };
        let scalar = !matches!(schema.kind, Some(Kind::Array | Kind::Object));
        // One suffices to show that a member which is not there is looked at.
        let wanted = if spot.value.is_some() { others.len() } else { 1 };
        for other in others.into_iter().take(wanted) {
            let rule = match other.is_array() && scalar {
                true if self.identities() => "serialization-list-for-scalar-identity",
                true => "serialization-list-for-scalar",
                false => "serialization-wrong-type",
            };
            let refused = Expected::Serialization(rule);
            self.add(spot, Kinds::WrongType, Broken::Value(other), refused);
        }
    }

    fn text(&mut self, schema: &'a Schema, shape: &Schema, spot: Spot<'_>) {
        if let Some(set) = &shape.enumeration {
            let stranger = ["NONESUCH", "none-such"].into_iter().find(|s| !set.contains(*s));
            let refused = Expected::Constraint(Some("constraint-enum"));
            if let Some(stranger) = stranger {
                self.add(spot, Kinds::OutsideEnum, Broken::Value(stranger.into()), refused);
            }
            return;
        }
        let text = self.sound_text(schema, spot);
        let (least, most) = limits(shape);
        if least > 0 {
            let short = shrunk(shape, &text, least - 1);
            let short = if units(&short) < least { short } else { shortened(&text, least - 1) };
            let refused = Expected::Constraint(Some("constraint-length-least"));
            self.add(spot, Kinds::TooShort, Broken::Value(short.into()), refused);
        }
        if most < LONGEST {
            let long = stretched(shape, &text, most + 1).unwrap_or_else(|| "a".repeat(most + 1));
            let refused = Expected::Constraint(Some("constraint-length-most"));
            self.add(spot, Kinds::TooLong, Broken::Value(long.into()), refused);
        }
        if shape.pattern.is_some()
            && let Some(stray) = against_pattern(shape, &text)
        {
            let refused = Expected::Constraint(Some(self.pattern_rule(schema)));
            self.add(spot, Kinds::AgainstPattern, Broken::Value(stray.into()), refused);
        }
        if spot.value.is_some() {
            self.odd_texts(schema, shape, &text, spot);
        }
    }

    /// Adds texts that are odd in themselves; most shapes allow some of them.
    fn odd_texts(&mut self, schema: &Schema, shape: &Schema, text: &str, spot: Spot<'_>) {
        let (_, most) = limits(shape);
        let odd = [
            (Kinds::ControlCharacters, "\u{0}\u{7}\u{1b}"),
            (Kinds::BidiCharacters, "\u{202e}\u{2066}"),
        ];
        for (kind, tail) in odd {
            let kept = shortened(text, most.saturating_sub(units(tail)));
            let odd = shortened(&format!("{kept}{tail}"), most);
            let value = Value::from(odd.as_str());
            let expected = match constraint::broken(shape, &value).is_empty() {
                true => Expected::Open,
                false if !keeps_pattern(shape, &odd) => {
                    Expected::Constraint(Some(self.pattern_rule(schema)))
                }
                false => Expected::Constraint(None),
            };
            self.add(spot, kind, Broken::Value(value), expected);
        }
        // A target that stores half a character may be unable to list it ever after.
        if self.shared {
            return;
        }
        let kept = Value::from(shortened(text, most.saturating_sub(1))).to_string();
        let half = format!("{}\\ud800\"", kept.strip_suffix('"').unwrap_or_default());
        self.add(spot, Kinds::LoneSurrogate, Broken::Text(half), Expected::Open);
    }

    /// Returns the rule whose words tell of a broken pattern: sensitive values are not echoed.
    fn pattern_rule(&self, schema: &Schema) -> &'static str {
        let echoed = schema.target().is_none_or(|shape| self.service.echoes(shape));
        if echoed { "constraint-pattern" } else { "constraint-pattern-sensitive" }
    }

    /// Returns what `base` has, or a fitting text where it has none or one yet to be filled in.
    fn sound_text(&mut self, schema: &Schema, spot: Spot<'_>) -> String {
        let there = spot.value.and_then(Value::as_str).filter(|text| !text.contains("${"));
        let there =
            there.filter(|text| fits(self.service.resolve(schema), text)).map(str::to_owned);
        let mut made = || self.values.make(self.service, schema, spot.place(), self.rng);
        there.unwrap_or_else(|| made().as_str().unwrap_or_default().to_owned())
    }

    fn number(&mut self, shape: &Schema, spot: Spot<'_>) {
        if let Some(least) = shape.minimum {
            let refused = Expected::Constraint(Some("constraint-range-least"));
            let below = Broken::Value((least - 1).into());
            self.add(spot, Kinds::BelowRange, below, refused);
        }
        if let Some(most) = shape.maximum {
            let refused = Expected::Constraint(Some("constraint-range-most"));
            self.add(spot, Kinds::AboveRange, Broken::Value((most + 1).into()), refused);
        }
        if let Some(there) = spot.value.and_then(Value::as_i64)
            && let Some(fraction) = Number::from_f64(there as f64 + 0.5)
            && there >= 0
        {
            let value = Broken::Value(Value::Number(fraction));
            self.add(spot, Kinds::Fraction, value, Expected::Harmless(None));
        }
        self.huge(spot, true);
    }

    /// Adds numbers beyond every machine word. How far a parser gets with them, nobody promises.
    fn huge(&mut self, spot: Spot<'_>, negative: bool) {
        let signs: &[&str] = if negative { &["", "-"] } else { &[""] };
        for sign in signs.iter().take(if spot.value.is_some() { 2 } else { 0 }) {
            let text = Broken::Text(format!("{sign}1e400"));
            self.add(spot, Kinds::HugeNumber, text, Expected::Open);
        }
    }

    fn list(&mut self, schema: &'a Schema, shape: &'a Schema, spot: Spot<'_>) {
        let (least, most) = sizes(shape);
        self.emptied(spot, json!([]), least);
        let Some(item) = shape.items.as_deref() else { return };
        if most < MOST {
            let long = self.values.list_of(self.service, schema, spot.place(), most + 1, self.rng);
            let refused = Expected::Constraint(Some("constraint-length-most"));
            self.add(spot, Kinds::TooManyItems, Broken::Value(long), refused);
        }
        if let Some(first) = spot.value.and_then(|value| value.as_array()?.first()) {
            let pointer = format!("{}/0", spot.pointer);
            let nested = self.service.resolve(item).kind == Some(Kind::Object);
            let inner = Spot { pointer: &pointer, value: Some(first), entry: !nested, ..spot };
            let refused = Expected::Constraint(None);
            self.add(inner, Kinds::Null, Broken::Value(Value::Null), refused);
            self.spot(item, inner);
        }
    }

    fn map(&mut self, schema: &'a Schema, shape: &'a Schema, spot: Spot<'_>) {
        let (least, most) = sizes(shape);
        self.emptied(spot, json!({}), least);
        let Some(entry) = shape.additional_properties.as_deref() else { return };
        let there = spot.value.and_then(Value::as_object);
        if most < MOST {
            self.overfull(schema, spot, most);
        }
        if let Some((key, first)) = there.and_then(|entries| entries.iter().next()) {
            let pointer = format!("{}/{}", spot.pointer, crate::pointer::escaped(key));
            let nested = self.service.resolve(entry).kind == Some(Kind::Object);
            let inner = Spot { pointer: &pointer, value: Some(first), entry: !nested, ..spot };
            self.spot(entry, inner);
            if let Some(keys) = shape.property_names.as_deref() {
                self.bad_key(keys, spot, key, first);
            }
        }
    }

    /// Adds a map with one entry too many, where its keys have enough values for that.
    fn overfull(&mut self, schema: &'a Schema, spot: Spot<'_>, most: usize) {
        let full = self.values.map_of(self.service, schema, spot.place(), most + 1, self.rng);
        if full.as_object().is_some_and(|entries| entries.len() > most) {
            let refused = Expected::Constraint(Some("constraint-length-most"));
            self.add(spot, Kinds::TooManyItems, Broken::Value(full), refused);
        }
    }

    fn bad_key(&mut self, keys: &'a Schema, spot: Spot<'_>, key: &str, value: &Value) {
        let shape = self.service.resolve(keys);
        let (_, most) = limits(shape);
        let (bad, rule) = match &shape.enumeration {
            Some(_) => (Some("NONESUCH".to_owned()), "constraint-enum"),
            None if most < 1000 => (Some("a".repeat(most + 1)), "constraint-length-most"),
            None => (against_pattern(shape, key), "constraint-pattern"),
        };
        let bad = bad.filter(|key| !constraint::broken(shape, &key.as_str().into()).is_empty());
        if let Some(bad) = bad {
            let map = Broken::Value(json!({bad: value}));
            self.add(spot, Kinds::BadKey, map, Expected::Wrapped(rule));
        }
    }

    fn emptied(&mut self, spot: Spot<'_>, empty: Value, least: usize) {
        let (kind, expected) = match least {
            0 => (Kinds::EmptyCollection, Expected::Open),
            _ => (Kinds::TooFewItems, Expected::Constraint(Some("constraint-length-least"))),
        };
        self.add(spot, kind, Broken::Value(empty), expected);
    }
}

/// Returns a text that breaks the pattern of a shape and nothing else, made from one that fits.
fn against_pattern(shape: &Schema, text: &str) -> Option<String> {
    let (least, most) = limits(shape);
    AGAINST.iter().find_map(|form| {
        let tail = form.trim_start_matches('@');
        let stray = match form.starts_with('@') {
            true => format!("{}{tail}", shortened(text, most.saturating_sub(units(tail)))),
            false => tail.repeat(least.div_ceil(units(tail)).max(1)),
        };
        let sized = (least..=most).contains(&units(&stray));
        (sized && !keeps_pattern(shape, &stray)).then_some(stray)
    })
}
