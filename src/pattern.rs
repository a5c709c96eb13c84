//! Patterns: what a value in a response must look like.
//!
//! Written in scenarios as plain values, as `"<uuid>"`-style words, or as `$regex`-style objects.
//! An object matches when each listed member does, whatever else is there; a list matches item
//! by item. A mismatch names the JSON pointer, what was expected and what is there.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A condition on a JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// Equal to this scalar.
    Equal(Value),
    /// An object whose listed members match.
    Members(BTreeMap<String, Pattern>),
    /// A list that matches item by item.
    List(Vec<Pattern>),
    /// One of the [`WORDS`].
    Word(&'static str),
    /// `$regex`: a string that the pattern matches somewhere.
    Regex(String),
    /// `$one-of`: matches at least one.
    OneOf(Vec<Pattern>),
    /// `$contains`: a list with an item for each pattern; or a string with this part.
    Contains(Vec<Pattern>),
    /// `$lacks`: a list without any item that matches.
    Lacks(Vec<Pattern>),
    /// `$unordered`: a list that matches item by item in some order.
    Unordered(Vec<Pattern>),
    /// `$count`: a list or object of this size.
    Count(u64),
    /// `$not`: does not match.
    Not(Box<Pattern>),
    /// `$jwt`: a JSON Web Token whose payload matches; with `header` and `signed-by` if given.
    Jwt {
        /// Condition on the payload.
        claims: Box<Pattern>,
        /// Condition on the header.
        header: Option<Box<Pattern>>,
        /// A JWKS document that verifies the signature.
        signed_by: Option<Value>,
    },
    /// `$json`: a string that holds JSON which matches.
    Json(Box<Pattern>),
    /// Something stands at this JSON pointer.
    Present(String),
    /// Matches every one.
    All(Vec<Pattern>),
}

/// The words that stand for kinds of values, each with what it asks.
pub const WORDS: &[(&str, &str)] = &[
    ("any", "is there, whatever it is"),
    ("absent", "is not there (or null)"),
    ("string", "a string"),
    ("text", "a non-empty string"),
    ("number", "a number"),
    ("integer", "a whole number"),
    ("boolean", "true or false"),
    ("list", "a list"),
    ("object", "an object"),
    ("empty", "an empty list, object or string"),
    ("uuid", "a UUID"),
    ("epoch", "a point in time: a JSON number of seconds since 2001 or later"),
    ("jwt", "three base64url parts, the first two JSON"),
    ("base32", "a base32 string"),
    ("hex", "a hexadecimal string"),
    ("user-pool-id", "a user pool id: region, underscore, alphanumerics"),
    ("client-id", "an app client id: lower-case alphanumerics"),
    ("identity-pool-id", "an identity pool id: region, colon, UUID"),
    ("arn", "an ARN"),
];

/// The `$`-keys and what each takes.
pub const KEYS: &[(&str, &str)] = &[
    ("$regex", "a regular expression"),
    ("$one-of", "a list of patterns"),
    ("$contains", "a list of patterns, or a string"),
    ("$lacks", "a list of patterns"),
    ("$unordered", "a list of patterns"),
    ("$count", "a whole number"),
    ("$not", "a pattern"),
    ("$jwt", "an object with `claims`, `header`, `signed-by`"),
    ("$json", "a pattern"),
];

/// Where a value differs from its pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON pointer into the value.
    pub pointer: String,
    /// What the pattern asks.
    pub expected: String,
    /// What is there.
    pub actual: String,
}

