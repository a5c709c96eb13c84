//! Explanations as text: labelled fields that keep to a width; commands and files stay pasteable.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::SNAPSHOT;
use super::{
    CasePage, CaseRef, Explanation, FaultRef, FindingPage, GeneratedFrom, How, JudgePage,
    OperationPage, RulePage, Sighting,
};
use crate::outcome::Evidence;
use crate::reachability::Cell;
use crate::report::text::{counted, one_line, visible};

/// Most entries of one list, unless all are wanted.
const MOST: usize = 12;

/// Columns of the labels.
const LABEL: usize = 12;

/// Returns an explanation as text of this many columns; with `all`, lists are not shortened.
pub fn render(explanation: &Explanation, width: usize, all: bool) -> String {
    let most = if all { usize::MAX } else { MOST };
    let mut page = Page { text: String::new(), width: width.clamp(60, 1000), most };
    match explanation {
        Explanation::Rule(rule) => page.rule(rule),
        Explanation::Check(judge) => page.judge("check", judge),
        Explanation::Property(judge) => page.judge("property", judge),
        Explanation::Finding(finding) => page.finding(finding),
        Explanation::Case(case) => page.case(case),
        Explanation::Operation(operation) => page.operation(operation),
    }
    page.text
}

struct Page {
    text: String,
    width: usize,
    most: usize,
}

impl Page {
    fn title(&mut self, text: &str) {
        self.text += &format!("{}\n", one_line(text));
    }

    /// Writes a label with its text; nothing where the text is empty.
    fn field(&mut self, label: &str, text: &str) {
        let mut label = label;
        for part in text.lines().filter(|part| !part.is_empty()) {
            for line in wrapped(&visible(part), self.width - LABEL - 3) {
                let line = format!("  {label:<LABEL$} {line}");
                self.text += &format!("{}\n", line.trim_end());
                label = "";
            }
        }
    }

    /// Writes a label with a text for each entry, the first few of them.
    fn list(&mut self, label: &str, entries: &[String]) {
        let mut label = label;
        for entry in entries.iter().take(self.most) {
            self.field(label, &one_line(entry));
            label = "";
        }
        if entries.len() > self.most {
            self.field("", &format!("and {} more (--all)", entries.len() - self.most));
        }
    }

