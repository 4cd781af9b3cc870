//! The error table: one row yields the Rust kind, the C constant's value, the default text, the remedy and the
//! DISCONNECT reason (RFC 4253 section 11.1) sent to the peer when the error ends a connection.

use std::borrow::Cow;
use std::fmt;

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! error_table {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $disconnect:expr, $text:literal, $remedy:literal;)+) => {
        /// What went wrong. The number is the `ssh_status_t` that C sees.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ $name = $code,)+
        }

        impl ErrorKind {
            /// Every kind, in table order.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$name),+];

            /// The `ssh_status_t` value.
            #[must_use]
            pub const fn code(self) -> i32 {
                self as i32
            }

            /// The text used where a call site adds none.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(ErrorKind::$name => $text,)+ }
            }

            /// What usually helps.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(ErrorKind::$name => $remedy,)+ }
            }

            /// The RFC 4253 section 11.1 reason told to the peer, where the error ends the connection.
            #[must_use]
            pub const fn disconnect_reason(self) -> Option<u32> {
                match self { $(ErrorKind::$name => $disconnect,)+ }
            }

            /// The identifier, as in `SSH_ERR_<NAME>` but in the Rust spelling.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(ErrorKind::$name => stringify!($name),)+ }
            }
        }
    };
}

error_table! {
    // -1xx: the caller's mistake. The handle is unharmed.
    /// An argument is NULL, out of range or not valid UTF-8.
    InvalidArgument = -101, None, "invalid argument", "see the function's comment in sshrs.h";
    /// The call does not fit the handle's state (started twice, not started, not authenticated, ...).
    InvalidState = -102, None, "the call does not fit the handle's state", "see the function's comment in sshrs.h for when it may be called";
    /// A name is not an algorithm this library knows.
    UnknownAlgorithm = -103, None, "unknown algorithm", "ssh_security_options_get_known lists the names";
    /// What was asked for is not supported by this build or platform.
    Unsupported = -104, None, "not supported", "the text names what is missing; do without it, or use a newer version";
    /// A file could not be read or written.
    File = -105, None, "file could not be read or written", "check the path and its permissions";
    /// A configuration, from a file or a command line, says something that cannot be followed.
    Config = -106, None, "the configuration cannot be followed", "the text names the file and the line; correct it there";

    // -2xx: I/O and lifecycle.
    /// A system call on the connection failed.
    Io = -201, None, "input/output error", "check the network path to the peer";
    /// The deadline passed; the handle is unharmed unless the function's comment says otherwise.
    Timeout = -202, None, "timed out", "allow more time, or find out why the peer is slow";
    /// This side closed the handle.
    Closed = -203, Some(11), "closed by this side", "make a new transport to go on";
    /// No address of the host accepted a connection.
    ConnectFailed = -204, None, "could not connect", "check host, port and firewall";
    /// The host name could not be resolved.
    ResolveFailed = -205, None, "host name could not be resolved", "check the spelling and the resolver";
    /// The connection ended without a DISCONNECT message.
    ConnectionLost = -206, None, "connection lost", "the peer's log may say why it hung up";
    /// The peer sent DISCONNECT; the exception carries its reason and text.
    PeerDisconnected = -207, None, "the peer disconnected", "the peer's own text says why";
    /// Nothing was heard from the peer for too long (keepalive).
    PeerDead = -208, Some(10), "the peer stopped answering", "check the network path to the peer";
    /// A bound on memory or handles of this process was reached.
    ResourceLimit = -209, Some(11), "a resource limit was reached", "close what is no longer needed, or raise the limit";
    /// The handle was dropped in this process by ssh_transport_atfork.
    Forked = -210, None, "the session belongs to the parent process", "open a new transport in the child";

    // -3xx: the peer broke the protocol. The connection has ended.
    /// A message could not be parsed or breaks a MUST of the RFC the text names.
    Protocol = -301, Some(2), "protocol error", "the peer's SSH implementation is at fault";
    /// The identification string is missing, too long or not SSH-2.
    Ident = -302, Some(8), "no valid SSH-2 identification", "check that the port is an SSH server's";
    /// A message arrived that its sender may not send now.
    UnexpectedMessage = -303, Some(2), "unexpected message", "the peer's SSH implementation is at fault, or someone tampers with the connection";
    /// A packet's length field is out of bounds.
    PacketLength = -304, Some(2), "packet length out of bounds", "the stream is corrupt, or the peer's implementation is at fault";
    /// A packet failed its integrity check.
    MacMismatch = -305, Some(5), "packet integrity check failed", "the stream was changed on the way; check the network path";
    /// A key exchange value is malformed or degenerate.
    KexFailed = -306, Some(3), "key exchange failed", "the peer's implementation is at fault, or someone tampers with the connection";
    /// The host key's signature over the exchange is wrong.
    HostKeySignature = -307, Some(3), "host key signature is wrong", "someone may be between the two ends; do not send credentials";
    /// Strict key exchange was violated (the Terrapin attack looks like this).
    StrictKex = -308, Some(3), "strict key exchange violated", "someone may tamper with the connection";
    /// The peer went past a bound this side sets.
    LimitExceeded = -309, Some(11), "the peer exceeded a limit", "raise the limit if the peer is trusted";
    /// Compressed data is corrupt or inflates past the packet bound.
    Decompress = -310, Some(6), "decompression failed", "turn compression off";
    /// The host key changed during a rekey.
    HostKeyChanged = -311, Some(9), "the host key changed during the session", "someone may be between the two ends";
    /// The peer asked for a service this side does not offer now.
    ServiceNotAvailable = -312, Some(7), "service not available", "the peer's SSH implementation is at fault";

    // -4xx: no common algorithm. The exception carries both offers.
    /// No common key exchange method.
    NoCommonKex = -401, Some(3), "no common key exchange method", "enable one the peer offers with ssh_security_options_set";
    /// No common host key algorithm.
    NoCommonHostKey = -402, Some(3), "no common host key algorithm", "enable one the peer offers with ssh_security_options_set";
    /// No common cipher.
    NoCommonCipher = -403, Some(3), "no common cipher", "enable one the peer offers with ssh_security_options_set";
    /// No common MAC.
    NoCommonMac = -404, Some(3), "no common MAC", "enable one the peer offers with ssh_security_options_set";
    /// No common compression method.
    NoCommonCompression = -405, Some(3), "no common compression method", "enable \"none\"";

    // -5xx: authentication. The connection stays up unless the text says otherwise.
    /// The server refused the credentials.
    AuthFailed = -501, Some(14), "authentication failed", "check user name and credentials";
    /// The server does not accept this method now; the exception lists those it does.
    AuthMethodNotAllowed = -502, None, "authentication method not allowed", "use one of the methods listed";
    /// No signature algorithm both sides accept for this key.
    AuthNoSignatureAlgorithm = -503, None, "no signature algorithm for this key is accepted by the server", "use a key of another type";
    /// A callback gave up, or gave the wrong number of answers.
    AuthAborted = -504, None, "authentication was given up by the caller", "answer every question, or try another method";
    /// The server wants the password changed first and no callback was given.
    AuthPasswordChange = -505, None, "the server asks for a new password", "pass a password-change callback";

    // -6xx: a channel or request was refused. The transport is unharmed.
    /// Refused: administratively prohibited (RFC 4254 section 5.1, reason 1).
    ChannelProhibited = -601, None, "channel refused: administratively prohibited", "the server's configuration forbids it";
    /// Refused: connect failed (reason 2).
    ChannelConnectFailed = -602, None, "channel refused: connect failed", "check the target of the forwarding";
    /// Refused: unknown channel type (reason 3).
    ChannelUnknownType = -603, None, "channel refused: unknown channel type", "the peer does not support it";
    /// Refused: resource shortage (reason 4).
    ChannelShortage = -604, None, "channel refused: resource shortage", "close channels no longer needed, or try later";
    /// Refused with a reason RFC 4254 does not name.
    ChannelRefused = -605, None, "channel refused", "the peer's own text says why";
    /// The peer refused a channel or global request; the handle stays usable.
    RequestRefused = -606, None, "request refused by the peer", "the peer's configuration or state forbids it";
    /// The channel is closed.
    ChannelClosed = -607, None, "channel is closed", "open another channel to go on";
    /// Data was written after EOF was sent.
    ChannelEofSent = -608, None, "end of file was already sent on this channel", "send everything before ssh_channel_shutdown_write";
    /// The channel closed without an exit status or exit signal.
    NoExitStatus = -609, None, "the channel closed without an exit status", "the command's end was not reported; do not take it for success";
    /// An X11 connection does not begin with the cookie that was given out; its channel is closed.
    X11Cookie = -610, None, "the X11 connection does not carry the cookie that was given out", "some other program connected to the display on the server; the connection is closed, and that is all there is to do";

    // -7xx: keys and host trust.
    /// The private key is encrypted and no passphrase was given.
    KeyNeedsPassphrase = -701, None, "the private key needs a passphrase", "pass the passphrase";
    /// The passphrase is wrong.
    KeyBadPassphrase = -702, None, "wrong passphrase for the private key", "check the passphrase";
    /// The key file uses a cipher or KDF this library does not support.
    KeyUnsupportedCipher = -703, None, "the key file's encryption is not supported", "rewrite the key with ssh-keygen -p";
    /// The key file is damaged or not a key.
    KeyCorrupt = -704, None, "the key is damaged", "restore the file from a copy, or make a new key";
    /// A private key is needed and this is only the public half.
    KeyPublicOnly = -705, None, "the private half of the key is needed", "pass the private key, which ssh-keygen keeps in the file without \".pub\"";
    /// The key's type is not supported.
    KeyUnsupportedType = -706, None, "the key type is not supported", "use ed25519, ecdsa or rsa";
    /// The key is too small, or otherwise weak.
    KeyWeak = -707, None, "the key is too weak", "make a new key";
    /// The file's format is not one this library reads.
    KeyUnsupportedFormat = -708, None, "the key file's format is not supported", "rewrite a private key with ssh-keygen -p -f FILE";
    /// The server's host key is not the expected one.
    HostKeyMismatch = -711, Some(9), "host key mismatch", "someone may be between the two ends, or the server was reinstalled; verify the new key before you accept it";
    /// Nothing is known about this host's key.
    HostKeyUnknown = -712, Some(9), "the host key is unknown", "verify its fingerprint and add it to known_hosts";
    /// The host key is marked @revoked.
    HostKeyRevoked = -713, Some(9), "the host key is revoked", "do not connect; ask the host's administrator";
    /// The certificate is damaged, or breaks a rule of its format that the text names.
    CertCorrupt = -721, None, "the certificate is damaged", "restore the file from a copy, or have the certificate issued again";
    /// The authority's signature over the certificate does not verify.
    CertSignature = -722, None, "the certificate's signature does not verify", "someone changed the certificate; have it issued again";
    /// A host's certificate was presented by a user, or a user's by a host.
    CertWrongKind = -723, None, "the certificate is of the wrong kind", "have one issued with ssh-keygen -s, with -h for a host and without for a user";
    /// The certificate's validity begins later.
    CertNotYetValid = -724, None, "the certificate is not yet valid", "wait, or check the clocks of both machines";
    /// The certificate's validity is over.
    CertExpired = -725, None, "the certificate has expired", "have a new one issued";
    /// The name that is asked for is not among the certificate's principals.
    CertWrongPrincipal = -726, None, "the certificate is not for this name", "have one issued that lists the name (ssh-keygen -n)";
    /// A critical option is unknown, damaged, or given twice; whoever does not understand one must refuse.
    CertUnknownOption = -727, None, "a critical option of the certificate is not understood", "have one issued without the option";
    /// The certificate, its key or its authority is on a revocation list.
    CertRevoked = -728, None, "the certificate is revoked", "ask the certificate authority why, and have a new one issued for a new key";
    /// The certificate may not be used from the peer's address (source-address).
    CertSourceAddress = -729, None, "the certificate may not be used from this address", "connect from an address it lists, or have one issued for this one";
    /// The certificate authority is not one that is trusted here.
    CertUntrusted = -730, None, "the certificate authority is not trusted", "add the authority's key where trusted ones are listed, once it is verified";
    /// The authority's signature is by an algorithm that is not accepted.
    CertWeakSignature = -731, None, "the certificate is signed with an algorithm that is not accepted", "have it issued again, with rsa-sha2-512 where the authority's key is RSA";
    /// A key revocation list is damaged, or holds something that must be understood and is not.
    KrlCorrupt = -732, None, "the key revocation list is damaged", "make the list anew with ssh-keygen -k; until then nothing can be trusted that it might revoke";
    /// The certificate is for another key than the one it was to be used with.
    CertKeyMismatch = -733, None, "the certificate is for another key", "use the certificate that was issued for this key";
    /// Nothing lists the key for the user, or the line that does refuses it here and now.
    KeyNotAuthorized = -751, None, "the key is not authorized", "add its public key to the user's authorized_keys";
    /// The key is on a revocation list.
    KeyRevoked = -752, None, "the key is revoked", "make a new key";

    /// The private half is held elsewhere (an agent, a signer's callback) and cannot be written.
    KeyNotExportable = -741, None, "the private half is not in this process", "write the key where it is held, or use the key's own file";
    /// Whoever holds the private half did not sign: it refused, or gave up.
    SignRefused = -742, None, "the key's holder did not sign", "ask whoever holds the key: an agent's confirmation, a token's touch, a signer's own log";
    /// Whoever holds the private half gave something else than a signature by this key.
    SignerFault = -743, None, "the key's holder gave no good signature", "check that the signer holds the private half of the public key it was given";
    /// There is no agent, or it does not answer.
    AgentUnavailable = -744, None, "no agent answers", "start ssh-agent, and see that SSH_AUTH_SOCK names its socket";
    /// The agent refused, which it does without a reason.
    AgentRefused = -745, None, "the agent refused", "the agent may be locked (ssh-add -X), lack the key, or not know the request";

    // -9xx: our bug.
    /// A bug in this library; the handle is unusable, the process is not.
    Internal = -901, Some(2), "internal error", "please report it";
}

