//! The yardstick of `durable`: a `redis-server` that syncs every write (`appendfsync always`), fed the
//! same number of messages in flight, of the same size, into one stream.
//!
//! It is started here on a loopback port with a folder of its own, without snapshots and without
//! rewriting, and ended here by its id. The messages in flight are spread over a few pipelined
//! connections, which it syncs together: over a single one it reads 16 KiB at a time and syncs for
//! each, over 64 it spends its time on their sockets.

mod resp;

use std::cell::{Cell, RefCell};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use wardroom_protocol::ids::Mid;

use crate::failure::Failure;
use crate::meter::{Counts, Meter, Snapshot, Window, as_f64};
use crate::probe::Probe;
use crate::process::Process;
use crate::scenario::{Outcome, Run};
use crate::target::child::{self, PATIENCE, Running};
use crate::traffic::Pace;
use crate::words;
use resp::Reply;

const PROGRAM: &str = "redis-server";
/// Connections that share the messages in flight.
const CONNECTIONS: u32 = 8;
/// The one stream.
const STREAM: &str = "load";

/// A `redis-server` that answers.
struct Redis {
    host: String,
    running: Running,
}

/// What the connections share.
struct Ground {
    meter: RefCell<Meter>,
    stop: Cell<bool>,
    bytes: usize,
}

/// One run: the window of `durable`, against Redis. `near` is the folder of the server's data: both
/// write to the same disk.
pub async fn run(near: Option<&Path>, run: &Run) -> Result<Outcome, Failure> {
    let Pace::InFlight(most) = run.plan.pace else {
        return Err(Failure::Usage("--baseline redis goes with --in-flight".to_owned()));
    };
    let redis = Redis::start(near).await?;
    let folder = redis.running.folder().expect("it was given one");
    let probe = Probe::start(folder)?;
    let bytes = run.plan.bytes;
    let ground = Rc::new(Ground { meter: RefCell::default(), stop: Cell::new(false), bytes });
    let mut tasks = JoinSet::new();
    for number in 0..CONNECTIONS.min(most) {
        let share = most / CONNECTIONS + u32::from(number < most % CONNECTIONS);
        let stream = redis.connect().await?;
        tasks.spawn_local(feed(stream, share, Rc::clone(&ground)));
    }
    tokio::time::sleep(run.warmup).await;
    let process = Some(Process::Id(redis.running.id()));
    ground.meter.borrow_mut().open = true;
    let from = Snapshot::take(ground.meter.borrow().total, process);
    tokio::time::sleep(run.length).await;
    let to = Snapshot::take(ground.meter.borrow().total, process);
    ground.meter.borrow_mut().open = false;
    ground.stop.set(true);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a connection does not panic")?;
    }
    let mut outcome = Outcome::default();
    let window = Window::between(&from, &to);
    outcome.window(run, &window);
    // All of it is in its file when it answers; nothing is left to catch up with.
    outcome.figure("kept_posts_per_s", window.rate(window.counts.acked), "1/s");
    let spent = probe.finish();
    let sent = ground.meter.borrow().total.sent;
    let kept = redis.length().await?;
    if kept != sent {
        return Err(Failure::Yardstick(format!("redis-server keeps {kept} of {sent} messages")));
    }
    outcome.meter(run, ground.meter.take());
    crate::scenario::disk(&mut outcome, run, Some(&spent));
    outcome.notes.push(format!(
        "redis: appendfsync always, no RDB, no rewriting; XADD over {CONNECTIONS} pipelined connections"
    ));
    outcome.figure("messages", as_f64(sent), "messages");
    Ok(outcome)
}

impl Redis {
    async fn start(near: Option<&Path>) -> Result<Self, Failure> {
        let made = match near {
            Some(near) => TempDir::with_prefix_in("redis-", near),
            None => TempDir::with_prefix("wardroom-redis-"),
        };
        let folder = made.map_err(Failure::io("make a temporary folder"))?;
        let log = folder.path().join("redis.log");
        let port = free_port()?;
        let mut command = Command::new(PROGRAM);
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--daemonize", "no"]);
        command.args(["--auto-aof-rewrite-percentage", "0", "--dir"]).arg(folder.path());
        let child = child::start(command, Path::new(PROGRAM), &log)?;
        let mut redis =
            Self { host: format!("127.0.0.1:{port}"), running: Running::new(child, Some(folder)) };
        let begun = Instant::now();
        loop {
            if let Ok(mut stream) = redis.connect().await
                && let Ok(Reply::Done) = ask(&mut stream, &["PING"]).await
            {
                return Ok(redis);
            }
            if !redis.running.lives() || begun.elapsed() > PATIENCE {
                let why = child::last_words(&log);
                return Err(Failure::Start { program: PROGRAM.into(), why });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn connect(&self) -> Result<TcpStream, Failure> {
        let stream = TcpStream::connect(&self.host).await.map_err(talk())?;
        stream.set_nodelay(true).map_err(talk())?;
        Ok(stream)
    }

    /// How many messages it keeps.
    async fn length(&self) -> Result<u64, Failure> {
        match ask(&mut self.connect().await?, &["XLEN", STREAM]).await? {
            Reply::Number(number) => Ok(number),
            other => Err(Failure::Yardstick(format!("redis-server answered {other:?}"))),
        }
    }
}

fn talk() -> impl FnOnce(std::io::Error) -> Failure {
    Failure::io("talk with redis-server")
}

/// A port that is free now. Somebody may take it before Redis does, which then says so and ends.
fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Failure::io("find a free port"))?;
    Ok(listener.local_addr().map_err(Failure::io("find a free port"))?.port())
}

async fn ask(stream: &mut TcpStream, words: &[&str]) -> Result<Reply, Failure> {
    let mut out = Vec::new();
    resp::command(&mut out, words);
    stream.write_all(&out).await.map_err(talk())?;
    let mut input = Vec::new();
    loop {
        if let Some(reply) = resp::take(&mut input)? {
            return Ok(reply);
        }
        if stream.read_buf(&mut input).await.map_err(talk())? == 0 {
            return Err(Failure::Yardstick("redis-server hung up".to_owned()));
        }
    }
}

/// Keeps so many messages on their way over one connection until told to stop.
async fn feed(mut stream: TcpStream, share: u32, ground: Rc<Ground>) -> Result<(), Failure> {
    let (mut input, mut out) = (Vec::new(), Vec::new());
    let mut sent = std::collections::VecDeque::new();
    loop {
        while !ground.stop.get() && sent.len() < share as usize {
            let mid = Mid::fresh();
            let (id, body) = (mid.to_string(), words::body(mid, ground.bytes));
            // What an entry of ours holds beside its text, roughly.
            let message = ["XADD", STREAM, "*", "mid", &id, "topic", words::TOPIC, "body", &body];
            resp::command(&mut out, &message);
            sent.push_back(Instant::now());
            ground.meter.borrow_mut().total.sent += 1;
        }
        stream.write_all(&out).await.map_err(talk())?;
        out.clear();
        if sent.is_empty() {
            return Ok(());
        }
        if stream.read_buf(&mut input).await.map_err(talk())? == 0 {
            return Err(Failure::Yardstick("redis-server hung up".to_owned()));
        }
        while let Some(reply) = resp::take(&mut input)? {
            let at = sent.pop_front();
            let (Some(at), Reply::Done) = (at, reply) else {
                return Err(Failure::Yardstick("redis-server refused a message".to_owned()));
            };
            let mut meter = ground.meter.borrow_mut();
            meter.total = Counts { acked: meter.total.acked + 1, ..meter.total };
            meter.record(|it| &mut it.answered, at.elapsed());
        }
    }
}
