//! What a run says once repetition is taken out: the part that every renderer shares.
//!
//! A finding repeated over a hundred operations is one finding. Two findings are the same when
//! check, place in the response, promise and answer agree, once the operation's name and the
//! values that change from call to call are left out of the comparison.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::pointer_class;
use crate::outcome::{CaseOutcome, Conclusion, Evidence, Finding, Level, Run, Verdict};
use crate::report::text::counted;

/// One broken promise with every place it was seen at.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingGroup<'a> {
    /// The first occurrence, in the order of the run: the one to show.
    pub first: &'a Finding,
    /// Ids of all occurrences.
    pub ids: BTreeSet<&'a str>,
    /// Operations it was seen in; raw requests have none.
    pub operations: BTreeSet<&'a str>,
    /// Ids of the cases it was seen in.
    pub cases: BTreeSet<&'a str>,
    /// How often it was seen.
    pub occurrences: usize,
    /// Every occurrence was gone when its case was run again.
    pub flaky: bool,
    /// The weakest grade among them.
    pub weakest: Evidence,
    /// The strongest.
    pub strongest: Evidence,
    /// What came back, of a header that was wrong in many ways; of anything else, the first answer.
    pub answers: BTreeSet<&'a str>,
    /// The constraints of the model that are broken, where that is the promise.
    pub constraints: BTreeSet<String>,
}

/// A reason with the ids of the cases that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// The reason, in the words of the verdict; of unsupported cases, the declined operation.
    pub text: &'a str,
    /// Ids of the cases.
    pub cases: BTreeSet<&'a str>,
}

/// A run without its repetitions.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary<'a> {
    /// Broken promises, most serious first; notes come last.
    pub findings: Vec<FindingGroup<'a>>,
    /// Operations that the target declines, most cases first.
    pub unsupported: Vec<Reason<'a>>,
    /// Why cases were skipped, most cases first.
    pub skipped: Vec<Reason<'a>>,
    /// Why nothing can be said about cases, most cases first.
    pub indeterminate: Vec<Reason<'a>>,
    /// Case and level of every verdict that was not the same twice.
    pub flaky: Vec<(&'a str, Level)>,
    /// Case and resource, for everything that could not be deleted.
    pub leaked: Vec<(&'a str, &'a str)>,
    /// How many requests were sent.
    pub requests: u64,
    /// Whether the run may publish divergence and coverage: it is complete and nothing is
    /// indeterminate.
    pub scored: bool,
}

/// Returns the broken promises of a run without repetition, most serious first: those that fail
/// before notes, then by level (security before behaviour before form), by evidence, and by
/// number of cases.
pub fn roll_up(run: &Run) -> Vec<FindingGroup<'_>> {
    let mut key_of_id = BTreeMap::<&str, Key<'_>>::new();
    let mut groups = BTreeMap::<Key<'_>, FindingGroup<'_>>::new();
    for case in &run.cases {
        for finding in &case.findings {
            let key = key_of_id.entry(&finding.id).or_insert_with(|| Key::of(finding));
            let known = finding.known.is_some();
            let key = Key { fails: finding.fails, known, ..key.clone() };
            let flaky = matches!(case.verdicts.get(&finding.level), Some(Verdict::Flaky));
            let group = groups.entry(key).or_insert_with(|| FindingGroup::new(finding));
            group.add(case, finding, flaky);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| a.rank().cmp(&b.rank()));
    groups
}

impl<'a> FindingGroup<'a> {
    fn new(first: &'a Finding) -> Self {
        Self {
            first,
            ids: BTreeSet::new(),
            operations: BTreeSet::new(),
            cases: BTreeSet::new(),
            occurrences: 0,
            flaky: true,
            weakest: first.evidence,
            strongest: first.evidence,
            answers: BTreeSet::from([first.actual.as_str()]),
            constraints: BTreeSet::new(),
        }
    }

