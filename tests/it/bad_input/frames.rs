//! Bad input below the messages.

use super::case::Case;
use crate::world::masked;

pub(super) fn cases() -> Vec<Case> {
    let frames = Case::frames;
    let half = 32 * 1024;
    vec![
        frames("frame-unmasked", vec![0x81, 0x02, b'{', b'}']),
        frames("frame-reserved-bit", masked(0xc1, b"")),
        frames("frame-reserved-opcode", masked(0x83, b"")),
        frames("frame-reserved-control", masked(0x8b, b"")),
        frames("ping-long", masked(0x89, &[0; 126])),
        frames("ping-in-pieces", masked(0x09, b"")),
        frames("continuation-of-nothing", masked(0x80, b"{}")),
        frames("text-within-a-text", [masked(0x01, b"{"), masked(0x81, b"{}")].concat()),
        frames("close-of-one-byte", masked(0x88, &[3])),
        frames("close-with-reserved-code", masked(0x88, &1005_u16.to_be_bytes())),
        frames("text-not-utf8", masked(0x81, &[0xc3, 0x28])),
        frames("text-cut-in-a-letter", masked(0x81, &[b'"', 0xe2, 0x82])),
        frames("binary", masked(0x82, b"{}")),
        frames("frame-too-large", masked(0x81, &vec![b' '; 2 * half + 1])),
        frames(
            "pieces-too-large",
            [masked(0x01, &vec![b' '; half]), masked(0x80, &vec![b' '; half + 1])].concat(),
        ),
        frames("length-of-a-terabyte", vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        frames("length-above-63-bits", [&[0x81, 0xff][..], &[0xff; 8], &[0; 4]].concat()),
        Case::test("silence", "limits", "who_is_silent_is_pinged_then_gone_and_who_answers_stays"),
        Case::test(
            "not-reading",
            "limits",
            "a_write_that_is_blocked_for_too_long_ends_the_connection",
        ),
    ]
}
