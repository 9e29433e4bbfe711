//! `wardroom serve`, the default verb: runs a node until it is told to stop, then drains it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use wardroom::config::Loaded;
use wardroom::server;

use super::address_space;
use super::banner::Banner;
use super::failure::{Exit, Failure};
use super::flags::{DataFlags, about, flag};
use super::print::{eprint_lines, print_lines};
use super::ready_file::ReadyFile;

/// What a shell reports for a process that Ctrl+C ended.
const INTERRUPTED: i32 = 130;

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Flags {
    #[arg(long, value_name = "ADDRESS", help = about("server.listen"))]
    listen: Option<SocketAddr>,
    #[arg(long, value_name = "FILE", help = about("server.tls_cert"))]
    tls_cert: Option<String>,
    #[arg(long, value_name = "FILE", help = about("server.tls_key"))]
    tls_key: Option<String>,
    #[command(flatten)]
    data: DataFlags,
    #[arg(long, value_name = "NAME", help = about("node"))]
    node: Option<String>,
    #[arg(long, value_name = "PATH", help = about("server.ready_file"))]
    ready_file: Option<String>,
    #[arg(long, help = about("ephemeral"))]
    ephemeral: bool,
}

impl Flags {
    fn load(&self) -> Result<Loaded, Failure> {
        let listen = self.listen.map(|address| address.to_string());
        let ephemeral = self.ephemeral.then(|| "true".to_owned());
        let flags = [
            flag("--listen", "server.listen", listen.as_ref()),
            flag("--tls-cert", "server.tls_cert", self.tls_cert.as_ref()),
            flag("--tls-key", "server.tls_key", self.tls_key.as_ref()),
            flag("--data", "data", self.data.data.as_ref()),
            flag("--node", "node", self.node.as_ref()),
            flag("--ready-file", "server.ready_file", self.ready_file.as_ref()),
            flag("--ephemeral", "ephemeral", ephemeral.as_ref()),
        ];
        self.data.file.load(flags.into_iter().flatten().collect())
    }
}

/// One core is left to the threads of the log: with a worker more on two cores, each takes the other's
/// cache and waits for its core, and a post costs a seventh more.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1)
}

pub(crate) fn run(flags: &Flags) -> Result<(), Failure> {
    let began = Instant::now();
    let loaded = flags.load()?;
    address_space::check()?;
    let banner = Banner::new(&loaded, flags.data.file.config.is_some(), std::env::args_os().next());
    let config = loaded.config;
    let ready_file = ReadyFile::prepare(config.server.ready_file.clone())?;
    let no_runtime =
        |e| Failure::new(Exit::Io, format!("failed to start the threads of the node: {e}"));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers())
        .enable_all()
        .build()
        .map_err(no_runtime)?;
    runtime.block_on(async {
        let stop = Stop::listen()?;
        let reload = reload()?;
        let (give_up, unready) = oneshot::channel();
        let mut trouble = None;
        let ready = |ready: &server::Ready| {
            let banner = banner.text(&ready.url, &ready.socket, began.elapsed());
            if print_lines(&banner).is_err() {
                tracing::warn!("nobody reads standard output; the banner was not shown");
            }
            // Whoever asked for the file waits for it: without it the node is of no use to them.
            match ready_file.write(&ready.url, &ready.socket) {
                Ok(()) => drop(give_up),
                Err(failure) => {
                    trouble = Some(failure);
                    // Whoever listened is gone only if the node stops already.
                    let _ = give_up.send(());
                }
            }
        };
        let outcome = server::run(config, ready, reload, stop.asked(unready)).await;
        outcome.map_err(Failure::from)?;
        trouble.map_or(Ok(()), Err)
    })
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|e| Failure::new(Exit::Io, format!("failed to listen for signals: {e}")))
}

/// SIGHUP: the files that may change under a running node are to be read again. Two at once are one.
fn reload() -> Result<Arc<Notify>, Failure> {
    let mut hangup = listen(SignalKind::hangup())?;
    let asked = Arc::new(Notify::new());
    let told = Arc::clone(&asked);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            told.notify_one();
        }
    });
    Ok(asked)
}

/// SIGTERM and Ctrl+C.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Ends when the node is asked to stop, by a signal or because it could not say that it is ready.
    /// A second signal ends the process at once: whoever asks twice does not want to wait, and the
    /// journal is made for worse.
    async fn asked(mut self, unready: oneshot::Receiver<()>) {
        let failed = async {
            if unready.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = self.next() => {}
            () = failed => {}
        }
        tracing::info!("asked to stop; draining");
        tokio::spawn(async move {
            self.next().await;
            eprint_lines("wardroom: asked again; stopped without draining");
            std::process::exit(INTERRUPTED);
        });
    }
}
