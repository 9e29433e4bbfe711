//! `noted.mark`: up to which entry of each log everything that follows from it elsewhere is written. Whoever
//! derives entries keeps it here; without it they look through whole logs, and miss nothing.
//!
//! Written to a file beside, synced and renamed. Each position is one that was held by a synced entry
//! when this was written, so an old mark is as true as a new one; a damaged one is as good as none.
//!
//! ```text
//! 0 8 "WRDRNOTE" · 8 4 version, 1 · 12 4 count · count times: 2 length + name of the log, 8 epoch, 8 seq ·
//! 8 first bytes of BLAKE3 of all before
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use wardroom_protocol::ids::{LogName, Position};

use super::Log;
use super::bytes_in::{Cut, Cutter};
use super::disk::Disk;
use super::record::short;

const MAGIC: &[u8; 8] = b"WRDRNOTE";
const VERSION: u32 = 1;
/// A larger file is none of ours.
const LARGEST: u64 = 256 << 20;

/// See the module.
pub type Noted = BTreeMap<LogName, Position>;

/// The file.
pub(super) struct NotedFile {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// One is written at a time: they share a temporary name.
    writing: Mutex<()>,
}

fn encode(noted: &Noted) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    let count = u32::try_from(noted.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_le_bytes());
    for (log, position) in noted {
        let name = log.as_str().as_bytes();
        let len = u16::try_from(name.len()).expect("a log's name is short");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(name);
        out.extend_from_slice(&position.epoch.to_le_bytes());
        out.extend_from_slice(&position.seq.to_le_bytes());
    }
    let sum = short(blake3::hash(&out).as_bytes());
    out.extend_from_slice(&sum);
    out
}

fn decode(bytes: &[u8]) -> Result<Noted, Cut> {
    let (body, sum) = bytes.split_last_chunk::<8>().ok_or(Cut)?;
    let mut cut = Cutter::new(body);
    let magic: [u8; 8] = cut.array()?;
    if *sum != short(blake3::hash(body).as_bytes()) || magic != *MAGIC || cut.u32()? != VERSION {
        return Err(Cut);
    }
    let mut noted = Noted::new();
    for _ in 0..cut.u32()? {
        let log = cut.text()?.and_then(|name| name.parse().ok()).ok_or(Cut)?;
        noted.insert(log, cut.position()?);
    }
    if cut.is_done() { Ok(noted) } else { Err(Cut) }
}

impl NotedFile {
    pub(super) fn new(disk: &Arc<dyn Disk>, dir: PathBuf) -> Arc<Self> {
        Arc::new(Self { disk: Arc::clone(disk), dir, writing: Mutex::default() })
    }

    fn load(&self) -> io::Result<Noted> {
        let file = match self.disk.open(&self.dir.join("noted.mark"), false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Noted::new()),
            Err(error) => return Err(error),
        };
        let size = file.size()?;
        if size > LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        file.read_at(&mut bytes, 0)?;
        decode(&bytes).map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn save(&self, noted: &Noted) -> io::Result<()> {
        let (path, made) = (self.dir.join("noted.mark"), self.dir.join("noted.new"));
        let _alone = self.writing.lock();
        let file = self.disk.open(&made, true)?;
        file.resize(0)?;
        file.write_at(&encode(noted), 0)?;
        file.sync()?;
        self.disk.rename(&made, &path)
    }
}

impl Log {
    /// What was kept by [`Self::keep_noted`]; nothing if that cannot be read.
    pub async fn noted(&self) -> Noted {
        let loaded = self.beside(NotedFile::load).await;
        loaded.unwrap_or_else(|error| {
            tracing::warn!(%error, "the mark of what was noted cannot be read; logs are looked through");
            Noted::new()
        })
    }

    /// Keeps this in place of what was kept before. It is no loss if that fails.
    pub async fn keep_noted(&self, noted: Noted) {
        if let Err(error) = self.beside(move |file| file.save(&noted)).await {
            tracing::warn!(%error, "the mark of what was noted was not kept");
        }
    }

    /// On a thread that nobody waits for at the end: its sync may hang.
    async fn beside<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&NotedFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        // In memory there is nothing to keep.
        let Some(file) = self.shared.noted.clone() else {
            return Ok(T::default());
        };
        let (send, done) = oneshot::channel();
        std::thread::Builder::new().name("log-noted".to_owned()).spawn(move || {
            // Whoever asked may be gone.
            let _ = send.send(work(&file));
        })?;
        done.await.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_whole_or_not_at_all() {
        let noted: Noted = [("cardiology", 3), ("cardiology/moderators", 70_000)]
            .map(|(log, seq)| (log.parse().expect("a log"), Position::new(7, seq)))
            .into();
        let bytes = encode(&noted);
        assert_eq!(decode(&bytes), Ok(noted));
        assert_eq!(decode(&encode(&Noted::new())), Ok(Noted::new()));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            assert_eq!(decode(&changed), Err(Cut), "byte {at}");
            assert_eq!(decode(&bytes[..at]), Err(Cut), "cut at {at}");
        }
    }
}
