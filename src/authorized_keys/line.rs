//! Lines of authorized_keys, of trusted authorities' keys, and of principals.

use super::options::{Options, Reason};
use crate::crypto::cert::is_cert_type;
use crate::crypto::hostkey::PublicKey;
use crate::error::printable_up_to;
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use std::sync::Arc;

/// Where a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
}

/// A line that lists a key.
pub(super) struct KeyLine {
    pub place: Place,
    pub key: PublicKey,
    pub options: Options,
}

/// A line that lists a principal.
pub(super) struct PrincipalLine {
    pub place: Place,
    pub name: Vec<u8>,
    pub options: Options,
}

/// The lines of a text that are not empty, with their numbers. A carriage return at a line's end belongs to its end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|&b| b == b'\n').enumerate().filter_map(|(index, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii();
        (!line.is_empty()).then_some((index + 1, line))
    })
}

fn is_blank(b: &u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// The first field and what is behind the blanks after it.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let at = line.iter().position(is_blank).unwrap_or(line.len());
    let (head, rest) = line.split_at_checked(at).unwrap_or((line, &[]));
    (head, rest.trim_ascii_start())
}

/// A key's `type base64`, if the line begins with one. None: its first field names no type of key.
fn key_at(line: &[u8]) -> Option<Result<PublicKey, Reason>> {
    let (name, rest) = field(line);
    if is_cert_type(name) {
        let reason = "a certificate, where the key of its authority belongs, with the option cert-authority";
        return Some(Err(reason.to_owned()));
    }
    let looks_like_type = name.starts_with(b"ssh-") || name.starts_with(b"ecdsa-") || name.starts_with(b"sk-");
    if !looks_like_type || name.contains(&b',') || name.contains(&b'=') {
        return None;
    }
    let (encoded, _comment) = field(rest);
    let key = STANDARD.decode(encoded).map_err(|_| "the key's base64 is damaged".to_owned());
    let key = key.and_then(|blob| PublicKey::parse(&blob).map_err(|error| error.text().to_owned()));
    Some(key.and_then(|key| match key.key_type().as_bytes() == name {
        true => Ok(key),
        false => Err("the line names another type than its key has".to_owned()),
    }))
}

/// Where options end: at the first blank outside of quotes. None where a quote is not closed.
fn options_end(line: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in line.iter().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match byte {
            b'\\' if line.get(at + 1) == Some(&b'"') => escaped = true,
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(line.len())
}

/// Reads a line of authorized_keys; None for a comment.
pub(super) fn key_line(line: &[u8]) -> Option<Result<(PublicKey, Options), Reason>> {
    if line.starts_with(b"#") {
        return None;
    }
    if line.contains(&0) {
        return Some(Err("a zero byte".to_owned()));
    }
    if let Some(key) = key_at(line) {
        return Some(key.map(|key| (key, Options::none())));
    }
    Some(behind_options(line))
}

fn behind_options(line: &[u8]) -> Result<(PublicKey, Options), Reason> {
    let end = options_end(line).ok_or("a quote in the options is not closed")?;
    let (options, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    let options = Options::parse(options);
    match key_at(rest.trim_ascii_start()) {
        Some(key) => Ok((key?, options?)),
        None => Err(match options {
            Ok(_) => "no key behind the options".to_owned(),
            Err(_) => format!("neither a key nor options: \"{}\"", printable_up_to(40, line)),
        }),
    }
}

/// Reads a line of a file of authorities' keys; None for a comment.
pub(super) fn authority_line(line: &[u8]) -> Option<Result<PublicKey, Reason>> {
    if line.starts_with(b"#") {
        return None;
    }
    Some(key_at(line).unwrap_or_else(|| Err(format!("no key: \"{}\"", printable_up_to(40, line)))))
}

/// Reads a line of principals: options, if any, and a name behind the last blank; None for a comment.
pub(super) fn principal_line(line: &[u8]) -> Option<Result<(Vec<u8>, Options), Reason>> {
    let line = line.split(|&b| b == b'#').next().unwrap_or_default().trim_ascii();
    if line.is_empty() {
        return None;
    }
    let at = line.iter().rposition(|&b| b == b' ').or_else(|| line.iter().rposition(|&b| b == b'\t'));
    let Some((options, name)) = at.and_then(|at| line.split_at_checked(at)) else {
        return Some(Ok((line.to_vec(), Options::none())));
    };
    // Options end where they do, whatever stands between them and the name.
    let options = options_end(options).and_then(|end| options.get(..end)).ok_or("a quote in the options is not closed");
    let options = options.map_err(str::to_owned).and_then(Options::parse);
    Some(options.map(|options| (name.trim_ascii_start().to_vec(), options)))
}
