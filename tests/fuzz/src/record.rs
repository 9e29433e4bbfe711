//! Records as stored, from a file that anything may have happened to.

use wardroom::log::record::{AROUND, Rest, View, decode_header, encode_header, put};

/// Header bytes: what decodes is encoded as the same bytes.
pub fn header_holds(bytes: &[u8]) {
    if let Ok(header) = decode_header(bytes) {
        assert_eq!(&encode_header(&header).bytes()[..], bytes);
    }
}

/// Record bytes: what reads lies at the front, and a record made of it is stored as it lay there.
pub fn record_holds(bytes: &[u8]) {
    let Ok(view) = View::read(bytes) else {
        return;
    };
    assert_eq!(view.bytes, &bytes[..view.bytes.len()]);
    assert_eq!(view.words, &view.bytes[view.words_at()..]);
    assert_eq!(encode_header(&view.header).link(), view.hash);
    let lawful = matches!(view.rest, Rest::None | Rest::Whole);
    assert_eq!(view.record(false).is_some(), lawful);
    for record in [view.record(false), view.record(true)].into_iter().flatten() {
        let mut stored = Vec::new();
        put(&mut stored, &record, &encode_header(&record.header));
        let again = View::read(&stored).expect("what was stored reads");
        assert_eq!((again.hash, stored.len()), (view.hash, view.bytes.len()));
        if lawful && again.rest == view.rest {
            assert_eq!(stored, view.bytes);
        }
    }
}

/// The same bytes as a header behind a right checksum: what a forger can make.
pub fn framed(header: &[u8]) -> Vec<u8> {
    let length = u32::try_from(header.len()).expect("a header of a few kilobytes");
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&blake3::hash(header).as_bytes()[..8]);
    bytes
}

/// A record, and what stands behind its length as a header, with and without its checksum.
pub fn record(bytes: &[u8]) {
    record_holds(bytes);
    if bytes.len() > AROUND {
        header_holds(&bytes[4..]);
        record_holds(&framed(&bytes[4..]));
    }
}
