//! Every message parser: what parses is written and parsed again, and is the same.

use crate::wire::x11::{replace_cookie, Authorization};
use crate::wire::{mpint, NameList, Reader};
use crate::wire::{
    msg_auth as auth, msg_channel as channel, msg_global as global, msg_kex as kex, msg_transport as transport,
};

/// Message structs, whose encoding starts with their number.
macro_rules! numbered {
    ($($message:ty),+ $(,)?) => { [$((|body| {
        let Ok(parsed) = <$message>::parse(body) else { return };
        let mut written = Vec::new();
        parsed.encode(&mut written);
        assert!(<$message>::parse(&written[1..]).is_ok_and(|again| again == parsed), stringify!($message));
    }) as fn(&[u8])),+] };
}

/// Structs that are a part of a message.
macro_rules! parts {
    ($($part:ty),+ $(,)?) => { [$((|body| {
        let Ok(parsed) = <$part>::parse(body) else { return };
        let mut written = Vec::new();
        parsed.encode(&mut written);
        assert!(<$part>::parse(&written).is_ok_and(|again| again == parsed), stringify!($part));
    }) as fn(&[u8])),+] };
}

macro_rules! bodies {
    ($($body:ty),+ $(,)?) => { [$((|body| {
        let Ok(parsed) = <$body>::parse(body) else { return };
        let written = parsed.encode_body();
        assert!(<$body>::parse(&written).is_ok_and(|again| again == parsed), stringify!($body));
    }) as fn(&[u8])),+] };
}

const NUMBERED: &[fn(&[u8])] = &numbered![
    transport::Disconnect<'_>,
    transport::Ignore<'_>,
    transport::Debug<'_>,
    transport::Unimplemented<'_>,
    transport::ServiceRequest<'_>,
    transport::ServiceAccept<'_>,
    transport::Ping<'_>,
    transport::Pong<'_>,
    transport::ExtInfo<'_>,
    kex::KexInit<'_>,
    kex::NewKeys<'_>,
    kex::KexEcdhInit<'_>,
    kex::KexEcdhReply<'_>,
    kex::KexDhInit<'_>,
    kex::KexDhReply<'_>,
    kex::KexDhGexRequest<'_>,
    kex::KexDhGexGroup<'_>,
    kex::KexDhGexInit<'_>,
    kex::KexDhGexReply<'_>,
    auth::UserauthRequest<'_>,
    auth::UserauthFailure<'_>,
    auth::UserauthSuccess<'_>,
    auth::UserauthBanner<'_>,
    auth::UserauthPkOk<'_>,
    auth::UserauthPasswdChangereq<'_>,
    auth::InfoRequest<'_>,
    auth::InfoResponse<'_>,
    global::GlobalRequest<'_>,
    global::RequestSuccess<'_>,
    global::RequestFailure<'_>,
    channel::ChannelOpen<'_>,
    channel::ChannelOpenConfirmation<'_>,
    channel::ChannelOpenFailure<'_>,
    channel::ChannelWindowAdjust<'_>,
    channel::ChannelData<'_>,
    channel::ChannelExtendedData<'_>,
    channel::ChannelEof<'_>,
    channel::ChannelClose<'_>,
    channel::ChannelRequest<'_>,
    channel::ChannelSuccess<'_>,
    channel::ChannelFailure<'_>,
];

const PARTS: &[fn(&[u8])] =
    &parts![auth::PublickeyRequest<'_>, auth::PasswordRequest<'_>, auth::InteractiveRequest<'_>];

const BODIES: &[fn(&[u8])] = &bodies![
    channel::PtyRequest<'_>,
    channel::X11Request<'_>,
    channel::EnvRequest<'_>,
    channel::ExecRequest<'_>,
    channel::SubsystemRequest<'_>,
    channel::WindowChange<'_>,
    channel::SignalRequest<'_>,
    channel::ExitStatus<'_>,
    channel::ExitSignal<'_>,
    channel::BreakRequest<'_>,
    channel::X11Open<'_>,
    channel::TcpipOpen<'_>,
    channel::DirectStreamlocalOpen<'_>,
    channel::ForwardedStreamlocalOpen<'_>,
    channel::TcpipForward<'_>,
    channel::StreamlocalForward<'_>,
];

/// A connection to a forwarded display that was given out a cookie of as many bytes as the first byte says.
fn x11_setup(body: &[u8]) {
    let Some((&len, start)) = body.split_first() else { return };
    let sent = Authorization { protocol: b"MIT-MAGIC-COOKIE-1".to_vec(), data: vec![b'x'; len.into()] };
    let whole = replace_cookie(start, &sent, &sent);
    for cut in 0..start.len().min(sent.setup_len()) {
        let part = replace_cookie(&start[..cut], &sent, &sent);
        assert!(part.is_err() || matches!(part, Ok(None)), "nothing comes out of a part");
        assert!(whole.is_err() || part.is_ok(), "what may become right is not refused");
    }
    if let Ok(Some((setup, len))) = whole {
        assert!(len == sent.setup_len() && setup.len() == len && setup[6..10] == start[6..10]);
    }
}

fn fields(body: &[u8]) {
    let mut r = Reader::new(body);
    let _ = (r.u8(), r.bool(), r.u32(), r.u64());
    let _ = (r.name(), r.utf8(), r.string().map(NameList::parse), r.mpint().map(mpint::non_negative));
    assert!(r.rest().len() <= body.len());
    if let Ok(list) = NameList::parse(body) {
        let joined = list.to_vec().join(",");
        assert_eq!(joined.as_bytes(), body, "a name-list has one way to be written");
    }
}

/// How many parsers the selector chooses from.
#[cfg(test)]
pub(super) const PARSERS: usize = NUMBERED.len() + PARTS.len() + BODIES.len() + 2;

/// The first byte selects the parser.
pub(super) fn run(data: &[u8]) {
    let Some((&selector, body)) = data.split_first() else { return };
    let mut parsers = NUMBERED.iter().chain(PARTS).chain(BODIES).chain(&[x11_setup as fn(&[u8])]);
    match parsers.nth(usize::from(selector)) {
        Some(parser) => parser(body),
        None => fields(body),
    }
}
