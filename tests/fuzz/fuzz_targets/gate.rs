//! Feeds [`wardroom_fuzz::gate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wardroom_fuzz::gate::gate(bytes);
});
