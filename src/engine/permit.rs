//! Keeping to a user's permissions: what they refuse reaches no hook, and a forced command takes the place of what was asked
//! for.

use super::core::{After, Core};
use super::hooks::{ChannelAsk, ServerSide};
use super::permissions::Permissions;
use super::transport::Transport;
use crate::crypto::hostkey::SkSignature;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::proto::event::{AuthVerdict, IncomingOpen};
use crate::proto::phase::Role;
use crate::wire::msg_channel::{DirectStreamlocalOpen, TcpipOpen};
use std::sync::Arc;

/// `SSH_LOG_WARNING` as the log takes it.
const LOG_WARNING: u8 = 2;

/// Where programs find the command they replace.
pub(super) const ORIGINAL_COMMAND: &str = "SSH_ORIGINAL_COMMAND";

/// The permissions of a server's user, on their way.
#[derive(Default)]
pub(super) struct Grants {
    /// An authentication question is with the application.
    asking: bool,
    /// What goes with its answer.
    offered: Option<Arc<Permissions>>,
    /// What the steps passed so far come to.
    passed: Option<Arc<Permissions>>,
    /// What holds for the user who is logged in.
    active: Option<Arc<Permissions>>,
}

impl Transport {
    /// Says what the user may do: during an authentication question, with its answer, which counts only if it lets the
    /// user pass; after authentication, from now on. Where several steps are needed, [`Permissions::merge`] says what
    /// they come to.
    ///
    /// Errors: `InvalidState` on a client, and before authentication while no question is open.
    pub fn set_permissions(&self, permissions: Arc<Permissions>) -> Result<()> {
        let mut core = self.shared().lock()?;
        core.require_role(Role::Server)?;
        let authenticated = core.live()?.is_authenticated();
        let grants = &mut core.server.grants;
        if grants.asking {
            grants.offered = Some(permissions);
        } else if authenticated {
            grants.active = Some(permissions);
        } else {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "permissions go with the answer to an authentication question, or come after authentication",
            ));
        }
        Ok(())
    }

    /// What the logged in user may do; None where nothing was said.
    #[must_use]
    pub fn permissions(&self) -> Option<Arc<Permissions>> {
        self.shared().lock().ok()?.server.grants.active.clone()
    }
}

impl ServerSide {
    /// An authentication question begins; `is_first` for a user who passed no step yet.
    pub(super) fn begin_question(&mut self, is_first: bool) {
        self.grants.asking = true;
        self.grants.offered = None;
        if is_first {
            self.grants.passed = None;
        }
    }
}

/// Ends an authentication question: its answer, turned into a failure where the permissions do not allow it.
pub(super) fn end_question(core: &mut Core, said: AuthVerdict, is_query: bool, sk: Option<SkSignature>) -> AuthVerdict {
    let grants = &mut core.server.grants;
    grants.asking = false;
    let offered = grants.offered.take();
    if is_query || !matches!(said, AuthVerdict::Success | AuthVerdict::Partial) {
        return said;
    }
    let policy = offered.as_ref().map(|offered| offered.sk_policy()).unwrap_or_default();
    let refused = match (&grants.passed, offered) {
        _ if sk.is_some_and(|sk| !policy.admits(sk)) => {
            Some("the authenticator did not say that its user was present, or was verified, as is required".to_owned())
        }
        (_, None) => None,
        (None, Some(offered)) => {
            grants.passed = Some(offered);
            None
        }
        (Some(passed), Some(offered)) => match passed.merge(&offered) {
            Ok(both) => {
                grants.passed = Some(Arc::new(both));
                None
            }
            Err(error) => Some(error.text().to_owned()),
        },
    };
    if let Some(reason) = refused {
        core.after.push(After::Log(LOG_WARNING, None, format!("authentication refused: {reason}")));
        return AuthVerdict::Failure;
    }
    if let Ok(conn) = core.live() {
        conn.set_sk_policy(policy);
    }
    if matches!(said, AuthVerdict::Success) {
        core.server.grants.active = core.server.grants.passed.clone();
    }
    said
}

