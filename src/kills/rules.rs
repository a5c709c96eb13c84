//! Plays the suite against the rulebook, rule by rule broken.
//!
//! A fault that is made from a rule differs from the reference only where the rule refuses
//! something, so only the cases in which it does are played: no other can see it.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::{StreamExt, stream};

use super::clean::Raised;
use super::order::order;
use super::probe::Prober;
use super::{Fate, Progress, RuleKills, telling};
use crate::catalogue::Rule;
use crate::outcome::{CaseOutcome, Evidence, Finding, Phase};
use crate::reference::faults::rules::{PREFIX, Way, breakable};
use crate::reference::middleware::Stack;
use crate::target::open::TargetError;

impl Prober {
    /// Breaks each rule in `chosen` (of all, if there is none) that refuses something, in every
    /// way, and plays the cases that meet it, or all of them where it is not known which do;
    /// `watch` sees what became of each as it is known. Rules that a stop leaves out are absent.
    ///
    /// # Errors
    /// A reference cannot be started.
    ///
    /// # Panics
    /// Where playing or judging a case panics.
    pub async fn rules(
        &self,
        raised: Option<&Raised>,
        chosen: &[String],
        watch: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Vec<RuleKills>, TargetError> {
        let kills = stream::iter(self.rules_of(chosen)).map(|rule| {
            let (prober, rule) = (self.clone(), rule.clone());
            let meets = self.meets(&rule, raised);
            async move {
                if prober.is_stopped() {
                    return Ok(None);
                }
                let kill = tokio::spawn(async move { prober.rule(&rule, meets).await }).await;
                let kill = kill.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
                watch(Progress::Rule(&kill));
                Ok(Some(kill))
            }
        });
        let kills = kills.buffered(self.settings.jobs.max(1)).collect::<Vec<_>>().await;
        kills.into_iter().filter_map(Result::transpose).collect()
    }

    /// Returns the rules that refuse something: those in `chosen`, or all if there is none.
    pub fn rules_of<'p>(&'p self, chosen: &'p [String]) -> impl Iterator<Item = &'p Rule> {
        let rules = self.catalogue.rules.iter().filter(|rule| rule.error.is_some());
        rules.filter(|rule| chosen.is_empty() || chosen.contains(&rule.id))
    }

    /// Returns the cases that meet a rule: those that expect it first, then written ones, then the
    /// shorter.
    fn meets(&self, rule: &Rule, raised: Option<&Raised>) -> Vec<usize> {
        let Some(raised) = raised else {
            let operations: Vec<&str> = rule.operations.iter().map(String::as_str).collect();
            let on = if rule.covers("*") { &[][..] } else { &operations[..] };
            let mut all = order(&self.cases, on);
            all.sort_by_key(|at| !self.cases[*at].rules.contains(&rule.id));
            return all;
        };
        let mut meets = raised.0.get(&rule.id).cloned().unwrap_or_default();
        meets.sort_by_key(|(at, requests)| {
            let case = &self.cases[*at];
            let expects = case.rules.contains(&rule.id);
            (!expects, Phase::of(&case.id).is_some(), *requests, *at)
        });
        meets.into_iter().map(|(at, _)| at).collect()
    }

    async fn rule(&self, rule: &Rule, meets: Vec<usize>) -> Result<RuleKills, TargetError> {
        let begun = Instant::now();
        let mut kills = RuleKills {
            rule: rule.id.clone(),
            evidence: rule.evidence,
            raised: meets.len(),
            unreachable: rule.unreachable.clone(),
            ways: BTreeMap::new(),
            elapsed_ms: 0,
        };
        for way in Way::ALL.into_iter().filter(|way| breakable(rule, *way)) {
            let fate = match meets.is_empty() {
                true => Fate::Unmet,
                false => self.broken(rule, way, &meets).await?,
            };
            kills.ways.insert(way, fate);
        }
        kills.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(kills)
    }

    async fn broken(&self, rule: &Rule, way: Way, meets: &[usize]) -> Result<Fate, TargetError> {
        let name = format!("{PREFIX}{}/{}", rule.id, way.name());
        let target = self.reference(vec![name], Stack::default()).await?;
        let session = self.session(target.clone(), self.settings.seed);
        let mut fate = Fate::Survived;
        for at in meets {
            if self.is_stopped() {
                fate = if fate.is_seen() { fate } else { Fate::Unknown };
                break;
            }
            let outcome = session.run_case(&self.cases[*at]).await;
            if let Some(found) = seen(&outcome, way) {
                let (check, case) = (found.check.clone(), found.case.clone());
                if found.fails {
                    fate = Fate::Killed { check, case };
                    break;
                }
                fate = Fate::Noted { check, case };
            }
            // Of an inferred promise nothing but notes can come.
            if fate.is_seen() && grade(rule, way) == Evidence::Inferred {
                break;
            }
        }
        target.shutdown().await;
        Ok(fate)
    }
}

/// How well it is supported that the rule is not broken so.
fn grade(rule: &Rule, way: Way) -> Evidence {
    if way == Way::Words { rule.best_message_grade() } else { rule.evidence }
}

/// Returns the finding that says most about a broken rule.
///
/// The success that stands for a refusal has an empty output; that it lacks members says nothing
/// about the rule.
fn seen(outcome: &CaseOutcome, way: Way) -> Option<&Finding> {
    let about = |finding: &&Finding| {
        let form = matches!(finding.check.as_str(), "schema" | "sdk" | "void-body");
        way != Way::Accepted || !form
    };
    let failing = telling(outcome, "").into_iter().find(about);
    let noted = || {
        let by_rule = |f: &&Finding| matches!(f.check.as_str(), "expectation" | "lockstep");
        outcome.findings.iter().filter(|f| !f.fails).filter(by_rule).find(about)
    };
    failing.or_else(noted)
}
