//! Types and constants of the header.

use std::ffi::{c_char, c_void};

/// The outcome of a call: SSH_OK, SSH_EOF, SSH_PARTIAL, SSH_PENDING or SSH_ERR_*.
pub type ssh_status_t = i32;

/// Success.
pub const SSH_OK: i32 = 0;
/// The end of the stream: no more data will come.
pub const SSH_EOF: i32 = 1;
/// An authentication step was accepted and another must follow.
pub const SSH_PARTIAL: i32 = 2;
/// What was begun is not answered yet.
pub const SSH_PENDING: i32 = 3;

/// No bound on the waiting.
pub const SSH_WAIT_FOREVER: i64 = -1;
/// The bound set for the handle: see each function.
pub const SSH_WAIT_DEFAULT: i64 = -2;

/// The error is that of a call, a channel or a file; the connection, if there is one, was not the cause.
pub const SSH_STAGE_NONE: i32 = 0;
/// Resolving and connecting.
pub const SSH_STAGE_CONNECT: i32 = 1;
/// Exchange of identification strings (RFC 4253 section 4.2).
pub const SSH_STAGE_IDENT: i32 = 2;
/// Key exchange (RFC 4253 sections 7 and 8).
pub const SSH_STAGE_KEX: i32 = 3;
/// Authentication (RFC 4252).
pub const SSH_STAGE_AUTH: i32 = 4;
/// The connection protocol (RFC 4254).
pub const SSH_STAGE_OPEN: i32 = 5;

/// Key exchange methods.
pub const SSH_LIST_KEX: i32 = 1;
/// Host key algorithms.
pub const SSH_LIST_HOST_KEY: i32 = 2;
/// Ciphers, both directions.
pub const SSH_LIST_CIPHER: i32 = 3;
/// Ciphers, client to server.
pub const SSH_LIST_CIPHER_C2S: i32 = 4;
/// Ciphers, server to client.
pub const SSH_LIST_CIPHER_S2C: i32 = 5;
/// MACs, both directions.
pub const SSH_LIST_MAC: i32 = 6;
/// MACs, client to server.
pub const SSH_LIST_MAC_C2S: i32 = 7;
/// MACs, server to client.
pub const SSH_LIST_MAC_S2C: i32 = 8;
/// Compression, both directions.
pub const SSH_LIST_COMPRESSION: i32 = 9;
/// Compression, client to server.
pub const SSH_LIST_COMPRESSION_C2S: i32 = 10;
/// Compression, server to client.
pub const SSH_LIST_COMPRESSION_S2C: i32 = 11;
/// Signature algorithms for public key authentication. To name those of certificates ("...-cert-v01@openssh.com") lets a
/// server's users log in with them, as far as check_auth_publickey grants it; they are off by default.
pub const SSH_LIST_PUBKEY: i32 = 12;

/// OpenSSH's own format.
pub const SSH_KEY_FORMAT_OPENSSH: u32 = 0;
/// PKCS#8 in PEM (RFC 5958), which OpenSSL and most other programs read; a comment given is not written. OpenSSH reads ed25519 keys in it since 9.6.
pub const SSH_KEY_FORMAT_PKCS8: u32 = 1;
/// PKCS#1 for RSA keys, SEC1 for ECDSA keys, none for ed25519: what programs read that know nothing newer. Only without
/// a passphrase.
pub const SSH_KEY_FORMAT_PEM: u32 = 2;

/// The host key must be the one given, or known.
pub const SSH_HOSTKEY_CHECK: i32 = 0;
/// An unknown host key is accepted as well; a changed or revoked one is not. It is not remembered: ssh_known_hosts_add
/// does that.
pub const SSH_HOSTKEY_ACCEPT_NEW: i32 = 1;
/// No check: whoever answers gets the credentials.
pub const SSH_HOSTKEY_ANY: i32 = 2;

/// The host is known with this key.
pub const SSH_KNOWN_HOST_MATCH: i32 = 1;
/// Nothing is known about the host.
pub const SSH_KNOWN_HOST_UNKNOWN: i32 = 2;
/// The host is known with another key.
pub const SSH_KNOWN_HOST_MISMATCH: i32 = 3;
/// The key is marked as revoked.
pub const SSH_KNOWN_HOST_REVOKED: i32 = 4;

