//! What single values look like: words, numbers, times, sizes. Each is stored in the form that `ssh -G` prints.

/// A word and what is stored for it; several words can mean the same.
pub(super) type Choices = &'static [(&'static str, &'static str)];

pub(super) const FLAG: Choices = &[("yes", "yes"), ("no", "no"), ("true", "yes"), ("false", "no")];
pub(super) const COMPRESSION: Choices = &[("yes", "yes"), ("no", "no")];
pub(super) const FAMILY: Choices = &[("any", "any"), ("inet", "inet"), ("inet6", "inet6")];
pub(super) const YES_NO_ASK: Choices =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("ask", "ask")];
pub(super) const STRICT: Choices = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("off", "false"),
    ("ask", "ask"),
    ("accept-new", "accept-new"),
];
pub(super) const CONTROL_MASTER: Choices = &[
    ("true", "true"),
    ("yes", "true"),
    ("false", "false"),
    ("no", "false"),
    ("auto", "auto"),
    ("ask", "ask"),
    ("autoask", "autoask"),
];
pub(super) const TUNNEL: Choices = &[
    ("ethernet", "ethernet"),
    ("point-to-point", "point-to-point"),
    ("true", "point-to-point"),
    ("yes", "point-to-point"),
    ("false", "false"),
    ("no", "false"),
];
pub(super) const TTY: Choices =
    &[("true", "true"), ("yes", "true"), ("false", "false"), ("no", "false"), ("force", "force"), ("auto", "auto")];
pub(super) const SESSION: Choices = &[("none", "none"), ("subsystem", "subsystem"), ("default", "default")];
pub(super) const CANONICALIZE: Choices =
    &[("true", "true"), ("false", "false"), ("yes", "true"), ("no", "false"), ("always", "always")];
pub(super) const PUBKEY: Choices = &[
    ("true", "true"),
    ("false", "false"),
    ("yes", "true"),
    ("no", "false"),
    ("unbound", "unbound"),
    ("host-bound", "host-bound"),
];
pub(super) const LOG_LEVELS: Choices = &[
    ("QUIET", "QUIET"),
    ("FATAL", "FATAL"),
    ("ERROR", "ERROR"),
    ("INFO", "INFO"),
    ("VERBOSE", "VERBOSE"),
    ("DEBUG", "DEBUG"),
    ("DEBUG1", "DEBUG"),
    ("DEBUG2", "DEBUG2"),
    ("DEBUG3", "DEBUG3"),
];
pub(super) const FACILITIES: Choices = &[
    ("DAEMON", "DAEMON"),
    ("USER", "USER"),
    ("AUTH", "AUTH"),
    ("AUTHPRIV", "AUTHPRIV"),
    ("LOCAL0", "LOCAL0"),
    ("LOCAL1", "LOCAL1"),
    ("LOCAL2", "LOCAL2"),
    ("LOCAL3", "LOCAL3"),
    ("LOCAL4", "LOCAL4"),
    ("LOCAL5", "LOCAL5"),
    ("LOCAL6", "LOCAL6"),
    ("LOCAL7", "LOCAL7"),
];
pub(super) const HASHES: Choices =
    &[("md5", "MD5"), ("sha1", "SHA1"), ("sha256", "SHA256"), ("sha384", "SHA384"), ("sha512", "SHA512")];

/// Traffic classes by name (RFC 2474 section 4.2.2, RFC 2597, RFC 3246, RFC 8622, RFC 1349), with the octet's value.
const TRAFFIC: &[(&str, u32)] = &[
    ("none", u32::MAX),
    ("af11", 0x28),
    ("af12", 0x30),
    ("af13", 0x38),
    ("af21", 0x48),
    ("af22", 0x50),
    ("af23", 0x58),
    ("af31", 0x68),
    ("af32", 0x70),
    ("af33", 0x78),
    ("af41", 0x88),
    ("af42", 0x90),
    ("af43", 0x98),
    ("cs0", 0x00),
    ("cs1", 0x20),
    ("cs2", 0x40),
    ("cs3", 0x60),
    ("cs4", 0x80),
    ("cs5", 0xa0),
    ("cs6", 0xc0),
    ("cs7", 0xe0),
    ("ef", 0xb8),
    ("le", 0x04),
    ("lowdelay", 0x10),
    ("throughput", 0x08),
    ("reliability", 0x04),
];

/// The stored form of a word, whatever its case.
pub(super) fn choice(choices: Choices, word: &str) -> Option<&'static str> {
    choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, stored)| stored)
}

/// The words there are, for an error's text.
pub(super) fn listed(choices: Choices) -> String {
    choices.iter().map(|&(name, _)| name).collect::<Vec<_>>().join(", ")
}

/// A plain number from 0 to 2^31 - 1.
pub(super) fn number(text: &str) -> Option<i32> {
    let plain = text.trim_start_matches([' ', '\t', '\r', '\n', '\x0b', '\x0c']);
    plain.parse::<i32>().ok().filter(|&n| n >= 0)
}

