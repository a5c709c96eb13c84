//! Starts a program that is a target, and stops exactly that one.
//!
//! The program gets a free port, a fresh folder, a process group of its own and a bare
//! environment; what it prints is kept, bounded. Dropping a [`Process`] ends its whole
//! group, and so does the end of the harness, whatever ended it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::group::Group;
use super::log::Log;
use super::profile::{Start, expand};

/// How many lines of it an error shows.
pub(super) const SHOWN_LINES: usize = 12;

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);

/// A program that does not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program is nowhere.
    #[error("`{program}` is neither in {searched} nor on the PATH{hint}")]
    Missing {
        /// Its name.
        program: String,
        /// Folders that were searched.
        searched: String,
        /// How to get it.
        hint: String,
    },
    /// No port, no folder, or the system refuses to run it.
    #[error("cannot {doing}")]
    System {
        /// What was tried.
        doing: String,
        /// The system's words.
        #[source]
        cause: std::io::Error,
    },
    /// It ended before it answered.
    #[error("`{program}` ended before it answered: {status}{log}")]
    Died {
        /// Its name.
        program: String,
        /// Exit status.
        status: String,
        /// The last lines it printed.
        log: String,
    },
    /// It runs, but does not answer.
    #[error("`{program}` did not answer within {seconds} s{log}")]
    Silent {
        /// Its name.
        program: String,
        /// How long was waited.
        seconds: u64,
        /// The last lines it printed.
        log: String,
    },
}

/// A program that runs.
#[derive(Debug)]
pub struct Process {
    /// `None` once it has ended and been reaped.
    running: Mutex<Option<Running>>,
    port: u16,
    log: Log,
    /// Removed with the value.
    _folder: TempDir,
}

#[derive(Debug)]
struct Running {
    child: Child,
    group: Group,
}

impl Process {
    /// Starts a program and waits until `POST /` is answered; `functions` is the URL of what runs
    /// the functions of its triggers.
    ///
    /// # Errors
    /// The program is missing, cannot be run, ends early or stays silent.
    pub async fn start(start: &Start, functions: &str) -> Result<Self, StartError> {
        let program = find(start)?;
        // Another program may take the port between our finding it and its use.
        for _ in 0..2 {
            match Self::attempt(start, &program, functions).await {
                Err(StartError::Died { log, .. }) if port_was_taken(&log) => {}
                other => return other,
            }
        }
        Self::attempt(start, &program, functions).await
    }

    async fn attempt(start: &Start, program: &Path, functions: &str) -> Result<Self, StartError> {
        let process = Self::spawn(start, program, functions)?;
        let deadline = Instant::now() + Duration::from_secs(start.ready_seconds);
        loop {
            if let Some(status) = process.ended() {
                // What it printed last may still be on its way.
                tokio::time::sleep(Duration::from_millis(50)).await;
                let log = process.log.tail(SHOWN_LINES);
                return Err(StartError::Died { program: start.program.clone(), status, log });
            }
            if answers(process.port).await {
                return Ok(process);
            }
            if Instant::now() >= deadline {
                let (program, seconds) = (start.program.clone(), start.ready_seconds);
                let log = process.log.tail(SHOWN_LINES);
                process.shutdown().await;
                return Err(StartError::Silent { program, seconds, log });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn spawn(start: &Start, program: &Path, functions: &str) -> Result<Self, StartError> {
        let folder = tempfile::Builder::new().prefix("cognito-conformance-").tempdir();
        let folder = folder.map_err(system("make a folder"))?;
        let port = free_port().map_err(system("find a free port"))?;
        let fill = |text: &String| {
            text.replace("{port}", &port.to_string())
                .replace("{dir}", &folder.path().to_string_lossy())
                .replace("{functions}", functions)
        };
        for (path, text) in &start.files {
            write(&folder.path().join(path), &fill(text)).map_err(system("write its files"))?;
        }
        let mut command = Command::new(program);
        command
            .args(start.args.iter().map(fill))
            .env_clear()
            .envs(
                ["PATH", "HOME", "LANG", "SYSTEMROOT"]
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("TMPDIR", folder.path())
            .envs(start.env.iter().map(|(name, value)| (name, fill(value))))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let group = Group::new().map_err(system("guard it"))?;
        group.take(&mut command);
        let mut child = command.spawn().map_err(system(format!("run `{}`", program.display())))?;
        let log = Log::default();
        let streams = (child.stdout.take(), child.stderr.take());
        if let (Some(out), Some(err)) = streams {
            tokio::spawn(log.clone().follow(out));
            tokio::spawn(log.clone().follow(err));
        }
        let running = Running { child, group };
        Ok(Self { running: Mutex::new(Some(running)), port, log, _folder: folder })
    }

    /// Returns the URL it is served at.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns its process id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.lock().as_ref().and_then(|running| running.child.id())
    }

    /// Returns what it has printed.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns how it ended, if it has; ends what is left of its group then.
    pub fn ended(&self) -> Option<String> {
        let mut slot = self.lock();
        let Some(running) = slot.as_mut() else { return Some("it was stopped".into()) };
        if !Group::has_ended(&running.child) {
            return None;
        }
        let status = match running.child.try_wait() {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => return None,
            Err(e) => e.to_string(),
        };
        *slot = None;
        Some(status)
    }

    /// Ends it and everything in its group: asks first, insists after a few seconds.
    pub async fn shutdown(&self) {
        if let Some(running) = self.lock().as_ref() {
            running.group.terminate();
        }
        let deadline = Instant::now() + GRACE;
        while self.ended().is_none() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let taken = self.lock().take();
        if let Some(Running { mut child, group }) = taken {
            drop(group);
            let _ = child.kill().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(start: &Start) -> Result<PathBuf, StartError> {
    let named = |name: &str| std::env::var(name).ok();
    let folders: Vec<String> = start.search.iter().map(|text| expand(text, &named)).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = folders.iter().map(PathBuf::from).chain(std::env::split_paths(&path));
    if let Some(found) = places.find(|place| place.join(&start.program).is_file()) {
        return Ok(found.join(&start.program));
    }
    let hint = start.install.as_ref().map(|text| format!("; to install it: {text}"));
    Err(StartError::Missing {
        program: start.program.clone(),
        searched: if folders.is_empty() { "any folder".into() } else { folders.join(", ") },
        hint: hint.unwrap_or_default(),
    })
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    std::fs::write(path, text)
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn port_was_taken(log: &str) -> bool {
    let log = log.to_lowercase();
    log.contains("eaddrinuse") || log.contains("already in use") || log.contains("in use by")
}

/// Tells whether a `POST /` gets an HTTP answer.
async fn answers(port: u16) -> bool {
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!(
            "POST / HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 2\r\n\
             content-type: application/x-amz-json-1.1\r\nconnection: close\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut start = [0; 5];
        stream.read_exact(&mut start).await?;
        std::io::Result::Ok(start == *b"HTTP/")
    };
    let limit = Duration::from_secs(2);
    tokio::time::timeout(limit, ask).await.is_ok_and(|asked| asked.unwrap_or(false))
}

fn system(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> StartError {
    let doing = doing.into();
    move |cause| StartError::System { doing, cause }
}
