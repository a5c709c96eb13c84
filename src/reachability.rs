//! The error reachability matrix: is every declared error of every operation reached by a case,
//! or is there a reason why not?
//!
//! A cell is reached where a case expects, of that operation, a rule with that error code; the
//! suite's green run on the reference shows that the rule is raised. Reasons come from
//! `specs/<service>/unreached/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::catalogue::{Operation, Reason, Service, Unreached};
use crate::reference;
use crate::scenario::{Action, Expect, Scenario, Step};
use crate::suite::Suite;

/// Every declared pair of operation and error, and which operations are tested both ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Matrix {
    /// One row per operation, services then names sorted.
    pub rows: Vec<Row>,
    /// Entries of `unreached/` that speak for no cell: everything they name is reached, or
    /// another entry came first.
    pub redundant: Vec<String>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Service id.
    pub service: String,
    /// Operation name.
    pub operation: String,
    /// The reference carries it out.
    pub implemented: bool,
    /// A case in which it succeeds.
    pub accepted: Option<String>,
    /// A case in which it is refused.
    pub refused: Option<String>,
    /// Declared errors by code.
    pub cells: BTreeMap<String, Cell>,
}

/// What is known about one declared error of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cell {
    /// A case reaches it.
    Reached {
        /// Rule that is expected.
        rule: String,
        /// Id of the case.
        case: String,
    },
    /// No case does, for a reason.
    Reasoned {
        /// Kind of reason.
        reason: &'static str,
        /// The reason in words.
        why: String,
    },
    /// Neither.
    Empty,
}

/// How many cells there are of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Cells that a case reaches.
    pub reached: usize,
    /// Cells that have a reason instead.
    pub reasoned: usize,
    /// Cells with neither.
    pub empty: usize,
}

impl Row {
    /// Counts its cells.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for cell in self.cells.values() {
            match cell {
                Cell::Reached { .. } => counts.reached += 1,
                Cell::Reasoned { .. } => counts.reasoned += 1,
                Cell::Empty => counts.empty += 1,
            }
        }
        counts
    }
}

impl Matrix {
    /// Returns the matrix of everything the suite holds.
    pub fn of(suite: &Suite) -> Self {
        let tests = Tests::of(suite);
        let mut matrix = Self::default();
        for service in suite.catalogue.services.values() {
            let mut speaking = BTreeSet::new();
            for operation in service.operations.values() {
                matrix.rows.push(row(service, operation, &tests, &mut speaking));
            }
            let silent = service.unreached.iter().enumerate();
            let silent = silent.filter(|(index, _)| !speaking.contains(index));
            matrix.redundant.extend(silent.map(|(_, entry)| describe(service, entry)));
        }
        matrix
    }

    /// Counts the cells of the rows that belong to `service`.
    pub fn counts(&self, service: &str) -> Counts {
        let rows = self.rows.iter().filter(|row| row.service == service);
        rows.map(Row::counts).fold(Counts::default(), |sum, row| Counts {
            reached: sum.reached + row.reached,
            reasoned: sum.reasoned + row.reasoned,
            empty: sum.empty + row.empty,
        })
    }

    /// Returns the declared errors of each operation that a case reaches; the operation is spelled
    /// `cognito-idp:SignUp`.
    pub fn reachable(&self) -> BTreeMap<String, BTreeSet<String>> {
        let reached = |row: &Row| {
            let cells = row.cells.iter();
            let reached = cells.filter(|(_, cell)| matches!(cell, Cell::Reached { .. }));
            reached.map(|(code, _)| code.clone()).collect()
        };
        let name = |row: &Row| format!("{}:{}", row.service, row.operation);
        self.rows.iter().map(|row| (name(row), reached(row))).collect()
    }

    /// Counts the reasons of the rows that belong to `service`, by kind.
    pub fn reasons(&self, service: &str) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<_, _> =
            Reason::ALL.into_iter().map(|reason| (reason.name(), 0)).collect();
        let rows = self.rows.iter().filter(|row| row.service == service);
        for cell in rows.flat_map(|row| row.cells.values()) {
            if let Cell::Reasoned { reason, .. } = cell {
                *counts.entry(reason).or_default() += 1;
            }
        }
        counts
    }
}

fn describe(service: &Service, entry: &Unreached) -> String {
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    format!("{}: {} of {}", service.info.id, list(&entry.errors), list(&entry.operations))
}

/// What the cases ask of each operation, by service and name.
#[derive(Default)]
struct Tests<'a> {
    /// Id of the first case that expects success.
    accepted: BTreeMap<(&'a str, &'a str), &'a str>,
    refused: BTreeMap<(&'a str, &'a str), Vec<Refusal<'a>>>,
}

/// A refusal that a case expects.
struct Refusal<'a> {
    case: &'a str,
    /// The first of the expected rules.
    rule: &'a str,
    /// The code they all have.
    code: &'a str,
}

impl<'a> Tests<'a> {
    fn of(suite: &'a Suite) -> Self {
        let mut tests = Self::default();
        for case in &suite.cases {
            case.steps.iter().for_each(|step| tests.step(suite, case, step));
        }
        tests
    }

    fn step(&mut self, suite: &'a Suite, case: &'a Scenario, step: &'a Step) {
        let Action::Call { service, operation, .. } = &step.action else { return };
        let key = (service.as_str(), operation.as_str());
        match &step.expect {
            Expect::Output(_) => {
                self.accepted.entry(key).or_insert(&case.id);
            }
            Expect::Error(rules, _) => {
                let code = |id: &'a String| suite.catalogue.rules.get(id)?.error.as_deref();
                let codes: BTreeSet<_> = rules.iter().map(code).collect();
                // Rules with several codes say that it is open which one comes.
                if let (1, Some(Some(code)), Some(rule)) =
                    (codes.len(), codes.first().copied(), rules.first())
                {
                    let refusal = Refusal { case: &case.id, rule, code };
                    self.refused.entry(key).or_default().push(refusal);
                }
            }
            _ => {}
        }
    }
}

