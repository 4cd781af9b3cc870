//! ssh_config: the sources of options.
#![allow(clippy::disallowed_types, reason = "C uses the handle from several threads; nothing waits under its lock")]

use super::arg;
use super::config_types::*;
use super::guard::guard_unit;
use super::host_config::ssh_host_config_t;
use super::stream::UserData;
use super::types::*;
use crate::alias::Book;
use crate::config::{Config, Family, FileText, HostConfig, Local, Resolved, System, World};
use crate::error::{Error, ErrorKind, Result};
use std::ffi::{c_char, c_void, CStr, CString};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of a name in the DNS, with the end mark: what a resolver callback may write.
const CANONICAL_SIZE: usize = 1025;

type Runner = Arc<dyn Fn(&str) -> Result<bool> + Send + Sync>;
type Resolver = Arc<dyn Fn(&str, Family) -> Result<Option<Resolved>> + Send + Sync>;

/// Options of a command line and of files, in OpenSSH's format, for hosts to be looked up in.
pub struct ssh_config_t {
    /// Guards the parts alone; no other lock is taken, no file read and no callback run under it.
    inner: Mutex<Parts>,
}

/// What a lookup works with; a copy costs little.
#[derive(Clone)]
pub(super) struct Parts {
    config: Arc<Config>,
    local: Local,
    surroundings: Surroundings,
}

impl Parts {
    pub(super) fn lookup(&self, alias: &str) -> Result<HostConfig> {
        self.config.lookup(alias, &self.local, &self.surroundings)
    }

    /// An empty configuration of this process's account.
    fn new() -> Result<Self> {
        Ok(Self { config: Arc::default(), local: System::local()?, surroundings: Surroundings::default() })
    }

    /// What the user's and the system's files say.
    pub(super) fn of_defaults() -> Result<Self> {
        let mut parts = Self::new()?;
        Arc::make_mut(&mut parts.config).load_defaults(&parts.local, &parts.surroundings)?;
        Ok(parts)
    }

    /// Sets an option of this copy.
    pub(super) fn set_option(&mut self, option: &str) -> Result<()> {
        Arc::make_mut(&mut self.config).set_option(option, &self.local, &self.surroundings)
    }

    /// Where to look hosts up.
    pub(super) fn book(&self) -> Book<'_> {
        Book { config: &self.config, local: &self.local, world: &self.surroundings }
    }
}

/// This system, with the caller's callbacks in it.
#[derive(Clone, Default)]
pub(super) struct Surroundings {
    run: Option<Runner>,
    resolve: Option<Resolver>,
}

impl World for Surroundings {
    fn read(&self, path: &str) -> io::Result<FileText> {
        System.read(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        System.list(folder)
    }

    fn exists(&self, path: &str) -> bool {
        System.exists(path)
    }

    fn home_of(&self, user: &str) -> Option<String> {
        System.home_of(user)
    }

    fn variable(&self, name: &str) -> Option<String> {
        System.variable(name)
    }

    fn addresses(&self) -> Result<Vec<IpAddr>> {
        System.addresses()
    }

    fn run(&self, command: &str) -> Result<bool> {
        self.run.as_ref().map_or_else(|| System.run(command), |run| run(command))
    }

    fn resolve(&self, name: &str, family: Family) -> Result<Option<Resolved>> {
        self.resolve.as_ref().map_or_else(|| System.resolve(name, family), |resolve| resolve(name, family))
    }
}

impl ssh_config_t {
    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The parts as they are now.
    pub(super) fn parts(&self) -> Parts {
        self.lock().clone()
    }

    /// Changes the configuration, without the lock where files are read: what another thread changes meanwhile is kept
    /// by trying again.
    fn edit(&self, edit: impl Fn(&mut Config, &Parts) -> Result<()>) -> Result<()> {
        loop {
            let before = self.parts();
            let mut config = (*before.config).clone();
            edit(&mut config, &before)?;
            let mut now = self.lock();
            if Arc::ptr_eq(&now.config, &before.config) {
                now.config = Arc::new(config);
                return Ok(());
            }
        }
    }
}

/// Makes an empty configuration, for the account this process runs as. No file is read and no command is run until one
/// of the functions below is called for it. `~` is the account's home directory, as in OpenSSH, whatever HOME says.
///
/// out_config: owned result, ssh_config_free.
/// Returns SSH_OK, or SSH_ERR_UNSUPPORTED where the account has no entry among the system's accounts.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_new(out_config: *mut *mut ssh_config_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_config)? };
        *out = Box::into_raw(Box::new(ssh_config_t { inner: Mutex::new(Parts::new()?) }));
        Ok(())
    })
}