impl Pattern {
    /// Reads a pattern from the value that stands for it in a scenario.
    ///
    /// # Errors
    /// An unknown word or `$`-key (with the near match), or one with an unfit argument.
    pub fn parse(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => word(text),
            Value::Array(items) => {
                items.iter().map(Self::parse).collect::<Result<_, _>>().map(Self::List)
            }
            Value::Object(members) => {
                let mut entries = members.iter();
                match (entries.next(), entries.next()) {
                    (Some((key, argument)), None) if key.starts_with('$') => keyed(key, argument),
                    _ => {
                        let parsed = members.iter().map(|(k, v)| Ok((k.clone(), Self::parse(v)?)));
                        parsed.collect::<Result<_, String>>().map(Self::Members)
                    }
                }
            }
            scalar => Ok(Self::Equal(scalar.clone())),
        }
    }

    /// Returns every place where `value` differs from the pattern.
    pub fn mismatches(&self, value: &Value) -> Vec<Mismatch> {
        let mut found = Vec::new();
        self.compare(Some(value), "", &mut found);
        found
    }

    /// Tells whether `value` matches.
    pub fn matches(&self, value: &Value) -> bool {
        self.mismatches(value).is_empty()
    }

    fn compare(&self, value: Option<&Value>, at: &str, found: &mut Vec<Mismatch>) {
        let mut differ = |expected: String| {
            let actual = value.map_or_else(|| "absent".into(), shorten);
            found.push(Mismatch { pointer: at.into(), expected, actual });
        };
        let value = match (self, value) {
            (Self::Word("absent"), None | Some(Value::Null)) => return,
            (Self::Word("absent"), _) => return differ("absent".into()),
            (Self::Not(inner), None) if **inner == Self::Word("any") => return,
            (Self::OneOf(patterns), None) if patterns.contains(&Self::Word("absent")) => return,
            (_, None) => return differ(self.describe()),
            (_, Some(value)) => value,
        };
        match self {
            Self::Equal(expected) => {
                if !same(expected, value) {
                    differ(shorten(expected));
                }
            }
            Self::Word(name) => {
                if !is(name, value) {
                    differ(self.describe());
                }
            }
            Self::Members(members) => {
                if !value.is_object() {
                    return differ("an object".into());
                }
                for (name, pattern) in members {
                    pattern.compare(
                        value.get(name),
                        &format!("{at}/{}", crate::pointer::escaped(name)),
                        found,
                    );
                }
            }
            Self::List(patterns) => match value.as_array() {
                Some(items) if items.len() == patterns.len() => {
                    for (index, (pattern, item)) in patterns.iter().zip(items).enumerate() {
                        pattern.compare(Some(item), &format!("{at}/{index}"), found);
                    }
                }
                _ => differ(format!("a list of {}", patterns.len())),
            },
            Self::Regex(regex) => {
                let fits = regex::Regex::new(regex).ok().zip(value.as_str());
                if !fits.is_some_and(|(regex, text)| regex.is_match(text)) {
                    differ(self.describe());
                }
            }
            Self::OneOf(patterns) => {
                if !patterns.iter().any(|pattern| pattern.matches(value)) {
                    differ(self.describe());
                }
            }
            Self::Contains(patterns) => {
                let text = value.as_str();
                let holds = |pattern: &Self| match (text, pattern) {
                    (Some(text), Self::Equal(Value::String(part))) => text.contains(part.as_str()),
                    _ => value
                        .as_array()
                        .is_some_and(|items| items.iter().any(|i| pattern.matches(i))),
                };
                if let Some(missing) = patterns.iter().find(|pattern| !holds(pattern)) {
                    differ(format!("contains {}", missing.describe()));
                }
            }
            Self::Lacks(patterns) => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                if let Some(there) = patterns.iter().find(|p| items.iter().any(|i| p.matches(i))) {
                    differ(format!("lacks {}", there.describe()));
                }
            }
            Self::Unordered(patterns) => {
                let fits = value.as_array().is_some_and(|items| pair_up(patterns, items));
                if !fits {
                    differ(self.describe());
                }
            }
            Self::Count(count) => {
                let size = value
                    .as_array()
                    .map(Vec::len)
                    .or_else(|| value.as_object().map(serde_json::Map::len));
                if size.map(|size| size as u64) != Some(*count) {
                    differ(self.describe());
                }
            }
            Self::Not(inner) => {
                if inner.matches(value) {
                    differ(self.describe());
                }
            }
            Self::Json(inner) => {
                match value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                    Some(parsed) => inner.compare(Some(&parsed), at, found),
                    None => differ("a string that holds JSON".into()),
                }
            }
            Self::Present(pointer) => {
                if value.pointer(pointer).is_none_or(Value::is_null) {
                    let (pointer, actual) = (format!("{at}{pointer}"), "absent".into());
                    found.push(Mismatch { pointer, expected: self.describe(), actual });
                }
            }
            Self::All(patterns) => {
                patterns.iter().for_each(|pattern| pattern.compare(Some(value), at, found));
            }
            Self::Jwt { claims, header, signed_by } => {
                let Some((head, payload)) = value.as_str().and_then(decode_jwt) else {
                    return differ("a JSON Web Token".into());
                };
                if let Some(jwks) = signed_by
                    && !verify_jwt(value.as_str().unwrap_or_default(), &head, jwks)
                {
                    differ("a token that its key set verifies".into());
                }
                claims.compare(Some(&payload), &format!("{at}/claims"), found);
                if let Some(header) = header {
                    header.compare(Some(&head), &format!("{at}/header"), found);
                }
            }
        }
    }

    /// Says in words what the pattern asks.
    pub fn describe(&self) -> String {
        let all =
            |patterns: &[Self]| patterns.iter().map(Self::describe).collect::<Vec<_>>().join(", ");
        match self {
            Self::Equal(value) => shorten(value),
            Self::Members(members) => {
                let parts: Vec<_> =
                    members.iter().map(|(k, v)| format!("{k}: {}", v.describe())).collect();
                format!("{{{}}}", parts.join(", "))
            }
            Self::List(patterns) => format!("[{}]", all(patterns)),
            Self::Word(name) => WORDS
                .iter()
                .find(|(word, _)| word == name)
                .map_or(*name, |(_, meaning)| meaning)
                .into(),
            Self::Regex(regex) => format!("a string matching /{regex}/"),
            Self::OneOf(patterns) => format!("one of {}", all(patterns)),
            Self::Contains(patterns) => format!("contains {}", all(patterns)),
            Self::Lacks(patterns) => format!("lacks {}", all(patterns)),
            Self::Unordered(patterns) => format!("in any order: {}", all(patterns)),
            Self::Count(count) => format!("{count} entries"),
            Self::Not(inner) => format!("not {}", inner.describe()),
            Self::Json(inner) => format!("JSON text: {}", inner.describe()),
            Self::Present(_) => "is there, whatever it is".into(),
            Self::All(patterns) => all(patterns),
            Self::Jwt { claims, signed_by: Some(_), .. } => {
                format!("a token that the key set verifies, with claims {}", claims.describe())
            }
            Self::Jwt { claims, .. } => format!("a token with claims {}", claims.describe()),
        }
    }
}

