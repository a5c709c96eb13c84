//! `self-check`: what the harness sees of faults, of null servers, of nothing at all.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use indicatif::ProgressBar;

use super::hunt::{Hunt, hunt};
use super::play::{interrupted, style};
use super::{Failure, Folders, complain, say};
use crate::hunt::Hunter;
use crate::kills::{Fate, Kill, Matrix, Prober, Progress, Settings, Until};
use crate::nulls;
use crate::reference::faults::rules::PREFIX;
use crate::reference::faults::{self, NamedFault};
use crate::report;
use crate::scenario::recipes::Recipes;
use crate::suite::{Suite, SuiteError};

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance self-check                            all of it: some minutes
  cognito-conformance self-check --part faults --quick      is every named fault caught at all?
  cognito-conformance self-check --fault disabled-user-keeps-tokens --all
  cognito-conformance self-check --fault rule:user-not-found
  cognito-conformance self-check --part faultless --seeds 20
  cognito-conformance self-check --generated --fault disabled-user-keeps-tokens --print

Written and generated cases are played against the reference as it is, against null servers,
against each named fault (`serve --fault list`), and against each rule of the rulebook broken:
answered as a success, with another code, with other words. A fault is done with when the check
that speaks for it has seen it; Ctrl-C keeps what is known by then.

Exit codes: 0 at least 95 of 100 named faults were caught, nothing was found where nothing is
wrong, and no null server passed a case that asks for more than form; 1 otherwise (--generated:
fewer than nine in ten faults were found); 2 usage or harness error; 3 cut short.")]
pub(super) struct SelfCheckArgs {
    /// Only this fault, or this rule broken (`rule:<id>`) (repeatable).
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Only this part (repeatable).
    #[arg(long, value_enum)]
    part: Vec<Part>,
    /// Seed of everything that is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds the reference as it is gets, from --seed on.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// How many references are played on at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// How many random sequences the suite has.
    #[arg(long, default_value_t = 200, value_name = "N")]
    cases: u64,
    /// A fault is done with when anything has seen it.
    #[arg(long, conflicts_with = "all")]
    quick: bool,
    /// Plays every case against every fault: shows all that see it, and takes hours for all faults.
    #[arg(long)]
    all: bool,
    /// Sends requests with a plain HTTP client instead of the official SDK.
    #[arg(long)]
    no_sdk: bool,
    /// Writes the matrix as JSON to this file.
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Writes the matrix as Markdown to this file.
    #[arg(long, value_name = "FILE")]
    report_markdown: Option<PathBuf>,
    /// Shows what became of every rule, too.
    #[arg(long, short)]
    verbose: bool,
    /// Measures generated cases alone: how soon they find each named fault, and how small the
    /// sequence is that shows it.
    #[arg(long)]
    generated: bool,
    /// With --generated: requests after which a fault counts as not found.
    #[arg(long, default_value_t = 250_000, value_name = "N", requires = "generated")]
    budget: u64,
    /// With --generated: requests that making one failure small may take.
    #[arg(long, default_value_t = 3000, value_name = "N", requires = "generated")]
    shrink: u64,
    /// With --generated: plays only cases of the operations that a fault has to do with.
    #[arg(long, requires = "generated")]
    focused: bool,
    /// With --generated: prints the smallest sequence of each fault too.
    #[arg(long, requires = "generated")]
    print: bool,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// The reference as it is.
    Faultless,
    /// Null servers.
    Nulls,
    /// Named faults.
    Faults,
    /// Rules, broken one by one.
    Rules,
}

/// What is to be broken.
struct Chosen {
    faults: Vec<&'static NamedFault>,
    rules: Vec<String>,
}

impl SelfCheckArgs {
    fn plays(&self, part: Part, chosen: &Chosen) -> bool {
        let named = match part {
            _ if self.fault.is_empty() => true,
            Part::Faults => !chosen.faults.is_empty(),
            Part::Rules => !chosen.rules.is_empty(),
            Part::Faultless | Part::Nulls => false,
        };
        if self.part.is_empty() { named } else { self.part.contains(&part) }
    }

    fn chosen(&self, suite: &Suite) -> Result<Chosen, Failure> {
        let mut chosen = Chosen { faults: Vec::new(), rules: Vec::new() };
        for name in &self.fault {
            match name.strip_prefix(PREFIX) {
                Some(rule) => {
                    faults::rules::named(rule, &suite.catalogue).map_err(Failure)?;
                    let id = rule.split('/').next().unwrap_or_default();
                    chosen.rules.push(id.to_owned());
                }
                None => chosen.faults.push(faults::named(name).map_err(Failure)?),
            }
        }
        if self.fault.is_empty() {
            chosen.faults = faults::all().collect();
        }
        Ok(chosen)
    }

    fn settings(&self) -> Settings {
        let until = match (self.quick, self.all) {
            (true, _) => Until::Caught,
            (_, true) => Until::Played,
            _ => Until::Spoken,
        };
        Settings {
            seed: self.seed,
            jobs: usize::from(self.jobs),
            random: self.cases,
            max_steps: 20,
            until,
            plain_http: self.no_sdk,
        }
    }
}

/// Requests after the first failure of a fault until no shorter one is looked for.
const AFTER: u64 = 120_000;