/// Where in a connection's life an error happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(i32)]
pub enum Stage {
    /// Not tied to a connection.
    #[default]
    None = 0,
    /// Resolving and connecting.
    Connect = 1,
    /// Identification exchange (RFC 4253 section 4.2).
    Ident = 2,
    /// Key exchange (RFC 4253 sections 7 and 8).
    Kex = 3,
    /// Authentication (RFC 4252).
    Auth = 4,
    /// Connection protocol (RFC 4254).
    Open = 5,
}

/// The negotiation slot that had no match, with both offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// What was negotiated: "key exchange", "host key", "cipher client to server", ...
    pub slot: &'static str,
    /// Our list, most preferred first.
    pub ours: Vec<String>,
    /// The peer's list.
    pub theirs: Vec<String>,
}

/// What only some errors carry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Detail {
    /// The peer's own words (DISCONNECT or refusal text), unfiltered.
    pub peer_text: Option<String>,
    /// The peer's reason number (DISCONNECT reason, or channel open failure reason).
    pub peer_reason: Option<u32>,
    /// The failed negotiation.
    pub mismatch: Option<Mismatch>,
    /// Authentication methods that can continue (RFC 4252 section 5.1).
    pub methods: Vec<String>,
    /// Whether the server reported partial success.
    pub partial: bool,
    /// One line per address tried.
    pub addresses: Vec<String>,
    /// What helps here, in place of the kind's general remedy.
    pub hint: Option<&'static str>,
}