fn word(text: &str) -> Result<Pattern, String> {
    let Some(name) = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else {
        return Ok(Pattern::Equal(Value::String(text.to_owned())));
    };
    let found = WORDS.iter().find(|(word, _)| *word == name);
    let names = || WORDS.iter().map(|(word, _)| *word);
    found
        .map(|(word, _)| Pattern::Word(word))
        .ok_or_else(|| crate::near::unknown("matcher", name, names()))
}

fn keyed(key: &str, argument: &Value) -> Result<Pattern, String> {
    let unfit = || {
        let takes = KEYS.iter().find(|(name, _)| *name == key).map_or("", |(_, takes)| takes);
        format!("`{key}` takes {takes}")
    };
    let patterns = || -> Result<Vec<Pattern>, String> {
        argument.as_array().ok_or_else(unfit)?.iter().map(Pattern::parse).collect()
    };
    match key {
        "$regex" => {
            let text = argument.as_str().ok_or_else(unfit)?;
            regex::Regex::new(text).map_err(|e| format!("`$regex`: {e}"))?;
            Ok(Pattern::Regex(text.into()))
        }
        "$one-of" => patterns().map(Pattern::OneOf),
        "$contains" if argument.is_string() => {
            Ok(Pattern::Contains(vec![Pattern::Equal(argument.clone())]))
        }
        "$contains" => patterns().map(Pattern::Contains),
        "$lacks" => patterns().map(Pattern::Lacks),
        "$unordered" => patterns().map(Pattern::Unordered),
        "$count" => argument.as_u64().map(Pattern::Count).ok_or_else(unfit),
        "$not" => Ok(Pattern::Not(Box::new(Pattern::parse(argument)?))),
        "$json" => Ok(Pattern::Json(Box::new(Pattern::parse(argument)?))),
        "$jwt" => jwt(argument.as_object().ok_or_else(unfit)?),
        _ => Err(crate::near::unknown("matcher", key, KEYS.iter().map(|(name, _)| *name))),
    }
}

