//! The store thread's rebuilds: when one is due, what becomes of its end.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use super::super::build::Build;
use super::super::pour::{PourError, Span, pour};
use super::super::store::{ERASED_SINCE, Shelf as _, SledShelf, number};
use super::StoreThread;

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
            match Build::start(&keeper.generations, catalog, keeper.group) {
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
        // Not at once: a full disk stays full for a while.
        self.rebuild_at = Some(SystemTime::now() + Duration::from_mins(1));
    }

    /// Takes over what a build made.
    pub(super) fn adopt(&mut self, build: Build) {
        let (generation, upto) = (build.generation, build.upto);
        let (built, answers) = build.finish();
        let adopted = built.and_then(|fresh| self.go_over(fresh, generation, upto));
        match &adopted {
            Ok(()) => {
                self.shared.gauge.restore_store();
                self.doubted = None;
                self.plan_rebuild();
            }
            Err(PourError::Stopped) => {}
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
    fn go_over(&mut self, fresh: SledShelf, generation: u32, upto: u64) -> Result<(), PourError> {
        let Some(catalog) = &self.shared.catalog else {
            return Ok(());
        };
        let keeper = &mut self.keeper;
        let span = Span { after: upto, upto: keeper.group, claimed: 0 };
        pour(&fresh, catalog, span, &AtomicBool::new(false))?;
        fresh.sync()?;
        keeper.generations.point_at(generation)?;
        *self.shared.shelf.write() = Arc::new(fresh);
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
