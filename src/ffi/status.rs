//! The library, and its statuses by name.

use super::types::{ssh_status_t, SSH_EOF, SSH_OK, SSH_PARTIAL, SSH_PENDING};
use crate::error::ErrorKind;
use std::ffi::{c_char, CStr};
use std::sync::OnceLock;

/// Returns the library's version, "MAJOR.MINOR.PATCH". Static text.
#[no_mangle]
pub extern "C" fn ssh_version() -> *const c_char {
    VERSION.as_ptr()
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// "HostKeySignature" -> "SSH_ERR_HOST_KEY_SIGNATURE". build.rs derives the header's constants by the same rule.
fn constant_name(kind: ErrorKind) -> String {
    let mut name = String::from("SSH_ERR");
    for c in kind.name().chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

struct Row {
    code: ssh_status_t,
    name: std::ffi::CString,
    text: std::ffi::CString,
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |code, name: &str, text: &str| Row {
            code,
            name: super::text::c_string(name),
            text: super::text::c_string(text),
        };
        let mut rows = vec![
            row(SSH_OK, "SSH_OK", "success"),
            row(SSH_EOF, "SSH_EOF", "end of file"),
            row(SSH_PARTIAL, "SSH_PARTIAL", "accepted, more is needed"),
            row(SSH_PENDING, "SSH_PENDING", "not answered yet"),
        ];
        rows.extend(ErrorKind::ALL.iter().map(|&kind| row(kind.code(), &constant_name(kind), kind.text())));
        rows
    })
}

/// Returns a status's constant as text, "SSH_ERR_TIMEOUT", or "SSH_STATUS_UNKNOWN". Static text.
#[no_mangle]
pub extern "C" fn ssh_status_name(status: ssh_status_t) -> *const c_char {
    super::guard::guard_value(c"SSH_STATUS_UNKNOWN".as_ptr(), || {
        rows().iter().find(|row| row.code == status).map(|row| row.name.as_ptr())
    })
}

/// Returns a status in words, "timed out", or "unknown status". Static text.
#[no_mangle]
pub extern "C" fn ssh_status_text(status: ssh_status_t) -> *const c_char {
    super::guard::guard_value(c"unknown status".as_ptr(), || {
        rows().iter().find(|row| row.code == status).map(|row| row.text.as_ptr())
    })
}
