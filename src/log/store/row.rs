//! The bytes of an index row.
//!
//! ```text
//! 0 1 version 1 · 1 1 status (0 act, 1 standing, 2 erased) · 2 8 seq of the erasing entry, or 0
//! 10 8 epoch · 18 8 seq · 26 8 at · 34 32 submit · 66 1 has a topic · 67 16 topic, or zeros
//! 83 2 length + author · last 8: first bytes of BLAKE3 of all before
//! ```

use wardroom_protocol::ids::TopicId;

use super::super::bytes_in::{Cut, Cutter};
use super::super::record::short;
use crate::domain::{Row, Status};

const VERSION: u8 = 1;

/// Encodes a row.
pub(in crate::log) fn encode(row: &Row) -> Vec<u8> {
    let (status, by_seq) = match row.status {
        Status::Act => (0, 0),
        Status::Standing => (1, 0),
        Status::Erased(seq) => (2, seq),
    };
    let mut out = Vec::with_capacity(128);
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
    let sum = short(blake3::hash(&out).as_bytes());
    out.extend_from_slice(&sum);
    out
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
    if cut.u8()? != VERSION {
        return Ok(None);
    }
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
    Ok(cut.is_done().then_some(Row {
        position,
        at,
        by,
        submit,
        topic: has_topic.then_some(topic),
        status,
    }))
}
