//! What changed from one run to the next, finding by finding.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::comparability::{Aspect, Difference, differences};
use super::compare::Figures;
use super::heading::{Entry, Heading};
use super::kinds::{Occurrences, Promise, Seen, kinds, occurrences};
use super::saying::{Cases, Saying};
use crate::outcome::{CaseOutcome, Level, Run, Verdict};
use crate::report::Summary;
use crate::report::text::counted;

/// What changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// Version of this document's format.
    pub format: u32,
    /// The earlier run.
    pub base: Heading,
    /// The later run.
    pub new: Heading,
    /// In what they differ beside their target.
    pub differences: Vec<Difference>,
    /// Figures by level, before and after.
    pub levels: Vec<LevelChange>,
    /// Every finding that fails in either run, by fate, then gravest first.
    pub findings: Vec<Change>,
    /// Verdicts that say nothing any more, or nothing of that kind before.
    pub lost: Vec<Turn>,
    /// Verdicts that said nothing before and say something now, by what they were.
    pub gained: Vec<Turn>,
}

/// Figures of one level in both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelChange {
    /// The level.
    pub level: Level,
    /// In the earlier run.
    pub base: Figures,
    /// In the later run.
    pub new: Figures,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It fails now and did not before.
    New,
    /// It failed before; now a case fails for it that had passed.
    Spread,
    /// It fails in both.
    Unchanged,
    /// It fails no more: every case that showed it was played, and none shows it.
    Fixed,
    /// It fails no more, and is a note now.
    Note,
    /// It came once and not again.
    Flaky,
    /// It does not show, but not every case that showed it says so.
    Unsaid,
}

/// A finding with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Findings with the same number are the same but for operation or place.
    pub kind: usize,
    /// What became of it.
    pub fate: Fate,
    /// What was broken: as the later run has it, where it does.
    pub promise: Promise,
    /// The cases it was seen in.
    pub cases: CaseChange,
}

/// The cases of a finding in both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CaseChange {
    /// How many fail for it in both.
    pub stayed: usize,
    /// Those that show it now only, with what the earlier run says about them.
    pub joined: Vec<CaseTurn>,
    /// Those that showed it before only, with what the later run says about them.
    pub left: Vec<CaseTurn>,
}

/// A case of one run, with what the other says about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CaseTurn {
    /// Id of the case.
    pub case: String,
    /// What the other run says.
    pub other: Saying,
}

/// Cases whose verdicts turned in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turn {
    /// The verdict that says nothing: `unsupported`, `skipped`, `indeterminate`, `flaky`, or
    /// `not played`.
    pub verdict: String,
    /// The declined operation, or why; empty where the verdict has no reason.
    pub reason: String,
    /// Ids of the cases.
    pub cases: BTreeSet<String>,
}

impl Changes {
    /// Returns what stands against comparing the runs at all.
    pub fn hindrances(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.hinders)
    }

    /// Returns the findings with this fate.
    pub fn with_fate(&self, fate: Fate) -> impl Iterator<Item = &Change> {
        self.findings.iter().filter(move |change| change.fate == fate)
    }

    /// Tells whether something fails that did not, and that the later run's list of known failures
    /// does not name.
    pub fn is_worse(&self) -> bool {
        let news = |change: &&Change| change.promise.known.is_none();
        let mut news = self.findings.iter().filter(news);
        news.any(|change| matches!(change.fate, Fate::New | Fate::Spread))
    }

    /// Returns the process exit code: 1 where something fails that did not.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.is_worse())
    }
}

/// Compares a run with an earlier one.
///
/// A finding is known by its id. It is fixed where every case that showed it was played again, to
/// the end, and does not; what was declined, skipped, not played or flaky is told apart.
pub fn diff(base: &Entry, new: &Entry) -> Changes {
    let cases = Both { base: Cases::of(&base.run), new: Cases::of(&new.run) };
    Changes {
        format: super::FORMAT,
        differences: hindered(differences(&[&base.run, &new.run]), &cases),
        levels: levels(&base.run, &new.run),
        findings: findings(&base.run, &new.run, &cases),
        lost: turns(&cases, true),
        gained: turns(&cases, false),
        base: Heading::of(base, "BASE".into()),
        new: Heading::of(new, "NEW".into()),
    }
}

