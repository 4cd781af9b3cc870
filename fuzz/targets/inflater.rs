//! Decompression: any packets end in a result, within the bound; what our own compressor wrote comes back.

use super::input::Input;
use crate::crypto::compress::{Deflater, Inflater};

const LIMITS: &[usize] = &[1, 64, 1000, 1 << 15, 1 << 18];

/// A limit, then whether packets are compressed first or taken as they are, then the packets.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let limit = input.pick(LIMITS);
    if input.bool() {
        return round_trip(&mut input, limit);
    }
    let mut inflater = Inflater::new();
    let mut out = Vec::new();
    while !input.is_empty() {
        out.clear();
        let packet = input.bytes();
        let result = inflater.inflate(packet, limit, &mut out);
        assert!(out.capacity() <= 4 * limit + 4096, "{} bytes for a limit of {limit}", out.capacity());
        if result.is_err() {
            return;
        }
        assert!(out.len() <= limit);
    }
}

fn round_trip(input: &mut Input<'_>, limit: usize) {
    let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    while !input.is_empty() {
        let packet = input.bytes().repeat(usize::from(input.u8() % 64) + 1);
        let (mut packed, mut unpacked) = (Vec::new(), Vec::new());
        let (a, b) = packet.split_at(packet.len() / 2);
        deflater.compress(&[a, b], &mut packed).expect("compression has no reason to fail");
        match inflater.inflate(&packed, limit, &mut unpacked) {
            Ok(()) => assert!(unpacked == packet),
            Err(_) => {
                assert!(packet.len() > limit);
                return;
            }
        }
    }
}
