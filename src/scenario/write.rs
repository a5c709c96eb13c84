//! Writes a scenario as the file that reads back as the same: how a generated sequence is saved.

use std::fmt::Write;

use serde_json::Value;

use super::check::fillable;
use super::node::{Node, NodeKind};
use super::{Action, Caller, Expect, RawBody, Scenario, SetUp, Step};

/// Returns the text of a scenario file; set-ups are written by name, with what overlays them.
///
/// A step that uses what nothing before it binds is left out: it is never sent, and no file with
/// it can be read. Bodies that no text can hold are written in base64.
pub fn scenario(case: &Scenario) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key}: {value}");
    };
    line("title", &quoted(&case.title));
    line("why", &quoted(&case.why));
    line("evidence", case.evidence.name());
    line("source", &quoted(&case.source));
    line("level", case.level.name());
    if case.lockstep {
        line("lockstep", "true");
    }
    let needs: Vec<_> = case.needs.iter().map(|need| need.name()).collect();
    if !needs.is_empty() {
        line("needs", &format!("[{}]", needs.join(", ")));
    }
    if !case.functions.is_empty() {
        line("functions", "");
    }
    for function in &case.functions {
        line(&format!("  {}", function.name), &list(function.answers.iter().map(node)));
    }
    if !case.setup.is_empty() {
        line("setup", &list(set_ups(case)));
    }
    line("steps", "");
    let mut text = text.replace(": \n", ":\n");
    for step in fillable(case) {
        text += &self::step(step);
    }
    text
}

/// Returns the set-ups of a case in the order they are played. What overlays one comes last once
/// more where another set-up that builds on it overlays it otherwise: the last word counts.
fn set_ups(case: &Scenario) -> impl Iterator<Item = String> {
    let entry = |(set_up, overlay): &(SetUp, Node)| match overlay.members() {
        [] => set_up.name.clone(),
        _ => format!("{{ {}: {} }}", set_up.name, node(overlay)),
    };
    let overlaid = |(wanted, _): &&(SetUp, Node)| {
        let mut bases = case.setup.iter().flat_map(|(set_up, _)| &set_up.setup);
        bases.any(|(name, overlay)| *name == wanted.name && !overlay.members().is_empty())
    };
    let again = case.setup.iter().filter(overlaid);
    case.setup.iter().chain(again).map(entry).collect::<Vec<_>>().into_iter()
}

fn step(step: &Step) -> String {
    let mut lines = action(&step.action);
    if let Action::Invoked { function } = &step.action {
        lines.push(format!("invoked: {{ function: {function}, events: {} }}", expected(step)));
    }
    lines.extend(expectation(step));
    if !step.save.is_empty() {
        let pairs = step.save.iter().map(|(name, pointer)| (name.as_str(), quoted(pointer)));
        lines.push(format!("save: {}", members(pairs)));
    }
    lines.extend(step.eventually.map(|seconds| format!("eventually: {seconds}")));
    if step.one_fault {
        lines.push("one_fault: true".into());
    }
    // Who says so matters where something in particular must come back.
    if !matches!(step.expect, Expect::Anything) {
        lines.extend(step.level.map(|level| format!("level: {}", level.name())));
        lines.extend(step.evidence.map(|evidence| format!("evidence: {}", evidence.name())));
        lines.extend(step.source.as_deref().map(|source| format!("source: {}", quoted(source))));
    }
    format!("  - {}\n", lines.join("\n    "))
}

