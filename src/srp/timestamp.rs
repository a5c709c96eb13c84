//! The date a password claim is signed with: `Wed Apr 5 22:42:34 UTC 2017`.
//!
//! English names, UTC, the day without a leading zero. The service refuses other forms and a
//! weekday that does not fit the date (observed, qwigo/warrant pull request 12 and
//! ministackorg/ministack pull request 1758).

const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECS: u64 = 86_400;

/// Returns the date of a point in time, in seconds since the epoch.
pub fn format(unix_secs: u64) -> String {
    let days = unix_secs / DAY_SECS;
    let (year, month, day) = civil(days);
    let weekday = WEEKDAYS[((days + 4) % 7) as usize];
    let rest = unix_secs % DAY_SECS;
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let month = MONTHS[month as usize - 1];
    format!("{weekday} {month} {day} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

/// Returns the seconds since the epoch that a date names; `None` when it is not of this form.
pub fn parse(text: &str) -> Option<u64> {
    let mut words = text.split(' ');
    let (_, month, day) = (words.next()?, words.next()?, words.next()?);
    let mut clock = words.next()?.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let year: u64 = (words.next()? == "UTC").then(|| words.next()?.parse().ok()).flatten()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let day: u64 = day.parse().ok()?;
    let sane = (1970..=9999).contains(&year) && (1..=31).contains(&day);
    if !sane || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let secs = days_of(year, month, day) * DAY_SECS + hour * 3600 + minute * 60 + second;
    // Written back, it shows leading zeros, a wrong weekday and days the month does not have.
    (format(secs) == text).then_some(secs)
}

/// Returns the days since the epoch of a date of the Gregorian calendar.
pub(crate) fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + of_era).saturating_sub(719_468)
}

/// Returns year, month and day of a day since the epoch.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse(text), expected);
    }

    #[test]
    fn only_the_services_form_is_read() {
        check("Thu Jan 1 00:00:00 UTC 1970", Some(0));
        check("Wed Apr 5 22:42:34 UTC 2017", Some(1_491_432_154));
        check("Thu Feb 29 12:00:00 UTC 2024", Some(1_709_208_000));
        check("Wed Apr 05 22:42:34 UTC 2017", None);
        check("Thu Apr 5 22:42:34 UTC 2017", None);
        check("Wed Apr 5 22:42:34 GMT 2017", None);
        check("Wed Apr 5 2:42:34 UTC 2017", None);
        check("Thu Feb 30 12:00:00 UTC 2024", None);
        check("Wed Apr 5 22:42:34 UTC 2017 ", None);
        check("", None);
        check("2017-04-05T22:42:34Z", None);
    }

    #[test]
    fn every_day_is_written_as_it_is_read() {
        for day in (0..60_000).step_by(17) {
            let secs = day * DAY_SECS + 3661;
            assert_eq!(parse(&format(secs)), Some(secs));
        }
    }
}
