//! A HAR 1.2 file that is whole after every entry: nothing is lost however the proxy ends.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::age;
use crate::outcome::ExchangeRecord;
use crate::scan::Secrets;

use super::ledger::CASE;

/// A recording that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot record to `{path}`: {cause}")]
pub struct RecordingError {
    path: String,
    cause: String,
}

/// A recording that grows.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    file: File,
    /// Where the tail starts.
    end: u64,
    entries: u64,
}

/// One exchange as it is recorded: everything is safe to show.
pub(super) struct Entry {
    /// When the request came, in milliseconds since the epoch.
    pub(super) at_ms: u64,
    pub(super) elapsed_ms: u64,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) record: ExchangeRecord,
}

const TAIL: &str = "\n]}}\n";

impl Recording {
    /// Begins a recording in a file, which is replaced.
    ///
    /// # Errors
    /// The file or a folder on the way cannot be written, or it is no regular file.
    pub fn start(path: &Path) -> Result<Self, RecordingError> {
        let fail = |cause: String| RecordingError { path: path.display().to_string(), cause };
        let said = |e: std::io::Error| fail(e.to_string());
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(said)?;
        }
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return Err(fail("it is no regular file".into()));
        }
        let mut file = File::create(path).map_err(said)?;
        let creator = json!({"name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION")});
        let head =
            format!("{{\"log\": {{\"version\": \"1.2\", \"creator\": {creator}, \"entries\": [");
        file.write_all(format!("{head}{TAIL}").as_bytes()).map_err(said)?;
        Ok(Self { path: path.to_owned(), file, end: head.len() as u64, entries: 0 })
    }

    /// Returns the file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an exchange, without what is among the secrets.
    pub(super) fn push(&mut self, entry: &Entry, secrets: &Secrets) -> Result<(), RecordingError> {
        let separator = if self.entries == 0 { "\n" } else { ",\n" };
        let mut text = format!("{separator}{}", har(entry));
        secrets.withhold_about(CASE, &mut text);
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(format!("{text}{TAIL}").as_bytes()));
        written.map_err(|e| RecordingError {
            path: self.path.display().to_string(),
            cause: e.to_string(),
        })?;
        self.end += text.len() as u64;
        self.entries += 1;
        Ok(())
    }
}

fn har(entry: &Entry) -> Value {
    let record = &entry.record;
    let content = match &record.response {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mime = record.headers.get("content-type").cloned().unwrap_or_default();
    let pairs = |name: &str, value: &str| json!({"name": name, "value": value});
    let headers = record.headers.iter().map(|(name, value)| pairs(name, value));
    let sent = entry.headers.iter();
    let kind = sent.clone().find(|(name, _)| name == "content-type").map(|(_, kind)| kind.clone());
    let query = entry.url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    json!({
        "startedDateTime": timestamp(entry.at_ms),
        "time": entry.elapsed_ms,
        "request": {
            "method": entry.method,
            "url": entry.url,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": sent.map(|(name, value)| pairs(name, value)).collect::<Value>(),
            "queryString": query.map(|(name, value)| pairs(name, value)).collect::<Value>(),
            "postData": {"mimeType": kind.unwrap_or_default(), "text": entry.body},
            "headersSize": -1,
            "bodySize": entry.body.len(),
        },
        "response": {
            "status": record.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers.collect::<Value>(),
            "content": {"size": content.len(), "mimeType": mime, "text": content},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": content.len(),
        },
        "cache": {},
        "timings": {"send": 0, "wait": entry.elapsed_ms, "receive": 0},
    })
}

/// Returns a time as ISO 8601 in UTC.
fn timestamp(at_ms: u64) -> String {
    let (secs, ms) = (at_ms / 1000, at_ms % 1000);
    format!("{}T{}.{ms:03}Z", age::date(secs), clock(secs))
}

/// Returns the time of day: `14:03:07`, in UTC.
pub(super) fn clock(secs: u64) -> String {
    let of_day = secs % 86_400;
    format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_whole_after_every_entry() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/app.har");
        let mut recording = Recording::start(&path).expect("writable");
        for count in 0..3 {
            let text = std::fs::read_to_string(&path).expect("readable");
            let read: Value = serde_json::from_str(&text).expect("a whole document");
            assert_eq!(read["log"]["entries"].as_array().map(Vec::len), Some(count));
            let entry = Entry {
                at_ms: 1_795_694_400_007,
                elapsed_ms: 3,
                method: "GET".into(),
                url: "http://h/?Action=ListUserPools&MaxResults=1".into(),
                headers: Vec::new(),
                body: String::new(),
                record: ExchangeRecord { status: 200, ..ExchangeRecord::default() },
            };
            recording.push(&entry, &Secrets::default()).expect("writable");
        }
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(text.contains("2026-11-26T12:00:00.007Z"), "{text}");
        let refused = Recording::start(folder.path()).expect_err("a folder");
        assert!(refused.to_string().contains("no regular file"), "{refused}");
    }
}
