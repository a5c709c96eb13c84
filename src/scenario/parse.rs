//! Reads scenario files and refuses what cannot be meant, with place and near match.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bind::{BUILT_IN, Expression, expressions};
use super::file::{ExpectFile, RawFile, ScenarioFile, SetUpFile, StepFile};
use super::node::{At, Node, NodeKind};
use super::{Action, Caller, Expect, Function, RawBody, Scenario, SetUp, Step, reply};
use crate::catalogue::{Catalogue, Service};
use crate::pattern::{KEYS, Pattern};
use crate::target::Capability;

/// A scenario file that cannot be run as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// Path below the scenarios' root.
    pub path: String,
    /// Where in it.
    pub at: At,
    /// The line itself.
    pub line: String,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The file cannot be read at all.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Not YAML, or not of the format.
    #[error("{0}")]
    Format(String),
    /// A name that nothing has; the text holds the near match.
    #[error("{0}")]
    Unknown(String),
    /// A step does nothing, or several things.
    #[error(
        "a step does exactly one of call, raw, get, mail, clock, wait, let, invoked; this one does {0}"
    )]
    Action(String),
    /// Parts that do not go together.
    #[error("{0}")]
    Misfit(String),
    /// A set-up builds on itself.
    #[error("set-up `{name}` builds on itself")]
    SetUpCycle {
        /// The set-up.
        name: String,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenarios/{}", self.path)?;
        if self.at.line > 0 {
            write!(f, ":{}:{}", self.at.line, self.at.column)?;
        }
        write!(f, ": {}", self.kind)?;
        if !self.line.trim().is_empty() {
            let gutter = self.at.line.to_string();
            write!(f, "\n {gutter} | {}", self.line)?;
            let column = usize::try_from(self.at.column.saturating_sub(1)).unwrap_or_default();
            write!(f, "\n {} | {}^", " ".repeat(gutter.len()), " ".repeat(column.min(200)))?;
        }
        Ok(())
    }
}

impl ParseError {
    /// Returns the error at a place of the file with this text.
    pub(super) fn new(path: &str, text: &str, at: At, kind: ParseErrorKind) -> Self {
        let index = usize::try_from(at.line).unwrap_or_default();
        let line =
            index.checked_sub(1).and_then(|index| text.lines().nth(index)).unwrap_or_default();
        Self { path: path.into(), at, line: line.chars().take(200).collect(), kind }
    }
}

/// The file being read, for errors.
#[derive(Clone, Copy)]
struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    catalogue: &'a Catalogue,
}

type Parsed<T> = Result<T, ParseError>;

/// Reads a scenario; set-ups are returned by name, with what overlays their input.
///
/// # Errors
/// The text is not of the format, or names something unknown.
pub(super) fn parse_scenario(
    path: &str,
    text: &str,
    catalogue: &Catalogue,
) -> Parsed<(Scenario, Vec<(String, Node)>)> {
    let reader = Reader { path, text, catalogue };
    let file: ScenarioFile = reader.yaml()?;
    let functions = file.functions.iter().map(|(name, answers)| reader.function(name, answers));
    let functions = functions.collect::<Parsed<Vec<_>>>()?;
    let calls_back = !functions.is_empty();
    let steps = reader.steps(&file.steps)?;
    if steps.is_empty() {
        return Err(reader.fail(
            At { line: 1, column: 1 },
            ParseErrorKind::Misfit("a scenario without steps".into()),
        ));
    }
    let mut operations: Vec<String> = Vec::new();
    let mut rules = BTreeSet::new();
    for step in &steps {
        let called = match &step.action {
            Action::Call { operation, .. } => Some(operation),
            Action::Raw { operation, .. } => operation.as_ref(),
            _ => None,
        };
        if let Some(name) = called.filter(|name| !operations.contains(*name)) {
            operations.push(name.clone());
        }
        if let Expect::Error(ids, _) = &step.expect {
            rules.extend(ids.iter().cloned());
        }
    }
    let scenario = Scenario {
        id: path.trim_end_matches(".yaml").replace('/', "::"),
        path: path.into(),
        title: file.title,
        why: file.why,
        evidence: file.evidence,
        source: file.source,
        level: file.level,
        lockstep: file.lockstep,
        stage: 0,
        // Functions are of no use to a target whose triggers do not reach them.
        needs: file.needs.into_iter().chain(calls_back.then_some(Capability::Lambda)).collect(),
        functions,
        setup: Vec::new(),
        steps,
        operations,
        rules,
    };
    Ok((scenario, reader.set_ups(&file.setup)?))
}