/// Adds a file, as ssh -F does, whoever owns it. Its lines are read for each host that is looked up, and mistakes in
/// them reported then; files it includes are read then too.
///
/// path: borrowed.
/// Returns SSH_OK, or SSH_ERR_FILE.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_load_file(config: *mut ssh_config_t, path: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, path) = unsafe { (arg::handle(config.cast_const())?, arg::text(path, "path")?) };
        config.edit(|config, parts| config.load_file(path, &parts.surroundings))
    })
}

/// Adds text, as if it were a file of this name.
///
/// name: borrowed; for messages.
/// data: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_load_memory(
    config: *mut ssh_config_t,
    name: *const c_char,
    data: *const c_void,
    data_len: usize,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, name, data) =
            unsafe { (arg::handle(config.cast_const())?, arg::text(name, "name")?, arg::bytes(data, data_len)?) };
        config.edit(|config, _| {
            config.add_text(name, data.to_vec());
            Ok(())
        })
    })
}

/// Adds ~/.ssh/config and then /etc/ssh/ssh_config, as ssh does by itself. One that does not exist says nothing.
///
/// Returns SSH_OK; SSH_ERR_FILE; SSH_ERR_CONFIG where somebody else owns the user's file or can write it.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_load_defaults(config: *mut ssh_config_t) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let config = unsafe { arg::handle(config.cast_const())? };
        config.edit(|config, parts| config.load_defaults(&parts.local, &parts.surroundings))
    })
}

/// Sets an option, as ssh -o does: before all files, and behind those set this way before.
///
/// option: borrowed; "Key=Value" or "Key Value".
/// Returns SSH_OK, or SSH_ERR_CONFIG where it is no option or the value is wrong.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_set_option(config: *mut ssh_config_t, option: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, option) = unsafe { (arg::handle(config.cast_const())?, arg::text(option, "option")?) };
        config.edit(|config, parts| config.set_option(option, &parts.local, &parts.surroundings))
    })
}

/// Says which command will be run on the host, for "Match command" and "Match sessiontype". Nothing said: a shell.
///
/// command: borrowed; NULL takes it back.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_set_command(config: *mut ssh_config_t, command: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, command) = unsafe { (arg::handle(config.cast_const())?, arg::opt_text(command, "command")?) };
        config.edit(|config, _| {
            config.set_command(command.unwrap_or_default());
            Ok(())
        })
    })
}

/// Sets the home directory, for `~`, `%d` and ~/.ssh/config, in place of the account's.
///
/// path: borrowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_set_home(config: *mut ssh_config_t, path: *const c_char) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, path) = unsafe { (arg::handle(config.cast_const())?, arg::text(path, "path")?) };
        path.clone_into(&mut config.lock().local.home);
        Ok(())
    })
}

/// Lets "Match exec" run commands: without a handler, a lookup that comes to one fails with SSH_ERR_UNSUPPORTED.
///
/// handler: runs the command, in a shell if it likes; returns its exit status: 0 where the criterion holds, above 0
/// where not; below 0 fails the lookup. Runs on the thread that looks up, with no lock held. NULL takes the permission
/// back.
/// user_data: taken, also when the call fails; passed to the handler.
/// destroy: may be NULL; releases user_data, once: after the last call of the handler.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_set_exec_handler(
    config: *mut ssh_config_t,
    handler: ssh_config_exec_cb_t,
    user_data: *mut c_void,
    destroy: ssh_destroy_cb_t,
) -> ssh_status_t {
    let data = UserData::new(user_data, destroy);
    guard_unit(move || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let config = unsafe { arg::handle(config.cast_const())? };
        let run: Option<Runner> = handler.map(|handler| -> Runner {
            Arc::new(move |command: &str| {
                let failed = |why: &str| Error::new(ErrorKind::Config, format!("Match exec: {why}"));
                let text = CString::new(command).map_err(|_| failed("the command holds a NUL byte"))?;
                // SAFETY: function and user_data came in one call and live as long as this closure.
                match unsafe { handler(data.pointer(), text.as_ptr()) } {
                    0 => Ok(true),
                    1.. => Ok(false),
                    _ => Err(failed("the handler could not run the command")),
                }
            })
        });
        // The old handler goes after the lock: destroy is the caller's code.
        let _old = std::mem::replace(&mut config.lock().surroundings.run, run);
        Ok(())
    })
}

