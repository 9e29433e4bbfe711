//! What is left of a room that a bug has ended, and how it goes on: nobody waits for it in vain, and it
//! is opened anew from its log.

use std::time::Duration;

use tokio::sync::mpsc;

use super::actor::{Ask, RoomActor};
use super::desk::Desk;

/// How often it is looked whether the store has everything.
const LOOK: Duration = Duration::from_millis(10);

impl RoomActor {
    /// Ends a room whose state cannot be relied on any more. What was asked is answered `unknown` as it
    /// is dropped, and who follows the room is closed and comes back. What has its place goes to the
    /// journal still, since others may rest on it; and only when all of it can be read is this over, and
    /// the log opened anew by the next who asks for it.
    pub(super) async fn give_up(mut self, mut inbox: mpsc::Receiver<Ask>) {
        let log = self.desk.log().clone();
        tracing::error!(
            %log,
            "a bug ended a log's task; who follows it is closed and comes back, and it is opened anew"
        );
        inbox.close();
        while inbox.try_recv().is_ok() {}
        let desks = std::iter::once(&mut self.desk).chain(self.lanes.values_mut());
        for admitted in desks.filter_map(Desk::take_in_hand) {
            self.log.give_back(admitted);
        }
        self.hand_over();
        self.desks().for_each(|desk| desk.channel.look_again());
        while !self.desks().all(Desk::is_kept) && self.log.failure().is_none() {
            self.log.catch_up().await;
            tokio::time::sleep(LOOK).await;
        }
    }
}
