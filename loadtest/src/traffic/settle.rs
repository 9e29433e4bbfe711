//! The end of a run: authors stop, everybody catches up, one fresh reader per room replays all of it,
//! and the oracle speaks.

use std::rc::Rc;
use std::time::{Duration, Instant};

use wardroom_protocol::ids::Position;
use wardroom_protocol::join::From;

use super::{Member, Part, Traffic};
use crate::failure::Failure;
use crate::meter::Meter;
use crate::oracle::Faults;

/// How long authors may wait for their last answers, and members to catch up.
const PATIENCE: Duration = Duration::from_secs(30);

impl Traffic {
    /// Authors send nothing more and get their last answers.
    pub async fn stop_authors(&mut self) -> Result<(), Failure> {
        self.ground.stop.set(true);
        for desk in &self.ground.desks {
            desk.wake.notify_one();
        }
        let all = async {
            while let Some(ended) = self.authors.join_next().await {
                ended.expect("an author does not panic")?;
            }
            Ok(())
        };
        // What was not answered by then is for the oracle to say.
        tokio::time::timeout(PATIENCE, all).await.unwrap_or(Ok(()))
    }

    /// Waits until everybody has everything, or a while. Whether they have.
    pub async fn caught_up(&self) -> bool {
        self.these_caught_up(0).await
    }

    async fn these_caught_up(&self, from: usize) -> bool {
        let begun = Instant::now();
        loop {
            if self.members[from..].iter().all(|member| member.has_all(&self.ground)) {
                return true;
            }
            if begun.elapsed() > PATIENCE {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Replays every room from its start with a fresh reader: the log must hold what members saw, and
    /// everything acknowledged. Gives the verdict and the figures.
    pub async fn verdict(mut self) -> Result<(Faults, Meter), Failure> {
        self.stop_authors().await?;
        // Whoever has not caught up by then is found by the oracle.
        let _all = self.caught_up().await;
        let before = self.members.len();
        self.ground.oracle.borrow_mut().settle();
        for desk in 0..self.ground.desks.len() {
            let from = From::Position(Position::ZERO);
            let (member, link) =
                Member::join(&self.target, &self.ground, desk, desk, from, Part::Guest).await?;
            self.follow(member, link);
        }
        let _all = self.these_caught_up(before).await;
        self.tasks.shutdown().await;
        let mut oracle = self.ground.oracle.take();
        for member in &self.members {
            let reader = member.reader.borrow().clone();
            let upto = oracle.head(reader.room());
            oracle.done(reader, upto);
        }
        let meter = self.ground.meter.take();
        // The ends come first: what else was found may follow from them. And often nothing is: whoever
        // has everything and is cut off misses nothing, but costs nothing any more either.
        let mut faults = Faults::default();
        if let Some(first) = &meter.first_end {
            faults.ended(meter.ended, first);
        }
        faults.merge(oracle.verdict(true));
        Ok((faults, meter))
    }

    /// Cuts every member's connection at once. The guests' too.
    pub async fn cut_all(&mut self) {
        self.tasks.shutdown().await;
    }

    /// A member that was cut reads again.
    pub fn follow_again(&mut self, member: &Rc<Member>, link: crate::link::Link) {
        let read = super::member::read(Rc::clone(&self.ground), Rc::clone(member), link);
        self.tasks.spawn_local(read);
    }
}
