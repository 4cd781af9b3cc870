//! Locks and condition variables, on the standard library's futexes. Their state is in the objects themselves, so a
//! forked child's new transports work whatever other threads of the parent did while forking; a process-wide table of
//! waiting threads, as parking_lot has, does not survive that. Poisoning is not used: a panic under a transport's lock
//! marks that transport as failed.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, TryLockError};
use std::time::Instant;

/// A lock around a value.
#[derive(Debug, Default)]
pub(super) struct Mutex<T> {
    inner: std::sync::Mutex<T>,
    order: Order,
}

/// Shows ThreadSanitizer (scripts/tsan.sh) what the lock orders: it does not see the parts of the lock that are compiled
/// into the standard library. Nothing in any other build.
#[derive(Debug, Default)]
struct Order {
    #[cfg(sshrs_tsan)]
    seen: std::sync::atomic::AtomicBool,
}

impl Order {
    const fn new() -> Self {
        Self {
            #[cfg(sshrs_tsan)]
            seen: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// The lock was just taken.
    #[inline]
    #[allow(clippy::unused_self, reason = "used in the build for ThreadSanitizer")]
    fn taken(&self) {
        #[cfg(sshrs_tsan)]
        let _ = self.seen.load(Ordering::Acquire);
    }

    /// The lock is about to be given back.
    #[inline]
    #[allow(clippy::unused_self, reason = "used in the build for ThreadSanitizer")]
    fn giving_back(&self) {
        #[cfg(sshrs_tsan)]
        self.seen.store(true, Ordering::Release);
    }
}

/// The lock, held.
pub(super) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// None only while [`MutexGuard::unlocked`] or [`Condvar`] holds the one reference to this guard.
    inner: Option<std::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { inner: std::sync::Mutex::new(value), order: Order::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.order.taken();
        MutexGuard { mutex: self, inner: Some(inner) }
    }

    /// The lock, unless somebody holds it.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let inner = match self.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        self.order.taken();
        Some(MutexGuard { mutex: self, inner: Some(inner) })
    }
}

impl<T> MutexGuard<'_, T> {
    /// Runs `work` with the lock given back, and takes it again whatever happens.
    pub(super) fn unlocked<R>(guard: &mut Self, work: impl FnOnce() -> R) -> R {
        struct Relock<'a, 'b, T>(&'a mut MutexGuard<'b, T>);
        impl<T> Drop for Relock<'_, '_, T> {
            fn drop(&mut self) {
                self.0.inner = Some(self.0.mutex.inner.lock().unwrap_or_else(PoisonError::into_inner));
                self.0.mutex.order.taken();
            }
        }
        guard.mutex.order.giving_back();
        guard.inner = None;
        let _relock = Relock(guard);
        work()
    }
}

#[cfg(sshrs_tsan)]
impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.inner.is_some() {
            self.mutex.order.giving_back();
        }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[allow(clippy::expect_used, reason = "the field's comment says why it is never None here")]
    fn deref(&self) -> &T {
        self.inner.as_ref().expect("held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[allow(clippy::expect_used, reason = "the field's comment says why it is never None here")]
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("held")
    }
}

/// Threads that wait for a change of what one lock protects. Notify with that lock held: then nobody is missed, and
/// where nobody waits it costs no system call.
#[derive(Debug, Default)]
pub(super) struct Condvar {
    inner: std::sync::Condvar,
    /// Changed under the lock.
    waiting: AtomicUsize,
}

impl Condvar {
    pub(super) const fn new() -> Self {
        Self { inner: std::sync::Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    pub(super) fn notify_one(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.inner.notify_one();
        }
    }

    pub(super) fn notify_all(&self) {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.inner.notify_all();
        }
    }

    pub(super) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let Some(held) = guard.inner.take() else { return };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        guard.mutex.order.giving_back();
        guard.inner = Some(self.inner.wait(held).unwrap_or_else(PoisonError::into_inner));
        guard.mutex.order.taken();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// True if `until` passed. May wake early.
    pub(super) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        let Some(held) = guard.inner.take() else { return true };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        guard.mutex.order.giving_back();
        let (held, result) = self.inner.wait_timeout(held, left).unwrap_or_else(PoisonError::into_inner);
        guard.inner = Some(held);
        guard.mutex.order.taken();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        result.timed_out()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};
    use std::time::Duration;

    #[test]
    fn the_lock_is_back_after_a_panic_without_it() {
        let mutex = Mutex::new(1);
        let mut guard = mutex.lock();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            MutexGuard::unlocked(&mut guard, || {
                *mutex.lock() = 2;
                std::panic::resume_unwind(Box::new("work failed"));
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(*guard, 2);
    }

    #[test]
    fn waiters_wake_and_time_out() {
        let (mutex, condvar) = (Mutex::new(false), Condvar::new());
        assert!(condvar.wait_until(&mut mutex.lock(), Instant::now()));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut ready = mutex.lock();
                while !*ready {
                    condvar.wait(&mut ready);
                }
            });
            std::thread::sleep(Duration::from_millis(10));
            *mutex.lock() = true;
            let _held = mutex.lock();
            condvar.notify_all();
        });
    }
}
