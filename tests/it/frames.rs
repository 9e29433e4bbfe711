//! Bytes from a socket, whole or in pieces, good or bad: the frame layer never panics, holds no more
//! than a message may have, and says the same however the bytes were cut.

#[expect(unreachable_pub, reason = "their other user is the fuzz crate, where these are public")]
#[path = "../fuzz/src/frames.rs"]
mod checks;
#[expect(unreachable_pub, reason = "its other user is the fuzz crate, where this is public")]
#[path = "../fuzz/src/gate.rs"]
mod gate;

use proptest::prelude::*;
use wardroom_protocol::code::CloseCode;

use crate::seeds::{mutated, seeds};
use crate::world::masked;
use checks::play;

/// Bytes in pieces of these sizes, again and again.
fn cut<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> impl Iterator<Item = &'a [u8]> {
    sizes.iter().cycle().map_while(move |size| {
        let (piece, behind) = bytes.split_at((*size).min(bytes.len()));
        bytes = behind;
        (!piece.is_empty()).then_some(piece)
    })
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
        ("empty-first-fragment", vec!["text of 5"]),
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
        ("text-within-an-empty-fragment", breach(CloseCode::ProtocolError)),
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
        checks::frames(seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn however_the_bytes_are_cut_they_say_the_same(
        bytes in mutated("frames"),
        sizes in prop::collection::vec(1..300_usize, 1..40),
    ) {
        prop_assert_eq!(play(cut(&bytes, &sizes)), play([&bytes[..]].into_iter()));
    }

    #[test]
    fn a_message_is_whole_however_it_was_divided(
        fragments in prop::collection::vec((prop_oneof![Just(0), 0..200_usize], any::<bool>()), 1..6),
        sizes in prop::collection::vec(1..300_usize, 1..40),
    ) {
        let (mut bytes, mut expected, mut total) = (Vec::new(), Vec::new(), 0);
        for (number, (length, after_a_ping)) in fragments.iter().enumerate() {
            if *after_a_ping {
                bytes.extend(masked(0x89, b""));
                expected.push("ping".to_owned());
            }
            let opcode = u8::from(number == 0);
            let last = if number + 1 == fragments.len() { 0x80 } else { 0 };
            bytes.extend(masked(last | opcode, &b"x".repeat(*length)));
            total += length;
        }
        expected.push(format!("text of {total}"));
        prop_assert_eq!(play(cut(&bytes, &sizes)), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whole_frames_leave_the_gate_in_order(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        gate::gate(&bytes);
    }
}
