//! Feeds [`wardroom_protocol_fuzz::server_frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wardroom_protocol_fuzz::server_frame(bytes);
});
