//! Writes a scenario as the file that reads back as the same: how a generated sequence is saved.

use std::fmt::Write;

use serde_json::Value;

use super::node::Node;
use super::{Action, Caller, Expect, RawBody, Scenario, Step};

/// Returns the text of a scenario file; set-ups are written by name, without what overlays them.
///
/// Every step that expects success or anything in particular of a call says so by rule or by
/// pattern; bodies that no text can hold are written in base64.
pub fn scenario(case: &Scenario) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key}: {}", quoted(value));
    };
    line("title", &case.title);
    line("why", &case.why);
    line("evidence", case.evidence.name());
    line("source", &case.source);
    line("level", case.level.name());
    if case.lockstep {
        text += "lockstep: true\n";
    }
    let needs: Vec<_> = case.needs.iter().map(|need| need.name()).collect();
    if !needs.is_empty() {
        let _ = writeln!(text, "needs: [{}]", needs.join(", "));
    }
    let setup: Vec<_> = case.setup.iter().map(|(set_up, _)| set_up.name.as_str()).collect();
    if !setup.is_empty() {
        let _ = writeln!(text, "setup: [{}]", setup.join(", "));
    }
    text += "steps:\n";
    for step in &case.steps {
        text += &self::step(step);
    }
    text
}

fn step(step: &Step) -> String {
    let mut lines: Vec<String> = Vec::new();
    match &step.action {
        Action::Call { service, operation, with, caller, pages, together } => {
            lines.push(match service.as_str() {
                "cognito-idp" => format!("call: {operation}"),
                _ => format!("call: {service}:{operation}"),
            });
            match caller {
                Caller::Default => {}
                Caller::Signed => lines.push("as: signed".into()),
                Caller::Anonymous => lines.push("as: anonymous".into()),
                Caller::Holder(token) => lines.push(format!("as: {}", json(&token.value()))),
            }
            let with = with.value();
            if with.as_object().is_none_or(|members| !members.is_empty()) {
                lines.push("unmodelled: true".into());
                lines.push(format!("with: {}", json(&with)));
            }
            if let Some((limit, most)) = pages {
                let limit = limit.map(|limit| format!("limit: {limit}, ")).unwrap_or_default();
                lines.push(format!("pages: {{ {limit}max: {most} }}"));
            }
            lines.extend(together.map(|count| format!("together: {count}")));
        }
        Action::Raw { service, operation, method, path, headers, body, signed } => {
            let mut raw = vec![format!("method: {method}"), format!("path: {}", node(path))];
            match operation {
                Some(operation) => raw.push(format!("operation: {operation}")),
                None => raw.push(format!("service: {service}")),
            }
            if *signed {
                raw.push("signed: true".into());
            }
            if !headers.members().is_empty() {
                raw.push(format!("headers: {}", node(headers)));
            }
            raw.push(match body {
                RawBody::Value(body) => format!("body: {}", node(body)),
                RawBody::Bytes(bytes) => format!("body_base64: {}", base64(bytes)),
            });
            lines.push(format!("raw: {{ {} }}", raw.join(", ")));
        }
        Action::Mail { pool, username, save, .. } => lines.push(format!(
            "mail: {{ pool: {}, username: {}, save: {save} }}",
            node(pool),
            node(username)
        )),
        Action::Clock(seconds) => lines.push(format!("clock: {}", node(seconds))),
        Action::Wait(ms) => lines.push(format!("wait: {ms}")),
        Action::Let(bindings) => {
            let pair = |(name, value): &(String, Node)| format!("{name}: {}", node(value));
            let pairs: Vec<_> = bindings.iter().map(pair).collect();
            lines.push(format!("let: {{ {} }}", pairs.join(", ")));
        }
        Action::Invoked { function } => {
            lines.push(format!("invoked: {{ function: {function}, events: {} }}", expected(step)));
        }
    }
    lines.extend(expectation(step));
    if !step.save.is_empty() {
        let pair = |(name, pointer): (&String, &String)| format!("{name}: {}", quoted(pointer));
        let pairs: Vec<_> = step.save.iter().map(pair).collect();
        lines.push(format!("save: {{ {} }}", pairs.join(", ")));
    }
    format!("  - {}\n", lines.join("\n    "))
}

fn expected(step: &Step) -> String {
    if let Expect::Output(pattern) = &step.expect { node(pattern) } else { "[]".into() }
}

/// Returns the line that says what must come back; none where success is all.
fn expectation(step: &Step) -> Option<String> {
    if !matches!(step.action, Action::Call { .. } | Action::Raw { .. }) {
        return None;
    }
    match &step.expect {
        Expect::Anything => Some("expect: { anything: true }".into()),
        Expect::Output(pattern) if pattern.members().is_empty() => None,
        Expect::Output(pattern) => Some(format!("expect: {{ output: {} }}", node(pattern))),
        Expect::Error(rules, arguments) => {
            let with = if arguments.members().is_empty() {
                String::new()
            } else {
                format!(", where: {}", node(arguments))
            };
            Some(format!("expect: {{ error: [{}]{with} }}", rules.join(", ")))
        }
        Expect::Raw { status, .. } => {
            let status = status.as_ref().map(node).unwrap_or_else(|| "200".into());
            Some(format!("expect: {{ status: {status} }}"))
        }
    }
}

fn node(node: &Node) -> String {
    json(&node.value())
}

/// JSON is YAML's flow style.
fn json(value: &Value) -> String {
    value.to_string()
}

fn quoted(text: &str) -> String {
    json(&Value::from(text))
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