/// Reads a set-up.
///
/// # Errors
/// The text is not of the format, or names something unknown.
pub(super) fn parse_set_up(path: &str, text: &str, catalogue: &Catalogue) -> Parsed<SetUp> {
    let reader = Reader { path, text, catalogue };
    let file: SetUpFile = reader.yaml()?;
    let name = path.trim_start_matches("setup/").trim_end_matches(".yaml");
    Ok(SetUp {
        name: name.into(),
        title: file.title,
        needs: file.needs.into_iter().collect(),
        shared: file.shared,
        setup: reader.set_ups(&file.setup)?,
        steps: reader.steps(&file.steps)?,
    })
}

/// Checks that every binding a scenario uses is made before, by a set-up or an earlier step.
///
/// # Errors
/// An expression uses a name nobody binds.
pub(super) fn check_bindings(path: &str, text: &str, scenario: &Scenario) -> Parsed<()> {
    let mut known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let arns: Vec<String> = scenario.functions.iter().map(Function::binding).collect();
    known.extend(arns.iter().map(String::as_str));
    for (set_up, _) in &scenario.setup {
        set_up.steps.iter().for_each(|step| known.extend(made_by(step)));
    }
    for step in &scenario.steps {
        let mut defined = scenario.functions.iter().map(|function| function.name.as_str());
        if let Action::Invoked { function } = &step.action
            && !defined.clone().any(|name| name == function)
        {
            let cause = crate::near::unknown("function", function, &mut defined);
            return Err(ParseError::new(path, text, step.at, ParseErrorKind::Unknown(cause)));
        }
        let mut wrong = None;
        for node in step.nodes() {
            node.walk(&mut |node| {
                let names = node.as_str().map(used_in).unwrap_or_default();
                let stray = names.into_iter().find(|name| !known.contains(name.as_str()));
                if let (Some(name), None) = (stray, &wrong) {
                    let cause = crate::near::unknown("binding", &name, known.iter().copied());
                    wrong =
                        Some(ParseError::new(path, text, node.at, ParseErrorKind::Unknown(cause)));
                }
            });
        }
        if let Some(error) = wrong {
            return Err(error);
        }
        known.extend(made_by(step));
    }
    Ok(())
}

fn made_by(step: &Step) -> Vec<&str> {
    let mut names: Vec<&str> = step.save.keys().map(String::as_str).collect();
    match &step.action {
        Action::Mail { save, save_body, save_subject, .. } => {
            let others = save_body.iter().chain(save_subject).map(String::as_str);
            names.extend(others.chain([save.as_str()]));
        }
        Action::Let(bindings) => names.extend(bindings.iter().map(|(name, _)| name.as_str())),
        _ => {}
    }
    names
}

fn used_in(text: &str) -> Vec<String> {
    fn collect(expression: &Expression, names: &mut Vec<String>) {
        match expression {
            Expression::Literal(_) => {}
            Expression::Path(name, _) => names.push(name.clone()),
            Expression::Call(_, arguments) => arguments.iter().for_each(|a| collect(a, names)),
        }
    }
    let mut names = Vec::new();
    expressions(text).unwrap_or_default().iter().for_each(|e| collect(e, &mut names));
    names
}

