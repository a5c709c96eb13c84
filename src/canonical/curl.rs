//! A request as a command line: what a reader pastes to see the finding for themselves.

use super::redact::Redactor;
use crate::catalogue::Catalogue;
use crate::transcript::{Call, Exchange};
use crate::wire::{CONTENT_TYPE, Request};

/// Longest body on a command line, in bytes; what is longer is cut, and says so.
const LONGEST_BODY: usize = 16_000;

/// Returns the `curl` command that repeats the exchange's request, secrets replaced by names.
///
/// `base_url` stands before the path; one that starts with `$` stays a shell variable. Signed
/// calls use curl's own SigV4 with the caller's credentials from the environment.
pub fn curl(
    catalogue: &Catalogue,
    base_url: &str,
    exchange: &Exchange,
    redactor: &Redactor<'_>,
) -> String {
    let url = |path: &str| {
        let path = quote(&redactor.text(path));
        if base_url.starts_with('$') {
            format!("\"{base_url}\"{path}")
        } else {
            join(base_url, &path)
        }
    };
    let mut parts = vec!["curl -sS -i".to_owned()];
    match &exchange.call {
        Call::Api { service, operation, input, signed } => {
            let info = catalogue.services.get(service).map(|service| &service.info);
            let prefix = info.map_or("", |info| info.target_prefix.as_str());
            let signing_name = info.map_or(service.as_str(), |info| info.signing_name.as_str());
            parts.push(format!("-X POST {}", url("/")));
            if *signed {
                let scope = format!("aws:amz:{}:{signing_name}", region(&exchange.request));
                parts.push(format!("--aws-sigv4 {}", quote(&scope)));
                parts.push("--user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"".into());
            }
            parts.push(format!("-H {}", quote(&format!("content-type: {CONTENT_TYPE}"))));
            parts.push(format!("-H {}", quote(&format!("x-amz-target: {prefix}.{operation}"))));
            let input = redactor.input(service, operation, input);
            parts.push(data(&input.to_string()));
        }
        Call::Events { function } => {
            return format!(
                "# the events that the function {function} was told; no request shows them"
            );
        }
        Call::Raw { request, .. } => {
            parts.push(format!("-X {} {}", quote(&request.method), url(&request.path)));
            for (name, value) in &request.headers {
                let hidden = name.eq_ignore_ascii_case("authorization");
                let value = if hidden { "<authorization>".into() } else { redactor.text(value) };
                parts.push(format!("-H {}", quote(&format!("{name}: {value}"))));
            }
            if !request.body.is_empty() {
                parts.push(data(&redactor.request_body(request)));
            }
        }
    }
    parts.join(" \\\n  ")
}

fn join(base_url: &str, quoted_path: &str) -> String {
    let base = base_url.trim_end_matches('/');
    format!("{}{quoted_path}", quote(base))
}

fn data(body: &str) -> String {
    let end = body.floor_char_boundary(LONGEST_BODY);
    let cut = if end < body.len() { format!("… ({} bytes)", body.len()) } else { String::new() };
    format!("--data-binary {}", quote(&format!("{}{cut}", &body[..end])))
}

/// Returns the region in the request's credential scope, as far as it was signed.
fn region(request: &Request) -> &str {
    let scope = || {
        let (_, credential) = request.header("authorization")?.split_once("Credential=")?;
        credential.split('/').nth(2).filter(|region| !region.is_empty())
    };
    scope().unwrap_or("us-east-1")
}

/// Quotes one word for a POSIX shell; control characters take the `$'…'` form of bash and zsh.
pub(crate) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().any(|c| c.is_control()) {
        let escaped: String = word.chars().map(escape).collect();
        return format!("$'{escaped}'");
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn escape(c: char) -> String {
    match c {
        '\'' => r"\'".into(),
        '\\' => r"\\".into(),
        '\n' => r"\n".into(),
        '\r' => r"\r".into(),
        '\t' => r"\t".into(),
        c if c.is_control() => format!(r"\u{:04x}", u32::from(c)),
        c => c.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: &str) {
        assert_eq!(quote(word), expected);
    }

    #[test]
    fn words_survive_the_shell() {
        check("/", "/");
        check("", "''");
        check("it's $HOME `x`", r"'it'\''s $HOME `x`'");
        check("a\n'\u{1}\\", r"$'a\n\'\u0001\\'");
        check("http://localhost:9229", "http://localhost:9229");
    }
}
