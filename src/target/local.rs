//! The reference behind a loopback port: the default target, in this process.

use std::sync::Arc;

use crate::catalogue::Catalogue;
use crate::reference::Reference;
use crate::reference::functions::Functions;
use crate::reference::server::{Mutate, ServeOptions, Server};

/// Starts an empty reference on a free port of the loopback address, its responses altered by
/// `mutate` if there is one, its triggers calling `functions`.
///
/// # Errors
/// No port is free, or no thread can be started.
pub fn start(
    catalogue: Arc<Catalogue>,
    seed: u64,
    mutate: Option<Mutate>,
    functions: Option<Functions>,
) -> std::io::Result<Server> {
    let options = ServeOptions { seed, mutate, functions, ..ServeOptions::default() };
    Server::on_loopback(Reference::new(catalogue, seed), options)
}
