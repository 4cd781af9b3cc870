//! What C passes to the functions about ssh_config.

use super::types::*;
use std::ffi::{c_char, c_void};

/// Runs the command of a "Match exec"; see ssh_config_set_exec_handler.
pub type ssh_config_exec_cb_t = Option<unsafe extern "C" fn(user_data: *mut c_void, command: *const c_char) -> i32>;

/// Looks a name up; see ssh_config_set_resolver. address_family is 0 for any, 4 or 6. out_canonical has room for
/// out_size bytes and holds an empty text.
pub type ssh_config_resolve_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        name: *const c_char,
        address_family: u32,
        out_canonical: *mut c_char,
        out_size: usize,
    ) -> i32,
>;

/// Asked for the passphrase of a private key's file: puts it with ssh_prompt_answers_set at index 0 and returns SSH_OK;
/// any other value passes the key over. attempt is from 0; NumberOfPasswordPrompts says how often it is asked.
pub type ssh_alias_passphrase_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        file: *const c_char,
        attempt: u32,
        answers: *mut ssh_prompt_answers_t,
    ) -> ssh_status_t,
>;

/// Asked for a user's password on a host, likewise.
pub type ssh_alias_password_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        username: *const c_char,
        host: *const c_char,
        attempt: u32,
        answers: *mut ssh_prompt_answers_t,
    ) -> ssh_status_t,
>;

/// As ssh_interactive_cb_t, with the host that asks.
pub type ssh_alias_interactive_cb_t = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        host: *const c_char,
        prompts: *const ssh_prompts_t,
        answers: *mut ssh_prompt_answers_t,
    ) -> ssh_status_t,
>;

/// Asked whether a host key that nobody knows is to be trusted and written to the first file of UserKnownHostsFile, where
/// StrictHostKeyChecking is "ask". The key is borrowed.
pub type ssh_alias_host_key_cb_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, host: *const c_char, port: u32, key: *const ssh_key_t) -> bool>;

/// Runs a ProxyCommand, its tokens expanded, and returns a stream socket that is connected with the command's standard
/// input and output, which the library takes; a negative value where it cannot. Host and user names in the command hold
/// nothing that a shell would read as more than a name.
pub type ssh_alias_proxy_cb_t =
    Option<unsafe extern "C" fn(user_data: *mut c_void, command: *const c_char) -> std::ffi::c_int>;

/// How ssh_connect_alias connects; initialise with SSH_CONNECT_ALIAS_OPTIONS_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ssh_connect_alias_options_t {
    /// sizeof(ssh_connect_alias_options_t).
    pub size: usize,
    /// Borrowed; where to look hosts up. Default: ~/.ssh/config and /etc/ssh/ssh_config.
    pub config: *const ssh_config_t,
    /// Borrowed; options such as "User=joe", as ssh -o takes them, before all others. What is about the destination itself
    /// (HostName, Port, User, ProxyJump, ProxyCommand, HostKeyAlias, Tag) does not hold for the hosts on the way.
    pub settings: *const *const c_char,
    /// How many.
    pub settings_len: usize,
    /// Borrowed; private keys to log in with everywhere, before the identities of the configuration.
    pub keys: *const *const ssh_key_t,
    /// How many.
    pub keys_len: usize,
    /// For all of it together, the time in callbacks among it. Default: no bound but those of the configuration and of
    /// each step.
    pub timeout_ms: i64,
    /// Passed to the callbacks.
    pub user_data: *mut c_void,
    /// NULL: encrypted keys are passed over.
    pub passphrase: ssh_alias_passphrase_cb_t,
    /// NULL: the method "password" is not used.
    pub password: ssh_alias_password_cb_t,
    /// NULL: the method "keyboard-interactive" is not used.
    pub interactive: ssh_alias_interactive_cb_t,
    /// NULL: unknown host keys are refused, unless StrictHostKeyChecking is "accept-new" or "no".
    pub accept_host_key: ssh_alias_host_key_cb_t,
    /// NULL: hosts with a ProxyCommand cannot be reached.
    pub run_proxy: ssh_alias_proxy_cb_t,
}
