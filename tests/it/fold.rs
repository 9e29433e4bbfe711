//! Promise 7: decide never changes, apply never fails; folding the log gives the live state.

mod kept;
mod vectors;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wardroom::domain::access::{JoinPolicy, Posting, Principal, Role, RoomRole};
use wardroom::domain::message::{self, Reaction};
use wardroom::domain::{
    Act, Class, Command, Event, Founding, Identified, Kind, LogState, Meta, Row, Rows, Stand,
    member, moderation, question, reindex, room, topic,
};
use wardroom::entry::{self, Header, NO_LINK, Record, Words};
use wardroom::log::record;
use wardroom_protocol::ids::{Lane, LogName, Mid, Position, PrincipalId, TopicId};

/// One attempt: who, what, about which earlier mids.
#[derive(Clone, Debug)]
struct Attempt {
    who: u8,
    moderator: bool,
    mid: u8,
    what: u8,
    of: u8,
    other: u8,
    epoch: bool,
}

const WHATS: u8 = 28;

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let one =
        (0..4_u8, any::<bool>(), any::<u8>(), 0..WHATS, any::<u8>(), any::<u8>(), any::<u8>());
    let one = one.prop_map(|(who, moderator, mid, what, of, other, epoch)| Attempt {
        who,
        moderator,
        mid: mid % 64,
        what,
        of: of % 64,
        other: other % 64,
        epoch: epoch < 8,
    });
    proptest::collection::vec(one, 1..200)
}

fn mid(number: u8) -> Mid {
    Mid::derived([number.wrapping_add(1); 16])
}

fn person(number: u8) -> PrincipalId {
    format!("p{}", number % 4).parse().unwrap()
}

fn command(attempt: &Attempt) -> Command {
    let (of, other) = (mid(attempt.of), mid(attempt.other));
    let on = attempt.other.is_multiple_of(2);
    let topic_of = |number: u8| TopicId::from_bytes([number % 6; 16]);
    let (topic, into) = (topic_of(attempt.of), topic_of(attempt.other));
    let role = [RoomRole::Member, RoomRole::Moderator, RoomRole::Owner];
    let role = role[usize::from(attempt.other) % 3];
    let person = person(attempt.of);
    match attempt.what {
        0 => Command::Moderation(moderation::Command::Redact { of }),
        1 => Command::Moderation(moderation::Command::Report { of }),
        2 => Command::Moderation(moderation::Command::Hide { of }),
        3 => Command::Moderation(moderation::Command::Release { of, held: None }),
        4 => Command::Message(message::Command::Edit { of }),
        5 => Command::Message(message::Command::Retract { of, worded: false }),
        6 => Command::Message(message::Command::React { of, reaction: Reaction::Helpful, on }),
        7 => Command::Message(message::Command::Pin { of, on }),
        8 => Command::Message(message::Command::Ack { of }),
        9 => Command::Question(question::Command::Accept { of, answer: other }),
        10 => Command::Question(question::Command::Mark { of, needs_info: on }),
        11 => Command::Topic(topic::Command::Rename { topic, alias: into }),
        12 => Command::Topic(topic::Command::Resolve { topic, resolved: on }),
        13 => Command::Topic(topic::Command::Move { of: vec![of, other], to: into }),
        14 => Command::Topic(topic::Command::Merge { topic, into }),
        15 => Command::Member(member::Command::Invite { person, role }),
        16 => Command::Member(member::Command::Leave),
        17 => Command::Member(member::Command::Remove { person, ban: on }),
        18 => Command::Member(member::Command::SetRole { person, role }),
        19 => {
            let join = [JoinPolicy::Open, JoinPolicy::Knock, JoinPolicy::Invite];
            let join = Some(join[usize::from(attempt.other) % 3]);
            let posting = Some(if on { Posting::Free } else { Posting::Held });
            Command::Room(room::Command::SetPolicy { join, posting })
        }
        20 => Command::Room(room::Command::Archive { archived: attempt.other < 8 }),
        21 => Command::Member(member::Command::Knock),
        22 => Command::Member(member::Command::Admit { of }),
        what => Command::Message(message::Command::Post {
            topic: into,
            kind: [Kind::Message, Kind::Question, Kind::Answer, Kind::Announcement]
                [usize::from(attempt.other) % 4],
            reply_to: (what == 24).then_some(of),
            after: (what == 25).then_some(of),
            origin: None,
            mentions: if on { vec![person] } else { Vec::new() },
            announce: None,
        }),
    }
}

