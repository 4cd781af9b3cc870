//! What the core tells the engine, and the answers it waits for. The core never calls out: a question is an event
//! with a ticket, answered by a command.

use super::kex::KexJob;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PublicKey, SkSignature};
use crate::error::Error;
use std::fmt;
use zeroize::Zeroizing;

/// A channel's number on our side; never reused within a connection while anything may still name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId(pub u32);

/// Names a question; goes back with the answer, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Bytes that are wiped when dropped.
pub type SecretBytes = Zeroizing<Vec<u8>>;

/// What the first key exchange proved: that whoever has this host key is at the other end of this session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionBinding {
    /// The host key's blob as it was shown: a certificate's where that was negotiated.
    pub host_key: Vec<u8>,
    /// The session identifier.
    pub session_id: Vec<u8>,
    /// The host key's signature over the session identifier.
    pub signature: Vec<u8>,
}

/// How a client's authentication request ended (RFC 4252 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthOutcome {
    /// USERAUTH_SUCCESS.
    Success,
    /// USERAUTH_FAILURE: methods that can continue, and whether this step succeeded.
    Failure {
        /// Methods the server lists.
        methods: Vec<String>,
        /// More steps are needed, this one was accepted.
        partial: bool,
    },
    /// USERAUTH_PK_OK: the key would be accepted.
    KeyAccepted,
    /// The request's time is over; the connection stays up.
    TimedOut,
}

/// One round of keyboard-interactive questions (RFC 4256 section 3.2), in the sender's raw bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompts {
    /// Title.
    pub name: Vec<u8>,
    /// Instructions.
    pub instruction: Vec<u8>,
    /// Text and whether the answer may be echoed.
    pub prompts: Vec<(Vec<u8>, bool)>,
}

/// A server application's verdict on an authentication step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthVerdict {
    /// Authenticated.
    Success,
    /// This step is fine, another must follow.
    Partial,
    /// Refused.
    Failure,
    /// keyboard-interactive only: ask these.
    Ask(Prompts),
    /// password only: the password must be changed; the prompt to show (RFC 4252 section 8).
    ChangePassword(Vec<u8>),
}

/// An authentication question to the server's application.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthQuestion {
    /// "none", RFC 4252 section 5.2.
    None,
    /// "password".
    Password(SecretBytes),
    /// "password" with a change.
    PasswordChange {
        /// Old password.
        old: SecretBytes,
        /// New password.
        new: SecretBytes,
    },
    /// "publickey" query: would this key do? The answer authenticates nobody.
    KeyQuery {
        /// The key.
        key: PublicKey,
        /// The algorithm it would use.
        algorithm: String,
        /// The certificate that was shown for it. Its CA's signature is right; whether the CA is trusted, and whether
        /// the certificate holds for this user, from there and now, is for the application to decide.
        cert: Option<Certificate>,
    },
    /// "publickey" whose signature was verified over this session.
    KeySigned {
        /// The key that signed.
        key: PublicKey,
        /// The algorithm.
        algorithm: String,
        /// As in [`AuthQuestion::KeyQuery`].
        cert: Option<Certificate>,
        /// What the authenticator said, where one signed (FIDO). A signature made without a present user is accepted
        /// only where [`SkPolicy`](super::auth::server::SkPolicy) says so.
        sk: Option<SkSignature>,
    },
    /// "keyboard-interactive" begins.
    InteractiveStart {
        /// The client's hint.
        submethods: Vec<u8>,
    },
    /// Answers to the prompts asked last; as many as there were prompts.
    InteractiveAnswers(Vec<SecretBytes>),
}

impl AuthQuestion {
    /// The method's name (RFC 4252, RFC 4256).
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Password(_) | Self::PasswordChange { .. } => "password",
            Self::KeyQuery { .. } | Self::KeySigned { .. } => "publickey",
            Self::InteractiveStart { .. } | Self::InteractiveAnswers(_) => "keyboard-interactive",
        }
    }
}

/// Names the question and shows nothing of it: passwords must not reach a log with an event.
impl fmt::Debug for AuthQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password(_) => "Password(..)",
            Self::PasswordChange { .. } => "PasswordChange(..)",
            Self::KeyQuery { .. } => "KeyQuery(..)",
            Self::KeySigned { .. } => "KeySigned(..)",
            Self::InteractiveStart { .. } => "InteractiveStart(..)",
            Self::InteractiveAnswers(_) => "InteractiveAnswers(..)",
        })
    }
}

