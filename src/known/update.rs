//! Writes a list of known failures anew from a run: what still fails stays with its reason, what
//! is fixed goes, what is new comes in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Identity, Item, Known, Origin, Remark, of_generation};
use crate::age;
use crate::outcome::{CaseOutcome, Finding, KnownStanding, Phase, Run, Verdict};
use crate::report::summary::promise;
use crate::report::text::one_line;

/// Longest part of a promise, or of an answer, that a reason repeats, in characters.
const QUOTED: usize = 110;

/// A list that was written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The list.
    pub list: Known,
    /// Entries that came in.
    pub added: Vec<Item>,
    /// Entries that went, each with why.
    pub dropped: Vec<(Item, String)>,
    /// Entries that stayed.
    pub kept: Vec<Item>,
    /// Failures that no entry can name: of a raw request in a case that stands in no suite.
    pub left_out: usize,
}

/// A run that a list cannot be written from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// Its generated cases are others than those of the list, and it is not whole.
    #[error(
        "the list was made from seed {seed} with version {harness}; a report of other generated \
         cases has to be of a whole run: no filter, not cut short"
    )]
    OtherCases {
        /// Seed of the list.
        seed: u64,
        /// Version of the harness it was made with.
        harness: String,
    },
    /// It was cut short.
    #[error("the report is of a run that was cut short: what it did not play is not fixed")]
    CutShort,
}

/// Returns the list as the run has it.
///
/// `old` is the list there is, for the version of the run's target. An entry stays where it shows,
/// and where the run cannot tell that it does not. What is new gets a reason that says where it was
/// seen, for somebody to replace.
///
/// # Errors
/// The run was interrupted, or generated other cases than those of the list and is not whole.
pub fn update(old: &Known, run: &Run) -> Result<Updated, UpdateError> {
    if run.was_interrupted() {
        return Err(UpdateError::CutShort);
    }
    let mut run = run.clone();
    run.cases.iter_mut().for_each(|case| old.mark(case));
    let whole = run.complete && run.selection.as_ref().is_some_and(Vec::is_empty);
    let same = old.origin.as_ref().is_none_or(|origin| {
        origin.seed == run.seed
            && origin.harness == run.harness
            && origin.flags == of_generation(&run)
    });
    if let (Some(origin), false, false) = (&old.origin, same, whole) {
        let (seed, harness) = (origin.seed, origin.harness.clone());
        return Err(UpdateError::OtherCases { seed, harness });
    }
    let says = old.held_against(&run);
    let seen = sightings(&run);
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for (item, entry) in old.items.iter().zip(says.entries) {
        match fate(item, &entry.standing, same) {
            Some(why) => dropped.push((item.clone(), why)),
            None => kept.push(item.clone()),
        }
    }
    let mut new = BTreeMap::new();
    let mut left_out = 0;
    for case in &run.cases {
        for finding in case.findings.iter().filter(|finding| finding.is_news()) {
            match place(case, finding) {
                Some((operation, case)) => {
                    let key = (Identity::of(finding), operation, case);
                    new.entry(key).or_insert(finding);
                }
                None => left_out += 1,
            }
        }
    }
    let added = added(new, &seen, &run);
    let origin = match &old.origin {
        // A part of the suite says nothing about the others.
        Some(origin) if !whole && run.selection.as_ref() != Some(&origin.selection) => {
            origin.clone()
        }
        _ => Origin {
            date: age::date(run.started),
            harness: run.harness.clone(),
            seed: run.seed,
            flags: of_generation(&run),
            selection: run.selection.clone().unwrap_or_default(),
        },
    };
    let origin = match (&old.origin, dropped.is_empty() && added.is_empty()) {
        // The day of a list that stays as it is stays too.
        (Some(before), true) => Origin { date: before.date.clone(), ..origin },
        _ => origin,
    };
    // A case that shows an entry in this run speaks for it in the next.
    for item in kept.iter_mut().filter(|item| item.case.is_none()) {
        let key = (item.identity.clone(), item.operation.clone());
        if let Some(sighting) = seen.get(&key) {
            let still = item.seen.as_ref().is_some_and(|case| sighting.cases.contains(case));
            if !still {
                item.seen = sighting.best();
            }
        }
    }
    let items = kept.iter().chain(&added).cloned().collect();
    let list = Known::new(old.file.clone(), Some(origin), items);
    Ok(Updated { list, added, dropped, kept, left_out })
}

/// Returns why an entry goes; `None` where it stays.
fn fate(item: &Item, standing: &KnownStanding, same: bool) -> Option<String> {
    match standing {
        KnownStanding::Fixed => Some("it fails no more".into()),
        KnownStanding::Unmatched { why } => Some(why.clone()),
        KnownStanding::Redundant { .. } => Some("another entry covers it".into()),
        KnownStanding::Unsaid { why } if !same && !item.flaky => {
            let shows = item.case.as_ref().or(item.seen.as_ref());
            shows.is_some_and(|case| Phase::of(case).is_some()).then(|| why.clone())
        }
        _ => None,
    }
}

