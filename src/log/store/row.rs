//! The bytes of an index row.
//!
//! ```text
//! 0 1 version 2 · 1 1 status (0 act, 1 standing, 2 erased) · 2 8 seq of the erasing entry, or 0
//! 10 8 epoch · 18 8 seq · 26 8 at · 34 32 submit · 66 1 has a topic · 67 16 topic, or zeros
//! 83 2 length + author · 1 what (0 act, 1 edit, 2 knock, 3 message)
//! messages: 1 kind · 1 stand · 1 question (0 open, 1 needs info, 2 answered) · 16 answer, or zeros
//!           1 announce (0 no, 1 yes, 2 with ack) · 8 its end, or 0 · 2 count of edits, each 16 + 8
//! last 8: first bytes of BLAKE3 of all before
//! ```
//!
//! Version 1 ends after the author. What was not an act is read as a plain message: no other entry
//! could name more of it when it was written.

use wardroom_protocol::ids::{Mid, TopicId};

use super::super::bytes_in::{Cut, Cutter};
use super::super::record::short;
use crate::domain::message::Announce;
use crate::domain::question::State;
use crate::domain::{Kind, MessageFacts, Row, Stand, Status, What};

const VERSION: u8 = 2;

const KINDS: [Kind; 4] = [Kind::Message, Kind::Question, Kind::Answer, Kind::Announcement];
const STANDS: [Stand; 6] =
    [Stand::Shown, Stand::Retracted, Stand::Hidden, Stand::Held, Stand::Released, Stand::Declined];

/// Encodes a row.
pub(in crate::log) fn encode(row: &Row) -> Vec<u8> {
    let (status, by_seq) = match row.status {
        Status::Act => (0, 0),
        Status::Standing => (1, 0),
        Status::Erased(seq) => (2, seq),
    };
    let mut out = Vec::with_capacity(160);
    out.push(VERSION);
    out.push(status);
    out.extend_from_slice(&by_seq.to_le_bytes());
    out.extend_from_slice(&row.position.epoch.to_le_bytes());
    out.extend_from_slice(&row.position.seq.to_le_bytes());
    out.extend_from_slice(&row.at.to_le_bytes());
    out.extend_from_slice(&row.submit);
    out.push(u8::from(row.topic.is_some()));
    out.extend_from_slice(&row.topic.map_or([0; 16], |topic| *topic.as_bytes()));
    let by = row.by.as_str().as_bytes();
    let len = u16::try_from(by.len()).expect("a principal's id is short");
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(by);
    match &row.what {
        What::Act => out.push(0),
        What::Edit => out.push(1),
        What::Knock => out.push(2),
        What::Message(facts) => {
            out.push(3);
            encode_message(facts, &mut out);
        }
    }
    let sum = short(blake3::hash(&out).as_bytes());
    out.extend_from_slice(&sum);
    out
}

fn encode_message(facts: &MessageFacts, out: &mut Vec<u8>) {
    let place = |found: Option<usize>| u8::try_from(found.unwrap_or(0)).unwrap_or(0);
    out.push(place(KINDS.iter().position(|kind| *kind == facts.kind)));
    out.push(place(STANDS.iter().position(|stand| *stand == facts.stand)));
    let (question, answer) = match facts.question {
        State::Open => (0, [0; 16]),
        State::NeedsInfo => (1, [0; 16]),
        State::Answered(mid) => (2, *mid.as_bytes()),
    };
    out.push(question);
    out.extend_from_slice(&answer);
    out.push(facts.announce.map_or(0, |announce| 1 + u8::from(announce.ack)));
    let until = facts.announce.and_then(|announce| announce.until).unwrap_or(0);
    out.extend_from_slice(&until.to_le_bytes());
    let edits = u16::try_from(facts.edits.len()).expect("a message has few edits");
    out.extend_from_slice(&edits.to_le_bytes());
    for (mid, seq) in &facts.edits {
        out.extend_from_slice(mid.as_bytes());
        out.extend_from_slice(&seq.to_le_bytes());
    }
}

/// Decodes a row; `None` if the bytes are damaged.
pub(in crate::log) fn decode(bytes: &[u8]) -> Option<Row> {
    let (body, sum) = bytes.split_last_chunk::<8>()?;
    if short(blake3::hash(body).as_bytes()) != *sum {
        return None;
    }
    parse(body).ok().flatten()
}

