//! Elastic threads for work that may block: hooks, slow key exchange arithmetic, name resolution. A thread is made
//! when no idle one is there, and ends after some idle seconds.

use super::lock::{Condvar, Mutex};
use crate::error::{Error, ErrorKind, Result};
use std::collections::VecDeque;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Something to do once.
pub(super) type Task = Box<dyn FnOnce() + Send>;

/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// More threads than this are not made; further tasks wait. High, because a hook may block for as long as it likes.
const MAX_THREADS: usize = 4096;

/// The threads and their queue.
pub(super) struct Pool {
    inner: Arc<Inner>,
}

struct Inner {
    /// Protects the queue and the counts. A leaf: no lock is taken under it, tasks run without it.
    state: Mutex<State>,
    work: Condvar,
    idle: Duration,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    threads: usize,
    waiting: usize,
}

impl Pool {
    /// Without threads.
    pub(super) fn new() -> Self {
        Self::with_idle(IDLE)
    }

    fn with_idle(idle: Duration) -> Self {
        Self { inner: Arc::new(Inner { state: Mutex::default(), work: Condvar::new(), idle }) }
    }

    /// Runs `task` on a thread of the pool. After an error it may still run, when a thread can be made again.
    pub(super) fn spawn(&self, task: Task) -> Result<()> {
        let mut state = self.inner.state.lock();
        state.tasks.push_back(task);
        if state.waiting >= state.tasks.len() || state.threads >= MAX_THREADS {
            self.inner.work.notify_one();
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        let inner = Arc::clone(&self.inner);
        let made = std::thread::Builder::new().name("sshrs-pool".into()).spawn(move || inner.run());
        if let Err(error) = made {
            let mut state = self.inner.state.lock();
            state.threads -= 1;
            // With other threads alive the task is done later. The queue stays as it is: destructors of tasks are not
            // run under locks.
            if state.threads == 0 {
                return Err(Error::new(ErrorKind::ResourceLimit, format!("no thread could be made: {error}")));
            }
        }
        Ok(())
    }
}

impl Inner {
    fn run(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some(task) = state.tasks.pop_front() {
                drop(state);
                // A panic ends the task, not the thread; tasks mark their transport as failed themselves.
                let _ = catch_unwind(AssertUnwindSafe(task));
                state = self.state.lock();
                continue;
            }
            state.waiting += 1;
            let until = Instant::now().checked_add(self.idle);
            let timed_out = until.is_none_or(|until| self.work.wait_until(&mut state, until));
            state.waiting -= 1;
            if timed_out && state.tasks.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

/// Runs tasks one after the other, in order, on the pool: one per transport, so that a hook that blocks delays only
/// its own transport's hooks.
#[derive(Clone, Default)]
pub(super) struct Strand {
    /// Protects the queue. A leaf; tasks run without it.
    state: Arc<Mutex<StrandState>>,
    /// Tasks queued.
    waiting: Arc<AtomicUsize>,
}

#[derive(Default)]
struct StrandState {
    tasks: VecDeque<Task>,
    /// A run is queued or under way.
    running: bool,
    /// A run is under way.
    active: bool,
}

impl Strand {
    /// Queues `task` behind those before it.
    pub(super) fn post(&self, pool: &Pool, task: Task) -> Result<()> {
        {
            let mut state = self.state.lock();
            state.tasks.push_back(task);
            self.waiting.fetch_add(1, Ordering::Relaxed);
            if state.running {
                return Ok(());
            }
            state.running = true;
        }
        let strand = self.clone();
        let queued = pool.spawn(Box::new(move || strand.run()));
        if queued.is_err() {
            self.state.lock().running = false;
        }
        queued
    }

    /// Whether no task is queued or running.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        !state.running && state.tasks.is_empty()
    }

    /// Tasks that have not begun.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn run(&self) {
        // A run that found no thread stays in the pool's queue, and `post` queues another: one at a time.
        if std::mem::replace(&mut self.state.lock().active, true) {
            return;
        }
        loop {
            let task = {
                let mut state = self.state.lock();
                let Some(task) = state.tasks.pop_front() else {
                    state.running = false;
                    state.active = false;
                    return;
                };
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                task
            };
            let _ = catch_unwind(AssertUnwindSafe(task));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::deadline::Deadline;
    use super::super::event::Event;
    use super::*;

    #[test]
    fn a_blocked_task_blocks_no_other_and_threads_end_when_idle() {
        let pool = Pool::with_idle(Duration::from_millis(50));
        let (gate, done) = (Event::new(), Event::new());
        let (g, d) = (gate.clone(), done.clone());
        pool.spawn(Box::new(move || assert!(g.wait(Deadline::never())))).unwrap();
        pool.spawn(Box::new(move || d.set())).unwrap();
        assert!(done.wait(Deadline::after_ms(5000)));
        gate.set();
        let until = Instant::now() + Duration::from_secs(5);
        while pool.inner.state.lock().threads > 0 {
            assert!(Instant::now() < until, "idle threads must end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_strand_that_is_run_twice_runs_one_task_at_a_time() {
        let (strand, gate, done) = (Strand::default(), Event::new(), Event::new());
        let (g, d) = (gate.clone(), done.clone());
        strand.post(&Pool::new(), Box::new(move || assert!(g.wait(Deadline::never())))).unwrap();
        strand.post(&Pool::new(), Box::new(move || d.set())).unwrap();
        let until = Instant::now() + Duration::from_secs(5);
        while strand.waiting() > 1 {
            assert!(Instant::now() < until, "the first task must begin");
            std::thread::yield_now();
        }
        strand.run();
        assert!(!done.wait(Deadline::after_ms(0)), "the second must wait for the first");
        gate.set();
        assert!(done.wait(Deadline::after_ms(5000)));
    }

    #[test]
    fn a_strand_keeps_order_and_survives_a_panic() {
        let pool = Pool::new();
        let strand = Strand::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let done = Event::new();
        strand.post(&pool, Box::new(|| std::panic::resume_unwind(Box::new("in a task")))).unwrap();
        for i in 0..100 {
            let seen = Arc::clone(&seen);
            strand.post(&pool, Box::new(move || seen.lock().push(i))).unwrap();
        }
        let d = done.clone();
        strand.post(&pool, Box::new(move || d.set())).unwrap();
        assert!(done.wait(Deadline::after_ms(5000)));
        assert_eq!(*seen.lock(), (0..100).collect::<Vec<_>>());
    }
}
