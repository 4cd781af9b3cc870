//! Types and constants of servers.

use super::types::{ssh_channel_t, ssh_destroy_cb_t, ssh_key_t, ssh_ticket_t, ssh_transport_t};
use std::ffi::{c_char, c_void};

/// An authentication step is refused. Zero, so that a hook which forgets to decide lets nobody in.
pub const SSH_AUTH_FAILED: i32 = 0;
/// An authentication step is right: the user is authenticated.
pub const SSH_AUTH_SUCCESSFUL: i32 = 1;
/// An authentication step is right, and another method must follow.
pub const SSH_AUTH_PARTIALLY_SUCCESSFUL: i32 = 2;
/// keyboard-interactive only: ask the questions put into the ticket (ssh_ticket_add_prompt).
pub const SSH_AUTH_ASK: i32 = 3;
/// password only: the password is right but must be changed; the ticket's text is shown (ssh_ticket_set_text).
pub const SSH_AUTH_CHANGE_PASSWORD: i32 = 4;

/// A channel may be opened.
pub const SSH_OPEN_SUCCEEDED: i32 = 0;
/// A channel is refused: not allowed (RFC 4254 section 5.1, as all of these).
pub const SSH_OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED: i32 = 1;
/// A channel is refused: its destination cannot be reached.
pub const SSH_OPEN_FAILED_CONNECT_FAILED: i32 = 2;
/// A channel is refused: its kind is not known.
pub const SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE: i32 = 3;
/// A channel is refused: no room for it.
pub const SSH_OPEN_FAILED_RESOURCE_SHORTAGE: i32 = 4;

/// A request is refused.
pub const SSH_REQUEST_REFUSED: i32 = 0;
/// A request is granted.
pub const SSH_REQUEST_GRANTED: i32 = 1;
/// check_channel_subsystem_request only: granted if ssh_transport_set_subsystem_handler knows the name.
pub const SSH_REQUEST_UNDECIDED: i32 = 2;

/// The hook keeps its ticket: the answer comes, or came already, with ssh_ticket_settle.
pub const SSH_HOOK_PENDING: i32 = 1000;

/// One answer of keyboard-interactive authentication.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_prompt_answer_t {
    /// Raw; also NUL-terminated.
    pub text: *const c_char,
    /// Its bytes.
    pub text_len: usize,
}

