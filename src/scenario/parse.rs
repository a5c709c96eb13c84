//! Reads scenario files and refuses what cannot be meant, with place and near match.

use std::collections::BTreeSet;

use base64::Engine;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use super::error::{ParseError, ParseErrorKind};
use super::file::{ExpectFile, RawFile, ScenarioFile, SetUpFile, StepFile};
use super::node::{At, Node, NodeKind};
use super::{Action, Caller, Expect, Function, RawBody, Scenario, SetUp, Step, reply};
use crate::catalogue::{Catalogue, Service};
use crate::target::Capability;

/// The file being read, for errors.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) catalogue: &'a Catalogue,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

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

impl<'a> Reader<'a> {
    pub(super) fn fail(&self, at: At, kind: ParseErrorKind) -> ParseError {
        ParseError::new(self.path, self.text, at, kind)
    }

    pub(super) fn misfit(&self, at: At, text: impl Into<String>) -> ParseError {
        self.fail(at, ParseErrorKind::Misfit(text.into()))
    }

    pub(super) fn yaml<T: DeserializeOwned>(&self) -> Parsed<T> {
        serde_saphyr::from_str(self.text).map_err(|error| {
            let at = error.location().map(At::from).unwrap_or_default();
            self.fail(at, ParseErrorKind::Format(plain(&error)))
        })
    }

    pub(super) fn set_ups(&self, nodes: &[Node]) -> Parsed<Vec<(String, Node)>> {
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

    pub(super) fn steps(&self, files: &[StepFile]) -> Parsed<Vec<Step>> {
        files.iter().map(|file| self.step(file)).collect()
    }

    pub(super) fn step(&self, file: &StepFile) -> Parsed<Step> {
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
            odd: false,
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
                signed: false,
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
            signed: file.signed,
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
    use crate::scenario::check::check_bindings;

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
