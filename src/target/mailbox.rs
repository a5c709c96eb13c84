//! Reading the confirmation codes a target sent.

use std::time::Duration;

use serde_json::Value;

use super::http::Http;
use super::log::Log;
use super::profile::{self, Outbox, log_pattern};
use crate::wire::{Request, percent};

/// How long a code may take from the response to the log.
const LOG_DELAY: Duration = Duration::from_millis(500);

/// Where codes are read from.
#[derive(Debug)]
pub enum Mailbox {
    /// Every code is this one.
    Fixed(String),
    /// What a started program prints.
    Log {
        /// The profile's pattern.
        pattern: String,
        /// What was printed.
        log: Log,
    },
    /// An HTTP document beside the API.
    Outbox {
        /// Where it is and how it is read.
        outbox: Outbox,
        /// The way there.
        http: Box<Http>,
    },
}

/// A message with a code in it. Holds a live secret: it stays in the case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The code.
    pub code: String,
    /// The whole text, where the mailbox shows it.
    pub body: Option<String>,
    /// The subject line, where the mailbox shows it.
    pub subject: Option<String>,
}

impl Mail {
    fn of_code(code: String) -> Self {
        Self { code, ..Self::default() }
    }
}

impl Mailbox {
    /// Returns the mailbox a profile describes; `None` for a log when nothing was started.
    pub fn new(description: &profile::Mailbox, http: &Http, log: Option<&Log>) -> Option<Self> {
        Some(match description {
            profile::Mailbox::Fixed(code) => Self::Fixed(code.clone()),
            profile::Mailbox::Log(pattern) => {
                Self::Log { pattern: pattern.clone(), log: log?.clone() }
            }
            profile::Mailbox::Outbox(outbox) => {
                Self::Outbox { outbox: outbox.clone(), http: Box::new(http.clone()) }
            }
        })
    }

    /// Returns the newest message with a code that was sent to a user; `None` when none has come.
    ///
    /// # Errors
    /// The mailbox cannot be read, in words.
    pub async fn read(&self, pool: &str, username: &str) -> Result<Option<Mail>, String> {
        match self {
            Self::Fixed(code) => Ok(Some(Mail::of_code(code.clone()))),
            Self::Log { pattern, log } => {
                Ok(from_log(pattern, log, username).await?.map(Mail::of_code))
            }
            Self::Outbox { outbox, http } => from_outbox(outbox, http, pool, username).await,
        }
    }
}

async fn from_log(pattern: &str, log: &Log, username: &str) -> Result<Option<String>, String> {
    let regex = log_pattern(pattern, username).map_err(|e| e.to_string())?;
    let find = || log.newest(|line| Some(regex.captures(line)?.name("code")?.as_str().to_owned()));
    let deadline = tokio::time::Instant::now() + LOG_DELAY;
    loop {
        let found = find();
        if found.is_some() || tokio::time::Instant::now() >= deadline {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn from_outbox(
    outbox: &Outbox,
    http: &Http,
    pool: &str,
    username: &str,
) -> Result<Option<Mail>, String> {
    let path = outbox.path.replace("{pool}", &percent(pool));
    let path = path.replace("{username}", &percent(username));
    let request = Request { method: "GET".into(), path, headers: Vec::new(), body: Vec::new() };
    let response = http.exchange(&request).await.map_err(|e| format!("the mailbox: {e}"))?;
    if !response.is_success() {
        return Err(format!("the mailbox answers with status {}", response.status));
    }
    let document = response.json().map_err(|e| format!("the mailbox is no JSON: {e}"))?;
    let Some(messages) = document.as_deref().and_then(Value::as_array) else {
        return Err("the mailbox is no list of messages".into());
    };
    let text =
        |message: &Value, pointer: &str| Some(message.pointer(pointer)?.as_str()?.to_owned());
    let part = |message: &Value, pointer: &Option<String>| text(message, pointer.as_deref()?);
    let code = messages.iter().rev().find_map(|message| {
        Some(Mail {
            code: text(message, &outbox.code)?,
            body: part(message, &outbox.body),
            subject: part(message, &outbox.subject),
        })
    });
    if code.is_none() && !messages.is_empty() {
        return Err(format!("the mailbox has messages, but no code at `{}` of any", outbox.code));
    }
    Ok(code)
}