    /// Writes a label with names in a row.
    fn names<'a>(&mut self, label: &str, names: impl IntoIterator<Item = &'a str>) {
        let names: Vec<&str> = names.into_iter().collect();
        let shown = names.len().min(self.most.saturating_mul(2));
        let mut text = names[..shown].join(", ");
        if names.len() > shown {
            text += &format!(" and {} more", names.len() - shown);
        }
        self.field(label, &text);
    }

    /// Writes lines as they are, below their label: they can be pasted, whatever their length.
    fn verbatim(&mut self, label: &str, texts: &[String]) {
        if texts.iter().all(String::is_empty) {
            return;
        }
        self.text += &format!("  {label}\n");
        for line in texts.iter().flat_map(|text| text.lines()) {
            self.text += &format!("    {}\n", visible(line));
        }
    }

    fn faults(&mut self, faults: &[FaultRef]) {
        let told = |how: How| {
            let chosen = faults.iter().filter(move |fault| fault.how == how);
            chosen.map(|f| format!("{}: {} ({})", f.name, f.about, f.caught_by)).collect::<Vec<_>>()
        };
        self.list("broken by", &told(How::Breaks));
        self.list("faults near", &told(How::SameOperations));
    }

    fn cases(&mut self, cases: &[CaseRef]) {
        let lines: Vec<_> = cases.iter().map(|c| format!("{}: {}", c.id, c.title)).collect();
        self.list("tested by", &lines);
    }

    fn sighting(&mut self, sighting: Option<&Sighting>) {
        let Some(seen) = sighting else { return };
        let findings = counted(seen.findings, "finding");
        let cases = counted(seen.cases.len(), "case");
        let Sighting { report, target, failing, .. } = seen;
        let text = match seen.findings {
            0 => format!("{target}: nothing, in {report}"),
            _ => format!("{target}: {findings}, {failing} of them failing, in {cases} of {report}"),
        };
        self.field("seen on", &text);
        let mut ids: Vec<_> = seen.ids.iter().collect();
        ids.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let ids: Vec<_> = ids.iter().map(|(id, count)| format!("{id} ({count}×)")).collect();
        self.names("findings", ids.iter().map(String::as_str));
        self.names("cases", seen.cases.iter().map(String::as_str));
    }

    fn rule(&mut self, rule: &RulePage) {
        self.title(&format!("rule {} ({})", rule.id, rule.service));
        self.promise(rule);
        self.cases(&rule.cases);
        if rule.cases.is_empty() {
            self.field("tested by", "no written case");
        }
        let generated: Vec<_> = rule.generated.iter().map(|from| made_from(from, rule)).collect();
        self.list("generated", &generated);
        self.faults(&rule.faults);
        self.sighting(rule.report.as_ref());
        self.list("what to do", &rule.advice);
        self.verbatim("run its cases:", &rule.run);
    }

    /// Writes what a rule promises, and who says so.
    fn promise(&mut self, rule: &RulePage) {
        self.field("promise", &rule.promise);
        self.names("operations", rule.operations.iter().map(String::as_str));
        self.field("level", rule.level.name());
        let wording = rule.message_evidence.filter(|grade| *grade != rule.evidence);
        let wording = wording.map(|grade| format!("; its wording {grade}")).unwrap_or_default();
        self.field("evidence", &format!("{}{wording}{}", rule.evidence, effect(rule.evidence)));
        self.field("source", &rule.source);
        let age = rule.age.as_deref().map(|age| format!(", {age}")).unwrap_or_default();
        self.field("seen", &rule.seen.as_deref().map(|s| format!("{s}{age}")).unwrap_or_default());
        self.field("note", rule.note.as_deref().unwrap_or_default());
        self.names("yields to", rule.after.iter().map(String::as_str));
        self.names("wins over", rule.before.iter().map(String::as_str));
        self.field("not raised", rule.unreachable.as_deref().unwrap_or_default());
    }

    fn judge(&mut self, kind: &str, judge: &JudgePage) {
        self.title(&format!("{kind} {}", judge.id));
        self.field("asks", &judge.asks);
        self.field("level", judge.level.name());
        self.field("looks at", &judge.looks_at);
        let supports = judge.supports.iter().map(|s| format!("{}: {}", s.evidence, s.source));
        self.list("support", &supports.collect::<Vec<_>>());
        if judge.supports.is_empty() {
            let text = "the rule, the case or the model that makes the promise; a finding names it";
            self.field("support", text);
        }
        let generated = if judge.id == SNAPSHOT { "" } else { ", and those generated" };
        let cases = counted(judge.cases, "written case");
        self.field("cases", &format!("{cases}{generated}"));
        self.faults(&judge.faults);
        self.sighting(judge.report.as_ref());
        self.list("what to do", &judge.advice);
        self.verbatim("see it at work:", &judge.run);
    }

    fn case(&mut self, case: &CasePage) {
        self.title(&format!("case {}", case.id));
        self.field("title", &case.title);
        self.field("why", &case.why);
        self.field("level", case.level.name());
        self.field("evidence", &format!("{}{}", case.evidence, effect(case.evidence)));
        self.field("source", &case.source);
        self.field("file", &case.path);
        self.names("needs", case.needs.iter().map(String::as_str));
        self.names("set-ups", case.setup.iter().map(String::as_str));
        let rules: Vec<_> =
            case.rules.iter().map(|(id, promise)| format!("{id}: {promise}")).collect();
        self.list("rules", &rules);
        self.field("snapshot", case.snapshot.as_deref().unwrap_or("none"));
        self.title("  steps");
        for (number, step) in (1..).zip(&case.steps) {
            let stage = if number <= case.stage { " (stage)" } else { "" };
            self.field(&format!("{number}.{stage}"), &step.does);
            if let Some(expects) = &step.expects {
                self.field("  expects", expects);
            }
            if let (Some(evidence), Some(source)) = (step.evidence, &step.source) {
                self.field("  says", &format!("{evidence}, {}: {source}", step.level));
            }
        }
        self.sighting(case.report.as_ref());
        self.verbatim("run it:", &case.run);
    }

    fn operation(&mut self, operation: &OperationPage) {
        self.title(&format!("operation {}:{}", operation.service, operation.name));
        let rules = counted(operation.rules.len(), "rule");
        self.field("promises", &format!("{rules}{}", grades(&operation.rules_by_grade)));
        let own = operation.rules.iter().filter(|rule| !rule.of_all);
        let line = |rule: &super::RuleRef| {
            format!(
                "{}: {} when {} ({}, {})",
                rule.id, rule.what, rule.when, rule.evidence, rule.level
            )
        };
        self.list("its rules", &own.map(line).collect::<Vec<_>>());
        let of_all = operation.rules.iter().filter(|rule| rule.of_all);
        self.names("rules of all", of_all.map(|rule| rule.id.as_str()));
        let outputs = counted(operation.outputs.len(), "promised value");
        self.field("answers", &format!("{outputs}{}", grades(&operation.outputs_by_grade)));
        let members = operation.outputs.iter();
        let members = members.map(|(name, s)| format!("{name}: {}, {}", s.evidence, s.source));
        self.list("", &members.collect::<Vec<_>>());
        let counts = operation.error_counts;
        self.field(
            "errors",
            &format!(
                "{} reached by a case, {} with a reason why not",
                counts.reached, counts.reasoned
            ),
        );
        let cells = operation.errors.iter().map(|(code, cell)| match cell {
            Cell::Reached { rule, .. } => format!("{code}: rule {rule}"),
            Cell::Reasoned { reason, why } => format!("{code}: {reason}, {why}"),
            Cell::Empty => format!("{code}: not reached, without a reason"),
        });
        self.list("", &cells.collect::<Vec<_>>());
        let cases = counted(operation.cases.len(), "written case");
        let coverage = counted(operation.coverage.len(), "generated coverage case");
        self.field("cases", &format!("{cases}, {coverage}"));
        let cases = operation.cases.iter();
        let cases =
            cases.map(|c| format!("{}: {} ({}, {})", c.case.id, c.case.title, c.level, c.evidence));
        self.list("", &cases.collect::<Vec<_>>());
        self.faults(&operation.faults);
        self.sighting(operation.report.as_ref());
        self.verbatim("run its cases:", &operation.run);
    }

    fn finding(&mut self, finding: &FindingPage) {
        let what = if finding.operation.is_empty() { "no operation" } else { &finding.operation };
        self.title(&format!("finding {}: {}, {what}", finding.id, finding.check));
        self.field("found in", &finding.found_in);
        self.field("target", &finding.target);
        let asks = if finding.asks.is_empty() { "" } else { &format!(": {}", finding.asks) };
        self.field("check", &format!("{}{asks}", finding.check));
        self.field("level", finding.level.map(|level| level.name()).unwrap_or_default());
        self.field("place", &finding.pointer);
        self.field("promised", &finding.expected);
        self.field("came back", &finding.actual);
        let grade = finding.evidence.map(|grade| grade.name()).unwrap_or_default();
        let fails =
            finding.fails.map(|fails| if fails { "; it fails the run" } else { "; a note" });
        self.field("evidence", &format!("{grade}{}", fails.unwrap_or_default()));
        self.field("source", &finding.source);
        if let Some(rule) = &finding.rule {
            self.title(&format!("  rule {}", rule.id));
            self.promise(rule);
        }
        let gone = match finding.flaky {
            0 => String::new(),
            times => format!(", gone {times}× when played again"),
        };
        let cases = counted(finding.places.len(), "case");
        self.field("seen", &format!("{}× in {cases}{gone}", finding.occurrences));
        let places = finding.places.iter().map(|place| {
            let steps = joined(&place.steps);
            if steps.is_empty() { place.case.clone() } else { format!("{}, {steps}", place.case) }
        });
        self.list("", &places.collect::<Vec<_>>());
        if let Some(exchange) = &finding.exchange {
            self.field("request", &one_line(&exchange.request.to_string()));
            let response = one_line(&exchange.response.to_string());
            self.field("response", &format!("{} {response}", exchange.status));
        }
        self.list("what to do", &finding.advice);
        self.verbatim("show it again:", &finding.replay);
        self.verbatim("smallest sequence:", finding.scenario.as_slice());
        self.verbatim("the request:", std::slice::from_ref(&finding.curl));
        self.verbatim("with the AWS CLI:", std::slice::from_ref(&finding.aws_cli));
        if let Some(serde_json::Value::Object(members)) = &finding.known_by {
            let lines = members.iter().map(|(name, value)| format!("{name}: {value}"));
            self.verbatim("what names it in a list of known failures:", &lines.collect::<Vec<_>>());
        }
    }
}

