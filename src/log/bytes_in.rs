//! Cutting fields off the front of bytes that nobody vouches for. Never panics.

use wardroom_protocol::ids::Position;

/// The bytes ended before the field did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut;

/// Bytes not read yet.
pub(crate) struct Cutter<'a>(&'a [u8]);

impl<'a> Cutter<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Cut> {
        let (front, rest) = self.0.split_at_checked(len).ok_or(Cut)?;
        self.0 = rest;
        Ok(front)
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next bytes, where they lie.
    pub(crate) fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], Cut> {
        let (front, rest) = self.0.split_first_chunk().ok_or(Cut)?;
        self.0 = rest;
        Ok(front)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Cut> {
        self.chunk().copied()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Cut> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Cut> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Cut> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Cut> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn position(&mut self) -> Result<Position, Cut> {
        Ok(Position::new(self.u64()?, self.u64()?))
    }

    /// Two bytes of length, then text; `None` if it is not UTF-8.
    pub(crate) fn text(&mut self) -> Result<Option<&'a str>, Cut> {
        let len = self.u16()?;
        let bytes = self.take(usize::from(len))?;
        Ok(std::str::from_utf8(bytes).ok())
    }
}
