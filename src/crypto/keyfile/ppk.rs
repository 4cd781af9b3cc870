//! PuTTY's private key files, versions 2 and 3 (the PuTTY manual, appendix C).

use super::decrypt::Cbc;
use super::{armor, corrupt};
use crate::crypto::hostkey::{Curve, PrivateKey, PublicKey, RsaNumbers};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{mpint, Reader, Writer};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use ring::hmac;
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

/// What every version begins with.
pub(super) const BEGIN: &str = "PuTTY-User-Key-File-";

/// The most memory that Argon2 may take, KiB (PuTTY's default is 8 MiB), and the most passes over all of it, in KiB
/// times passes: some seconds.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_WORK: u64 = 1 << 24;

fn damaged(error: Error) -> Error {
    corrupt(format!("the key file is damaged: {}", error.text()))
}

/// Parses a file that begins with [`BEGIN`].
pub(super) fn parse(text: &str, passphrase: Option<&[u8]>) -> Result<(PrivateKey, String)> {
    let file = File::read(text)?;
    // The public half first: an unsupported type is told before a passphrase is asked for.
    let public = PublicKey::parse(&file.public)?;
    if public.key_type() != file.key_type {
        return Err(corrupt("the key file's halves are of different types"));
    }
    let Opened { plain, mac_key } = file.decrypt(passphrase)?;
    let mut signed = Zeroizing::new(Vec::with_capacity(plain.len() + file.public.len() + 256));
    Writer::new(&mut signed)
        .string(file.key_type)
        .string(file.encryption)
        .string(file.comment)
        .string(&file.public)
        .string(&plain);
    if hmac::verify(&mac_key, &signed, &file.mac).is_err() {
        return Err(match file.is_encrypted() {
            true => ErrorKind::KeyBadPassphrase.into(),
            false => corrupt("the key file's checksum is wrong"),
        });
    }
    Ok((private_half(&public, &plain)?, file.comment.to_owned()))
}

/// The lines of a file.
struct File<'a> {
    version: u8,
    key_type: &'a str,
    encryption: &'a str,
    comment: &'a str,
    public: Zeroizing<Vec<u8>>,
    derivation: Option<Derivation<'a>>,
    private: Zeroizing<Vec<u8>>,
    mac: Vec<u8>,
}

/// The private half in the clear, not checked yet.
struct Opened {
    plain: Zeroizing<Vec<u8>>,
    mac_key: hmac::Key,
}

/// How version 3 makes keys of a passphrase.
struct Derivation<'a> {
    kind: &'a str,
    memory: &'a str,
    passes: &'a str,
    parallelism: &'a str,
    salt: &'a str,
}

/// Lines "Name: value", in a fixed order.
struct Lines<'a>(std::str::Lines<'a>);

impl<'a> Lines<'a> {
    fn value(&mut self, name: &str) -> Result<&'a str> {
        let line = self.0.next().unwrap_or_default();
        line.strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(": "))
            .ok_or_else(|| corrupt(format!("the key file has no line \"{name}\" in its place")))
    }

    /// The base64 lines that follow their count.
    fn block(&mut self, name: &str) -> Result<Zeroizing<Vec<u8>>> {
        let count =
            self.value(name)?.parse::<usize>().map_err(|_| corrupt("the key file's count of lines is damaged"))?;
        let mut encoded = Zeroizing::new(String::new());
        for _ in 0..count {
            encoded.push_str(self.0.next().ok_or_else(|| corrupt("the key file's last lines are missing"))?);
        }
        armor::decode(&encoded)
    }
}

impl<'a> File<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let mut lines = Lines(text.lines());
        let first = lines.0.next().unwrap_or_default();
        let (version, key_type) = first
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.split_once(": "))
            .ok_or_else(|| corrupt("the key file's first line is damaged"))?;
        let version = match version {
            "2" => 2,
            "3" => 3,
            other => {
                let text = format!("PuTTY key files of version {} are not supported", printable(other.as_bytes()));
                return Err(Error::new(ErrorKind::KeyUnsupportedFormat, text));
            }
        };
        let encryption = lines.value("Encryption")?;
        if !matches!(encryption, "none" | "aes256-cbc") {
            let text = format!("key file cipher \"{}\" is not supported", printable(encryption.as_bytes()));
            return Err(Error::new(ErrorKind::KeyUnsupportedCipher, text));
        }
        let comment = lines.value("Comment")?;
        let public = lines.block("Public-Lines")?;
        let derivation = match version == 3 && encryption != "none" {
            true => Some(Derivation::read(&mut lines)?),
            false => None,
        };
        let private = lines.block("Private-Lines")?;
        let mac = armor::hex(lines.value("Private-MAC")?).ok_or_else(|| corrupt("the key file's MAC is damaged"))?;
        if lines.0.any(|line| !line.is_empty()) {
            return Err(corrupt("the key file has text after its last line"));
        }
        Ok(Self { version, key_type, encryption, comment, public, derivation, private, mac })
    }

    fn is_encrypted(&self) -> bool {
        self.encryption != "none"
    }

    fn decrypt(&self, passphrase: Option<&[u8]>) -> Result<Opened> {
        let passphrase = match (self.is_encrypted(), passphrase) {
            (false, _) => b"".as_slice(),
            (true, Some(passphrase)) => passphrase,
            (true, None) => return Err(ErrorKind::KeyNeedsPassphrase.into()),
        };
        let mut plain = self.private.clone();
        if let Some(derivation) = &self.derivation {
            let derived = derivation.derive(passphrase)?;
            let (key, iv_and_mac) = derived.split_at_checked(32).ok_or_else(|| Error::from(ErrorKind::Internal))?;
            let (iv, mac) = iv_and_mac.split_at_checked(16).ok_or_else(|| Error::from(ErrorKind::Internal))?;
            Cbc::Aes256.decrypt(key, iv, &mut plain)?;
            return Ok(Opened { plain, mac_key: hmac::Key::new(hmac::HMAC_SHA256, mac) });
        }
        if self.version == 3 {
            return Ok(Opened { plain, mac_key: hmac::Key::new(hmac::HMAC_SHA256, b"") });
        }
        if self.is_encrypted() {
            let mut key = Zeroizing::new(Vec::with_capacity(40));
            for count in 0u32..2 {
                let half = Zeroizing::new(<[u8; 20]>::from(
                    Sha1::new().chain_update(count.to_be_bytes()).chain_update(passphrase).finalize(),
                ));
                key.extend_from_slice(half.as_slice());
            }
            key.truncate(32);
            Cbc::Aes256.decrypt(&key, &[0; 16], &mut plain)?;
        }
        let mac = Sha1::new().chain_update(b"putty-private-key-file-mac-key").chain_update(passphrase).finalize();
        Ok(Opened { plain, mac_key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &mac) })
    }
}

