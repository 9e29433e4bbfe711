//! Following one log: the cursor, and what each frame does to it.
//!
//! A synchronous state machine: frames in, events and at most one need out. It never delivers an
//! entry twice, never out of order, and never passes over a hole without saying so. It sends nothing
//! and waits for nothing; `work` does.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use wardroom_protocol::envelope;
use wardroom_protocol::history::History;
use wardroom_protocol::ids::Position;
use wardroom_protocol::join::{From, Joined};
use wardroom_protocol::notice;

use crate::event::{Event, Gap, Rejoined};

/// Entries kept aside while a hole is filled. When full they are dropped and the log is joined
/// again from the cursor, which reads them once more.
const PARKED: usize = 512;

/// What the log needs from the server now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    /// Ask `history` for what stands after this position.
    Fill(Position),
    /// Join again from the cursor.
    Join,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not joined on this connection and not asked for yet.
    Away,
    /// `join` is under way; entries that still come belong to an older join and are dropped.
    Joining,
    /// Joined; the next entry is the one after the cursor.
    Live,
    /// A hole is being filled from `history`; later entries are parked.
    Filling,
    /// The app fell behind and the log was left; it is joined again once there is room.
    Lagging,
}

/// An event, and the position the app has reached once it has it.
pub(crate) type Step = (Event, Position);

pub(crate) struct Follower {
    begin: From,
    cursor: Option<Position>,
    phase: Phase,
    /// The head of the last join, until it is reached.
    target: Option<Position>,
    parked: VecDeque<(Box<envelope::Entry>, Utf8Bytes)>,
    reset: bool,
}