/// Carries out `self-check`.
pub(super) fn self_check(args: &SelfCheckArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let source = folders.sources().scenarios;
    let recipes = Recipes::load(&source, &suite.catalogue).map_err(SuiteError::Scenarios)?;
    let recipes = Arc::new(recipes);
    let chosen = args.chosen(&suite)?;
    if args.generated {
        if chosen.faults.is_empty() {
            return Err(Failure("--generated hunts named faults; none is named".into()));
        }
        let hunter = Hunter {
            catalogue: suite.catalogue.clone(),
            recipes,
            seed: args.seed,
            budget: args.budget,
            after: AFTER,
            shrink: args.shrink,
            focused: args.focused,
        };
        let (jobs, print) = (2, args.print);
        return hunt(&Hunt { faults: chosen.faults, hunter: &hunter, jobs, print });
    }
    let prober = Prober::new(&suite, recipes, args.settings());
    let begun = Instant::now();
    let mut matrix = super::runtime()?.block_on(async {
        let measuring = measure(args, &chosen, &prober);
        tokio::pin!(measuring);
        tokio::select! {
            matrix = &mut measuring => return matrix,
            () = interrupted() => {}
        }
        complain("interrupted: the cases under way are finished, and what is known is kept");
        prober.stop();
        measuring.await
    })?;
    let effects = suite.catalogue.rules.iter().filter(|rule| rule.error.is_none());
    matrix.effects = effects.map(|rule| rule.id.clone()).collect();
    matrix.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    matrix.complete = !prober.is_stopped();
    finish(args, &matrix)
}

async fn measure(
    args: &SelfCheckArgs,
    chosen: &Chosen,
    prober: &Prober,
) -> Result<Matrix, Failure> {
    let mut matrix = Matrix {
        harness: env!("CARGO_PKG_VERSION").into(),
        seed: args.seed,
        cases: prober.cases(),
        ..Matrix::default()
    };
    let plays = |part| args.plays(part, chosen);
    let bar = |what: &'static str, length: usize| {
        complain(what);
        super::play::progress_bar(length)
    };
    let tell = |bar: &ProgressBar, progress: &Progress<'_>| {
        bar.inc(1);
        if let Some(line) = line(progress) {
            bar.suspend(|| complain(&line));
        }
    };
    let mut raised = None;
    let some_rules = !chosen.rules.is_empty();
    if plays(Part::Faultless) || (plays(Part::Rules) && !some_rules) {
        let seeds = if plays(Part::Faultless) { args.seeds } else { 1 };
        let progress = bar("the reference as it is", usize::try_from(seeds).unwrap_or(usize::MAX));
        let watch = |told: Progress<'_>| tell(&progress, &told);
        for seed in args.seed..args.seed.saturating_add(seeds) {
            if !prober.is_stopped() {
                let (clean, rules) = prober.faultless(seed, &watch).await?;
                raised.get_or_insert(rules);
                matrix.faultless.push(clean);
            }
        }
        progress.finish_and_clear();
    }
    if plays(Part::Rules) {
        let progress = bar("rules, broken one by one", prober.rules_of(&chosen.rules).count());
        let watch = |told: Progress<'_>| tell(&progress, &told);
        matrix.rules = prober.rules(raised.as_ref(), &chosen.rules, &watch).await?;
        progress.finish_and_clear();
    }
    if plays(Part::Nulls) {
        let progress = bar("null servers", nulls::Kind::ALL.len());
        for kind in nulls::Kind::ALL {
            if !prober.is_stopped() {
                let null = prober.null(kind, &|told| tell(&progress, &told)).await?;
                matrix.nulls.push(null);
            }
        }
        progress.finish_and_clear();
    }
    if plays(Part::Faults) {
        let progress = bar("named faults", chosen.faults.len());
        let watch = |told: Progress<'_>| tell(&progress, &told);
        matrix.faults = prober.faults(&chosen.faults, &watch).await?;
        progress.finish_and_clear();
    }
    Ok(matrix)
}

/// Says what became of a part; of rules only where something goes unnoticed.
fn line(progress: &Progress<'_>) -> Option<String> {
    match progress {
        Progress::Faultless(clean) => {
            let found = clean.alarms.len();
            Some(format!("seed {}: {} cases, {found} findings", clean.seed, clean.cases))
        }
        Progress::Null(null) => {
            Some(format!("{}: passes {} cases", null.server.name(), null.passed.len()))
        }
        Progress::Fault(kill) => Some(fault_line(kill)),
        Progress::Rule(rule) => {
            let unnoticed = rule.ways.iter().filter(|(_, fate)| **fate == Fate::Survived);
            let ways: Vec<&str> = unnoticed.map(|(way, _)| way.name()).collect();
            let name = format!("{PREFIX}{}", rule.rule);
            (!ways.is_empty()).then(|| format!("unnoticed  {name} ({})", ways.join(", ")))
        }
    }
}

fn fault_line(kill: &Kill) -> String {
    match &kill.first {
        Some(shot) => format!(
            "caught     {} by {} after {} requests, in {}",
            kill.fault, shot.check, shot.requests, shot.case
        ),
        None if kill.settled => format!("not caught {} in {} requests", kill.fault, kill.requests),
        None => format!("cut short  {} after {} requests", kill.fault, kill.requests),
    }
}

/// Writes the reports; returns the exit code.
fn finish(args: &SelfCheckArgs, matrix: &Matrix) -> Result<u8, Failure> {
    let sheet = |all| report::killed::sheet(matrix, all);
    if let Some(path) = &args.report_json {
        let text = serde_json::to_string_pretty(matrix)? + "\n";
        report::json::write_bytes(path, text.as_bytes())?;
    }
    if let Some(path) = &args.report_markdown {
        report::json::write_bytes(path, report::sheet::markdown(&sheet(true)).as_bytes())?;
    }
    say(report::terminal::sheet(&sheet(args.verbose), style(args.verbose)).trim_end());
    Ok(match (matrix.is_good(), matrix.complete) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 0,
    })
}
