//! Security options: a transport's algorithm lists.

use super::arg::{self, invalid};
use super::guard::guard_unit;
use super::handle::ssh_transport_t;
use super::text;
use super::types::*;
use crate::crypto::registry::{all_names, Row, CIPHERS, COMPRESSIONS, KEXES, MACS, SIGNATURES};
use crate::engine::Transport;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::proto::config::Preferences;
use std::ffi::c_char;

/// A transport's algorithm lists.
pub struct ssh_security_options_t {
    inner: Transport,
}

type Names = Vec<&'static str>;

/// One row per list: number, what it is called, what the library knows, and which fields it stands for.
struct List {
    number: i32,
    title: &'static str,
    known: fn() -> Names,
    fields: &'static [fn(&mut Preferences) -> &mut Names],
}

fn known<T: Row>(table: &'static [T]) -> Names {
    all_names(table)
}

const LISTS: &[List] = &[
    List { number: SSH_LIST_KEX, title: "kex", known: || known(KEXES), fields: &[|p| &mut p.kex] },
    List { number: SSH_LIST_HOST_KEY, title: "host key", known: || known(SIGNATURES), fields: &[|p| &mut p.host_key] },
    List {
        number: SSH_LIST_CIPHER,
        title: "cipher",
        known: || known(CIPHERS),
        fields: &[|p| &mut p.cipher_c2s, |p| &mut p.cipher_s2c],
    },
    List {
        number: SSH_LIST_CIPHER_C2S,
        title: "cipher client to server",
        known: || known(CIPHERS),
        fields: &[|p| &mut p.cipher_c2s],
    },
    List {
        number: SSH_LIST_CIPHER_S2C,
        title: "cipher server to client",
        known: || known(CIPHERS),
        fields: &[|p| &mut p.cipher_s2c],
    },
    List {
        number: SSH_LIST_MAC,
        title: "MAC",
        known: || known(MACS),
        fields: &[|p| &mut p.mac_c2s, |p| &mut p.mac_s2c],
    },
    List {
        number: SSH_LIST_MAC_C2S,
        title: "MAC client to server",
        known: || known(MACS),
        fields: &[|p| &mut p.mac_c2s],
    },
    List {
        number: SSH_LIST_MAC_S2C,
        title: "MAC server to client",
        known: || known(MACS),
        fields: &[|p| &mut p.mac_s2c],
    },
    List {
        number: SSH_LIST_COMPRESSION,
        title: "compression",
        known: || known(COMPRESSIONS),
        fields: &[|p| &mut p.compression_c2s, |p| &mut p.compression_s2c],
    },
    List {
        number: SSH_LIST_COMPRESSION_C2S,
        title: "compression client to server",
        known: || known(COMPRESSIONS),
        fields: &[|p| &mut p.compression_c2s],
    },
    List {
        number: SSH_LIST_COMPRESSION_S2C,
        title: "compression server to client",
        known: || known(COMPRESSIONS),
        fields: &[|p| &mut p.compression_s2c],
    },
    List { number: SSH_LIST_PUBKEY, title: "pubkey", known: || known(SIGNATURES), fields: &[|p| &mut p.pubkey] },
];

fn list(number: i32) -> Result<&'static List> {
    LISTS.iter().find(|l| l.number == number).ok_or_else(|| invalid("list is not one of SSH_LIST_*"))
}

/// `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(i, _)| i).chain([rest.len()]);
            ends.any(|i| rest.get(i..).is_some_and(|rest| matches(tail, rest)))
        }),
    }
}

/// The names of a comma-separated list, each one the library knows.
fn parse(names: &str, title: &str, known: &[&'static str]) -> Result<Names> {
    let mut out = Names::new();
    for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let found = known.iter().find(|k| **k == name).ok_or_else(|| {
            let name = printable(name.as_bytes());
            Error::new(ErrorKind::UnknownAlgorithm, format!("\"{name}\" is not a {title} algorithm this library knows"))
        })?;
        if !out.contains(found) {
            out.push(found);
        }
    }
    Ok(out)
}

/// What `edit` makes of `current`: a whole list, or "+", "-", "^" and names.
pub(super) fn edited(current: &[&'static str], edit: &str, title: &str, known: &[&'static str]) -> Result<Names> {
    let mut out = current.to_vec();
    if let Some(names) = edit.strip_prefix('+') {
        for name in parse(names, title, known)? {
            if !out.contains(&name) {
                out.push(name);
            }
        }
    } else if let Some(patterns) = edit.strip_prefix('-') {
        for pattern in patterns.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            if !pattern.contains('*') {
                parse(pattern, title, known)?;
            }
            out.retain(|name| !matches(pattern, name));
        }
    } else if let Some(names) = edit.strip_prefix('^') {
        let mut front = parse(names, title, known)?;
        out.retain(|name| !front.contains(name));
        front.append(&mut out);
        out = front;
    } else {
        out = parse(edit, title, known)?;
    }
    if out.is_empty() {
        return Err(invalid(format!("the {title} list would be empty")));
    }
    Ok(out)
}

