//! Decrypting the private section: bcrypt-pbkdf, then any cipher `ssh-keygen -Z` takes.

use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::Reader;
use aes::{Aes128, Aes192, Aes256};
use chacha20::ChaCha20;
use cipher::{Array, BlockCipherDecrypt, BlockModeDecrypt, KeyIvInit, StreamCipher, StreamCipherSeek};
use des::TdesEde3;
use poly1305::universal_hash::KeyInit;
use poly1305::Poly1305;
use ring::aead;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Unencrypted sections are padded to this many bytes.
pub(super) const PLAIN_BLOCK_LEN: usize = 8;

/// The most bcrypt rounds that are worked through: half a minute or so. `ssh-keygen` writes 16 or 24 unless told
/// otherwise, and a file must not stop a program for hours.
pub(super) const MAX_ROUNDS: u32 = 4096;

/// The most bytes of salt; `ssh-keygen` writes 16.
const MAX_SALT_LEN: usize = 1024;

#[derive(Clone, Copy)]
enum Mode {
    Ctr,
    Cbc(Cbc),
    Gcm,
    ChaChaPoly,
}

/// Ciphers in CBC mode.
#[derive(Clone, Copy)]
pub(super) enum Cbc {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
}

impl Cbc {
    /// Decrypts whole blocks. A key, an IV or data of a wrong length is `KeyCorrupt`.
    pub(super) fn decrypt(self, key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<()> {
        match self {
            Self::Aes128 => cbc::<Aes128>(key, iv, data),
            Self::Aes192 => cbc::<Aes192>(key, iv, data),
            Self::Aes256 => cbc::<Aes256>(key, iv, data),
            Self::TripleDes => cbc::<TdesEde3>(key, iv, data),
        }
    }
}

/// A cipher of key files: name, mode, and bytes of key, IV, block and tag.
struct Cipher {
    name: &'static str,
    mode: Mode,
    key_len: usize,
    iv_len: usize,
    block_len: usize,
    tag_len: usize,
}

const fn cipher(name: &'static str, mode: Mode, key_len: usize) -> Cipher {
    let (iv_len, block_len, tag_len) = match mode {
        Mode::Cbc(Cbc::TripleDes) => (8, 8, 0),
        Mode::Ctr | Mode::Cbc(_) => (16, 16, 0),
        Mode::Gcm => (12, 16, 16),
        Mode::ChaChaPoly => (0, 8, 16),
    };
    Cipher { name, mode, key_len, iv_len, block_len, tag_len }
}

const CIPHERS: &[Cipher] = &[
    cipher("aes256-ctr", Mode::Ctr, 32),
    cipher("aes192-ctr", Mode::Ctr, 24),
    cipher("aes128-ctr", Mode::Ctr, 16),
    cipher("aes256-cbc", Mode::Cbc(Cbc::Aes256), 32),
    cipher("aes192-cbc", Mode::Cbc(Cbc::Aes192), 24),
    cipher("aes128-cbc", Mode::Cbc(Cbc::Aes128), 16),
    cipher("aes256-gcm@openssh.com", Mode::Gcm, 32),
    cipher("aes128-gcm@openssh.com", Mode::Gcm, 16),
    cipher("chacha20-poly1305@openssh.com", Mode::ChaChaPoly, 64),
    cipher("3des-cbc", Mode::Cbc(Cbc::TripleDes), 24),
];

fn unsupported(text: String) -> Error {
    Error::new(ErrorKind::KeyUnsupportedCipher, text)
}

fn damaged() -> Error {
    Error::new(ErrorKind::KeyCorrupt, "the key file's encryption fields are damaged")
}

/// How a section was encrypted.
pub(super) struct Key<'a> {
    cipher: &'static Cipher,
    salt: &'a [u8],
    rounds: u32,
}

impl<'a> Key<'a> {
    /// Reads what stands in the clear before the section.
    pub(super) fn new(cipher_name: &[u8], kdf_name: &[u8], kdf_options: &'a [u8]) -> Result<Self> {
        let cipher = CIPHERS
            .iter()
            .find(|cipher| cipher.name.as_bytes() == cipher_name)
            .ok_or_else(|| unsupported(format!("key file cipher \"{}\" is not supported", printable(cipher_name))))?;
        if kdf_name != b"bcrypt" {
            return Err(unsupported(format!("key file KDF \"{}\" is not supported", printable(kdf_name))));
        }
        let mut r = Reader::new(kdf_options);
        let (Ok(salt), Ok(rounds), true) = (r.string(), r.u32(), r.is_empty()) else { return Err(damaged()) };
        if salt.is_empty() || salt.len() > MAX_SALT_LEN || rounds == 0 {
            return Err(damaged());
        }
        if rounds > MAX_ROUNDS {
            return Err(unsupported(format!("the key file asks for {rounds} bcrypt rounds: at most {MAX_ROUNDS}")));
        }
        Ok(Self { cipher, salt, rounds })
    }