/// The cases of both runs.
struct Both<'a> {
    base: Cases<'a>,
    new: Cases<'a>,
}

/// Says which cases are in one run only. Cases that were added stand against nothing.
fn hindered(mut differences: Vec<Difference>, cases: &Both<'_>) -> Vec<Difference> {
    let gone = cases.base.keys().filter(|key| cases.new.get(key).is_none()).count();
    let added = cases.new.keys().filter(|key| cases.base.get(key).is_none()).count();
    for difference in &mut differences {
        if difference.aspect == Aspect::Cases {
            difference.hinders = gone > 0;
            let (gone, added) = (counted(gone, "case"), counted(added, "case"));
            difference.meaning = format!("{gone} of BASE not in NEW, {added} in NEW only");
        }
    }
    differences
}

fn levels(base: &Run, new: &Run) -> Vec<LevelChange> {
    let scored = [base, new].map(|run| Summary::of(run).scored);
    let [before, after] = [base, new].map(Run::by_level);
    let present = |level: &Level| before.contains_key(level) || after.contains_key(level);
    let change = |level: Level| LevelChange {
        level,
        base: Figures::of(before.get(&level).copied().unwrap_or_default(), scored[0]),
        new: Figures::of(after.get(&level).copied().unwrap_or_default(), scored[1]),
    };
    Level::ALL.into_iter().filter(present).map(change).collect()
}

fn findings(base: &Run, new: &Run, cases: &Both<'_>) -> Vec<Change> {
    let (before, after) = (occurrences(base, &[]), occurrences(new, &[]));
    let ids: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut by_fate = BTreeMap::<Fate, Vec<(Seen<'_>, CaseChange)>>::new();
    for id in ids {
        let (before, after) = (before.get(id), after.get(id));
        let Some((fate, change)) = change(before, after, cases) else { continue };
        let steady = |here: &&Occurrences<'_>| !here.steady.is_empty();
        let shown = after.filter(steady).or(before.filter(steady)).or(after);
        by_fate.entry(fate).or_default().extend(shown.map(|shown| (shown.seen(), change)));
    }
    let mut changes = Vec::new();
    let mut number = 0;
    for (fate, members) in by_fate {
        let seen: Vec<_> = members.iter().map(|(seen, _)| *seen).collect();
        for kind in kinds(&seen) {
            number += 1;
            changes.extend(kind.into_iter().map(|at| Change {
                kind: number,
                fate,
                promise: Promise::from(seen[at].finding),
                cases: members[at].1.clone(),
            }));
        }
    }
    changes
}

/// Returns what became of one id; `None` where it failed for good in neither run, nor is newly
/// flaky.
fn change<'a>(
    before: Option<&Occurrences<'a>>,
    after: Option<&Occurrences<'a>>,
    cases: &Both<'a>,
) -> Option<(Fate, CaseChange)> {
    let none = BTreeSet::new();
    let level = after.or(before)?.seen().finding.level;
    let was = before.map_or(&none, |here| &here.steady);
    let is = after.map_or(&none, |here| &here.steady);
    let flaky = after.map_or(&none, |here| &here.flaky);
    let noted = after.map_or(&none, |here| &here.noted);
    let shown = if is.is_empty() { flaky } else { is };
    // A generated case of the same name may be another case.
    let in_new = |case: &'a str| cases.new.get(&cases.base.key(case));
    let in_base = |case: &'a str| cases.base.get(&cases.new.key(case));
    let stays = |case: &'a str| shown.contains(case) && in_new(case).is_some();
    let joined: Vec<_> = shown
        .iter()
        .filter(|case| !(was.contains(*case) && in_base(case).is_some()))
        .map(|case| CaseTurn { case: (*case).into(), other: Saying::of(in_base(case), level) })
        .collect();
    let left: Vec<_> = was
        .iter()
        .filter(|case| !stays(case))
        .map(|case| CaseTurn {
            case: (*case).into(),
            other: after_all(in_new(case), cases.base.get(&cases.base.key(case)), level),
        })
        .collect();
    let passed = |turn: &CaseTurn| turn.other == Saying::Passed;
    let fate = match (was.is_empty(), is.is_empty()) {
        (true, false) => Fate::New,
        (false, false) if joined.iter().any(passed) => Fate::Spread,
        (false, false) => Fate::Unchanged,
        (true, true) if flaky.is_empty() || before.is_some_and(|b| !b.flaky.is_empty()) => {
            return None;
        }
        (_, true) if !flaky.is_empty() => Fate::Flaky,
        (_, true) if left.iter().any(|turn| noted.contains(turn.case.as_str())) => Fate::Note,
        (_, true) if left.iter().all(|turn| turn.other.speaks()) => Fate::Fixed,
        (_, true) => Fate::Unsaid,
    };
    let stayed = was.iter().filter(|case| stays(case)).count();
    Some((fate, CaseChange { stayed, joined, left }))
}

