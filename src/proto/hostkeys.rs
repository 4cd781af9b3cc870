//! Host keys a server announces once its client is in, and the proof that it holds them (OpenSSH PROTOCOL section
//! 2.5). Only arithmetic: nothing here knows a connection, so that it runs without any lock.

use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};

/// The server's request that announces its keys.
pub const ANNOUNCE: &str = "hostkeys-00@openssh.com";
/// The client's request for the proof; also the first string of what is signed.
pub const PROVE: &str = "hostkeys-prove-00@openssh.com";
/// The largest announcement that is looked at, bytes.
pub const MAX_BYTES: usize = 64 * 1024;
/// Keys in one announcement or one request for a proof.
const MAX_KEYS: usize = 64;

/// A host key the server proved to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// The key.
    pub key: PublicKey,
    /// It signed the key exchange.
    pub in_use: bool,
}

/// A server's keys, nothing proven yet but the one that signed the key exchange.
#[derive(Debug)]
pub struct Announced {
    keys: Vec<HostKey>,
    /// What was passed over, and why.
    pub skipped: Vec<Error>,
}

impl Announced {
    /// Takes an announcement's data. Keys that do not parse are passed over, those of a type this library does not
    /// know among them, which certificates are.
    ///
    /// Errors: `Protocol` where the data is malformed or repeats a key, `LimitExceeded` for more than 64 keys.
    pub fn parse(data: &[u8], in_use: &PublicKey) -> Result<Self> {
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for blob in blobs(data)? {
            match PublicKey::parse(blob) {
                Ok(key) => keys.push(HostKey { in_use: key == *in_use, key }),
                Err(error) => skipped.push(error),
            }
        }
        Ok(Self { keys, skipped })
    }

    /// The data of the request for the proof; None where there is nothing to prove.
    #[must_use]
    pub fn question(&self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        let mut writer = Writer::new(&mut body);
        for key in self.keys.iter().filter(|key| !key.in_use) {
            writer.string(key.key.blob());
        }
        (!body.is_empty()).then_some(body)
    }

    /// Checks the proof, one signature for each key asked about and in their order. An RSA key that signed with SHA-1 is
    /// passed over: sshd does that where our list of host key algorithms has none of RSA's others.
    ///
    /// Errors: `Protocol` where the reply is malformed or has another number of signatures, `HostKeySignature` where
    /// one is wrong.
    pub fn verify(mut self, session_id: &[u8], reply: &[u8]) -> Result<Self> {
        let signatures = strings(reply)?;
        let asked: Vec<&PublicKey> = self.keys.iter().filter(|key| !key.in_use).map(|key| &key.key).collect();
        if signatures.len() != asked.len() {
            let text = format!("{} signatures for {} host keys", signatures.len(), asked.len());
            return Err(Error::protocol(format!("{text} (OpenSSH PROTOCOL section 2.5)")));
        }
        let mut old = Vec::new();
        for (key, signature) in asked.into_iter().zip(signatures) {
            if key.key_type() == "ssh-rsa" && algorithm_of(signature) == Some(b"ssh-rsa") {
                let text = format!("the proof for the host key {} is made with SHA-1", key.fingerprint_sha256());
                self.skipped.push(Error::new(ErrorKind::Unsupported, text));
                old.push(key.clone());
            } else {
                check(key, session_id, signature)?;
            }
        }
        self.keys.retain(|key| !old.contains(&key.key));
        Ok(self)
    }

    /// The keys, where there was nothing to prove or the proof was checked.
    #[must_use]
    pub fn into_keys(self) -> Vec<HostKey> {
        self.keys
    }
}

/// What a server announces: its keys' public halves.
#[must_use]
pub fn announcement(keys: &[PrivateKey]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut writer = Writer::new(&mut data);
    for key in keys.iter().take(MAX_KEYS) {
        writer.string(key.public().blob());
    }
    data
}

/// A server's answer to a request for the proof. `host_key_algorithm` is that of the key exchange: an RSA key signs with
/// it, if it is one of RSA's, because OpenSSH's client expects that.
///
/// Errors: `Protocol` where the data is malformed, empty or repeats a key, so that a request costs no more signatures
/// than there are keys; `LimitExceeded` for more than 64; `InvalidArgument` for a key that is not the server's;
/// `Unsupported` where it would have to sign with SHA-1; those of signing.
pub fn prove(keys: &[PrivateKey], session_id: &[u8], host_key_algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
    let asked = blobs(data)?;
    if asked.is_empty() {
        return Err(Error::protocol("a proof for no host key (OpenSSH PROTOCOL section 2.5)"));
    }
    // Before the first signature: that it is refused must cost little.
    let unknown = || Error::new(ErrorKind::InvalidArgument, "a proof for a key that is not a host key of this server");
    let asked: Vec<&PrivateKey> = asked
        .into_iter()
        .map(|blob| keys.iter().find(|key| key.public().blob() == blob).ok_or_else(unknown))
        .collect::<Result<_>>()?;
    let mut reply = Vec::new();
    let mut writer = Writer::new(&mut reply);
    for key in asked {
        let algorithm = match (key.public().key_type(), host_key_algorithm) {
            ("ssh-rsa", "ssh-rsa") => {
                return Err(Error::new(ErrorKind::Unsupported, "no proof with SHA-1, which the key exchange used"));
            }
            ("ssh-rsa", "rsa-sha2-256") => "rsa-sha2-256",
            ("ssh-rsa", _) => "rsa-sha2-512",
            (kind, _) => kind,
        };
        writer.string(&key.sign(algorithm, &signed(session_id, key.public()))?);
    }
    Ok(reply)
}

fn check(key: &PublicKey, session_id: &[u8], signature: &[u8]) -> Result<()> {
    let wrong = |why: &str| {
        let text = format!("the proof for the host key {} is wrong: {why}", key.fingerprint_sha256());
        Error::new(ErrorKind::HostKeySignature, text)
    };
    let name = algorithm_of(signature).ok_or_else(|| wrong("no signature"))?;
    // Which of RSA's two is up to the server.
    let known = key.signature_algorithms().iter().filter(|&&algorithm| algorithm != "ssh-rsa");
    let Some(algorithm) = known.copied().find(|algorithm| algorithm.as_bytes() == name) else {
        return Err(wrong(&format!("made with \"{}\"", printable(name))));
    };
    key.verify(algorithm, &signed(session_id, key), signature).map_err(|_| wrong("the signature does not verify"))
}

/// The name in a signature's blob.
fn algorithm_of(signature: &[u8]) -> Option<&[u8]> {
    Reader::new(signature).string().ok()
}

fn signed(session_id: &[u8], key: &PublicKey) -> Vec<u8> {
    let mut data = Vec::new();
    Writer::new(&mut data).string(PROVE).string(session_id).string(key.blob());
    data
}

fn strings(data: &[u8]) -> Result<Vec<&[u8]>> {
    let mut reader = Reader::new(data);
    let mut strings = Vec::new();
    while !reader.is_empty() {
        if strings.len() == MAX_KEYS {
            return Err(Error::new(ErrorKind::LimitExceeded, format!("more than {MAX_KEYS} host keys")));
        }
        strings.push(reader.string()?);
    }
    Ok(strings)
}

fn blobs(data: &[u8]) -> Result<Vec<&[u8]>> {
    let blobs = strings(data)?;
    let mut sorted = blobs.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.get(1)) {
        return Err(Error::protocol("a host key is repeated (OpenSSH PROTOCOL section 2.5)"));
    }
    Ok(blobs)
}

#[cfg(test)]
mod tests;
