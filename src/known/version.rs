//! Conditions on the version of a target: `<5.3`, `=5.2.5`, `>=1.2, <2`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A condition on a version: comparisons that must all hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    text: String,
    parts: Vec<(Comparison, Version)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    MoreOrEqual,
    More,
}

/// A version: its numbers, zeros at the end left out, and whether something like `-rc1` follows
/// that makes it earlier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: Vec<u64>,
    suffix: String,
}

impl Condition {
    /// Tells whether the condition holds of a version.
    ///
    /// # Errors
    /// The version is not known, or begins with no number.
    pub fn holds(&self, version: Option<&str>) -> Result<bool, String> {
        let Some(version) = version else {
            return Err(format!(
                "whether `{self}` holds cannot be told: nothing states the target's version \
                 (`--as PROFILE` does, for a URL)"
            ));
        };
        let version: Version = version.parse()?;
        Ok(self.parts.iter().all(|(comparison, other)| {
            let order = version.compare(other);
            match comparison {
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Equal => order.is_eq(),
                Comparison::MoreOrEqual => order.is_ge(),
                Comparison::More => order.is_gt(),
            }
        }))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Condition {
    type Err = String;

    /// Reads comparisons with commas between them; a version alone is that version.
    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let part = part.trim();
            let comparisons = [
                ("<=", Comparison::LessOrEqual),
                (">=", Comparison::MoreOrEqual),
                ("<", Comparison::Less),
                (">", Comparison::More),
                ("=", Comparison::Equal),
            ];
            let found = comparisons
                .into_iter()
                .find_map(|(sign, comparison)| Some((comparison, part.strip_prefix(sign)?)));
            let (comparison, version) = found.unwrap_or((Comparison::Equal, part));
            let version = version.trim().parse().map_err(|cause| {
                format!("`{text}` is no condition, such as `<5.3` or `=5.2.5`: {cause}")
            })?;
            Ok::<_, String>((comparison, version))
        };
        let parts = text.split(',').map(part).collect::<Result<_, _>>()?;
        Ok(Self { text: text.trim().to_owned(), parts })
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(bare.len());
        let (numbers, suffix) = bare.split_at(end);
        // What follows a `+` says how it was built.
        let suffix = suffix.split('+').next().unwrap_or_default();
        let numbers = numbers.trim_end_matches('.').split('.').map(str::parse::<u64>);
        let numbers = numbers.collect::<Result<Vec<_>, _>>();
        let mut numbers = numbers.map_err(|_| format!("`{text}` is no version"))?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Ok(Self { numbers, suffix: suffix.into() })
    }
}

impl Version {
    fn compare(&self, other: &Self) -> Ordering {
        // `1.0-rc1` comes before `1.0`.
        let released = |version: &Self| version.suffix.is_empty();
        let numbers = self.numbers.cmp(&other.numbers);
        numbers
            .then(released(self).cmp(&released(other)))
            .then_with(|| self.suffix.cmp(&other.suffix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: &str, version: &str, expected: bool) {
        let condition: Condition = condition.parse().expect("a condition");
        assert_eq!(condition.holds(Some(version)), Ok(expected), "{condition} of {version}");
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        check("<5.3", "5.2.5", true);
        check("<5.3", "5.3", false);
        check("<5.3", "5.3.0", false);
        check("<5.3", "5.10", false);
        check("<=5.3", "5.3.0", true);
        check("=5.2.5", "5.2.5", true);
        check("5.2.5", "v5.2.5", true);
        check("=5.2", "5.2.5", false);
        check(">=1.2, <2", "1.10.1", true);
        check(">=1.2, <2", "2.0", false);
        check(">1", "1.0.1", true);
        check("<5.3", "5.3.0-rc1", true);
        check("=5.3", "5.3+build7", true);
        check("<5.3.0.dev2", "5.3.0.dev1", true);
    }

    #[track_caller]
    fn refused(condition: &str, version: Option<&str>, part: &str) {
        let told = condition.parse::<Condition>().and_then(|c| c.holds(version).map(|_| ()));
        let told = told.expect_err("refused");
        assert!(told.contains(part), "{told}");
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        refused("~5", None, "`~5` is no condition");
        refused("", None, "is no condition");
        refused("<5,", None, "is no condition");
        refused("<5", None, "nothing states the target's version");
        refused("<5", Some("latest"), "`latest` is no version");
        refused("<99999999999999999999999", None, "is no version");
    }
}
