//! Feeds [`wardroom_fuzz::frames`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wardroom_fuzz::frames::frames(bytes);
});
