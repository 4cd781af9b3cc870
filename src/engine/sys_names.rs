//! System calls about names: accounts, this host and its addresses, the resolver's canonical names. Like `sys`, a file
//! with `unsafe`, as the standard library has no form of these.
#![allow(unsafe_code, reason = "thin wrappers around libc; each block says what it relies on")]

use super::connect::AddressFamily;
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, CStr, CString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::{mem, ptr};

/// Longest text of an account's entry; systems use a few hundred bytes.
const MAX_ENTRY: usize = 1 << 20;

/// An account of this system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its home directory.
    pub home: String,
}

/// Copies a C string; what is not UTF-8 in it is replaced.
///
/// # Safety
/// `p` is NULL or NUL-terminated.
unsafe fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    // SAFETY: by this function's contract.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

/// Asks for an entry of the accounts with a buffer that grows as it must.
fn entry(call: impl Fn(*mut libc::passwd, &mut [c_char], *mut *mut libc::passwd) -> libc::c_int) -> Option<Account> {
    let mut buffer: Vec<c_char> = vec![0; 1024];
    loop {
        // SAFETY: a C struct of numbers and pointers, for which all zeros is a value.
        let mut found: libc::passwd = unsafe { mem::zeroed() };
        let mut result = ptr::null_mut();
        let code = call(&mut found, &mut buffer, &mut result);
        if code == libc::ERANGE && buffer.len() < MAX_ENTRY {
            buffer.resize(buffer.len() * 2, 0);
            continue;
        }
        if code != 0 || result.is_null() {
            return None;
        }
        // SAFETY: the call succeeded: the texts are NUL-terminated and live in the buffer.
        return Some(unsafe { Account { name: text(found.pw_name), uid: found.pw_uid, home: text(found.pw_dir) } });
    }
}

/// The account this process runs as. May block: accounts can live in the network.
#[must_use]
pub fn own_account() -> Option<Account> {
    // SAFETY: has no conditions.
    let uid = unsafe { libc::getuid() };
    entry(|into, buffer, result| {
        // SAFETY: all pointers are to live objects; the buffer's length is its own.
        unsafe { libc::getpwuid_r(uid, into, buffer.as_mut_ptr(), buffer.len(), result) }
    })
}

/// The account of a name. May block.
#[must_use]
pub fn account(name: &str) -> Option<Account> {
    let name = CString::new(name).ok()?;
    entry(|into, buffer, result| {
        // SAFETY: as in `own_account`; the name is NUL-terminated.
        unsafe { libc::getpwnam_r(name.as_ptr(), into, buffer.as_mut_ptr(), buffer.len(), result) }
    })
}

/// This host's name; empty where the system gives none.
#[must_use]
pub fn host_name() -> String {
    let mut name = [0u8; 1025];
    // SAFETY: the buffer is live; one byte stays 0 behind what is written.
    let code = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) };
    let len = name.iter().position(|&b| b == 0).unwrap_or(0);
    let name = name.get(..len).unwrap_or_default();
    if code == 0 {
        String::from_utf8_lossy(name).into_owned()
    } else {
        String::new()
    }
}

/// The address in a socket address of the IP families.
///
/// # Safety
/// `p` is NULL or points to a socket address as large as its family says.
unsafe fn ip(p: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: by this function's contract.
    match i32::from(unsafe { p.as_ref() }?.sa_family) {
        libc::AF_INET => {
            // SAFETY: the family says what is there.
            let v4 = unsafe { p.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says what is there.
            let v6 = unsafe { p.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(Ipv6Addr::from(v6.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}

/// The addresses of this host's network interfaces.
///
/// # Errors
/// `Io`, where the system does not say.
pub fn own_addresses() -> Result<Vec<IpAddr>> {
    let mut first = ptr::null_mut();
    // SAFETY: the pointer is live.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        let error = std::io::Error::last_os_error();
        return Err(Error::new(ErrorKind::Io, format!("asking for this host's addresses: {error}")));
    }
    let (mut found, mut at) = (Vec::new(), first.cast_const());
    // SAFETY: a list that ends with NULL and lives until it is freed.
    while let Some(entry) = unsafe { at.as_ref() } {
        // SAFETY: NULL or an address of this interface.
        found.extend(unsafe { ip(entry.ifa_addr) });
        at = entry.ifa_next;
    }
    // SAFETY: from getifaddrs, freed once.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

/// The name that the resolver calls canonical for a host; empty where it says none. None: there is no such host.
/// Blocks as long as the system's resolver does.
///
/// # Errors
/// `ResolveFailed`, where the resolver could not answer.
pub fn canonical_name(host: &str, family: AddressFamily) -> Result<Option<String>> {
    let failed = |why: &str| Error::new(ErrorKind::ResolveFailed, format!("{}: {why}", host.escape_debug()));
    let name = CString::new(host).map_err(|_| failed("not a host's name"))?;
    // SAFETY: a C struct of numbers and pointers, for which all zeros is a value.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_family = match family {
        AddressFamily::Any => libc::AF_UNSPEC,
        AddressFamily::V4 => libc::AF_INET,
        AddressFamily::V6 => libc::AF_INET6,
    };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_CANONNAME;
    let mut found = ptr::null_mut();
    // SAFETY: all pointers are to live objects; the service may be NULL.
    let code = unsafe { libc::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut found) };
    if code != 0 {
        // libc does not name EAI_NODATA everywhere; glibc's number.
        const EAI_NODATA: libc::c_int = -5;
        if code == libc::EAI_NONAME || code == EAI_NODATA {
            return Ok(None);
        }
        // SAFETY: gives a constant text.
        return Err(failed(&unsafe { text(libc::gai_strerror(code)) }));
    }
    // SAFETY: the call succeeded, so there is a first entry; its name is NULL or NUL-terminated.
    let canonical = unsafe { found.as_ref().map(|first| text(first.ai_canonname)).unwrap_or_default() };
    // SAFETY: from getaddrinfo, freed once.
    unsafe { libc::freeaddrinfo(found) };
    Ok(Some(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_account_and_this_host() {
        let own = own_account().unwrap();
        assert_eq!(account(&own.name), Some(own));
        assert_eq!(account("no such account"), None);
        assert!(!host_name().is_empty());
        assert!(own_addresses().unwrap().iter().any(IpAddr::is_loopback));
    }

    #[test]
    fn addresses_have_names() {
        assert!(canonical_name("127.0.0.1", AddressFamily::Any).unwrap().is_some());
        assert!(canonical_name("a\0b", AddressFamily::Any).is_err());
    }
}
