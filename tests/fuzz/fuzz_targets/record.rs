//! Feeds [`wardroom_fuzz::record`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wardroom_fuzz::record::record(bytes);
});
