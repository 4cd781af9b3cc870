//! User authentication (RFC 4252, RFC 4256): one state machine a role. What both need is here.
//!
//! Neither machine waits or asks: the client's attempt ends with [`Event::AuthDone`](super::event::Event::AuthDone),
//! the server's question is an [`Event::AuthAsk`](super::event::Event::AuthAsk) answered through its ticket.

pub mod client;
mod interactive;
pub mod server;

#[cfg(test)]
mod tests;
use super::event::SecretBytes;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{numbers, Writer};

/// The authentication protocol's service name (RFC 4252 section 4).
pub(super) const SERVICE_AUTH: &str = "ssh-userauth";
/// The only service a user can be authenticated for (RFC 4254 section 1).
const SERVICE_CONNECTION: &str = "ssh-connection";

const NONE: &str = "none";
const PASSWORD: &str = "password";
const PUBLICKEY: &str = "publickey";
/// "publickey" with the server's host key in what is signed (OpenSSH PROTOCOL section 2.7), so that an agent can tell
/// whom it signs for.
const HOSTBOUND: &str = "publickey-hostbound-v00@openssh.com";
const INTERACTIVE: &str = "keyboard-interactive";

/// The most bytes of content we put into one authentication message. Every peer must take a payload of 32768 bytes
/// (RFC 4253 section 6.1); the rest is room for the fields around it.
const MAX_CONTENT: usize = 32_000;

/// A client's authentication attempt. Holds secrets, so it has no `Debug`.
pub enum AuthRequest {
    /// "none", RFC 4252 section 5.2: mostly asked to learn the methods.
    None {
        /// User name.
        user: String,
    },
    /// "password", RFC 4252 section 8.
    Password {
        /// User name.
        user: String,
        /// The password, UTF-8 by the RFC; sent as it is.
        password: SecretBytes,
    },
    /// "publickey" without a signature, RFC 4252 section 7: would this key do?
    PublickeyQuery {
        /// User name.
        user: String,
        /// Signature algorithm the key would be used with.
        algorithm: String,
        /// Public key blob.
        key: Vec<u8>,
    },
    /// "publickey" with a signature over [`signing_data`].
    PublickeySigned {
        /// User name.
        user: String,
        /// Signature algorithm.
        algorithm: String,
        /// Public key blob.
        key: Vec<u8>,
        /// Signature blob.
        signature: Vec<u8>,
    },
    /// "publickey-hostbound-v00@openssh.com" with a signature over [`signing_data_bound`].
    PublickeyBound {
        /// User name.
        user: String,
        /// Signature algorithm.
        algorithm: String,
        /// Public key blob.
        key: Vec<u8>,
        /// The server's host key, as it was shown in the first key exchange.
        host_key: Vec<u8>,
        /// Signature blob.
        signature: Vec<u8>,
    },
    /// "keyboard-interactive", RFC 4256.
    Interactive {
        /// User name.
        user: String,
        /// Submethods wanted, comma separated; usually empty, which leaves the choice to the server.
        submethods: String,
    },
}

impl AuthRequest {
    /// The user name.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::None { user }
            | Self::Password { user, .. }
            | Self::PublickeyQuery { user, .. }
            | Self::PublickeySigned { user, .. }
            | Self::PublickeyBound { user, .. }
            | Self::Interactive { user, .. } => user,
        }
    }

    /// The method's name on the wire.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::None { .. } => NONE,
            Self::Password { .. } => PASSWORD,
            Self::PublickeyQuery { .. } | Self::PublickeySigned { .. } => PUBLICKEY,
            Self::PublickeyBound { .. } => HOSTBOUND,
            Self::Interactive { .. } => INTERACTIVE,
        }
    }

    /// Whether it can be put on the wire at all.
    fn check(&self) -> Result<()> {
        let content = match self {
            Self::None { .. } => 0,
            Self::Password { password, .. } => password.len(),
            Self::PublickeyQuery { algorithm, key, .. } => {
                check_name(algorithm)?;
                algorithm.len() + key.len()
            }
            Self::PublickeySigned { algorithm, key, signature, .. } => {
                check_name(algorithm)?;
                algorithm.len() + key.len() + signature.len()
            }
            Self::PublickeyBound { algorithm, key, host_key, signature, .. } => {
                check_name(algorithm)?;
                algorithm.len() + key.len() + host_key.len() + signature.len()
            }
            Self::Interactive { submethods, .. } => submethods.len(),
        };
        check_content(self.user().len() + content)
    }
}

/// What the signature of a "publickey" request covers (RFC 4252 section 7). The session identifier binds it to this
/// connection, the rest to exactly this request.
#[must_use]
pub fn signing_data(session_id: &[u8], user: &str, algorithm: &str, key_blob: &[u8]) -> Vec<u8> {
    signed_for(PUBLICKEY, session_id, user, algorithm, key_blob)
}

/// [`signing_data`] of the method that names the host key too.
#[must_use]
pub fn signing_data_bound(session_id: &[u8], user: &str, algorithm: &str, key_blob: &[u8], host_key: &[u8]) -> Vec<u8> {
    let mut data = signed_for(HOSTBOUND, session_id, user, algorithm, key_blob);
    Writer::new(&mut data).string(host_key);
    data
}

fn signed_for(method: &str, session_id: &[u8], user: &str, algorithm: &str, key_blob: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(160 + session_id.len() + user.len() + key_blob.len());
    let mut w = Writer::new(&mut data);
    w.string(session_id).u8(numbers::USERAUTH_REQUEST).string(user).string(SERVICE_CONNECTION).string(method);
    w.bool(true).string(algorithm).string(key_blob);
    data
}

/// A name that fits a name-list (RFC 4251 sections 5 and 6).
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > 255 || name.bytes().any(|b| !b.is_ascii_graphic() || b == b',') {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            "a name must be 1 to 255 bytes of printable US-ASCII without commas (RFC 4251 section 6)",
        ));
    }
    Ok(())
}

fn check_content(bytes: usize) -> Result<()> {
    if bytes > MAX_CONTENT {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{bytes} bytes for one authentication message; at most {MAX_CONTENT}"),
        ));
    }
    Ok(())
}
