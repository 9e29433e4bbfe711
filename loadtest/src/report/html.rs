//! The result as one HTML file: the verdict first, then bars, figures and plots. No script, nothing
//! loaded from anywhere, light and dark; every plot's numbers stand in a table as well.

mod charts;

use std::fmt::{Result, Write as _};

use super::text::{notes, number};
use super::{Held, Report};
use crate::oracle::Fault;

const STYLE: &str = include_str!("style.css");

/// The figures that are shown large, if a run has them: name, and what it is to people.
const TILES: [(&str, &str); 10] = [
    ("posts_per_s", "posts acknowledged, 1/s"),
    ("kept_posts_per_s", "posts kept, 1/s"),
    ("deliveries_per_s", "deliveries, 1/s"),
    ("cpu_us_per_delivery", "server CPU per delivery, us"),
    ("ack_p99_ms", "acknowledged, p99, ms"),
    ("deliver_p99_ms", "delivered, p99, ms"),
    ("replay_entries_per_s", "entries replayed, 1/s"),
    ("joins_per_s", "joins, 1/s"),
    ("rss_bytes_per_connection", "memory per connection, bytes"),
    ("rss_level_bytes", "memory, its level, bytes"),
];

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_page(report, &mut out);
    out
}

fn write_page(report: &Report, out: &mut String) -> Result {
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>Wardroom load test: {}</title>\
         <style>{STYLE}</style><h1>Wardroom load test</h1><p class=\"plan\">{}</p>",
        report.verdict,
        escape(&report.plan)
    )?;
    verdict(report, out)?;
    bars(report, out)?;
    tiles(report, out)?;
    charts::pairs(report, out)?;
    charts::run(report, out)?;
    correctness(report, out)?;
    figures(report, out)?;
    charts::tables(report, out)?;
    let notes = notes(report);
    if !notes.is_empty() {
        write!(out, "<h2>Notes</h2>")?;
        list(out, notes.into_iter())?;
    }
    let machine = &report.machine;
    write!(
        out,
        "<h2>Machine</h2><p>{} × {}, Linux {}, load {}; server: {}. Generator and server share \
         it: rates are lower bounds and latencies upper ones.</p></html>",
        machine.cores,
        escape(&machine.processor),
        escape(&machine.kernel),
        escape(&machine.load),
        escape(&machine.server)
    )
}

fn verdict(report: &Report, out: &mut String) -> Result {
    let (class, title, why) = match report.verdict {
        "pass" => ("good", "Passed", "Every promise was kept, and every bar holds."),
        "threshold" => ("bad", "A bar does not hold", "Every promise was kept."),
        "correctness" => {
            ("bad", "A promise was broken", "What was found stands below; nothing else counts.")
        }
        _ => (
            "bad",
            "No result",
            "The generator was the bottleneck, or late where a bar rests on its latencies.",
        ),
    };
    write!(
        out,
        "<div class=\"verdict {class}\"><strong>{title}</strong><p>{why} {} findings over {} \
         runs.</p>",
        report.faults.total(),
        report.series.runs().count()
    )?;
    list(out, report.faults.examples().iter().map(String::as_str))?;
    let refusals = report.series.runs().flat_map(|it| &it.errors);
    for (code, count) in refusals {
        write!(out, "<p>refused {count} times: {}</p>", escape(code))?;
    }
    write!(out, "</div>")
}

/// Each bar, what it is held against, and whether it holds.
fn bars(report: &Report, out: &mut String) -> Result {
    if report.held.is_empty() {
        return Ok(());
    }
    write!(
        out,
        "<h2>Bars</h2><div class=\"scroll\"><table><tr><th>figure</th><th>bar</th><th>median</th>\
         <th>95 % from</th><th>to</th><th>holds</th></tr>"
    )?;
    for Held { bar, estimate, holds, why, .. } in &report.held {
        let sign = if bar.below { "&lt;" } else { "&gt;" };
        write!(out, "<tr><td>{}</td><td>{sign} {}</td>", escape(&bar.figure), bar.bar)?;
        match estimate {
            Some(it) => write!(
                out,
                "<td>{}</td><td>{}</td><td>{}</td>",
                number(it.median),
                number(it.low),
                number(it.high)
            )?,
            None => write!(out, "<td colspan=\"3\">not measured</td>")?,
        }
        let (class, word) = if *holds { ("good", "yes") } else { ("bad", "no") };
        let why = why.as_ref().map_or_else(String::new, |why| format!(": {}", escape(why)));
        write!(out, "<td class=\"{class}\">{word}{why}</td></tr>")?;
    }
    write!(out, "</table></div>")
}

fn tiles(report: &Report, out: &mut String) -> Result {
    write!(out, "<h2>What it was</h2><dl class=\"tiles\">")?;
    for (name, meaning) in TILES {
        if let Some(it) = report.series.estimate(name) {
            write!(out, "<div class=\"tile\"><dt>{meaning}</dt><dd>{}", number(it.median))?;
            if it.runs > 1 {
                write!(out, " <small>{} to {}</small>", number(it.low), number(it.high))?;
            }
            write!(out, "</dd></div>")?;
        }
    }
    write!(out, "</dl>")
}

fn correctness(report: &Report, out: &mut String) -> Result {
    write!(
        out,
        "<h2>Correctness</h2><p>Every frame of every member went through the oracle.</p>\
         <table><tr><th>kind</th><th>found</th></tr>"
    )?;
    for kind in Fault::ALL {
        let count = report.faults.count(kind);
        let class = if count > 0 { "bad" } else { "good" };
        write!(out, "<tr><td>{}</td><td class=\"{class}\">{count}</td></tr>", kind.as_str())?;
    }
    write!(out, "</table>")
}

fn figures(report: &Report, out: &mut String) -> Result {
    write!(
        out,
        "<h2>Figures</h2><div class=\"scroll\"><table><tr><th>figure</th><th>median</th>\
         <th>95 % from</th><th>to</th><th>runs</th><th>unit</th></tr>"
    )?;
    for summary in &report.series.summary {
        let it = summary.estimate;
        write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            summary.name,
            number(it.median),
            number(it.low),
            number(it.high),
            it.runs,
            summary.unit
        )?;
    }
    write!(out, "</table></div>")
}

fn list<'a>(out: &mut String, items: impl Iterator<Item = &'a str>) -> Result {
    let items: Vec<_> = items.collect();
    if items.is_empty() {
        return Ok(());
    }
    write!(out, "<ul>")?;
    for item in items {
        write!(out, "<li>{}</li>", escape(item))?;
    }
    write!(out, "</ul>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
