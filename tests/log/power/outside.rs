//! Files that are written past the disk: the store's, which are sled's own. Known are a copy of each
//! folder as it was last synced, and what lay there when the power went. Every sector in which the two
//! differ may have arrived or not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Roll, SECTOR};

/// Files by their path.
type Picture = BTreeMap<PathBuf, Vec<u8>>;

/// See the module.
#[derive(Default)]
pub(super) struct Outside {
    /// The folder that holds the store's generations.
    store: Option<PathBuf>,
    /// Each generation as it was when it was last synced.
    synced: BTreeMap<PathBuf, Picture>,
    at_cut: Picture,
}

fn look(dir: &Path, picture: &mut Picture) {
    // Files come and go while this looks; what is gone is gone.
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            look(&path, picture);
        } else if let Ok(bytes) = fs::read(&path) {
            picture.insert(path, bytes);
        }
    }
}

impl Outside {
    /// A generation is opened, by its file.
    pub(super) fn opened(&mut self, file: &Path) {
        let generation = file.parent().unwrap();
        self.store = generation.parent().map(Path::to_path_buf);
        self.synced.entry(generation.to_path_buf()).or_default();
    }

    /// A generation was synced.
    pub(super) fn synced(&mut self, file: &Path) {
        let generation = file.parent().unwrap();
        let mut picture = Picture::new();
        look(generation, &mut picture);
        self.synced.insert(generation.to_path_buf(), picture);
    }

    /// The power goes.
    pub(super) fn cut(&mut self) {
        if let Some(store) = &self.store {
            look(store, &mut self.at_cut);
        }
    }

    /// Leaves on disk what a power cut might have left.
    pub(super) fn settle(&mut self, roll: Roll<'_>) {
        let Some(store) = self.store.take() else {
            return;
        };
        fs::remove_dir_all(&store).unwrap();
        fs::create_dir_all(&store).unwrap();
        let at_cut = std::mem::take(&mut self.at_cut);
        let mut synced = Picture::new();
        for (generation, picture) in std::mem::take(&mut self.synced) {
            fs::create_dir_all(generation).unwrap();
            synced.extend(picture);
        }
        let paths: BTreeSet<&PathBuf> = synced.keys().chain(at_cut.keys()).collect();
        for path in paths {
            let (old, new) = (synced.get(path), at_cut.get(path));
            // The pointer beside the generations is written with syncs of its own.
            let fate = if path.parent() == Some(&store) { 1 } else { roll(3) };
            let left = match fate {
                0 => old.cloned(),
                1 => new.cloned(),
                _ => new.map(|new| torn(old.map_or(&[], Vec::as_slice), new, roll)),
            };
            if let Some(bytes) = left {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
    }
}

/// The old bytes with any set of the sectors that changed since.
fn torn(old: &[u8], new: &[u8], roll: Roll<'_>) -> Vec<u8> {
    let mut bytes = old.to_vec();
    // A file that shrank may still have its old length.
    if new.len() < bytes.len() && roll(2) == 0 {
        bytes.truncate(new.len());
    }
    for (number, sector) in new.chunks(SECTOR).enumerate() {
        let here = number * SECTOR;
        if bytes.get(here..here + sector.len()) == Some(sector) || roll(2) == 0 {
            continue;
        }
        if bytes.len() < here + sector.len() {
            bytes.resize(here + sector.len(), 0);
        }
        bytes[here..here + sector.len()].copy_from_slice(sector);
    }
    bytes
}