impl Step {
    /// Tells whether an expression of the step uses the binding `name`.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let mut found = false;
        for node in self.nodes() {
            node.walk(&mut |node| {
                let keys = node.members().iter().map(|(key, _)| key.as_str());
                let mut texts = keys.chain(node.as_str());
                found |= texts.any(|text| used_in(text).iter().any(|used| used == name));
            });
        }
        found
    }

    /// Returns every value of the step that may hold expressions.
    fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        match &self.action {
            Action::Call { with, caller, .. } => {
                nodes.push(with);
                if let Caller::Holder(token) = caller {
                    nodes.push(token);
                }
            }
            Action::Raw { path, headers, body, .. } => {
                nodes.extend([path, headers]);
                if let RawBody::Value(body) = body {
                    nodes.push(body);
                }
            }
            Action::Mail { pool, username, .. } => nodes.extend([pool, username]),
            Action::Clock(seconds) => nodes.push(seconds),
            Action::Let(bindings) => nodes.extend(bindings.iter().map(|(_, node)| node)),
            Action::Wait(_) | Action::Invoked { .. } => {}
        }
        match &self.expect {
            Expect::Output(node) | Expect::Error(_, node) => nodes.push(node),
            Expect::Raw { status, headers, body } => {
                nodes.extend(status.iter().chain([headers]).chain(body));
            }
            Expect::Anything => {}
        }
        nodes
    }
}

impl<'a> Reader<'a> {
    fn fail(&self, at: At, kind: ParseErrorKind) -> ParseError {
        ParseError::new(self.path, self.text, at, kind)
    }

    fn misfit(&self, at: At, text: impl Into<String>) -> ParseError {
        self.fail(at, ParseErrorKind::Misfit(text.into()))
    }

    fn yaml<T: DeserializeOwned>(&self) -> Parsed<T> {
        serde_saphyr::from_str(self.text).map_err(|error| {
            let at = error.location().map(At::from).unwrap_or_default();
            self.fail(at, ParseErrorKind::Format(plain(&error)))
        })
    }

    fn set_ups(&self, nodes: &[Node]) -> Parsed<Vec<(String, Node)>> {
        let entry = |node: &Node| match &node.kind {
            NodeKind::Scalar(Value::String(name)) => {
                let kind = NodeKind::Members(Vec::new());
                Ok(vec![(name.clone(), Node { at: node.at, kind })])
            }
            NodeKind::Members(members) => Ok(members.clone()),
            _ => Err(self.misfit(node.at, "a set-up is a name, or a name with members")),
        };
        let entries: Vec<Vec<_>> = nodes.iter().map(entry).collect::<Parsed<_>>()?;
        Ok(entries.into_iter().flatten().collect())
    }

    fn steps(&self, files: &[StepFile]) -> Parsed<Vec<Step>> {
        files.iter().map(|file| self.step(file)).collect()
    }

    fn step(&self, file: &StepFile) -> Parsed<Step> {
        let at = file.place();
        let action = self.action(file, at)?;
        let operation = match &action {
            Action::Call { service, operation, .. } => Some((service.as_str(), operation.as_str())),
            _ => None,
        };
        let raw = matches!(action, Action::Raw { .. });
        let expect = match &file.invoked {
            Some(invoked) if file.expect.is_none() => self.events(&invoked.events)?,
            Some(_) => return Err(self.misfit(at, "`invoked` expects its `events`, nothing else")),
            None => self.expect(file.expect.as_ref(), at, operation, raw)?,
        };
        let step = Step {
            at,
            action,
            expect,
            save: file.save.clone(),
            eventually: file.eventually,
            level: file.level,
            evidence: file.evidence,
            source: file.source.clone(),
            configurable: file.configurable,
            one_fault: false,
        };
        for node in step.nodes() {
            self.expressions(node)?;
        }
        if let Some((name, _)) =
            step.save.iter().find(|(_, p)| !p.is_empty() && !p.starts_with('/'))
        {
            return Err(self.misfit(
                at,
                format!("`save: {name}` takes a JSON pointer, which starts with `/`"),
            ));
        }
        Ok(step)
    }