/// Returns what a case says that showed a finding in the earlier run: nothing, where it ends at an
/// expectation that had held before.
fn after_all(now: Option<&CaseOutcome>, then: Option<&CaseOutcome>, level: Level) -> Saying {
    let saying = Saying::of(now, level);
    let (Some(now), Some(then)) = (now, then) else { return saying };
    let had = |id: &str| then.findings.iter().any(|finding| finding.id == id);
    let ends_early = now.findings.iter().any(|f| f.check == "expectation" && !had(&f.id));
    if saying.speaks() && ends_early { Saying::CutOff } else { saying }
}

/// Returns the cases whose verdicts say nothing, of a kind that the other run's are not: of the
/// later run where they are `lost`, else of the earlier one where the later says something.
fn turns(cases: &Both<'_>, lost: bool) -> Vec<Turn> {
    let (from, to) = if lost { (&cases.base, &cases.new) } else { (&cases.new, &cases.base) };
    let mut turned = BTreeMap::<(&str, String), BTreeSet<String>>::new();
    for key in from.keys() {
        let Some(case) = from.get(key) else { continue };
        let other = to.get(key);
        for (level, verdict) in &case.verdicts {
            let there = other.and_then(|other| other.verdicts.get(level));
            let (name, reason) = match (silence(there), silence(Some(verdict))) {
                (None, _) => continue,
                (Some((name, _)), Some((same, _))) if name == same => continue,
                (_, Some(_)) if !lost => continue,
                (Some(silent), _) => silent,
            };
            // A case that the earlier run did not have was added, which is no gain.
            if lost || other.is_some() {
                turned.entry((name, reason)).or_default().insert(key.id().into());
            }
        }
    }
    let turn = |((verdict, reason), cases): ((&str, String), _)| Turn {
        verdict: verdict.into(),
        reason,
        cases,
    };
    let mut turns: Vec<_> = turned.into_iter().map(turn).collect();
    turns.sort_by(|a, b| a.verdict.cmp(&b.verdict).then(b.cases.len().cmp(&a.cases.len())));
    turns
}

/// Returns name and reason of a verdict that says nothing; `None` of one that does.
fn silence(verdict: Option<&Verdict>) -> Option<(&'static str, String)> {
    match verdict {
        None => Some(("not played", String::new())),
        Some(Verdict::Pass | Verdict::Note | Verdict::Fail | Verdict::Known { .. }) => None,
        Some(Verdict::Flaky) => Some(("flaky", String::new())),
        Some(Verdict::Unsupported { operation }) => Some(("unsupported", operation.clone())),
        Some(Verdict::Skipped { reason }) => Some(("skipped", reason.clone())),
        Some(Verdict::Indeterminate { reason }) => Some(("indeterminate", reason.clone())),
    }
}