/// A line of a known_hosts file without a marker: the key is the host's.
pub const SSH_KNOWN_HOST_PLAIN: i32 = 0;
/// A line with @cert-authority: the key signs certificates of hosts.
pub const SSH_KNOWN_HOST_CERT_AUTHORITY: i32 = 1;
/// A line with @revoked: the key must not be used.
pub const SSH_KNOWN_HOST_MARKED_REVOKED: i32 = 2;

/// No log.
pub const SSH_LOG_NONE: u32 = 0;
/// Why a connection failed.
pub const SSH_LOG_ERROR: u32 = 1;
/// What looks wrong but goes on.
pub const SSH_LOG_WARNING: u32 = 2;
/// One line per step of a connection.
pub const SSH_LOG_INFO: u32 = 3;
/// Messages and decisions, and dumps where asked for.
pub const SSH_LOG_DEBUG: u32 = 4;

/// Ends reading.
pub const SSH_SHUT_RD: i32 = 0;
/// Ends writing.
pub const SSH_SHUT_WR: i32 = 1;
/// Ends both.
pub const SSH_SHUT_RDWR: i32 = 2;

/// ssh_channel_recv would not wait: data, the end of it, or an error.
pub const SSH_READY_READABLE: u32 = 0x01;
/// ssh_channel_recv_stderr would not wait.
pub const SSH_READY_READABLE_STDERR: u32 = 0x02;
/// ssh_channel_send is worth trying, as ssh_channel_fileno_send says.
pub const SSH_READY_WRITABLE: u32 = 0x04;
/// The channel was closed, by either side or with its connection; on a transport: the connection is over.
pub const SSH_READY_CLOSED: u32 = 0x08;
/// ssh_channel_recv_exit_status would not wait.
pub const SSH_READY_EXIT_STATUS: u32 = 0x10;
/// An event is set; on a channel: ssh_channel_finish has an answer.
pub const SSH_READY_DONE: u32 = 0x20;
/// ssh_transport_accept would not wait.
pub const SSH_READY_ACCEPTABLE: u32 = 0x40;
/// No state: clears the handle's interest when it is told.
pub const SSH_READY_ONESHOT: u32 = 0x100;

/// Settings of a transport, for the ssh_transport_new_* functions; initialise with SSH_TRANSPORT_OPTIONS_INIT. In the
/// times SSH_WAIT_FOREVER lifts the bound.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_transport_options_t {
    /// sizeof(ssh_transport_options_t).
    pub size: usize,
    /// Receive window of new channels, bytes; brought into [32768, 2^32-1]. Default 2097152, from where it grows; a size set
    /// here stays unless max_window is set too.
    pub window: u64,
    /// Largest data packet accepted on a channel, bytes; brought into [4096, 2^32-1]. Default 32768.
    pub max_packet: u64,
    /// Resolving and connecting with SSH_WAIT_DEFAULT. Default 30000.
    pub connect_timeout_ms: i64,
    /// The peer's identification string. Default 15000.
    pub banner_timeout_ms: i64,
    /// One key exchange. Default 15000.
    pub handshake_timeout_ms: i64,
    /// The server's answer to one authentication request. Default 30000.
    pub auth_timeout_ms: i64,
    /// Opening a channel with SSH_WAIT_DEFAULT. Default 3600000.
    pub channel_timeout_ms: i64,
    /// A send that a key exchange holds back. Default 30000.
    pub send_timeout_ms: i64,
    /// How long closing may try to send DISCONNECT. Default 1000.
    pub close_timeout_ms: i64,
    /// New keys after this many bytes in one direction, and never above the cipher's own bound. Default 2^30.
    pub rekey_bytes: u64,
    /// New keys after this many packets in one direction. Default 2^31.
    pub rekey_packets: u64,
    /// New keys after this long. Default 3600000.
    pub rekey_interval_ms: i64,
    /// Copied; what follows "SSH-2.0-" in our identification string. Default "sshrs_" and the version. 1 to
    /// 200 printable ASCII characters without space and '-'.
    pub software: *const c_char,
    /// Server: from the start to a successful login. Default 120000.
    pub login_grace_ms: i64,
    /// Server: bytes taken from a client that is not logged in. Default 4194304.
    pub max_preauth_bytes: u64,
    /// Server: packets taken from a client that is not logged in. Default 2000.
    pub max_preauth_packets: u64,
    /// Server: failed attempts, whatever the method and user, after which the connection ends. Default 6.
    pub max_auth_attempts: u32,
    /// Server: rounds of questions in one keyboard-interactive attempt. Default 16.
    pub max_interactive_rounds: u32,
    /// Channels at once, both sides' together. One counts until it is closed, its handles are freed, and, if the peer
    /// opened it, it was accepted. Default 1000.
    pub max_channels: u32,
    /// Server: environment variables for one channel. Default 128.
    pub max_environment: u32,
    /// Requests on one channel that are not answered yet. With so many, the peer's input waits. Default 64.
    pub max_pending_requests: u32,
    /// Global requests that are not answered yet. With so many, the peer's input waits. Default 64.
    pub max_pending_globals: u32,
    /// Which of a host's addresses are tried: 4 for IPv4 only, 6 for IPv6 only. Default 0: all.
    pub address_family: u32,
    /// Server: do not tell clients all host keys once they are in, and do not prove to hold them
    /// (ssh_transport_set_hostkeys_handler is the other end of it).
    pub no_hostkeys: bool,
    /// Bits that an RSA key of the peer must have, as RequiredRSASize of OpenSSH: the server's host key, or else connecting
    /// fails with SSH_ERR_KEY_WEAK; on a server a user's key, or else it is refused. From 2048, below which keys are not
    /// read at all, to 16384. Default 2048.
    pub required_rsa_size: u32,
    /// What a channel's receive window may grow to, bytes, and what the windows of all channels together may grow by;
    /// brought into [32768, 2^32-1]. A window doubles while the peer fills more than half of it in one round trip and the
    /// application reads what arrives; that of a channel nobody reads never grows. A value up to that of window turns
    /// growth off. Default 67108864, or the value of window where that is set.
    pub max_window: u64,
}

