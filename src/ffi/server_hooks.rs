//! A server's C hooks as the engine wants them.

use super::handle::{ssh_channel_t, ssh_transport_t, Origin};
use super::key::ssh_key_t;
use super::server_types::{ssh_prompt_answer_t, ssh_server_hooks_t};
use super::stream::UserData;
use super::text::c_string;
use super::ticket::{put, Facts, Question};
use super::types::ssh_ticket_t;
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::engine::{Answer, AuthAsk, Channel, ChannelAsk, Hooks, Refusal, Transport, Verdict};
use crate::proto::event::{AuthQuestion, AuthVerdict, IncomingOpen, SecretBytes};
use crate::wire::msg_channel::{DirectStreamlocalOpen, TcpipOpen};
use std::ffi::{c_char, c_void, CStr, CString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The application's struct, copied, with what its handles share.
pub(super) struct CHooks {
    hooks: ssh_server_hooks_t,
    data: UserData,
    origin: Arc<Origin>,
}

// SAFETY: function pointers, and user_data that the header says is used on the library's threads.
unsafe impl Send for CHooks {}
// SAFETY: likewise.
unsafe impl Sync for CHooks {}

/// A text of the peer's without a length. None: a NUL inside would make C see another text than we.
fn text(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}

/// Bytes of the peer's for C: a NUL behind them that does not count, wiped afterwards.
struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    fn new(bytes: &[u8]) -> Self {
        // At its full size at once: growing would leave a copy of a secret behind.
        let mut copy = Vec::with_capacity(bytes.len().saturating_add(1));
        copy.extend_from_slice(bytes);
        copy.push(0);
        Self(Zeroizing::new(copy))
    }

    fn pointer(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }

    fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}

/// A text a hook returned.
///
/// # Safety
/// `p` is NULL or a NUL-terminated string, unchanged during the call.
unsafe fn returned(p: *const c_char) -> Option<String> {
    if p.is_null() {
        return None;
    }
    // SAFETY: by this function's contract.
    unsafe { CStr::from_ptr(p) }.to_str().ok().map(str::to_owned)
}

impl CHooks {
    pub(super) fn new(hooks: ssh_server_hooks_t, data: UserData, origin: Arc<Origin>) -> Self {
        Self { hooks, data, origin }
    }

    /// The handle a hook gets.
    fn transport(&self, transport: &Transport) -> ssh_transport_t {
        ssh_transport_t::new(transport.clone(), Arc::clone(&self.origin))
    }

    fn channel(&self, channel: &Channel) -> ssh_channel_t {
        ssh_channel_t::new(channel.clone(), Arc::clone(&self.origin))
    }

    /// The methods that can follow where the application does not say: those it has a hook for.
    fn methods(&self, passed: &[&str]) -> Vec<String> {
        let h = &self.hooks;
        let has = [
            ("publickey", h.check_auth_publickey.is_some()),
            ("password", h.check_auth_password.is_some()),
            ("keyboard-interactive", h.check_auth_interactive.is_some()),
        ];
        let left = has.iter().filter(|(name, has)| *has && !passed.contains(name));
        left.map(|(name, _)| (*name).to_owned()).collect()
    }

    fn password(&self, call: AuthCall<'_>, password: &SecretBytes) -> Option<i32> {
        let (hook, password) = (self.hooks.check_auth_password?, Bytes::new(password));
        // SAFETY: the C contract of the struct: function and user_data came together; the rest lives during the call.
        Some(unsafe {
            hook(self.data.pointer(), call.ticket, call.transport, call.user, password.pointer(), password.len())
        })
    }

    fn password_change(&self, call: AuthCall<'_>, old: &SecretBytes, new: &SecretBytes) -> Option<i32> {
        let (hook, old, new) = (self.hooks.check_auth_password_change?, Bytes::new(old), Bytes::new(new));
        // SAFETY: as above.
        Some(unsafe {
            hook(
                self.data.pointer(),
                call.ticket,
                call.transport,
                call.user,
                old.pointer(),
                old.len(),
                new.pointer(),
                new.len(),
            )
        })
    }

    fn publickey(&self, call: AuthCall<'_>, asked: KeyAsked<'_>) -> Option<i32> {
        let (hook, algorithm) = (self.hooks.check_auth_publickey?, c_string(asked.algorithm));
        let (key, signed) = (ssh_key_t::of_shown(asked.key.clone(), asked.cert.clone()), asked.signed);
        // SAFETY: as above.
        Some(unsafe {
            hook(self.data.pointer(), call.ticket, call.transport, call.user, &key, algorithm.as_ptr(), signed)
        })
    }