/// What a server's application decides, for ssh_transport_start_server; initialise with SSH_SERVER_HOOKS_INIT.
///
/// Hooks of one transport run one after the other, on the library's threads; hooks of several transports at once. A hook
/// may block: only its own transport's hooks wait for it. It may call anything, and free the application's handle of the
/// transport it runs for; the handles passed to it are borrowed and good until it returns.
///
/// A hook with a ticket returns the answer: SSH_AUTH_*, SSH_OPEN_* or SSH_REQUEST_*; any other number denies. To answer
/// later, from any thread, it keeps the ticket and returns SSH_HOOK_PENDING: see ssh_ticket_settle. A NULL hook denies,
/// where its comment says nothing else. A ticket that is neither settled nor freed leaves its own question open.
///
/// To serve a command: the hook settles its ticket with SSH_REQUEST_GRANTED, tells the thread that serves to begin, and
/// returns SSH_HOOK_PENDING. What is sent before the request is granted reaches the client before the reply to it, which
/// clients do not expect. The application's own handle of the channel, which outlives the hook, comes from
/// ssh_channel_take, or from ssh_transport_accept; ssh_channel_get_id, the same for all handles, tells which it is.
///
/// Text is the peer's: raw, NUL-terminated; a request with a NUL inside a text without a length is refused unasked.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_server_hooks_t {
    /// sizeof(ssh_server_hooks_t).
    pub size: usize,
    /// Passed to every hook.
    pub user_data: *mut c_void,
    /// May be NULL. Releases user_data, once, after the last hook, when the connection is over. Tickets may still be
    /// kept then: whoever keeps one must not rely on user_data.
    pub destroy: ssh_destroy_cb_t,
    /// Returns a text shown before the first authentication step (RFC 4252 section 5.4), or NULL for none; copied when
    /// the hook returns.
    pub get_banner:
        Option<unsafe extern "C" fn(user_data: *mut c_void, transport: *mut ssh_transport_t) -> *const c_char>,
    /// Returns the methods that can come now, comma-separated; copied when the hook returns. Called before each step, and
    /// after one that was refused or partially successful; a method that is not listed is refused without a call of its
    /// hook. passed are those this user passed, "" at first. NULL: the methods of which there is a hook, without those
    /// passed.
    pub get_allowed_auths: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            passed: *const c_char,
        ) -> *const c_char,
    >,
    /// A user without credentials (RFC 4252 section 5.2). SSH_AUTH_*.
    pub check_auth_none: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
        ) -> i32,
    >,
    /// A password (RFC 4252 section 8). SSH_AUTH_*, or SSH_AUTH_CHANGE_PASSWORD.
    pub check_auth_password: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            password: *const c_char,
            password_len: usize,
        ) -> i32,
    >,
    /// A change of the password, asked for or not. SSH_AUTH_*; SSH_AUTH_CHANGE_PASSWORD: the new one is not acceptable.
    pub check_auth_password_change: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            old_password: *const c_char,
            old_password_len: usize,
            new_password: *const c_char,
            new_password_len: usize,
        ) -> i32,
    >,
    /// A public key (RFC 4252 section 7). Without a signature the client only asks whether the key would do:
    /// SSH_AUTH_SUCCESSFUL and SSH_AUTH_PARTIALLY_SUCCESSFUL both say that it would, and nothing is passed. With one, the
    /// signature was verified before the call. SSH_AUTH_*.
    ///
    /// key has a certificate (ssh_key_get_certificate) if the client showed one, which it can only where SSH_LIST_PUBKEY
    /// names algorithms of certificates; it names none unless you add them. It is a user's certificate, and its
    /// authority's signature is right: nothing else is checked yet, above all not whether you trust that authority
    /// (ssh_cert_get_signature_key), nor user, time and address (ssh_cert_check), nor revocation (ssh_krl_check_cert).
    /// A hook that does not look at the certificate decides over the plain key, which proved itself either way.
    pub check_auth_publickey: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            key: *const ssh_key_t,
            algorithm: *const c_char,
            is_signed: bool,
        ) -> i32,
    >,
    /// keyboard-interactive begins (RFC 4256). SSH_AUTH_ASK with questions in the ticket, or SSH_AUTH_*.
    pub check_auth_interactive: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            submethods: *const c_char,
        ) -> i32,
    >,
    /// The answers to the questions asked last; as many. SSH_AUTH_*, or SSH_AUTH_ASK for another round.
    pub check_auth_interactive_response: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            username: *const c_char,
            answers: *const ssh_prompt_answer_t,
            answers_len: usize,
        ) -> i32,
    >,
    /// A channel of any kind without a hook of its own; "session" above all. An open one arrives through
    /// ssh_transport_accept. SSH_OPEN_*; the ticket's text goes with a refusal.
    pub check_channel_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            kind: *const c_char,
            channel_id: u32,
            open_data: *const c_void,
            open_data_len: usize,
        ) -> i32,
    >,
    /// A "direct-tcpip" channel: the client wants to reach dest_host (RFC 4254 section 7.2). As check_channel_request.
    pub check_channel_direct_tcpip_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            channel_id: u32,
            dest_host: *const c_char,
            dest_port: u32,
            src_host: *const c_char,
            src_port: u32,
        ) -> i32,
    >,
    /// A "direct-streamlocal@openssh.com" channel: the client wants to reach a Unix socket. As check_channel_request.
    pub check_channel_direct_streamlocal_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            channel_id: u32,
            path: *const c_char,
        ) -> i32,
    >,
    /// A terminal (RFC 4254 section 6.2); modes are its encoded terminal modes. SSH_REQUEST_*.
    pub check_channel_pty_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            term: *const c_char,
            width: u32,
            height: u32,
            width_pixels: u32,
            height_pixels: u32,
            modes: *const c_void,
            modes_len: usize,
        ) -> i32,
    >,
    /// A shell (RFC 4254 section 6.5). SSH_REQUEST_*.
    pub check_channel_shell_request: Option<
        unsafe extern "C" fn(user_data: *mut c_void, ticket: *mut ssh_ticket_t, channel: *mut ssh_channel_t) -> i32,
    >,
    /// A command (RFC 4254 section 6.5). SSH_REQUEST_*. A client may ask for a second on the same channel, which the RFC
    /// forbids: refuse it.
    pub check_channel_exec_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            command: *const c_char,
            command_len: usize,
        ) -> i32,
    >,
    /// A subsystem (RFC 4254 section 6.5). SSH_REQUEST_*. NULL: SSH_REQUEST_UNDECIDED.
    pub check_channel_subsystem_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            name: *const c_char,
        ) -> i32,
    >,
    /// An environment variable (RFC 4254 section 6.4). SSH_REQUEST_*.
    pub check_channel_env_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            name: *const c_char,
            value: *const c_char,
            value_len: usize,
        ) -> i32,
    >,
    /// The terminal's new size (RFC 4254 section 6.7). The client waits for no answer, as a rule.
    pub check_channel_window_change_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            width: u32,
            height: u32,
            width_pixels: u32,
            height_pixels: u32,
        ) -> i32,
    >,
    /// X11 forwarding (RFC 4254 section 6.3.1), by ssh_transport_open_x11_channel. SSH_REQUEST_*.
    pub check_channel_x11_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            single_connection: bool,
            auth_protocol: *const c_char,
            auth_cookie: *const c_char,
            screen: u32,
        ) -> i32,
    >,
    /// Agent forwarding (auth-agent-req@openssh.com), by ssh_transport_open_forward_agent_channel. SSH_REQUEST_*.
    pub check_channel_forward_agent_request: Option<
        unsafe extern "C" fn(user_data: *mut c_void, ticket: *mut ssh_ticket_t, channel: *mut ssh_channel_t) -> i32,
    >,
    /// A signal for the command, "TERM" for one (RFC 4254 section 6.9). The client waits for no answer, as a rule.
    pub check_channel_signal_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            signal: *const c_char,
        ) -> i32,
    >,
    /// A break of that many milliseconds (RFC 4335). SSH_REQUEST_*.
    pub check_channel_break_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            channel: *mut ssh_channel_t,
            milliseconds: u32,
        ) -> i32,
    >,
    /// The client wants us to listen (RFC 4254 section 7.1), and a forwarded-tcpip channel for each connection
    /// (ssh_transport_open_forwarded_tcpip_channel, with this address and the port). SSH_REQUEST_*; for port 0 the port
    /// chosen is put into the ticket (ssh_ticket_set_port).
    pub check_port_forward_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            address: *const c_char,
            port: u32,
        ) -> i32,
    >,
    /// The client ends such a forward. SSH_REQUEST_*.
    pub cancel_port_forward_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            address: *const c_char,
            port: u32,
        ) -> i32,
    >,
    /// Any other global request (RFC 4254 section 4). SSH_REQUEST_*; the reply's data is put into the ticket
    /// (ssh_ticket_set_reply).
    pub check_global_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            kind: *const c_char,
            data: *const c_void,
            data_len: usize,
        ) -> i32,
    >,
    /// The client wants us to listen on a Unix socket (streamlocal-forward@openssh.com), and a
    /// forwarded-streamlocal@openssh.com channel for each connection (ssh_transport_open_channel with dest_path).
    /// SSH_REQUEST_*.
    pub check_streamlocal_forward_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            path: *const c_char,
        ) -> i32,
    >,
    /// The client ends such a forward. SSH_REQUEST_*.
    pub cancel_streamlocal_forward_request: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ticket: *mut ssh_ticket_t,
            transport: *mut ssh_transport_t,
            path: *const c_char,
        ) -> i32,
    >,
}

/// Who serves a subsystem, for ssh_transport_set_subsystem_handler; initialise with SSH_SUBSYSTEM_HANDLER_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_subsystem_handler_t {
    /// sizeof(ssh_subsystem_handler_t).
    pub size: usize,
    /// Passed to both functions. Several channels may be served at once.
    pub user_data: *mut c_void,
    /// May be NULL. Releases user_data, once, when the handler was replaced or the connection is over, and nobody is
    /// served any more.
    pub destroy: ssh_destroy_cb_t,
    /// Serves the subsystem on a thread of its own, after the reply to the client. The channel is borrowed, and closed
    /// when this returns.
    pub start: Option<unsafe extern "C" fn(user_data: *mut c_void, channel: *mut ssh_channel_t, name: *const c_char)>,
    /// May be NULL. Called after start, with the channel closed.
    pub finish: Option<unsafe extern "C" fn(user_data: *mut c_void, channel: *mut ssh_channel_t, name: *const c_char)>,
}
