//! Texts that keep a shape's pattern and length, and texts made longer or shorter.
//!
//! Each shape has a set of texts that is made once, the same in every run, and a strategy that
//! draws fresh ones. What comes out was asked of the judge that the reference uses.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::strategy::{Strategy, ValueTree};
use proptest::string::{RegexGeneratorStrategy, string_regex};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::Value;

use super::draw::{below, one_in};
use super::pattern::{Lengths, Script, drawable, endless};
use crate::catalogue::Schema;
use crate::reference::constraint;

/// Texts made beforehand per shape.
const KEPT: usize = 48;

/// One text in so many is drawn afresh: a drawn text costs as much as a hundred kept ones.
const FRESH: usize = 16;

/// One text in so many has letters of other scripts, where the pattern lets it.
const WORLDLY: usize = 8;

/// Draws before a pattern is given up; its shape's length may refuse most of what it draws.
const TRIES: usize = 40;

/// Most repetitions of a part: of a pattern with one such part, and of one with several.
const ALONE: usize = 24;
const TOGETHER: usize = 6;

/// Draws texts of one shape.
#[derive(Debug)]
pub(super) struct Texts {
    kept: Vec<String>,
    plain: Option<RegexGeneratorStrategy<String>>,
    world: Option<RegexGeneratorStrategy<String>>,
}

impl Texts {
    /// Prepares texts of `schema`, which is a string's.
    pub(super) fn of(schema: &Schema) -> Self {
        let strategy = |script| string_regex(&source(schema, script)).ok();
        let (plain, world) = (strategy(Script::Plain), strategy(Script::World));
        let mut texts = Self { kept: Vec::new(), plain, world };
        let mut rng = ChaCha8Rng::seed_from_u64(fingerprint(schema));
        let drawn = (0..KEPT).filter_map(|_| texts.fresh(schema, &mut rng)).collect();
        texts.kept = drawn;
        texts
    }

    /// Returns a text that fits; the empty one where no draw ever did.
    pub(super) fn draw(&self, schema: &Schema, rng: &mut ChaCha8Rng) -> String {
        let fresh = one_in(rng, FRESH).then(|| self.fresh(schema, rng)).flatten();
        let kept = || self.kept.get(below(rng, self.kept.len())).cloned();
        fresh.or_else(kept).unwrap_or_default()
    }

    fn fresh(&self, schema: &Schema, rng: &mut ChaCha8Rng) -> Option<String> {
        if schema.content_encoding.is_some() {
            return Some(blob(schema, rng));
        }
        let worldly = one_in(rng, WORLDLY);
        let strategy = self.world.as_ref().filter(|_| worldly).or(self.plain.as_ref())?;
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let source = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
        let mut runner = TestRunner::new_with_rng(quiet(), source);
        (0..TRIES).find_map(|_| {
            let text = strategy.new_tree(&mut runner).ok()?.current();
            let text = within(schema, text);
            fits(schema, &text).then_some(text)
        })
    }
}

/// The runner's settings; the default ones are read from the environment on every call.
fn quiet() -> Config {
    use std::sync::OnceLock;
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| Config { failure_persistence: None, ..Config::default() }).clone()
}

/// Returns the pattern that texts of a shape are drawn from.
fn source(schema: &Schema, script: Script) -> String {
    let (least, most) = limits(schema);
    let pattern = schema.model_pattern().unwrap_or(".*");
    let lengths = match endless(pattern) {
        0 | 1 => {
            Lengths { least: if starts_fixed(pattern) { 0 } else { least }, most: ALONE.min(most) }
        }
        _ => Lengths { least: 0, most: TOGETHER },
    };
    drawable(pattern, script, lengths)
}

/// Tells whether a pattern has text of its own before its repetition, so that the shape's least
/// length is not the repetition's.
fn starts_fixed(pattern: &str) -> bool {
    let first = pattern.trim_start_matches("(?s)").trim_start_matches('^').chars().next();
    !matches!(first, Some('[' | '.' | '\\'))
}

/// Cuts or stretches a drawn text to the shape's length.
fn within(schema: &Schema, text: String) -> String {
    let (least, most) = limits(schema);
    let length = units(&text);
    if length > most {
        return shortened(&text, most);
    }
    if length < least { stretched(schema, &text, least).unwrap_or(text) } else { text }
}

/// Returns base64 of a few bytes, whose text keeps the length.
fn blob(schema: &Schema, rng: &mut ChaCha8Rng) -> String {
    let (least, most) = limits(schema);
    let bytes = (least.div_ceil(4) * 3).max(3 + below(rng, 22)).min(most / 4 * 3);
    let mut blob = vec![0; bytes];
    rng.fill_bytes(&mut blob);
    STANDARD.encode(blob)
}

