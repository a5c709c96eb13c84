//! One operation, readable: what goes in and out, what can go wrong, what it depends on.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::catalogue::links::Links;
use crate::catalogue::{Auth, Catalogue, Correction, Kind, Operation, Schema, Service, Volatile};

/// Returns everything known about an operation as an indented text.
///
/// `name` may be prefixed with its service (`cognito-identity:TagResource`). `scenarios` are the
/// ids and titles of the scenarios that call it; the catalogue does not know them.
///
/// # Errors
/// No operation has this name; the text says which one was probably meant.
pub fn show(
    catalogue: &Catalogue,
    name: &str,
    scenarios: &[(String, String)],
) -> Result<String, String> {
    let (service, operation) =
        catalogue.operation(name).ok_or_else(|| catalogue.unknown_operation(name))?;
    let mut page = Page { service, text: String::new(), shapes: BTreeSet::new() };
    page.head(operation);
    for other in catalogue.services.values().filter(|other| other.info.id != service.info.id) {
        if other.operations.contains_key(&operation.name) {
            page.line(0, &format!("also: {}:{}", other.info.id, operation.name));
        }
    }
    page.structure("input", Some(&operation.input));
    page.structure("output", operation.output.as_ref());
    page.errors(operation);
    page.links(operation);
    page.corrections(operation);
    let rules = catalogue.rules.about(&service.info.id, &operation.name).map(|rule| {
        let what = rule.error.as_deref().or(rule.effect.as_deref()).unwrap_or_default();
        format!("{}: {} -> {what} ({})", rule.id, rule.when, rule.evidence)
    });
    page.section("rules", rules.collect());
    let scenarios = scenarios.iter().map(|(id, title)| format!("{id}: {title}"));
    page.section("scenarios", scenarios.collect());
    Ok(page.text)
}

/// Returns what a schema asks of a value beyond its type, in words.
pub(super) fn constraints(schema: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    let mut bounds = |least: Option<String>, most: Option<String>, unit: &str| {
        let text = match (least, most) {
            (Some(least), Some(most)) if least == most => format!("exactly {least}"),
            (Some(least), Some(most)) if least == "0" && !unit.is_empty() => {
                format!("at most {most}")
            }
            (Some(least), Some(most)) => format!("{least} to {most}"),
            (Some(least), None) => format!("at least {least}"),
            (None, Some(most)) => format!("at most {most}"),
            (None, None) => return,
        };
        found.push(format!("{text}{unit}"));
    };
    let length = |n: Option<u64>| n.map(|n| n.to_string());
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    bounds(length(schema.min_length), length(schema.max_length), " characters");
    bounds(length(schema.min_items), length(schema.max_items), " items");
    bounds(length(schema.min_properties), length(schema.max_properties), " entries");
    bounds(number(schema.minimum), number(schema.maximum), "");
    if let Some(pattern) = schema.model_pattern().or(schema.pattern.as_deref()) {
        found.push(format!("matches `{pattern}`"));
    }
    if let Some(values) = &schema.enumeration {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        found.push(format!("one of {}", values.join(", ")));
    }
    found
}

struct Page<'a> {
    service: &'a Service,
    text: String,
    /// Shapes the operation reaches; filled while its sides are written.
    shapes: BTreeSet<&'a str>,
}

