//! The result as one HTML file: no script, nothing loaded from anywhere, plots as inline SVG, every
//! plot's numbers as a table beside it.

use std::fmt::Write as _;

use super::Report;
use super::plot::{Line, svg};
use super::text::{notes, number};
use crate::meter::as_f64;
use crate::oracle::Fault;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
    padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;margin:.5rem 0}\
    td,th{border:1px solid #767676;padding:.2rem .6rem;text-align:right}th:first-child,\
    td:first-child{text-align:left}.bad{color:#a1160a;font-weight:700}.good{color:#1c6b20;\
    font-weight:700}svg{width:100%;height:auto;font:12px system-ui,sans-serif}";

/// The page.
#[must_use]
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_page(report, &mut out);
    out
}

fn write_page(report: &Report, out: &mut String) -> std::fmt::Result {
    let class = if report.verdict == "pass" { "good" } else { "bad" };
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Wardroom load test</title><style>{STYLE}</style>\
         <h1>Wardroom load test</h1><p>{}</p><p>Verdict: <span class=\"{class}\">{}</span></p>",
        escape(&report.plan),
        report.verdict
    )?;
    write!(out, "<h2>Correctness</h2><table><tr><th>kind</th><th>count</th></tr>")?;
    for kind in Fault::ALL {
        let count = report.faults.count(kind);
        let class = if count > 0 { "bad" } else { "good" };
        write!(out, "<tr><td>{}</td><td class=\"{class}\">{count}</td></tr>", kind.as_str())?;
    }
    write!(out, "</table>")?;
    list(out, report.faults.examples().iter().map(String::as_str))?;
    for bar in &report.failed {
        let sign = if bar.below { "&lt;" } else { "&gt;" };
        let figure = escape(&bar.figure);
        write!(out, "<p class=\"bad\">threshold failed: {figure} {sign} {}</p>", bar.bar)?;
    }
    write!(
        out,
        "<h2>Figures</h2><table><tr><th>figure</th><th>median</th><th>95 % from</th><th>to</th>\
         <th>runs</th><th>unit</th></tr>"
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
    write!(out, "</table>")?;
    list(out, notes(report).into_iter())?;
    curves(report, out)?;
    pace(report, out)?;
    pairs(report, out)?;
    let machine = &report.machine;
    write!(
        out,
        "<h2>Machine</h2><p>{} × {}, Linux {}, load {}; server: {}. Generator and server share \
         it: numbers are lower bounds.</p></html>",
        machine.cores,
        escape(&machine.processor),
        escape(&machine.kernel),
        escape(&machine.load),
        escape(&machine.server)
    )
}

/// Latency by percentile of the last run, with the axis stretched towards the tail.
fn curves(report: &Report, out: &mut String) -> std::fmt::Result {
    let Some(last) = report.series.server.last().filter(|it| !it.curves.is_empty()) else {
        return Ok(());
    };
    // 90 % lies at 1, 99 % at 2, 99.9 % at 3: tails are what people feel.
    let stretch = |percent: f64| -(1.0 - percent.min(99.995) / 100.0).log10();
    let lines: Vec<Line> = last
        .curves
        .iter()
        .map(|curve| Line {
            name: curve.name.to_owned(),
            points: curve.points.iter().map(|(at, ms)| (stretch(*at), *ms)).collect(),
        })
        .collect();
    let title = "Latency by percentile of the last run";
    write!(out, "<h2>{title}</h2>{}", svg(title, "nines", "ms", &lines))?;
    write!(out, "<table><tr><th>percentile</th>")?;
    for curve in &last.curves {
        write!(out, "<th>{}, ms</th>", curve.name)?;
    }
    write!(out, "</tr>")?;
    for (row, (percent, _)) in last.curves[0].points.iter().enumerate() {
        write!(out, "<tr><td>{percent}</td>")?;
        for curve in &last.curves {
            let cell = curve.points.get(row).map(|(_, ms)| number(*ms)).unwrap_or_default();
            write!(out, "<td>{cell}</td>")?;
        }
        write!(out, "</tr>")?;
    }
    write!(out, "</table>")
}

/// Sent, acknowledged and delivered by second of the last run.
fn pace(report: &Report, out: &mut String) -> std::fmt::Result {
    let Some(last) = report.series.server.last().filter(|it| !it.seconds.is_empty()) else {
        return Ok(());
    };
    let line = |name: &str, of: fn(&crate::meter::Counts) -> u64| Line {
        name: name.to_owned(),
        points: last.seconds.iter().map(|it| (it.at, as_f64(of(&it.counts)))).collect(),
    };
    let title = "Posts by second of the last run";
    let lines = [line("sent", |it| it.sent), line("acknowledged", |it| it.acked)];
    write!(out, "<h2>{title}</h2>{}", svg(title, "s", "posts", &lines))?;
    write!(
        out,
        "<table><tr><th>second</th><th>sent</th><th>acknowledged</th><th>delivered</th></tr>"
    )?;
    for second in &last.seconds {
        let it = second.counts;
        write!(
            out,
            "<tr><td>{:.1}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            second.at, it.sent, it.acked, it.delivered
        )?;
    }
    write!(out, "</table>")
}

/// Server and floor, pair by pair.
fn pairs(report: &Report, out: &mut String) -> std::fmt::Result {
    let each = "cpu_us_per_delivery";
    if report.series.floor.is_empty() {
        return Ok(());
    }
    let value = |outcome: &crate::scenario::Outcome| outcome.value(each).unwrap_or(0.0);
    let line = |name: &str, runs: &[crate::scenario::Outcome]| Line {
        name: name.to_owned(),
        points: (1_u64..).map(as_f64).zip(runs.iter().map(value)).collect(),
    };
    let title = "Server CPU per delivery, pair by pair";
    let (server, floor) = (&report.series.server, &report.series.floor);
    let lines = [line("server", server), line("floor", floor)];
    write!(out, "<h2>{title}</h2>{}", svg(title, "pair", "us", &lines))?;
    write!(out, "<table><tr><th>pair</th><th>server, us</th><th>floor, us</th></tr>")?;
    for (pair, (server, floor)) in server.iter().zip(floor).enumerate() {
        let (server, floor) = (number(value(server)), number(value(floor)));
        write!(out, "<tr><td>{}</td><td>{server}</td><td>{floor}</td></tr>", pair + 1)?;
    }
    write!(out, "</table>")
}

fn list<'a>(out: &mut String, items: impl Iterator<Item = &'a str>) -> std::fmt::Result {
    write!(out, "<ul>")?;
    for item in items {
        write!(out, "<li>{}</li>", escape(item))?;
    }
    write!(out, "</ul>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
