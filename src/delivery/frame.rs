//! Server frames of RFC 6455. They are unmasked, so one rendered frame serves every reader.

use bytes::{BufMut, Bytes, BytesMut};
use wardroom_protocol::code::CloseCode;

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// A whole text message in one frame.
#[must_use]
pub fn text(payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    put_header(&mut frame, TEXT, payload.len());
    frame.put_slice(payload);
    frame.freeze()
}

/// Bytes kept free for a header whose length is not known yet: that of a frame of 126 to 65,535
/// bytes, which entries are.
const GUESS: usize = 4;

/// Begins a text frame behind what `out` holds; [`end`] makes it whole.
#[must_use]
pub fn begin(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; GUESS]);
    out.len()
}

/// Ends the frame whose payload began at `payload`.
pub fn end(out: &mut Vec<u8>, payload: usize) {
    let mut header = [0; 10];
    let length = put_header(&mut &mut header[..], TEXT, out.len() - payload);
    out.splice(payload - GUESS..payload, header[..length].iter().copied());
}

/// A close frame; the reason is the code's stable name.
#[must_use]
pub fn close(code: CloseCode) -> Bytes {
    let reason = code.name().as_bytes();
    let mut frame = BytesMut::with_capacity(reason.len() + 4);
    put_header(&mut frame, CLOSE, reason.len() + 2);
    frame.put_u16(code.number());
    frame.put_slice(reason);
    frame.freeze()
}

/// The payload of a frame made here.
#[must_use]
pub fn payload(frame: &Bytes) -> Bytes {
    let header = match frame.get(1).map_or(0, |length| length & 0x7f) {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    frame.slice(header.min(frame.len())..)
}

/// Puts a header and says how long it is.
fn put_header(frame: &mut impl BufMut, first: u8, length: usize) -> usize {
    frame.put_u8(first);
    if let Ok(short) = u8::try_from(length)
        && short < 126
    {
        frame.put_u8(short);
        2
    } else if let Ok(medium) = u16::try_from(length) {
        frame.put_u8(126);
        frame.put_u16(medium);
        4
    } else {
        frame.put_u8(127);
        frame.put_u64(length as u64);
        10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_at_their_borders() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let body = vec![b'x'; length];
            let frame = text(&body);
            assert_eq!(frame[0], 0x81);
            assert_eq!(payload(&frame), body, "{length}");
            let mut behind = b"before".to_vec();
            let began = begin(&mut behind);
            behind.extend_from_slice(&body);
            end(&mut behind, began);
            assert_eq!(behind, [b"before", &frame[..]].concat(), "{length}");
            let header = frame.len() - length;
            assert_eq!(
                header,
                if length < 126 {
                    2
                } else if length < 65_536 {
                    4
                } else {
                    10
                }
            );
        }
        assert_eq!(close(CloseCode::Drain), Bytes::from_static(b"\x88\x07\x0f\xa0drain"));
    }
}