    fn action(&self, file: &StepFile, at: At) -> Parsed<Action> {
        let present = [
            ("call", file.call.is_some()),
            ("raw", file.raw.is_some()),
            ("get", file.get.is_some()),
            ("mail", file.mail.is_some()),
            ("clock", file.clock.is_some()),
            ("wait", file.wait.is_some()),
            ("let", file.bind.is_some()),
            ("invoked", file.invoked.is_some()),
        ];
        let named: Vec<&str> =
            present.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
        let [_] = named[..] else {
            let does = if named.is_empty() { "none of them".into() } else { named.join(" and ") };
            return Err(self.fail(at, ParseErrorKind::Action(does)));
        };
        if file.call.is_none()
            && (file.with.is_some()
                || file.caller.is_some()
                || file.pages.is_some()
                || file.together.is_some())
        {
            return Err(self.misfit(at, "`with`, `as`, `pages` and `together` belong to `call`"));
        }
        if let Some(call) = &file.call {
            return self.call(file, call);
        }
        if let Some(raw) = &file.raw {
            return self.raw(raw, at);
        }
        if let Some(path) = &file.get {
            let service = "cognito-idp".to_owned();
            let (headers, body) = (Node::default(), RawBody::Bytes(Vec::new()));
            return Ok(Action::Raw {
                service,
                operation: None,
                method: "GET".into(),
                path: path.clone(),
                headers,
                body,
            });
        }
        if let Some(mail) = &file.mail {
            let (pool, username) = (mail.pool.clone(), mail.username.clone());
            return Ok(Action::Mail {
                pool,
                username,
                save: mail.save.clone(),
                save_body: mail.save_body.clone(),
                save_subject: mail.save_subject.clone(),
            });
        }
        if let Some(seconds) = &file.clock {
            return Ok(Action::Clock(seconds.clone()));
        }
        if let Some(wait) = file.wait {
            return Ok(Action::Wait(wait.min(5000)));
        }
        if let Some(invoked) = &file.invoked {
            let function = invoked.function.as_str().unwrap_or_default().to_owned();
            return Ok(Action::Invoked { function });
        }
        let bindings = file.bind.as_ref().map(|node| node.members().to_vec()).unwrap_or_default();
        Ok(Action::Let(bindings))
    }