impl<'a> Page<'a> {
    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:1$}{text}", "", depth * 2);
    }

    fn section(&mut self, title: &str, lines: Vec<String>) {
        self.text.push('\n');
        if lines.is_empty() {
            return self.line(0, &format!("{title}: none"));
        }
        self.line(0, title);
        lines.iter().for_each(|line| self.line(1, line));
    }

    fn head(&mut self, operation: &Operation) {
        let info = &self.service.info;
        let auth = match operation.auth {
            Auth::Sigv4 => "signed",
            Auth::None => "unsigned",
        };
        let read_only = if operation.readonly { ", read-only" } else { "" };
        let head =
            format!("{} ({} {}): {auth}{read_only}", operation.name, info.id, info.api_version);
        let target = format!("x-amz-target: {}.{}", info.target_prefix, operation.name);
        self.line(0, &head);
        self.line(0, &target);
        if let Some(page) = &operation.pagination {
            let limit = page.limit_key.as_deref().unwrap_or("no limit member");
            let items = page.result_key.as_deref().unwrap_or("unnamed items");
            let (from, to) = (&page.input_token, &page.output_token);
            self.line(0, &format!("paged: {items} by {limit}, from {to} to {from}"));
        }
    }

    fn structure(&mut self, title: &str, schema: Option<&'a Schema>) {
        self.text.push('\n');
        let Some(schema) = schema else {
            return self.line(0, &format!("{title}: none, a zero-length body"));
        };
        if schema.properties.as_ref().is_none_or(|members| members.is_empty()) {
            return self.line(0, &format!("{title}: empty structure"));
        }
        self.line(0, &format!("{title} (* required)"));
        self.members(schema, 1, &mut Vec::new());
    }

    fn members(&mut self, schema: &'a Schema, depth: usize, inside: &mut Vec<&'a str>) {
        for (name, member) in schema.properties.iter().flatten() {
            let star = if schema.required.contains(name) { "*" } else { "" };
            self.entry(&format!("{name}{star}"), member, depth, inside);
        }
    }

    /// Writes one member, item, key or value, and what is inside it.
    fn entry(&mut self, label: &str, schema: &'a Schema, depth: usize, inside: &mut Vec<&'a str>) {
        let target = schema.target();
        self.shapes.extend(target);
        let recursive = target.is_some_and(|name| inside.contains(&name));
        let shape = self.service.resolve(schema);
        let mut words = vec![type_name(shape).to_owned()];
        words.extend(constraints(shape));
        words.extend(marks(schema, shape).map(str::to_owned));
        if recursive {
            words.push("as above".into());
        }
        let name = target.map(|name| format!("  [{name}]")).unwrap_or_default();
        self.line(depth, &format!("{label}: {}{name}", words.join(", ")));
        if recursive {
            return;
        }
        inside.extend(target);
        self.members(shape, depth + 1, inside);
        let parts = [
            ("items", &shape.items),
            ("keys", &shape.property_names),
            ("values", &shape.additional_properties),
        ];
        for (label, part) in parts {
            if let Some(part) = part {
                self.entry(label, part, depth + 1, inside);
            }
        }
        if target.is_some() {
            inside.pop();
        }
    }

    fn errors(&mut self, operation: &Operation) {
        let service = self.service;
        let status = |code: &str| service.errors.get(code).map_or(0, |error| error.status);
        let undeclared = |code: &str| {
            let at = format!("operations/{}", operation.name);
            service.corrections.iter().any(|c| c.at == at && c.errors.contains(code))
        };
        let lines = operation.errors.iter().map(|code| {
            let note = if undeclared(code) { " (undeclared, by correction)" } else { "" };
            format!("{code} {}{note}", status(code))
        });
        self.section("errors", lines.collect());
        let common = service.errors.iter().filter(|(_, error)| error.common);
        let common: Vec<String> = common.map(|(code, e)| format!("{code} {}", e.status)).collect();
        if !common.is_empty() {
            self.line(1, &format!("of any operation: {}", common.join(", ")));
        }
    }

    fn links(&mut self, operation: &Operation) {
        let join = |names: &BTreeSet<String>| {
            names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        let links = Links::of(self.service).for_operation(operation);
        let lines = links.iter().map(|link| {
            let star = if link.required { "*" } else { "" };
            let mut text = format!("{}{star} [{}]", link.member, link.shape);
            if !link.created_by.is_empty() {
                text.push_str(&format!(", created by {}", join(&link.created_by)));
            }
            if !link.shown_by.is_empty() {
                text.push_str(&format!(", shown by {}", join(&link.shown_by)));
            }
            text
        });
        self.section("links", lines.collect());
    }

    fn corrections(&mut self, operation: &Operation) {
        let own = format!("operations/{}", operation.name);
        let speaks = |correction: &&Correction| {
            let mut parts = correction.at.split('/');
            match (parts.next(), parts.next()) {
                (Some("shapes"), Some(shape)) => self.shapes.contains(shape),
                (Some("operations"), Some(_)) => {
                    correction.at == own || correction.at.starts_with(&format!("{own}/"))
                }
                _ => false,
            }
        };
        let lines = self.service.corrections.iter().filter(speaks).map(|correction| {
            let mut words: Vec<String> =
                correction.set.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            words.extend(correction.wire_name.iter().map(|name| format!("messages say `{name}`")));
            words.extend(correction.echoed.then(|| "echoed in messages".to_owned()));
            words.extend(correction.errors.iter().map(|code| format!("also raises {code}")));
            words.extend(correction.note.clone());
            format!("{}: {} ({})", correction.at, words.join("; "), correction.evidence)
        });
        let lines = lines.collect();
        self.section("corrections", lines);
    }
}

fn type_name(schema: &Schema) -> &'static str {
    match schema.kind {
        None => "any JSON",
        Some(Kind::Object) if schema.is_map() => "map",
        Some(Kind::Object) => "structure",
        Some(Kind::Array) => "list",
        Some(Kind::String) if schema.content_encoding.is_some() => "blob",
        Some(Kind::String) => "string",
        Some(Kind::Integer) => "integer",
        Some(Kind::Number) if schema.timestamp.is_some() => "timestamp",
        Some(Kind::Number) => "number",
        Some(Kind::Boolean) => "boolean",
    }
}

/// What is special about a value, from the member or the shape it refers to.
fn marks<'a>(member: &'a Schema, shape: &'a Schema) -> impl Iterator<Item = &'static str> {
    let volatile = match member.volatile.or(shape.volatile) {
        Some(Volatile::Id) => Some("server-chosen id"),
        Some(Volatile::Token) => Some("token"),
        Some(Volatile::Secret) => Some("secret"),
        Some(Volatile::Time) | None => None,
    };
    let sensitive = (member.sensitive || shape.sensitive).then_some("sensitive");
    let deprecated = (member.deprecated || shape.deprecated).then_some("deprecated");
    [volatile, sensitive, deprecated].into_iter().flatten()
}
