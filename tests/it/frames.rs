//! Bytes from a socket, whole or in pieces, good or bad: the frame layer never panics, holds no more
//! than a message may have, and says the same however the bytes were cut.

use proptest::prelude::*;
use wardroom::gateway::{Inbound, Incoming};
use wardroom_protocol::code::CloseCode;

use crate::seeds::{mutated, seeds};

/// Largest message, bytes.
const LIMIT: usize = 1_024;
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
fn play<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
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
                return all;
            }
        }
        let held = inbound.held();
        assert!(held <= LIMIT as u64 + AROUND, "{held} bytes are held");
    }
    all
}

#[test]
fn every_seed_comes_to_what_it_is_for() {
    let breach = |code: CloseCode| vec![code.name()];
    let expected = [
        ("binary", vec!["binary of 3"]),
        ("close", vec!["close"]),
        ("close-with-a-reserved-code", breach(CloseCode::ProtocolError)),
        ("close-with-reason", vec!["close 1000"]),
        ("continuation-of-nothing", breach(CloseCode::ProtocolError)),
        ("cut-in-the-header", vec![]),
        ("cut-in-the-payload", vec![]),
        ("empty-text", vec!["text of 0"]),
        ("fragments", vec!["text of 5"]),
        ("fragments-past-the-limit", breach(CloseCode::FrameTooLarge)),
        ("http", breach(CloseCode::ProtocolError)),
        ("length-of-64-bits", breach(CloseCode::FrameTooLarge)),
        ("length-of-all-ones", breach(CloseCode::FrameTooLarge)),
        ("letter-over-two-fragments", vec!["text of 2"]),
        ("not-utf8", breach(CloseCode::NotUtf8)),
        ("one-past-the-limit", breach(CloseCode::FrameTooLarge)),
        ("ping-between-fragments", vec!["ping", "text of 5"]),
        ("ping-in-two-parts", breach(CloseCode::ProtocolError)),
        ("ping-too-long", breach(CloseCode::ProtocolError)),
        ("pings-and-pong", vec!["ping", "life", "ping"]),
        ("reserved-bit", breach(CloseCode::ProtocolError)),
        ("reserved-opcode", breach(CloseCode::ProtocolError)),
        ("text", vec!["text of 5"]),
        ("text-at-the-limit", vec!["text of 1024"]),
        ("text-within-fragments", breach(CloseCode::ProtocolError)),
        ("two-texts", vec!["text of 5", "text of 2"]),
        ("unmasked", breach(CloseCode::ProtocolError)),
    ];
    let seeds = seeds("frames");
    let names: Vec<_> = seeds.keys().map(String::as_str).collect();
    assert_eq!(names, expected.each_ref().map(|(name, _)| *name));
    for (name, outcome) in &expected {
        let seed = &seeds[*name];
        assert_eq!(play([&seed[..]].into_iter()), *outcome, "{name}");
        assert_eq!(play(seed.chunks(1)), *outcome, "{name}, byte by byte");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn however_the_bytes_are_cut_they_say_the_same(
        bytes in mutated("frames"),
        sizes in prop::collection::vec(1..300_usize, 1..40),
    ) {
        let mut rest = &bytes[..];
        let pieces = sizes.iter().cycle().map_while(|size| {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            rest = behind;
            (!piece.is_empty()).then_some(piece)
        });
        let cut: Vec<_> = pieces.collect();
        prop_assert_eq!(play(cut.into_iter()), play([&bytes[..]].into_iter()));
    }
}
