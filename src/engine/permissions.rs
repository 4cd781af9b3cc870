//! What a user who logged in may do: what the options of an authorized_keys line and of a certificate come to. The engine
//! keeps to it; to find it is `authorized_keys`' part.

use crate::crypto::pattern::wildcard;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::auth::server::SkPolicy;

/// A host and a port of `permitopen` or `permitlisten`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermitTarget {
    /// The host as the peer must ask for it; `*` for any. Of `permitlisten`, a pattern.
    pub host: String,
    /// The port; None for any.
    pub port: Option<u16>,
}

impl PermitTarget {
    fn admits_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }
}

/// What a logged in user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// A terminal may be asked for.
    pub pty: bool,
    /// An agent may be forwarded.
    pub agent_forwarding: bool,
    /// X11 may be forwarded.
    pub x11_forwarding: bool,
    /// Ports and Unix sockets may be forwarded, in either direction.
    pub port_forwarding: bool,
    /// The user's start file (`~/.ssh/rc`) may be run; the application's part.
    pub user_rc: bool,
    /// `restrict` was said: what is added to the protocol later is not permitted either.
    pub restricted: bool,
    /// Runs in place of whatever is asked for.
    pub command: Option<Vec<u8>>,
    /// Variables for the program's environment, each name once.
    pub environment: Vec<(String, Vec<u8>)>,
    /// Where connections may go to; empty: anywhere.
    pub permit_open: Vec<PermitTarget>,
    /// Where may be listened; empty: anywhere.
    pub permit_listen: Vec<PermitTarget>,
    /// The tun device forced by `tunnel`; None where the option is absent. Tunnels are the application's part.
    pub tunnel: Option<String>,
    /// What an authenticator (FIDO) must have said.
    pub touch_required: bool,
    /// Likewise.
    pub verify_required: bool,
    /// Where the permission was found: a file's name, or what the application called it.
    pub file: String,
    /// The line in it, from 1; 0 where it came of no line.
    pub line: usize,
    /// The certificate's key ID and serial number, where one was presented.
    pub certificate: Option<(String, u64)>,
}

impl Permissions {
    /// Everything that a line without options permits.
    #[must_use]
    pub fn all() -> Self {
        Self {
            pty: true,
            agent_forwarding: true,
            x11_forwarding: true,
            port_forwarding: true,
            user_rc: true,
            touch_required: true,
            ..Self::none()
        }
    }

    /// Nothing but to log in: a certificate without extensions.
    #[must_use]
    pub fn none() -> Self {
        Self {
            pty: false,
            agent_forwarding: false,
            x11_forwarding: false,
            port_forwarding: false,
            user_rc: false,
            restricted: false,
            command: None,
            environment: Vec::new(),
            permit_open: Vec::new(),
            permit_listen: Vec::new(),
            tunnel: None,
            touch_required: true,
            verify_required: false,
            file: String::new(),
            line: 0,
            certificate: None,
        }
    }

    /// What both permit: flags of both, variables of the first where it has any. Two commands or two lists of places that
    /// differ permit nothing: `InvalidArgument`.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        let command = match (&self.command, &other.command) {
            (Some(a), Some(b)) if a != b => {
                let text = "two forced commands that differ, the line's and the certificate's or those of two keys";
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        Ok(Self {
            pty: self.pty && other.pty,
            agent_forwarding: self.agent_forwarding && other.agent_forwarding,
            x11_forwarding: self.x11_forwarding && other.x11_forwarding,
            port_forwarding: self.port_forwarding && other.port_forwarding,
            user_rc: self.user_rc && other.user_rc,
            restricted: self.restricted || other.restricted,
            command,
            environment: first(&self.environment, &other.environment),
            permit_open: agreed(&self.permit_open, &other.permit_open)?,
            permit_listen: agreed(&self.permit_listen, &other.permit_listen)?,
            tunnel: self.tunnel.clone().or_else(|| other.tunnel.clone()),
            touch_required: self.touch_required || other.touch_required,
            verify_required: self.verify_required || other.verify_required,
            file: self.file.clone(),
            line: self.line,
            certificate: self.certificate.clone().or_else(|| other.certificate.clone()),
        })
    }

    /// What an authenticator's signature must say.
    #[must_use]
    pub const fn sk_policy(&self) -> SkPolicy {
        SkPolicy { touch_required: self.touch_required, verify_required: self.verify_required }
    }

    /// Whether a connection to this place may be made for the user. The host is compared as it was asked for.
    #[must_use]
    pub fn permits_open(&self, host: &[u8], port: u16) -> bool {
        let fits = |place: &PermitTarget| place.admits_port(port) && is_host(&place.host, host);
        self.port_forwarding && (self.permit_open.is_empty() || self.permit_open.iter().any(fits))
    }

