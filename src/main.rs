//! The command line arrives with the runner.
fn main() {}