    fn add(&mut self, case: &'a CaseOutcome, finding: &'a Finding, flaky: bool) {
        self.ids.insert(&finding.id);
        self.cases.insert(&case.case);
        if !finding.operation.is_empty() {
            self.operations.insert(&finding.operation);
        }
        self.occurrences += 1;
        self.flaky &= flaky;
        self.weakest = self.weakest.min(finding.evidence);
        self.strongest = self.strongest.max(finding.evidence);
        if is_form(self.first) {
            self.answers.insert(&finding.actual);
        }
        self.constraints.extend(finding.constraints());
    }

    /// Returns the promise, and how many constraints beside it are broken in the same way.
    pub fn promise(&self) -> String {
        let own = self.first.constraints();
        let others = self.constraints.difference(&own).count();
        let promise = promise(self.first);
        match others {
            0 => promise,
            others => format!("{promise}, and {}", counted(others, "other constraint")),
        }
    }

    /// Returns the grades of the promise: one, or from the weakest to the strongest.
    pub fn evidence(&self) -> String {
        match self.weakest == self.strongest {
            true => self.weakest.to_string(),
            false => format!("{} to {}", self.weakest, self.strongest),
        }
    }

    /// Returns what came back: of a header that was wrong in several ways, a few of them.
    pub fn came_back(&self) -> String {
        const SHOWN: usize = 3;
        let first = self.first.actual.as_str();
        let others = self.answers.iter().filter(|answer| **answer != first);
        let shown: Vec<_> = [first].into_iter().chain(others.copied()).take(SHOWN).collect();
        let shown = shown.join("; elsewhere ");
        match self.answers.len().saturating_sub(SHOWN) {
            0 => shown,
            more => format!("{shown}; and {}", counted(more, "other answer")),
        }
    }

    fn rank(&self) -> impl Ord + use<'a> {
        use std::cmp::Reverse;
        let first = self.first;
        let weight = (Reverse(first.fails), Reverse(first.level), Reverse(first.evidence));
        (
            weight,
            Reverse(self.cases.len()),
            first.check.as_str(),
            first.id.as_str(),
            first.case.as_str(),
        )
    }
}

/// What two findings share when they are the same finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    fails: bool,
    known: bool,
    check: &'a str,
    pointer: String,
    promise: String,
    answer: String,
}

impl<'a> Key<'a> {
    fn of(finding: &'a Finding) -> Self {
        if is_form(finding) {
            let answer = if finding.actual == "absent" { "absent" } else { "another" };
            return Self {
                fails: finding.fails,
                known: finding.known.is_some(),
                check: &finding.check,
                pointer: pointer_class(&finding.pointer),
                promise: String::new(),
                answer: answer.into(),
            };
        }
        let promise = match &finding.rule {
            Some(rule) => format!("rule {rule}"),
            None => constant_part(&finding.expected, &finding.operation),
        };
        Self {
            fails: finding.fails,
            known: finding.known.is_some(),
            check: &finding.check,
            pointer: pointer_class(&finding.pointer),
            promise,
            answer: constant_part(&finding.actual, &finding.operation),
        }
    }
}

/// Returns what was promised. Of a header that repeats a text, that it does.
pub(crate) fn promise(finding: &Finding) -> String {
    match finding.pointer.as_str() {
        "header:x-amzn-errormessage" if finding.check == "error-header" => {
            format!("the header repeats `message`: {}", finding.expected)
        }
        _ => finding.expected.clone(),
    }
}

/// Tells whether a finding is about a header, whatever value each response should have had: one
/// that is missing or wrong everywhere is one finding.
fn is_form(finding: &Finding) -> bool {
    finding.level == Level::Wire && finding.rule.is_none() && finding.pointer.starts_with("header:")
}

/// Returns `text` without the operation's name and without words that hold a digit, such as ids
/// and times. HTTP statuses stay: they tell one answer from another.
fn constant_part(text: &str, operation: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut constant = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (part, tail) = rest.split_at(end);
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let is_status = digits == 3 && part.len() == 3;
        if part == operation {
            constant.push_str("<operation>");
        } else if digits > 0 && !is_status {
            constant.push('#');
        } else {
            constant.push_str(part);
        }
        rest = tail;
    }
    constant
}

