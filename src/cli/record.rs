//! `record`: writes down how a target answers, for somebody to review and accept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::{Failure, Folders, complain, say};
use crate::age;
use crate::outcome::Evidence;
use crate::run::{Options, Session};
use crate::scenario::Scenario;
use crate::snapshot::{Origin, Snapshot, Snapshots, differences, side_by_side};
use crate::suite::{Filter, Suite};
use crate::target::Target;
use crate::target::open::{OpenOptions, TargetSpec, open};
use crate::target::sign;

/// What to record.
#[derive(Debug, Args)]
#[command(after_help = "\
What was never accepted, or differs from what was, is written as `.snap.new` beside the accepted
file: `cargo insta review` shows each and accepts or rejects it.

Examples:
  cognito-conformance record                                  every case, from the reference
  cognito-conformance record group --target moto --out /tmp/moto && cargo insta review
  cognito-conformance record group --accept && git diff snapshots
  cognito-conformance record --status                         what there is, and how old it is

Exit codes: 0 nothing differs or all was accepted, 1 something waits for a review or could not be
recorded, 2 usage or harness error.")]
pub(super) struct RecordArgs {
    /// The target: `reference`, a URL, or the name of a profile.
    #[arg(long, default_value = "reference", value_name = "URL|PROFILE")]
    target: String,
    /// Only cases whose id or title contains this text; every case without one.
    text: Vec<String>,
    /// Folder to compare with and to write to.
    #[arg(long, default_value = "snapshots", value_name = "DIR")]
    out: PathBuf,
    /// Writes accepted files at once; review them as changes of your repository.
    #[arg(long)]
    accept: bool,
    /// Dates anew what has not changed.
    #[arg(long, requires = "accept")]
    refresh: bool,
    /// Region of the service itself, written into the files.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Plays nothing: lists where accepted files come from, how old they are, what is missing.
    #[arg(long, conflicts_with_all = ["accept", "refresh"])]
    status: bool,
    /// Seed of names and whatever else is chosen: it must make no difference.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What became of the cases.
#[derive(Debug, Default)]
struct Tally {
    unchanged: usize,
    changed: usize,
    new: usize,
    not_recorded: usize,
}

/// Most places of one changed transcript that are listed.
const MOST_PLACES: usize = 12;

/// Carries out `record`.
pub(super) fn record(args: &RecordArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let filter = Filter { texts: args.text.clone(), ..Filter::default() };
    let cases = suite.select(&filter)?;
    let accepted = match args.out.is_dir() {
        true => Snapshots::load(&crate::snapshot::Source::Folder(args.out.clone()))?,
        false => Snapshots::default(),
    };
    if args.status {
        return Ok(status(&cases, &accepted));
    }
    let spec: TargetSpec = args.target.parse()?;
    super::runtime()?.block_on(async {
        let options = OpenOptions {
            profiles: super::play::profiles(folders),
            seed: args.seed,
            ..OpenOptions::new(suite.catalogue.clone())
        };
        let target = Arc::new(open(&spec, &options).await?);
        let options = Options { seed: args.seed, ..Options::default() };
        let session = Session::new(suite.catalogue.clone(), target.clone(), options);
        let recorder = Recorder { args, accepted: &accepted, origin: origin(args, &session) };
        let mut tally = Tally::default();
        let bar = super::play::progress_bar(cases.len());
        for case in &cases {
            let written = recorder.record(&session, case, &mut tally).await;
            bar.inc(1);
            match written {
                Ok(Some(news)) => bar.suspend(|| say(&news)),
                Ok(None) => {}
                Err(failure) => {
                    target.shutdown().await;
                    return Err(failure);
                }
            }
        }
        bar.finish_and_clear();
        for leaked in session.close().await {
            complain(&format!("left behind: {leaked}"));
        }
        say(&summary(&tally, &cases, target.name(), args));
        target.shutdown().await;
        let waits = !args.accept && tally.changed + tally.new > 0;
        Ok(u8::from(waits || tally.not_recorded > 0))
    })
}

/// Returns what new snapshots say about where they come from.
fn origin(args: &RecordArgs, session: &Session) -> Origin {
    let services = session.catalogue.services.values();
    let target = session.target.name();
    let evidence = if target == "aws" { Evidence::Observed } else { Evidence::Inferred };
    Origin {
        recorded_from: target.to_owned(),
        version: session.target.version().map(str::to_owned),
        region: args.region.clone(),
        date: age::date(sign::now()),
        models: services.map(|s| (s.info.id.clone(), s.info.model_revision.clone())).collect(),
        evidence,
    }
}

struct Recorder<'a> {
    args: &'a RecordArgs,
    accepted: &'a Snapshots,
    origin: Origin,
}

