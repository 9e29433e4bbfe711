//! Promise 7: decide never changes, apply never fails; folding the log gives the live state.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wardroom::domain::access::{Principal, Role};
use wardroom::domain::{Class, Command, Event, Kind, LogState, Meta, Row, Rows, reindex};
use wardroom::entry::{self, Header, NO_LINK, Record, Words};
use wardroom::log::record;
use wardroom_protocol::ids::{LogName, Mid, Position, TopicId};

/// One attempt: who, what, about which earlier mids.
#[derive(Clone, Debug)]
struct Attempt {
    who: u8,
    moderator: bool,
    mid: u8,
    what: u8,
    of: u8,
    topic: u8,
    epoch: bool,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let one = (0..4_u8, any::<bool>(), any::<u8>(), 0..5_u8, any::<u8>(), 0..6_u8, any::<u8>());
    let one = one.prop_map(|(who, moderator, mid, what, of, topic, epoch)| Attempt {
        who,
        moderator,
        mid: mid % 64,
        what,
        of: of % 64,
        topic,
        epoch: epoch < 8,
    });
    proptest::collection::vec(one, 1..120)
}

fn mid(number: u8) -> Mid {
    Mid::derived([number.wrapping_add(1); 16])
}

fn command(attempt: &Attempt) -> Command {
    let of = mid(attempt.of);
    match attempt.what {
        0 => Command::Redact { of },
        1 => Command::Report { of },
        what => Command::Post {
            topic: TopicId::from_bytes([attempt.topic; 16]),
            kind: [Kind::Message, Kind::Question, Kind::Answer, Kind::Announcement]
                [usize::from(attempt.topic) % 4],
            reply_to: (what == 2).then_some(of),
            after: (what == 3).then_some(of),
            origin: None,
        },
    }
}

/// What a room's actor does, in miniature: dedupe, decide, order, apply, reindex.
struct Live {
    log: LogName,
    state: LogState,
    rows: BTreeMap<Mid, Row>,
    headers: Vec<Header>,
}

impl Live {
    fn new() -> Self {
        let log: LogName = "cardiology".parse().unwrap();
        let mut live =
            Self { state: LogState::empty(&log), log, rows: BTreeMap::new(), headers: Vec::new() };
        let created = Event::RoomCreated { class: Class::Discussion, specialty: None };
        live.take(&created, mid(200), 0, false);
        live
    }

    fn rows_for(&self, mids: &[Mid]) -> Rows {
        let mut rows = Rows::default();
        for mid in mids {
            rows.insert(*mid, self.rows.get(mid).cloned());
        }
        rows
    }

    fn take(&mut self, event: &Event, mid: Mid, who: u8, new_epoch: bool) {
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
            by: format!("p{who}").parse().unwrap(),
            submit: [who; 32],
            bumps: Vec::new(),
            head: None,
            was: None,
            facts: entry::facts(event).into(),
            key: 0,
            nonce: [0; 24],
            words_len: 0,
            words_hash: [0; 32],
            link: NO_LINK,
        };
        let meta = header.meta();
        fold(&mut self.state, &mut self.rows, event, &meta);
        self.headers.push(header);
    }
}

fn fold(state: &mut LogState, rows: &mut BTreeMap<Mid, Row>, event: &Event, meta: &Meta) {
    state.apply(event, meta);
    let mut named = Rows::default();
    if let Some(target) = event.target() {
        named.insert(target, rows.get(&target).cloned());
    }
    rows.extend(reindex(event, meta, &named));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn decide_never_changes_apply_never_fails_and_the_fold_is_the_state(attempts in attempts()) {
        let mut live = Live::new();
        for attempt in &attempts {
            let own = mid(attempt.mid);
            if live.rows.contains_key(&own) {
                continue;
            }
            let roles = attempt.moderator.then_some(Role::Moderator);
            let principal = Principal {
                id: format!("p{}", attempt.who).parse().unwrap(),
                roles: BTreeSet::from_iter(roles),
            };
            let command = command(attempt);
            let rows = live.rows_for(&command.names());
            let before = live.state.clone();
            let decided = live.state.decide(&command, &principal, &rows);
            prop_assert_eq!(&before, &live.state, "decide changed something");
            // A report is the lane's entry; the room itself takes nothing in.
            if let (Ok(event), None) = (decided, command.lane()) {
                live.take(&event, own, attempt.who, attempt.epoch);
            }
        }
        // The log as it is kept: encoded, decoded, folded from nothing.
        let mut state = LogState::empty(&live.log);
        let mut rows = BTreeMap::new();
        for header in &live.headers {
            let record = Record { header: header.clone(), words: Words::None };
            let bytes = record::encode_header(&record.header);
            let decoded = record::decode_header(bytes.bytes()).unwrap();
            prop_assert_eq!(&decoded, header);
            let event = entry::event(&decoded).unwrap().unwrap();
            fold(&mut state, &mut rows, &event, &decoded.meta());
        }
        prop_assert_eq!(&state, &live.state);
        prop_assert_eq!(&rows, &live.rows);
    }

    #[test]
    fn apply_takes_any_event_in_any_state(picks in proptest::collection::vec((0..6_u8, any::<u8>(), any::<u64>()), 0..60)) {
        for log in ["cardiology", "cardiology/moderators", "~directory", "~identity"] {
            let log: LogName = log.parse().unwrap();
            let mut state = LogState::empty(&log);
            for (index, (what, byte, seq)) in picks.iter().enumerate() {
                let (of, topic) = (mid(*byte), TopicId::from_bytes([*byte; 16]));
                let event = match what {
                    0 => Event::RoomCreated { class: Class::Case, specialty: None },
                    1 => Event::MessagePosted { topic, kind: Kind::Message, reply_to: Some(of), origin: None },
                    2 => Event::MessageRedacted { of, seq: *seq, topic },
                    3 => Event::MessageReported { of, seq: *seq, topic },
                    4 => Event::PrincipalRegistered { principal: "p".parse().unwrap() },
                    _ => Event::RoomRegistered { room: "r".parse().unwrap(), class: Class::Direct, specialty: None },
                };
                let meta = Meta {
                    position: Position::new(1, index as u64 + 1), n: None, at: *seq, mid: of,
                    by: "p".parse().unwrap(), submit: [0; 32], bumps: vec!["access".into()],
                };
                state.apply(&event, &meta);
                prop_assert_eq!(state.line().head().seq, index as u64 + 1);
            }
        }
    }
}