fn jwt(argument: &serde_json::Map<String, Value>) -> Result<Pattern, String> {
    const PARTS: [&str; 3] = ["claims", "header", "signed-by"];
    if let Some(stray) = argument.keys().find(|key| !PARTS.contains(&key.as_str())) {
        return Err(crate::near::unknown("part of `$jwt`", stray, PARTS));
    }
    let claims = argument.get("claims").map_or(Ok(Pattern::Word("object")), Pattern::parse)?;
    let header = argument.get("header").map(Pattern::parse).transpose()?.map(Box::new);
    Ok(Pattern::Jwt {
        claims: Box::new(claims),
        header,
        signed_by: argument.get("signed-by").cloned(),
    })
}

/// Equality that takes 1 and 1.0 for the same number.
fn same(expected: &Value, actual: &Value) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => expected == actual,
    }
}

fn is(word: &str, value: &Value) -> bool {
    let text = value.as_str();
    let every = |test: fn(char) -> bool| text.is_some_and(|t| !t.is_empty() && t.chars().all(test));
    let matches =
        |regex: &str| regex::Regex::new(regex).ok().zip(text).is_some_and(|(r, t)| r.is_match(t));
    match word {
        "any" => !value.is_null(),
        "string" => text.is_some(),
        "text" => text.is_some_and(|t| !t.is_empty()),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        "object" => value.is_object(),
        "empty" => match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        },
        "uuid" => text.is_some_and(|t| t.len() == 36 && uuid::Uuid::try_parse(t).is_ok()),
        "epoch" => value.as_f64().is_some_and(|seconds| (1e9..1e11).contains(&seconds)),
        "jwt" => text.and_then(decode_jwt).is_some(),
        "base32" => every(|c| matches!(c, 'A'..='Z' | '2'..='7' | '=')),
        "hex" => every(|c| c.is_ascii_hexdigit()),
        "user-pool-id" => matches(r"^[\w-]+_[0-9a-zA-Z]+$"),
        "client-id" => every(|c| matches!(c, 'a'..='z' | '0'..='9')),
        "identity-pool-id" => matches(r"^[\w-]+:[0-9a-f-]{36}$"),
        "arn" => text.is_some_and(|t| t.starts_with("arn:") && t.split(':').count() >= 6),
        _ => false,
    }
}

/// Finds an item for each pattern, none used twice (augmenting paths).
fn pair_up(patterns: &[Pattern], items: &[Value]) -> bool {
    fn seek(
        p: usize,
        patterns: &[Pattern],
        items: &[Value],
        taken: &mut [Option<usize>],
        seen: &mut [bool],
    ) -> bool {
        for i in 0..items.len() {
            if !seen[i] && patterns[p].matches(&items[i]) {
                seen[i] = true;
                if taken[i].is_none_or(|other| seek(other, patterns, items, taken, seen)) {
                    taken[i] = Some(p);
                    return true;
                }
            }
        }
        false
    }
    let mut taken = vec![None; items.len()];
    patterns.len() == items.len()
        && (0..patterns.len())
            .all(|p| seek(p, patterns, items, &mut taken, &mut vec![false; items.len()]))
}

/// Returns header and payload of a JSON Web Token, signature unchecked.
pub fn decode_jwt(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let (head, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let part = |text: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
    };
    Some((part(head)?, part(payload)?))
}

