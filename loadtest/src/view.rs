//! What one sees while it runs: on a terminal one block that is drawn again each second, otherwise
//! plain lines, and nothing with `--quiet`. Goes to stderr; the result goes to stdout.

use std::fmt::Write as FmtWrite;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::meter::Second;

/// Between two plain lines of a long run: a log of half an hour is read by somebody.
const SPARSE: Duration = Duration::from_secs(10);
/// From this length on plain lines are sparse.
const LONG: Duration = Duration::from_mins(1);

/// How it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A block that is drawn again.
    Block,
    /// A line each.
    Lines,
    /// Not at all.
    Quiet,
}

/// What shows while it runs.
#[derive(Debug)]
pub struct View {
    style: Style,
    /// What is running: the scenario, and which run of how many.
    label: String,
    /// What is offered, per second.
    offered: Option<f64>,
    length: Duration,
    begun: Instant,
    /// Lines of the block that stands on the terminal.
    drawn: usize,
    last_line: Option<Instant>,
}

impl View {
    /// An empty one.
    #[must_use]
    pub fn new(style: Style) -> Self {
        Self {
            style,
            label: String::new(),
            offered: None,
            length: Duration::ZERO,
            begun: Instant::now(),
            drawn: 0,
            last_line: None,
        }
    }

    /// A run begins.
    pub fn begin(&mut self, label: String, offered: Option<f64>, length: Duration) {
        (self.label, self.offered, self.length) = (label, offered, length);
        (self.begun, self.last_line) = (Instant::now(), None);
        match self.style {
            Style::Block => {
                self.draw(&[self.label.clone(), "  founding rooms, joining".to_owned()]);
            }
            Style::Lines => write(&format!("{}\n", self.label)),
            Style::Quiet => {}
        }
    }

    /// A second of the window has passed.
    pub fn tick(&mut self, second: &Second) {
        match self.style {
            Style::Block => {
                let mut lines = vec![self.label.clone()];
                lines.extend(block(second, self.offered, self.length, self.begun.elapsed()));
                self.draw(&lines);
            }
            Style::Lines => {
                let wait = if self.length > LONG { SPARSE } else { Duration::ZERO };
                if self.last_line.is_none_or(|at| at.elapsed() >= wait) {
                    self.last_line = Some(Instant::now());
                    write(&format!("{}\n", line(second)));
                }
            }
            Style::Quiet => {}
        }
    }

    /// The block goes; what follows stands where it stood.
    pub fn end(&mut self) {
        if self.style == Style::Block {
            self.draw(&[]);
        }
    }

    fn draw(&mut self, lines: &[String]) {
        let mut out = String::new();
        if self.drawn > 0 {
            // Up to the block's first line, and away with all below.
            // Writing to a String cannot fail.
            let _ = FmtWrite::write_fmt(&mut out, format_args!("\x1b[{}F\x1b[J", self.drawn));
        }
        for line in lines {
            out.push_str(line);
            out.push('\n');
        }
        self.drawn = lines.len();
        write(&out);
    }
}

fn write(text: &str) {
    // Should stderr be closed, the result still tells.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |it| format!("{it:.1} ms"))
}

fn cores(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |it| format!("{it:.2} cores"))
}

fn mib(value: Option<u64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |it| format!("{:.1} MiB", crate::meter::as_f64(it) / 1_048_576.0),
    )
}

fn block(
    second: &Second,
    offered: Option<f64>,
    length: Duration,
    elapsed: Duration,
) -> [String; 5] {
    let (sent, acked) = (second.rate(|it| it.sent), second.rate(|it| it.acked));
    let offered = offered.map_or_else(|| format!("{sent:.0}"), |rate| format!("{rate:.0}"));
    [
        format!(
            "  {:.0} s of {:.0} s in the window, {:.0} s in all",
            second.at,
            length.as_secs_f64(),
            elapsed.as_secs_f64()
        ),
        format!(
            "  posts       offered {offered}/s, acknowledged {acked:.0}/s; deliveries {:.0}/s",
            second.rate(|it| it.delivered)
        ),
        format!("  latency     p50 {}, p99 {} so far", ms(second.p50_ms), ms(second.p99_ms)),
        format!(
            "  server      {}, {} resident; generator {}",
            cores(second.server_cores),
            mib(second.server_rss),
            cores(second.own_cores)
        ),
        format!("  findings    {} so far", second.findings),
    ]
}

fn line(second: &Second) -> String {
    format!(
        "  {:5.0} s  sent {:>7.0}/s  acknowledged {:>7.0}/s  delivered {:>8.0}/s  p50 {}  p99 {}  \
         server {} {}  findings {}",
        second.at,
        second.rate(|it| it.sent),
        second.rate(|it| it.acked),
        second.rate(|it| it.delivered),
        ms(second.p50_ms),
        ms(second.p99_ms),
        cores(second.server_cores),
        mib(second.server_rss),
        second.findings
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::Counts;

    #[test]
    fn a_second_is_told_as_rates_and_what_is_not_known_as_such() {
        let second = Second {
            at: 3.0,
            length: 0.5,
            counts: Counts { sent: 100, acked: 99, delivered: 1_000 },
            p50_ms: Some(1.25),
            p99_ms: None,
            server_rss: Some(3 << 20),
            findings: 0,
            ..Second::default()
        };
        let told = block(&second, Some(200.0), Duration::from_secs(9), Duration::from_secs(5));
        let told = told.join("\n");
        for part in [
            "3 s of 9 s",
            "offered 200/s, acknowledged 198/s; deliveries 2000/s",
            "p50 1.2 ms, p99 - so far",
            "-, 3.0 MiB resident",
            "findings    0 so far",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        assert!(line(&second).contains("findings 0"));
    }
}
