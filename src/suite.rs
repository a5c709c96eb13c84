//! Folders and filters to the list of cases; shared by the command line and by `cargo test`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::Scope;
use crate::catalogue::{Catalogue, LoadError, Source as SpecSource};
use crate::outcome::Level;
use crate::scenario::{self, ParseError, Scenario, Source as ScenarioSource};

/// Where the contract is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The catalogue.
    pub specs: SpecSource,
    /// The scenarios.
    pub scenarios: ScenarioSource,
}

/// Everything that can be run: the contract and its cases.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The contract.
    pub catalogue: Arc<Catalogue>,
    /// Every case, sorted by id.
    pub cases: Vec<Arc<Scenario>>,
}

/// A suite that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The catalogue cannot be loaded.
    #[error(transparent)]
    Catalogue(#[from] LoadError),
    /// Scenario files have mistakes; all of them are listed.
    #[error("{}", list(.0))]
    Scenarios(Vec<ParseError>),
    /// A filter names something that does not exist.
    #[error("{0}")]
    Filter(String),
    /// No case passes the filters.
    #[error("nothing selected: no case matches {0}")]
    NothingSelected(String),
}

fn list(errors: &[ParseError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Which cases to take. Empty lists take all; several kinds must all agree.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Operations under test, as the API spells them.
    pub operations: Vec<String>,
    /// Levels.
    pub levels: Vec<Level>,
    /// Areas: the folder a scenario stands in.
    pub areas: Vec<String>,
    /// Texts of which the id or title must contain one, case ignored.
    pub texts: Vec<String>,
    /// What an application calls.
    pub app: Option<Arc<Scope>>,
}

impl Suite {
    /// Loads catalogue and scenarios.
    ///
    /// # Errors
    /// Either has a mistake: which file, where, and the near match.
    pub fn load(sources: &Sources) -> Result<Self, SuiteError> {
        let catalogue = Catalogue::load(&sources.specs)?;
        let scenarios =
            scenario::load(&sources.scenarios, &catalogue).map_err(SuiteError::Scenarios)?;
        let cases = scenarios.into_iter().map(Arc::new).collect();
        Ok(Self { catalogue: Arc::new(catalogue), cases })
    }

    /// Returns the areas of all cases, sorted.
    pub fn areas(&self) -> BTreeSet<&str> {
        self.cases.iter().map(|case| area(&case.id)).collect()
    }

    /// Returns the cases that pass `filter`, sorted by id.
    ///
    /// # Errors
    /// The filter names an unknown operation or area, or no case passes it.
    pub fn select(&self, filter: &Filter) -> Result<Vec<Arc<Scenario>>, SuiteError> {
        for name in &filter.operations {
            if self.catalogue.operation(name).is_none() {
                return Err(SuiteError::Filter(self.catalogue.unknown_operation(name)));
            }
        }
        let areas = self.areas();
        for name in &filter.areas {
            if !areas.contains(name.as_str()) {
                let cause = crate::near::unknown("area", name, areas.iter().copied());
                return Err(SuiteError::Filter(cause));
            }
        }
        let chosen: Vec<_> = self.cases.iter().filter(|case| filter.takes(case)).cloned().collect();
        if chosen.is_empty() {
            return Err(SuiteError::NothingSelected(filter.describe()));
        }
        Ok(chosen)
    }
}

/// Returns the area of a case id: `sign-up` of `cognito-idp::sign-up::…`.
pub fn area(id: &str) -> &str {
    let mut parts = id.rsplit("::");
    let last = parts.next().unwrap_or_default();
    parts.next().unwrap_or(last)
}

impl Filter {
    /// Tells whether cases of this operation may pass.
    pub(crate) fn takes_operation(&self, operation: &str) -> bool {
        let bare = |name: &String| name.rsplit(':').next() == Some(operation);
        if !self.app.as_ref().is_none_or(|scope| scope.takes_operation(operation)) {
            return false;
        }
        self.operations.is_empty() || self.operations.iter().any(bare)
    }

    /// Tells whether the case passes.
    pub(crate) fn takes(&self, case: &Scenario) -> bool {
        let any = |list: &[String], test: &dyn Fn(&str) -> bool| {
            list.is_empty() || list.iter().any(|item| test(item))
        };
        let bare = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
        any(&self.operations, &|name| case.operations.contains(&bare(name)))
            && (self.levels.is_empty() || self.levels.contains(&case.level))
            && self.app.as_ref().is_none_or(|scope| scope.takes(case))
            && any(&self.areas, &|name| area(&case.id) == name)
            && any(&self.texts, &|text| {
                let text = text.to_lowercase();
                case.id.to_lowercase().contains(&text) || case.title.to_lowercase().contains(&text)
            })
    }

    fn describe(&self) -> String {
        let levels: Vec<_> = self.levels.iter().map(ToString::to_string).collect();
        let parts = [
            ("operation", &self.operations),
            ("level", &levels),
            ("area", &self.areas),
            ("text", &self.texts),
        ];
        let named = parts.iter().filter(|(_, list)| !list.is_empty());
        let mut words: Vec<_> =
            named.map(|(kind, list)| format!("{kind} {}", list.join(" or "))).collect();
        words.extend(self.app.as_ref().map(|scope| format!("the calls of {}", scope.trace().file)));
        if words.is_empty() { "an empty suite".into() } else { words.join(" and ") }
    }
}
