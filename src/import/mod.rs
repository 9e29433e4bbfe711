//! `wardroom import`: a file of messages into rooms, over the socket, as any client would.
//!
//! Owns reading and checking the file, founding missing rooms, and the count of what was added.
//! Never touches a log: every message takes the server's one write path. Running it again adds
//! nothing, because each row brings its own mid. The command line calls [`run`].

mod error;
mod founding;
mod posting;
mod progress;
mod row;
mod source;
mod summary;

pub use error::{ImportError, RowError};
pub use progress::{Progress, Terminal, Tick};
pub use summary::Summary;

use std::path::PathBuf;
use std::time::Instant;

use wardroom_client::Client;

use founding::Rooms;
use posting::Posting;
use source::Source;

/// The role that may post on behalf of others.
const IMPORT_ROLE: &str = "import";
/// Posts under way or waiting in the client: a few windows, so that it never idles.
const OUTBOX: usize = 256;

/// What to import, and where.
#[derive(Clone)]
pub struct Options {
    /// A `.jsonl` file, plain or `.gz`: one row `{room, topic, kind, author, mid, reply_to?, body}`
    /// a line.
    pub file: PathBuf,
    /// The server's socket: `ws://host:port`.
    pub url: String,
    /// A token with role `import`, and role `moderator` if rooms are to be founded.
    pub token: String,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Imports a file. Stops at the first row that is not a row or is refused; what stands before it is
/// in, and the same file, mended, can be imported again. A lost connection is waited for, however
/// long it takes: `progress` is told.
pub async fn run(options: Options, progress: impl Progress) -> Result<Summary, ImportError> {
    let began = Instant::now();
    // The file first: a wrong name should not need a server to be found out.
    let mut source = Source::open(&options.file)?;
    let client = Client::builder(options.url, options.token)
        .name("wardroom import", env!("CARGO_PKG_VERSION"))
        .outbox(OUTBOX)
        .connect()
        .await
        .map_err(|error| ImportError::Connect(Box::new(error)))?;
    let granted = client.principal().roles.iter();
    if !granted.into_iter().any(|role| role == IMPORT_ROLE) {
        client.close().await;
        return Err(ImportError::ImportRole);
    }
    let outcome = transfer(&client, &mut source, progress).await;
    client.close().await;
    outcome.map(|mut summary| {
        summary.took = began.elapsed();
        summary
    })
}

async fn transfer(
    client: &Client,
    source: &mut Source,
    mut progress: impl Progress,
) -> Result<Summary, ImportError> {
    let mut rooms = Rooms::list(client).await?;
    let mut posting = Posting::default();
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(200));
    let mut read_all = false;
    // The first thing that goes wrong ends the reading; it is said once what was sent is answered.
    let mut bad = None;
    loop {
        let may_read = !read_all && posting.under_way() < OUTBOX;
        tokio::select! {
            row = source.next(), if may_read => match row {
                None => read_all = true,
                Some(Ok((line, row))) => match rooms.ensure(client, &row.room, line).await {
                    Ok(()) => posting.post(client, line, row),
                    Err(error) => (read_all, bad) = (true, Some(error)),
                },
                Some(Err(error)) => (read_all, bad) = (true, Some(error)),
            },
            done = posting.next(), if posting.under_way() > 0 => if let Err(error) = done {
                read_all = true;
                bad.get_or_insert(error);
            },
            _ = beat.tick() => progress.tick(&Tick {
                read: source.read(),
                size: source.size(),
                summary: posting.summary(rooms.used()),
                state: client.state(),
            }),
            else => break,
        }
        if read_all && posting.under_way() == 0 {
            break;
        }
    }
    progress.done();
    if let Some(error) = bad {
        return Err(error);
    }
    Ok(posting.summary(rooms.used()))
}
