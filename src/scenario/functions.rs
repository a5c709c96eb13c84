//! Functions of the `${…}` language: what a client computes that a scenario cannot spell out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::{Value, json};

use super::bind::{Bindings, text_of};
use crate::srp::{Claim, Identity, client, timestamp};
use crate::totp;
use crate::webauthn::authenticator::{self, Manner};

/// Every function, with its arguments.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    ("repeat", "text, count"),
    ("concat", "part, …"),
    ("upper", "text"),
    ("lower", "text"),
    ("add", "number, number"),
    ("range", "count"),
    ("base64", "text"),
    ("between", "text, what stands before, what stands after"),
    ("url_path", "url"),
    ("csv", "columns, row by column, …"),
    ("json", "value"),
    ("now", ""),
    ("wrong_code", "code"),
    ("tampered", "token"),
    ("claim", "token, name"),
    ("secret_hash", "username, client id, client secret"),
    ("totp", "base32 seed, 30-second steps from now"),
    ("srp_a", ""),
    ("srp_date", ""),
    ("srp_signature", "user pool id, challenge parameters, password, date"),
    ("device_verifier", "device group key, device key, device password"),
    (
        "device_signature",
        "device group key, device key, challenge parameters, device password, date",
    ),
    ("webauthn_register", "creation options, origin[, manner]"),
    ("webauthn_assert", "credential, request options, origin[, manner]"),
];

/// Evaluates one function.
///
/// # Errors
/// The function does not exist, or its arguments do not fit.
pub(super) fn call(name: &str, arguments: &[Value], bindings: &Bindings) -> Result<Value, String> {
    let text = |index: usize| arguments.get(index).map(text_of).ok_or_else(|| signature(name));
    let number = |index: usize| -> Result<i64, String> {
        arguments.get(index).and_then(Value::as_i64).ok_or_else(|| signature(name))
    };
    Ok(match name {
        "repeat" => {
            let count = usize::try_from(number(1)?.clamp(0, 200_000)).unwrap_or_default();
            json!(text(0)?.repeat(count))
        }
        "concat" => json!(arguments.iter().map(text_of).collect::<String>()),
        "upper" => json!(text(0)?.to_uppercase()),
        "lower" => json!(text(0)?.to_lowercase()),
        "add" => json!(number(0)? + number(1)?),
        "range" => {
            json!((1..=number(0)?.clamp(0, 10_000)).map(|n| n.to_string()).collect::<Vec<_>>())
        }
        "base64" => json!(STANDARD.encode(text(0)?)),
        "between" => json!(between(&text(0)?, &text(1)?, &text(2)?)),
        "url_path" => json!(url_path(&text(0)?)),
        "csv" => json!(csv(arguments).ok_or_else(|| signature(name))?),
        "json" => json!(arguments.first().ok_or_else(|| signature(name))?.to_string()),
        "now" => json!(bindings.now),
        "wrong_code" => json!(wrong_code(&text(0)?)),
        "tampered" => json!(tampered(&text(0)?)),
        "claim" => {
            let (_, claims) =
                crate::pattern::decode_jwt(&text(0)?).ok_or("not a JSON Web Token")?;
            let claim = text(1)?;
            // A claim that is missing is for the expectation to find.
            claims.get(&claim).cloned().unwrap_or_default()
        }
        "secret_hash" => json!(secret_hash(&text(0)?, &text(1)?, &text(2)?)),
        "totp" => {
            let steps =
                number(1).unwrap_or_default() * i64::try_from(totp::STEP_SECS).unwrap_or(30);
            let at = bindings.now.saturating_add_signed(steps);
            json!(totp::code(&text(0)?, at).ok_or("the seed is not base32")?)
        }
        "srp_a" => json!(ephemeral(bindings).public()),
        "srp_date" => json!(timestamp::format(bindings.now)),
        "srp_signature" => {
            let pool = text(0)?;
            let parameters = arguments.get(1).ok_or_else(|| signature(name))?;
            let identity = Identity::of_user(&pool, parameter(parameters, "USER_ID_FOR_SRP")?);
            json!(prove(bindings, identity, parameters, &text(2)?, &text(3)?)?)
        }
        "device_verifier" => {
            let salt = digest(&SHA256, &bindings.seed.to_be_bytes());
            let made =
                client::device_verifier(&text(0)?, &text(1)?, &text(2)?, &salt.as_ref()[..16]);
            json!({"PasswordVerifier": made.password_verifier, "Salt": made.salt})
        }
        "device_signature" => {
            let parameters = arguments.get(2).ok_or_else(|| signature(name))?;
            let (group, key) = (text(0)?, text(1)?);
            let identity = Identity { pool: &group, user: &key };
            json!(prove(bindings, identity, parameters, &text(3)?, &text(4)?)?)
        }
        "webauthn_register" => {
            let options = arguments.first().ok_or_else(|| signature(name))?;
            let manner = manner(arguments.get(2))?;
            authenticator::register(options, &text(1)?, manner, bindings.seed)?
        }
        "webauthn_assert" => {
            let [passkey, options, _, ..] = arguments else { return Err(signature(name)) };
            // A string map carries it.
            let manner = manner(arguments.get(3))?;
            json!(authenticator::assert(passkey, options, &text(2)?, manner)?.to_string())
        }
        _ => {
            return Err(crate::near::unknown(
                "function",
                name,
                FUNCTIONS.iter().map(|(name, _)| *name),
            ));
        }
    })
}

