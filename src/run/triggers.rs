//! The functions of a case: defined before it is played, asked afterwards what they were told.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::play::{End, Player};
use crate::check;
use crate::scenario::node::Node;
use crate::scenario::reply::FunctionReply;
use crate::scenario::{Function, Step};
use crate::target::functions::FunctionHost;
use crate::transcript::{Call, Exchange, Place};
use crate::wire::{Request, Response};

/// How long an event may be on its way to a function that nobody waits for.
const EVENT_PATIENCE: Duration = Duration::from_secs(2);

impl Player<'_> {
    /// Defines a function; its name is this case's own.
    pub(super) fn define(&mut self, function: &Function) -> Result<(), End> {
        let read = |node: &Node| {
            let broken = |cause| End::Indeterminate(format!("line {}: {cause}", node.at.line));
            FunctionReply::parse(&self.composer().fill(node)?).map_err(broken)
        };
        let replies = function.answers.iter().map(read).collect::<Result<Vec<_>, End>>()?;
        let arn = self.functions()?.define(&self.function_name(&function.name), replies);
        self.bindings.set(&function.binding(), Value::String(arn));
        Ok(())
    }

    /// Compares what a function was told, as soon as all of it has come.
    pub(super) async fn invoked(
        &mut self,
        step: &Step,
        function: &str,
        place: Place,
    ) -> Result<(), End> {
        let expect = self.composer().expectation(step)?;
        let name = self.function_name(function);
        let deadline = Instant::now() + EVENT_PATIENCE;
        let exchange = loop {
            let told = self.functions()?.told(&name);
            let events = self.functions()?.events(&name);
            let response = Response {
                status: 200,
                headers: vec![("content-type".into(), "application/json".into())],
                body: events.into(),
            };
            let exchange = Exchange {
                place: place.clone(),
                call: Call::Events { function: function.to_owned() },
                request: Request {
                    method: "GET".into(),
                    path: format!("/events/{name}"),
                    headers: Vec::new(),
                    body: Vec::new(),
                },
                reply: Ok(response),
                sdk: None,
                expect: Some(expect.clone()),
                pages: None,
                declined: false,
                twin: None,
                together: None,
                elapsed_ms: 0,
            };
            let holds = check::expectation_holds(&self.session.catalogue, &exchange);
            if holds || Instant::now() >= deadline {
                break exchange;
            }
            // What was compared stays as it is until one more event comes.
            while self.functions()?.told(&name) == told && Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        self.transcript.exchanges.push(exchange);
        Ok(())
    }

    pub(super) fn functions(&self) -> Result<&FunctionHost, End> {
        let lacking = || End::Skipped("the target's triggers do not reach the harness".into());
        self.session.target.functions().ok_or_else(lacking)
    }

    pub(super) fn function_name(&self, name: &str) -> String {
        let unique = self.bindings.get("unique").and_then(Value::as_str).unwrap_or_default();
        format!("{unique}-{name}")
    }
}