/// What a channel open asks for, with the open's type-specific data unparsed beyond its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingOpen {
    /// Channel type name.
    pub kind: String,
    /// Type-specific data (RFC 4254 sections 6.1, 6.3.2, 7.2).
    pub data: Vec<u8>,
}

/// A channel's byte streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// CHANNEL_DATA.
    Data,
    /// CHANNEL_EXTENDED_DATA of type 1, stderr.
    Stderr,
}

/// Events, in the order they happened.
#[derive(Debug)]
pub enum Event {
    /// Both directions use new keys. `first` for the initial exchange.
    KexDone {
        /// The initial exchange, not a rekey.
        first: bool,
    },
    /// Arithmetic to do outside of the lock; answer with `Connection::finish_job`. Input is held until then.
    Job(KexJob),
    /// Client: the authentication request ended.
    AuthDone(AuthOutcome),
    /// Client: keyboard-interactive asks; answer with `Connection::auth_answer_prompts`.
    AuthPrompts(Prompts),
    /// Client: the server wants another password (its prompt); answer with `Connection::auth_change_password` or
    /// `Connection::auth_abort`.
    AuthPasswordChange(Vec<u8>),
    /// Client: the server granted the authentication service; what it had to say before (EXT_INFO) is known.
    AuthReady,
    /// Client: a banner arrived; `Connection::banner` has it.
    Banner,
    /// Server: a question; answer with `Connection::auth_answer`.
    AuthAsk {
        /// For the answer.
        ticket: Ticket,
        /// The user name the request carries.
        user: String,
        /// Methods this user already passed with [`AuthVerdict::Partial`], in order. A change of the user name empties
        /// it (RFC 4252 section 5), so deciding by this list cannot credit one user with another's step.
        passed: Vec<&'static str>,
        /// The question.
        question: AuthQuestion,
    },
    /// Server: a user is authenticated; `Connection::username` has the name.
    Authenticated,
    /// Our open was confirmed.
    ChannelOpened(ChannelId),
    /// Our open was refused; the id is gone.
    ChannelRefused(ChannelId, Error),
    /// The peer opens a channel; answer with `Connection::accept_channel` or `Connection::refuse_channel`.
    ChannelIncoming(ChannelId, IncomingOpen),
    /// Data, EOF or closure became readable where there was nothing before.
    Readable(ChannelId),
    /// Sending may go on.
    Writable(ChannelId),
    /// Exit status, EOF or closure: whoever waits for a change looks again.
    Changed(ChannelId),
    /// The peer answered our channel request with this token.
    ChannelReply {
        /// The channel.
        channel: ChannelId,
        /// As returned by `Connection::channel_request`.
        token: u64,
        /// CHANNEL_SUCCESS rather than CHANNEL_FAILURE.
        ok: bool,
    },
    /// The peer asks something of a channel; where a ticket is given, answer with `Connection::answer_channel_request`.
    ChannelRequest {
        /// The channel.
        channel: ChannelId,
        /// Present when the peer wants a reply.
        ticket: Option<Ticket>,
        /// Request type.
        request: String,
        /// Type-specific data.
        data: Vec<u8>,
    },
    /// The peer answered our global request: its data, or None for a refusal.
    GlobalReply {
        /// As returned by `Connection::global_request`.
        token: u64,
        /// Reply data.
        data: Option<Vec<u8>>,
    },
    /// The connection ended before the reply to a global request of ours came; `Ended` follows and says why.
    GlobalUnanswered {
        /// From `Connection::global_request`.
        token: u64,
    },
    /// The peer sends a global request; where a ticket is given, answer with `Connection::answer_global`.
    GlobalRequest {
        /// Present when the peer wants a reply.
        ticket: Option<Ticket>,
        /// Request name.
        request: String,
        /// Request-specific data.
        data: Vec<u8>,
    },
    /// Something for the log; where a channel is named, about that one.
    Log(u8, Option<ChannelId>, String),
    /// The connection is over; the first fatal error. Always the last event.
    Ended(Error),
}
