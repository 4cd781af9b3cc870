//! Key exchange messages (RFC 4253 sections 7 and 8, RFC 4419, RFC 5656, RFC 8731).

use super::message::messages;
use super::numbers;

messages! {
    /// SSH_MSG_KEXINIT, RFC 4253 section 7.1.
    KexInit = numbers::KEXINIT, {
        cookie: cookie,
        kex: names,
        host_key: names,
        cipher_c2s: names,
        cipher_s2c: names,
        mac_c2s: names,
        mac_s2c: names,
        compression_c2s: names,
        compression_s2c: names,
        language_c2s: names,
        language_s2c: names,
        first_kex_packet_follows: bool,
        reserved: u32,
    }
    /// SSH_MSG_NEWKEYS, RFC 4253 section 7.3.
    NewKeys = numbers::NEWKEYS, {}
    /// SSH_MSG_KEX_ECDH_INIT (RFC 5656 section 4; RFC 8731; the hybrids send theirs alike): an octet string.
    KexEcdhInit = numbers::KEX_INIT, { public: bytes }
    /// SSH_MSG_KEX_ECDH_REPLY.
    KexEcdhReply = numbers::KEX_REPLY, { host_key: bytes, public: bytes, signature: bytes }
    /// SSH_MSG_KEXDH_INIT, RFC 4253 section 8: an mpint.
    KexDhInit = numbers::KEX_INIT, { e: mpint }
    /// SSH_MSG_KEXDH_REPLY, RFC 4253 section 8.
    KexDhReply = numbers::KEX_REPLY, { host_key: bytes, f: mpint, signature: bytes }
    /// SSH_MSG_KEX_DH_GEX_REQUEST, RFC 4419 section 3. Sizes in bits.
    KexDhGexRequest = numbers::KEX_DH_GEX_REQUEST, { min: u32, preferred: u32, max: u32 }
    /// SSH_MSG_KEX_DH_GEX_GROUP, RFC 4419 section 3.
    KexDhGexGroup = numbers::KEX_DH_GEX_GROUP, { p: mpint, g: mpint }
    /// SSH_MSG_KEX_DH_GEX_INIT, RFC 4419 section 3.
    KexDhGexInit = numbers::KEX_DH_GEX_INIT, { e: mpint }
    /// SSH_MSG_KEX_DH_GEX_REPLY, RFC 4419 section 3.
    KexDhGexReply = numbers::KEX_DH_GEX_REPLY, { host_key: bytes, f: mpint, signature: bytes }
}
