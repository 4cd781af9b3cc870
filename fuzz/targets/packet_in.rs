//! The packet opener under every cipher with every MAC: what comes out is what was sealed, in order, up to the first
//! packet that was touched; and it does not depend on how the bytes were cut.

use super::input::Input;
use crate::crypto::cipher::Seal;
use crate::crypto::registry::{CipherInfo, DirectionKeys, MacInfo, CIPHERS, MACS};
use crate::proto::packet_in::{Opened, PacketIn};

/// The opener sees at most this much, so that an input is quick.
const MAX_WIRE: usize = 64 * 1024;

struct Sealed {
    wire: Vec<u8>,
    /// What was sealed before anything was touched.
    good: Vec<Vec<u8>>,
    touched: bool,
}

fn with_keys<T>(cipher: &CipherInfo, mac: Option<&MacInfo>, make: impl FnOnce(&DirectionKeys<'_>) -> T) -> T {
    let bytes: Vec<u8> = (0..=255).collect();
    let keys = DirectionKeys {
        key: &bytes[..cipher.key_len],
        iv: &bytes[100..100 + cipher.iv_len],
        mac_key: &bytes[50..50 + mac.map_or(0, |m| m.key_len)],
    };
    make(&keys)
}

/// RFC 4253 section 6, apart from the library's own sealing.
fn seal(sealer: &mut dyn Seal, sequence: u32, payload: &[u8], more_padding: u8) -> Vec<u8> {
    let (block, apart) = (sealer.block_len(), sealer.length_apart());
    let counted = payload.len() + if apart { 1 } else { 5 };
    let mut padding = block - counted % block;
    if padding < 4 {
        padding += block;
    }
    padding += block * usize::from(more_padding % 8);
    let mut packet = u32::try_from(1 + payload.len() + padding).unwrap().to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding + sealer.tag_len(), 0x55);
    sealer.seal(sequence, &mut packet).expect("a packet of the right shape seals");
    packet
}

fn write(input: &mut Input<'_>, sealer: &mut dyn Seal, protected: bool) -> Sealed {
    let mut sealed = Sealed { wire: Vec::new(), good: Vec::new(), touched: false };
    let (mut sequence, mut last) = (0, Vec::new());
    while !input.is_empty() && sealed.wire.len() < MAX_WIRE {
        match input.u8() % 8 {
            0 => {
                let raw = input.bytes();
                sealed.wire.extend_from_slice(raw);
                sealed.touched |= !raw.is_empty();
            }
            1 if protected => {
                // One that was sealed, changed in one byte.
                let mut packet = seal(sealer, sequence, &payload(input), 0);
                let (at, flip) = (usize::from(input.u16()) % packet.len(), input.u8().max(1));
                packet[at] ^= flip;
                sealed.wire.extend_from_slice(&packet);
                sealed.touched = true;
                sequence += 1;
            }
            2 => {
                // Cut off: what follows begins in its middle.
                let packet = seal(sealer, sequence, &payload(input), 0);
                sealed.wire.extend_from_slice(&packet[..usize::from(input.u16()) % packet.len()]);
                sealed.touched = true;
                sequence += 1;
            }
            3 if !last.is_empty() => {
                // Sealed for an earlier place in the sequence.
                sealed.wire.extend_from_slice(&last);
                sealed.touched |= protected;
            }
            _ => {
                let payload = payload(input);
                last = seal(sealer, sequence, &payload, input.u8());
                sealed.wire.extend_from_slice(&last);
                if !sealed.touched {
                    sealed.good.push(payload);
                }
                sequence += 1;
            }
        }
    }
    sealed
}

fn payload(input: &mut Input<'_>) -> Vec<u8> {
    let bytes = input.bytes();
    if bytes.is_empty() {
        vec![2]
    } else {
        bytes.to_vec()
    }
}

/// Opens `wire` as it arrives in pieces; gives the payloads and whether it ended with an error.
fn open(mut packets: PacketIn, wire: &[u8], pieces: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let (mut got, mut buf, mut at) = (Vec::new(), Vec::new(), 0);
    let mut pieces = pieces.iter().cycle();
    loop {
        let mut items: Vec<Opened> = Vec::new();
        let Ok(used) = packets.open_batch(&mut buf, &mut items) else { return (got, true) };
        got.extend(items.iter().map(|item| packets.payload(&buf, item).to_vec()));
        buf.drain(..used);
        if packets.at_barrier() {
            packets.apply(None);
            continue;
        }
        if !items.is_empty() {
            continue;
        }
        assert!(packets.wanted() >= 1);
        if at == wire.len() {
            return (got, false);
        }
        let piece = usize::from(pieces.next().copied().unwrap_or(0)).pow(2).max(1).min(wire.len() - at);
        buf.extend_from_slice(&wire[at..at + piece]);
        at += piece;
    }
}

/// Cipher, MAC, and whether payloads are inflated; then what is sealed; how it is cut follows from the first bytes.
pub(super) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (cipher, mac) =
        (usize::from(input.u8()) % (CIPHERS.len() + 1), input.pick(&(0..MACS.len()).collect::<Vec<_>>()));
    let inflate = input.u8() % 4 == 3;
    let pieces = [255, data.len() as u8, input.u8(), input.u8()];
    let Some(cipher) = CIPHERS.get(cipher) else {
        let plain = || PacketIn::opened_by(crate::crypto::cipher::plain_open(), inflate);
        let sealed = write(&mut input, &mut *crate::crypto::cipher::plain(), false);
        assert_eq!(open(plain(), &sealed.wire, &pieces), open(plain(), &sealed.wire, &[255]));
        return;
    };
    let mac = (!cipher.aead).then(|| &MACS[mac]);
    let mut sealer = with_keys(cipher, mac, |keys| (cipher.seal)(keys, mac)).expect("keys of the row's sizes");
    let sealed = write(&mut input, &mut *sealer, true);
    let opener = || {
        let opener = with_keys(cipher, mac, |keys| (cipher.open)(keys, mac)).expect("keys of the row's sizes");
        PacketIn::opened_by(opener, inflate)
    };
    let (got, failed) = open(opener(), &sealed.wire, &pieces);
    assert_eq!((&got, failed), {
        let again = open(opener(), &sealed.wire, &[255]);
        (&again.0.clone(), again.1)
    });
    if inflate {
        return;
    }
    assert!(got.len() <= sealed.good.len(), "{}: a packet that was touched came out", cipher.name);
    assert_eq!(got, sealed.good[..got.len()], "{}", cipher.name);
    assert!(failed || sealed.touched || got.len() == sealed.good.len(), "{}: a packet was lost", cipher.name);
}
