//! `survey`: the same suite on every target that is installed, and what came of it side by side.

use std::path::{Path, PathBuf};

use clap::Args;

use super::run::{RunArgs, run};
use super::{Failure, Folders, complain, say};
use crate::differential::{self, Selection};
use crate::report;
use crate::target::profile::Profile;

/// Which targets to survey, and where to write.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance survey                                every profile whose program is there
  cognito-conformance survey moto ministack --out reports
  cognito-conformance survey -- --phase scenarios --seed 1  flags of `run`, for every target
  cognito-conformance survey --into README.md               renews the table in a document

Writes <target>.json and survey.md to the folder. A target that is not installed is left out, and
told. With --into, what stands between the lines <!-- survey --> and <!-- /survey --> of a document
is replaced by the tables.

Exit codes: 0 surveyed, whatever was found; 2 no target could be played, or usage; 3 interrupted.")]
pub(super) struct SurveyArgs {
    /// Profiles to survey; every one but the reference's unless given.
    #[arg(value_name = "PROFILE")]
    profiles: Vec<String>,
    /// Folder that reports are written to.
    #[arg(long, value_name = "DIR", default_value = "survey")]
    out: PathBuf,
    /// Renews the tables in this document.
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
    /// Flags of `run` that every target is played with.
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

/// The target that is no emulator of anybody's.
const OURS: &str = "reference";

/// Lines between which a document has the tables.
const BEGIN: &str = "<!-- survey -->";
const END: &str = "<!-- /survey -->";

/// Carries out `survey`.
pub(super) fn survey(args: &SurveyArgs, folders: &Folders) -> Result<u8, Failure> {
    let document = args.into.as_deref().map(Document::read).transpose()?;
    let mut flags = RunArgs::of_flags(&args.flags)?;
    let source = super::play::profiles(folders);
    let mut targets = args.profiles.clone();
    if targets.is_empty() {
        targets = Profile::names(&source)?.into_iter().filter(|name| name != OURS).collect();
    }
    for target in &targets {
        Profile::load(&source, target)?;
    }
    std::fs::create_dir_all(&args.out)
        .map_err(|e| Failure(format!("cannot make the folder `{}`: {e}", args.out.display())))?;
    flags.play.seed = Some(flags.play.seed());
    let mut entries = Vec::new();
    for target in &targets {
        complain(&format!("== {target}"));
        let file = args.out.join(format!("{target}.json"));
        // The report of an earlier survey says nothing about this one.
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(Failure(format!("cannot replace `{}`: {error}", file.display())));
        }
        flags.play.surveys(target, &file);
        match run(&flags, folders) {
            Ok(_) if super::play::was_interrupted() => return Ok(3),
            // Without a run there is nothing to compare: the target never answered.
            Ok(3) if !file.exists() => complain(&format!("left out: {target} did not answer")),
            Ok(_) => entries.push(super::compare::read(&file)?),
            Err(Failure(cause)) => complain(&format!("left out: {target}: {cause}")),
        }
    }
    if entries.is_empty() {
        return Err(Failure("no target could be played".into()));
    }
    let comparison = differential::compare(entries, &Selection::default())?;
    let whole = report::sheet::markdown(&report::compared::sheet(&comparison, false));
    let file = args.out.join("survey.md");
    report::json::write_bytes(&file, whole.as_bytes())?;
    let brief = report::compared::figures(&comparison);
    say(report::terminal::sheet(&brief, super::play::style(false)).trim_end());
    complain(&format!("written: {} and a report of each target beside it", file.display()));
    if let Some(document) = document {
        document.renew(&report::sheet::markdown(&brief))?;
    }
    Ok(0)
}

/// A document with a place for the tables.
struct Document {
    path: PathBuf,
    before: String,
    after: String,
}

/// Returns where a line that says just this begins, from a place on: text may speak of it, too.
fn line(text: &str, wanted: &str, from: usize) -> Option<usize> {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    lines.find(|(at, line)| *at >= from && line.trim_end() == wanted).map(|(at, _)| at)
}

impl Document {
    fn read(path: &Path) -> Result<Self, Failure> {
        let fail = |why: String| Failure(format!("`{}`: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
        let begin = line(&text, BEGIN, 0).ok_or_else(|| {
            fail(format!("no line `{BEGIN}`, after which the tables would stand"))
        })?;
        let end = line(&text, END, begin)
            .ok_or_else(|| fail(format!("no line `{END}` after `{BEGIN}`")))?;
        let (before, after) = (text[..begin].to_owned(), text[end + END.len()..].to_owned());
        Ok(Self { path: path.to_owned(), before, after })
    }

    fn renew(&self, tables: &str) -> Result<(), Failure> {
        // In a document the tables are a part of a chapter.
        let tables = tables.replace("\n## ", "\n### ");
        let tables =
            tables.strip_prefix("## ").map_or(tables.clone(), |rest| format!("### {rest}"));
        let Self { path, before, after } = self;
        let text = format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim());
        Ok(report::json::write_bytes(path, text.as_bytes())?)
    }
}