/// One log as it is kept, and what is derived from it.
struct Kept {
    log: LogName,
    state: LogState,
    rows: BTreeMap<Mid, Row>,
    headers: Vec<Header>,
}

impl Kept {
    fn new(log: LogName) -> Self {
        Self { state: LogState::empty(&log), log, rows: BTreeMap::new(), headers: Vec::new() }
    }

    fn take(&mut self, event: &Event, mid: Mid, by: PrincipalId, new_epoch: bool) {
        let head = self.state.line().head();
        let (op, op_version) = entry::op_of(event);
        let n = self.state.ordinals().map_or(0, wardroom::domain::Ordinals::n);
        let epoch = if new_epoch || head == Position::ZERO { head.epoch + 10 } else { head.epoch };
        let header = Header {
            log: self.log.clone(),
            position: Position::new(epoch, head.seq + 1),
            n: entry::counts(op).then_some(n + 1),
            at: 1000 + head.seq,
            op: op.into(),
            op_version,
            optional: false,
            mid,
            by,
            submit: [7; 32],
            bumps: event.bumps(),
            head: None,
            was: None,
            facts: entry::facts(event).into(),
            key: 0,
            nonce: [0; 24],
            words_len: 0,
            words_hash: [0; 32],
            link: NO_LINK,
        };
        fold(&mut self.state, &mut self.rows, event, &header.meta());
        self.headers.push(header);
    }

    /// The log as it is kept: encoded, decoded, folded from nothing.
    fn again(&self) -> (LogState, BTreeMap<Mid, Row>) {
        let mut state = LogState::empty(&self.log);
        let mut rows = BTreeMap::new();
        for header in &self.headers {
            let record = Record { header: header.clone(), words: Words::None };
            let bytes = record::encode_header(&record.header);
            let decoded = record::decode_header(bytes.bytes()).unwrap();
            assert_eq!(&decoded, header);
            let event = entry::event(&decoded).unwrap().unwrap();
            fold(&mut state, &mut rows, &event, &decoded.meta());
        }
        (state, rows)
    }
}

fn fold(state: &mut LogState, rows: &mut BTreeMap<Mid, Row>, event: &Event, meta: &Meta) {
    let mut named = Rows::default();
    if let Some(target) = event.target() {
        named.insert(target, rows.get(&target).cloned());
    }
    state.apply(event, meta);
    state.settle(&named);
    rows.extend(reindex(event, meta, &named));
}

/// What a room's actor does, in miniature: dedupe, decide, order, apply, reindex.
struct Live {
    room: Kept,
    lane: Kept,
    /// The facts of held messages, as the lane's entries hold them.
    held: BTreeMap<Mid, message::Posted>,
}

impl Live {
    fn new() -> Self {
        let (room, lane) = ("cardiology", "cardiology/moderators");
        let mut live = Self {
            room: Kept::new(room.parse().unwrap()),
            lane: Kept::new(lane.parse().unwrap()),
            held: BTreeMap::new(),
        };
        let created = Event::RoomCreated(Founding::of(Class::Discussion));
        live.room.take(&created, mid(200), person(0), false);
        live
    }