/// Notes in the log what was refused, and by which line.
fn refuse(core: &mut Core, permissions: &Permissions, what: &str) -> bool {
    let by = match permissions.line {
        0 => permissions.file.clone(),
        line => format!("{}:{line}", permissions.file),
    };
    core.after.push(After::Log(LOG_WARNING, None, format!("{what} is not permitted by {}", printable(by.as_bytes()))));
    false
}

fn active(core: &Core) -> Option<Arc<Permissions>> {
    core.server.grants.active.clone()
}

/// Whether a channel of the peer's may be opened at all.
pub(super) fn admits_open(core: &mut Core, open: &IncomingOpen) -> bool {
    let Some(permissions) = active(core) else { return true };
    let permitted = match open.kind.as_str() {
        "direct-tcpip" => TcpipOpen::parse(&open.data)
            .is_ok_and(|body| u16::try_from(body.port).is_ok_and(|port| permissions.permits_open(body.address, port))),
        "direct-streamlocal@openssh.com" => {
            DirectStreamlocalOpen::parse(&open.data).is_ok_and(|body| permissions.permits_open_path(body.path))
        }
        "tun@openssh.com" => !permissions.restricted,
        _ => true,
    };
    permitted || refuse(core, &permissions, &format!("a channel \"{}\"", printable(open.kind.as_bytes())))
}

/// Whether may be listened for the peer; a path where there is no port.
pub(super) fn admits_listen(core: &mut Core, address: &str, port: Option<u16>) -> bool {
    let Some(permissions) = active(core) else { return true };
    let permitted = match port {
        Some(port) => permissions.permits_listen(address.as_bytes(), port),
        None => permissions.port_forwarding,
    };
    permitted || refuse(core, &permissions, &format!("listening at \"{}\"", printable(address.as_bytes())))
}

/// Whether a channel request may reach the hooks.
pub(super) fn admits_request(core: &mut Core, ask: &ChannelAsk<'_>) -> bool {
    let Some(permissions) = active(core) else { return true };
    let (permitted, what) = match ask {
        ChannelAsk::Pty(_) => (permissions.pty, "a terminal"),
        ChannelAsk::X11(_) => (permissions.x11_forwarding, "X11 forwarding"),
        ChannelAsk::ForwardAgent => (permissions.agent_forwarding, "agent forwarding"),
        // The forced command must find there what was asked for and nothing else.
        ChannelAsk::Environment(e) if e.name == ORIGINAL_COMMAND.as_bytes() => {
            (permissions.command.is_none(), "the variable SSH_ORIGINAL_COMMAND")
        }
        _ => (true, ""),
    };
    permitted || refuse(core, &permissions, what)
}

/// What a program starts with by its user's permissions.
#[derive(Default)]
pub(super) struct Forced {
    /// Variables, in order.
    pub environment: Vec<(String, Vec<u8>)>,
    /// The command that runs in place of the one asked for.
    pub command: Option<Vec<u8>>,
}

impl Forced {
    /// The request put to the hooks in place of a program's.
    pub(super) fn ask(&self) -> Option<ChannelAsk<'_>> {
        let command = self.command.as_deref()?;
        // As OpenSSH has it: this command is no program but the server's own subsystem. With arguments it goes to the
        // application as it is: without them, "-R" for one, it would permit more.
        Some(if command == b"internal-sftp" { ChannelAsk::Subsystem(b"sftp") } else { ChannelAsk::Exec(command) })
    }
}

/// What goes with the start of a program; nothing for other requests.
pub(super) fn forced(core: &Core, ask: &ChannelAsk<'_>) -> Forced {
    let Some(permissions) = &core.server.grants.active else { return Forced::default() };
    let original = match ask {
        ChannelAsk::Shell => None,
        ChannelAsk::Exec(command) => Some(*command),
        ChannelAsk::Subsystem(name) => Some(*name),
        _ => return Forced::default(),
    };
    let mut environment = permissions.environment.clone();
    if let (Some(original), Some(_)) = (original, &permissions.command) {
        environment.retain(|(name, _)| name != ORIGINAL_COMMAND);
        environment.push((ORIGINAL_COMMAND.to_owned(), original.to_vec()));
    }
    Forced { environment, command: permissions.command.clone() }
}