fn row(
    service: &Service,
    operation: &Operation,
    tests: &Tests<'_>,
    speaking: &mut BTreeSet<usize>,
) -> Row {
    let key = (service.info.id.as_str(), operation.name.as_str());
    let refusals = tests.refused.get(&key).map(Vec::as_slice).unwrap_or_default();
    let mut cell = |error: &str| {
        if let Some(Refusal { case, rule, .. }) = refusals.iter().find(|r| r.code == error) {
            return Cell::Reached { rule: (*rule).into(), case: (*case).into() };
        }
        let entries = service.unreached.iter().enumerate();
        let mut covering = entries.filter(|(_, entry)| entry.covers(&operation.name, error));
        covering.next().map_or(Cell::Empty, |(index, entry)| {
            speaking.insert(index);
            Cell::Reasoned { reason: entry.reason.name(), why: entry.why.clone() }
        })
    };
    Row {
        service: key.0.into(),
        operation: key.1.into(),
        implemented: reference::implements(key.0, key.1),
        accepted: tests.accepted.get(&key).map(|case| (*case).into()),
        refused: refusals.first().map(|refusal| refusal.case.into()),
        cells: operation.errors.iter().map(|error| (error.clone(), cell(error))).collect(),
    }
}

impl fmt::Display for Matrix {
    /// Writes a line per operation, then the totals and whatever is wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<46}{:>8}{:>9}{:>6}  accepted  refused",
            "", "reached", "reasoned", "empty"
        )?;
        for row in &self.rows {
            let Counts { reached, reasoned, empty } = row.counts();
            let tested = |case: &Option<String>| if case.is_some() { "yes" } else { "NEVER" };
            let (accepted, refused) = (tested(&row.accepted), tested(&row.refused));
            let name = format!("{}:{}", row.service, row.operation);
            let missing = if row.implemented { "" } else { "  NOT IMPLEMENTED" };
            writeln!(
                f,
                "{name:<46}{reached:>8}{reasoned:>9}{empty:>6}  {accepted:<8}  {refused}{missing}"
            )?;
        }
        let services: BTreeSet<_> = self.rows.iter().map(|row| row.service.as_str()).collect();
        for service in services {
            write!(f, "\n{}", self.summary(service))?;
        }
        let empty = self.rows.iter().flat_map(|row| {
            let empty = row.cells.iter().filter(|(_, cell)| **cell == Cell::Empty);
            empty.map(|(error, _)| format!("{}:{} {error}", row.service, row.operation))
        });
        list(f, "Neither reached nor reasoned", empty)?;
        list(f, "Reasons that speak for no cell", self.redundant.iter().cloned())
    }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    lines: impl Iterator<Item = String>,
) -> fmt::Result {
    let lines: Vec<_> = lines.collect();
    if !lines.is_empty() {
        writeln!(f, "\n{title}")?;
    }
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}

impl Matrix {
    /// Returns the totals of one service, a few lines of text.
    pub fn summary(&self, service: &str) -> String {
        let rows: Vec<_> = self.rows.iter().filter(|row| row.service == service).collect();
        let count = |test: fn(&Row) -> bool| rows.iter().filter(|row| test(row)).count();
        let Counts { reached, reasoned, empty } = self.counts(service);
        let total = rows.len();
        let mut text = format!(
            "{service}\n  {:<26}{:>6} of {total}\n  {:<26}{:>6} of {total}\n  {:<26}{:>6} of {total}\n",
            "implemented",
            count(|row| row.implemented),
            "accepted in a case",
            count(|row| row.accepted.is_some()),
            "refused in a case",
            count(|row| row.refused.is_some()),
        );
        let cells = reached + reasoned + empty;
        text +=
            &format!("  {:<26}{cells:>6}\n    {:<24}{reached:>6}\n", "declared errors", "reached");
        text += &format!("    {:<24}{reasoned:>6}\n", "reasoned");
        for (reason, count) in self.reasons(service) {
            text += &format!("      {reason:<22}{count:>6}\n");
        }
        text + &format!("    {:<24}{empty:>6}\n", "empty")
    }

    /// Returns the rows of the operation called `name`, in whichever services have it; a service
    /// may stand in front (`cognito-identity:TagResource`).
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Row> {
        let (service, name) = name.split_once(':').unwrap_or(("", name));
        self.rows.iter().filter(move |row| {
            row.operation == name && (service.is_empty() || row.service == service)
        })
    }
}

impl fmt::Display for Row {
    /// Writes every cell: the rule and the case that reach it, or the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}", self.service, self.operation)?;
        let tested = [("accepted", &self.accepted), ("refused", &self.refused)];
        for (what, case) in tested {
            writeln!(f, "  {what} in {}", case.as_deref().unwrap_or("no case"))?;
        }
        for (error, cell) in &self.cells {
            match cell {
                Cell::Reached { rule, case } => writeln!(f, "  {error:<40} {rule}, {case}")?,
                Cell::Reasoned { reason, why } => writeln!(f, "  {error:<40} {reason}: {why}")?,
                Cell::Empty => writeln!(f, "  {error:<40} EMPTY")?,
            }
        }
        Ok(())
    }
}