impl<'a> Summary<'a> {
    /// Summarises a run.
    pub fn of(run: &'a Run) -> Self {
        let verdicts = || {
            run.cases.iter().flat_map(|case| {
                case.verdicts.iter().map(|(level, verdict)| (case.case.as_str(), *level, verdict))
            })
        };
        let indeterminate = reasons(verdicts().filter_map(|(case, _, verdict)| match verdict {
            Verdict::Indeterminate { reason } => Some((reason.as_str(), case)),
            _ => None,
        }));
        Self {
            findings: roll_up(run),
            unsupported: reasons(verdicts().filter_map(|(case, _, verdict)| match verdict {
                Verdict::Unsupported { operation } => Some((operation.as_str(), case)),
                _ => None,
            })),
            skipped: reasons(verdicts().filter_map(|(case, _, verdict)| match verdict {
                Verdict::Skipped { reason } => Some((reason.as_str(), case)),
                _ => None,
            })),
            scored: run.complete && indeterminate.is_empty(),
            indeterminate,
            flaky: verdicts()
                .filter(|(_, _, verdict)| matches!(verdict, Verdict::Flaky))
                .map(|(case, level, _)| (case, level))
                .collect(),
            leaked: run
                .cases
                .iter()
                .flat_map(|case| case.leaked.iter().map(|what| (case.case.as_str(), what.as_str())))
                .collect(),
            requests: run.cases.iter().map(|case| case.requests).sum(),
        }
    }

    /// Returns the findings that fail the run.
    pub fn failing(&self) -> impl Iterator<Item = &FindingGroup<'a>> {
        self.findings.iter().filter(|group| group.first.is_news())
    }

    /// Returns the findings that fail and are on the list of known failures.
    pub fn known(&self) -> impl Iterator<Item = &FindingGroup<'a>> {
        self.findings.iter().filter(|group| group.first.fails && group.first.known.is_some())
    }

    /// Returns the findings that are only noted.
    pub fn notes(&self) -> impl Iterator<Item = &FindingGroup<'a>> {
        self.findings.iter().filter(|group| !group.first.fails)
    }

    /// Says in one sentence what the run comes to and which exit code follows.
    pub fn conclusion(&self, run: &Run) -> String {
        let conclusion = run.conclusion();
        let words = match conclusion {
            Conclusion::Conformant => self.words_if_conformant(run),
            Conclusion::Divergent => self.words_if_divergent(run),
            Conclusion::WrongList => self.words_if_list_is_wrong(run),
            Conclusion::Withheld => words_if_withheld(run),
            Conclusion::Indeterminate => self.words_if_indeterminate(run),
        };
        format!("{words} (exit code {})", conclusion.exit_code())
    }

    fn words_if_conformant(&self, run: &Run) -> String {
        let all = run.cases.iter().flat_map(|case| case.verdicts.values());
        if all.clone().all(|verdict| matches!(verdict, Verdict::Skipped { .. })) {
            return "nothing failed, but nothing was tried either".into();
        }
        let notes = self.notes().count();
        let mut words = match (self.known().count(), notes) {
            (0, 0) => "conformant: no finding".into(),
            (0, _) => "conformant: no finding fails".into(),
            (known, _) => {
                let known = counted(known, "finding");
                format!("as expected: {known} of the list of known failures, no other fails")
            }
        };
        if notes > 0 {
            words += &format!(", {}", counted(notes, "note"));
        }
        // Only the time budget leaves a run without failures conformant and incomplete.
        if run.complete { words } else { format!("{words}, {}", cut_short(run)) }
    }

    fn words_if_divergent(&self, run: &Run) -> String {
        let failed = run.cases.iter().filter(|case| case.failed()).count();
        let mut parts = Vec::new();
        if failed > 0 {
            let findings = counted(self.failing().filter(|group| !group.flaky).count(), "finding");
            parts.push(format!("{findings} in {}", counted(failed, "failed case")));
        }
        if !self.flaky.is_empty() {
            parts.push(counted(self.flaky.len(), "flaky verdict"));
        }
        let fixed = run.known.iter().flat_map(|list| list.fixed()).count();
        if fixed > 0 {
            parts.push(format!("{} no more", counted(fixed, "known failure")));
        }
        if parts.is_empty() {
            parts.push("the target kept no promise at all".into());
        }
        if !run.complete {
            parts.push(cut_short(run));
        }
        format!("divergent: {}", parts.join(", "))
    }

    fn words_if_list_is_wrong(&self, run: &Run) -> String {
        let entries = run.known.iter().flat_map(|list| list.wrong()).count();
        let entries = counted(entries, "entry").replace("entrys", "entries");
        let failed = run.cases.iter().filter(|case| case.has_news()).count();
        let news = counted(failed, "case");
        format!(
            "the list of known failures is wrong in {entries}; {news} with failures that are not \
             listed"
        )
    }

    fn words_if_indeterminate(&self, run: &Run) -> String {
        let cases: BTreeSet<_> = self.indeterminate.iter().flat_map(|r| &r.cases).collect();
        let mut parts = Vec::new();
        if !run.complete {
            parts.push(cut_short(run));
        }
        if !cases.is_empty() {
            parts.push(format!("nothing can be said about {}", counted(cases.len(), "case")));
        }
        format!("indeterminate: {}", parts.join(", "))
    }
}

