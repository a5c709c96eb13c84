//! Bindings: names for values, and the `${…}` expressions that insert them.
//!
//! `${name}`, `${name.member.0}`, `${function(argument, …)}`; arguments are expressions,
//! `'literals'` or whole numbers. A string that is one expression takes its value as it is; an
//! expression inside a longer string takes its text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::functions;
use super::node::{Node, NodeKind};

/// The values names stand for.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    values: BTreeMap<String, Value>,
    /// Seconds since the epoch, as functions see it.
    pub now: u64,
    /// Seed of what functions choose at random.
    pub seed: u64,
}

/// Names every case has without saving them, with what each stands for.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("unique", "eight characters no other case uses"),
    ("username", "a fresh username"),
    ("email", "a fresh e-mail address"),
    ("phone", "a phone number"),
    ("password", "a password that the default policy accepts"),
    ("new_password", "another one"),
    ("unknown_pool", "a well-formed user pool id that names nothing"),
    ("unknown_client", "a well-formed client id that names nothing"),
];

impl Bindings {
    /// Returns the built-in bindings of a case; `unique` tells it from every other.
    pub fn new(unique: &str, seed: u64, now: u64) -> Self {
        let digits = seed % 10_000_000;
        let built_in = [
            ("unique", unique.to_owned()),
            ("username", format!("user-{unique}")),
            ("email", format!("{unique}@example.com")),
            ("phone", format!("+1555{digits:07}")),
            ("password", format!("Pa55word!{unique}")),
            ("new_password", format!("N3wSecret?{unique}")),
            ("unknown_pool", "us-east-1_000000000".to_owned()),
            ("unknown_client", format!("{:0>26}", digits)),
        ];
        let values = built_in.map(|(name, value)| (name.to_owned(), Value::String(value)));
        Self { values: values.into(), now, seed }
    }

    /// Returns the words that are this case's own, with the name of the binding that holds each:
    /// what contains another comes before it.
    pub fn own_words(&self) -> Vec<(String, String)> {
        let words = ["password", "new_password", "unique", "phone", "unknown_client"]
            .into_iter()
            .filter_map(|name| Some((self.get(name)?.as_str()?.to_owned(), format!("<{name}>"))));
        words.collect()
    }

    /// Gives `name` a value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Returns what `name` stands for.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Returns `node` with every expression replaced by its value.
    ///
    /// # Errors
    /// An expression cannot be evaluated: which, and why.
    pub fn fill(&self, node: &Node) -> Result<Value, String> {
        match &node.kind {
            NodeKind::Scalar(Value::String(text)) => self.fill_text(text),
            NodeKind::Scalar(value) => Ok(value.clone()),
            NodeKind::List(items) => items.iter().map(|item| self.fill(item)).collect(),
            NodeKind::Members(members) => {
                let filled = members.iter().map(|(name, node)| {
                    let name = self.fill_text(name)?;
                    Ok((text_of(&name), self.fill(node)?))
                });
                filled.collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
        }
    }

    fn fill_text(&self, text: &str) -> Result<Value, String> {
        if !text.contains("${") {
            return Ok(Value::String(text.to_owned()));
        }
        let parts = split(text)?;
        if let [Part::Expression(expression)] = &parts[..] {
            return self.evaluate(expression);
        }
        let mut whole = String::new();
        for part in &parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Expression(expression) => {
                    whole.push_str(&text_of(&self.evaluate(expression)?))
                }
            }
        }
        Ok(Value::String(whole))
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, String> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Path(name, path) => {
                let mut value = self.values.get(name).ok_or_else(|| {
                    crate::near::unknown("binding", name, self.values.keys().map(String::as_str))
                })?;
                for part in path {
                    let inner = part.parse::<usize>().ok().and_then(|index| value.get(index));
                    value = inner
                        .or_else(|| value.get(part.as_str()))
                        .ok_or_else(|| format!("`{name}` has no `{part}`"))?;
                }
                Ok(value.clone())
            }
            Expression::Call(name, arguments) => {
                let arguments: Vec<Value> = arguments
                    .iter()
                    .map(|argument| self.evaluate(argument))
                    .collect::<Result<_, _>>()?;
                functions::call(name, &arguments, self)
                    .map_err(|cause| format!("{name}(): {cause}"))
            }
        }
    }
}