    fn function(&self, name: &str, answers: &[Node]) -> Parsed<Function> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
            let at = answers.first().map(|answer| answer.at).unwrap_or_default();
            let text = format!("`{name}`: a function's name takes lower-case letters, digits, `-`");
            return Err(self.misfit(at, text));
        }
        if let Some((at, cause)) = answers.iter().find_map(reply::mistake) {
            return Err(self.fail(at, ParseErrorKind::Unknown(cause)));
        }
        answers.iter().try_for_each(|answer| self.expressions(answer))?;
        Ok(Function { name: name.to_owned(), answers: answers.to_vec() })
    }

    fn operation(&self, node: &Node) -> Parsed<(&'a Service, String)> {
        let name = node.as_str().unwrap_or_default();
        let (service, operation) = self.catalogue.operation(name).ok_or_else(|| {
            self.fail(node.at, ParseErrorKind::Unknown(self.catalogue.unknown_operation(name)))
        })?;
        Ok((service, operation.name.clone()))
    }

    fn call(&self, file: &StepFile, call: &Node) -> Parsed<Action> {
        let (service, operation) = self.operation(call)?;
        let with = file.with.clone().unwrap_or_default();
        if !file.unmodelled {
            self.members(service, &service.operations[&operation].input, &with)?;
        }
        let caller =
            match &file.caller {
                None => Caller::Default,
                Some(node) => match node.as_str() {
                    Some("signed") => Caller::Signed,
                    Some("anonymous") => Caller::Anonymous,
                    Some(text) if text.starts_with("${") => Caller::Holder(node.clone()),
                    _ => return Err(self.misfit(
                        node.at,
                        "`as` takes signed, anonymous or an access token such as `${access_token}`",
                    )),
                },
            };
        let pages = file.pages.as_ref().map(|pages| (pages.limit, pages.max.unwrap_or(50)));
        if pages.is_some() && service.operations[&operation].pagination.is_none() {
            return Err(self.misfit(call.at, format!("`{operation}` has no pages")));
        }
        let together = file.together;
        if together.is_some_and(|count| !(2..=16).contains(&count)) {
            return Err(self.misfit(call.at, "`together` is 2 to 16"));
        }
        let service = service.info.id.clone();
        Ok(Action::Call { service, operation, with, caller, pages, together })
    }

    /// Refuses members that the model lacks: a misspelt one would make the case test nothing.
    fn members(
        &self,
        service: &Service,
        schema: &crate::catalogue::Schema,
        node: &Node,
    ) -> Parsed<()> {
        let schema = service.resolve(schema);
        match &node.kind {
            NodeKind::Members(members) if schema.is_structure() => {
                for (name, inner) in members {
                    let known = schema.properties.iter().flatten().map(|(name, _)| name.as_str());
                    let member = schema.member(name).ok_or_else(|| {
                        let cause = crate::near::unknown("member", name, known);
                        let hint = "; `unmodelled: true` sends it all the same";
                        self.fail(inner.at, ParseErrorKind::Unknown(format!("{cause}{hint}")))
                    })?;
                    self.members(service, member, inner)?;
                }
                Ok(())
            }
            NodeKind::List(items) => {
                let Some(item) = &schema.items else { return Ok(()) };
                items.iter().try_for_each(|node| self.members(service, item, node))
            }
            _ => Ok(()),
        }
    }

    fn raw(&self, file: &RawFile, at: At) -> Parsed<Action> {
        let named = file.operation.as_ref().map(|node| self.operation(node)).transpose()?;
        let service = match (&named, &file.service) {
            (Some((service, _)), _) => service.info.id.clone(),
            (None, Some(id)) if self.catalogue.services.contains_key(id) => id.clone(),
            (None, Some(id)) => {
                let known = self.catalogue.services.keys().map(String::as_str);
                return Err(self.fail(
                    at,
                    ParseErrorKind::Unknown(crate::near::unknown("service", id, known)),
                ));
            }
            (None, None) => "cognito-idp".into(),
        };
        let body = match (&file.body, &file.body_base64) {
            (Some(_), Some(_)) => {
                return Err(self.misfit(at, "`body` and `body_base64` exclude each other"));
            }
            (Some(node), None) => RawBody::Value(node.clone()),
            (None, Some(text)) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                RawBody::Bytes(bytes.map_err(|e| self.misfit(at, format!("`body_base64`: {e}")))?)
            }
            (None, None) => RawBody::Bytes(Vec::new()),
        };
        let slash = Node { at, kind: NodeKind::Scalar(Value::String("/".into())) };
        Ok(Action::Raw {
            service,
            operation: named.map(|(_, operation)| operation),
            method: file.method.clone().unwrap_or_else(|| "POST".into()),
            path: file.path.clone().unwrap_or(slash),
            headers: file.headers.clone().unwrap_or_default(),
            body,
        })
    }

    fn expect(
        &self,
        file: Option<&ExpectFile>,
        at: At,
        operation: Option<(&str, &str)>,
        raw: bool,
    ) -> Parsed<Expect> {
        let Some(file) = file else {
            let anything = Expect::Raw { status: None, headers: Node::default(), body: None };
            return Ok(if raw { anything } else { Expect::Output(Node::default()) });
        };
        let is_raw = file.status.is_some() || file.headers.is_some() || file.body.is_some();
        if [file.output.is_some(), file.error.is_some(), is_raw, file.anything]
            .iter()
            .filter(|p| **p)
            .count()
            != 1
        {
            return Err(self.misfit(
                at,
                "`expect` takes one of: output; error; status, headers and body; anything",
            ));
        }
        if file.anything {
            return Ok(Expect::Anything);
        }
        if let Some(output) = &file.output {
            self.patterns(output)?;
            return Ok(Expect::Output(output.clone()));
        }
        if let Some(error) = &file.error {
            let ids = self.rules(error, operation)?;
            return Ok(Expect::Error(ids, file.arguments.clone().unwrap_or_default()));
        }
        for node in file.status.iter().chain(&file.body) {
            self.patterns(node)?;
        }
        if let Some(headers) = &file.headers {
            headers.members().iter().try_for_each(|(_, node)| self.patterns(node))?;
        }
        let headers = file.headers.clone().unwrap_or_default();
        Ok(Expect::Raw { status: file.status.clone(), headers, body: file.body.clone() })
    }

    /// Returns the expectation on a list of events.
    fn events(&self, node: &Node) -> Parsed<Expect> {
        if !matches!(node.kind, NodeKind::List(_)) {
            return Err(self.misfit(node.at, "`events` takes a list of patterns"));
        }
        self.patterns(node)?;
        Ok(Expect::Raw { status: None, headers: Node::default(), body: Some(node.clone()) })
    }

    fn rules(&self, node: &Node, operation: Option<(&str, &str)>) -> Parsed<Vec<String>> {
        let nodes: Vec<&Node> = match &node.kind {
            NodeKind::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        let mut ids = Vec::new();
        for node in nodes {
            let id = node.as_str().unwrap_or_default();
            let rule = self.catalogue.rules.get(id).ok_or_else(|| {
                let cause = crate::near::unknown("rule", id, self.catalogue.rules.ids());
                self.fail(node.at, ParseErrorKind::Unknown(cause))
            })?;
            if rule.error.is_none() {
                return Err(self.misfit(node.at, format!("rule `{id}` promises no error")));
            }
            if let Some((service, name)) = operation
                && (rule.service != service || !rule.covers(name))
            {
                return Err(
                    self.misfit(node.at, format!("rule `{id}` says nothing about `{name}`"))
                );
            }
            ids.push(id.to_owned());
        }
        Ok(ids)
    }

    /// Refuses misspelt `<words>` and `$keys` of a pattern.
    fn patterns(&self, node: &Node) -> Parsed<()> {
        let mut wrong = None;
        node.walk(&mut |node| {
            let cause = match &node.kind {
                NodeKind::Scalar(value @ Value::String(_)) => Pattern::parse(value).err(),
                NodeKind::Members(members) => {
                    let key = members
                        .first()
                        .map(|(key, _)| key.as_str())
                        .filter(|k| k.starts_with('$') && !k.starts_with("${"));
                    let stray = key.filter(|key| !KEYS.iter().any(|(known, _)| known == key));
                    stray.map(|key| {
                        crate::near::unknown("matcher", key, KEYS.iter().map(|(k, _)| *k))
                    })
                }
                _ => None,
            };
            if let (Some(cause), None) = (cause, &wrong) {
                wrong = Some(self.fail(node.at, ParseErrorKind::Unknown(cause)));
            }
        });
        wrong.map_or(Ok(()), Err)
    }

    /// Refuses malformed `${…}` and unknown functions.
    fn expressions(&self, node: &Node) -> Parsed<()> {
        fn unknown_function(expression: &Expression) -> Option<String> {
            let Expression::Call(name, arguments) = expression else { return None };
            let mut known = super::functions::FUNCTIONS.iter().map(|(name, _)| *name);
            if !known.clone().any(|function| function == name) {
                return Some(crate::near::unknown("function", name, &mut known));
            }
            arguments.iter().find_map(unknown_function)
        }
        let mut wrong = None;
        node.walk(&mut |node| {
            let cause = node.as_str().and_then(|text| match expressions(text) {
                Ok(found) => found.iter().find_map(unknown_function),
                Err(cause) => Some(cause),
            });
            if let (Some(cause), None) = (cause, &wrong) {
                wrong = Some(self.fail(node.at, ParseErrorKind::Unknown(cause)));
            }
        });
        wrong.map_or(Ok(()), Err)
    }
}

