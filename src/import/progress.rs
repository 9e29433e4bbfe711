//! Telling people how far an import is: a bar on a terminal, a line every five seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use wardroom_client::State;

use super::summary::{Summary, grouped};

/// How far an import is.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Bytes of the file read.
    pub read: u64,
    /// Bytes of the file in all.
    pub size: u64,
    /// What came of it so far.
    pub summary: Summary,
    /// How the client stands.
    pub state: State,
}

/// Hears about an import several times a second.
pub trait Progress {
    /// This far.
    fn tick(&mut self, tick: &Tick);
    /// No more ticks: the last row was answered.
    fn done(&mut self);
}

/// Shows nothing.
impl Progress for () {
    fn tick(&mut self, _: &Tick) {}
    fn done(&mut self) {}
}

/// Progress on standard error.
pub struct Terminal {
    bar: Option<ProgressBar>,
    began: Instant,
    told: Instant,
}

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Terminal {
    /// A bar if standard error is a terminal, else a line now and then.
    #[must_use]
    pub fn new() -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}");
            ProgressBar::new(1).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, began: now, told: now }
    }
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress for Terminal {
    fn tick(&mut self, tick: &Tick) {
        let line = line(tick, self.began.elapsed());
        if let Some(bar) = &self.bar {
            bar.set_length(tick.size.max(1));
            bar.set_position(tick.read);
            bar.set_message(line);
        } else if self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            // Nobody may be reading it; the import goes on.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    }

    fn done(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn line(tick: &Tick, took: Duration) -> String {
    let messages = tick.summary.added + tick.summary.already;
    match &tick.state {
        State::Online => {
            let rate = u128::from(messages) * 1000 / took.as_millis().max(1);
            format!(
                "{} messages in {} rooms, {rate} a second",
                grouped(messages),
                tick.summary.rooms
            )
        }
        _ => format!("{} messages so far; waiting for the server to come back", grouped(messages)),
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An import that fails leaves no half bar behind its error.
        self.done();
    }
}
