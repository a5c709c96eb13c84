//! A file to the calls that stand in it: HAR 1.2, or a list.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{Name, Trace, har, lines};
use crate::catalogue::Catalogue;

/// Largest file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Longest line of a list, in bytes.
const LONGEST_LINE: u64 = 4 << 20;

/// How much of a file tells what it is, in bytes.
const TELLING: usize = 4 << 10;

/// A file that holds no calls, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{file}{place}: {cause}")]
pub struct TraceError {
    file: String,
    /// `:3`, `:3:14`, or nothing where it is about the whole file.
    place: String,
    cause: String,
}

/// What is read so far.
pub(super) struct Reader<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) trace: Trace,
    last: Option<Name>,
}

impl Reader<'_> {
    /// Takes in a call; `None` where its input is unknown.
    pub(super) fn call(&mut self, name: Name, members: Option<BTreeSet<String>>) {
        if let Some(last) = self.last.replace(name.clone()) {
            self.trace.follow(last, name.clone());
        }
        self.trace.add(name, members);
    }

    pub(super) fn remark(&mut self, text: String) {
        self.trace.remark(text);
    }
}

/// Reads what an application calls from a HAR recording, a list of names, or JSON lines.
///
/// Of inputs only the names of declared members are kept. Requests that are no calls of the
/// services are left out; what could not be read of a recording is remarked with its place.
///
/// # Errors
/// The file cannot be read, is larger than 1 GiB, is not what it looks like (with line and column),
/// a line of a list names nothing known (with its number), or nothing in it is a call.
pub fn read(path: &Path, catalogue: &Catalogue) -> Result<Trace, TraceError> {
    let file = path.display().to_string();
    let error = |place: String, cause: String| TraceError { file: file.clone(), place, cause };
    let unreadable = |e: std::io::Error| error(String::new(), format!("cannot be read: {e}"));
    let opened = File::open(path).map_err(unreadable)?;
    if opened.metadata().is_ok_and(|meta| meta.len() > LARGEST) {
        return Err(error(String::new(), format!("larger than {} MiB", LARGEST >> 20)));
    }
    let mut source = BufReader::with_capacity(64 << 10, opened.take(LARGEST));
    let trace = Trace { file: file.clone(), ..Trace::default() };
    let mut reader = Reader { catalogue, trace, last: None };
    let head = source.fill_buf().map_err(unreadable)?;
    if is_har(&head[..head.len().min(TELLING)]) {
        har::read(&mut reader, source)
            .map_err(|(line, column, cause)| error(format!(":{line}:{column}"), cause))?;
    } else {
        list(&mut reader, source).map_err(|(line, cause)| error(format!(":{line}"), cause))?;
    }
    if reader.trace.calls.is_empty() {
        let cause = match reader.trace.remarks.first() {
            Some(remark) => format!("no call of Amazon Cognito in it ({remark})"),
            None => "no call of Amazon Cognito in it".into(),
        };
        return Err(error(String::new(), cause));
    }
    Ok(reader.trace)
}

/// Tells whether a file begins as one JSON document, rather than with one call a line.
fn is_har(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(inside) = text.strip_prefix('{') else { return text.starts_with('[') };
    let first = inside.trim_start();
    !(first.starts_with("\"operation\"") || first.starts_with("\"input\""))
}