impl StepFile {
    /// Returns where the step stands: the place of its action, as far as that has one.
    fn place(&self) -> At {
        let nodes = [&self.call, &self.get, &self.clock, &self.bind, &self.with];
        let raw = self.raw.as_ref().and_then(|raw| raw.path.as_ref().or(raw.operation.as_ref()));
        let mail = self.mail.as_ref().map(|mail| &mail.pool);
        let invoked = self.invoked.as_ref().map(|invoked| &invoked.function);
        let mail = mail.or(invoked);
        nodes.into_iter().flatten().next().or(raw).or(mail).map(|node| node.at).unwrap_or_default()
    }
}

/// Returns a YAML error's text without its place, with the near match of an unknown field.
fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = text.split(" (line ").next().unwrap_or_default().trim().to_owned();
    let Some((head, expected)) = text.split_once(", expected") else { return text };
    let Some(unknown) = head.strip_prefix("unknown field ") else { return text };
    let unknown = unknown.trim_matches('`');
    let expected = expected.trim_start_matches(" one of ");
    let near =
        crate::near::nearest(unknown, expected.split(", ").map(|name| name.trim_matches('`')));
    near.map_or(text.clone(), |near| format!("unknown field `{unknown}`, did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "title: t\nwhy: w\nevidence: inferred\nsource: s\n";

    fn catalogue() -> Catalogue {
        Catalogue::load(&crate::catalogue::Source::Embedded).expect("the committed catalogue loads")
    }

    #[track_caller]
    fn check(steps: &str, expected: &str) {
        let text = format!("{HEAD}{steps}");
        let error = parse_scenario("x/case.yaml", &text, &catalogue())
            .and_then(|(scenario, _)| check_bindings("x/case.yaml", &text, &scenario))
            .expect_err("a mistake");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_unknown_operation_is_named_with_place_and_near_match() {
        check(
            "steps:\n  - call: InitateAuth\n",
            "scenarios/x/case.yaml:6:11: unknown operation `InitateAuth`, did you mean `InitiateAuth`?\
             \n 6 |   - call: InitateAuth\n   |           ^",
        );
    }

    #[test]
    fn an_unknown_field_is_named_with_place_and_near_match() {
        check(
            "step: []\n",
            "scenarios/x/case.yaml:5:1: unknown field `step`, did you mean `steps`?\
             \n 5 | step: []\n   | ^",
        );
    }

    #[test]
    fn an_unknown_member_is_named_with_place_and_near_match() {
        check(
            "steps:\n  - call: SignUp\n    with: { Usernme: a }\n",
            "scenarios/x/case.yaml:7:22: unknown member `Usernme`, did you mean `Username`?; \
             `unmodelled: true` sends it all the same\
             \n 7 |     with: { Usernme: a }\n   |                      ^",
        );
    }

    #[test]
    fn an_unbound_name_is_named_with_place_and_near_match() {
        check(
            "steps:\n  - call: SignUp\n    with: { Username: \"${usernam}\" }\n",
            "scenarios/x/case.yaml:7:23: unknown binding `usernam`, did you mean `username`?\
             \n 7 |     with: { Username: \"${usernam}\" }\n   |                       ^",
        );
    }

    #[test]
    fn an_unknown_matcher_is_named_with_place_and_near_match() {
        check(
            "steps:\n  - call: SignUp\n    expect: { output: { UserSub: <uuit> } }\n",
            "scenarios/x/case.yaml:7:34: unknown matcher `uuit`, did you mean `uuid`?\
             \n 7 |     expect: { output: { UserSub: <uuit> } }\n   |                                  ^",
        );
    }

    #[test]
    fn a_step_that_does_nothing_is_refused() {
        check(
            "steps:\n  - with: { Username: a }\n",
            "scenarios/x/case.yaml:6:11: a step does exactly one of call, raw, get, mail, clock, \
             wait, let, invoked; this one does none of them\
             \n 6 |   - with: { Username: a }\n   |           ^",
        );
    }

    #[test]
    fn mistakes_about_functions_are_named() {
        check(
            "functions: { f: [{ response: { autoConfirmUsr: true } }] }\nsteps: [{ wait: 1 }]\n",
            "scenarios/x/case.yaml:5:48: unknown member `autoConfirmUsr`, did you mean \
             `autoConfirmUser`?; `$raw` answers anything\
             \n 5 | functions: { f: [{ response: { autoConfirmUsr: true } }] }\
             \n   |                                                ^",
        );
        check(
            "functions: { pre: [] }\nsteps:\n  - invoked: { function: per, events: [] }\n",
            "scenarios/x/case.yaml:7:26: unknown function `per`, did you mean `pre`?\
             \n 7 |   - invoked: { function: per, events: [] }\n   |                          ^",
        );
    }

    #[test]
    fn broken_yaml_and_hostile_bytes_are_errors() {
        let catalogue = catalogue();
        let deep = "[".repeat(100_000);
        for text in ["", "- a", "title: [", "\u{0}", "a: &a [*a]", &deep, "title: 1\nsteps: 2"] {
            assert!(parse_scenario("x/case.yaml", text, &catalogue).is_err(), "{text:.20}");
        }
    }
}