/// Says what the generated cases of an operation are made from: by name where a rule is about few
/// operations.
fn made_from(from: &GeneratedFrom, rule: &RulePage) -> String {
    let recipes: BTreeSet<String> = from.recipes.iter().cloned().collect();
    let parts =
        [("recipe", &recipes), ("refused input", &from.spoiled), ("situation", &from.situations)];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let told = parts.map(|(what, names)| {
        let count = counted(names.len(), what);
        if rule.generated.len() > 2 { count } else { format!("{count} ({})", joined(names)) }
    });
    format!("{}: {}", from.operation, told.collect::<Vec<_>>().join(", "))
}

/// Says what breaking a promise of a grade comes to.
fn effect(grade: Evidence) -> &'static str {
    if grade.fails(false) { ", fails a run" } else { ", a note" }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Returns counts by grade, best first, with what stands before them; nothing for none.
fn grades(counts: &BTreeMap<Evidence, usize>) -> String {
    let parts: Vec<_> =
        counts.iter().rev().map(|(grade, count)| format!("{count} {grade}")).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

/// Breaks a text into lines of at most `width` characters, at blanks where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let mut word: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if !line.is_empty() || length > 0 {
            line.push(' ');
            length += 1;
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        length += word.len();
        line.extend(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, width: usize, expected: &[&str]) {
        assert_eq!(wrapped(text, width), expected);
    }

    #[test]
    fn texts_are_broken_at_blanks_and_long_words_anywhere() {
        check("", 5, &[""]);
        check("a bc def", 4, &["a bc", "def"]);
        check("abcdefgh i", 4, &["abcd", "efgh", "i"]);
        check("x 漢字漢字漢", 3, &["x", "漢字漢", "字漢"]);
    }
}
