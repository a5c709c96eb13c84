//! Which step of a recipe makes what its call relies on.

use std::fmt;

use super::Action;
use super::Step;
use super::check::{made_by, names_inside};
use super::recipes::Recipe;

/// A name that a call uses, and the step that binds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// Member of the call's input that uses the name.
    pub member: String,
    /// The name, as `${name}` fills it in.
    pub binding: String,
    /// Set-up and step from 1, or the recipe's own step; `None` of a name that every case has.
    pub place: Option<String>,
    /// Operation that the step calls; empty where it calls none.
    pub operation: String,
}

impl Recipe {
    /// Returns, for each member of the call's input, the names it uses and who binds them.
    pub fn makers(&self) -> Vec<Maker> {
        let Action::Call { with, .. } = &self.call.action else { return Vec::new() };
        let mut makers = Vec::new();
        for (member, node) in with.members() {
            for binding in names_inside(node) {
                let (place, operation) = self.made(&binding).unzip();
                let (member, operation) = (member.clone(), operation.unwrap_or_default());
                makers.push(Maker { member, binding, place, operation });
            }
        }
        makers
    }

    /// Returns where a name is bound last before the call, and by which operation.
    fn made(&self, binding: &str) -> Option<(String, String)> {
        let makes = |step: &Step| made_by(step).contains(&binding);
        let called = |step: &Step| match &step.action {
            Action::Call { operation, .. } => operation.clone(),
            _ => String::new(),
        };
        if let Some(index) = self.steps.iter().rposition(makes) {
            return Some((format!("step {}", index + 1), called(&self.steps[index])));
        }
        self.setup.iter().rev().find_map(|(set_up, _)| {
            let index = set_up.steps.iter().rposition(makes)?;
            let place = format!("set-up {}, step {}", set_up.name, index + 1);
            Some((place, called(&set_up.steps[index])))
        })
    }
}

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} = ${{{}}} of {place}", self.member, self.binding)?,
            None => write!(f, "{} = ${{{}}}, which every case has", self.member, self.binding)?,
        }
        if self.operation.is_empty() { Ok(()) } else { write!(f, " ({})", self.operation) }
    }
}