    fn interactive(&self, call: AuthCall<'_>, submethods: &[u8]) -> Option<i32> {
        let (hook, submethods) = (self.hooks.check_auth_interactive?, text(submethods)?);
        // SAFETY: as above.
        Some(unsafe { hook(self.data.pointer(), call.ticket, call.transport, call.user, submethods.as_ptr()) })
    }

    fn response(&self, call: AuthCall<'_>, answers: &[SecretBytes]) -> Option<i32> {
        let hook = self.hooks.check_auth_interactive_response?;
        let answers: Vec<Bytes> = answers.iter().map(|answer| Bytes::new(answer)).collect();
        let list: Vec<ssh_prompt_answer_t> =
            answers.iter().map(|a| ssh_prompt_answer_t { text: a.pointer(), text_len: a.len() }).collect();
        // SAFETY: as above.
        Some(unsafe { hook(self.data.pointer(), call.ticket, call.transport, call.user, list.as_ptr(), list.len()) })
    }

    fn open(&self, ticket: *mut ssh_ticket_t, transport: &Transport, id: u32, open: &IncomingOpen) -> Option<i32> {
        let mut transport = self.transport(transport);
        let (data, h) = (self.data.pointer(), &self.hooks);
        match open.kind.as_str() {
            "direct-tcpip" => {
                let hook = h.check_channel_direct_tcpip_request?;
                let body = TcpipOpen::parse(&open.data).ok()?;
                let (dest, src) = (text(body.address)?, text(body.origin_address)?);
                // Ports above 65535 reach no hook, which may cut them to 16 bits.
                let _ = u16::try_from(body.port).ok()?;
                // SAFETY: as above.
                Some(unsafe {
                    hook(data, ticket, &mut transport, id, dest.as_ptr(), body.port, src.as_ptr(), body.origin_port)
                })
            }
            "direct-streamlocal@openssh.com" => {
                let hook = h.check_channel_direct_streamlocal_request?;
                let path = text(DirectStreamlocalOpen::parse(&open.data).ok()?.path)?;
                // SAFETY: as above.
                Some(unsafe { hook(data, ticket, &mut transport, id, path.as_ptr()) })
            }
            kind => {
                let (hook, kind) = (h.check_channel_request?, text(kind.as_bytes())?);
                let (bytes, len) = (open.data.as_ptr().cast::<c_void>(), open.data.len());
                // SAFETY: as above.
                Some(unsafe { hook(data, ticket, &mut transport, kind.as_ptr(), id, bytes, len) })
            }
        }
    }

    fn streamlocal(&self, name: &str, hook: PathHook, transport: &Transport, path: &str, answer: Answer<bool>) {
        let Some((hook, path)) = hook.zip(text(path.as_bytes())) else { return };
        let mut handle = self.transport(transport);
        put(transport, name, Question::Grant(answer), Facts::default(), |ticket| {
            // SAFETY: as above.
            Some(unsafe { hook(self.data.pointer(), ticket, &mut handle, path.as_ptr()) })
        });
    }

    /// Requests that ask for a program, and what it is to run in.
    fn request(&self, ticket: *mut ssh_ticket_t, channel: *mut ssh_channel_t, ask: &ChannelAsk<'_>) -> Option<i32> {
        let (data, h) = (self.data.pointer(), &self.hooks);
        // SAFETY: as above, for every call here.
        unsafe {
            match ask {
                ChannelAsk::Pty(p) => {
                    let (hook, term) = (h.check_channel_pty_request?, text(p.term)?);
                    let (modes, len) = (p.modes.as_ptr().cast(), p.modes.len());
                    Some(hook(data, ticket, channel, term.as_ptr(), p.columns, p.rows, p.width, p.height, modes, len))
                }
                ChannelAsk::Shell => Some(h.check_channel_shell_request?(data, ticket, channel)),
                ChannelAsk::Exec(command) => {
                    let (hook, command) = (h.check_channel_exec_request?, Bytes::new(command));
                    Some(hook(data, ticket, channel, command.pointer(), command.len()))
                }
                ChannelAsk::Subsystem(name) => {
                    let (hook, name) = (h.check_channel_subsystem_request?, text(name)?);
                    Some(hook(data, ticket, channel, name.as_ptr()))
                }
                ChannelAsk::Environment(e) | ChannelAsk::PermittedEnvironment(e) => {
                    let (hook, name, value) = (h.check_channel_env_request?, text(e.name)?, Bytes::new(e.value));
                    Some(hook(data, ticket, channel, name.as_ptr(), value.pointer(), value.len()))
                }
                ChannelAsk::X11(x) => {
                    let (hook, protocol) = (h.check_channel_x11_request?, text(x.protocol)?);
                    let cookie = text(x.cookie)?;
                    Some(hook(data, ticket, channel, x.single, protocol.as_ptr(), cookie.as_ptr(), x.screen))
                }
                ChannelAsk::ForwardAgent => Some(h.check_channel_forward_agent_request?(data, ticket, channel)),
                ChannelAsk::WindowChange(w) => {
                    let hook = h.check_channel_window_change_request?;
                    Some(hook(data, ticket, channel, w.columns, w.rows, w.width, w.height))
                }
                ChannelAsk::Signal(name) => {
                    let (hook, name) = (h.check_channel_signal_request?, text(name)?);
                    Some(hook(data, ticket, channel, name.as_ptr()))
                }
                ChannelAsk::Break(ms) => Some(h.check_channel_break_request?(data, ticket, channel, *ms)),
                ChannelAsk::Other { .. } => None,
            }
        }
    }
}

