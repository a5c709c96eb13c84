//! Parses arguments, calls [`cognito_conformance::cli`], turns the outcome into an exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(cognito_conformance::cli::main())
}
