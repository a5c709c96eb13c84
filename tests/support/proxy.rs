//! A proxy that runs as a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

/// It ends when this is dropped.
pub(crate) struct Proxy {
    child: Child,
    /// Takes in what it prints, so that it is never held up by a full pipe.
    printed: Option<JoinHandle<String>>,
    /// Where it listens, on loopback.
    pub(crate) port: u16,
}

impl Proxy {
    /// Starts one before an endpoint; what passes is recorded.
    pub(crate) fn start(mut binary: Command, target: &str, record: &Path) -> Self {
        let mut child = binary
            .args(["proxy", "--port", "0", "--target", target, "--record"])
            .arg(record)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut stdout = child.stdout.take().expect("piped");
        let printed = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("text");
            text
        });
        let mut line = String::new();
        let stderr = child.stderr.take().expect("piped");
        BufReader::new(stderr).read_line(&mut line).expect("a line");
        let port = line.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next());
        let port = port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        Self { child, printed: Some(printed), port }
    }

    /// Interrupts it, as Ctrl-C does; returns its exit code and what it printed.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
        let code = self.child.wait().expect("it ends").code();
        let printed = self.printed.take().expect("it is taken once");
        (code, printed.join().expect("it reads to the end"))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