impl Recorder<'_> {
    /// Records one case; returns what somebody should read about it.
    async fn record(
        &self,
        session: &Session,
        case: &Scenario,
        tally: &mut Tally,
    ) -> Result<Option<String>, Failure> {
        let text = match session.record(case, false).await {
            Ok(text) => text,
            Err(reason) => {
                tally.not_recorded += 1;
                return Ok(Some(format!("not recorded  {}: {reason}", case.id)));
            }
        };
        let file = self.args.out.join(case.path.replace(".yaml", ".snap"));
        let pending = file.with_extension("snap.new");
        let known = self.accepted.get(&case.id);
        if let Some(known) = known.filter(|known| known.text == text) {
            tally.unchanged += 1;
            let _ = std::fs::remove_file(&pending);
            if self.args.refresh {
                self.write(&file, case, text)?;
            }
            let same = known.origin.recorded_from == self.origin.recorded_from;
            return Ok((!same && !self.args.refresh)
                .then(|| format!("the same      {}: as {}", case.id, known.origin)));
        }
        // What is not the same twice is nothing to hold anybody to.
        if let Some(place) = self.unsteady(session, case, &text).await {
            tally.not_recorded += 1;
            return Ok(Some(format!("not recorded  {}: {place}", case.id)));
        }
        let news = match known {
            None => {
                tally.new += 1;
                format!("new           {}", case.id)
            }
            Some(known) => {
                tally.changed += 1;
                changed(&case.id, known, &text)
            }
        };
        match self.args.accept {
            true => {
                self.write(&file, case, text)?;
                let _ = std::fs::remove_file(&pending);
            }
            false => self.write(&pending, case, text)?,
        }
        Ok(Some(news))
    }

    /// Plays a case again, under other names; returns where it differs from the first time.
    async fn unsteady(&self, session: &Session, case: &Scenario, text: &str) -> Option<String> {
        match session.record(case, true).await {
            Ok(again) => differences(text, &again).first().map(|difference| {
                let (first, second) = (&difference.accepted, &difference.now);
                format!(
                    "it differs from time to time: {}: {first}, then {second}",
                    difference.pointer
                )
            }),
            Err(reason) => Some(reason),
        }
    }

    fn write(&self, path: &Path, case: &Scenario, text: String) -> Result<(), Failure> {
        let snapshot = Snapshot { origin: self.origin.clone(), text };
        let folder = path.parent().unwrap_or(&self.args.out);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(path, snapshot.file(&case.path, &case.title)))
            .map_err(|e| Failure(format!("cannot write `{}`: {e}", path.display())))
    }
}

/// Says what changed: each place with its pointer, then the lines.
fn changed(case: &str, known: &Snapshot, now: &str) -> String {
    let places = differences(&known.text, now);
    let mut text = format!("changed       {case}: accepted from {}", known.origin);
    for place in places.iter().take(MOST_PLACES) {
        text.push_str(&format!("\n    {}: {}, now {}", place.pointer, place.accepted, place.now));
    }
    if places.len() > MOST_PLACES {
        text.push_str(&format!("\n    and {} more places", places.len() - MOST_PLACES));
    }
    for line in side_by_side(&known.text, now).lines() {
        text.push_str(&format!("\n      {line}"));
    }
    text
}

fn summary(tally: &Tally, cases: &[Arc<Scenario>], target: &str, args: &RecordArgs) -> String {
    let Tally { unchanged, changed, new, not_recorded } = tally;
    let mut text = format!(
        "{} cases recorded from {}: {unchanged} unchanged, {changed} changed, {new} new, \
         {not_recorded} not recorded",
        cases.len() - not_recorded,
        target,
    );
    if !args.accept && changed + new > 0 {
        text.push_str(
            "\nreview what is new or changed: `cargo insta review`, or `record --accept`",
        );
    }
    text
}

/// Prints where snapshots come from and how old they are; which cases lack one, which snapshots a
/// case. Exit code 1 where something lacks.
fn status(cases: &[Arc<Scenario>], accepted: &Snapshots) -> u8 {
    let now = sign::now();
    let old = |origin: &Origin| age::age(&origin.date, now).unwrap_or_else(|| "to come".into());
    let mut groups: BTreeMap<(String, Evidence), usize> = BTreeMap::new();
    let mut missing = Vec::new();
    for case in cases {
        match accepted.get(&case.id) {
            Some(Snapshot { origin, .. }) => {
                *groups.entry((origin.to_string(), origin.evidence)).or_default() += 1;
                if cases.len() <= 20 {
                    say(&format!("{}: {origin}, {}", case.id, old(origin)));
                }
            }
            None => missing.push(case.id.as_str()),
        }
    }
    let known: BTreeSet<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    for ((origin, evidence), count) in &groups {
        let of_group = |s: &&Snapshot| s.origin.to_string() == *origin;
        let example = known.iter().filter_map(|id| accepted.get(id)).find(of_group);
        let old = example.map_or_else(String::new, |snapshot| old(&snapshot.origin));
        say(&format!("{count:>5} {evidence} from {origin}, {old}"));
    }
    say(&format!("{:>5} cases have none", missing.len()));
    missing.iter().take(20).for_each(|id| say(&format!("      {id}")));
    u8::from(!missing.is_empty())
}
