//! Plays the suite against the named faults.

use std::time::Instant;

use futures_util::{StreamExt, stream};

use super::order::order;
use super::probe::{Prober, Until};
use super::{Kill, Progress};
use crate::reference::faults::NamedFault;
use crate::reference::middleware::Stack;
use crate::target::open::TargetError;

impl Prober {
    /// Plays the suite against each fault; `watch` sees what became of each as it is known. Keeps
    /// the order of `faults`; those that a stop leaves out are absent.
    ///
    /// # Errors
    /// A reference cannot be started.
    ///
    /// # Panics
    /// Where playing or judging a case panics.
    pub async fn faults(
        &self,
        faults: &[&'static NamedFault],
        watch: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Vec<Kill>, TargetError> {
        let kills = stream::iter(faults.iter().copied()).map(|fault| {
            let prober = self.clone();
            async move {
                if prober.is_stopped() {
                    return Ok(None);
                }
                // A task of its own: faults use every thread of the runtime.
                let kill = tokio::spawn(async move { prober.fault(fault).await }).await;
                let kill = kill.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()))?;
                watch(Progress::Fault(&kill));
                Ok(Some(kill))
            }
        });
        let kills = kills.buffered(self.settings.jobs.max(1)).collect::<Vec<_>>().await;
        kills.into_iter().filter_map(Result::transpose).collect()
    }

    /// Plays the suite against one fault.
    async fn fault(&self, fault: &'static NamedFault) -> Result<Kill, TargetError> {
        let begun = Instant::now();
        let target = self.reference(vec![fault.name.into()], Stack::default()).await?;
        let session = self.session(target.clone(), self.settings.seed);
        let mut kill = Kill {
            fault: fault.name.into(),
            about: fault.about.into(),
            level: Some(fault.level),
            speaks: fault.caught_by.into(),
            ..Kill::default()
        };
        let is_done = |kill: &Kill| match self.settings.until {
            Until::Caught => kill.is_caught(),
            Until::Spoken => kill.spoken.is_some(),
            Until::Played => false,
        };
        kill.settled = true;
        for at in order(&self.cases, fault.on) {
            if self.is_stopped() {
                kill.settled = false;
                break;
            }
            kill.take(&session.run_case(&self.cases[at]).await);
            if is_done(&kill) {
                break;
            }
        }
        target.shutdown().await;
        kill.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(kill)
    }
}