/// A byte stream of the caller's, for ssh_transport_new_stream; initialise with SSH_STREAM_INIT. send and recv are
/// called from two threads of the library, one for each, and may block until close is called.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_stream_t {
    /// sizeof(ssh_stream_t).
    pub size: usize,
    /// Passed to every function.
    pub user_data: *mut c_void,
    /// Takes 1 to data_len bytes and returns how many; 0: closed; below 0: failed.
    pub send: Option<unsafe extern "C" fn(user_data: *mut c_void, data: *const c_void, data_len: usize) -> i64>,
    /// Puts 1 to buf_len bytes into buf and returns how many; 0: the stream ended; below 0: failed.
    pub recv: Option<unsafe extern "C" fn(user_data: *mut c_void, buf: *mut c_void, buf_len: usize) -> i64>,
    /// Makes send and recv return. May come from any thread and more than once.
    pub close: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// May be NULL. Told once, before the first byte, how long send and recv may block: SSH_WAIT_FOREVER.
    pub settimeout: Option<unsafe extern "C" fn(user_data: *mut c_void, timeout_ms: i64)>,
    /// May be NULL. Releases user_data.
    pub destroy: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

/// What ssh_transport_connect checks and logs in with; initialise with SSH_CONNECT_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_connect_options_t {
    /// sizeof(ssh_connect_options_t).
    pub size: usize,
    /// Borrowed; the server's key must be this one.
    pub hostkey: *const ssh_key_t,
    /// Borrowed; where to look the server up if hostkey is NULL.
    pub known_hosts: *const ssh_known_hosts_t,
    /// Borrowed; the name to look up. Default: the host given to ssh_transport_new_host or ssh_transport_new_address.
    pub known_host_name: *const c_char,
    /// The port to look up. Default: the port given to ssh_transport_new_host or ssh_transport_new_address; 22
    /// for all other transports, which know of none.
    pub known_host_port: u32,
    /// SSH_HOSTKEY_CHECK, SSH_HOSTKEY_ACCEPT_NEW or SSH_HOSTKEY_ANY.
    pub hostkey_policy: i32,
    /// Borrowed; NULL: negotiate and check the host key, do not log in.
    pub username: *const c_char,
    /// Borrowed; the private key to log in with, tried first. NULL: none.
    pub key: *const ssh_key_t,
    /// Copied; the password, tried after the key. NULL: none.
    pub password: *const c_void,
    /// Its bytes.
    pub password_len: usize,
    /// Looks up SSHFP records of the host, beside known_hosts, as ssh does with VerifyHostKeyDNS: a validated record that
    /// fits is enough, unless the key is revoked; one that does not fit keeps SSH_HOSTKEY_ACCEPT_NEW from accepting an
    /// unknown key; a record that fits but is not validated is only told of. NULL: nobody.
    pub sshfp_lookup: ssh_sshfp_lookup_cb_t,
    /// Passed to sshfp_lookup.
    pub sshfp_user_data: *mut c_void,
}

