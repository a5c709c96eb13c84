//! What a started program prints: the newest lines, bounded, without colours.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Longest line that is kept in one piece, in bytes.
const LINE_BYTES: u64 = 16 << 10;

/// How much is kept, in bytes.
const LOG_BYTES: usize = 4 << 20;

/// The newest lines a program printed, on either stream.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<String>,
    bytes: usize,
}

impl Log {
    /// Returns the first thing `pick` finds, newest line first.
    pub fn newest<T>(&self, pick: impl FnMut(&String) -> Option<T>) -> Option<T> {
        self.lock().lines.iter().rev().find_map(pick)
    }

    /// Returns the last `count` lines under a heading; empty when nothing was printed.
    pub(super) fn tail(&self, count: usize) -> String {
        let kept = self.lock();
        let skipped = kept.lines.len().saturating_sub(count);
        let lines: Vec<&str> = kept.lines.iter().skip(skipped).map(String::as_str).collect();
        if lines.is_empty() {
            return String::new();
        }
        format!("; it printed:\n  {}", lines.join("\n  "))
    }

    fn push(&self, line: String) {
        let mut kept = self.lock();
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > LOG_BYTES {
            let Some(dropped) = kept.lines.pop_front() else { break };
            kept.bytes -= dropped.len();
        }
    }

    /// Takes in what comes from a stream, to its end.
    pub(super) async fn follow(self, stream: impl AsyncRead + Unpin) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            // A line longer than the limit is kept in pieces.
            match (&mut stream).take(LINE_BYTES).read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => self.push(plain(&String::from_utf8_lossy(&line))),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a printed line without its end and without colours (`ESC [ … letter`).
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut parts = line.trim_end().split("\u{1b}[");
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        text.push_str(&part[end..]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out_of_lines() {
        assert_eq!(
            plain("\u{1b}[2m10:00\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m x\r\n"),
            "10:00  INFO x"
        );
        assert_eq!(plain("plain"), "plain");
        assert_eq!(plain("cut \u{1b}[3"), "cut ");
    }

    #[test]
    fn the_log_forgets_its_oldest_lines() {
        let log = Log::default();
        for number in 0..10_000 {
            log.push(format!("{number:01000}"));
        }
        assert!(log.lock().bytes <= LOG_BYTES);
        assert_eq!(log.newest(|line| line.parse().ok()), Some(9_999));
    }
}
