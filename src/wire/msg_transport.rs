//! Transport layer messages (RFC 4253 sections 11 and 10, RFC 8308, OpenSSH PROTOCOL section 1.9).

use super::message::messages;
use super::numbers;
use crate::error::{Error, Result};
use crate::wire::{Reader, Writer};

messages! {
    /// SSH_MSG_DISCONNECT, RFC 4253 section 11.1. Text and language come from the peer as raw bytes.
    Disconnect = numbers::DISCONNECT, { reason: u32, text: bytes, language: bytes }
    /// SSH_MSG_IGNORE, RFC 4253 section 11.2.
    Ignore = numbers::IGNORE, { data: bytes }
    /// SSH_MSG_DEBUG, RFC 4253 section 11.3.
    Debug = numbers::DEBUG, { always_display: bool, text: bytes, language: bytes }
    /// SSH_MSG_UNIMPLEMENTED, RFC 4253 section 11.4.
    Unimplemented = numbers::UNIMPLEMENTED, { sequence: u32 }
    /// SSH_MSG_SERVICE_REQUEST, RFC 4253 section 10.
    ServiceRequest = numbers::SERVICE_REQUEST, { service: name }
    /// SSH_MSG_SERVICE_ACCEPT, RFC 4253 section 10.
    ServiceAccept = numbers::SERVICE_ACCEPT, { service: name }
    /// SSH2_MSG_PING, OpenSSH PROTOCOL section 1.9.
    Ping = numbers::PING, { data: bytes }
    /// SSH2_MSG_PONG, OpenSSH PROTOCOL section 1.9.
    Pong = numbers::PONG, { data: bytes }
}

/// The most extensions one EXT_INFO may carry; OpenSSH sends four.
const MAX_EXTENSIONS: u32 = 64;

/// SSH_MSG_EXT_INFO, RFC 8308 section 2.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtInfo<'a> {
    /// Name and value of each extension.
    pub extensions: Vec<(&'a str, &'a [u8])>,
}

impl<'a> ExtInfo<'a> {
    /// Parses the payload after the message number.
    pub fn parse(payload: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(payload);
        let count = r.u32()?;
        // The count is the peer's word: bound it before looping (libssh2 CVE-2026-55199).
        if count > MAX_EXTENSIONS {
            return Err(Error::protocol(format!("EXT_INFO claims {count} extensions")));
        }
        let mut extensions = Vec::new();
        for _ in 0..count {
            extensions.push((r.name()?, r.string()?));
        }
        r.end()?;
        Ok(Self { extensions })
    }

    /// Appends the message, number first.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.u8(numbers::EXT_INFO).u32(u32::try_from(self.extensions.len()).unwrap_or(u32::MAX));
        for (name, value) in &self.extensions {
            w.string(name).string(value);
        }
    }
}
