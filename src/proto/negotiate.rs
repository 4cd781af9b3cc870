//! Algorithm negotiation (RFC 4253 section 7.1): building KEXINIT and picking from two of them.

use super::config::Preferences;
use super::phase::Role;
use crate::crypto::registry::{
    find, CipherInfo, CompressionInfo, KexFlow, KexInfo, MacInfo, Row, SignatureInfo, CIPHERS, COMPRESSIONS, KEXES,
    MACS, SIGNATURES,
};
use crate::error::{printable_up_to, Error, ErrorKind, Mismatch, Result};
use crate::wire::msg_kex::KexInit;
use crate::wire::{NameList, Writer};
use std::fmt;

/// RFC 8308 section 2.1.
const EXT_INFO_C: &str = "ext-info-c";
const EXT_INFO_S: &str = "ext-info-s";
/// OpenSSH PROTOCOL section 1.10.
const STRICT_C: &str = "kex-strict-c-v00@openssh.com";
const STRICT_S: &str = "kex-strict-s-v00@openssh.com";

/// One direction's algorithms.
#[derive(Clone, Copy)]
pub struct Direction {
    /// Cipher.
    pub cipher: &'static CipherInfo,
    /// MAC; None where the cipher authenticates by itself.
    pub mac: Option<&'static MacInfo>,
    /// Compression.
    pub compression: &'static CompressionInfo,
}

/// The algorithms in force.
#[derive(Clone, Copy)]
pub struct Negotiated {
    /// Key exchange method.
    pub kex: &'static KexInfo,
    /// Host key algorithm.
    pub host_key: &'static SignatureInfo,
    /// Client to server.
    pub c2s: Direction,
    /// Server to client.
    pub s2c: Direction,
    /// Strict key exchange is in force.
    pub strict: bool,
}

/// One line for the log.
impl fmt::Display for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kex {}, host key {}", self.kex.name, self.host_key.name)?;
        for (to, d) in [("server", &self.c2s), ("client", &self.s2c)] {
            let mac = d.mac.map_or("the cipher's own", |mac| mac.name);
            write!(f, "; to the {to}: {}, MAC {mac}, compression {}", d.cipher.name, d.compression.name)?;
        }
        f.write_str(if self.strict { "; strict" } else { "; not strict" })
    }
}

impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a peer's KEXINIT says beside the lists.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeerMarks {
    /// Wants EXT_INFO.
    pub ext_info: bool,
    /// Offers strict key exchange.
    pub strict: bool,
}

impl PeerMarks {
    /// Reads the markers of the peer, which is `sender`.
    #[must_use]
    pub fn of(init: &KexInit<'_>, sender: Role) -> Self {
        let (ext, strict) = match sender {
            Role::Client => (EXT_INFO_C, STRICT_C),
            Role::Server => (EXT_INFO_S, STRICT_S),
        };
        Self { ext_info: init.kex.contains(ext), strict: init.kex.contains(strict) }
    }
}

/// Writes our KEXINIT payload. Markers go into the first one only: strict key exchange is settled there
/// (OpenSSH PROTOCOL section 1.10), and so is EXT_INFO (RFC 8308 section 2.1). A server without moduli leaves group
/// exchange out.
#[must_use]
pub fn build(prefs: &Preferences, role: Role, cookie: [u8; 16], first: bool, group_exchange: bool) -> Vec<u8> {
    let mut kex: Vec<&str> = prefs.kex.clone();
    if !group_exchange {
        kex.retain(|name| find(KEXES, name).is_some_and(|k| k.flow != KexFlow::GroupExchange));
    }
    if first {
        kex.extend(match role {
            Role::Client => [EXT_INFO_C, STRICT_C],
            Role::Server => [EXT_INFO_S, STRICT_S],
        });
    }
    let mut out = Vec::with_capacity(1024);
    let mut w = Writer::new(&mut out);
    w.u8(KexInit::NUMBER).raw(&cookie).name_list(kex);
    for list in [
        &prefs.host_key,
        &prefs.cipher_c2s,
        &prefs.cipher_s2c,
        &prefs.mac_c2s,
        &prefs.mac_s2c,
        &prefs.compression_c2s,
        &prefs.compression_s2c,
    ] {
        w.name_list(list);
    }
    // Languages, first_kex_packet_follows, reserved.
    w.string("").string("").bool(false).u32(0);
    out
}

/// A KEXINIT's lists, in one line for the log. What the peer made up is escaped and cut.
#[must_use]
pub fn offer(init: &KexInit<'_>) -> String {
    const MOST: usize = 1024;
    let show = |list: NameList<'_>| printable_up_to(MOST, to_text(list).as_bytes());
    let both = |c2s: NameList<'_>, s2c: NameList<'_>| match show(c2s) == show(s2c) {
        true => show(c2s),
        false => format!("{} to the server, {} to the client", show(c2s), show(s2c)),
    };
    format!(
        "kex {}; host key {}; cipher {}; MAC {}; compression {}",
        show(init.kex),
        show(init.host_key),
        both(init.cipher_c2s, init.cipher_s2c),
        both(init.mac_c2s, init.mac_s2c),
        both(init.compression_c2s, init.compression_s2c),
    )
}

/// Picks the algorithms: the client's first that the server has too.
pub fn pick(ours: &KexInit<'_>, theirs: &KexInit<'_>, role: Role, strict: bool) -> Result<Negotiated> {
    let sides = Sides { ours, theirs, role };
    let kex = sides.pick(KEXES, "key exchange", ErrorKind::NoCommonKex, |k| k.kex)?;
    let host_key = sides.pick(SIGNATURES, "host key", ErrorKind::NoCommonHostKey, |k| k.host_key)?;
    let c2s = sides.direction(
        ["cipher client to server", "MAC client to server", "compression client to server"],
        |k| k.cipher_c2s,
        |k| k.mac_c2s,
        |k| k.compression_c2s,
    )?;
    let s2c = sides.direction(
        ["cipher server to client", "MAC server to client", "compression server to client"],
        |k| k.cipher_s2c,
        |k| k.mac_s2c,
        |k| k.compression_s2c,
    )?;
    Ok(Negotiated { kex, host_key, c2s, s2c, strict })
}

