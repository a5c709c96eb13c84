//! The generated case with a given id.

use super::Generator;
use crate::near;
use crate::outcome::Phase;
use crate::scenario::Scenario;

impl Generator {
    /// Returns the generated case with this id: `cognito-idp::AdminGetUser::handles`, or
    /// `random::0000123`, whose steps are at most `most_steps`, its stage apart.
    ///
    /// # Errors
    /// No case has this id; the text says which one was probably meant.
    pub fn named(&mut self, id: &str, most_steps: usize) -> Result<Scenario, String> {
        if let (Some(Phase::Random), Some((_, number))) = (Phase::of(id), id.split_once("::")) {
            let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse().ok().filter(|_| digits);
            let case = number.and_then(|number| self.random(number, most_steps));
            return case
                .ok_or_else(|| format!("unknown case `{id}`: sequences are `random::<number>`"));
        }
        let parts: Vec<&str> = id.split("::").collect();
        let [service, operation, _] = parts[..] else {
            return Err(format!("unknown case `{id}`"));
        };
        let known = self.operations();
        if !known.iter().any(|(s, o)| s == service && o == operation) {
            let named = format!("{service}::{operation}");
            let all: Vec<String> = known.iter().map(|(s, o)| format!("{s}::{o}")).collect();
            return Err(near::unknown("operation", &named, all.iter().map(String::as_str)));
        }
        let mut cases = self.coverage(service, operation);
        match cases.iter().position(|case| case.id == id) {
            Some(index) => Ok(cases.swap_remove(index)),
            None => Err(near::unknown("case", id, cases.iter().map(|case| case.id.as_str()))),
        }
    }
}
