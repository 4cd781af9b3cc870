//! Channel messages (RFC 4254 sections 5 to 7, OpenSSH PROTOCOL section 2.4).

use super::message::messages;
use super::numbers;

messages! {
    /// SSH_MSG_CHANNEL_OPEN, RFC 4254 section 5.1; `data` is parsed by the channel type's own struct.
    ChannelOpen = numbers::CHANNEL_OPEN, { kind: name, sender: u32, window: u32, max_packet: u32, data: rest }
    /// SSH_MSG_CHANNEL_OPEN_CONFIRMATION, RFC 4254 section 5.1.
    ChannelOpenConfirmation = numbers::CHANNEL_OPEN_CONFIRMATION, { recipient: u32, sender: u32, window: u32, max_packet: u32, data: rest }
    /// SSH_MSG_CHANNEL_OPEN_FAILURE, RFC 4254 section 5.1.
    ChannelOpenFailure = numbers::CHANNEL_OPEN_FAILURE, { recipient: u32, reason: u32, text: bytes, language: bytes }
    /// SSH_MSG_CHANNEL_WINDOW_ADJUST, RFC 4254 section 5.2.
    ChannelWindowAdjust = numbers::CHANNEL_WINDOW_ADJUST, { recipient: u32, bytes: u32 }
    /// SSH_MSG_CHANNEL_DATA, RFC 4254 section 5.2.
    ChannelData = numbers::CHANNEL_DATA, { recipient: u32, data: bytes }
    /// SSH_MSG_CHANNEL_EXTENDED_DATA, RFC 4254 section 5.2.
    ChannelExtendedData = numbers::CHANNEL_EXTENDED_DATA, { recipient: u32, data_type: u32, data: bytes }
    /// SSH_MSG_CHANNEL_EOF, RFC 4254 section 5.3.
    ChannelEof = numbers::CHANNEL_EOF, { recipient: u32 }
    /// SSH_MSG_CHANNEL_CLOSE, RFC 4254 section 5.3.
    ChannelClose = numbers::CHANNEL_CLOSE, { recipient: u32 }
    /// SSH_MSG_CHANNEL_REQUEST, RFC 4254 section 5.4; `data` is parsed by the request's own struct.
    ChannelRequest = numbers::CHANNEL_REQUEST, { recipient: u32, request: name, want_reply: bool, data: rest }
    /// SSH_MSG_CHANNEL_SUCCESS, RFC 4254 section 5.4.
    ChannelSuccess = numbers::CHANNEL_SUCCESS, { recipient: u32 }
    /// SSH_MSG_CHANNEL_FAILURE, RFC 4254 section 5.4.
    ChannelFailure = numbers::CHANNEL_FAILURE, { recipient: u32 }
}

/// SSH_EXTENDED_DATA_STDERR, RFC 4254 section 5.2.
pub const EXTENDED_DATA_STDERR: u32 = 1;

/// The fields after `want_reply` of each request type, without a message number of their own: written with
/// `encode_body`, parsed with `parse`.
macro_rules! bodies {
    ($( $(#[$doc:meta])+ $name:ident { $( $field:ident : $kind:ident ),* $(,)? } )+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "field names are the RFC's")]
        pub struct $name<'a> {
            $( pub $field: super::message::field_type!('a $kind), )*
            #[doc(hidden)]
            pub marker: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> $name<'a> {
            /// From its fields.
            #[allow(clippy::too_many_arguments, reason = "one argument a field")]
            #[must_use]
            pub const fn new($( $field: super::message::field_type!('a $kind) ),*) -> Self {
                Self { $($field,)* marker: std::marker::PhantomData }
            }

            /// Parses the body; bytes left over are an error.
            pub fn parse(body: &'a [u8]) -> crate::error::Result<Self> {
                let mut r = crate::wire::Reader::new(body);
                $( let $field = super::message::field_read!(r $kind); )*
                r.end()?;
                Ok(Self::new($($field),*))
            }

            /// The body as bytes.
            #[must_use]
            pub fn encode_body(&self) -> Vec<u8> {
                let mut out = Vec::new();
                let mut w = crate::wire::Writer::new(&mut out);
                $( super::message::field_write!(w $kind self.$field); )*
                out
            }
        }
    )+ };
}

bodies! {
    /// "pty-req", RFC 4254 section 6.2. Sizes in characters, then pixels.
    PtyRequest { term: bytes, columns: u32, rows: u32, width: u32, height: u32, modes: bytes }
    /// "x11-req", RFC 4254 section 6.3.1.
    X11Request { single: bool, protocol: bytes, cookie: bytes, screen: u32 }
    /// "env", RFC 4254 section 6.4.
    EnvRequest { name: bytes, value: bytes }
    /// "exec", RFC 4254 section 6.5.
    ExecRequest { command: bytes }
    /// "subsystem", RFC 4254 section 6.5.
    SubsystemRequest { name: bytes }
    /// "window-change", RFC 4254 section 6.7.
    WindowChange { columns: u32, rows: u32, width: u32, height: u32 }
    /// "signal", RFC 4254 section 6.9: the name without "SIG".
    SignalRequest { signal: bytes }
    /// "exit-status", RFC 4254 section 6.10.
    ExitStatus { status: u32 }
    /// "exit-signal", RFC 4254 section 6.10.
    ExitSignal { signal: bytes, core_dumped: bool, text: bytes, language: bytes }
    /// "break", RFC 4335 section 3: length in milliseconds.
    BreakRequest { milliseconds: u32 }
    /// "x11" channel open data, RFC 4254 section 6.3.2.
    X11Open { origin_address: bytes, origin_port: u32 }
    /// "direct-tcpip" and "forwarded-tcpip" open data, RFC 4254 section 7.2.
    TcpipOpen { address: bytes, port: u32, origin_address: bytes, origin_port: u32 }
    /// "direct-streamlocal@openssh.com" open data, OpenSSH PROTOCOL section 2.4.
    DirectStreamlocalOpen { path: bytes, reserved: bytes, reserved_port: u32 }
    /// "forwarded-streamlocal@openssh.com" open data, OpenSSH PROTOCOL section 2.4.
    ForwardedStreamlocalOpen { path: bytes, reserved: bytes }
    /// "tcpip-forward" and "cancel-tcpip-forward", RFC 4254 section 7.1.
    TcpipForward { address: bytes, port: u32 }
    /// "streamlocal-forward@openssh.com" and its cancel, OpenSSH PROTOCOL section 2.4.
    StreamlocalForward { path: bytes }
}
