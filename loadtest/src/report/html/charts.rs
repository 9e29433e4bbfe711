//! The plots of a result and the tables behind them.

use std::fmt::{Result, Write as _};

use super::super::Report;
use super::super::plot::{Judged, Line, Plot};
use super::super::text::number;
use crate::meter::{Second, as_f64};
use crate::options::Baseline;
use crate::scenario::Outcome;

const MIB: f64 = 1_048_576.0;

/// The run that is drawn: the last one of the server.
fn last(report: &Report) -> Option<&Outcome> {
    report.series.server.last()
}

/// The ratio of each pair, with the median's interval and the bar.
pub(super) fn pairs(report: &Report, out: &mut String) -> Result {
    let series = &report.series;
    let beside = series.baseline.map_or("", Baseline::name);
    if series.ratios.iter().all(|ratio| ratio.pairs.is_empty()) {
        return Ok(());
    }
    write!(out, "<h2>Pairs: server over {beside}</h2><div class=\"plots\">")?;
    for ratio in series.ratios.iter().filter(|ratio| !ratio.pairs.is_empty()) {
        let name = format!("ratio.{}", ratio.of);
        let bar = report.held.iter().find(|held| held.bar.figure == name);
        let dots: Vec<_> = (1_u64..).map(as_f64).zip(ratio.pairs.iter().copied()).collect();
        let count = ratio.pairs.len() as u64;
        let step = usize::try_from(count.div_ceil(10)).unwrap_or(1);
        let numbered = (1..=count).step_by(step).map(|at| (as_f64(at), at.to_string()));
        // A place beyond the last pair keeps its dot off the edge.
        let end = (as_f64(count) + 0.5, String::new());
        let plot = Plot {
            title: &name,
            unit: "ratio, by pair",
            dots,
            judged: series.estimate(&name).map(|it| Judged {
                low: it.low,
                median: it.median,
                high: it.high,
                bar: bar.map(|held| held.bar.bar),
            }),
            places: numbered.chain([end]).collect(),
            ..Plot::default()
        };
        out.push_str(&plot.figure());
    }
    write!(out, "</div>")
}

/// Latency by percentile, then rate, processor and memory over time, of the last run.
pub(super) fn run(report: &Report, out: &mut String) -> Result {
    let Some(last) = last(report) else {
        return Ok(());
    };
    if last.curves.is_empty() && last.seconds.is_empty() {
        return Ok(());
    }
    write!(out, "<h2>The last run</h2><div class=\"plots\">")?;
    if !last.curves.is_empty() {
        out.push_str(&percentiles(last).figure());
    }
    let seconds = &last.seconds;
    if !seconds.is_empty() {
        let line = |name: &str, of: &dyn Fn(&Second) -> Option<f64>| Line {
            name: name.to_owned(),
            points: seconds.iter().filter_map(|it| Some((it.at, of(it)?))).collect(),
        };
        let posts = vec![
            line("sent", &|it| Some(it.rate(|counts| counts.sent))),
            line("acknowledged", &|it| Some(it.rate(|counts| counts.acked))),
        ];
        let delivered = vec![line("delivered", &|it| Some(it.rate(|counts| counts.delivered)))];
        let cores =
            vec![line("server", &|it| it.server_cores), line("generator", &|it| it.own_cores)];
        let memory = vec![line("server", &|it| it.server_rss.map(|bytes| as_f64(bytes) / MIB))];
        for (title, unit, lines) in [
            ("Posts", "1/s, by second", posts),
            ("Deliveries", "1/s, by second", delivered),
            ("Processor", "cores, by second", cores),
            ("Server's resident memory", "MiB, by second", memory),
        ] {
            let some = |line: &Line| line.points.iter().any(|(_, y)| *y > 0.0);
            if lines.iter().any(some) {
                out.push_str(&Plot { title, unit, lines, ..Plot::default() }.figure());
            }
        }
    }
    write!(out, "</div>")
}

