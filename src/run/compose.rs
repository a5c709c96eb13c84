//! From a step to what is sent and what must come back: bindings filled in.

use serde_json::{Value, json};

use super::Session;
use super::play::End;
use crate::catalogue::Auth;
use crate::outcome::Evidence;
use crate::pattern::Pattern;
use crate::scenario::bind::Bindings;
use crate::scenario::node::Node;
use crate::scenario::{Action, Caller, Expect, RawBody, Scenario, Step};
use crate::transcript::{Call, Expectation, Expected};
use crate::wire::{CONTENT_TYPE, Request};

/// Fills in the steps of a case, with the values of the target or with those of the reference.
pub(super) struct Composer<'a> {
    pub(super) session: &'a Session,
    pub(super) case: &'a Scenario,
    pub(super) bindings: &'a Bindings,
}

impl Composer<'_> {
    /// Returns a value with its expressions evaluated.
    pub(super) fn fill(&self, node: &Node) -> Result<Value, End> {
        let broken = |cause| End::Unfilled(format!("line {}: {cause}", node.at.line));
        self.bindings.fill(node).map_err(broken)
    }

    /// Returns the call an action stands for, bindings filled in.
    pub(super) fn call(&self, action: &Action, overlay: Option<&Node>) -> Result<Call, End> {
        match action {
            Action::Call { service, operation, with, caller, pages, .. } => {
                let with = overlay.map_or_else(|| with.clone(), |overlay| with.merged(overlay));
                let mut input = self.fill(&with)?;
                self.check_triggers(&input)?;
                let modelled = &self.session.catalogue.services[service].operations[operation];
                let signed = match caller {
                    Caller::Signed => true,
                    Caller::Anonymous | Caller::Holder(_) => false,
                    Caller::Default => modelled.auth == Auth::Sigv4,
                };
                if let (Caller::Holder(token), Some(members)) = (caller, input.as_object_mut()) {
                    members.insert("AccessToken".into(), self.fill(token)?);
                }
                if let (Some((Some(limit), _)), Some(pagination)) = (pages, &modelled.pagination)
                    && let (Some(key), Some(members)) =
                        (&pagination.limit_key, input.as_object_mut())
                {
                    members.insert(key.clone(), json!(limit));
                }
                Ok(Call::Api {
                    service: service.clone(),
                    operation: operation.clone(),
                    input,
                    signed,
                })
            }
            Action::Raw { service, operation, method, path, headers, body, signed } => {
                let path = self.fill(path)?.as_str().unwrap_or("/").to_owned();
                let body = match body {
                    RawBody::Bytes(bytes) => bytes.clone(),
                    RawBody::Value(node) => match self.fill(node)? {
                        Value::String(text) => text.into_bytes(),
                        value => value.to_string().into_bytes(),
                    },
                };
                let headers = self.headers(service, operation.as_deref(), headers)?;
                let request = Request { method: method.clone(), path, headers, body };
                Ok(Call::Raw { service: service.clone(), request, signed: *signed })
            }
            _ => Err(End::Indeterminate("the step sends nothing".into())),
        }
    }

    /// The headers of an ordinary call, then those of the step: added, replaced, left out.
    fn headers(
        &self,
        service: &str,
        operation: Option<&str>,
        changes: &Node,
    ) -> Result<Vec<(String, String)>, End> {
        let mut headers = Vec::new();
        if let Some(operation) = operation {
            let prefix = &self.session.catalogue.services[service].info.target_prefix;
            headers.push(("content-type".to_owned(), CONTENT_TYPE.to_owned()));
            headers.push(("x-amz-target".to_owned(), format!("{prefix}.{operation}")));
        }
        let changes = self.fill(changes)?;
        for (name, value) in changes.as_object().into_iter().flatten() {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if !value.is_null() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                headers.push((name.to_lowercase(), text));
            }
        }
        Ok(headers)
    }

    /// Refuses to go on where the case needs a trigger that the target does not run.
    fn check_triggers(&self, input: &Value) -> Result<(), End> {
        let config = input.get("LambdaConfig").filter(|_| !self.case.functions.is_empty());
        let mut triggers = config.and_then(Value::as_object).into_iter().flatten();
        let lacks = |name: &str| name != "KMSKeyID" && !self.session.target.runs_trigger(name);
        match triggers.find(|(name, _)| lacks(name)) {
            Some((name, _)) => Err(End::Skipped(format!("the target runs no trigger {name}"))),
            None => Ok(()),
        }
    }

    /// Returns what the step expects, bindings filled in.
    pub(super) fn expectation(&self, step: &Step) -> Result<Expectation, End> {
        let pattern = |node: &Node| -> Result<Pattern, End> {
            let broken = |cause| End::Indeterminate(format!("line {}: {cause}", node.at.line));
            Pattern::parse(&self.fill(node)?).map_err(broken)
        };
        let outcome = match &step.expect {
            Expect::Anything => Expected::Anything,
            Expect::Output(node) => {
                let saves = step.save.values().filter(|pointer| !pointer.is_empty());
                let present = saves.map(|pointer| Pattern::Present(pointer.clone()));
                Expected::Output(Pattern::All(
                    [pattern(node)?].into_iter().chain(present).collect(),
                ))
            }
            Expect::Error(rules, arguments) => {
                let arguments = self.fill(arguments)?;
                let named = arguments.as_object().cloned().unwrap_or_default();
                let text = |v: Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
                let arguments =
                    named.into_iter().map(|(name, value)| (name, text(value))).collect();
                Expected::Error { rules: rules.clone(), arguments }
            }
            Expect::Raw { status, headers, body } => Expected::Raw {
                status: status.as_ref().map(pattern).transpose()?,
                headers: headers
                    .members()
                    .iter()
                    .map(|(name, node)| Ok((name.to_lowercase(), pattern(node)?)))
                    .collect::<Result<_, End>>()?,
                body: body.as_ref().map(pattern).transpose()?,
            },
        };
        let evidence: Evidence = step.evidence.unwrap_or(self.case.evidence);
        let source = step.source.clone().unwrap_or_else(|| self.case.source.clone());
        Ok(Expectation { outcome, level: step.level.unwrap_or(self.case.level), evidence, source })
    }
}
