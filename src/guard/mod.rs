//! Screening of words, before anything else sees them. Pure: text in, verdict out.
//!
//! [`Screened`] is the only thing a room takes, and [`screen`] is the only maker of it: every text
//! of a command is looked at, or the command does not get in. This first guard knows sizes, control
//! characters and names; it changes nothing that people wrote.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

/// What a text is, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One line that names something: at most this many characters, no line breaks, not blank.
    Name(usize),
    /// Text of several lines: at most this many bytes, not blank.
    Text(usize),
    /// Text of several lines: at most this many characters, not blank.
    Note(usize),
}

/// Why a text was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing in it but white space.
    Blank,
    /// Longer than the limit given.
    TooLong(usize),
    /// Holds a control character (in a name: also a line break or tab).
    Control,
}

/// A refusal: which field, and why. Holds nothing of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// JSON pointer to the field.
    pub field: &'static str,
    /// Why.
    pub reason: Reason,
}

/// Something whose texts can be shown to the guard, each with its field and rule.
pub trait Worded {
    /// Shows every text. One that is not shown is not screened.
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str));
}

/// Proof that the guard has seen every text of the value.
#[derive(Clone, Debug)]
pub struct Screened<T>(T);

impl<T> Screened<T> {
    /// The value.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The value, its proof spent.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Turns the value into another form of the same words; none may be added.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Screened<U> {
        Screened(form(self.0))
    }
}

/// Screens a value: all its texts pass, or the first that does not is named.
pub fn screen<T: Worded>(value: T) -> Result<Screened<T>, Finding> {
    let mut finding = None;
    value.words(&mut |field, rule, text| {
        if finding.is_none()
            && let Err(reason) = check(rule, text)
        {
            finding = Some(Finding { field, reason });
        }
    });
    finding.map_or(Ok(Screened(value)), Err)
}

fn check(rule: Rule, text: &str) -> Result<(), Reason> {
    match rule {
        Rule::Name(longest) => {
            if text.chars().count() > longest {
                return Err(Reason::TooLong(longest));
            }
            if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
                return Err(Reason::Control);
            }
        }
        Rule::Text(longest) | Rule::Note(longest) => {
            let bytes = matches!(rule, Rule::Text(_));
            let length = if bytes { text.len() } else { text.chars().count() };
            if length > longest {
                return Err(Reason::TooLong(longest));
            }
            if has_control(text) {
                return Err(Reason::Control);
            }
        }
    }
    if text.trim().is_empty() { Err(Reason::Blank) } else { Ok(()) }
}

/// Whether there is a control character other than those that lay out lines.
fn has_control(text: &str) -> bool {
    // Nearly every text is free of all of them, which its bytes show without decoding: C0 and DEL stand for
    // themselves in UTF-8, C1 begins with 0xC2. All bytes are looked at, so that many are at once.
    let suspect = |byte: u8| byte < b' ' || matches!(byte, 0x7f | 0xc2);
    text.bytes().fold(false, |any, byte| any | suspect(byte))
        && text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_at_its_limit_and_one_past_it() {
        let name = Rule::Name(3);
        assert_eq!(check(name, "äöü"), Ok(()));
        assert_eq!(check(name, "äöüß"), Err(Reason::TooLong(3)));
        assert_eq!(check(name, "a\nb"), Err(Reason::Control));
        assert_eq!(check(name, "a\u{2028}"), Err(Reason::Control));
        assert_eq!(check(name, " \u{a0} "), Err(Reason::Blank));
        let text = Rule::Text(4);
        assert_eq!(check(text, "a\r\n\t"), Ok(()));
        assert_eq!(check(text, "äöü"), Err(Reason::TooLong(4)));
        assert_eq!(check(text, "a\u{7}"), Err(Reason::Control));
        assert_eq!(check(text, "a\u{85}"), Err(Reason::Control));
        assert_eq!(check(text, "\n\t"), Err(Reason::Blank));
        assert_eq!(check(text, "a\u{7f}"), Err(Reason::Control));
        assert_eq!(check(Rule::Text(9), "\u{a2}\n\u{80}"), Err(Reason::Control));
        assert_eq!(check(Rule::Text(9), "\u{a2}\n\u{a0}"), Ok(()));
        let note = Rule::Note(3);
        assert_eq!(check(note, "ä\nü"), Ok(()));
        assert_eq!(check(note, "ä\nüß"), Err(Reason::TooLong(3)));
    }

    /// What is looked for by bytes is what Unicode calls a control character, for every character there is.
    #[test]
    fn every_control_character_is_seen_but_those_that_lay_out_lines() {
        for c in '\0'..=char::MAX {
            let lays_out = matches!(c, '\n' | '\r' | '\t');
            assert_eq!(
                has_control(&format!("a{c}b")),
                c.is_control() && !lays_out,
                "{:#x}",
                c as u32
            );
        }
    }
}
