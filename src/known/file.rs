//! Reads a list of known failures from YAML, with the line of each entry.

use super::{Identity, Item, Mistake, Origin, Remark};
use crate::near;
use crate::report::text::one_line;
use crate::scenario::node::{Node, NodeKind};

/// Members of an entry.
const KEYS: [&str; 14] = [
    "operation",
    "operations",
    "case",
    "cases",
    "seen",
    "check",
    "pointer",
    "rule",
    "came",
    "flaky",
    "reason",
    "issue",
    "version",
    "expires",
];

type Read<T> = Result<T, Mistake>;

struct Reader<'a> {
    file: &'a str,
}

/// Returns what a file says; every mistake of it is told.
pub(super) fn parse(file: &str, text: &str) -> Result<(Option<Origin>, Vec<Item>), Vec<Mistake>> {
    let reader = Reader { file };
    // A file of comments lists nothing.
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok((None, Vec::new()));
    }
    let node = serde_saphyr::from_str::<Node>(text).map_err(|error| {
        let line = error.location().map_or(1, |at| at.line());
        vec![reader.mistake(line, one_line(&error.without_snippet().to_string()))]
    })?;
    let mut mistakes = Vec::new();
    let mut origin = None;
    let mut items = Vec::new();
    if !matches!(node.kind, NodeKind::Members(_)) {
        mistakes.push(reader.fail(&node, "`known:` with a list of entries was expected"));
    }
    for (key, value) in node.members() {
        match key.as_str() {
            "made_from" => match reader.origin(value) {
                Ok(read) => origin = Some(read),
                Err(mistake) => mistakes.push(mistake),
            },
            "known" => match &value.kind {
                NodeKind::List(entries) => {
                    entries.iter().for_each(|entry| match reader.entry(entry) {
                        Ok(read) => items.extend(read),
                        Err(mistake) => mistakes.push(mistake),
                    })
                }
                NodeKind::Scalar(serde_json::Value::Null) => {}
                _ => mistakes.push(reader.fail(value, "`known` is a list of entries")),
            },
            other => {
                let cause = near::unknown("key", other, ["made_from", "known"]);
                mistakes.push(reader.fail(value, &cause));
            }
        }
    }
    if mistakes.is_empty() { Ok((origin, items)) } else { Err(mistakes) }
}

