//! The result as plain lines: correctness first.

use std::fmt::Write as _;

use super::Report;
use crate::oracle::Fault;

/// The whole result.
#[must_use]
pub fn lines(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(report, &mut out);
    out
}

fn write_all(report: &Report, out: &mut String) -> std::fmt::Result {
    let counts: Vec<String> = Fault::ALL
        .into_iter()
        .map(|kind| format!("{} {}", kind.as_str(), report.faults.count(kind)))
        .collect();
    writeln!(out, "correctness: {}", counts.join(", "))?;
    for example in report.faults.examples() {
        writeln!(out, "  {example}")?;
    }
    writeln!(out, "{}", report.plan)?;
    let machine = &report.machine;
    writeln!(
        out,
        "{} x {}, Linux {}, load {}; generator and server share it: numbers are lower bounds",
        machine.cores, machine.processor, machine.kernel, machine.load
    )?;
    for summary in &report.series.summary {
        let it = summary.estimate;
        let (name, unit) = (&summary.name, &summary.unit);
        write!(out, "  {name:<32} {:>14} {unit}", number(it.median))?;
        match it.runs {
            1 => writeln!(out)?,
            runs => writeln!(out, "  [{}, {}] of {runs} runs", number(it.low), number(it.high))?,
        }
    }
    for outcome in report.series.runs() {
        for (code, count) in &outcome.errors {
            writeln!(out, "  refused {count} times: {code}")?;
        }
    }
    for note in notes(report) {
        writeln!(out, "  note: {note}")?;
    }
    for held in &report.held {
        let (bar, sign) = (&held.bar, if held.bar.below { '<' } else { '>' });
        let word = if held.holds { "holds" } else { "does NOT hold" };
        write!(out, "bar {} {sign} {}: {word}", bar.figure, bar.bar)?;
        match &held.why {
            Some(why) => writeln!(out, ": {why}")?,
            None => writeln!(out)?,
        }
    }
    writeln!(out, "verdict: {}", report.verdict)
}

/// The notes of all runs, each once.
pub(super) fn notes(report: &Report) -> Vec<&str> {
    let mut notes: Vec<&str> = Vec::new();
    for note in report.series.runs().flat_map(|it| &it.notes) {
        if !notes.contains(&note.as_str()) {
            notes.push(note);
        }
    }
    notes
}

/// A number as short as it may be read.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 1_000.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}
