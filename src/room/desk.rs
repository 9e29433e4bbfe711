//! One log in its actor's hands: the folded state, the index of mids, the chain's end, the channel.

use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position, PrincipalId};

use super::fold::Folded;
use super::{Denied, Fault, Names, snapshot};
use crate::cluster::{Bus, Tip};
use crate::delivery::{Channel, Tail};
use crate::domain::{Event, LogState, Room, Rows, reindex};
use crate::entry::{self, Header, Record, Shown, Words, bare_len, render};
use crate::log::record::encode_header;
use crate::log::{Admitted, Found, Health, Log, MidIndex, Progress, Snapshot, Unavailable};
use crate::seal::Sealed;

/// An entry before it has a place.
pub(super) struct Proposal {
    pub(super) event: Event,
    pub(super) mid: Mid,
    pub(super) by: PrincipalId,
    pub(super) submit: [u8; 32],
    /// Sealed for this log, this mid and this author, and open.
    pub(super) words: Option<(Sealed, Bytes)>,
}

/// A log, folded.
pub(super) struct Desk {
    pub(super) state: LogState,
    pub(super) channel: Arc<Channel>,
    mids: MidIndex,
    link: [u8; 32],
    /// The next entry opens an epoch: the numbering authority was lost and re-established.
    reopen: bool,
    /// No epoch is opened below this one.
    floor: u64,
    /// It would open one each time, so it does not close before the node does.
    stays: bool,
    /// The log holds entries that this version cannot fold: it is read-only.
    read_only: bool,
    /// The seq of the newest snapshot that was asked for; 0: none.
    kept: u64,
    /// What the journal admitted and is not folded yet: an entry that could not be folded would keep the
    /// log from ever being opened again, so it does not go to the journal.
    in_hand: Option<Admitted>,
    /// The seq of the newest entry that goes to the journal.
    placed: u64,
}

impl Desk {
    /// A desk for a folded log, which goes on in an epoch not below `floor`.
    pub(super) fn new(log: &LogName, folded: Folded, floor: u64) -> Self {
        let Position { epoch, seq: head } = folded.state.line().head();
        let reopen = epoch < floor;
        let progress = Progress::new(head);
        Self {
            channel: Arc::new(Channel::new(log.clone(), Tail::new(head, progress))),
            state: folded.state,
            mids: folded.mids,
            link: folded.link,
            reopen: reopen || folded.holes,
            floor,
            stays: folded.holes,
            read_only: folded.read_only,
            kept: folded.kept,
            in_hand: None,
            placed: head,
        }
    }

    /// The log as of its head, to be kept, if that is far enough beyond what is kept already.
    /// Not while entries are missing or cannot be folded: who opens the log must find that again.
    pub(super) fn snapshot(&mut self, names: &Names, when: snapshot::When) -> Option<Snapshot> {
        let head = self.state.line().head().seq;
        if self.reopen || self.read_only || head - self.kept < when.beyond(head) {
            return None;
        }
        self.kept = head;
        snapshot::of(&self.state, names, &self.mids, self.link)
    }

    /// Whether the log may be closed and opened again: all of it is in the store, and nobody waits.
    pub(super) fn is_settled(&self) -> bool {
        let (head, tail) = (self.state.line().head().seq, self.channel.tail());
        !self.stays
            && tail.revealed() == head
            && tail.progress().stored() == head
            && self.channel.nobody_waits()
    }

    /// What a bug left in the midst of being written, if it did.
    pub(super) fn take_in_hand(&mut self) -> Option<Admitted> {
        self.in_hand.take()
    }

    /// Whether the store has all that went to the journal, or nobody will ever know.
    pub(super) fn is_kept(&self) -> bool {
        let progress = self.channel.tail().progress();
        progress.stored() >= self.placed || progress.failed()
    }

    pub(super) fn log(&self) -> &LogName {
        self.channel.log()
    }

    /// The room's state; lanes and system logs have another one.
    pub(super) fn room(&self) -> Option<&Room> {
        match &self.state {
            LogState::Room(room) => Some(room),
            _ => None,
        }
    }

