//! Words as JSON, where they hold a long text: the same bytes that serde makes of their type in `protocol`
//! (a test holds both against each other). serde looks at every byte of a text by itself, which was a
//! tenth of what a post cost; here a block of them is looked at together.

use wardroom_protocol::identity::Profile;

use super::json;

/// Bytes looked at together for one that JSON escapes.
const BLOCK: usize = 32;

/// An object being written, whose first field is the card of whoever acts.
pub(super) struct Words(Vec<u8>);

impl Words {
    /// `length` is about how many bytes of text will come.
    pub(super) fn by(card: &Profile, length: usize) -> Self {
        let card = json(card);
        let mut out = Vec::with_capacity(card.len() + length + 96);
        out.extend_from_slice(br#"{"card":"#);
        out.extend_from_slice(&card);
        Self(out)
    }

    /// A field that is a text. Its name needs no escapes.
    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        put_text(&mut self.0, text);
        self
    }

    /// A field that is a list of texts, left out if there are none.
    pub(super) fn texts(mut self, name: &str, texts: &[String]) -> Self {
        if texts.is_empty() {
            return self;
        }
        self.name(name);
        for (at, text) in texts.iter().enumerate() {
            self.0.push(if at == 0 { b'[' } else { b',' });
            put_text(&mut self.0, text);
        }
        self.0.push(b']');
        self
    }

    /// The whole object.
    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.push(b'"');
    loop {
        let (plain, behind) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((special, behind)) = behind.split_first() else {
            break;
        };
        put_escaped(out, *special);
        rest = behind;
    }
    out.push(b'"');
}

fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// How many bytes stand before the first that JSON escapes.
fn plain_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    for block in bytes.chunks(BLOCK) {
        // Without a way out, so that the compiler looks at all of them at once.
        if block.iter().fold(false, |found, byte| found | is_special(*byte)) {
            return at + block.iter().take_while(|byte| !is_special(**byte)).count();
        }
        at += block.len();
    }
    at
}

/// The shortest form that RFC 8259, section 7, has for it.
fn put_escaped(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', DIGITS[high], DIGITS[low]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wardroom_protocol::message::{EditedWords, PostedWords};

    use super::*;

    #[test]
    fn each_character_is_written_as_serde_writes_it() {
        for character in (0..=0x7f_u8).map(char::from).chain(['\u{80}', 'é', '\u{2028}', '𝄞']) {
            // At each place of a block and across its end.
            for before in 0..=BLOCK {
                let text = format!("{}{character}{character}.", "a".repeat(before));
                let mut ours = Vec::new();
                put_text(&mut ours, &text);
                assert_eq!(ours, json(&text), "{character:?} after {before}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_what_serde_makes_of_them(
            name: String,
            org: Option<String>,
            topic: String,
            body: String,
            tags in prop::collection::vec(any::<String>(), 0..3),
        ) {
            let card = Profile { name, org, ..Profile::default() };
            let posted = Words::by(&card, body.len());
            let posted = posted.text("topic", &topic).text("body", &body).texts("tags", &tags);
            let edited = Words::by(&card, 0).text("body", &body).texts("tags", &tags);
            let words = PostedWords { card, topic, body, tags };
            prop_assert_eq!(posted.end(), json(&words));
            let PostedWords { card, body, tags, .. } = words;
            prop_assert_eq!(edited.end(), json(&EditedWords { card, body, tags }));
        }
    }
}
