//! Finding an entry by its ordinal: a binary search over the records, since ordinals rise with seqs.

use wardroom_protocol::ids::LogName;

use super::reader::{Reader, SCAN};
use super::slice::{Budget, ReadError};

impl Reader {
    /// The seq of the entry with this ordinal.
    pub fn seq_of_ordinal(&self, log: &LogName, n: u64) -> Result<Option<u64>, ReadError> {
        let (mut low, mut high) = (1, self.head_seq(log)?);
        while low <= high {
            let middle = low + (high - low) / 2;
            // The first entry at or behind the middle that counts.
            let Some((seq, ordinal)) = self.counting(log, middle, high)? else {
                high = middle - 1;
                continue;
            };
            match ordinal.cmp(&n) {
                std::cmp::Ordering::Equal => return Ok(Some(seq)),
                std::cmp::Ordering::Less => low = seq + 1,
                std::cmp::Ordering::Greater => high = middle - 1,
            }
        }
        Ok(None)
    }

    fn counting(
        &self,
        log: &LogName,
        from: u64,
        upto: u64,
    ) -> Result<Option<(u64, u64)>, ReadError> {
        let mut after = from - 1;
        while after < upto {
            let few = Budget { entries: 4, ..SCAN };
            let slice = self.forward(log, after, upto, few)?;
            let counts = slice
                .records
                .iter()
                .find_map(|record| Some((record.header.position.seq, record.header.n?)));
            let last = slice.records.last().map(|record| record.header.position.seq);
            match (counts, last.max(slice.holes.last().map(|hole| hole.1))) {
                (Some(found), _) => return Ok(Some(found)),
                (None, Some(last)) => after = last,
                (None, None) => break,
            }
        }
        Ok(None)
    }
}