    /// What is known of a mid without asking the store.
    pub(super) fn find(&mut self, mid: &Mid) -> Found {
        self.mids.settle(self.channel.tail().progress().stored());
        self.mids.find(mid)
    }

    /// Whether new entries can be taken at all, asked before anything is ordered.
    pub(super) fn ready(&self, log: &Log) -> Result<(), Denied> {
        if self.read_only {
            return Err(Denied::Fault(Fault::UpgradeNeeded));
        }
        if log.health() != Health::Ready || self.channel.tail().progress().failed() {
            return Err(Denied::Fault(Fault::LogUnavailable));
        }
        Ok(())
    }

    /// Orders an event, has it admitted by the journal, folds it and renders it into the tail. After this
    /// the only failure is that its safety cannot be confirmed.
    pub(super) fn write(
        &mut self,
        proposal: &Proposal,
        rows: &Rows,
        head: Option<Position>,
        (bus, log): (&Bus, &Log),
        admitted: &mut Vec<Admitted>,
    ) -> Result<(u64, super::Written), Denied> {
        let event = &proposal.event;
        let (op, op_version) = entry::op_of(event);
        let tip = Tip {
            head: self.state.line().head(),
            n: self.state.ordinals().map_or(0, crate::domain::Ordinals::n),
            at: self.state.at(),
            reopen: self.reopen,
            floor: self.floor,
        };
        let counts = entry::counts(op) && self.state.ordinals().is_some();
        let place = bus.order(&tip, counts);
        crate::fault::point("after_order");
        let sealed = proposal.words.as_ref().map(|(sealed, _)| sealed);
        let header = Header {
            log: self.log().clone(),
            position: place.position,
            n: place.n,
            at: place.at,
            op: op.into(),
            op_version,
            optional: false,
            mid: proposal.mid,
            by: proposal.by.clone(),
            submit: proposal.submit,
            bumps: event.bumps(),
            head,
            was: None,
            facts: entry::facts(event).into(),
            key: sealed.map_or(0, |sealed| sealed.key),
            nonce: sealed.map_or([0; 24], |sealed| sealed.nonce),
            words_len: sealed
                .map_or(0, |sealed| u32::try_from(sealed.bytes.len()).unwrap_or(u32::MAX)),
            words_hash: sealed.map_or([0; 32], |sealed| sealed.hash),
            link: self.link,
        };
        let encoded = encode_header(&header);
        let link = encoded.link();
        let shown = match &proposal.words {
            Some((_, open)) => Shown::Open(open),
            None => Shown::None,
        };
        let rendered = render(&header, shown);
        let meta = header.meta();
        let words = sealed.map_or(Words::None, |sealed| Words::Sealed(sealed.bytes.clone()));
        let record = Arc::new(Record { header, words });
        let progress = Arc::clone(self.channel.tail().progress());
        let event_known = Some(event.clone());
        let item = log.admit(record, encoded, event_known, &progress).map_err(|unavailable| {
            Denied::Fault(match unavailable {
                Unavailable::Overloaded => Fault::Overloaded,
                Unavailable::TooLarge(_) => Fault::TooLarge,
                Unavailable::Failed | Unavailable::Closed | Unavailable::Malformed => {
                    Fault::LogUnavailable
                }
            })
        })?;
        self.in_hand = Some(item);
        // From here on it is ordered: fold, render, and wait for the sync.
        crate::fault::panics("in_fold");
        self.link = link;
        self.reopen = false;
        self.state.apply(event, &meta);
        self.state.settle(rows);
        crate::fault::point("after_apply");
        for (mid, row) in reindex(event, &meta, rows) {
            self.mids.note(mid, row, meta.position.seq);
        }
        self.channel.tail().push(&rendered, bare_len(&rendered, shown));
        crate::fault::point("after_push");
        if let Some(seq) = event.erases() {
            self.channel.tail().erase(seq, meta.position.seq);
        }
        admitted.extend(self.in_hand.take());
        self.placed = meta.position.seq;
        let written = super::Written { position: meta.position, at: meta.at, duplicate: false };
        Ok((meta.position.seq, written))
    }
}
