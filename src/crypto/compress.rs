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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1 << 18;

    fn packets() -> Vec<Vec<u8>> {
        let text: Vec<u8> = (0..4000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        // Multiplicative congruence: bytes that do not compress.
        let noise: Vec<u8> = (1..=70_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        vec![vec![94], b"hello".to_vec(), text.clone(), vec![0; LIMIT], noise, b"hello".to_vec(), text]
    }

    fn deflate(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Deflater::new().compress(&[payload], &mut out).unwrap();
        out
    }

    fn kind(result: Result<()>) -> ErrorKind {
        result.unwrap_err().kind()
    }

    #[test]
    fn every_packet_comes_out_whole_before_the_next_goes_in() {
        let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
        for payload in packets() {
            let (mut packed, mut unpacked) = (b"head".to_vec(), b"front".to_vec());
            let (a, b) = payload.split_at(payload.len() / 3);
            deflater.compress(&[a, &[], b], &mut packed).unwrap();
            let (head, packed) = packed.split_at(4);
            inflater.inflate(packed, LIMIT, &mut unpacked).unwrap();
            assert_eq!(head, b"head");
            assert!(unpacked.strip_prefix(b"front").unwrap() == payload);
        }
    }

    fn unhex(text: &str) -> Vec<u8> {
        text.as_bytes().chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap()).collect()
    }

    #[test]
    fn packets_of_zlib_inflate_with_either_flush() {
        // Made with zlib itself, level 6: two packets with partial flushes, two with sync flushes.
        for packets in [
            ["789ccacf4b5528484cce4e2d0108", "a07c384b4721312f0588f34b32528b0002"],
            ["789ccacf4b5528484cce4e2d01000000ffff", "ca87b3741412f3528038bf2423b508000000ffff"],
        ] {
            let mut inflater = Inflater::new();
            for (packet, payload) in packets.iter().zip(["one packet", "one packet, and another"]) {
                let mut out = Vec::new();
                inflater.inflate(&unhex(packet), LIMIT, &mut out).unwrap();
                assert_eq!(out, payload.as_bytes());
            }
        }
    }

    #[test]
    fn the_context_is_shared_between_packets() {
        let mut deflater = Deflater::new();
        let sizes: Vec<usize> = (0..2)
            .map(|_| {
                let mut out = Vec::new();
                deflater.compress(&[b"a sentence that is sent a second time"], &mut out).unwrap();
                out.len()
            })
            .collect();
        assert!(sizes[1] * 2 < sizes[0], "{sizes:?}");
    }

    #[test]
    fn the_limit_is_exact() {
        for len in [1, 511, 512, 513, 4096, LIMIT] {
            let packed = deflate(&vec![b'x'; len]);
            let mut out = Vec::new();
            Inflater::new().inflate(&packed, len, &mut out).unwrap();
            assert_eq!(out.len(), len);
            assert_eq!(kind(Inflater::new().inflate(&packed, len - 1, &mut Vec::new())), ErrorKind::Decompress);
        }
    }

    #[test]
    fn a_bomb_is_refused_with_bounded_memory() {
        let packed = deflate(&vec![0; 64 << 20]);
        assert!(packed.len() < 80_000);
        let mut out = Vec::new();
        assert_eq!(kind(Inflater::new().inflate(&packed, 1 << 15, &mut out)), ErrorKind::Decompress);
        assert!(out.capacity() <= 4 << 15, "{}", out.capacity());
    }

    #[test]
    fn corrupt_data_is_refused() {
        let good = deflate(b"payload");
        let mut header = good.clone();
        header[0] ^= 1;
        let mut block_type = good.clone();
        block_type[2] = 0x07; // RFC 1951 section 3.2.3: block type 11 is reserved
        for bad in [header, block_type] {
            assert_eq!(kind(Inflater::new().inflate(&bad, LIMIT, &mut Vec::new())), ErrorKind::Decompress);
        }
    }

    #[test]
    fn a_finished_stream_is_refused() {
        let mut packed = Vec::with_capacity(64);
        Compress::new(Compression::new(LEVEL), true)
            .compress_vec(b"last words", &mut packed, FlushCompress::Finish)
            .unwrap();
        assert_eq!(kind(Inflater::new().inflate(&packed, LIMIT, &mut Vec::new())), ErrorKind::Decompress);
    }

    #[test]
    fn any_bytes_end_in_a_result() {
        let good = deflate(&packets()[2]);
        for at in 0..good.len().min(200) {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                let mut out = Vec::new();
                if let Err(error) = Inflater::new().inflate(&bad, 1 << 15, &mut out) {
                    assert_eq!(error.kind(), ErrorKind::Decompress);
                }
                let _ = Inflater::new().inflate(&good[..at], 1 << 15, &mut out);
            }
        }
    }
}
