//! A median, and how sure one may be of it: the 95 % interval by resampling.
//!
//! Pure: the numbers and a seed in, three numbers out.

use serde::Serialize;

use crate::random::Random;

/// Resamples; more moves the ends by less than any figure printed.
const RESAMPLES: usize = 4_000;

/// A median with its 95 % bootstrap interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The median.
    pub median: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How many runs it rests on.
    pub runs: usize,
}

/// The median of some numbers; `None` without any.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Median and interval; `None` without values. One value is its own interval, which says that
/// nothing is known of its spread.
#[must_use]
pub fn estimate(values: &[f64], seed: u64) -> Option<Estimate> {
    let middle = median(values)?;
    let mut random = Random::new(seed);
    let count = values.len() as u64;
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| {
            let drawn: Vec<f64> = (0..count)
                .filter_map(|_| values.get(usize::try_from(random.below(count)).ok()?).copied())
                .collect();
            median(&drawn)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let tail = RESAMPLES / 40;
    let (low, high) = (medians[tail], medians[RESAMPLES - 1 - tail]);
    Some(Estimate { median: middle, low, high, runs: values.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_odd_even_and_no_numbers() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn the_interval_holds_the_median_and_narrows_with_runs() {
        let noisy = |n: u64| -> Vec<f64> {
            let mut random = Random::new(7);
            (0..n)
                .map(|_| 1.0 + f64::from(u32::try_from(random.below(1_000)).unwrap_or(0)) / 1e3)
                .collect()
        };
        let few = estimate(&noisy(8), 1).expect("values");
        let many = estimate(&noisy(400), 1).expect("values");
        for it in [few, many] {
            assert!(it.low <= it.median && it.median <= it.high, "{it:?}");
        }
        assert!(many.high - many.low < (few.high - few.low) / 2.0, "{few:?} {many:?}");
        assert!((many.median - 1.5).abs() < 0.1, "{many:?}");
    }

    #[test]
    fn equal_numbers_leave_no_doubt_and_no_numbers_no_estimate() {
        let same = estimate(&[2.0; 9], 3).expect("values");
        assert_eq!((same.median, same.low, same.high, same.runs), (2.0, 2.0, 2.0, 9));
        assert_eq!(estimate(&[], 3), None);
    }

    #[test]
    fn one_wild_run_does_not_move_the_median() {
        let it = estimate(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 50.0], 5).expect("values");
        assert_eq!((it.median, it.high), (1.0, 1.0));
    }
}
