//! One record: 4 bytes of length, the data, a tag; sealed and opened in place.

use crate::Failure;
use cipher::{KeyIvInit, StreamCipher};
use ring::aead::{chacha20_poly1305_openssh as chacha, Aad, LessSafeKey, Nonce, UnboundKey, AES_128_GCM, AES_256_GCM};
use ring::hmac;

pub const HEAD: usize = 4;
/// The longest tag, HMAC-SHA2-256's; the others leave the rest unused.
pub const TAG: usize = 32;

type Step = Box<dyn FnMut(u32, &mut [u8]) -> Result<(), Failure> + Send>;
type Ctr = ctr::Ctr128BE<aes::Aes256>;

/// Seals a record in place.
pub fn sealer(mode: &str) -> Result<Step, Failure> {
    if let Some(key) = gcm_key(mode)? {
        return Ok(Box::new(move |sequence, buf| {
            let (head, data, tag) = parts(buf)?;
            let sealed =
                key.seal_in_place_separate_tag(nonce(sequence), Aad::from(&*head), data).map_err(|_| "seal")?;
            tag[..16].copy_from_slice(sealed.as_ref());
            Ok(())
        }));
    }
    Ok(match mode {
        "chacha20-poly1305@openssh.com" => {
            let key = chacha::SealingKey::new(&[7; chacha::KEY_LEN]);
            Box::new(move |sequence, buf| {
                let (packet, tag) = buf.split_at_mut(buf.len() - TAG);
                key.seal_in_place(sequence, packet, tag.first_chunk_mut().ok_or("short")?);
                Ok(())
            })
        }
        "aes256-ctr" => {
            let (mut stream, mac) = ctr_and_mac();
            Box::new(move |sequence, buf| {
                let (head, data, tag) = parts(buf)?;
                stream.apply_keystream(data);
                tag.copy_from_slice(sign(&mac, sequence, head, data).as_ref());
                Ok(())
            })
        }
        _ => copy(mode)?,
    })
}

/// Opens what the sealer of the same mode made.
pub fn opener(mode: &str) -> Result<Step, Failure> {
    if let Some(key) = gcm_key(mode)? {
        return Ok(Box::new(move |sequence, buf| {
            let (head, data, tag) = parts(buf)?;
            let tag = (&tag[..16]).try_into().map_err(|_| "tag")?;
            key.open_in_place_separate_tag(nonce(sequence), Aad::from(&*head), tag, data, 0..).map_err(|_| "open")?;
            Ok(())
        }));
    }
    Ok(match mode {
        "chacha20-poly1305@openssh.com" => {
            let key = chacha::OpeningKey::new(&[7; chacha::KEY_LEN]);
            Box::new(move |sequence, buf| {
                let (packet, tag) = buf.split_at_mut(buf.len() - TAG);
                // SSH must decrypt the length before it knows where the packet ends.
                key.decrypt_packet_length(sequence, *packet.first_chunk().ok_or("short")?);
                key.open_in_place(sequence, packet, tag.first_chunk().ok_or("short")?).map_err(|_| "open")?;
                Ok(())
            })
        }
        "aes256-ctr" => {
            let (mut stream, mac) = ctr_and_mac();
            Box::new(move |sequence, buf| {
                let (head, data, tag) = parts(buf)?;
                if sign(&mac, sequence, head, data).as_ref() != tag {
                    return Err("open".into());
                }
                stream.apply_keystream(data);
                Ok(())
            })
        }
        _ => copy(mode)?,
    })
}

fn copy(mode: &str) -> Result<Step, Failure> {
    match mode {
        "tcp" => Ok(Box::new(|_, _| Ok(()))),
        _ => Err(format!("{mode}: no such mode").into()),
    }
}

fn gcm_key(mode: &str) -> Result<Option<LessSafeKey>, Failure> {
    let (algorithm, len) = match mode {
        "aes128-gcm@openssh.com" => (&AES_128_GCM, 16),
        "aes256-gcm@openssh.com" => (&AES_256_GCM, 32),
        _ => return Ok(None),
    };
    Ok(Some(LessSafeKey::new(UnboundKey::new(algorithm, &[7; 32][..len]).map_err(|_| "key")?)))
}

fn ctr_and_mac() -> (Ctr, hmac::Key) {
    (Ctr::new(&[7; 32].into(), &[9; 16].into()), hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]))
}

/// Encrypt-then-MAC: over the sequence number, the length in the clear and the ciphertext.
fn sign(key: &hmac::Key, sequence: u32, head: &[u8], data: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(&sequence.to_be_bytes());
    context.update(head);
    context.update(data);
    context.sign()
}

fn nonce(sequence: u32) -> Nonce {
    let mut bytes = [0; 12];
    bytes[8..].copy_from_slice(&sequence.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn parts(buf: &mut [u8]) -> Result<(&mut [u8], &mut [u8], &mut [u8]), Failure> {
    let (head, rest) = buf.split_at_mut_checked(HEAD).ok_or("short")?;
    let (data, tag) = rest.split_at_mut_checked(rest.len().saturating_sub(TAG)).ok_or("short")?;
    Ok((head, data, tag))
}