    fn rows_for(&self, command: &Command) -> Rows {
        let mut rows = Rows::default();
        for mid in command.names() {
            rows.insert(mid, self.room.rows.get(&mid).cloned());
        }
        for mid in command.names_in_lane() {
            rows.insert_lane(mid, self.lane.rows.get(&mid).cloned());
        }
        for mid in command.names_further(&rows) {
            rows.insert(mid, self.room.rows.get(&mid).cloned());
        }
        rows
    }

    /// Does what was attempted, unless its mid is known or it is refused.
    fn attempt(&mut self, attempt: &Attempt) {
        let own = mid(attempt.mid);
        if self.room.rows.contains_key(&own) || self.lane.rows.contains_key(&own) {
            return;
        }
        let roles = attempt.moderator.then_some(Role::Moderator);
        let principal = Principal { id: person(attempt.who), roles: BTreeSet::from_iter(roles) };
        let mut command = command(attempt);
        if let Command::Moderation(moderation::Command::Release { of, held }) = &mut command {
            *held = self.held.get(of).cloned();
        }
        let rows = self.rows_for(&command);
        let before = self.room.state.clone();
        let decided = self.room.state.decide(&command, &principal, &rows, 5_000);
        assert_eq!(before, self.room.state, "decide changed something");
        if let Ok(acts) = decided {
            assert!(!acts.is_empty());
            self.write(acts, own, &principal.id, attempt.epoch);
        }
    }

