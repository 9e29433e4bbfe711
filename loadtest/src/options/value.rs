//! Values of flags: rates, times and bars.

use std::time::Duration;

use serde::Serialize;

/// A bar for one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The figure's name.
    pub figure: String,
    /// Whether it must stay below; otherwise it must be above.
    pub below: bool,
    /// The bar.
    pub bar: f64,
}

pub(super) fn threshold(text: &str) -> Result<Threshold, String> {
    let at = text.find(['<', '>']).ok_or("a threshold looks like deliver_p99_ms<50")?;
    let bar = text[at + 1..].trim().parse().map_err(|_| "the bar is not a number".to_owned())?;
    let figure = text[..at].trim().to_owned();
    Ok(Threshold { figure, below: text[at..].starts_with('<'), bar })
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a rate looks like 200/s, at most 1000000/s".to_owned()),
    }
}

pub(super) fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds: f64 = number.parse().map_err(|_| "a time looks like 500ms, 10s or 2m")?;
    let seconds = match unit {
        "ms" => seconds / 1e3,
        "s" => seconds,
        "m" => seconds * 60.0,
        _ => return Err("a time ends in ms, s or m".to_owned()),
    };
    match seconds {
        fit if (0.0..=86_400.0).contains(&fit) => Ok(Duration::from_secs_f64(fit)),
        _ => Err("a time lies between 0 and a day".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_times_and_thresholds() {
        assert_eq!((rate("200/s"), rate("0.5")), (Ok(200.0), Ok(0.5)));
        assert!(["", "0", "-1/s", "inf", "fast"].iter().all(|text| rate(text).is_err()));
        assert_eq!(span("1500ms"), Ok(Duration::from_millis(1_500)));
        assert_eq!(
            (span("3"), span("2m")),
            (Ok(Duration::from_secs(3)), Ok(Duration::from_mins(2)))
        );
        assert!(["", "s", "1h", "-1s", "1e9s"].iter().all(|text| span(text).is_err()));
        let bar = Threshold { figure: "deliver_p99_ms".to_owned(), below: true, bar: 50.0 };
        assert_eq!(threshold("deliver_p99_ms < 50"), Ok(bar));
        assert!(threshold("deliver_p99_ms=50").is_err());
    }
}
