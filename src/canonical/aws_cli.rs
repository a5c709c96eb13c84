//! A call as the AWS CLI makes it.

use super::curl::quote;
use super::redact::Redactor;
use crate::transcript::{Call, Exchange};

/// Returns the `aws` command that repeats the exchange's call, secrets replaced by names; empty
/// for what is no call of an operation.
///
/// `endpoint` is the URL, or a shell variable. The CLI checks the input against its own model first:
/// what breaks it takes `--no-cli-pager --cli-input-json` no further than the parser, so `curl` is
/// the form for such calls.
pub fn aws_cli(endpoint: &str, exchange: &Exchange, redactor: &Redactor<'_>) -> String {
    let Call::Api { service, operation, input, signed } = &exchange.call else {
        return String::new();
    };
    let input = redactor.input(service, operation, input).to_string();
    let unsigned = if *signed { "" } else { " --no-sign-request" };
    format!(
        "aws {service} {} --endpoint-url \"{endpoint}\"{unsigned} \\\n  --cli-input-json {}",
        command(operation),
        quote(&input)
    )
}

/// Returns an operation as the CLI spells it: `AdminCreateUser` is `admin-create-user`.
fn command(operation: &str) -> String {
    let letters: Vec<char> = operation.chars().collect();
    let mut text = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let upper = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
        let lower = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
        let begins = upper(index) && index > 0 && (!upper(index - 1) || lower(index + 1));
        if begins {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(operation: &str, expected: &str) {
        assert_eq!(command(operation), expected);
    }

    #[test]
    fn operations_are_spelled_as_the_command_line_spells_them() {
        check("AdminCreateUser", "admin-create-user");
        check("GetCSVHeader", "get-csv-header");
        check("SetUICustomization", "set-ui-customization");
        check("AdminSetUserMFAPreference", "admin-set-user-mfa-preference");
        check("ListUsers", "list-users");
    }
}