/// Looks up the SSHFP records of a host (RFC 4255) and adds them to the answer. Runs on the thread of
/// ssh_transport_connect with no lock held, and may block; the deadline does not interrupt it. Not called for addresses.
pub type ssh_sshfp_lookup_cb_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, host: *const c_char, answer: *mut ssh_sshfp_answer_t)>;

/// How to open a channel; initialise with SSH_CHANNEL_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_channel_options_t {
    /// sizeof(ssh_channel_options_t).
    pub size: usize,
    /// Receive window, bytes; one set here never grows. Default: the transport's.
    pub window: u64,
    /// Largest data packet accepted, bytes. Default: the transport's.
    pub max_packet: u64,
    /// Borrowed; where to connect, for "direct-tcpip" and "forwarded-tcpip".
    pub dest_host: *const c_char,
    /// Borrowed; where the connection comes from, for those two and "x11". Default "127.0.0.1".
    pub src_host: *const c_char,
    /// Port of dest_host.
    pub dest_port: u32,
    /// Port of src_host.
    pub src_port: u32,
    /// Borrowed; the type-specific data of any other kind of channel (RFC 4254 section 5.1).
    pub open_data: *const c_void,
    /// Its bytes.
    pub open_data_len: usize,
    /// Borrowed; the Unix socket, for "direct-streamlocal@openssh.com" and "forwarded-streamlocal@openssh.com"; NULL:
    /// open_data is used.
    pub dest_path: *const c_char,
}

/// Who takes the channels of a forward; initialise with SSH_FORWARD_HANDLER_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_forward_handler_t {
    /// sizeof(ssh_forward_handler_t).
    pub size: usize,
    /// Passed to start. Several channels may be taken at once.
    pub user_data: *mut c_void,
    /// May be NULL. Releases user_data, once, when the forward is over or has another handler, or the connection is
    /// over, and start has returned from its last call.
    pub destroy: ssh_destroy_cb_t,
    /// Takes a channel, on a thread of its own; may block. The channel is the application's, to be freed with
    /// ssh_channel_free, here or later; ssh_channel_get_kind, _get_origin and _get_destination tell what it is for.
    pub start: Option<unsafe extern "C" fn(user_data: *mut c_void, channel: *mut ssh_channel_t)>,
}

/// A host key a server proved to hold.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_host_key_t {
    /// Borrowed, until the callback returns.
    pub key: *const ssh_key_t,
    /// It signed the key exchange, so that it is the one ssh_transport_connect checked. No key of the list does where that
    /// was one the server no longer announces.
    pub in_use: bool,
}

/// Takes all of a server's host keys, each proven; those of types this library does not know are left out. Runs on a
/// library thread with no lock held, and may block.
pub type ssh_hostkeys_cb_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, keys: *const ssh_host_key_t, keys_len: usize)>;

/// A line of a known_hosts file. All of it is borrowed, until the callback returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_known_host_t {
    /// The path given to ssh_known_hosts_load_file or ssh_known_hosts_add, or "memory".
    pub file: *const c_char,
    /// The line there, from 1.
    pub line: usize,
    /// SSH_KNOWN_HOST_PLAIN, _CERT_AUTHORITY or _MARKED_REVOKED.
    pub marker: i32,
    /// The line's key; NULL where it cannot be read, or is too weak.
    pub key: *const ssh_key_t,
    /// The line as it is, without its end; raw, also NUL-terminated.
    pub text: *const c_char,
    /// Its bytes.
    pub text_len: usize,
    /// What follows the key; raw, up to the first NUL.
    pub comment: *const c_char,
}

/// Takes a line of a known_hosts file. Runs on the calling thread with no lock held.
pub type ssh_known_host_cb_t = Option<unsafe extern "C" fn(user_data: *mut c_void, line: *const ssh_known_host_t)>;

/// One question of keyboard-interactive authentication.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_prompt_t {
    /// Raw; also NUL-terminated.
    pub text: *const c_char,
    /// Its bytes.
    pub text_len: usize,
    /// The answer may be shown while it is typed.
    pub echo: bool,
}

