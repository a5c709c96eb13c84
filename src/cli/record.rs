//! `record`: writes down how a target answers, for somebody to review and accept.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{Failure, Folders, say};
use crate::run::{Options, Session};
use crate::snapshot::{Snapshots, Source};
use crate::suite::{Filter, Suite};
use crate::target::Target;
use crate::target::open::{OpenOptions, TargetSpec, open};

/// What to record.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cognito-conformance record readme && git diff snapshots     record, then review what changed")]
pub(super) struct RecordArgs {
    /// The target: `reference`, a URL, or the name of a profile.
    #[arg(long, default_value = "reference", value_name = "URL|PROFILE")]
    target: String,
    /// Only cases whose id or title contains this text.
    #[arg(required = true)]
    text: Vec<String>,
    /// Folder to write to.
    #[arg(long, default_value = "snapshots")]
    out: PathBuf,
}

/// Carries out `record`.
pub(super) fn record(args: &RecordArgs, folders: &Folders) -> Result<u8, Failure> {
    let suite = Suite::load(&folders.sources())?;
    let cases = suite.select(&Filter { texts: args.text.clone(), ..Filter::default() })?;
    let spec: TargetSpec = args.target.parse()?;
    let accepted = match args.out.is_dir() {
        true => Snapshots::load(&Source::Folder(args.out.clone()))?,
        false => Snapshots::default(),
    };
    super::runtime()?.block_on(async {
        let options = OpenOptions {
            profiles: super::play::profiles(folders),
            ..OpenOptions::new(suite.catalogue.clone())
        };
        let target = Arc::new(open(&spec, &options).await?);
        let session = Session::new(suite.catalogue.clone(), target.clone(), Options::default());
        let mut written = 0;
        for case in &cases {
            match session.record(case).await {
                Ok(snapshot) => {
                    let path = args.out.join(case.path.replace(".yaml", ".snap"));
                    let folder = path.parent().unwrap_or(&args.out);
                    std::fs::create_dir_all(folder)
                        .and_then(|()| {
                            std::fs::write(
                                &path,
                                snapshot.over(accepted.get(&case.id)).file(&case.path),
                            )
                        })
                        .map_err(|e| Failure(format!("cannot write `{}`: {e}", path.display())))?;
                    written += 1;
                }
                Err(reason) => say(&format!("not recorded: {}: {reason}", case.id)),
            }
        }
        session.close().await;
        say(&format!("{written} of {} cases recorded from {}", cases.len(), target.name()));
        target.shutdown().await;
        Ok(if written == cases.len() { 0 } else { 1 })
    })
}
