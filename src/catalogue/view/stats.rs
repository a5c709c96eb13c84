//! How much the catalogue holds.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::catalogue::{Auth, Catalogue, Service};

/// Figures of the whole catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Figures per service, by id.
    pub services: BTreeMap<String, ServiceStats>,
    /// Number of rules.
    pub rules: usize,
    /// Number of rules per grade of evidence, by its name.
    pub rules_by_evidence: BTreeMap<String, usize>,
    /// Number of rules per level, by its name.
    pub rules_by_level: BTreeMap<String, usize>,
}

/// Figures of one service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServiceStats {
    /// API version.
    pub api_version: String,
    /// Which model the import read.
    pub model_revision: String,
    /// Operations.
    pub operations: usize,
    /// Operations anybody may call.
    pub unsigned_operations: usize,
    /// Operations that answer with a zero-length body.
    pub void_operations: usize,
    /// Operations whose list comes in pages.
    pub paged_operations: usize,
    /// Input members of all operations, the outermost ones.
    pub input_members: usize,
    /// Of these, the required ones.
    pub required_members: usize,
    /// Named shapes.
    pub shapes: usize,
    /// Shapes with a length, range, size, pattern or enum.
    pub constrained_shapes: usize,
    /// Shapes with an enum.
    pub enums: usize,
    /// Values of all enums.
    pub enum_values: usize,
    /// Error codes, those common to all operations included.
    pub error_codes: usize,
    /// Declared pairs of operation and error: the cells of the reachability matrix.
    pub declared_errors: usize,
    /// Kinds of resources.
    pub resources: usize,
    /// Known differences from the model.
    pub corrections: usize,
}

/// Counts what the catalogue holds.
pub fn stats(catalogue: &Catalogue) -> Stats {
    let services = catalogue.services.iter().map(|(id, service)| (id.clone(), of(service)));
    let mut stats = Stats { services: services.collect(), ..Stats::default() };
    for rule in catalogue.rules.iter() {
        stats.rules += 1;
        *stats.rules_by_evidence.entry(rule.evidence.name().into()).or_default() += 1;
        *stats.rules_by_level.entry(rule.level.name().into()).or_default() += 1;
    }
    stats
}

fn of(service: &Service) -> ServiceStats {
    let mut stats = ServiceStats {
        api_version: service.info.api_version.clone(),
        model_revision: service.info.model_revision.clone(),
        operations: service.operations.len(),
        shapes: service.shapes.len(),
        error_codes: service.errors.len(),
        resources: service.resources.len(),
        corrections: service.corrections.len(),
        ..ServiceStats::default()
    };
    for operation in service.operations.values() {
        stats.unsigned_operations += usize::from(operation.auth == Auth::None);
        stats.void_operations += usize::from(operation.output.is_none());
        stats.paged_operations += usize::from(operation.pagination.is_some());
        stats.input_members += operation.input.properties.iter().flatten().count();
        stats.required_members += operation.input.required.len();
        stats.declared_errors += operation.errors.len();
    }
    for shape in service.shapes.values() {
        stats.constrained_shapes += usize::from(!super::show::constraints(shape).is_empty());
        if let Some(values) = &shape.enumeration {
            stats.enums += 1;
            stats.enum_values += values.len();
        }
    }
    stats
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, s) in &self.services {
            writeln!(f, "{id} {} ({})", s.api_version, s.model_revision)?;
            let lines = [
                ("operations", s.operations),
                ("  unsigned", s.unsigned_operations),
                ("  without output", s.void_operations),
                ("  paged", s.paged_operations),
                ("input members", s.input_members),
                ("  required", s.required_members),
                ("shapes", s.shapes),
                ("  constrained", s.constrained_shapes),
                ("enums", s.enums),
                ("  values", s.enum_values),
                ("error codes", s.error_codes),
                ("  declared by operations", s.declared_errors),
                ("kinds of resources", s.resources),
                ("corrections", s.corrections),
            ];
            lines.iter().try_for_each(|(what, count)| writeln!(f, "  {what:<26}{count:>6}"))?;
        }
        writeln!(f, "rules{:>29}", self.rules)?;
        let parts = self.rules_by_evidence.iter().chain(&self.rules_by_level);
        parts.into_iter().try_for_each(|(what, count)| writeln!(f, "    {what:<24}{count:>6}"))
    }
}
