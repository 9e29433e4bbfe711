//! Plots as inline SVG: axes from zero with round steps, a grid, lines, and for pairs their dots with
//! interval and bar. Each has a title for those who do not see it; the page has the numbers as tables.

use std::fmt::{Result, Write as _};

use super::text::number;
use crate::meter::as_f64;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 30.0;
/// Steps of an axis, about.
const STEPS: f64 = 5.0;

/// One line of a plot.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// The interval of a median, and the bar it is held against.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
    pub(super) bar: Option<f64>,
}

/// A plot.
#[derive(Default)]
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    /// What the vertical axis counts.
    pub(super) unit: &'a str,
    pub(super) lines: Vec<Line>,
    /// Single values, each at its place.
    pub(super) dots: Vec<(f64, f64)>,
    pub(super) judged: Option<Judged>,
    /// The horizontal axis, if it is no plain scale: places with their names.
    pub(super) places: Vec<(f64, String)>,
}

impl Plot<'_> {
    /// The drawing with its legend.
    pub(super) fn figure(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.draw(&mut out);
        out
    }

    fn draw(&self, out: &mut String) -> Result {
        let points = || {
            let lines = self.lines.iter().flat_map(|line| &line.points);
            lines.chain(&self.dots).copied()
        };
        let judged = self.judged.iter().flat_map(|it| [it.high, it.bar.unwrap_or(0.0)]);
        let heights = points().map(|(_, y)| y).chain(judged);
        let steps = steps(heights.fold(0.0, f64::max));
        let top = steps.last().copied().unwrap_or(1.0);
        let places = if self.places.is_empty() {
            let most = points().map(|(x, _)| x).fold(0.0, f64::max);
            self::steps(most).into_iter().map(|at| (at, short(at))).collect()
        } else {
            self.places.clone()
        };
        // A plain scale ends with its last point, places with the last of them.
        let right = match self.places.last() {
            Some((at, _)) => *at,
            None => points().map(|(x, _)| x).fold(1e-9, f64::max),
        };
        let frame = Frame { right, top };
        write!(out, "<figure><figcaption>{}</figcaption>", self.title)?;
        write!(
            out,
            r#"<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>{}, {}</title>"#,
            self.title, self.unit
        )?;
        Self::axes(out, &frame, &steps, &places)?;
        if let Some(judged) = self.judged {
            interval(out, &frame, judged)?;
        }
        for (colour, line) in self.lines.iter().enumerate() {
            let points: Vec<String> = line.points.iter().map(|it| frame.place(*it)).collect();
            let points = points.join(" ");
            write!(out, r#"<polyline class="line c{}" points="{points}"/>"#, colour % 4)?;
        }
        for (x, y) in &self.dots {
            let (x, y) = (frame.across(*x), frame.up(*y));
            write!(out, r#"<circle class="dot" cx="{x:.1}" cy="{y:.1}" r="4"/>"#)?;
        }
        write!(out, "</svg>")?;
        self.legend(out)?;
        write!(out, "</figure>")
    }

    fn axes(out: &mut String, frame: &Frame, steps: &[f64], places: &[(f64, String)]) -> Result {
        let (left, right) = (LEFT, WIDTH - RIGHT);
        for step in steps {
            let y = frame.up(*step);
            write!(out, r#"<path class="grid" d="M{left} {y:.1}H{right}"/>"#)?;
            let (x, y, name) = (LEFT - 6.0, y + 4.0, short(*step));
            write!(out, r#"<text x="{x}" y="{y:.1}" text-anchor="end">{name}</text>"#)?;
        }
        let floor = HEIGHT - BOTTOM;
        write!(out, r#"<path class="axis" d="M{left} {floor}H{right}"/>"#)?;
        for (at, name) in places.iter().filter(|(at, _)| *at <= frame.right) {
            let x = frame.across(*at);
            let anchor = if *at >= frame.right { "end" } else { "middle" };
            write!(out, r#"<path class="axis" d="M{x:.1} {floor}v4"/>"#)?;
            let y = floor + 18.0;
            write!(out, r#"<text x="{x:.1}" y="{y}" text-anchor="{anchor}">{name}</text>"#)?;
        }
        Ok(())
    }

    fn legend(&self, out: &mut String) -> Result {
        write!(out, r#"<p class="legend"><span class="unit">{}</span>"#, self.unit)?;
        if self.lines.len() > 1 {
            for (colour, line) in self.lines.iter().enumerate() {
                let (colour, name) = (colour % 4, &line.name);
                write!(out, r#"<span><i class="key k{colour}"></i>{name}</span>"#)?;
            }
        }
        if let Some(it) = self.judged {
            let (median, low, high) = (number(it.median), number(it.low), number(it.high));
            write!(
                out,
                r#"<span><i class="key band-key"></i>median {median}, 95 % from {low} to {high}</span>"#
            )?;
            if let Some(bar) = it.bar {
                let bar = number(bar);
                write!(out, r#"<span><i class="key bar-key"></i>bar {bar}</span>"#)?;
            }
        }
        write!(out, "</p>")
    }
}

/// From values to places on the drawing.
struct Frame {
    right: f64,
    top: f64,
}

impl Frame {
    fn across(&self, value: f64) -> f64 {
        LEFT + value / self.right * (WIDTH - LEFT - RIGHT)
    }

    fn up(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.top * (HEIGHT - BOTTOM - TOP)
    }

    fn place(&self, (x, y): (f64, f64)) -> String {
        format!("{:.1},{:.1}", self.across(x), self.up(y))
    }
}

fn interval(out: &mut String, frame: &Frame, judged: Judged) -> Result {
    let (left, right) = (LEFT, WIDTH - RIGHT);
    let (high, low) = (frame.up(judged.high), frame.up(judged.low));
    let (width, height) = (right - left, (low - high).max(1.0));
    write!(
        out,
        r#"<rect class="band" x="{left}" y="{high:.1}" width="{width}" height="{height:.1}"/>"#
    )?;
    let middle = frame.up(judged.median);
    write!(out, r#"<path class="median" d="M{left} {middle:.1}H{right}"/>"#)?;
    if let Some(bar) = judged.bar {
        let y = frame.up(bar);
        write!(out, r#"<path class="bar" d="M{left} {y:.1}H{right}"/>"#)?;
    }
    Ok(())
}

/// A round value without the noughts behind it.
fn short(value: f64) -> String {
    let text = number(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Round values from zero to the first that is not below `most`.
fn steps(most: f64) -> Vec<f64> {
    if !(most > 0.0 && most.is_finite()) {
        return vec![0.0, 1.0];
    }
    let rough = most / STEPS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|it| it * power >= rough).unwrap_or(10.0);
    let mut all = vec![0.0];
    for times in 1..=20_u64 {
        let at = as_f64(times) * step * power;
        all.push(at);
        if at >= most * (1.0 - 1e-9) {
            break;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_reach_the_top() {
        let rounded = |most: f64| -> Vec<i64> {
            #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
            steps(most).into_iter().map(|it| (it * 1e3).round() as i64).collect()
        };
        assert_eq!(rounded(9.7), [0, 2_000, 4_000, 6_000, 8_000, 10_000]);
        assert_eq!(rounded(1.0), [0, 200, 400, 600, 800, 1_000]);
        assert_eq!(rounded(0.0), [0, 1_000]);
        assert_eq!(rounded(0.031), [0, 10, 20, 30, 40]);
        assert_eq!([0.0, 0.25, 4.0, 20.0, 300.0].map(short), ["0", "0.25", "4", "20", "300"]);
    }

    #[test]
    fn a_plot_shows_its_dots_interval_and_bar() {
        let judged = Judged { low: 0.9, median: 1.0, high: 1.1, bar: Some(1.15) };
        let dots = vec![(1.0, 0.95), (2.0, 1.1)];
        let plot =
            Plot { title: "Pairs", unit: "x", dots, judged: Some(judged), ..Plot::default() };
        let drawn = plot.figure();
        assert_eq!(drawn.matches("<circle").count(), 2, "{drawn}");
        assert!(drawn.contains(r#"class="bar""#) && drawn.contains("bar 1.150"), "{drawn}");
    }
}