/// Returns a string as it is and anything else as JSON.
pub(super) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

enum Part {
    Text(String),
    Expression(Expression),
}

/// What stands between `${` and `}`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A literal.
    Literal(Value),
    /// A binding, and the way into it.
    Path(String, Vec<String>),
    /// A function with its arguments.
    Call(String, Vec<Expression>),
}

/// Returns every expression in `text`.
///
/// # Errors
/// One is malformed.
pub(super) fn expressions(text: &str) -> Result<Vec<Expression>, String> {
    let only = |part| if let Part::Expression(expression) = part { Some(expression) } else { None };
    Ok(split(text)?.into_iter().filter_map(only).collect())
}

fn split(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        if open > 0 {
            parts.push(Part::Text(rest[..open].into()));
        }
        let mut parser = Parser { rest: &rest[open + 2..] };
        let expression = parser.expression()?;
        parser.expect('}')?;
        parts.push(Part::Expression(expression));
        rest = parser.rest;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    Ok(parts)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Expression, String> {
        self.skip_space();
        if let Some(quoted) = self.rest.strip_prefix('\'') {
            let end = quoted.find('\'').ok_or("a literal without its closing quote")?;
            self.rest = &quoted[end + 1..];
            return Ok(Expression::Literal(Value::String(quoted[..end].into())));
        }
        let word = self.word();
        if let Ok(number) = word.parse::<i64>() {
            return Ok(Expression::Literal(number.into()));
        }
        if word.is_empty() {
            return Err(format!("expected a name before `{}`", self.rest));
        }
        if self.rest.starts_with('(') {
            self.rest = &self.rest[1..];
            return self.arguments().map(|arguments| Expression::Call(word, arguments));
        }
        let mut path = word.split('.').map(str::to_owned);
        let name = path.next().unwrap_or_default();
        Ok(Expression::Path(name, path.collect()))
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, String> {
        let mut arguments = Vec::new();
        self.skip_space();
        if self.rest.starts_with(')') {
            self.rest = &self.rest[1..];
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            self.skip_space();
            if self.rest.starts_with(',') {
                self.rest = &self.rest[1..];
            } else {
                return self.expect(')').map(|()| arguments);
            }
        }
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        self.skip_space();
        self.rest = self
            .rest
            .strip_prefix(wanted)
            .ok_or_else(|| format!("expected `{wanted}` before `{}`", self.rest))?;
        Ok(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn word(&mut self) -> String {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Value, &str>) {
        let mut bindings = Bindings::new("abc", 7, 0);
        bindings.set("list", json!([{"a": 1}]));
        let node = Node { kind: NodeKind::Scalar(json!(text)), ..Node::default() };
        assert_eq!(bindings.fill(&node), expected.map_err(str::to_owned));
    }

    #[test]
    fn expressions_take_values_and_text() {
        check("${unique}", Ok(json!("abc")));
        check("x-${unique}-${list.0.a}", Ok(json!("x-abc-1")));
        check("${list.0}", Ok(json!({"a": 1})));
        check("${repeat('ab', 2)}", Ok(json!("abab")));
        check("plain {####} $x", Ok(json!("plain {####} $x")));
    }

    #[test]
    fn mistakes_are_named() {
        check("${uniqe}", Err("unknown binding `uniqe`, did you mean `unique`?"));
        check("${list.1}", Err("`list` has no `1`"));
        check("${repeat('ab'}", Err("expected `)` before `}`"));
        check(
            "${reapeat('ab', 2)}",
            Err("reapeat(): unknown function `reapeat`, did you mean `repeat`?"),
        );
        check("${", Err("expected a name before ``"));
    }
}
