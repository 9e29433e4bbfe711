//! Plots as inline SVG. Each has a title for those who do not see it; the page has the same numbers
//! as tables.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;
const EDGE: f64 = 44.0;
const COLOURS: [&str; 4] = ["#0b6bcb", "#b3441e", "#2f7d32", "#6d3fa0"];

/// One line of a plot.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// A plot from zero up; `x` and `y` name its axes.
pub(super) fn svg(title: &str, x: &str, y: &str, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max).max(1e-9);
    let right = most(&mut all().map(|(x, _)| x));
    let top = most(&mut all().map(|(_, y)| y));
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = draw(&mut out, (title, x, y), lines, (right, top));
    out
}

fn draw(
    out: &mut String,
    (title, x, y): (&str, &str, &str),
    lines: &[Line],
    (right, top): (f64, f64),
) -> std::fmt::Result {
    let bottom = HEIGHT - EDGE;
    let across = |value: f64| EDGE + value / right * (WIDTH - 2.0 * EDGE);
    let up = |value: f64| bottom - value / top * (bottom - EDGE / 2.0);
    write!(
        out,
        r#"<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}"><title>{title}</title><path d="M{EDGE} {EDGE} V{bottom} H{}" fill="none" stroke="currentColor"/>"#,
        WIDTH - EDGE
    )?;
    for (part, anchor) in [(0.0, "start"), (1.0, "end")] {
        let at = across(part * right);
        let value = super::text::number(part * right);
        write!(
            out,
            r#"<text x="{at:.0}" y="{}" text-anchor="{anchor}">{value} {x}</text>"#,
            bottom + 16.0
        )?;
    }
    write!(out, r#"<text x="4" y="14">{} {y}</text>"#, super::text::number(top))?;
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let points: Vec<String> =
            line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
        let points = points.join(" ");
        write!(
            out,
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>"#
        )?;
        let below = bottom + 34.0;
        let from = EDGE + 200.0 * crate::meter::as_f64(number as u64);
        write!(out, r#"<text x="{from}" y="{below}" fill="{colour}">{}</text>"#, line.name)?;
    }
    write!(out, "</svg>")
}