/// Returns the fewest and most UTF-16 units of a shape's texts.
pub(super) fn limits(schema: &Schema) -> (usize, usize) {
    let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
    (schema.min_length.map_or(0, size), schema.max_length.map_or(usize::MAX, size))
}

/// Returns the length as the service counts it: in UTF-16 units.
pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Tells whether a text keeps the shape's constraints and begins no expression of a scenario.
pub(super) fn fits(schema: &Schema, text: &str) -> bool {
    !text.contains("${") && constraint::broken(schema, &Value::from(text)).is_empty()
}

/// Tells whether a text keeps the shape's pattern, whatever its length.
pub(super) fn keeps_pattern(schema: &Schema, text: &str) -> bool {
    let pattern = Schema { pattern: schema.pattern.clone(), ..Schema::default() };
    fits(&pattern, text)
}

/// Returns `text` made `length` units long by repeating one of its characters, such that the
/// pattern still holds; `None` where no character can be repeated.
pub(super) fn stretched(schema: &Schema, text: &str, length: usize) -> Option<String> {
    let missing = length.checked_sub(units(text))?;
    let text = if text.is_empty() { "a" } else { text };
    let missing =
        if units(text) > length { return None } else { missing.min(length - units(text)) };
    let places = text.char_indices().filter(|(_, c)| c.len_utf16() == 1);
    places.rev().take(48).find_map(|(at, c)| {
        let more: String = std::iter::repeat_n(c, missing).collect();
        let longer = format!("{}{more}{}", &text[..at], &text[at..]);
        keeps_pattern(schema, &longer).then_some(longer)
    })
}

/// Returns `text` with characters taken away, from its end on, wherever the pattern still holds
/// without them, down to `length` units.
pub(super) fn shrunk(schema: &Schema, text: &str, length: usize) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for at in (0..chars.len()).rev() {
        if chars.iter().map(|c| c.len_utf16()).sum::<usize>() <= length {
            break;
        }
        let mut fewer = chars.clone();
        fewer.remove(at);
        if keeps_pattern(schema, &fewer.iter().collect::<String>()) {
            chars = fewer;
        }
    }
    chars.into_iter().collect()
}

/// Returns the beginning of `text`, at most `length` units.
pub(super) fn shortened(text: &str, length: usize) -> String {
    let mut left = length;
    let fits = |c: &char| {
        left = left.checked_sub(c.len_utf16())?;
        Some(*c)
    };
    text.chars().collect::<Vec<_>>().iter().map_while(fits).collect()
}

/// Returns the seed of a shape's texts: FNV-1a over what they follow from, the same in every build.
fn fingerprint(schema: &Schema) -> u64 {
    let told = (&schema.pattern, schema.min_length, schema.max_length, &schema.content_encoding);
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{told:?}").bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue::{Catalogue, Kind, Source};

    /// Calls `examine` with every string shape that has no enum.
    fn each_text_shape(mut examine: impl FnMut(&str, &Schema)) {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        for (name, shape) in catalogue.services.values().flat_map(|service| &service.shapes) {
            if shape.kind == Some(Kind::String) && shape.enumeration.is_none() {
                examine(name, shape);
            }
        }
    }

    #[test]
    fn drawn_texts_keep_every_constraint_and_stay_short() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        each_text_shape(|name, shape| {
            let texts = Texts::of(shape);
            assert!(texts.kept.len() >= KEPT / 2, "{name}: {} texts", texts.kept.len());
            let drawn: BTreeSet<_> = (0..40).map(|_| texts.draw(shape, &mut rng)).collect();
            for text in &drawn {
                assert!(fits(shape, text), "{name}: {text:?}");
                assert!(units(text) <= 64.max(limits(shape).0), "{name}: {text:?}");
            }
        });
    }

    #[test]
    fn texts_follow_from_the_shape_and_the_seed() {
        let drawn = || {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let mut all = Vec::new();
            each_text_shape(|_, shape| all.push(Texts::of(shape).draw(shape, &mut rng)));
            all
        };
        assert_eq!(drawn(), drawn());
    }

    #[test]
    fn texts_are_stretched_and_shrunk_within_their_pattern() {
        let schema = |pattern: &str| Schema {
            kind: Some(Kind::String),
            pattern: Some(format!("^(?:{pattern})$")),
            ..Schema::default()
        };
        let id = schema(r"[\w-]+_[0-9a-zA-Z]+");
        assert_eq!(stretched(&id, "us_1", 6).as_deref(), Some("us_111"));
        assert_eq!(shrunk(&id, "us-east-1_abc", 0), "u_a");
        assert_eq!(stretched(&schema("Level[1-4]"), "Level1", 7), None);
        assert_eq!(shortened("a💥b", 2), "a");
    }
}
