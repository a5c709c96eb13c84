//! Addresses and numbers of people, told by how they are written.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands for an e-mail address.
pub(crate) const ADDRESS_NAME: &str = "<e-mail>";
/// What stands for a telephone number.
pub(crate) const PHONE_NAME: &str = "<phone-number>";
/// What stands for the id of an AWS access key.
const ACCESS_KEY_NAME: &str = "<access-key-id>";

/// E-mail addresses.
pub(crate) static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));

/// Telephone numbers, with the country's.
pub(crate) static PHONE: LazyLock<Regex> = LazyLock::new(|| regex(r"\+[0-9][0-9 ()-]{5,18}[0-9]"));

/// Ids of AWS access keys, lasting or temporary.
pub(crate) static ACCESS_KEY: LazyLock<Regex> = LazyLock::new(|| regex(r"\bA[KS]IA[A-Z0-9]{16}\b"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern compiles")
}

/// Domains, and ends of domains, that nobody can have: RFC 2606 and RFC 6761.
const RESERVED: [&str; 7] =
    ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"];

/// Tells whether an address may be somebody's: it is outside the domains that are reserved for
/// examples, where every address of the harness is.
pub(crate) fn is_somebodys(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    !RESERVED.iter().any(|reserved| {
        let rest = domain.strip_suffix(reserved);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Tells whether a number may be somebody's: it is none of the American numbers that films use,
/// and no count from 1 to 8, as the numbers of the harness are.
pub(crate) fn may_ring(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let film = digits.strip_prefix('1').is_some_and(|national| {
        national.starts_with("555") || national.get(3..8).is_some_and(|part| part == "55501")
    });
    // A run of one digit is a test of lengths.
    let plain = digits.bytes().collect::<std::collections::BTreeSet<_>>().len() < 3;
    !film && !plain && digits.len() >= 8 && !digits.contains("12345678")
}

/// Tells whether the id of an access key may be in use: those that say `EXAMPLE` are the
/// documentation's.
pub(crate) fn may_sign(id: &str) -> bool {
    !id.ends_with("EXAMPLE")
}

/// Returns a text without the addresses, numbers and access keys that may be somebody's.
pub(super) fn without(text: String) -> String {
    let text = replaced(text, "@", &ADDRESS, ADDRESS_NAME, is_somebodys);
    let text = replaced(text, "+", &PHONE, PHONE_NAME, may_ring);
    replaced(text, "IA", &ACCESS_KEY, ACCESS_KEY_NAME, may_sign)
}

/// Replaces what the pattern finds and `counts` takes; only texts with `mark` can have any.
fn replaced(
    text: String,
    mark: &str,
    pattern: &Regex,
    name: &str,
    counts: fn(&str) -> bool,
) -> String {
    if !text.contains(mark) || !pattern.find_iter(&text).any(|found| counts(found.as_str())) {
        return text;
    }
    let one = |found: &Captures<'_>| match &found[0] {
        somebodys if counts(somebodys) => name.to_owned(),
        nobodys => nobodys.to_owned(),
    };
    pattern.replace_all(&text, one).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without(text.to_owned()), expected);
    }

    #[test]
    fn what_may_be_somebodys_is_taken_out() {
        check("to jane.roe@mail.bigbank.io.", "to <e-mail>.");
        check("call +49 (171) 2398-4410!", "call <phone-number>!");
        check("key ASIAQX7Q2K5M3N8B1ZCD", "key <access-key-id>");
    }

    #[test]
    fn what_is_nobodys_stays() {
        let ours = "ann@example.com ANN@EXAMPLE.COM a+b@sub.example.net c@d.test +12065550100 \
                    +15551234 +4915112345678 +11111111111 AKIAIOSFODNN7EXAMPLE 1+2345678";
        check(ours, ours);
        check("a@notexample.com", "<e-mail>");
        check("a***@e*** and +*******0100", "a***@e*** and +*******0100");
    }
}
