//! What an import did, in one line.

use std::fmt;
use std::time::Duration;

use super::row::NO_TOPIC;

/// What came of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rooms that the file names.
    pub rooms: usize,
    /// Messages that are new.
    pub added: u64,
    /// Messages that stood there already.
    pub already: u64,
    /// Messages that name no topic in the file: they stand under "General".
    pub untitled: u64,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.added + self.already;
        write!(
            f,
            "{} {} in {} {}: {} added, {} already there ({:.1} s)",
            grouped(messages),
            if messages == 1 { "message" } else { "messages" },
            self.rooms,
            if self.rooms == 1 { "room" } else { "rooms" },
            grouped(self.added),
            grouped(self.already),
            self.took.as_secs_f64()
        )?;
        if self.untitled > 0 {
            write!(
                f,
                "\n{} of them name no topic and stand under {NO_TOPIC:?}",
                grouped(self.untitled)
            )?;
        }
        Ok(())
    }
}

/// 21892 reads 21,892.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_reads_as_a_sentence() {
        let summary = Summary {
            rooms: 9,
            added: 21_892,
            already: 0,
            untitled: 0,
            took: Duration::from_millis(12_340),
        };
        let line = "21,892 messages in 9 rooms: 21,892 added, 0 already there (12.3 s)";
        assert_eq!(summary.to_string(), line);
        let one = Summary { rooms: 1, added: 0, already: 1, untitled: 0, took: Duration::ZERO };
        let line = "1 message in 1 room: 0 added, 1 already there (0.0 s)";
        assert_eq!(one.to_string(), line);
        let some = Summary { untitled: 28, ..summary };
        let more = "\n28 of them name no topic and stand under \"General\"";
        assert!(some.to_string().ends_with(more), "{some}");
        for (number, reads) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), reads);
        }
    }
}
