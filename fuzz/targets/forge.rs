//! Payloads that are well-formed more often than raw bytes: the message is chosen, its fields come from the input.

use super::input::Input;
use crate::wire::msg_auth::{InfoRequest, InfoResponse, PasswordRequest, PublickeyRequest};
use crate::wire::msg_transport::ExtInfo;
use crate::wire::{numbers, Writer};

pub(super) const REQUESTS: &[&str] = &[
    "exit-status",
    "exit-signal",
    "keepalive@openssh.com",
    "eow@openssh.com",
    "env",
    "pty-req",
    "shell",
    "exec",
    "subsystem",
    "signal",
    "window-change",
    "xon-xoff",
    "no-such-request",
];
pub(super) const GLOBALS: &[&str] =
    &["tcpip-forward", "cancel-tcpip-forward", "keepalive@openssh.com", "hostkeys-00@openssh.com", ""];
pub(super) const KINDS: &[&str] =
    &["session", "direct-tcpip", "forwarded-tcpip", "x11", "auth-agent@openssh.com", "nonsense"];
const METHODS: &[&str] = &["none", "password", "publickey", "keyboard-interactive", "hostbased", "gssapi-with-mic"];
const SERVICES: &[&str] = &["ssh-connection", "ssh-userauth", "ssh-other"];
pub(super) const USERS: &[&str] = &["bob", "eve", ""];
pub(super) const ALGORITHMS: &[&str] = &["ssh-ed25519", "rsa-sha2-256", "ssh-rsa", "ecdsa-sha2-nistp256", "x"];

/// One message.
pub(super) fn payload(input: &mut Input<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let number = number(input);
    let mut w = Writer::new(&mut out);
    match number {
        numbers::DISCONNECT => w.u8(number).u32(input.number()).string(input.bytes()).string(""),
        numbers::IGNORE | numbers::PING | numbers::PONG => w.u8(number).string(input.bytes()),
        numbers::UNIMPLEMENTED => w.u8(number).u32(input.number()),
        numbers::DEBUG => w.u8(number).bool(input.bool()).string(input.bytes()).string(""),
        numbers::SERVICE_REQUEST | numbers::SERVICE_ACCEPT => {
            w.u8(number).string(input.pick(&["ssh-userauth", "ssh-connection"]))
        }
        numbers::EXT_INFO => {
            let extensions = vec![("server-sig-algs", input.bytes()), ("unknown", b"".as_slice())];
            ExtInfo { extensions }.encode(&mut out);
            return out;
        }
        50..=79 => {
            auth(number, input, &mut out);
            return out;
        }
        80..=100 => {
            connection(number, input, &mut out);
            return out;
        }
        _ => w.u8(number).raw(input.bytes()),
    };
    out
}

/// Numbers that mean something, those of channels more often.
pub(super) const USUAL: &[u8] = &[
    1, 2, 3, 4, 5, 6, 7, 20, 21, 30, 31, 50, 51, 52, 53, 60, 61, 80, 81, 82, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99,
    100, 192, 193, 90, 91, 93, 94, 95, 98,
];

fn number(input: &mut Input<'_>) -> u8 {
    match input.u8() {
        any @ 240.. => any.wrapping_mul(37),
        n => USUAL[usize::from(n) % USUAL.len()],
    }
}

fn auth(number: u8, input: &mut Input<'_>, out: &mut Vec<u8>) {
    let mut w = Writer::new(out);
    match number {
        numbers::USERAUTH_REQUEST => {
            let method = input.pick(METHODS);
            w.u8(number).string(input.pick(USERS)).string(input.pick(SERVICES)).string(method);
            let signature = input.bool().then(|| input.bytes());
            match method {
                "password" => PasswordRequest { password: input.bytes(), new_password: signature }.encode(out),
                "publickey" => {
                    let key = if input.bool() {
                        super::core::host_key().public().blob().to_vec()
                    } else {
                        input.bytes().to_vec()
                    };
                    PublickeyRequest { algorithm: input.pick(ALGORITHMS), key: &key, signature }.encode(out);
                }
                "keyboard-interactive" => {
                    w.string("").string(input.bytes());
                }
                _ => {}
            }
        }
        numbers::USERAUTH_FAILURE => {
            w.u8(number).name_list([input.pick(METHODS), input.pick(METHODS)]).bool(input.bool());
        }
        numbers::USERAUTH_SUCCESS => {
            w.u8(number);
        }
        numbers::USERAUTH_BANNER => {
            w.u8(number).string(input.bytes()).string("");
        }
        // PK_OK, PASSWD_CHANGEREQ, INFO_REQUEST.
        60 => match input.u8() % 3 {
            0 => {
                w.u8(number).string(input.pick(ALGORITHMS)).string(input.bytes());
            }
            1 => {
                w.u8(number).string(input.bytes()).string("");
            }
            _ => {
                let prompts = (0..input.u8() % 4).map(|_| (input.bytes(), input.bool())).collect();
                InfoRequest { name: b"name", instruction: b"", prompts }.encode(out);
            }
        },
        numbers::USERAUTH_INFO_RESPONSE => {
            InfoResponse { answers: (0..input.u8() % 4).map(|_| input.bytes()).collect() }.encode(out);
        }
        _ => {
            w.u8(number).raw(input.bytes());
        }
    }
}

fn connection(number: u8, input: &mut Input<'_>, out: &mut Vec<u8>) {
    let mut w = Writer::new(out);
    w.u8(number);
    match number {
        numbers::GLOBAL_REQUEST => w.string(input.pick(GLOBALS)).bool(input.bool()).raw(input.bytes()),
        numbers::REQUEST_SUCCESS => w.raw(input.bytes()),
        numbers::REQUEST_FAILURE => &mut w,
        numbers::CHANNEL_OPEN => {
            w.string(input.pick(KINDS)).u32(input.number()).u32(input.number()).u32(input.number()).raw(input.bytes())
        }
        numbers::CHANNEL_OPEN_CONFIRMATION => {
            w.u32(input.number()).u32(input.number()).u32(input.number()).u32(input.number()).raw(input.bytes())
        }
        numbers::CHANNEL_OPEN_FAILURE => w.u32(input.number()).u32(input.number()).string(input.bytes()).string(""),
        numbers::CHANNEL_WINDOW_ADJUST => w.u32(input.number()).u32(input.number()),
        numbers::CHANNEL_DATA => w.u32(input.number()).string(data(input)),
        numbers::CHANNEL_EXTENDED_DATA => {
            w.u32(input.number()).u32(1 + u32::from(input.u8() / 250)).string(data(input))
        }
        numbers::CHANNEL_REQUEST => {
            let (id, request) = (input.number(), input.pick(REQUESTS));
            w.u32(id).string(request).bool(input.bool());
            match request {
                "exit-status" => w.u32(input.number()),
                "exit-signal" => w.string(input.bytes()).bool(input.bool()).string(input.bytes()).string(""),
                _ => w.raw(input.bytes()),
            }
        }
        // EOF, CLOSE, SUCCESS, FAILURE: only the channel.
        _ => w.u32(input.number()),
    };
}

/// A little of the input's, or much of nothing in particular.
fn data(input: &mut Input<'_>) -> Vec<u8> {
    if input.u8() >= 200 {
        return vec![b'x'; usize::from(input.u16())];
    }
    input.bytes().to_vec()
}
