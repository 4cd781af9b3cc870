//! THE table: every algorithm by role, with sizes, constructor and rank. A list's order is the order of preference;
//! rows with `default: false` exist but are offered only when asked for by name.

use super::cert::base_algorithm;
use super::cipher::{self, Open, Seal};
use super::hash::HashAlg;
use super::kex::{dh, ecdh, groups, hybrid, ClientShare, SecretEncoding, ServerShare};
use crate::error::Result;

/// How a key exchange method's messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KexFlow {
    /// INIT and REPLY carry octet strings (RFC 5656 section 4, RFC 8731, hybrids).
    Octets,
    /// INIT and REPLY carry mpints over a fixed group (RFC 4253 section 8).
    Dh,
    /// The group is negotiated first (RFC 4419); `start`/`respond` are not used, see `crypto::kex::dh`.
    GroupExchange,
}

/// A key exchange method.
pub struct KexInfo {
    /// Name on the wire.
    pub name: &'static str,
    /// The exchange hash.
    pub hash: HashAlg,
    /// The shape of its messages.
    pub flow: KexFlow,
    /// How K enters the hash.
    pub secret: SecretEncoding,
    /// Offered unless the lists are changed.
    pub default: bool,
    /// Takes milliseconds: the engine runs it on the pool rather than on a poller thread.
    pub slow: bool,
    /// The client's first step.
    pub start: fn() -> Result<Box<dyn ClientShare>>,
    /// The server's only step.
    pub respond: fn(client_public: &[u8]) -> Result<ServerShare>,
}

/// Keys for one direction, derived per RFC 4253 section 7.2.
pub struct DirectionKeys<'a> {
    /// `key_len` bytes.
    pub key: &'a [u8],
    /// `iv_len` bytes.
    pub iv: &'a [u8],
    /// The MAC's `key_len` bytes; empty for AEADs.
    pub mac_key: &'a [u8],
}

/// Builds a sealing half. Keys that do not fit the row are [`crate::error::ErrorKind::Internal`].
pub type MakeSeal = fn(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>>;

/// Builds an opening half; fails as [`MakeSeal`] does.
pub type MakeOpen = fn(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>>;

/// A cipher.
pub struct CipherInfo {
    /// Name on the wire.
    pub name: &'static str,
    /// Key bytes.
    pub key_len: usize,
    /// IV bytes; 0 where the cipher takes none.
    pub iv_len: usize,
    /// Authenticates by itself; no MAC is negotiated.
    pub aead: bool,
    /// Strength shown to people.
    pub bits: u32,
    /// Offered unless the lists are changed.
    pub default: bool,
    /// Most bytes on the wire under one key (RFC 4344 section 3.2 and the mode's own bounds); rekeying comes first.
    pub max_bytes: u64,
    /// Builds the sealing half; `mac` is None exactly for AEADs.
    pub seal: MakeSeal,
    /// Builds the opening half.
    pub open: MakeOpen,
}

/// A MAC.
pub struct MacInfo {
    /// Name on the wire.
    pub name: &'static str,
    /// Key bytes.
    pub key_len: usize,
    /// Tag bytes.
    pub tag_len: usize,
    /// Encrypt-then-MAC (OpenSSH PROTOCOL section 1.5).
    pub etm: bool,
    /// Offered unless the lists are changed.
    pub default: bool,
    /// The hash below HMAC.
    pub hash: HashAlg,
}

/// A signature algorithm, as host key algorithm and for public key authentication.
pub struct SignatureInfo {
    /// Name on the wire.
    pub name: &'static str,
    /// The key type whose keys make it ("ssh-rsa" for rsa-sha2-512).
    pub key_type: &'static str,
    /// Offered unless the lists are changed.
    pub default: bool,
}

impl SignatureInfo {
    const fn on(name: &'static str, key_type: &'static str) -> Self {
        Self { name, key_type, default: true }
    }

    const fn off(name: &'static str, key_type: &'static str) -> Self {
        Self { name, key_type, default: false }
    }

    /// The peer shows a certificate rather than a plain key (OpenSSH PROTOCOL.certkeys).
    #[must_use]
    pub fn is_certificate(&self) -> bool {
        base_algorithm(self.name).is_some()
    }

    /// The name in the signature: the algorithm's own, or for a certificate that of the key in it.
    #[must_use]
    pub fn signs_with(&self) -> &'static str {
        base_algorithm(self.name).unwrap_or(self.name)
    }
}

/// A compression method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressionInfo {
    /// Name on the wire.
    pub name: &'static str,
    /// Compresses at all.
    pub active: bool,
    /// Starts only after authentication (zlib@openssh.com).
    pub delayed: bool,
    /// Offered unless the lists are changed.
    pub default: bool,
}

