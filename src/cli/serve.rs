//! `serve`: the reference by itself.

use std::sync::Arc;

use clap::Args;

use super::{Failure, Folders, complain, say};
use crate::catalogue::Catalogue;
use crate::reference::functions::Functions;
use crate::reference::server::{ServeOptions, Server};
use crate::reference::{Reference, faults};

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "\
Besides the API, these paths help tests:
  GET  /_reference/outbox?UserPoolId=…&Username=…   messages that would have been sent
  POST /_reference/reset                            forget everything
  POST /_reference/clock  {\"advance_seconds\": 60}   move time forward
  PUT  the PreSignedUrl of a user import job        the file to import

Functions behind triggers are called at --functions as AWS Lambda's Invoke:
  POST URL/2015-03-31/functions/ARN/invocations, the event as body")]
pub(super) struct ServeArgs {
    /// Port on the loopback interface; 0 takes a free one.
    #[arg(long, default_value_t = 9229)]
    port: u16,
    /// Seed of ids, codes and tokens.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Breaks one promise on purpose; `--fault list` names them.
    #[arg(long, value_name = "NAME")]
    fault: Vec<String>,
    /// Endpoint that runs the functions behind the pools' triggers, such as
    /// http://127.0.0.1:3001.
    #[arg(long, value_name = "URL")]
    functions: Option<String>,
}

/// Carries out `serve`; returns when interrupted.
pub(super) fn serve(args: &ServeArgs, folders: &Folders) -> Result<u8, Failure> {
    if args.fault.iter().any(|name| name == "list") {
        for fault in faults::all() {
            say(&format!("{:44} {:10} {}", fault.name, fault.level, fault.about));
        }
        return Ok(0);
    }
    let catalogue = Arc::new(Catalogue::load(&folders.sources().specs)?);
    let middleware = faults::middleware(&args.fault, &catalogue).map_err(Failure)?.some();
    let listener = std::net::TcpListener::bind(("127.0.0.1", args.port))
        .map_err(|e| Failure(format!("cannot listen on port {}: {e}", args.port)))?;
    let functions = args.functions.as_deref().map(Functions::at).transpose();
    let functions = functions.map_err(|e| Failure(e.to_string()))?;
    let options =
        ServeOptions { seed: args.seed, middleware, functions, ..ServeOptions::default() };
    let server = Server::start(Reference::new(catalogue, args.seed), listener, options)?;
    super::runtime()?.block_on(async {
        let stop = super::play::interrupted();
        complain(&format!("the reference listens on {} (Ctrl-C ends it)", server.url()));
        stop.await;
    });
    server.shutdown();
    Ok(0)
}
