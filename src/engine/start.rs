//! Starting a transport: the core is made, a poller or threads begin to serve it, and the caller waits for the first
//! key exchange.

use super::core::Core;
use super::deadline::Deadline;
use super::event::Event;
use super::log;
use super::poller::{new_token, Command, Entry};
use super::reader::Reader;
use super::runtime::Runtime;
use super::shared::{Home, Io, Locked, Shared};
use super::transport::Transport;
use crate::crypto::rng::SystemRng;
use crate::error::{ErrorKind, Result};
use crate::proto::config::Config;
use crate::proto::connection::Connection;
use crate::proto::packet_in::PacketIn;
use std::sync::Arc;
use std::time::Instant;

impl Transport {
    /// Starts as a client and waits for the first key exchange. When the deadline passes first, the transport ends.
    pub fn start_client(&self, deadline: Deadline) -> Result<()> {
        self.begin_client(None)?;
        await_start(self.shared(), deadline)
    }

    /// Starts as a client; `done` is set when the first key exchange is over, or the transport is.
    pub fn start_client_event(&self, done: &Event) -> Result<()> {
        self.begin_client(Some(done))
    }

    fn begin_client(&self, done: Option<&Event>) -> Result<()> {
        begin(
            self.shared(),
            done,
            |_| Ok(()),
            |_, config| Connection::client(config, Box::new(SystemRng::default()), Instant::now()),
        )
    }
}

/// Starts a transport with the connection that `make` makes, once `check` finds nothing missing.
pub(super) fn begin(
    shared: &Arc<Shared>,
    done: Option<&Event>,
    check: impl FnOnce(&mut Core) -> Result<()>,
    make: impl FnOnce(&mut Core, Config) -> (Connection, PacketIn),
) -> Result<()> {
    let runtime = Runtime::get();
    let poller = runtime.poller()?;
    let mut core = shared.lock()?;
    if let Some(error) = &core.error {
        return Err(error.clone());
    }
    core.unstarted()?;
    check(&mut core)?;
    let Some(io) = core.io.clone() else { return Err(ErrorKind::Closed.into()) };
    core.started = true;
    core.log_level = log::level();
    let mut config = core.options.config.clone();
    config.log_level = core.log_level;
    let (mut conn, packets) = make(&mut core, config);
    conn.set_hexdump(core.hexdump);
    conn.start(Instant::now());
    core.conn = Some(conn);
    core.start_flags.extend(done.cloned());
    serve(&mut core, io, Home { runtime, poller, token: new_token() }, Reader::new(packets));
    Ok(())
}

fn serve(core: &mut Locked<'_>, io: Io, home: Home, reader: Reader) {
    let shared = Arc::clone(core.shared);
    let token = home.token;
    let poller = Arc::clone(&home.poller);
    // Set before the first event can need it; this is the only place that sets it.
    let _ = shared.home.set(home);
    match io {
        Io::Socket(socket) => {
            poller.send(Command::Add(Entry::new(token, shared, Some((socket, reader)))));
        }
        Io::Stream(stream) => {
            poller.send(Command::Add(Entry::new(token, Arc::clone(&shared), None)));
            if let (Err(error), Ok(conn)) = (stream.start(&shared, reader), core.live()) {
                conn.handle_error(Instant::now(), error);
            }
        }
    }
}

/// Waits for the first key exchange.
pub(super) fn await_start(shared: &Arc<Shared>, deadline: Deadline) -> Result<()> {
    let mut core = shared.lock()?;
    let started = core.wait_changed(deadline, |core| match &core.error {
        Some(error) => Some(Err(error.clone())),
        None => (core.exchanges > 0).then_some(Ok(())),
    });
    started.unwrap_or_else(|| {
        let conn = core.live()?;
        let error = deadline.error("the first key exchange did not finish").at(conn.stage());
        conn.handle_error(Instant::now(), error.clone());
        Err(error)
    })
}
