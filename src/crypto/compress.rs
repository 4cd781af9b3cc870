//! Compression of payloads (RFC 4253 section 6.2; zlib@openssh.com is the same, begun after authentication).
//!
//! One zlib stream (RFC 1950) a direction runs through all packets. The packet layer makes a new [`Deflater`] or
//! [`Inflater`] where the RFC wants a new context: at each NEWKEYS.

use crate::error::{Error, ErrorKind, Result};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// zlib's own default: the gain of higher levels is small and their cost is not.
const LEVEL: u32 = 6;

/// Least room given to one call into zlib. Well above the six bytes under which a flush marker may be written twice.
const CHUNK: usize = 512;

/// Compresses outgoing payloads.
pub struct Deflater {
    stream: Compress,
}

impl Default for Deflater {
    fn default() -> Self {
        Self { stream: Compress::new(Compression::new(LEVEL), true) }
    }
}

impl Deflater {
    /// A new stream with the largest window.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `out` the compressed payload, given in parts. It ends with a partial flush, so that the peer can
    /// inflate all of it.
    pub fn compress(&mut self, payload: &[&[u8]], out: &mut Vec<u8>) -> Result<()> {
        for part in payload {
            self.run(part, FlushCompress::None, out)?;
        }
        self.run(&[], FlushCompress::Partial, out)
    }

    fn run(&mut self, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> Result<()> {
        loop {
            // Half of the input is a common size for the output, and a wrong guess costs one more round.
            out.reserve(CHUNK.max(input.len() / 2));
            let before = self.stream.total_in();
            self.stream.compress_vec(input, out, flush).map_err(|_| stream_broken())?;
            input = behind(input, self.stream.total_in().wrapping_sub(before))?;
            // Room left over means that zlib has nothing more to say.
            if input.is_empty() && out.len() < out.capacity() {
                return Ok(());
            }
        }
    }
}

/// Inflates incoming payloads.
pub struct Inflater {
    stream: Decompress,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { stream: Decompress::new(true) }
    }
}

impl Inflater {
    /// A new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends to `out` what `input`, one packet's compressed payload, inflates to. Corrupt data, the end of the
    /// stream, and more than `limit` bytes are [`ErrorKind::Decompress`]; `out` never grows by more than about twice
    /// the limit, however far the input would inflate.
    pub fn inflate(&mut self, mut input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        loop {
            // One byte above the limit, so that going past it shows.
            let allowed = limit.saturating_add(1).saturating_sub(out.len().saturating_sub(start));
            out.reserve(CHUNK.max(input.len().saturating_mul(4)).min(allowed));
            let before = self.stream.total_in();
            let status = self.stream.decompress_vec(input, out, FlushDecompress::Sync);
            let status = status.map_err(|_| Error::new(ErrorKind::Decompress, "compressed data is corrupt"))?;
            if out.len().saturating_sub(start) > limit {
                return Err(Error::new(ErrorKind::Decompress, "a packet inflates past the packet bound"));
            }
            // The context is passed from packet to packet, so it never ends (RFC 4253 section 6.2).
            if status == Status::StreamEnd {
                return Err(Error::new(ErrorKind::Decompress, "the compressed stream has ended"));
            }
            input = behind(input, self.stream.total_in().wrapping_sub(before))?;
            if out.len() < out.capacity() {
                return match input {
                    [] => Ok(()),
                    // No progress with input at hand and room to write: zlib would say so for ever.
                    _ => Err(Error::new(ErrorKind::Decompress, "compressed data is corrupt")),
                };
            }
        }
    }
}

/// What is left of `input` after `used` bytes.
fn behind(input: &[u8], used: u64) -> Result<&[u8]> {
    usize::try_from(used).ok().and_then(|used| input.get(used..)).ok_or_else(stream_broken)
}

fn stream_broken() -> Error {
    Error::new(ErrorKind::Internal, "the compression stream is in a state it cannot be in")
}
