//! Records, the domain's events inside them, and the bytes that readers get.
//!
//! A record is header ‖ sealed words. The header holds the position, the facts and the hash of the
//! sealed words; the chain covers headers only, so words can be overwritten in place and everything
//! still verifies (K2, K3). Wire bytes are a pure function of the record.

mod codec;
mod record;
mod render;

pub use codec::{
    Unreadable, announce_of, class_of, class_out, counts, event, event_of, facts, join_of,
    join_out, kind_of, op_of, posting_of, posting_out, reaction_of, role_of, role_out,
};
pub use record::{Header, NO_LINK, Outline, RECORD_VERSION, Record, Words};
pub use render::{ERASED_END, Shown, bare_len, open_words, render, render_record, render_sealed};