/// What the tables have in common.
pub trait Row {
    /// Name on the wire.
    fn name(&self) -> &'static str;
    /// Offered unless the lists are changed.
    fn is_default(&self) -> bool;
}

macro_rules! rows {
    ($($t:ty),+) => { $(impl Row for $t {
        fn name(&self) -> &'static str { self.name }
        fn is_default(&self) -> bool { self.default }
    })+ };
}
rows!(KexInfo, CipherInfo, MacInfo, SignatureInfo, CompressionInfo);

/// The names offered by default, most preferred first.
#[must_use]
pub fn default_names<T: Row>(table: &'static [T]) -> Vec<&'static str> {
    table.iter().filter(|row| row.is_default()).map(Row::name).collect()
}

/// Every name in a table.
#[must_use]
pub fn all_names<T: Row>(table: &'static [T]) -> Vec<&'static str> {
    table.iter().map(Row::name).collect()
}

/// The row with this name.
#[must_use]
pub fn find<T: Row>(table: &'static [T], name: &str) -> Option<&'static T> {
    table.iter().find(|row| row.name() == name)
}

// ---- Key exchange methods -------------------------------------------------------------------------------------------

/// Key exchange methods.
pub static KEXES: &[KexInfo] = &[
    KexInfo {
        name: "mlkem768x25519-sha256",
        hash: HashAlg::Sha256,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Octets,
        default: true,
        slow: false,
        start: hybrid::start::<hybrid::MlKem768>,
        respond: hybrid::respond::<hybrid::MlKem768>,
    },
    KexInfo {
        name: "sntrup761x25519-sha512",
        hash: HashAlg::Sha512,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Octets,
        default: true,
        slow: true,
        start: hybrid::start::<hybrid::NtruPrime761>,
        respond: hybrid::respond::<hybrid::NtruPrime761>,
    },
    KexInfo {
        name: "sntrup761x25519-sha512@openssh.com",
        hash: HashAlg::Sha512,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Octets,
        default: true,
        slow: true,
        start: hybrid::start::<hybrid::NtruPrime761>,
        respond: hybrid::respond::<hybrid::NtruPrime761>,
    },
    KexInfo {
        name: "curve25519-sha256",
        hash: HashAlg::Sha256,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: false,
        start: ecdh::start_x25519,
        respond: ecdh::respond_x25519,
    },
    KexInfo {
        name: "curve25519-sha256@libssh.org",
        hash: HashAlg::Sha256,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: false,
        start: ecdh::start_x25519,
        respond: ecdh::respond_x25519,
    },
    KexInfo {
        name: "ecdh-sha2-nistp256",
        hash: HashAlg::Sha256,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: false,
        start: ecdh::start_p256,
        respond: ecdh::respond_p256,
    },
    KexInfo {
        name: "ecdh-sha2-nistp384",
        hash: HashAlg::Sha384,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: ecdh::start_p384,
        respond: ecdh::respond_p384,
    },
    KexInfo {
        name: "ecdh-sha2-nistp521",
        hash: HashAlg::Sha512,
        flow: KexFlow::Octets,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: ecdh::start_p521,
        respond: ecdh::respond_p521,
    },
    KexInfo {
        name: "diffie-hellman-group-exchange-sha256",
        hash: HashAlg::Sha256,
        flow: KexFlow::GroupExchange,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: dh::start_without_group,
        respond: dh::respond_without_group,
    },
    KexInfo {
        name: "diffie-hellman-group16-sha512",
        hash: HashAlg::Sha512,
        flow: KexFlow::Dh,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: || dh::start(&groups::group16()),
        respond: |e| dh::respond(&groups::group16(), e),
    },
    KexInfo {
        name: "diffie-hellman-group18-sha512",
        hash: HashAlg::Sha512,
        flow: KexFlow::Dh,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: || dh::start(&groups::group18()),
        respond: |e| dh::respond(&groups::group18(), e),
    },
    KexInfo {
        name: "diffie-hellman-group14-sha256",
        hash: HashAlg::Sha256,
        flow: KexFlow::Dh,
        secret: SecretEncoding::Mpint,
        default: true,
        slow: true,
        start: || dh::start(&groups::group14()),
        respond: |e| dh::respond(&groups::group14(), e),
    },
    // SHA-1: only for peers that know nothing else (RFC 9142 section 3.1).
    KexInfo {
        name: "diffie-hellman-group14-sha1",
        hash: HashAlg::Sha1,
        flow: KexFlow::Dh,
        secret: SecretEncoding::Mpint,
        default: false,
        slow: true,
        start: || dh::start(&groups::group14()),
        respond: |e| dh::respond(&groups::group14(), e),
    },
    KexInfo {
        name: "diffie-hellman-group-exchange-sha1",
        hash: HashAlg::Sha1,
        flow: KexFlow::GroupExchange,
        secret: SecretEncoding::Mpint,
        default: false,
        slow: true,
        start: dh::start_without_group,
        respond: dh::respond_without_group,
    },
];

// ---- Signature algorithms -------------------------------------------------------------------------------------------

/// Signature algorithms. Those of certificates are off until somebody trusts a CA, or gives a key a certificate: see
/// [`certificate_names`].
pub static SIGNATURES: &[SignatureInfo] = &[
    SignatureInfo::on("ssh-ed25519", "ssh-ed25519"),
    SignatureInfo::on("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"),
    SignatureInfo::on("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"),
    SignatureInfo::on("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"),
    // Authenticators' keys (FIDO): verified here, signed by the device alone.
    SignatureInfo::on("sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com"),
    SignatureInfo::on("sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    SignatureInfo::on("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    SignatureInfo::on("rsa-sha2-512", "ssh-rsa"),
    SignatureInfo::on("rsa-sha2-256", "ssh-rsa"),
    // SHA-1: collisions are practical; RFC 8332 replaces it.
    SignatureInfo::off("ssh-rsa", "ssh-rsa"),
    SignatureInfo::off("ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"),
    SignatureInfo::off("ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256"),
    SignatureInfo::off("ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384"),
    SignatureInfo::off("ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521"),
    SignatureInfo::off("sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com"),
    SignatureInfo::off("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"),
    SignatureInfo::off("rsa-sha2-512-cert-v01@openssh.com", "ssh-rsa"),
    SignatureInfo::off("rsa-sha2-256-cert-v01@openssh.com", "ssh-rsa"),
    SignatureInfo::off("ssh-rsa-cert-v01@openssh.com", "ssh-rsa"),
];

/// The algorithms of the signatures in a list that may name certificates, each once and in order: what a server lists
/// in server-sig-algs (RFC 8308 section 3.1), where OpenSSH lists no certificates.
#[must_use]
pub fn signature_names(names: &[&'static str]) -> Vec<&'static str> {
    let mut out: Vec<&'static str> = Vec::new();
    for name in names.iter().map(|name| find(SIGNATURES, name).map_or(*name, SignatureInfo::signs_with)) {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

/// The certificate algorithms that sign with one of these, in the same order: what a list that allows the plain ones
/// allows once there is a certificate.
#[must_use]
pub fn certificate_names(plain: &[&str]) -> Vec<&'static str> {
    let of = |base: &&str| SIGNATURES.iter().find(|row| base_algorithm(row.name) == Some(*base)).map(|row| row.name);
    plain.iter().filter_map(of).collect()
}

// ---- Ciphers --------------------------------------------------------------------------------------------------------

/// 128-bit blocks: 2^32 of them (RFC 4344 section 3.2). AES-GCM keeps to it too, far below what NIST SP 800-38D
/// section 8.3 allows a counter nonce.
const MAX_BYTES_128: u64 = (1 << 32) * 16;

/// The nonce is the 32-bit sequence number and must not come round under one key. The shortest packet takes 28 bytes
/// (length, one block, tag), so 2^32 packets are more than 2^36 bytes.
const MAX_BYTES_CHACHA: u64 = 1 << 36;

/// 64-bit blocks: one gigabyte (RFC 4344 section 3.2).
const MAX_BYTES_64: u64 = 1_000_000_000;

/// Ciphers. AEADs first: they leave no order of cipher and MAC to get wrong. Among them AES-GCM, which hardware makes
/// several times faster than ChaCha20.
pub static CIPHERS: &[CipherInfo] = &[
    CipherInfo {
        name: "aes256-gcm@openssh.com",
        key_len: 32,
        iv_len: 12,
        aead: true,
        bits: 256,
        default: true,
        max_bytes: MAX_BYTES_128,
        seal: cipher::gcm::seal_256,
        open: cipher::gcm::open_256,
    },
    CipherInfo {
        name: "aes128-gcm@openssh.com",
        key_len: 16,
        iv_len: 12,
        aead: true,
        bits: 128,
        default: true,
        max_bytes: MAX_BYTES_128,
        seal: cipher::gcm::seal_128,
        open: cipher::gcm::open_128,
    },
    CipherInfo {
        name: "chacha20-poly1305@openssh.com",
        key_len: 64,
        iv_len: 0,
        aead: true,
        bits: 256,
        default: true,
        max_bytes: MAX_BYTES_CHACHA,
        seal: cipher::chacha::seal,
        open: cipher::chacha::open,
    },
    CipherInfo {
        name: "aes256-ctr",
        key_len: 32,
        iv_len: 16,
        aead: false,
        bits: 256,
        default: true,
        max_bytes: MAX_BYTES_128,
        seal: cipher::ctr::seal_256,
        open: cipher::ctr::open_256,
    },
    CipherInfo {
        name: "aes192-ctr",
        key_len: 24,
        iv_len: 16,
        aead: false,
        bits: 192,
        default: true,
        max_bytes: MAX_BYTES_128,
        seal: cipher::ctr::seal_192,
        open: cipher::ctr::open_192,
    },
    CipherInfo {
        name: "aes128-ctr",
        key_len: 16,
        iv_len: 16,
        aead: false,
        bits: 128,
        default: true,
        max_bytes: MAX_BYTES_128,
        seal: cipher::ctr::seal_128,
        open: cipher::ctr::open_128,
    },
    CipherInfo {
        name: "aes256-cbc",
        key_len: 32,
        iv_len: 16,
        aead: false,
        bits: 256,
        default: false,
        max_bytes: MAX_BYTES_128,
        seal: cipher::cbc::seal_aes256,
        open: cipher::cbc::open_aes256,
    },
    CipherInfo {
        name: "aes192-cbc",
        key_len: 24,
        iv_len: 16,
        aead: false,
        bits: 192,
        default: false,
        max_bytes: MAX_BYTES_128,
        seal: cipher::cbc::seal_aes192,
        open: cipher::cbc::open_aes192,
    },
    CipherInfo {
        name: "aes128-cbc",
        key_len: 16,
        iv_len: 16,
        aead: false,
        bits: 128,
        default: false,
        max_bytes: MAX_BYTES_128,
        seal: cipher::cbc::seal_aes128,
        open: cipher::cbc::open_aes128,
    },
    CipherInfo {
        name: "3des-cbc",
        key_len: 24,
        iv_len: 8,
        aead: false,
        bits: 112,
        default: false,
        max_bytes: MAX_BYTES_64,
        seal: cipher::cbc::seal_3des,
        open: cipher::cbc::open_3des,
    },
];

// ---- MACs -----------------------------------------------------------------------------------------------------------

/// MACs. Encrypt-then-MAC first: nothing is decrypted before it is known to be the peer's.
pub static MACS: &[MacInfo] = &[
    MacInfo {
        name: "hmac-sha2-256-etm@openssh.com",
        key_len: 32,
        tag_len: 32,
        etm: true,
        default: true,
        hash: HashAlg::Sha256,
    },
    MacInfo {
        name: "hmac-sha2-512-etm@openssh.com",
        key_len: 64,
        tag_len: 64,
        etm: true,
        default: true,
        hash: HashAlg::Sha512,
    },
    MacInfo { name: "hmac-sha2-256", key_len: 32, tag_len: 32, etm: false, default: true, hash: HashAlg::Sha256 },
    MacInfo { name: "hmac-sha2-512", key_len: 64, tag_len: 64, etm: false, default: true, hash: HashAlg::Sha512 },
    MacInfo {
        name: "hmac-sha1-etm@openssh.com",
        key_len: 20,
        tag_len: 20,
        etm: true,
        default: false,
        hash: HashAlg::Sha1,
    },
    MacInfo { name: "hmac-sha1", key_len: 20, tag_len: 20, etm: false, default: false, hash: HashAlg::Sha1 },
];

// ---- Compression ----------------------------------------------------------------------------------------------------

/// Compression methods. None first: compression costs more than it gains on today's networks, and tells an observer
/// something about the plaintext. zlib before authentication would put the inflater in any stranger's reach.
pub static COMPRESSIONS: &[CompressionInfo] = &[
    CompressionInfo { name: "none", active: false, delayed: false, default: true },
    CompressionInfo { name: "zlib@openssh.com", active: true, delayed: true, default: true },
    CompressionInfo { name: "zlib", active: true, delayed: false, default: false },
];