/// Sets who looks names up for CanonicalizeHostname, in place of the system's resolver.
///
/// resolver: looks a name up; returns 1 where it has an address, 0 where there is no such name; below 0 fails the
/// lookup. What CNAMEs lead to can be written to out_canonical, with a NUL behind it. Runs on the thread that looks up,
/// with no lock held. NULL: the system's resolver.
/// user_data: taken, also when the call fails; passed to the resolver.
/// destroy: may be NULL; releases user_data, once: after the last call of the resolver.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_set_resolver(
    config: *mut ssh_config_t,
    resolver: ssh_config_resolve_cb_t,
    user_data: *mut c_void,
    destroy: ssh_destroy_cb_t,
) -> ssh_status_t {
    let data = UserData::new(user_data, destroy);
    guard_unit(move || {
        // SAFETY: the C contract, see ffi/mod.rs.
        let config = unsafe { arg::handle(config.cast_const())? };
        let resolve: Option<Resolver> = resolver.map(|resolver| -> Resolver {
            Arc::new(move |name: &str, family| {
                let failed =
                    |why: &str| Error::new(ErrorKind::ResolveFailed, format!("{}: {why}", name.escape_debug()));
                let text = CString::new(name).map_err(|_| failed("not a host's name"))?;
                let family = match family {
                    Family::Any => 0,
                    Family::V4 => 4,
                    Family::V6 => 6,
                };
                let mut canonical = [0u8; CANONICAL_SIZE];
                let (out, size) = (canonical.as_mut_ptr().cast(), canonical.len());
                // SAFETY: function and user_data came in one call and live as long as this closure; the buffer is live.
                match unsafe { resolver(data.pointer(), text.as_ptr(), family, out, size) } {
                    1.. => {
                        let name = CStr::from_bytes_until_nul(&canonical).ok().and_then(|name| name.to_str().ok());
                        let name = name.ok_or_else(|| failed("the resolver's canonical name is no name"))?;
                        Ok(Some(Resolved { canonical: Some(name.to_owned()).filter(|name| !name.is_empty()) }))
                    }
                    0 => Ok(None),
                    _ => Err(failed("the resolver did not answer")),
                }
            })
        });
        let _old = std::mem::replace(&mut config.lock().surroundings.resolve, resolve);
        Ok(())
    })
}

/// Finds the options of a host, as ssh does: the first value of an option wins, lists grow, Host and Match blocks apply
/// as they fit, Include reads further files, and what nothing sets has its default. Can block where CanonicalizeHostname
/// looks names up, and in the handler of "Match exec"; nothing else is waited for. May run on several threads at once.
///
/// alias: borrowed; the host as a user types it, without user and port: set those as options.
/// out_host_config: owned result, ssh_host_config_free.
/// Returns SSH_OK; SSH_ERR_CONFIG where ssh would refuse a line, with "file:line" at the start of the text;
/// SSH_ERR_FILE for a file that is included and cannot be read; SSH_ERR_UNSUPPORTED for "Match exec" without a handler;
/// SSH_ERR_RESOLVE_FAILED; SSH_ERR_INVALID_ARGUMENT where alias cannot be a host's name.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_lookup(
    config: *const ssh_config_t,
    alias: *const c_char,
    out_host_config: *mut *mut ssh_host_config_t,
) -> ssh_status_t {
    guard_unit(|| {
        // SAFETY: the C contract, see ffi/mod.rs.
        let out = unsafe { arg::out(out_host_config)? };
        // SAFETY: the C contract, see ffi/mod.rs.
        let (config, alias) = unsafe { (arg::handle(config)?, arg::text(alias, "alias")?) };
        let parts = config.parts();
        *out = Box::into_raw(Box::new(ssh_host_config_t::new(parts.lookup(alias)?)));
        Ok(())
    })
}

/// Releases a configuration; what was looked up in it stays. NULL is allowed.
#[no_mangle]
pub unsafe extern "C" fn ssh_config_free(config: *mut ssh_config_t) {
    // SAFETY: the C contract, see ffi/mod.rs.
    unsafe { super::handle::free(config) }
}
