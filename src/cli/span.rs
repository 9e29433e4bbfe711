//! Lengths of time as people type them: `90s`, `30m`, `12h`, `7d`.

/// Seconds in what was typed.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let advice = || "give a number and a unit: 90s, 30m, 12h or 7d".to_owned();
    let unit = text.chars().next_back().ok_or_else(advice)?;
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(advice()),
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(advice());
    }
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(scale))
        .ok_or_else(|| "that is longer than time itself".to_owned())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn reads_what_people_type() {
        for (text, expected) in [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("7d", 604_800)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "h",
            "1",
            "-1h",
            "+1h",
            "1.5h",
            "1 h",
            "1w",
            "1h30m",
            "٣h",
            "99999999999999999999d",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