/// A hook that gets a Unix socket's path.
type PathHook =
    Option<unsafe extern "C" fn(*mut c_void, *mut ssh_ticket_t, *mut ssh_transport_t, *const c_char) -> i32>;

/// What every authentication hook gets.
struct AuthCall<'a> {
    ticket: *mut ssh_ticket_t,
    transport: &'a mut ssh_transport_t,
    user: *const c_char,
}

/// What is asked about a key.
struct KeyAsked<'a> {
    key: &'a PublicKey,
    algorithm: &'a str,
    cert: &'a Option<Certificate>,
    signed: bool,
}

/// The hook's name in the C struct.
fn auth_hook(question: &AuthQuestion) -> &'static str {
    match question {
        AuthQuestion::None => "check_auth_none",
        AuthQuestion::Password(_) => "check_auth_password",
        AuthQuestion::PasswordChange { .. } => "check_auth_password_change",
        AuthQuestion::KeyQuery { .. } | AuthQuestion::KeySigned { .. } => "check_auth_publickey",
        AuthQuestion::InteractiveStart { .. } => "check_auth_interactive",
        AuthQuestion::InteractiveAnswers(_) => "check_auth_interactive_response",
    }
}

/// As [`auth_hook`].
fn request_hook(ask: &ChannelAsk<'_>) -> &'static str {
    match ask {
        ChannelAsk::Pty(_) => "check_channel_pty_request",
        ChannelAsk::Shell => "check_channel_shell_request",
        ChannelAsk::Exec(_) => "check_channel_exec_request",
        ChannelAsk::Subsystem(_) => "check_channel_subsystem_request",
        ChannelAsk::Environment(_) | ChannelAsk::PermittedEnvironment(_) => "check_channel_env_request",
        ChannelAsk::WindowChange(_) => "check_channel_window_change_request",
        ChannelAsk::X11(_) => "check_channel_x11_request",
        ChannelAsk::ForwardAgent => "check_channel_forward_agent_request",
        ChannelAsk::Signal(_) => "check_channel_signal_request",
        ChannelAsk::Break(_) => "check_channel_break_request",
        ChannelAsk::Other { .. } => "none",
    }
}

impl Hooks for CHooks {
    fn allowed_auths(&self, transport: &Transport, user: &str, passed: &[&str]) -> Vec<String> {
        let Some(hook) = self.hooks.get_allowed_auths else { return self.methods(passed) };
        let Some(user) = text(user.as_bytes()) else { return Vec::new() };
        let (mut transport, passed) = (self.transport(transport), c_string(&passed.join(",")));
        // SAFETY: as above; the text is copied at once.
        let list = unsafe {
            returned(hook(self.data.pointer(), &mut transport, user.as_ptr(), passed.as_ptr())).unwrap_or_default()
        };
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn check_auth(&self, transport: &Transport, ask: &AuthAsk, answer: Answer<AuthVerdict>) {
        let Some(user) = text(ask.user.as_bytes()) else { return };
        let mut handle = self.transport(transport);
        let facts = Facts {
            passed: c_string(&ask.passed.join(",")),
            sk: match &ask.question {
                AuthQuestion::KeySigned { sk, .. } => *sk,
                _ => None,
            },
            ..Facts::default()
        };
        put(transport, auth_hook(&ask.question), Question::Auth(answer), facts, |ticket| {
            let call = AuthCall { ticket, transport: &mut handle, user: user.as_ptr() };
            match &ask.question {
                AuthQuestion::None => self.hooks.check_auth_none.map(|hook| {
                    // SAFETY: as above.
                    unsafe { hook(self.data.pointer(), call.ticket, call.transport, call.user) }
                }),
                AuthQuestion::Password(password) => self.password(call, password),
                AuthQuestion::PasswordChange { old, new } => self.password_change(call, old, new),
                AuthQuestion::KeyQuery { key, algorithm, cert } => {
                    self.publickey(call, KeyAsked { key, algorithm, cert, signed: false })
                }
                AuthQuestion::KeySigned { key, algorithm, cert, .. } => {
                    self.publickey(call, KeyAsked { key, algorithm, cert, signed: true })
                }
                AuthQuestion::InteractiveStart { submethods } => self.interactive(call, submethods),
                AuthQuestion::InteractiveAnswers(answers) => self.response(call, answers),
            }
        });
    }

    fn banner(&self, transport: &Transport) -> Option<(String, String)> {
        let (hook, mut transport) = (self.hooks.get_banner?, self.transport(transport));
        // SAFETY: as above; the text is copied at once.
        let banner = unsafe { returned(hook(self.data.pointer(), &mut transport)) }?;
        Some((banner, String::new()))
    }

    fn check_channel_open(
        &self,
        transport: &Transport,
        id: u32,
        open: &IncomingOpen,
        answer: Answer<std::result::Result<(), Refusal>>,
    ) {
        let name = match open.kind.as_str() {
            "direct-tcpip" => "check_channel_direct_tcpip_request",
            "direct-streamlocal@openssh.com" => "check_channel_direct_streamlocal_request",
            _ => "check_channel_request",
        };
        put(transport, name, Question::Open(answer), Facts::default(), |ticket| self.open(ticket, transport, id, open));
    }

    fn check_channel_request(&self, channel: &Channel, ask: &ChannelAsk<'_>, answer: Answer<Verdict>) {
        if matches!(ask, ChannelAsk::Subsystem(_)) && self.hooks.check_channel_subsystem_request.is_none() {
            return answer.give(Verdict::Undecided);
        }
        let mut handle = self.channel(channel);
        let facts = Facts { by_permissions: matches!(ask, ChannelAsk::PermittedEnvironment(_)), ..Facts::default() };
        put(&channel.transport(), request_hook(ask), Question::Request(answer), facts, |ticket| {
            self.request(ticket, &mut handle, ask)
        });
    }

    fn check_port_forward(&self, transport: &Transport, address: &str, port: u16, answer: Answer<Option<u16>>) {
        let Some((hook, address)) = self.hooks.check_port_forward_request.zip(text(address.as_bytes())) else { return };
        let mut handle = self.transport(transport);
        put(transport, "check_port_forward_request", Question::Forward(port, answer), Facts::default(), |ticket| {
            // SAFETY: as above.
            Some(unsafe { hook(self.data.pointer(), ticket, &mut handle, address.as_ptr(), port.into()) })
        });
    }

    fn cancel_port_forward(&self, transport: &Transport, address: &str, port: u16, answer: Answer<bool>) {
        let Some((hook, address)) = self.hooks.cancel_port_forward_request.zip(text(address.as_bytes())) else {
            return;
        };
        let mut handle = self.transport(transport);
        put(transport, "cancel_port_forward_request", Question::Grant(answer), Facts::default(), |ticket| {
            // SAFETY: as above.
            Some(unsafe { hook(self.data.pointer(), ticket, &mut handle, address.as_ptr(), port.into()) })
        });
    }

    fn check_streamlocal_forward(&self, transport: &Transport, path: &str, answer: Answer<bool>) {
        let name = "check_streamlocal_forward_request";
        self.streamlocal(name, self.hooks.check_streamlocal_forward_request, transport, path, answer);
    }

    fn cancel_streamlocal_forward(&self, transport: &Transport, path: &str, answer: Answer<bool>) {
        let name = "cancel_streamlocal_forward_request";
        self.streamlocal(name, self.hooks.cancel_streamlocal_forward_request, transport, path, answer);
    }

    fn check_global_request(&self, transport: &Transport, request: &str, data: &[u8], answer: Answer<Option<Vec<u8>>>) {
        let Some((hook, kind)) = self.hooks.check_global_request.zip(text(request.as_bytes())) else { return };
        let mut handle = self.transport(transport);
        put(transport, "check_global_request", Question::Global(answer), Facts::default(), |ticket| {
            let (bytes, len) = (data.as_ptr().cast(), data.len());
            // SAFETY: as above.
            Some(unsafe { hook(self.data.pointer(), ticket, &mut handle, kind.as_ptr(), bytes, len) })
        });
    }
}
