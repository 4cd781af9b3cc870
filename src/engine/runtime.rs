//! What all transports of the process share: poller threads and the pool, started on first use.

use super::lock::Mutex;
use super::poller::{Poller, PollerHandle};
use super::pool::Pool;
use super::relay::{Worker, WorkerHandle};
use crate::error::{Error, ErrorKind, Result};
use once_cell::race::OnceBox;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

/// Pollers beyond this add threads but, as measured on real loads, no speed: encryption is done by senders.
const MAX_POLLERS: usize = 4;

/// One process's threads.
pub(super) struct Runtime {
    /// A forked child has this memory but not the threads: it starts a runtime of its own.
    pid: u32,
    /// Elastic threads.
    pub(super) pool: Pool,
    /// Started one by one as transports come. The lock protects the list; nothing is locked under it.
    pollers: Mutex<Vec<Arc<PollerHandle>>>,
    /// Likewise for relays.
    relay_workers: Mutex<Vec<Arc<WorkerHandle>>>,
    wanted: usize,
    turn: AtomicUsize,
    /// The runtime of a child of this process. Lock-free, because a lock held by another thread while forking stays
    /// locked for ever in the child.
    child: OnceBox<Runtime>,
}

static ROOT: OnceBox<Runtime> = OnceBox::new();

impl Runtime {
    fn new() -> Box<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Box::new(Self {
            pid: std::process::id(),
            pool: Pool::new(),
            pollers: Mutex::new(Vec::new()),
            relay_workers: Mutex::new(Vec::new()),
            wanted: cores.min(MAX_POLLERS),
            turn: AtomicUsize::new(0),
            child: OnceBox::new(),
        })
    }

    /// This process's runtime.
    pub(super) fn get() -> &'static Self {
        let pid = std::process::id();
        let mut at = ROOT.get_or_init(Self::new);
        while at.pid != pid {
            at = at.child.get_or_init(Self::new);
        }
        at
    }

    /// Whether it is this process's, not one that a forked child has a copy of.
    pub(super) fn is_ours(&self) -> bool {
        self.pid == std::process::id()
    }

    /// The poller for one more transport.
    pub(super) fn poller(&self) -> Result<Arc<PollerHandle>> {
        self.one_of(&self.pollers, Poller::start)
    }

    /// The worker for one more relay.
    pub(super) fn relay_worker(&self) -> Result<Arc<WorkerHandle>> {
        self.one_of(&self.relay_workers, Worker::start)
    }

    /// Starts a thread of a kind while there are fewer than wanted, then takes turns.
    fn one_of<T>(&self, list: &Mutex<Vec<Arc<T>>>, start: fn(usize) -> std::io::Result<Arc<T>>) -> Result<Arc<T>> {
        let mut list = list.lock();
        if list.len() < self.wanted {
            match start(list.len()) {
                Ok(handle) => {
                    list.push(Arc::clone(&handle));
                    return Ok(handle);
                }
                // Those that run can serve one more.
                Err(_) if !list.is_empty() => {}
                Err(e) => return Err(Error::new(ErrorKind::ResourceLimit, format!("no poller could be started: {e}"))),
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let index = turn.checked_rem(list.len()).unwrap_or(0);
        list.get(index).cloned().ok_or_else(|| Error::from(ErrorKind::Internal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_one_runtime_and_few_pollers() {
        let runtime = Runtime::get();
        assert!(std::ptr::eq(runtime, Runtime::get()));
        for _ in 0..20 {
            runtime.poller().unwrap();
        }
        assert!(runtime.pollers.lock().len() <= MAX_POLLERS);
    }
}
