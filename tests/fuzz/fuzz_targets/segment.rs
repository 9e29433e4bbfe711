//! Feeds [`wardroom_fuzz::segment`] with what may have become of the seed `whole`.
#![no_main]

use std::sync::LazyLock;

use wardroom::entry::Record;
use wardroom_fuzz::segment::{open_segment, segment};

static WRITTEN: LazyLock<Vec<Record>> = LazyLock::new(|| {
    let whole = include_bytes!("../../corpora/segment/whole");
    let dir = tempfile::tempdir().expect("a folder");
    open_segment(dir.path(), whole).expect("the seed opens")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let dir = tempfile::tempdir().expect("a folder");
    segment(dir.path(), &WRITTEN, bytes);
});
