//! What a client's socket may carry.

use wardroom::gateway::{Inbound, Incoming};

/// Largest message, bytes.
pub const LIMIT: usize = 1_024;
/// The longest header, and a whole control frame between two parts of a message.
const AROUND: u64 = 14 + 6 + 125;

/// What came of some bytes, in words that two runs can be compared by.
fn told(incoming: &Incoming) -> String {
    match incoming {
        Incoming::Text(text) => format!("text of {}", text.len()),
        Incoming::Binary(bytes) => format!("binary of {}", bytes.len()),
        Incoming::Ping(_) => "ping".to_owned(),
        Incoming::Life => "life".to_owned(),
        // The answer's own bytes: two of header, then the code, if it has one.
        Incoming::Close(answer) => match answer.get(2..4) {
            Some(code) => format!("close {}", u16::from_be_bytes([code[0], code[1]])),
            None => "close".to_owned(),
        },
        Incoming::Breach(code) => code.name().to_owned(),
    }
}

/// Feeds the bytes in these pieces, takes all there is after each, and stops where a connection does.
pub fn play<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut inbound = Inbound::new(LIMIT);
    let mut all = Vec::new();
    for piece in pieces {
        inbound.feed(piece);
        while let Some(incoming) = inbound.take() {
            if let Incoming::Text(text) = &incoming {
                assert!(text.len() <= LIMIT, "a message of {} bytes", text.len());
            }
            if let Incoming::Binary(bytes) = &incoming {
                assert!(bytes.len() <= LIMIT, "a message of {} bytes", bytes.len());
            }
            all.push(told(&incoming));
            if matches!(incoming, Incoming::Close(_) | Incoming::Breach(_)) {
                inbound.feed(piece);
                assert!(inbound.take().is_none(), "something comes after the end");
                assert_eq!(inbound.held(), 0, "something is kept after the end");
                return all;
            }
        }
        let held = inbound.held();
        assert!(held <= LIMIT as u64 + AROUND, "{held} bytes are held");
    }
    all
}

/// The same comes of them, whole or byte by byte.
pub fn frames(bytes: &[u8]) {
    assert_eq!(play([bytes].into_iter()), play(bytes.chunks(1)));
}
