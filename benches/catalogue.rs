//! What loading the contract costs: the catalogue alone, and with every scenario.
//!
//! `cargo bench --bench catalogue` prints the median of some rounds; quote it with the machine.

use std::time::{Duration, Instant};

use cognito_conformance::catalogue::{Catalogue, Source};
use cognito_conformance::suite::{Sources, Suite};

const ROUNDS: usize = 21;

fn main() {
    report("catalogue", || drop(Catalogue::load(&Source::Embedded).expect("it loads")));
    report("catalogue and scenarios", || drop(Suite::load(&Sources::default()).expect("it loads")));
}

#[expect(clippy::print_stdout, reason = "printing figures is what a bench is for")]
fn report(what: &str, work: impl Fn()) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort();
    let (median, worst) = (times[ROUNDS / 2].as_secs_f64(), times[ROUNDS - 1].as_secs_f64());
    println!("{what}: median {:.1} ms, worst {:.1} ms", median * 1e3, worst * 1e3);
}