impl Follower {
    pub(crate) fn new(begin: From) -> Self {
        Self {
            begin,
            cursor: None,
            phase: Phase::Away,
            target: None,
            parked: VecDeque::new(),
            reset: false,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn cursor(&self) -> Option<Position> {
        self.cursor
    }

    /// Where the next join begins.
    pub(crate) fn from(&self) -> From {
        self.cursor.map_or(self.begin, From::Position)
    }

    /// A join was sent.
    pub(crate) fn joining(&mut self) {
        self.phase = Phase::Joining;
        self.parked.clear();
    }

    /// The connection went, or a join has to be tried again.
    pub(crate) fn away(&mut self) {
        if self.phase != Phase::Lagging {
            self.phase = Phase::Away;
        }
        self.parked.clear();
    }

    /// The app fell behind: it holds everything up to `delivered` and nothing above.
    pub(crate) fn lag(&mut self, delivered: Position) {
        self.cursor = Some(delivered);
        self.phase = Phase::Lagging;
        self.parked.clear();
    }

    /// There is room again.
    pub(crate) fn caught_breath(&mut self) {
        if self.phase == Phase::Lagging {
            self.phase = Phase::Away;
        }
    }

    /// Continue from an earlier position that both sides share.
    pub(crate) fn rewind(&mut self, common: Position) {
        self.cursor = Some(common);
    }

    /// Positions are void (43xx): begin as at the first join.
    pub(crate) fn forget(&mut self) {
        self.reset = self.reset || self.cursor.is_some();
        self.cursor = None;
    }

    /// The answer to a join. On the first one nothing is told to the stream: the caller of `join`
    /// has the answer itself.
    pub(crate) fn joined(&mut self, joined: &Joined, first: bool, out: &mut Vec<Step>) {
        let after = joined.after;
        let held = self.cursor.replace(after);
        self.phase = Phase::Live;
        self.target = Some(joined.position);
        if !first {
            let rejoined =
                Rejoined { joined: joined.clone(), reset: std::mem::take(&mut self.reset) };
            if let Some(held) = held
                && after.seq > held.seq
            {
                let gap = Gap {
                    from: held.seq + 1,
                    to: after.seq,
                    reason: "the server does not keep these any more".into(),
                    last: held,
                };
                out.push((Event::Gap(gap), after));
            }
            out.push((Event::Rejoined(Box::new(rejoined)), after));
        }
        self.tell_caught_up(out);
    }

    /// An entry arrived.
    pub(crate) fn entry(
        &mut self,
        entry: Box<envelope::Entry>,
        raw: Utf8Bytes,
        out: &mut Vec<Step>,
    ) -> Need {
        let Some(cursor) = self.cursor else {
            return Need::Nothing;
        };
        match self.phase {
            Phase::Away | Phase::Joining | Phase::Lagging => Need::Nothing,
            Phase::Filling if self.parked.len() >= PARKED => Need::Join,
            Phase::Filling => {
                self.parked.push_back((entry, raw));
                Need::Nothing
            }
            Phase::Live => match place(cursor, entry.position()) {
                Place::Next => {
                    self.take(&entry, raw, out);
                    Need::Nothing
                }
                Place::Held => Need::Nothing,
                Place::Ahead => {
                    self.phase = Phase::Filling;
                    self.parked.push_back((entry, raw));
                    Need::Fill(cursor)
                }
                Place::OffLine => Need::Join,
            },
        }
    }

    /// A page of `history` that was asked for to fill a hole.
    pub(crate) fn filled(&mut self, page: &History, out: &mut Vec<Step>) -> Need {
        if self.phase != Phase::Filling {
            return Need::Nothing;
        }
        for raw in &page.entries {
            let Ok(entry) = serde_json::from_str::<envelope::Entry>(raw.get()) else {
                return Need::Join;
            };
            self.gap_before(entry.seq, "lost", out);
            match self.cursor.map(|cursor| place(cursor, entry.position())) {
                Some(Place::Next) => self.take(&entry, raw.get().into(), out),
                Some(Place::Held) => {}
                _ => return Need::Join,
            }
        }
        let (Some(cursor), Some((next, _))) = (self.cursor, self.parked.front()) else {
            return Need::Join;
        };
        let reached = next.seq <= cursor.seq + 1;
        if !reached && page.more && !page.entries.is_empty() {
            return Need::Fill(cursor);
        }
        let next = next.seq;
        self.gap_before(next, "the server has no record of them", out);
        self.phase = Phase::Live;
        let mut need = Need::Nothing;
        for (entry, raw) in std::mem::take(&mut self.parked) {
            if need == Need::Nothing {
                need = self.entry(entry, raw, out);
            } else if self.phase == Phase::Filling {
                self.parked.push_back((entry, raw));
            }
        }
        need
    }

    /// The server says that entries are missing here for good.
    pub(crate) fn gap(&mut self, gap: &notice::Gap, out: &mut Vec<Step>) -> Need {
        let (Some(cursor), Phase::Live) = (self.cursor, self.phase) else {
            // While a hole is filled, the page names its holes itself.
            return Need::Nothing;
        };
        if gap.to <= cursor.seq {
            return Need::Nothing;
        }
        if gap.from > cursor.seq + 1 {
            return Need::Join;
        }
        let reached = Position::new(cursor.epoch, gap.to);
        let event = Gap::from_notice(gap, cursor.seq + 1, cursor);
        self.cursor = Some(reached);
        out.push((Event::Gap(event), reached));
        self.tell_caught_up(out);
        Need::Nothing
    }

    /// Says that everything between the cursor and `seq` is missing, if anything is.
    fn gap_before(&mut self, seq: u64, reason: &str, out: &mut Vec<Step>) {
        let Some(cursor) = self.cursor else { return };
        if seq <= cursor.seq + 1 {
            return;
        }
        let reached = Position::new(cursor.epoch, seq - 1);
        let gap = Gap { from: cursor.seq + 1, to: seq - 1, reason: reason.into(), last: cursor };
        self.cursor = Some(reached);
        out.push((Event::Gap(gap), reached));
    }

    fn take(&mut self, entry: &envelope::Entry, raw: Utf8Bytes, out: &mut Vec<Step>) {
        let position = entry.position();
        self.cursor = Some(position);
        out.push((Event::of_entry(entry, raw), position));
        self.tell_caught_up(out);
    }

    fn tell_caught_up(&mut self, out: &mut Vec<Step>) {
        if let (Some(cursor), Some(target)) = (self.cursor, self.target)
            && cursor.seq >= target.seq
        {
            self.target = None;
            out.push((Event::CaughtUp(cursor), cursor));
        }
    }
}

enum Place {
    Next,
    Held,
    Ahead,
    /// A new epoch numbers from below the cursor: what stands above is void, only a join tells.
    OffLine,
}

fn place(cursor: Position, entry: Position) -> Place {
    if entry.epoch > cursor.epoch && entry.seq <= cursor.seq {
        Place::OffLine
    } else if entry.seq <= cursor.seq {
        Place::Held
    } else if entry.seq == cursor.seq + 1 {
        Place::Next
    } else {
        Place::Ahead
    }
}