impl Reader<'_> {
    fn mistake(&self, line: u64, cause: String) -> Mistake {
        Mistake { file: self.file.into(), line: line.max(1), cause }
    }

    fn fail(&self, node: &Node, cause: &str) -> Mistake {
        self.mistake(node.at.line, cause.into())
    }

    fn origin(&self, node: &Node) -> Read<Origin> {
        let mut origin = Origin::default();
        for (key, value) in node.members() {
            match key.as_str() {
                "date" => origin.date = self.text(key, value)?,
                "harness" => origin.harness = self.text(key, value)?,
                "seed" => {
                    origin.seed = value.value().as_u64().ok_or_else(|| {
                        self.fail(value, "`seed` is a number, as `run --seed` takes it")
                    })?;
                }
                "flags" => origin.flags = self.texts(key, value)?,
                "selection" => origin.selection = self.texts(key, value)?,
                other => {
                    let keys = ["date", "harness", "seed", "flags", "selection"];
                    return Err(self.fail(value, &near::unknown("key", other, keys)));
                }
            }
        }
        Ok(origin)
    }

    /// Reads an entry: one item for each operation or case that it names.
    fn entry(&self, node: &Node) -> Read<Vec<Item>> {
        if !matches!(node.kind, NodeKind::Members(_)) {
            return Err(self.fail(node, "an entry has members, such as `operation` and `check`"));
        }
        for (key, value) in node.members() {
            if !KEYS.contains(&key.as_str()) {
                return Err(self.fail(value, &near::unknown("key", key, KEYS)));
            }
        }
        let text = |key: &str| node.get(key).map(|value| self.text(key, value)).transpose();
        let needed = |key: &str, what: &str| {
            let cause = format!("an entry without `{key}`: {what}");
            text(key)?.ok_or_else(|| self.fail(node, &cause))
        };
        let parsed = |key: &str, value: Option<String>| {
            let value = value.map(|text| text.parse()).transpose();
            value.map_err(|cause: String| self.fail(node.get(key).unwrap_or(node), &cause))
        };
        let remark = Remark {
            reason: needed("reason", "say why it is expected")?,
            issue: text("issue")?,
            version: parsed("version", text("version")?)?,
            expires: self.date(node)?,
        };
        let common = Item {
            identity: Identity {
                check: needed("check", "the check or property that finds it")?,
                pointer: crate::check::pointer_class(&text("pointer")?.unwrap_or_default()),
                rule: text("rule")?,
                came: text("came")?,
            },
            seen: text("seen")?,
            flaky: self.flag(node, "flaky")?,
            remark,
            ..Item::default()
        };
        let one = |key: &str| {
            let value = node.get(key);
            value.map(|value| Ok((value.at.line, self.text(key, value)?))).transpose()
        };
        let (operation, case) = (one("operation")?, one("case")?);
        match (node.get("operations"), node.get("cases")) {
            (None, None) => {
                let Some((line, _)) = operation.as_ref().or(case.as_ref()) else {
                    let cause = "an entry without `operation` or `case`: it says where nothing is";
                    return Err(self.fail(node, cause));
                };
                let line = *line;
                let (operation, case) = (operation.map(|o| o.1), case.map(|c| c.1));
                Ok(vec![Item { line, operation, case, ..common }])
            }
            (Some(operations), None) if operation.is_none() && case.is_none() => {
                self.operations(operations, &common)
            }
            (None, Some(cases)) if case.is_none() => {
                let operation = operation.map(|o| o.1);
                let item = |(line, case)| Item {
                    line,
                    operation: operation.clone(),
                    case: Some(case),
                    ..common.clone()
                };
                Ok(self.list("cases", cases)?.into_iter().map(item).collect())
            }
            _ => {
                let cause = "an entry names `operations`, or `cases` (of one `operation`), or one \
                             `operation`, or one `case`: not several of these";
                Err(self.fail(node, cause))
            }
        }
    }

    /// Reads a list of operations, or a mapping from each to a case that shows it.
    fn operations(&self, node: &Node, common: &Item) -> Read<Vec<Item>> {
        let item = |line, operation: &str, seen| Item {
            line,
            operation: Some(operation.to_owned()),
            seen,
            ..common.clone()
        };
        if let NodeKind::Members(members) = &node.kind {
            let each = members.iter().map(|(operation, case)| {
                Ok(item(case.at.line, operation, Some(self.text(operation, case)?)))
            });
            return each.collect();
        }
        let list = self.list("operations", node)?;
        let seen = || common.seen.clone();
        Ok(list.into_iter().map(|(line, operation)| item(line, &operation, seen())).collect())
    }

    fn list(&self, key: &str, node: &Node) -> Read<Vec<(u64, String)>> {
        let NodeKind::List(values) = &node.kind else {
            return Err(self.fail(node, &format!("`{key}` is a list of names")));
        };
        if values.is_empty() {
            return Err(self.fail(node, &format!("`{key}` names nothing")));
        }
        values.iter().map(|value| Ok((value.at.line, self.text(key, value)?))).collect()
    }

    fn texts(&self, key: &str, node: &Node) -> Read<Vec<String>> {
        match &node.kind {
            NodeKind::List(values) => values.iter().map(|value| self.text(key, value)).collect(),
            _ => Err(self.fail(node, &format!("`{key}` is a list of texts"))),
        }
    }

    /// Reads a text; a number, as `5.3` is one, is what is written there.
    fn text(&self, key: &str, node: &Node) -> Read<String> {
        match &node.kind {
            NodeKind::Scalar(serde_json::Value::String(text)) => Ok(text.clone()),
            NodeKind::Scalar(serde_json::Value::Number(number)) => Ok(number.to_string()),
            _ => Err(self.fail(node, &format!("`{key}` takes a text"))),
        }
    }

    fn flag(&self, node: &Node, key: &str) -> Read<bool> {
        match node.get(key).map(|value| (value, &value.kind)) {
            None => Ok(false),
            Some((_, NodeKind::Scalar(serde_json::Value::Bool(flag)))) => Ok(*flag),
            Some((value, _)) => Err(self.fail(value, &format!("`{key}` is `true` or `false`"))),
        }
    }

    fn date(&self, node: &Node) -> Read<Option<String>> {
        let Some(value) = node.get("expires") else { return Ok(None) };
        let text = self.text("expires", value)?;
        let numbers: Vec<Option<u32>> = text.split('-').map(|part| part.parse().ok()).collect();
        let is_date = text.len() == 10
            && matches!(numbers[..], [Some(1970..=9999), Some(1..=12), Some(1..=31)]);
        if is_date {
            return Ok(Some(text));
        }
        Err(self.fail(value, &format!("`{}` is no date, such as `2027-03-01`", one_line(&text))))
    }
}
