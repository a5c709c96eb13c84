//! Tells a case what of it was expected.

use super::Known;
use crate::outcome::{CaseOutcome, Verdict};
use crate::report::text::counted;

impl Known {
    /// Gives each failing finding of a case that is listed its reason, and each level that fails
    /// for nothing else the verdict `known`.
    pub fn mark(&self, case: &mut CaseOutcome) {
        for finding in case.findings.iter_mut().filter(|finding| finding.fails) {
            let entry = self.entry_of(finding);
            finding.known = entry.map(|at| self.items[at].remark.reason.clone());
        }
        for (level, verdict) in &mut case.verdicts {
            if !matches!(verdict, Verdict::Fail | Verdict::Known { .. }) {
                continue;
            }
            let mut reasons = Vec::new();
            let mut news = false;
            for finding in case.findings.iter().filter(|f| f.fails && f.level == *level) {
                match &finding.known {
                    Some(reason) if !reasons.contains(reason) => reasons.push(reason.clone()),
                    Some(_) => {}
                    None => news = true,
                }
            }
            *verdict = match reasons.as_slice() {
                [first, others @ ..] if !news => Verdict::Known { reason: summary(first, others) },
                _ => Verdict::Fail,
            };
        }
    }
}

fn summary(first: &str, others: &[String]) -> String {
    match others.len() {
        0 => first.to_owned(),
        others => format!("{first} (and {})", counted(others, "other reason")),
    }
}
