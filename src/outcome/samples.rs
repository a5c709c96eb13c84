//! Made-up findings and outcomes, of which a test says only what it is about.

use super::{ByOperation, CaseOutcome, Evidence, ExchangeRecord, Finding, Level, Verdict};

/// A documented failure in the first step of a case that calls SignUp.
pub(crate) fn finding() -> Finding {
    Finding {
        id: "0".into(),
        check: "lockstep".into(),
        level: Level::Errors,
        operation: "SignUp".into(),
        case: "a".into(),
        step: "step 1".into(),
        pointer: String::new(),
        expected: String::new(),
        actual: String::new(),
        rule: None,
        evidence: Evidence::Documented,
        source: String::new(),
        fails: true,
        known: None,
        curl: String::new(),
        aws_cli: String::new(),
        scenario: None,
        exchange: ExchangeRecord::default(),
    }
}

/// What came of a case that asks about one level.
pub(crate) fn outcome(level: Level, verdict: Verdict, findings: Vec<Finding>) -> CaseOutcome {
    CaseOutcome {
        case: "a".into(),
        title: String::new(),
        level,
        operations: Vec::new(),
        verdicts: [(level, verdict)].into(),
        findings,
        elapsed_ms: 1,
        requests: 1,
        leaked: Vec::new(),
        answers: ByOperation::new(),
    }
}
