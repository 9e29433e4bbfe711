//! The journal: the first and authoritative copy of every log, in segments of fixed size.
//!
//! It owns the files below `journal/`. It never touches the store and knows nothing of rooms. The
//! journal thread writes through [`Writer`]; readers and the store's rebuild find records through
//! the [`Catalog`]; recovery, verify and scrub look at whole segments through [`scan`].
//!
//! ```text
//! segment file NNNNNNNN.seg (integers little-endian; `sum` = first 8 bytes of BLAKE3)
//!   0   64            segment header: 0 8 "WRDRMSEG", 8 4 version 1, 12 4 number, 16 16 journal id,
//!                     32 8 size of the file, 40 16 zero, 56 8 sum of bytes 0..56
//!   64  …             groups, back to back
//!   …                 zeros; in a closed segment: the footer, right behind the last group
//!   size-64  64       closed segments: the trailer (see `footer`)
//!
//! group
//!   0   4  "WGRP"            4   4  bytes of body
//!   8   8  number            16  4  count of records
//!   20  4  further numbers it stands for (0, or more in a group that recovery put in place of several)
//!   24  8  sum of: bytes 0..24, then the 8-byte checksum of each record in order
//!   32  …  body: records (see `log::record`) sorted by log and seq, then zeros up to its length
//! ```
//!
//! The group's sum covers headers, through their checksums, and not words: those have their own
//! hash in the header and can be overwritten with zeros in place. Sorting makes a group a function
//! of its records, so a damaged one can be put together again from the store.
//!
//! Groups are numbered 1, 2, 3 … through all segments. One group is one write and one sync. Files
//! are filled with zeros and synced before their first use, so that sync touches no metadata. What
//! follows the last good group is the torn end of a write that was never acknowledged, unless a good
//! group comes after it, or the store already holds its number: then it is damage.

mod catalog;
mod erasures;
mod footer;
mod group;
mod scan;
mod segment;
mod spare;
mod writer;

pub(super) use catalog::{Catalog, Place, places_of};
pub(super) use erasures::Copying;
pub(super) use footer::{Footer, Places, TRAILER, size as footer_size, write_footer};
pub(super) use group::{GROUP_HEADER, Stored, encode as encode_group};
pub(super) use scan::{GroupAt, Scan, salvage, scan};
pub(super) use segment::{
    SEGMENT_HEADER, Segment, SegmentHeader, SegmentName, list, open_segment, read_all, zero,
};
pub(super) use spare::{Spares, prepare};
pub(super) use writer::{Item, Start, Writer, erase_at};
