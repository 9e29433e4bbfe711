//! Cutting fields off the front of bytes that nobody vouches for. Never panics.

use wardroom_protocol::ids::Position;

/// The bytes ended before the field did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut;

/// Bytes not read yet.
pub(super) struct Cutter<'a>(&'a [u8]);

impl<'a> Cutter<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Cut> {
        let (front, rest) = self.0.split_at_checked(len).ok_or(Cut)?;
        self.0 = rest;
        Ok(front)
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next bytes, where they lie.
    pub(super) fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], Cut> {
        let (front, rest) = self.0.split_first_chunk().ok_or(Cut)?;
        self.0 = rest;
        Ok(front)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        self.chunk().copied()
    }

    pub(super) fn u8(&mut self) -> Result<u8, Cut> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Cut> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Cut> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Cut> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn position(&mut self) -> Result<Position, Cut> {
        Ok(Position::new(self.u64()?, self.u64()?))
    }

    /// Two bytes of length, then text; `None` if it is not UTF-8.
    pub(super) fn text(&mut self) -> Result<Option<&'a str>, Cut> {
        let len = self.u16()?;
        let bytes = self.take(usize::from(len))?;
        Ok(std::str::from_utf8(bytes).ok())
    }
}