/// Where a finding of an operation shows.
#[derive(Default)]
struct Sighting {
    /// Every case.
    cases: BTreeSet<String>,
    /// The case that tells it best: a written one before a generated one, a random one last.
    best: Option<(u8, String)>,
    /// It showed again whenever it was looked at twice, in at least one case.
    steady: bool,
}

impl Sighting {
    fn best(&self) -> Option<String> {
        self.best.as_ref().map(|(_, case)| case.clone())
    }
}

fn sightings(run: &Run) -> BTreeMap<(Identity, Option<String>), Sighting> {
    let mut seen = BTreeMap::<_, Sighting>::new();
    for case in &run.cases {
        for finding in case.findings.iter().filter(|f| f.fails && !f.operation.is_empty()) {
            let key = (Identity::of(finding), Some(finding.operation.clone()));
            let sighting = seen.entry(key).or_default();
            sighting.steady |= is_steady(case, finding);
            sighting.cases.insert(case.case.clone());
            if is_of_suite(&case.case) {
                let rank = match Phase::of(&case.case) {
                    None => 0,
                    Some(Phase::Coverage) => 1,
                    Some(Phase::Random) => 2,
                };
                let this = (rank, case.case.clone());
                if sighting.best.as_ref().is_none_or(|best| this < *best) {
                    sighting.best = Some(this);
                }
            }
        }
    }
    seen
}

fn is_steady(case: &CaseOutcome, finding: &Finding) -> bool {
    !matches!(case.verdicts.get(&finding.level), Some(Verdict::Flaky))
}

/// Cases that stand in no suite are called by their path.
fn is_of_suite(case: &str) -> bool {
    !case.contains(['/', '#'])
}

/// Returns the operation and the case that an entry of a finding names; `None` where it can name
/// neither.
///
/// What a written case expects in its own words is about that case; so is what has no operation. All
/// else is the same promise wherever the operation is called.
fn place(case: &CaseOutcome, finding: &Finding) -> Option<(Option<String>, Option<String>)> {
    let operation = Some(finding.operation.clone()).filter(|name| !name.is_empty());
    let own = matches!(finding.check.as_str(), "expectation" | "snapshot");
    let written = Phase::of(&case.case).is_none() && is_of_suite(&case.case);
    if operation.is_some() && !(own && written) {
        return Some((operation, None));
    }
    let listed = is_of_suite(&case.case).then(|| case.case.clone())?;
    Some((operation, Some(listed)))
}

fn added(
    new: BTreeMap<(Identity, Option<String>, Option<String>), &Finding>,
    seen: &BTreeMap<(Identity, Option<String>), Sighting>,
    run: &Run,
) -> Vec<Item> {
    // Entries that are the same but for their place get one reason, and stand together, where that
    // says the same of all of them: a rule, or what is so in every header.
    let mut reasons = BTreeMap::<Identity, String>::new();
    let date = age::date(run.started);
    let item = |(key, finding): ((Identity, Option<String>, Option<String>), &Finding)| {
        let (identity, operation, case) = key;
        let alike = identity.rule.is_some() || identity.pointer.starts_with("header:");
        let own = reason(finding, &date);
        let reason = match alike {
            true => reasons.entry(identity.clone()).or_insert(own).clone(),
            false => own,
        };
        let sighting = seen.get(&(identity.clone(), operation.clone()));
        Item {
            line: 0,
            seen: sighting.filter(|_| case.is_none()).and_then(Sighting::best),
            flaky: sighting.is_some_and(|sighting| !sighting.steady),
            remark: Remark { reason, ..Remark::default() },
            in_force: true,
            operation,
            case,
            identity,
        }
    };
    new.into_iter().map(item).collect()
}

/// Says where something was seen, what was promised, and what came.
fn reason(finding: &Finding, date: &str) -> String {
    // Of an answer where a refusal was due the status tells enough.
    let came = match finding.actual.split_once(" with ") {
        Some((status, _)) if status.starts_with("status ") => status,
        _ => &finding.actual,
    };
    let (promise, came) = (quoted(&promise(finding)), quoted(came));
    let evidence = finding.evidence;
    format!("taken from a report of {date}; promised ({evidence}): {promise}; came: {came}")
}

/// Returns the start of a text, without what differs from run to run, such as ids.
fn quoted(text: &str) -> String {
    let text = one_line(text);
    let chosen = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        digits > 3 || (digits == 3 && word.len() > 3)
    };
    let words = text.split_whitespace().map(|word| {
        let inner = word.trim_matches(|c: char| !c.is_alphanumeric());
        if chosen(inner) { word.replace(inner, "…") } else { word.to_owned() }
    });
    let text = words.collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}
