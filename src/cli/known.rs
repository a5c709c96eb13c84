//! `known`: keeps the list of known failures of a target.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Failure, Folders, say};
use crate::known::update::{Updated, update};
use crate::known::{Item, Known, file_name};
use crate::outcome::{KnownEntry, KnownStanding, Run};
use crate::report;
use crate::report::text::counted;

/// What to do with a list.
#[derive(Debug, Subcommand)]
pub(super) enum KnownCommand {
    /// Rewrites the list of a target from a report.
    Update(UpdateArgs),
}

/// Which list, and from what.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance run --target moto --seed 1 --report-json report.json
  cognito-conformance known update --from report.json           writes targets/moto.known.yaml
  cognito-conformance known update --from report.json --check   tells whether it would change

An entry stays, with its reason, issue, version condition and expiry, where its failure shows and
where the report cannot tell that it does not. It goes where it is fixed. What fails and is not
listed comes in, with a reason that says where it was seen: put the true one in its place. The file
is written anew: sorted, comments are lost.

Exit codes: 0 written, or (--check) nothing would change, 1 (--check) something would, 2 usage or
harness error.")]
pub(super) struct UpdateArgs {
    /// A file that `run --report-json` wrote.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Name of the target's profile, where the report is of a URL.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The list to rewrite; `<target>.known.yaml` among the profiles (--targets, else targets)
    /// unless said.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes nothing.
    #[arg(long)]
    check: bool,
}

/// Most entries of a kind that are named.
const MOST_NAMED: usize = 40;

/// Carries out `known`.
pub(super) fn known(command: &KnownCommand, folders: &Folders) -> Result<u8, Failure> {
    let KnownCommand::Update(args) = command;
    let run = report::json::read_brief(&args.from)?;
    let target = target(args, &run)?;
    let path = args.out.clone().unwrap_or_else(|| {
        let folder = folders.targets.clone().unwrap_or_else(|| PathBuf::from("targets"));
        folder.join(file_name(&target))
    });
    let before = match path.exists() {
        true => std::fs::read_to_string(&path)
            .map_err(|e| Failure(format!("cannot read `{}`: {e}", path.display())))?,
        false => String::new(),
    };
    let name = path.to_string_lossy();
    let old = Known::parse(&name, &before)?.for_version(run.target_version.as_deref())?;
    let updated = update(&old, &run)?;
    let text = updated.list.text(&target);
    // What is written is what will be read.
    let again = Known::parse(&name, &text)?;
    debug_assert_eq!(again.items.len(), updated.list.items.len());
    tell(&updated);
    let changed = text != before;
    match (changed, args.check) {
        (false, _) => say(&format!("{name} is as it should be")),
        (true, true) => say(&format!("{name} would change")),
        (true, false) => {
            report::json::write_bytes(Path::new(&path), text.as_bytes())?;
            say(&format!("{name} is written"));
        }
    }
    Ok(u8::from(changed && args.check))
}

/// Returns the name of the target that a report is of.
fn target(args: &UpdateArgs, run: &Run) -> Result<String, Failure> {
    if let Some(name) = &args.target {
        return Ok(name.clone());
    }
    let taken_for = run.flags.iter().find_map(|flag| flag.strip_prefix("--as="));
    let name = taken_for.unwrap_or(&run.target);
    if name.is_empty() || name.contains([':', '/']) {
        return Err(Failure(format!(
            "the report is of `{name}`, which has no profile: name one with `--target NAME`"
        )));
    }
    Ok(name.to_owned())
}

fn tell(updated: &Updated) {
    let Updated { added, dropped, kept, left_out, .. } = updated;
    let named = |word: &str, items: &mut dyn Iterator<Item = String>, count: usize| {
        items.take(MOST_NAMED).for_each(|item| say(&format!("{word}  {item}")));
        if count > MOST_NAMED {
            say(&format!("{word}  and {} more", count - MOST_NAMED));
        }
    };
    named("added  ", &mut added.iter().map(what), added.len());
    let gone = dropped.iter().map(|(item, why)| format!("{}: {why}", what(item)));
    named("dropped", &mut { gone }, dropped.len());
    let counts = [(added.len(), "added"), (dropped.len(), "dropped"), (kept.len(), "kept")];
    let counts = counts.map(|(count, word)| format!("{count} {word}"));
    say(&counts.join(", "));
    if *left_out > 0 {
        let count = counted(*left_out, "finding");
        say(&format!("{count} not listed: of raw requests in saved failures, which have no name"));
    }
}

fn what(item: &Item) -> String {
    let entry = KnownEntry {
        line: item.line,
        operation: item.operation.clone().unwrap_or_default(),
        case: item.case.clone().unwrap_or_default(),
        check: item.identity.check.clone(),
        pointer: item.identity.pointer.clone(),
        rule: item.identity.rule.clone(),
        came: item.identity.came.clone().unwrap_or_default(),
        reason: String::new(),
        issue: None,
        standing: KnownStanding::Note,
    };
    entry.what()
}
