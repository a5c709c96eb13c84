//! Tells a list what a run says about each entry.
//!
//! That something does not show says little by itself: a case may have been left out, skipped,
//! declined or cut short, and a generated one may be another under the same name. An entry is
//! fixed only where what would show it was played to its end.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identity, Item, Known, of_generation};
use crate::near;
use crate::outcome::{
    CaseOutcome, Finding, KnownEntry, KnownFailures, KnownStanding, Phase, Run, Verdict,
};

/// Where the findings that an entry is about show.
#[derive(Default)]
struct Shown<'a> {
    /// Cases in which it fails.
    failing: BTreeSet<&'a str>,
    /// It shows and fails nothing.
    noted: bool,
    /// Something shows that no earlier entry covers.
    own: bool,
    /// Line of an earlier entry that covers what shows.
    covered_by: Option<u64>,
    /// The operations it shows for.
    operations: BTreeSet<&'a str>,
}

/// A run as an entry sees it.
struct Sight<'a> {
    list: &'a Known,
    run: &'a Run,
    cases: BTreeMap<&'a str, &'a CaseOutcome>,
}

impl Known {
    /// Returns what a run says about each entry. The run's cases are those that this list has
    /// [marked](Known::mark).
    pub fn held_against(&self, run: &Run) -> KnownFailures {
        let mut shown: Vec<Shown<'_>> = self.items.iter().map(|_| Shown::default()).collect();
        for finding in run.findings() {
            let mut covering: Vec<usize> = self.entries_of(finding).collect();
            covering.sort_by_key(|at| self.items[*at].rank());
            for at in &covering {
                let shown = &mut shown[*at];
                shown.operations.insert(&finding.operation);
                match covering[0] == *at {
                    true => shown.own = true,
                    false => shown.covered_by = Some(self.items[covering[0]].line),
                }
                match finding.fails {
                    true => drop(shown.failing.insert(&finding.case)),
                    false => shown.noted = true,
                }
            }
        }
        let cases = run.cases.iter().map(|case| (case.case.as_str(), case)).collect();
        let sight = Sight { list: self, run, cases };
        let entry = |(item, shown): (&Item, &Shown<'_>)| KnownEntry {
            line: item.line,
            operation: item.operation.clone().unwrap_or_default(),
            case: item.case.clone().unwrap_or_default(),
            check: item.identity.check.clone(),
            pointer: item.identity.pointer.clone(),
            rule: item.identity.rule.clone(),
            came: item.identity.came.clone().unwrap_or_default(),
            reason: item.remark.reason.clone(),
            issue: item.remark.issue.clone(),
            standing: sight.standing(item, shown),
        };
        let entries = self.items.iter().zip(&shown).map(entry).collect();
        KnownFailures { file: self.file.clone(), entries }
    }
}

