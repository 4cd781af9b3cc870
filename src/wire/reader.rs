//! Reading RFC 4251 section 5 data types. Total: every short or malformed input is an error, never a panic.

use crate::error::{Error, Result};

/// A cursor over a message's bytes.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Takes `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, tail) =
            self.rest.split_at_checked(n).ok_or_else(|| Error::protocol("message is shorter than its fields"))?;
        self.rest = tail;
        Ok(head)
    }

    /// Takes a fixed number of bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| Error::protocol("message is shorter than its fields"))?;
        self.rest = tail;
        Ok(*head)
    }

    /// A `byte`.
    pub fn u8(&mut self) -> Result<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    /// A `boolean`: any value but 0 is true (RFC 4251 section 5).
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.u8()? != 0)
    }

    /// A `uint32`.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// A `uint64`.
    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// A `string` as bytes.
    pub fn string(&mut self) -> Result<&'a [u8]> {
        let len = self.u32()?;
        self.take(usize::try_from(len).map_err(|_| Error::protocol("string length"))?)
    }

    /// A `string` that must be UTF-8.
    pub fn utf8(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.string()?).map_err(|_| Error::protocol("string is not UTF-8"))
    }

    /// A `string` that is a name: printable US-ASCII, no comma, at most 64 bytes are advised (RFC 4251 section 6);
    /// longer ones are accepted up to 255 since method and channel type names in the wild are longer.
    pub fn name(&mut self) -> Result<&'a str> {
        let bytes = self.string()?;
        if bytes.len() > 255 || bytes.iter().any(|b| !b.is_ascii_graphic()) {
            return Err(Error::protocol("a name must be printable US-ASCII (RFC 4251 section 6)"));
        }
        std::str::from_utf8(bytes).map_err(|_| Error::protocol("name is not US-ASCII"))
    }

    /// An `mpint` as its two's complement bytes, unchecked beyond length; see [`crate::wire::mpint`].
    pub fn mpint(&mut self) -> Result<&'a [u8]> {
        self.string()
    }

    /// Everything not yet read.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything was read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends a message: bytes left over are an error.
    pub fn end(&self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Error::protocol("message has bytes after its last field"))
        }
    }
}