/// An error: a kind that decides, a text for people, and details where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    stage: Stage,
    text: Cow<'static, str>,
    detail: Option<Box<Detail>>,
}

impl Error {
    /// An error with a text of its own. The text must hold no secret and no unescaped bytes of the peer.
    pub fn new(kind: ErrorKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, stage: Stage::None, text: text.into(), detail: None }
    }

    /// Shorthand for [`ErrorKind::Protocol`].
    pub fn protocol(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Protocol, text)
    }

    /// Notes the stage, unless one is noted already: the innermost knows best.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        if self.stage == Stage::None {
            self.stage = stage;
        }
        self
    }

    /// Puts words before the text, such as where it happened. They must hold what a text may hold.
    #[must_use]
    pub fn after(mut self, before: &str) -> Self {
        self.text = format!("{before}{}", self.text).into();
        self
    }

    /// Adds or changes details.
    #[must_use]
    pub fn with(mut self, edit: impl FnOnce(&mut Detail)) -> Self {
        edit(self.detail.get_or_insert_with(Box::default));
        self
    }

    /// Says which file it is about, in front of the text.
    #[must_use]
    pub fn in_file(mut self, path: &str) -> Self {
        self.text = format!("{}: {}", printable(path.as_bytes()), self.text).into();
        self
    }

    /// Says what helps here.
    #[must_use]
    pub fn helped_by(self, hint: &'static str) -> Self {
        self.with(|detail| detail.hint = Some(hint))
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it went wrong.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The text for people.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What usually helps; empty where nothing general can be said.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.detail().and_then(|detail| detail.hint).unwrap_or(self.kind.remedy())
    }

    /// The details, where there are any.
    #[must_use]
    pub fn detail(&self) -> Option<&Detail> {
        self.detail.as_deref()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind, kind.text())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

/// Bytes of the peer made safe for a message: printable ASCII stays, anything else is escaped, long text is cut.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    printable_up_to(256, bytes)
}

/// [`printable`], cut after so many bytes.
#[must_use]
pub fn printable_up_to(limit: usize, bytes: &[u8]) -> String {
    let mut out: String =
        bytes.iter().take(limit).flat_map(|&b| std::ascii::escape_default(b)).map(char::from).collect();
    if bytes.len() > limit {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_negative() {
        let mut codes: Vec<i32> = ErrorKind::ALL.iter().map(|k| k.code()).collect();
        assert!(codes.iter().all(|&c| c < 0));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn every_kind_says_what_helps() {
        for kind in ErrorKind::ALL {
            assert!(!kind.text().is_empty() && !kind.remedy().is_empty(), "{kind:?}");
        }
    }

    #[test]
    fn the_innermost_stage_wins() {
        let e = Error::from(ErrorKind::Timeout).at(Stage::Kex).at(Stage::Connect);
        assert_eq!(e.stage(), Stage::Kex);
    }

    #[test]
    fn peer_bytes_cannot_reach_a_terminal() {
        assert_eq!(printable(b"a\x1b[2J\n"), "a\\x1b[2J\\n");
    }
}