/// Tells whether the key of `jwks` that the token's header names verifies its signature, RS256 or
/// (identity pools) RS512.
pub fn verify_jwt(token: &str, head: &Value, jwks: &Value) -> bool {
    let verify = || {
        let (signed, signature) = token.rsplit_once('.')?;
        let keys = jwks.get("keys")?.as_array()?;
        let key = keys.iter().find(|key| key.get("kid") == head.get("kid"))?;
        let number = |name: &str| {
            let text = key.get(name)?.as_str()?;
            URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
        };
        let public = ring::signature::RsaPublicKeyComponents { n: number("n")?, e: number("e")? };
        let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).ok()?;
        let algorithm = match head.get("alg")?.as_str()? {
            "RS256" => &ring::signature::RSA_PKCS1_2048_8192_SHA256,
            "RS512" => &ring::signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return None,
        };
        public.verify(algorithm, signed.as_bytes(), &signature).ok()
    };
    verify().is_some()
}

/// Returns compact JSON, cut at 300 characters.
pub fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(300) {
        Some((cut, _)) => format!("{}… ({} bytes)", &text[..cut], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(pattern: Value, value: Value, expected: &[&str]) {
        let pattern = Pattern::parse(&pattern).expect("a pattern");
        let pointers: Vec<_> = pattern.mismatches(&value).into_iter().map(|m| m.pointer).collect();
        assert_eq!(pointers, expected);
    }

    #[test]
    fn objects_match_by_listed_members_only() {
        check(json!({"a": 1}), json!({"a": 1.0, "b": 2}), &[]);
        check(json!({"a": 1, "b": "<absent>"}), json!({"a": 2, "b": 2}), &["/a", "/b"]);
        check(json!({"b": "<absent>"}), json!({"b": null}), &[]);
        check(json!({"b": "<any>"}), json!({}), &["/b"]);
    }

    #[test]
    fn lists_match_in_order_or_as_sets() {
        check(json!([1, 2]), json!([1, 2]), &[]);
        check(json!([1, 2]), json!([2, 1]), &["/0", "/1"]);
        check(json!({"$unordered": ["<any>", 1]}), json!([1, 2]), &[]);
        check(json!({"$unordered": [1, 1]}), json!([1, 2]), &[""]);
        check(json!({"$contains": [{"Name": "sub"}]}), json!([{"Name": "sub", "Value": "x"}]), &[]);
        check(json!({"$lacks": [{"Name": "sub"}]}), json!([{"Name": "sub"}]), &[""]);
        check(json!({"$count": 2}), json!([1]), &[""]);
    }

    #[test]
    fn words_and_keys_judge_kinds_of_values() {
        check(json!("<uuid>"), json!("9d7f4a52-0f52-4f5b-8a36-0c6a9c3a2a11"), &[]);
        check(json!("<epoch>"), json!("2026-01-01T00:00:00Z"), &[""]);
        check(json!({"$regex": "^a"}), json!("abc"), &[]);
        check(json!({"$one-of": ["a", "b"]}), json!("c"), &[""]);
        check(json!({"a": {"$one-of": ["<absent>", "<empty>"]}}), json!({}), &[]);
        check(json!({"a": {"$one-of": ["<absent>", "<empty>"]}}), json!({"a": [1]}), &["/a"]);
        check(json!({"$contains": "b"}), json!("abc"), &[]);
        check(json!({"$not": "a"}), json!("a"), &[""]);
        check(json!({"$json": []}), json!("[]"), &[]);
    }

    #[test]
    fn tokens_are_matched_by_their_claims() {
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln";
        check(json!({"$jwt": {"claims": {"sub": "x"}}}), json!(token), &[]);
        check(json!({"$jwt": {"claims": {"sub": "y"}}}), json!(token), &["/claims/sub"]);
        check(json!({"$jwt": {"signed-by": {"keys": []}}}), json!(token), &[""]);
        check(json!("<jwt>"), json!("a.b"), &[""]);
    }

    #[test]
    fn misspelt_matchers_are_refused_with_the_near_match() {
        let refusal = |value: Value| Pattern::parse(&value).unwrap_err();
        assert_eq!(refusal(json!("<uid>")), "unknown matcher `uid`, did you mean `uuid`?");
        assert_eq!(
            refusal(json!({"$regx": "a"})),
            "unknown matcher `$regx`, did you mean `$regex`?"
        );
        assert_eq!(refusal(json!({"$count": "a"})), "`$count` takes a whole number");
    }
}