/// Whether the peer's guessed packet (`first_kex_packet_follows`) is to be dropped: it was built for the peer's own
/// first choices (RFC 4253 section 7: the guess is right only if both sides' first kex and host key agree).
#[must_use]
pub fn guess_is_wrong(ours: &KexInit<'_>, theirs: &KexInit<'_>) -> bool {
    theirs.first_kex_packet_follows
        && (ours.kex.iter().next() != theirs.kex.iter().next()
            || ours.host_key.iter().next() != theirs.host_key.iter().next())
}

struct Sides<'a> {
    ours: &'a KexInit<'a>,
    theirs: &'a KexInit<'a>,
    role: Role,
}

type ListOf<'a> = fn(&KexInit<'a>) -> NameList<'a>;

impl<'a> Sides<'a> {
    fn pick<T: Row>(
        &self,
        table: &'static [T],
        slot: &'static str,
        kind: ErrorKind,
        list: ListOf<'a>,
    ) -> Result<&'static T> {
        let (ours, theirs) = (list(self.ours), list(self.theirs));
        let (client, server) = match self.role {
            Role::Client => (ours, theirs),
            Role::Server => (theirs, ours),
        };
        // Only names of the table can match: markers and names the peer makes up never do.
        client.iter().filter(|name| server.contains(name)).find_map(|name| find(table, name)).ok_or_else(|| {
            let text = format!("no common {slot}: we offer {:?}, the peer offers {:?}", to_text(ours), to_text(theirs));
            Error::new(kind, text)
                .with(|d| d.mismatch = Some(Mismatch { slot, ours: ours.to_vec(), theirs: theirs.to_vec() }))
        })
    }

    fn direction(
        &self,
        [cipher_slot, mac_slot, compression_slot]: [&'static str; 3],
        cipher: ListOf<'a>,
        mac: ListOf<'a>,
        compression: ListOf<'a>,
    ) -> Result<Direction> {
        let cipher = self.pick(CIPHERS, cipher_slot, ErrorKind::NoCommonCipher, cipher)?;
        // An AEAD needs no common MAC (RFC 5647 section 5.1 as OpenSSH reads it).
        let mac = if cipher.aead { None } else { Some(self.pick(MACS, mac_slot, ErrorKind::NoCommonMac, mac)?) };
        let compression = self.pick(COMPRESSIONS, compression_slot, ErrorKind::NoCommonCompression, compression)?;
        Ok(Direction { cipher, mac, compression })
    }
}

fn to_text(list: NameList<'_>) -> String {
    list.to_vec().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefs(kex: &'static str, cipher: &'static str, mac: &'static str) -> Preferences {
        let one = |name: &'static str| if name.is_empty() { Vec::new() } else { vec![name] };
        Preferences {
            kex: one(kex),
            cipher_c2s: one(cipher),
            cipher_s2c: one(cipher),
            mac_c2s: one(mac),
            mac_s2c: one(mac),
            ..Preferences::default()
        }
    }

    fn run(client: &Preferences, server: &Preferences) -> Result<Negotiated> {
        let (c, s) =
            (build(client, Role::Client, [0; 16], true, true), build(server, Role::Server, [0; 16], true, true));
        pick(&KexInit::parse(&c[1..]).unwrap(), &KexInit::parse(&s[1..]).unwrap(), Role::Client, true)
    }

    #[test]
    fn the_clients_first_choice_wins() {
        let mut client = Preferences::default();
        client.kex = vec!["ecdh-sha2-nistp256", "curve25519-sha256"];
        let got = run(&client, &Preferences::default()).unwrap();
        assert_eq!(got.kex.name, "ecdh-sha2-nistp256");
    }

    #[test]
    fn an_aead_needs_no_common_mac() {
        let a = prefs("curve25519-sha256", "aes256-gcm@openssh.com", "hmac-sha2-256");
        let b = prefs("curve25519-sha256", "aes256-gcm@openssh.com", "hmac-sha2-512");
        assert!(run(&a, &b).unwrap().c2s.mac.is_none());
        let a = prefs("curve25519-sha256", "aes256-ctr", "hmac-sha2-256");
        let b = prefs("curve25519-sha256", "aes256-ctr", "hmac-sha2-512");
        assert_eq!(run(&a, &b).unwrap_err().kind(), ErrorKind::NoCommonMac);
    }

    #[test]
    fn a_failure_names_the_slot_and_both_offers() {
        let a = prefs("curve25519-sha256", "aes256-ctr", "hmac-sha2-256");
        let b = prefs("curve25519-sha256", "aes128-ctr", "hmac-sha2-256");
        let error = run(&a, &b).unwrap_err();
        let mismatch = error.detail().unwrap().mismatch.clone().unwrap();
        assert_eq!(mismatch.slot, "cipher client to server");
        assert_eq!(mismatch.ours, ["aes256-ctr"]);
        assert_eq!(mismatch.theirs, ["aes128-ctr"]);
    }

    #[test]
    fn markers_are_never_negotiated() {
        // Both lists hold a marker of the same name only if a peer forges one; it must still not be chosen.
        let mut forged = Preferences::default();
        forged.kex = vec![STRICT_S];
        assert_eq!(run(&forged, &Preferences::default()).unwrap_err().kind(), ErrorKind::NoCommonKex);
    }
}
