//! Which log and which place a raw entry frame names, without parsing the rest of it.
//!
//! The wire's field order is frozen (room, epoch, seq, …), so a scan of the first bytes is enough.
//! Every delivery goes through here; only the first copy of an entry is parsed as JSON.

use wardroom_protocol::ids::Position;

/// The head of an entry frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// The log's name.
    pub room: &'a str,
    /// The place.
    pub position: Position,
}

/// The head, if this is an entry frame in the frozen field order; `None` for replies, notices and
/// signals.
#[must_use]
pub fn head(frame: &str) -> Option<Head<'_>> {
    let rest = frame.strip_prefix(r#"{"room":""#)?;
    let (room, rest) = rest.split_once('"')?;
    let (epoch, rest) = number(rest.strip_prefix(r#","epoch":"#)?)?;
    let (seq, rest) = number(rest.strip_prefix(r#","seq":"#)?)?;
    rest.starts_with(',').then_some(Head { room, position: Position::new(epoch, seq) })
}

fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_shows_its_place_and_nothing_else_does() {
        let entry = r#"{"room":"cardiology","epoch":17,"seq":42,"n":41,"at":1,"by":{"id":"a"}}"#;
        let found = head(entry).expect("an entry");
        assert_eq!((found.room, found.position), ("cardiology", Position::new(17, 42)));
        for other in [
            r#"{"id":7,"ok":{}}"#,
            r#"{"op":"ping","d":{"now":1}}"#,
            r#"{"room":"cardiology","op":"typing","by":{"id":"a"},"d":{}}"#,
            r#"{"room":"cardiology","epoch":,"seq":1,"#,
            r#"{"room":"cardiology","epoch":1,"seq":99999999999999999999,"#,
            "",
        ] {
            assert_eq!(head(other), None, "{other}");
        }
    }
}