/// Gives a transport's algorithm lists, to look at and to change before it starts.
///
/// out_options: owned result, ssh_security_options_free; changes act on the transport at once. It does not keep the
/// connection open.
#[no_mangle]
pub unsafe extern "C" fn ssh_transport_get_security_options(
    transport: *const ssh_transport_t,
    out_options: *mut *mut ssh_security_options_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, transport) = unsafe { (arg::out(out_options)?, arg::handle(transport)?) };
        *out = Box::into_raw(Box::new(ssh_security_options_t { inner: transport.inner.observer() }));
        Ok(())
    })
}

/// Gives one list, comma-separated, most preferred first.
///
/// list_number: SSH_LIST_*; one for both directions gives client to server.
/// out_names: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_security_options_get(
    options: *const ssh_security_options_t,
    list_number: i32,
    out_names: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, options) = unsafe { (arg::out(out_names)?, arg::handle(options)?) };
        let mut preferences = options.inner.preferences()?;
        let field = list(list_number)?.fields.first().ok_or_else(|| invalid("list is empty"))?;
        *out = text::give(&field(&mut preferences).join(","))?;
        Ok(())
    })
}

/// Changes one list.
///
/// list_number: SSH_LIST_*; one for both directions changes both.
/// names: comma-separated, most preferred first, in place of the list; or "+a,b" to append, "-a,b" to remove ("*"
/// stands for any run of characters), "^a,b" to put first. Algorithms that are off by default are enabled by their name.
/// Returns SSH_OK; SSH_ERR_UNKNOWN_ALGORITHM, whose text names the culprit; SSH_ERR_INVALID_ARGUMENT where the list
/// would be empty; SSH_ERR_INVALID_STATE once the transport was started. The list is unchanged then.
#[no_mangle]
pub unsafe extern "C" fn ssh_security_options_set(
    options: *mut ssh_security_options_t,
    list_number: i32,
    names: *const c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (options, names) = unsafe { (arg::handle(options)?, arg::text(names, "names")?) };
        let list = list(list_number)?;
        let mut preferences = options.inner.preferences()?;
        for field in list.fields {
            let now = field(&mut preferences);
            *now = edited(now, names, list.title, &(list.known)())?;
        }
        options.inner.set_preferences(preferences)
    })
}

/// Gives every name the library knows for a list, those that are off by default too.
///
/// list_number: SSH_LIST_*.
/// out_names: owned result, comma-separated.
#[no_mangle]
pub unsafe extern "C" fn ssh_security_options_get_known(list_number: i32, out_names: *mut *mut c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_names)? };
        *out = text::give(&(list(list_number)?.known)().join(","))?;
        Ok(())
    })
}

/// Describes all lists, one a line, for people.
///
/// out_text: owned result.
#[no_mangle]
pub unsafe extern "C" fn ssh_security_options_describe(
    options: *const ssh_security_options_t,
    out_text: *mut *mut c_char,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (out, options) = unsafe { (arg::out(out_text)?, arg::handle(options)?) };
        let mut preferences = options.inner.preferences()?;
        let mut lines = Vec::new();
        for list in LISTS.iter().filter(|l| l.fields.len() == 1) {
            for field in list.fields {
                lines.push(format!("{}: {}", list.title, field(&mut preferences).join(",")));
            }
        }
        *out = text::give(&lines.join("\n"))?;
        Ok(())
    })
}

/// Releases the lists' handle; the transport keeps its lists. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_security_options_free(options: *mut ssh_security_options_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(options) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["aa", "ab", "b", "old"];

    fn edit(edit: &str) -> Result<Names> {
        edited(&["aa", "ab", "b"], edit, "test", KNOWN)
    }

    #[test]
    fn lists_are_replaced_and_edited() {
        assert_eq!(edit("old, aa,old").unwrap(), ["old", "aa"]);
        assert_eq!(edit("+old,aa").unwrap(), ["aa", "ab", "b", "old"]);
        assert_eq!(edit("-a*").unwrap(), ["b"]);
        assert_eq!(edit("-ab").unwrap(), ["aa", "b"]);
        assert_eq!(edit("^b,old").unwrap(), ["b", "old", "aa", "ab"]);
    }

    #[test]
    fn an_unknown_name_is_named_and_an_empty_list_refused() {
        for names in ["zz", "+zz", "-zz", "^zz"] {
            let error = edit(names).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnknownAlgorithm);
            assert!(error.text().contains("\"zz\""), "{error}");
        }
        for names in ["", "-*", ","] {
            assert_eq!(edit(names).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn every_list_has_a_number_of_its_own() {
        let numbers: Vec<i32> = LISTS.iter().map(|l| l.number).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    }
}
