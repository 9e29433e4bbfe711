//! The store thread's rebuilds: when one is due, what becomes of its end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use super::super::build::{Build, Built};
use super::super::pour::{PourError, Span, pour, supplement};
use super::super::store::{ERASED_SINCE, Shelf as _, number};
use super::StoreThread;

/// A rebuild that came to nothing is not tried again at once: a full disk stays full for a while.
const AGAIN: Duration = Duration::from_mins(1);

impl StoreThread {
    pub(super) fn plan_rebuild(&mut self) {
        if let Ok(since) = number(&*self.shelf(), ERASED_SINCE) {
            let erased = since
                .map(|since| UNIX_EPOCH + Duration::from_secs(since) + self.keeper.rebuild_after);
            self.rebuild_at = erased.into_iter().chain(self.doubted).min();
        }
    }

    /// Starts to build a fresh generation; the old one serves until it is done.
    pub(super) fn build(&mut self, answer: Option<oneshot::Sender<bool>>) {
        let Some(catalog) = &self.shared.catalog else {
            return;
        };
        let keeper = &self.keeper;
        if self.building.is_none() {
            let beside = (self.shelf(), self.shared.gauge.min_free_bytes());
            match Build::start(&keeper.generations, catalog, keeper.group, beside) {
                Ok(build) => self.building = Some(build),
                Err(error) => self.put_off(&error),
            }
        }
        if let (Some(build), Some(answer)) = (&mut self.building, answer) {
            build.answers.push(answer);
        }
    }

    /// Sees to it that a next start does not take the generation in use as it is.
    pub(super) fn distrust(&self) {
        let keeper = &self.keeper;
        if let Err(error) = keeper.generations.distrust(keeper.generation) {
            tracing::error!(%error, "the store is damaged and its seal cannot be taken off");
        }
    }

    fn put_off(&mut self, error: &dyn std::error::Error) {
        tracing::error!(%error, "the store could not be rebuilt; it is tried again in a minute");
        self.rebuild_at = Some(SystemTime::now() + AGAIN);
    }

    /// Takes over what a build made.
    pub(super) fn adopt(&mut self, build: Build) {
        let (generation, upto) = (build.generation, build.upto);
        let (built, answers) = build.finish();
        let adopted = built.and_then(|built| {
            let gone_over = self.go_over(built, generation, upto);
            let generations = &self.keeper.generations;
            if gone_over.is_err() && generations.current() != Some(generation) {
                generations.abandon(generation);
            }
            gone_over
        });
        match &adopted {
            Ok(()) => {
                self.shared.gauge.restore_store();
                self.doubted = None;
                self.plan_rebuild();
            }
            Err(PourError::Stopped) => self.rebuild_at = Some(SystemTime::now() + AGAIN),
            Err(error) => self.put_off(error),
        }
        for answer in answers {
            // Whoever asked may be gone.
            let _ = answer.send(adopted.is_ok());
        }
    }

    /// Brings a fresh generation up to what came while it was built, names it the current one, and
    /// removes the others: what they held stands in the journal, and their old pages may hold words
    /// erased since.
    fn go_over(&mut self, built: Built, generation: u32, upto: u64) -> Result<(), PourError> {
        let Some(catalog) = &self.shared.catalog else {
            return Ok(());
        };
        let in_use = self.shelf();
        let keeper = &mut self.keeper;
        let span = Span { after: upto, upto: keeper.group, claimed: 0 };
        let never = AtomicBool::new(false);
        let poured = pour(&built.shelf, catalog, span, Some(&*in_use), &never)?;
        // Not before: now both have taken in the same, and what one lacks the journal has lost. Whoever writes
        // may have to wait for this, as for a store that lags.
        let damaged = poured.damaged || built.damaged;
        let saved = if damaged { supplement(&built.shelf, &*in_use)? } else { 0 };
        drop(in_use);
        built.shelf.sync()?;
        if saved > 0 {
            tracing::error!(
                entries = saved,
                "the journal is damaged: these stand in the store only; the next start writes them back"
            );
            // So that it looks at all of the journal.
            keeper.generations.distrust(generation)?;
        }
        keeper.generations.point_at(generation)?;
        *self.shared.shelf.write() = Arc::new(built.shelf);
        keeper.generation = generation;
        let others = keeper.generations.others()?;
        self.dirty = Some(Instant::now());
        self.mark();
        for old in others {
            // A read under way still holds the old store open; its files go when it ends.
            std::fs::remove_dir_all(old)?;
        }
        Ok(())
    }
}