    /// Decrypts. A tag that does not fit is `KeyBadPassphrase`: it cannot be told from damage.
    pub(super) fn decrypt(&self, passphrase: &[u8], data: &[u8], tag: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let Cipher { mode, key_len, iv_len, block_len, tag_len, .. } = *self.cipher;
        if tag.len() != tag_len || data.is_empty() || !data.len().is_multiple_of(block_len) {
            return Err(Error::new(ErrorKind::KeyCorrupt, "the key file's private section has a wrong length"));
        }
        // An empty passphrase is never what a file was encrypted with.
        if passphrase.is_empty() {
            return Err(ErrorKind::KeyBadPassphrase.into());
        }
        let mut derived = Zeroizing::new(vec![0; key_len + iv_len]);
        bcrypt_pbkdf::bcrypt_pbkdf(passphrase, self.salt, self.rounds, &mut derived).map_err(|_| damaged())?;
        let (key, iv) = derived.split_at_checked(key_len).ok_or_else(damaged)?;
        let mut data = Zeroizing::new(data.to_vec());
        match mode {
            Mode::Ctr => ctr(key, iv, &mut data)?,
            Mode::Cbc(cbc) => cbc.decrypt(key, iv, &mut data)?,
            Mode::Gcm => gcm(key, iv, &mut data, tag)?,
            Mode::ChaChaPoly => chacha_poly(key, &mut data, tag)?,
        }
        Ok(data)
    }
}

fn ctr(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<()> {
    fn apply<C: KeyIvInit + StreamCipher>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<()> {
        C::new_from_slices(key, iv).map_err(|_| damaged())?.try_apply_keystream(data).map_err(|_| damaged())
    }
    match key.len() {
        16 => apply::<ctr::Ctr128BE<Aes128>>(key, iv, data),
        24 => apply::<ctr::Ctr128BE<Aes192>>(key, iv, data),
        _ => apply::<ctr::Ctr128BE<Aes256>>(key, iv, data),
    }
}

fn cbc<C>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Result<()>
where
    C: BlockCipherDecrypt,
    cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt,
{
    let mut mode = cbc::Decryptor::<C>::new_from_slices(key, iv).map_err(|_| damaged())?;
    let (blocks, rest) = Array::slice_as_chunks_mut(data);
    if !rest.is_empty() {
        return Err(damaged());
    }
    mode.decrypt_blocks(blocks);
    Ok(())
}

fn gcm(key: &[u8], iv: &[u8], data: &mut [u8], tag: &[u8]) -> Result<()> {
    let algorithm = if key.len() == 16 { &aead::AES_128_GCM } else { &aead::AES_256_GCM };
    let key = aead::UnboundKey::new(algorithm, key).map_err(|_| damaged())?;
    let nonce = aead::Nonce::try_assume_unique_for_key(iv).map_err(|_| damaged())?;
    let tag = aead::Tag::try_from(tag).map_err(|_| damaged())?;
    aead::LessSafeKey::new(key)
        .open_in_place_separate_tag(nonce, aead::Aad::empty(), tag, data, 0..)
        .map_err(|_| Error::from(ErrorKind::KeyBadPassphrase))?;
    Ok(())
}

/// As for packets (OpenSSH's PROTOCOL.chacha20poly1305), but there is no length field, the sequence number is zero,
/// and so the second half of the key is unused.
fn chacha_poly(key: &[u8], data: &mut [u8], tag: &[u8]) -> Result<()> {
    let (key, _) = key.split_at_checked(32).ok_or_else(damaged)?;
    let mut stream = ChaCha20::new_from_slices(key, &[0; 12]).map_err(|_| damaged())?;
    let mut one_time = Zeroizing::new([0; 32]);
    stream.try_apply_keystream(one_time.as_mut_slice()).map_err(|_| damaged())?;
    let mac = Poly1305::new_from_slice(one_time.as_slice()).map_err(|_| damaged())?;
    if !bool::from(mac.compute_unpadded(data).as_slice().ct_eq(tag)) {
        return Err(ErrorKind::KeyBadPassphrase.into());
    }
    stream.try_seek(64u64).map_err(|_| damaged())?;
    stream.try_apply_keystream(data).map_err(|_| damaged())
}