fn parse(body: &[u8]) -> Result<Option<Row>, Cut> {
    let mut cut = Cutter::new(body);
    let version = cut.u8()?;
    let status = cut.u8()?;
    let by_seq = cut.u64()?;
    let status = match status {
        0 => Status::Act,
        1 => Status::Standing,
        2 => Status::Erased(by_seq),
        _ => return Ok(None),
    };
    let position = cut.position()?;
    let at = cut.u64()?;
    let submit = cut.array()?;
    let has_topic = cut.u8()? == 1;
    let topic = TopicId::from_bytes(cut.array()?);
    let Some(Ok(by)) = cut.text()?.map(str::parse) else {
        return Ok(None);
    };
    let what = match version {
        1 if status == Status::Act => What::Act,
        1 => What::Message(Box::new(plain_message())),
        VERSION => match cut.u8()? {
            0 => What::Act,
            1 => What::Edit,
            2 => What::Knock,
            3 => match parse_message(&mut cut)? {
                Some(facts) => What::Message(Box::new(facts)),
                None => return Ok(None),
            },
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let topic = has_topic.then_some(topic);
    Ok(cut.is_done().then_some(Row { position, at, by, submit, topic, status, what }))
}

fn plain_message() -> MessageFacts {
    MessageFacts {
        kind: Kind::Message,
        stand: Stand::Shown,
        question: State::Open,
        announce: None,
        edits: Vec::new(),
    }
}

fn parse_message(cut: &mut Cutter<'_>) -> Result<Option<MessageFacts>, Cut> {
    let kind = KINDS.get(usize::from(cut.u8()?)).copied();
    let stand = STANDS.get(usize::from(cut.u8()?)).copied();
    let question = cut.u8()?;
    let answer = Mid::from_bytes(cut.array()?).ok();
    let question = match (question, answer) {
        (0, None) => Some(State::Open),
        (1, None) => Some(State::NeedsInfo),
        (2, Some(answer)) => Some(State::Answered(answer)),
        _ => None,
    };
    let announce = cut.u8()?;
    let until = Some(cut.u64()?).filter(|until| *until > 0);
    let announce = (announce > 0).then_some(Announce { ack: announce == 2, until });
    let mut edits = Vec::new();
    for _ in 0..cut.u16()? {
        let Ok(mid) = Mid::from_bytes(cut.array()?) else {
            return Ok(None);
        };
        edits.push((mid, cut.u64()?));
    }
    let (Some(kind), Some(stand), Some(question)) = (kind, stand, question) else {
        return Ok(None);
    };
    Ok(Some(MessageFacts { kind, stand, question, announce, edits }))
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::ids::Position;

    use super::*;

    fn row(status: Status, what: What) -> Row {
        Row {
            position: Position::new(7, 8),
            at: 9,
            by: "p".parse().expect("an id"),
            submit: [3; 32],
            topic: Some(TopicId::from_bytes([4; 16])),
            status,
            what,
        }
    }

    #[test]
    fn a_row_comes_back() {
        let mid = |byte| Mid::from_bytes([byte; 16]).expect("not nil");
        let full = MessageFacts {
            kind: Kind::Announcement,
            stand: Stand::Declined,
            question: State::Answered(mid(5)),
            announce: Some(Announce { ack: true, until: Some(77) }),
            edits: vec![(mid(1), 2), (mid(3), 4)],
        };
        for what in [
            What::Act,
            What::Edit,
            What::Knock,
            What::Message(Box::new(plain_message())),
            What::Message(Box::new(full)),
        ] {
            for status in [Status::Act, Status::Standing, Status::Erased(99)] {
                let row = row(status, what.clone());
                assert_eq!(decode(&encode(&row)), Some(row));
            }
        }
    }

    #[test]
    fn a_row_of_version_1_reads_as_a_plain_message() {
        let row = row(Status::Standing, What::Message(Box::new(plain_message())));
        let mut bytes = encode(&row);
        bytes.truncate(85 + row.by.as_str().len());
        bytes[0] = 1;
        let sum = short(blake3::hash(&bytes).as_bytes());
        bytes.extend_from_slice(&sum);
        assert_eq!(decode(&bytes), Some(row));
    }
}