/// Says how many cases of which phases the time budget left out; `None` where it left out none.
pub(crate) fn left_out(run: &Run) -> Option<String> {
    let phases = run.not_played.iter();
    let phases: Vec<_> = phases.map(|(phase, cases)| format!("{cases} {}", phase.name())).collect();
    let total = run.not_played.values().fold(0, |sum: u64, cases| sum.saturating_add(*cases));
    let noun = if total == 1 { "case" } else { "cases" };
    (total > 0).then(|| format!("the time budget left out {} {noun}", phases.join(" and ")))
}

/// Returns the gravest verdict of a case with its level; `None` of a case without verdicts.
pub fn gravest(case: &CaseOutcome) -> Option<(Level, &Verdict)> {
    let gravity = |verdict: &Verdict| match verdict {
        Verdict::Fail => 7,
        Verdict::Flaky => 6,
        Verdict::Indeterminate { .. } => 5,
        Verdict::Known { .. } => 4,
        Verdict::Unsupported { .. } => 3,
        Verdict::Skipped { .. } => 2,
        Verdict::Note => 1,
        Verdict::Pass => 0,
    };
    let verdicts = case.verdicts.iter().map(|(level, verdict)| (*level, verdict));
    // Of equals the case's own level wins.
    verdicts.max_by_key(|(level, verdict)| (gravity(verdict), *level == case.level))
}

fn cut_short(run: &Run) -> String {
    let short = format!("cut short after {} of {}", run.cases.len(), counted(run.planned, "case"));
    match left_out(run) {
        Some(left_out) => format!("{short}: {left_out}"),
        None => short,
    }
}

fn reasons<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Reason<'a>> {
    let mut cases = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (text, case) in pairs {
        cases.entry(text).or_default().insert(case);
    }
    let mut reasons: Vec<_> =
        cases.into_iter().map(|(text, cases)| Reason { text, cases }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.cases.len()));
    reasons
}

/// Says what was withheld, which is a fault of this harness, or a target that shows in one case
/// what it was told in another.
fn words_if_withheld(run: &Run) -> String {
    let kinds: Vec<String> =
        run.withheld.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    format!(
        "secrets would have been shown and were withheld ({}): redaction has missed them, or the \
         target shows in one case what was sent in another",
        kinds.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(constant_part(text, "AdminGetUser"), expected);
    }

    #[test]
    fn names_and_values_are_left_out_and_words_stay() {
        check("AdminGetUser needs `Username`", "<operation> needs `Username`");
        check("AdminGetUserAuthFactors", "AdminGetUserAuthFactors");
        check("User pool us-east-1_Ab9 does not exist.", "User pool # does not exist.");
        check("status 400, 12 bytes", "status 400, # bytes");
        check("", "");
    }

    #[test]
    fn list_indices_make_no_difference() {
        assert_eq!(pointer_class("/Users/12/Attributes/0/Name"), "/Users/*/Attributes/*/Name");
        assert_eq!(pointer_class("header:x-amzn-requestid"), "header:x-amzn-requestid");
        assert_eq!(pointer_class(""), "");
    }
}
