//! A process group of its own for a started program and everything that it starts in turn.
//!
//! The group's leader is a guard, a shell that only waits for the end of a pipe which the harness
//! holds. When the harness goes away, however it does, the guard ends the group: no signal has to
//! be handled for that, not even one that cannot be.

#[cfg(unix)]
pub(super) use unix::Group;

#[cfg(not(unix))]
pub(super) use other::Group;

#[cfg(unix)]
mod unix {
    use std::process::Stdio;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
    use tokio::process::{Child, Command};

    /// The group. Dropping it ends everything in it.
    #[derive(Debug)]
    pub(in super::super) struct Group {
        /// Its id is the group's, and cannot pass to another one before the guard is reaped.
        guard: Child,
    }

    impl Group {
        /// Makes a group that holds nothing but its guard.
        pub(in super::super) fn new() -> std::io::Result<Self> {
            let mut command = Command::new("/bin/sh");
            command
                .args(["-c", "trap '' HUP INT TERM; read -r _; kill -KILL 0"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .kill_on_drop(true);
            Ok(Self { guard: command.spawn()? })
        }

        /// Puts a program that is about to be started into the group.
        pub(in super::super) fn take(&self, command: &mut Command) {
            if let Some(id) = self.guard.id().and_then(|id| i32::try_from(id).ok()) {
                command.process_group(id);
            }
        }

        /// Asks everything in the group to end.
        pub(in super::super) fn terminate(&self) {
            self.signal(Signal::TERM);
        }

        /// Tells whether a program has ended, without reaping it.
        pub(in super::super) fn has_ended(child: &Child) -> bool {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            pid(child).is_none_or(|id| !matches!(waitid(WaitId::Pid(id), options), Ok(None)))
        }

        fn signal(&self, signal: Signal) {
            if let Some(group) = pid(&self.guard) {
                // Fails only when nothing of the group is left.
                let _ = kill_process_group(group, signal);
            }
        }
    }

    impl Drop for Group {
        fn drop(&mut self) {
            self.signal(Signal::KILL);
        }
    }

    fn pid(child: &Child) -> Option<Pid> {
        Pid::from_raw(i32::try_from(child.id()?).ok()?)
    }
}

/// Where there are no process groups, `kill_on_drop` ends the program alone.
#[cfg(not(unix))]
mod other {
    use tokio::process::{Child, Command};

    #[derive(Debug)]
    pub(in super::super) struct Group;

    impl Group {
        pub(in super::super) fn new() -> std::io::Result<Self> {
            Ok(Self)
        }

        pub(in super::super) fn take(&self, _: &mut Command) {}

        pub(in super::super) fn terminate(&self) {}

        pub(in super::super) fn has_ended(_: &Child) -> bool {
            true
        }
    }
}