fn list(reader: &mut Reader<'_>, mut source: impl BufRead) -> Result<(), (usize, String)> {
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read = (&mut source).take(LONGEST_LINE).read_until(b'\n', &mut bytes);
        if read.map_err(|e| (number, format!("cannot be read: {e}")))? == 0 {
            break;
        }
        if bytes.len() as u64 == LONGEST_LINE {
            return Err((number, format!("longer than {} MiB", LONGEST_LINE >> 20)));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| (number, "no UTF-8 text".into()))?;
        lines::line(reader, text).map_err(|cause| (number, cause))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Source;

    fn reading(text: &[u8]) -> Result<Trace, String> {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the catalogue loads");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("calls");
        std::fs::write(&path, text).expect("writable");
        read(&path, &catalogue).map_err(|e| {
            let text = e.to_string();
            text.rsplit_once("calls").map_or(text.clone(), |(_, rest)| rest.to_owned())
        })
    }

    /// Holds what is read of a text: each call with how often, then the flows.
    #[track_caller]
    fn check(text: &str, expected: Result<&[&str], &str>) {
        let read = reading(text.as_bytes()).map(|trace| {
            let calls = trace.calls.iter().map(|(name, called)| {
                let members: Vec<_> = called.members.iter().map(String::as_str).collect();
                format!("{}×{} {}", name.operation, called.times, members.join(","))
            });
            let flows = trace.flows.iter();
            let flows = flows.map(|((a, b), n)| format!("{}>{}×{n}", a.operation, b.operation));
            calls.chain(flows).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        });
        match (read, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected),
            (Err(read), Err(expected)) => assert_eq!(read, expected),
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn lists_name_one_call_a_line() {
        check(
            "# my app\nSignUp\n\ncognito-idp.ConfirmSignUp\ncognito-idp:SignUp\n\
             AWSCognitoIdentityProviderService.SignUp\nPOST /oauth2/token\n",
            Ok(&[
                "ConfirmSignUp×1",
                "POST /oauth2/token×1",
                "SignUp×3",
                "ConfirmSignUp>SignUp×1",
                "SignUp>ConfirmSignUp×1",
                "SignUp>POST /oauth2/token×1",
            ]),
        );
        check(
            "{\"operation\": \"SignUp\", \"input\": {\"Username\": \"anna\", \"Odd\": 1}}\n",
            Ok(&["SignUp×1 Username"]),
        );
    }

    #[test]
    fn mistakes_of_lists_are_told_by_their_line_without_what_stands_there() {
        check("SignUp\nSingUp\n", Err(":2: unknown operation, did you mean `SignUp`?"));
        check("hunter2hunter2\n", Err(":1: unknown operation"));
        check("nowhere.SignUp\n", Err(":1: unknown operation, did you mean `SignUp`?"));
        check(
            "DELETE /hunter2\n",
            Err(":1: unknown endpoint: `POST /oauth2/token` and its like are known"),
        );
        check(
            "{\"operation\": \"SignUp\", \"input\": \"hunter2\"}",
            Err(":1: `input` is no JSON object"),
        );
        check("{\"operation\": 7}", Err(":1: `operation` is missing, or is no text"));
        check(
            "{\"operation\": \"SignUp\",",
            Err(":1: no JSON: EOF while parsing a value at line 1 column 23"),
        );
        check("", Err(": no call of Amazon Cognito in it"));
    }

    fn har(requests: &[&str]) -> String {
        let entries: Vec<_> =
            requests.iter().map(|r| format!("{{\"time\": 1, \"request\": {r}}}")).collect();
        format!("{{\"log\": {{\"version\": \"1.2\", \"entries\": [{}]}}}}", entries.join(",\n"))
    }

    const TARGET: &str = r#""method": "POST", "url": "http://127.0.0.1:1/", "headers":
        [{"name": "X-Amz-Target", "value": "AWSCognitoIdentityProviderService.SignUp"}]"#;

    #[test]
    fn recordings_are_read_in_every_binding() {
        let plain = r#""postData": {"text": "{\"Username\": \"anna\", \"Password\": \"x\"}"}"#;
        let base64 = r#""postData": {"encoding": "base64", "text": "eyJDbGllbnRJZCI6ImMifQ=="}"#;
        let query = r#"{"method": "GET", "url": "http://h/?Action=ListUserPools&MaxResults=3"}"#;
        let token = r#"{"method": "POST", "url": "https://d.example.com/oauth2/token?x=1"}"#;
        let other = r#"{"method": "GET", "url": "https://example.com/index.html"}"#;
        check(
            &har(&[
                &format!("{{{TARGET}, {plain}}}"),
                &format!("{{{TARGET}, {base64}}}"),
                query,
                other,
                token,
            ]),
            Ok(&[
                "ListUserPools×1 MaxResults",
                "POST /oauth2/token×1",
                "SignUp×2 ClientId,Password,Username",
                "ListUserPools>POST /oauth2/token×1",
                "SignUp>ListUserPools×1",
            ]),
        );
    }

    #[test]
    fn odd_recordings_are_read_as_far_as_they_go() {
        let bad = r#""postData": {"encoding": "base64", "text": "hunter2!"}"#;
        let text = har(&[&format!("{{{TARGET}, {bad}}}"), "7", "null", "{\"url\": []}"]);
        let trace = reading(text.as_bytes()).expect("a call");
        assert_eq!(trace.remarks, ["entry 1: the body is no base64"]);
        let body = r#""postData": {"text": "{hunter2"}"#;
        let text = har(&[&format!("{{{TARGET}, {body}}}")]);
        let trace = reading(text.as_bytes()).expect("a call");
        assert_eq!(trace.remarks, ["entry 1: the body is no JSON object"]);
        check(&har(&["{}"]), Err(": no call of Amazon Cognito in it"));
    }

    #[test]
    fn broken_recordings_are_refused_with_their_place() {
        check(
            "{\"log\": {\"entries\": [{]}}",
            Err(":1:23: entry 1: key must be a string at line 1 column 23"),
        );
        check("{\"log\": \"hunter2\"}", Err(":1:17: `log` is no HAR log"));
        check("{\"log\": {\"entries\": \"hunter2\"}}", Err(":1:29: `log.entries` is no list"));
        for (text, part) in [
            ("[1]", "no HAR: it is no JSON object with `log.entries`"),
            ("{\"log\": {}}", "no HAR: it has no `log.entries`"),
            ("{\"other\": 1}", "no HAR: it has no `log.entries`"),
        ] {
            let refused = reading(text.as_bytes()).expect_err("no recording");
            assert!(refused.starts_with(":1:") && refused.ends_with(part), "{refused}");
        }
        let deep = format!("{{\"log\": {{\"entries\": [{}", "[".repeat(100_000));
        assert!(reading(deep.as_bytes()).is_err());
        assert!(reading(b"\xff\xfe\x00{").is_err());
    }
}