fn signature(name: &str) -> String {
    let arguments = FUNCTIONS.iter().find(|(known, _)| *known == name).map_or("", |(_, a)| a);
    format!("takes ({arguments})")
}

/// Returns what stands between two texts; empty where they do not stand in that order.
fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).map(|(_, rest)| rest);
    rest.and_then(|rest| rest.split_once(after))
        .map(|(found, _)| found.to_owned())
        .unwrap_or_default()
}

/// Returns a URL's path and query: what a `raw` step sends to the same endpoint.
fn url_path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned()
}

/// Returns the file of a user import job: the columns, then a line for each row; commas inside
/// values stand behind a backslash.
///
/// Source: developer guide, creating the user import CSV file.
fn csv(arguments: &[Value]) -> Option<String> {
    let (columns, rows) = arguments.split_first()?;
    let columns: Vec<&str> = columns.as_array()?.iter().filter_map(Value::as_str).collect();
    let mut lines = vec![columns.join(",")];
    for row in rows {
        let row = row.as_object()?;
        let value = |column: &&str| row.get(*column).map(text_of).unwrap_or_default();
        let values: Vec<_> =
            columns.iter().map(|column| value(column).replace(',', "\\,")).collect();
        lines.push(values.join(","));
    }
    Some(lines.join("\n") + "\n")
}

/// Returns how an authenticator behaves; as it should, unless said otherwise.
fn manner(name: Option<&Value>) -> Result<Manner, String> {
    name.map_or(Ok(Manner::Right), |name| text_of(name).parse())
}

/// Base64 of HMAC-SHA256 over username and client id, keyed by the client secret.
///
/// Source: developer guide, "Computing secret hash values".
fn secret_hash(username: &str, client_id: &str, secret: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, format!("{username}{client_id}").as_bytes()))
}

/// The case's SRP exchange: the same in every step, so that a claim fits its challenge.
fn ephemeral(bindings: &Bindings) -> client::Exchange {
    client::Exchange::new(digest(&SHA256, format!("srp/{}", bindings.seed).as_bytes()).as_ref())
}

fn parameter<'a>(parameters: &'a Value, name: &str) -> Result<&'a str, String> {
    let found = parameters.get(name).and_then(Value::as_str);
    found.ok_or_else(|| format!("the challenge parameters have no `{name}`"))
}

/// Returns the signature that claims a password towards a challenge.
fn prove(
    bindings: &Bindings,
    identity: Identity<'_>,
    parameters: &Value,
    password: &str,
    date: &str,
) -> Result<String, String> {
    // Client libraries take a block that is not base64 somehow; the case still has to be played.
    let block = parameter(parameters, "SECRET_BLOCK")?;
    let block = client::secret_block(block).unwrap_or_else(|_| block.as_bytes().to_vec());
    let claim = Claim { identity, secret_block: &block, timestamp: date };
    let (salt, srp_b) = (parameter(parameters, "SALT")?, parameter(parameters, "SRP_B")?);
    ephemeral(bindings).signature(&claim, password, salt, srp_b).map_err(|e| e.to_string())
}

/// Changes every digit, keeping the form.
fn wrong_code(code: &str) -> String {
    let turn =
        |c: char| c.to_digit(10).and_then(|d| char::from_digit((d + 5) % 10, 10)).unwrap_or(c);
    code.chars().map(turn).collect()
}

/// Changes one character in the middle of the token's last part, keeping its form.
fn tampered(token: &str) -> String {
    let start = token.rfind('.').map_or(0, |dot| dot + 1);
    let middle = start + (token.len() - start) / 2;
    let turn = |(index, c): (usize, char)| match (index == middle, c) {
        (true, 'A') => 'B',
        (true, _) => 'A',
        (false, c) => c,
    };
    token.char_indices().map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_between_others_are_found() {
        for (text, expected) in [("a [1] b", "1"), ("[]", ""), ("a 1", ""), ("]1[", ""), ("[1", "")]
        {
            assert_eq!(between(text, "[", "]"), expected, "{text}");
        }
    }

    #[test]
    fn urls_lose_their_authority() {
        for (url, expected) in [
            ("http://127.0.0.1:9/a/b?c=d", "/a/b?c=d"),
            ("https://host", "/"),
            ("/a", "/a"),
            ("", "/"),
        ] {
            assert_eq!(url_path(url), expected, "{url}");
        }
    }

    #[test]
    fn import_files_have_a_header_and_rows() {
        let columns = json!(["name", "email"]);
        let file =
            csv(&[columns.clone(), json!({"email": "a@b.c", "name": "Berg, Ann"}), json!({})]);
        assert_eq!(file.as_deref(), Some("name,email\nBerg\\, Ann,a@b.c\n,\n"));
        assert_eq!(csv(&[columns, json!("row")]), None);
        assert_eq!(csv(&[]), None);
    }
}