    /// As [`Permissions::permits_open`], for a Unix socket: a list of ports admits one only through an entry for any port.
    #[must_use]
    pub fn permits_open_path(&self, path: &[u8]) -> bool {
        let fits = |place: &PermitTarget| place.port.is_none() && is_host(&place.host, path);
        self.port_forwarding && (self.permit_open.is_empty() || self.permit_open.iter().any(fits))
    }

    /// Whether may be listened at this place for the user. Port 0, any that is free, needs an entry for any port.
    #[must_use]
    pub fn permits_listen(&self, host: &[u8], port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let fits = |place: &PermitTarget| place.admits_port(port) && wildcard(place.host.as_bytes(), &host);
        self.port_forwarding && (self.permit_listen.is_empty() || self.permit_listen.iter().any(fits))
    }
}

fn is_host(own: &str, asked: &[u8]) -> bool {
    own == "*" || own.as_bytes() == asked
}

fn first<T: Clone>(a: &[T], b: &[T]) -> Vec<T> {
    if a.is_empty() { b } else { a }.to_vec()
}

/// The list of whichever has one: none means anywhere.
fn agreed(a: &[PermitTarget], b: &[PermitTarget]) -> Result<Vec<PermitTarget>> {
    if !a.is_empty() && !b.is_empty() && a != b {
        let text = "two lists of what may be forwarded that differ, those of two keys";
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(first(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str, port: u16) -> PermitTarget {
        PermitTarget { host: host.to_owned(), port: (port != 0).then_some(port) }
    }

    #[test]
    fn places_to_connect_to() {
        let mut p = Permissions::all();
        assert!(p.permits_open(b"anywhere", 1) && p.permits_open_path(b"/x"));
        p.permit_open = vec![place("host", 80), place("*", 443)];
        for (host, port, ok) in
            [("host", 80, true), ("HOST", 80, false), ("host", 81, false), ("other", 443, true), ("other", 80, false)]
        {
            assert_eq!(p.permits_open(host.as_bytes(), port), ok, "{host}:{port}");
        }
        assert!(!p.permits_open_path(b"/x"));
        p.permit_open = vec![place("*", 0)];
        assert!(p.permits_open(b"x", 9) && p.permits_open_path(b"/x"));
        p.port_forwarding = false;
        assert!(!p.permits_open(b"x", 9) && !p.permits_open_path(b"/x") && !p.permits_listen(b"", 0));
    }

    #[test]
    fn places_to_listen_at() {
        let mut p = Permissions::all();
        p.permit_listen = vec![place("localhost", 8080), place("10.*", 0)];
        for (host, port, ok) in [
            ("localhost", 8080, true),
            ("LocalHost", 8080, true),
            ("localhost", 0, false),
            ("", 8080, false),
            ("10.1.2.3", 0, true),
            ("11.1.2.3", 1, false),
        ] {
            assert_eq!(p.permits_listen(host.as_bytes(), port), ok, "{host}:{port}");
        }
    }

    #[test]
    fn the_stricter_wins() {
        let mut line = Permissions::all();
        line.command = Some(b"a".to_vec());
        line.pty = false;
        line.permit_open = vec![place("h", 1)];
        let mut cert = Permissions::none();
        cert.pty = true;
        cert.port_forwarding = true;
        cert.touch_required = false;
        cert.verify_required = true;
        cert.certificate = Some(("id".to_owned(), 7));
        let both = line.merge(&cert).unwrap();
        assert!(!both.pty && both.port_forwarding && !both.agent_forwarding);
        assert!(both.touch_required && both.verify_required);
        assert_eq!((both.command.as_deref(), both.permit_open.len()), (Some(&b"a"[..]), 1));
        assert_eq!(both.certificate, cert.certificate);
        cert.command = Some(b"a".to_vec());
        assert!(line.merge(&cert).is_ok());
        cert.command = Some(b"b".to_vec());
        assert_eq!(line.merge(&cert).unwrap_err().kind(), ErrorKind::InvalidArgument);
        cert.command = None;
        cert.permit_open = line.permit_open.clone();
        assert_eq!(line.merge(&cert).unwrap().permit_open, line.permit_open);
        cert.permit_open = vec![place("elsewhere", 1)];
        assert_eq!(line.merge(&cert).unwrap_err().kind(), ErrorKind::InvalidArgument);
        let all = Permissions::all();
        assert_eq!(all.merge(&all).unwrap(), all);
    }
}
