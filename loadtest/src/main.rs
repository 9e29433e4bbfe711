//! The command line of `wardroom-loadtest`: one scenario, or the floor as a server of its own.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use wardroom_loadtest::failure::{Exit, Failure};
use wardroom_loadtest::options::{FloorOptions, Options};
use wardroom_loadtest::report::{Report, lines};
use wardroom_loadtest::scenario::{Run, Silence};
use wardroom_loadtest::traffic::Pace;
use wardroom_loadtest::view::Style;
use wardroom_loadtest::{floor, pairs};

/// The floor's own mode: started by this program, not by people.
const FLOOR: &str = "floor-server";

fn main() -> ExitCode {
    let ended = if std::env::args().nth(1).as_deref() == Some(FLOOR) {
        let options = FloorOptions::parse_from(std::env::args().skip(1));
        on_one_thread(async {
            floor::serve(&options.ready_file, options.broken, options.bundle)
                .await
                .map(|()| Exit::Pass)
        })
    } else {
        let options = Options::parse();
        on_one_thread(async { load(&options).await })
    };
    ended
        .unwrap_or_else(|failure| {
            // Should stderr be closed, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "wardroom-loadtest: {failure}");
            Exit::Usage
        })
        .into()
}

fn on_one_thread(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::io("start the generator"))?;
    // Asked to end, this ends as it does otherwise: a server that was started here is stopped first.
    let work = async {
        let stop = Failure::io("listen for signals");
        let mut term = signal(SignalKind::terminate()).map_err(stop)?;
        tokio::select! {
            ended = work => ended,
            _ = term.recv() => Err(Failure::Stopped),
            _ = tokio::signal::ctrl_c() => Err(Failure::Stopped),
        }
    };
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

async fn load(options: &Options) -> Result<Exit, Failure> {
    let style = match (options.quiet, std::io::stderr().is_terminal()) {
        (true, _) => Style::Quiet,
        (false, true) => Style::Block,
        (false, false) => Style::Lines,
    };
    let run = Run::new(options, style);
    let series = pairs::run(options, &run).await?;
    let report = Report::new(options, plan(options, &run), series);
    report.write(options)?;
    let mut out = std::io::stdout();
    out.write_all(lines(&report).as_bytes()).map_err(Failure::io("print the result"))?;
    Ok(report.exit())
}

/// The plan in words, with everything needed to run it again.
fn plan(options: &Options, run: &Run) -> String {
    let scenario = clap::ValueEnum::to_possible_value(&options.scenario);
    let pace = match run.plan.pace {
        Pace::InFlight(most) => format!("closed window, {most} in flight per room"),
        Pace::Rate(rate) => format!("open model, {rate}/s offered"),
    };
    let logs = match (&options.spawn, options.ephemeral) {
        (None, _) => "",
        (Some(_), true) => ", ephemeral",
        (Some(_), false) => ", durable",
    };
    let tls = if options.tls { ", TLS" } else { "" };
    let silent = match run.silence {
        Silence { rooms: 0, .. } => String::new(),
        it => format!(", beside {} idle rooms x {}", it.rooms, it.members),
    };
    format!(
        "{}: {} rooms x {} members, {pace}, {} bytes{logs}{tls}{silent}; warm-up {:.1} s, window {:.1} s, seed {}",
        scenario.as_ref().map_or("?", |it| it.get_name()),
        run.plan.rooms,
        run.plan.members,
        run.plan.bytes,
        run.warmup.as_secs_f64(),
        run.length.as_secs_f64(),
        run.seed
    )
}
