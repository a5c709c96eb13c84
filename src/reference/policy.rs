//! The password policy of a pool.

use serde_json::Value;

use super::state::UserPool;

/// Checks a password; the error is the first rule it breaks, in the service's words.
///
/// Only one is ever reported (observed, amazon-cognito-identity-js issue 311); the order of the
/// rules is ours. Operations differ in what they say before it ("Password did not conform with
/// policy: ", "... with password policy: ").
pub(crate) fn check(pool: &UserPool, password: &str) -> Result<(), &'static str> {
    let rule = |name: &str| pool.setting(&format!("/Policies/PasswordPolicy/{name}"));
    let asked = |name: &str| rule(name).and_then(Value::as_bool).unwrap_or(false);
    let least = rule("MinimumLength").and_then(Value::as_u64).unwrap_or(6);
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let too_short = (password.chars().count() as u64) < least;
    let broken = [
        (too_short, "Password not long enough"),
        (asked("RequireUppercase") && !has(|c| c.is_ascii_uppercase()), UPPERCASE),
        (asked("RequireLowercase") && !has(|c| c.is_ascii_lowercase()), LOWERCASE),
        (asked("RequireNumbers") && !has(|c| c.is_ascii_digit()), NUMERIC),
        (asked("RequireSymbols") && !has(|c| SYMBOLS.contains(c)), SYMBOL),
    ];
    broken.into_iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, text)| Err(text))
}

const UPPERCASE: &str = "Password must have uppercase characters";
const LOWERCASE: &str = "Password must have lowercase characters";
const NUMERIC: &str = "Password must have numeric characters";
const SYMBOL: &str = "Password must have symbol characters";

/// Characters that count as symbols.
///
/// Source: developer guide, password policies.
pub(crate) const SYMBOLS: &str = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_rule(password: &str, expected: Result<(), &str>) {
        let policy = json!({"MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true,
            "RequireNumbers": true, "RequireSymbols": true});
        let mut pool = UserPool::default();
        pool.settings.insert("Policies".into(), json!({"PasswordPolicy": policy}));
        assert_eq!(check(&pool, password), expected);
    }

    #[test]
    fn the_first_broken_rule_is_reported() {
        check_rule("Abc1!", Err("Password not long enough"));
        check_rule("abcdefg1!", Err(UPPERCASE));
        check_rule("ABCDEFG1!", Err(LOWERCASE));
        check_rule("Abcdefgh!", Err(NUMERIC));
        check_rule("Abcdefgh1", Err(SYMBOL));
        check_rule("Abcdefg1!", Ok(()));
    }
}