/// One round of questions (RFC 4256 section 3.2). The texts are the server's, raw, also NUL-terminated: filter control
/// characters before showing them.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_prompts_t {
    /// sizeof(ssh_prompts_t) as the library knows it.
    pub size: usize,
    /// Title.
    pub name: *const c_char,
    /// Its bytes.
    pub name_len: usize,
    /// Instructions.
    pub instruction: *const c_char,
    /// Their bytes.
    pub instruction_len: usize,
    /// The questions.
    pub prompts: *const ssh_prompt_t,
    /// How many; may be 0: show name and instruction, answer nothing.
    pub prompts_len: usize,
}

/// Answers one round of questions: puts an answer for each with ssh_prompt_answers_set and returns SSH_OK. A question
/// without an answer gets an empty one; any other return value gives up (SSH_ERR_AUTH_ABORTED).
pub type ssh_interactive_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        prompts: *const ssh_prompts_t,
        answers: *mut ssh_prompt_answers_t,
    ) -> ssh_status_t,
>;

/// Asked for a new password (RFC 4252 section 8): puts it with ssh_prompt_answers_set at index 0 and returns SSH_OK;
/// any other return value gives up (SSH_ERR_AUTH_ABORTED). The prompt is the server's, raw, also NUL-terminated.
pub type ssh_password_change_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        prompt: *const c_char,
        prompt_len: usize,
        answers: *mut ssh_prompt_answers_t,
    ) -> ssh_status_t,
>;

/// How ssh_transport_auth_password behaves beyond the plain case; initialise with SSH_PASSWORD_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_password_options_t {
    /// sizeof(ssh_password_options_t).
    pub size: usize,
    /// Do not fall back to keyboard-interactive where the server refuses the method "password".
    pub no_fallback: bool,
    /// NULL: a demanded change of the password is SSH_ERR_AUTH_PASSWORD_CHANGE.
    pub change: ssh_password_change_cb_t,
    /// Passed to change.
    pub user_data: *mut c_void,
}

/// Receives one line of the log; level is SSH_LOG_*, channel the name set with ssh_transport_set_log_channel, for lines
/// about a channel with its name behind it. Runs on any thread, on several at once too.
pub type ssh_log_cb_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, level: u32, channel: *const c_char, text: *const c_char)>;

/// Releases what user_data points to.
pub type ssh_destroy_cb_t = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

pub use super::handle::ssh_transport_t;

pub use super::answers::ssh_prompt_answers_t;
pub use super::cert::ssh_cert_t;
pub use super::config::ssh_config_t;
pub use super::event::ssh_event_t;
pub use super::exception::ssh_exception_t;
pub use super::exec::ssh_exec_result_t;
pub use super::handle::ssh_channel_t;
pub use super::key::ssh_key_t;
pub use super::known_hosts::ssh_known_hosts_t;
pub use super::ready::ssh_ready_t;
pub use super::security_options::ssh_security_options_t;
pub use super::sshfp::ssh_sshfp_answer_t;
pub use super::ticket::ssh_ticket_t;

pub use super::authorized_keys::ssh_authorized_keys_t;
pub use super::permissions::ssh_permissions_t;

/// A terminal may be asked for.
pub const SSH_PERMIT_PTY: i32 = 1;
/// An agent may be forwarded.
pub const SSH_PERMIT_AGENT_FORWARDING: i32 = 2;
/// X11 may be forwarded.
pub const SSH_PERMIT_X11_FORWARDING: i32 = 3;
/// Ports and Unix sockets may be forwarded.
pub const SSH_PERMIT_PORT_FORWARDING: i32 = 4;
/// The user's ~/.ssh/rc may be run, which is the application's part.
pub const SSH_PERMIT_USER_RC: i32 = 5;
/// What has no name here, tunnels for one; not where "restrict" was said.
pub const SSH_PERMIT_OTHERS: i32 = 6;

/// Who wants to log in, for ssh_authorized_keys_check; initialise with SSH_AUTHORIZED_KEYS_REQUEST_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_authorized_keys_request_t {
    /// sizeof(ssh_authorized_keys_request_t).
    pub size: usize,
    /// The user to log in as; borrowed.
    pub user: *const c_char,
    /// The key as a hook receives it, with its certificate if there is one; borrowed.
    pub key: *const ssh_key_t,
    /// The peer's address in numbers, as ssh_transport_getpeername gives it; borrowed. NULL: not known, which fits no
    /// address.
    pub address: *const c_char,
    /// The peer's name, where the application looked one up; borrowed; NULL: none. Whoever controls the peer's reverse DNS
    /// chooses it.
    pub host: *const c_char,
    /// Seconds since 1970; 0: by the machine's clock.
    pub now: u64,
}