impl Sight<'_> {
    fn standing(&self, item: &Item, shown: &Shown<'_>) -> KnownStanding {
        if !item.in_force {
            return KnownStanding::OtherVersion;
        }
        if shown.operations.len() > 1 {
            let operations: Vec<_> = shown.operations.iter().copied().collect();
            let operations = operations.join(" and ");
            let why = format!("it covers findings of {operations}: say which, by `operation`");
            return KnownStanding::Unmatched { why };
        }
        if let (false, Some(line)) = (shown.own, shown.covered_by) {
            return KnownStanding::Redundant { covered_by: line };
        }
        if !shown.failing.is_empty() {
            return KnownStanding::Fails { cases: shown.failing.len() };
        }
        if shown.noted {
            return KnownStanding::Note;
        }
        if item.flaky {
            return KnownStanding::Unsaid { why: "it comes and goes".into() };
        }
        let silence = match (&item.case, &item.operation) {
            (Some(case), _) => self.silence_of_case(case),
            (None, Some(operation)) => self.silence_of_operation(operation, item.seen.as_deref()),
            (None, None) => None,
        };
        match silence.or_else(|| self.nearest(item)) {
            Some(standing) => standing,
            None => KnownStanding::Fixed,
        }
    }

    /// Returns what stands against taking it from this case that something does not show.
    fn silence_of_case(&self, id: &str) -> Option<KnownStanding> {
        let unsaid = |why: String| Some(KnownStanding::Unsaid { why });
        let phase = Phase::of(id);
        if phase.is_some() && !self.same_generation() {
            let seed = self.list.origin.as_ref().map_or(0, |origin| origin.seed);
            let (ours, harness) = (self.run.seed, &self.run.harness);
            return unsaid(format!(
                "{id} was generated for seed {seed}, and is another case for seed {ours} with \
                 version {harness} and these flags"
            ));
        }
        let Some(case) = self.cases.get(id) else {
            // Random sequences are as many as somebody asks for.
            if self.plays_everything() && phase != Some(Phase::Random) {
                let why = near::unknown("case", id, self.cases.keys().copied());
                return Some(KnownStanding::Unmatched { why });
            }
            return unsaid(format!("{id} was not played"));
        };
        for verdict in case.verdicts.values() {
            match verdict {
                Verdict::Pass | Verdict::Note | Verdict::Known { .. } | Verdict::Fail => {}
                other => return unsaid(format!("{id} is {}", other.name())),
            }
        }
        let ends = |finding: &&Finding| finding.check == "expectation" && finding.is_news();
        let early = case.findings.iter().any(|finding| ends(&finding));
        if early { unsaid(format!("{id} fails for something else, and ends there")) } else { None }
    }

    /// Returns what stands against taking it from this run that something does not show for an
    /// operation any more.
    fn silence_of_operation(&self, operation: &str, seen: Option<&str>) -> Option<KnownStanding> {
        let unsaid = |why: &str| Some(KnownStanding::Unsaid { why: why.into() });
        if !self.run.complete {
            return unsaid("not every case was played");
        }
        if !self.plays_everything() {
            return unsaid("only some of the cases were selected");
        }
        if let Some(seen) = seen {
            return self.silence_of_case(seen);
        }
        let named = |case: &&CaseOutcome| case.operations.iter().any(|name| name == operation);
        let steady = |case: &&CaseOutcome| Phase::of(&case.case) != Some(Phase::Random);
        let tests = self.run.cases.iter().filter(named).filter(steady);
        let silences: Vec<_> = tests
            .map(|case| {
                let unsure = |v: &Verdict| {
                    matches!(v, Verdict::Flaky | Verdict::Indeterminate { .. } | Verdict::Fail)
                };
                let unsure = case.verdicts.values().any(unsure);
                self.silence_of_case(&case.case).map(|silence| (unsure, silence))
            })
            .collect();
        if silences.is_empty() {
            let why = format!("no case of this run tests {operation}");
            return Some(KnownStanding::Unmatched { why });
        }
        // What is skipped or declined for good stands against nothing, unless it is all there is.
        let all = silences.iter().all(Option::is_some);
        let mut said = silences.into_iter().flatten();
        said.find(|(unsure, _)| all || *unsure).map(|(_, silence)| silence)
    }

    /// Tells whether the run meant to play all there is, or all that the list was made from.
    fn plays_everything(&self) -> bool {
        let Some(selection) = &self.run.selection else { return false };
        let origin = self.list.origin.as_ref();
        let whole = selection.is_empty() || origin.is_some_and(|o| o.selection == *selection);
        self.run.complete && whole
    }

    /// Tells whether cases were generated from the same as those of the list; of a list that says
    /// nothing, they count as the same.
    fn same_generation(&self) -> bool {
        let Some(origin) = &self.list.origin else { return true };
        let Self { run, .. } = self;
        origin.harness == run.harness
            && origin.seed == run.seed
            && origin.flags == of_generation(run)
    }

    /// Returns what shows at the entry's place instead, is not listed, and differs in one thing:
    /// the entry misses it by that.
    fn nearest(&self, item: &Item) -> Option<KnownStanding> {
        let Identity { check, pointer, rule, came } = &item.identity;
        for finding in self.run.findings().filter(|f| f.is_news() && f.check == *check) {
            let found = Identity::of(finding);
            let differs = [found.pointer != *pointer, found.rule != *rule, found.came != *came];
            if differs.iter().filter(|differs| **differs).count() != 1 || !item.covers(finding) {
                continue;
            }
            let said = |value: &Option<String>| match value {
                Some(value) => format!("`{value}`"),
                None => "none".into(),
            };
            let (key, value) = match differs {
                [true, ..] => ("pointer", format!("`{}`", found.pointer)),
                [_, true, _] => ("rule", said(&found.rule)),
                _ => ("came", said(&found.came)),
            };
            let case = &finding.case;
            let why = format!("what shows, in {case}, is not listed: its `{key}` is {value}");
            return Some(KnownStanding::Unmatched { why });
        }
        None
    }
}
