//! Structs and callbacks of keys that are held elsewhere.

pub use super::agent::{ssh_agent_keys_t, ssh_agent_t};
pub use super::agent_server::{ssh_agent_confirm_t, ssh_agent_server_t};
pub use super::signer::ssh_sign_request_t;
use super::types::*;
use std::ffi::{c_char, c_void};

/// Who signs for a key whose private half is not in this process; initialise with SSH_SIGNER_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_signer_t {
    /// sizeof(ssh_signer_t).
    pub size: usize,
    /// Passed to sign. Several signatures may be asked for at once.
    pub user_data: *mut c_void,
    /// May be NULL. Releases user_data, once, on a library thread: soon after nothing uses the key any more and the last
    /// request is answered or freed.
    pub destroy: ssh_destroy_cb_t,
    /// Asks for a signature. Runs on a library thread, or on the thread of a call that signs; may block, and delays
    /// nothing but what the signature is for. The request is the application's: it answers it here or later, from any
    /// thread, with ssh_sign_request_answer or ssh_sign_request_refuse; ssh_sign_request_free refuses.
    pub sign: Option<unsafe extern "C" fn(user_data: *mut c_void, request: *mut ssh_sign_request_t)>,
    /// How long an answer is waited for, milliseconds; 0: two minutes; SSH_WAIT_FOREVER. A login waits no longer than its
    /// own deadline.
    pub timeout_ms: i64,
}

/// A key for an agent; initialise with SSH_AGENT_ADD_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_agent_add_options_t {
    /// sizeof(ssh_agent_add_options_t).
    pub size: usize,
    /// Copied; what lists of the agent's keys show; NULL: the key's own, see ssh_key_get_comment.
    pub comment: *const c_char,
    /// Seconds until the agent removes the key; 0: never.
    pub lifetime_s: u32,
    /// The agent asks its user before each use.
    pub confirm: bool,
}

/// Which of an agent's keys are shown to a server; initialise with SSH_AGENT_AUTH_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_agent_auth_options_t {
    /// sizeof(ssh_agent_auth_options_t).
    pub size: usize,
    /// Borrowed; the user's own keys, public halves will do: those that the agent holds are shown first, in this order. May
    /// be NULL.
    pub identities: *const *const ssh_key_t,
    /// Their number.
    pub identities_len: usize,
    /// No other key of the agent is shown.
    pub identities_only: bool,
}

/// An agent of the application's own; initialise with SSH_AGENT_SERVER_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_agent_server_options_t {
    /// sizeof(ssh_agent_server_options_t).
    pub size: usize,
    /// Passed to confirm. Several uses may be asked about at once.
    pub user_data: *mut c_void,
    /// May be NULL. Releases user_data, once, soon after the agent is freed, its connections are over and the last question
    /// is answered or freed; on a library thread.
    pub destroy: ssh_destroy_cb_t,
    /// Asks whether a key may be used; NULL: keys whose use is to be confirmed sign nothing. Runs on a library thread; may
    /// block, and delays only the connection that wants the signature, which gives up after five minutes. The question is
    /// the application's: it answers it here or later, from any thread, with ssh_agent_confirm_answer;
    /// ssh_agent_confirm_free denies.
    pub confirm: Option<unsafe extern "C" fn(user_data: *mut c_void, confirm: *mut ssh_agent_confirm_t)>,
}

/// What a connection to an agent server may do; initialise with SSH_AGENT_EXPOSURE_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_agent_exposure_t {
    /// sizeof(ssh_agent_exposure_t).
    pub size: usize,
    /// Borrowed; the only keys it is shown, public halves will do; NULL: all.
    pub keys: *const *const ssh_key_t,
    /// Their number; 0 with keys not NULL shows none.
    pub keys_len: usize,
    /// It lists keys and has them sign, and adds, removes and locks nothing: right for a forwarded channel.
    pub sign_only: bool,
    /// Every use is to be confirmed, not only those of keys that were added so.
    pub confirm: bool,
}
