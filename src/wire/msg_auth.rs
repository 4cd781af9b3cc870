//! Authentication messages (RFC 4252, RFC 4256).

use super::message::messages;
use super::numbers;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};

messages! {
    /// SSH_MSG_USERAUTH_REQUEST, RFC 4252 section 5; `method_data` is parsed by the method's own struct.
    UserauthRequest = numbers::USERAUTH_REQUEST, { user: utf8, service: name, method: name, method_data: rest }
    /// SSH_MSG_USERAUTH_FAILURE, RFC 4252 section 5.1.
    UserauthFailure = numbers::USERAUTH_FAILURE, { methods: names, partial_success: bool }
    /// SSH_MSG_USERAUTH_SUCCESS, RFC 4252 section 5.1.
    UserauthSuccess = numbers::USERAUTH_SUCCESS, {}
    /// SSH_MSG_USERAUTH_BANNER, RFC 4252 section 5.4.
    UserauthBanner = numbers::USERAUTH_BANNER, { text: bytes, language: bytes }
    /// SSH_MSG_USERAUTH_PK_OK, RFC 4252 section 7.
    UserauthPkOk = numbers::USERAUTH_PK_OK, { algorithm: name, key: bytes }
    /// SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, RFC 4252 section 8.
    UserauthPasswdChangereq = numbers::USERAUTH_PASSWD_CHANGEREQ, { prompt: bytes, language: bytes }
}

/// The method-specific fields of a "publickey" request, RFC 4252 section 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublickeyRequest<'a> {
    /// Signature algorithm.
    pub algorithm: &'a str,
    /// Public key blob.
    pub key: &'a [u8],
    /// The signature; a query has none.
    pub signature: Option<&'a [u8]>,
}

impl<'a> PublickeyRequest<'a> {
    /// Parses `method_data`.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(data);
        let signed = r.bool()?;
        let (algorithm, key) = (r.name()?, r.string()?);
        let signature = if signed { Some(r.string()?) } else { None };
        r.end()?;
        Ok(Self { algorithm, key, signature })
    }

    /// Appends the fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.bool(self.signature.is_some()).string(self.algorithm).string(self.key);
        if let Some(signature) = self.signature {
            w.string(signature);
        }
    }
}

/// The method-specific fields of a "publickey-hostbound-v00@openssh.com" request, OpenSSH PROTOCOL section 2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostboundRequest<'a> {
    /// Signature algorithm.
    pub algorithm: &'a str,
    /// Public key blob.
    pub key: &'a [u8],
    /// The server's host key, as the client saw it.
    pub host_key: &'a [u8],
    /// The signature; a query has none.
    pub signature: Option<&'a [u8]>,
}

impl<'a> HostboundRequest<'a> {
    /// Parses `method_data`.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(data);
        let signed = r.bool()?;
        let (algorithm, key, host_key) = (r.name()?, r.string()?, r.string()?);
        let signature = if signed { Some(r.string()?) } else { None };
        r.end()?;
        Ok(Self { algorithm, key, host_key, signature })
    }

    /// Appends the fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.bool(self.signature.is_some()).string(self.algorithm).string(self.key).string(self.host_key);
        if let Some(signature) = self.signature {
            w.string(signature);
        }
    }
}

/// The method-specific fields of a "password" request, RFC 4252 section 8.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PasswordRequest<'a> {
    /// The password; the old one in a change.
    pub password: &'a [u8],
    /// The new password, in a change.
    pub new_password: Option<&'a [u8]>,
}

impl<'a> PasswordRequest<'a> {
    /// Parses `method_data`.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(data);
        let change = r.bool()?;
        let password = r.string()?;
        let new_password = if change { Some(r.string()?) } else { None };
        r.end()?;
        Ok(Self { password, new_password })
    }

    /// Appends the fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.bool(self.new_password.is_some()).string(self.password);
        if let Some(new) = self.new_password {
            w.string(new);
        }
    }
}

/// The method-specific fields of a "keyboard-interactive" request, RFC 4256 section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InteractiveRequest<'a> {
    /// Submethods the client would like, comma separated; a hint.
    pub submethods: &'a [u8],
}

impl<'a> InteractiveRequest<'a> {
    /// Parses `method_data`.
    pub fn parse(data: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(data);
        let _language = r.string()?;
        let submethods = r.string()?;
        r.end()?;
        Ok(Self { submethods })
    }

    /// Appends the fields.
    pub fn encode(&self, out: &mut Vec<u8>) {
        Writer::new(out).string("").string(self.submethods);
    }
}

/// The most prompts in one INFO_REQUEST and the most answers in one INFO_RESPONSE (OpenSSH's bound too).
pub const MAX_PROMPTS: u32 = 100;

/// SSH_MSG_USERAUTH_INFO_REQUEST, RFC 4256 section 3.2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfoRequest<'a> {
    /// Title.
    pub name: &'a [u8],
    /// Instructions.
    pub instruction: &'a [u8],
    /// Each prompt's text and whether the answer may be echoed.
    pub prompts: Vec<(&'a [u8], bool)>,
}

impl<'a> InfoRequest<'a> {
    /// Parses the payload after the message number.
    pub fn parse(payload: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(payload);
        let (name, instruction, _language) = (r.string()?, r.string()?, r.string()?);
        let count = bounded_count(r.u32()?)?;
        let mut prompts = Vec::new();
        for _ in 0..count {
            prompts.push((r.string()?, r.bool()?));
        }
        r.end()?;
        Ok(Self { name, instruction, prompts })
    }

    /// Appends the message, number first.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.u8(numbers::USERAUTH_INFO_REQUEST).string(self.name).string(self.instruction).string("");
        w.u32(u32::try_from(self.prompts.len()).unwrap_or(u32::MAX));
        for (text, echo) in &self.prompts {
            w.string(text).bool(*echo);
        }
    }
}

/// SSH_MSG_USERAUTH_INFO_RESPONSE, RFC 4256 section 3.4.
#[derive(Clone, PartialEq, Eq)]
pub struct InfoResponse<'a> {
    /// One answer a prompt, in order.
    pub answers: Vec<&'a [u8]>,
}

impl<'a> InfoResponse<'a> {
    /// Parses the payload after the message number.
    pub fn parse(payload: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(payload);
        let count = bounded_count(r.u32()?)?;
        let mut answers = Vec::new();
        for _ in 0..count {
            answers.push(r.string()?);
        }
        r.end()?;
        Ok(Self { answers })
    }

    /// Appends the message, number first.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut w = Writer::new(out);
        w.u8(numbers::USERAUTH_INFO_RESPONSE).u32(u32::try_from(self.answers.len()).unwrap_or(u32::MAX));
        for answer in &self.answers {
            w.string(answer);
        }
    }
}

fn bounded_count(count: u32) -> Result<u32> {
    if count > MAX_PROMPTS {
        return Err(Error::new(ErrorKind::LimitExceeded, format!("{count} prompts or answers; at most {MAX_PROMPTS}")));
    }
    Ok(count)
}
