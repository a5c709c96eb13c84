//! How old an observation is: from its date, as exact as it is known, to words.

use crate::srp::timestamp::{civil, days_of};

const DAY_SECS: u64 = 86_400;

/// Returns the date of a point in time, given in seconds since the epoch: `2026-11-26`.
pub fn date(unix_secs: u64) -> String {
    let (year, month, day) = civil(unix_secs / DAY_SECS);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns how long ago a date was, in words, counted from a time in seconds since the epoch.
///
/// The date is `2026-07-28`, `2026-07` or `2026`; the less exact it is, the later it counts.
/// `None` for what is no date, or one that is still to come.
pub fn age(date: &str, unix_secs: u64) -> Option<String> {
    let mut parts = date.split('-').map(|part| part.parse::<u64>().ok());
    let year = parts.next().flatten().filter(|year| (1970..=9999).contains(year))?;
    let month = parts.next().map(|part| part.filter(|month| (1..=12).contains(month)));
    let day = parts.next().map(|part| part.filter(|day| (1..=31).contains(day)));
    if parts.next().is_some() {
        return None;
    }
    let today = unix_secs / DAY_SECS;
    let (from, to) = match (month, day) {
        (None, _) => (days_of(year, 1, 1), days_of(year, 12, 31)),
        (Some(month), None) => (days_of(year, month?, 1), days_of(year, month?, 28)),
        (Some(month), Some(day)) => (days_of(year, month?, day?), days_of(year, month?, day?)),
    };
    let days = today.checked_sub(from).map(|most| today.checked_sub(to).unwrap_or(most))?;
    Some(match days {
        0 => "today".into(),
        1 => "yesterday".into(),
        2..=60 => format!("{days} days ago"),
        61..=729 => format!("{} months ago", days / 30),
        _ => format!("{} years ago", days / 365),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 26 November 2026, noon.
    const NOW: u64 = 1_795_694_400;

    #[track_caller]
    fn check(date: &str, expected: Option<&str>) {
        assert_eq!(age(date, NOW).as_deref(), expected);
    }

    #[test]
    fn ages_are_told_in_words() {
        assert_eq!(date(NOW), "2026-11-26");
        check("2026-11-26", Some("today"));
        check("2026-11-25", Some("yesterday"));
        check("2026-11-06", Some("20 days ago"));
        check("2026-07-28", Some("4 months ago"));
        check("2026-07", Some("4 months ago"));
        check("2022-12", Some("3 years ago"));
        check("2017", Some("8 years ago"));
    }

    #[test]
    fn what_is_no_past_date_has_no_age() {
        for text in ["", "soon", "2026-13", "2026-11-27", "2026-1-1-1", "99999", "2026-00-01"] {
            check(text, None);
        }
    }
}