/// How a private key is written. Initialise with SSH_KEY_WRITE_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_key_write_options_t {
    /// sizeof(ssh_key_write_options_t).
    pub size: usize,
    /// One of SSH_KEY_FORMAT_*.
    pub format: u32,
    /// Rounds of the key derivation that slows down guessing the passphrase; 0: 24 of bcrypt, or 600,000 of PBKDF2.
    pub rounds: u32,
    /// What to encrypt with (aes256-ctr, or AES-256-CBC in PKCS#8); copied; any bytes; NULL: nothing is encrypted.
    pub passphrase: *const c_void,
    /// Its bytes; not 0 where there is a passphrase.
    pub passphrase_len: usize,
    /// One line; copied; NULL: none.
    pub comment: *const c_char,
    /// Whether a file that exists is replaced; if not, it is SSH_ERR_FILE.
    pub replace: bool,
}

/// A user's certificate.
pub const SSH_CERT_USER: u32 = 1;
/// A host's certificate.
pub const SSH_CERT_HOST: u32 = 2;

pub use super::krl::ssh_krl_t;

/// What a certificate is wanted for. Initialise with SSH_CERT_CHECK_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_cert_check_options_t {
    /// sizeof(ssh_cert_check_options_t).
    pub size: usize,
    /// Who presents it: SSH_CERT_USER or SSH_CERT_HOST; 0: a user.
    pub kind: u32,
    /// Whether a certificate that lists no principals is for every name. OpenSSH took such certificates of hosts, and of users
    /// whose authority is in their own authorized_keys, until 10.3.
    pub no_principals_is_any: bool,
    /// The time in seconds since 1970; 0: now.
    pub now: u64,
    /// The names it is wanted for, of which it must list one; a host's may list patterns. NULL: any name.
    pub principals: *const *const c_char,
    /// How many.
    pub principal_count: usize,
    /// The keys of the authorities that are trusted. NULL: whoever calls compares ssh_cert_get_signature_key itself.
    pub authorities: *const *const ssh_key_t,
    /// How many.
    pub authority_count: usize,
    /// The algorithms of the authority's signature that are accepted. NULL: all that are known but SHA-1's "ssh-rsa".
    pub ca_algorithms: *const *const c_char,
    /// How many.
    pub ca_algorithm_count: usize,
    /// What is revoked; NULL: nothing.
    pub krl: *const ssh_krl_t,
    /// The IP address a user connects from, for source-address; NULL: source-address is not looked at.
    pub peer_address: *const c_char,
}

/// A critical option or an extension.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_cert_option_t {
    /// Its name.
    pub name: *const c_char,
    /// Its value; NULL: it has none, as permit-pty.
    pub value: *const c_void,
    /// The value's bytes.
    pub value_len: usize,
}

/// What a new certificate says. Initialise with SSH_CERT_ISSUE_OPTIONS_INIT. All of it is copied.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_cert_issue_options_t {
    /// sizeof(ssh_cert_issue_options_t).
    pub size: usize,
    /// SSH_CERT_USER or SSH_CERT_HOST; 0: a user's.
    pub kind: u32,
    /// Whether a user's certificate has the extensions below alone. Otherwise it has permit-X11-forwarding,
    /// permit-agent-forwarding, permit-port-forwarding, permit-pty and permit-user-rc too, as ssh-keygen gives them.
    pub no_default_extensions: bool,
    /// A number for revocation, each once; 0: none.
    pub serial: u64,
    /// A name for logs and revocation; NULL: empty.
    pub key_id: *const c_char,
    /// The user or host names it is for, at most 256. Without any, it is good for nothing on most servers.
    pub principals: *const *const c_char,
    /// How many.
    pub principal_count: usize,
    /// The first second since 1970 in which it is valid.
    pub valid_after: u64,
    /// The first second in which it is no longer; 0: without end.
    pub valid_before: u64,
    /// Options that refuse whoever does not know them: force-command, source-address, verify-required.
    pub critical_options: *const ssh_cert_option_t,
    /// How many.
    pub critical_option_count: usize,
    /// Options that may be passed over.
    pub extensions: *const ssh_cert_option_t,
    /// How many.
    pub extension_count: usize,
    /// The algorithm of the signature; NULL: the best of the authority's key.
    pub algorithm: *const c_char,
}
