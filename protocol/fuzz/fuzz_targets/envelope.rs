//! Feeds [`wardroom_protocol_fuzz::envelope`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wardroom_protocol_fuzz::envelope(bytes);
});