/// A time in seconds: a number, or numbers with a unit each, as in "1h30m".
pub(super) fn seconds(text: &str) -> Option<i32> {
    let (mut total, mut rest) = (0i32, text);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at_checked(end)?;
        let mut tail = tail.chars();
        let unit = match tail.next().map(|c| c.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86400,
            Some('w') => 604_800,
            Some(_) => return None,
        };
        total = digits.parse::<i32>().ok()?.checked_mul(unit)?.checked_add(total)?;
        rest = tail.as_str();
    }
    Some(total)
}

/// A number of bytes with a unit: "1G", "1.5k".
pub(super) fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        "e" => 60,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if digits.is_empty() || fraction.contains('.') || fraction.len() > 18 {
        return None;
    }
    let factor = 1u64 << shift;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let part = match fraction.parse::<u128>() {
        Ok(n) => n * u128::from(factor) / 10u128.pow(u32::try_from(fraction.len()).ok()?),
        Err(_) => 0,
    };
    let total = u128::from(whole) * u128::from(factor) + part;
    u64::try_from(total).ok().filter(|&n| i64::try_from(n).is_ok())
}

/// A port: a number from 0, or the name of a service that is as good as universal.
pub(super) fn port(text: &str) -> Option<u16> {
    match text {
        "ssh" => Some(22),
        "http" => Some(80),
        "https" => Some(443),
        "socks" => Some(1080),
        "domain" => Some(53),
        "smtp" => Some(25),
        "ftp" => Some(21),
        "telnet" => Some(23),
        "imaps" => Some(993),
        _ => number(text).and_then(|n| u16::try_from(n).ok()),
    }
}

/// A traffic class, as IPQoS takes and prints it.
pub(super) fn traffic_class(text: &str) -> Option<String> {
    let number = match TRAFFIC.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some(&(_, value)) => value,
        None => match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok()?,
            None => text.parse().ok()?,
        },
    };
    if let Some(&(name, _)) = TRAFFIC.iter().find(|&&(_, value)| value == number) {
        return Some(name.to_owned());
    }
    (number <= 255).then(|| format!("0x{number:02x}"))
}

/// An escape character: itself, "^X" for a control character, or none.
pub(super) fn escape_char(text: &str) -> Option<String> {
    match text.as_bytes() {
        b"none" => Some("none".into()),
        [_] => Some(text.into()),
        // Control characters are printed as they are typed.
        [b'^', c] if (64..128).contains(c) => match c & 31 {
            c @ 1..=31 => Some(format!("^{}", char::from(c + 64))),
            _ => Some("^@".into()),
        },
        _ => None,
    }
}

/// "local:remote" numbers of tunnel devices, each a number or "any".
pub(super) fn tunnel_device(text: &str) -> Option<String> {
    let one = |text: &str| match text {
        _ if text.eq_ignore_ascii_case("any") => Some("any".to_owned()),
        _ => number(text).filter(|&n| n <= 0x7fff_fffd).map(|n| n.to_string()),
    };
    let (local, remote) = text.split_once(':').unwrap_or((text, "any"));
    Some(format!("{}:{}", one(local)?, one(remote)?))
}

/// Whether a text can be a domain name: letters, digits, `.`, `-`, `_`. The last `.` goes.
pub(super) fn domain(text: &str) -> Option<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if !starts || !text.chars().all(good) || text.contains("..") {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    Some(lower.strip_suffix('.').map_or(lower.clone(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, want) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("1h30m", Some(5400)),
            ("2W", Some(1_209_600)),
            ("1m5", Some(65)),
            ("", None),
            ("m", None),
            ("-1", None),
            ("1x", None),
            ("99999999999", None),
            ("3550w", Some(2_147_040_000)),
            ("3551w", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, want) in [
            ("16", Some(16)),
            ("1k", Some(1024)),
            ("1.5M", Some(1_572_864)),
            ("2G", Some(2 << 30)),
            (".5k", Some(512)),
            ("9E", None),
            ("1kb", None),
            ("x", None),
            ("", None),
            ("1.2.3", None),
        ] {
            assert_eq!(bytes(text), want, "{text}");
        }
    }

    #[test]
    fn odd_ones() {
        assert_eq!(traffic_class("EF").unwrap(), "ef");
        assert_eq!(traffic_class("0x20").unwrap(), "cs1");
        assert_eq!(traffic_class("3").unwrap(), "0x03");
        assert_eq!(traffic_class("256"), None);
        assert_eq!(traffic_class("none").unwrap(), "none");
        assert_eq!(escape_char("^]").unwrap(), "^]");
        assert_eq!(escape_char("^a").unwrap(), "^A");
        assert_eq!(escape_char("ab"), None);
        assert_eq!(tunnel_device("3").unwrap(), "3:any");
        assert_eq!(tunnel_device("any:4").unwrap(), "any:4");
        assert_eq!(tunnel_device("x"), None);
        assert_eq!(domain("Example.COM.").unwrap(), "example.com");
        assert_eq!(domain("-a"), None);
        assert_eq!(domain("a..b"), None);
    }
}