/// Latency by percentile, the axis stretched towards the tail: tails are what people feel.
fn percentiles(last: &Outcome) -> Plot<'static> {
    // 90 % lies at 1, 99 % at 2, 99.9 % at 3.
    let stretch = |percent: f64| -(1.0 - percent.min(99.999) / 100.0).log10();
    let lines = last
        .curves
        .iter()
        .map(|curve| Line {
            name: curve.name.to_owned(),
            points: curve.points.iter().map(|(at, ms)| (stretch(*at), *ms)).collect(),
        })
        .collect();
    let places = [
        (0.0, "0"),
        (50.0, "50 %"),
        (90.0, "90 %"),
        (99.0, "99 %"),
        (99.9, "99.9 %"),
        (99.99, "99.99 %"),
        (100.0, "max"),
    ];
    Plot {
        title: "Latency by percentile",
        unit: "ms",
        lines,
        places: places.map(|(at, name)| (stretch(at), name.to_owned())).to_vec(),
        ..Plot::default()
    }
}

/// The numbers behind the plots, folded away.
pub(super) fn tables(report: &Report, out: &mut String) -> Result {
    write!(out, "<h2>Numbers behind the plots</h2>")?;
    ratios(report, out)?;
    let Some(last) = last(report) else {
        return Ok(());
    };
    if let Some(first) = last.curves.first() {
        write!(
            out,
            "<details><summary>Latency by percentile</summary><div class=\"scroll\"><table><tr>\
             <th>percentile</th>"
        )?;
        for curve in &last.curves {
            write!(out, "<th>{}, ms</th>", curve.name)?;
        }
        write!(out, "</tr>")?;
        for (row, (percent, _)) in first.points.iter().enumerate() {
            write!(out, "<tr><td>{percent}</td>")?;
            for curve in &last.curves {
                let cell = curve.points.get(row).map(|(_, ms)| number(*ms)).unwrap_or_default();
                write!(out, "<td>{cell}</td>")?;
            }
            write!(out, "</tr>")?;
        }
        write!(out, "</table></div></details>")?;
    }
    if !last.seconds.is_empty() {
        write!(
            out,
            "<details><summary>By second</summary><div class=\"scroll\"><table><tr><th>second</th>\
             <th>sent</th><th>acknowledged</th><th>delivered</th><th>server, cores</th>\
             <th>generator, cores</th><th>server, MiB</th></tr>"
        )?;
        for second in &last.seconds {
            let it = second.counts;
            let cell = |value: Option<f64>| value.map(number).unwrap_or_default();
            write!(
                out,
                "<tr><td>{:.1}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
                 <td>{}</td></tr>",
                second.at,
                it.sent,
                it.acked,
                it.delivered,
                cell(second.server_cores),
                cell(second.own_cores),
                cell(second.server_rss.map(|bytes| as_f64(bytes) / MIB))
            )?;
        }
        write!(out, "</table></div></details>")?;
    }
    Ok(())
}

fn ratios(report: &Report, out: &mut String) -> Result {
    let series = &report.series;
    let beside = series.baseline.map_or("", Baseline::name);
    for ratio in &series.ratios {
        write!(
            out,
            "<details><summary>{}, pair by pair</summary><div class=\"scroll\"><table><tr>\
             <th>pair</th><th>server</th><th>{beside}</th><th>ratio</th></tr>",
            ratio.of
        )?;
        for (pair, (ours, theirs)) in series.server.iter().zip(&series.beside).enumerate() {
            let cell = |it: &Outcome| it.value(ratio.of).map(number).unwrap_or_default();
            let over = ours.value(ratio.of).zip(theirs.value(ratio.of));
            let over = over.map(|(ours, theirs)| number(ours / theirs)).unwrap_or_default();
            let (pair, ours, theirs) = (pair + 1, cell(ours), cell(theirs));
            write!(out, "<tr><td>{pair}</td><td>{ours}</td><td>{theirs}</td><td>{over}</td></tr>")?;
        }
        write!(out, "</table></div></details>")?;
    }
    Ok(())
}