impl<'a> Derivation<'a> {
    fn read(lines: &mut Lines<'a>) -> Result<Self> {
        Ok(Self {
            kind: lines.value("Key-Derivation")?,
            memory: lines.value("Argon2-Memory")?,
            passes: lines.value("Argon2-Passes")?,
            parallelism: lines.value("Argon2-Parallelism")?,
            salt: lines.value("Argon2-Salt")?,
        })
    }

    /// 32 bytes of cipher key, 16 of IV, 32 of MAC key.
    fn derive(&self, passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let damaged = || corrupt("the key file's key derivation is damaged");
        let algorithm = match self.kind {
            "Argon2id" => Algorithm::Argon2id,
            "Argon2i" => Algorithm::Argon2i,
            "Argon2d" => Algorithm::Argon2d,
            other => {
                let text = format!("key file KDF \"{}\" is not supported", printable(other.as_bytes()));
                return Err(Error::new(ErrorKind::KeyUnsupportedCipher, text));
            }
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| damaged());
        let (memory, passes) = (number(self.memory)?, number(self.passes)?);
        if memory > MAX_MEMORY_KIB || u64::from(memory).saturating_mul(passes.into()) > MAX_WORK {
            let text = format!("the key file asks for {passes} passes of Argon2 over {memory} KiB");
            return Err(Error::new(ErrorKind::KeyUnsupportedCipher, text));
        }
        let parameters = Params::new(memory, passes, number(self.parallelism)?, Some(80)).map_err(|_| damaged())?;
        let salt = armor::hex(self.salt).ok_or_else(damaged)?;
        let mut blocks = Vec::new();
        // A file may ask for more than there is: that must not end the program.
        blocks.try_reserve_exact(parameters.block_count()).map_err(|_| {
            let text = format!("no memory for the key file's Argon2, which takes {memory} KiB");
            Error::new(ErrorKind::ResourceLimit, text)
        })?;
        blocks.resize(parameters.block_count(), Block::default());
        let mut derived = Zeroizing::new(vec![0; 80]);
        Argon2::new(algorithm, Version::V0x13, parameters)
            .hash_password_into_with_memory(passphrase, &salt, &mut derived, &mut blocks)
            .map_err(|_| damaged())?;
        Ok(derived)
    }
}

/// The private numbers; what pads them to whole blocks follows.
fn private_half(public: &PublicKey, plain: &[u8]) -> Result<PrivateKey> {
    let mut r = Reader::new(plain);
    let mut known = Reader::new(public.blob());
    known.string().map_err(damaged)?;
    let key = match public.key_type() {
        "ssh-ed25519" => {
            let seed = r.string().map_err(damaged)?;
            let seed = <[u8; 32]>::try_from(seed).map_err(|_| corrupt("an ed25519 private key has 32 bytes"))?;
            PrivateKey::from_ed25519_seed(Zeroizing::new(seed))?
        }
        "ssh-rsa" => {
            let (e, n) = (number(&mut known)?, number(&mut known)?);
            let (d, p, q) = (number(&mut r)?, number(&mut r)?, number(&mut r)?);
            PrivateKey::from_rsa(&RsaNumbers { n, e, d, p, q })?
        }
        name => {
            let curve = Curve::ALL.into_iter().find(|curve| curve.key_type() == name);
            let curve = curve.ok_or_else(|| Error::from(ErrorKind::KeyUnsupportedType))?;
            known.string().map_err(damaged)?;
            PrivateKey::from_ecdsa(curve, number(&mut r)?, known.string().map_err(damaged)?)?
        }
    };
    if key.public() != public {
        return Err(corrupt("the key file's halves do not belong together"));
    }
    Ok(key)
}

fn number<'a>(r: &mut Reader<'a>) -> Result<&'a [u8]> {
    mpint::non_negative(r.mpint().map_err(damaged)?).map_err(damaged)
}
