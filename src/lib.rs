//! Contract conformance test harness for Amazon Cognito.
//!
//! The contract is data ([`catalogue`], scenarios); a runner plays it against any endpoint;
//! every disagreement becomes a finding that says what was promised, how well that promise is
//! evidenced, and how to reproduce it.

pub mod age;
pub mod app;
pub mod canonical;
pub mod catalogue;
pub mod check;
pub mod cli;
pub mod differential;
pub mod explain;
pub mod failures;
pub mod generate;
pub mod hunt;
pub mod kills;
pub mod known;
pub mod near;
pub mod nulls;
pub mod outcome;
pub mod pattern;
mod pointer;
pub mod property;
pub mod proxy;
pub mod reachability;
pub mod reference;
pub mod report;
pub mod requirements;
pub mod run;
pub mod scan;
pub mod scenario;
pub mod snapshot;
pub mod srp;
pub mod suite;
pub mod target;
pub mod totp;
pub mod transcript;
pub mod webauthn;
pub mod wire;
