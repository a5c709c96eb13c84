//! The reference behind a loopback port: the default target, in this process.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::reference::Reference;
use crate::reference::functions::Functions;
use crate::reference::middleware::Middleware;
use crate::reference::server::{ServeOptions, Server};

/// Starts an empty reference on a free port of the loopback address, with
/// `middleware` before it if there is any, its triggers calling `functions`.
///
/// # Errors
/// No port is free, or no thread can be started.
pub fn start(
    catalogue: Arc<Catalogue>,
    seed: u64,
    middleware: Option<Arc<dyn Middleware>>,
    functions: Option<Functions>,
) -> std::io::Result<Server> {
    let options = ServeOptions { seed, middleware, functions, ..ServeOptions::default() };
    Server::on_loopback(Reference::new(catalogue, seed), options)
}