/// Returns the lines that say what a step does.
fn action(action: &Action) -> Vec<String> {
    match action {
        Action::Call { service, operation, with, caller, pages, together } => {
            let mut lines = vec![match service.as_str() {
                "cognito-idp" => format!("call: {operation}"),
                _ => format!("call: {service}:{operation}"),
            }];
            match caller {
                Caller::Default => {}
                Caller::Signed => lines.push("as: signed".into()),
                Caller::Anonymous => lines.push("as: anonymous".into()),
                Caller::Holder(token) => lines.push(format!("as: {}", node(token))),
            }
            if *with != Node::default() {
                lines.push("unmodelled: true".into());
                lines.push(format!("with: {}", node(with)));
            }
            if let Some((limit, most)) = pages {
                let limit = limit.map(|limit| format!("limit: {limit}, ")).unwrap_or_default();
                lines.push(format!("pages: {{ {limit}max: {most} }}"));
            }
            lines.extend(together.map(|count| format!("together: {count}")));
            lines
        }
        Action::Raw { service, operation, method, path, headers, body, signed } => {
            let mut raw = vec![("method", quoted(method)), ("path", node(path))];
            raw.push(match operation {
                Some(operation) => ("operation", format!("{service}:{operation}")),
                None => ("service", service.clone()),
            });
            if *signed {
                raw.push(("signed", "true".into()));
            }
            if !headers.members().is_empty() {
                raw.push(("headers", node(headers)));
            }
            raw.push(match body {
                RawBody::Value(body) => ("body", node(body)),
                RawBody::Bytes(bytes) => ("body_base64", quoted(&base64(bytes))),
            });
            let raw = raw.into_iter().map(|(key, value)| format!("\n      {key}: {value}"));
            vec![format!("raw:{}", raw.collect::<String>())]
        }
        Action::Mail { pool, username, save, save_body, save_subject } => {
            let mut mail = vec![("pool", node(pool)), ("username", node(username))];
            mail.push(("save", save.clone()));
            mail.extend(save_body.clone().map(|name| ("save_body", name)));
            mail.extend(save_subject.clone().map(|name| ("save_subject", name)));
            vec![format!("mail: {}", members(mail.into_iter()))]
        }
        Action::Clock(seconds) => vec![format!("clock: {}", node(seconds))],
        Action::Wait(ms) => vec![format!("wait: {ms}")],
        Action::Let(bindings) => {
            let pairs = bindings.iter().map(|(name, value)| (name.as_str(), node(value)));
            vec![format!("let: {}", members(pairs))]
        }
        Action::Invoked { .. } => Vec::new(),
    }
}

fn expected(step: &Step) -> String {
    if let Expect::Output(pattern) = &step.expect { node(pattern) } else { "[]".into() }
}

/// Returns the line that says what must come back; none where success is all.
fn expectation(step: &Step) -> Option<String> {
    if !matches!(step.action, Action::Call { .. } | Action::Raw { .. }) {
        return None;
    }
    let parts = match &step.expect {
        Expect::Anything => vec![("anything", "true".to_owned())],
        Expect::Output(pattern) if pattern.members().is_empty() => return None,
        Expect::Output(pattern) => vec![("output", node(pattern))],
        Expect::Error(rules, arguments) => {
            let mut parts = vec![("error", list(rules.iter().cloned()))];
            if !arguments.members().is_empty() {
                parts.push(("where", node(arguments)));
            }
            parts
        }
        Expect::Raw { status, headers, body } => {
            let mut parts = Vec::new();
            parts.extend(status.as_ref().map(|status| ("status", node(status))));
            if !headers.members().is_empty() {
                parts.push(("headers", node(headers)));
            }
            parts.extend(body.as_ref().map(|body| ("body", node(body))));
            parts
        }
    };
    (!parts.is_empty()).then(|| format!("expect: {}", members(parts.into_iter())))
}

/// Returns a value in YAML's flow style.
fn node(value: &Node) -> String {
    match &value.kind {
        NodeKind::Scalar(Value::String(text)) => quoted(text),
        NodeKind::Scalar(scalar) => scalar.to_string(),
        NodeKind::List(items) => list(items.iter().map(node)),
        NodeKind::Members(inner) => {
            members(inner.iter().map(|(name, value)| (name.as_str(), node(value))))
        }
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn members<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{}: {value}", key(name))).collect();
    if pairs.is_empty() { "{}".into() } else { format!("{{ {} }}", pairs.join(", ")) }
}

/// Returns the name of a member, quoted where YAML could take it for anything else.
fn key(name: &str) -> String {
    const WORDS_OF_YAML: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    let own = WORDS_OF_YAML.iter().any(|word| name.eq_ignore_ascii_case(word));
    if word && !own { name.to_owned() } else { quoted(name) }
}

/// Returns a text in double quotes; what YAML does not print, or a reader does not see, escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            ' '..='~' => quoted.push(c),
            _ if c.is_alphanumeric() => quoted.push(c),
            _ => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(quoted, "\\x{code:02x}"),
                    0x100..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
    quoted.push('"');
    quoted
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