    fn write(&mut self, acts: Vec<Act>, own: Mid, who: &PrincipalId, new_epoch: bool) {
        for (index, act) in acts.into_iter().enumerate() {
            let (mid, by) = match act.identity {
                Identified::Own => (own, who.clone()),
                Identified::Derived(of) => {
                    let mut bytes = *of.as_bytes();
                    bytes[3] ^= own.as_bytes()[9] | 0x80;
                    bytes[4] ^= u8::try_from(index).unwrap();
                    (Mid::derived(bytes), who.clone())
                }
                Identified::As { mid, by, .. } => (mid, by),
            };
            if let Event::Moderation(moderation::Event::Held(posted)) = &act.event {
                self.held.insert(mid, posted.clone());
            }
            let log =
                if act.lane == Some(Lane::Moderators) { &mut self.lane } else { &mut self.room };
            log.take(&act.event, mid, by, new_epoch);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn decide_never_changes_apply_never_fails_and_the_fold_is_the_state(attempts in attempts()) {
        let mut live = Live::new();
        for attempt in &attempts {
            live.attempt(attempt);
        }
        for kept in [&live.room, &live.lane] {
            let (state, rows) = kept.again();
            prop_assert_eq!(&state, &kept.state);
            prop_assert_eq!(&rows, &kept.rows);
        }
        // What every reader of the state may rely on.
        let LogState::Room(room) = &live.room.state else { unreachable!("a room") };
        let posted = live.room.rows.values().filter(|row| row.message().is_some()).count() as u64;
        let standing = room.topics.all.values().filter(|topic| topic.merged_into.is_none());
        prop_assert_eq!(standing.map(|topic| topic.messages).sum::<u64>(), posted);
        for leads in room.topics.aliases.values() {
            prop_assert!(!room.topics.aliases.contains_key(leads), "an alias of an alias");
        }
        for (pinned, _) in &room.pins {
            let row = &live.room.rows[pinned];
            let shown = row.message().is_some_and(|facts| facts.stand == Stand::Shown);
            prop_assert!(shown && !row.is_erased(), "what is not shown is not kept in sight");
        }
        // By the index and its filing, every message is found under its topic and no other.
        let mut found = BTreeMap::<u64, u32>::new();
        for topic in room.topics.all.iter().filter(|(_, facts)| facts.merged_into.is_none()) {
            let filing = room.topics.filing(topic.0);
            for row in live.room.rows.values().filter(|row| row.message().is_some()) {
                let seq = row.position.seq;
                let under = filing.under.contains(&row.topic.unwrap());
                if (under && !filing.except.contains(&seq)) || filing.also.contains_key(&seq) {
                    *found.entry(seq).or_default() += 1;
                }
            }
        }
        prop_assert_eq!(found.len() as u64, posted);
        prop_assert!(found.values().all(|times| *times == 1));
    }

    #[test]
    fn entries_that_a_store_has_already_change_no_row(
        attempts in attempts(),
        share in 0..=100_usize,
    ) {
        let mut live = Live::new();
        for attempt in &attempts {
            live.attempt(attempt);
        }
        for kept in [&live.room, &live.lane] {
            let (mut state, mut rows) = (LogState::empty(&kept.log), kept.rows.clone());
            for header in &kept.headers[kept.headers.len() * share / 100..] {
                fold(&mut state, &mut rows, &entry::event(header).unwrap().unwrap(), &header.meta());
            }
            prop_assert_eq!(&rows, &kept.rows);
        }
    }

    #[test]
    fn apply_takes_any_event_in_any_state(
        picks in proptest::collection::vec((0..WHATS, any::<u8>(), any::<u64>()), 0..60)
    ) {
        for log in ["cardiology", "cardiology/moderators", "@p1", "~directory", "~identity"] {
            let log: LogName = log.parse().unwrap();
            let mut state = LogState::empty(&log);
            for (index, (what, byte, seq)) in picks.iter().enumerate() {
                let event = any_event(*what, *byte, *seq);
                let meta = Meta {
                    position: Position::new(1, index as u64 + 1), n: None, at: *seq, mid: mid(*byte),
                    by: "p".parse().unwrap(), submit: [0; 32], bumps: vec!["access".into()],
                };
                state.apply(&event, &meta);
                prop_assert_eq!(state.line().head().seq, index as u64 + 1);
            }
        }
    }
}

fn any_event(what: u8, byte: u8, seq: u64) -> Event {
    let topic = TopicId::from_bytes([byte % 6; 16]);
    let into = TopicId::from_bytes([byte / 6 % 6; 16]);
    let about = message::About { of: mid(byte), seq, topic };
    let moved = topic::Moved { of: mid(byte), seq, filed: into };
    let somebody = person(byte);
    match what {
        0 => Event::RoomCreated(Founding::of(Class::Case)),
        1 => Event::RoomRegistered("r".parse().unwrap(), Founding::of(Class::Direct)),
        2 => Event::PrincipalRegistered { principal: "p".parse().unwrap() },
        3 => Event::Moderation(moderation::Event::Redacted(about)),
        4 => Event::Moderation(moderation::Event::Reported(about)),
        5 => Event::Moderation(moderation::Event::Hidden(about)),
        6 => Event::Moderation(moderation::Event::Released(about)),
        7 => {
            Event::Moderation(moderation::Event::Held(message::Posted::under(topic, Kind::Answer)))
        }
        8 => Event::Message(message::Event::Edited(about)),
        9 => Event::Message(message::Event::Retracted(about)),
        10 => Event::Message(message::Event::Pinned(about)),
        11 => Event::Message(message::Event::Unpinned(about)),
        12 => Event::Question(question::Event::Accepted { about, answer: mid(byte) }),
        13 => Event::Topic(topic::Event::Renamed { topic, alias: into }),
        14 => Event::Topic(topic::Event::Resolved { topic, resolved: true }),
        15 => Event::Topic(topic::Event::Moved { topic, messages: vec![moved] }),
        16 => Event::Topic(topic::Event::Merged { topic, into }),
        17 => Event::Member(member::Event::Invited(somebody, RoomRole::Owner)),
        18 => Event::Member(member::Event::Left(somebody)),
        19 => Event::Member(member::Event::Removed { person: somebody, ban: true }),
        20 => Event::Room(room::Event::Archived { archived: true }),
        _ => Event::Message(message::Event::Posted(message::Posted::under(topic, Kind::Question))),
    }
}
