//! `catalogue`: what the contract says, where it comes from, what changed.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Failure, Folders, say};
use crate::catalogue::links::Links;
use crate::catalogue::{Catalogue, Source, import, view};
use crate::reachability::Matrix;
use crate::scenario::recipes::Recipes;
use crate::suite::{Suite, SuiteError};

/// What to do with the catalogue.
#[derive(Debug, Subcommand)]
pub(super) enum CatalogueCommand {
    /// Imports a published model: botocore service-2.json, Smithy JSON AST or Swagger 2.0.
    #[command(
        after_help = "Example:\n  cognito-conformance catalogue import service-2.json.gz --revision \"botocore 1.44.5\" --out specs"
    )]
    Import {
        /// The model, plain or gzip; paginators-1.json beside it is read too.
        model: PathBuf,
        /// Folder to write to: `<out>/<service>/…`.
        #[arg(long, default_value = "specs")]
        out: PathBuf,
        /// What `service.json` calls this model, such as "botocore 1.44.5".
        #[arg(long)]
        revision: Option<String>,
        /// Service id, for documents that do not say which service they describe.
        #[arg(long)]
        service: Option<String>,
    },
    /// Shows one operation: input, output, errors, constraints, links, rules, scenarios.
    Show {
        /// Operation as the API spells it, such as InitiateAuth.
        operation: String,
    },
    /// Shows what an operation's handles come from: operations that yield them, and the set-ups
    /// that its recipe makes them with.
    #[command(after_help = "Example:\n  cognito-conformance catalogue links AdminGetUser")]
    Links {
        /// Operation as the API spells it.
        operation: String,
    },
    /// Counts operations, shapes, constraints, errors, rules, scenarios and what they reach.
    Stats,
    /// Prints the error reachability matrix: each declared error is reached by a case, or has a
    /// reason why not.
    #[command(
        after_help = "Examples:\n  cognito-conformance catalogue errors\n  cognito-conformance catalogue errors SignUp"
    )]
    Errors {
        /// Operation whose cells to print, each with its rule and case or its reason.
        operation: Option<String>,
    },
    /// Compares two catalogue folders: what was added, removed, changed.
    Diff {
        /// The older folder.
        old: PathBuf,
        /// The newer folder.
        new: PathBuf,
    },
}

/// Carries out `catalogue`.
pub(super) fn catalogue(command: &CatalogueCommand, folders: &Folders) -> Result<u8, Failure> {
    match command {
        CatalogueCommand::Import { model, out, revision, service } => {
            let model = {
                let revision = revision.as_deref().unwrap_or("unnamed");
                match service {
                    Some(service) => import::read_for(model, revision, service)?,
                    None => import::read(model, revision)?,
                }
            };
            let files = import::write(&model, out)?;
            let count = model.operations.len();
            say(&format!(
                "{}: {count} operations, {files} files under {}",
                model.id,
                out.display()
            ));
        }
        CatalogueCommand::Show { operation } => {
            let suite = Suite::load(&folders.sources())?;
            let bare = operation.rsplit(':').next().unwrap_or_default();
            let cases = suite.cases.iter().filter(|case| case.operations.iter().any(|o| o == bare));
            let cases: Vec<_> = cases.map(|case| (case.id.clone(), case.title.clone())).collect();
            say(&view::show(&suite.catalogue, operation, &cases).map_err(Failure)?);
        }
        CatalogueCommand::Links { operation } => say(&links(operation, folders)?),
        CatalogueCommand::Stats => {
            let suite = Suite::load(&folders.sources())?;
            say(&format!("{}\n{} scenarios\n", view::stats(&suite.catalogue), suite.cases.len()));
            say(&Matrix::of(&suite).to_string());
        }
        CatalogueCommand::Errors { operation: None } => {
            say(&Matrix::of(&Suite::load(&folders.sources())?).to_string());
        }
        CatalogueCommand::Errors { operation: Some(name) } => {
            let suite = Suite::load(&folders.sources())?;
            let matrix = Matrix::of(&suite);
            let rows: Vec<_> = matrix.named(name).map(ToString::to_string).collect();
            if rows.is_empty() {
                return Err(Failure(suite.catalogue.unknown_operation(name)));
            }
            say(&rows.join("\n"));
        }
        CatalogueCommand::Diff { old, new } => {
            let load = |folder: &PathBuf| Catalogue::load(&Source::Folder(folder.clone()));
            let diff = view::diff(&load(old)?, &load(new)?);
            say(&diff.to_string());
        }
    }
    Ok(0)
}

/// Returns who yields each handle that an operation takes, then how its recipes come by them.
fn links(name: &str, folders: &Folders) -> Result<String, Failure> {
    let sources = folders.sources();
    let catalogue = Catalogue::load(&sources.specs)?;
    let (service, operation) =
        catalogue.operation(name).ok_or_else(|| Failure(catalogue.unknown_operation(name)))?;
    let recipes = Recipes::load(&sources.scenarios, &catalogue).map_err(SuiteError::Scenarios)?;
    let mut lines = vec![format!("{}:{}", service.info.id, operation.name)];
    for link in Links::of(service).for_operation(operation) {
        let star = if link.required { "*" } else { "" };
        lines.push(format!("  {}{star} [{}]", link.member, link.shape));
        for (how, names) in [("created by", link.created_by), ("shown by", link.shown_by)] {
            if !names.is_empty() {
                lines.push(format!(
                    "    {how} {}",
                    names.into_iter().collect::<Vec<_>>().join(", ")
                ));
            }
        }
    }
    for recipe in recipes.of(&service.info.id, &operation.name) {
        lines.push(format!("  recipe {}", recipe.name));
        lines.extend(recipe.makers().iter().map(|maker| format!("    {maker}")));
    }
    Ok(lines.join("\n"))
}
